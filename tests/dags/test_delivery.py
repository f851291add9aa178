"""The watch over deliveries, the settling of unknown letters and the switch, run for real."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from airflow.dag_processing.dagbag import DagBag
from sqlalchemy import Engine, delete, select, update

from ledger_world import make_run, plan_all
from march_world import Letters, free_ports, mailbox
from roadmap.delivery import brakes
from roadmap.paths import ROOT
from roadmap.store.engine import open_engine
from roadmap.store.migrate import upgrade
from roadmap.store.tables import alarm, control_event, delivery, delivery_event

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(900)]

VAR = Path(os.environ["AIRFLOW_HOME"]).parent / "var-delivery"


@dataclass(frozen=True)
class World:
    """A roadmap database with planned letters, a mailbox, Airflow's database."""

    engine: Engine
    letters: Letters

    def run(self, dag_id: str, **conf: Any) -> dict[str, str]:
        """State of each task of a new run of the DAG."""
        bag = DagBag(str(ROOT / "dags" / f"{dag_id}.py"))
        dag_run = bag.dags[dag_id].test(logical_date=None, run_conf=conf or None)
        return {ti.task_id: str(ti.state) for ti in dag_run.get_task_instances()}

    def reports(self) -> list[Any]:
        """The letters to addressees."""
        return [letter for letter in self.letters.all() if letter["X-Report-Key"]]

    def notices(self) -> list[Any]:
        """The letters to the operator."""
        return [letter for letter in self.letters.all() if not letter["X-Report-Key"]]


@pytest.fixture(scope="module")
def mail() -> Iterator[Letters]:
    VAR.mkdir(parents=True, exist_ok=True)
    for command in (["airflow", "db", "migrate"], ["airflow", "pools", "set", "smtp", "2", "-"]):
        subprocess.run(command, check=True, capture_output=True)
    before = {k: os.environ[k] for k in ("AIRFLOW_CONN_SMTP_DEFAULT", "AIRFLOW_CONN_ROADMAP_DB")}
    ports = free_ports()
    smtp = json.loads(before["AIRFLOW_CONN_SMTP_DEFAULT"]) | {"port": ports.mail}
    os.environ["AIRFLOW_CONN_SMTP_DEFAULT"] = json.dumps(smtp)
    with mailbox(VAR, ports) as letters:
        yield letters
    os.environ.update(before)


@pytest.fixture
def world(
    mail: Letters, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> World:
    """Three municipalities with a planned letter each, and an empty mailbox."""
    connection = {"conn_type": "sqlite", "host": str(tmp_path / "roadmap.db")}
    monkeypatch.setenv("AIRFLOW_CONN_ROADMAP_DB", json.dumps(connection))
    for letter in mail.folder.glob("*.eml"):
        letter.unlink()
    make_run(engine)
    plan_all(engine)
    return World(engine, mail)


def test_the_watch_sends_what_an_interrupted_run_left_and_is_green(world):
    states = world.run("delivery_watch")
    assert set(states.values()) == {"success"}
    assert len(world.reports()) == 3
    assert world.notices() == []

    assert set(world.run("delivery_watch").values()) == {"success"}
    assert len(world.reports()) == 3


def test_an_alarm_is_red_as_long_as_it_stands_and_told_once(world, caplog):
    brakes.stop(world.engine, "ivanova", "проверяем адреса")
    states = world.run("delivery_watch")
    assert (states["send_left"], states["alarms"]) == ("success", "failed")
    assert world.reports() == []
    (notice,) = world.notices()
    assert str(notice["To"]) == "operator@example.org"
    assert "проверяем адреса" in notice.get_body(("html",)).get_content()

    assert world.run("delivery_watch")["alarms"] == "failed"
    assert len(world.notices()) == 1

    brakes.start(world.engine, "ivanova", "адреса верны")
    assert set(world.run("delivery_watch").values()) == {"success"}
    assert len(world.reports()) == 3
    assert len(world.notices()) == 1
