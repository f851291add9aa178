"""Windows of several due dates: which of them a day judges, and which comes next."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadmap.plan.due import (
    due_date,
    has_begun,
    is_due,
    judged_on,
    monitoring_scope,
    next_due,
    start_date,
    with_event_days,
)
from roadmap.plan.model import Plan, closing_phases, reminder_phases
from roadmap.plan.windows import (
    AfterEvent,
    Dates,
    OwnSchedule,
    Quarterly,
    Recurring,
    Window,
    Yearly,
    dues,
)
from roadmap.plan.working_days import is_working_day, working_days_after
from support.plans import small_plan

QUARTERLY = Quarterly(kind="quarterly")
BY_OCTOBER = Yearly(kind="yearly", ends="10-01")
SCHOOL_YEAR = Yearly(kind="yearly", starts="09-01", ends="05-31")
TWICE = Dates(kind="dates", on=(date(2021, 3, 1), date(2022, 9, 1)))
NUMBER, REMINDS = "8", "6"  # of the small plan: one whose end is told of, one that reminds


def with_window(
    window: Window, last_year: int | None = None, number: str = NUMBER, plan: Plan | None = None
) -> Plan:
    """The small plan, or that one, with that window of one measure."""
    plan = plan or small_plan()
    measures = tuple(
        one.model_copy(update={"window": window}) if one.number == number else one
        for one in plan.measures
    )
    return plan.model_copy(update={"measures": measures, "last_year": last_year})


def judged(window: Window, day: str, last_year: int | None = None) -> Window:
    plan = judged_on(with_window(window, last_year), date.fromisoformat(day))
    return plan.measure(NUMBER).window


@pytest.mark.parametrize(
    ("window", "day", "starts", "due", "following"),
    [
        # Before the first due date it is the first that is worked for; the next is not told yet.
        (QUARTERLY, "2021-02-10", "2021-01-01", "2021-03-31", None),
        # From a due date until the next one that one is judged.
        (QUARTERLY, "2021-03-31", "2021-01-01", "2021-03-31", "2021-06-30"),
        (QUARTERLY, "2021-06-29", "2021-01-01", "2021-03-31", "2021-06-30"),
        (QUARTERLY, "2021-06-30", "2021-04-01", "2021-06-30", "2021-09-30"),
        (QUARTERLY, "2022-03-05", "2021-10-01", "2021-12-31", "2022-03-31"),
        (QUARTERLY, "2023-01-15", "2022-10-01", "2022-12-31", None),
        (BY_OCTOBER, "2021-03-01", "2021-01-01", "2021-10-01", None),
        (BY_OCTOBER, "2022-06-30", "2021-01-01", "2021-10-01", "2022-10-01"),
        (BY_OCTOBER, "2022-10-01", "2022-01-01", "2022-10-01", None),
        (SCHOOL_YEAR, "2021-06-30", "2021-09-01", "2022-05-31", None),
        (SCHOOL_YEAR, "2022-06-30", "2021-09-01", "2022-05-31", None),
        (TWICE, "2021-12-31", "2021-01-01", "2021-03-01", "2022-09-01"),
        (TWICE, "2022-09-01", "2021-03-02", "2022-09-01", None),
    ],
)
def test_a_day_judges_the_latest_due_date_that_has_come(
    window: Window, day: str, starts: str, due: str, following: str | None
) -> None:
    found = judged(window, day, last_year=2022)
    assert (str(start_date(found)), str(due_date(found))) == (starts, due)
    after = next_due(found, date.fromisoformat(day))
    assert (str(after) if after else None) == following


def test_the_last_day_of_february_is_due_in_any_year() -> None:
    assert dues(Yearly(kind="yearly", ends="02-29"), 2023, 2024) == (
        date(2023, 2, 28),
        date(2024, 2, 29),
    )


def test_of_several_due_dates_none_is_meant_before_a_day_is_given() -> None:
    with pytest.raises(ValueError, match="several due dates"):
        due_date(QUARTERLY)


@pytest.mark.parametrize(("as_of", "counts"), [("2021-03-30", False), ("2021-03-31", True)])
def test_a_monitoring_counts_a_quarterly_measure_from_its_first_due_date(
    as_of: str, counts: bool
) -> None:
    day = date.fromisoformat(as_of)
    plan = judged_on(with_window(QUARTERLY), day)
    assert (NUMBER in monitoring_scope(plan, "12", day)) is counts


def test_each_due_date_is_reminded_of_and_told_of_when_it_has_passed() -> None:
    plan = with_window(QUARTERLY, number=REMINDS)
    plan = with_window(QUARTERLY, plan=plan)
    days = {"2021-03-31", "2021-06-30", "2021-09-30", "2021-12-31"}
    told = {p.code.split("/")[1] for p in closing_phases(plan) if NUMBER in p.owns}
    reminded = {p.code.split("/")[1] for p in reminder_phases(plan) if REMINDS in p.owns}
    assert told == reminded == days
    # Of the plan of a day as well: a run of December knows the phase of March.
    assert closing_phases(judged_on(plan, date(2021, 12, 31))) == closing_phases(plan)


# -- After an event ----------------------------------------------------------------------------

AFTER = AfterEvent(kind="after_event", event="webinar", working_days=10)


def test_it_is_due_so_many_working_days_after_the_event() -> None:
    # 29 April 2021 was a Thursday; 3 and 10 May were days off.
    plan = with_event_days(with_window(AFTER), {"webinar": date(2021, 4, 29)})
    window = plan.measure(NUMBER).window
    assert (start_date(window), due_date(window)) == (date(2021, 4, 29), date(2021, 5, 17))
    assert next_due(window, date(2021, 12, 31)) is None


def test_before_the_event_there_is_no_due_date() -> None:
    window = (
        with_event_days(with_window(AFTER), {"another": date(2021, 4, 29)}).measure(NUMBER).window
    )
    assert due_date(window) is None
    assert not has_begun(window, date.max)
    assert not is_due(window, date.max)


def test_an_event_that_a_later_register_no_longer_has_gives_no_due_date_any_more() -> None:
    first = with_event_days(with_window(AFTER), {"webinar": date(2021, 4, 29)})
    assert with_event_days(first, {}) == with_window(AFTER)


# -- For every plan ----------------------------------------------------------------------------

years = st.tuples(st.integers(2020, 2030), st.integers(0, 3)).map(lambda y: (y[0], sum(y)))
of_any_year = st.dates(date(2020, 1, 1), date(2020, 12, 31)).map(lambda day: f"{day:%m-%d}")


@st.composite
def planned(draw: st.DrawFn) -> tuple[Recurring, int, int]:
    """A window of several due dates that the checks of a plan let pass, and the plan's years."""
    first, last = draw(years)
    match draw(st.sampled_from(["dates", "yearly", "quarterly"])):
        case "quarterly":
            return QUARTERLY, first, last
        case "dates":
            of_plan = st.dates(date(first, 1, 1), date(last, 12, 31))
            on = sorted(draw(st.sets(of_plan, min_size=1, max_size=6)))
            return Dates(kind="dates", on=tuple(on)), first, last
    starts, ends = draw(of_any_year), draw(of_any_year)
    return Yearly(kind="yearly", starts=starts, ends=ends), first, last + (starts > ends)


