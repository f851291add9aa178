"""How values are written: rounding, signs, no-break spaces."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
from roadmap.reports.words.show import points, show, show_in_full, show_of, show_with_unit

THIRD = Share(numerator=1, denominator=3)
SHARES = st.integers(1, 100_000).flatmap(
    lambda n: st.integers(0, n).map(lambda k: Share(numerator=k, denominator=n))
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Share(numerator=13, denominator=38), "34,2"),
        (Share(numerator=2999, denominator=3000), "99,9"),
        (Share(numerator=3000, denominator=3000), "100,0"),
        (Share(numerator=0, denominator=7), "0,0"),
        (Share(numerator=1, denominator=16), "6,3"),
        (Points(previous=THIRD, current=Share(numerator=13, denominator=38)), "+0,9"),
        (Points(previous=Share(numerator=13, denominator=38), current=THIRD), "\u22120,9"),
        (Points(previous=THIRD, current=Share(numerator=2, denominator=6)), "0,0"),
        (Count(n=5214), "5\u00a0214"),
        (Count(n=0), "0"),
        (Mean(total=112, n=38), "2,95"),
        (Mean(total=1, n=200), "0,01"),
        (Mean(total=1044, n=18, digits=1), "58,0"),
        (Day(on=date(2021, 3, 31)), "31.03.2021"),
        (Words(text="Школа № 1 и № 2"), "Школа №\u00a01 и\u00a0№\u00a02"),
        (Suppressed(), "менее 5\u00a0уч."),
        (Suppressed(in_every_school=True), "во\u00a0всех школах менее\u00a05"),
        (NoData(), "н/д"),
        (NotHeld(), "–"),
    ],
)
def test_each_kind_of_value_has_one_way_to_be_written(value: Value, text: str) -> None:
    assert show(value) == text


def test_a_percent_goes_with_what_it_is_of() -> None:
    share = Share(numerator=13, denominator=38)
    assert show_with_unit(share) == "34,2\u00a0%"
    assert show_of(share) == "13 из\u00a038\u00a0чел."
    assert show_in_full(share) == "13 из\u00a038\u00a0чел., 34,2\u00a0%"
    assert show_with_unit(NoData()) == "н/д"


@given(SHARES)
def test_a_share_that_misses_all_is_never_shown_as_all(share: Share) -> None:
    assert (show(share) == "100,0") == (share.numerator == share.denominator)


@given(SHARES)
def test_a_shown_share_is_within_rounding_of_the_exact_one(share: Share) -> None:
    shown = Fraction(show(share).replace(",", "."))
    exact = Fraction(100 * share.numerator, share.denominator)
    assert abs(shown - exact) <= Fraction(1, 10)


@given(SHARES, SHARES)
def test_points_are_the_exact_difference_rounded_once(one: Share, other: Share) -> None:
    exact = 100 * (
        Fraction(one.numerator, one.denominator) - Fraction(other.numerator, other.denominator)
    )
    assert abs(Fraction(str(points(one, other))) - exact) <= Fraction(1, 20)
    assert points(other, one) == -points(one, other)


def test_points_of_two_shares_that_are_shown_rounded_apart_are_not_their_difference() -> None:
    """10,05 and 0,049 are shown as 10,1 and 0,0; the change is 10,0."""
    assert (
        points(Share(numerator=201, denominator=2000), Share(numerator=1, denominator=2041)) == 10
    )


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(2 * n, 5 * n), st.just(n))))
def test_a_mean_mark_rounds_half_away_from_zero(pair: tuple[int, int]) -> None:
    total, n = pair
    shown = Fraction(show(Mean(total=total, n=n)).replace(",", "."))
    assert -Fraction(1, 200) < shown - Fraction(total, n) <= Fraction(1, 200)


def test_a_change_is_said_with_its_sign_and_its_unit() -> None:
    fell = Points(previous=THIRD, current=Share(numerator=1, denominator=4))
    assert show_with_unit(fell) == "\u22128,3\u00a0п.\u00a0п."
    rose = Points(previous=Share(numerator=1, denominator=4), current=THIRD)
    assert show_with_unit(rose) == "+8,3\u00a0п.\u00a0п."


@given(previous=SHARES, current=SHARES)
def test_a_change_is_shown_rounded_once(previous: Share, current: Share) -> None:
    def number(text: str) -> Fraction:
        plain = text.replace("\u00a0", "").replace("\u2212", "-").replace(",", ".")
        return Fraction(plain)

    shown = number(show(Points(previous=previous, current=current)))
    exact = Fraction(current.numerator, current.denominator)
    exact -= Fraction(previous.numerator, previous.denominator)
    assert abs(shown - 100 * exact) <= Fraction(1, 20)
