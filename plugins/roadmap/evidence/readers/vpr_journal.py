"""«Сравнение отметок с отметками по журналу» of ФИС ОКО → agreement by group (docs/domain.md §3.2).

Each group has its name and four rows, told apart by their first word: `Понизили`,
`Подтвердили`, `Повысили`, `Всего`; captions differ between years beyond that word. A group is
one row of evidence here: it is read or quarantined whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

from roadmap.evidence.files.grid import (
    BadCell,
    Cell,
    Heading,
    Sheet,
    column_name,
    find_table,
    integer_of,
    latin_letters,
    normal_title,
    percent_of,
    read_sheets,
    text_of,
)
from roadmap.evidence.messages import place, sentence
from roadmap.evidence.parsed import Parsed, ReaderContext, Rejected
from roadmap.evidence.readers.percents import as_hundredths, restored_counts, sums_to_whole
from roadmap.evidence.readers.vpr_export import (
    GROUPS,
    MOST_PARTICIPANTS,
    NAME_IT,
    NOT_UNDERSTOOD,
    PARTICIPANTS,
    UNCLEAR,
    WITHIN,
    cell_at,
    group_of,
    known_municipalities,
    paper_of,
)
from roadmap.russian import counted, decimal, integer

_SHARE = "%"
_TITLES = (GROUPS, PARTICIPANTS, _SHARE)
_KINDS = {"понизили": "lowered", "подтвердили": "confirmed", "повысили": "raised"}
_TOTAL = "всего"
_TO_DO = "Запросите файл заново; группа отложена, сравнение с журналом по ней не рассчитано"


@dataclass
class _Block:
    """A group's name and its rows, as they stand in the file."""

    name: str
    row: int  # of the name, or of the first caption where the name stands beside it
    counts: dict[str, Cell] = field(default_factory=dict)
    shares: dict[str, Cell] = field(default_factory=dict)
    has_repeats: bool = False


class _GroupRejected(Exception):
    def __init__(self, rule: str, what: str, to_do: str = _TO_DO) -> None:
        super().__init__(rule)
        self.rule = rule
        self.what = what
        self.to_do = to_do


def read(content: bytes, context: ReaderContext) -> Parsed:
    """Facts `journal_result` of one paper on all levels; a row of evidence is a group.

    Raises FileRefused: HEADER, TITLE, SUBJECT, PERIOD and those of `read_sheets`.
    """
    sheet, heading = find_table(
        read_sheets(content, context.file_name, _TITLES, ragged=True),
        _TITLES,
        WITHIN,
        file_name=context.file_name,
        is_ours=False,
    )
    paper = paper_of(sheet, heading, context)
    of_the_paper = paper.columns()
    facts: dict[tuple[str, str | None], dict[str, Any]] = {}
    rejected: list[Rejected] = []
    contradicted: set[tuple[str, str | None]] = set()
    rows_read = without_pupils = repeated = 0
    municipality: str | None = None

    known = known_municipalities(context)

    def reject(row: int, problem: _GroupRejected) -> None:
        title = GROUPS if problem.rule == "GROUP" else PARTICIPANTS
        column = column_name(heading.columns[title], title)
        where = place(context.file_name, sheet.name, row, column)
        message = sentence(problem.what, where, problem.to_do)
        rejected.append(Rejected(problem.rule, message, sheet.name, row, column))

    for block in _blocks(sheet, heading):
        rows_read += 1
        group = group_of(block.name, municipality, known)
        if group.level != "school":
            municipality = group.municipality
        try:
            if group.level == UNCLEAR:
                raise _GroupRejected("GROUP", NOT_UNDERSTOOD, NAME_IT)
            counts = _counts(block)
        except _GroupRejected as problem:
            reject(block.row, problem)
            continue
        fact = {"sheet": sheet.name, "row": block.row}
        fact |= {**of_the_paper, **group.columns(), **counts}
        earlier = facts.get(group.key)
        if earlier is not None and earlier | {"row": 0} == fact | {"row": 0}:
            repeated += 1
        elif earlier is not None or group.key in contradicted:
            contradicted.add(group.key)
            for row in (block.row, *([earlier["row"]] if earlier else [])):
                reject(row, _GroupRejected("CONFLICTING_DUPLICATE", "Группа указана дважды"))
            facts.pop(group.key, None)
        elif counts["compared"]:
            facts[group.key] = fact
        else:
            without_pupils += 1
    return Parsed(
        scope=paper.scope,
        facts={"journal_result": list(facts.values())},
        rows_read=rows_read,
        rows_accepted=rows_read - len(rejected),
        rejected=tuple(rejected),
        warnings=(
            *latin_letters(sheet.rows[heading.row]),
            *_warnings(sheet, without_pupils, repeated),
        ),
    )


