"""The report model: every number and every sentence of one addressee's report, computed once.

Formats only show it. The letter, the справка (DOCX and PDF) and the appendix (XLSX) are
built from the same parts: values, tables, figures and paragraphs. A number is kept as a
number with its numerator and denominator; `roadmap.reports.words.show` turns it into text, and
the appendix writes it natively.

Columns have keys. A program that reads a table asks for a cell by its column's key and never by
its place, so that a column may move or get another heading.

`own` says whether a part is the addressee's own: regional comparison, dates of source
files and moments are shown and not hashed (`content_sha256`), so that a changed file
corrects only those whose own content changed.
"""

from __future__ import annotations

import hashlib
import json
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from roadmap.plan.region import REGION


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


# -- Values ----------------------------------------------------------------------------------


class Share(Part):
    """`numerator` of `denominator`; shown as percent with one digit."""

    kind: Literal["share"] = "share"
    numerator: int
    denominator: Annotated[int, Field(gt=0)]

    @property
    def percent(self) -> float:
        return 100 * self.numerator / self.denominator


class Points(Part):
    """The exact change between two shares in percentage points, shown rounded once."""

    kind: Literal["points"] = "points"
    previous: Share
    current: Share


class Count(Part):
    """A number of things; shown with digits grouped by three."""

    kind: Literal["count"] = "count"
    n: int


class Mean(Part):
    """`total / n`; `digits` 2 for a mean mark, 1 for a mean test score."""

    kind: Literal["mean"] = "mean"
    total: int
    n: Annotated[int, Field(gt=0)]
    digits: int = 2


class Day(Part):
    kind: Literal["day"] = "day"
    on: date


class Words(Part):
    kind: Literal["words"] = "words"
    text: str


class Suppressed(Part):
    """Fewer took part than the plan's `least_participants`: «менее 5 уч.».

    `in_every_school`: of a total all of whose schools are that small, however many they make
    together: «во всех школах менее 5». `in_every_work`: of one school's works together.
    """

    kind: Literal["suppressed"] = "suppressed"
    fewer_than: int = 5  # of reports that were kept before the plan's number was
    in_every_school: bool = False
    in_every_work: bool = False


class NoData(Part):
    """«н/д»: should be there and is not."""

    kind: Literal["no_data"] = "no_data"


class NotHeld(Part):
    """«–»: was not held, or does not apply."""

    kind: Literal["not_held"] = "not_held"


Value = Annotated[
    Share | Points | Count | Mean | Day | Words | Suppressed | NoData | NotHeld,
    Field(discriminator="kind"),
]


OWN_JOIN = "; "


# -- Tables, figures, text -------------------------------------------------------------------


class Cell(Part):
    value: Value
    at_threshold: bool = False  # bold, red, with a sign; the only emphasis there is
    own: bool = True
    # Of a cell that is not the addressee's own as a whole: those of its words that are, the pieces
    # joined by OWN_JOIN. None also in reports that were kept before cells were told apart.
    own_words: str | None = None


class Row(Part):
    """`group`: one bold label over the rows below; `message`: a label and one sentence
    across the other columns; `total` and `comparison` (the region) stand last.

    The cells stand in the order of the table's columns: `Table.cells` gives them by key.
    """

    kind: Literal["data", "group", "message", "total", "comparison"] = "data"
    cells: tuple[Cell, ...]
    own: bool = True


class Column(Part):
    key: str  # stable: «two», «status»; not shown and not hashed
    title: str
    group: str | None = None  # spanning heading over neighbours with the same group
    align: Literal["left", "right"] = "left"
    width: float  # relative; renderers scale to the page (mm) or the sheet (characters)


class Table(Part):
    kind: Literal["table"] = "table"
    id: str  # stable, for parity: "marks/vpr/2020/autumn/5"
    caption: str  # without «Таблица 3 — »: the renderer numbers in order of appearance
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    own: bool = True

    @model_validator(mode="after")
    def _rows_fit_columns(self) -> Table:
        keys = self._keys()
        if len(set(keys)) < len(keys):
            raise ValueError(f"table {self.id}: two columns of one key in {keys}")
        for number, row in enumerate(self.rows):
            is_short = row.kind in ("group", "message")
            if len(row.cells) > len(keys) or (len(row.cells) < len(keys) and not is_short):
                raise ValueError(f"table {self.id}, row {number}: cells and columns differ")
        return self

    def _keys(self) -> list[str]:
        return [column.key for column in self.columns]

    def place_of(self, key: str) -> int:
        """Where the column of that key stands, from 0; ValueError when there is none."""
        return self._keys().index(key)

    def cells(self) -> tuple[dict[str, Cell], ...]:
        """Each row's cells by the keys of their columns; a group or a message has fewer."""
        return tuple(dict(zip(self._keys(), row.cells, strict=False)) for row in self.rows)


