"""What a fact must be, whatever reader brought it: the declared tables, held of whole tables.

Readers say what is wrong with a cell; here whole tables are checked at once, after parsing
and before anything is stored. A row that breaks a rule is quarantined; a table that lacks a
column or holds the wrong kind of values is the reader's fault and refuses the file.

Importing this module loads pandas: only intake does, when there are new facts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from roadmap.datasets.catalogue import TABLES
from roadmap.datasets.model import FactTable, Kind
from roadmap.evidence.messages import place, sentence
from roadmap.evidence.parsed import FileRefused, Parsed, Rejected

_DAY = r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])"
_FARTHEST = 10**12  # from nought: of any number
_FILE = "file"  # whose fact it is: a position in the list of files


@dataclass(frozen=True)
class _Fact:
    """Where a row of a frame comes from."""

    file: int
    file_name: str
    row: dict[str, Any]

    def place(self) -> str:
        return place(self.file_name, self.row.get("sheet"), self.row.get("row"))

    def rejected(self, rule: str, message: str) -> Rejected:
        return Rejected(
            rule, message, self.row.get("sheet"), self.row.get("row"), rows=self._weight()
        )

    def _weight(self) -> int:
        """How many rows of the file stand behind a fact: one, or the pupils of an aggregate.

        Of a comparison with the journal none: the same pupils stand in `mark_result`.
        """
        if self.row.get("row") is not None:
            return 1
        return int(self.row.get("participants") or 0) + int(self.row.get("absent") or 0)


@dataclass
class _Left:
    """What the checks leave of one file."""

    facts: dict[str, list[dict[str, Any]]]
    rejected: list[Rejected]
    warnings: list[str]


def check_all(files: Sequence[tuple[str, Parsed]]) -> list[Parsed | FileRefused]:
    """What is left of each file of one pull, in their order; a refusal concerns its file alone.

    `files`: the name of each file and what its reader gave. Each fact table is checked once for
    all of them; rows are compared with rows of their own file only. Facts that keep the rules
    stay; the others become rejected rows, with counts brought up. Exact duplicates are dropped
    with a warning; rows that say different things under one key are all quarantined, since
    nobody can know which is right. FileRefused («SCHEMA») where a table lacks a column or has
    values of another kind.
    """
    result: list[Parsed | FileRefused] = []
    facts: dict[str, list[_Fact]] = defaultdict(list)
    for at, (file_name, parsed) in enumerate(files):
        try:
            for name, rows in parsed.facts.items():
                _refuse_other_shapes(name, rows, file_name)
        except FileRefused as refusal:
            result.append(refusal)
            continue
        result.append(parsed)
        for name, rows in parsed.facts.items():
            facts[name] += [_Fact(at, file_name, row) for row in rows]
    left = [_Left({}, [], []) for _ in files]
    for name, of_table in facts.items():
        if of_table:
            _check_table(TABLES[name], of_table, left)
    return [
        one if isinstance(one, FileRefused) else _with_left(one, found)
        for one, found in zip(result, left, strict=True)
    ]


def check(parsed: Parsed, file_name: str) -> Parsed:
    """`check_all` of one file; FileRefused is raised."""
    (checked,) = check_all([(file_name, parsed)])
    if isinstance(checked, FileRefused):
        raise checked
    return checked


def _with_left(parsed: Parsed, left: _Left) -> Parsed:
    # In the order of the reader's tables, as messages are told.
    rejected = _each_row_once(left.rejected)
    return replace(
        parsed,
        facts={name: left.facts[name] for name, rows in parsed.facts.items() if rows},
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


def _kinds(table: FactTable) -> dict[str, type]:
    kinds: dict[str, type] = {"sheet": str, "row": int}
    return kinds | {column.key: int if column.is_number else str for column in table.stored}


def _refuse_other_shapes(name: str, rows: list[dict[str, Any]], file_name: str) -> None:
    """FileRefused where the rows are not whole numbers and text of the table's columns."""
    if not rows:
        return
    if name not in TABLES:
        raise _structural(file_name, f"неизвестный вид сведений «{name}»")
    kinds = _kinds(TABLES[name])
    unknown = set().union(*rows) - kinds.keys()
    if unknown:
        raise _structural(file_name, f"лишние поля: {', '.join(sorted(unknown))}")
    for column, kind in kinds.items():
        if not {type(row.get(column)) for row in rows} <= {kind, type(None)}:
            raise _structural(file_name, f"поле «{name}.{column}»")


