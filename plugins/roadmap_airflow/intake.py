"""The tasks of the daily intake: take in what arrived, tell the operator what to mend."""

from __future__ import annotations

import logging
from functools import cache
from typing import TYPE_CHECKING

from airflow.sdk import task

from roadmap_airflow import clock, tasks
from roadmap_airflow.alerts import mail_operator
from roadmap_airflow.assets import EVIDENCE
from roadmap_airflow.defaults import SMTP_POOL
from roadmap_airflow.failures import to_be_tried_again
from roadmap_airflow.runs import LABEL

if TYPE_CHECKING:
    from roadmap.plan.model import Plan

log = logging.getLogger("roadmap")


@cache
def all_datasets() -> tuple[str, ...]:
    """Every dataset of include/sources.yaml."""
    from roadmap.evidence.sources import load_sources

    return tuple(load_sources())


@task(
    task_id="take_in",
    task_display_name="Приём данных",
    map_index_template=LABEL,
    outlets=[EVIDENCE],
)
def take_in(dataset: str) -> None:
    """Take in one dataset for every plan with an inbox."""
    intakes = tasks.take_in(dataset, _plans())
    unanswered = [
        message
        for intake in intakes
        for file in intake.taken
        if file.state == "refused" and file.batch_id is None
        for message in file.messages
    ]
    if unanswered:  # a query that got no answer: no file to mend, but perhaps the next try works
        raise to_be_tried_again(" ".join(unanswered))


@task(task_id="find_unclaimed", task_display_name="Файлы вне своих папок")
def find_unclaimed() -> None:
    """Take note of files that no dataset claims, and of what they look like."""
    from roadmap.evidence import unclaimed
    from roadmap_airflow.connections import folder, roadmap_db

    with roadmap_db() as engine:
        for plan in _plans():
            for message in unclaimed.take_note(
                engine, folder("roadmap_inbox"), plan, clock.now_ms()
            ):
                log.warning(message)


def _plans() -> list[Plan]:
    from roadmap_airflow.connections import folder
    from roadmap_airflow.plans import valid_plans

    inbox = folder("roadmap_inbox")
    return [plan for plan in valid_plans() if (inbox / plan.code).exists()]


@task(
    task_id="tell_operator",
    task_display_name="Сообщение оператору",
    trigger_rule="all_done",
    pool=SMTP_POOL,
)
def tell_operator() -> None:
    """One letter about all files of which nobody was told, whoever took them in; none where there
    are none."""
    from roadmap.evidence.troubles import batches_to_mend, lying_files, mark_told, troubles
    from roadmap_airflow.connections import roadmap_db

    with roadmap_db() as engine:
        new = batches_to_mend(engine)
        found = troubles(engine, new)
        lying = lying_files(engine)
        if lying:
            log.warning(
                "Лежат непринятыми: %s (%s)", len(lying), ", ".join(one.place for one in lying)
            )
        if not found:
            log.info("Новых замечаний к принятым файлам нет, письмо не нужно")
            return
        values = {"roadmap_troubles": found, "roadmap_lying": lying}
        mail_operator(engine, "intake_troubles", " ".join(sorted(new)), **values)
        mark_told(engine, new, clock.now_ms())
    log.info("Оператору написано: файлов с замечаниями %s", len(found))
