"""The task that tells once more which files and rows are not accepted, whenever they were read."""

from __future__ import annotations

import logging

from airflow.sdk import Param, get_current_context, task

from roadmap_airflow.plans import plan_titles, valid_plans
from roadmap_airflow.runs import chosen_plan

log = logging.getLogger("roadmap")


def form() -> dict[str, Param]:
    """Of which plan and of which dataset; empty fields mean all."""
    from roadmap.evidence.sources import load_sources

    titles = {dataset: source.title for dataset, source in load_sources().items()}
    return {
        "plan": Param(
            None,
            type=["null", "string"],
            title="План",
            description="Не выбран — все планы.",
            enum=[None, *(plan.code for plan in valid_plans())],
            values_display={"null": "все", **plan_titles(valid_plans())},
        ),
        "dataset": Param(
            None,
            type=["null", "string"],
            title="Вид сведений",
            description="Не выбран — все, и файлы, которые никому не принадлежат.",
            enum=[None, *sorted(titles, key=titles.__getitem__)],
            values_display={"null": "все", **titles},
        ),
    }


@task(task_display_name="Непринятые строки")
def tell() -> None:
    """A line for each file and row, as they were told when they were read; nothing is read anew."""
    from roadmap.evidence.troubles import standing_troubles, told_again
    from roadmap_airflow.connections import roadmap_db

    params = get_current_context()["params"]
    with roadmap_db() as engine, engine.connect() as db, db.begin():
        found = standing_troubles(db, chosen_plan(params) or "", params["dataset"] or "")
    for trouble in found:
        for line in told_again(trouble):
            log.warning(line)
    if not found:
        log.info("Непринятых файлов и строк нет")
