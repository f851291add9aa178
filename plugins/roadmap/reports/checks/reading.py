"""Reading our own files back, as the parity and leak checks need them.

Only files that this process has just written are read here; what others send goes through
`roadmap.evidence`.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from ctypes import POINTER, cast, create_string_buffer
from dataclasses import dataclass
from functools import lru_cache
from html import unescape
from itertools import chain
from operator import methodcaller
from typing import Any
from urllib.parse import unquote

from lxml import etree, html

from roadmap.reports.formats.wordml import NAMESPACES, tag, text_of

# An attribute that has such a thing was written by a person, whatever it is called.
_CYRILLIC = re.compile(r"[А-Яа-яЁё]|%D0|%D1|(?:sch|edu)\d", re.IGNORECASE)
_ENDS_OF_PAGE = ("Header", "Footer")


@lru_cache(maxsize=4)  # the parity and the leak check read the same files
def _parts(content: bytes) -> Mapping[str, Any]:
    """The parts of a DOCX or XLSX by name; the roots of those that are XML, else None."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {
            name: _parse(archive.read(name))
            if name.endswith((".xml", ".rels", ".svg", ".vml"))
            else None
            for name in archive.namelist()
        }


def docx_tables(content: bytes) -> tuple[tuple[tuple[str, ...], ...], ...]:
    """The text of every table's cells without heading rows, in order of appearance."""
    body = _parts(content)["word/document.xml"]
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
    body = _parts(content)["word/document.xml"].find(tag("w:body"))
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
    others: tuple[str, ...]  # properties, bookmarks, remarks, text alternatives of pictures


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
    others.extend(_xmp_texts(content))
    described = _descriptions(content)
    others.extend(described or ())
    try:
        others.extend(bookmark.get_title() for bookmark in document.get_toc())
        for number in range(document.count_attachments()):
            others.append(document.get_attachment(number).get_name())
        for page in document:
            text = page.get_textpage()
            # U+FFFE is how pdfium marks a hyphen at the end of a line.
            pages.append(text.get_text_range().replace("\ufffe", "").replace("\r\n", "\n"))
            if described is None:
                others.extend(_alternatives(page))
            others.extend(_remarks(page))
            text.close()
            page.close()
    finally:
        document.close()
    return PdfContent(tuple(pages), tuple(others))


def xlsx_values(content: bytes) -> dict[str, list[list[Any]]]:
    """The sheets of a workbook by title, their cells by row and column from zero.

    An empty cell is an empty string, a day is a date.
    """
    from python_calamine import CalamineWorkbook

    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    return {
        title: book.get_sheet_by_name(title).to_python(skip_empty_area=False)
        for title in book.sheet_names
    }


# -- Every text of a file, wherever it stands ------------------------------------------------


def office_texts(content: bytes) -> Iterator[str]:
    """Every text in every part of a DOCX or XLSX: bodies, properties, titles, alternatives.

    Numbers in number cells are left out; each text stands for itself.
    """
    for name, root in _parts(content).items():
        yield name
        if root is not None:
            yield from _part_texts(root)


def _part_texts(root: etree._Element) -> Iterator[str]:
    """A piece of a whole is read with the whole of it alone: «Школа № 1» may go on.

    What there is thousands of is chosen by lxml: the texts beside runs, attributes that differ.
    """
    for node in root.iter(tag("w:p")):
        yield text_of(node)
    unseen = (piece.iterancestors(tag("w:p")) for piece in root.iter(*_UNSEEN_PIECES))
    for node in dict.fromkeys(chain.from_iterable(unseen)):
        yield "".join(piece.text or "" for piece in node.iter(*_UNSEEN_PIECES))
    for whole in root.iter("{*}si", "{*}is", "{*}text", "{*}p"):
        if whole.tag != tag("w:p") and not _IS_PIECE(whole):
            yield "".join(whole.itertext())
    for group in root.iter("{*}g"):
        if group.get("id", "").startswith(_LABEL):
            yield " ".join(group.itertext())
    for text in _OWN_TEXTS(root):
        yield text if text.is_tail else _own_text(etree.QName(text.getparent()).localname, text)
    for comment in root.iter(etree.Comment, etree.ProcessingInstruction):
        yield comment.text or ""
    yield from _attributes(root)


