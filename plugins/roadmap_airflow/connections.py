"""Airflow connections turned into what the library takes: an engine, folders, proof.

| connection | what it is |
|---|---|
| `roadmap_db` | the roadmap's own database: conn_type sqlite (host = file) or postgres |
| `roadmap_inbox` | where evidence arrives: extra `{"base": "file:///…"}`, or sftp://, s3:// |
| `roadmap_archive` | taken-in files, kept by hash |
| `roadmap_reports` | rendered files, kept by hash |
| `roadmap_portal` | the portal's database, read by include/sql/sources: sqlite or postgres |
| `smtp_default` | the mail server, of Airflow's type smtp (roadmap_airflow.mail) |
| `roadmap_journal` | the mailbox of copies: imap, or file with `base` (a Maildir); may be absent |
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from roadmap_airflow.failures import failed

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from roadmap.delivery.proof.proofs import ProofSource
    from roadmap.delivery.proof.receipts import Receipts
    from roadmap.delivery.settings import DeliverySettings

JOURNAL = "roadmap_journal"


class ConnectionIncomplete(RuntimeError):
    """A connection lacks what we need; the message says, in Russian, what to enter where."""


@contextmanager
def roadmap_db() -> Iterator[Engine]:
    """The roadmap's engine for one task; `failing_at_once` holds of what is done with it."""
    from roadmap.store.engine import open_engine

    with failing_at_once():
        engine = open_engine(database_url())
        try:
            yield engine
        finally:
            engine.dispose()


@contextmanager
def failing_at_once() -> Iterator[None]:
    """What only a person can mend (a wrong plan or form, a missing setting) fails the task at once:
    trying again would change nothing."""
    from roadmap.decision import DecisionRefused
    from roadmap.delivery.settings import SettingsError, UnsafeLive
    from roadmap.evidence.request import FreezeRefused
    from roadmap.plan.load import PlanError
    from roadmap.store.engine import UnsafeDatabase

    try:
        yield
    except (
        ConnectionIncomplete, DecisionRefused, FreezeRefused, PlanError, SettingsError,
        UnsafeDatabase, UnsafeLive,
    ) as refusal:  # fmt: skip
        raise failed(str(refusal)) from None


@contextmanager
def open_database(connection_id: str) -> Iterator[Engine]:
    """A database that is not ours, only read: where a dataset's query takes its rows.

    DatabaseUnavailable, in Russian, where there is no such connection or it is incomplete.
    """
    from airflow.sdk.exceptions import AirflowNotFoundException

    from roadmap.evidence.files.database import DatabaseUnavailable, open_read_only

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
    """Addresses, allow-list and limits of delivery, from the environment (.env.example).

    Who may log in is Airflow's own setting: its environment or its airflow.cfg.
    """
    from airflow.sdk.configuration import conf

    from roadmap.delivery.settings import settings_from

    login = conf.get("core", "auth_manager")
    return replace(settings_from(os.environ), has_demo_login=login.endswith(".SimpleAuthManager"))


def receipts() -> Receipts | None:
    """The folder of the mail server's answers, made where it is missing; None: not kept."""
    from roadmap.delivery.proof.receipts import Receipts

    kept_in = delivery_settings().receipts_folder
    if kept_in is None:
        return None
    try:
        Path(kept_in).mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError:
        raise ConnectionIncomplete(
            "Папка квитанций почтового сервера не создаётся: проверьте ROADMAP_RECEIPTS_FOLDER"
            " и права на неё."
        ) from None
    return Receipts(Path(kept_in))


def proof_sources() -> tuple[ProofSource, ...]:
    """Where proof of unknown letters may lie, in the order of asking; what is not set is left out.

    ConnectionIncomplete where `roadmap_journal` is there but can't be used.
    """
    from roadmap.delivery.proof.proofs import ReceiptSource
    from roadmap.delivery.proof.relay_log import RelayLog

    kept, relay_log, journal = receipts(), delivery_settings().relay_log, _journal()
    return (
        *([ReceiptSource(kept)] if kept is not None else []),
        *([RelayLog(relay_log)] if relay_log is not None else []),
        *([journal] if journal is not None else []),
    )


def _journal() -> ProofSource | None:
    from airflow.sdk import Connection
    from airflow.sdk.exceptions import AirflowNotFoundException

    from roadmap.delivery.proof.journal import FolderJournal, ImapJournal

    try:
        connection = Connection.get(JOURNAL)
    except AirflowNotFoundException:
        return None
    if connection.conn_type == "file":
        copies = folder(JOURNAL)
        if not isinstance(copies, Path):
            raise ConnectionIncomplete(f"Соединение «{JOURNAL}»: «base» — папка, file:///…")
        return FolderJournal(copies)
    extra = connection.extra_dejson
    if connection.conn_type != "imap" or not (
        connection.host and connection.login and connection.password
    ):
        raise ConnectionIncomplete(
            f"Соединение «{JOURNAL}»: нужны тип imap, сервер, имя и пароль ящика копий."
        )
    # The fields of the provider's form («apache-airflow-providers-imap»): TLS unless refused.
    use_ssl = "use_ssl" not in extra or is_set(extra, "use_ssl")
    return ImapJournal(
        host=connection.host,
        port=connection.port or (993 if use_ssl else 143),
        user=connection.login,
        password=connection.password,
        mailbox=str(extra.get("mailbox") or "INBOX"),
        use_ssl=use_ssl,
        use_starttls=not use_ssl and is_set(extra, "use_starttls"),
    )


def is_set(extra: dict[str, Any], name: str) -> bool:
    """Is a field of an extra switched on? A URI gives its «true» as a text."""
    return str(extra.get(name, "")).strip().lower() in {"1", "true", "yes", "on"}
