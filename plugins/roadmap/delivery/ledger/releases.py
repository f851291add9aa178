"""When a run's letters may be claimed: once its own `approve` has let them go, or it is over.

Until then they wait, whoever drains the queue: a phase that still renders may find that all is
wrong, and the delivery watch, which comes every five minutes, must not overtake it. The moment
stands with each letter (`delivery.released_ms`), and claims ask for it in SQL.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Engine

from roadmap.delivery.ledger.moves import Clock, db_now_ms
from roadmap.store.sql import sql

log = logging.getLogger(__name__)

# Nothing that plans letters takes a day: a run that looks alive for so long is not, as where a
# process died that Airflow does not watch over.
OVER_AFTER_MS = 24 * 3_600_000


@dataclass(frozen=True)
class Holding:
    """A run with letters that it has not let go; `requested_by` is Airflow's id of the run."""

    run_id: str
    phase: str
    requested_by: str


def release_run(engine: Engine, run_id: str, clock: Clock = db_now_ms) -> int:
    """Let the run's letters go; how many were held back by nothing else than that."""
    with engine.begin() as db:
        values = {"run_id": run_id, "now_ms": clock(db)}
        return db.execute(sql("delivery/release_run"), values).rowcount


def release_left(
    engine: Engine, is_over: Callable[[Holding], bool], clock: Clock = db_now_ms
) -> int:
    """Let go what runs left behind that are over, however they ended; how many letters.

    Whether a run is over is `is_over`'s word, for a day by two looks of the reaper.
    """
    with engine.connect() as db, db.begin():
        rows = db.execute(sql("delivery/unreleased_runs"), {"now_ms": clock(db)}).all()
    released = 0
    for row in rows:
        run = Holding(row.run_id, row.phase, row.requested_by)
        waited_ms = (row.looked_before_ms or 0) - row.planned_ms
        if waited_ms >= OVER_AFTER_MS or is_over(run):
            released += release_run(engine, run.run_id, clock)
    return released
