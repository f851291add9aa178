"""The shipped typefaces and how wide a text is in them.

Documents are set in Times New Roman (DOCX) and in the metric-equal Liberation Serif (PDF),
charts and sheets in Arial and Liberation Sans: the widths measured here hold for both.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from itertools import pairwise
from pathlib import Path

from roadmap.paths import INCLUDE

FONTS = INCLUDE / "fonts"
SERIF = FONTS / "LiberationSerif-Regular.ttf"
SERIF_BOLD = FONTS / "LiberationSerif-Bold.ttf"
SANS = FONTS / "LiberationSans-Regular.ttf"
SANS_BOLD = FONTS / "LiberationSans-Bold.ttf"

MM_PER_POINT = 25.4 / 72
SOFT_HYPHEN = "\u00ad"

_VOWELS = "аеёиоуыэюя"
_CONSONANTS = "бвгджзклмнпрстфхцчшщ"
# A Russian word may be divided before the last consonant ahead of a vowel: «участ-ников»,
# «сред-няя», «успе-ваемость»; both parts keep a vowel.
_DIVISION = re.compile(
    f"(?<=[{_VOWELS}{_CONSONANTS}йьъ])(?=[{_CONSONANTS}][{_VOWELS}])", re.IGNORECASE
)
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ue000-\uf8ff"
    "\ufdd0-\ufdef\ufffe\uffff\U000f0000-\U0010ffff]"
)
_LONG_WORD = re.compile("[а-яё]{9,}", re.IGNORECASE)  # shorter ones stay whole
_BREAKS = re.compile(r"[ \n\u200b]|(?<=[-–—])(?=\w)")
_LEAST_PART = 3  # letters left on each side of a division


@cache
def _advances(font: Path) -> tuple[dict[str, float], float]:
    """Advance widths by sign in em, and the width of a missing glyph."""
    from fontTools.ttLib import TTFont

    with TTFont(font, lazy=True) as face:
        em = face["head"].unitsPerEm
        widths = face["hmtx"].metrics
        return (
            {chr(code): widths[name][0] / em for code, name in face.getBestCmap().items()},
            widths[".notdef"][0] / em,
        )


@lru_cache(maxsize=20_000)  # the same words stand in all formats and on every page
def text_width_mm(text: str, font: Path, size_pt: float) -> float:
    """The width of one line of `text`, without kerning, in millimetres."""
    widths, missing = _advances(font)
    plain = text.replace(SOFT_HYPHEN, "")
    return size_pt * MM_PER_POINT * sum([widths.get(sign, missing) for sign in plain])


def widest_word_mm(text: str, font: Path, size_pt: float) -> float:
    """The width of the widest part of `text` that no line break may divide."""
    words = _BREAKS.split(text)
    parts = [
        part + ("-" if index < last else "")
        for word in words
        for pieces in (word.split(SOFT_HYPHEN),)
        for last in (len(pieces) - 1,)
        for index, part in enumerate(pieces)
    ]
    return max((text_width_mm(part, font, size_pt) for part in parts), default=0.0)


def hyphenated(text: str) -> str:
    """The text with soft hyphens where its Russian words may be divided."""
    return _LONG_WORD.sub(_hyphenated_word, text)


def _hyphenated_word(match: re.Match[str]) -> str:
    word = match.group()
    places = [
        place.start()
        for place in _DIVISION.finditer(word)
        if _LEAST_PART <= place.start() <= len(word) - _LEAST_PART
    ]
    edges = [0, *places, len(word)]
    return SOFT_HYPHEN.join(word[start:end] for start, end in pairwise(edges))


def printable(text: str) -> str:
    """The text without signs that no document may hold: controls, surrogates, bidi marks."""
    return _UNPRINTABLE.sub("", text)
