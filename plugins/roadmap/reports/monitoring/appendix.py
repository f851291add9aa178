"""The appendix of a monitoring: «О файле», «Показатели», «Чего не хватает», «Мероприятия», of a
stage of МЭДК's monitoring «Позитивные изменения», and for the region «Матрица»."""

from __future__ import annotations

from collections.abc import Sequence

from roadmap.reports.facts.run import Facts
from roadmap.reports.model import Sheet, Words
from roadmap.reports.monitoring.changes import changes_sheet
from roadmap.reports.monitoring.lines import lines_table
from roadmap.reports.monitoring.matrix import matrix_sheet
from roadmap.reports.monitoring.missing import missing_sheet_table
from roadmap.reports.monitoring.summary import Summary
from roadmap.reports.parts.appendix import about_sheet, indicators_sheet, sheet
from roadmap.reports.parts.document import dataset_title
from roadmap.reports.parts.draft import Placed
from roadmap.reports.parts.measures import Shown
from roadmap.reports.parts.sentences import sentence
from roadmap.reports.parts.tables import Given, foreign
from roadmap.russian import NBSP


def compose_appendix(
    facts: Facts, summary: Summary, shown: Sequence[Shown]
) -> tuple[list[Sheet], list[Placed]]:
    """The sheets in their order, and where key figures stand in them."""
    measures = lines_table(facts, "appendix", summary.lines, "measures")
    about, signs = sentence(facts, "heading_about"), sentence(facts, "signs_text")
    statuses = sentence(facts, "signs_status")
    sources = ((dataset_title(d.dataset), _source(facts, d.dataset)) for d in facts.run.datasets)
    placed = [*measures.placed]
    sheets = [
        about_sheet(facts, about, signs, sources),
        indicators_sheet(facts, shown),
        sheet(
            facts,
            # Plain spaces, so that a search for the tab finds it.
            sentence(facts, "s_missing").replace(NBSP, " "),
            sentence(facts, "heading_missing"),
            sentence(facts, "signs_to_fill"),
            missing_sheet_table(facts, summary.missing_items, "missing"),
        ),
        sheet(
            facts,
            sentence(facts, "tab_measures"),
            sentence(facts, "caption_measures"),
            statuses,
            measures.table,
        ),
    ]
    changes = changes_sheet(facts)
    if changes is not None:
        sheets.append(changes)
    if facts.is_region:
        matrix = matrix_sheet(facts)
        placed += matrix.placed
        tab, heading = sentence(facts, "tab_matrix"), sentence(facts, "s_matrix")
        sheets.append(sheet(facts, tab, heading, statuses, matrix.table))
    return sheets, placed


def _source(facts: Facts, dataset: str) -> Given:
    """What «О файле» says of a kind of evidence that the phase asks for."""
    days = [s.received_on for s in facts.run.sources if s.dataset == dataset]
    if not days:
        return sentence(facts, "missing_unknown")
    # Not the addressee's own: the same file sent again must cause no correction.
    return foreign(Words(text=sentence(facts, "source_received", day=max(days))))
