"""Runs that can't go on: refused when they are asked for, or told by the watch; Airflow itself."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from airflow.utils.session import create_session
from fastapi.testclient import TestClient
from sqlalchemy import delete, update

import roadmap_airflow.stuck
from roadmap.paths import ROOT
from roadmap.store.engine import open_engine
from roadmap.store.migrate import upgrade
from support.march_world import Letters, free_ports, mailbox

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(600)]

VAR = Path(os.environ["AIRFLOW_HOME"]).parent / "var"
AHEAD = "2051-03-31T07:00:00Z"
PHASE = "march_analysis"
# `plan_phases` makes DAGs of phases that the shipped plan has not.
DAGS = sorted({file.stem for file in (ROOT / "dags").glob("*.py")} - {"plan_phases"})


@pytest.fixture(scope="module")
def letters() -> Iterator[Letters]:
    VAR.mkdir(parents=True, exist_ok=True)
    subprocess.run(["airflow", "db", "migrate"], check=True, capture_output=True)
    engine = open_engine(f"sqlite:///{VAR / 'roadmap.db'}")
    upgrade(engine)
    engine.dispose()
    ports = free_ports()
    with pytest.MonkeyPatch.context() as patch, mailbox(VAR, ports) as kept:
        connection = os.environ["AIRFLOW_CONN_SMTP_DEFAULT"]
        patch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", connection.replace("18084", str(ports.mail)))
        patch.setattr(roadmap_airflow.stuck, "SECONDS_BETWEEN_LOOKS", 0)
        yield kept


@pytest.fixture(scope="module")
def api(letters: Letters) -> Iterator[TestClient]:
    """Airflow's own API server with all our DAGs, as somebody who may do everything."""
    from airflow.api_fastapi.app import create_app

    subprocess.run(["airflow", "dags", "reserialize"], check=True, capture_output=True)
    with TestClient(create_app(apps="core"), base_url="http://127.0.0.1") as client:
        token = client.get("/auth/token").json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        yield client


@pytest.fixture(autouse=True)
def _no_run_stands(api: TestClient) -> Iterator[None]:
    yield
    with create_session() as session:
        session.execute(delete(DagRun))
        session.execute(update(DagModel).values(is_paused=False))


def trigger(api: TestClient, dag_id: str, **body: Any) -> Any:
    return api.post(f"/api/v2/dags/{dag_id}/dagRuns", json={"logical_date": None} | body)


def stand(state: str, *run_ids: str) -> None:
    """What the scheduler makes of a run that it takes up, and does no more with."""
    with create_session() as session:
        session.execute(update(DagRun).where(DagRun.run_id.in_(run_ids)).values(state=state))


def alarms_of_the_watch() -> tuple[str, list[str]]:
    """The state of «Тревоги» of a new run of the watch, and what stands in its database."""
    from roadmap.store.tables import alarm

    dag_run = DagBag(str(ROOT / "dags" / "delivery_watch.py")).dags["delivery_watch"].test()
    states = {ti.task_id: str(ti.state) for ti in dag_run.get_task_instances()}
    assert states["find_stuck_runs"] == "success"
    engine = open_engine(f"sqlite:///{VAR / 'roadmap.db'}")
    with engine.connect() as db:
        sentences = [row.sentence for row in db.execute(alarm.select())]
    engine.dispose()
    return states["alarms"], sentences


@pytest.mark.parametrize("dag_id", DAGS)
def test_a_logical_date_ahead_is_refused_in_russian_when_a_run_is_asked_for(api, dag_id):
    answer = trigger(api, dag_id, logical_date=AHEAD)
    assert answer.status_code == 400
    assert "«Логическая дата» 31.03.2051 ещё не наступила" in answer.json()["detail"]
    assert api.get(f"/api/v2/dags/{dag_id}/dagRuns").json()["total_entries"] == 0


def test_a_run_that_no_task_of_begins_is_told_with_what_waits_behind_it(api, letters):
    interval = {"data_interval_start": "2021-03-01T00:00:00Z", "data_interval_end": AHEAD}
    ahead = trigger(api, PHASE, logical_date=AHEAD, dag_run_id="by_hand", **interval)
    behind = trigger(api, PHASE, dag_run_id="behind")
    assert (ahead.status_code, behind.status_code) == (200, 200)
    stand("running", "by_hand")
    state, sentences = alarms_of_the_watch()
    assert state == "failed"
    (sentence,) = sentences
    assert "«03. Март: комплексный анализ»: запуск «by_hand» стоит и сам не начнётся" in sentence
    assert "ждут другие запуски: 1" in sentence
    assert "«Отметить Запуск Dag-а как…»" in sentence
    (letter,) = [one for one in letters.all() if "требует внимания" in str(one["Subject"])]
    assert "by_hand" in letter.get_body(("html",)).get_content()

    marked = api.patch(f"/api/v2/dags/{PHASE}/dagRuns/by_hand", json={"state": "failed"})
    assert marked.status_code == 200
    assert alarms_of_the_watch() == ("success", [])


def test_a_run_of_a_paused_dag_is_told_to_be_set_going_again(api):
    trigger(api, PHASE, dag_run_id="waits")
    with create_session() as session:
        session.execute(update(DagModel).where(DagModel.dag_id == PHASE).values(is_paused=True))
    state, (sentence,) = alarms_of_the_watch()
    assert state == "failed"
    assert "запуск «waits» стоит: DAG на паузе" in sentence


@pytest.mark.parametrize("state", ["queued", "success", "failed"])
def test_a_run_that_waits_for_its_turn_or_is_over_is_no_alarm(api, state):
    trigger(api, PHASE, dag_run_id="one")
    stand(state, "one")
    assert alarms_of_the_watch() == ("success", [])


def test_a_run_with_a_task_in_hand_is_no_alarm(api):
    from airflow.models.taskinstance import TaskInstance

    trigger(api, PHASE, dag_run_id="busy")
    stand("running", "busy")
    with create_session() as session:
        pulls = TaskInstance.task_id == "freeze"
        session.execute(update(TaskInstance).where(pulls).values(state="running"))
    assert alarms_of_the_watch() == ("success", [])


def test_every_dag_but_the_watch_itself_is_watched_under_the_name_that_airflow_shows():
    bag = DagBag(str(ROOT / "dags"))
    named = {dag_id: dag.dag_display_name for dag_id, dag in bag.dags.items()}
    del named["delivery_watch"]
    assert roadmap_airflow.stuck.watched_dags() == named