def _structural(file_name: str, what: str) -> FileRefused:
    return FileRefused(
        "SCHEMA",
        sentence(
            f"Файл не принят: сведения не того вида ({what})",
            place(file_name),
            "Сообщите в поддержку: так не должно быть ни при каком файле",
        ),
    )


def _check_table(table: FactTable, facts: list[_Fact], left: list[_Left]) -> None:
    frame = pd.DataFrame(
        {_FILE: [fact.file for fact in facts]}
        | {
            column: pd.array(
                [fact.row.get(column) for fact in facts], dtype="Int64" if kind is int else "string"
            )
            for column, kind in _kinds(table).items()
        }
    )
    bad: dict[int, Rejected] = {}
    for broken, code, what, to_do in _violations(table, frame):
        for index in frame.index[broken]:
            message = sentence(f"Строка не принята: {what}", facts[index].place(), to_do)
            bad.setdefault(index, facts[index].rejected(code, message))
    frame = frame.drop(index=list(bad))
    repeated = frame.index[frame.duplicated([c for c in frame if c not in ("sheet", "row")])]
    bad |= _conflicts(table, frame.drop(index=repeated), facts)
    for index in sorted(bad):
        left[facts[index].file].rejected.append(bad[index])
    for index in repeated:
        left[facts[index].file].warnings.append(
            sentence("Строка повторяется, учтена один раз", facts[index].place(), "Удалите повтор")
        )
    dropped = {*bad, *repeated}
    for index, fact in enumerate(facts):
        kept = left[fact.file].facts.setdefault(table.name, [])
        if index not in dropped:
            kept.append(fact.row)


def _violations(table: FactTable, frame: pd.DataFrame) -> Iterator[tuple[pd.Series, str, str, str]]:
    """Which rows break a rule, its code, what is said and what to do, a rule at a time."""
    to_do = "Исправьте строку и положите файл снова"
    for column in table.stored:
        values = frame[column.key]
        absent = values.isna()
        if not column.is_nullable:
            yield absent, "MISSING", "нет обязательного значения", to_do
        if column.is_number:
            least = -_FARTHEST if column.kind is Kind.DIFFERENCE else 0
            held = values.between(least, _FARTHEST)
            yield ~held.fillna(True), "RANGE", "число вне разумных границ", to_do
        if column.is_day:
            held = values.str.fullmatch(_DAY)
            yield ~held.fillna(True), "TYPE", "дата не читается", to_do
        if column.choices:
            held = values.isin([*column.choices.values()])
            yield ~(held | absent), "CHOICE", "недопустимое значение", to_do
    for rule in table.rules:
        held = rule.holds(frame)
        yield ~held.fillna(False).astype(bool), rule.code, rule.what, rule.to_do


def _conflicts(table: FactTable, frame: pd.DataFrame, facts: list[_Fact]) -> dict[int, Rejected]:
    """Rows of one file that say different things under one key."""
    key = [_FILE, *table.key]
    found: dict[int, Rejected] = {}
    clashing = frame[frame.duplicated(key, keep=False)]
    for _, group in clashing.groupby(key, dropna=False):
        members = [facts[index] for index in group.index]
        numbers = [str(one.row["row"]) for one in members if one.row.get("row") is not None]
        where = place(members[0].file_name, members[0].row.get("sheet"))
        if numbers:
            where += f", строки {', '.join(numbers)}"
        message = sentence(
            "Строки противоречат друг другу: об одном и том же сказано по-разному",
            where,
            "Оставьте верную строку; пока не принята ни одна",
        )
        for index, one in zip(group.index, members, strict=True):
            found[index] = one.rejected("CONFLICTING_DUPLICATE", message)
    return found
