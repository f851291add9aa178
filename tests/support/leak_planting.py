"""A real package, and every place of it where another municipality's school could come to stand.

The files are rendered once; what is planted is edited into them as their formats write it:
runs of a paragraph, a shared string, the code of a page's header, drawn lines of a PDF.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import pikepdf
from lxml import etree, html

from roadmap.paths import INCLUDE
from roadmap.reports import model as m
from roadmap.reports.formats.docx import render_docx
from roadmap.reports.formats.letter import Envelope, LetterText, render_letter
from roadmap.reports.formats.pdf import render_pdf, render_school_page
from roadmap.reports.formats.rendered import RenderedFile
from roadmap.reports.formats.xlsx import render_xlsx
from support.analysis_rows import march_model
from support.plans import whole_plan

ENVELOPE = Envelope(
    1, None, (), None, datetime(2021, 3, 31, 7, 5, tzinfo=UTC), whole_plan().local_time
)
SILENT = LetterText("тема", "<p>письмо</p>", "письмо")

_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_S = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_A = "http://schemas.openxmlformats.org/drawingml/2006/main"
_UNSEEN = "[\u00ad\u200b\u2060]"
_KEEP = "{http://www.w3.org/XML/1998/namespace}space"


@dataclass(frozen=True)
class Planted:
    """What is written, in its pieces: `cuts` part them unseen (runs, inline elements), a line
    break inside of a piece is a break of the line. `at` picks one of the places of a kind."""

    pieces: tuple[str, ...]
    at: int = 0

    @property
    def text(self) -> str:
        return "".join(self.pieces)


@dataclass(frozen=True)
class Package:
    letter: LetterText
    files: tuple[RenderedFile, ...]

    def file(self, kind: str) -> RenderedFile:
        return next(file for file in self.files if file.kind == kind)


@cache
def real_package() -> Package:
    """All formats of the demo's March for one municipality."""
    model = march_model("neyskiy")
    assert model.document is not None
    page = render_school_page(model, model.schools[0].document).content
    return Package(
        render_letter(model, ENVELOPE, ()),
        (
            RenderedFile("pdf", "", "Справка.pdf", render_pdf(model, model.document).content),
            RenderedFile("docx", "", "Справка.docx", render_docx(model, model.document)),
            RenderedFile("xlsx", "", "Приложение.xlsx", render_xlsx(model)),
            RenderedFile("school_pdf", "s201", "Школа.pdf", page),
        ),
    )


def real_addressee() -> m.Addressee:
    return march_model("neyskiy").addressee


# -- The letter --------------------------------------------------------------------------------


def _in_subject(letter: LetterText, planted: Planted) -> LetterText:
    return replace(letter, subject=f"{letter.subject} {planted.text}")


def _in_plain_text(letter: LetterText, planted: Planted) -> LetterText:
    lines = letter.text.split("\n")
    lines.insert(planted.at % len(lines), planted.text)
    return replace(letter, text="\n".join(lines))


def _in_html_text(letter: LetterText, planted: Planted) -> LetterText:
    def plant(root: Any) -> None:
        nodes = [
            node
            for node in root.iter()
            if isinstance(node.tag, str) and node.tag not in ("style", "title") and node.text
        ]
        node = nodes[planted.at % len(nodes)]
        flow = html.fragment_fromstring("<span></span>")
        flow.tail, node.text = f" {node.text}", None
        for piece in planted.pieces:
            inline = etree.SubElement(flow, "b")
            head, *lines = piece.split("\n")
            inline.text = head
            for line in lines:
                etree.SubElement(inline, "br").tail = line
        node.insert(0, flow)

    return _html_changed(letter, plant)


def _in_html_attribute(name: str) -> Callable[[LetterText, Planted], LetterText]:
    def change(letter: LetterText, planted: Planted) -> LetterText:
        def plant(root: Any) -> None:
            nodes = [node for node in root.iter() if isinstance(node.tag, str)]
            nodes[planted.at % len(nodes)].set(name, planted.text)

        return _html_changed(letter, plant)

    return change


def _in_html_comment(letter: LetterText, planted: Planted) -> LetterText:
    def plant(root: Any) -> None:
        pieces = "</td><td>".join(planted.text.split("\n"))
        root.append(etree.Comment(f"[if mso]><table><tr><td>{pieces}</td></tr></table><![endif]"))

    return _html_changed(letter, plant)


def _html_changed(letter: LetterText, plant: Callable[[Any], None]) -> LetterText:
    root = html.document_fromstring(letter.html)
    plant(root)
    return replace(letter, html=html.tostring(root, encoding="unicode"))


# -- Office files ------------------------------------------------------------------------------

Parts = dict[str, bytes]


