"""The tasks of the delivery watch: what any run may have left behind is brought to its end.

Each is tried whatever became of those before; what stands wrong afterwards, a task that
failed among it, is one letter to the operator and one red task.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from airflow.sdk import get_current_context, task

from roadmap_airflow.alerts import mail_operator
from roadmap_airflow.defaults import SEND_TIMEOUT, SMTP_POOL
from roadmap_airflow.failures import level
from roadmap_airflow.send_operator import SendLeftOperator
from roadmap_airflow.stuck import alarm_of

if TYPE_CHECKING:
    from roadmap.delivery.ledger.releases import Holding

log = logging.getLogger("roadmap")

ACTOR = "delivery_watch"


@task(task_display_name="Прерванные отправки и журнал")
def look_after() -> None:
    """End the leases of senders that died, let go the letters of runs that are over; look whether
    the database is whole and its own."""
    from roadmap.delivery.ledger.moments import reset_far
    from roadmap.delivery.ledger.moves import broken_chains, reap
    from roadmap.delivery.ledger.releases import release_left
    from roadmap.delivery.proof.proofs import notice_restore
    from roadmap_airflow.connections import delivery_settings, receipts, roadmap_db

    with roadmap_db() as engine:
        restored = notice_restore(engine, receipts(), ACTOR)
        if restored:
            log.error(restored)
        reset_far(engine)
        reaped = reap(engine, ACTOR, max_attempts=delivery_settings().max_attempts)
        with engine.connect() as db, db.begin():
            broken = broken_chains(db)
        released = release_left(engine, _is_over)
    log.log(
        level(reaped.to_unknown or reaped.expired or reaped.exhausted),
        "Писем вернулось в очередь: %s, исход неизвестен: %s, срок отправки истёк: %s, "
        "адрес сменился: %s, попытки исчерпаны: %s",
        reaped.to_retry,
        reaped.to_unknown,
        reaped.expired,
        reaped.replaced,
        reaped.exhausted,
    )
    for delivery_id in broken:
        log.error(
            "Журнал письма с Message-ID %s не объясняет его состояния: сообщите в поддержку",
            delivery_id[:32],
        )
    if released:
        log.warning("Отпущено писем, которые остались от завершённых запусков: %s", released)


def _is_over(run: Holding) -> bool:
    """Does Airflow know of no such run that still goes on or waits for its turn?"""
    ti: Any = get_current_context()["ti"]
    from roadmap.plan.model import is_occasion

    dag_id = "calendar_watch" if is_occasion(run.phase) else run.phase
    alive = ti.get_dr_count(dag_id, run_ids=[run.requested_by], states=["queued", "running"])
    return not alive


@task(task_display_name="Доказательства", trigger_rule="all_done")
def find_evidence() -> None:
    """Accept the unknown letters that are proven; red where a source of proof can't be asked."""
    from airflow.sdk.exceptions import AirflowFailException

    from roadmap.delivery.proof.proofs import settle_unknown
    from roadmap_airflow.connections import proof_sources, roadmap_db

    with roadmap_db() as engine:
        settled = settle_unknown(engine, proof_sources(), ACTOR)
    log.log(
        level(settled.still_unknown),
        "Найдено доказательств приёма писем: %s, исход неизвестен у писем: %s",
        settled.accepted,
        settled.still_unknown,
    )
    for sentence in settled.unavailable:
        log.warning(sentence)
    if settled.unavailable and settled.still_unknown:
        raise AirflowFailException(" ".join(settled.unavailable))


def send_left() -> Any:
    """Send what is due, of any run, over the pool of the mail server."""
    return SendLeftOperator(
        task_id="send_left",
        task_display_name="Отправка оставшегося",
        pool=SMTP_POOL,
        trigger_rule="all_done",
        execution_timeout=SEND_TIMEOUT,
    )


@task(task_display_name="Тревоги", trigger_rule="all_done", pool=SMTP_POOL)
def alarms(stuck: list[list[str]] | None) -> None:
    """Red as long as an alarm stands; the operator is told of it once, and again after a day.

    `stuck` is what `find_stuck_runs` found; None where it failed, which is an alarm itself.
    """
    from airflow.sdk.exceptions import AirflowFailException

    from roadmap.delivery.account.alarms import find_alarms, mark_told, note
    from roadmap_airflow.connections import delivery_settings, roadmap_db
    from roadmap_airflow.plans import valid_plans

    context = get_current_context()
    with roadmap_db() as engine:
        standing = (
            *_failed_tasks(context),
            *(alarm_of(context["ti"], *one) for one in stuck or ()),
            *find_alarms(engine, valid_plans(), delivery_settings().overdue_hours),
        )
        for alarm in standing:
            log.error(alarm.sentence)
        to_tell = note(engine, standing)
        if to_tell:
            about = " ".join(alarm.key for alarm in to_tell.alarms)
            mail_operator(engine, "delivery_alarms", about, roadmap_alarms=to_tell)
            mark_told(engine, to_tell.alarms)
    if standing:
        raise AirflowFailException(f"Требует внимания: {len(standing)}. Что сделать, сказано выше.")
    log.info("Тревог нет")


def _failed_tasks(context: Any) -> list[Any]:
    """An alarm for each task of this run that failed, whatever its reason was."""
    from roadmap.delivery.account.alarms import Alarm

    ti, dag = context["ti"], context["dag"]
    others = [task_id for task_id in dag.task_ids if task_id != ti.task_id]
    states = ti.get_task_states(dag.dag_id, task_ids=others, run_ids=[ti.run_id])
    failed = [name for name, state in states.get(ti.run_id, {}).items() if state == "failed"]
    return [
        Alarm(
            f"task:{name}",
            f"Задача «{dag.get_task(name).task_display_name}» не выполнена. Откройте её журнал: "
            "там причина и что сделать.",
        )
        for name in failed
    ]
