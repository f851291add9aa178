"""From shares back to counts: exports give percents, we keep counts (domain.md §4.1)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

# One share is rounded by at most this much (domain.md §3.6).
ROUNDING = Decimal("0.05")


def sums_to_whole(percents: Sequence[Decimal]) -> bool:
    """Whether the shares make 100 ± 0.05 for each of them."""
    return abs(sum(percents, Decimal(0)) - 100) <= ROUNDING * len(percents)


def are_fractions(shares: Sequence[Decimal]) -> bool:
    """Whether the shares are written 0–1 and not 0–100."""
    return abs(sum(shares, Decimal(0)) - 1) <= ROUNDING * len(shares) / 100


def restored_counts(percents: Sequence[Decimal], total: int) -> list[int]:
    """Whole counts that sum to `total` and stand nearest to the shares.

    By largest remainder: each share of the total rounded down, what is left goes to the
    largest fractional parts, of equal ones to the first. The shares are taken of their own
    sum, which rounding leaves a little beside 100. Raises ValueError on a negative share and
    where all are zero while `total` is not.
    """
    whole = sum(percents, Decimal(0))
    if min(percents) < 0 or total < 0 or (whole == 0 and total > 0):
        raise ValueError("shares that no counts can have")
    if total == 0:
        return [0] * len(percents)
    exact = [Fraction(percent) * total / Fraction(whole) for percent in percents]
    counts = [int(value) for value in exact]
    by_remainder = sorted(range(len(exact)), key=lambda at: (counts[at] - exact[at], at))
    for at in by_remainder[: total - sum(counts)]:
        counts[at] += 1
    return counts


def agree(percents: Sequence[Decimal], counts: Sequence[int], total: int) -> bool:
    """Whether the counts give the shares back as they were written.

    False hints at a wrong number of participants: 33,33 % of 14 is nobody's share.
    """
    allowed = Fraction(ROUNDING) + Fraction(1, 100)
    return all(
        abs(Fraction(100 * count, total) - Fraction(percent)) <= allowed
        for percent, count in zip(percents, counts, strict=True)
    )
