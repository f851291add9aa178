"""What every decision of a person has: a reason that may be kept for good."""

from __future__ import annotations

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
