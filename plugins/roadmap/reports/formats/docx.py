"""The справка as DOCX, for those who edit it before signing.

The frame is a Word template (`include/templates/docx/spravka.docx`) that may be edited in
Word; the body is built from the laid-out document with the template's styles.
"""

from __future__ import annotations

import copy
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time
from functools import cache, lru_cache
from typing import Any, assert_never

import docx
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import parse_xml
from docx.shared import Mm
from docxtpl import DocxTemplate
from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from lxml import etree
from markupsafe import Markup

from roadmap import russian
from roadmap.paths import TEMPLATES
from roadmap.reports.charts import drawing
from roadmap.reports.formats import wordml
from roadmap.reports.formats.archive import reproducible
from roadmap.reports.formats.layout import (
    CELL_PADDING_MM,
    Align,
    LaidBlock,
    LaidCell,
    LaidFigure,
    LaidHeading,
    LaidList,
    LaidParagraph,
    LaidPart,
    LaidRow,
    LaidTable,
    document_title,
    institution_lines,
    lay_out,
    subject_lines,
)
from roadmap.reports.formats.wordml import element, field, nodes, paragraph, run, tag, twips
from roadmap.reports.model import Document, ReportModel
from roadmap.reports.words.typeface import printable
from roadmap.russian import NBSP

SPRAVKA = TEMPLATES / "docx" / "spravka.docx"
INK, HAIRLINE = "18202B", "A9B1BC"
_BODY_PLACE = element("altChunk")
_EIGHTHS = {"thick": (8, INK), "thin": (4, INK), "hair": (4, HAIRLINE)}  # eighths of a point
_SVG_EXTENSION = "{96DAC541-7B7A-43D3-8B79-37D633B846F1}"  # [MS-ODRAWXML] 2.3.1.25, svgBlip
_DRAWING = "http://schemas.openxmlformats.org/drawingml/2006/main"
_SVG = "http://schemas.microsoft.com/office/drawing/2016/SVG/main"


def render_docx(model: ReportModel, document: Document) -> bytes:
    """The document as a DOCX file that has been opened again; the same model, the same bytes."""
    word = DocxTemplate(SPRAVKA)
    word.render_init()
    parts = lay_out(document)
    body = _Body(word.docx)
    for index, part in enumerate(parts):
        body.add(part, is_last=index == len(parts) - 1)
    word.render(_context(model, document), _environment())
    if body.sections:
        # Only the document's first page goes without a number.
        section = word.docx.element.body.sectPr
        for mark in section.findall(tag("w:titlePg")):
            section.remove(mark)
    # Put in as it is: the frame's templates have nothing to do in it. As text, since lxml takes
    # longer to move the elements than to read them.
    frame = etree.tostring(word.docx.element, encoding="unicode")
    word.docx.part._element = parse_xml(frame.replace(_BODY_PLACE, "".join(body.elements)))
    _set_properties(word.docx.core_properties, model, document)
    out = io.BytesIO()
    word.save(out)
    file = reproducible(out.getvalue())
    docx.Document(io.BytesIO(file))
    return file


class _Frame(ImmutableSandboxedEnvironment):
    """Compiles each part of the frame once in a process."""

    def __init__(self) -> None:
        super().__init__(autoescape=True, undefined=StrictUndefined)
        self._compiled = cache(super().from_string)

    def from_string(self, source: Any, *_: Any, **__: Any) -> Any:
        return self._compiled(source)


@cache
def _environment() -> ImmutableSandboxedEnvironment:
    return _Frame()


def _context(model: ReportModel, document: Document) -> dict[str, object]:
    institution = model.institution
    kind, name = institution_lines(institution)
    subject, strong = subject_lines(document)
    return {
        "institution_kind": kind,
        "institution_name": name,
        "institution_short": printable(institution.short_name),
        "kind_title": printable(document.kind_title),
        "long_date": russian.long_day(document.dated),
        "place": printable(institution.place),
        "subject": subject,
        "subject_strong": strong,
        "main": " ".join(printable(point) for point in document.main),
        "body": Markup(_BODY_PLACE),  # noqa: S704 (ours)
        "contact_name": printable(institution.contact_name),
        "contact_phone": printable(institution.contact_phone),
    }


def _set_properties(properties: Any, model: ReportModel, document: Document) -> None:
    moment = datetime.combine(document.dated, time(), UTC)
    properties.author = properties.last_modified_by = printable(model.institution.short_name)
    properties.title = document_title(document)
    properties.language = "ru-RU"
    properties.created = properties.modified = moment
    properties.revision = 1


# -- The body --------------------------------------------------------------------------------