class Bar(Part):
    label: str
    value: Value  # Share or Suppressed or NoData
    at_threshold: bool = False


class BarGroup(Part):
    title: str
    bars: tuple[Bar, ...]
    region: Share | None = None  # dark tick


class BarChart(Part):
    """Horizontal bars from zero; `threshold` in percent is a dashed line."""

    kind: Literal["bars"] = "bars"
    groups: tuple[BarGroup, ...]
    threshold: float | None = None


class Pair(Part):
    """A share then and now; what is no share is written, and what can't be compared is not
    joined by a line."""

    label: str
    previous: Value  # Share, or why there is none
    current: Value
    is_joined: bool
    is_worse: bool = False  # the point of the text: red and bold


class PairGroup(Part):
    title: str
    pairs: tuple[Pair, ...]


class PairChart(Part):
    """Two dots and a line for each pair, from zero; `previous` and `current` name the dots."""

    kind: Literal["pairs"] = "pairs"
    previous: str  # «ВПР осень 2020»
    current: str
    groups: tuple[PairGroup, ...]


Chart = Annotated[BarChart | PairChart, Field(discriminator="kind")]


class Figure(Part):
    kind: Literal["figure"] = "figure"
    id: str
    caption: str  # without «Рисунок 1 — »
    alt: str  # every number in a sentence
    chart: Chart
    own: bool = True


class Heading(Part):
    kind: Literal["heading"] = "heading"
    level: Literal[1, 2]
    text: str  # without number: the renderer numbers «3.», «3.1.»


class Paragraph(Part):
    kind: Literal["paragraph"] = "paragraph"
    text: str
    own: bool = True


class Numbered(Part):
    """A numbered list: conclusions, one sentence each."""

    kind: Literal["numbered"] = "numbered"
    items: tuple[str, ...]
    own: bool = True


Block = Annotated[Heading | Paragraph | Numbered | Table | Figure, Field(discriminator="kind")]


# -- The parts of one report -----------------------------------------------------------------


class Addressee(Part):
    municipality_id: str  # 'region' for the department
    name: str
    genitive: str
    short_name: str  # for file names

    @property
    def is_region(self) -> bool:
        return self.municipality_id == REGION


class AttentionItem(Part):
    """One thing to heed: what with figures, what to do, who, by when (docs/domain.md §6.2)."""

    title: str  # a school's name, or a matter
    problem: str  # with its value
    recommendation: str
    who: str
    due: date
    confirmation: str


class LetterRow(Part):
    label: str
    note: str | None = None
    cells: tuple[Cell, ...]
    kind: Literal["data", "total", "comparison"] = "data"
    own: bool = True


class LetterColumn(Part):
    key: str
    title: str


class LetterFigures(Part):
    """«Цифры»: three columns at the most, so that it fits a phone."""

    id: str
    caption: str
    columns: Annotated[tuple[LetterColumn, ...], Field(max_length=3)]  # the first: of the labels
    rows: tuple[LetterRow, ...]

    def _keys(self) -> list[str]:
        return [column.key for column in self.columns[1:]]

    def place_of(self, key: str) -> int:
        """Where the column of that key stands in the rows' cells, from 0; ValueError if nowhere."""
        return self._keys().index(key)

    def cells(self) -> tuple[dict[str, Cell], ...]:
        """Each row's cells beside its label by the keys of their columns."""
        return tuple(dict(zip(self._keys(), row.cells, strict=True)) for row in self.rows)


class Letter(Part):
    subject: str
    preheader: str
    period: str  # «март 2021 г.»
    greeting: str
    headline: str  # the result in one sentence, no full stop
    lead: tuple[str, ...]
    request: str  # bold: «Просим сообщить о принятых мерах до 16.04.2021»
    request_rest: str
    attention: Annotated[tuple[AttentionItem, ...], Field(max_length=5)]
    attention_more: str | None  # «ещё 3 — в справке, раздел 9»; without items what to heed
    figures: LetterFigures | None
    basis: str


class Document(Part):
    """The справка, or a school's page."""

    kind_title: str  # «АНАЛИТИЧЕСКАЯ СПРАВКА»
    dated: date
    subject: str  # «О результатах …»
    subject_strong: str  # the municipality, bold
    main: Annotated[tuple[str, ...], Field(max_length=3)]  # «Главное»
    blocks: tuple[Block, ...]


class SchoolPage(Part):
    school_id: str
    name: str
    document: Document


class Sheet(Part):
    title: str  # of the sheet: «Отметки»
    heading: str  # A1
    subtitle: str  # row 2
    signs: str  # row 3
    table: Table


class Place(Part):
    """Where a key figure stands: the 0-based row of a table and its column's key."""

    view: Literal["letter", "document", "appendix"]
    table_id: str
    row: int
    column: str


class KeyFigure(Part):
    """A figure that parity reads back from every format."""

    name: str
    value: Value
    places: tuple[Place, ...]


