"""Tables row by row: a row names its cells by column, and so do the key figures in it.

A row may name more cells than the columns show. So one function tells of a school, an indicator
or a missing thing, and each table takes what its columns ask for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Literal, TypeAlias

from roadmap.reports.model import (
    Cell,
    Column,
    LetterColumn,
    LetterFigures,
    LetterRow,
    Place,
    Row,
    Table,
    Value,
    Words,
)
from roadmap.reports.parts.draft import Laid, Placed
from roadmap.reports.words.wording import read_words

View: TypeAlias = Literal["document", "appendix"]
# What a row may be given for a cell: the cell, a value of the addressee's own, or its words.
Given: TypeAlias = Cell | Value | str
Cells: TypeAlias = Mapping[str, Given]
# A key figure before it has a place: what joins its places, and its name.
KeyFigure: TypeAlias = tuple[tuple[str, ...], str]
KeyFigures: TypeAlias = Mapping[str, KeyFigure | None]


def columns(
    table: str, of: str = "", group: str | None = None, **titles: str
) -> tuple[Column, ...]:
    """The columns of wording/tables.yaml under that name; `titles` are those that it leaves open.

    `of` begins the keys of columns that stand several times, once under each `group`.
    """
    return tuple(
        Column(key=f"{of}{key}", **{"title": titles.get(key), "group": group, **one})
        for key, one in _tables()[table].items()
    )


@cache
def _tables() -> dict[str, dict[str, dict[str, Any]]]:
    return read_words("tables")


def text(key: str, title: str, width: float, group: str | None = None) -> Column:
    return Column(key=key, title=title, group=group, width=width)


def number(key: str, title: str, width: float, group: str | None = None) -> Column:
    return Column(key=key, title=title, group=group, align="right", width=width)


def foreign(value: Value) -> Cell:
    """A cell that is shown and is not the addressee's own."""
    return Cell(value=value, own=False)


def _cell(given: Given) -> Cell:
    if isinstance(given, str):
        return Cell(value=Words(text=given))
    return given if isinstance(given, Cell) else Cell(value=given)


class Rows:
    """The rows of one table so far."""

    def __init__(self, view: View, table_id: str, columns: Sequence[Column]) -> None:
        self.view, self._id, self._columns = view, table_id, tuple(columns)
        self._rows: list[Row] = []
        self._placed: list[Placed] = []

    def __len__(self) -> int:
        return len(self._rows)

    def group(self, label: str) -> None:
        self._rows.append(Row(kind="group", cells=(_cell(label),)))

    def message(self, label: str, sentence: str, *, own: bool = True) -> None:
        cells = (_cell(label), _cell(sentence))
        self._rows.append(Row(kind="message", cells=cells, own=own))

    def add(
        self,
        cells: Cells,
        kind: Literal["data", "total", "comparison"] = "data",
        *,
        own: bool = True,
        figures: KeyFigures | None = None,
    ) -> None:
        """One row; `figures` are key figures by the column in whose cell they stand.

        KeyError when `cells` has nothing for a column.
        """
        self._placed += _placed(self.view, self._id, len(self._rows), cells, figures)
        row = tuple(_cell(cells[column.key]) for column in self._columns)
        self._rows.append(Row(kind=kind, cells=row, own=own))

    def laid(self, caption: str = "", notes: Iterable[str] = ()) -> Laid:
        """The table with these rows, and where its key figures stand."""
        table = Table(
            id=self._id,
            caption=caption,
            columns=self._columns,
            rows=tuple(self._rows),
            notes=tuple(notes),
        )
        return Laid(table, tuple(self._placed))


class LetterRows:
    """The rows of the letter's «Цифры» so far; `columns` are the titles beside the label's."""

    def __init__(self, table_id: str, label: str, columns: Mapping[str, str]) -> None:
        self._id, self._columns = table_id, {"label": label, **columns}
        self._rows: list[LetterRow] = []
        self._placed: list[Placed] = []

    def add(
        self,
        label: str,
        cells: Cells,
        kind: Literal["data", "total", "comparison"] = "data",
        *,
        note: str | None = None,
        own: bool = True,
        figures: KeyFigures | None = None,
    ) -> None:
        """One row; `figures` as in `Rows.add`. KeyError when `cells` lacks a column."""
        self._placed += _placed("letter", self._id, len(self._rows), cells, figures)
        row = tuple(_cell(cells[key]) for key in list(self._columns)[1:])
        self._rows.append(LetterRow(label=label, note=note, cells=row, kind=kind, own=own))

    def laid(self, caption: str) -> tuple[LetterFigures, tuple[Placed, ...]]:
        columns = tuple(LetterColumn(key=key, title=title) for key, title in self._columns.items())
        table = LetterFigures(id=self._id, caption=caption, columns=columns, rows=tuple(self._rows))
        return table, tuple(self._placed)


def _placed(
    view: Literal["letter", "document", "appendix"],
    table_id: str,
    row: int,
    cells: Cells,
    figures: KeyFigures | None,
) -> Iterator[Placed]:
    for column, figure in (figures or {}).items():
        if figure is not None:
            place = Place(view=view, table_id=table_id, row=row, column=column)
            yield Placed(*figure, _cell(cells[column]).value, place)


def table_of(
    table_id: str,
    columns: Sequence[Column],
    rows: Iterable[Cells],
    caption: str = "",
    notes: Iterable[str] = (),
) -> Table:
    """A table of the addressee's own rows, without key figures."""
    made = Rows("document", table_id, columns)
    for cells in rows:
        made.add(cells)
    return made.laid(caption, notes).table
