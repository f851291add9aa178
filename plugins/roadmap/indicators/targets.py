"""What an indicator is to reach, where and by when: the numbers that the plan gives for it.

What municipalities count adds up to the region's: so do their targets and baselines, where they
are numbers. Of shares the region has a target of its own, since a mean of percents is none; its
share is computed from the sums of numerators and denominators.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from roadmap.indicators.status import Baseline
from roadmap.plan.model import Indicator, IndicatorKind, Slice
from roadmap.plan.region import REGION
from roadmap.plan.windows import OnDay, Window


@dataclass(frozen=True)
class Judged:
    """The quarter whose target is judged. `number` counts from the plan's first quarter."""

    number: int
    starts: date
    ends: date


def judged_quarter(indicator: Indicator, plan_year: int, as_of: date) -> Judged | None:
    """The latest quarter with a target that has ended on that day, its last day included; before
    any has, the first one, which is not due. None where the plan has no targets by quarter."""
    quarters = [_quarter(number, plan_year) for number in sorted(indicator.quarter_targets)]
    ended = [quarter for quarter in quarters if quarter.ends <= as_of]
    return (ended or quarters[:1])[-1] if quarters else None


def _quarter(number: int, plan_year: int) -> Judged:
    year, place = plan_year + (number - 1) // 4, (number - 1) % 4
    after = date(year + (place == 3), (3 * place + 3) % 12 + 1, 1)
    return Judged(number, date(year, 3 * place + 1, 1), after - timedelta(days=1))


def window_of(window: Window, quarter: Judged | None) -> Window:
    """When the indicator is due: on the last day of the judged quarter, else with its measure."""
    return window if quarter is None else OnDay(kind="on", on=quarter.ends)


def target_of(
    indicator: Indicator, place: str, municipalities: Sequence[str], quarter: Judged | None
) -> float:
    """The target in that municipality, or in 'region'; ValueError where the plan gives none.

    In percent of a share, in percentage points of a change of shares, else in units.
    """
    if quarter is None:
        for_all, named = indicator.target, indicator.targets
    else:
        for_all, named = indicator.quarter_targets[quarter.number], {}
    found = _number(indicator, place, municipalities, for_all, named)
    if found is None:
        raise ValueError(f"indicator {indicator.code}: no target for {place!r}")
    return float(found)


def planned_baseline(
    indicator: Indicator, place: str, municipalities: Sequence[str]
) -> Baseline | None:
    """What the plan itself gives as the number that a change is counted from."""
    given = indicator.baseline
    if given is None:
        return None
    for_all, named = (None, given) if isinstance(given, Mapping) else (given, {})
    found = _number(indicator, place, municipalities, for_all, named)
    if found is None:
        return None
    if not indicator.is_of_shares:
        return Baseline(int(found), None)
    return Baseline(*(found / 100).as_integer_ratio())


def _number(
    indicator: Indicator,
    place: str,
    municipalities: Sequence[str],
    for_all: float | None,
    named: Mapping[str, float],
) -> Fraction | None:
    """The number of that place; the region's is the sum, unless the plan says it."""
    own = named.get(place, for_all)
    is_sum = place == REGION and REGION not in named and adds_up(indicator)
    if not is_sum:
        return None if own is None else Fraction(str(own))
    each = [named.get(one, for_all) for one in municipalities]
    known = [Fraction(str(number)) for number in each if number is not None]
    return sum(known, Fraction(0)) if len(known) == len(each) else None


def adds_up(indicator: Indicator) -> bool:
    """Whether the region's number is the sum of the municipalities'."""
    is_number = indicator.kind in (IndicatorKind.COUNT, IndicatorKind.SUM, IndicatorKind.CHANGE)
    is_sliced = indicator.slice is Slice.MUNICIPALITY
    return is_number and is_sliced and not indicator.is_of_shares
