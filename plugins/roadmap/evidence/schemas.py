"""What a fact must be, whatever reader brought it: the declared tables, held of whole tables.

Readers say what is wrong with a cell; here whole tables are checked at once, after parsing
and before anything is stored. A row that breaks a rule is quarantined; a table that lacks a
column or holds the wrong kind of values is the reader's fault and refuses the file.

Importing this module loads pandas: only intake does, when there are new facts.
"""

from __future__ import annotations

import logging
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import pandas as pd

from roadmap.datasets.catalogue import TABLES
from roadmap.datasets.model import Column, FactTable, Kind
from roadmap.evidence.messages import place, sentence
from roadmap.evidence.parsed import ByColumns, FileRefused, Parsed, Rejected
from roadmap.plan.procedures import kinds

log = logging.getLogger("roadmap")

_DAY = re.compile(r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])")
_FARTHEST = 2**31 - 1  # from nought: what an integer of PostgreSQL holds
_PLACE = {"sheet": str, "row": int}  # of every fact, beside the table's own columns

Row = dict[str, Any]


@dataclass
class _Facts:
    """One table's facts of all files, by columns, and whose each row is."""

    files: list[int] = field(default_factory=list)  # positions in the list of files
    columns: dict[str, list[Any]] = field(default_factory=lambda: defaultdict(list))

    def row(self, index: int) -> Row:
        return {key: values[index] for key, values in self.columns.items()}


@dataclass
class _Left:
    """What the checks leave of one file."""

    facts: dict[str, ByColumns] = field(default_factory=dict)
    rejected: list[Rejected] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def check_all(files: Sequence[tuple[str, Parsed]]) -> list[Parsed | FileRefused]:
    """What is left of each file of one pull, in their order; a refusal concerns its file alone.

    `files`: the name of each file and what its reader gave. Each fact table is checked once for
    all of them; rows are compared with rows of their own file only. Facts that keep the rules
    stay; the others become rejected rows, with counts brought up. Exact duplicates are dropped
    with a warning; rows that say different things under one key are all quarantined, since
    nobody can know which is right. FileRefused («SCHEMA») where a table lacks a column or has
    values of another kind.
    """
    refused: dict[int, FileRefused] = {}
    left = [_Left() for _ in files]
    tables: dict[str, _Facts] = defaultdict(_Facts)
    for at, (file_name, parsed) in enumerate(files):
        filled = {name: ByColumns.of(rows) for name, rows in parsed.facts.items() if rows}
        try:
            columns = {name: _columns(name, rows, file_name) for name, rows in filled.items()}
        except FileRefused as refusal:
            refused[at] = refusal
            continue
        for name, rows in filled.items():
            left[at].facts[name] = rows
            tables[name].files += [at] * len(rows)
            for key, values in columns[name].items():
                tables[name].columns[key] += values
    names = [file_name for file_name, _ in files]
    for name, facts in tables.items():
        _check_table(TABLES[name], facts, names, left)
    return [
        refused[at] if at in refused else _with_left(parsed, left[at])
        for at, (_, parsed) in enumerate(files)
    ]


def check(parsed: Parsed, file_name: str) -> Parsed:
    """`check_all` of one file; FileRefused is raised."""
    (checked,) = check_all([(file_name, parsed)])
    if isinstance(checked, FileRefused):
        raise checked
    return checked


def _with_left(parsed: Parsed, left: _Left) -> Parsed:
    rejected = _each_row_once(left.rejected)
    return replace(
        parsed,
        facts=left.facts,
        rows_accepted=max(parsed.rows_accepted - sum(item.rows for item in rejected), 0),
        rejected=(*parsed.rejected, *rejected),
        warnings=(*parsed.warnings, *left.warnings),
    )


def _each_row_once(rejected: list[Rejected]) -> list[Rejected]:
    """A row of a file may carry several facts; it is counted with the first that fails."""
    seen: set[tuple[str | None, int | None]] = set()
    counted = []
    for item in rejected:
        if item.row is not None:
            if (item.sheet, item.row) in seen:
                item = replace(item, rows=0)
            seen.add((item.sheet, item.row))
        counted.append(item)
    return counted


def _columns(name: str, rows: ByColumns, file_name: str) -> dict[str, Sequence[Any]]:
    """All columns; FileRefused where they are not whole numbers and text of the table."""
    if name not in TABLES:
        raise _structural(file_name, f"no such table {name}")
    kinds = _kinds(name)
    unknown = rows.columns.keys() - kinds.keys()
    if unknown:
        raise _structural(file_name, f"further columns of {name}: {', '.join(sorted(unknown))}")
    columns = {key: rows.values(key) for key in kinds}
    for key, kind in kinds.items():
        if not set(map(type, columns[key])) <= {kind, type(None)}:
            raise _structural(file_name, f"the type of {name}.{key}")
    return columns


@cache
def _kinds(name: str) -> dict[str, type]:
    """The columns of a table of facts, with the type of their values."""
    return _PLACE | {column.key: _type(column) for column in TABLES[name].stored}


def _type(column: Column) -> type:
    return int if column.is_number else str


def _structural(file_name: str, what: str) -> FileRefused:
    log.error("what a reader answered does not fit the tables: %s", what)
    return FileRefused(
        "SCHEMA",
        sentence(
            "Файл не принят: прочитанное не подходит к виду сведений",
            place(file_name),
            "Сообщите в поддержку: так не должно быть ни при каком файле",
        ),
    )


