"""«Выполнение заданий» and «… группами участников» of ФИС ОКО: points by task of each group.

A column a task, under its code its maximum, in the cells the percent of the maximum that a group
has. Where the row of a group is followed by those of its pupils with each mark (the last digit of
the caption), both are read (docs/domain.md §3.2).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from roadmap.evidence.files.grid import (
    BadCell,
    Cell,
    Heading,
    Sheet,
    column_letter,
    holds_something,
    integer_of,
    normal_title,
    percent_of,
)
from roadmap.evidence.messages import NOTHING_TO_DO, place, refused, sentence
from roadmap.evidence.parsed import Parsed, ReaderContext
from roadmap.evidence.readers.percents import ROUNDING, restored_points
from roadmap.evidence.readers.table import (
    BESIDE,
    BESIDE_TO_DO,
    OUTSIDE,
    OUTSIDE_TO_DO,
    RowRejected,
    cell_at,
)
from roadmap.evidence.readers.vpr_export import (
    GROUPS,
    PARTICIPANTS,
    GroupTable,
    export_table,
    headings_after,
    paper_of,
    share_at,
)
from roadmap.evidence.readers.vpr_sums import LEAST_PUPILS, MARKS, TaskSums, listed, tasks_of

_TO_DO = "Запросите файл заново; группа отклонена, выполнение заданий по ней не рассчитано"
# «Ср.% вып. уч. гр.баллов 2»; how it is written is not known for certain.
_OF_A_MARK = re.compile(r"\D*(?:гр\. ?балл|отмет|групп)\D*([2-5])\W?")
FEW = "Меньше пяти участников, баллы по заданиям не взяты"


@dataclass(frozen=True)
class _Block:
    """A group's row, and those of its pupils with each mark."""

    number: int
    name: str
    row: list[Cell]
    marks: list[tuple[int, list[Cell]]] = field(default_factory=list)


def read(content: bytes, context: ReaderContext) -> Parsed:
    """Facts `task_result` and `paper_task` of one paper; a row of evidence is a group.

    Raises FileRefused: HEADER, TITLE, SUBJECT, PERIOD and those of `read_sheets`.
    """
    sheet, heading = export_table(content, context)
    tasks = headings_after(sheet, heading)
    maxima_row, maxima = _maxima(sheet, heading, [at for _, at in tasks], context)
    paper = paper_of(sheet, heading, context)
    table = GroupTable(sheet, Heading(maxima_row, heading.columns), context, _TO_DO)
    points_at = [(at, most) for (_, at), most in zip(tasks, maxima, strict=True)]
    for block in _blocks(table, [at for at, _ in points_at]):
        try:
            group = table.group(block.name, block.row)
            found = _found(table, block, points_at)
        except RowRejected as problem:
            table.reject(block.number, problem)
            continue
        fact = {**paper.columns(), **group.columns(), **found}
        table.keep(group.key, block.number, fact, found["pupils"], table.twice())
    parsed = table.parsed(paper.scope, "task_result")
    kept = [fact for fact in parsed.facts["task_result"] if fact["points"] is not None]
    few = len(parsed.facts["task_result"]) - len(kept)
    where = place(context.file_name)
    told = (sentence(f"{FEW}: {few}", where, NOTHING_TO_DO),) if few else ()
    of_the_paper = {"sheet": sheet.name or None, "row": None, **paper.columns()}
    return replace(
        parsed,
        facts={
            "task_result": kept,
            "paper_task": tasks_of(
                of_the_paper, zip([code for code, _ in tasks], maxima, strict=True)
            ),
        },
        warnings=(*parsed.warnings, *told),
    )


def _maxima(
    sheet: Sheet, heading: Heading, tasks_at: Sequence[int], context: ReaderContext
) -> tuple[int, list[int]]:
    """The row under the heading with the maximum of each task. Raises FileRefused HEADER."""
    for number in (heading.row + 1, heading.row + 2):
        row = sheet.rows[number] if number < len(sheet.rows) else []
        if not tasks_at or holds_something(cell_at(row, heading.columns[GROUPS])):
            continue
        try:
            maxima = [integer_of(cell_at(row, at)) for at in tasks_at]
        except BadCell:
            continue
        whole = [most for most in maxima if most is not None and most > 0]
        if len(whole) == len(tasks_at):
            return number, whole
    raise refused(
        "HEADER",
        "Файл не принят: под номерами заданий нет строки с их наибольшими баллами",
        "Выгрузите отчёт «Выполнение заданий» заново и не меняйте строки над таблицей",
        context.file_name,
        sheet=sheet.name or None,
    )


def _blocks(table: GroupTable, shares_at: Sequence[int]) -> list[_Block]:
    blocks: list[_Block] = []
    for number, name, row in table.data_rows(shares_at):
        mark = _OF_A_MARK.fullmatch(normal_title(name))
        if mark is None:
            blocks.append(_Block(number, name, row))
            continue
        table.rows_read -= 1  # a part of its group's row
        if blocks:
            blocks[-1].marks.append((int(mark[1]), row))
        else:
            table.warn(OUTSIDE, OUTSIDE_TO_DO)
    return blocks


def _found(table: GroupTable, block: _Block, points_at: list[tuple[int, int]]) -> dict[str, Any]:
    """The columns of `task_result`, `points` being None of too few; RowRejected."""
    pupils = table.participants(block.row)
    points = _points(table, block.row, points_at, pupils)
    found = {
        "pupils": pupils,
        "points": listed(points) if pupils >= LEAST_PUPILS else None,
        "left_out": None,
        **{f"{what}_{mark}": None for what in ("pupils", "points") for mark in MARKS},
        "restored": 1,
    }
    if not block.marks or pupils < LEAST_PUPILS:
        return found
    sums = TaskSums()
    for mark, row in block.marks:
        if mark in sums.pupils:
            what = f"Участники с отметкой «{mark}» указаны дважды"
            raise RowRejected("CONFLICTING_DUPLICATE", what, table.column(GROUPS))
        of_mark = table.participants(row)
        sums.pupils[mark] = of_mark
        if of_mark:
            sums.points[mark] = _points(table, row, points_at, of_mark)
    if sums.pupils.total() != pupils:
        what = "Участники с отметками 2–5 не дают вместе числа участников"
        raise RowRejected("SUM", what, table.column(PARTICIPANTS))
    sums.pupils = +sums.pupils
    together = map(sum, zip(*sums.points.values(), strict=True))
    if any(
        abs(of_marks - of_all) > 1 + ROUNDING * most * pupils / 100
        for of_marks, of_all, (_, most) in zip(together, points, points_at, strict=True)
    ):
        table.warn(
            "Доли групп расходятся с долями всех участников больше, чем на округление",
            "Проверьте, цел ли файл",
        )
    of_marks = sums.columns()
    del of_marks["points"], of_marks["left_out"]
    return {**found, **of_marks}


def _points(
    table: GroupTable, row: list[Cell], points_at: list[tuple[int, int]], pupils: int
) -> list[int]:
    points = []
    for at, most in points_at:
        share = share_at(row, at, percent_of)
        if share is None and pupils:
            raise RowRejected("MISSING", "Нет доли у одного из заданий", column_letter(at))
        if share is not None and not 0 <= share <= 100:
            raise RowRejected("RANGE", "Доля меньше 0 или больше 100 %", column_letter(at))
        restored, does_agree = restored_points(share or 0, most, pupils)
        points.append(restored)
        if not does_agree:
            table.warn(BESIDE, BESIDE_TO_DO)
    return points
