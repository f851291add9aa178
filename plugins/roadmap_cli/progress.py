"""A listener of Airflow that prints what a foreground run is doing."""

from __future__ import annotations

import time
import traceback
from typing import Any

from airflow.listeners import hookimpl
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from roadmap_cli.environment import VAR

ERRORS = VAR / "logs" / "phase-errors.log"

_started: dict[Any, float] = {}


@hookimpl
def on_task_instance_running(previous_state: Any, task_instance: Any) -> None:
    _started[task_instance.id] = time.monotonic()


@hookimpl
def on_task_instance_success(previous_state: Any, task_instance: Any) -> None:
    _say("✓", task_instance)


@hookimpl
def on_task_instance_failed(previous_state: Any, task_instance: Any, error: Any) -> None:
    _say("✕", task_instance)
    if type(error) in (AirflowException, AirflowFailException):
        return  # a sentence of ours: the task has logged it, it stands above
    ERRORS.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with ERRORS.open("a", encoding="utf-8") as details:
        is_error = isinstance(error, BaseException)
        details.writelines(traceback.format_exception(error) if is_error else f"{error}\n")
    print(f"      Ошибка программы. Перешлите в поддержку файл {ERRORS}", flush=True)


def _say(mark: str, task_instance: Any) -> None:
    seconds = time.monotonic() - _started.get(task_instance.id, time.monotonic())
    label = getattr(task_instance, "rendered_map_index", None)
    name = getattr(getattr(task_instance, "task", None), "task_display_name", None)
    words = [name or task_instance.task_id, label, f"{seconds:.1f} с".replace(".", ",")]
    print(f"  {mark} {'  '.join(word for word in words if word)}", flush=True)
