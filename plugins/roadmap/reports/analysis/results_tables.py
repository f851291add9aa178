"""Results of assessment procedures as tables of the document and of the appendix.

What a table says of a result is in `results.result_cells`; the document groups rows by subject,
the appendix has a row per unit and paper, as a filter wants it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from roadmap import russian
from roadmap.analysis.read import HIDES_REGION, Hidden, Level, Paper, PaperResult
from roadmap.analysis.shares import Journal, wilson
from roadmap.plan.model import Procedure
from roadmap.plan.procedures import MAIN_SUBJECTS, kinds, scales
from roadmap.reports.analysis.results import (
    as_told,
    at,
    by_paper,
    is_at_threshold,
    is_own,
    journal_cells,
    low_share,
    of_procedure,
    only,
    result_cells,
    row_kind,
    row_label,
    share_figure,
    suppressed,
    unit_columns,
    unit_order,
)
from roadmap.reports.facts.run import Facts
from roadmap.reports.model import Column, Count, NoData, NotHeld, Table, Value
from roadmap.reports.parts.draft import Laid
from roadmap.reports.parts.sentences import sentence
from roadmap.reports.parts.tables import Cells, Given, Rows, columns
from roadmap.reports.words.show import NO_DATA
from roadmap.reports.words.wording import named, title


def results_table(facts: Facts, table_id: str, where: str, results: Sequence[PaperResult]) -> Laid:
    """Results of one procedure on the scale of its kind: a group of rows per subject.

    `where` ends the caption.
    """
    code = kinds()[results[0].paper.kind].scale
    scale = scales()[code]
    heads = unit_columns(facts, f"results/{code}")
    rows = _rows_by_subject(facts, Rows("document", table_id, heads), results)
    caption = sentence(facts, "caption_results", caption=scale.caption, where=where)
    notes = _notes(facts, results)
    if not scale.in_points:
        notes = (*notes, sentence(facts, "note_rounding"))
    return rows.laid(caption, (" ".join(notes),))


def _rows_by_subject(facts: Facts, rows: Rows, results: Sequence[PaperResult]) -> Rows:
    for paper, of_paper in by_paper(results):
        rows.group(_group_title(facts, paper, of_paper))
        for result in of_paper:
            _add(facts, rows, result)
        if only(of_paper, Level.REGION) is None:
            # The row stays, so that nothing of the addressee's own moves when the region comes.
            rows.message(sentence(facts, "region_row"), NO_DATA, own=False)
    return rows


def _group_title(facts: Facts, paper: Paper, results: Sequence[PaperResult]) -> str:
    minimum = next((r.exam.minimum for r in results if r.exam is not None), None)
    if minimum is None:
        return title(paper.subject)
    return sentence(facts, "subject_with_minimum", subject=paper.subject, minimum=minimum)


def _add(facts: Facts, rows: Rows, result: PaperResult) -> None:
    label = row_label(facts, result)
    match result.hidden:
        case Hidden.SMALL:
            rows.message(label, sentence(facts, "row_small"))
        case Hidden.NOTHING_LEFT:
            rows.message(label, sentence(facts, "all_small"))
        case Hidden.DIFFERENCE:
            rows.message(label, sentence(facts, "region_hidden"), own=False)
        case Hidden.EARLIER_LETTER:
            rows.message(label, sentence(facts, "region_hidden_again"), own=False)
        case None:
            rows.add(
                {"unit": label, **result_cells(result)},
                row_kind(facts, result),
                own=is_own(facts, result),
                figures={"low": share_figure(facts, result)},
            )


def _notes(facts: Facts, results: Sequence[PaperResult]) -> tuple[str, ...]:
    """Explanations of the signs that occur in this table."""
    notes = []
    if any(r.small_schools for r in results if r.level is not Level.REGION):
        notes.append(sentence(facts, "note_partial"))
    if any(is_at_threshold(r) for r in results):
        notes.append(sentence(facts, "note_threshold"))
    schools = [len(at(of_paper, Level.SCHOOL)) for _, of_paper in by_paper(results)]
    if not facts.is_region and any(n < len(facts.schools) for n in schools):
        notes.append(sentence(facts, "note_absent"))
    return tuple(notes)


def journal_table(facts: Facts, table_id: str, results: Sequence[PaperResult]) -> Table | None:
    """Lowered, confirmed, raised marks of ВПР, summed over papers; None without any.

    Papers compared for fewer than `least_participants` are not among the results at all.
    """
    groups = (
        *((title(subject), (subject,)) for subject in MAIN_SUBJECTS),
        (
            sentence(facts, "other_subjects"),
            {r.paper.subject for r in results} - set(MAIN_SUBJECTS),
        ),
    )
    rows = Rows("document", table_id, unit_columns(facts, "journal"))
    for heading, subjects in groups:
        compared = [r for r in results if r.journal is not None and r.paper.subject in subjects]
        if any(is_own(facts, r) for r in compared):
            rows.group(heading)
            _add_journals(facts, rows, compared)
    if not len(rows):
        return None
    notes = (sentence(facts, "note_journal"),)
    return rows.laid(sentence(facts, "caption_journal"), notes).table


def _add_journals(facts: Facts, rows: Rows, results: Sequence[PaperResult]) -> None:
    first: dict[tuple[Level, str], PaperResult] = {}
    sums: dict[tuple[Level, str], Journal] = {}
    for result in results:
        unit = (result.level, result.unit_id)
        first.setdefault(unit, result)
        if result.journal is not None:
            sums[unit] = sums.get(unit, Journal(0, 0, 0)) + result.journal
    for one in sorted(first.values(), key=unit_order):
        journal = sums[one.level, one.unit_id]
        # The sums leave no school out, whatever one of the papers does.
        result = replace(one, small_schools=0)
        rows.add(
            {
                "unit": row_label(facts, result),
                "compared": Count(n=journal.compared),
                **journal_cells(journal),
            },
            row_kind(facts, result),
            own=is_own(facts, result),
        )


# -- The appendix ----------------------------------------------------------------------------


def sheet_table(
    facts: Facts,
    table_id: str,
    procedures: Sequence[Procedure],
    results: Sequence[PaperResult],
) -> Laid:
    """A row per unit and paper; of a hidden result the first column tells why, the rest none.

    `table_id`: the scale on which all of them are.
    """
    own_columns = columns(f"sheet/{table_id}")
    rows = Rows("appendix", table_id, (*sheet_unit_columns(facts), *own_columns))
    for result in results:
        cells: dict[str, Given] = dict.fromkeys((column.key for column in own_columns), "")
        cells["participants"] = NotHeld() if result.hidden in HIDES_REGION else suppressed(result)
        if result.hidden is None:
            cells |= {**result_cells(result), **_interval(facts, result), **_journal(result)}
        rows.add(
            {**unit_cells(facts, procedures, result), **cells},
            row_kind(facts, result),
            own=is_own(facts, result),
            figures={"low": share_figure(facts, result)},
        )
    notes = []
    if any(r.small_schools for r in results if r.level is not Level.REGION):
        notes.append(sentence(facts, "note_partial"))
    notes += as_told(facts, results, lambda r: r.as_told_on or r.journal_as_told_on)
    scale = scales()[table_id]
    if not scale.in_points:
        interval = sentence(facts, "note_interval", short_low=scale.short_low)
        notes += [sentence(facts, "note_rounding"), interval]
    return rows.laid(notes=notes)


def sheet_unit_columns(facts: Facts) -> tuple[Column, ...]:
    """Whose result it is, in what: of the region's rows the municipality, too."""
    whose, *what = columns("sheet/unit")
    return (whose, *what) if facts.is_region else tuple(what)


