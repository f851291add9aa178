"""What was planned, what the mail server took, and what the ledger says: do they agree?

The total-queue checker of Jepsen for letters. It reads no code of the sender: the plan comes
from outside of the ledger, the server's own list says what was taken.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Protocol

from sqlalchemy import Engine, select

from roadmap.delivery.ledger import moves
from roadmap.store.tables import delivery, delivery_event
from support.smtp_server import Accepted

# What the ledger may say of a letter that the server does not have.
HONEST_WITHOUT_MAIL = frozenset({"held", "unknown", "rejected", "exhausted", "cancelled"})
# What it may say of one that the server has; also cancelled, where it had been unknown (T14).
HONEST_WITH_MAIL = frozenset({"accepted", "bounced", "unknown"})


class PlannedLetter(Protocol):
    @property
    def delivery_id(self) -> str: ...
    @property
    def message_id(self) -> str: ...
    @property
    def recipient(self) -> str: ...
    @property
    def sha256(self) -> str: ...


@dataclass(frozen=True)
class Verdict:
    """Ids by what is wrong with them; everything but `unknown` must be empty.

    lost: not on the server, and the ledger does not say so. duplicated: one Message-ID taken
    more than once. falsely_accepted: accepted, but the server never took it. falsely_open: on
    the server, but the ledger says that it is not, or would send it again. strange: taken by
    the server though never planned, or with other bytes, or for another recipient.
    broken_chains: events do not explain the state. unknown: with the truth beside each.

    What was done to them: kills and stops of a process (SIGKILL, SIGSTOP), and other blows, as
    a crashed database or a cleared task.
    """

    kills: int = 0
    stops: int = 0
    blows: int = 0
    planned: int = 0
    accepted_by_server: int = 0
    lost: tuple[str, ...] = ()
    duplicated: tuple[str, ...] = ()
    falsely_accepted: tuple[str, ...] = ()
    falsely_open: tuple[str, ...] = ()
    strange: tuple[str, ...] = ()
    broken_chains: tuple[str, ...] = ()
    unknown: tuple[tuple[str, bool], ...] = ()

    @property
    def is_clean(self) -> bool:
        return not (
            self.lost
            or self.duplicated
            or self.falsely_accepted
            or self.falsely_open
            or self.strange
            or self.broken_chains
        )

    def __add__(self, other: Verdict) -> Verdict:
        return Verdict(
            **{f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(self)}
        )


def check(
    engine: Engine,
    planned: Iterable[PlannedLetter],
    accepted: Iterable[Accepted],
) -> Verdict:
    """The verdict on a run that was repeated until nothing was left to do."""
    by_message = {one.message_id: one for one in planned}
    taken = Counter(message_id(mail.content) for mail in accepted)
    with engine.begin() as db:
        rows = db.execute(select(delivery.c.delivery_id, delivery.c.state))
        states = {row.delivery_id: row.state for row in rows}
        given_up = set(
            db.execute(
                select(delivery_event.c.delivery_id).where(
                    delivery_event.c.from_state == "unknown",
                    delivery_event.c.to_state == "cancelled",
                )
            ).scalars()
        )
        broken = moves.broken_chains(db)
    on_server = {one.delivery_id: taken[key] > 0 for key, one in by_message.items()}
    return Verdict(
        planned=len(by_message),
        accepted_by_server=sum(taken[key] for key in by_message),
        lost=_ids(
            one
            for one, is_there in on_server.items()
            if not is_there and states.get(one) not in HONEST_WITHOUT_MAIL | {"accepted", "bounced"}
        ),
        duplicated=_ids(one.delivery_id for key, one in by_message.items() if taken[key] > 1),
        falsely_accepted=_ids(
            one
            for one, is_there in on_server.items()
            if not is_there and states.get(one) in ("accepted", "bounced")
        ),
        falsely_open=_ids(
            one
            for one, is_there in on_server.items()
            if is_there and states.get(one) not in HONEST_WITH_MAIL and one not in given_up
        ),
        strange=_ids(
            message_id(mail.content)
            for mail in accepted
            if (one := by_message.get(message_id(mail.content))) is None
            or mail.recipient != one.recipient
            or hashlib.sha256(mail.content).hexdigest() != one.sha256
        ),
        broken_chains=_ids(broken),
        unknown=tuple(
            (one, is_there)
            for one, is_there in sorted(on_server.items())
            if states.get(one) == "unknown"
        ),
    )


def message_id(content: bytes) -> str:
    """The Message-ID of a letter as the server got it; empty where it has none."""
    head = content.partition(b"\r\n\r\n")[0]
    found = re.search(rb"(?im)^message-id:\s*(<[^>\r\n]+>)", head)
    return found.group(1).decode("ascii") if found else ""


def _ids(ids: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(ids))
