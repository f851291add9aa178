"""The tasks by which a person decides about a file that covers less than what is in force."""

from __future__ import annotations

import logging
from typing import Any

from airflow.sdk import Param, get_current_context, task

from roadmap.decision import FILE_CODE_SHOWN, FILE_DECISIONS
from roadmap_airflow import clock, tasks
from roadmap_airflow.assets import EVIDENCE
from roadmap_airflow.decisions import NO_ADDRESS, reason_field, who_asked
from roadmap_airflow.failures import failed

log = logging.getLogger("roadmap")


def form() -> dict[str, Param]:
    """Which file, what to do with it, and why; all has to be filled in."""
    return {
        "code": Param(
            type="string",
            title="Код файла",
            description=f"{FILE_CODE_SHOWN} знаков из письма о приёме или журнала «Приём данных».",
            pattern=NO_ADDRESS,
            maxLength=40,
        ),
        "decision": Param(
            type="string",
            title="Решение",
            description="«Заменить»: действует только новый файл. «Дополнить»: о том, о чём "
            "говорит файл, действует он, об остальном — прежние сведения. «Оставить прежний»: файл "
            "не принимается, и о нём больше не спрашивают.",
            enum=list(FILE_DECISIONS),
            values_display=dict(FILE_DECISIONS),
        ),
        "reason": reason_field("Останется в базе рядом с вашим именем."),
    }


@task(task_display_name="Решение", multiple_outputs=True)
def decide() -> dict[str, Any]:
    """Keep the decision; the dataset and plan of its file."""
    from roadmap.evidence.held import decide as decide_about
    from roadmap_airflow.connections import roadmap_db

    context = get_current_context()
    params = context["params"]
    with roadmap_db() as engine:
        decided = decide_about(
            engine,
            params["code"],
            params["decision"],
            actor=who_asked(context),
            reason=params["reason"],
            now_ms=clock.now_ms(),
        )
    words = "Решено" if decided.is_new else "Уже было решено"
    taken = " По этому решению он уже принят." if decided.is_taken else ""
    named = FILE_DECISIONS[decided.decision]
    log.info("%s: «%s». Файл «%s».%s", words, named, decided.file_name, taken)
    return {
        "dataset": decided.dataset,
        "plan": decided.plan_code,
        "is_awaited": decided.decision != "keep" and not decided.is_taken,
    }


@task(task_display_name="Приём данных", outlets=[EVIDENCE])
def take_in(dataset: str, plan: str | None, is_awaited: bool) -> None:
    """Take in the dataset at once, so that the decision has its effect."""
    from roadmap.plan.load import load_plan

    if plan is None:  # decided before plans had codes, cleared now
        raise failed(
            "Решение принято до обновления системы. Очистите «Решение» вместе с этой задачей: "
            "второй раз оно не принимается"
        )
    (intake,) = tasks.take_in(dataset, [load_plan(plan)])
    if is_awaited and not intake.is_changed:
        log.warning(
            "Файл не принят. Если его нет в папке приёма, положите его снова: решение действует."
        )
