"""How a task of ours fails: its sentence stands in the log whole, before Airflow's own lines.

Airflow's page cuts the line of an error at its edge and sets an English traceback below.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow.sdk.exceptions import AirflowException, AirflowFailException

log = logging.getLogger("roadmap")


def level(needs_action: object) -> int:
    """WARNING for a line that asks somebody to act: the log's page shows it as such."""
    return logging.WARNING if needs_action else logging.INFO


def failed(sentence: str) -> AirflowFailException:
    """To be raised where only a person can mend it: the task is not tried again."""
    from airflow.sdk.exceptions import AirflowFailException

    log.error(sentence)
    return AirflowFailException(sentence)


def to_be_tried_again(sentence: str) -> AirflowException:
    """To be raised where it may mend itself: Airflow tries the task again."""
    from airflow.sdk.exceptions import AirflowException

    log.error(sentence)
    return AirflowException(sentence)
