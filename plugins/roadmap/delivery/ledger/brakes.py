"""What holds letters back as a whole: the switch, the circuit breaker, pauses, the pace.

All of it stands in the database, so that it holds for every sender at once, and claims ask
for it in SQL (claim_candidate.sql). None of it changes a letter: when a brake is let go, the
letters go on where they stood. Who pulled which brake, when and why: `control_event`.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, Engine, select

from roadmap import russian
from roadmap.delivery.ledger.moves import Clock, db_now_ms
from roadmap.store.sql import sql
from roadmap.store.tables import paused_occasion, relay

MACHINE = "sender"
# So many refusals to talk (421) in a row, and the mail server gets a rest.
FAILURES_TO_OPEN = 3
_REST_MINUTES = (1, 5, 15, 30)
_MINUTE_MS = 60_000
_UNKNOWN_SHARE = 0.02


@dataclass(frozen=True)
class Brakes:
    """What holds letters back now; reasons are Russian. `paused`: (occasion, mode) → reason."""

    is_off: bool
    off_reason: str | None
    breaker_until_ms: int | None
    breaker_reason: str | None
    paused: Mapping[tuple[str, str], str]
    is_restored: bool = False  # off because the database was put back from a copy

    def holds(self, occasion: str | None, mode: str | None) -> bool:
        """Is the occasion paused in this mode? None asks for any."""
        return any(
            occasion in (None, paused) and mode in (None, its_mode)
            for paused, its_mode in self.paused
        )


def standing(db: Connection, now_ms: int) -> Brakes:
    """The brakes as they stand at that moment; a rest of the mail server that is over is none."""
    row = db.execute(sql("delivery/brakes")).one()
    paused = db.execute(select(paused_occasion)).all()
    is_off = row.sending_enabled != "1"
    stopped = last_stop(db, now_ms) if is_off else None
    is_open = row.open_until_ms is not None and row.open_until_ms > now_ms
    return Brakes(
        is_off=is_off,
        off_reason=stopped.reason if stopped is not None else None,
        is_restored=stopped is not None and stopped.action == "restored",
        breaker_until_ms=row.open_until_ms if is_open else None,
        breaker_reason=row.breaker_reason if is_open else None,
        paused=MappingProxyType({(one.occasion, one.mode): one.reason for one in paused}),
    )


def last_stop(db: Connection, now_ms: int) -> Any:
    """The row of the last stop of all sending, whether or not it still stands; None: no stop."""
    return db.execute(sql("delivery/last_stop"), {"now_ms": now_ms}).first()


# -- The switch --------------------------------------------------------------------------------


def stop(engine: Engine, actor: str, reason: str, clock: Clock = db_now_ms) -> bool:
    """No final dot from now on, of any sender; False when sending was stopped already."""
    return _switch(engine, "0", "stop", actor, reason, clock)


def stop_restored(engine: Engine, actor: str, reason: str, clock: Clock = db_now_ms) -> None:
    """Stop because the database was put back from a copy: written though it was stopped before.

    Whoever lets it go has to read this reason, and not only the one before it.
    """
    if not _switch(engine, "0", "restored", actor, reason, clock):
        with engine.begin() as db:
            now_ms = clock(db)
            last = last_stop(db, now_ms)
            if last is None or (last.action, last.reason) != ("restored", reason):
                _write_event(db, now_ms, actor, "restored", "all", reason)


def start(engine: Engine, actor: str, reason: str, clock: Clock = db_now_ms) -> bool:
    """Letters may go again; False when they were not stopped."""
    return _switch(engine, "1", "start", actor, reason, clock)


def _switch(engine: Engine, value: str, action: str, actor: str, reason: str, clock: Clock) -> bool:
    with engine.begin() as db:
        if db.execute(sql("delivery/switch_sending"), {"value": value}).rowcount != 1:
            return False
        _write_event(db, clock(db), actor, action, "all", reason)
    return True


# -- Pauses ------------------------------------------------------------------------------------


def pause(
    engine: Engine, occasion: str, mode: str, actor: str, reason: str, clock: Clock = db_now_ms
) -> bool:
    """Hold back an occasion's letters; False when they are held back already."""
    with engine.begin() as db:
        now_ms = clock(db)
        row = {"occasion": occasion, "mode": mode, "reason": reason, "actor": actor}
        if db.execute(sql("delivery/pause_occasion"), {**row, "now_ms": now_ms}).rowcount != 1:
            return False
        _write_event(db, now_ms, actor, "pause", f"{occasion} {mode}", reason)
    return True


