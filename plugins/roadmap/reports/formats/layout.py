"""How a document is set out: numbers of headings, tables and figures, widths, spans, breaks.

DOCX and PDF both show what is laid out here, so that their text and numbering cannot differ
(look: real headings «3.», «3.1.», «Таблица 3 — …», region last, no verticals).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import Literal, TypeAlias, assert_never

from roadmap.reports import model
from roadmap.reports.words.show import show
from roadmap.reports.words.typeface import (
    MM_PER_POINT,
    SERIF,
    SERIF_BOLD,
    SOFT_HYPHEN,
    hyphenated,
    printable,
    text_width_mm,
    widest_word_mm,
)
from roadmap.russian import NBSP

PORTRAIT_MM = 170.0  # A4 less margins of 30 and 10 mm
LANDSCAPE_MM = 257.0  # A4 turned, less margins of 20 and 20 mm
CELL_PADDING_MM = 1.5  # on each side
TABLE_SIZES_PT = (11.0, 10.0)  # never below 10
WHOLE_MM = 130.0  # a lower table is not divided between pages
_STEPS = 40  # in which the room to spare is given out
_COMFORT = 0.9  # of a turned page that words may take, or the next size is tried
_NORM = 8  # of the heights of a row's cells: near to the tallest
_READABLE_MM = 28.0  # a sentence in a narrower column reads as a list of words

Align = Literal["left", "right", "center"]
Rule = Literal["none", "hair", "thin"]


@dataclass(frozen=True)
class LaidCell:
    text: str
    align: Align = "left"
    span: int = 1  # columns
    rows: int = 1
    bold: bool = False
    at_threshold: bool = False
    quiet: bool = False  # a sentence instead of figures


@dataclass(frozen=True)
class LaidRow:
    kind: str
    cells: tuple[LaidCell, ...]
    rule: Rule  # the line below it


@dataclass(frozen=True)
class LaidHeading:
    level: int
    number: str  # «3.1.»
    text: str


@dataclass(frozen=True)
class LaidParagraph:
    text: str


@dataclass(frozen=True)
class LaidList:
    items: tuple[str, ...]


@dataclass(frozen=True)
class LaidTable:
    number: int
    caption: str
    head: tuple[tuple[LaidCell, ...], ...]  # one or two rows
    rows: tuple[LaidRow, ...]
    notes: tuple[str, ...]
    widths_mm: tuple[float, ...]
    size_pt: float
    landscape: bool
    whole: bool  # short enough to be kept on one page

    @property
    def title(self) -> str:
        return f"Таблица{NBSP}{self.number}{NBSP}— {self.caption}"


@dataclass(frozen=True)
class LaidFigure:
    number: int
    caption: str
    alt: str
    chart: model.Chart

    @property
    def title(self) -> str:
        return f"Рисунок{NBSP}{self.number}{NBSP}— {self.caption}"


LaidBlock: TypeAlias = LaidHeading | LaidParagraph | LaidList | LaidTable | LaidFigure


@dataclass(frozen=True)
class LaidPart:
    """Blocks whose pages all lie the same way."""

    landscape: bool
    blocks: tuple[LaidBlock, ...]


def institution_lines(institution: model.Institution) -> tuple[str, str]:
    """What kind of organisation it is, and its own name in «ёлочки» (may be empty)."""
    kind, quote, name = printable(institution.full_name).partition("«")
    return kind.strip(), quote + name


def document_title(document: model.Document) -> str:
    """The title in a file's properties: «Аналитическая справка. О результатах …. Район»."""
    kind = printable(document.kind_title).capitalize()
    return f"{kind}. {printable(document.subject)}. {printable(document.subject_strong)}"


def subject_lines(document: model.Document) -> tuple[str, str]:
    """The title of the text, «О …», and whose it is, which begins a sentence of its own."""
    strong = printable(document.subject_strong)
    return f"{printable(document.subject).rstrip('.')}.", strong[:1].upper() + strong[1:]


@lru_cache(maxsize=4)  # DOCX and PDF show the same
def lay_out(document: model.Document) -> tuple[LaidPart, ...]:
    """The document's blocks, numbered in order of appearance, by the way their pages lie.

    A section with a table too wide for the page is turned as a whole (docs/look.md §4).
    """
    parts: list[LaidPart] = []
    for section in _sections(_laid_blocks(document.blocks)):
        turned = any(isinstance(block, LaidTable) and block.landscape for block in section)
        if parts and parts[-1].landscape == turned:
            section = [*parts.pop().blocks, *section]
        parts.append(LaidPart(turned, tuple(section)))
    return tuple(parts)


def _sections(blocks: Iterator[LaidBlock]) -> Iterator[list[LaidBlock]]:
    """The blocks cut before every heading that does not directly follow another one."""
    section: list[LaidBlock] = []
    for block in blocks:
        follows_heading = bool(section) and isinstance(section[-1], LaidHeading)
        if isinstance(block, LaidHeading) and section and not follows_heading:
            yield section
            section = []
        section.append(block)
    if section:
        yield section