@cache
def _parts_of(content: bytes) -> Parts:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _zipped(parts: Parts) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


def _with_part(content: bytes, name: str, change: Callable[[Any], None]) -> bytes:
    """The file with one XML part changed."""
    parts = _parts_of(content)
    root = etree.fromstring(parts[name])
    change(root)
    return _zipped({**parts, name: etree.tostring(root)})


def _with_new_part(name: str, shown: Callable[[Planted], str]) -> Callable[[bytes, Planted], bytes]:
    def change(content: bytes, planted: Planted) -> bytes:
        return _zipped({**_parts_of(content), name: shown(planted).encode()})

    return change


def _element(namespace: str, name: str, text: str | None = None) -> Any:
    node = etree.Element(f"{{{namespace}}}{name}")
    if text is not None:
        node.text = text
        node.set(_KEEP, "preserve")
    return node


def _word_run(piece: str) -> Any:
    """A run of Word's: a soft hyphen and a break are elements of their own."""
    run = _element(_W, "r")
    for token in re.split("([\n\u00ad\u2011])", piece):
        special = {"\n": "br", "\u00ad": "softHyphen", "\u2011": "noBreakHyphen"}.get(token)
        if special:
            run.append(_element(_W, special))
        elif token:
            run.append(_element(_W, "t", token))
    return run


def _in_paragraph(part: str, *, in_table: bool = False) -> Callable[[bytes, Planted], bytes]:
    def change(content: bytes, planted: Planted) -> bytes:
        def plant(root: Any) -> None:
            found = [
                node
                for node in root.iter(f"{{{_W}}}p")
                if in_table == (next(node.iterancestors(f"{{{_W}}}tc"), None) is not None)
            ]
            paragraph = found[planted.at % len(found)]
            paragraph.append(_word_run(" "))
            for piece in planted.pieces:
                paragraph.append(_word_run(piece))

        return _with_part(content, part, plant)

    return change


def _in_text_of(part: str, name: str) -> Callable[[bytes, Planted], bytes]:
    """Beside the text of the elements of this local name."""

    def change(content: bytes, planted: Planted) -> bytes:
        def plant(root: Any) -> None:
            found = [n for n in root.iter() if etree.QName(n).localname == name]
            node = found[planted.at % len(found)]
            node.text = f"{node.text or ''} {planted.text}"

        return _with_part(content, part, plant)

    return change


def _in_attribute_of(part: str, element: str, key: str) -> Callable[[bytes, Planted], bytes]:
    def change(content: bytes, planted: Planted) -> bytes:
        def plant(root: Any) -> None:
            found = [n for n in root.iter() if etree.QName(n).localname == element]
            found[planted.at % len(found)].set(key, planted.text)

        return _with_part(content, part, plant)

    return change


def _word_paragraphs(root: str) -> Callable[[Planted], str]:
    def shown(planted: Planted) -> str:
        runs = "".join(etree.tostring(_word_run(p), encoding="unicode") for p in planted.pieces)
        return f'<w:{root} xmlns:w="{_W}"><w:p>{runs}</w:p></w:{root}>'

    return shown


def _custom_property(planted: Planted) -> str:
    return (
        '<Properties xmlns:vt="urn:vt"><property name="x"><vt:lpwstr>'
        f"{escape(planted.text)}</vt:lpwstr></property></Properties>"
    )


def _rich_text(planted: Planted) -> str:
    return "".join(
        f'<r><rPr><b/></rPr><t xml:space="preserve">{escape(piece)}</t></r>'
        for piece in planted.pieces
    )


def _shared_string(content: bytes, planted: Planted) -> bytes:
    def plant(root: Any) -> None:
        strings = root.findall(f"{{{_S}}}si")
        item = strings[planted.at % len(strings)]
        for child in list(item):
            item.remove(child)
        item.extend(etree.fromstring(f'<si xmlns="{_S}">{_rich_text(planted)}</si>'))

    return _with_part(content, "xl/sharedStrings.xml", plant)


def _cell(written: Callable[[Planted], str]) -> Callable[[bytes, Planted], bytes]:
    """In some cell of some sheet, as an element `c` of this writing."""

    def change(content: bytes, planted: Planted) -> bytes:
        sheets = sorted(name for name in _parts_of(content) if "/worksheets/sheet" in name)

        def plant(root: Any) -> None:
            cells = list(root.iter(f"{{{_S}}}c"))
            cell = cells[planted.at % len(cells)]
            new = etree.fromstring(f'<x xmlns="{_S}">{written(planted)}</x>')[0]
            new.set("r", cell.get("r"))
            cell.getparent().replace(cell, new)

        return _with_part(content, sheets[planted.at % len(sheets)], plant)

    return change