def go_on(
    engine: Engine, occasion: str, mode: str, actor: str, reason: str, clock: Clock = db_now_ms
) -> bool:
    """Let a paused occasion's letters go; False when it was not paused."""
    with engine.begin() as db:
        key = {"occasion": occasion, "mode": mode}
        if db.execute(sql("delivery/continue_occasion"), key).rowcount != 1:
            return False
        _write_event(db, clock(db), actor, "continue", f"{occasion} {mode}", reason)
    return True


def pause_troubled(
    engine: Engine, after_rejected: int, after_unknown: int, clock: Clock = db_now_ms
) -> tuple[tuple[str, str], ...]:
    """Pause what goes wrong letter after letter; the (occasion, mode) that were paused.

    That is: `after_rejected` letters refused one after another, or more than 2 % of the
    letters unknown and at least `after_unknown` of them (one of thirteen is 8 %, and must
    not hold back the other twelve).
    """
    with engine.connect() as db, db.begin():
        rows = db.execute(sql("delivery/troubled_occasions"), {"now_ms": clock(db)}).all()
    paused = []
    for row in rows:
        reason = None
        if row.refused >= after_rejected:
            reason = (
                "Почтовый сервер отклонил подряд"
                f" {russian.counted(row.refused, 'письмо', 'письма', 'писем')}. Причина каждого"
                " отказа — в «Сверке» этапа; дело может быть и не в адресах."
            )
        elif row.unknown >= after_unknown and row.unknown > _UNKNOWN_SHARE * row.letters:
            reason = f"Исход неизвестен: {row.unknown} из {row.letters}. Проверьте почтовый сервер."
        if reason and pause(engine, row.occasion, row.mode, MACHINE, reason, clock):
            paused.append((row.occasion, row.mode))
    return tuple(paused)


# -- The circuit breaker of the mail server ------------------------------------------------------


def trip(engine: Engine, reason: str, *, at_once: bool, clock: Clock = db_now_ms) -> None:
    """The mail server failed us. `at_once` gives it a rest now, else the third time in a row.

    It rests 1, 5, 15, then 30 minutes; after that letters are claimed again, and the first
    that fails gives it the longer rest. `reason` is Russian and carries no address.
    """
    with engine.begin() as db:
        now_ms = clock(db)
        db.execute(sql("delivery/know_relay"), {"now_ms": now_ms})
        if db.execute(sql("delivery/count_failure"), {"now_ms": now_ms}).rowcount != 1:
            return  # it rests already
        failures = db.execute(select(relay.c.failures).where(relay.c.relay == "smtp")).scalar_one()
        rests = failures if at_once else failures - FAILURES_TO_OPEN + 1
        if rests < 1:
            return
        minutes = _REST_MINUTES[min(rests, len(_REST_MINUTES)) - 1]
        until_ms = now_ms + minutes * _MINUTE_MS
        db.execute(
            sql("delivery/open_breaker"),
            {"open_until_ms": until_ms, "reason": reason, "now_ms": now_ms},
        )
        _write_event(db, now_ms, MACHINE, "open", "smtp", reason)


def mended(engine: Engine, clock: Clock = db_now_ms) -> None:
    """The mail server took a letter: its failures are forgotten."""
    with engine.begin() as db:
        now_ms = clock(db)
        if db.execute(sql("delivery/close_breaker"), {"now_ms": now_ms}).rowcount == 1:
            _write_event(db, now_ms, MACHINE, "close", "smtp", None)


# -- The pace ------------------------------------------------------------------------------------


def next_slot(engine: Engine, interval_ms: int, clock: Clock = db_now_ms) -> int:
    """Milliseconds to wait before the next letter, so that all senders together keep the pace."""
    with engine.begin() as db:
        now_ms = clock(db)
        slot = {"now_ms": now_ms, "interval_ms": interval_ms}
        if db.execute(sql("delivery/take_slot"), slot).rowcount != 1:
            db.execute(sql("delivery/know_relay"), {"now_ms": now_ms})
            db.execute(sql("delivery/take_slot"), slot)
        taken = db.execute(select(relay.c.next_slot_ms).where(relay.c.relay == "smtp"))
        return max(0, int(taken.scalar_one()) - interval_ms - now_ms)


def _write_event(
    db: Connection, now_ms: int, actor: str, action: str, scope: str, reason: str | None
) -> None:
    db.execute(
        sql("delivery/write_control_event"),
        {
            "event_id": secrets.token_hex(16),
            "now_ms": now_ms,
            "actor": actor,
            "action": action,
            "scope": scope,
            "reason": reason,
        },
    )
