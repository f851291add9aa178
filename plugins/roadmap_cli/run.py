"""`make run`: a whole Airflow with the demo year, a mailbox, and March's letters in it."""

from __future__ import annotations

import argparse
import time
from typing import Any

from roadmap_cli.airflow_api import AirflowApi, wait_until
from roadmap_cli.environment import VAR, Ports, demo_environment
from roadmap_cli.processes import background, interrupt_once, is_free, python
from roadmap_cli.setup import make_ready

START_SECONDS = 300
RUN_SECONDS = 1800
DAG = "march_analysis"
WINDOW = ("2021-01-01T00:00:00+03:00", "2021-12-31T23:59:59+03:00")


def main() -> None:
    parser = argparse.ArgumentParser(description="Run the demo with the Airflow UI")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--once", action="store_true", help="stop when the phase run has ended")
    arguments = parser.parse_args()
    ports = Ports(arguments.port)
    interrupt_once()
    try:
        raise SystemExit(run(ports, once=arguments.once))
    except KeyboardInterrupt:
        print("\nОстановлено. «make run» продолжит с этого места и ничего не отправит повторно.")


def run(ports: Ports, *, once: bool) -> int:
    """Start everything, run March once, wait until interrupted; 0 when the run is green."""
    taken = [str(port) for port in ports.all if not is_free(port)]
    if taken:
        print(f"Порты заняты: {', '.join(taken)}. Укажите другой: make run PORT=8180")
        return 2
    env = demo_environment(VAR / "airflow", ports)
    make_ready(env)
    mailbox = python(
        "roadmap_demo.mailbox", "--port", str(ports.mail), "--folder", str(VAR / "mailbox")
    )
    logs = VAR / "logs"
    with (
        background(mailbox, env, logs / "mailbox.log"),
        background(["airflow", "standalone"], env, logs / "airflow.log") as airflow,
    ):
        api = AirflowApi(f"http://127.0.0.1:{ports.ui}")
        print("Запускаем Airflow…", flush=True)
        started = wait_until(lambda: airflow.poll() is not None or api.is_healthy(), START_SECONDS)
        if not started or airflow.poll() is not None:
            print(f"Airflow не запустился. Журнал: {logs / 'airflow.log'}")
            return 1
        state = phase_state(api)
        print(f"\nAirflow:   {api.base} (без пароля, только с этого компьютера)")
        print(f"Письма:    {VAR / 'mailbox'} — файлы .eml открывает любая почтовая программа")
        print(f"Этап «Март: комплексный анализ» 2021 года: {STATES.get(state, state)}\n")
        if once:
            return 0 if state == "success" else 1
        print("Остановить: Ctrl-C", flush=True)
        while airflow.poll() is None:
            time.sleep(1)
        print(f"Airflow остановился сам. Журнал: {logs / 'airflow.log'}")
        return 1


STATES = {"success": "выполнен", "failed": "не выполнен, смотрите «Сверку»"}


def phase_state(api: AirflowApi) -> str:
    """Backfill March of 2021 if it has never run, wait for its end, return its state."""
    found = wait_until(lambda: _dag_is_known(api), START_SECONDS)
    if not found:
        return "DAG не найден"
    api.send("PATCH", f"/dags/{DAG}", {"is_paused": False})
    if not _runs(api):
        api.send(
            "POST",
            "/backfills",
            {
                "dag_id": DAG,
                "from_date": WINDOW[0],
                "to_date": WINDOW[1],
                "reprocess_behavior": "none",
                "max_active_runs": 1,
            },
        )
    # Airflow forgets the display name of all mapped instances but the first.
    names = {
        task["task_id"]: task["task_display_name"]
        for task in api.get(f"/dags/{DAG}/tasks")["tasks"]
    }
    seen: dict[tuple[str, int], str] = {}
    wait_until(lambda: _has_ended(api, names, seen), RUN_SECONDS, every=2)
    runs = _runs(api)
    return str(runs[0]["state"]) if runs else "не начат"


def _dag_is_known(api: AirflowApi) -> bool:
    return any(dag["dag_id"] == DAG for dag in api.get("/dags")["dags"])


def _runs(api: AirflowApi) -> list[dict[str, Any]]:
    return list(api.get(f"/dags/{DAG}/dagRuns?run_type=backfill")["dag_runs"])


def _has_ended(api: AirflowApi, names: dict[str, str], seen: dict[tuple[str, int], str]) -> bool:
    runs = _runs(api)
    if not runs:
        return False
    run = runs[0]
    if run["state"] == "success" and not seen:
        return True  # ended in an earlier session: nothing to show again
    tasks = api.get(f"/dags/{DAG}/dagRuns/{run['dag_run_id']}/taskInstances?limit=200")
    for task in tasks["task_instances"]:
        key, state = (task["task_id"], task["map_index"]), task["state"] or ""
        if state in {"success", "failed", "up_for_retry"} and seen.get(key) != state:
            seen[key] = state
            label = task.get("rendered_map_index") or ""
            mark = {"success": "✓", "failed": "✕"}.get(state, "…")
            print(f"  {mark} {names[task['task_id']]}  {label}", flush=True)
    return run["state"] in {"success", "failed"}


if __name__ == "__main__":
    main()
