"""What the operator has to mend in the files that were taken in: for one letter a day.

A file that was refused, or left rows in quarantine, is told of when that happens, and not
again while it lies there unchanged: a refusal is remembered once per content and reason.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Engine

from roadmap.evidence.sources import load_sources
from roadmap.store.sql import sql

MOST_MESSAGES = 10  # of one file: the rest stands in the task's log


@dataclass(frozen=True)
class Trouble:
    """One file: whether it was refused whole, and what to do. No personal data, no addresses."""

    plan_year: int
    title: str  # of the dataset
    file_name: str
    is_refused: bool
    messages: tuple[str, ...]
    more: int  # messages left out


def batches_to_mend(engine: Engine, plan_year: int, dataset: str) -> frozenset[str]:
    """Ids of all batches of the dataset that were refused or left rows in quarantine."""
    asked = {"plan_year": plan_year, "dataset": dataset}
    with engine.connect() as conn, conn.begin():
        return frozenset(conn.scalars(sql("evidence/batches_to_mend"), asked))


def troubles(engine: Engine, batch_ids: Iterable[str]) -> tuple[Trouble, ...]:
    """What to mend in these batches, by year, dataset and file."""
    titles = {dataset: source.title for dataset, source in load_sources().items()}
    found = []
    with engine.connect() as conn, conn.begin():
        for batch_id in batch_ids:
            rows = conn.execute(sql("evidence/troubles_of_batch"), {"batch_id": batch_id}).all()
            if not rows:
                continue
            first = rows[0]
            found.append(
                Trouble(
                    plan_year=first.plan_year,
                    title=titles.get(first.dataset, first.dataset),
                    file_name=first.file_name,
                    is_refused=first.state == "refused",
                    messages=tuple(row.message for row in rows[:MOST_MESSAGES]),
                    more=max(0, len(rows) - MOST_MESSAGES),
                )
            )
    return tuple(sorted(found, key=lambda one: (one.plan_year, one.title, one.file_name)))
