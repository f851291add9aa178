"""«Сравнение отметок с отметками по журналу» of ФИС ОКО → agreement by group (docs/domain.md §3.2).

Each group has its name and four rows, told apart by their first word: `Понизили`,
`Подтвердили`, `Повысили`, `Всего`; captions differ between years beyond that word. Exports of
2024 are flat: a row a group, with the same words as headings. A group is one row of evidence
here: it is read or quarantined whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from roadmap.evidence.files.grid import (
    BadCell,
    Cell,
    Heading,
    Sheet,
    find_table,
    integer_of,
    normal_title,
    percent_of,
    read_sheets,
    text_of,
)
from roadmap.evidence.parsed import Parsed, ReaderContext
from roadmap.evidence.readers.percents import as_hundredths, restored_counts, sums_to_whole
from roadmap.evidence.readers.table import OUTSIDE, OUTSIDE_TO_DO, RowRejected, Table
from roadmap.evidence.readers.vpr_export import (
    GROUPS,
    MOST_PARTICIPANTS,
    NAME_IT,
    NOT_UNDERSTOOD,
    PARTICIPANTS,
    UNCLEAR,
    WITHIN,
    group_of,
    known_municipalities,
    paper_of,
)
from roadmap.russian import decimal, integer

_SHARE = "%"
_TITLES = (GROUPS, PARTICIPANTS, _SHARE)
_KINDS = {"понизили": "lowered", "подтвердили": "confirmed", "повысили": "raised"}
_TOTAL = "всего"
_COUNT = "count"
_FLAT = tuple(f"{kind} {what}" for kind in _KINDS.values() for what in (_SHARE, _COUNT))
_TO_DO = "Запросите файл заново; группа отклонена, сравнение с журналом по ней не рассчитано"


@dataclass
class _Block:
    """A group's name and its rows, as they stand in the file."""

    name: str
    row: int  # of the name, or of the first caption where the name stands beside it
    counts: dict[str, Cell] = field(default_factory=dict)
    shares: dict[str, Cell] = field(default_factory=dict)
    has_repeats: bool = False


def read(content: bytes, context: ReaderContext) -> Parsed:
    """Facts `journal_result` of one paper on all levels; a row of evidence is a group.

    Raises FileRefused: HEADER, TITLE, SUBJECT, PERIOD and those of `read_sheets`.
    """
    sheets = read_sheets(content, context.file_name, _TITLES, ragged=True)
    is_flat = (found := _flat_table(sheets)) is not None
    sheet, heading = found or find_table(
        sheets, _TITLES, WITHIN, file_name=context.file_name, is_ours=False
    )
    paper = paper_of(sheet, heading, context)
    table = Table(sheet, heading, context, _TO_DO, ("группа", "группы", "групп"))
    of_the_paper = paper.columns()
    participants = table.column(PARTICIPANTS if PARTICIPANTS in table.at else GROUPS)
    twice = RowRejected("CONFLICTING_DUPLICATE", "Группа указана дважды", participants)
    known = known_municipalities(context)
    municipality: str | None = None
    for block in _flat_blocks(table) if is_flat else _blocks(table):
        table.rows_read += 1
        group = group_of(block.name, municipality, known)
        if group.level != "school":
            municipality = group.municipality
        try:
            if group.level == UNCLEAR:
                raise RowRejected("GROUP", NOT_UNDERSTOOD, table.column(GROUPS), NAME_IT)
            counts = _counts(block, participants)
        except RowRejected as problem:
            table.reject(block.row, problem)
            continue
        fact = {**of_the_paper, **group.columns(), **counts}
        table.keep(group.key, block.row, fact, counts["compared"], twice)
    return table.parsed(paper.scope, "journal_result")


def _blocks(table: Table) -> Iterator[_Block]:
    """Groups with at least one caption, in the file's order.

    The caption stands in the group's column under its name, or in a column after it; so it is
    looked for in every cell before the numbers.
    """
    groups_at, participants_at, share_at = (table.at[title] for title in _TITLES)
    title = normal_title(GROUPS)  # the heading may be repeated on a new page
    block: _Block | None = None
    for number, row in table.below():
        name = kind = None  # the first of each in the row
        for cell in row[groups_at:participants_at]:
            if not isinstance(cell, str):
                continue
            name_in_cell, kind_in_cell = _label_of(cell)
            kind = kind or kind_in_cell
            name = name or name_in_cell
        # Beside its captions a name stands once, in merged cells, or again and again.
        is_same = kind is not None and block is not None and name == block.name
        if name is not None and not is_same and normal_title(name) != title:
            if block is not None and block.counts:
                yield block
            block = _Block(name, number)
        if kind is not None and block is not None:
            block.has_repeats |= kind in block.counts
            block.counts[kind] = row[participants_at]
            block.shares[kind] = row[share_at]
    if block is not None and block.counts:
        yield block