def _check_table(table: FactTable, facts: _Facts, names: list[str], left: list[_Left]) -> None:
    def where(index: int) -> str:
        sheet, row = (facts.columns[key][index] for key in _PLACE)
        return place(names[facts.files[index]], sheet, row)

    bad: dict[int, Rejected] = {}
    for broken, code, what, to_do in _violations(table, facts):
        for index in broken:
            message = sentence(f"Строка не принята: {what}", where(index), to_do)
            bad.setdefault(index, _rejected(facts.row(index), code, message))
    key = [facts.files, *(facts.columns[column] for column in table.key)]
    repeated: list[int] = []
    if _equal(key, bad):
        content = [facts.files, *(facts.columns[column.key] for column in table.stored)]
        repeated = sorted(index for group in _equal(content, bad) for index in group[1:])
        for group in _equal(key, {*bad, *repeated}):
            bad |= _conflict(group, facts, names)
    for index in sorted(bad):
        left[facts.files[index]].rejected.append(bad[index])
    for index in repeated:
        left[facts.files[index]].warnings.append(
            sentence("Строка повторяется, учтена один раз", where(index), "Удалите повтор")
        )
    dropped = {*bad, *repeated}
    start = 0
    for file, rows in Counter(facts.files).items() if dropped else ():
        own = {index - start for index in dropped if start <= index < start + rows}
        left[file].facts[table.name] = left[file].facts[table.name].but(own)
        start += rows  # they stand together, file by file


class _Series(dict[str, "pd.Series[Any]"]):
    """The columns that rules ask for, as pandas has them."""

    def __init__(self, table: FactTable, facts: _Facts) -> None:
        super().__init__()
        self._kinds = _kinds(table.name)
        self._facts = facts

    def __missing__(self, key: str) -> pd.Series[Any]:
        dtype = pd.Int64Dtype() if self._kinds[key] is int else pd.StringDtype()
        self[key] = pd.Series(self._facts.columns[key], dtype=dtype)
        return self[key]


def _violations(table: FactTable, facts: _Facts) -> Iterator[tuple[Sequence[int], str, str, str]]:
    """Which rows break a rule, its code, what is said and what to do, a rule at a time."""
    to_do = "Исправьте строку и положите файл снова"
    for column in table.stored:
        values = facts.columns[column.key]
        for code, what, is_right in _rules_of(column):
            # Most columns hold few values, and nearly all are right.
            wrong = {value for value in set(values) if not is_right(value)}
            if wrong:
                yield [at for at, value in enumerate(values) if value in wrong], code, what, to_do
    series = _Series(table, facts)
    for rule in table.rules:
        held = rule.holds(series).fillna(False).astype(bool)
        yield held.index[~held].tolist(), rule.code, rule.what, rule.to_do


def _rules_of(column: Column) -> Iterator[tuple[str, str, Callable[[Any], bool]]]:
    """What each value of a column must be: code, what is said otherwise, the test."""
    if not column.is_nullable:
        yield "MISSING", "нет обязательного значения", lambda value: value is not None
    if column.is_number:
        least = -_FARTHEST if column.kind is Kind.DIFFERENCE else 0
        yield (
            "RANGE",
            "число вне разумных границ",
            lambda value: value is None or least <= value <= _FARTHEST,
        )
    if column.is_day:
        yield "TYPE", "дата не читается", lambda value: value is None or bool(_DAY.fullmatch(value))
    if column.choices:
        allowed = {None, *column.choices.values()}
        yield "CHOICE", "недопустимое значение", lambda value: value in allowed
    if column.words == "procedures":
        yield "CHOICE", "такого вида процедур нет", lambda value: value in kinds()


def _equal(columns: Sequence[Sequence[Any]], without: Iterable[int]) -> list[list[int]]:
    """The rows that are equal in these columns, group by group, but for those left out."""
    if len(set(zip(*columns, strict=True))) == len(columns[0]):
        return []
    left_out = set(without)
    groups: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    for index, values in enumerate(zip(*columns, strict=True)):
        if index not in left_out:
            groups[values].append(index)
    return [group for group in groups.values() if len(group) > 1]


def _conflict(group: list[int], facts: _Facts, names: list[str]) -> dict[int, Rejected]:
    """Rows of one file that say different things under one key."""
    members = [facts.row(index) for index in group]
    numbers = [str(row["row"]) for row in members if row.get("row") is not None]
    where = place(names[facts.files[group[0]]], members[0].get("sheet"))
    if numbers:
        where += f", строки {', '.join(numbers)}"
    message = sentence(
        "Строки противоречат друг другу: об одном и том же сказано по-разному",
        where,
        "Оставьте верную строку; пока не принята ни одна",
    )
    return {
        index: _rejected(row, "CONFLICTING_DUPLICATE", message)
        for index, row in zip(group, members, strict=True)
    }


def _rejected(row: Row, rule: str, message: str) -> Rejected:
    """The row set aside, or the pupils of an aggregated one.

    Of a comparison with the journal none: the same pupils stand in `mark_result`.
    """
    pupils = int(row.get("participants") or 0) + int(row.get("absent") or 0)
    number = row.get("row")
    return Rejected(rule, message, row.get("sheet"), number, rows=pupils if number is None else 1)
