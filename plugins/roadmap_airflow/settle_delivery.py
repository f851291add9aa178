"""The tasks by which a person settles a letter: its outcome is unknown, or it was refused."""

from __future__ import annotations

import logging
from typing import Any

from airflow.sdk import Param, get_current_context, task

from roadmap.decision import LETTER_DECISIONS
from roadmap_airflow import runs, tasks
from roadmap_airflow.decisions import NO_ADDRESS, reason_field, who_asked
from roadmap_airflow.defaults import SMTP_POOL
from roadmap_airflow.plans import valid_plans
from roadmap_airflow.send_operator import SendOperator

log = logging.getLogger("roadmap")


def form() -> dict[str, Param]:
    """Which letter, what became of it, and why; all but the municipality has to be filled in."""
    names = runs.names_of(valid_plans())
    return {
        "message_id": Param(
            type="string",
            title="Message-ID письма",
            description="Целиком, как в письме оператору или журнале «Сверки»: 32 знака, .r1, .r2 "
            "и так далее, @ и имя домена; можно без угловых скобок.",
            # Ours begin with the letter's key, so that nobody's address can be entered here.
            pattern=rf"{NO_ADDRESS}|^\s*<?[0-9a-f]{{32}}\.r[0-9]+@[A-Za-z0-9.-]+>?\s*$",
            maxLength=200,
        ),
        "decision": Param(
            type="string",
            title="Решение",
            description="«Не дошло, отправить» — только если почтовый сервер или получатель "
            "подтвердили, что письма нет: то же письмо уйдёт ещё раз. «Отказ устранён, отправить "
            "снова» — о письме, которое сервер отклонил или у которого кончились попытки.",
            enum=list(LETTER_DECISIONS),
            values_display=dict(LETTER_DECISIONS),
        ),
        "reason": reason_field(
            "Откуда это известно или что исправлено, например: «в журнале сервера письма нет»,"
            " «ящик освобождён»."
        ),
        "municipality": Param(
            None,
            type=["null", "string"],
            title="Муниципалитет",
            description="Для проверки: письмо другого муниципалитета будет отвергнуто.",
            enum=[None, *runs.by_name(names)],
            values_display={**names, "null": "не проверять"},
        ),
    }


@task(task_display_name="Решение", multiple_outputs=True)
def decide() -> dict[str, Any]:
    """Take the decision; the letter's phase run, and whom to send to: nobody or its addressee."""
    from roadmap.delivery.decisions.settle import settle
    from roadmap.delivery.letters.operator_text import title
    from roadmap.delivery.proof.proofs import settle_unknown
    from roadmap_airflow.connections import delivery_settings, proof_sources, roadmap_db
    from roadmap_airflow.plans import valid_plans

    context = get_current_context()
    params = context["params"]
    with roadmap_db() as engine:
        # A letter that is proven by now must not be decided about, or sent again.
        looked = settle_unknown(engine, proof_sources(), "settle_delivery")
        for sentence in looked.unavailable:
            log.warning(sentence)
        settled = settle(
            engine,
            params["message_id"],
            params["decision"],
            actor=who_asked(context),
            reason=params["reason"],
            municipality_id=params["municipality"],
            expiry_ms=delivery_settings().expiry_ms,
        )
    log.info(
        "%s, %s, редакция %s. Решено: «%s».",
        settled.name,
        title(settled.occasion, settled.mode, valid_plans()),
        settled.revision,
        LETTER_DECISIONS[settled.decision],
    )
    return {
        "phase_run": settled.run_id,
        "batch": [settled.municipality_id] if settled.is_to_be_sent else [],
    }


class SendAgainOperator(SendOperator):
    """Send what the decision put back into the queue; skipped where it sends nothing."""

    def execute(self, context: Any) -> None:
        from airflow.sdk.exceptions import AirflowSkipException

        if not self.batch:
            raise AirflowSkipException("По этому решению ничего не отправляется")
        super().execute(context)


def send_again(phase_run: Any, batch: Any) -> Any:
    """Send to the letter's addressee what is due in that run, over the mail server's pool."""
    return SendAgainOperator(
        task_id="send_again",
        task_display_name="Отправка",
        phase_run=phase_run,
        batch=batch,
        pool=SMTP_POOL,
        **SendOperator.waiting,
    )


def reconcile(phase_run: Any) -> Any:
    """Account for the letter's run; not where the decision was refused."""
    return tasks.reconcile.override(trigger_rule="none_failed")(phase_run)
