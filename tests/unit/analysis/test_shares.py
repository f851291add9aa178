"""Shares and means of counts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadmap.analysis.shares import Exam, Journal, Marks, difference_interval, wilson

counts = st.integers(0, 500)


def test_marks_of_a_known_school() -> None:
    marks = Marks(two=13, three=16, four=7, five=2)
    assert marks.participants == 38
    assert marks.passed == 25
    assert marks.good == 9
    assert marks.total / marks.participants == pytest.approx(2.947, abs=0.001)


@pytest.mark.parametrize("marks", [(0, 0, 0, 0), (-1, 2, 3, 4)])
def test_nobody_and_less_than_nobody_have_no_marks(marks: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="at least one participant"):
        Marks(*marks)


def test_nobody_has_no_exam_result() -> None:
    with pytest.raises(ValueError, match="at least one participant"):
        Exam(0, 0, 36, 0, 0)


def test_compared_is_the_sum_of_the_three() -> None:
    assert Journal(lowered=7, confirmed=12, raised=1).compared == 20


@given(st.tuples(counts, counts, counts, counts).filter(any))
def test_every_participant_has_passed_or_not(counted: tuple[int, int, int, int]) -> None:
    marks = Marks(*counted)
    assert marks.passed + marks.two == marks.participants
    assert marks.good <= marks.passed
    assert 2 * marks.participants <= marks.total <= 5 * marks.participants


# Published values: Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
@pytest.mark.parametrize(
    ("numerator", "denominator", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_the_interval_of_published_examples(
    numerator: int, denominator: int, low: float, high: float
) -> None:
    found = wilson(numerator, denominator)
    assert (found.low, found.high) == (
        pytest.approx(low, abs=5e-5),
        pytest.approx(high, abs=5e-5),
    )


@given(st.integers(1, 1000), st.data())
def test_the_interval_holds_its_share_and_stays_within_0_and_1(n: int, data: st.DataObject) -> None:
    k = data.draw(st.integers(0, n))
    found = wilson(k, n)
    assert 0 <= found.low <= k / n <= found.high <= 1
    mirrored = wilson(n - k, n)
    assert found.low == pytest.approx(1 - mirrored.high, abs=1e-12)


@pytest.mark.parametrize(("numerator", "denominator"), [(1, 0), (-1, 5), (6, 5)])
def test_what_is_no_share_has_no_interval(numerator: int, denominator: int) -> None:
    with pytest.raises(ValueError, match="no share"):
        wilson(numerator, denominator)


# Published values: Newcombe, Statistics in Medicine 17 (1998), table II, method 10.
@pytest.mark.parametrize(
    ("later", "earlier", "low", "high"),
    [
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((10, 10), (0, 20), 0.6791, 1.0),
    ],
)
def test_the_interval_of_a_difference_of_published_examples(
    later: tuple[int, int], earlier: tuple[int, int], low: float, high: float
) -> None:
    found = difference_interval(earlier, later)
    assert (found.low, found.high) == (
        pytest.approx(low, abs=5e-5),
        pytest.approx(high, abs=5e-5),
    )


@given(st.integers(1, 300), st.integers(1, 300), st.data())
def test_the_interval_of_a_difference_holds_it_and_turns_round_with_it(
    n: int, m: int, data: st.DataObject
) -> None:
    one, other = (data.draw(st.integers(0, n)), n), (data.draw(st.integers(0, m)), m)
    found, turned = difference_interval(one, other), difference_interval(other, one)
    assert found.low <= other[0] / m - one[0] / n <= found.high
    assert found.low == pytest.approx(-turned.high, abs=1e-12)
