"""The timetable gives every phase once a year of plan, and drops nothing."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pendulum
import pytest
from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG
from airflow.serialization.serialized_objects import DagSerialization
from airflow.timetables.base import DagRunInfo, DataInterval, TimeRestriction
from airflow.timetables.events import EventsTimetable
from airflow.utils.types import DagRunType

import roadmap_airflow.plans
from roadmap.paths import PLANS
from roadmap.plan import load
from roadmap.plan.load import load_plan, load_plans
from roadmap.plan.working_days import is_working_day
from roadmap_airflow.defaults import HOME_ZONE, START
from roadmap_airflow.plans import valid_plans
from roadmap_airflow.timetable import (
    Event,
    FewMinutesTimetable,
    PhaseTimetable,
    phase_timetable,
)
from roadmap_cli.new_year import draft_next_cycle, write_draft


def moment(year: int, month: int, day: int, hour: int = 0) -> pendulum.DateTime:
    return pendulum.datetime(year, month, day, hour, tz=HOME_ZONE)


def event(year: int, *, is_closed: bool = False) -> Event:
    return Event(moment(year, 3, 1), moment(year, 3, 31, 10), is_closed, str(year))


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
    timetable = PhaseTimetable([event(2022), event(2023)], "Март")
    by_hand = timetable.infer_manual_data_interval(run_after=moment(2022, 11, 23))
    assert by_hand.start == moment(2022, 3, 1)
    assert timetable.infer_manual_data_interval(run_after=moment(2021, 1, 1)).start.year == 2022


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


# -- A decade of plans, as the scheduler asks for them ------------------------------------------

YEARS = range(2021, 2031)
OPEN_YEARS = range(2022, 2031)
PHASES = [phase.code for phase in load_plan("2021").phases]


@pytest.fixture(scope="module")
def decade(tmp_path_factory):
    """The plan of 2021, closed, and nine that `make new-year` made from it, open."""
    folder = tmp_path_factory.mktemp("plans")
    (folder / "2021.yaml").write_bytes((PLANS / "2021.yaml").read_bytes())
    for year in OPEN_YEARS:
        write_draft(str(year), None, "2021", folder)
    plans, errors = load_plans(folder)
    assert errors == ()
    assert [plan.year for plan in plans] == list(YEARS)
    return plans


@pytest.fixture
def of_phase(decade, monkeypatch):
    """The DAG of a phase as the scheduler has it: written to the database and read back."""

    def made(phase: str, *, catchup: bool = True):
        monkeypatch.setattr(roadmap_airflow.plans, "valid_plans", lambda: decade)
        with DAG(phase, schedule=phase_timetable(phase), start_date=START, catchup=catchup) as dag:
            EmptyOperator(task_id="only")
        return DagSerialization.deserialize_dag(DagSerialization.serialize_dag(dag))

    return made


def happened(dag, info) -> DagRun:
    """A run of that DAG as the scheduler or a backfill makes it."""
    return DagRun(
        dag_id=dag.dag_id,
        run_id=info.run_after.isoformat(),
        run_type=DagRunType.SCHEDULED,
        logical_date=info.logical_date,
        data_interval=info.data_interval,
        run_after=info.run_after,
    )


def parsed(dag, last_run: DagRun | None) -> DagRunInfo | None:
    """What the scheduler is to make next, by what a parse of the DAG's file left in its model."""
    model = DagModel(dag_id=dag.dag_id)
    model.calculate_dagrun_date_fields(dag, reference_run=last_run)
    return dag.timetable.next_run_info_from_dag_model(dag_model=model)


def all_scheduled(dag, last_run: DagRun | None = None) -> list[DagRunInfo]:
    """The runs that the scheduler makes, one after another, parsing the file after each."""
    runs = []
    while (info := parsed(dag, last_run)) is not None:
        runs.append(info)
        last_run = happened(dag, info)
        assert len(runs) < 20
    return runs


@pytest.mark.parametrize("phase", PHASES)
def test_every_phase_runs_once_in_each_open_year_of_the_decade(of_phase, decade, phase):
    runs = all_scheduled(of_phase(phase))
    assert [run.data_interval.start.in_timezone(HOME_ZONE).year for run in runs] == list(OPEN_YEARS)
    for run, plan in zip(runs, decade[1:], strict=True):
        due = run.run_after.in_timezone(HOME_ZONE)
        assert (due.year, due.hour, due.minute) == (plan.year, 10, 0)
        assert is_working_day(due.date())
        window = plan.phase(phase)
        assert run.data_interval.start.in_timezone(HOME_ZONE).date() == window.starts
        assert window.starts <= due.date() <= window.as_of


@pytest.mark.parametrize("phase", PHASES)
def test_no_two_years_of_a_phase_share_a_logical_date(of_phase, phase):
    dates = [run.logical_date for run in all_scheduled(of_phase(phase))]
    assert len(set(dates)) == len(OPEN_YEARS)


def around_now(late: pendulum.Duration, *, catchup: bool):
    """A DAG with a run of a year ago that happened, one that is `late`, and one next year."""
    now = pendulum.now(HOME_ZONE)
    due = [now - late - pendulum.duration(days=365), now - late, now + pendulum.duration(days=365)]
    events = [
        Event(starts=day - pendulum.duration(days=30), runs=day, is_closed=False, plan="2021")
        for day in due
    ]
    timetable = PhaseTimetable(events, "Март")
    with DAG("march", schedule=timetable, start_date=START, catchup=catchup) as dag:
        EmptyOperator(task_id="only")
    return DagSerialization.deserialize_dag(DagSerialization.serialize_dag(dag))


