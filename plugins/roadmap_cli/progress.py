"""A listener of Airflow that prints what a foreground run is doing."""

from __future__ import annotations

import time
from typing import Any

from airflow.listeners import hookimpl
from airflow.sdk.exceptions import AirflowException

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
    if isinstance(error, AirflowException):  # our own sentences; others stand in the log
        print(f"      {error}", flush=True)


def _say(mark: str, task_instance: Any) -> None:
    seconds = time.monotonic() - _started.get(task_instance.id, time.monotonic())
    label = getattr(task_instance, "rendered_map_index", None) or ""
    name = getattr(getattr(task_instance, "task", None), "task_display_name", None)
    took = f"{seconds:.1f}".replace(".", ",")
    print(f"  {mark} {name or task_instance.task_id}  {label}  {took} с", flush=True)
