"""«Достижение планируемых результатов» of ФИС ОКО: tasks in rows, groups in columns.

«Выполнение заданий» turned round, with what each task asks for. Under a group its number of
participants («112 уч.»); where it is not said, percents make no points and only the tasks are kept
(docs/domain.md §3.2).
"""

from __future__ import annotations

import re
from collections import defaultdict
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
    read_sheets,
    text_of,
)
from roadmap.evidence.messages import NOTHING_TO_DO, place, refused, sentence
from roadmap.evidence.parsed import Parsed, ReaderContext
from roadmap.evidence.readers.percents import restored_points
from roadmap.evidence.readers.table import BESIDE, BESIDE_TO_DO, RowRejected, Table, cell_at
from roadmap.evidence.readers.vpr_export import (
    NOT_UNDERSTOOD,
    UNCLEAR,
    WITHIN,
    Group,
    group_of,
    known_municipalities,
    paper_of,
    share_at,
)
from roadmap.evidence.readers.vpr_sums import LEAST_PUPILS, MARKS, listed
from roadmap.evidence.readers.vpr_tasks import FEW

_TASK, _MOST = "Номер задания", "Макс балл"
_REQUIREMENT = "Блоки ПООП"  # the title goes on, and not always alike
_TO_DO = "Запросите файл заново; задание не учтено"
_PUPILS = re.compile(r"(\d[\d ]*) ?(?:уч\b.*)?")


@dataclass(frozen=True)
class _Column:
    """A group of participants, and its points by task as far as they are read."""

    at: int
    group: Group
    pupils: int
    points: list[int] = field(default_factory=list)


def read(content: bytes, context: ReaderContext) -> Parsed:
    """Facts `paper_task` with requirements, `task_result`; a row of evidence is a task.

    Raises FileRefused: HEADER, TITLE, SUBJECT, PERIOD and those of `read_sheets`.
    """
    sheet, heading = _table(
        read_sheets(content, context.file_name, (_TASK, _MOST), ragged=True), context
    )
    paper = paper_of(sheet, heading, context)
    table = Table(sheet, heading, context, _TO_DO, ("задание", "задания", "заданий"))
    columns, told = _columns(table, heading, context)
    place = {"sheet": sheet.name or None, "row": None}
    tasks: list[dict[str, Any]] = []
    for number, row in table.below():
        if not holds_something(cell_at(row, table.at[_TASK])):
            continue
        table.rows_read += 1
        try:
            task, most, points = _task(table, row, columns)
            if any(task == earlier["task"] for earlier in tasks):
                what = "Задание указано дважды"
                raise RowRejected("CONFLICTING_DUPLICATE", what, table.column(_TASK))
        except RowRejected as problem:
            table.reject(number, problem)
            continue
        for column, of_group in zip(columns, points, strict=True):
            column.points.append(of_group)
        requirement = _requirement(row, table.at[_REQUIREMENT])
        about = {"task": task, "maximum": most, "requirement": requirement}
        tasks.append({**place, **paper.columns(), "position": len(tasks) + 1, **about})
    facts = [
        {
            **place,
            **paper.columns(),
            **column.group.columns(),
            "pupils": column.pupils,
            "points": listed(column.points),
            "left_out": None,
            **{f"{what}_{mark}": None for what in ("pupils", "points") for mark in MARKS},
            "restored": 1,
        }
        for column in columns
        if tasks
    ]
    parsed = table.parsed(paper.scope, "task_result")
    return replace(
        parsed,
        facts={"task_result": facts, "paper_task": tasks},
        warnings=(*told, *parsed.warnings),
    )


