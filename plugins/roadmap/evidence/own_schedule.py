"""Dates of measures «по отдельному графику»: evidence, which a run freezes as any other.

The plan says that a measure has a schedule of its own; the date comes as a file. Whoever asks
when something is due works with the plan that these functions give, never with the bare one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta

from sqlalchemy import Connection, func, select

from roadmap.evidence.intake import KnownBy, batches_in_force
from roadmap.plan.due import with_own_schedule
from roadmap.plan.model import REMINDER, Plan
from roadmap.store.sql import sql
from roadmap.store.tables import load_batch, metadata, phase_run, run_batch

DATASET = "own_schedule"


def plan_of_run(connection: Connection, plan: Plan, run_id: str) -> Plan:
    """The plan with the dates of its own schedules that the run froze.

    Of a date that lies behind the as-of day the run tells what was known on that day, not what
    was learned since: what is not due reads the same in a later run about the same day, and
    nobody's letter is corrected for it. A reminder is about the coming date itself.
    """
    batches = connection.scalars(
        select(load_batch.c.batch_id)
        .join_from(run_batch, load_batch, load_batch.c.batch_id == run_batch.c.batch_id)
        .where(run_batch.c.run_id == run_id, load_batch.c.dataset == DATASET)
    )
    dates = own_schedule_dates(connection, batches)
    run = connection.execute(
        select(phase_run.c.phase, phase_run.c.as_of).where(phase_run.c.run_id == run_id)
    ).one()
    if not run.phase.startswith(f"{REMINDER}/"):
        as_of = date.fromisoformat(run.as_of)
        dates = _as_of_the_day(dates, _known_on(connection, plan, run_id, as_of), as_of)
    return with_own_schedule(plan, dates)


def _as_of_the_day(
    dates: Mapping[int, date], known: Mapping[int, date], as_of: date
) -> dict[int, date]:
    """`dates`, those behind the as-of day as they were `known` on it.

    One that was due by what was known, and was moved or withdrawn since, is as it is now: that
    changes what is counted.
    """
    is_due = {n for n, due in (*dates.items(), *known.items()) if due <= as_of}
    return {n: due for n, due in dates.items() if n in is_due} | {
        n: due for n, due in known.items() if n not in is_due
    }


def _known_on(connection: Connection, plan: Plan, run_id: str, as_of: date) -> dict[int, date]:
    next_day = datetime.combine(as_of + timedelta(days=1), time.min, plan.local_time.zone)
    rows = connection.execute(
        sql("evidence/own_schedule_on_the_day"),
        {"run_id": run_id, "day_over_ms": int(next_day.timestamp() * 1000)},
    )
    return {row.measure: date.fromisoformat(row.due_on) for row in rows}


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