@pytest.mark.parametrize("catchup", [True, False])
@pytest.mark.parametrize("seconds", [0, 0.5, 60, 20 * 86_400])
def test_a_parse_between_the_event_and_the_scheduler_s_tick_loses_nothing(seconds, catchup):
    """Half a second past, or after a downtime of weeks: Airflow's own EventsTimetable jumps."""
    dag = around_now(pendulum.duration(seconds=seconds), catchup=catchup)
    before, late, following = dag.timetable.events
    first = parsed(dag, None)
    assert first.run_after == before.runs
    info = parsed(dag, happened(dag, first))
    assert (info.run_after, info.data_interval.start) == (late.runs, late.starts)
    assert info.run_after <= pendulum.now()  # due already: the scheduler makes it at its next tick
    # Parsed once more before that tick it is still the same run, and after it never again.
    assert parsed(dag, happened(dag, first)) == info
    assert parsed(dag, happened(dag, info)).run_after == following.runs


def test_airflow_s_own_timetable_of_events_would_lose_such_a_run():
    """The reason for a timetable of ours; when this fails, Airflow has mended it."""
    due = pendulum.now(HOME_ZONE) - pendulum.duration(seconds=0.5)
    following = due + pendulum.duration(days=365)
    theirs = EventsTimetable(event_dates=[due, following])
    info = theirs.next_dagrun_info(
        last_automated_data_interval=None, restriction=scheduler(catchup=False)
    )
    assert info.run_after == following


def test_a_backfill_of_the_closed_year_gives_its_one_run(of_phase):
    """Whatever window of that year was asked for, so long as the phase's begins inside."""
    for phase in PHASES:
        dag = of_phase(phase)
        runs = list(dag.iter_dagrun_infos_between(moment(2021, 1, 1), moment(2021, 12, 31)))
        assert [run.data_interval.start.year for run in runs] == [2021]
        begins = runs[0].data_interval.start.in_timezone(HOME_ZONE)
        again = list(dag.iter_dagrun_infos_between(begins, begins.add(hours=1)))
        assert again == runs
        # The same logical date: Airflow finds the run that is there and makes no other.
        assert [run.logical_date for run in again] == [runs[0].logical_date]


def test_a_backfill_of_the_closed_year_leaves_the_scheduler_s_runs_as_they_are(of_phase):
    dag = of_phase("december_summary")
    (backfilled,) = dag.iter_dagrun_infos_between(moment(2021, 1, 1), moment(2021, 12, 31))
    assert all_scheduled(dag, happened(dag, backfilled)) == all_scheduled(dag)


def test_the_scheduler_never_gives_the_closed_year(of_phase):
    for phase in PHASES:
        years = {
            run.run_after.in_timezone(HOME_ZONE).year for run in all_scheduled(of_phase(phase))
        }
        assert years == set(OPEN_YEARS)


def test_a_year_that_is_closed_later_is_not_scheduled_any_more(decade, monkeypatch, of_phase):
    of_phase("march_analysis")  # 2022 is open here
    closed = [
        plan.model_copy(update={"closed": True}) if plan.year == 2022 else plan for plan in decade
    ]
    monkeypatch.setattr(roadmap_airflow.plans, "valid_plans", lambda: closed)
    runs = all_runs(phase_timetable("march_analysis"), scheduler())
    assert [run.start.year for run in runs] == list(OPEN_YEARS[1:])


def test_every_few_minutes_is_said_in_russian_also_after_airflow_has_kept_the_dag():
    made = FewMinutesTimetable.every(5)
    for timetable in (made, FewMinutesTimetable.deserialize(made.serialize())):
        assert timetable.summary == timetable.description == "Каждые 5\xa0минут"


def test_the_draft_of_the_next_cycle_shows_when_each_phase_runs_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """As `make run` drafts it, beside its data; what is not in force writes to the operator."""
    monkeypatch.setattr(load, "DRAFTS", tmp_path)
    draft = draft_next_cycle(date(2026, 12, 1), tmp_path)
    assert draft is not None
    assert draft.in_force is None
    valid_plans.cache_clear()
    try:
        for phase in draft.phases:
            info = phase_timetable(phase.code).next_dagrun_info(
                last_automated_data_interval=None, restriction=scheduler()
            )
            assert info.run_after.year == 2027
            assert info.run_after.month == phase.as_of.month
    finally:
        valid_plans.cache_clear()
    # Once there is a phase ahead nothing is drafted; the operator's folder has no file more.
    assert draft_next_cycle(date(2026, 12, 2), tmp_path) is None
    # Nor by a process that began without the setting, or beside a draft that can't be read.
    monkeypatch.setattr(load, "DRAFTS", None)
    assert draft_next_cycle(date(2027, 2, 1), tmp_path) is None
    (tmp_path / "2027.yaml").write_text("нет", encoding="utf-8")
    assert draft_next_cycle(date(2026, 12, 2), tmp_path) is None
    assert not (PLANS / "2027.yaml").exists()