def _table(sheets: Sequence[Sheet], context: ReaderContext) -> tuple[Sheet, Heading]:
    """The first sheet with the heading, visible ones first. Raises FileRefused HEADER."""
    for sheet in sorted(sheets, key=lambda sheet: sheet.is_hidden):
        for number, row in enumerate(sheet.rows[:WITHIN]):
            titles = list(map(normal_title, row))
            columns = {
                known: at
                for known in (_TASK, _REQUIREMENT, _MOST)
                for at, title in enumerate(titles)
                if title.startswith(normal_title(known))
            }
            if len(columns) == 3:
                return sheet, Heading(number, columns)
    raise refused(
        "HEADER",
        f"Файл не принят: нет столбцов «{_TASK}», «{_REQUIREMENT} …» и «{_MOST}»",
        "Выгрузите отчёт «Достижение планируемых результатов» заново и не меняйте заголовки",
        context.file_name,
    )


NO_PUPILS = "Не сказано, сколько участников, доли не учтены"
_TO_DO_OF = {
    NOT_UNDERSTOOD: "Запросите выгрузку с логинами школ",
    NO_PUPILS: "Впишите под заголовком столбца число участников",
    FEW: NOTHING_TO_DO,
}


def _columns(
    table: Table, heading: Heading, context: ReaderContext
) -> tuple[list[_Column], list[str]]:
    """The groups that stand in the heading and say how many took part, five at the least.

    And warnings about the others.
    """
    known = known_municipalities(context)
    rows = table.sheet.rows
    below = rows[heading.row + 1] if heading.row + 1 < len(rows) else []
    if holds_something(cell_at(below, heading.columns[_TASK])):  # a task stands there already
        below = []
    columns: dict[tuple[str, str | None], _Column] = {}
    left_out: dict[str, list[str]] = defaultdict(list)
    municipality: str | None = None
    for at, cell in enumerate(rows[heading.row]):
        if at in heading.columns.values() or not isinstance(cell, str) or not cell.strip():
            continue
        group = group_of(cell, municipality, known)
        if group.level != "school":
            municipality = group.municipality
        written = _PUPILS.fullmatch(normal_title(cell_at(below, at)))
        pupils = int(written[1].replace(" ", "")) if written else None
        if group.level == UNCLEAR:
            left_out[NOT_UNDERSTOOD].append(column_letter(at))
        elif pupils is None:
            left_out[NO_PUPILS].append(column_letter(at))
        elif pupils < LEAST_PUPILS:
            left_out[FEW].append(column_letter(at))
        elif group.key in columns:
            raise refused(
                "HEADER",
                "Файл не принят: об одной группе участников два столбца",
                "Выгрузите отчёт заново",
                context.file_name,
                sheet=table.sheet.name or None,
            )
        else:
            columns[group.key] = _Column(at, group, pupils)
    told = [
        sentence(
            f"{what}: {'столбец' if len(letters) == 1 else 'столбцы'} {', '.join(letters)}",
            place(context.file_name),
            _TO_DO_OF[what],
        )
        for what, letters in left_out.items()
    ]
    return list(columns.values()), told


def _task(table: Table, row: list[Cell], columns: Sequence[_Column]) -> tuple[str, int, list[int]]:
    """Code, maximum and points of each group; RowRejected where one of them is none."""
    task = table.value(row, _TASK, text_of) or ""
    most = table.value(row, _MOST, integer_of)
    if not most or most < 0:
        raise RowRejected("MISSING", "Нет наибольшего балла", table.column(_MOST))
    points = []
    for column in columns:
        share = share_at(row, column.at, percent_of)
        if share is None:
            raise RowRejected("MISSING", "Нет доли", column_letter(column.at))
        if not 0 <= share <= 100:
            what = "Доля меньше 0 или больше 100 %"
            raise RowRejected("RANGE", what, column_letter(column.at))
        restored, does_agree = restored_points(share, most, column.pupils)
        points.append(restored)
        if not does_agree:
            table.warn(BESIDE, BESIDE_TO_DO)
    return task, most, points


def _requirement(row: Sequence[Cell], at: int) -> str | None:
    try:
        return text_of(cell_at(row, at))
    except BadCell:
        return None
