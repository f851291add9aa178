"""When a measure is due: on the last day of its window, and never without a date."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadmap.plan.due import due_date, has_begun, is_due, is_ongoing
from roadmap.plan.load import load_plan
from roadmap.plan.model import OnDay, OwnSchedule, Period, WholePeriod, Window

PLAN = load_plan(2021)


@pytest.mark.parametrize(
    ("number", "due"),
    [
        (1, None), (2, None), (3, None), (4, "2021-12-31"), (5, "2021-03-31"),
        (6, "2021-03-12"), (7, "2021-03-31"), (8, "2021-04-30"), (9, "2021-12-31"),
        (10, "2021-11-30"), (11, "2021-12-31"), (12, "2021-06-30"), (13, "2021-06-30"),
        (14, "2021-08-31"), (15, "2021-09-30"), (16, "2021-11-30"), (17, "2021-12-31"),
    ],
)  # fmt: skip
def test_due_dates_of_the_order(number: int, due: str | None) -> None:
    found = due_date(PLAN.measure(number).window)
    assert (found.isoformat() if found else None) == due


@pytest.mark.parametrize(
    ("as_of", "due"),
    [
        ("2021-03-12", {6}),
        ("2021-03-31", {5, 6, 7}),
        ("2021-06-30", {5, 6, 7, 8, 12, 13}),
        ("2021-09-30", {5, 6, 7, 8, 12, 13, 14, 15}),
        ("2021-12-31", set(range(4, 18))),
    ],
)
def test_what_is_due_at_a_checkpoint(as_of: str, due: set[int]) -> None:
    """Measures «по отдельному графику» without a date are due on none of them."""
    day = date.fromisoformat(as_of)
    assert {m.number for m in PLAN.measures if is_due(m.window, day)} == due


def test_a_date_of_its_own_schedule_counts_once_it_is_known() -> None:
    assert not is_due(OwnSchedule(kind="own_schedule"), date.max)
    assert is_due(OwnSchedule(kind="own_schedule", on=date(2021, 4, 1)), date(2021, 4, 1))


def test_the_whole_period_is_ongoing() -> None:
    assert {m.number for m in PLAN.measures if is_ongoing(m)} == {4, 9, 11}


days = st.dates(date(2021, 1, 1), date(2030, 12, 31))
lengths = st.integers(0, 400).map(timedelta)


@st.composite
def windows(draw: st.DrawFn) -> Window:
    starts, length = draw(days), draw(lengths)
    match draw(st.sampled_from(["on", "period", "whole_period", "own_schedule"])):
        case "on":
            return OnDay(kind="on", on=starts)
        case "period":
            return Period(kind="period", starts=starts, ends=starts + length)
        case "whole_period":
            return WholePeriod(kind="whole_period", starts=starts, ends=starts + length)
    return OwnSchedule(kind="own_schedule", on=draw(st.none() | days))


@given(windows(), days, lengths)
def test_what_is_due_stays_due_and_has_begun(window: Window, day: date, later: timedelta) -> None:
    assert is_due(window, day) <= is_due(window, day + later)
    assert is_due(window, day) <= has_begun(window, day)
    due = due_date(window)
    if due is not None:
        assert is_due(window, due)
        assert not is_due(window, due - timedelta(1))