def _flat_table(sheets: list[Sheet]) -> tuple[Sheet, Heading] | None:
    """The first sheet with a flat heading: `Понизили (…) %`, `Понизили (…) Кол-во участников`, …

    Its columns by kind and what they say (`lowered %`), the first one with participants in all.
    """
    groups, participants = normal_title(GROUPS), normal_title(PARTICIPANTS)
    for sheet in sheets:
        for number, row in enumerate(sheet.rows[:WITHIN]):
            columns: dict[str, int] = {}
            for at, title in enumerate(map(normal_title, row)):
                kind = _KINDS.get(title.partition(" ")[0].strip("(,:"))
                if title == groups:
                    columns[GROUPS] = at
                elif title.startswith(participants):
                    columns.setdefault(PARTICIPANTS, at)
                elif kind is not None:
                    what = _COUNT if participants in title else _SHARE
                    columns.setdefault(f"{kind} {what}", at)
            if columns.keys() >= {GROUPS, *_FLAT}:
                return sheet, Heading(number, columns)
    return None


def _flat_blocks(table: Table) -> Iterator[_Block]:
    """Rows with a group and a number, each as the rows of a group stand elsewhere."""
    at = table.at
    for number, row in table.below():
        cells = {title: row[at[title]] for title in at if title != GROUPS}
        has_numbers = any(cell is not None for cell in cells.values())
        try:
            name = table.value(row, GROUPS, text_of)
        except RowRejected as problem:
            if has_numbers:
                table.rows_read += 1
                table.reject(number, problem)
            continue
        if name is None or not has_numbers:
            if name is not None or has_numbers:
                table.warn(OUTSIDE, OUTSIDE_TO_DO)
        elif normal_title(name) != normal_title(GROUPS):
            block = _Block(name, number)
            for kind in _KINDS.values():
                block.counts[kind] = cells[f"{kind} {_COUNT}"]
                block.shares[kind] = cells[f"{kind} {_SHARE}"]
            if PARTICIPANTS in at:
                block.counts[_TOTAL] = cells[PARTICIPANTS]
            yield block


class _Label(NamedTuple):
    """What a text before the numbers is: a group's name, a caption's kind, or nothing."""

    name: str | None = None
    kind: str | None = None


@lru_cache(maxsize=4096)  # captions stand in every group, groups in every file of a pull
def _label_of(text: str) -> _Label:
    first = normal_title(text).partition(" ")[0].strip(" :,.(")
    if first in _KINDS or first == _TOTAL:
        return _Label(kind=_KINDS.get(first, _TOTAL))
    try:
        return _Label(name=text_of(text))
    except BadCell:  # «#Н/Д» names nobody
        return _Label()


def _counts(block: _Block, column: str) -> dict[str, int]:
    """The columns of `journal_result` that count; RowRejected where they contradict."""
    if block.has_repeats:
        raise RowRejected("CONFLICTING_DUPLICATE", "Строка группы указана дважды", column)
    absent = [word for word, kind in _KINDS.items() if kind not in block.counts]
    if absent:
        raise RowRejected("MISSING", f"У группы нет строки «{absent[0].capitalize()}»", column)
    if (at_once := _counts_at_once(block)) is not None:
        return at_once
    try:
        counts = {kind: integer_of(block.counts[kind]) for kind in _KINDS.values()}
        total = integer_of(block.counts.get(_TOTAL))
        shares = {kind: percent_of(block.shares[kind]) for kind in _KINDS.values()}
    except BadCell as bad:
        raise RowRejected(bad.rule, bad.what, column) from None
    known = {kind: count for kind, count in counts.items() if count is not None}
    if any(not 0 <= count <= MOST_PARTICIPANTS for count in (*known.values(), total or 0)):
        raise RowRejected("RANGE", "Число участников невозможно", column)
    percents = [Decimal(0) if share is None else share for share in shares.values()]
    if any(percents) and not sums_to_whole(percents):
        sum_of_shares = decimal(float(sum(percents)), 2)
        raise RowRejected("PERCENT_SUM", f"Сумма долей — {sum_of_shares} % вместо 100 %", column)
    if len(known) == len(counts):
        if total is not None and total != sum(known.values()):
            what = f"Всего {integer(total)}, а сумма строк — {integer(sum(known.values()))}"
            raise RowRejected("TOTAL", what, column)
        return {**known, "compared": sum(known.values()), "restored": 0}
    if total is None or (total and not any(percents)):
        raise RowRejected("MISSING", "Нет чисел участников", column)
    restored = restored_counts(percents, total)
    return {**dict(zip(counts, restored, strict=True)), "compared": total, "restored": 1}


def _counts_at_once(block: _Block) -> dict[str, int] | None:
    """`_counts` of nearly all blocks: numbers that agree in every cell. None: look closer."""
    if as_hundredths([block.shares[kind] for kind in _KINDS.values()]) is None:
        return None
    counts: dict[str, int] = {}
    for kind, cell in block.counts.items():
        count = _count_in(cell)
        if count is None:
            return None
        counts[kind] = count
    total = counts.pop(_TOTAL, None)
    compared = sum(counts.values())
    if total not in (None, compared):
        return None
    return {**counts, "compared": compared, "restored": 0}


@lru_cache(maxsize=8192, typed=True)  # few numbers, again and again
def _count_in(cell: Cell) -> int | None:
    if isinstance(cell, str) and len(cell) <= 7 and cell.isascii() and cell.isdigit():
        cell = float(cell)
    if not isinstance(cell, float) or not 0 <= cell <= MOST_PARTICIPANTS or cell % 1:
        return None
    return int(cell)
