"""Opening the roadmap's database with the settings its promises rest on.

SQLite enforces foreign keys only when asked and may lose the last commit in WAL mode unless
`synchronous` is FULL; PostgreSQL must not acknowledge a commit it has not written. Both are
set here, and asserted, so that a wrong setting stops the program and not a letter's proof.
"""

from __future__ import annotations

import sqlite3
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy import create_engine as _create_engine

BUSY_TIMEOUT_MS = 30_000


class UnsafeDatabase(RuntimeError):
    """The database would not keep what the delivery ledger promises."""


def open_engine(url: str) -> Engine:
    """An engine for the roadmap's database; UnsafeDatabase when its settings are not safe.

    `url` is SQLAlchemy's: `sqlite:////path/roadmap.db` or `postgresql+psycopg://…`. Errors do
    not quote the values of a statement: addresses would end in logs.
    """
    if url.startswith("sqlite"):
        engine = _create_engine(
            url, hide_parameters=True, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000}
        )
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_immediate)
        return engine
    engine = _create_engine(
        url,
        hide_parameters=True,
        pool_pre_ping=True,
        connect_args={
            # A host that drops packets must not hold a sender for longer than its lease.
            "connect_timeout": 10,
            "options": "-c idle_in_transaction_session_timeout=30s -c statement_timeout=30s",
        },
    )
    event.listen(engine, "connect", _check_postgresql)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    # SQLAlchemy sends BEGIN itself (below); the driver's own transactions must stay off.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("pragma foreign_keys = on")
    cursor.execute("pragma journal_mode = wal")
    cursor.execute("pragma synchronous = full")
    cursor.execute(f"pragma busy_timeout = {BUSY_TIMEOUT_MS}")
    in_force = {
        "foreign_keys": cursor.execute("pragma foreign_keys").fetchone()[0],
        "synchronous": cursor.execute("pragma synchronous").fetchone()[0],
    }
    cursor.close()
    if in_force != {"foreign_keys": 1, "synchronous": 2}:
        raise UnsafeDatabase(f"SQLite does not keep its promises: {in_force}")


def _begin_immediate(connection: Any) -> None:
    # A deferred transaction may fail at its first write, after it has read; this one waits.
    connection.exec_driver_sql("begin immediate")


def _check_postgresql(connection: Any, _record: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("select current_setting('synchronous_commit'), current_setting('fsync')")
        synchronous_commit, fsync = cursor.fetchone()
    connection.rollback()
    if synchronous_commit == "off" or fsync != "on":
        raise UnsafeDatabase(
            f"PostgreSQL would lose commits: synchronous_commit={synchronous_commit}, fsync={fsync}"
        )
