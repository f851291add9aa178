"""What the tasks of a phase read from the run that they belong to."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pendulum
import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from roadmap_airflow import held_file
from roadmap_airflow.defaults import HOME_ZONE
from roadmap_airflow.failures import failed, to_be_tried_again
from roadmap_airflow.runs import plan_of
from roadmap_airflow.tasks import Counts, brief, compose_reports, requested_plan
from roadmap_airflow.timetable import Event, PhaseTimetable
from support.ledger_world import make_run

TIMETABLE = PhaseTimetable(
    [
        Event(
            pendulum.datetime(year, 3, 1, tz=HOME_ZONE),
            pendulum.datetime(year, 3, 31, 10, tz=HOME_ZONE),
            is_closed=False,
            plan=str(year),
        )
        for year in (2021, 2024)
    ],
    "Март",
)


def context(*, asked: int, begins: pendulum.DateTime | None = None, plan: str | None = None):
    """A run asked for in the summer of `asked`."""
    return {
        "params": {"plan": plan},
        "data_interval_start": begins,
        "dag": SimpleNamespace(timetable=TIMETABLE),
        "dag_run": SimpleNamespace(run_after=pendulum.datetime(asked, 7, 1)),
    }


def test_the_plan_of_the_form_wins():
    assert requested_plan(context(asked=2025, plan="spring-2027")) == "spring-2027"


def test_a_run_begun_before_plans_had_codes_goes_on_with_the_plan_of_the_year_of_its_form():
    of_before = context(asked=2025)
    of_before["params"]["year"] = 2021
    assert requested_plan(of_before) == "2021"
    of_before["params"]["plan"] = "spring-2027"  # chosen since, in the form of today
    assert requested_plan(of_before) == "spring-2027"


def test_a_file_decided_about_before_plans_had_codes_is_taken_in_once_its_plan_is_asked_again():
    with pytest.raises(AirflowFailException, match="Очистите «Решение» вместе с этой задачей"):
        held_file.take_in.function("contacts", None, True)


def test_a_scheduled_run_belongs_to_the_plan_whose_phase_has_its_interval():
    begins = pendulum.datetime(2021, 3, 1, tz=HOME_ZONE).in_timezone("UTC")
    assert requested_plan(context(asked=2030, begins=begins)) == "2021"


@pytest.mark.parametrize(("asked", "plan"), [(2020, "2021"), (2023, "2021"), (2025, "2024")])
def test_a_run_without_a_logical_date_belongs_to_the_latest_phase_that_had_begun(asked, plan):
    assert requested_plan(context(asked=asked)) == plan


def test_the_grid_says_of_an_intake_only_what_there_was():
    first = Counts(files=8, rows_read=2396, rows_accepted=2395, rows_rejected=1, refused=2)
    assert brief(first).replace("\xa0", " ") == (
        "8 файлов, принято 2 395 строк из 2 396, отклонено строк: 1, не принято файлов: 2"
    )
    assert brief(Counts(files=1, unchanged=1)).replace("\xa0", " ") == "1 файл, без изменений: 1"


def test_what_a_task_fails_with_stands_in_its_log_as_a_line_of_its_own(caplog):
    with pytest.raises(AirflowFailException, match="Решать нечего"):
        raise failed("Решать нечего.")
    with pytest.raises(AirflowException, match="Задача повторится"):
        raise to_be_tried_again("Задача повторится сама.")
    assert [record.message for record in caplog.records] == [
        "Решать нечего.", "Задача повторится сама.",
    ]  # fmt: skip


def test_what_changed_since_the_freeze_is_said_where_reports_are_composed_and_nowhere_else(
    engine, monkeypatch, caplog
):
    connection = {"conn_type": "sqlite", "host": engine.url.database}
    monkeypatch.setenv("AIRFLOW_CONN_ROADMAP_DB", json.dumps(connection))
    make_run(engine, contacts={"region": ()})  # frozen under hashes that are nobody's
    with caplog.at_level("WARNING"):
        plan_of(engine, "run-1")
        assert caplog.messages == []
        compose_reports("run-1")
    (warning,) = caplog.messages
    assert warning.startswith("После фиксации сведений изменилось: план 2021 года, шаблоны")
