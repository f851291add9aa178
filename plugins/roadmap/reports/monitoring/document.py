"""The report of a monitoring and of the year's summary, section by section (docs/domain.md §6.3).

Both are of one build: what is executed, what is missing by name, what changed, the order's
table, what to do. The summary adds the year's figures, what stays undone and why, and the
directions for the next year.
"""

from __future__ import annotations

from collections.abc import Sequence

from roadmap.plan.model import IndicatorKind
from roadmap.reports.facts.monitoring import SUMMARY
from roadmap.reports.facts.run import Facts
from roadmap.reports.model import AttentionItem, Count, Document, NoData
from roadmap.reports.monitoring.changes import changes_section, told_changes
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
    numbers,
)
from roadmap.reports.parts.document import (
    document_of,
    missing_datasets,
    outside_codes,
    recommendations,
)
from roadmap.reports.parts.draft import Draft
from roadmap.reports.parts.measures import Shown, fact_value, indicators_table, shown_indicators
from roadmap.reports.parts.sentences import sentence
from roadmap.reports.parts.tables import Rows, columns
from roadmap.reports.words.wording import named, say


def compose_document(
    facts: Facts,
    summary: Summary,
    main: Sequence[str],
    items: Sequence[AttentionItem],
    past: str,
) -> tuple[Document, Draft]:
    """The document of one addressee and its draft; `items` are all that needs attention, `past`
    is what is not asked for any more."""
    draft = Draft()
    shown = shown_indicators(facts)
    _basis(draft, facts)
    _execution(draft, facts, summary)
    if facts.run.phase.report == SUMMARY:
        _year_figures(draft, facts, summary, shown)
        _undone(draft, facts, summary)
        changes_section(draft, facts)
        _directions(draft, facts)
    else:
        _missing(draft, facts, summary)
        changes_section(draft, facts)
        _changes(draft, facts, summary, shown)
    draft.section("conclusions", sentence(facts, "s_conclusions"))
    draft.numbered(conclusions(facts, summary))
    recommendations(draft, facts, items, past)
    _measures(draft, facts, summary)
    _indicators(draft, facts, shown)
    _limits(draft, facts)
    subject = sentence(facts, "document_subject", phase=facts.run.phase.title)
    return document_of(facts, draft, subject, main), draft


# -- What is executed ------------------------------------------------------------------------


def _basis(draft: Draft, facts: Facts) -> None:
    draft.section("basis", sentence(facts, "s_basis"))
    draft.paragraph(sentence(facts, "document_basis", numbers=facts.run.phase.owns))
    places = {school.municipality_id for school in facts.schools}
    draft.paragraph(
        sentence(facts, "scope", schools=len(facts.schools), municipalities=len(places))
    )


def _execution(draft: Draft, facts: Facts, summary: Summary) -> None:
    """The count, what it holds, and for the region the counts by municipality."""
    draft.section("execution", sentence(facts, "s_execution"))
    texts = [f"{headline(facts, summary)}.", *counting_sentences(facts, summary)]
    draft.paragraph(" ".join(texts))
    for parts, is_own in parts_sentences(facts):
        draft.paragraph(parts, own=is_own)
    if not facts.is_region or len(municipalities(facts)) > ROWS_IN_DOCUMENT:
        return
    units = tallies(facts)
    figure = tally_figure(facts, units)
    number = None if figure is None else draft.next_figure
    draft.paragraph(sentence(facts, "tally", table=draft.next_table, figure=number))
    draft.table(tally_table(facts, units, "executed"))
    if figure is not None:
        draft.figure(figure)


def _missing(draft: Draft, facts: Facts, summary: Summary) -> None:
    draft.section("missing", sentence(facts, "s_missing"))
    if not summary.missing_items:
        draft.paragraph(sentence(facts, "missing_none"))
        return
    draft.paragraph(sentence(facts, "missing", table=draft.next_table))
    draft.table(missing_table(facts, summary.missing_items, "missing"))


