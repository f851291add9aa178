"""A table below one heading → facts: cells by their titles, rows set aside, warnings.

What exports and tables of a fact a row share, be a row one line or a group of lines.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from roadmap.evidence.files.grid import (
    BadCell,
    Cell,
    Heading,
    Sheet,
    column_letter,
    column_name,
    latin_letters,
)
from roadmap.evidence.messages import NOTHING_TO_DO, place, sentence
from roadmap.evidence.parsed import Parsed, ReaderContext, Rejected
from roadmap.russian import counted

_Value = TypeVar("_Value")
_ROWS = ("строка", "строки", "строк")


class RowRejected(Exception):
    """A row that cannot be used: rule, what was found, in which column, what to do (else as
    with any row of its table)."""

    def __init__(self, rule: str, what: str, column: str, to_do: str | None = None) -> None:
        super().__init__(rule)
        self.rule = rule
        self.what = what
        self.column = column
        self.to_do = to_do


def cell_at(row: Sequence[Cell], column: int) -> Cell:
    """The cell, None beyond the end of a short row."""
    return row[column] if column < len(row) else None


OUTSIDE = "Строки вне таблицы (подписи, примечания) пропущены"
OUTSIDE_TO_DO = "Проверьте, не оторвались ли строки от таблицы"
# … of shares that differ from the number of participants by more than rounding can.
BESIDE = "Доли расходятся с числом участников больше, чем на округление"
BESIDE_TO_DO = "Проверьте, верно ли число участников"


class Table:
    """The rows below the heading: what was kept of them, what was set aside, warnings.

    `to_do`: what is to be done about a row that is set aside; `units`: what a row is called, in
    the three forms that Russian counts with.
    """

    def __init__(
        self,
        sheet: Sheet,
        heading: Heading,
        context: ReaderContext,
        to_do: str,
        units: tuple[str, str, str] = _ROWS,
    ) -> None:
        self.context = context
        self.sheet = sheet
        self.at = heading.columns
        self.rows_read = 0
        self.rejected: list[Rejected] = []
        self._heading = heading.row
        self._to_do = to_do
        self._units = units
        self._warned: dict[tuple[str, str], int] = {}
        self._facts: dict[Hashable, dict[str, Any]] = {}
        self._contradicted: set[Hashable] = set()
        if sheet.is_hidden:
            self.warn("Таблица прочитана со скрытого листа", "Проверьте, тот ли это лист")
        if sheet.hidden_rows:
            self.warn(
                "Скрытые строки прочитаны вместе с остальными",
                "Проверьте, что они нужны",
                sheet.hidden_rows,
            )

    def below(self) -> Iterator[tuple[int, list[Cell]]]:
        """All rows below the heading, as long as the longest, with their numbers in the file."""
        width = max(map(len, self.sheet.rows))
        for number, row in enumerate(self.sheet.rows[self._heading + 1 :], self._heading + 2):
            if len(row) < width:
                row += [None] * (width - len(row))
            yield number, row

    def column(self, title: str) -> str:
        return column_name(self.at[title], title)

    def columns(self, titles: Iterable[str]) -> str:
        """«D–G», for what several columns say together."""
        places = sorted(self.at[title] for title in titles)
        return f"{column_letter(places[0])}–{column_letter(places[-1])}"

    def value(self, row: Sequence[Cell], title: str, grammar: Callable[[Cell], _Value]) -> _Value:
        """The cell of a row `below` by its grammar; RowRejected where it has another."""
        try:
            return grammar(row[self.at[title]])
        except BadCell as bad:
            raise RowRejected(bad.rule, bad.what, self.column(title)) from None

    def reject(self, number: int, problem: RowRejected) -> None:
        name = self.sheet.name or None
        where = place(self.context.file_name, name, number, problem.column)
        message = sentence(problem.what, where, problem.to_do or self._to_do)
        self.rejected.append(Rejected(problem.rule, message, name, number, problem.column))

    def warn(self, what: str, to_do: str, times: int = 1) -> None:
        """A warning about rows that were read; it is given once, with their number."""
        self._warned[what, to_do] = self._warned.get((what, to_do), 0) + times

    def keep(
        self, key: Hashable, number: int, fact: dict[str, Any], people: int, twice: RowRejected
    ) -> None:
        """The fact of a row, once; what differs about one key is `twice`, and set aside."""
        fact = {"sheet": self.sheet.name or None, "row": number, **fact}
        earlier = self._facts.get(key)
        if earlier is not None and earlier | {"row": 0} == fact | {"row": 0}:
            self.warn(f"Повторённые {self._units[1]}, взяты один раз", "Удалите повторы")
        elif earlier is not None or key in self._contradicted:
            self._contradicted.add(key)
            for row in (number, *([earlier["row"]] if earlier else [])):
                self.reject(row, twice)
            self._facts.pop(key, None)
        elif people:
            self._facts[key] = fact
        else:
            self.warn("Без участников", NOTHING_TO_DO)

    def parsed(self, scope: str, table: str) -> Parsed:
        where = place(self.context.file_name)
        warnings = (
            sentence(f"{what}: {counted(times, *self._units)}", where, to_do)
            for (what, to_do), times in self._warned.items()
        )
        return Parsed(
            scope=scope,
            facts={table: list(self._facts.values())},
            rows_read=self.rows_read,
            rows_accepted=self.rows_read - len(self.rejected),
            rejected=tuple(self.rejected),
            warnings=(*latin_letters(self.sheet.rows[self._heading]), *warnings),
        )