def _own_text(local: str, text: str) -> str:
    if local == "definedName":
        return _CELL.sub(" ", text)  # the number of a row is no code
    if local in _PRINTED:
        return _PRINT_CODE.sub("", _PRINT_SECTION.sub(" ", text))
    return "" if local in _MEASURED else text


# A label of a chart, in several lines (charts/canvas.py).
_LABEL = "label_"
# Texts that may be divided into runs: a shared string, one in its cell, a comment, a picture's;
# a paragraph of a drawing.
_OF_PIECES = f"""local-name() = 'si' or local-name() = 'is' or local-name() = 'text'
    or (local-name() = 'p' and not(self::w:p))
    or (local-name() = 'g' and starts-with(@id, '{_LABEL}'))"""
# A change that was struck out, the code of a field.
_UNSEEN_PIECES = (tag("w:delText"), tag("w:instrText"))
# A `v` is text where a formula gave it or where it is a label of a chart; else it is a number.
_NUMBER = """self::*[local-name() = 'v'][
    parent::*[local-name() = 'c'][not(@t = 'str')]
    or parent::*[local-name() = 'pt']/parent::*[not(starts-with(local-name(), 'str'))]]"""
_IS_PIECE = etree.XPath(f"boolean(ancestor::*[{_OF_PIECES}])", namespaces=NAMESPACES)
_OWN_TEXTS = etree.XPath(
    "/descendant::text()[not(parent::w:t or parent::w:delText or parent::w:instrText)]"
    f"[normalize-space()][not(parent::*[{_NUMBER}])][not(ancestor::*[{_OF_PIECES}])]",
    namespaces=NAMESPACES,
)
_CELL = re.compile(r"\$?[A-Z]{0,3}\$\d+")
# «&L&8Приложение»: where a line of a header stands and how it looks (ECMA-376, 18.3.1.46).
_PRINTED = tuple(f"{page}{line}" for page in ("odd", "even", "first") for line in _ENDS_OF_PAGE)
_PRINT_SECTION = re.compile("&[LCR]")
_PRINT_CODE = re.compile(r'&(?:"[^"]*"|K[0-9A-Fa-f]{6}|K\d\d[+-]\d{3}|\d+|[A-Za-z])')
# What Office counts and measures by itself.
_MEASURED = frozenset({
    "TotalTime", "Pages", "Words", "Characters", "CharactersWithSpaces", "Lines", "Paragraphs",
    "DocSecurity", "AppVersion", "i4", "posOffset", "pctWidth", "pctHeight", "pctPosHOffset",
    "pctPosVOffset",
})  # fmt: skip


def _attributes(root: etree._Element) -> Iterator[str]:
    """Attributes that people wrote; the others hold measures, and a width is no code."""
    for key, value in dict.fromkeys(chain.from_iterable(map(_ITEMS, root.iter()))):
        if key.rpartition("}")[2] in _WRITTEN or _CYRILLIC.search(value):
            yield unquote(value)
    for node in root.iter(*_NAMES_IN_VAL):
        for key, value in node.items():
            if etree.QName(key).localname == "val":
                yield unquote(value)


_ITEMS = methodcaller("items")
_NAMES_IN_VAL = tuple(
    f"{{*}}{name}" for name in ("alias", "tag", "docVar", "placeholder", "default", "listEntry")
)
_WRITTEN = frozenset({
    "name", "title", "descr", "alt", "author", "initials", "display", "tooltip", "location",
    "Target", "codeName", "prompt", "promptTitle", "error", "errorTitle", "caption", "displayName",
    "comment", "aria-label", "summary", "content", "href", "src", "cite", "placeholder",
})  # fmt: skip


def pdf_texts(content: bytes) -> Iterator[str]:
    """Every text of a PDF: pages, properties, bookmarks, remarks, text alternatives."""
    read = read_pdf(content)
    yield from read.pages
    yield from read.others


# PDF/A keeps its properties in the open, so that any program finds them (ISO 19005, 6.6.2).
_XMP = re.compile(rb"<x:xmpmeta.*?</x:xmpmeta>", re.DOTALL)


def _xmp_texts(content: bytes) -> Iterator[str]:
    for packet in _XMP.findall(content):
        for node in _parse(packet).iter():
            yield node.text or ""
            yield from (str(value) for value in node.attrib.values())


