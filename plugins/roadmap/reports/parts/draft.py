"""Writing a document block by block: numbers of sections, tables and figures as they come.

Renderers number headings and captions in order of appearance; the text has to name them
before they appear («таблица 3, рисунок 1»), so the draft counts along.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from roadmap.reports.model import Block, Figure, Heading, Numbered, Paragraph, Place, Table, Value


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
