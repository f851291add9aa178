"""The operators that send: operators, because only these hear that they are to stop."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import BaseOperator

from roadmap_airflow.defaults import (
    SEND_MAX_RETRY_DELAY,
    SEND_RETRIES,
    SEND_RETRY_DELAY,
    SEND_SOFT_DEADLINE,
    SEND_TIMEOUT,
)
from roadmap_airflow.failures import failed, level, to_be_tried_again
from roadmap_airflow.runs import names, plan_of

if TYPE_CHECKING:
    from roadmap.delivery.sending.sender import SendSummary

log = logging.getLogger("roadmap")

# Of one run of the delivery watch, which comes again in five minutes.
WATCH_SOFT_DEADLINE = timedelta(minutes=4)
# What becomes of the letters then, by the mode of the run.
_GO_BY_THEMSELVES = {
    "live": "письма уйдут сами",
    "redirect": "письма сами уйдут на проверочный адрес",
    "dry": "письма проверятся сами, адресатам ничего не уйдёт",
}


class StoppableOperator(BaseOperator):
    """What both senders share: how they send, and that they hear when they are to stop."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._stop = threading.Event()

    def on_kill(self) -> None:
        """Stop claiming letters; the one in hand is finished or left where it is known."""
        self._stop.set()

    def how(self, context: Any, soft_deadline: timedelta) -> dict[str, Any]:
        """What the library's `send_run` and `send_left` take from the seam."""
        from roadmap_airflow.connections import delivery_settings, receipts
        from roadmap_airflow.mail import mail_server

        return {
            "server": mail_server(),
            "settings": delivery_settings(),
            "stop": self._stop,
            "soft_deadline_seconds": soft_deadline.total_seconds(),
            "actor": str(context["ti"].id),
            "receipts": receipts(),
        }


class SendOperator(StoppableOperator):
    """Send what is due to a batch of addressees of one run.

    Letters that wait for the mail server (4xx, no connection) make the task fail and be
    retried: the waiting is Airflow's. What waits for a person fails it at once, as do letters
    that only another sender holds: when its lease is over the delivery watch has them.
    `phase_run` and `batch` are ids; nothing else is templated.
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

    def execute(self, context: Any) -> None:
        from roadmap.delivery.sending.sender import send_run
        from roadmap.delivery.transport import MailServerUnavailable
        from roadmap_airflow.connections import roadmap_db

        with roadmap_db() as engine:
            context["roadmap_label"] = names(plan_of(engine, self.phase_run), self.batch)
            how = self.how(context, SEND_SOFT_DEADLINE)
            try:
                summary = send_run(engine, self.phase_run, self.batch, **how)
            except MailServerUnavailable as unavailable:
                raise to_be_tried_again(f"{unavailable} Задача повторится сама.") from None
        log.log(level(has_lost(summary)), "%s", summary)
        refuse_to_be_green(summary)


class SendLeftOperator(StoppableOperator):
    """Send whatever is due, of any run: what lost, cleared and interrupted runs left behind.

    Never red because of letters: which of them wait, and why, is said by the alarms.
    """

    def execute(self, context: Any) -> None:
        from roadmap.delivery.sending.sender import send_left
        from roadmap.delivery.transport import MailServerUnavailable
        from roadmap_airflow.connections import roadmap_db

        with roadmap_db() as engine:
            how = self.how(context, WATCH_SOFT_DEADLINE)
            try:
                summary = send_left(engine, **how)
            except MailServerUnavailable as unavailable:
                log.error("%s Следующая попытка — в одном из следующих запусков.", unavailable)
                return
        log.log(level(has_lost(summary)), "%s", summary)
        for sentence in summary.refused:
            log.warning(sentence)


def has_lost(summary: SendSummary) -> bool:
    """Are there letters that will not go out, or may have, and nobody but a person can tell?"""
    return bool(summary.rejected or summary.exhausted or summary.unknown or summary.expired)


def refuse_to_be_green(summary: SendSummary) -> None:
    """Fail, with what to do, where letters are left: at once where trying again is of no use."""
    if not summary.pending:
        return
    left = f"Не отправлено: {summary.pending}."
    if summary.is_switched_off:
        raise failed(f"{left} Вся отправка остановлена. {_to_go_on(summary)}")
    if summary.paused_reason:
        raise failed(
            f"{left} Рассылка приостановлена. {_ended(summary.paused_reason)} {_to_go_on(summary)}"
        )
    if summary.leased == summary.pending:
        raise failed(
            f"{left} Эти письма взял другой отправитель: он ещё передаёт их или был прерван. "
            "Повторять задачу незачем: исход запишет «Доставка: проверка и досылка» в ближайшие "
            "20 минут. Потом очистите «Сверку»."
        )
    if summary.breaker_until_ms is not None:
        raise to_be_tried_again(
            f"{left} Почтовому серверу дан перерыв. {_ended(summary.breaker_reason or '')} "
            "Задача повторится сама."
        )
    waiting = summary.pending - summary.leased
    raise to_be_tried_again(f"Ждут повторной отправки: {waiting}. Задача повторится сама.")


def _to_go_on(summary: SendSummary) -> str:
    return (
        "Когда причина устранена, запустите «Отправка: остановить или продолжить»; "
        f"{_GO_BY_THEMSELVES[summary.mode or 'live']}."
    )


def _ended(sentence: str) -> str:
    return sentence if sentence.endswith(".") else f"{sentence}."
