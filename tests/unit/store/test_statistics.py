"""Statistics are fresh when a run reads what it has just written."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, insert, text

from roadmap.store.statistics import refresh_statistics
from roadmap.store.tables import municipality


@pytest.mark.postgres
def test_rows_written_in_the_same_transaction_are_counted(postgres_engine: Engine) -> None:
    known = text("select reltuples from pg_class where relname = 'municipality'")
    with postgres_engine.begin() as connection:
        connection.execute(
            insert(municipality),
            [{"municipality_id": f"m{n}", "name": f"m{n}"} for n in range(2300)],
        )
        assert connection.scalar(known) <= 0
        refresh_statistics(connection)
        assert connection.scalar(known) == 2300


def test_sqlite_needs_none(engine: Engine) -> None:
    with engine.begin() as connection:
        refresh_statistics(connection)
        assert connection.scalar(text("select count(*) from sqlite_master")) > 0
