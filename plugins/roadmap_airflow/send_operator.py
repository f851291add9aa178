"""The operator that sends: an operator, because only operators hear that they are to stop."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from typing import Any, ClassVar

from airflow.sdk import BaseOperator

from roadmap_airflow.defaults import (
    SEND_MAX_RETRY_DELAY,
    SEND_RETRIES,
    SEND_RETRY_DELAY,
    SEND_SOFT_DEADLINE,
    SEND_TIMEOUT,
)

log = logging.getLogger("roadmap")


class SendOperator(BaseOperator):
    """Send what is due to a batch of addressees of one run.

    Letters that wait for the mail server (4xx) make the task fail and be retried: the waiting
    is Airflow's. `phase_run` and `batch` are ids; nothing else is templated.
    """

    template_fields: Sequence[str] = ("phase_run", "batch")
    waiting: ClassVar[dict[str, Any]] = {
        "retries": SEND_RETRIES,
        "retry_delay": SEND_RETRY_DELAY,
        "max_retry_delay": SEND_MAX_RETRY_DELAY,
        "retry_exponential_backoff": True,
        "execution_timeout": SEND_TIMEOUT,
    }

    def __init__(self, *, phase_run: str, batch: list[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.phase_run = phase_run
        self.batch = batch
        self._stop = threading.Event()

    def execute(self, context: Any) -> None:
        from airflow.sdk.exceptions import AirflowException

        from roadmap.delivery.sender import send_run
        from roadmap_airflow.connections import delivery_settings, roadmap_db, smtp_settings
        from roadmap_airflow.tasks import names, plan_of

        with roadmap_db() as engine:
            context["roadmap_label"] = names(plan_of(engine, self.phase_run), self.batch)
            summary = send_run(
                engine,
                self.phase_run,
                self.batch,
                smtp_settings(),
                delivery_settings(),
                stop=self._stop,
                soft_deadline_seconds=SEND_SOFT_DEADLINE.total_seconds(),
                actor=str(context["ti"].id),
            )
        log.info("%s", summary)
        if context["params"].get("mode") == "dry":
            log.info("Выбрано «Ничего не отправлять»: письма проверены без сети и никуда не ушли")
        if summary.pending:
            raise AirflowException(
                f"Ждут повторной отправки: {summary.pending}. Задача повторится сама."
            )

    def on_kill(self) -> None:
        """Stop claiming letters; the one in hand is finished or left where it is known."""
        self._stop.set()
