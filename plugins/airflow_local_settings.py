"""Read by every Airflow process at start-up: the house rules for DAGs and files, as code.

A DAG that breaks one is an import error in the UI, the same in CI and in production.
"""

from __future__ import annotations

import os
import re
from typing import Any

from airflow.exceptions import AirflowClusterPolicyViolation

# `approve` waits for a person: a time limit would answer for them, a retry would ask twice.
WAITS_FOR_A_PERSON = frozenset({"approve"})
# Reports, taken-in files and the database hold people's addresses: no process of ours makes a
# file that other users of the machine may read.
os.umask(0o077)

CYRILLIC = re.compile("[А-Яа-яЁё]")


def dag_policy(dag: Any) -> None:
    """Refuse a DAG that breaks a house rule; the UI shows the reason as an import error."""
    machine_tasks = [task for task in dag.tasks if task.task_id not in WAITS_FOR_A_PERSON]
    rules = {
        "say in its documentation what to do «Если что-то не так»": (
            "Если что-то не так" in (dag.doc_md or "")
        ),
        "have a Russian display name": bool(CYRILLIC.search(dag.dag_display_name)),
        "give every task a Russian display name": all(
            CYRILLIC.search(task.task_display_name) for task in dag.tasks
        ),
        "carry a tag": bool(dag.tags),
        "allow one run at a time": dag.max_active_runs == 1,
        "give every task retries and an execution timeout": all(
            task.retries and task.execution_timeout for task in machine_tasks
        ),
        "send mail only from tasks in the pool smtp": all(
            task.pool == "smtp" for task in dag.tasks if task.task_id.startswith("send")
        ),
    }
    broken = [rule for rule, kept in rules.items() if not kept]
    if broken:
        raise AirflowClusterPolicyViolation(f"{dag.dag_id} must {'; '.join(broken)}")
