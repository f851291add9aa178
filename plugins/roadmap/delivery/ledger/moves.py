"""The delivery ledger: every change of a letter's state, and nothing else, happens here.

A change is one short transaction: an UPDATE that names the state it was seen in (compare and
swap; no row changed means somebody else was first) and the row of `delivery_event` that tells
it. The tables' keys, checks and partial indexes refuse what must not be: two transmissions in
one epoch, two acceptances, an unlisted move, one municipality's bytes under another's name.

The moments come from the database's clock, so that leases of all machines mean the same.
T0-T20 are the transitions of the state machine; their UPDATEs lie in include/sql/delivery.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, Engine, Text, TextClause, bindparam
from sqlalchemy.exc import IntegrityError, OperationalError

from roadmap.delivery.ledger import refusals
from roadmap.delivery.settings import MOST_ATTEMPTS, PATIENCE
from roadmap.store.sql import sql

Clock = Callable[[Connection], int]

# A mode and, with it, the one addressee of its letters: no brake but the mail server's rest, the
# pace and a daily cap of its own holds them (docs/decisions/0028).
OPERATOR = "operator"
MODES = ("live", "redirect", "dry", OPERATOR)

LEASE_MS = PATIENCE.lease_ms
IN_DOUBT_LEASE_MS = PATIENCE.in_doubt_lease_ms
_KEEP_TRYING_SECONDS = 60.0
# `last_detail` of what the reaper cancelled.
EXPIRED = "expired"
RECIPIENT_REPLACED = "recipient_replaced"
# … of a try that outlasted its lease.
LEASE_OVER = "lease_over"


@dataclass(frozen=True)
class Move:
    """A transition: from which states, to which; its UPDATE is include/sql/delivery/<name>.sql."""

    number: str
    sources: tuple[str, ...]
    target: str


MOVES: Mapping[str, Move] = MappingProxyType(
    {
        "approve": Move("T1", ("held",), "ready"),
        "claim": Move("T2", ("ready", "retry"), "claimed"),
        "mark_in_doubt": Move("T3", ("claimed",), "in_doubt"),
        "accept": Move("T4", ("in_doubt",), "accepted"),
        "postpone": Move("T5, T6, T8", ("claimed", "in_doubt"), "retry"),
        "doubt": Move("T7", ("in_doubt",), "unknown"),
        "reject": Move("T9", ("claimed", "in_doubt"), "rejected"),
        "reap_claimed": Move("T10", ("claimed",), "retry"),
        "reap_exhausted": Move("T16", ("claimed",), "exhausted"),
        "reap_in_doubt": Move("T11", ("in_doubt",), "unknown"),
        "accept_by_proof": Move("T12", ("unknown",), "accepted"),
        "resend": Move("T13", ("unknown",), "retry"),
        "give_up": Move("T14", ("unknown",), "cancelled"),
        "cancel": Move("T15", ("held", "ready", "retry", "exhausted"), "cancelled"),
        "cancel_late": Move("T15", ("held", "ready", "retry"), "cancelled"),
        "cancel_replaced": Move("T15", ("held", "ready", "retry"), "cancelled"),
        "exhaust": Move("T16", ("claimed", "in_doubt"), "exhausted"),
        "bounce": Move("T17", ("accepted",), "bounced"),
        "release": Move("T18", ("claimed",), "ready"),
        "take_back": Move("T18", ("in_doubt",), "retry"),
        "doubt_restored": Move("T19", ("ready", "retry"), "unknown"),
        "resume": Move("T20", ("exhausted", "rejected"), "retry"),
    }
)


class UnknownMove(ValueError):
    """The state machine has no such transition."""


class DailyCapReached(RuntimeError):
    """More transmissions to one recipient in a day than the cap allows (I9)."""


@dataclass(frozen=True)
class ClaimScope:
    """Whose letters a sender may claim; None means all (as the delivery watch does)."""

    occasion: str | None = None
    mode: str | None = None
    municipalities: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Planned:
    """A letter to be written into the ledger: frozen bytes and their key.

    `run_id` is None of letters to the operator alone.
    """

    occasion: str
    mode: str
    municipality_id: str
    recipient_id: str
    revision: int
    content_sha256: str
    message_id: str
    rfc822: bytes = field(repr=False)
    payload_sha256: str
    run_id: str | None
    reason: str | None = None
    is_held: bool = False

    @property
    def delivery_id(self) -> str:
        return delivery_id(
            self.occasion, self.mode, self.municipality_id, self.recipient_id, self.revision
        )


@dataclass(frozen=True)
class Claim:
    """A letter in this sender's hands until its lease is over."""

    delivery_id: str
    token: str
    actor: str
    occasion: str
    mode: str
    municipality_id: str
    recipient_id: str
    address: str = field(repr=False)
    is_shared: bool  # a letter of another municipality waits for the same mailbox
    message_id: str
    payload_sha256: str
    rfc822: bytes = field(repr=False)
    attempts: int
    send_epoch: int
    expires_ms: int


