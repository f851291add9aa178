"""What the rows of a register may not say, each by itself and to each other.

A register is declared in `roadmap.datasets` (docs/formats.md); `readers/register.py` reads it
cell by cell. Here its rules over rows are held, while the columns of the file are still known.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Any

from roadmap.datasets.model import Blank, Dataset, Exclusive, Kind, Repeats, Spellings
from roadmap.evidence.messages import place, sentence
from roadmap.evidence.names import municipality_ref
from roadmap.evidence.parsed import FileRefused, Rejected
from roadmap.mailbox import mailbox

_FOREVER = "9999-12-31"
_MOST_SCOPES_SHOWN = 5


@dataclass(frozen=True)
class RegisterRow:
    """One row of a register that its columns accept. `number` is its row in the file."""

    number: int
    values: Mapping[str, Any]

    def __getitem__(self, key: str) -> Any:
        return self.values[key]


@dataclass(frozen=True)
class Page:
    """Where lines come from, for messages."""

    file_name: str
    sheet: str | None
    columns: Mapping[str, str]  # key → «E «Участников»»

    def where(self, rows: Sequence[int], key: str | None = None) -> str:
        column = self.columns[key] if key else None
        if len(rows) == 1:
            return place(self.file_name, self.sheet, rows[0], column)
        numbers = ", ".join(map(str, rows))
        where = f"{place(self.file_name, self.sheet)}, строки {numbers}"
        return f"{where}, столбец {column}" if column else where

    def rejected(
        self,
        line: RegisterRow,
        rule: str,
        what: str,
        to_do: str,
        key: str,
        others: Iterable[RegisterRow] = (),
    ) -> Rejected:
        rows = sorted({line.number, *(other.number for other in others)})
        return Rejected(
            rule=rule,
            message=sentence(what, self.where(rows, key), to_do),
            sheet=self.sheet,
            row=line.number,
            column=self.columns[key],
        )


@dataclass
class Checked:
    """What the rules over rows leave: facts by table, rejected rows, warnings."""

    facts: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    rejected: dict[int, Rejected] = field(default_factory=dict)  # by row
    warnings: list[str] = field(default_factory=list)
    scope: str = "all"


def check_lines(dataset: Dataset, lines: Sequence[RegisterRow], page: Page) -> Checked:
    """The facts of one file; FileRefused («SCOPE») where it is about several things."""
    checked = Checked()
    blanked = [_blanked(line, dataset.blanks) for line in lines]
    for line in blanked:
        _hold_rules(dataset, line, page, checked)
    for exclusive in dataset.exclusive:
        _reject_clashing(dataset, _left(blanked, checked), exclusive, page, checked)
    kept = [
        line
        for line in _left(blanked, checked)
        if dataset.is_fact is None or dataset.is_fact(line.values)
    ]
    numbers = {line.number for line in kept}
    checked.warnings.extend(
        sentence(blank.what, page.where([line.number], blank.column), blank.to_do)
        for line in lines
        if line.number in numbers
        for blank in _applied(line, dataset.blanks)
        if blank.what
    )
    if dataset.repeats:
        kept = _without_repeats(dataset, kept, dataset.repeats, page, checked)
    if dataset.scope:
        checked.scope = _scope(kept, dataset.scope.column, dataset.scope.several, page)
    stored = [column.key for column in dataset.table.stored]
    checked.facts[dataset.table.name] = [
        {"sheet": page.sheet, "row": line.number, **{key: line[key] for key in stored}}
        for line in kept
    ]
    if dataset.spellings:
        checked.facts[dataset.spellings.table.name] = _spelt(kept, dataset.spellings, page, checked)
    return checked


def _left(lines: Iterable[RegisterRow], checked: Checked) -> list[RegisterRow]:
    return [line for line in lines if line.number not in checked.rejected]


def _applied(line: RegisterRow, blanks: Iterable[Blank]) -> Iterator[Blank]:
    for blank in blanks:
        if line[blank.column] is not None and not blank.has_meaning(line.values):
            yield blank


def _blanked(line: RegisterRow, blanks: Iterable[Blank]) -> RegisterRow:
    empty = {blank.column: None for blank in _applied(line, blanks)}
    return replace(line, values={**line.values, **empty}) if empty else line


def _hold_rules(dataset: Dataset, line: RegisterRow, page: Page, checked: Checked) -> None:
    """The rules whose message names a column; the others are held of whole tables."""
    for rule in dataset.table.rules:
        if rule.column and not rule.holds(line.values):
            what = f"Строка не принята: {rule.what}"
            checked.rejected[line.number] = page.rejected(
                line, rule.code, what, rule.to_do, rule.column
            )
            return


def _overlap(one: RegisterRow, other: RegisterRow) -> bool:
    """Whether two periods of validity share a day."""
    return bool(
        one["valid_from"] <= (other["valid_to"] or _FOREVER)
        and other["valid_from"] <= (one["valid_to"] or _FOREVER)
    )


def _identity(dataset: Dataset, line: RegisterRow, keys: Sequence[str]) -> tuple[Any, ...]:
    """What two rows have in common that speak of one thing; an address is its mailbox."""
    addresses = {one.key for one in dataset.table.columns if one.kind is Kind.ADDRESS}
    return tuple(mailbox(line[key]) if key in addresses else line[key] for key in keys)


def _reject_clashing(
    dataset: Dataset,
    lines: Iterable[RegisterRow],
    exclusive: Exclusive,
    page: Page,
    checked: Checked,
) -> None:
    groups: dict[tuple[Any, ...], list[RegisterRow]] = defaultdict(list)
    for line in lines:
        if all(line[key] is not None for key in exclusive.keys):
            groups[_identity(dataset, line, exclusive.keys)].append(line)
    for group in groups.values():
        if exclusive.owner and len({line[exclusive.owner] for line in group}) == 1:
            continue
        if not any(_overlap(a, b) and a.values != b.values for a, b in combinations(group, 2)):
            continue
        for line in group:
            checked.rejected[line.number] = page.rejected(
                line, exclusive.code, exclusive.what, exclusive.to_do, exclusive.keys[0], group
            )


def _without_repeats(
    dataset: Dataset,
    lines: Iterable[RegisterRow],
    repeats: Repeats,
    page: Page,
    checked: Checked,
) -> list[RegisterRow]:
    kept: dict[tuple[Any, ...], list[RegisterRow]] = defaultdict(list)
    for line in lines:
        same = kept[_identity(dataset, line, repeats.keys)]
        earlier = next((other for other in same if _overlap(other, line)), None)
        if earlier is None:
            same.append(line)
        else:
            where = page.where([earlier.number, line.number], repeats.keys[-1])
            checked.warnings.append(sentence(repeats.what, where, repeats.to_do))
    return sorted((line for same in kept.values() for line in same), key=lambda one: one.number)


def _scope(lines: Sequence[RegisterRow], column: str, several: str, page: Page) -> str:
    scopes = sorted({line[column] for line in lines})
    if len(scopes) > 1:
        shown = scopes[:_MOST_SCOPES_SHOWN]
        rows = [next(line.number for line in lines if line[column] == scope) for scope in shown]
        raise FileRefused(
            "SCOPE",
            sentence(
                f"Файл не принят: в нём {several}: {', '.join(f'«{one}»' for one in shown)}",
                page.where(rows, column),
                "Разделите его на файлы по одному",
            ),
        )
    return scopes[0] if scopes else "-"


def _spelt(
    lines: Iterable[RegisterRow], spellings: Spellings, page: Page, checked: Checked
) -> list[dict[str, Any]]:
    written: dict[str, dict[int, RegisterRow]] = defaultdict(dict)  # alias → row → line
    for line in lines:
        for column in spellings.columns:
            names = line[column] if isinstance(line[column], list) else [line[column]]
            for name in names:
                written[municipality_ref(name)][line.number] = line
    owner = spellings.owner
    facts = []
    for alias, by_row in sorted(written.items()):
        shared = {
            line.number
            for pair in combinations(by_row.values(), 2)
            if pair[0][owner] != pair[1][owner] and _overlap(*pair)
            for line in pair
        }
        if shared:
            what = (
                f"Вариант написания «{alias}» указан {spellings.whose} и ни для одного не действует"
            )
            where = page.where(sorted(shared), spellings.columns[-1])
            checked.warnings.append(sentence(what, where, spellings.to_do))
        stored = [column.key for column in spellings.table.stored if column.key != "alias"]
        facts += [
            {
                "sheet": page.sheet,
                "row": line.number,
                "alias": alias,
                **{key: line[key] for key in stored},
            }
            for line in by_row.values()
            if line.number not in shared
        ]
    return facts
