"""PhaseTimetable: a phase runs once a year of plan, on its working day, and is never dropped.

Airflow's own EventsTimetable jumps over an event that is half a second past, and Airflow makes
an interval that begins before the DAG's start_date a green run without a task. This
timetable gives every event of an open year, however late; its interval begins on the first day
of the phase's window (the DAGs' start_date lies before all of them, a test holds it) and ends
when the run is due. A closed year is only backfilled: a backfill sets `restriction.latest`,
the scheduler does not.

The events are serialised with the DAG, so that no process answers from a stale plan.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pendulum
from airflow.timetables.base import DagRunInfo, DataInterval, TimeRestriction, Timetable
from pendulum import DateTime


@dataclass(frozen=True)
class Event:
    """One run of a phase: its interval's first moment, and when it is due."""

    starts: DateTime
    runs: DateTime
    is_closed: bool


class PhaseTimetable(Timetable):
    """The events of one phase over all plans; `title` is what the UI shows."""

    def __init__(self, events: Iterable[Event], title: str) -> None:
        self.events = tuple(sorted(events, key=lambda event: event.starts))
        self.title = title
        self.description = title

    @property
    def summary(self) -> str:
        return self.title

    def next_dagrun_info(
        self,
        *,
        last_automated_data_interval: DataInterval | None,
        restriction: TimeRestriction,
    ) -> DagRunInfo | None:
        """The first event after the last run; `restriction.catchup` is ignored on purpose."""
        is_backfill = restriction.latest is not None
        for event in self.events:
            if event.is_closed and not is_backfill:
                continue
            if restriction.earliest is not None and event.starts < restriction.earliest:
                continue
            if restriction.latest is not None and event.starts > restriction.latest:
                continue
            last = last_automated_data_interval
            if last is not None and event.starts <= last.start:
                continue
            return DagRunInfo(run_after=event.runs, data_interval=self._interval(event))
        return None

    def infer_manual_data_interval(self, *, run_after: DateTime) -> DataInterval:
        """The interval of the latest phase that had begun by then (else of the first one)."""
        begun = [event for event in self.events if event.starts <= run_after]
        if begun:
            return self._interval(begun[-1])
        if self.events:
            return self._interval(self.events[0])
        return DataInterval.exact(run_after)

    @staticmethod
    def _interval(event: Event) -> DataInterval:
        return DataInterval(start=event.starts, end=event.runs)

    def serialize(self) -> dict[str, Any]:
        return {
            "title": self.title,
            "events": [
                {
                    "starts": event.starts.isoformat(),
                    "runs": event.runs.isoformat(),
                    "is_closed": event.is_closed,
                }
                for event in self.events
            ],
        }

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> Timetable:
        events = [
            Event(
                starts=DateTime.fromisoformat(event["starts"]),
                runs=DateTime.fromisoformat(event["runs"]),
                is_closed=event["is_closed"],
            )
            for event in data["events"]
        ]
        return cls(events, data["title"])


def phase_timetable(phase: str) -> PhaseTimetable:
    """The timetable of one phase over all valid plans in include/plans."""
    from roadmap.plan.schedule import phase_events
    from roadmap_airflow.plans import valid_plans

    events = [
        Event(
            starts=pendulum.instance(event.data_interval_start),
            runs=pendulum.instance(event.run_at),
            is_closed=event.closed,
        )
        for event in phase_events(phase, valid_plans())
    ]
    days = ", ".join(event.runs.strftime("%d.%m.%Y") for event in events)
    return PhaseTimetable(events, f"По плану-графику: {days}" if days else "Нет действующих планов")
