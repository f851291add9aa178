"""What a reader gives back: facts, rejected rows, counts; or the refusal of a whole file.

A reader is a plain function `read(content, context) -> Parsed`. It runs in a disposable
process (`roadmap.evidence.files.sandbox_worker`), imports no pandas, no SQLAlchemy, and keeps
nothing of a pupil: rows of pupils end here as counts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, overload


class FileRefused(Exception):
    """The whole file is refused; the batch in force stays.

    `code` is one of docs/delivery.md §8 (EMPTY, HEADER, ENCRYPTED, ...). `message` is the
    Russian sentence for the operator: what happened, which file, sheet, row, what to do.
    It never carries content of cells that may be personal.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message


@dataclass(frozen=True)
class Rejected:
    """One quarantined row (or, in pupil protocols, `rows` rows of one kind without numbers)."""

    rule: str
    message: str  # Russian: file, sheet, row, column, what was found, what to do
    sheet: str | None = None
    row: int | None = None
    column: str | None = None
    rows: int = 1


@dataclass(frozen=True)
class ReaderContext:
    """What a reader knows besides the bytes. All of it is plain data: it crosses a process."""

    file_name: str  # cleaned, for messages and for readers that need grade and subject from it
    plan_year: int
    options: Mapping[str, Any] = field(default_factory=dict)  # the source's `options`
    last_year: int | None = None  # of a roadmap over several years

    @property
    def plan_years(self) -> tuple[int, int]:
        """The first and the last year of the plan."""
        return self.plan_year, self.last_year or self.plan_year


class ByColumns(Sequence[dict[str, Any]]):
    """Rows of a table held by columns: a few lists instead of hundreds of dicts.

    ValueError where the columns differ in length.
    """

    def __init__(self, columns: Mapping[str, Sequence[Any]]) -> None:
        if len({len(values) for values in columns.values()}) > 1:
            raise ValueError("columns of different length")
        self.columns = columns

    @staticmethod
    def of(rows: Sequence[dict[str, Any]]) -> ByColumns:
        """The rows by columns; where a row lacks one, None."""
        if isinstance(rows, ByColumns):
            return rows
        orders = dict.fromkeys(map(tuple, rows))  # of names; hardly ever more than one
        names = tuple(dict.fromkeys(chain.from_iterable(orders)))
        if len(orders) > 1:
            rows = [{name: row.get(name) for name in names} for row in rows]
        return ByColumns(dict(zip(names, zip(*map(dict.values, rows), strict=True), strict=True)))

    def but(self, dropped: Collection[int]) -> ByColumns:
        """The rows without those at these indexes."""
        kept = [at for at in range(len(self)) if at not in dropped]
        return ByColumns({name: [of[at] for at in kept] for name, of in self.columns.items()})

    def values(self, name: str) -> Sequence[Any]:
        """A column, empty in every row where there is none of that name."""
        return self.columns.get(name) or (None,) * len(self)

    def __len__(self) -> int:
        return max(map(len, self.columns.values()), default=0)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for row in zip(*self.columns.values(), strict=True):
            yield dict(zip(self.columns, row, strict=True))

    @overload
    def __getitem__(self, at: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, at: slice) -> ByColumns: ...
    def __getitem__(self, at: int | slice) -> dict[str, Any] | ByColumns:
        found = {name: values[at] for name, values in self.columns.items()}
        return ByColumns(found) if isinstance(at, slice) else found

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True)
class Parsed:
    """`facts`: table name → rows as dicts with the table's columns but `batch_id`.

    `scope` names what the file is about ("vpr/2020/autumn/5/математика", "all",
    "webinar-2021-03-12"). `rows_read` counts data rows of the file (pupils, in a protocol);
    `rows_accepted + rejected` add up to it. `scale`: by which scale marks were given
    (`scale_text`); None where marks are not the reader's matter. `without_marks`: what to tell
    where there are none for want of one. `others`: further papers of the file; each is read by
    itself, with the option `paper`.
    """

    scope: str
    facts: Mapping[str, Sequence[dict[str, Any]]]
    rows_read: int
    rows_accepted: int
    rejected: tuple[Rejected, ...] = ()
    warnings: tuple[str, ...] = ()
    scale: str | None = None
    without_marks: str = ""
    others: tuple[str, ...] = ()


def scale_text(scale: Mapping[str, int] | None) -> str:
    """A scale of marks («20: 7, 11, 15»: maximum, least score for «3», «4», «5»); "" for none."""
    return f"{scale['max']}: {scale['3']}, {scale['4']}, {scale['5']}" if scale else ""


def scale_of(row: Mapping[str, Any]) -> dict[str, int]:
    """A row of the table `vpr_scale` as readers know a scale."""
    return {"max": row["maximum"], "3": row["three"], "4": row["four"], "5": row["five"]}


def scale_in(text: str) -> dict[str, int]:
    """What `scale_text` wrote of a scale."""
    maximum, _, bounds = text.partition(": ")
    return dict(zip(("max", "3", "4", "5"), map(int, (maximum, *bounds.split(", "))), strict=True))
