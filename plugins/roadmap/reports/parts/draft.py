"""Writing a document block by block: numbers of sections, tables and figures as they come.

Renderers number headings and captions in order of appearance; the text has to name them
before they appear («таблица 3, рисунок 1»), so the draft counts along.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from roadmap.reports.model import (
    Block,
    Document,
    Figure,
    Heading,
    KeyFigure,
    Letter,
    LetterFigures,
    Numbered,
    Paragraph,
    Place,
    Sheet,
    Table,
    Value,
)
from roadmap.reports.words.show import show


@dataclass(frozen=True)
class Placed:
    """One standing place of a key figure. `key` joins the places of one figure."""

    key: tuple[str, ...]
    name: str
    value: Value
    place: Place


@dataclass(frozen=True)
class Laid:
    """A table and the key figures that stand in it."""

    table: Table
    placed: tuple[Placed, ...]


class Draft:
    """The blocks of one document so far."""

    def __init__(self) -> None:
        self._blocks: list[Block] = []
        self._sections: dict[str, int] = {}
        self._tables = 0
        self._figures = 0
        self._placed: list[Placed] = []

    @property
    def next_table(self) -> int:
        return self._tables + 1

    @property
    def next_figure(self) -> int:
        return self._figures + 1

    @property
    def blocks(self) -> tuple[Block, ...]:
        return tuple(self._blocks)

    @property
    def placed(self) -> tuple[Placed, ...]:
        """Where key figures stand in the tables so far."""
        return tuple(self._placed)

    def section(self, name: str, text: str) -> None:
        """Begin a section; `name` is for `number_of`."""
        self._sections[name] = len(self._sections) + 1
        self._blocks.append(Heading(level=1, text=text))

    def number_of(self, name: str) -> int:
        """The section's number; KeyError when it has not begun."""
        return self._sections[name]

    def subsection(self, text: str) -> None:
        self._blocks.append(Heading(level=2, text=text))

    def paragraph(self, text: str, own: bool = True) -> None:
        self._blocks.append(Paragraph(text=text, own=own))

    def numbered(self, items: Iterable[str], own: bool = True) -> None:
        self._blocks.append(Numbered(items=tuple(items), own=own))

    def table(self, table: Table | Laid) -> None:
        self._tables += 1
        if isinstance(table, Laid):
            self._placed += table.placed
            table = table.table
        self._blocks.append(table)

    def figure(self, figure: Figure) -> None:
        self._figures += 1
        self._blocks.append(figure)


class ModelDisagrees(ValueError):
    """A key figure is said to stand where another value stands: a fault of the composer."""


def key_figures(placed: Iterable[Placed]) -> tuple[KeyFigure, ...]:
    """Key figures with all their places, in order of first appearance.

    ModelDisagrees when one figure is placed with two values.
    """
    figures: dict[tuple[str, ...], list[Placed]] = {}
    for one in placed:
        figures.setdefault(one.key, []).append(one)
    for places in figures.values():
        if any(one.value != places[0].value for one in places):
            raise ModelDisagrees(f"two values of one key figure: {places[0].key}")
    return tuple(
        KeyFigure(
            name=places[0].name, value=places[0].value, places=tuple(one.place for one in places)
        )
        for places in figures.values()
    )


def check_places(
    letter: Letter, document: Document, appendix: tuple[Sheet, ...], figures: tuple[KeyFigure, ...]
) -> None:
    """Every place of every key figure holds its value; ModelDisagrees otherwise.

    ModelDisagrees also when two tables of one view share an id: a place would be ambiguous.
    """
    tables: dict[tuple[str, str], list[dict[str, Value]]] = {}

    def put(view: str, table: Table | LetterFigures) -> None:
        if (view, table.id) in tables:
            raise ModelDisagrees(f"two tables {table.id} in the {view}")
        tables[view, table.id] = [
            {key: cell.value for key, cell in cells.items()} for cells in table.cells()
        ]

    if letter.figures is not None:
        put("letter", letter.figures)
    for block in document.blocks:
        if isinstance(block, Table):
            put("document", block)
    for sheet in appendix:
        put("appendix", sheet.table)
    for figure in figures:
        for place in figure.places:
            rows = tables.get((place.view, place.table_id), [])
            if place.row >= len(rows) or place.column not in rows[place.row]:
                raise ModelDisagrees(f"no such place: {place}")
            there = rows[place.row][place.column]
            if there != figure.value:
                raise ModelDisagrees(f"{place} holds {show(there)}, not {show(figure.value)}")
