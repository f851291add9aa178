"""The appendix of an analysis: every figure of the report, one fact per row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from roadmap import russian
from roadmap.analysis.read import Hidden, Level, PaperResult
from roadmap.analysis.shares import wilson
from roadmap.plan.model import Procedure
from roadmap.reports.analysis.dynamics import (
    change_cells,
    change_figure,
    reason_words,
    share_value,
    sign_words,
    told,
    worse_text,
)
from roadmap.reports.analysis.results import (
    is_own,
    journal_cells,
    low_share,
    of_procedure,
    result_cells,
    row_kind,
    row_label,
    share_figure,
    suppressed,
    threshold_text,
    written_by_own,
)
from roadmap.reports.facts.run import Facts
from roadmap.reports.model import (
    AttentionItem,
    Column,
    Count,
    NoData,
    NotHeld,
    Sheet,
    Value,
    Words,
)
from roadmap.reports.parts.appendix import (
    Appendix,
    about_sheet,
    attention_sheet,
    indicators_sheet,
    sheet,
)
from roadmap.reports.parts.draft import Laid, Placed
from roadmap.reports.parts.measures import Shown
from roadmap.reports.parts.tables import Cells, Given, Rows, foreign, number, text
from roadmap.reports.words.show import NO_DATA
from roadmap.reports.words.wording import named, say, title

_WORDING = "analysis"
_ORDER = list(Level)


def compose_appendix(
    facts: Facts, shown: Sequence[Shown], items: Sequence[AttentionItem]
) -> Appendix:
    """«О файле», «Показатели», «Отметки», «ЕГЭ» and «Динамика» where any, «Внимание»."""
    procedures = [p for p in facts.run.phase.procedures if p.not_held is None]
    with_marks = [p for p in procedures if p.kind != "ege"]
    with_exams = [p for p in procedures if p.kind == "ege"]
    about = say(_WORDING, "heading_about")
    sheets = [about_sheet(facts, about, _signs_text(facts), _sources(facts))]
    if shown:
        sheets.append(indicators_sheet(facts, shown))
    placed: list[Placed] = []
    for maker, found in ((_marks, with_marks), (_exams, with_exams)):
        results = _in_order(facts, found)
        if results:
            sheet, places = maker(facts, found, results)
            sheets.append(sheet)
            placed.extend(places)
    dynamics = _dynamics(facts)
    if dynamics is not None:
        sheet_of_changes, places = dynamics
        sheets.append(sheet_of_changes)
        placed.extend(places)
    sheets.append(attention_sheet(facts, items))
    return Appendix(tuple(sheets), tuple(placed))


def _sources(facts: Facts) -> Iterator[tuple[str, Given]]:
    """Each procedure of the phase with the day of its file, or why there is none."""
    for procedure in facts.run.phase.procedures:
        received = facts.run.received_on(procedure)
        if procedure.not_held is not None:
            reason = procedure.not_held
            yield procedure.title, say(_WORDING, "source_not_held", reason=reason)
        elif received is None:
            yield procedure.title, NO_DATA
        else:
            # The day of a file is no one's own: a file sent again unchanged corrects nobody.
            told = say(_WORDING, "source_received", day=received)
            yield procedure.title, foreign(Words(text=told))


def _in_order(facts: Facts, procedures: Sequence[Procedure]) -> tuple[PaperResult, ...]:
    """Schools by name and paper, then totals, then the region: as a filter leaves them."""
    found = [
        r
        for procedure in procedures
        for r in written_by_own(facts, of_procedure(facts.results, procedure))
        if facts.is_region or r.level is not Level.PARTICIPANTS
    ]
    # The sort is stable: within a unit the papers keep the order of the document.
    return tuple(sorted(found, key=lambda r: _unit_order(facts, r)))


def _unit_order(facts: Facts, result: PaperResult) -> tuple[object, ...]:
    municipalities = list(facts.run.municipalities)
    place = (
        municipalities.index(result.municipality_id)
        if result.municipality_id in facts.run.municipalities
        else len(municipalities)
    )
    return (_ORDER.index(result.level), place, russian.natural_key(result.name), result.unit_id)


def _subtitle(facts: Facts) -> str:
    name = title(named(facts.addressee.name))
    return say(_WORDING, "subtitle_shares", name=name, as_of=facts.run.as_of)


# -- Results ---------------------------------------------------------------------------------


def _unit_columns(facts: Facts) -> tuple[Column, ...]:
    return (
        *((text("municipality", "Муниципалитет", 34),) if facts.is_region else ()),
        text("unit", "ОО", 31),
        text("procedure", "Процедура", 18),
        number("grade", "Программа, класс", 13),
        text("subject", "Предмет", 18),
    )


def _unit_cells(facts: Facts, procedures: Sequence[Procedure], result: PaperResult) -> Cells:
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


def _marks(
    facts: Facts, procedures: Sequence[Procedure], results: Sequence[PaperResult]
) -> tuple[Sheet, Iterable[Placed]]:
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
    laid = _results_table(facts, "marks", columns, procedures, results, notes)
    heading = say(_WORDING, "heading_marks", procedures=_present(procedures, results))
    tab, signs = say(_WORDING, "marks"), _signs(facts)
    return sheet(facts, tab, heading, signs, laid.table, _subtitle(facts)), laid.placed


def _exams(
    facts: Facts, procedures: Sequence[Procedure], results: Sequence[PaperResult]
) -> tuple[Sheet, Iterable[Placed]]:
    columns = (
        number("participants", "Участников", 11),
        number("minimum", "Минимальный балл", 12),
        number("low_n", "Ниже минимума, чел.", 11),
        number("low", "Ниже минимума, %", 11),
        number("mean", "Средний балл", 10),
        number("high", "81–100 баллов, чел.", 11),
    )
    laid = _results_table(facts, "exams", columns, procedures, results, ())
    heading = say(_WORDING, "heading_exams", procedures=_present(procedures, results))
    tab, signs = say(_WORDING, "exams"), _signs(facts)
    return sheet(facts, tab, heading, signs, laid.table, _subtitle(facts)), laid.placed


def _present(procedures: Sequence[Procedure], results: Sequence[PaperResult]) -> list[str]:
    found = {(r.paper.kind, r.paper.year, r.paper.wave) for r in results}
    return [p.short_title for p in procedures if (p.kind, p.year, p.wave) in found]


def _results_table(
    facts: Facts,
    table_id: str,
    columns: tuple[Column, ...],
    procedures: Sequence[Procedure],
    results: Sequence[PaperResult],
    notes: tuple[str, ...],
) -> Laid:
    """A row per unit and paper; of a hidden result the first column tells why, the rest none."""
    rows = Rows("appendix", table_id, (*_unit_columns(facts), *columns))
    for result in results:
        cells: dict[str, Given] = dict.fromkeys((column.key for column in columns), "")
        cells["participants"] = (
            NotHeld() if result.hidden is Hidden.DIFFERENCE else suppressed(result)
        )
        if result.hidden is None:
            cells |= {**result_cells(result), **_interval(result), **_journal(result)}
        rows.add(
            {**_unit_cells(facts, procedures, result), **cells},
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


def _signs(facts: Facts) -> str:
    threshold = threshold_text(facts.run.plan.analysis.low_share_percent)
    return say(_WORDING, "signs", threshold=threshold, least=facts.run.least)


# -- Dynamics --------------------------------------------------------------------------------


def _dynamics(facts: Facts) -> tuple[Sheet, Iterable[Placed]] | None:
    """A row per unit and paper: both years and the change, or why there is none."""
    changes = sorted(
        (c for c in told(facts) if facts.is_region or c.current.level is not Level.PARTICIPANTS),
        key=lambda c: _unit_order(facts, c.current),
    )
    if not changes:
        return None
    columns = (
        *_unit_columns(facts),
        text("compared_with", "Сравнивается с", 19),
        number("then_n", "Было: участников", 11),
        number("then_low_n", "Было: низкий результат, чел.", 12),
        number("then_low", "Было, %", 9),
        number("now_n", "Стало: участников", 11),
        number("now_low_n", "Стало: низкий результат, чел.", 12),
        number("now_low", "Стало, %", 9),
        number("change", "Изменение, п.\u00a0п.", 11),
        text("sign", "Признак", 24),
        text("reason", "Почему не сравнивается", 30),
    )
    rows = Rows("appendix", "dynamics", columns)
    for change in changes:
        current = change.current
        rows.add(
            {
                **_unit_cells(facts, facts.run.phase.procedures, current),
                "compared_with": change.comparison.previous.short_title,
                **_year_cells("then", change.previous),
                **_year_cells("now", current),
                **change_cells(change),
                "sign": sign_words(facts, change),
                "reason": reason_words(change),
            },
            row_kind(facts, current),
            own=is_own(facts, current),
            figures={"change": change_figure(facts, change)},
        )
    laid = rows.laid()
    return sheet(
        facts,
        say(_WORDING, "s_dynamics"),
        say(_WORDING, "heading_dynamics"),
        say(_WORDING, "signs_dynamics", points=worse_text(facts)),
        laid.table,
        _subtitle(facts),
    ), laid.placed


def _year_cells(year: str, result: PaperResult | None) -> Cells:
    """Participants, those with a low result, their share; the sign where they are hidden."""
    share = low_share(result) if result is not None else None
    if share is None:
        return {f"{year}_n": share_value(result), f"{year}_low_n": "", f"{year}_low": ""}
    return {
        f"{year}_n": Count(n=share.denominator),
        f"{year}_low_n": Count(n=share.numerator),
        f"{year}_low": share,
    }


def _signs_text(facts: Facts) -> str:
    threshold = threshold_text(facts.run.plan.analysis.low_share_percent)
    return say(_WORDING, "signs_text", threshold=threshold, least=facts.run.least)
