"""When our DAGs run: a phase on its day of each plan, the daily ones on every working day.

A run by hand with a logical date ahead is refused when it is asked for. Airflow would show it as
running, start none of its tasks until that day, and let all later runs of the DAG wait for it.
Every timetable of ours therefore infers a manual run's interval by `refuse_future` first: the
scheduler asks for no interval of a moment ahead, whoever triggers a run does.

PhaseTimetable: a phase runs once a plan, on its working day, and is never dropped.

Airflow's own EventsTimetable jumps over an event that is half a second past, and Airflow makes
an interval that begins before the DAG's start_date a green run without a task. This
timetable gives every event of an open plan, however late; its interval begins on the first day
of the phase's window (the DAGs' start_date lies before all of them, a test holds it) and ends
when the run is due. A closed plan is only backfilled: a backfill sets `restriction.latest`,
the scheduler does not.

WorkingDayTimetable: at one hour of every working day. What was missed while everything was
down is made up for by one run, the latest: the days before it have nothing of their own.

Events and calendar are serialised with the DAG, so that no process answers from a stale plan.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

import pendulum
from airflow.timetables.base import DagRunInfo, DataInterval, TimeRestriction, Timetable
from airflow.timetables.simple import NullTimetable
from airflow.timetables.trigger import CronTriggerTimetable
from pendulum import DateTime

from roadmap.plan.working_days import Calendar, load_calendar, nearest_working_day
from roadmap.plan.zone import home_time
from roadmap.russian import counted
from roadmap_airflow.defaults import HOME_ZONE

CLOCKS_DIFFER_SECONDS = 120  # a browser's clock and the server's; such a run begins by itself


def refuse_future(logical_date: DateTime) -> None:
    """ValueError, which Airflow's form shows, where a run's logical date has not come yet."""
    if logical_date > pendulum.now(HOME_ZONE).add(seconds=CLOCKS_DIFFER_SECONDS):
        raise ValueError(
            f"Запуск не начат: «Логическая дата» {logical_date.in_timezone(HOME_ZONE):%d.%m.%Y} "
            "ещё не наступила. Оставьте это поле пустым и нажмите «Запустить» снова; отчётный день "
            "этапа задаёт поле «По состоянию на»."
        )


@dataclass(frozen=True)
class Event:
    """One run of a phase: its interval's first moment, when it is due, and the plan's code."""

    starts: DateTime
    runs: DateTime
    is_closed: bool
    plan: str


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
        refuse_future(run_after)
        begun = [event for event in self.events if event.starts <= run_after]
        if begun:
            return self._interval(begun[-1])
        if self.events:
            return self._interval(self.events[0])
        return DataInterval.exact(run_after)

    def plan_of(self, begins: DateTime) -> str | None:
        """The code of the plan whose event has the interval that begins then; None without events.

        Between two events it is the earlier one's, before all of them the first one's.
        """
        begun = [event for event in self.events if event.starts <= begins] or self.events[:1]
        return begun[-1].plan if begun else None

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
                    "plan": event.plan,
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
                # What was serialised before plans had codes stands until the DAG is parsed again.
                plan=event.get("plan", ""),
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
            plan=event.plan_code,
        )
        for event in phase_events(phase, valid_plans())
    ]
    days = ", ".join(event.runs.strftime("%d.%m.%Y") for event in events)
    return PhaseTimetable(events, f"По плану-графику: {days}" if days else "Нет действующих планов")


class WorkingDayTimetable(Timetable):
    """At `hour`:`minute` of every working day of the official calendar.

    A run's interval is the one moment at which it is due. `restriction.catchup` is ignored on
    purpose; only a backfill is given every day of its window.
    """

    def __init__(self, hour: int, minute: int = 0, calendar: Calendar | None = None) -> None:
        self.hour = hour
        self.minute = minute
        self.calendar = load_calendar() if calendar is None else calendar
        self.description = self.summary

    @property
    def summary(self) -> str:
        return f"По рабочим дням в {self.hour:02}:{self.minute:02} ({home_time().name})"

    def next_dagrun_info(
        self,
        *,
        last_automated_data_interval: DataInterval | None,
        restriction: TimeRestriction,
    ) -> DagRunInfo | None:
        """The latest moment that has come and was not run, else the next one."""
        last = last_automated_data_interval
        earliest = restriction.earliest
        if restriction.latest is not None:
            begins = earliest if last is None else last.start.add(microseconds=1)
            if begins is None:
                return None
            moment = self._at_or_after(begins)
            return None if moment > restriction.latest else DagRunInfo.exact(moment)
        now = pendulum.now(HOME_ZONE)
        moment = self._at_or_before(now)
        is_run = last is not None and moment <= last.start
        if is_run or (earliest is not None and moment < earliest):
            begins = max(filter(None, (now, earliest, last and last.start)))
            moment = self._at_or_after(begins.add(microseconds=1))
        return DagRunInfo.exact(moment)

    def next_run_info_from_dag_model(self, *, dag_model: Any) -> DagRunInfo | None:
        """What the scheduler had planned, or what is due in its place after a downtime."""
        planned = super().next_run_info_from_dag_model(dag_model=dag_model)
        latest = self._at_or_before(pendulum.now(HOME_ZONE))
        if planned is not None and planned.run_after < latest:
            return DagRunInfo.exact(latest)
        return planned

    def infer_manual_data_interval(self, *, run_after: DateTime) -> DataInterval:
        refuse_future(run_after)
        return DataInterval.exact(run_after)

    def _at_or_before(self, moment: DateTime) -> DateTime:
        local = moment.in_timezone(HOME_ZONE)
        same_day = self._of_day(nearest_working_day(local.date(), "previous", self.calendar))
        if same_day <= moment:
            return same_day
        return self._of_day(
            nearest_working_day(same_day.subtract(days=1).date(), "previous", self.calendar)
        )

    def _at_or_after(self, moment: DateTime) -> DateTime:
        local = moment.in_timezone(HOME_ZONE)
        same_day = self._of_day(nearest_working_day(local.date(), "next", self.calendar))
        if same_day >= moment:
            return same_day
        return self._of_day(nearest_working_day(same_day.add(days=1).date(), "next", self.calendar))

    def _of_day(self, day: date) -> DateTime:
        return pendulum.datetime(day.year, day.month, day.day, self.hour, self.minute, tz=HOME_ZONE)

    def serialize(self) -> dict[str, Any]:
        return {
            "hour": self.hour,
            "minute": self.minute,
            "calendar": self.calendar.model_dump(mode="json"),
        }

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> Timetable:
        calendar = Calendar.model_validate(data["calendar"])
        return cls(data["hour"], data["minute"], calendar)


class FewMinutesTimetable(CronTriggerTimetable):
    """Every few minutes, day and night; of what was missed only the latest is made up for."""

    def __init__(self, cron: str, **of_airflow: Any) -> None:
        super().__init__(cron, **of_airflow)
        minutes = int(cron.split()[0].removeprefix("*/"))
        self.description = f"Каждые {counted(minutes, 'минуту', 'минуты', 'минут')}"

    @property
    def summary(self) -> str:
        return self.description

    @classmethod
    def every(cls, minutes: int) -> FewMinutesTimetable:
        """At the minutes of the hour that `minutes` divides."""
        return cls(f"*/{minutes} * * * *", timezone=HOME_ZONE)

    def infer_manual_data_interval(self, *, run_after: DateTime) -> DataInterval:
        refuse_future(run_after)
        return super().infer_manual_data_interval(run_after=run_after)


class ByHandTimetable(NullTimetable):
    """Never by itself."""

    description = "Только вручную"

    @property
    def summary(self) -> str:
        return self.description

    def infer_manual_data_interval(self, *, run_after: DateTime) -> DataInterval:
        refuse_future(run_after)
        return super().infer_manual_data_interval(run_after=run_after)


TIMETABLES = (PhaseTimetable, WorkingDayTimetable, FewMinutesTimetable, ByHandTimetable)
