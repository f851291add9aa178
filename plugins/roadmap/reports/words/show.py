"""How a value of the report model is written, the same in every format.

Formats that know numbers (the appendix) write them natively; all others write what stands
here, so a fact looks the same in the letter, in the справка and on the operator's page.
"""

from __future__ import annotations

from fractions import Fraction

from roadmap import russian
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
from roadmap.russian import NBSP

NO_DATA = "н/д"
NOT_HELD = russian.EN_DASH


def show(value: Value) -> str:
    """The value as a table writes it: a share is «34,2», since the heading says «%»."""
    match value:
        case Share(numerator=part, denominator=whole):
            return russian.percent(part, whole)
        case Points(previous=previous, current=current):
            difference = points(current, previous)  # «+5,3», «−2,1», «0,0»
            return f"{'+' if difference > 0 else ''}{russian.decimal(difference, 1)}"
        case Count(n=n):
            return russian.integer(n)
        case Mean():
            return _mean(value)
        case Day(on=on):
            return russian.day(on)
        case Words(text=text):
            return russian.typographic(text)
        case Suppressed(fewer_than=least, in_every_school=True):
            return f"во{NBSP}всех школах менее{NBSP}{least}"
        case Suppressed(fewer_than=least, in_every_work=True):
            return f"в{NBSP}каждой работе менее{NBSP}{least}"
        case Suppressed(fewer_than=least):
            return f"менее {least}{NBSP}уч."
        case NoData():
            return NO_DATA
        case NotHeld():
            return NOT_HELD


def show_with_unit(value: Value) -> str:
    """The value as a sentence writes it: «34,2 %», «+5,3 п. п.»; other kinds as in a table."""
    if isinstance(value, Share):
        return f"{show(value)}{NBSP}%"
    if isinstance(value, Points):
        return f"{show(value)}{NBSP}п.{NBSP}п."
    return show(value)


def show_number(number: float) -> str:
    """«30», «33,3»: a number of the plan as a sentence writes it."""
    return f"{number:g}".replace(".", ",")


def show_of(share: Share, unit: str = "чел.") -> str:
    """What the share is of: «13 из 38 чел.»."""
    return (
        f"{russian.integer(share.numerator)} из{NBSP}{russian.integer(share.denominator)}"
        f"{NBSP}{unit}"
    )


def show_in_full(share: Share, unit: str = "чел.") -> str:
    """«13 из 38 чел., 34,2 %»: a percent never goes without its denominator."""
    return f"{show_of(share, unit)}, {show_with_unit(share)}"


def points(share: Share, other: Share) -> float:
    """How many percentage points `share` lies above `other`: the exact difference, in tenths.

    Rounded once, half away from zero, so it may lie a tenth off what the two shown shares give.
    """
    exact = 1000 * (
        Fraction(share.numerator, share.denominator) - Fraction(other.numerator, other.denominator)
    )
    tenths = int(abs(exact) + Fraction(1, 2))
    return (tenths if exact >= 0 else -tenths) / 10


def _mean(mean: Mean) -> str:
    scale = 10**mean.digits
    sign = -1 if mean.total < 0 else 1
    scaled = (2 * abs(mean.total) * scale + mean.n) // (2 * mean.n)  # half away from zero
    return russian.decimal(sign * scaled / scale, mean.digits)
