"""SQLite and PostgreSQL tell the same March: same counts, same content, letter by letter."""

from __future__ import annotations

import dataclasses

import pytest
from sqlalchemy import Engine, select

from bench.stages import run_stages
from roadmap.store.tables import phase_run, report
from support.march_world import MARCH, March

pytestmark = pytest.mark.postgres


def contents(engine: Engine) -> dict[str, str]:
    """Addressee → hash of the first run's report."""
    with engine.connect() as db:
        first = db.execute(
            select(phase_run.c.run_id).order_by(phase_run.c.started_ms).limit(1)
        ).scalar()
        rows = db.execute(
            select(report.c.municipality_id, report.c.content_sha256).where(
                report.c.run_id == first
            )
        )
        return {row.municipality_id: row.content_sha256 for row in rows}


def test_postgresql_gives_the_same_reports_as_sqlite(march: March, postgres_engine: Engine):
    dry = dataclasses.replace(MARCH, mode="dry")
    on_sqlite = run_stages(march.place, dry)
    elsewhere = dataclasses.replace(march.place, engine=postgres_engine)
    on_postgresql = run_stages(elsewhere, dry)

    assert on_sqlite.is_settled, on_sqlite.text
    assert on_postgresql.is_settled, on_postgresql.text
    assert len(contents(march.place.engine)) == 13
    assert contents(postgres_engine) == contents(march.place.engine)