def unit_cells(facts: Facts, procedures: Sequence[Procedure], result: PaperResult) -> Cells:
    paper = result.paper
    procedure = next(p for p in procedures if of_procedure((result,), p))
    is_within = result.level in (Level.SCHOOL, Level.MUNICIPALITY)
    municipality = facts.run.municipalities.get(result.municipality_id) if is_within else None
    return {
        "municipality": title(named(municipality.name)) if municipality is not None else "",
        "unit": _unit_label(facts, result),
        "procedure": procedure.short_title,
        "grade": Count(n=paper.grade),
        "subject": title(paper.subject),
    }


def _unit_label(facts: Facts, result: PaperResult) -> str:
    if result.level is Level.MUNICIPALITY:
        return sentence(facts, "sheet_municipality_total", is_partial=result.small_schools > 0)
    return row_label(facts, result)


def _interval(facts: Facts, result: PaperResult) -> Cells:
    share = low_share(result)
    if share is None:
        return {}
    interval = wilson(share.numerator, share.denominator)
    low, high = (russian.decimal(100 * bound, 1) for bound in (interval.low, interval.high))
    return {"interval": sentence(facts, "interval", low=low, high=high)}


def _journal(result: PaperResult) -> Cells:
    if result.journal is not None and result.journal.compared:
        return journal_cells(result.journal)
    # ДР has no journal to compare with; in ВПР too few marks, or none, were compared.
    sign: Value = suppressed(result) if result.is_journal_small else NoData()
    if result.paper.kind != "vpr":
        sign = NotHeld()
    return dict.fromkeys(("lowered", "confirmed", "raised"), sign)
