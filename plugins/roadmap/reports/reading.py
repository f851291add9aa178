"""Reading our own files back, as the parity and leak checks need them.

Only files that this process has just written are read here; what others send goes through
`roadmap.evidence`.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from ctypes import create_string_buffer
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from lxml import etree, html

from roadmap.reports.wordml import tag, text_of

_CYRILLIC = re.compile(r"[А-Яа-яЁё]|(?:sch|edu)\d", re.IGNORECASE)


def docx_tables(content: bytes) -> tuple[tuple[tuple[str, ...], ...], ...]:
    """The text of every table's cells without heading rows, in order of appearance."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        body = _parse(archive.read("word/document.xml"))
    return tuple(
        tuple(
            tuple(text_of(cell) for cell in row.iterchildren(tag("w:tc")))
            for row in table.iterchildren(tag("w:tr"))
            if row.find(f"{tag('w:trPr')}/{tag('w:tblHeader')}") is None
        )
        for table in body.iter(tag("w:tbl"))
    )


def docx_text(content: bytes) -> str:
    """The document's text, one line for a paragraph or a row of a table."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        body = _parse(archive.read("word/document.xml")).find(tag("w:body"))
    lines = []
    for node in body.iterchildren():
        if node.tag == tag("w:tbl"):
            for row in node.iterchildren(tag("w:tr")):
                lines.append(" | ".join(text_of(cell) for cell in row.iterchildren(tag("w:tc"))))
        else:
            lines.append(text_of(node))
    return "\n".join(lines)


@dataclass(frozen=True)
class PdfContent:
    pages: tuple[str, ...]
    others: tuple[str, ...]  # properties, text alternatives of pictures


def pdf_text(content: bytes) -> str:
    """The text of all pages in reading order."""
    return "\n".join(read_pdf(content).pages)


@lru_cache(maxsize=4)  # the parity and the leak check read the same file
def read_pdf(content: bytes) -> PdfContent:
    """All that a PDF says."""
    import pypdfium2

    document = pypdfium2.PdfDocument(content)
    pages: list[str] = []
    others = [str(value) for value in document.get_metadata_dict().values()]
    try:
        for page in document:
            text = page.get_textpage()
            # U+FFFE is how pdfium marks a hyphen at the end of a line.
            pages.append(text.get_text_range().replace("\ufffe", "").replace("\r\n", "\n"))
            others.extend(_alternatives(page))
            text.close()
            page.close()
    finally:
        document.close()
    return PdfContent(tuple(pages), tuple(others))


def xlsx_values(content: bytes) -> dict[str, Any]:
    """The sheets of a workbook by title; rows and columns are openpyxl's."""
    import openpyxl

    book = openpyxl.load_workbook(io.BytesIO(content), data_only=True, keep_links=False)
    return {sheet.title: sheet for sheet in book.worksheets}


# -- Every text of a file, wherever it stands ------------------------------------------------


def office_texts(content: bytes) -> Iterator[str]:
    """Every text in every part of a DOCX or XLSX: bodies, properties, titles, alternatives.

    Numbers in number cells are left out; each text stands for itself.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for name in archive.namelist():
            yield name
            if name.endswith((".xml", ".rels", ".svg")):
                yield from _part_texts(_parse(archive.read(name)))


def _part_texts(root: etree._Element) -> Iterator[str]:
    for node in root.iter():
        if not isinstance(node.tag, str):
            yield node.text or ""  # a comment
            continue
        local = etree.QName(node).localname
        if node.tag == tag("w:p"):
            yield text_of(node)
        elif local in _OF_PIECES:
            yield "".join(node.itertext())
        # A number is no text; a piece of a paragraph is read with the whole of it.
        elif node.text and node.tag != tag("w:t") and (local != "v" or _holds_text(node)):
            yield node.text
        for value in node.attrib.values():
            if _CYRILLIC.search(str(value)):
                yield str(value)


# Texts that may be divided into runs: a shared string, one in its cell, a comment, a picture's.
_OF_PIECES = ("si", "is", "text")


def _holds_text(value: etree._Element) -> bool:
    """Whether the `v` of a cell is the text a formula gave."""
    cell = value.getparent()
    return cell is not None and cell.get("t") == "str"


def pdf_texts(content: bytes) -> Iterator[str]:
    """Every text of a PDF: pages, properties, text alternatives of pictures."""
    read = read_pdf(content)
    yield from read.pages
    yield from read.others


def _alternatives(page: Any) -> Iterator[str]:
    from pypdfium2 import raw

    tree = raw.FPDF_StructTree_GetForPage(page)
    if not tree:
        return
    try:
        waiting = [
            raw.FPDF_StructTree_GetChildAtIndex(tree, index)
            for index in range(raw.FPDF_StructTree_CountChildren(tree))
        ]
        while waiting:
            node = waiting.pop()
            if not node:
                continue
            for read in (raw.FPDF_StructElement_GetAltText, raw.FPDF_StructElement_GetActualText):
                if length := read(node, None, 0):
                    buffer = create_string_buffer(length)
                    read(node, buffer, length)
                    yield buffer.raw[: length - 2].decode("utf-16-le")
            waiting.extend(
                raw.FPDF_StructElement_GetChildAtIndex(node, index)
                for index in range(raw.FPDF_StructElement_CountChildren(node))
            )
    finally:
        raw.FPDF_StructTree_Close(tree)


def html_texts(content: str) -> Iterator[str]:
    """The whole text of an HTML letter, its comments and its attributes for people."""
    root = html.document_fromstring(content)
    yield " ".join(root.itertext())
    for node in (*root.itersiblings(preceding=True), *root.itersiblings(), *root.iter()):
        if not isinstance(node.tag, str):
            yield node.text or ""
            continue
        yield from (str(value) for value in node.attrib.values() if _CYRILLIC.search(str(value)))


def html_figures(content: str, caption: str) -> tuple[tuple[str, ...], ...]:
    """The cells of the letter's table under `caption`, without the labels of rows."""
    root = html.document_fromstring(content)
    for table in root.iter("table"):
        title = table.find("caption")
        if title is not None and folded(title.text_content()) == folded(caption):
            return tuple(
                tuple(" ".join(cell.itertext()) for cell in row.iterchildren("td"))
                for row in table.findall("tbody/tr")
            )
    return ()


def text_figures(content: str) -> tuple[tuple[str, ...], ...]:
    """The lines of figures under each label of the section «ЦИФРЫ» of a plain letter."""
    lines = iter(content.splitlines())
    for line in lines:
        if line.startswith("ЦИФРЫ."):
            break
    for line in lines:  # the rest of the caption
        if not line.strip():
            break
    groups: list[list[str]] = []
    was_label = False
    for line in lines:
        if not line.strip():
            break
        is_label = not line.startswith(" ")
        if is_label and not was_label:
            groups.append([])
        if not is_label:
            groups[-1].append(line.strip())
        was_label = is_label
    return tuple(tuple(group) for group in groups)


def folded(text: str) -> str:
    """The text with every kind of space made one, none at the ends, soft hyphens gone."""
    return " ".join(text.replace("\u00ad", "").split())


def squeezed(texts: Sequence[str]) -> str:
    """The texts as one, without spaces: how lines were broken does not matter."""
    return "".join(folded(text).replace(" ", "") for text in texts)


def _parse(content: bytes) -> etree._Element:
    # Our own files have no document type and need no network; the parser is told so anyway.
    return etree.fromstring(
        content, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    )
