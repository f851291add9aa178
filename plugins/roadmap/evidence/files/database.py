"""A dataset that is a query over somebody else's database: its answer, taken as a snapshot.

The answer becomes a canonical CSV (sorted rows, UTF-8, «;»), so everything after is the same
as with a file: unchanged rows give unchanged bytes, a new answer is a new version, and the
snapshot is kept under its hash. Their database is only read, in one transaction that sees one
moment; an answer that breaks off gives nothing (docs/delivery.md §8, rows 68–70).
"""

from __future__ import annotations

import csv
import io
import logging
import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, NullPool, create_engine, make_url
from sqlalchemy.exc import DBAPIError, ProgrammingError

from roadmap.evidence.messages import sentence
from roadmap.evidence.parsed import FileRefused
from roadmap.evidence.sources import Source
from roadmap.plan.model import Plan
from roadmap.russian import integer
from roadmap.store.sql import sql

log = logging.getLogger(__name__)

# Opens the database of a connection by its id; who calls the library knows how.
OpenDatabase = Callable[[str], AbstractContextManager[Engine]]

CONNECT_SECONDS = 10
STATEMENT_SECONDS = 30


class DatabaseUnavailable(RuntimeError):
    """The connection of a source is not there; the message says what to do, in Russian."""


def open_read_only(url: str) -> Engine:
    """An engine for a database that is not ours: it writes nothing and waits no longer than told.

    `url` is SQLAlchemy's. A SQLite file that is not there is an error and is not created.
    Errors do not quote values. One connection a use: nothing stays open on their side.
    """
    target = make_url(url)
    if target.get_backend_name() == "sqlite":
        path = Path(target.database or "").absolute()

        def connect() -> sqlite3.Connection:
            return sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=CONNECT_SECONDS)

        return create_engine("sqlite://", creator=connect, poolclass=NullPool, hide_parameters=True)
    return create_engine(
        target,
        poolclass=NullPool,
        hide_parameters=True,
        connect_args={
            "connect_timeout": CONNECT_SECONDS,
            "options": f"-c statement_timeout={STATEMENT_SECONDS}s "
            "-c default_transaction_read_only=on",
        },
    )


def snapshot_name(source: Source) -> str:
    """What stands where a file's name would: «publications (снимок roadmap_portal).csv»."""
    return f"{source.query} (снимок {source.connection}).csv"


def snapshot(source: Source, plan: Plan, open_database: OpenDatabase | None) -> bytes | None:
    """The query's answer as canonical CSV with a heading; None when it has no rows.

    FileRefused: CONNECTION (no such connection, no answer, broken off), QUERY (no such table
    or column, no right to it, or values that are no text, number or date), ROWS (more than the
    source's limit). A message quotes nothing that the database said.
    """
    if source.query is None or source.connection is None:
        raise ValueError(f"{source.dataset} is no query")
    try:
        if open_database is None:
            raise DatabaseUnavailable("Настройте соединение и повторите приём")
        with open_database(source.connection) as engine:
            heading, rows = _ask(engine, source, plan)
    except DatabaseUnavailable as missing:
        raise _refused(
            source, "CONNECTION", "база не открывается", str(missing).rstrip(".")
        ) from None
    except DBAPIError as error:
        log.warning("Запрос %s не выполнен: %s", source.query, type(error.orig).__name__)
        if _is_of_the_query(error):
            raise _refused(
                source,
                "QUERY",
                "в базе нет нужной таблицы или столбца либо нет права читать их",
                "Сверьте таблицу с описанием форматов (docs/formats.md)",
            ) from None
        raise _refused(
            source,
            "CONNECTION",
            "база не отвечает",
            "Проверьте соединение в Airflow («Администрирование», «Соединения») и повторите приём",
        ) from None
    if len(rows) > source.limits.rows:
        raise _refused(
            source,
            "ROWS",
            f"строк больше {integer(source.limits.rows)}",
            "Проверьте таблицу; предел стоит в include/sources.yaml",
        )
    return _canonical(heading, rows, source) if rows else None


def _ask(engine: Engine, source: Source, plan: Plan) -> tuple[list[str], list[Any]]:
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection = connection.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True, stream_results=True
            )
            answer = _answer(connection, source, plan)
        else:
            connection.exec_driver_sql("pragma query_only = on")
            answer = _answer(connection, source, plan)
            connection.exec_driver_sql("pragma query_only = off")
        return answer


def _answer(connection: Connection, source: Source, plan: Plan) -> tuple[list[str], list[Any]]:
    first, last = plan.years
    result = connection.execute(
        sql(f"sources/{source.query}"), {"plan_year": first, "last_year": last}
    )
    # One row more than allowed tells that there are too many; the rest stays where it is.
    return list(result.keys()), list(result.fetchmany(source.limits.rows + 1))


def _is_of_the_query(error: DBAPIError) -> bool:
    """Whether the database answered and refused, other than not answering at all."""
    if isinstance(error, ProgrammingError):
        return True
    # SQLite has one kind of error for a missing table and for a file that cannot be read.
    return isinstance(error.orig, sqlite3.OperationalError) and str(error.orig).startswith(
        "no such"
    )


def _canonical(heading: list[str], rows: list[Any], source: Source) -> bytes:
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=";", lineterminator="\r\n")
    writer.writerow(heading)
    writer.writerows(sorted([_text(value, source) for value in row] for row in rows))
    return stream.getvalue().encode("utf-8")


def _text(value: object, source: Source) -> str:
    """A value as registers write it; times of day at midnight are days."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "да" if value else "нет"
    if isinstance(value, str | int | float | Decimal):
        return str(value)
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    raise _refused(
        source,
        "QUERY",
        "в ответе значения, которые не текст, не число и не дата",
        "Сверьте таблицу с описанием форматов (docs/formats.md)",
    )


def _refused(source: Source, code: str, what: str, to_do: str) -> FileRefused:
    where = f"Запрос «{source.query}», соединение «{source.connection}»"
    return FileRefused(code, sentence(f"Сведения не получены: {what}", where, to_do))
