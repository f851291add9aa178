"""The tasks of the calendar watch: reminders that are due, phase runs that did not happen.

A reminder is a phase of its own in the ledger: what is frozen, composed, sent and reconciled
here goes through the tasks of the phases, one after another for each reminder.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from airflow.sdk import get_current_context, task, task_group

from roadmap_airflow import clock, tasks
from roadmap_airflow.runs import LABEL, label

if TYPE_CHECKING:
    from roadmap.delivery.account.watch import MissedRun, Scheduled
    from roadmap.evidence.request import RunRequest
    from roadmap.plan.model import Plan

log = logging.getLogger("roadmap")


@task(task_display_name="Близкие и истёкшие сроки")
def find_reminders() -> list[str]:
    """The occasions of today: «2027/reminder/2027-04-30/14», «2027/closing/2027-04-30/1»."""
    from roadmap.delivery.account.watch import due_closings, due_reminders
    from roadmap.evidence.own_schedule import plan_known_at
    from roadmap.plan.load import load_plans
    from roadmap_airflow.connections import roadmap_db

    plans, _ = load_plans()
    with roadmap_db() as engine:
        today = clock.now().date()
        with engine.connect() as db, db.begin():
            plans = tuple(plan_known_at(db, plan, clock.now_ms()) for plan in plans)
        reminders = due_reminders(engine, plans, today)
        closings = due_closings(engine, plans, today)
    if not reminders and not closings:
        log.info("Сегодня нет ни сроков, о которых напоминают, ни тех, что истекли")
    for reminder in reminders:
        log.info("Напомнить о сроке %s", f"{reminder.due:%d.%m.%Y}")
    for closing in closings:
        log.info("Сообщить, что истёк срок %s", f"{closing.due:%d.%m.%Y}")
    return [f"{one.plan_code}/{one.phase}" for one in (*reminders, *closings)]


@task_group(
    group_id="remind", group_display_name="Напоминания и итоги сроков", prefix_group_id=False
)
def remind(occasion: str) -> None:
    """One reminder from its frozen evidence to its account; everybody's letters in one task."""
    run: Any = freeze_reminder(occasion)  # its value, once it has run: the id of the phase run
    checked = tasks.check.override(map_index_template=LABEL)(run)
    addressees: Any = compose_reminder(run)
    rendered = tasks.render(run, addressees)
    approved = tasks.approve.override(map_index_template=LABEL)(run)
    sent = tasks.send_all(run, addressees)
    reconciled = tasks.reconcile.override(map_index_template=LABEL)(run)

    run >> checked >> addressees >> rendered >> approved >> sent >> reconciled


@task(task_id="freeze", task_display_name="Фиксация сведений", map_index_template=LABEL)
def freeze_reminder(occasion: str) -> str:
    """Freeze the inputs of one reminder; return the id of its phase run."""
    from roadmap.plan.load import load_plan

    code, _, phase = occasion.partition("/")

    def request(plan: Plan) -> RunRequest:
        from roadmap.evidence.request import RunRequest
        from roadmap.plan.model import occasion_title

        label(occasion_title(phase))
        return RunRequest(
            plan_code=plan.code,
            phase=phase,
            mode="live",
            as_of=None,
            known_at_ms=None,
            municipalities=(),
            reason=None,
            requested_by=str(get_current_context()["dag_run"].run_id),
        )

    return tasks.freeze_run(lambda: load_plan(code), request)


@task(task_id="compose", task_display_name="Составление", map_index_template=LABEL)
def compose_reminder(phase_run: str) -> list[str]:
    """Compose the letters; return those who have something left to do."""
    return list(tasks.compose_reports(phase_run))


@task(task_display_name="Пропущенные запуски")
def watch_runs() -> None:
    """Red, with what to do, where a phase of the calendar did not run or wrote to nobody."""
    from airflow.sdk.exceptions import AirflowFailException

    from roadmap.delivery.account.watch import missed_runs
    from roadmap.plan.load import load_plans
    from roadmap_airflow.connections import roadmap_db

    plans, errors = load_plans()
    with roadmap_db() as engine:
        missed = missed_runs(engine, plans, clock.now())
    sentences = [*map(str, errors), *(run.sentence(_scheduled(run)) for run in missed)]
    for sentence in sentences:
        log.error(sentence)
    if sentences:
        raise AirflowFailException(" ".join(sentences))
    log.info("Пропущенных запусков нет (проверяются действующие планы, не закрытые)")


def _scheduled(missed: MissedRun) -> Scheduled | None:
    """What Airflow knows of a run; None where it does not know the DAG."""
    from airflow.sdk.exceptions import AirflowRuntimeError

    from roadmap.delivery.account.watch import Scheduled

    ti: Any = get_current_context()["ti"]
    try:
        is_paused = ti.get_dag(missed.phase).is_paused
        runs = ti.get_dr_count(missed.phase, logical_dates=[missed.begins])
    except AirflowRuntimeError:
        return None
    return Scheduled(is_paused=is_paused, runs=runs)
