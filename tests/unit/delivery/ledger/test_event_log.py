"""The logs of who did what, when and why only grow: nothing of ours changes or drops a line."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, make_url
from sqlalchemy.exc import ProgrammingError

from roadmap.delivery.ledger import brakes
from roadmap.paths import SQL
from roadmap.store.engine import open_engine
from roadmap.store.migrate import upgrade
from support.ledger_world import make_run, plan_all, send
from support.smtp_server import SmtpServer

PLUGINS = Path(__file__).parents[4] / "plugins"
LOGS = ("delivery_event", "control_event")


def changes_in_sql(statement: str, log: str) -> list[str]:
    """What a SQL statement does to the table but read it: insert, update, delete, drop …"""
    body = re.sub(r"--[^\n]*", " ", statement.lower())
    table = rf"(?:\w+\.)?\"?{log}\"?\b"
    verbs = (
        r"(insert)\s+(?:or\s+\w+\s+)?into", r"(update)(?:\s+only)?", r"(delete)\s+from",
        r"(merge)\s+into", r"(truncate)(?:\s+table)?", r"(drop)\s+table(?:\s+if\s+exists)?",
        r"(alter)\s+table", r"(replace)\s+into",
    )  # fmt: skip
    found = [match for verb in verbs for match in re.findall(rf"{verb}\s+{table}", body)]
    if "insert" in found and re.search(r"on\s+conflict[\s\S]*do\s+update", body):
        found.append("upsert")
    return found


def changes_in_python(source: str, log: str) -> list[str]:
    """The same of SQLAlchemy Core: `delete(table)` and `table.delete()`."""
    name = rf"(?:\w+\.)?{log}"
    called = re.findall(rf"\b(insert|update|delete)\(\s*{name}\b", source)
    return called + re.findall(rf"\b{name}\.(insert|update|delete|drop)\(", source)


@pytest.mark.parametrize("log", LOGS)
def test_no_sql_file_changes_or_drops_a_line_of_a_log(log: str):
    done = Counter(
        (file.stem, what)
        for file in SQL.rglob("*.sql")
        for what in changes_in_sql(file.read_text(encoding="utf-8"), log)
    )
    writer = {"delivery_event": "write_event", "control_event": "write_control_event"}[log]
    assert done == {(writer, "insert"): 1}


@pytest.mark.parametrize("log", LOGS)
def test_no_python_writes_a_log_but_through_its_sql_file(log: str):
    sources = {file: file.read_text(encoding="utf-8") for file in PLUGINS.rglob("*.py")}
    assert any(log in source for source in sources.values())
    done = {
        file.name: found
        for file, source in sources.items()
        if (found := changes_in_python(source, log) + changes_in_sql(source, log))
    }
    assert done == {}


@pytest.fixture
def as_owner(postgres_url: str) -> Iterator[Engine]:
    """A database migrated by a role that owns it and is no superuser, as in production."""
    server = open_engine(postgres_url).execution_options(isolation_level="AUTOCOMMIT")
    url = make_url(postgres_url).set(username="keeper", database="kept")
    with server.connect() as db:
        db.exec_driver_sql("create role keeper login")
        db.exec_driver_sql("create database kept owner keeper")
    engine = open_engine(url.render_as_string(hide_password=False))
    try:
        upgrade(engine)
        yield engine
    finally:
        engine.dispose()
        with server.connect() as db:
            db.exec_driver_sql("drop database kept with (force)")
            db.exec_driver_sql("drop role keeper")
        server.dispose()


@pytest.mark.postgres
def test_postgresql_itself_lets_nobody_change_or_drop_a_line_of_a_log(as_owner: Engine):
    make_run(as_owner)
    plan_all(as_owner)
    brakes.stop(as_owner, "operator", "Проверка")
    for statement in (
        "update delivery_event set actor = 'nobody'",
        "delete from delivery_event",
        "truncate delivery_event",
        "update control_event set reason = ''",
        "delete from control_event",
        "delete from approval",
    ):
        with pytest.raises(ProgrammingError, match="permission denied"), as_owner.begin() as db:
            db.exec_driver_sql(statement)
    brakes.start(as_owner, "operator", "Проверено")
    with SmtpServer() as mail:
        assert send(as_owner, mail).accepted == 3  # the log still grows


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("-- a question\nupdate delivery_event\nset detail = null", ["update"]),
        ("DELETE FROM delivery_event WHERE seq = 1", ["delete"]),
        ("insert into delivery_event (seq) values (1) on conflict (seq) do update set seq = 2",
         ["insert", "upsert"]),
        ('drop table if exists "delivery_event"', ["drop"]),
        ("select 1 from delivery_event", []),
        ("update delivery set state = 'x' where exists (select 1 from delivery_event)", []),
        ("-- update delivery_event", []),
    ],
)  # fmt: skip
def test_the_search_knows_a_change_when_it_sees_one(statement: str, what: list[str]):
    assert changes_in_sql(statement, "delivery_event") == what


def test_the_search_knows_sqlalchemy_s_changes_too():
    source = "db.execute(delete(tables.delivery_event))\ndb.execute(delivery_event.update())"
    assert changes_in_python(source, "delivery_event") == ["delete", "update"]
