"""A phase runs on the plan's day at its hour in Moscow, moved to a working day."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadmap.plan.model import Plan
from roadmap.plan.schedule import phase_events
from roadmap.plan.working_days import is_working_day
from support.plans import small_plan

PLAN = small_plan()


def plan_of(year: int, run_day: date, **changes: Any) -> Plan:
    """The plan of another year, with one phase `only` that runs on `run_day`."""
    phase = PLAN.phase("march_analysis").model_copy(
        update={
            "code": "only",
            "run_day": run_day,
            "starts": changes.pop("starts", run_day.replace(day=1)),
            "as_of": run_day,
        }
    )
    return PLAN.model_copy(update={"year": year, "code": str(year), "phases": (phase,), **changes})


@pytest.mark.parametrize(
    ("phase", "run_at", "starts", "as_of"),
    [
        ("march_analysis", "2021-03-31T10:00:00+03:00", "2021-03-01", "2021-03-31"),
        ("june_monitoring", "2021-06-30T10:00:00+03:00", "2021-06-01", "2021-06-30"),
        ("august_analysis", "2021-08-31T10:00:00+03:00", "2021-08-01", "2021-08-31"),
        ("september_monitoring", "2021-09-30T10:00:00+03:00", "2021-09-01", "2021-09-30"),
        # 31.12.2021 is a day off: the run comes a day earlier, judged is still the 31st.
        ("december_summary", "2021-12-30T10:00:00+03:00", "2021-12-01", "2021-12-31"),
    ],
)
def test_a_phase_runs_on_its_day_and_its_interval_begins_with_it(
    phase: str, run_at: str, starts: str, as_of: str
) -> None:
    (event,) = phase_events(phase, [PLAN])
    assert event.plan_code == "2021"
    assert event.run_at.isoformat() == run_at
    assert event.data_interval_start.isoformat() == f"{starts}T00:00:00+03:00"
    assert event.as_of.isoformat() == as_of
    assert event.closed
    assert not event.is_provisional


def test_a_phase_that_no_plan_has_never_runs() -> None:
    assert phase_events("july_holiday", [PLAN]) == ()


def test_plans_of_several_years_give_their_events_in_order() -> None:
    plans = [plan_of(year, date(year, 3, 31)) for year in (2024, 2022, 2023)]
    assert [event.plan_code for event in phase_events("only", plans)] == ["2022", "2023", "2024"]


def test_a_plan_may_move_its_runs_forward() -> None:
    saturday = date(2021, 6, 12)
    (back,) = phase_events("only", [plan_of(2021, saturday)])
    (forth,) = phase_events("only", [plan_of(2021, saturday, working_day="next")])
    assert back.run_at.date() == date(2021, 6, 11)
    assert forth.run_at.date() == date(2021, 6, 15)  # the 14th is off too


def test_a_run_never_comes_before_its_own_interval() -> None:
    """1 to 8 January are off: moved back, the run would fall into the year before."""
    (event,) = phase_events("only", [plan_of(2022, date(2022, 1, 3), starts=date(2022, 1, 1))])
    assert event.run_at.date() == date(2022, 1, 10)


def test_a_later_year_says_that_it_is_provisional() -> None:
    events = phase_events("only", [plan_of(year, date(year, 6, 30)) for year in (2027, 2028)])
    assert [event.is_provisional for event in events] == [False, True]


run_days = st.dates(date(2021, 1, 1), date(2030, 12, 31))


@given(run_days, st.sampled_from(["previous", "next"]), st.times().map(lambda t: t.replace(fold=0)))
def test_every_run_of_the_decade_is_on_a_working_day_at_its_hour_in_moscow(
    day: date, direction: str, hour: time
) -> None:
    plan = plan_of(day.year, day, working_day=direction)
    phase = plan.phases[0].model_copy(update={"run_at": hour})
    (event,) = phase_events("only", [plan.model_copy(update={"phases": (phase,)})])
    assert is_working_day(event.run_at.date())
    assert event.run_at.time() == hour
    assert event.run_at.utcoffset() == timedelta(hours=3)
    assert event.data_interval_start <= event.run_at
    assert event.as_of == day
    assert abs((event.run_at.date() - day).days) <= 12


def test_the_hour_does_not_depend_on_where_the_machine_stands() -> None:
    (event,) = phase_events("march_analysis", [PLAN])
    assert event.run_at.astimezone(UTC) == datetime(2021, 3, 31, 7, 0, tzinfo=UTC)
