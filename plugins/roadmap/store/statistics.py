"""The planner's statistics after a load.

PostgreSQL counts tables in the background, about a minute after they have changed. A run
that loads a region's results and queries them at once is planned as if the tables were
empty: a join of the demo year then takes longer than the statement time-out instead of a
tenth of a second. So whoever has written much, and reads it next, refreshes first.
"""

from __future__ import annotations

from sqlalchemy import Connection

from roadmap.store.sql import sql


def refresh_statistics(connection: Connection) -> None:
    """Recount all tables (seconds at most: PostgreSQL samples); nothing to do on SQLite.

    May stand inside a transaction and then sees what it has written so far.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(sql("store/refresh_statistics"))