class _Body:
    """Collects the body's elements; pictures and lists go into the package as they come."""

    def __init__(self, word: Any) -> None:
        self._word = word
        self.elements: list[str] = []
        self.sections = 0  # sections that end inside the body
        self._pictures = 0

    def add(self, part: LaidPart, *, is_last: bool) -> None:
        if part.landscape and not self.elements:
            self._end_section(landscape=False)
        before: LaidBlock | None = None
        for index, block in enumerate(part.blocks):
            follows_table = isinstance(before, LaidTable) and not before.notes
            is_end = is_last and not part.landscape and index == len(part.blocks) - 1
            self.elements.extend(self._block(block, follows_table=follows_table, is_end=is_end))
            before = block
        # The frame's own section, upright, follows the last part.
        if part.landscape or not is_last:
            self._end_section(landscape=part.landscape)

    def _end_section(self, *, landscape: bool) -> None:
        section = copy.deepcopy(self._word.element.body.sectPr)
        if self.sections:
            for mark in section.findall(tag("w:titlePg")):
                section.remove(mark)
        if landscape:
            size = section.find(tag("w:pgSz"))
            size.attrib.update(
                {
                    tag("w:w"): str(twips(297)),
                    tag("w:h"): str(twips(210)),
                    tag("w:orient"): "landscape",
                }
            )
            margins = section.find(tag("w:pgMar"))
            for side, millimetres in (("left", 20), ("right", 20), ("top", 30), ("bottom", 10)):
                margins.set(tag(f"w:{side}"), str(twips(millimetres)))
        end = etree.tostring(section, encoding="unicode")
        self.elements.append(paragraph(wordml.SECTION_END, properties=end))
        self.sections += 1

    def _block(self, block: LaidBlock, *, follows_table: bool, is_end: bool) -> Iterator[str]:
        air = element("spacing", before=180) if follows_table else ""
        match block:
            case LaidHeading():
                yield paragraph(wordml.HEADINGS[block.level], run(block.text))
            case LaidParagraph():
                # The signature does not stand on a page alone.
                text = run(block.text)
                yield paragraph(wordml.BODY, text, properties=air, keep_next=is_end)
            case LaidList():
                yield from self._list(block, air)
            case LaidTable():
                yield from _table(block)
            case LaidFigure():
                yield from self._figure(block)
            case _:
                assert_never(block)

    def _list(self, block: LaidList, air: str) -> Iterator[str]:
        numbering = self._word.part.numbering_part.element
        number = str(1 + max(int(n) for n in numbering.xpath("./w:num/@w:numId")))
        numbering.extend(
            nodes(
                element(
                    "num",
                    element("abstractNumId", val=wordml.LIST_NUMBERING),
                    element("lvlOverride", element("startOverride", val=1), ilvl=0),
                    numId=number,
                )
            )
        )
        numbered = element("numPr", element("ilvl", val=0), element("numId", val=number))
        for index, item in enumerate(block.items):
            properties = numbered if index else numbered + air
            yield paragraph(wordml.LIST_ITEM, run(item), properties=properties)

    def _figure(self, block: LaidFigure) -> Iterator[str]:
        for part in drawing.pictures(block.chart):
            picture = etree.tostring(self._picture(part, block.alt), encoding="unicode")
            yield paragraph(wordml.PICTURE, element("r", element("drawing", picture)))
        yield paragraph(
            wordml.FIGURE_CAPTION,
            run(f"Рисунок{NBSP}"),
            field("SEQ Рисунок \\* ARABIC", run(str(block.number))),
            run(f"{NBSP}— {block.caption}"),
        )

    def _picture(self, chart: Any, alt: str) -> etree._Element:
        """The chart as a picture in the line: vector, with a PNG for older programs."""
        self._pictures += 1
        package = self._word.part
        inline = package.new_pic_inline(
            io.BytesIO(drawing.chart_png(chart)),
            Mm(drawing.WIDTH_MM),
            Mm(drawing.height_mm(chart)),
        )
        inline.docPr.set("id", str(self._pictures))
        inline.docPr.set("name", f"Рисунок {self._pictures}")
        inline.docPr.set("descr", alt)
        svg = Part(
            PackURI(f"/word/media/chart{self._pictures}.svg"),
            "image/svg+xml",
            drawing.chart_svg(chart),
            package.package,
        )
        relation = package.relate_to(svg, RELATIONSHIP_TYPE.IMAGE)
        blip = next(inline.iter(f"{{{_DRAWING}}}blip"))
        extension = etree.SubElement(
            etree.SubElement(blip, f"{{{_DRAWING}}}extLst"),
            f"{{{_DRAWING}}}ext",
            uri=_SVG_EXTENSION,
        )
        vector = etree.SubElement(extension, f"{{{_SVG}}}svgBlip", nsmap={"asvg": _SVG})
        vector.set(tag("r:embed"), relation)
        return inline


# -- Tables ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Grid:
    """What cells need to know of their table."""

    widths: tuple[int, ...]  # twips
    size_pt: float


