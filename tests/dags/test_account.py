"""«Сверка» as Airflow runs it: its letter goes out once, and no other one beside it.

And a failed task's letter, in the callbacks of Airflow: by the ledger, or where there is none.
"""

from __future__ import annotations

import email
import email.policy
import html
import json
import os
import subprocess
import uuid
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
from support.ledger_world import NAMES, make_due, make_run, plan_all, send
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


def test_what_somebody_has_to_act_on_stands_in_the_log_as_warnings(
    database, tmp_path, monkeypatch, caplog
):
    with SmtpServer() as server, caplog.at_level("INFO", "roadmap"):
        run(tmp_path, server, monkeypatch)
    warnings = [one.message for one in caplog.records if one.levelname == "WARNING"]
    others = [one.message for one in caplog.records if one.levelname == "INFO"]
    assert warnings[:2] == ["Отправлено не всем: 0 из 2", "ТРЕБУЕТ ВНИМАНИЯ"]
    assert any(NAMES["neya"] in line for line in warnings)
    assert not any(NAMES["neya"] in line for line in others)
    assert any(line.startswith("Ожидалось") for line in others)


def test_a_run_that_is_settled_is_green_and_mailed_too(database, tmp_path, monkeypatch):
    settled_and_sent(database)
    with SmtpServer() as server:
        state, letters = run(tmp_path, server, monkeypatch)
    assert state == "success"
    assert subjects(letters) == [f"500+: Отправлено всем 2 — {TITLE}"]


def settled_and_sent(database: Engine) -> None:
    with SmtpServer() as first:
        send(database, first, scope=ClaimScope("2021/march_analysis", "live", None))


def operator_letters(database: Engine) -> list[str]:
    """Their states, in the ledger."""
    with database.connect() as db:
        return list(
            db.execute(select(delivery.c.state).where(delivery.c.mode == "operator")).scalars()
        )


def test_a_letter_that_the_server_puts_off_fails_no_task_and_goes_with_the_watch(
    database, tmp_path, monkeypatch
):
    settled_and_sent(database)
    with SmtpServer(["451_rcpt"]) as server:
        state, letters = run(tmp_path, server, monkeypatch)
        assert (state, letters, operator_letters(database)) == ("success", [], ["retry"])
        make_due(database)
        send(database, server, scope=ClaimScope())
    assert [one.recipient for one in server.accepted] == ["operator@example.org"]


def test_a_lost_reply_is_unknown_and_running_the_account_again_sends_no_second_letter(
    database, tmp_path, monkeypatch
):
    settled_and_sent(database)
    with SmtpServer(["accept_then_rst"]) as server:
        assert run(tmp_path, server, monkeypatch)[0] == "success"
        state, letters = run(tmp_path, server, monkeypatch)
    assert (state, len(letters), operator_letters(database)) == ("success", 1, ["unknown"])


def test_the_account_run_again_on_one_day_writes_no_second_letter_of_the_same(
    database, tmp_path, monkeypatch
):
    settled_and_sent(database)
    with SmtpServer() as server:
        run(tmp_path, server, monkeypatch)
        state, letters = run(tmp_path, server, monkeypatch)
    assert (state, len(letters)) == ("success", 1)


def test_who_does_not_take_the_operator_s_letter_leaves_no_address_in_the_log(
    database, tmp_path, monkeypatch, caplog, capfd
):
    with SmtpServer(default="550_rcpt") as server:
        state, letters = run(tmp_path, server, monkeypatch)
    assert (state, letters) == ("failed", [])
    assert operator_letters(database) == ["rejected"]
    assert "operator@example.org" not in caplog.text + "".join(capfd.readouterr())


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


def test_a_failure_before_its_own_letter_is_mailed_by_the_ledger(database, tmp_path, monkeypatch):
    with SmtpServer() as server:
        state, letters = run(tmp_path, server, monkeypatch, run_id="gone")
    assert state == "failed"
    assert subjects(letters) == ["500+: не выполнено — Март, Сверка"]
    assert operator_letters(database) == ["accepted"]


# -- Without a ledger --------------------------------------------------------------------------


