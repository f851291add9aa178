"""The appendix of an analysis: every figure of the report, one fact per row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from roadmap import russian
from roadmap.analysis.read import Hidden, Level, PaperResult
from roadmap.analysis.shares import wilson
from roadmap.plan.model import Procedure
from roadmap.reports.analysis.dynamics import (
    is_marked,
    placed_change,
    points,
    reason_words,
    share_value,
    sign_words,
    told,
    worse_text,
)
from roadmap.reports.facts.run import Facts
from roadmap.reports.model import (
    AttentionItem,
    Cell,
    Column,
    Count,
    NoData,
    NotHeld,
    Place,
    Row,
    Share,
    Sheet,
    Suppressed,
    Table,
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
from roadmap.reports.parts.draft import Placed
from roadmap.reports.parts.measures import Shown
from roadmap.reports.parts.results import (
    exam_values,
    is_at_threshold,
    is_own,
    low_share,
    mark_values,
    of_procedure,
    place_share,
    row_kind,
    row_label,
    threshold_text,
    words,
    written_by_own,
)
from roadmap.reports.words.wording import named, say, title

_WORDING = "analysis"
_EMPTY = Words(text="")
_ORDER = list(Level)


def compose_appendix(
    facts: Facts, shown: Sequence[Shown], items: Sequence[AttentionItem]
) -> Appendix:
    """«О файле», «Показатели», «Отметки», «ЕГЭ» and «Динамика» where any, «Внимание»."""
    procedures = [p for p in facts.run.phase.procedures if p.not_held is None]
    with_marks = [p for p in procedures if p.kind != "ege"]
    with_exams = [p for p in procedures if p.kind == "ege"]
    sheets = [about_sheet(facts, say(_WORDING, "heading_about"), _signs_text(facts))]
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
    common = (
        Column(title="ОО", width=31),
        Column(title="Процедура", width=18),
        Column(title="Программа, класс", align="right", width=13),
        Column(title="Предмет", width=18),
    )
    return (Column(title="Муниципалитет", width=34), *common) if facts.is_region else common


def _unit_cells(facts: Facts, procedure: Procedure, result: PaperResult) -> tuple[Cell, ...]:
    paper = result.paper
    common = (
        words(_unit_label(facts, result)),
        words(procedure.short_title),
        Cell(value=Count(n=paper.grade)),
        words(title(paper.subject)),
    )
    if not facts.is_region:
        return common
    municipality = facts.run.municipalities.get(result.municipality_id)
    is_within = result.level in (Level.SCHOOL, Level.MUNICIPALITY) and municipality is not None
    name = title(named(municipality.name)) if is_within and municipality is not None else ""
    return (words(name), *common)


def _unit_label(facts: Facts, result: PaperResult) -> str:
    if result.level is Level.MUNICIPALITY:
        return say(_WORDING, "sheet_municipality_total", is_partial=result.small_schools > 0)
    return row_label(facts, result)


def _procedure_of(procedures: Sequence[Procedure], result: PaperResult) -> Procedure:
    paper = result.paper
    return next(
        p for p in procedures if (p.kind, p.year, p.wave) == (paper.kind, paper.year, paper.wave)
    )


def _marks(
    facts: Facts, procedures: Sequence[Procedure], results: Sequence[PaperResult]
) -> tuple[Sheet, Iterable[Placed]]:
    units = _unit_columns(facts)
    columns = (
        *units,
        Column(title="Участников", align="right", width=11),
        Column(title="«2», чел.", align="right", width=9),
        Column(title="«2», %", align="right", width=10),
        Column(title="«2», 95\u00a0% интервал", align="right", width=12),
        Column(title="«3», %", align="right", width=9),
        Column(title="«4», %", align="right", width=9),
        Column(title="«5», %", align="right", width=9),
        Column(title="Успеваемость, %", align="right", width=11),
        Column(title="Качество знаний, %", align="right", width=11),
        Column(title="Средняя отметка", align="right", width=10),
        Column(title="Понизили, %", align="right", width=10),
        Column(title="Подтвердили, %", align="right", width=11),
        Column(title="Повысили, %", align="right", width=10),
    )
    table, placed = _results_table(
        facts, "marks", columns, procedures, results, _mark_cells, len(units) + 2
    )
    heading = say(_WORDING, "heading_marks", procedures=_present(procedures, results))
    tab, signs = say(_WORDING, "marks"), _signs(facts)
    return sheet(facts, tab, heading, signs, table, _subtitle(facts)), placed


def _exams(
    facts: Facts, procedures: Sequence[Procedure], results: Sequence[PaperResult]
) -> tuple[Sheet, Iterable[Placed]]:
    units = _unit_columns(facts)
    columns = (
        *units,
        Column(title="Участников", align="right", width=11),
        Column(title="Минимальный балл", align="right", width=12),
        Column(title="Ниже минимума, чел.", align="right", width=11),
        Column(title="Ниже минимума, %", align="right", width=11),
        Column(title="Средний балл", align="right", width=10),
        Column(title="81–100 баллов, чел.", align="right", width=11),
    )
    table, placed = _results_table(
        facts, "exams", columns, procedures, results, _exam_cells, len(units) + 3
    )
    heading = say(_WORDING, "heading_exams", procedures=_present(procedures, results))
    tab, signs = say(_WORDING, "exams"), _signs(facts)
    return sheet(facts, tab, heading, signs, table, _subtitle(facts)), placed


def _present(procedures: Sequence[Procedure], results: Sequence[PaperResult]) -> list[str]:
    found = {(r.paper.kind, r.paper.year, r.paper.wave) for r in results}
    return [p.short_title for p in procedures if (p.kind, p.year, p.wave) in found]


def _results_table(
    facts: Facts,
    table_id: str,
    columns: tuple[Column, ...],
    procedures: Sequence[Procedure],
    results: Sequence[PaperResult],
    cells_of: Callable[[PaperResult], tuple[Value, ...]],
    share_column: int,
) -> tuple[Table, list[Placed]]:
    rows: list[Row] = []
    placed: list[Placed] = []
    first_value = len(_unit_columns(facts))
    width = len(columns) - first_value
    for result in results:
        place = Place(view="appendix", table_id=table_id, row=len(rows), column=share_column)
        placed.extend(place_share(facts, result, place))
        values = _hidden(result, width) if result.hidden is not None else cells_of(result)
        cells = (
            Cell(value=value, at_threshold=number == share_column and is_at_threshold(result))
            for number, value in enumerate(values, start=first_value)
        )
        unit = _unit_cells(facts, _procedure_of(procedures, result), result)
        rows.append(
            Row(kind=row_kind(facts, result), cells=(*unit, *cells), own=is_own(facts, result))
        )
    is_partial = any(r.small_schools for r in results if r.level is not Level.REGION)
    notes = [say(_WORDING, "note_partial")] if is_partial else []
    if table_id == "marks":
        notes.extend((say(_WORDING, "note_rounding"), say(_WORDING, "note_interval")))
    return Table(
        id=table_id, caption="", columns=columns, rows=tuple(rows), notes=tuple(notes)
    ), placed


def _hidden(result: PaperResult, width: int) -> tuple[Value, ...]:
    first: Value = NotHeld() if result.hidden is Hidden.DIFFERENCE else Suppressed()
    return (first, *(_EMPTY for _ in range(width - 1)))


def _mark_cells(result: PaperResult) -> tuple[Value, ...]:
    if result.marks is None:
        return _hidden(result, 13)
    participants, two, three, four, five, passed, good, mean = mark_values(result.marks)
    return (
        participants,
        Count(n=result.marks.two),
        two,
        Words(text=_interval(result.marks.two, result.marks.participants)),
        three,
        four,
        five,
        passed,
        good,
        mean,
        *_journal(result),
    )


def _interval(numerator: int, denominator: int) -> str:
    interval = wilson(numerator, denominator)
    low, high = (russian.decimal(100 * bound, 1) for bound in (interval.low, interval.high))
    return say(_WORDING, "interval", low=low, high=high)


def _journal(result: PaperResult) -> tuple[Value, ...]:
    journal = result.journal
    if journal is not None and journal.compared:
        return tuple(
            Share(numerator=n, denominator=journal.compared)
            for n in (journal.lowered, journal.confirmed, journal.raised)
        )
    # ДР has no journal to compare with; in ВПР too few marks, or none, were compared.
    if result.paper.kind != "vpr":
        value: Value = NotHeld()
    else:
        value = Suppressed() if result.is_journal_small else NoData()
    return (value, value, value)


def _exam_cells(result: PaperResult) -> tuple[Value, ...]:
    if result.exam is None:
        return _hidden(result, 6)
    participants, *rest = exam_values(result.exam)
    return (participants, Count(n=result.exam.minimum), *rest)


def _signs(facts: Facts) -> str:
    threshold = threshold_text(facts.run.plan.analysis.low_share_percent)
    return say(_WORDING, "signs", threshold=threshold)


# -- Dynamics --------------------------------------------------------------------------------


def _dynamics(facts: Facts) -> tuple[Sheet, list[Placed]] | None:
    """A row per unit and paper: both years and the change, or why there is none."""
    changes = sorted(
        (c for c in told(facts) if facts.is_region or c.current.level is not Level.PARTICIPANTS),
        key=lambda c: _unit_order(facts, c.current),
    )
    if not changes:
        return None
    units = _unit_columns(facts)
    columns = (
        *units,
        Column(title="Сравнивается с", width=19),
        Column(title="Было: участников", align="right", width=11),
        Column(title="Было: низкий результат, чел.", align="right", width=12),
        Column(title="Было, %", align="right", width=9),
        Column(title="Стало: участников", align="right", width=11),
        Column(title="Стало: низкий результат, чел.", align="right", width=12),
        Column(title="Стало, %", align="right", width=9),
        Column(title="Изменение, п.\u00a0п.", align="right", width=11),
        Column(title="Признак", width=24),
        Column(title="Почему не сравнивается", width=30),
    )
    last = len(units) + 7
    rows: list[Row] = []
    placed: list[Placed] = []
    for change in changes:
        value = points(change)
        if value is not None:
            place = Place(view="appendix", table_id="dynamics", row=len(rows), column=last)
            placed.append(placed_change(facts, change, value, place))
        current = change.current
        procedure = _procedure_of(facts.run.phase.procedures, current)
        rows.append(
            Row(
                kind=row_kind(facts, current),
                cells=(
                    *_unit_cells(facts, procedure, current),
                    words(change.comparison.previous.short_title),
                    *_year_cells(change.previous),
                    *_year_cells(current),
                    Cell(value=value or NotHeld(), at_threshold=is_marked(change)),
                    words(sign_words(facts, change)),
                    words(reason_words(change)),
                ),
                own=is_own(facts, current),
            )
        )
    table = Table(id="dynamics", caption="", columns=columns, rows=tuple(rows))
    return sheet(
        facts,
        say(_WORDING, "s_dynamics"),
        say(_WORDING, "heading_dynamics"),
        say(_WORDING, "signs_dynamics", points=worse_text(facts)),
        table,
        _subtitle(facts),
    ), placed


def _year_cells(result: PaperResult | None) -> tuple[Cell, Cell, Cell]:
    """Participants, those with a low result, their share; the sign where they are hidden."""
    share = low_share(result) if result is not None else None
    if share is None:
        return (Cell(value=share_value(result)), Cell(value=_EMPTY), Cell(value=_EMPTY))
    return (
        Cell(value=Count(n=share.denominator)),
        Cell(value=Count(n=share.numerator)),
        Cell(value=share),
    )


def _signs_text(facts: Facts) -> str:
    threshold = threshold_text(facts.run.plan.analysis.low_share_percent)
    return say(_WORDING, "signs_text", threshold=threshold)
