"""Airflow's connections, as an operator fills them in, become what the library takes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from roadmap.delivery.smtp import SmtpTransport
from roadmap.delivery.transport import MailServerUnavailable
from roadmap_airflow.connections import (
    ConnectionIncomplete,
    database_url,
    folder,
    roadmap_db,
    smtp_settings,
)


@pytest.fixture
def connection(monkeypatch):
    """Sets one connection by its environment variable."""

    def enter(name: str, **fields: Any) -> None:
        monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}", json.dumps(fields))

    return enter


@pytest.mark.parametrize(
    ("port", "extra", "expected"),
    [
        (None, {}, (465, True, False)),
        (465, {"disable_tls": True}, (465, True, False)),
        (587, {"disable_ssl": True}, (587, False, True)),
        (587, {"disable_ssl": "true"}, (587, False, True)),
        (587, {"disable_ssl": "false"}, (587, True, False)),
        (1025, {"disable_ssl": True, "disable_tls": True}, (1025, False, False)),
        (None, {"disable_ssl": True}, (25, False, True)),
    ],
)
def test_the_mail_server_is_read_as_the_form_of_airflow_means_it(connection, port, extra, expected):
    connection(
        "smtp_default", conn_type="smtp", host="mail.example.org", port=port, extra=extra,
        login="roadmap", password="secret-of-a-test",  # noqa: S106
    )  # fmt: skip
    settings = smtp_settings()
    assert (settings.port, settings.use_ssl, settings.use_starttls) == expected
    assert (settings.user, settings.password) == ("roadmap", "secret-of-a-test")
    assert settings.is_verified_tls == (settings.use_ssl or settings.use_starttls)


def test_a_server_whose_certificate_is_not_checked_gets_no_letter(connection):
    connection(
        "smtp_default", conn_type="smtp", host="mail.example.org", extra={"ssl_context": "none"}
    )
    settings = smtp_settings()
    assert not settings.is_verified_tls
    with pytest.raises(MailServerUnavailable, match="ssl_context=none"):
        SmtpTransport(settings).open()


@pytest.mark.parametrize(
    "fields",
    [
        {"host": "mail.example.org", "login": "roadmap"},
        {"host": "mail.example.org", "password": "secret-of-a-test"},
        {"login": "roadmap", "password": "secret-of-a-test"},
    ],
)
def test_half_a_connection_is_not_used_without_logging_in(connection, fields):
    connection("smtp_default", conn_type="smtp", **fields)
    with pytest.raises(ConnectionIncomplete, match="впишите") as refused:
        smtp_settings()
    assert "secret" not in str(refused.value)


def test_the_database_is_sqlite_or_postgresql(connection):
    connection("roadmap_db", conn_type="sqlite", host="/data/roadmap.db")
    assert database_url() == "sqlite:////data/roadmap.db"
    connection(
        "roadmap_db", conn_type="postgres", host="db", port=5432, schema="roadmap",
        login="roadmap", password="p@ss:/word",  # noqa: S106
    )  # fmt: skip
    assert database_url() == "postgresql+psycopg://roadmap:p%40ss%3A%2Fword@db:5432/roadmap"
    connection("roadmap_db", conn_type="mysql", host="db")
    with pytest.raises(ConnectionIncomplete, match="sqlite или postgres"):
        database_url()


def test_what_only_a_person_can_mend_is_not_tried_again(connection):
    connection("roadmap_db", conn_type="mysql", host="db")
    with pytest.raises(AirflowFailException, match="roadmap_db"), roadmap_db():
        pytest.fail("there is no such database")


def test_a_folder_of_files_is_a_plain_path_and_one_without_an_address_is_said(connection):
    connection("roadmap_inbox", conn_type="file", extra={"base": "file:///data/%D0%B0%20b"})
    assert folder("roadmap_inbox") == Path("/data/а b")
    connection("roadmap_inbox", conn_type="file")
    with pytest.raises(ConnectionIncomplete, match="«base»"):
        folder("roadmap_inbox")
