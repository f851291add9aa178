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
from typing import Any, assert_never

import docx
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import Part
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
from roadmap.reports.formats.wordml import element, field, paragraph, run, tag, twips
from roadmap.reports.model import Document, ReportModel
from roadmap.reports.words.typeface import printable
from roadmap.russian import NBSP

SPRAVKA = TEMPLATES / "docx" / "spravka.docx"
INK, HAIRLINE = "18202B", "A9B1BC"
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
    word.render(_context(model, document, body), _environment())
    if body.sections:
        # Only the document's first page goes without a number.
        for mark in word.docx.element.body.sectPr.findall(tag("w:titlePg")):
            word.docx.element.body.sectPr.remove(mark)
    _set_properties(word.docx.core_properties, model, document)
    out = io.BytesIO()
    word.save(out)
    file = reproducible(out.getvalue())
    docx.Document(io.BytesIO(file))
    return file


def _environment() -> ImmutableSandboxedEnvironment:
    return ImmutableSandboxedEnvironment(autoescape=True, undefined=StrictUndefined)


def _context(model: ReportModel, document: Document, body: _Body) -> dict[str, object]:
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
        "body": Markup("".join(body.xml())),  # noqa: S704 (serialised by lxml: escaped)
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
        self._elements: list[etree._Element] = []
        self.sections = 0  # sections that end inside the body
        self._pictures = 0

    def xml(self) -> Iterator[str]:
        for node in self._elements:
            yield etree.tostring(node, encoding="unicode")

    def add(self, part: LaidPart, *, is_last: bool) -> None:
        if part.landscape and not self._elements:
            self._end_section(landscape=False)
        before: LaidBlock | None = None
        for block in part.blocks:
            nodes = list(self._block(block))
            follows_table = isinstance(before, LaidTable) and not before.notes
            if follows_table and isinstance(block, LaidParagraph | LaidList):
                nodes[0][0].append(element("spacing", before=180))
            self._elements.extend(nodes)
            before = block
        if is_last and isinstance(before, LaidParagraph) and not part.landscape:
            # The signature does not stand on a page alone.
            self._elements[-1][0].insert(1, element("keepNext"))
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
        end = paragraph(wordml.SECTION_END)
        end[0].append(section)
        self._elements.append(end)
        self.sections += 1

    def _block(self, block: LaidBlock) -> Iterator[etree._Element]:
        match block:
            case LaidHeading():
                yield paragraph(wordml.HEADINGS[block.level], run(block.text))
            case LaidParagraph():
                yield paragraph(wordml.BODY, run(block.text))
            case LaidList():
                yield from self._list(block)
            case LaidTable():
                yield from _table(block)
            case LaidFigure():
                yield from self._figure(block)
            case _:
                assert_never(block)

    def _list(self, block: LaidList) -> Iterator[etree._Element]:
        numbering = self._word.part.numbering_part.element
        number = str(1 + max(int(n) for n in numbering.xpath("./w:num/@w:numId")))
        numbering.append(
            element(
                "num",
                element("abstractNumId", val=wordml.LIST_NUMBERING),
                element("lvlOverride", element("startOverride", val=1), ilvl=0),
                numId=number,
            )
        )
        for item in block.items:
            node = paragraph(wordml.LIST_ITEM, run(item))
            node[0].append(element("numPr", element("ilvl", val=0), element("numId", val=number)))
            yield node

    def _figure(self, block: LaidFigure) -> Iterator[etree._Element]:
        for part in drawing.pictures(block.chart):
            yield paragraph(
                wordml.PICTURE, element("r", element("drawing", self._picture(part, block.alt)))
            )
        yield paragraph(
            wordml.FIGURE_CAPTION,
            run(f"Рисунок{NBSP}"),
            field("SEQ Рисунок \\* ARABIC", str(block.number)),
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


def _table(table: LaidTable) -> Iterator[etree._Element]:
    yield paragraph(
        wordml.TABLE_CAPTION,
        run(f"Таблица{NBSP}"),
        field("SEQ Таблица \\* ARABIC", str(table.number)),
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


def _border(side: str, weight: str) -> etree._Element:
    if weight == "none":
        return element(side, val="nil")
    size, color = _EIGHTHS[weight]
    return element(side, val="single", sz=size, space=0, color=color)


def _head(table: LaidTable, grid: _Grid) -> Iterator[etree._Element]:
    """The heading rows, repeated on every page; a cell over two rows is merged downwards."""
    last = len(table.head) - 1
    tall: dict[int, Align] = {}  # column of a cell over two rows
    for number, laid in enumerate(table.head):
        row = _row_element(is_head=True)
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
        yield row


def _row(laid: LaidRow, grid: _Grid, *, keep_next: bool) -> etree._Element:
    row = _row_element(is_head=False)
    column = 0
    for cell in laid.cells:
        node = _cell(cell, grid, column, laid.rule, keep_next=keep_next)
        if laid.kind == "group":
            _set_space_before(node)
        row.append(node)
        column += cell.span
    return row


def _row_element(*, is_head: bool) -> etree._Element:
    properties = element("trPr", element("cantSplit"))
    if is_head:
        properties.append(element("tblHeader"))
    return element("tr", properties)


def _cell(
    cell: LaidCell,
    grid: _Grid,
    column: int,
    rule: str,
    *,
    merge: str | None = None,
    bottom: bool = False,
    keep_next: bool = False,
) -> etree._Element:
    width = sum(grid.widths[column : column + cell.span])
    properties = element("tcPr", element("tcW", w=width, type="dxa"))
    if cell.span > 1:
        properties.append(element("gridSpan", val=cell.span))
    if merge:
        properties.append(element("vMerge", val=merge))
    # No line of its own under the last row: the table's thick one shows.
    if rule != "none":
        properties.append(element("tcBorders", _border("bottom", rule)))
    if bottom or merge:
        properties.append(element("vAlign", val="bottom"))
    color = drawing.THRESHOLD if cell.at_threshold else drawing.INK_2 if cell.quiet else None
    text = run(cell.text, bold=cell.bold, color=color)
    node = paragraph(wordml.TABLE_TEXT, text, keep_next=keep_next)
    if cell.align != "left":
        node[0].append(element("jc", val=cell.align))
    if grid.size_pt != 11:
        _set_size(text, grid.size_pt)
    return element("tc", properties, node)


def _set_space_before(cell: etree._Element) -> None:
    """Air above the label of a group, so that it stands with its own rows."""
    properties = cell.find(f"{tag('w:p')}/{tag('w:pPr')}")
    properties.append(element("spacing", before=60))


def _set_size(text: etree._Element, size_pt: float) -> None:
    properties = text.find(tag("w:rPr"))
    if properties is None:
        properties = element("rPr")
        text.insert(0, properties)
    properties.append(element("sz", val=round(size_pt * 2)))
