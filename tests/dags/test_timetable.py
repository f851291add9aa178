"""The timetable gives every phase once a year of plan, and drops nothing."""

from __future__ import annotations

import pendulum
import pytest
from airflow.timetables.base import DataInterval, TimeRestriction

from roadmap_airflow.defaults import MOSCOW, START
from roadmap_airflow.plans import valid_plans
from roadmap_airflow.timetable import Event, PhaseTimetable, phase_timetable


def moment(year: int, month: int, day: int, hour: int = 0) -> pendulum.DateTime:
    return pendulum.datetime(year, month, day, hour, tz=MOSCOW)


def event(year: int, *, is_closed: bool = False) -> Event:
    return Event(moment(year, 3, 1), moment(year, 3, 31, 10), is_closed)


def scheduler(earliest: pendulum.DateTime = START, catchup: bool = True) -> TimeRestriction:
    return TimeRestriction(earliest=earliest, latest=None, catchup=catchup)


def backfill(year: int) -> TimeRestriction:
    return TimeRestriction(moment(year, 1, 1), moment(year, 12, 31), catchup=True)


def all_runs(timetable: PhaseTimetable, restriction: TimeRestriction) -> list[DataInterval]:
    intervals: list[DataInterval] = []
    last = None
    for _ in range(100):
        info = timetable.next_dagrun_info(
            last_automated_data_interval=last, restriction=restriction
        )
        if info is None:
            return intervals
        last = info.data_interval
        intervals.append(last)
    pytest.fail("the timetable never ends")


def test_an_open_year_runs_once_at_its_hour():
    timetable = PhaseTimetable([event(2031)], "Март")
    info = timetable.next_dagrun_info(last_automated_data_interval=None, restriction=scheduler())
    assert info.run_after == moment(2031, 3, 31, 10)
    assert info.data_interval == DataInterval(moment(2031, 3, 1), moment(2031, 3, 31, 10))
    assert len(all_runs(timetable, scheduler())) == 1


@pytest.mark.parametrize("catchup", [True, False])
def test_an_event_of_an_open_year_is_given_however_late(catchup):
    timetable = PhaseTimetable([event(2022)], "Март")  # years ago, and never run
    assert len(all_runs(timetable, scheduler(catchup=catchup))) == 1


def test_a_closed_year_is_never_scheduled_but_backfilled_once():
    timetable = PhaseTimetable([event(2021, is_closed=True), event(2031)], "Март")
    assert [run.start.year for run in all_runs(timetable, scheduler())] == [2031]
    assert [run.start.year for run in all_runs(timetable, backfill(2021))] == [2021]


def test_a_run_that_happened_is_not_given_again():
    timetable = PhaseTimetable([event(2030), event(2031)], "Март")
    happened = DataInterval(moment(2030, 3, 1), moment(2030, 3, 31, 10))
    info = timetable.next_dagrun_info(
        last_automated_data_interval=happened, restriction=scheduler()
    )
    assert info.data_interval.start == moment(2031, 3, 1)


def test_a_run_by_hand_belongs_to_the_latest_phase_that_had_begun():
    timetable = PhaseTimetable([event(2030), event(2031)], "Март")
    by_hand = timetable.infer_manual_data_interval(run_after=moment(2030, 11, 23))
    assert by_hand.start == moment(2030, 3, 1)
    assert timetable.infer_manual_data_interval(run_after=moment(2029, 1, 1)).start.year == 2030


def test_the_events_travel_with_the_dag():
    timetable = PhaseTimetable([event(2021, is_closed=True), event(2031)], "Март")
    copy = PhaseTimetable.deserialize(timetable.serialize())
    assert copy.events == timetable.events
    assert copy.summary == "Март"


def test_no_interval_begins_before_the_dags_start():
    phases = {phase.code for plan in valid_plans() for phase in plan.phases}
    events = [event for phase in phases for event in phase_timetable(phase).events]
    assert events
    assert all(event.starts >= START for event in events)


def test_intervals_end_when_the_run_is_due():
    events = list(phase_timetable("march_analysis").events)
    assert events
    assert all(event.starts < event.runs for event in events)
    assert all(event.runs.timezone_name == "Europe/Moscow" for event in events)
