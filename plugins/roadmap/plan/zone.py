"""The zone of moments that belong to no one plan, as in the operator's texts: the latest plan's."""

from __future__ import annotations

from functools import cache
from zoneinfo import ZoneInfo

from roadmap.plan.load import load_plans


@cache
def home_zone() -> ZoneInfo:
    """Read once per process; without a valid plan it is that of Moscow."""
    plans, _ = load_plans()
    return plans[-1].zone if plans else ZoneInfo("Europe/Moscow")
