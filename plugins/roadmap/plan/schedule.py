"""When each phase runs: the plan's day at its hour, moved to a working day.

Pure: the plans come in, the events come out. Light, because the DAG processor calls it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time

from roadmap.plan.model import Phase, Plan
from roadmap.plan.working_days import is_provisional, nearest_working_day


@dataclass(frozen=True)
class PhaseEvent:
    """One run of one phase.

    `run_at` and `data_interval_start` are aware moments of the plan's zone;
    the interval begins with the first day of the phase's window, whatever the run day.
    `as_of` is the plan's date, not the run day. `is_provisional`: the run day may still move,
    because the transfers of days off of that year are not known yet.
    """

    plan_code: str
    phase: str
    run_at: datetime
    data_interval_start: datetime
    as_of: date
    closed: bool
    is_provisional: bool


def phase_events(phase_code: str, plans: Iterable[Plan]) -> tuple[PhaseEvent, ...]:
    """The runs of that phase over all plans that have it, earliest first."""
    events = [
        _event(plan, phase) for plan in plans for phase in plan.phases if phase.code == phase_code
    ]
    return tuple(sorted(events, key=lambda event: event.run_at))


def run_day(plan: Plan, phase: Phase) -> date:
    """The phase's run day, moved as the plan says, but never out of its window's beginning."""
    day = nearest_working_day(phase.run_day, plan.working_day)
    if day < phase.starts:
        return nearest_working_day(phase.run_day, "next")
    return day


def _event(plan: Plan, phase: Phase) -> PhaseEvent:
    zone = plan.local_time.zone
    day = run_day(plan, phase)
    return PhaseEvent(
        plan_code=plan.code,
        phase=phase.code,
        run_at=datetime.combine(day, phase.run_at, zone),
        data_interval_start=datetime.combine(phase.starts, time.min, zone),
        as_of=phase.as_of,
        closed=plan.closed,
        is_provisional=is_provisional(phase.run_day.year),
    )
