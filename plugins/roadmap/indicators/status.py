"""When an indicator is met, and when a measure is: the nine statuses and their rules.

Comparisons are of whole numbers: a share is met when enough units are there, so 2999 of
3000 misses 100 % although it would be shown as 99,97 %.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction
from math import ceil, floor

from roadmap.plan.due import due_date, has_begun
from roadmap.plan.model import Bound, IndicatorKind
from roadmap.plan.windows import WholePeriod, Window


class Status(StrEnum):
    DONE = "done"
    DONE_LATE = "done_late"
    PARTLY = "partly"
    NOT_DONE = "not_done"
    IN_PROGRESS = "in_progress"
    NOT_DUE = "not_due"
    NO_DUE_DATE = "no_due_date"
    NO_DATA = "no_data"
    NO_SCHOOLS = "no_schools"  # it is about schools of the project, and the addressee has none

    @property
    def is_met(self) -> bool:
        return self in (Status.DONE, Status.DONE_LATE)


WORDS = {
    Status.DONE: "исполнено",
    Status.DONE_LATE: "исполнено с нарушением срока",
    Status.PARTLY: "исполнено частично",
    Status.NOT_DONE: "не исполнено",
    Status.IN_PROGRESS: "в работе",
    Status.NOT_DUE: "срок не наступил",
    Status.NO_DUE_DATE: "срок не определён",
    Status.NO_DATA: "нет данных",
    Status.NO_SCHOOLS: "школ проекта нет",
}


@dataclass(frozen=True)
class Reading:
    """What was counted. `numerator` None: nothing is known (no file came).

    `met_on` is the day of the last fact that was needed, where that is known.
    """

    numerator: int | None
    denominator: int | None
    met_on: date | None = None
    baseline: Baseline | None = None  # of a change; None: not known


@dataclass(frozen=True)
class Baseline:
    """What a change is counted from: a number, or a share where there is a denominator."""

    numerator: int
    denominator: int | None


@dataclass(frozen=True)
class Assessment:
    """`shortfall`: units that are missing to the target, or that are above what is allowed; 0 when
    met; None: not known."""

    status: Status
    shortfall: int | None


def shortfall(
    kind: IndicatorKind, target: float, reading: Reading, bound: Bound = Bound.AT_LEAST
) -> int | None:
    """How many units are missing to the target, or are above it where it is the most that is
    allowed; None when nothing is known.

    A share needs the whole units that reach `target` percent of its denominator: 100 % of
    11 is 11, 50 % of 3 is 2; at most 10 % of 35 allow 3. A count, a sum or a fact needs `target`
    units, a change its baseline and `target`, in units or, of shares, in percentage points. An
    empty denominator of a share, also of the one before, is no data and never 100 %.
    """
    if reading.numerator is None:
        return None
    # The decimal text, not the binary value: 99.9 means 999/1000.
    goal = Fraction(str(target))
    is_of_shares = kind is IndicatorKind.SHARE
    if kind is IndicatorKind.CHANGE:
        if reading.baseline is None or reading.baseline.denominator == 0:
            return None
        is_of_shares = reading.baseline.denominator is not None
        if reading.baseline.denominator is None:
            goal += reading.baseline.numerator
        else:
            goal += Fraction(100 * reading.baseline.numerator, reading.baseline.denominator)
    if is_of_shares:
        if not reading.denominator:
            return None
        goal = goal * reading.denominator / 100
    if bound is Bound.AT_MOST:
        return max(0, reading.numerator - floor(goal))
    return max(0, ceil(goal) - reading.numerator)


def change(reading: Reading) -> Fraction | None:
    """The value minus its baseline: in percentage points of shares, else in units; None where
    one of them is not known."""
    before = reading.baseline
    if before is None or reading.numerator is None:
        return None
    if before.denominator is None:
        return Fraction(reading.numerator - before.numerator)
    if not reading.denominator or not before.denominator:
        return None
    now = Fraction(reading.numerator, reading.denominator)
    return 100 * (now - Fraction(before.numerator, before.denominator))


def is_partly(kind: IndicatorKind, target: float, reading: Reading, bound: Bound) -> bool:
    """Whether what is not met has at least begun: something is there, or the value has moved the
    way it should. What may be at most so much is kept or is not."""
    if kind is IndicatorKind.CHANGE:
        return (change(reading) or 0) * Fraction(str(target)) > 0
    return kind is not IndicatorKind.FACT and bound is Bound.AT_LEAST and bool(reading.numerator)


def indicator_status(
    kind: IndicatorKind,
    target: float,
    reading: Reading,
    window: Window,
    as_of: date,
    bound: Bound = Bound.AT_LEAST,
) -> Assessment:
    """The status of one indicator of one unit on the as-of date."""
    missing = shortfall(kind, target, reading, bound)
    return assessed(missing, reading, window, as_of, partly=is_partly(kind, target, reading, bound))


def assessed(
    missing: int | None, reading: Reading, window: Window, as_of: date, *, partly: bool
) -> Assessment:
    """The status where it is known how many units are missing (None: it is not known)."""
    due = due_date(window)
    if due is None:
        return Assessment(Status.NO_DUE_DATE, missing)
    if not has_begun(window, as_of):
        return Assessment(Status.NOT_DUE, missing)
    if missing is None:
        return Assessment(Status.NO_DATA, None)
    if isinstance(window, WholePeriod) and as_of < due:
        # What lasts the whole period can't be done before its end, whatever was reached.
        return Assessment(Status.IN_PROGRESS, missing)
    if missing == 0:
        is_late = reading.met_on is not None and reading.met_on > due
        return Assessment(Status.DONE_LATE if is_late else Status.DONE, 0)
    if as_of < due:
        return Assessment(Status.IN_PROGRESS, missing)
    return Assessment(Status.PARTLY if partly else Status.NOT_DONE, missing)


def whole_shortfall(
    kind: IndicatorKind, target: float, whole: Reading, parts: Collection[int | None]
) -> int | None:
    """How many units an indicator with parts misses, given what each part does.

    A share is met only when each of its parts is, so it misses what they miss, and nothing is
    known of it while nothing is known of one of them. The parts of a count only split it.
    """
    if kind is not IndicatorKind.SHARE:
        return shortfall(kind, target, whole)
    known = [missing for missing in parts if missing is not None]
    return sum(known) if len(known) == len(parts) else None


def measure_status(statuses: Collection[Status], window: Window, as_of: date) -> Status:
    """The status of a measure from those of all its indicators (docs/domain.md §7).

    A measure is done only when all are met; some met is «исполнено частично». One that is about
    schools of the project is not asked of a municipality without any. ValueError without a single
    indicator.
    """
    if not statuses:
        raise ValueError("a measure without indicators has no status")
    of_indicators = set(statuses) - {Status.NO_SCHOOLS}
    if not of_indicators:
        return Status.NO_SCHOOLS
    due = due_date(window)
    if due is None:
        return Status.NO_DUE_DATE
    if not has_begun(window, as_of):
        return Status.NOT_DUE
    if of_indicators == {Status.NO_DATA}:
        return Status.NO_DATA
    if isinstance(window, WholePeriod) and as_of < due:
        # Nor by the targets of the quarters that are over.
        return Status.IN_PROGRESS
    if all(status.is_met for status in of_indicators):
        return Status.DONE_LATE if Status.DONE_LATE in of_indicators else Status.DONE
    if as_of < due:
        return Status.IN_PROGRESS
    if Status.PARTLY in of_indicators or any(status.is_met for status in of_indicators):
        return Status.PARTLY
    return Status.NOT_DONE


def is_executed(
    status: Status, window: Window, as_of: date, interim_shortfalls: Collection[int | None]
) -> bool:
    """Whether a measure counts as executed at a check-point (docs/domain.md §7.2).

    Done, also late; or it lasts the whole period, which is not over, and its interim rule
    holds: all the indicators that the plan names for it are met. `interim_shortfalls`: what
    those miss; without any there is no interim rule to hold.
    """
    if status.is_met:
        return True
    if not isinstance(window, WholePeriod) or not has_begun(window, as_of) or as_of >= window.ends:
        return False
    return bool(interim_shortfalls) and all(missing == 0 for missing in interim_shortfalls)
