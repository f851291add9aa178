"""When a measure is due: on the last day of its window, and never without a date."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from roadmap.plan.due import (
    due_date,
    has_begun,
    is_due,
    is_ongoing,
    monitoring_scope,
    with_own_schedule,
)
from roadmap.plan.model import Plan
from roadmap.plan.windows import OnDay, OwnSchedule, Period, WholePeriod, Window
from support.plans import small_plan

PLAN = small_plan()


@pytest.mark.parametrize(
    ("number", "due"),
    [
        ("3", None),  # a schedule of its own
        ("4", "2021-12-31"),  # the whole year
        ("5", "2021-03-31"),  # a period
        ("6", "2021-03-12"),  # a day
    ],
)
def test_a_measure_is_due_on_the_last_day_of_its_window(number: str, due: str | None) -> None:
    found = due_date(PLAN.measure(number).window)
    assert (found.isoformat() if found else None) == due


@pytest.mark.parametrize(
    ("as_of", "due"),
    [
        ("2021-03-12", {"6"}),
        ("2021-03-31", {"5", "6", "7"}),
        ("2021-06-30", {"5", "6", "7", "8", "12", "13"}),
        ("2021-09-30", {"5", "6", "7", "8", "12", "13", "14", "15"}),
        ("2021-12-31", {"4", "5", "6", "7", "8", "11", "12", "13", "14", "15", "16", "17"}),
    ],
)
def test_what_is_due_at_a_checkpoint(as_of: str, due: set[str]) -> None:
    """Measures «по отдельному графику» without a date are due on none of them."""
    day = date.fromisoformat(as_of)
    assert {m.number for m in PLAN.measures if is_due(m.window, day)} == due


def test_a_date_of_its_own_schedule_counts_once_it_is_known() -> None:
    assert not is_due(OwnSchedule(kind="own_schedule"), date.max)
    assert is_due(OwnSchedule(kind="own_schedule", on=date(2021, 4, 1)), date(2021, 4, 1))


def test_the_whole_period_is_ongoing() -> None:
    assert {m.number for m in PLAN.measures if is_ongoing(m)} == ONGOING


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


# -- What a monitoring counts (docs/domain.md §7.2) -----------------------------------------------

JUNE, SEPTEMBER, DECEMBER = "2021-06-30", "2021-09-30", "2021-12-31"
OWN_SCHEDULE = {"1": date(2021, 4, 9), "2": date(2021, 2, 18), "3": date(2021, 6, 30)}
DATED_BY_JUNE, DATED_BY_SEPTEMBER = {"5", "6", "7", "8"}, {"5", "6", "7", "8", "12", "13", "14"}
ONGOING, OWN = {"4", "11"}, {"1", "2", "3"}
DATED_BY_DECEMBER = DATED_BY_SEPTEMBER | ONGOING | {"15", "16"}


def ruled(number: str, plan: Plan = PLAN, **rules: bool | tuple[str, ...]) -> Plan:
    measures = [
        m.model_copy(update={"rules": {**m.rules, **rules}}) if m.number == number else m
        for m in plan.measures
    ]
    return plan.model_copy(update={"measures": tuple(measures)})


@pytest.mark.parametrize(
    ("monitoring", "as_of", "include_ongoing", "has_own_dates", "counted"),
    [
        ("12", JUNE, True, True, DATED_BY_JUNE | ONGOING | OWN),
        ("12", JUNE, True, False, DATED_BY_JUNE | ONGOING),
        ("12", JUNE, False, True, DATED_BY_JUNE | OWN),
        ("12", JUNE, False, False, DATED_BY_JUNE),  # the strict reading
        ("15", SEPTEMBER, True, True, DATED_BY_SEPTEMBER | ONGOING | OWN),
        ("15", SEPTEMBER, True, False, DATED_BY_SEPTEMBER | ONGOING),
        ("15", SEPTEMBER, False, True, DATED_BY_SEPTEMBER | OWN),
        ("15", SEPTEMBER, False, False, DATED_BY_SEPTEMBER),
        # At the end of the year what ran all of it is due as any other, in both variants.
        ("17", DECEMBER, True, True, DATED_BY_DECEMBER | OWN),
        ("17", DECEMBER, True, False, DATED_BY_DECEMBER),
        ("17", DECEMBER, False, True, DATED_BY_DECEMBER | OWN),
        ("17", DECEMBER, False, False, DATED_BY_DECEMBER),
    ],
)
def test_what_a_monitoring_counts(
    monitoring: str, as_of: str, include_ongoing: bool, has_own_dates: bool, counted: set[str]
) -> None:
    plan = with_own_schedule(PLAN, OWN_SCHEDULE if has_own_dates else {})
    plan = ruled(monitoring, plan, include_ongoing=include_ongoing)
    if monitoring == "17":  # the plan has no monitoring in December; the final state is one
        plan = ruled("17", plan, exclude=("17",), include_own_schedule=True)
    scope = monitoring_scope(plan, monitoring, date.fromisoformat(as_of))
    assert scope == tuple(m.number for m in PLAN.measures if m.number in counted)


def test_measures_of_own_schedule_may_be_left_out_of_a_monitoring() -> None:
    plan = ruled("12", with_own_schedule(PLAN, OWN_SCHEDULE), include_own_schedule=False)
    assert set(monitoring_scope(plan, "12", date(2021, 6, 30))) == DATED_BY_JUNE | ONGOING


def test_a_measure_of_own_schedule_counts_from_its_date_on() -> None:
    plan = with_own_schedule(PLAN, OWN_SCHEDULE)
    assert "3" not in monitoring_scope(plan, "12", date(2021, 6, 29))
    assert "3" in monitoring_scope(plan, "12", date(2021, 6, 30))


def test_a_monitoring_never_counts_itself_even_where_the_plan_forgets_to_say_so() -> None:
    for number in ("12", "15"):
        plan = ruled(number, exclude=())
        assert number not in monitoring_scope(plan, number, date(2021, 12, 31))


def test_the_webinar_on_the_first_stage_is_not_counted_by_it_and_is_by_the_second() -> None:
    """13 follows 12 though both are due the same day (docs/domain.md §7.2)."""
    assert "13" not in monitoring_scope(PLAN, "12", date(2021, 6, 30))
    assert {"12", "13"} <= set(monitoring_scope(PLAN, "15", date(2021, 9, 30)))


def test_a_measure_without_the_rules_of_a_monitoring_is_none() -> None:
    with pytest.raises(ValidationError):
        monitoring_scope(PLAN, "8", date(2021, 6, 30))


@given(days, lengths, st.booleans(), st.dictionaries(st.sampled_from(["1", "2", "3"]), days))
def test_what_a_monitoring_counts_it_counts_the_day_after(
    day: date, later: timedelta, include_ongoing: bool, dates: dict[str, date]
) -> None:
    plan = ruled("15", with_own_schedule(PLAN, dates), include_ongoing=include_ongoing)
    counted = set(monitoring_scope(plan, "15", day))
    assert counted <= set(monitoring_scope(plan, "15", day + later))
    assert "15" not in counted


def test_a_schedule_gives_dates_to_measures_of_own_schedule_only() -> None:
    plan = with_own_schedule(PLAN, OWN_SCHEDULE | {"5": date(2021, 12, 1), "99": date(2021, 1, 1)})
    assert {m.number: due_date(m.window) for m in plan.measures if m.number in OWN} == OWN_SCHEDULE
    assert due_date(plan.measure("5").window) == date(2021, 3, 31)
    assert len(plan.measures) == len(PLAN.measures)


def test_a_schedule_that_came_as_a_file_wins_over_the_plan_s_own_date() -> None:
    first = with_own_schedule(PLAN, OWN_SCHEDULE)
    second = with_own_schedule(first, {"1": date(2021, 5, 14)})
    assert due_date(second.measure("1").window) == date(2021, 5, 14)
    assert due_date(second.measure("2").window) == OWN_SCHEDULE["2"]


def test_without_a_date_the_plan_is_the_same() -> None:
    assert with_own_schedule(PLAN, {}) == PLAN