def _laid_blocks(blocks: tuple[model.Block, ...]) -> Iterator[LaidBlock]:
    chapter = section = tables = figures = 0
    for block in blocks:
        match block:
            case model.Heading(level=1):
                chapter, section = chapter + 1, 0
                yield LaidHeading(1, f"{chapter}.", printable(block.text))
            case model.Heading():
                section += 1
                yield LaidHeading(2, f"{chapter}.{section}.", printable(block.text))
            case model.Paragraph():
                yield LaidParagraph(printable(block.text))
            case model.Numbered():
                yield LaidList(tuple(printable(item) for item in block.items))
            case model.Table():
                tables += 1
                yield _laid_table(block, tables)
            case model.Figure():
                figures += 1
                yield LaidFigure(
                    figures, printable(block.caption), printable(block.alt), block.chart
                )
            case _:
                assert_never(block)


# -- Tables ----------------------------------------------------------------------------------


def _laid_table(table: model.Table, number: int) -> LaidTable:
    rows = tuple(_laid_rows(table))
    widths, size, landscape = _fit(table, rows)
    return LaidTable(
        number=number,
        caption=printable(table.caption),
        head=_head(table, widths, size),
        rows=rows,
        notes=tuple(printable(note) for note in table.notes),
        widths_mm=widths,
        size_pt=size,
        landscape=landscape,
        whole=_height_mm(rows, widths, size) <= WHOLE_MM,
    )


def _height_mm(rows: tuple[LaidRow, ...], widths: tuple[float, ...], size_pt: float) -> float:
    """About how high the rows are: enough to decide whether they stay together."""
    line = 1.15 * size_pt * MM_PER_POINT
    height = 0.0
    for row in rows:
        column, lines = 0, 1
        for cell in row.cells:
            room = sum(widths[column : column + cell.span]) - 2 * CELL_PADDING_MM
            lines = max(lines, math.ceil(1.1 * text_width_mm(cell.text, SERIF, size_pt) / room))
            column += cell.span
        height += lines * line + 1.8
    return height


def _laid_rows(table: model.Table) -> Iterator[LaidRow]:
    for index, row in enumerate(table.rows):
        following = table.rows[index + 1].kind if index + 1 < len(table.rows) else None
        yield LaidRow(row.kind, tuple(_row_cells(table, row)), _rule_below(row.kind, following))


def _rule_below(kind: str, following: str | None) -> Rule:
    if following is None or kind == "group":
        return "none"  # the table's own thick rule; or the label stays with its rows
    return "thin" if following == "group" else "hair"


def _row_cells(table: model.Table, row: model.Row) -> Iterator[LaidCell]:
    """The row's cells; the last of a short row reaches over the columns that are left."""
    last = len(row.cells) - 1
    for index, cell in enumerate(row.cells):
        over = len(table.columns) - last if index == last else 1
        yield LaidCell(
            text=printable(show(cell.value)),
            align=table.columns[index].align if over == 1 else "left",
            span=over,
            bold=row.kind == "group" or cell.at_threshold,
            at_threshold=cell.at_threshold,
            quiet=row.kind == "message" and index > 0,
        )


def _head(
    table: model.Table, widths: tuple[float, ...], size_pt: float
) -> tuple[tuple[LaidCell, ...], ...]:
    """One row of headings, or two where neighbours share a spanning one."""

    def title(index: int, rows: int = 1) -> LaidCell:
        column = table.columns[index]
        text = _title(column)
        room = widths[index] - 2 * CELL_PADDING_MM
        if widest_word_mm(text, SERIF, size_pt) > room:
            text = hyphenated(text)
        return LaidCell(text, column.align, rows=rows)

    if not any(column.group for column in table.columns):
        return (tuple(title(index) for index in range(len(table.columns))),)
    upper: list[LaidCell] = []
    lower: list[LaidCell] = []
    for group, members in groupby(range(len(table.columns)), key=lambda i: table.columns[i].group):
        indexes = list(members)
        if group is None:
            upper.extend(title(index, rows=2) for index in indexes)
        else:
            upper.append(LaidCell(printable(group), "center", span=len(indexes)))
            lower.extend(title(index) for index in indexes)
    return tuple(upper), tuple(lower)


def _title(column: model.Column) -> str:
    """The column's heading; its unit never begins a line."""
    return printable(column.title).replace(", %", f",{NBSP}%")


def _fit(table: model.Table, rows: tuple[LaidRow, ...]) -> tuple[tuple[float, ...], float, bool]:
    """Column widths in mm, size in pt, and whether the page is turned.

    No word is divided in a row and no heading but by its hyphens; a table that is too wide
    for the page at 11 pt is set in 10 pt, then turned (docs/look.md §4).
    """
    weights = [column.width for column in table.columns]
    for room, landscape in ((PORTRAIT_MM, False), (LANDSCAPE_MM, True)):
        for size in TABLE_SIZES_PT:
            least = _least_widths(table, rows, size)
            # A turned table that hardly fits has no room left for its sentences.
            fill = _COMFORT if landscape and size > TABLE_SIZES_PT[-1] else 1.0
            if sum(least) <= fill * room:
                unbroken = _unbroken_widths(rows, least, size)
                whole = _whole_headings(table, unbroken, size)
                for widths in (whole, unbroken):
                    if sum(widths) <= room:
                        return _shares(weights, widths, room), size, landscape
                readable = [
                    max(low, _READABLE_MM) if high > 2 * _READABLE_MM else low
                    for low, high in zip(least, unbroken, strict=True)
                ]
                least = readable if sum(readable) <= room else least
                return _by_need(rows, least, room, size), size, landscape
    shrink = LANDSCAPE_MM / sum(least)
    return tuple(width * shrink for width in least), TABLE_SIZES_PT[-1], True


