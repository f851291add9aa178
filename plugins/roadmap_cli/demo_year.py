"""The demo year in Airflow: what arrives by each day, then the DAG of that day, in order.

Airflow's backfill is of one DAG, so the order of the year is kept here. A step whose run is
there is not done again, whatever its state; one that was interrupted goes on.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from roadmap.russian import counted
from roadmap_cli.airflow_api import AirflowApi, wait_until
from roadmap_cli.setup import DEMO_PLAN, DEMO_YEAR, phase_alone, put_files

KNOWN_SECONDS = 300
RUN_SECONDS = 1800
WINDOW = (f"{DEMO_YEAR}-01-01T00:00:00+03:00", f"{DEMO_YEAR}-12-31T23:59:59+03:00")
DAILY = ("evidence_intake", "calendar_watch", "delivery_watch")
REASON = "поступил исправленный файл ВПР"


@dataclass(frozen=True)
class Step:
    """One run of the year: of the phase's DAG, on what had arrived by the end of `until`.

    `run_id` is that of a run that is triggered with a reason; None for the phase's own run,
    which is backfilled.
    """

    phase: str
    title: str
    until: date
    run_id: str | None = None


def steps() -> tuple[Step, ...]:
    """The five phases by date, and the correction of the first, which comes after it."""
    from roadmap.plan.load import load_plan
    from roadmap_demo.content import load_content
    from roadmap_demo.generate import DEFAULT_SEED

    phases = [
        Step(phase.code, phase.dag_title, phase.as_of) for phase in load_plan(DEMO_PLAN).phases
    ]
    corrected_on = load_content(DEFAULT_SEED).correction.received.date()
    corrected = Step(
        phases[0].phase,
        f"{phases[0].title} — исправление",
        corrected_on,
        f"correction_{corrected_on.isoformat()}",
    )
    return tuple(sorted([*phases, corrected], key=lambda step: step.until))


def run_year(api: AirflowApi) -> bool:
    """Run every step that has not run yet, until one fails; whether all are green."""
    all_steps = steps()
    took: list[float] = []  # seconds of each step that was run here
    for number, step in enumerate(all_steps, 1):
        left = time_left(took, len(all_steps) - number + 1)
        print(f"Этап {number} из {len(all_steps)}. {step.title}{left}", flush=True)
        begun = time.monotonic()
        state, is_new = run_step(api, step)
        if is_new:
            took.append(time.monotonic() - begun)
        print(f"{step.title}, {DEMO_YEAR} год: {STATES.get(state, state)}\n", flush=True)
        if state != "success":
            return False
    return True


def time_left(took: Sequence[float], steps_left: int) -> str:
    """«, осталось около 5 минут» for so many steps, each as long as those that took so many
    seconds; nothing where none has been run yet."""
    if not took:
        return ""
    minutes = max(1, round(sum(took) / len(took) * steps_left / 60))
    return f", осталось около {counted(minutes, 'минуты', 'минут', 'минут')}"


STATES = {
    "success": "выполнен",
    "failed": "не выполнен, смотрите «Сверку»",
    "running": "ещё выполняется, смотрите его в Airflow",
    "queued": "ещё ждёт своей очереди, смотрите его в Airflow",
}


def run_step(api: AirflowApi, step: Step) -> tuple[str, bool]:
    """The state in which the step's run ended, and whether it was not over before.

    SystemExit, in Russian, where `make phase` runs the phase at this moment.
    """
    if not wait_until(lambda: _is_known(api, step.phase), KNOWN_SECONDS):
        return "не начат: такого DAG в Airflow ещё нет, повторите make run", False
    api.send("PATCH", f"/dags/{step.phase}", {"is_paused": False})
    run = _run_of(api, step)
    if run is not None and run["state"] in {"success", "failed"}:
        return str(run["state"]), False  # of an earlier session: nothing to show again
    with phase_alone(DEMO_PLAN, step.phase):
        return _carry_out(api, step, run), True


def _carry_out(api: AirflowApi, step: Step, run: dict[str, Any] | None) -> str:
    put_files(step.until)
    if run is None:
        _start(api, step)
    # Airflow forgets the display name of all mapped instances but the first.
    names = {
        task["task_id"]: task["task_display_name"]
        for task in api.get(f"/dags/{step.phase}/tasks")["tasks"]
    }
    seen: dict[tuple[str, int], str] = {}
    wait_until(lambda: _has_ended(api, step, names, seen), RUN_SECONDS, every=3)
    run = _run_of(api, step)
    return str(run["state"]) if run else "не начат"


def start_daily(api: AirflowApi) -> tuple[str, ...]:
    """Let the DAGs that run by themselves, every working day or minute by minute, do so; their
    names and hours, in Russian."""
    started = []
    for dag_id in DAILY:
        if wait_until(lambda dag=dag_id: _is_known(api, dag), KNOWN_SECONDS):  # type: ignore[misc]
            dag = api.send("PATCH", f"/dags/{dag_id}", {"is_paused": False})
            hours = dag["timetable_description"]
            started.append(f"{dag['dag_display_name']} — {hours[:1].lower()}{hours[1:]}")
    return tuple(started)


def _start(api: AirflowApi, step: Step) -> None:
    if step.run_id is None:
        backfill = {
            "dag_id": step.phase,
            "from_date": WINDOW[0],
            "to_date": WINDOW[1],
            "reprocess_behavior": "none",
            "max_active_runs": 1,
        }
        api.send("POST", "/backfills", backfill)
        return
    triggered = {
        "dag_run_id": step.run_id,
        "logical_date": None,
        "conf": {"plan": DEMO_PLAN, "reason": REASON},
    }
    api.send("POST", f"/dags/{step.phase}/dagRuns", triggered)


def _is_known(api: AirflowApi, dag_id: str) -> bool:
    return any(dag["dag_id"] == dag_id for dag in api.get("/dags")["dags"])


def _run_of(api: AirflowApi, step: Step) -> dict[str, Any] | None:
    """The step's run: that of its id, else the phase's one backfill of the year."""
    for run in api.get(f"/dags/{step.phase}/dagRuns?limit=100")["dag_runs"]:
        if step.run_id is None:
            if run["run_type"] == "backfill":
                return dict(run)
        elif run["dag_run_id"] == step.run_id:
            return dict(run)
    return None


def _has_ended(
    api: AirflowApi, step: Step, names: dict[str, str], seen: dict[tuple[str, int], str]
) -> bool:
    run = _run_of(api, step)
    if run is None:
        return False
    tasks = api.get(f"/dags/{step.phase}/dagRuns/{run['dag_run_id']}/taskInstances?limit=200")
    for task in tasks["task_instances"]:
        key, state = (task["task_id"], task["map_index"]), task["state"] or ""
        if state in {"success", "failed", "up_for_retry"} and seen.get(key) != state:
            seen[key] = state
            label = task.get("rendered_map_index") or ""
            mark = {"success": "✓", "failed": "✕"}.get(state, "…")
            print(f"  {mark} {names[task['task_id']]}  {label}", flush=True)
    return run["state"] in {"success", "failed"}