def _remarks(page: Any) -> Iterator[str]:
    """What notes, links and fields of the page say and where they lead."""
    from pypdfium2 import raw

    for number in range(raw.FPDFPage_GetAnnotCount(page)):
        annotation = raw.FPDFPage_GetAnnot(page, number)
        for key in (b"Contents", b"T", b"Subj", b"NM", b"TU", b"V"):
            if length := raw.FPDFAnnot_GetStringValue(annotation, key, None, 0):
                buffer = create_string_buffer(length)
                wide = cast(buffer, POINTER(raw.FPDF_WCHAR))
                raw.FPDFAnnot_GetStringValue(annotation, key, wide, length)
                yield buffer.raw[: length - 2].decode("utf-16-le")
        if link := raw.FPDFAnnot_GetLink(annotation):
            action = raw.FPDFLink_GetAction(link)
            if length := raw.FPDFAction_GetURIPath(page.pdf, action, None, 0):
                address = create_string_buffer(length)
                raw.FPDFAction_GetURIPath(page.pdf, action, address, length)
                yield unquote(address.value.decode("utf-8", "replace"))
        raw.FPDFPage_CloseAnnot(annotation)


def _descriptions(content: bytes) -> list[str] | None:
    """Titles, text alternatives and replacements of all elements of a file as we write it.

    They are taken out of the file's objects (ISO 32000-1, 7.5.7 and 14.9), since pdfium builds
    a tree of elements for each page, which takes as long as reading the page. None where not
    every object or not every description is found so: another program wrote the file.
    """
    import pikepdf

    streams = list(_OBJECT_STREAM.finditer(content))
    sizes = _SIZE.findall(content)
    written = len(_OBJECT.findall(content)) + sum(int(stream["count"]) for stream in streams)
    if not streams or not sizes or int(sizes[-1]) != written + 1:  # object 0 is never used
        return None
    bodies = [zlib.decompressobj().decompress(content[stream.end() :]) for stream in streams]
    objects = b"\n".join((content, *bodies))
    found = [pikepdf.Object.parse(text) for text in _DESCRIPTION.findall(objects)]
    return [str(text) for text in found] if len(found) == len(_DESCRIBED.findall(objects)) else None


_OBJECT = re.compile(rb"(?:^|\n)\d+ 0 obj\b")
_OBJECT_STREAM = re.compile(  # as qpdf writes it
    rb"<< /Type /ObjStm /Length \d+ /Filter /FlateDecode /N (?P<count>\d+)[^<>]*>>\s*stream\r?\n"
)
_SIZE = re.compile(rb"/Size (\d+)")
_DESCRIBED = re.compile(rb"/(?:Alt|ActualText|T)(?![^\s<(/\[])")
_DESCRIPTION = re.compile(
    _DESCRIBED.pattern + rb"\s*(<[0-9a-fA-F]*>|\((?:[^()\\]|\\.)*\))", re.DOTALL
)


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
            for read in (
                raw.FPDF_StructElement_GetAltText,
                raw.FPDF_StructElement_GetActualText,
                raw.FPDF_StructElement_GetTitle,
            ):
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


@lru_cache(maxsize=2)
def _html(content: str) -> Any:
    return html.document_fromstring(content)


def html_texts(content: str) -> Iterator[str]:
    """The whole text of an HTML letter, its comments and its attributes for people."""
    root = _html(content)
    yield "".join(_flow(root))
    for node in (*root.itersiblings(preceding=True), *root.itersiblings(), *root.iter()):
        if not isinstance(node.tag, str):
            # A comment may hold markup of its own, for one mail program.
            yield unescape(_MARKUP.sub(" ", node.text or ""))
    yield from _attributes(root)


def _flow(node: etree._Element) -> Iterator[str]:
    """The text as it is read: what stands inside of a line does not divide a word."""
    if not isinstance(node.tag, str):
        return
    edge = "" if node.tag in _INLINE else " "
    yield edge + (node.text or "")
    for child in node:
        yield from _flow(child)
        yield child.tail or ""
    yield edge


_MARKUP = re.compile("<[^>]*>")
_INLINE = frozenset({
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "del", "dfn", "em", "font",
    "i", "ins", "kbd", "mark", "q", "s", "samp", "small", "span", "strike", "strong", "time", "tt",
    "u", "var", "wbr",
})  # fmt: skip


def html_figures(content: str, caption: str) -> tuple[tuple[str, ...], ...]:
    """The cells of the letter's table under `caption`, without the labels of rows."""
    for table in _html(content).iter("table"):
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
