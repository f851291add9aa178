"""The appendix of a monitoring: «О файле», «Показатели», «Чего не хватает», «Мероприятия», and
for the region «Матрица»."""

from __future__ import annotations

from collections.abc import Sequence

from roadmap.reports.facts.run import Facts
from roadmap.reports.model import Words
from roadmap.reports.monitoring.document import dataset_title
from roadmap.reports.monitoring.lines import lines_table
from roadmap.reports.monitoring.matrix import matrix_sheet
from roadmap.reports.monitoring.missing import missing_sheet_table
from roadmap.reports.monitoring.summary import Summary, wording
from roadmap.reports.parts.appendix import Appendix, about_sheet, indicators_sheet, sheet
from roadmap.reports.parts.draft import Placed
from roadmap.reports.parts.measures import Shown
from roadmap.reports.parts.tables import Given, foreign
from roadmap.reports.words.wording import say
from roadmap.russian import NBSP

_WORDING = "monitoring"


def compose_appendix(facts: Facts, summary: Summary, shown: Sequence[Shown]) -> Appendix:
    """The sheets in their order, and where key figures stand in them."""
    measures = lines_table(facts, "appendix", summary.lines, "measures")
    about = say(wording(facts), "heading_about")
    sources = ((dataset_title(d.dataset), _source(facts, d.dataset)) for d in facts.run.datasets)
    placed: list[Placed] = list(measures.placed)
    sheets = [
        about_sheet(facts, about, say(_WORDING, "signs_text"), sources),
        indicators_sheet(facts, shown),
        sheet(
            facts,
            # A tab is searched for and clicked on, not broken into lines.
            say(_WORDING, "s_missing").replace(NBSP, " "),
            say(_WORDING, "heading_missing"),
            say(_WORDING, "signs_to_fill"),
            missing_sheet_table(facts, summary.missing_items, "missing"),
        ),
        sheet(
            facts,
            say(_WORDING, "tab_measures"),
            say(_WORDING, "caption_measures"),
            say(_WORDING, "signs_status"),
            measures.table,
        ),
    ]
    if facts.is_region:
        matrix = matrix_sheet(facts)
        placed.extend(matrix.placed)
        sheets.append(
            sheet(
                facts,
                say(_WORDING, "tab_matrix"),
                say(_WORDING, "s_matrix"),
                say(_WORDING, "signs_status"),
                matrix.table,
            )
        )
    return Appendix(tuple(sheets), tuple(placed))


def _source(facts: Facts, dataset: str) -> Given:
    """What «О файле» says of a kind of evidence that the phase asks for."""
    days = [s.received_on for s in facts.run.sources if s.dataset == dataset]
    if not days:
        return say(_WORDING, "source_missing")
    # The day of a file is no one's own: a file sent again unchanged corrects nobody.
    return foreign(Words(text=say(_WORDING, "source_received", day=max(days))))
