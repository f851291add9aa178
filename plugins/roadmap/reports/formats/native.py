"""How a value of the report model stands in a sheet: numbers as numbers, as they are shown.

A sheet holds what the other formats show, not one digit more: a share of 99.96 % is the
number 99.9, so that no number format can round it up to a target that was missed.
"""

from __future__ import annotations

from datetime import date

from roadmap.reports.model import (
    Count,
    Day,
    Mean,
    NoData,
    NotHeld,
    Points,
    Share,
    Suppressed,
    Value,
    Words,
)
from roadmap.reports.words.show import NO_DATA, NOT_HELD, show
from roadmap.reports.words.typeface import printable
from roadmap.russian import MINUS, NBSP

PERCENT = "0.0"
PERCENT_AT_THRESHOLD = '0.0" ▲"'
# A change is never read without its sign.
POINTS = '+0.0;"−"0.0;0.0'
POINTS_AT_THRESHOLD = '+0.0" ▲";"−"0.0;0.0'
DAY = "dd.mm.yyyy"


def native(value: Value) -> int | float | date | str:
    """What the cell holds; text only where there is no number to hold."""
    match value:
        case Count(n=n):
            return n
        case Share() | Mean() | Points():
            return _number(show(value))
        case Day(on=on):
            return on
        case Words(text=text):
            return printable(text)
        case Suppressed(in_every_school=True) | Suppressed(in_every_work=True):
            return show(value)
        case Suppressed(fewer_than=least):
            return f"менее{NBSP}{least}"
        case NoData():
            return NO_DATA
        case NotHeld():
            return NOT_HELD


def number_format(value: Value, *, at_threshold: bool = False) -> str | None:
    """The cell's number format; None where it holds text."""
    match value:
        case Count():
            return "#,##0"
        case Share():
            return PERCENT_AT_THRESHOLD if at_threshold else PERCENT
        case Points():
            return POINTS_AT_THRESHOLD if at_threshold else POINTS
        case Mean(digits=digits):
            return "0." + "0" * digits if digits else "0"
        case Day():
            return DAY
        case _:
            return None


def _number(shown: str) -> float:
    return float(shown.replace(NBSP, "").replace(",", ".").replace(MINUS, "-"))