def _changes(draft: Draft, facts: Facts, summary: Summary, shown: Sequence[Shown]) -> None:
    """Since the last monitoring of the year; the first one of a year has none before it."""
    if not any(
        phase.report == facts.run.phase.report and phase.as_of < facts.run.phase.as_of
        for phase in facts.run.plan.phases
    ):
        return
    draft.section("changes", sentence(facts, "s_changes"))
    earlier = last_earlier(facts)
    if earlier is None:
        draft.paragraph(sentence(facts, "none_before"))
        return
    changes = progress(earlier, shown)
    texts = []
    before = earlier.executed.get(facts.addressee.municipality_id)
    if before is not None and summary.executed is not None:
        texts.append(
            sentence(
                facts,
                "executed_then_and_now",
                before=before[0],
                before_of=before[1],
                now=summary.executed.numerator,
                now_of=summary.executed.denominator,
                before_on=earlier.as_of,
                now_on=facts.run.as_of,
            )
        )
    first = [line for line in summary.lines if line.number not in earlier.phase.reports]
    if first:
        texts.append(sentence(facts, "first", numbers=numbers(first), on=earlier.as_of))
    if texts:
        draft.paragraph(" ".join(texts))
    own = [change for change in changes if change.is_own]
    if own:
        draft.paragraph(
            sentence(facts, "changed", n=len(own), table=draft.next_table, on=earlier.as_of)
        )
        draft.table(progress_table(facts, earlier, own, "changes"))
    else:
        draft.paragraph(sentence(facts, "unchanged", on=earlier.as_of))
    # The region's without a table, which would renumber captions that are hashed.
    regional = [progress_sentence(facts, change) for change in changes if not change.is_own]
    if regional:
        draft.paragraph(sentence(facts, "changed_regional", on=earlier.as_of), own=False)
        draft.numbered(regional, own=False)


# -- The year --------------------------------------------------------------------------------


def _year_figures(draft: Draft, facts: Facts, summary: Summary, shown: Sequence[Shown]) -> None:
    draft.section("year", say("summary", "s_year"))
    draft.paragraph(say("summary", "year", table=draft.next_table))
    rows = Rows("document", "year", columns("year"))
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
    draft.section("undone", say("summary", "s_undone"))
    measures = not_executed(facts, summary)
    undone = {line.number for line in measures}
    items = [item for item in summary.missing_items if item.result.measure.number in undone]
    if not measures:
        draft.paragraph(say("summary", "undone_none"))
    elif not items:
        draft.paragraph(say("summary", "undone_unnamed", numbers=numbers(measures)))
    else:
        table = draft.next_table
        draft.paragraph(say("summary", "undone", numbers=numbers(measures), table=table))
        draft.table(missing_table(facts, items, "missing"))


def _directions(draft: Draft, facts: Facts) -> None:
    """Directions for the next year: the region's decision, told to everybody."""
    own, year = facts.is_region, facts.run.plan.year + 1
    draft.section("directions", say("summary", "s_directions", year=year))
    directions = state_of(facts).registers.directions
    if not directions:
        draft.paragraph(say("summary", "directions_none", year=year), own=own)
        return
    draft.paragraph(say("summary", "directions", n=len(directions), year=year), own=own)
    draft.numbered(
        (
            say(
                "summary", "direction", title=named(d.title), basis=named(d.basis), on=d.approved_on
            )
            for d in directions
        ),
        own=own,
    )


# -- The order's table, indicators, the matrix -----------------------------------------------


def _measures(draft: Draft, facts: Facts, summary: Summary) -> None:
    draft.section("measures", sentence(facts, "s_measures"))
    draft.paragraph(sentence(facts, "measures", table=draft.next_table))
    draft.table(lines_table(facts, "document", summary.lines, "measures"))


def _indicators(draft: Draft, facts: Facts, shown: Sequence[Shown]) -> None:
    draft.section("indicators", sentence(facts, "s_indicators"))
    draft.paragraph(sentence(facts, "indicators", table=draft.next_table))
    draft.table(indicators_table(facts, "document", "indicators", shown))
    outside = outside_codes(facts)
    if outside:
        draft.paragraph(sentence(facts, "outside", codes=outside))
    if facts.is_region:
        _matrix(draft, facts)


def _matrix(draft: Draft, facts: Facts) -> None:
    """The matrix in as many tables as its columns need; of very many rows the appendix has it."""
    draft.section("matrix", sentence(facts, "s_matrix"))
    if len(municipalities(facts)) > ROWS_IN_DOCUMENT:
        draft.paragraph(sentence(facts, "matrix_in_appendix"))
        return
    tables = matrix_tables(facts)
    if not tables:
        draft.paragraph(sentence(facts, "matrix_none"))
        return
    last = draft.next_table + len(tables) - 1
    draft.paragraph(sentence(facts, "matrix", first=draft.next_table, last=last))
    for laid in tables:
        draft.table(laid)


# -- Sources and limits ----------------------------------------------------------------------


def _limits(draft: Draft, facts: Facts) -> None:
    draft.section("limits", sentence(facts, "s_limits"))
    draft.paragraph(sentence(facts, "limits"))
    missing_datasets(draft, facts)
    if facts.is_region and facts.findings:
        # About the data, not the department's results: a new one alone must cause no correction.
        draft.paragraph(sentence(facts, "findings_region"), own=False)
        draft.numbered((named(finding.message) for finding in facts.findings), own=False)
    elif facts.findings:
        draft.paragraph(sentence(facts, "findings", n=len(facts.findings)))
    changes = told_changes(facts) is not None
    draft.paragraph(sentence(facts, "attachments", changes=changes))
