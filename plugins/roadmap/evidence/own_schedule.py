"""Due dates that are evidence, which a run freezes as any other: a schedule's, an event's.

The plan says that a measure has a schedule of its own, or is due some days after an event; the
date comes as a file. Of several due dates a run judges one, by its as-of day. Whoever asks when
something is due works with the plan that these functions give, never with the bare one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Connection, func, select

from roadmap.evidence.intake import KnownBy, batches_in_force
from roadmap.plan.due import (
    events_waited_for,
    judged_on,
    with_event_days,
    with_own_schedule,
)
from roadmap.plan.model import Plan, is_reminder, occasion_due
from roadmap.store.sql import sql
from roadmap.store.tables import load_batch, metadata, phase_run, run_batch

DATASET = "own_schedule"
EVENTS = "events"


def plan_of_run(connection: Connection, plan: Plan, run_id: str) -> Plan:
    """The plan with the due dates that the run judges: by what it froze, and by its as-of day.

    Of a date that lies behind the as-of day the run tells what was known on that day, not what
    was learned since: what is not due reads the same in a later run about the same day, and
    nobody's letter is corrected for it. A reminder is about the coming date itself.
    """
    frozen = connection.execute(
        select(load_batch.c.batch_id, load_batch.c.dataset)
        .join_from(run_batch, load_batch, load_batch.c.batch_id == run_batch.c.batch_id)
        .where(run_batch.c.run_id == run_id, load_batch.c.dataset.in_([DATASET, EVENTS]))
    ).all()
    dates = own_schedule_dates(connection, _of(frozen, DATASET))
    events = _event_days(connection, plan, _of(frozen, EVENTS))
    run = connection.execute(
        select(phase_run.c.phase, phase_run.c.as_of).where(phase_run.c.run_id == run_id)
    ).one()
    as_of = date.fromisoformat(run.as_of)
    if is_reminder(run.phase):
        judged = occasion_due(run.phase)
    else:
        judged = as_of
        dates = _as_of_the_day(dates, _known_on(connection, plan, run_id, as_of), as_of)
        events = {event: day for event, day in events.items() if day <= as_of}
    return judged_on(with_event_days(with_own_schedule(plan, dates), events), judged)


def _as_of_the_day(
    dates: Mapping[str, date], known: Mapping[str, date], as_of: date
) -> dict[str, date]:
    """`dates`, those behind the as-of day as they were `known` on it.

    One that was due by what was known, and was moved or withdrawn since, is as it is now: that
    changes what is counted.
    """
    is_due = {n for n, due in (*dates.items(), *known.items()) if due <= as_of}
    return {n: due for n, due in dates.items() if n in is_due} | {
        n: due for n, due in known.items() if n not in is_due
    }


def _known_on(connection: Connection, plan: Plan, run_id: str, as_of: date) -> dict[str, date]:
    next_day = datetime.combine(as_of + timedelta(days=1), time.min, plan.local_time.zone)
    rows = connection.execute(
        sql("evidence/own_schedule_on_the_day"),
        {"run_id": run_id, "day_over_ms": int(next_day.timestamp() * 1000)},
    )
    return {row.measure: date.fromisoformat(row.due_on) for row in rows}


def plan_known_at(
    connection: Connection, plan: Plan, known_at_ms: int, known_by: KnownBy = "loaded"
) -> Plan:
    """The plan with the dates of its schedules and events as they were known at that moment.

    `known_at_ms` is UTC epoch milliseconds. For who asks before any run is frozen: reminders,
    the calendar, the freeze itself.
    """
    in_force = batches_in_force(connection, plan.code, known_at_ms, known_by)
    dates = own_schedule_dates(connection, _of(in_force, DATASET))
    events = _event_days(connection, plan, _of(in_force, EVENTS))
    return with_event_days(with_own_schedule(plan, dates), events)


def _of(batches: Iterable[Any], dataset: str) -> list[str]:
    return [batch.batch_id for batch in batches if batch.dataset == dataset]


def _event_days(connection: Connection, plan: Plan, batch_ids: list[str]) -> dict[str, date]:
    """The days of events that took place, as far as measures of the plan are due after them."""
    waited_for = events_waited_for(plan)
    if not waited_for:
        return {}
    facts = metadata.tables["event"].c
    rows = connection.execute(
        select(facts.event_id, func.max(facts.held_on))
        .where(
            facts.batch_id.in_(batch_ids),
            facts.event_id.in_(sorted(waited_for)),
            facts.state == "held",
        )
        .group_by(facts.event_id)
    )
    return {event: date.fromisoformat(held_on) for event, held_on in rows}


def own_schedule_dates(connection: Connection, batch_ids: Iterable[str]) -> dict[str, date]:
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
