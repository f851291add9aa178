"""What became of one recipient's letter, or what it waits for: worked out here and nowhere else.

The account of a run, the chain of «why» and the alarms are views of it. Its words stand in
include/templates/delivery/_fate.j2, one home for all three.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Protocol

from roadmap.delivery.ledger import moves, refusals
from roadmap.delivery.ledger.brakes import Brakes
from roadmap.delivery.letters import planning
from roadmap.delivery.letters.operator_text import say
from roadmap.delivery.letters.planning import NO_RECIPIENT
from roadmap.plan.zone import occasion_time

_WORDS = "delivery/_fate.j2"


class Fate(StrEnum):
    """Where a recipient's letter stands; the values are the names that templates ask for."""

    UNDECIDED = "undecided"  # the run broke off before it decided about a letter
    NO_CONTACT = "no_contact"
    NOT_ALLOWED = "not_allowed"  # the address's domain
    SHARED = "shared"  # another municipality names the same mailbox
    HELD_BACK = "held_back"  # figures disagree, another's school, too long a letter
    BLOCKED = "blocked"  # the reason is the run's
    SAME_CONTENT = "same_content"  # the recipient has it
    AWAITS_APPROVAL = "awaits_approval"
    AWAITS_RUN = "awaits_run"  # which has not come to its approval yet
    OFF = "off"
    PAUSED = "paused"
    BREAKER = "breaker"
    RETRY = "retry"
    QUEUED = "queued"
    IN_FLIGHT = "in_flight"
    INACTIVE = "inactive"  # the address is no longer valid
    REPLACED = "replaced"  # another address took its place before the letter left
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    STOPPED = "stopped"
    GIVEN_UP = "given_up"
    EXHAUSTED = "exhausted"
    SPOILT = "spoilt"  # the frozen bytes were changed
    TOO_LARGE = "too_large"  # for the mail server
    UNKNOWN = "unknown"
    REJECTED = "rejected"  # for its recipient's address
    MAILBOX_FULL = "mailbox_full"
    REFUSED_CONTENT = "refused_content"
    REFUSED_US = "refused_us"  # before such refusals stopped sending
    BOUNCED = "bounced"
    ACCEPTED = "accepted"


class Letter(Protocol):
    """What the ledger's row says of a letter; `is_given_up`: a person decided not to send it."""

    state: str
    mode: str
    occasion: str
    last_code: int | None
    last_detail: str | None
    last_phase: str | None  # of its last event
    not_before_ms: int
    expires_ms: int
    is_released: bool  # by its run
    is_active: bool  # the recipient may be written to
    is_given_up: bool


def fate_of_outcome(row: Any | None, standing: Brakes, now_ms: int) -> Fate:
    """What became of one expected recipient of a run.

    `row`: of delivery/outcomes_of_run, None where the run decided nothing. A decision without
    its letter in the ledger is none.
    """
    if row is None:
        return Fate.UNDECIDED
    if row.outcome == "blocked":
        return _blocked(row.reason or "", row.recipient_id)
    if row.outcome == "suppressed":
        return Fate.BOUNCED if row.state == "bounced" else Fate.SAME_CONTENT
    return Fate.UNDECIDED if row.state is None else fate_of_letter(row, standing, now_ms)


def fate_of_letter(letter: Letter, standing: Brakes, now_ms: int) -> Fate:
    """What became of a letter of the ledger; of one in the queue, what it waits for.

    Moments are UTC epoch milliseconds.
    """
    match letter.state:
        case "ready" | "retry":
            return _what_it_waits_for(letter, standing, now_ms)
        case "rejected":
            return _refused(letter)
        case "cancelled":
            gone = Fate.GIVEN_UP if letter.is_given_up else Fate.STOPPED
            return _CANCELLED.get(letter.last_detail or "", gone)
        case state:
            return _OF_STATE[state]


