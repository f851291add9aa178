"""Results of assessment procedures as tables of the document and of the appendix.

What a table says of a result is told once (`results.result_cells`); the document groups rows by
subject, the appendix has a row per unit and paper, as a filter wants it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from roadmap import russian
from roadmap.analysis.read import Hidden, Level, Paper, PaperResult
from roadmap.analysis.shares import Journal, wilson
from roadmap.plan.model import Procedure
from roadmap.reports.analysis.results import (
    MAIN_SUBJECTS,
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
    threshold_text,
    unit_column,
)
from roadmap.reports.facts.run import Facts
from roadmap.reports.model import Column, Count, NoData, NotHeld, Table, Value
from roadmap.reports.parts.draft import Laid
from roadmap.reports.parts.tables import Cells, Given, Rows, number, text
from roadmap.reports.words.show import NO_DATA
from roadmap.reports.words.wording import named, say, title
from roadmap.russian import natural_key

_WORDING = "analysis"


def marks_table(facts: Facts, table_id: str, where: str, results: Sequence[PaperResult]) -> Laid:
    """«Статистика по отметкам»: a group of rows per subject. `where` ends the caption."""
    share = "Доля отметок, %"
    columns = (
        text("unit", unit_column(facts), 44),
        number("participants", "Участников", 21),
        number("low", "«2»", 12, share),
        number("three", "«3»", 12, share),
        number("four", "«4»", 12, share),
        number("five", "«5»", 12, share),
        number("passed", "Успеваемость, %", 26),
        number("good", "Качество знаний, %", 21),
        number("mean", "Средняя отметка", 19),
    )
    notes = (*_notes(facts, results), say(_WORDING, "note_rounding"))
    rows = _rows_by_subject(facts, Rows("document", table_id, columns), results)
    return rows.laid(say(_WORDING, "caption_marks", where=where), (" ".join(notes),))


def exams_table(facts: Facts, table_id: str, where: str, results: Sequence[PaperResult]) -> Laid:
    """ЕГЭ: a group of rows per subject, with its minimum."""
    below = "Ниже минимального балла"
    columns = (
        text("unit", unit_column(facts), 58),
        number("participants", "Участников", 22),
        number("low_n", "чел.", 20, below),
        number("low", "%", 20, below),
        number("mean", "Средний балл", 22),
        number("high", "81–100 баллов, чел.", 26),
    )
    rows = _rows_by_subject(facts, Rows("document", table_id, columns), results)
    caption = say(_WORDING, "caption_exams", where=where)
    return rows.laid(caption, (" ".join(_notes(facts, results)),))


def _rows_by_subject(facts: Facts, rows: Rows, results: Sequence[PaperResult]) -> Rows:
    for paper, of_paper in by_paper(results):
        rows.group(_group_title(paper, of_paper))
        for result in of_paper:
            _add(facts, rows, result)
        if only(of_paper, Level.REGION) is None:
            # The row stays, so that nothing of the addressee's own moves when the region comes.
            rows.message(say(_WORDING, "region_row"), NO_DATA, own=False)
    return rows


def _group_title(paper: Paper, results: Sequence[PaperResult]) -> str:
    minimum = next((r.exam.minimum for r in results if r.exam is not None), None)
    if minimum is None:
        return title(paper.subject)
    return say(_WORDING, "subject_with_minimum", subject=paper.subject, minimum=minimum)


def _add(facts: Facts, rows: Rows, result: PaperResult) -> None:
    label = row_label(facts, result)
    match result.hidden:
        case Hidden.SMALL:
            rows.message(label, say(_WORDING, "row_small", least=facts.run.least))
        case Hidden.NOTHING_LEFT:
            rows.message(label, say(_WORDING, "all_small", least=facts.run.least))
        case Hidden.DIFFERENCE:
            rows.message(label, say(_WORDING, "region_hidden"), own=False)
        case None:
            rows.add(
                {"unit": label, **result_cells(result)},
                row_kind(facts, result),
                own=is_own(facts, result),
                figures={"low": share_figure(facts, result)},
            )


def _notes(facts: Facts, results: Sequence[PaperResult]) -> tuple[str, ...]:
    """What the signs of this very table mean; a sign that isn't there is not explained."""
    notes = []
    if any(r.small_schools for r in results if r.level is not Level.REGION):
        notes.append(say(_WORDING, "note_partial", least=facts.run.least))
    if any(is_at_threshold(r) for r in results):
        percent = threshold_text(facts.run.plan.analysis.low_share_percent)
        notes.append(say(_WORDING, "note_threshold", threshold=percent))
    if not facts.is_region and _is_a_school_absent(facts, results):
        notes.append(say(_WORDING, "note_absent"))
    return tuple(notes)


def _is_a_school_absent(facts: Facts, results: Sequence[PaperResult]) -> bool:
    return any(
        len(at(of_paper, Level.SCHOOL)) < len(facts.schools) for _, of_paper in by_paper(results)
    )


def journal_table(facts: Facts, table_id: str, results: Sequence[PaperResult]) -> Table | None:
    """Lowered, confirmed, raised marks of ВПР, summed over papers; None without any.

    Papers compared for fewer than `least_participants` are not among the results at all.
    """
    share = "Доля отметок, %"
    columns = (
        text("unit", unit_column(facts), 60),
        number("compared", "Сравнено отметок", 26),
        number("lowered", "понизили", 27, share),
        number("confirmed", "подтвердили", 32, share),
        number("raised", "повысили", 27, share),
    )
    groups = (
        *((title(subject), (subject,)) for subject in MAIN_SUBJECTS),
        (say(_WORDING, "other_subjects"), _other_subjects(results)),
    )
    rows = Rows("document", table_id, columns)
    for heading, subjects in groups:
        found = [r for r in results if r.journal is not None and r.paper.subject in subjects]
        if any(is_own(facts, r) for r in found):
            rows.group(heading)
            _add_journals(facts, rows, found)
    if not len(rows):
        return None
    notes = (say(_WORDING, "note_journal", least=facts.run.least),)
    return rows.laid(say(_WORDING, "caption_journal"), notes).table