@given(planned())
def test_due_dates_follow_each_other_in_the_plans_years(
    window_and_years: tuple[Recurring, int, int],
) -> None:
    window, first, last = window_and_years
    spans = window.spans(first, last)
    assert dues(window, first, last) == tuple(due for _, due in spans)
    days = [day for span in spans for day in span]
    assert days == sorted(days)  # no day of evidence belongs to two due dates
    assert all(due < starts for (_, due), (starts, _) in pairwise(spans))
    assert all(first <= day.year <= last for day in days)


@given(planned(), st.integers(-400, 1600).map(timedelta))
def test_what_a_day_judges_is_due_or_the_first_of_all(
    window_and_years: tuple[Recurring, int, int], distance: timedelta
) -> None:
    window, first, last = window_and_years
    day = date(first, 1, 1) + distance
    plan = with_window(window, last).model_copy(update={"year": first})
    found = judged_on(plan, day).measure(NUMBER).window
    due, after = due_date(found), next_due(found, day)
    of_all = dues(window, first, last)
    assert due == max((one for one in of_all if one <= day), default=of_all[0])
    assert after is None or (due < day < after or due == day)
    # Of the plan of a day as of the plan: who asks of another day gets that day's answer.
    assert judged_on(judged_on(plan, date.max), day) == judged_on(plan, day)
    assert dues(found, first, last) == of_all


@given(st.dates(date(2021, 1, 1), date(2022, 12, 1)), st.integers(1, 40))
def test_so_many_working_days_after_a_day_are_worked(day: date, count: int) -> None:
    due = working_days_after(day, count)
    between = [day + timedelta(days=n) for n in range(1, (due - day).days + 1)]
    assert is_working_day(due)
    assert sum(map(is_working_day, between)) == count


def test_what_has_one_due_date_is_the_same_on_any_day() -> None:
    plan = small_plan()
    assert judged_on(plan, date(2021, 7, 1)) is plan
    assert with_event_days(plan, {"webinar-2021-03-12": date(2021, 3, 12)}) is plan
    assert dues(OwnSchedule(kind="own_schedule"), 2021, 2021) == ()
