"""Letters to the operator: constant templates; values are names, counts, reasons, Message-IDs.

They go by the ledger and its sender, like all mail: planned first, then sent at once if the mail
server lets them, else by the delivery watch. Only of a ledger that cannot be reached the
operator hears by the provider's notifier.
"""

from __future__ import annotations

import logging
import os
from email.utils import make_msgid
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Engine

    from roadmap.delivery.account.reconcile import Reconciliation
    from roadmap.delivery.settings import DeliverySettings
    from roadmap.evidence.troubles import LyingFile

log = logging.getLogger("roadmap")

_ACTOR = "operator_mail"
_SOFT_DEADLINE_SECONDS = 60.0
_IS_TOLD = "roadmap_is_told"  # set in a task's context once nothing more is to be mailed of it


class OperatorNotTold(RuntimeError):
    """A letter to the operator did not go; the message is Russian and holds no address."""


def tell_of_run(
    context: Any,
    engine: Engine,
    account: Reconciliation,
    title: str,
    lying: Sequence[LyingFile],
) -> None:
    """Mail the operator what became of a run's letters; `title` is the phase's, `lying` what of
    its year lies in the inbox and is not accepted."""
    values = {"roadmap_account": account, "roadmap_title": title, "roadmap_lying": lying}
    mail_operator(engine, "run_statistics", account.run_id, **values)
    say_nothing_more(context)


def say_nothing_more(context: Any) -> None:
    """A failure of this task needs no letter of its own."""
    context[_IS_TOLD] = True


def tell_unless_told(context: Any) -> None:
    """Mail of the failure of a task whose own letter is planned not; else all is said."""
    if not context.get(_IS_TOLD, False):
        tell_of_failure(context)


def tell_of_failure(context: Any) -> None:
    """Mail the operator which task failed, for whom and why, and what to do.

    The reason is ours where the task was failed by `failures.failed`: it stands in the log, too.
    """
    # Imported here, as below: DAG files import this module each time they are parsed.
    from airflow.sdk.exceptions import AirflowException, AirflowFailException
    from sqlalchemy.exc import DBAPIError

    from roadmap.delivery.letters.operator_text import run_title
    from roadmap.plan.zone import home_time
    from roadmap_airflow.connections import roadmap_db

    ti = context["ti"]
    about = f"{ti.dag_id}|{ti.run_id}|{ti.task_id}|{ti.map_index}|{ti.try_number}"
    values = {name: context[name] for name in ("dag", "task", "ti")}
    dag_run = context.get("dag_run")  # of a killed task the DAG processor knows the id alone
    form = (dag_run.conf if dag_run else None) or {}
    values["roadmap_run"] = run_title(ti.run_id, form.get("mode") or "live", home_time())
    error = context.get("exception")
    values["roadmap_reason"] = str(error) if isinstance(error, AirflowFailException) else ""
    try:
        with roadmap_db() as engine:
            mail_operator(engine, "task_failed", about, **values)
    except (DBAPIError, AirflowException):  # no such database, or not as it has to be
        _tell_without_ledger("ledger_unreachable", context, **values)


def mail_operator(engine: Engine, template: str, about: str, **values: Any) -> None:
    """Plan a letter of include/templates/email to the operator, and send it if that can be.

    `about` is the event that it tells of, in ids: told once in a day in the same words. Nobody
    is told where no operator is set. OperatorNotTold where what is set is wrong. A mail server
    that does not take the letter fails nothing: the delivery watch sends it later.
    """
    from roadmap.delivery.letters.to_operator import plan_operator_letter
    from roadmap.delivery.sending.sender import send_operator_letters
    from roadmap.delivery.settings import UnsafeLive
    from roadmap.delivery.transport import MailServerUnavailable
    from roadmap_airflow.connections import receipts
    from roadmap_airflow.mail import mail_server

    settings = _settings()
    if settings is None:
        return
    if not plan_operator_letter(engine, settings, template, about, actor=_ACTOR, **values):
        log.info("Оператору сегодня это уже написано")
        return
    try:
        summary = send_operator_letters(
            engine,
            mail_server(),
            settings,
            soft_deadline_seconds=_SOFT_DEADLINE_SECONDS,
            actor=_ACTOR,
            receipts=receipts(),
        )
    except (MailServerUnavailable, UnsafeLive) as waiting:
        log.warning("Письмо оператору ждёт отправки. %s", waiting)
    else:
        log.info("Письмо оператору. %s", summary)


def _settings() -> DeliverySettings | None:
    """Those of delivery; None where no operator is set."""
    from roadmap.delivery.settings import SettingsError
    from roadmap_airflow.connections import delivery_settings

    if not os.environ.get("ROADMAP_OPERATOR_ADDRESS", ""):
        return None
    try:
        return delivery_settings()
    except SettingsError as wrong:
        raise OperatorNotTold(f"Письмо оператору не отправлено. {wrong}") from None


def _tell_without_ledger(template: str, context: Any, **values: Any) -> None:
    """The same by the provider's notifier, over our hook: as private as any letter, tried once."""
    from airflow.providers.smtp.hooks.smtp import SmtpHook
    from airflow.providers.smtp.notifications.smtp import SmtpNotifier

    from roadmap.delivery.letters.to_operator import written
    from roadmap.delivery.settings import UnsafeLive, refuse_readable
    from roadmap.delivery.transport import MailServerUnavailable
    from roadmap_airflow.connections import ConnectionIncomplete
    from roadmap_airflow.mail import MailHook, mail_server

    settings = _settings()
    if settings is None:
        return
    subject, page = written(template, **values)
    try:
        connection = SmtpHook.get_connection("smtp_default")
        server = mail_server(connection)
        refuse_readable("operator", server.host, server.is_verified_tls, settings.is_demo)
        notifier = SmtpNotifier(
            to=settings.operator_address,
            from_email=settings.from_address,
            subject=subject,
            html_content=page,
            custom_headers={
                "Message-ID": make_msgid(domain=settings.message_domain),
                "Auto-Submitted": "auto-generated",
            },
        )
        notifier.hook = MailHook(connection, settings.message_domain)
        # Called by itself the notifier would log what the server said, and take what we wrote
        # for a template.
        notifier.notify(context)
    except (MailServerUnavailable, UnsafeLive, ConnectionIncomplete) as refused:
        raise OperatorNotTold(f"Письмо оператору не отправлено. {refused}") from None
    except OSError as broken:
        raise OperatorNotTold(
            f"Письмо оператору не отправлено: {_what_broke(broken)}. Проверьте почтовый сервер, "
            "соединение «smtp_default» и адрес в настройке ROADMAP_OPERATOR_ADDRESS."
        ) from None


def _what_broke(broken: Exception) -> str:
    """What broke and the server's code, without its words."""
    from roadmap.broken import what_broke

    refused = getattr(broken, "recipients", None)
    codes = {code for code, _ in refused.values()} if refused else set()
    codes |= {broken.smtp_code} if hasattr(broken, "smtp_code") else set()
    of_server = f" (код {', '.join(map(str, sorted(codes)))})" if codes else ""
    return what_broke(broken) + of_server
