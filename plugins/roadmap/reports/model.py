"""The report model: every number and every sentence of one addressee's report, computed once.

Formats only show it. The letter, the справка (DOCX and PDF) and the appendix (XLSX) are
built from the same parts: values, tables, figures and paragraphs. A number is kept as a
number with its numerator and denominator; `roadmap.reports.words.show` turns it into text, and
the appendix writes it natively.

`own` says whether a part is the addressee's own: regional comparison, dates of source
files and moments are shown and not hashed (`content_sha256`), so that a changed file
corrects only those whose own content changed.
"""

from __future__ import annotations

import hashlib
import json
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field


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
    """The change between two shares in percentage points, as a reader would subtract them."""

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
    """Fewer than five took part: «менее 5 уч.»."""

    kind: Literal["suppressed"] = "suppressed"


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


# -- Tables, figures, text -------------------------------------------------------------------


class Cell(Part):
    value: Value
    at_threshold: bool = False  # bold, red, with a sign; the only emphasis there is
    own: bool = True


class Row(Part):
    """`group`: one bold label over the rows below; `message`: a label and one sentence
    across the other columns; `total` and `comparison` (the region) stand last."""

    kind: Literal["data", "group", "message", "total", "comparison"] = "data"
    cells: tuple[Cell, ...]
    own: bool = True


class Column(Part):
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
        return self.municipality_id == "region"


class AttentionItem(Part):
    """One thing to heed: what with figures, what to do, who, by when (domain.md §6.2)."""

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


class LetterFigures(Part):
    """«Цифры»: three columns at the most, so that it fits a phone."""

    id: str
    caption: str
    columns: Annotated[tuple[str, ...], Field(max_length=3)]  # the first heads the labels
    rows: tuple[LetterRow, ...]


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
    attention_more: str | None  # «ещё 3 — в справке, раздел 9»
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
    """Where a key figure stands: 0-based row and column of a table's `cells`.

    In the letter the label is no cell: column 0 is the first value beside it.
    """

    view: Literal["letter", "document", "appendix"]
    table_id: str
    row: int
    column: int


class KeyFigure(Part):
    """A figure that parity reads back from every format."""

    name: str
    value: Value
    places: tuple[Place, ...]


class Institution(Part):
    full_name: str
    short_name: str
    place: str  # «г. Кострома»
    contact_name: str
    contact_phone: str
    contact_address: str  # e-mail for answers (Reply-To)


class ReportModel(Part):
    plan_year: int
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
        """The hash of what is the addressee's own (design.md §7), as 64 hex digits.

        Key figures are left out: they only repeat cells that are hashed where they stand.
        """
        own = _own(self.model_dump(mode="json", exclude={"key_figures"}))
        return hashlib.sha256(canonical_json(own).encode()).hexdigest()


def canonical_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


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
        return {key: _own(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_own(item) for item in node if not _is_foreign(item)]
    return node


def _is_foreign(node: Any) -> bool:
    return isinstance(node, dict) and node.get("own") is False
