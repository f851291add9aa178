"""The one place of the seam that reads the clock; the library is told the time."""

from __future__ import annotations

import time
from datetime import datetime

from roadmap_airflow.defaults import HOME_ZONE


def now_ms() -> int:
    """UTC milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def now() -> datetime:
    """This moment in the latest plan's zone, aware."""
    return datetime.fromtimestamp(now_ms() / 1000, HOME_ZONE)
