"""The one Airflow plugin: registers, does nothing else."""

from __future__ import annotations

from airflow.plugins_manager import AirflowPlugin

from roadmap_airflow.timetable import PhaseTimetable, WorkingDayTimetable


class RoadmapPlugin(AirflowPlugin):
    name = "roadmap"
    timetables = [PhaseTimetable, WorkingDayTimetable]  # noqa: RUF012 - Airflow declares it as an instance variable
