"""The command that brings a database up to date also clears the archive."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import insert

from roadmap.evidence.files.inbox import Content, archive
from roadmap.store.engine import open_engine
from roadmap.store.tables import load_batch
from roadmap_airflow import migrate


def test_migrating_removes_copies_of_refused_files(tmp_path: Path, connection):
    connection("roadmap_db", conn_type="sqlite", host=str(tmp_path / "roadmap.db"))
    folder = tmp_path / "archive"
    connection("roadmap_archive", conn_type="file", extra={"base": folder.as_uri()})
    migrate.main()  # an archive that is not there yet is none
    engine = open_engine(f"sqlite:///{tmp_path / 'roadmap.db'}")
    archive(folder, Content("0" * 64, 4, b"name"))
    with engine.begin() as db:
        db.execute(
            insert(load_batch).values(
                batch_id="b", plan_code="2021", dataset="contacts", scope="-", file_name="f",
                sha256="0" * 64, size_bytes=4, received_ms=1, loaded_ms=1, state="refused",
                rows_read=0, rows_accepted=0, rows_rejected=0, refusal_code="HEADER",
                refusal_message="Файл не принят.",
            )
        )  # fmt: skip
    engine.dispose()
    folder.chmod(0o775)
    migrate.main()
    assert [path for path in folder.rglob("*") if path.is_file()] == []
    assert folder.stat().st_mode & 0o777 == 0o770  # others read no copy, nor its name


def test_a_start_ends_where_the_settings_of_delivery_do_not_fit_together(monkeypatch):
    monkeypatch.setenv("ROADMAP_LARGEST_LETTER_MB", "100")
    monkeypatch.setenv("ROADMAP_SLOWEST_KB_PER_SECOND", "1")
    with pytest.raises(SystemExit, match="Настройки отправки не сходятся"):
        migrate.main()
