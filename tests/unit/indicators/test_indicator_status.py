"""When an indicator and a measure count as done."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadmap.indicators.status import (
    WORDS,
    Reading,
    Status,
    indicator_status,
    is_executed,
    measure_status,
    shortfall,
    whole_shortfall,
)
from roadmap.plan.model import IndicatorKind
from roadmap.plan.windows import OnDay, OwnSchedule, Period, WholePeriod
from roadmap.russian import percent

SHARE, COUNT, FACT = IndicatorKind.SHARE, IndicatorKind.COUNT, IndicatorKind.FACT
MARCH = Period(kind="period", starts=date(2021, 3, 1), ends=date(2021, 3, 31))
SPRING = Period(kind="period", starts=date(2021, 3, 1), ends=date(2021, 4, 30))
WEBINAR = OnDay(kind="on", on=date(2021, 3, 12))
YEAR = WholePeriod(kind="whole_period", starts=date(2021, 3, 19), ends=date(2021, 12, 31))
NO_DATE = OwnSchedule(kind="own_schedule")
DUE = date(2021, 3, 31)

statuses = st.sampled_from(sorted(Status))
days = st.dates(date(2021, 1, 1), date(2022, 1, 31))
windows = st.sampled_from([MARCH, SPRING, WEBINAR, YEAR, NO_DATE])


def status(kind, target, numerator, denominator, window=MARCH, as_of=DUE, met_on=None):
    return indicator_status(kind, target, Reading(numerator, denominator, met_on), window, as_of)


@pytest.mark.parametrize(
    ("kind", "target", "numerator", "denominator", "expected", "missing"),
    [
        pytest.param(SHARE, 100, 12, 12, Status.DONE, 0, id="all of all is done"),
        pytest.param(SHARE, 100, 11, 12, Status.PARTLY, 1, id="one missing is partly"),
        pytest.param(SHARE, 100, 0, 12, Status.NOT_DONE, 12, id="none of some is not done"),
        pytest.param(SHARE, 100, 0, 0, Status.NO_DATA, None, id="none of none is no data"),
        pytest.param(SHARE, 100, None, 12, Status.NO_DATA, None, id="an unknown count is no data"),
        pytest.param(SHARE, 100, None, None, Status.NO_DATA, None, id="nothing known is no data"),
        pytest.param(SHARE, 100, 2999, 3000, Status.PARTLY, 1, id="99,97 % is not 100 %"),
        pytest.param(SHARE, 100, 2499, 2500, Status.PARTLY, 1, id="99,96 % is not 100 %"),
        pytest.param(SHARE, 50, 1, 3, Status.PARTLY, 1, id="half of three needs two"),
        pytest.param(SHARE, 50, 2, 3, Status.DONE, 0, id="two of three is more than half"),
        pytest.param(SHARE, 99.9, 999, 1000, Status.DONE, 0, id="the decimal target itself is met"),
        pytest.param(COUNT, 14, 14, None, Status.DONE, 0, id="exactly the number is done"),
        pytest.param(COUNT, 14, 15, None, Status.DONE, 0, id="more than the number is done"),
        pytest.param(COUNT, 14, 13, None, Status.PARTLY, 1, id="one event short is partly"),
        pytest.param(COUNT, 14, 0, None, Status.NOT_DONE, 14, id="no event is not done"),
        pytest.param(COUNT, 14, None, None, Status.NO_DATA, None, id="no register is no data"),
        pytest.param(FACT, 1, 1, 1, Status.DONE, 0, id="the fact is there"),
        pytest.param(FACT, 1, 0, 1, Status.NOT_DONE, 1, id="the fact is not there"),
    ],
)
def test_on_the_due_date(kind, target, numerator, denominator, expected, missing):
    found = status(kind, target, numerator, denominator)
    assert (found.status, found.shortfall) == (expected, missing)


@pytest.mark.parametrize(
    ("window", "as_of", "numerator", "met_on", "expected"),
    [
        pytest.param(MARCH, date(2021, 2, 28), 0, None, Status.NOT_DUE, id="before the window"),
        pytest.param(MARCH, date(2021, 3, 1), 0, None, Status.IN_PROGRESS, id="its first day"),
        pytest.param(SPRING, DUE, 1, None, Status.IN_PROGRESS, id="while the window runs"),
        pytest.param(SPRING, DUE, 2, DUE, Status.DONE, id="done before the end"),
        pytest.param(MARCH, DUE, 2, DUE, Status.DONE, id="on the last day it is in time"),
        pytest.param(
            MARCH, date(2021, 6, 30), 2, date(2021, 4, 1), Status.DONE_LATE,
            id="a day after the last day it is late",
        ),
        pytest.param(MARCH, date(2021, 6, 30), 2, None, Status.DONE, id="done, the day not known"),
        pytest.param(
            MARCH, date(2021, 6, 30), 1, date(2021, 4, 1), Status.PARTLY,
            id="late and not enough is partly",
        ),
        pytest.param(WEBINAR, date(2021, 3, 11), 0, None, Status.NOT_DUE, id="before the day"),
        pytest.param(WEBINAR, date(2021, 3, 12), 1, None, Status.PARTLY, id="on the day"),
        pytest.param(NO_DATE, DUE, 2, None, Status.NO_DUE_DATE, id="without a date never done"),
        pytest.param(YEAR, DUE, 2, DUE, Status.IN_PROGRESS, id="all reached, the period runs"),
        pytest.param(YEAR, date(2021, 12, 31), 2, DUE, Status.DONE, id="at the period's end"),
        pytest.param(YEAR, date(2021, 12, 31), 1, DUE, Status.PARTLY, id="one short at the end"),
        pytest.param(YEAR, DUE, None, None, Status.NO_DATA, id="nothing known while it runs"),
    ],
)  # fmt: skip
def test_by_window(window, as_of, numerator, met_on, expected):
    assert status(SHARE, 100, numerator, 2, window, as_of, met_on).status is expected


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ("done done", Status.DONE),
        ("done done_late", Status.DONE_LATE),
        ("done not_done", Status.PARTLY),
        ("done_late partly", Status.PARTLY),
        ("partly not_done", Status.PARTLY),
        ("not_done not_done", Status.NOT_DONE),
        ("no_data no_data", Status.NO_DATA),
        ("not_done no_data", Status.NOT_DONE),
        ("done no_data", Status.PARTLY),
    ],
)
def test_a_measure_is_done_only_when_all_its_indicators_are(found, expected):
    assert measure_status([Status(code) for code in found.split()], MARCH, DUE) is expected


@pytest.mark.parametrize(
    ("found", "window", "as_of", "expected"),
    [
        ("done in_progress", SPRING, DUE, Status.IN_PROGRESS),
        ("done done", SPRING, DUE, Status.DONE),
        ("done no_data", SPRING, DUE, Status.IN_PROGRESS),
        ("in_progress no_data", YEAR, DUE, Status.IN_PROGRESS),
        ("no_data", MARCH, date(2021, 2, 28), Status.NOT_DUE),
        ("done no_data", NO_DATE, DUE, Status.NO_DUE_DATE),
    ],
)
def test_a_measure_while_its_window_runs(found, window, as_of, expected):
    assert measure_status([Status(code) for code in found.split()], window, as_of) is expected


def test_a_measure_without_indicators_has_no_status():
    with pytest.raises(ValueError, match="without indicators"):
        measure_status([], MARCH, DUE)


def test_every_status_has_its_word():
    assert set(WORDS) == set(Status)
    assert len(set(WORDS.values())) == len(Status)


@given(st.lists(statuses, min_size=1), windows, days)
def test_a_measure_with_an_indicator_that_is_not_met_is_never_done(found, window, as_of):
    result = measure_status(found, window, as_of)
    # What is about schools of the project is not asked of a municipality without any.
    asked = [code for code in found if code is not Status.NO_SCHOOLS]
    if not asked or not all(code.is_met for code in asked):
        assert not result.is_met
    if result is Status.DONE:
        assert set(asked) == {Status.DONE}


@given(st.lists(statuses, min_size=1), windows, days)
def test_what_is_not_asked_of_a_municipality_changes_no_status(found, window, as_of):
    asked = [code for code in found if code is not Status.NO_SCHOOLS]
    expected = measure_status(asked, window, as_of) if asked else Status.NO_SCHOOLS
    assert measure_status([*found, Status.NO_SCHOOLS], window, as_of) is expected


@given(st.integers(0, 10_000), st.integers(1, 10_000), st.integers(1, 100))
def test_a_shortfall_is_what_is_still_needed(numerator, denominator, target):
    numerator = min(numerator, denominator)
    missing = shortfall(SHARE, target, Reading(numerator, denominator))
    assert 100 * (numerator + missing) >= target * denominator
    assert missing == 0 or 100 * (numerator + missing - 1) < target * denominator


@given(st.integers(0, 5000), st.integers(1, 5000), windows, days)
def test_what_is_shown_as_100_percent_is_met_and_what_is_met_is_shown_so(
    numerator, denominator, window, as_of
):
    numerator = min(numerator, denominator)
    found = status(SHARE, 100, numerator, denominator, window, as_of)
    assert (found.shortfall == 0) == (percent(numerator, denominator) == "100,0")


@given(st.integers(0, 50), st.integers(1, 50), st.integers(0, 50), windows, days, days)
def test_more_evidence_never_makes_it_worse(numerator, denominator, more, window, as_of, met_on):
    """What is done (also late) stays done, and a shortfall only shrinks."""
    numerator = min(numerator, denominator)
    enough = min(numerator + more, denominator)
    before = status(SHARE, 100, numerator, denominator, window, as_of, met_on)
    after = status(SHARE, 100, enough, denominator, window, as_of, met_on)
    assert after.shortfall <= before.shortfall
    assert after.status.is_met or not before.status.is_met


@given(st.integers(0, 20), windows, days)
def test_what_is_not_due_yet_is_never_not_done(numerator, window, as_of):
    found = status(SHARE, 100, numerator, 20, window, as_of).status
    ends = getattr(window, "ends", None) or getattr(window, "on", None)
    if ends is None or as_of <= ends - timedelta(days=1):
        assert found not in (Status.NOT_DONE, Status.PARTLY, Status.DONE_LATE)


@pytest.mark.parametrize(
    ("target", "parts", "expected"),
    [
        pytest.param(100, [0, 0, 0], 0, id="met only when every part is"),
        pytest.param(100, [0, 2, 1], 3, id="it misses what its parts miss"),
        pytest.param(100, [0, None, 1], None, id="unknown as soon as one part is unknown"),
    ],
)
def test_a_share_with_parts(target, parts, expected):
    # By its sum alone 50 of 100 would do for a target of 50 %.
    assert whole_shortfall(SHARE, target, Reading(99, 100), parts) == expected


def test_the_parts_of_a_count_only_split_it():
    assert whole_shortfall(COUNT, 20, Reading(19, None), [20, 1, 20]) == 1


@pytest.mark.parametrize(
    ("found", "window", "as_of", "interim", "expected"),
    [
        pytest.param(Status.DONE, MARCH, DUE, [], True, id="done"),
        pytest.param(Status.DONE_LATE, MARCH, DUE, [], True, id="done late"),
        pytest.param(Status.PARTLY, MARCH, DUE, [0], False, id="an interim rule of no use"),
        pytest.param(Status.IN_PROGRESS, YEAR, DUE, [0, 0], True, id="in progress, all is met"),
        pytest.param(Status.IN_PROGRESS, YEAR, DUE, [0, 1], False, id="in progress, one misses"),
        pytest.param(Status.IN_PROGRESS, YEAR, DUE, [0, None], False, id="one is not known"),
        pytest.param(Status.IN_PROGRESS, YEAR, DUE, [], False, id="without an interim rule"),
        pytest.param(Status.NOT_DUE, YEAR, date(2021, 3, 18), [0], False, id="before it begins"),
        pytest.param(
            Status.PARTLY, YEAR, date(2021, 12, 31), [0], False,
            id="at its end only what is done is executed",
        ),
        pytest.param(Status.NO_DUE_DATE, NO_DATE, DUE, [0], False, id="without a date"),
    ],
)  # fmt: skip
def test_what_counts_as_executed_at_a_check_point(found, window, as_of, interim, expected):
    assert is_executed(found, window, as_of, interim) is expected


@given(statuses, windows, days, st.lists(st.none() | st.integers(0, 3)))
def test_what_is_done_is_executed_and_what_is_not_due_never(found, window, as_of, interim):
    executed = is_executed(found, window, as_of, interim)
    assert executed or not found.is_met
    if executed and not found.is_met:
        assert window == YEAR
        assert set(interim) == {0}
