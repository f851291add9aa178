"""What should have been sent by now: reminders that are due, phase runs that did not happen.

The plan's calendar is compared with the runs that the database knows, never with what a
scheduler believes: a green run that wrote to nobody is a missed one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Engine

from roadmap import russian
from roadmap.delivery.letters.operator_text import CONTROL_DAG, SETTLE_DAG, run_title
from roadmap.evidence.held import DAG_TITLE
from roadmap.plan.model import Phase, Plan, closing_phases, is_occasion, reminder_phases
from roadmap.plan.schedule import phase_events
from roadmap.plan.zone import home_time
from roadmap.store.sql import sql

# A phase takes minutes; a server that was down for the night catches up within the morning.
GRACE = timedelta(hours=3)
# So long the end of a window is told of, where it was not told on its day.
IS_NEWS = timedelta(days=14)

# The DAGs beside the phases whose runs may stand still, under the names that Airflow shows.
OTHER_DAGS = {
    "calendar_watch": "Календарь: напоминания и пропущенные запуски",
    "evidence_intake": "Ежедневный приём данных",
    "settle_delivery": SETTLE_DAG,
    "sending_control": CONTROL_DAG,
    "held_file": DAG_TITLE,
    "plan_check": "План-график: проверить файл",
    "rejected_rows": "Непринятые строки: показать",
}


@dataclass(frozen=True)
class DueOccasion:
    """A due date to remind of, or that has passed: a phase of the plan by its code."""

    plan_code: str
    phase: str
    as_of: date
    due: date


@dataclass(frozen=True)
class Scheduled:
    """What the scheduler says of a phase: its runs with that logical date, in any state."""

    is_paused: bool
    runs: int


@dataclass(frozen=True)
class MissedRun:
    """A phase run of the calendar that told nobody; `was_begun`: a run of it broke off."""

    plan_code: str
    phase: str
    dag_title: str
    run_at: datetime  # aware, of the plan's zone
    time_zone_name: str
    was_begun: bool
    begins: datetime | None = None  # aware: the run's interval begins, its logical date

    def __str__(self) -> str:
        """What the operator reads: what is missing, since when, what to do."""
        return self.sentence(None)

    def sentence(self, seen: Scheduled | None) -> str:
        """The same, where the scheduler was asked too."""
        what = f"«{self.dag_title}» {russian.of_plan(self.plan_code)}"
        when = f"{russian.day(self.run_at.date())} в {self.run_at:%H:%M} ({self.time_zone_name})"
        if self.was_begun:
            return (
                f"{what}: запуск {when} начат, но письма никому не составлены. Откройте этот "
                "запуск, прочитайте журнал красной задачи, устраните причину и очистите задачу."
            )
        if seen is not None and seen.runs:
            return (
                f"{what}: запуск {when} есть, но ничего не сделал, даже если он зелёный. Откройте "
                "его; нет красной задачи с причиной — запустите этап вручную."
            )
        if seen is not None and seen.is_paused:
            return (
                f"{what}: запуска {when} не было, DAG на паузе. Включите его переключателем у "
                "названия: пропущенный запуск начнётся сам."
            )
        return (
            f"{what}: запуска {when} не было или он ничего не сделал. Проверьте, что DAG включён, "
            "и запустите этап вручную."
        )


@dataclass(frozen=True)
class StuckRun:
    """A run of a DAG that has not ended and does nothing; `waiting` runs are queued behind it."""

    dag_title: str
    run_id: str  # the scheduler's
    was_begun: bool  # a task of it has been started
    is_paused: bool
    waiting: int

    def __str__(self) -> str:
        """What the operator reads: which run stands, why, what to do."""
        waiting = f" За ним ждут другие запуски: {self.waiting}." if self.waiting else ""
        what = f"«{self.dag_title}»: {run_title(self.run_id, 'live', home_time())} стоит"
        if self.is_paused:
            return (
                f"{what}: DAG на паузе.{waiting} Включите его переключателем у названия: запуск "
                "пойдёт дальше сам."
            )
        to_end = (
            "Откройте этот запуск, нажмите справа вверху «Отметить Запуск Dag-а как…» и «Ошибка» "
            "(или удалите его): ждущие запуски начнутся сами."
        )
        if self.was_begun:
            return (
                f"{what}: ни одна его задача не выполняется.{waiting} {to_end} Уже принятые письма "
                "повторно не уйдут. Если повторится, сообщите в поддержку."
            )
        return (
            f"{what} и сам не начнётся: ни одна задача не начата. Так бывает, когда «Логическая "
            f"дата» в форме запуска ещё не наступила.{waiting} {to_end} Этот запуск нужен — "
            "запустите заново, не меняя в форме «Логическую дату»."
        )


def due_reminders(engine: Engine, plans: Iterable[Plan], today: date) -> tuple[DueOccasion, ...]:
    """The reminders that should have gone out by `today` and did not, by due date.

    Only of plans that are in force and open. A due date reminds until it has come; where the
    days of two of its reminders have passed, the nearer one alone is sent.
    """
    reminders: list[DueOccasion] = []
    for plan in _watched(plans):
        runs = _live_runs(engine, plan)
        nearest: dict[date, Phase] = {}
        for phase in reminder_phases(plan):
            due = phase.reply_by.on
            if _has_begun(plan, phase, today) and today < due:
                latest = nearest.get(due)
                if latest is None or latest.as_of < phase.as_of:
                    nearest[due] = phase
        reminders += [
            DueOccasion(plan.code, phase.code, phase.as_of, due)
            for due, phase in nearest.items()
            if not runs.get((phase.code, phase.as_of.isoformat()), False)
        ]
    return tuple(sorted(reminders, key=lambda reminder: (reminder.due, reminder.phase)))


def due_closings(engine: Engine, plans: Iterable[Plan], today: date) -> tuple[DueOccasion, ...]:
    """The ends of windows of which nobody was told by `today`, by due date.

    Only of plans that are in force and open. What ended long ago is no news: the next phase's
    report has it.
    """
    closings: list[DueOccasion] = []
    for plan in _watched(plans):
        runs = _live_runs(engine, plan)
        closings += [
            DueOccasion(plan.code, phase.code, phase.as_of, phase.as_of)
            for phase in closing_phases(plan)
            if phase.run_day <= today <= phase.run_day + IS_NEWS
            and plan.is_in_force(phase.as_of)
            and not runs.get((phase.code, phase.as_of.isoformat()), False)
        ]
    return tuple(sorted(closings, key=lambda closing: (closing.due, closing.phase)))


def missed_runs(
    engine: Engine, plans: Iterable[Plan], now: datetime, grace: timedelta = GRACE
) -> tuple[MissedRun, ...]:
    """The phase runs that were due `grace` before `now` (aware) and told nobody, earliest first.

    Only of plans that are in force and open, and since the day they are in force.
    """
    missed: list[MissedRun] = []
    for plan in _watched(plans):
        runs = _live_runs(engine, plan)
        for phase in plan.phases:
            (event,) = phase_events(phase.code, [plan])
            if not plan.is_in_force(event.run_at.date()) or event.run_at + grace > now:
                continue
            key = (phase.code, phase.as_of.isoformat())
            if not runs.get(key, False):
                missed.append(
                    MissedRun(
                        plan.code,
                        phase.code,
                        phase.dag_title,
                        event.run_at,
                        plan.region.time_zone_name,
                        was_begun=key in runs,
                        begins=event.data_interval_start,
                    )
                )
    return tuple(sorted(missed, key=lambda missed: missed.run_at))


def _watched(plans: Iterable[Plan]) -> Iterable[Plan]:
    return (plan for plan in plans if plan.in_force is not None and not plan.closed)


def _has_begun(plan: Plan, phase: Phase, today: date) -> bool:
    return phase.as_of <= today and plan.is_in_force(phase.as_of)


def _live_runs(engine: Engine, plan: Plan) -> Mapping[tuple[str, str], bool]:
    """Whether a live run of (phase, as-of date) told; a key is there once a run was begun."""
    with engine.connect() as db, db.begin():
        rows = db.execute(sql("delivery/live_runs_that_told"), {"plan_code": plan.code})
        return {
            (row.phase, row.as_of): bool(
                row.told_chosen if is_occasion(row.phase) else row.told_all
            )
            for row in rows
        }
