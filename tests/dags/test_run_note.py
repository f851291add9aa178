"""What the grid says of a phase's run before anybody opens it: how it sends, and to whom."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pendulum
import pytest
from airflow.listeners.listener import get_listener_manager
from airflow.models.dagrun import DagRun
from airflow.utils.session import create_session
from airflow.utils.state import DagRunState
from airflow.utils.types import DagRunTriggeredByType, DagRunType

from roadmap.paths import PLANS as FOLDER
from roadmap.plan.load import load_plans
from roadmap_airflow.plans import plans_with, valid_plans
from roadmap_airflow.run_note import LONGEST, on_dag_run_running, sentence
from roadmap_cli.new_year import write_draft

pytestmark = pytest.mark.airflow

PLANS = plans_with("march_analysis")
BEGINS = pendulum.datetime(2021, 3, 1, tz="Europe/Moscow")
DRAFT = tuple(plan.model_copy(update={"in_force": None}) for plan in PLANS)


@pytest.mark.parametrize(
    ("conf", "said"),
    [
        ({}, "Отправка адресатам: все адресаты."),
        ({"mode": None, "municipalities": None}, "Отправка адресатам: все адресаты."),
        ({"mode": "dry"}, "ПРОВЕРКА, ничего не отправляется: все адресаты."),
        (
            {"municipalities": ["buyskiy", "region"]},
            "Отправка адресатам: только Буйский муниципальный район, Департамент (региональный "
            "отчёт).",
        ),
        (
            {"mode": "redirect", "sample": 3, "as_of": "2021-04-15"},
            "ПРОВЕРКА, письма на проверочный адрес: все адресаты; случайная выборка: 3; "
            "по состоянию на 15.04.2021.",
        ),
    ],
    ids=["as the calendar starts it", "an emptied form", "nothing is sent", "two chosen", "a test"],
)
def test_the_note_says_how_a_run_sends_and_to_whom(conf: dict[str, Any], said: str):
    assert sentence(conf, PLANS, "2021") == said


@pytest.mark.parametrize(
    ("conf", "code"),
    [({}, "2021"), ({"plan": "2021"}, "2030"), ({"year": 2021}, "2030")],
    ids=["by its interval", "by the form", "by the form of before plans had codes"],
)
def test_a_plan_that_is_not_in_force_is_a_test_whatever_the_form_says(conf, code):
    said = sentence({"mode": "live", **conf}, DRAFT, code)
    assert said == (
        "ПРОВЕРКА, письма на проверочный адрес: все адресаты; план 2021 года не введён в действие."
    )


def test_a_draft_that_was_written_since_the_scheduler_began_is_a_test(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
):
    """The scheduler keeps running for weeks, and with it the plans that it has read."""
    shutil.copy(FOLDER / "2021.yaml", tmp_path)
    valid_plans()
    request.addfinalizer(valid_plans.cache_clear)
    write_draft("2022", None, "2021", tmp_path)
    monkeypatch.setattr("roadmap.plan.load.load_plans", lambda: load_plans(tmp_path))
    run = DagRun(dag_id="march_analysis", run_id="draft", conf={"plan": "2022"})
    on_dag_run_running(run)
    assert run.note == (
        "ПРОВЕРКА, письма на проверочный адрес: все адресаты; план 2022 года не введён в действие."
    )


@pytest.mark.parametrize(
    ("noted", "shown"),
    [
        (None, "ПРОВЕРКА, ничего не отправляется: все адресаты."),
        ("проба", "ПРОВЕРКА, ничего не отправляется: все адресаты.\nпроба"),
        ("x" * LONGEST, "x" * LONGEST),
    ],
    ids=["nobody noted anything", "a person noted something", "there is no room"],
)
def test_airflow_keeps_the_note_of_a_run_that_begins_and_begins_again(
    noted: str | None, shown: str
):
    """As the scheduler does it: the run in its session, the listeners of our plugin."""
    subprocess.run(["airflow", "db", "migrate"], check=True, capture_output=True)
    run_id = f"note-{len(noted or '')}"
    with create_session() as session:
        run = DagRun(
            dag_id="march_analysis",
            run_id=run_id,
            run_type=DagRunType.MANUAL,
            run_after=BEGINS,
            conf={"mode": "dry"},
            state=DagRunState.RUNNING,
            triggered_by=DagRunTriggeredByType.UI,
            note=noted,
        )
        session.add(run)
        session.flush()
        assert get_listener_manager().has_listeners
        for _ in range(2):  # cleared, a run begins once more
            run.notify_dagrun_state_changed(msg="started")
    with create_session() as session:
        assert session.query(DagRun).filter_by(run_id=run_id).one().note == shown