def _other_subjects(results: Iterable[PaperResult]) -> tuple[str, ...]:
    return tuple(sorted({r.paper.subject for r in results} - set(MAIN_SUBJECTS)))


def _add_journals(facts: Facts, rows: Rows, results: Sequence[PaperResult]) -> None:
    sums: dict[tuple[Level, str], Journal] = {}
    first: dict[tuple[Level, str], PaperResult] = {}
    for result in results:
        unit = (result.level, result.unit_id)
        first.setdefault(unit, result)
        if result.journal is not None:
            sums[unit] = _added(sums.get(unit, Journal(0, 0, 0)), result.journal)
    order = list(Level)
    for unit in sorted(sums, key=lambda u: (order.index(u[0]), natural_key(first[u].name), u[1])):
        # The sums leave no school out, whatever one of the papers does.
        result = replace(first[unit], small_schools=0)
        rows.add(
            {
                "unit": row_label(facts, result),
                "compared": Count(n=sums[unit].compared),
                **journal_cells(sums[unit]),
            },
            row_kind(facts, result),
            own=is_own(facts, result),
        )


def _added(one: Journal, other: Journal) -> Journal:
    return Journal(
        one.lowered + other.lowered, one.confirmed + other.confirmed, one.raised + other.raised
    )


# -- The appendix ----------------------------------------------------------------------------


def marks_sheet_table(
    facts: Facts, procedures: Sequence[Procedure], results: Sequence[PaperResult]
) -> Laid:
    """A row per unit and paper: marks, the interval of «2», agreement with the journal."""
    columns = (
        number("participants", "Участников", 11),
        number("low_n", "«2», чел.", 9),
        number("low", "«2», %", 10),
        number("interval", "«2», 95\u00a0% интервал", 12),
        number("three", "«3», %", 9),
        number("four", "«4», %", 9),
        number("five", "«5», %", 9),
        number("passed", "Успеваемость, %", 11),
        number("good", "Качество знаний, %", 11),
        number("mean", "Средняя отметка", 10),
        number("lowered", "Понизили, %", 10),
        number("confirmed", "Подтвердили, %", 11),
        number("raised", "Повысили, %", 10),
    )
    notes = (say(_WORDING, "note_rounding"), say(_WORDING, "note_interval"))
    return _results_table(facts, "marks", columns, procedures, results, notes)


def exams_sheet_table(
    facts: Facts, procedures: Sequence[Procedure], results: Sequence[PaperResult]
) -> Laid:
    """A row per unit and exam, with the minimum of its subject."""
    columns = (
        number("participants", "Участников", 11),
        number("minimum", "Минимальный балл", 12),
        number("low_n", "Ниже минимума, чел.", 11),
        number("low", "Ниже минимума, %", 11),
        number("mean", "Средний балл", 10),
        number("high", "81–100 баллов, чел.", 11),
    )
    return _results_table(facts, "exams", columns, procedures, results, ())


def unit_columns(facts: Facts) -> tuple[Column, ...]:
    """Whose result it is, in what: of the region's rows the municipality, too."""
    return (
        *((text("municipality", "Муниципалитет", 34),) if facts.is_region else ()),
        text("unit", "ОО", 31),
        text("procedure", "Процедура", 18),
        number("grade", "Программа, класс", 13),
        text("subject", "Предмет", 18),
    )


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
        return say(_WORDING, "sheet_municipality_total", is_partial=result.small_schools > 0)
    return row_label(facts, result)


def _results_table(
    facts: Facts,
    table_id: str,
    columns: tuple[Column, ...],
    procedures: Sequence[Procedure],
    results: Sequence[PaperResult],
    notes: tuple[str, ...],
) -> Laid:
    """A row per unit and paper; of a hidden result the first column tells why, the rest none."""
    rows = Rows("appendix", table_id, (*unit_columns(facts), *columns))
    for result in results:
        cells: dict[str, Given] = dict.fromkeys((column.key for column in columns), "")
        cells["participants"] = (
            NotHeld() if result.hidden is Hidden.DIFFERENCE else suppressed(result)
        )
        if result.hidden is None:
            cells |= {**result_cells(result), **_interval(result), **_journal(result)}
        rows.add(
            {**unit_cells(facts, procedures, result), **cells},
            row_kind(facts, result),
            own=is_own(facts, result),
            figures={"low": share_figure(facts, result)},
        )
    is_partial = any(r.small_schools for r in results if r.level is not Level.REGION)
    partial = (say(_WORDING, "note_partial", least=facts.run.least),) if is_partial else ()
    return rows.laid(notes=(*partial, *notes))


def _interval(result: PaperResult) -> Cells:
    share = low_share(result)
    if share is None:
        return {}
    interval = wilson(share.numerator, share.denominator)
    low, high = (russian.decimal(100 * bound, 1) for bound in (interval.low, interval.high))
    return {"interval": say(_WORDING, "interval", low=low, high=high)}


def _journal(result: PaperResult) -> Cells:
    if result.journal is not None and result.journal.compared:
        return journal_cells(result.journal)
    # ДР has no journal to compare with; in ВПР too few marks, or none, were compared.
    sign: Value = suppressed(result) if result.is_journal_small else NoData()
    if result.paper.kind != "vpr":
        sign = NotHeld()
    return dict.fromkeys(("lowered", "confirmed", "raised"), sign)