def without_a_ledger(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    connection = {"conn_type": "sqlite", "host": str(tmp_path / "no such folder" / "roadmap.db")}
    monkeypatch.setenv("AIRFLOW_CONN_ROADMAP_DB", json.dumps(connection))


def test_of_a_ledger_that_cannot_be_reached_the_operator_hears_by_the_notifier(
    database, tmp_path, monkeypatch, caplog, capfd
):
    without_a_ledger(monkeypatch, tmp_path)
    with SmtpServer() as server:
        state, letters = run(tmp_path, server, monkeypatch)
    assert state == "failed"
    assert subjects(letters) == ["500+: база дорожной карты не отвечает — Март, Сверка"]
    assert str(letters[0]["Message-ID"]).endswith("@example.org>")
    assert "operator@example.org" not in caplog.text + "".join(capfd.readouterr())


def test_the_notifier_says_nothing_again_whatever_became_of_the_reply(
    database, tmp_path, monkeypatch
):
    without_a_ledger(monkeypatch, tmp_path)
    for behaviour, arrived in (("accept_then_rst", 1), ("451_rcpt", 0)):
        with SmtpServer([behaviour]) as server:
            _, letters = run(tmp_path, server, monkeypatch)
        assert len(letters) == arrived


@pytest.mark.parametrize("profile", ["demo", ""])
def test_the_notifier_says_nothing_where_others_could_read_it(
    database, tmp_path, monkeypatch, caplog, profile: str
):
    without_a_ledger(monkeypatch, tmp_path)
    monkeypatch.setenv("ROADMAP_PROFILE", profile)
    with SmtpServer() as server:
        if profile == "demo":  # by its own address of the network, not by that of the machine
            settings = json.loads(os.environ["AIRFLOW_CONN_SMTP_DEFAULT"]) | {"host": "0.0.0.0"}  # noqa: S104
            monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", json.dumps(settings))
        state, letters = run(tmp_path, server, monkeypatch)
        assert (state, letters, server.connections) == ("failed", [], 0)


def test_no_password_goes_in_clear_by_the_notifier_either(database, tmp_path, monkeypatch):
    """The hook is that of all letters: what it refuses is in test_mail.py."""
    from airflow.providers.smtp.notifications.smtp import SmtpNotifier

    from roadmap_airflow.mail import MailHook

    used: list[object] = []
    notify = SmtpNotifier.notify

    def look_and_notify(self: SmtpNotifier, context: object) -> None:
        used.append(self.hook)
        notify(self, context)  # type: ignore[arg-type]

    monkeypatch.setattr(SmtpNotifier, "notify", look_and_notify)
    without_a_ledger(monkeypatch, tmp_path)
    with SmtpServer() as server:
        run(tmp_path, server, monkeypatch)
    (hook,) = used
    assert isinstance(hook, MailHook)
    assert hook.smtp_retry_limit == 0


def test_where_no_operator_is_set_nobody_is_told_and_a_wrong_one_is_said(database, monkeypatch):
    from roadmap_airflow.alerts import OperatorNotTold, mail_operator

    monkeypatch.setenv("ROADMAP_OPERATOR_ADDRESS", "nobody at example")
    with pytest.raises(OperatorNotTold, match="ROADMAP_OPERATOR_ADDRESS") as wrong:
        mail_operator(database, "task_failed", "x")
    assert "nobody at example" not in str(wrong.value)
    monkeypatch.setenv("ROADMAP_OPERATOR_ADDRESS", "")
    mail_operator(database, "task_failed", "x")
    assert operator_letters(database) == []


# -- Where Airflow runs the callback --------------------------------------------------------------


def test_of_a_task_that_was_killed_the_dag_processor_tells_by_the_ledger(
    database, tmp_path, monkeypatch
):
    """As it runs the callback of a task whose process is gone: without the task's own context."""
    import structlog
    from airflow.api_fastapi.execution_api.datamodels.taskinstance import TaskInstance
    from airflow.callbacks.callback_requests import TaskCallbackRequest
    from airflow.dag_processing.processor import _execute_task_callbacks

    path = tmp_path / "account.py"
    path.write_text(DAG.format(run="run-1", task="reconcile"), encoding="utf-8")
    killed = TaskCallbackRequest(
        filepath=str(path),
        bundle_name="account",
        bundle_version=None,
        ti=TaskInstance(
            id=uuid.uuid4(), task_id="reconcile", dag_id="account", run_id="manual__1",
            try_number=2, dag_version_id=uuid.uuid4(),
        ),
    )  # fmt: skip
    log = structlog.get_logger()
    with SmtpServer() as server:
        settings = json.loads(os.environ["AIRFLOW_CONN_SMTP_DEFAULT"]) | {"port": server.port}
        monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", json.dumps(settings))
        for _ in range(2):  # it may be asked to twice
            _execute_task_callbacks(DagBag(str(path)), killed, log)
    (letter,) = server.accepted
    assert letter.recipient == "operator@example.org"
    assert operator_letters(database) == ["accepted"]
