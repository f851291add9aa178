"""What a person decides in Airflow, in the words of the forms, of letters and of the guide, and the
reason that every decision has.

Forms are built whenever Airflow parses a DAG's file, so nothing here loads a database or a plan.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

SendingAction = Literal["stop", "start", "go_on"]
SENDING_ACTIONS: Mapping[SendingAction, str] = MappingProxyType(
    {
        "stop": "остановить всю отправку",
        "start": "продолжить всю отправку",
        "go_on": "продолжить приостановленную рассылку",
    }
)
LetterDecision = Literal["arrived", "resend", "give_up", "send_again"]
LETTER_DECISIONS: Mapping[LetterDecision, str] = MappingProxyType(
    {
        "arrived": "дошло",
        "resend": "не дошло, отправить",
        "give_up": "не знаем, не отправлять",
        "send_again": "отказ устранён, отправить снова",
    }
)
# From which state of a letter into which each decision led.
LETTER_DECISION_OF: Mapping[tuple[str, str], LetterDecision] = MappingProxyType(
    {
        ("unknown", "accepted"): "arrived",
        ("unknown", "retry"): "resend",
        ("unknown", "cancelled"): "give_up",
        ("rejected", "retry"): "send_again",
        ("exhausted", "retry"): "send_again",
    }
)
FileDecision = Literal["replace", "add", "keep"]
FILE_DECISIONS: Mapping[FileDecision, str] = MappingProxyType(
    {"replace": "заменить", "add": "дополнить", "keep": "оставить прежний"}
)
FILE_CODE_SHOWN = 8  # characters of a held file's id by which a person names it

SHORTEST_REASON, LONGEST_REASON = 3, 300


class DecisionRefused(ValueError):
    """The decision is not taken; the message says, in Russian, why and what to do."""


def checked_reason(reason: str) -> str:
    """The reason in one line; DecisionRefused where it says nothing or holds an address."""
    said = " ".join(reason.split())
    if len(said) < SHORTEST_REASON or not any(sign.isalnum() for sign in said):
        raise DecisionRefused("Решение не принято: напишите причину, хотя бы одно слово.")
    if len(said) > LONGEST_REASON or not said.isprintable():
        raise DecisionRefused(
            f"Решение не принято: причина — не больше {LONGEST_REASON} знаков, без невидимых."
        )
    if "@" in said:
        raise DecisionRefused("Решение не принято: уберите из причины адрес электронной почты.")
    return said