def delivery_id(
    occasion: str, mode: str, municipality_id: str, recipient_id: str, revision: int
) -> str:
    """The key of a letter: 64 hex digits of what it is, never of when or by which run."""
    key = f"{occasion}|{mode}|{municipality_id}|{recipient_id}|{revision}"
    return hashlib.sha256(key.encode()).hexdigest()


def db_now_ms(db: Connection) -> int:
    """The database's clock, UTC epoch milliseconds."""
    return int(db.execute(sql(f"delivery/now_{db.dialect.name}")).scalar_one())


# -- The state machine -------------------------------------------------------------------------


def move(
    db: Connection,
    name: str,
    delivery_id: str,
    from_state: str,
    *,
    now_ms: int,
    actor: str,
    phase: str | None = None,
    code: int | None = None,
    detail: str | None = None,
    **values: Any,
) -> bool:
    """Make the transition `name` in the caller's transaction, and write its event.

    False when the letter is not as it was seen (fenced, taken, switched off): then nothing
    was changed. UnknownMove when there is no such transition from that state.
    """
    step = MOVES.get(name)
    if step is None or from_state not in step.sources:
        raise UnknownMove(f"no transition {name} from {from_state}")
    values |= {
        "delivery_id": delivery_id, "from_state": from_state, "to_state": step.target,
        "now_ms": now_ms, "actor": actor, "phase": phase, "code": code, "detail": detail,
    }  # fmt: skip
    if _execute(db, name, values) != 1:
        return False
    _execute(db, "write_event", values)
    return True


def _execute(db: Connection, name: str, values: Mapping[str, Any]) -> int:
    """How many rows the statement changed, given those of the values that it names."""
    statement = sql(f"delivery/{name}")
    wanted = statement.compile().params
    return db.execute(statement, {key: values[key] for key in wanted}).rowcount


def plan(db: Connection, letter: Planned, *, now_ms: int, expires_ms: int, actor: str) -> bool:
    """T0, in the caller's transaction: message, delivery and event; False: the key is taken."""
    state = "held" if letter.is_held else "ready"
    values = asdict(letter) | {
        "delivery_id": letter.delivery_id, "state": state, "expires_ms": expires_ms,
        "from_state": "new", "to_state": state, "now_ms": now_ms, "actor": actor,
        "phase": "plan", "code": None, "detail": letter.reason,
    }  # fmt: skip
    _execute(db, "plan_message", values)
    if _execute(db, "plan_delivery", values) != 1:
        return False
    _execute(db, "write_event", values)
    return True


@dataclass(frozen=True)
class HeldBatch:
    """The letters of an occasion that wait for approval, with one hash of all their bytes."""

    occasion: str
    mode: str
    letters: int
    sha256: str


class ApprovalMismatch(RuntimeError):
    """What waits for approval is not what was shown (any more): nothing was approved."""


def held_batch(db: Connection, occasion: str, mode: str) -> HeldBatch:
    """What a person is shown before approving it."""
    return _batch_of(occasion, mode, _held(db, occasion, mode))


