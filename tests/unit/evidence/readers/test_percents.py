"""Counts come back from shares whole, and nothing of a sum gets lost."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadmap.evidence.readers.percents import (
    agree,
    are_fractions,
    restored,
    restored_counts,
    sums_to_whole,
)

COUNTS = st.lists(st.integers(0, 400), min_size=4, max_size=4).filter(any)


def shares(counts: list[int], digits: int = 2) -> list[Decimal]:
    total = sum(counts)
    return [Decimal(str(round(100 * count / total, digits))) for count in counts]


@given(COUNTS)
def test_counts_of_a_school_come_back_exactly_from_two_digits(counts):
    written = shares(counts)
    assert sums_to_whole(written)
    assert restored_counts(written, sum(counts)) == counts
    assert agree(written, counts, sum(counts))


@given(
    st.lists(st.decimals(0, 100, places=2), min_size=2, max_size=5).filter(any),
    st.integers(0, 2_000_000),
)
def test_restored_counts_always_sum_to_the_participants(percents, total):
    counts = restored_counts(percents, total)
    assert sum(counts) == total
    assert min(counts) >= 0
    whole = sum(percents)
    for percent, count in zip(percents, counts, strict=True):
        assert abs(count - percent * total / whole) < 1


@given(
    st.lists(st.decimals(0, 100, places=2), min_size=2, max_size=5).filter(any),
    st.integers(0, 7),
    st.integers(0, 2_000_000),
)
def test_zeros_after_the_last_digit_of_a_share_change_nothing(percents, zeros, total):
    """With up to two digits shares are taken apart on a shorter way than with more."""
    longer = [share.quantize(Decimal(1).scaleb(-2 - zeros)) for share in percents]
    finer = [share * 10 for share in longer]
    assert restored_counts(longer, total) == restored_counts(percents, total)
    counts, do_agree = restored(longer, total)
    assert counts == restored_counts([share / 1000 for share in finer], total)
    assert do_agree == agree(percents, counts, total)


def test_a_remainder_goes_to_the_largest_part_and_then_to_the_first():
    assert restored_counts([Decimal("33.33")] * 3, 10) == [4, 3, 3]
    school = [Decimal("42.86"), Decimal("35.71"), Decimal("21.43"), Decimal(0)]
    assert restored_counts(school, 14) == [6, 5, 3, 0]


@pytest.mark.parametrize("percents", [[Decimal(-1), Decimal(101)], [Decimal(0)] * 4])
def test_shares_that_no_counts_can_have_are_an_error(percents):
    with pytest.raises(ValueError, match="no counts"):
        restored_counts(percents, 5)


def test_a_sum_may_miss_a_hundred_only_by_rounding():
    quarter = Decimal("25.05")
    assert sums_to_whole([quarter] * 4)
    assert not sums_to_whole([quarter, quarter, quarter, Decimal("25.06")])
    assert not sums_to_whole([Decimal("52.4"), Decimal(30), Decimal(20), Decimal(10)])


def test_fractions_are_told_from_percents():
    assert are_fractions(
        [Decimal("0.1402"), Decimal("0.374"), Decimal("0.3331"), Decimal("0.1527")]
    )
    assert not are_fractions([Decimal(100), Decimal(0), Decimal(0), Decimal(0)])
    assert not are_fractions([Decimal("0.5"), Decimal("0.4")])


def test_a_wrong_number_of_participants_shows():
    assert agree([Decimal("33.33"), Decimal("66.67")], [1, 2], 3)
    assert not agree([Decimal("33.33"), Decimal("66.67")], [5, 9], 14)
