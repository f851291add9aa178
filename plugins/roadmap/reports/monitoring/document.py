"""The report of a monitoring and of the year's summary, section by section (docs/domain.md §6.3).

Both are of one build: what is executed, what is missing by name, what changed, the order's
table, what to do. The summary adds the year's figures, what stays undone and why, and the
directions for the next year.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from roadmap.evidence.sources import load_sources
from roadmap.plan.model import IndicatorKind
from roadmap.reports.facts.monitoring import SUMMARY
from roadmap.reports.facts.run import Facts
from roadmap.reports.model import AttentionItem, Count, Document, NoData
from roadmap.reports.monitoring.lines import lines_table, state_of
from roadmap.reports.monitoring.matrix import (
    ROWS_IN_DOCUMENT,
    matrix_tables,
    municipalities,
    parts_sentences,
    tallies,
    tally_figure,
    tally_table,
)
from roadmap.reports.monitoring.missing import missing_table
from roadmap.reports.monitoring.progress import (
    first_told,
    last_earlier,
    progress,
    progress_sentence,
    progress_table,
    year_table,
)
from roadmap.reports.monitoring.summary import (
    Summary,
    conclusions,
    counting_sentences,
    headline,
    not_executed,
    wording,
)
from roadmap.reports.parts.attention import item_cells
from roadmap.reports.parts.draft import Draft, Placed
from roadmap.reports.parts.measures import Shown, fact_value, indicators_table, shown_indicators
from roadmap.reports.parts.tables import Rows, number, table_of, text
from roadmap.reports.words.wording import named, say, title

_WORDING = "monitoring"


@dataclass(frozen=True)
class Composed:
    """The document, where its key figures stand, and the section that lists what to do."""

    document: Document
    placed: tuple[Placed, ...]
    recommendations_section: int


def compose_document(
    facts: Facts, summary: Summary, main: Sequence[str], items: Sequence[AttentionItem]
) -> Composed:
    """The document of one addressee; `items` are all that needs attention."""
    own = wording(facts)
    draft = Draft()
    shown = shown_indicators(facts)
    _basis(draft, facts)
    _execution(draft, facts, summary)
    if wording(facts) == SUMMARY:
        _year_figures(draft, facts, summary, shown)
        _undone(draft, facts, summary)
        _directions(draft, facts)
    else:
        _missing(draft, facts, summary)
        _changes(draft, facts, summary, shown)
    draft.section("conclusions", say(_WORDING, "s_conclusions"))
    draft.numbered(conclusions(facts, summary))
    _recommendations(draft, items)
    _measures(draft, facts, summary)
    _indicators(draft, facts, shown)
    _limits(draft, facts)
    return Composed(
        Document(
            kind_title=say(own, "document_kind"),
            dated=facts.run.as_of,
            subject=say(own, "document_subject", phase=facts.run.phase.title),
            subject_strong=named(facts.run.plan.region_name)
            if facts.is_region
            else title(named(facts.addressee.name)),
            main=tuple(main)[:3],
            blocks=draft.blocks,
        ),
        draft.placed,
        draft.number_of("recommendations"),
    )


# -- What is executed ------------------------------------------------------------------------


def _basis(draft: Draft, facts: Facts) -> None:
    run = facts.run
    own = wording(facts)
    draft.section("basis", say(_WORDING, "s_basis"))
    numbers = [str(number) for number in run.phase.owns]
    draft.paragraph(say(own, "document_basis", numbers=numbers, order=run.plan.order))
    draft.paragraph(
        say(
            _WORDING,
            "scope",
            is_region=facts.is_region,
            schools=len(facts.schools),
            municipalities=len(municipalities(facts)),
            as_of=run.as_of,
        )
    )


def _execution(draft: Draft, facts: Facts, summary: Summary) -> None:
    """The count, what it holds, and for the region the counts by municipality."""
    own = wording(facts)
    draft.section("execution", say(own, "s_execution"))
    told = [f"{headline(facts, summary)}.", *counting_sentences(facts, summary)]
    draft.paragraph(" ".join(told))
    for sentence, is_own in parts_sentences(facts):
        draft.paragraph(sentence, own=is_own)
    if not facts.is_region or len(municipalities(facts)) > ROWS_IN_DOCUMENT:
        return
    found = tallies(facts)
    figure = tally_figure(facts, found)
    number = None if figure is None else draft.next_figure
    draft.paragraph(say(_WORDING, "tally", table=draft.next_table, figure=number))
    draft.table(tally_table(facts, found, "executed"))
    if figure is not None:
        draft.figure(figure)


def _missing(draft: Draft, facts: Facts, summary: Summary) -> None:
    draft.section("missing", say(_WORDING, "s_missing"))
    if not summary.missing_items:
        draft.paragraph(say(_WORDING, "missing_none"))
        return
    draft.paragraph(say(_WORDING, "missing", table=draft.next_table, is_region=facts.is_region))
    draft.table(missing_table(facts, summary.missing_items, "missing"))


def _changes(draft: Draft, facts: Facts, summary: Summary, shown: Sequence[Shown]) -> None:
    """Since the last monitoring of the year; the first one of a year has none before it."""
    if not any(
        phase.report == facts.run.phase.report and phase.as_of < facts.run.phase.as_of
        for phase in facts.run.plan.phases
    ):
        return
    draft.section("changes", say(_WORDING, "s_changes"))
    earlier = last_earlier(facts)
    if earlier is None:
        draft.paragraph(say(_WORDING, "none_before"))
        return
    found = progress(earlier, shown)
    told = []
    before = earlier.executed.get(facts.addressee.municipality_id)
    if before is not None and summary.executed is not None:
        told.append(
            say(
                _WORDING,
                "executed_then_and_now",
                before=before[0],
                before_of=before[1],
                now=summary.executed.numerator,
                now_of=summary.executed.denominator,
                before_on=earlier.as_of,
                now_on=facts.run.as_of,
            )
        )
    first = first_told(earlier, summary.lines)
    if first:
        numbers = [str(number) for number in first]
        told.append(say(_WORDING, "first", numbers=numbers, on=earlier.as_of))
    if told:
        draft.paragraph(" ".join(told))
    own = [change for change in found if change.is_own]
    if own:
        draft.paragraph(
            say(_WORDING, "changed", n=len(own), table=draft.next_table, on=earlier.as_of)
        )
        draft.table(progress_table(facts, earlier, own, "changes"))
    else:
        draft.paragraph(say(_WORDING, "unchanged", on=earlier.as_of, is_region=facts.is_region))
    # The region's stand apart, without a table: one more would number anew what is hashed.
    regional = [progress_sentence(change) for change in found if not change.is_own]
    if regional:
        draft.paragraph(say(_WORDING, "changed_regional", on=earlier.as_of), own=False)
        draft.numbered(regional, own=False)


# -- The year --------------------------------------------------------------------------------


def _year_figures(draft: Draft, facts: Facts, summary: Summary, shown: Sequence[Shown]) -> None:
    draft.section("year", say("summary", "s_year"))
    draft.paragraph(say("summary", "year", table=draft.next_table))
    columns = (
        text("code", "№", 14),
        text("what", "Что", 122),
        number("whole", "Итог года", 34),
    )
    rows = Rows("document", "year", columns)
    schools = Count(n=len(facts.schools))
    rows.add({"code": "", "what": say("summary", "year_schools"), "whole": schools})
    if facts.is_region:
        units = Count(n=len(municipalities(facts)))
        rows.add({"code": "", "what": say("summary", "year_municipalities"), "whole": units})
    for one in shown:
        result = one.result
        if result.indicator.kind is IndicatorKind.FACT:
            continue
        label = named(result.indicator.title)
        if not one.is_own and not facts.is_region:
            label = say("summary", "regional", title=label)
        value = NoData() if result.numerator is None else fact_value(result)
        rows.add({"code": one.code, "what": label, "whole": value}, own=one.is_own)
        for part in result.parts:
            if part.numerator is not None and result.indicator.kind is IndicatorKind.COUNT:
                label = say("summary", "year_part", title=named(part.part.title))
                n = Count(n=part.numerator)
                rows.add({"code": "", "what": label, "whole": n}, own=one.is_own)
    draft.table(rows.laid(say("summary", "caption_year")))
    if state_of(facts).earlier:
        draft.paragraph(say("summary", "course", table=draft.next_table))
        draft.table(year_table(facts, summary.lines, "course"))
    else:
        draft.paragraph(say("summary", "course_none"))


def _undone(draft: Draft, facts: Facts, summary: Summary) -> None:
    """What stays undone, and why: what is missing in measures that are not executed, by name."""
    own = "summary"
    draft.section("undone", say(own, "s_undone"))
    still_open = {line.number for line in not_executed(facts, summary)}
    if not still_open:
        draft.paragraph(say(own, "undone_none"))
    found = [item for item in summary.missing_items if item.result.measure.number in still_open]
    if still_open and not found:
        draft.paragraph(say(own, "undone_unnamed", numbers=_texts(still_open)))
    if found:
        draft.paragraph(say(own, "undone", numbers=_texts(still_open), table=draft.next_table))
        draft.table(missing_table(facts, found, "missing"))


def _texts(numbers: set[int]) -> list[str]:
    return [str(number) for number in sorted(numbers)]


def _directions(draft: Draft, facts: Facts) -> None:
    """Directions for the next year: the region's decision, told to everybody."""
    own = "summary"
    year = facts.run.plan.year + 1
    draft.section("directions", say(own, "s_directions", year=year))
    found = state_of(facts).registers.directions
    if not found:
        draft.paragraph(say(own, "directions_none", year=year), own=facts.is_region)
        return
    draft.paragraph(say(own, "directions", n=len(found), year=year), own=facts.is_region)
    draft.numbered(
        (
            say(own, "direction", title=named(d.title), basis=named(d.basis), on=d.approved_on)
            for d in found
        ),
        own=facts.is_region,
    )