def approve(
    engine: Engine,
    shown: HeldBatch,
    *,
    actor: str,
    reason: str | None = None,
    clock: Clock = db_now_ms,
) -> None:
    """T1: let exactly those letters go that were shown, all or none; ApprovalMismatch.

    So a second answer to one question, and an answer about letters that were written anew
    since, change nothing.
    """
    with engine.begin() as db:
        now_ms = clock(db)
        # Read once: what another planner commits later was not shown, so it is not approved.
        rows = _held(db, shown.occasion, shown.mode)
        waiting = _batch_of(shown.occasion, shown.mode, rows)
        if waiting != shown or not rows:
            raise ApprovalMismatch(f"{waiting.letters} letters wait, {shown.letters} were shown")
        approval_id = secrets.token_hex(16)
        db.execute(
            sql("delivery/write_approval"),
            {
                "approval_id": approval_id,
                "occasion": shown.occasion,
                "mode": shown.mode,
                "batch_sha256": shown.sha256,
                "reason": reason,
                "n": shown.letters,
                "actor": actor,
                "now_ms": now_ms,
            },
        )
        for row in rows:
            is_ready = move(
                db, "approve", row.delivery_id, "held",
                now_ms=now_ms, actor=actor, phase="approve", detail=reason,
                approval_id=approval_id,
            )  # fmt: skip
            if not is_ready:  # withdrawn since
                raise ApprovalMismatch(f"letter {row.delivery_id} is no longer held")


def _held(db: Connection, occasion: str, mode: str) -> Sequence[Any]:
    values = {"occasion": occasion, "mode": mode}
    return db.execute(sql("delivery/held_letters"), values).all()


def _batch_of(occasion: str, mode: str, rows: Sequence[Any]) -> HeldBatch:
    listed = "".join(f"{row.delivery_id} {row.payload_sha256}\n" for row in rows)
    return HeldBatch(occasion, mode, len(rows), hashlib.sha256(listed.encode()).hexdigest())


def broken_chains(db: Connection) -> tuple[str, ...]:
    """Ids of letters whose events do not explain their version and state (I10)."""
    return tuple(db.execute(sql("delivery/broken_chains")).scalars())


# -- What a sender does ------------------------------------------------------------------------


def claim(engine: Engine, scope: ClaimScope, actor: str, clock: Clock = db_now_ms) -> Claim | None:
    """T2: the next letter that is due, in this sender's hands; None when nothing is due."""
    while True:
        with engine.begin() as db:
            now_ms = clock(db)
            seen = _next_due(db, scope, now_ms)
            if seen is None:
                return None
            token = secrets.token_hex(16)
            is_ours = move(
                db, "claim", seen.delivery_id, seen.state,
                now_ms=now_ms, actor=actor, claim_token=token, lease_until_ms=now_ms + LEASE_MS,
            )  # fmt: skip
            if is_ours:
                asked = {"delivery_id": seen.delivery_id, "shared": refusals.SHARED}
                row = db.execute(sql("delivery/claimed_letter"), asked).one()
                return Claim(**row._mapping, token=token, actor=actor)


def is_any_due(engine: Engine, scope: ClaimScope, clock: Clock = db_now_ms) -> bool:
    """Is there a letter of the scope that may be claimed now?"""
    with engine.connect() as db, db.begin():
        return _next_due(db, scope, clock(db)) is not None


def _next_due(db: Connection, scope: ClaimScope, now_ms: int) -> Any:
    values = {"now_ms": now_ms, **_scope_values(scope)}
    return db.execute(_in_scope("delivery/claim_candidate"), values).first()


def extend_lease(engine: Engine, held: Claim, clock: Clock = db_now_ms) -> bool:
    """A new lease before a step that may take long; False when the old one was lost."""
    with engine.begin() as db:
        now_ms = clock(db)
        values = {"delivery_id": held.delivery_id, "claim_token": held.token, "now_ms": now_ms}
        values["lease_until_ms"] = now_ms + LEASE_MS
        return _execute(db, "extend_lease", values) == 1


