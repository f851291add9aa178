"""What a dataset is: the columns of its file, its table, and what its rows may not say.

From one declaration follow the columns that the reader takes, the table of the database
(`store.tables`), the checks before anything is stored (`evidence.registers.rows`,
`evidence.schemas`) and the files that `make explain` shows. Declarations import nothing but
this: they are read in a process that has neither pandas nor SQLAlchemy.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal


class Kind(StrEnum):
    """The grammar of a column."""

    CODE = "code"  # without spaces
    MEASURE = "measure"  # the number of a row of the plan, «8» or «1.2»
    MUNICIPALITY = "municipality"  # our key of a municipality, latin lower case
    ADDRESSEE = "addressee"  # a municipality or `region`
    LOGIN = "login"  # the six digits of sch440123
    DIGITS = "digits"
    TEXT = "text"
    PHRASE = "phrase"  # compared with words of the plan: kept in lower case
    NAME = "name"  # ends in subjects and headings: no control characters at all
    VARIANTS = "variants"  # names separated by |
    INTEGER = "integer"
    DIFFERENCE = "difference"  # an integer that may be below zero; no file has it as a cell
    DAY = "day"
    DAY_OF_YEAR = "day_of_year"  # a day of the plan's years
    CHOICE = "choice"
    ADDRESS = "address"  # one e-mail address
    LINK = "link"  # https://…


@dataclass(frozen=True)
class Column:
    """A column of the file and of the table; the file's `title` is empty where a reader
    computes the value."""

    title: str
    key: str
    kind: Kind = Kind.TEXT
    required: bool = True
    # As written → as kept; `options.choices` of the source say or add more (docs/formats.md).
    choices: Mapping[str, Any] = field(default_factory=dict)
    # Choices that stand elsewhere.
    words: (
        Literal["risk_factors", "phases", "mechanisms", "procedures", "blocks", "indicators"] | None
    ) = None
    may_be_absent: bool = False  # a file without the column is valid, its cells are empty
    is_past: bool = False  # a day that lies ahead when the file is read is none
    is_stored: bool = True  # False: only read
    is_never_null: bool = False  # a cell may be empty, but then the row is no fact
    is_constrained: bool = False  # the database, too, takes nothing but the choices

    @property
    def is_number(self) -> bool:
        return self.kind in (Kind.INTEGER, Kind.DIFFERENCE) or any(
            isinstance(kept, int) for kept in self.choices.values()
        )

    @property
    def is_day(self) -> bool:
        return self.kind in (Kind.DAY, Kind.DAY_OF_YEAR)

    @property
    def is_nullable(self) -> bool:
        return not (self.required or self.is_never_null)


@dataclass(frozen=True)
class Rule:
    """What must hold of every row.

    A rule that names a `column` is held by the reader, row by row, whose message then shows
    the column; every rule is held of the whole table before it is stored, as pandas' columns by
    their keys. So `holds` of the former is written in what both have: `==`, `&`, `|`, `filled`,
    `when`.
    """

    code: str
    what: str  # Russian, without «Строка не принята»
    holds: Callable[[Any], Any]
    to_do: str = "Исправьте строку и положите файл снова"
    column: str | None = None


def filled(value: Any) -> Any:
    """Whether there is a value: of a cell, or of each cell of a column."""
    return value.notna() if hasattr(value, "notna") else value is not None


def when(condition: Any, then: Any) -> Any:
    """`then` wherever `condition`, of a row or of columns: no is less than yes."""
    return condition <= then


@dataclass(frozen=True)
class FactTable:
    """A table of facts. `key`: what may occur once in a file; rows that differ beside it
    contradict each other and are all set aside."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    rules: tuple[Rule, ...] = ()

    @property
    def stored(self) -> tuple[Column, ...]:
        return tuple(column for column in self.columns if column.is_stored)


@dataclass(frozen=True)
class Exclusive:
    """Rows with equal `keys` may not be valid on one day, unless they are equal, or of one
    `owner`."""

    keys: tuple[str, ...]  # the message shows the first one's column
    what: str = "Строки противоречат друг другу: сроки действия пересекаются"
    to_do: str = "Исправьте сроки или удалите лишнюю строку; пока не принята ни одна"
    code: str = "CONFLICTING_DUPLICATE"
    owner: str | None = None


@dataclass(frozen=True)
class Repeats:
    """Rows with equal `keys` that are valid on one day count once, with a warning."""

    keys: tuple[str, ...]  # the message shows the last one's column
    what: str
    to_do: str = "Удалите повтор"


@dataclass(frozen=True)
class Blank:
    """A value that means nothing where `has_meaning` does not hold: it is left out, with a
    warning if there are words for it."""

    column: str
    has_meaning: Callable[[Mapping[str, Any]], bool]
    what: str = ""
    to_do: str = ""


@dataclass(frozen=True)
class Scope:
    """A file is about one thing only, which this column names."""

    column: str
    several: str  # Russian: what a file about more than one holds


@dataclass(frozen=True)
class Spellings:
    """How files may write each `owner`, and when: a table of its own. What two owners claim for
    one day, none has."""

    table: FactTable  # owner, alias and the period of the row
    owner: str
    columns: tuple[str, ...]  # of the register; the message shows the last one
    whose: str  # Russian: «у нескольких муниципалитетов»
    to_do: str


@dataclass(frozen=True)
class Dataset:
    """A register: a table of ours or of the institute's with one fact a row.

    Its name is that of its module. Without a `scope` a file holds everything there is.
    """

    table: FactTable
    sheet: str | None = None  # None: a csv, or the first sheet with the heading
    scope: Scope | None = None
    exclusive: tuple[Exclusive, ...] = ()
    repeats: Repeats | None = None
    blanks: tuple[Blank, ...] = ()
    is_fact: Callable[[Mapping[str, Any]], bool] | None = None  # other rows say nothing
    spellings: Spellings | None = None
    frozen_as: str | None = None  # the table that a run makes of it and that queries read

    @property
    def tables(self) -> tuple[FactTable, ...]:
        return (self.table, self.spellings.table) if self.spellings else (self.table,)


# -- What several datasets share -----------------------------------------------------------

PERIOD = (
    Column("Действует с", "valid_from", Kind.DAY),
    Column("Действует по", "valid_to", Kind.DAY, required=False),  # the last day; empty: open
)
PERIOD_ENDS_LATER = Rule(
    "PERIOD",
    "дата окончания раньше даты начала",
    lambda rows: rows["valid_to"].isna() | (rows["valid_to"] >= rows["valid_from"]),
)
ROLES = {"муниципальный координатор": "coordinator", "куратор": "curator"}
# On whose base an internship takes place, a programme is carried out.
HOSTS = {"школа-лидер": "leader_school", "школа проекта": "project_school", "иное": "other"}
YES_NO = {"да": 1, "нет": 0}
APPROVED = {"утверждён": "approved", "проект": "draft"}
APPROVED_HAS_DATE = Rule(
    "CONTRADICTION",
    "утверждение без даты",
    lambda row: (row["state"] == "approved") == filled(row["approved_on"]),
    "Впишите дату утверждения или состояние «проект»",
    "approved_on",
)
# The date of a draft is no day of approval.
DRAFT_HAS_NO_DATE = Blank("approved_on", lambda row: row["state"] == "approved")
