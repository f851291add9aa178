"""Holds the figures that stand in sentences: of the letter, the conclusions, the captions.

Every «11 из 12», every percentage and every change in points must be one that the recount
knows of this addressee; what the first sentences count is held exactly.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from fractions import Fraction
from functools import cache
from typing import Any

from recount.files import words

_PAIR = re.compile(r"(?<![\d,.№])(?<!№ )(\d+)(?: \w+)? из (\d+)(?![\d,])")
_PERCENT = re.compile(r"(\d+,\d) ?%")
_POINTS = re.compile(r"(\d+,\d) ?п\. ?п\.")
_COUNTED = ("одной", "двух", "трёх", "четырёх", "пяти", "шести", "семи", "восьми", "девяти")


def sentences(model: dict[str, Any]) -> Iterator[str]:
    """All texts of a report, but not the cells of tables whose every cell is compared."""
    letter = model["letter"]
    for name in ("headline", "preheader", "request", "request_rest", "basis"):
        yield words(letter[name])
    yield from map(words, letter["lead"])
    for item in letter["attention"]:
        yield from (words(item["title"]), words(item["problem"]), words(item["recommendation"]))
    documents = [model["document"], *(page["document"] for page in model["schools"])]
    for document in documents:
        yield from map(words, document["main"])
        for block in document["blocks"]:
            yield from _of_block(block)
    for sheet in model["appendix"]:
        yield from (words(sheet["heading"]), *_of_block({**sheet["table"], "kind": "table"}))


def _of_block(block: dict[str, Any]) -> Iterator[str]:
    match block["kind"]:
        case "paragraph" | "heading":
            yield words(block["text"])
        case "numbered":
            yield from map(words, block["items"])
        case "figure":
            yield from (words(block["caption"]), words(block["alt"]))
        case "table":
            yield from (words(block["caption"]), *map(words, block["notes"]))
            if block["id"] in ("recommendations", "attention", "measures"):
                for row in block["rows"]:
                    for one in row["cells"]:
                        if one["value"]["kind"] == "words":
                            yield words(one["value"]["text"])


class Known:
    """The figures that one addressee's sentences may hold."""

    def __init__(self) -> None:
        self.pairs: set[tuple[int, int]] = set()
        self.points: set[str] = set()
        self.percents: set[str] = set()

    def learn(self, value: Any) -> None:
        """A cell of a recounted row, with everything in it."""
        match value:
            case ("share", int(n), int(d)):
                self.pairs.add((n, d))
                self.percents |= {_text(percent) for percent in _rounded(Fraction(n, d))}
            case ("points", (int(a), int(b)), (int(c), int(d))):
                self.learn(("share", a, b))
                self.learn(("share", c, d))
                self.differ(Fraction(a, b), Fraction(c, d))
            case tuple():
                for one in value:
                    self.learn(one)
            case str():
                self.pairs |= {(int(n), int(d)) for n, d in re.findall(r"(\d+) из (\d+)", value)}

    def differ(self, one: Fraction, other: Fraction) -> None:
        """The exact difference, rounded once."""
        self.points |= {_text(points) for points in _rounded(abs(one - other))}

    def objections(self, text: str) -> Iterator[str]:
        for n, d in _PAIR.findall(text):
            if (int(n), int(d)) not in self.pairs:
                yield f"{n} из {d} in {text!r}"
        for one in _PERCENT.findall(text):
            if one not in self.percents:
                yield f"{one} % in {text!r}"
        for one in _POINTS.findall(text):
            if one not in self.points:
                yield f"{one} п. п. in {text!r}"


@cache
def _rounded(share: Fraction) -> set[Decimal]:
    percent = Decimal(share.numerator) * 100 / Decimal(share.denominator)
    return {percent.quantize(Decimal("0.1"), mode) for mode in (ROUND_HALF_UP, ROUND_HALF_EVEN)}


def _text(percent: Decimal) -> str:
    return str(percent).replace(".", ",")


# -- What the first sentences count --------------------------------------------------------------


def numbers_after(pattern: str, text: str) -> list[int]:
    """The measures of «Не исполнены полностью мероприятия № 4 и 11»; none without it."""
    found = re.search(pattern + r" № ([\d, и]+)", text)
    return [int(one) for one in re.findall(r"\d+", found[1])] if found else []


def schools_in(pattern: str, text: str) -> int:
    """How many schools a sentence counts, in digits or in a word; 0 without such a sentence."""
    found = re.search(pattern, text)
    if found is None:
        return 0
    return int(found[1]) if found[1].isdigit() else _COUNTED.index(found[1].lower()) + 1