def _warnings(sheet: Sheet, without_pupils: int, repeated: int) -> tuple[str, ...]:
    warnings = []
    if sheet.is_hidden:
        warnings.append("Таблица прочитана со скрытого листа.")
    if without_pupils:
        groups = counted(without_pupils, "группа", "группы", "групп")
        warnings.append(f"Без участников: {groups}.")
    if repeated:
        groups = counted(repeated, "группа", "группы", "групп")
        warnings.append(f"Повторённые группы, взяты один раз: {groups}.")
    return tuple(warnings)


def _blocks(sheet: Sheet, heading: Heading) -> Iterator[_Block]:
    """Groups with at least one caption, in the file's order.

    The caption stands in the group's column under its name, or in a column after it; so it is
    looked for in every cell before the numbers.
    """
    at = heading.columns
    title = normal_title(GROUPS)  # the heading may be repeated on a new page
    block: _Block | None = None
    for number, row in enumerate(sheet.rows[heading.row + 1 :], start=heading.row + 2):
        name = kind = None  # the first of each in the row
        for cell in row[at[GROUPS] : at[PARTICIPANTS]]:
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
            block.counts[kind] = cell_at(row, at[PARTICIPANTS])
            block.shares[kind] = cell_at(row, at[_SHARE])
    if block is not None and block.counts:
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
    return _Label(name=text_of(text))


def _counts(block: _Block) -> dict[str, int]:
    """The columns of `journal_result` that count; _GroupRejected where they contradict."""
    if block.has_repeats:
        raise _GroupRejected("CONFLICTING_DUPLICATE", "Строка группы указана дважды")
    absent = [word for word, kind in _KINDS.items() if kind not in block.counts]
    if absent:
        raise _GroupRejected("MISSING", f"У группы нет строки «{absent[0].capitalize()}»")
    if (at_once := _counts_at_once(block)) is not None:
        return at_once
    try:
        counts = {kind: integer_of(block.counts[kind]) for kind in _KINDS.values()}
        total = integer_of(block.counts.get(_TOTAL))
        shares = {kind: percent_of(block.shares[kind]) for kind in _KINDS.values()}
    except BadCell as bad:
        raise _GroupRejected(bad.rule, bad.what) from None
    known = {kind: count for kind, count in counts.items() if count is not None}
    if any(not 0 <= count <= MOST_PARTICIPANTS for count in (*known.values(), total or 0)):
        raise _GroupRejected("RANGE", "Число участников невозможно")
    percents = [Decimal(0) if share is None else share for share in shares.values()]
    if any(percents) and not sums_to_whole(percents):
        sum_of_shares = decimal(float(sum(percents)), 2)
        raise _GroupRejected("PERCENT_SUM", f"Сумма долей — {sum_of_shares} % вместо 100 %")
    if len(known) == len(counts):
        if total is not None and total != sum(known.values()):
            raise _GroupRejected(
                "TOTAL",
                f"Всего {integer(total)}, а сумма строк — {integer(sum(known.values()))}",
            )
        return {**known, "compared": sum(known.values()), "restored": 0}
    if total is None or (total and not any(percents)):
        raise _GroupRejected("MISSING", "Нет чисел участников")
    restored = restored_counts(percents, total)
    return {**dict(zip(counts, restored, strict=True)), "compared": total, "restored": 1}


def _counts_at_once(block: _Block) -> dict[str, int] | None:
    """`_counts` of nearly all blocks: numbers that agree in every cell. None: look closer."""
    if as_hundredths([block.shares[kind] for kind in _KINDS.values()]) is None:
        return None
    counts: dict[str, int] = {}
    for kind, cell in block.counts.items():
        if type(cell) is str and len(cell) <= 7 and cell.isascii() and cell.isdigit():
            cell = float(cell)
        if type(cell) is not float or not 0 <= cell <= MOST_PARTICIPANTS or cell % 1:
            return None
        counts[kind] = int(cell)
    total = counts.pop(_TOTAL, None)
    compared = sum(counts.values())
    if total not in (None, compared):
        return None
    return {**counts, "compared": compared, "restored": 0}
