"""Why reports do not leave by the stock EmailOperator and hook: docs/decisions/0022, executed.

Here the installed provider mails to a real server, and Airflow runs its operator. Whoever
upgrades the provider sees at once which of its traps are still there: a test that fails takes
one reason away from that decision.
"""

from __future__ import annotations

import email
import json
import subprocess
from email.message import Message
from itertools import repeat
from pathlib import Path
from typing import Any

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.providers.smtp.hooks.smtp import SmtpHook

from support.smtp_server import SmtpServer

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(600)]

STOCK_MAIL = Path(__file__).parent / "stock_mail"
NEYA, BUY = "neya@example.org", "buy@example.org"
LETTER: dict[str, Any] = {
    "to": [NEYA, BUY],
    "from_email": "roadmap@example.org",
    "subject": "Report",
    "html_content": "<p>Report</p>",
}


@pytest.fixture(scope="module")
def airflow_database() -> None:
    subprocess.run(["airflow", "db", "migrate"], check=True, capture_output=True)


@pytest.fixture
def reach(connection):
    """Sets `smtp_default` to the tests' mail server; what else it gives is the form's default."""

    def to(server: SmtpServer) -> None:
        extra = {"disable_ssl": True, "disable_tls": True}
        connection(
            "smtp_default", conn_type="smtp", host="127.0.0.1", port=server.port, extra=extra
        )

    return to


@pytest.fixture
def run_task(airflow_database: None, monkeypatch: pytest.MonkeyPatch):
    """Runs the DAG of the stock operator: how its task ended, after how many tries."""
    bundle = {
        "name": "stock-mail",
        "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle",
        "kwargs": {"path": str(STOCK_MAIL)},
    }
    monkeypatch.setenv("AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST", json.dumps([bundle]))

    def run() -> tuple[str, int]:
        dag = DagBag(str(STOCK_MAIL / "stock_mail.py")).dags["stock_mail"]
        (task,) = dag.test(logical_date=None).get_task_instances()
        return str(task.state), task.try_number

    return run


def sent(server: SmtpServer) -> list[Message]:
    return [email.message_from_bytes(letter.content) for letter in server.accepted]


def test_one_of_two_addressees_is_refused_and_the_task_is_green(reach, run_task):
    with SmtpServer(by_address={BUY: repeat("550_rcpt")}) as server:
        reach(server)
        assert run_task() == ("success", 1)
    assert [letter.recipients for letter in server.accepted] == [(NEYA,)]
    assert sent(server)[0]["To"] == f"{NEYA}, {BUY}"  # the one who got it sees the other


def test_a_lost_reply_is_followed_by_a_second_letter_and_the_task_is_green(reach, run_task):
    with SmtpServer(["accept_then_rst"]) as server:
        reach(server)
        assert run_task() == ("success", 2)
    first, second = sent(server)
    assert first.get_payload(0).get_payload() == second.get_payload(0).get_payload()
    # Nothing by which a mailbox could tell that the second is the first once more.
    assert first["Message-ID"] is second["Message-ID"] is None


def test_who_calls_the_stock_hook_does_not_hear_of_a_refused_addressee(reach):
    with SmtpServer(by_address={BUY: repeat("550_rcpt")}) as server:
        reach(server)
        with SmtpHook() as hook:
            assert hook.send_email_smtp(**LETTER) is None
    assert [letter.recipients for letter in server.accepted] == [(NEYA,)]


def test_the_stock_hook_says_the_same_of_a_letter_that_was_taken_and_of_one_that_was_not(reach):
    said = set()
    for behaviour, taken in (("accept_then_rst", 1), ("rst_after_dot", 0), ("rst_data", 0)):
        with SmtpServer([behaviour]) as server:
            reach(server)
            with SmtpHook() as hook, pytest.raises(OSError, match="connect") as broken:
                hook.send_email_smtp(**LETTER)
            said.add(repr(broken.value))
        assert len(server.accepted) == taken
    assert len(said) == 1


def test_the_stock_hook_says_again_at_once_and_six_times_what_was_refused_for_good(reach):
    with SmtpServer(default="554_dot") as server:
        reach(server)
        with SmtpHook() as hook, pytest.raises(OSError, match="554"):
            hook.send_email_smtp(**LETTER)
    assert server.bodies == 6
