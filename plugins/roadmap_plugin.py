"""The one Airflow plugin: registers, does nothing else."""

from __future__ import annotations

from typing import Any, ClassVar

from airflow.plugins_manager import AirflowPlugin

from roadmap_airflow.timetable import PhaseTimetable


class RoadmapPlugin(AirflowPlugin):
    name = "roadmap"
    timetables: ClassVar[list[Any]] = [PhaseTimetable]
