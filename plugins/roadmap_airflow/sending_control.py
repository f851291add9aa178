"""The task by which a person stops all sending, or lets it go on."""

from __future__ import annotations

import logging

from airflow.sdk import Param, get_current_context, task

from roadmap.decision import SENDING_ACTIONS
from roadmap_airflow.decisions import reason_field, who_asked
from roadmap_airflow.forms import MODES
from roadmap_airflow.plans import valid_plans

log = logging.getLogger("roadmap")


def form() -> dict[str, Param]:
    """What to do and why; which paused occasion, where only one is to go on."""
    occasions = _occasions()
    return {
        "action": Param(
            type="string",
            title="Что сделать",
            description="Остановленная отправка ничего не теряет: письма ждут в очереди.",
            enum=list(SENDING_ACTIONS),
            values_display=dict(SENDING_ACTIONS),
        ),
        "occasion": Param(
            None,
            type=["null", "string"],
            title="Рассылка",
            description="Только для «продолжить приостановленную рассылку». Не выбрана — все "
            "приостановленные.",
            enum=[None, *occasions],
            values_display={**occasions, "null": "все приостановленные"},
        ),
        "mode": Param(
            "live",
            type="string",
            title="Вид отправки",
            description="Вид выбранной рассылки.",
            enum=list(MODES),
            values_display=MODES,
        ),
        "reason": reason_field("Останется в журнале рассылки рядом с вашим именем."),
    }


def _occasions() -> dict[str, str]:
    """«2021/march_analysis» → its title, of all plans, the newest first."""
    from roadmap.delivery.letters.operator_text import title
    from roadmap.plan.model import occasions

    return {
        (occasion := f"{plan.code}/{phase.code}"): title(occasion, "live", [plan])
        for plan in reversed(valid_plans())
        for phase in (*plan.phases, *occasions(plan))
    }


@task(task_display_name="Остановка или продолжение")
def control_sending() -> None:
    """Pull or let go the brake, then log what waits and what holds it back."""
    from roadmap.delivery.decisions.control import control, what_holds_back, what_waits
    from roadmap_airflow.connections import proof_sources, roadmap_db

    context = get_current_context()
    params = context["params"]
    with roadmap_db() as engine:
        done = control(
            engine,
            params["action"],
            actor=who_asked(context),
            reason=params["reason"],
            occasion=params["occasion"],
            mode=params["mode"],
            plans=valid_plans(),
            sources=proof_sources() if params["action"] == "start" else (),
        )
        log.info(done)
        for brake in what_holds_back(engine, valid_plans()):
            log.warning(brake)
        for line in what_waits(engine, valid_plans()):
            log.info(line)