def _table(table: LaidTable) -> Iterator[str]:
    yield paragraph(
        wordml.TABLE_CAPTION,
        run(f"Таблица{NBSP}"),
        field("SEQ Таблица \\* ARABIC", run(str(table.number))),
        run(f"{NBSP}— {table.caption}"),
    )
    grid = _Grid(tuple(twips(width) for width in table.widths_mm), table.size_pt)
    padding = twips(CELL_PADDING_MM)
    properties = element(
        "tblPr",
        element("tblW", w=sum(grid.widths), type="dxa"),
        element("tblBorders", _border("top", "thick"), _border("bottom", "thick")),
        element("tblLayout", type="fixed"),
        element(
            "tblCellMar",
            element("top", w=36, type="dxa"),
            element("left", w=padding, type="dxa"),
            element("bottom", w=36, type="dxa"),
            element("right", w=padding, type="dxa"),
        ),
        element("tblLook", val="0620", firstRow=1, noHBand=1, noVBand=1),
        element("tblCaption", val=table.caption),
    )
    yield element(
        "tbl",
        properties,
        element("tblGrid", *(element("gridCol", w=width) for width in grid.widths)),
        *_head(table, grid),
        *(
            _row(
                row,
                grid,
                # The last row stays with the notes, so that none begins a page.
                keep_next=bool(table.notes)
                if index == len(table.rows) - 1
                else table.whole or row.kind == "group",
            )
            for index, row in enumerate(table.rows)
        ),
    )
    for note in table.notes:
        yield paragraph(wordml.TABLE_NOTE, run(note))


@cache
def _border(side: str, weight: str) -> str:
    if weight == "none":
        return element(side, val="nil")
    size, color = _EIGHTHS[weight]
    return element(side, val="single", sz=size, space=0, color=color)


def _head(table: LaidTable, grid: _Grid) -> Iterator[str]:
    """The heading rows, repeated on every page; a cell over two rows is merged downwards."""
    last = len(table.head) - 1
    tall: dict[int, Align] = {}  # column of a cell over two rows
    for number, laid in enumerate(table.head):
        row: list[str] = []
        column, cells = 0, iter(laid)
        while column < len(grid.widths):
            if column in tall:
                row.append(
                    _cell(LaidCell("", tall[column]), grid, column, "thin", merge="continue")
                )
                column += 1
                continue
            cell = next(cells)
            rule = "thin" if number == last else "hair" if cell.rows == 1 else "none"
            merge = "restart" if cell.rows > 1 else None
            if cell.rows > 1:
                tall[column] = cell.align
            row.append(_cell(cell, grid, column, rule, merge=merge, bottom=True, keep_next=True))
            column += cell.span
        yield element("tr", _HEAD_ROW, *row)


def _row(laid: LaidRow, grid: _Grid, *, keep_next: bool) -> str:
    # Air above the label of a group, so that it stands with its own rows.
    air = element("spacing", before=60) if laid.kind == "group" else ""
    row: list[str] = []
    column = 0
    for cell in laid.cells:
        row.append(_cell(cell, grid, column, laid.rule, keep_next=keep_next, air=air))
        column += cell.span
    return element("tr", _BODY_ROW, *row)


_BODY_ROW = element("trPr", element("cantSplit"))
_HEAD_ROW = element("trPr", element("cantSplit"), element("tblHeader"))


def _cell(
    cell: LaidCell,
    grid: _Grid,
    column: int,
    rule: str,
    *,
    merge: str | None = None,
    bottom: bool = False,
    keep_next: bool = False,
    air: str = "",
) -> str:
    color = drawing.THRESHOLD if cell.at_threshold else drawing.INK_2 if cell.quiet else None
    size = 0 if grid.size_pt == 11 else grid.size_pt  # 11 pt is the style's
    width = sum(grid.widths[column : column + cell.span])
    text = paragraph(
        wordml.TABLE_TEXT,
        run(cell.text, bold=cell.bold, color=color, size_pt=size),
        properties=air + (element("jc", val=cell.align) if cell.align != "left" else ""),
        keep_next=keep_next,
    )
    return f"<w:tc>{_cell_properties(width, cell.span, merge, rule, bottom)}{text}</w:tc>"


@lru_cache(maxsize=1024)  # those of a table's cells are the same few
def _cell_properties(width: int, span: int, merge: str | None, rule: str, bottom: bool) -> str:
    return element(
        "tcPr",
        element("tcW", w=width, type="dxa"),
        element("gridSpan", val=span) if span > 1 else "",
        element("vMerge", val=merge) if merge else "",
        # No line of its own under the last row: the table's thick one shows.
        element("tcBorders", _border("bottom", rule)) if rule != "none" else "",
        element("vAlign", val="bottom") if bottom or merge else "",
    )
