"""Shares and means of marks: what the counts of one unit in one paper say.

A share exists only as numerator and denominator, so that units are summed before they are
divided: a municipality's share is never a mean of its schools' percents.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

# Two-sided 95 % quantile of the normal distribution.
Z_95 = 1.959963984540054


@dataclass(frozen=True)
class Marks:
    """How many participants got each mark. At least one participant."""

    two: int
    three: int
    four: int
    five: int

    def __post_init__(self) -> None:
        if min(self.two, self.three, self.four, self.five) < 0 or self.participants == 0:
            raise ValueError("marks need at least one participant and no negative count")

    @property
    def participants(self) -> int:
        return self.two + self.three + self.four + self.five

    @property
    def passed(self) -> int:
        """Успеваемость: «3», «4» and «5»."""
        return self.three + self.four + self.five

    @property
    def good(self) -> int:
        """Качество знаний: «4» and «5»."""
        return self.four + self.five

    @property
    def total(self) -> int:
        """The sum of marks: mean mark = total / participants."""
        return 2 * self.two + 3 * self.three + 4 * self.four + 5 * self.five


@dataclass(frozen=True)
class Journal:
    """How many works were marked lower than, as, or higher than the journal has it."""

    lowered: int
    confirmed: int
    raised: int

    @property
    def compared(self) -> int:
        return self.lowered + self.confirmed + self.raised

    def __add__(self, other: Journal) -> Journal:
        return Journal(
            self.lowered + other.lowered,
            self.confirmed + other.confirmed,
            self.raised + other.raised,
        )


@dataclass(frozen=True)
class Exam:
    """Test scores (0-100) of one unit in one subject of ЕГЭ. At least one participant."""

    participants: int
    below_minimum: int
    minimum: int  # the lowest sufficient score of that year and subject
    score_sum: int
    high_scores: int  # 81-100

    def __post_init__(self) -> None:
        if self.participants <= 0:
            raise ValueError("an exam result needs at least one participant")


@dataclass(frozen=True)
class Interval:
    """Bounds of a share, as fractions of one."""

    low: float
    high: float


def difference_interval(
    earlier: tuple[int, int], later: tuple[int, int], z: float = Z_95
) -> Interval:
    """The interval for later minus earlier share, each (numerator, denominator).

    Method 10 of R. G. Newcombe, Statistics in Medicine 17, 1998, pp. 873-890: the score
    intervals of both shares squared and added. ValueError as in `wilson`.
    """
    before, after = wilson(*earlier, z), wilson(*later, z)
    p, q = earlier[0] / earlier[1], later[0] / later[1]
    down = sqrt((q - after.low) ** 2 + (before.high - p) ** 2)
    up = sqrt((after.high - q) ** 2 + (p - before.low) ** 2)
    return Interval(q - p - down, q - p + up)


def wilson(numerator: int, denominator: int, z: float = Z_95) -> Interval:
    """The score interval for a share (E. B. Wilson, JASA 22, 1927, pp. 209-212).

    Unlike the textbook interval p ± z·√(p(1−p)/n) it stays inside 0..1 and keeps its
    coverage for the small groups that schools are. ValueError unless
    0 <= numerator <= denominator and denominator > 0.
    """
    if denominator <= 0 or not 0 <= numerator <= denominator:
        raise ValueError(f"no share: {numerator} of {denominator}")
    n, p = denominator, numerator / denominator
    centre = p + z * z / (2 * n)
    margin = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    # Exact ends: rounding must not make «0 of n» begin below zero.
    low = 0.0 if numerator == 0 else (centre - margin) / scale
    high = 1.0 if numerator == denominator else (centre + margin) / scale
    return Interval(max(0.0, low), min(1.0, high))
