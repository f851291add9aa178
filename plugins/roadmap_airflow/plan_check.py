"""The task that tells a person whether a plan's file may be used, and what is left to fill in."""

from __future__ import annotations

import logging

from airflow.sdk import Param, get_current_context, task

from roadmap_airflow.failures import failed
from roadmap_airflow.runs import chosen_plan

log = logging.getLogger("roadmap")


def form() -> dict[str, Param]:
    """Which plan: of all that have a file, also those that can't be read."""
    from roadmap.plan.load import plan_codes

    codes = plan_codes()
    return {
        "plan": Param(
            codes[-1] if codes else None,
            type="string",
            title="План",
            description="Файл плана — include/plans/<код плана>.yaml.",
            enum=list(codes),
        )
    }


@task(task_display_name="Проверка плана")
def check_plan() -> None:
    """Red, with every fault, its line and its path, where the plan may not be used."""
    from roadmap.paths import PLANS
    from roadmap.plan.check_file import check_file
    from roadmap.plan.load import plan_files

    context = get_current_context()
    code = chosen_plan(context["dag_run"].conf or {}) or context["params"]["plan"]
    name = f"{code}.yaml"
    try:
        checked = check_file(plan_files().get(code, PLANS / name))
    except OSError:
        raise failed(f"Файл «{name}» не читается: его убрали или к нему нет доступа.") from None
    first, *others = checked.lines
    if not checked.faults:
        for line in checked.lines:
            log.info(line)
        return
    for fault in checked.faults:
        log.warning(fault)
    raise failed(f"{first} Ошибки перечислены выше. {others[-1]}")
