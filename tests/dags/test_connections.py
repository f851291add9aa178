"""Airflow's connections, as an operator fills them in, become what the library takes."""

from __future__ import annotations

from pathlib import Path

import pytest
from airflow.sdk.exceptions import AirflowFailException

from roadmap_airflow.connections import (
    ConnectionIncomplete,
    database_url,
    delivery_settings,
    folder,
    proof_sources,
    receipts,
    roadmap_db,
)


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


# -- Proof of what left ----------------------------------------------------------------------------


@pytest.fixture
def proof(monkeypatch, tmp_path: Path) -> Path:
    """The settings that delivery needs at least, and a folder."""
    for name in ("FROM", "OPERATOR", "REDIRECT"):
        monkeypatch.setenv(f"ROADMAP_{name}_ADDRESS", "roadmap@example.org")
    for name in ("RECEIPTS_FOLDER", "RELAY_LOG", "JOURNAL_ADDRESS"):
        monkeypatch.delenv(f"ROADMAP_{name}", raising=False)
    monkeypatch.delenv("AIRFLOW_CONN_ROADMAP_JOURNAL", raising=False)
    return tmp_path


def test_the_folder_of_receipts_is_made(proof: Path, monkeypatch):
    assert receipts() is None
    monkeypatch.setenv("ROADMAP_RECEIPTS_FOLDER", str(proof / "proof" / "receipts"))
    kept = receipts()
    assert kept is not None
    assert kept.folder.is_dir()
    assert kept.folder.stat().st_mode & 0o077 == 0


def test_a_folder_of_receipts_that_can_t_be_is_told(proof: Path, monkeypatch):
    (proof / "file").write_text("")
    monkeypatch.setenv("ROADMAP_RECEIPTS_FOLDER", str(proof / "file" / "receipts"))
    with pytest.raises(ConnectionIncomplete, match="ROADMAP_RECEIPTS_FOLDER"):
        receipts()


def test_sources_of_evidence_are_those_that_are_set_in_the_order_of_asking(
    proof: Path, monkeypatch, connection
):
    assert proof_sources() == ()
    monkeypatch.setenv("AIRFLOW_CONN_ROADMAP_JOURNAL", "")  # as docker compose says «none»
    assert proof_sources() == ()
    monkeypatch.setenv("ROADMAP_RECEIPTS_FOLDER", str(proof))
    monkeypatch.setenv("ROADMAP_RELAY_LOG", "/var/log/mail.log*")
    connection(
        "roadmap_journal", conn_type="imap", host="mail.example.org",
        login="journal", password="secret-of-a-test",  # noqa: S106
    )  # fmt: skip
    sources = proof_sources()
    assert [source.kind for source in sources] == ["receipt", "relay_log", "journal"]
    assert "secret-of-a-test" not in repr(sources)
    (journal,) = sources[2:]
    assert (journal.port, journal.use_ssl, journal.mailbox) == (993, True, "INBOX")


def test_the_mailbox_of_copies_may_be_a_folder(proof: Path, connection):
    connection("roadmap_journal", conn_type="file", extra={"base": proof.as_uri()})
    (journal,) = proof_sources()
    assert journal.folder == proof


@pytest.mark.parametrize(
    ("auth_manager", "is_demo"),
    [
        ("airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager", True),
        ("airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager", False),
        (None, True),  # as Airflow has it where nothing is set
    ],
)
def test_delivery_knows_whether_airflow_lets_anybody_in(
    proof: Path, monkeypatch, auth_manager: str | None, is_demo: bool
):
    if auth_manager is None:
        monkeypatch.delenv("AIRFLOW__CORE__AUTH_MANAGER", raising=False)
    else:
        monkeypatch.setenv("AIRFLOW__CORE__AUTH_MANAGER", auth_manager)
    assert delivery_settings().has_demo_login is is_demo


def test_half_a_mailbox_of_copies_is_told(proof: Path, connection):
    connection("roadmap_journal", conn_type="imap", host="mail.example.org", login="journal")
    with pytest.raises(ConnectionIncomplete, match="roadmap_journal"):
        proof_sources()
