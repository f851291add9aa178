"""Airflow connections turned into what the library takes: an engine, folders, a transport.

| connection | what it is |
|---|---|
| `roadmap_db` | the roadmap's own database: conn_type sqlite (host = file) or postgres |
| `roadmap_inbox` | where evidence arrives: extra `{"base": "file:///…"}`, or sftp://, s3:// |
| `roadmap_archive` | taken-in files, kept by hash |
| `roadmap_reports` | rendered files, kept by hash |
| `roadmap_portal` | the portal's database, read by include/sql/sources: sqlite or postgres |
| `smtp_default` | the mail server, of Airflow's type smtp |
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from roadmap.delivery.settings import DeliverySettings
    from roadmap.delivery.smtp import SmtpSettings


class ConnectionIncomplete(RuntimeError):
    """A connection lacks what we need; the message says, in Russian, what to enter where."""


@contextmanager
def roadmap_db() -> Iterator[Engine]:
    """The roadmap's engine for one task.

    What only a person can mend (a wrong plan, a missing setting, a run that may not begin)
    fails the task at once: trying again would change nothing.
    """
    from airflow.sdk.exceptions import AirflowFailException

    from roadmap.delivery.settings import SettingsError, UnsafeLive
    from roadmap.evidence.freeze import FreezeRefused
    from roadmap.plan.load import PlanError
    from roadmap.store.engine import UnsafeDatabase, open_engine

    try:
        engine = open_engine(database_url())
        try:
            yield engine
        finally:
            engine.dispose()
    except (
        ConnectionIncomplete, FreezeRefused, PlanError, SettingsError, UnsafeDatabase, UnsafeLive
    ) as refusal:  # fmt: skip
        raise AirflowFailException(str(refusal)) from None  # the log ends with the sentence


@contextmanager
def open_database(connection_id: str) -> Iterator[Engine]:
    """A database that is not ours, only read: where a dataset's query takes its rows.

    DatabaseUnavailable, in Russian, where there is no such connection or it is incomplete.
    """
    from airflow.sdk.exceptions import AirflowNotFoundException

    from roadmap.evidence.database import DatabaseUnavailable, open_read_only

    try:
        url = database_url(connection_id)
    except AirflowNotFoundException:
        raise DatabaseUnavailable(
            f"Создайте в Airflow соединение «{connection_id}» («Администрирование», «Соединения»)"
        ) from None
    except ConnectionIncomplete as incomplete:
        raise DatabaseUnavailable(str(incomplete)) from None
    engine = open_read_only(url)
    try:
        yield engine
    finally:
        engine.dispose()


def database_url(connection_id: str = "roadmap_db") -> str:
    """SQLAlchemy's URL of a connection of type sqlite or postgres."""
    from airflow.sdk import Connection
    from sqlalchemy import URL

    connection = Connection.get(connection_id)
    if connection.conn_type == "sqlite":
        return f"sqlite:///{connection.host}"
    if connection.conn_type in {"postgres", "postgresql"}:
        return URL.create(
            "postgresql+psycopg",
            username=connection.login,
            password=connection.password,
            host=connection.host,
            port=connection.port,
            database=connection.schema,
        ).render_as_string(hide_password=False)
    raise ConnectionIncomplete(
        f"Соединение «{connection_id}»: нужен тип sqlite или postgres. "
        "Исправьте его в Airflow: «Администрирование», «Соединения»."
    )


def folder(connection_id: str) -> Any:
    """The folder of a connection, as a path: pathlib's own for files, Airflow's for the rest."""
    from airflow.sdk import Connection, ObjectStoragePath

    base = Connection.get(connection_id).extra_dejson.get("base")
    if not base:
        raise ConnectionIncomplete(
            f"Соединение «{connection_id}»: в поле Extra нет «base» — адреса папки "
            '(например {"base": "file:///data/inbox"}).'
        )
    if urlsplit(base).scheme == "file":
        return Path(unquote(urlsplit(base).path))
    return ObjectStoragePath(base, conn_id=connection_id)


def delivery_settings() -> DeliverySettings:
    """Addresses, allow-list and limits of delivery, from the environment (.env.example)."""
    from roadmap.delivery.settings import settings_from

    return settings_from(os.environ)


def smtp_settings() -> SmtpSettings:
    """The mail server, read once: each look at a connection's extra talks to the supervisor."""
    from airflow.providers.smtp.hooks.smtp import SmtpHook

    from roadmap.delivery.smtp import SmtpSettings

    connection = SmtpHook.get_connection(SmtpHook.default_conn_name)
    extra = connection.extra_dejson
    if not connection.host:
        raise ConnectionIncomplete("Соединение «smtp_default»: впишите имя почтового сервера.")
    if bool(connection.login) != bool(connection.password):
        # The stock hook would go on without logging in.
        raise ConnectionIncomplete(
            "Соединение «smtp_default»: впишите и имя, и пароль или оставьте оба поля пустыми."
        )
    use_ssl = not _is_set(extra, "disable_ssl")
    return SmtpSettings(
        host=connection.host,
        port=connection.port or (465 if use_ssl else 25),
        user=connection.login or None,
        password=connection.password or None,
        use_ssl=use_ssl,
        use_starttls=not use_ssl and not _is_set(extra, "disable_tls"),
        ssl_context=str(extra.get("ssl_context") or "default"),
    )


def _is_set(extra: dict[str, Any], name: str) -> bool:
    return str(extra.get(name, "")).strip().lower() in {"1", "true", "yes", "on"}
