"""Signs that letters and documents can print, and what stands for the others."""

from __future__ import annotations

import sys

import pytest
from fontTools.ttLib import TTFont

from roadmap.paths import INCLUDE
from roadmap.printable import printable, unprintable


@pytest.mark.parametrize("font", sorted((INCLUDE / "fonts").glob("*.ttf")), ids=lambda f: f.stem)
def test_every_sign_that_is_let_through_is_in_every_font(font):
    signs = TTFont(font).getBestCmap()
    # White space is laid out, not drawn.
    let_through = [n for n in range(sys.maxunicode + 1) if chr(n) == printable(chr(n))]
    assert [hex(n) for n in let_through if n not in signs and not chr(n).isspace()] == []


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("Школа № 1 (условная) — «Ёлка», 5 ≥ 3 %", "Школа № 1 (условная) — «Ёлка», 5 ≥ 3 %"),
        ("Школа ☀ № 1", "Школа № 1"),
        ("🎓 Школа № 1", "Школа № 1"),
        ("Лице\u0301й", "Лицей"),
        ("Лицеи\u0306", "Лицей"),
        ("学 Школа", "? Школа"),
        ("1000 ₽", "1000 руб."),
        ("Средне\u2011русская", "Средне-русская"),
        ("Школа\u202e1\u2066", "Школа1"),
    ],
)
def test_a_sign_outside_the_fonts_is_replaced_and_others_stay(written: str, shown: str):
    assert printable(written) == shown
    assert not unprintable(shown)


def test_the_signs_that_are_replaced_are_named_once_each():
    assert unprintable("☀ Школа ✔ ☀") == "☀✔"
