"""Runs of our DAGs that stand still, and with them every later run of the same DAG.

The timetables refuse a run with a logical date ahead, but not one that brings a data interval of
its own; a run also stands while its DAG is paused. What a task may ask Airflow for (states of runs
and of their tasks) does not say why a run stands, so it is judged by what it does: nothing.
"""

from __future__ import annotations

import time
from functools import cache
from typing import TYPE_CHECKING, Any

from airflow.sdk import get_current_context, task

if TYPE_CHECKING:
    from roadmap.delivery.account.alarms import Alarm

OVER = frozenset({"success", "failed", "skipped", "upstream_failed", "removed"})
NOT_BEGUN = frozenset({None})
# Between two tasks a run has nothing in hand either, for as long as the scheduler is busy.
SECONDS_BETWEEN_LOOKS = 60


@cache
def watched_dags() -> dict[str, str]:
    """Our DAGs, all but the watch itself, by id, under the names that Airflow shows."""
    from roadmap.delivery.account.watch import OTHER_DAGS
    from roadmap_airflow.plans import valid_plans

    phases = {phase.code: phase.listed_title for plan in valid_plans() for phase in plan.phases}
    return phases | OTHER_DAGS


@task(task_display_name="Застрявшие запуски")
def find_stuck_runs() -> list[list[str]]:
    """DAG and run ids of runs that are not over and do nothing, at two looks a minute apart."""
    ti: Any = get_current_context()["ti"]
    stuck = _idle_runs(ti)
    if stuck:
        time.sleep(SECONDS_BETWEEN_LOOKS)
        again = _idle_runs(ti)
        stuck = [one for one in stuck if one in again]
    return [list(one) for one in stuck]


def _idle_runs(ti: Any) -> list[tuple[str, str]]:
    """Runs that are not over, where no task is in hand, waits for its turn or is to be retried."""
    idle: list[tuple[str, str]] = []
    for dag_id in watched_dags():
        if not ti.get_dr_count(dag_id, states=["running", "queued"]):
            continue
        is_paused = ti.get_dag(dag_id).is_paused
        for run_id, tasks in ti.get_task_states(dag_id).items():
            left = set(tasks.values()) - OVER
            if left and left <= NOT_BEGUN:
                state = ti.get_dagrun_state(dag_id, run_id)
                # One that is queued waits for the one before it, which is told of itself.
                if state == "running" or (state == "queued" and is_paused):
                    idle.append((dag_id, run_id))
    return idle


def alarm_of(ti: Any, dag_id: str, run_id: str) -> Alarm:
    """What the operator is told of a run that stands."""
    from roadmap.delivery.account.alarms import Alarm
    from roadmap.delivery.account.watch import StuckRun

    tasks = ti.get_task_states(dag_id, run_ids=[run_id]).get(run_id, {})
    run = StuckRun(
        watched_dags()[dag_id],
        run_id,
        was_begun=not NOT_BEGUN.issuperset(tasks.values()),
        is_paused=ti.get_dag(dag_id).is_paused,
        waiting=ti.get_dr_count(dag_id, states=["queued"]),
    )
    return Alarm(f"stuck:{dag_id}:{run_id}", str(run))
