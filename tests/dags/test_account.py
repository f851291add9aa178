"""«Сверка» as Airflow runs it: its letter goes out once, and no other one beside it."""

from __future__ import annotations

import email
import email.policy
import html
import json
import os
import subprocess
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from airflow.dag_processing.dagbag import DagBag
from sqlalchemy import Engine, delete, insert, select, update

from roadmap.delivery.ledger.moves import ClaimScope
from roadmap.store.engine import open_engine
from roadmap.store.migrate import upgrade
from roadmap.store.tables import delivery, run_outcome
from support.ledger_world import NAMES, make_run, plan_all
from support.smtp_server import SmtpServer

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(300)]

TITLE = "Комплексный анализ (март 2021 г.)"
# Nothing but one task, of a run that is there already; no waiting between tries.
DAG = """
from airflow.sdk import dag
from roadmap_airflow import tasks
from roadmap_airflow.defaults import DEFAULT_ARGS, START

@dag(
    dag_id="account", dag_display_name="Март", start_date=START, default_args=DEFAULT_ARGS,
    max_active_runs=1, tags=["500+"], doc_md="Если что-то не так",
)
def account():
    tasks.{task}.override(retries=1, retry_delay=0)({run!r})

account()
"""


@pytest.fixture(scope="module", autouse=True)
def _airflow() -> None:
    subprocess.run(["airflow", "db", "migrate"], check=True, capture_output=True)


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    path = tmp_path / "roadmap.db"
    connection = json.dumps({"conn_type": "sqlite", "host": str(path)})
    monkeypatch.setenv("AIRFLOW_CONN_ROADMAP_DB", connection)
    engine = open_engine(f"sqlite:///{path}")
    upgrade(engine)
    make_run(engine, contacts={key: (f"{key}@example.org",) for key in ("buy", "neya")})
    plan_all(engine)
    with engine.begin() as db:
        for row in db.execute(select(delivery)).all():
            outcome = {"run_id": "run-1", "outcome": "planned", "delivery_id": row.delivery_id}
            outcome |= {"municipality_id": row.municipality_id, "recipient_id": row.recipient_id}
            db.execute(insert(run_outcome).values(outcome))
    yield engine
    engine.dispose()


def run(
    folder: Path,
    server: SmtpServer,
    monkeypatch: pytest.MonkeyPatch,
    run_id: str | None = "run-1",
    task: str = "reconcile",
) -> tuple[str, list[EmailMessage]]:
    """The state of the task, and what the operator got."""
    settings = json.loads(os.environ["AIRFLOW_CONN_SMTP_DEFAULT"]) | {"port": server.port}
    monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", json.dumps(settings))
    bundle = {
        "name": "account",
        "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle",
        "kwargs": {"path": str(folder)},
    }
    monkeypatch.setenv("AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST", json.dumps([bundle]))
    path = folder / "account.py"
    path.write_text(DAG.format(run=run_id, task=task), encoding="utf-8")
    dag_run = DagBag(str(path)).dags["account"].test(logical_date=None)
    (ti,) = dag_run.get_task_instances()
    letters = [
        email.message_from_bytes(one.content, policy=email.policy.default)
        for one in server.accepted
    ]
    assert {str(letter["To"]) for letter in letters} <= {"operator@example.org"}
    return str(ti.state), letters


def subjects(letters: list[EmailMessage]) -> list[str]:
    return [str(letter["Subject"]) for letter in letters]


def test_a_run_that_is_not_settled_is_red_and_mailed_once(database, tmp_path, monkeypatch):
    with SmtpServer() as server:
        state, letters = run(tmp_path, server, monkeypatch)
    assert state == "failed"
    assert subjects(letters) == [f"500+: Отправлено не всем: 0 из 2 — {TITLE}"]
    body = letters[0].get_body(("html",))
    assert body is not None
    text = html.unescape(body.get_content())
    assert NAMES["neya"] in text
    assert "Руководство оператора".casefold() in text.casefold()
    assert "buy@example.org" not in text


def test_a_run_that_is_settled_is_green_and_mailed_too(database, tmp_path, monkeypatch):
    from support.ledger_world import send

    with SmtpServer() as first:
        send(database, first, scope=ClaimScope("2021/march_analysis", "live", None))
    with SmtpServer() as server:
        state, letters = run(tmp_path, server, monkeypatch)
    assert state == "success"
    assert subjects(letters) == [f"500+: Отправлено всем 2 — {TITLE}"]


def test_a_letter_that_could_not_go_out_is_tried_again_and_not_sent_twice(
    database, tmp_path, monkeypatch
):
    with SmtpServer(["451_rcpt", "451_rcpt"]) as server:  # the hook tries twice by itself
        state, letters = run(tmp_path, server, monkeypatch)
    assert state == "failed"
    assert subjects(letters) == [f"500+: Отправлено не всем: 0 из 2 — {TITLE}"]


def test_only_where_its_own_letter_could_not_be_sent_the_failure_is_mailed(
    database, tmp_path, monkeypatch
):
    with SmtpServer(["451_rcpt"] * 4) as server:
        state, letters = run(tmp_path, server, monkeypatch)
    assert state == "failed"
    assert subjects(letters) == ["500+: не выполнено — Март, Сверка"]


def test_who_does_not_take_the_operator_s_letter_leaves_no_address_in_the_log(
    database, tmp_path, monkeypatch, caplog, capfd
):
    with SmtpServer(default="550_rcpt") as server:
        state, letters = run(tmp_path, server, monkeypatch)
    assert (state, letters) == ("failed", [])
    said = caplog.text + "".join(capfd.readouterr())
    assert "Письмо оператору не отправлено (SMTPRecipientsRefused 550)" in said
    assert "operator@example.org" not in said


def test_without_a_frozen_run_it_is_red_and_what_failed_before_alone_is_mailed(
    database, tmp_path, monkeypatch
):
    with SmtpServer() as server:
        state, letters = run(tmp_path, server, monkeypatch, run_id=None)
    assert (state, letters) == ("failed", [])


@pytest.mark.parametrize(
    ("run_id", "outcome", "state", "said"),
    [
        ("run-1", "planned", "success", ""),
        ("run-1", "suppressed", "skipped", "Согласовывать нечего: содержание то же"),
        ("run-1", "blocked", "skipped", "Согласовывать нечего: ни одного письма нет"),
        ("run-1", None, "skipped", "Согласовывать нечего: письма не составлялись"),
        (None, None, "skipped", "Согласовывать нечего: сведения не зафиксированы"),
    ],
    ids=["letters", "the same content", "no letter for anybody", "nothing rendered", "not frozen"],
)
def test_an_approval_is_green_only_where_there_is_something_to_approve(
    database, tmp_path, monkeypatch, capsys, run_id, outcome, state, said
):
    with database.begin() as db:
        if outcome is None:
            db.execute(delete(run_outcome))
        else:
            db.execute(update(run_outcome).values(outcome=outcome))
    with SmtpServer() as server:
        assert run(tmp_path, server, monkeypatch, run_id, task="approve") == (state, [])
    assert said in capsys.readouterr().out