def mark_in_doubt(engine: Engine, held: Claim, cap: int, clock: Clock = db_now_ms) -> float | None:
    """T3: commit that the letter may be going out; the final dot may follow, at once.

    Gives the monotonic second at which the lease was counted from, so that the caller can
    tell whether the process was frozen since; None when the letter is not ours any more or
    sending is switched off. DailyCapReached when the recipient had too many letters today.
    An error of the commit is the caller's: the dot is not sent then.
    """
    with engine.connect() as db, db.begin() as transaction:
        # Counted after the lock was taken, so that waiting for another writer does not count.
        counted_from = time.monotonic()
        now_ms = clock(db)
        _count_towards_daily_cap(db, held, cap, now_ms)
        is_marked = move(
            db, "mark_in_doubt", held.delivery_id, "claimed",
            now_ms=now_ms, actor=held.actor, phase="arm",
            claim_token=held.token, lease_until_ms=now_ms + IN_DOUBT_LEASE_MS,
        )  # fmt: skip
        if not is_marked:
            transaction.rollback()
    return counted_from if is_marked else None


def _count_towards_daily_cap(db: Connection, held: Claim, cap: int, now_ms: int) -> None:
    try:
        db.execute(sql("delivery/count_towards_daily_cap"), _fuse(held, now_ms) | {"cap": cap})
    except IntegrityError as refused:
        raise DailyCapReached(held.recipient_id) from refused


def _uncount_towards_daily_cap(db: Connection, held: Claim) -> None:
    """Nothing was taken: the transmission no longer counts to the day on which it was armed."""
    armed = {"delivery_id": held.delivery_id, "send_epoch": held.send_epoch}
    armed_ms = db.execute(sql("delivery/marked_ms"), armed).scalar_one()
    db.execute(sql("delivery/uncount_towards_daily_cap"), _fuse(held, armed_ms))


def _fuse(held: Claim, at_ms: int) -> dict[str, str]:
    # Test letters are counted apart: a rehearsal does not use up the cap of live letters.
    prefix = "" if held.mode == "live" else f"{held.mode}:"
    day = datetime.fromtimestamp(at_ms / 1000, UTC).date().isoformat()
    return {"scope": f"{prefix}rcpt:{held.recipient_id}", "day": day}


def accept(engine: Engine, held: Claim, code: int, detail: str, clock: Clock = db_now_ms) -> bool:
    """T4: the server took the letter. Tried for a minute, for it must not be forgotten.

    Where the lease was over and the reaper has written `unknown`, the reply in our hands is
    proof (T12). False when the letter is in neither state.
    """

    def write(db: Connection) -> bool:
        now_ms = clock(db)
        return move(
            db, "accept", held.delivery_id, "in_doubt", now_ms=now_ms, actor=held.actor,
            phase="dot", code=code, detail=detail, claim_token=held.token,
        ) or move(
            db, "accept_by_proof", held.delivery_id, "unknown", now_ms=now_ms,
            actor=held.actor, phase="dot", code=code, detail=f"late_reply: {detail}",
        )  # fmt: skip

    return _insist(engine, write)


def accept_by_receipt(engine: Engine, held: Claim, detail: str, clock: Clock = db_now_ms) -> bool:
    """The letter in hand turns out to be with the mail server: given back, doubted, accepted.

    T18, T19 and T12 in one transaction, so that nobody takes it between; False when it is not
    ours any more.
    """
    steps = (("release", "claimed"), ("doubt_restored", "ready"), ("accept_by_proof", "unknown"))

    def write(db: Connection) -> bool:
        now_ms = clock(db)
        return all(
            move(
                db, name, held.delivery_id, state, now_ms=now_ms, actor=held.actor,
                phase="arm", detail=detail, claim_token=held.token, not_before_ms=now_ms,
            )
            for name, state in steps
        )  # fmt: skip

    return _insist(engine, write)


def settle(
    engine: Engine,
    held: Claim,
    name: str,
    from_states: tuple[str, ...],
    *,
    phase: str,
    code: int | None = None,
    detail: str | None = None,
    wait_ms: int = 0,
    clock: Clock = db_now_ms,
) -> bool:
    """One of postpone, doubt, reject, exhaust, release, take_back; False: it is not ours.

    Several `from_states` are tried in their order: after a commit of unknown outcome nobody
    knows whether the letter is still `claimed` or already `in_doubt` (T6, then T8).
    """

    def write(db: Connection) -> bool:
        now_ms = clock(db)
        is_done = any(
            move(
                db, name, held.delivery_id, state, now_ms=now_ms, actor=held.actor,
                phase=phase, code=code, detail=detail,
                claim_token=held.token, not_before_ms=now_ms + wait_ms,
            )
            for state in from_states
        )  # fmt: skip
        if is_done and name == "take_back":
            _uncount_towards_daily_cap(db, held)
        return is_done

    return _insist(engine, write)


