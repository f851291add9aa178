"""What all our DAGs share: time zone, start, retries, limits, the alarm."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pendulum

from roadmap.delivery.settings import SOFT_DEADLINE_SECONDS, TASK_LIMIT_SECONDS
from roadmap.plan.zone import home_time
from roadmap_airflow.alerts import tell_of_failure

HOME_ZONE = pendulum.timezone(home_time().zone.key)

# Before the first interval of the first plan: a run whose interval begins earlier than the
# DAG's start_date would be green with no task at all.
START = pendulum.datetime(2021, 1, 1, tz=HOME_ZONE)

# Every task retries: one may fail before it starts, when the API server is busy.
DEFAULT_ARGS: dict[str, Any] = {
    "owner": "КОИРО",
    "retries": 3,
    "retry_delay": timedelta(seconds=20),
    "execution_timeout": timedelta(minutes=30),
    "on_failure_callback": tell_of_failure,
}

SMTP_POOL = "smtp"

# The waiting of `send` between attempts is Airflow's: about two hours in all, like greylisting.
SEND_RETRIES = 10
SEND_RETRY_DELAY = timedelta(seconds=30)
SEND_MAX_RETRY_DELAY = timedelta(minutes=30)
# The settings add up that the largest letter to the slowest server fits in between.
SEND_SOFT_DEADLINE = timedelta(seconds=SOFT_DEADLINE_SECONDS)
SEND_TIMEOUT = timedelta(seconds=TASK_LIMIT_SECONDS)


def documentation(docstring: str | None) -> str:
    """A DAG's docstring as Airflow shows it; its hours are those of the latest plan's zone."""
    return (docstring or "").format(time_zone_name=home_time().name)
