"""What a year's letters came to, and why there are more of them than addressees."""

from __future__ import annotations

from sqlalchemy import Engine

from roadmap.delivery.ledger import moves
from roadmap.delivery.ledger.releases import release_run
from roadmap_cli.account import account_of_year
from support.ledger_world import everybody, letter, make_run, plan_all, send
from support.plans import small_plan
from support.smtp_server import SmtpServer


def told(engine: Engine) -> list[str]:
    return [line.replace("\xa0", " ") for line in account_of_year(engine, small_plan())]


def test_of_a_year_without_letters_that_is_said(any_engine: Engine):
    lines = told(any_engine)
    assert lines[0].endswith(": писем нет")
    assert lines[-1] == "Всего 0 писем 0 адресатам."


def test_as_many_letters_as_addressees_need_no_reason(any_engine: Engine):
    make_run(any_engine)
    plan_all(any_engine)
    with SmtpServer() as server:
        send(any_engine, server)
    lines = told(any_engine)
    assert lines[0].endswith(": 3 письма")
    assert lines[-1] == "Всего 3 письма 3 адресатам."


def test_more_letters_than_addressees_are_explained_and_no_address_is_shown(any_engine: Engine):
    contacts = {"buyskiy": ("a@example.org", "b@example.org"), "neya": ("c@example.org",)}
    make_run(any_engine, contacts=contacts)
    plan_all(any_engine)
    with SmtpServer() as server:
        send(any_engine, server)
        make_run(any_engine, "run-2", contacts=contacts, reason="поступил исправленный файл")
        (one,) = everybody(any_engine, "run-2")["neya"]
        mended = letter("neya", one, run_id="run-2", revision=2, content="b")
        with any_engine.begin() as db:
            now = moves.db_now_ms(db)
            assert moves.plan(db, mended, now_ms=now, expires_ms=now + 10**9, actor="test")
        release_run(any_engine, "run-2")
        send(any_engine, server)
    lines = told(any_engine)
    assert lines[0].endswith(": 3 письма")
    assert lines[1].startswith("  исправление «Взамен направленного»: 1 письмо — ")
    assert lines[-2:] == [
        "Всего 4 письма 2 адресатам.",
        "Писем больше, чем адресатов: несколько получателей у 1 адресата, исправлений 1.",
    ]
    assert "@" not in "".join(lines)