class Institution(Part):
    full_name: str
    short_name: str
    place: str  # «г. Буй»
    contact_name: str
    contact_phone: str
    contact_address: str  # e-mail for answers (Reply-To)


class ReportModel(Part):
    plan_code: str
    phase: str
    occasion: str
    as_of: date
    addressee: Addressee
    institution: Institution
    letter: Letter
    document: Document | None  # None: the letter says it all, as a reminder does
    appendix: tuple[Sheet, ...]  # empty: no workbook
    schools: tuple[SchoolPage, ...]
    key_figures: tuple[KeyFigure, ...]

    def content_sha256(self) -> str:
        """The hash of what is the addressee's own, as 64 hex digits.

        docs/architecture.md, «What the content hash covers».

        Key figures are left out: they only repeat cells that are hashed where they stand. So
        are the keys of columns: no reader sees them.
        """
        return _sha256(_own(self._hashed()))

    def content_sha256_of_whole_cells(self) -> str:
        """The same without the own words of mixed cells, as letters were hashed before those were
        told apart."""
        return _sha256(_own(_without_own_words(self._hashed())))

    def _hashed(self) -> Any:
        tree = self.model_dump(mode="json", exclude={"key_figures"})
        # As before plans had codes: else each letter of a ledger in use would be corrected.
        if self.plan_code.isdecimal():
            tree["plan_year"] = int(tree.pop("plan_code"))
        return tree


def read_model(stored: str) -> ReportModel:
    """A report model as the database keeps it, also one from before plans had codes or columns
    had keys."""
    kept = json.loads(stored)
    if "plan_year" in kept:
        kept["plan_code"] = str(kept.pop("plan_year"))
    return ReportModel.model_validate(_with_keys(kept))


def canonical_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


# Hashed as it was before a report kept more of it: else each letter with one would be corrected.
_PLAIN = Suppressed().model_dump(exclude={"kind"})


def _sha256(node: Any) -> str:
    return hashlib.sha256(canonical_json(node).encode()).hexdigest()


def _without_own_words(node: Any) -> Any:
    if isinstance(node, dict):
        return {k: _without_own_words(value) for k, value in node.items() if k != "own_words"}
    return [_without_own_words(item) for item in node] if isinstance(node, list) else node


def _own(node: Any) -> Any:
    """The node without the parts that are not the addressee's own.

    A figure's `alt` repeats its chart in words, the region's share among them: the chart
    stands for it.
    """
    if isinstance(node, dict):
        if node.get("kind") == "figure":
            node = {**node, "alt": ""}
        if node.get("kind") == "bars":
            node = {**node, "groups": [{**g, "region": None} for g in node["groups"]]}
        if node.get("kind") == "suppressed":
            return {key: value for key, value in node.items() if _PLAIN.get(key) != value}
        if node.keys() == {"key", "title"}:  # a column of the letter
            return node["title"]
        if _is_mixed(node):
            return {"own_words": node["own_words"]}
        left_out = ("key", "own_words")
        return {key: _own(value) for key, value in node.items() if key not in left_out}
    if isinstance(node, list):
        return [_own(item) for item in node if not _is_foreign(item)]
    return node


def _is_foreign(node: Any) -> bool:
    return isinstance(node, dict) and node.get("own") is False and not _is_mixed(node)


def _is_mixed(node: dict[str, Any]) -> bool:
    return node.get("own") is False and bool(node.get("own_words"))


# -- Models that were stored before columns had keys -------------------------------------------

# What tells in a correction which indicator changed; no other key of an old column is asked for.
_OLD_INDICATORS = (
    "code", "title", "scope", "due", "target", "reached", "whole", "share", "status", "missing",
)  # fmt: skip


def _with_keys(node: Any) -> Any:
    """The node with keys for columns that have none: their places as text."""
    if isinstance(node, list):
        return [_with_keys(item) for item in node]
    if not isinstance(node, dict):
        return node
    node = {key: _with_keys(value) for key, value in node.items()}
    match node:
        case {"kind": "table", "columns": columns} if any("key" not in c for c in columns):
            is_sheet = node["id"] == "indicators" and len(columns) == len(_OLD_INDICATORS)
            keys = _OLD_INDICATORS if is_sheet else [str(place) for place in range(len(columns))]
            node["columns"] = [{**c, "key": k} for c, k in zip(columns, keys, strict=True)]
        case {"caption": _, "columns": [str(), *_] as titles}:
            keys = ["label", *(str(place) for place in range(len(titles) - 1))]
            node["columns"] = [{"key": k, "title": t} for k, t in zip(keys, titles, strict=True)]
        case {"view": view, "table_id": table_id, "column": int() as place}:
            is_sheet = (view, table_id) == ("appendix", "indicators")
            node["column"] = _OLD_INDICATORS[place] if is_sheet else str(place)
    return node
