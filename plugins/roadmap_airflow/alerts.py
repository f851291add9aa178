"""Telling the operator that a task failed: a constant letter, with names as its only values."""

from __future__ import annotations

import os
from typing import Any

SUBJECT = "500+: не выполнено — {{ dag.dag_display_name }}, {{ task.task_display_name }}"


def tell_operator(context: Any) -> None:
    """Mail the operator which task failed, for whom, and which chapter of the guide helps."""
    # Imported here: DAG files import this module each time they are parsed.
    from airflow.providers.smtp.notifications.smtp import SmtpNotifier

    from roadmap.paths import TEMPLATES

    operator = os.environ.get("ROADMAP_OPERATOR_ADDRESS")
    if not operator:
        return
    letter = (TEMPLATES / "email" / "task_failed.html.j2").read_text(encoding="utf-8")
    notifier = SmtpNotifier(
        to=operator,
        from_email=os.environ.get("ROADMAP_FROM_ADDRESS"),
        subject=SUBJECT,
        html_content=letter,
        smtp_conn_id="smtp_default",
        custom_headers={"Auto-Submitted": "auto-generated"},
    )
    notifier(context)
