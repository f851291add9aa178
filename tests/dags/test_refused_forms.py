"""A slip in a phase's form, as Airflow runs it: found first of all, told once, nothing taken in."""

from __future__ import annotations

import email
import email.policy
import html
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from airflow.dag_processing.dagbag import DagBag
from sqlalchemy import select

from roadmap.paths import ROOT
from roadmap.store.engine import open_engine
from roadmap.store.migrate import upgrade
from roadmap.store.tables import load_batch
from support.smtp_server import SmtpServer

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module", autouse=True)
def _airflow() -> None:
    subprocess.run(["airflow", "db", "migrate"], check=True, capture_output=True)


@pytest.mark.parametrize(
    ("slip", "says"),
    [
        ({"as_of": "30.02.2021"}, "«По состоянию на» — «30.02.2021»: такого дня нет"),
        ({"as_of": "31.03.2022"}, "а план — 2021 года"),
        ({"known_at": "31.12.2090 10:00"}, "ещё не наступил"),
        ({"municipalities": ["atlantis"]}, "нет муниципалитетов с кодами «atlantis»"),
    ],
)
def test_a_slip_is_found_before_anything_is_taken_in_and_told_in_one_letter(
    slip: dict[str, Any],
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    connection: Callable[..., None],
):
    engine = open_engine(f"sqlite:///{tmp_path / 'roadmap.db'}")
    upgrade(engine)
    connection("roadmap_db", conn_type="sqlite", host=str(tmp_path / "roadmap.db"))
    march = DagBag(str(ROOT / "dags" / "march_analysis.py")).dags["march_analysis"]
    with SmtpServer() as server:
        smtp = json.loads(os.environ["AIRFLOW_CONN_SMTP_DEFAULT"]) | {"port": server.port}
        monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", json.dumps(smtp))
        conf = {"plan": "2021", "mode": "dry"} | slip
        dag_run = march.test(logical_date=None, run_conf=conf)
        letters = list(server.accepted)
    states = {ti.task_id: str(ti.state) for ti in dag_run.get_task_instances()}
    assert str(dag_run.state) == "failed"
    assert states["check_form"] == "failed"
    assert {states[task] for task in ("pull", "freeze", "render", "send")} == {"upstream_failed"}

    (letter,) = [
        email.message_from_bytes(one.content, policy=email.policy.default) for one in letters
    ]
    title = "03. Март: комплексный анализ"
    assert str(letter["Subject"]) == f"500+: не выполнено — {title}, Проверка формы"
    body = letter.get_body(("html",))
    assert body is not None
    text = html.unescape(body.get_content())
    assert "Почему: Запуск не начат: " in text
    assert says in text
    assert "снова и исправьте форму. Очищать эту задачу не нужно" in text
    with engine.connect() as db:
        assert db.execute(select(load_batch)).all() == []
    engine.dispose()