# -- What to do ------------------------------------------------------------------------------


def _recommendations(draft: Draft, items: Sequence[AttentionItem]) -> None:
    draft.section("recommendations", say(_WORDING, "s_recommendations"))
    if not items:
        draft.paragraph(say(_WORDING, "nothing_to_do"))
        return
    draft.paragraph(say(_WORDING, "recommendations", n=len(items), table=draft.next_table))
    columns = (
        number("number", "№", 8),
        text("matter", "Чего не хватает", 50),
        text("recommendation", "Рекомендация", 35),
        text("addressee", "Адресат", 26),
        text("due", "Срок", 21),
        text("proof", "Подтверждение", 34),
    )
    caption = say(_WORDING, "s_recommendations")
    draft.table(table_of("recommendations", columns, item_cells(items), caption))


# -- The order's table, indicators, the matrix -----------------------------------------------


def _measures(draft: Draft, facts: Facts, summary: Summary) -> None:
    draft.section("measures", say(_WORDING, "s_measures"))
    draft.paragraph(say(_WORDING, "measures", table=draft.next_table, order=facts.run.plan.order))
    draft.table(lines_table(facts, "document", summary.lines, "measures"))


def _indicators(draft: Draft, facts: Facts, shown: Sequence[Shown]) -> None:
    draft.section("indicators", say(_WORDING, "s_indicators"))
    draft.paragraph(say(_WORDING, "indicators", table=draft.next_table))
    draft.table(indicators_table(facts, "document", "indicators", shown))
    outside = [
        indicator.code
        for number in facts.run.phase.reports
        for indicator in facts.run.plan.measure(number).indicators
        if facts.run.phase.code in indicator.outside_letter_of
    ]
    if outside:
        draft.paragraph(say(_WORDING, "outside", codes=outside))
    if facts.is_region:
        _matrix(draft, facts)


