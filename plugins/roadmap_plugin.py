"""The one Airflow plugin: registers, does nothing else."""

from __future__ import annotations

from airflow.plugins_manager import AirflowPlugin

from roadmap_airflow import run_note
from roadmap_airflow.hosts import OwnHosts
from roadmap_airflow.timetable import TIMETABLES


class RoadmapPlugin(AirflowPlugin):
    # Airflow declares them as instance variables.
    name = "roadmap"
    listeners = [run_note]  # noqa: RUF012
    timetables = list(TIMETABLES)  # noqa: RUF012
    fastapi_root_middlewares = [{"name": "own hosts", "middleware": OwnHosts}]  # noqa: RUF012
