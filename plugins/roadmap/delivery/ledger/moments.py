"""Moments to come that the ledger stores, and how far ahead each of them may lie.

All are written by the database's clock. One that lies farther ahead than anybody writes it was
written while that clock was wrong, for a moment only perhaps; left alone it would silence sending
until then. It is reset, and said. Where the clock is wrong now, what it resets was right: then a
letter is tried, or doubted, too early, and never sent twice. A letter's deadline is therefore
left alone: reset by a clock that is behind, it would be over, and the letter cancelled, when the
clock is right again; one that is too late only lets the tries end first. What is done for good
because time has passed asks for two looks instead (`moves.look`).
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from types import MappingProxyType

from sqlalchemy import Engine

from roadmap.delivery.ledger.moves import IN_DOUBT_LEASE_MS, LEASE_MS, Clock, db_now_ms
from roadmap.store.sql import sql

log = logging.getLogger(__name__)

_MINUTE_MS = 60_000
# Generously above what is ever written: the pool's senders at one letter a minute; the longest
# rest of the mail server, half an hour; the wait for the next day's cap; a lease. A doubt is of
# the past, and a person's decision counts from it.
FARTHEST_MS: Mapping[str, int] = MappingProxyType(
    {
        "slot": 60 * _MINUTE_MS,
        "rest": 60 * _MINUTE_MS,
        "try": 25 * 60 * _MINUTE_MS,
        "lease": 2 * max(LEASE_MS, IN_DOUBT_LEASE_MS),
        "doubt": _MINUTE_MS,
    }
)
_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "slot": "темп отправки начат заново",
        "rest": "перерыв почтового сервера окончен",
        "try": "отложенные письма отправляются сейчас",
        "lease": "прерванная отправка писем окончена",
        "doubt": "о письмах с неизвестным исходом можно решать через 15 минут",
    }
)


def reset_far(engine: Engine, clock: Clock = db_now_ms) -> int:
    """Reset every moment that lies farther ahead than it may; how many there were.

    No state changes, so no version and no event: leases are ended by the reaper afterwards.
    """
    with engine.connect() as db, db.begin():
        now_ms = clock(db)
        bounds = {f"{kind}_ms": now_ms + far for kind, far in FARTHEST_MS.items()}
        rows = db.execute(sql("delivery/far_moments"), bounds).all()
    total = 0
    for kind in (row.kind for row in rows if row.found):
        with engine.begin() as db:
            values = {"now_ms": now_ms, "farthest_ms": now_ms + FARTHEST_MS[kind]}
            n = db.execute(sql(f"delivery/reset_{kind}"), values).rowcount
        log.warning("Часы базы данных шли неверно: %s (сброшено сроков: %s)", _WORDS[kind], n)
        total += n
    return total
