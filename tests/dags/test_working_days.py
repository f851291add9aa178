"""The daily DAGs run on every working day, and once after a downtime."""

from __future__ import annotations

from types import SimpleNamespace

import pendulum
import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.serialization.serialized_objects import DagSerialization
from airflow.timetables.base import DagRunInfo, DataInterval, TimeRestriction

from roadmap.paths import ROOT
from roadmap_airflow.defaults import HOME_ZONE, START
from roadmap_airflow.timetable import WorkingDayTimetable

SEVEN = WorkingDayTimetable(hour=7)


def moment(year: int, month: int, day: int, hour: int = 7, minute: int = 0) -> pendulum.DateTime:
    return pendulum.datetime(year, month, day, hour, minute, tz=HOME_ZONE)


@pytest.fixture
def it_is(monkeypatch):
    """Sets the clock that the timetable looks at."""

    def set_clock(now: pendulum.DateTime) -> None:
        monkeypatch.setattr(pendulum, "now", lambda tz=None: now.in_timezone(tz or HOME_ZONE))

    return set_clock


def next_after(last: pendulum.DateTime | None) -> pendulum.DateTime:
    info = SEVEN.next_dagrun_info(
        last_automated_data_interval=None if last is None else DataInterval.exact(last),
        restriction=TimeRestriction(earliest=START, latest=None, catchup=False),
    )
    assert info is not None
    assert info.run_after == info.logical_date
    return info.run_after


def test_the_next_run_is_on_the_next_working_day(it_is):
    it_is(moment(2021, 4, 30, 12))  # a Friday; May 3 and 10 are off
    assert next_after(moment(2021, 4, 30)) == moment(2021, 5, 4)


def test_a_saturday_that_is_worked_has_its_run(it_is):
    it_is(moment(2021, 2, 19, 12))
    assert next_after(moment(2021, 2, 19)) == moment(2021, 2, 20)
    it_is(moment(2021, 2, 20, 12))
    assert next_after(moment(2021, 2, 20)) == moment(2021, 2, 24)  # Monday and the 23rd are off


def test_a_run_half_a_second_late_is_not_lost(it_is):
    it_is(moment(2021, 4, 7).add(seconds=0.5))
    assert next_after(moment(2021, 4, 6)) == moment(2021, 4, 7)


def test_before_its_hour_the_day_s_run_is_still_to_come(it_is):
    it_is(moment(2021, 4, 7, 6, 59))
    assert next_after(moment(2021, 4, 6)) == moment(2021, 4, 7)


def test_after_a_downtime_there_is_one_run_and_then_the_next_day_s(it_is):
    it_is(moment(2021, 4, 22, 15))
    assert next_after(moment(2021, 4, 6)) == moment(2021, 4, 22)
    assert next_after(moment(2021, 4, 22)) == moment(2021, 4, 23)


def test_the_run_that_was_planned_before_the_downtime_becomes_the_latest(it_is):
    """The scheduler makes the run that it had planned, before anything asks the timetable."""
    planned = DagRunInfo.exact(moment(2021, 4, 7))
    model = SimpleNamespace(
        next_dagrun_create_after=planned.run_after,
        next_dagrun=planned.logical_date,
        next_dagrun_data_interval=planned.data_interval,
        next_dagrun_data_interval_start=planned.data_interval.start,
        next_dagrun_data_interval_end=planned.data_interval.end,
        next_dagrun_partition_date=None,
        next_dagrun_partition_key=None,
    )
    it_is(moment(2021, 4, 22, 15))
    late = SEVEN.next_run_info_from_dag_model(dag_model=model)
    assert late == DagRunInfo.exact(moment(2021, 4, 22))
    it_is(moment(2021, 4, 7, 7, 1))
    assert SEVEN.next_run_info_from_dag_model(dag_model=model) == planned


def test_a_new_installation_runs_once_for_today_and_not_for_every_past_day(it_is):
    it_is(moment(2021, 4, 8, 15))
    assert next_after(None) == moment(2021, 4, 8)


def test_a_backfill_is_given_every_working_day_of_its_window():
    window = TimeRestriction(moment(2021, 4, 29, 0), moment(2021, 5, 6, 0), catchup=True)
    found, last = [], None
    while info := SEVEN.next_dagrun_info(last_automated_data_interval=last, restriction=window):
        last = info.data_interval
        found.append(info.run_after.date().isoformat())
    assert found == ["2021-04-29", "2021-04-30", "2021-05-04", "2021-05-05"]


@pytest.mark.parametrize("dag_id", ["evidence_intake", "calendar_watch"])
def test_the_scheduler_reads_back_the_hour_and_the_calendar(dag_id, it_is):
    dag = DagBag(str(ROOT / "dags" / f"{dag_id}.py")).dags[dag_id]
    copy = DagSerialization.deserialize_dag(DagSerialization.serialize_dag(dag)).timetable
    assert (copy.hour, copy.minute) == (dag.timetable.hour, dag.timetable.minute)
    assert copy.calendar == dag.timetable.calendar
    assert copy.summary.startswith("По рабочим дням в 0")
    it_is(moment(2021, 5, 1))
    info = copy.next_dagrun_info(
        last_automated_data_interval=DataInterval.exact(moment(2021, 4, 30, 12)),
        restriction=TimeRestriction(START, None, catchup=False),
    )
    assert info.run_after.date().isoformat() == "2021-05-04"