def _least_widths(table: model.Table, rows: tuple[LaidRow, ...], size_pt: float) -> list[float]:
    least = [_heading_mm(_title(column), size_pt) for column in table.columns]
    for row in rows:
        for index, cell in enumerate(row.cells):
            if cell.span > 1:
                continue
            font = SERIF_BOLD if cell.bold else SERIF
            measure = text_width_mm if cell.align == "right" else widest_word_mm
            least[index] = max(least[index], measure(cell.text, font, size_pt))
    # A tenth of a millimetre for the rounding of other programs.
    return [width + 2 * CELL_PADDING_MM + 0.1 for width in least]


def _heading_mm(title: str, size_pt: float) -> float:
    """The narrowest the heading may get: a word of it is divided once at the most."""
    return max(_divided_once_mm(word, size_pt) for word in title.split(" "))


def _divided_once_mm(word: str, size_pt: float) -> float:
    parts = hyphenated(word).split(SOFT_HYPHEN)
    divisions = (
        f"{''.join(parts[:at])}{SOFT_HYPHEN}{''.join(parts[at:])}" for at in range(1, len(parts))
    )
    return min(widest_word_mm(division, SERIF, size_pt) for division in (word, *divisions))


def _unbroken_widths(rows: tuple[LaidRow, ...], least: list[float], size_pt: float) -> list[float]:
    """Widths at which no cell of a row needs a second line."""
    widths = list(least)
    for row in rows:
        for index, cell in enumerate(row.cells):
            if cell.span == 1:
                font = SERIF_BOLD if cell.bold else SERIF
                text = text_width_mm(cell.text, font, size_pt) + 2 * CELL_PADDING_MM + 0.1
                widths[index] = max(widths[index], text)
    return widths


def _whole_headings(table: model.Table, widths: list[float], size_pt: float) -> list[float]:
    """`widths` at which no word of a heading is divided either."""
    return [
        max(width, widest_word_mm(_title(column), SERIF, size_pt) + 2 * CELL_PADDING_MM + 0.1)
        for column, width in zip(table.columns, widths, strict=True)
    ]


def _by_need(
    rows: tuple[LaidRow, ...], least: list[float], room: float, size_pt: float
) -> tuple[float, ...]:
    """`room` divided so that the rows get as low as they can, a step at a time to the column
    that makes most of them lower.

    A row is as high as its tallest cell; the norm counts those that are nearly as tall too, so
    that of two columns of long texts both get room.
    """
    widths = list(least)
    # A cell that reaches over several columns runs on and asks for no room of its own.
    texts = [
        [text_width_mm(cell.text, SERIF, size_pt) if cell.span == 1 else 0.0 for cell in row.cells]
        for row in rows
    ]
    step = (room - sum(least)) / _STEPS
    for _ in range(_STEPS):
        gains = [0.0] * len(widths)
        for row in texts:
            now = [_powered(text, width) for text, width in zip(row, widths, strict=False)]
            whole = sum(now)
            height = whole ** (1 / _NORM)
            for index, text in enumerate(row):
                wider = whole - now[index] + _powered(text, widths[index] + step)
                gains[index] += height - wider ** (1 / _NORM)
        best = max(range(len(gains)), key=gains.__getitem__)
        if gains[best] <= 0:
            # Rows as low as they get: what is left goes to all alike.
            rest = (room - sum(widths)) / len(widths)
            return tuple(width + rest for width in widths)
        widths[best] += step
    return tuple(widths)


def _powered(text_mm: float, width_mm: float) -> float:
    """The lines that a text takes in a column, to the power of the norm."""
    return max(text_mm / (width_mm - 2 * CELL_PADDING_MM), 1.0) ** _NORM


def _shares(weights: list[float], least: list[float], room: float) -> tuple[float, ...]:
    """`room` divided by `weights`, no column narrower than its `least`."""
    fixed: dict[int, float] = {}
    while True:
        free = room - sum(fixed.values())
        weight = sum(w for index, w in enumerate(weights) if index not in fixed)
        short = {
            index: least[index]
            for index, w in enumerate(weights)
            if index not in fixed and free * w / weight < least[index]
        }
        if not short:
            return tuple(
                fixed[index] if index in fixed else free * w / weight
                for index, w in enumerate(weights)
            )
        fixed |= short
        if len(fixed) == len(weights):
            return tuple(width * room / sum(least) for width in least)