def _matrix(draft: Draft, facts: Facts) -> None:
    """The matrix in as many tables as its columns need; of very many rows the appendix has it."""
    draft.section("matrix", say(_WORDING, "s_matrix"))
    if len(municipalities(facts)) > ROWS_IN_DOCUMENT:
        draft.paragraph(say(_WORDING, "matrix_in_appendix"))
        return
    found = matrix_tables(facts)
    if not found:
        draft.paragraph(say(_WORDING, "matrix_none"))
        return
    last = draft.next_table + len(found) - 1
    draft.paragraph(say(_WORDING, "matrix", first=draft.next_table, last=last))
    for laid in found:
        draft.table(laid)


# -- Sources and limits ----------------------------------------------------------------------


def _limits(draft: Draft, facts: Facts) -> None:
    run = facts.run
    draft.section("limits", say(_WORDING, "s_limits"))
    draft.paragraph(say(_WORDING, "limits"))
    absent = [dataset_title(d.dataset) for d in run.datasets if d.state != "received"]
    if absent:
        draft.paragraph(say(_WORDING, "datasets_missing", titles=absent))
    if facts.is_region and facts.findings:
        # Of the data, not of the department's results: a new one alone is no correction.
        draft.paragraph(say(_WORDING, "findings_region"), own=False)
        draft.numbered((named(finding.message) for finding in facts.findings), own=False)
    elif facts.findings:
        draft.paragraph(say(_WORDING, "findings", n=len(facts.findings)))
    draft.paragraph(say(_WORDING, "attachments", is_region=facts.is_region))


def dataset_title(dataset: str) -> str:
    """What a kind of evidence is called for people; its code where sources.yaml has no title."""
    return _dataset_titles().get(dataset, dataset)


@cache
def _dataset_titles() -> dict[str, str]:
    return {dataset: source.title for dataset, source in load_sources().items()}
