"""The few elements of WordprocessingML that our documents need (ECMA-376, part 1, §17)."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Final

from lxml import etree
from markupsafe import escape

NAMESPACES: Final = {
    "w": "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
    "r": "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
}
TWIPS_PER_MM = 1440 / 25.4

# Ids of the template's styles: they join the paragraphs that we write with the look that the
# operator edits in Word.
BODY = "BodyText"
HEADINGS = {1: "Heading1", 2: "Heading2"}
LIST_ITEM = "ListItem"
TABLE_CAPTION = "TableCaption"
TABLE_TEXT = "TableText"
TABLE_NOTE = "TableNote"
PICTURE = "Picture"
FIGURE_CAPTION = "FigureCaption"
SECTION_END = "SectionEnd"
LIST_NUMBERING = "2"  # the abstract numbering that every list starts anew


@cache
def tag(name: str) -> str:
    """`w:p` in the notation of lxml."""
    prefix, _, local = name.partition(":")
    return f"{{{NAMESPACES[prefix]}}}{local}"


def element(name: str, /, *children: str, **attributes: str | int) -> str:
    """An element of the `w` namespace as XML; attributes are of that namespace too.

    As text, since a document has ten thousand of them: lxml reads them all at once (`nodes`).
    """
    if not children:
        return _leaf(name, *attributes.items())
    return f"{_leaf(name, *attributes.items())[:-2]}>{''.join(children)}</w:{name}>"


@lru_cache(maxsize=4096)  # most are the same few
def _leaf(name: str, *attributes: tuple[str, str | int]) -> str:
    written = "".join(f' w:{key}="{escape(value)}"' for key, value in attributes)
    return f"<w:{name}{written}/>"


def nodes(*elements: str) -> list[etree._Element]:
    """The elements, read; of the namespaces above, or with a declaration of their own."""
    declared = "".join(f' xmlns:{prefix}="{uri}"' for prefix, uri in NAMESPACES.items())
    return list(etree.fromstring(f"<w:body{declared}>{''.join(elements)}</w:body>"))


def twips(millimetres: float) -> int:
    return round(millimetres * TWIPS_PER_MM)


def run(text: str, *, bold: bool = False, color: str | None = None, size_pt: float = 0) -> str:
    """A run of text; a soft hyphen becomes Word's own, a line break a `w:br`, a tab a `w:tab`."""
    pieces = "".join(map(_piece, _PIECES.split(text)))
    return f"<w:r>{_look(bold, color, size_pt)}{pieces}</w:r>"


@lru_cache(maxsize=256)  # a document has a handful
def _look(bold: bool, color: str | None, size_pt: float) -> str:
    look = (
        ("<w:b/>" if bold else "")
        + (element("color", val=color.lstrip("#")) if color else "")
        + (element("sz", val=round(size_pt * 2)) if size_pt else "")
    )
    return element("rPr", look) if look else ""


def _piece(text: str) -> str:
    if text in _SIGNS:
        return element(_SIGNS[text])
    written = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return f'<w:t xml:space="preserve">{written}</w:t>'


_SIGNS = {"\n": "br", "\t": "tab", "\u00ad": "softHyphen"}
_PIECES = re.compile("([\n\t\u00ad])")


def paragraph(style: str, *content: str, properties: str = "", keep_next: bool = False) -> str:
    """`properties` follow the style and `keepNext`, in the order of the schema (CT_PPrBase)."""
    kept = "<w:keepNext/>" if keep_next else ""
    styled = f"<w:pPr>{element('pStyle', val=style)}{kept}{properties}</w:pPr>"
    return f"<w:p>{styled}{''.join(content)}</w:p>"


def field(instruction: str, shown: str) -> str:
    """A field that Word can update, with the run of the value it has now."""
    return element("fldSimple", shown, instr=f" {instruction} ")


def text_of(node: etree._Element) -> str:
    """What a reader sees of `node`: soft hyphens are not text, breaks are."""
    return "".join(_SEEN.get(str(child.tag)) or child.text or "" for child in node.iter(*_SEEN))


_SEEN = {tag("w:t"): "", tag("w:noBreakHyphen"): "-"} | {
    tag(f"w:{name}"): " " for name in ("br", "cr", "tab", "ptab")
}
