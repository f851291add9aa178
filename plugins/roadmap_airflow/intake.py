"""The tasks of the daily intake: take in what arrived, tell the operator what to mend."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from functools import cache

from airflow.sdk import get_current_context, task

from roadmap_airflow import tasks
from roadmap_airflow.alerts import INTAKE_TROUBLES, mail_operator
from roadmap_airflow.assets import EVIDENCE
from roadmap_airflow.defaults import SMTP_POOL
from roadmap_airflow.failures import to_be_tried_again
from roadmap_airflow.runs import LABEL

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
def take_in(dataset: str) -> list[str]:
    """Take in one dataset for every plan with an inbox; ids of the files with something to mend."""
    from roadmap.evidence.troubles import batches_to_mend
    from roadmap_airflow.connections import folder, roadmap_db
    from roadmap_airflow.plans import valid_plans

    inbox = folder("roadmap_inbox")
    years = [plan.year for plan in valid_plans() if (inbox / str(plan.year)).exists()]
    with roadmap_db() as engine:
        # What was there before was told when it came.
        known = {year: batches_to_mend(engine, year, dataset) for year in years}
        intakes = tasks.take_in(dataset, years)
        new = [
            batch_id
            for year in years
            for batch_id in sorted(batches_to_mend(engine, year, dataset) - known[year])
        ]
    unanswered = [
        message
        for intake in intakes
        for file in intake.taken
        if file.state == "refused" and file.batch_id is None
        for message in file.messages
    ]
    if unanswered:  # a query that got no answer: no file to mend, but perhaps the next try works
        raise to_be_tried_again(" ".join(unanswered))
    return new


@task(
    task_id="tell_operator",
    task_display_name="Сообщение оператору",
    trigger_rule="all_done",
    pool=SMTP_POOL,
)
def tell_operator(batch_ids: Iterable[list[str]]) -> None:
    """One letter about all files with something to mend; none where there are none."""
    from roadmap.evidence.troubles import troubles
    from roadmap_airflow.connections import roadmap_db

    with roadmap_db() as engine:
        found = troubles(engine, [batch_id for ids in batch_ids for batch_id in ids])
    if not found:
        log.info("Замечаний к принятым файлам нет, письмо не нужно")
        return
    context = get_current_context()
    context["roadmap_troubles"] = found  # type: ignore[typeddict-unknown-key]
    mail_operator(context, INTAKE_TROUBLES, "intake_troubles")
    log.info("Оператору отправлено письмо: файлов с замечаниями %s", len(found))