def _inline_cell(planted: Planted) -> str:
    return f'<c t="inlineStr"><is>{_rich_text(planted)}</is></c>'


def _formula_cell(planted: Planted) -> str:
    return f'<c t="str"><f>A1</f><v>{escape(planted.text)}</v></c>'


def _added_to_sheet(written: Callable[[Planted], str]) -> Callable[[bytes, Planted], bytes]:
    def change(content: bytes, planted: Planted) -> bytes:
        def plant(root: Any) -> None:
            root.extend(etree.fromstring(f'<x xmlns="{_S}">{written(planted)}</x>'))

        return _with_part(content, "xl/worksheets/sheet2.xml", plant)

    return change


def _page_header(planted: Planted) -> str:
    # Office puts a space between the size of letters and a figure.
    code = ("&L&8 ", '&C&"Arial,Bold"', "&R&KFF0000&B")[planted.at % 3]
    text = "&I".join(planted.pieces)
    return f"<headerFooter><oddHeader>{escape(code + text)}</oddHeader></headerFooter>"


def _prompt(planted: Planted) -> str:
    return f"<dataValidations><dataValidation prompt={quoteattr(planted.text)}/></dataValidations>"


def _tooltip(planted: Planted) -> str:
    return f"<hyperlinks><hyperlink ref='A1' tooltip={quoteattr(planted.text)}/></hyperlinks>"


def _comment_part(planted: Planted) -> str:
    return (
        f'<comments xmlns="{_S}"><authors><author>x</author></authors><commentList>'
        f'<comment ref="A1" authorId="0"><text>{_rich_text(planted)}</text></comment>'
        "</commentList></comments>"
    )


def _drawing_part(planted: Planted) -> str:
    runs = "".join(f"<a:r><a:t>{escape(piece)}</a:t></a:r>" for piece in planted.pieces)
    return f'<x:sp xmlns:x="urn:x" xmlns:a="{_A}"><a:p>{runs}</a:p></x:sp>'


def _chart_part(planted: Planted) -> str:
    return (
        '<c:cat xmlns:c="urn:c"><c:strCache><c:pt idx="0"><c:v>'
        f"{escape(planted.text)}</c:v></c:pt></c:strCache></c:cat>"
    )


# -- PDF ---------------------------------------------------------------------------------------