_OF_STATE: Mapping[str, Fate] = {
    "held": Fate.AWAITS_APPROVAL,
    "claimed": Fate.IN_FLIGHT,
    "in_doubt": Fate.IN_FLIGHT,
    "unknown": Fate.UNKNOWN,
    "exhausted": Fate.EXHAUSTED,
    "bounced": Fate.BOUNCED,
    "accepted": Fate.ACCEPTED,
}
_REFUSED: Mapping[str, Fate] = {
    refusals.NOT_ALLOWED: Fate.NOT_ALLOWED,
    refusals.SHARED: Fate.SHARED,
    refusals.SPOILT: Fate.SPOILT,
    refusals.TOO_LARGE: Fate.TOO_LARGE,
}
_ABOUT: Mapping[refusals.About, Fate] = {
    refusals.About.RECIPIENT: Fate.REJECTED,
    refusals.About.MAILBOX_FULL: Fate.MAILBOX_FULL,
    refusals.About.CONTENT: Fate.REFUSED_CONTENT,
    refusals.About.SIZE: Fate.TOO_LARGE,
    refusals.About.US: Fate.REFUSED_US,
}
_CANCELLED: Mapping[str, Fate] = {
    "superseded": Fate.SUPERSEDED,
    "expired": Fate.EXPIRED,
    "recipient_inactive": Fate.INACTIVE,
    moves.RECIPIENT_REPLACED: Fate.REPLACED,
    "campaign_stopped": Fate.STOPPED,
}


def _refused(letter: Letter) -> Fate:
    """By ourselves, or by the mail server; then what its words speak of."""
    by_us = refusals.ours(letter.last_detail, letter.last_code)
    if by_us is not None:
        return _REFUSED[by_us]
    if letter.last_code is None:
        return Fate.REJECTED
    phase = letter.last_phase or "rcpt"
    return _ABOUT[refusals.about(phase, letter.last_code, letter.last_detail or "")]


def _blocked(reason: str, recipient_id: str) -> Fate:
    if recipient_id == NO_RECIPIENT:
        return Fate.NO_CONTACT
    if reason == planning.NOT_ALLOWED:
        return Fate.NOT_ALLOWED
    if reason == planning.SHARED:
        return Fate.SHARED
    if reason == planning.GIVEN_UP:
        return Fate.GIVEN_UP
    return Fate.HELD_BACK if reason.startswith(planning.HELD_BACK) else Fate.BLOCKED


def _what_it_waits_for(letter: Letter, standing: Brakes, now_ms: int) -> Fate:
    """Of a letter in the queue: the brake that holds it, or its own wait."""
    if letter.expires_ms <= max(now_ms, letter.not_before_ms):
        return Fate.EXPIRED  # over, or over before its next try
    if letter.mode == "live" and not letter.is_active:
        return Fate.INACTIVE
    if standing.is_off:
        return Fate.OFF
    if standing.holds(letter.occasion, letter.mode):
        return Fate.PAUSED
    if not letter.is_released:
        return Fate.AWAITS_RUN
    if standing.breaker_until_ms is not None and letter.mode != "dry":
        return Fate.BREAKER
    return Fate.RETRY if letter.not_before_ms > now_ms else Fate.QUEUED


def cause(fate: Fate, letter: Any, standing: Brakes) -> str:
    """What happened, to be said in mid-sentence.

    `letter`: a row of the ledger with its `occasion` and `mode`.
    """
    paused = standing.paused.get((letter.occasion, letter.mode))
    return say(_WORDS, "cause", occasion_time(letter.occasion), fate, letter, standing, paused)


def sentence(fate: Fate, letter: Any, standing: Brakes) -> str:
    """What happened and what the operator does about it: Russian sentences in one line."""
    what = cause(fate, letter, standing)
    return f"{what[:1].upper()}{what[1:]}. {advice(fate, letter)}"


def advice(fate: Fate, letter: Any) -> str:
    """What the operator does about it, where nothing is known of the phase's form."""
    return say(
        _WORDS,
        "advice",
        occasion_time(letter.occasion),
        fate,
        letter,
        "запустите этап для этого муниципалитета",
    )
