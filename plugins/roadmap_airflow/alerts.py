"""Letters to the operator: constant templates; values are names, counts, reasons, Message-IDs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from roadmap.delivery.account.reconcile import Reconciliation
    from roadmap.evidence.troubles import LyingFile

TASK_FAILED = "500+: не выполнено — {{ dag.dag_display_name }}, {{ task.task_display_name }}"
INTAKE_TROUBLES = "500+: замечания к принятым файлам — {{ roadmap_troubles | length }}"
RUN_STATISTICS = "500+: {{ roadmap_account.headline }} — {{ roadmap_title }}"
_IS_TOLD = "roadmap_is_told"  # set in a task's context once nothing more is to be mailed of it


class OperatorNotTold(RuntimeError):
    """A letter to the operator did not go; the message is Russian and holds no address."""


def tell_of_run(
    context: Any, account: Reconciliation, title: str, lying: Sequence[LyingFile]
) -> None:
    """Mail the operator what became of a run's letters; `title` is the phase's, `lying` what of
    its year lies in the inbox and is not accepted."""
    context |= {"roadmap_account": account, "roadmap_title": title, "roadmap_lying": lying}
    mail_operator(context, RUN_STATISTICS, "run_statistics")
    say_nothing_more(context)


def say_nothing_more(context: Any) -> None:
    """A failure of this task needs no letter of its own."""
    context[_IS_TOLD] = True


def tell_unless_told(context: Any) -> None:
    """Mail of the failure of a task whose own letter has not gone out; else all is said."""
    if not context.get(_IS_TOLD, False):
        tell_of_failure(context)


def tell_of_failure(context: Any) -> None:
    """Mail the operator which task failed, for whom and why, and what to do.

    The reason is ours where the task was failed by `failures.failed`: it stands in the log, too.
    """
    from airflow.sdk.exceptions import AirflowFailException

    error = context.get("exception")
    context["roadmap_reason"] = str(error) if isinstance(error, AirflowFailException) else ""
    mail_operator(context, TASK_FAILED, "task_failed")


def mail_operator(context: Any, subject: str, template: str) -> None:
    """Mail the operator a letter of include/templates/email, filled in from the context.

    Nobody is told where no operator is set. OperatorNotTold where the mail server did not take
    it; the server's own words stay away, for they carry the address.
    """
    # Imported here: DAG files import this module each time they are parsed.
    from airflow.providers.smtp.notifications.smtp import SmtpNotifier

    from roadmap.mailbox import AddressRefused, read_address
    from roadmap.paths import TEMPLATES

    operator, ours = (os.environ.get(f"ROADMAP_{who}_ADDRESS", "") for who in ("OPERATOR", "FROM"))
    if not operator:
        return
    try:
        operator, ours = read_address(operator), ours and read_address(ours)
    except AddressRefused as refused:
        raise OperatorNotTold(
            f"Письмо оператору не отправлено: {refused}. Исправьте ROADMAP_OPERATOR_ADDRESS"
            " и ROADMAP_FROM_ADDRESS."
        ) from None
    notifier = SmtpNotifier(
        to=operator,
        from_email=ours or None,
        subject=subject,
        html_content=(TEMPLATES / "email" / f"{template}.html.j2").read_text(encoding="utf-8"),
        smtp_conn_id="smtp_default",
        custom_headers={"Auto-Submitted": "auto-generated"},
    )
    # Called by itself the notifier would log what the server said.
    notifier.render_template_fields(context)
    try:
        notifier.notify(context)
    except OSError as broken:
        raise OperatorNotTold(
            f"Письмо оператору не отправлено ({_kind(broken)}). Проверьте почтовый сервер, "
            "соединение «smtp_default» и ROADMAP_OPERATOR_ADDRESS."
        ) from None


def _kind(broken: Exception) -> str:
    """The error's name and the server's code, without its words."""
    refused = getattr(broken, "recipients", None)
    if refused:
        codes = sorted({code for code, _ in refused.values()})
        return f"{type(broken).__name__} {', '.join(map(str, codes))}"
    code = getattr(broken, "smtp_code", None)
    return f"{type(broken).__name__} {code}" if code else type(broken).__name__
