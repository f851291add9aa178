"""The time of moments that belong to no one plan, and of occasions known by name only."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from roadmap.paths import PLANS
from roadmap.plan.load import load_plans
from roadmap.plan.region import LocalTime

# Where no plan can be read an alarm has to leave all the same, at some hour.
WITHOUT_A_PLAN = LocalTime(ZoneInfo("Europe/Moscow"), "МСК")


def home_time(folder: Path = PLANS) -> LocalTime:
    """The latest valid plan's."""
    return next(reversed(_by_code(folder).values()), WITHOUT_A_PLAN)


def occasion_time(occasion: str, folder: Path = PLANS) -> LocalTime:
    """That of the plan of the occasion («2021/march_analysis»), else the latest valid plan's."""
    return _by_code(folder).get(occasion.partition("/")[0], home_time(folder))


@cache
def _by_code(folder: Path) -> dict[str, LocalTime]:
    """Read once per process, like all that DAG files need to be parsed."""
    plans, _ = load_plans(folder)
    return {plan.code: plan.local_time for plan in plans}
