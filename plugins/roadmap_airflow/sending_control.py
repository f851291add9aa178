"""The task by which a person stops all sending, or lets it go on."""

from __future__ import annotations

import logging

from airflow.sdk import Param, get_current_context, task

from roadmap.decision import SENDING_ACTIONS
from roadmap_airflow.decisions import NO_ADDRESS, reason_field, who_asked
from roadmap_airflow.forms import MODES

log = logging.getLogger("roadmap")


def form() -> dict[str, Param]:
    """What to do and why; which paused occasion, where only one is to go on."""
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
            description="Только для «продолжить приостановленную рассылку»: год, косая черта, код "
            "этапа, например 2021/march_analysis. Пусто — все приостановленные.",
            pattern=NO_ADDRESS,
            maxLength=100,
        ),
        "mode": Param(
            "live",
            type="string",
            title="Вид отправки",
            description="Вид названной рассылки.",
            enum=list(MODES),
            values_display=MODES,
        ),
        "reason": reason_field("Останется в журнале рассылки рядом с вашим именем."),
    }


@task(task_display_name="Остановка или продолжение")
def control_sending() -> None:
    """Pull or let go the brake, then log what waits and what holds it back."""
    from roadmap.delivery.decisions.control import control, what_holds_back, what_waits
    from roadmap_airflow.connections import proof_sources, roadmap_db
    from roadmap_airflow.plans import valid_plans

    context = get_current_context()
    params = context["params"]
    with roadmap_db() as engine:
        done = control(
            engine,
            params["action"],
            actor=who_asked(context),
            reason=params["reason"],
            occasion=(params["occasion"] or "").strip() or None,
            mode=params["mode"],
            plans=valid_plans(),
            sources=proof_sources() if params["action"] == "start" else (),
        )
        log.info(done)
        for brake in what_holds_back(engine, valid_plans()):
            log.warning(brake)
        for line in what_waits(engine, valid_plans()):
            log.info(line)
