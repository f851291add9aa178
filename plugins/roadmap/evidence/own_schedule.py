"""Dates of measures «по отдельному графику»: evidence, which a run freezes as any other.

The plan says that a measure has a schedule of its own; the date comes as a file. Whoever asks
when something is due works with the plan that these functions give, never with the bare one.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from sqlalchemy import Connection, func, select

from roadmap.evidence.intake import KnownBy, batches_in_force
from roadmap.plan.due import with_own_schedule
from roadmap.plan.model import Plan
from roadmap.store.tables import load_batch, metadata, run_batch

DATASET = "own_schedule"


def plan_of_run(connection: Connection, plan: Plan, run_id: str) -> Plan:
    """The plan with the dates of its own schedules that the run froze."""
    batches = connection.scalars(
        select(load_batch.c.batch_id)
        .join_from(run_batch, load_batch, load_batch.c.batch_id == run_batch.c.batch_id)
        .where(run_batch.c.run_id == run_id, load_batch.c.dataset == DATASET)
    )
    return with_own_schedule(plan, own_schedule_dates(connection, batches))


def plan_known_at(
    connection: Connection, plan: Plan, known_at_ms: int, known_by: KnownBy = "loaded"
) -> Plan:
    """The plan with the dates of its own schedules as they were known at that moment.

    `known_at_ms` is UTC epoch milliseconds. For who asks before any run is frozen: reminders,
    the calendar, the freeze itself.
    """
    in_force = batches_in_force(connection, plan.year, known_at_ms, known_by)
    batches = [batch.batch_id for batch in in_force if batch.dataset == DATASET]
    return with_own_schedule(plan, own_schedule_dates(connection, batches))


def own_schedule_dates(connection: Connection, batch_ids: Iterable[str]) -> dict[int, date]:
    """The dates that these load batches give, by number of the measure.

    A measure that stands there twice is due on the later day: a schedule is moved, not advanced
    behind somebody's back.
    """
    facts = metadata.tables["own_schedule_date"].c
    rows = connection.execute(
        select(facts.measure, func.max(facts.due_on))
        .where(facts.batch_id.in_(list(batch_ids)))
        .group_by(facts.measure)
    )
    return {number: date.fromisoformat(due_on) for number, due_on in rows}
