"""What the DAGs have in common by which a person decides: the reason, and who it was."""

from __future__ import annotations

from typing import Any

from airflow.sdk import Param

from roadmap.decision import LONGEST_REASON, SHORTEST_REASON

# Airflow refuses a field with an English message, so what else a field may hold is checked by our
# tasks. Addresses alone are stopped there: what a form was filled in with stays in Airflow.
# Beyond maxLength the form takes no more signs, and so has nothing to refuse.
NO_ADDRESS = "^[^@]*$"


def reason_field(description: str) -> Param:
    """The form's field «Причина», which has to be filled in; no address may stand in it."""
    return Param(
        type="string",
        title="Причина",
        description=f"{description} Не короче {SHORTEST_REASON} знаков, без адресов почты.",
        maxLength=LONGEST_REASON,
        pattern=NO_ADDRESS,
    )


def who_asked(context: Any) -> str:
    """The login of the person who triggered the run, without a mail domain; else the run's id."""
    dag_run = context["dag_run"]
    login = (dag_run.triggering_user_name or "").partition("@")[0].strip()
    return login or str(dag_run.run_id)
