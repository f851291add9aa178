"""What the fonts of letters and documents can print, and what stands for a sign that they cannot.

A PDF/A and a chart refuse a text with a sign outside their font, a mail program shows a box: so
the sign is replaced before anything is rendered, alike in every format. The signs are those of
all shipped fonts (include/fonts), but for right-to-left scripts and invisible marks.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any

_PRINTED = (
    " -~\u00a0-\u00ac\u00ae-\u02ff\u0384-\u038a\u038c\u038e-\u03a1\u03a3-\u03ce\u0400-\u0513"
    "\u1e00-\u1e9b\u2000-\u200a\u2010\u2012-\u2022\u2026\u202f\u2030\u2032-\u2034\u2039\u203a\u2044"
    "\u2074-\u2079\u207f-\u2089\u20a0-\u20b5\u2105\u2113\u2116\u2117\u2122\u2126\u2153\u2154"
    "\u215b-\u215e\u2190-\u2195\u2202\u2206\u220f\u2211\u2212\u2215\u2219\u221a\u221e\u222b\u2248"
    "\u2260\u2261\u2264\u2265\u25a0\u25a1\u25aa-\u25ac\u25b2\u25ba\u25bc\u25c4\u25ca\u25cb\u25cf"
)
_ODD = re.compile(f"[^{_PRINTED}\\s]")
_INSTEAD = {"\u20bd": "руб.", "\u2011": "-"}  # the rouble sign, the no-break hyphen


def printable(text: str) -> str:
    """The text with signs of the fonts only.

    Accents are composed with their letters or dropped, letters of other scripts become «?»,
    pictures are dropped. A text that can be printed comes back as it is.
    """
    if not _ODD.search(text):
        return text
    composed = unicodedata.normalize("NFC", text)
    return re.sub("  +", " ", _ODD.sub(lambda odd: _instead(odd.group()), composed)).strip(" ")


def unprintable(text: str) -> str:
    """The signs of the text that `printable` replaces, each once, in order; "" where none."""
    return "".join(dict.fromkeys(_ODD.findall(unicodedata.normalize("NFC", text))))


def printable_texts(node: Any) -> Any:
    """A JSON tree with every text in it printable.

    A no-width space stays: it is where a narrow cell may break a link or a date.
    """
    if isinstance(node, str):
        return "\u200b".join(map(printable, node.split("\u200b")))
    if isinstance(node, dict):
        return {key: printable_texts(value) for key, value in node.items()}
    if isinstance(node, list):
        return [printable_texts(item) for item in node]
    return node


def _instead(sign: str) -> str:
    return _INSTEAD.get(sign, "?" if unicodedata.category(sign).startswith("L") else "")