def _drawn(content: bytes, planted: Planted) -> bytes:
    """The text in our own font on some page, each of its lines below the last."""
    import pypdfium2
    from pypdfium2 import raw

    document = pypdfium2.PdfDocument(content)
    page = document[planted.at % len(document)]
    data = _font()
    font = raw.FPDFText_LoadFont(document, data, len(data), raw.FPDF_FONT_TRUETYPE, 1)
    height = 120 + planted.at * 37 % 600  # above the page's foot, which it would cover
    for number, line in enumerate(_as_drawn(planted.text).split("\n")):
        piece = raw.FPDFPageObj_CreateTextObj(document, font, 9.0)
        wide = (line + "\0").encode("utf-16-le")
        buffer = (raw.FPDF_WCHAR * (len(wide) // 2)).from_buffer_copy(wide)
        assert raw.FPDFText_SetText(piece, buffer)
        raw.FPDFPageObj_Transform(piece, 1, 0, 0, 1, 40, height - 11 * number)
        raw.FPDFPage_InsertObject(page, piece)
    page.gen_content()
    out = io.BytesIO()
    document.save(out)
    document.close()
    return out.getvalue()


@cache
def _font() -> Any:
    from ctypes import c_ubyte

    data = (INCLUDE / "fonts" / "LiberationSans-Regular.ttf").read_bytes()
    return (c_ubyte * len(data)).from_buffer_copy(data)


def _as_drawn(text: str) -> str:
    """What a page shows: signs without width are not drawn, spaces are all alike."""
    text = re.sub(_UNSEEN, "", text)
    return re.sub("[\u00a0\u2009\u202f\t ]+", " ", text).replace("\u2011", "-")


def _in_note(content: bytes, planted: Planted) -> bytes:
    import pypdfium2
    from pypdfium2 import raw

    document = pypdfium2.PdfDocument(content)
    page = document[planted.at % len(document)]
    note = raw.FPDFPage_CreateAnnot(page, raw.FPDF_ANNOT_TEXT)
    wide = (planted.text + "\0").encode("utf-16-le")
    buffer = (raw.FPDF_WCHAR * (len(wide) // 2)).from_buffer_copy(wide)
    assert raw.FPDFAnnot_SetStringValue(note, b"Contents", buffer)
    raw.FPDFPage_CloseAnnot(note)
    out = io.BytesIO()
    document.save(out)
    document.close()
    return out.getvalue()


def _in_pdf(
    change: Callable[[pikepdf.Pdf, Planted], None],
) -> Callable[[bytes, Planted], bytes]:
    def changed(content: bytes, planted: Planted) -> bytes:
        out = io.BytesIO()
        with pikepdf.open(io.BytesIO(content)) as document:
            change(document, planted)
            document.save(out, fix_metadata_version=False)
        return out.getvalue()

    return changed


def _in_property(key: str) -> Callable[[bytes, Planted], bytes]:
    def change(document: pikepdf.Pdf, planted: Planted) -> None:
        document.docinfo[f"/{key}"] = planted.text

    return _in_pdf(change)


@_in_pdf
def _in_xmp(document: pikepdf.Pdf, planted: Planted) -> None:
    packet = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><r:li xmlns:r="urn:r">'
        f"{escape(planted.text)}</r:li></x:xmpmeta>"
    ).encode()
    document.Root.Metadata = document.make_stream(
        packet, Type=pikepdf.Name.Metadata, Subtype=pikepdf.Name.XML
    )


@_in_pdf
def _in_bookmark(document: pikepdf.Pdf, planted: Planted) -> None:
    with document.open_outline() as outline:
        bookmarks = list(outline.root)
        bookmarks[planted.at % len(bookmarks)].title = planted.text


# -- All places --------------------------------------------------------------------------------

LetterChange = Callable[[LetterText, Planted], LetterText]
FileChange = Callable[[bytes, Planted], bytes]

LETTER_PLACES: Mapping[str, LetterChange] = {
    "subject": _in_subject,
    "plain text": _in_plain_text,
    "HTML text": _in_html_text,
    "HTML title": _in_html_attribute("title"),
    "HTML alt": _in_html_attribute("alt"),
    "HTML comment": _in_html_comment,
}
FILE_PLACES: Mapping[str, Mapping[str, FileChange]] = {
    "docx": {
        "paragraph": _in_paragraph("word/document.xml"),
        "table": _in_paragraph("word/document.xml", in_table=True),
        "header": _in_paragraph("word/header1.xml"),
        "header of the first page": _in_paragraph("word/header2.xml"),
        "footer": _with_new_part("word/footer9.xml", _word_paragraphs("ftr")),
        "footnote": _with_new_part("word/footnotes.xml", _word_paragraphs("footnote")),
        "remark": _with_new_part("word/comments.xml", _word_paragraphs("comment")),
        "title": _in_text_of("docProps/core.xml", "title"),
        "keywords": _in_text_of("docProps/core.xml", "keywords"),
        "company": _in_text_of("docProps/app.xml", "Company"),
        "own property": _with_new_part("docProps/custom.xml", _custom_property),
        "alternative": _in_attribute_of("word/document.xml", "docPr", "descr"),
        "name of a picture": _in_attribute_of("word/document.xml", "docPr", "name"),
    },
    "xlsx": {
        "shared string": _shared_string,
        "inline cell": _cell(_inline_cell),
        "formula": _cell(_formula_cell),
        "name of a sheet": _in_attribute_of("xl/workbook.xml", "sheet", "name"),
        "list of sheets": _in_text_of("docProps/app.xml", "lpstr"),
        "title": _in_text_of("docProps/core.xml", "title"),
        "header of a page": _added_to_sheet(_page_header),
        "prompt": _added_to_sheet(_prompt),
        "tooltip": _added_to_sheet(_tooltip),
        "comment": _with_new_part("xl/comments1.xml", _comment_part),
        "drawing": _with_new_part("xl/drawings/drawing9.xml", _drawing_part),
        "chart": _with_new_part("xl/charts/chart9.xml", _chart_part),
    },
    "pdf": {
        "page": _drawn,
        "page again": _drawn,  # the most likely place is tried the most
        "title": _in_property("Title"),
        "author": _in_property("Author"),
        "subject": _in_property("Subject"),
        "keywords": _in_property("Keywords"),
        "XMP": _in_xmp,
        "bookmark": _in_bookmark,
        "note": _in_note,
    },
    "school_pdf": {"page": _drawn, "title": _in_property("Title")},
}


def planted_in_file(kind: str, place: str, planted: Planted) -> RenderedFile:
    file = real_package().file(kind)
    return replace(file, content=FILE_PLACES[kind][place](file.content, planted))


def planted_in_letter(place: str, planted: Planted) -> LetterText:
    return LETTER_PLACES[place](real_package().letter, planted)


def planted_in_name(kind: str, text: str) -> RenderedFile:
    """The text in a file's name, as it would be made safe."""
    file = real_package().file(kind)
    safe = "_".join(re.findall(r"[№\w-]+", re.sub(_UNSEEN, "", text)))
    return replace(file, file_name=f"Школа_{safe}_500+.{kind}")
