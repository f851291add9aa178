"""What a person decides about a letter, with a reason: T12, T13, T14 and T20.

The machine never sends a letter of unknown outcome again by itself. A person who has looked it
up on the mail server's side may say that it arrived, that it did not (then the same bytes go out
once more, under the same Message-ID), or that nobody knows and nothing more is sent. Nor does
the machine try again what the mail server refused for good, or what used up its tries: a person
who has mended the cause may say that the same bytes are to go. While sending is stopped because
the database was put back from a copy, a letter that waits may have gone as well, and be settled.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import IntegrityError

from roadmap.decision import (
    LETTER_DECISION_OF,
    LETTER_DECISIONS,
    DecisionRefused,
    LetterDecision,
    checked_reason,
)
from roadmap.delivery.ledger import brakes, moves, refusals
from roadmap.delivery.ledger.moves import Clock, db_now_ms
from roadmap.delivery.letters.operator_text import say
from roadmap.plan.zone import occasion_time
from roadmap.store.sql import sql

_MOVES: Mapping[LetterDecision, str] = MappingProxyType(
    {
        "arrived": "accept_by_proof",
        "resend": "resend",
        "give_up": "give_up",
        "send_again": "resume",
    }
)
# A sender that was frozen at the dot may still wake up; resend.sql holds the same.
RESEND_AFTER_MS = 900_000
_WAITING = moves.MOVES["doubt_restored"].sources
EXPIRY_MS = 5 * 24 * 3_600_000


class SettleRefused(DecisionRefused):
    """This letter is not settled so; the message says, in Russian, why and what to do."""


@dataclass(frozen=True)
class Settlement:
    """What was decided about which letter; ids and words, no addresses."""

    delivery_id: str
    run_id: str
    municipality_id: str
    name: str  # of the municipality, as the registry and the letters to the operator call it
    occasion: str
    mode: str
    revision: int
    decision: LetterDecision
    state: str  # the letter's state now

    @property
    def is_to_be_sent(self) -> bool:
        return self.decision in ("resend", "send_again")


def settle(
    engine: Engine,
    message_id: str,
    decision: LetterDecision,
    *,
    actor: str,
    reason: str,
    municipality_id: str | None = None,
    expiry_ms: int = EXPIRY_MS,
    clock: Clock = db_now_ms,
) -> Settlement:
    """Settle the letter of that Message-ID (with or without <>) by a person's decision.

    `municipality_id` is a second check of whose letter it is meant to be. A letter to be sent
    again has `expiry_ms` for it. SettleRefused where there is no such letter, it is another
    municipality's, it is not (any more) as the decision says, a newer one stands in its place,
    a resend comes too early or would reach nobody; DecisionRefused where the reason says
    nothing. Then nothing was changed.
    """
    reason = checked_reason(reason)
    with engine.begin() as db:
        now_ms = clock(db)
        letter = _find(db, message_id)
        is_waiting = letter.state in _WAITING and decision in ("arrived", "give_up")
        if is_waiting and brakes.standing(db, now_ms).is_restored:
            # What the ledger calls waiting may have gone: nobody but a person can tell (T19).
            moves.move(
                db, "doubt_restored", letter.delivery_id, letter.state,
                now_ms=now_ms, actor=actor, phase="settle", detail=f"operator: {reason}",
            )  # fmt: skip
            letter = _find(db, message_id)
        _refuse(letter, decision, municipality_id, now_ms)
        step = _MOVES[decision]
        try:
            is_done = moves.move(
                db, step, letter.delivery_id, letter.state,
                now_ms=now_ms, actor=actor, phase="settle", detail=f"operator: {reason}",
                expires_ms=now_ms + expiry_ms,
            )  # fmt: skip
        except IntegrityError:  # I3: a run has planned a newer one since the look
            raise SettleRefused(_NEWER) from None
        if not is_done:  # somebody was first between the look and the move
            raise SettleRefused(_already(_find(db, message_id)))
    return Settlement(
        delivery_id=letter.delivery_id,
        run_id=letter.run_id,
        municipality_id=letter.municipality_id,
        name=letter.name,
        occasion=letter.occasion,
        mode=letter.mode,
        revision=letter.revision,
        decision=decision,
        state=moves.MOVES[step].target,
    )


def _find(db: Connection, message_id: str) -> Any:
    bare = message_id.strip().removeprefix("<").removesuffix(">")
    letter = db.execute(
        sql("delivery/letter_by_message_id"), {"message_id": f"<{bare}>"}
    ).one_or_none()
    if letter is None:
        raise SettleRefused(
            "Письма с таким Message-ID нет. Скопируйте его целиком из письма оператору или из "
            "журнала «Сверки»."
        )
    return letter


def _refuse(
    letter: Any, decision: LetterDecision, municipality_id: str | None, now_ms: int
) -> None:
    if letter.mode == moves.OPERATOR:
        raise SettleRefused(
            "Это письмо оператору: решать о нём нечего, снова оно не уйдёт. О чём оно, сказано в "
            "журналах красных задач и «Сверки»."
        )
    if municipality_id is not None and municipality_id != letter.municipality_id:
        raise SettleRefused(
            f"Решение не принято: это письмо другого муниципалитета — {letter.name}. Проверьте "
            "Message-ID."
        )
    if letter.state not in moves.MOVES[_MOVES[decision]].sources:
        raise SettleRefused(_already(letter))
    if decision not in ("resend", "send_again"):
        return
    if letter.newer is not None:
        raise SettleRefused(_NEWER)
    if refusals.ours(letter.last_detail, letter.last_code) == refusals.SPOILT:
        raise SettleRefused("Письмо в базе изменено, оно не уйдёт: сообщите в поддержку.")
    earliest_ms = letter.updated_ms + RESEND_AFTER_MS
    if decision == "resend" and now_ms < earliest_ms:
        raise SettleRefused(
            "Отправить снова можно не раньше чем через 15 минут: письмо ещё может дойти. "
            f"Повторите решение после {_moment(letter, earliest_ms, '%H:%M:%S')}."
        )
    if letter.mode == "live" and not letter.active:
        raise SettleRefused(
            "Адрес этого письма больше не действует, снова оно не уйдёт. "
            + ("Выберите «не знаем, не отправлять» и з" if decision == "resend" else "З")
            + "апустите этап для этого муниципалитета."
        )


_INSTEAD: Mapping[str, str] = MappingProxyType(
    {
        "unknown": "выберите «дошло», «не дошло, отправить» или «не знаем, не отправлять»",
        "rejected": f"устранили причину — выберите «{LETTER_DECISIONS['send_again']}»",
        "exhausted": f"устранили причину — выберите «{LETTER_DECISIONS['send_again']}»",
    }
)
_NEWER = (
    "Снова это письмо не уйдёт: этому получателю составлено более новое. Решайте о нём, его"
    " Message-ID — в письме оператору."
)


def _already(letter: Any) -> str:
    state = say(
        "delivery/_why.j2", "state", occasion_time(letter.occasion), letter.state, letter.mode
    )
    now = f"состояние письма — «{state}» с {_moment(letter, letter.updated_ms)}"
    if letter.state in _INSTEAD:
        return f"Так решить нельзя: {now}; {_INSTEAD[letter.state]}."
    if letter.last_phase == "settle":
        word = LETTER_DECISIONS[LETTER_DECISION_OF[letter.last_from, letter.state]]
        return f"Решать нечего: уже решено «{word}», {now}."
    return f"Решать нечего: {now}."


def _moment(letter: Any, moment_ms: int, clock: str = "%H:%M") -> str:
    """In the time of the plan that the letter is of."""
    there = occasion_time(letter.occasion)
    return f"{there.at(moment_ms).strftime(f'%d.%m.%Y, {clock}')} ({there.name})"
