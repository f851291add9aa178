"""From shares back to counts: exports give percents, we keep counts (docs/domain.md §4.1)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

# One share is rounded by at most this much (docs/domain.md §3.6).
ROUNDING = Decimal("0.05")
_ROUNDING_HUNDREDTHS = int(ROUNDING * 100)
_ALLOWED_HUNDREDTHS = _ROUNDING_HUNDREDTHS + 1


def as_hundredths(shares: Sequence[object]) -> list[int] | None:
    """Shares in whole hundredths of a percent, where all cells say such and make a whole.

    None otherwise: then the shares are read by the long way, which says what is wrong. Nearly
    all rows of all files go this way.
    """
    parts = [part for part in map(_hundredths, shares) if part is not None]
    if len(parts) < len(shares):
        return None
    return parts if abs(sum(parts) - 10_000) <= _ROUNDING_HUNDREDTHS * len(parts) else None


_SHARE = re.compile(r"(\d{1,3})(?:[.,](\d{1,2}))?%?", re.ASCII)


# There are ten thousand of them, as numbers and as texts; `typed`: True is no 1.0.
@lru_cache(maxsize=32_768, typed=True)
def _hundredths(share: object) -> int | None:
    if isinstance(share, str):
        written = _SHARE.fullmatch(share)
        if written is None:
            return None
        whole, rest = written.groups(default="")
        part = int(whole + rest.ljust(2, "0"))
    elif isinstance(share, float):
        part = round(share * 100) if 0 <= share <= 101 else -1
        if part / 100 != share:
            return None
    else:
        return None
    return part if 0 <= part <= 10_005 else None


def restored_from_hundredths(parts: list[int], total: int) -> tuple[list[int], bool]:
    """`restored` of what `as_hundredths` gives."""
    counts = _restored(parts, total)
    return counts, _agree(parts, 100, counts, total)


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
    parts, _ = _whole_parts(percents)
    return _restored(parts, total)


def restored(percents: Sequence[Decimal], total: int) -> tuple[list[int], bool]:
    """`restored_counts`, and whether they `agree` with the shares they were restored from."""
    parts, per_unit = _whole_parts(percents)
    counts = _restored(parts, total)
    return counts, _agree(parts, per_unit, counts, total)


def _restored(parts: list[int], total: int) -> list[int]:
    whole = sum(parts)
    if min(parts) < 0 or total < 0 or (whole == 0 and total > 0):
        raise ValueError("shares that no counts can have")
    if total == 0:
        return [0] * len(parts)
    # Where the nearest whole numbers make the total they are those of the largest remainders.
    counts = [(2 * part * total + whole) // (2 * whole) for part in parts]
    if sum(counts) == total:
        return counts
    counts = [part * total // whole for part in parts]
    # Sorting keeps equal ones in their order.
    by_remainder = sorted(range(len(parts)), key=lambda at: -(parts[at] * total % whole))
    for at in by_remainder[: total - sum(counts)]:
        counts[at] += 1
    return counts


def restored_points(percent: Decimal | int, most: int, pupils: int) -> tuple[int, bool]:
    """The points of a task that are that percent of the `most` that `pupils` may have together.

    And whether rounding alone explains that they are no whole number.
    """
    exact = Decimal(percent) * most * pupils / 100
    points = int(exact.to_integral_value(ROUND_HALF_UP))
    return points, abs(exact - points) <= ROUNDING * most * pupils / 100


def agree(percents: Sequence[Decimal], counts: Sequence[int], total: int) -> bool:
    """Whether the counts give the shares back as they were written.

    False hints at a wrong number of participants: 33,33 % of 14 is nobody's share.
    """
    parts, per_unit = _whole_parts(percents)
    return _agree(parts, per_unit, counts, total)


def _agree(parts: list[int], per_unit: int, counts: Sequence[int], total: int) -> bool:
    # Compared in units of the shares' last digit, times the total: all whole numbers.
    allowed = _ALLOWED_HUNDREDTHS * per_unit * total
    for part, count in zip(parts, counts, strict=True):
        if 100 * abs(100 * count * per_unit - part * total) > allowed:
            return False
    return True


def _whole_parts(percents: Sequence[Decimal]) -> tuple[list[int], int]:
    """The shares as whole numbers of one unit, and how many of those make one.

    Files write at most hundredths; where one has more digits, its last digit is the unit.
    """
    scaled = [percent * 100 for percent in percents]
    parts = [int(part) for part in scaled]
    if parts == scaled:
        return parts, 100
    digits = max(-int(percent.as_tuple().exponent) for percent in percents)
    digits = max(digits, 0)
    return [int(percent.scaleb(digits)) for percent in percents], 10**digits