def _insist(engine: Engine, write: Callable[[Connection], bool]) -> bool:
    """Write, and try again for a minute while the database does not answer."""
    give_up = time.monotonic() + _KEEP_TRYING_SECONDS
    pause = 0.2
    while True:
        try:
            with engine.begin() as db:
                return write(db)
        except OperationalError:
            if time.monotonic() + pause > give_up:
                raise
            time.sleep(pause)
            pause = min(2 * pause, 5.0)


# -- What anybody does -------------------------------------------------------------------------


@dataclass(frozen=True)
class Reaped:
    to_retry: int
    to_unknown: int
    expired: int
    replaced: int  # their recipients are no longer valid
    exhausted: int = 0


def reap(
    engine: Engine, actor: str, clock: Clock = db_now_ms, max_attempts: int = MOST_ATTEMPTS
) -> Reaped:
    """T10, T11, T15, T16: end leases that are over, and letters that nobody may send any more.

    What was claimed waits for its next try, if it has one left; what was in doubt is unknown, and
    nothing else. Who does not know the setting leaves `max_attempts` to who does.
    Cancelled is what waits past its deadline, if a look minutes ago found so too, for a clock may
    be wrong for a moment (docs/decisions/0032); or for a recipient who is no longer valid, as
    when another phase's run has brought a new address.
    """
    with engine.begin() as db:
        now_ms = clock(db)
        look(db, now_ms)
        lapsed = db.execute(sql("delivery/lapsed_leases"), {"now_ms": now_ms}).all()
        expired = db.execute(sql("delivery/past_deadline"), {"now_ms": now_ms}).all()
        for_nobody = db.execute(sql("delivery/waiting_for_nobody")).all()
    steps = [
        (
            "reap_exhausted"
            if row.state == "claimed" and row.attempts >= max_attempts
            else f"reap_{row.state}",
            row,
            LEASE_OVER,
        )
        for row in lapsed
    ]
    steps += [("cancel_late", row, EXPIRED) for row in expired]
    steps += [("cancel_replaced", row, RECIPIENT_REPLACED) for row in for_nobody]
    done: Counter[str] = Counter()
    for name, row, detail in steps:
        with engine.begin() as db:
            done[name] += move(
                db, name, row.delivery_id, row.state,
                now_ms=clock(db), actor=actor, phase="reap", detail=detail,
            )  # fmt: skip
    return Reaped(
        done["reap_claimed"],
        done["reap_in_doubt"],
        done["cancel_late"],
        done["cancel_replaced"],
        done["reap_exhausted"],
    )


def look(db: Connection, now_ms: int) -> None:
    """Note that it was `now_ms` at this look, and at the one before, four minutes ago or more.

    What is done once and for all because time has passed is done only where it had passed by the
    earlier of both (`relay.looked_before_ms`).
    """
    db.execute(sql("delivery/look"), {"now_ms": now_ms})


def pending(db: Connection, scope: ClaimScope) -> tuple[int, int]:
    """How many letters of the scope are ready, claimed, in doubt or wait for their next try; and
    how many of them are claimed or in doubt, so that nobody else may take them."""
    row = db.execute(_in_scope("delivery/pending"), _scope_values(scope)).one()
    return int(row.letters), int(row.leased)


def until_tomorrow_ms(now_ms: int) -> int:
    """Milliseconds until the next day in UTC begins: when the daily cap begins anew."""
    now = datetime.fromtimestamp(now_ms / 1000, UTC)
    tomorrow = datetime.combine(now.date(), datetime.min.time(), UTC) + timedelta(days=1)
    return int((tomorrow - now).total_seconds() * 1000) + 1


def _in_scope(name: str) -> TextClause:
    return sql(name).bindparams(bindparam("municipalities", type_=Text, expanding=True))


def _scope_values(scope: ClaimScope) -> dict[str, Any]:
    return {
        "occasion": scope.occasion,
        "mode": scope.mode,
        "every_municipality": int(scope.municipalities is None),
        "municipalities": list(scope.municipalities or ()),
    }
