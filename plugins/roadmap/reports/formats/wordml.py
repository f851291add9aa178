"""The few elements of WordprocessingML that our documents need (ECMA-376, part 1, §17)."""

from __future__ import annotations

from functools import cache
from typing import Final

from lxml import etree

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


def element(name: str, /, *children: etree._Element, **attributes: str | int) -> etree._Element:
    """An element of the `w` namespace; attributes are of that namespace too."""
    node = etree.Element(tag(f"w:{name}"), nsmap=NAMESPACES)
    for key, value in attributes.items():
        node.set(tag(f"w:{key}"), str(value))
    node.extend(children)
    return node


def twips(millimetres: float) -> int:
    return round(millimetres * TWIPS_PER_MM)


def run(text: str, *, bold: bool = False, color: str | None = None) -> etree._Element:
    """A run of text; a soft hyphen becomes Word's own, a line break a `w:br`."""
    node = element("r")
    if bold or color:
        properties = element("rPr")
        if bold:
            properties.append(element("b"))
        if color:
            properties.append(element("color", val=color.lstrip("#")))
        node.append(properties)
    for line_index, line in enumerate(text.split("\n")):
        if line_index:
            node.append(element("br"))
        for part_index, part in enumerate(line.split("\u00ad")):
            if part_index:
                node.append(element("softHyphen"))
            piece = element("t")
            piece.text = part
            piece.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
            node.append(piece)
    return node


def paragraph(style: str, *content: etree._Element, keep_next: bool = False) -> etree._Element:
    properties = element("pPr", element("pStyle", val=style))
    if keep_next:
        properties.append(element("keepNext"))
    return element("p", properties, *content)


def field(instruction: str, shown: str) -> etree._Element:
    """A field that Word can update, with the value it has now."""
    return element("fldSimple", run(shown), instr=f" {instruction} ")


def text_of(node: etree._Element) -> str:
    """What a reader sees of `node`: soft hyphens are not text, breaks are."""
    seen = {tag("w:noBreakHyphen"): "-"} | {tag(f"w:{name}"): " " for name in _BREAKS}
    return "".join(
        seen.get(str(child.tag)) or child.text or "" for child in node.iter(tag("w:t"), *seen)
    )


_BREAKS = ("br", "cr", "tab", "ptab")
