"""A ledger of planned letters, a mail server, and a clock that can be moved on.

Time that the rules wait for (leases, back-off, a quarter of an hour before a resend) passes
by moving the clock of everybody who is started later, never by touching rows.
"""

from __future__ import annotations

import hashlib
import socket
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection, Engine, select

from faults.checker import Verdict, check, message_id
from roadmap.delivery.decisions.settle import settle
from roadmap.delivery.ledger import moves
from roadmap.delivery.ledger.moves import ClaimScope, Planned
from roadmap.delivery.ledger.releases import release_run
from roadmap.delivery.letters import message
from roadmap.delivery.letters.contacts import Recipient
from roadmap.plan.zone import home_time
from roadmap.store.tables import delivery, delivery_event
from support import ledger_world
from support.smtp_server import SmtpServer

RUN_ID = "run-1"
MUNICIPALITIES = ("buyskiy", "neya", "buy")
# Some hundred kilobytes: the body needs many writes, so that its middle is a place.
FILLER_BYTES = 300_000
SETTINGS = replace(ledger_world.SETTINGS, max_attempts=50, cap_per_recipient_day=1000)
EXPIRES_MS = 300 * 24 * 3_600_000
PAST_EVERY_LEASE_MS = moves.IN_DOUBT_LEASE_MS + 60_000
DONE = ("accepted", "rejected", "exhausted", "cancelled", "bounced")


class CountingServer(SmtpServer):
    """The mail server that knows whether a dialogue is going on."""

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.talking = 0
        self._changed = threading.Condition()

    def _talk(self, connection: socket.socket) -> None:
        with self._changed:
            self.talking += 1
            self._changed.notify_all()
        try:
            super()._talk(connection)
        finally:
            with self._changed:
                self.talking -= 1
                self._changed.notify_all()

    def wait_until_talking(self, seconds: float = 30.0) -> None:
        """Until some client is at work, however long its process took to begin."""
        with self._changed:
            if not self._changed.wait_for(lambda: self.talking > 0, seconds):
                raise TimeoutError("no dialogue has begun")

    def wait_until_quiet(self, seconds: float = 10.0) -> None:
        """Until every client is gone and all that they sent is dealt with."""
        with self._changed:
            if not self._changed.wait_for(lambda: self.talking == 0, seconds):
                raise TimeoutError(f"{self.talking} dialogues have not ended")


@dataclass(frozen=True)
class Letter:
    """What was planned, known from outside of the ledger."""

    delivery_id: str
    message_id: str
    recipient: str
    sha256: str


@dataclass
class World:
    """One ledger and one mail server.

    `later_ms`: how far the clock was moved on. `settled`: unknown letters that the operator
    decided, with the truth beside each: is it on the server? `proven`: those that evidence
    settled without a person.
    """

    engine: Engine
    server: CountingServer
    recipients: tuple[tuple[str, Recipient], ...]
    later_ms: int = 0
    letters: list[Letter] = field(default_factory=list)
    kills: int = 0
    stops: int = 0
    blows: int = 0
    settled: list[tuple[str, bool]] = field(default_factory=list)
    proven: list[tuple[str, bool]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return self.engine.url.render_as_string(hide_password=False)

    def clock(self, db: Connection) -> int:
        return moves.db_now_ms(db) + self.later_ms

    def let_pass(self, milliseconds: int = PAST_EVERY_LEASE_MS) -> None:
        self.later_ms += milliseconds

    # -- planning ------------------------------------------------------------------------------

    def frozen(
        self, how_many: int, occasion: str, mode: str = "live", filler: int = FILLER_BYTES
    ) -> list[Planned]:
        """Letters of an occasion of their own, not yet in the ledger."""
        return [
            _freeze(municipality, one, occasion, mode, filler)
            for municipality, one in self.recipients[:how_many]
        ]

    def expect(self, letters: Iterable[Planned]) -> None:
        """From now on the checker asks for these letters."""
        addresses = {one.recipient_id: one.address for _, one in self.recipients}
        self.letters += [
            Letter(
                one.delivery_id,
                one.message_id,
                addresses[one.recipient_id],
                one.payload_sha256,
            )
            for one in letters
        ]

    def plan(
        self, how_many: int, occasion: str, mode: str = "live", filler: int = FILLER_BYTES
    ) -> list[Planned]:
        """Letters of an occasion of their own, ready to be sent, and expected by the checker."""
        letters = self.frozen(how_many, occasion, mode, filler)
        with self.engine.begin() as db:
            now_ms = self.clock(db)
            for one in letters:
                assert moves.plan(
                    db, one, now_ms=now_ms, expires_ms=now_ms + EXPIRES_MS, actor="test"
                )
        release_run(self.engine, RUN_ID, self.clock)
        self.expect(letters)
        return letters

    # -- looking -------------------------------------------------------------------------------

    def states(self, occasion: str | None = None) -> dict[str, str]:
        """State by delivery id."""
        query = select(delivery.c.delivery_id, delivery.c.state)
        if occasion is not None:
            query = query.where(delivery.c.occasion == occasion)
        with self.engine.begin() as db:
            return {row.delivery_id: row.state for row in db.execute(query)}

    def path(self, delivery_id: str) -> tuple[str, ...]:
        """The states that a letter went through, by its events."""
        query = (
            select(delivery_event.c.to_state)
            .where(delivery_event.c.delivery_id == delivery_id)
            .order_by(delivery_event.c.seq)
        )
        with self.engine.begin() as db:
            return tuple(db.execute(query).scalars())

    def mails(self, wanted: str) -> int:
        """How often the server took the letter with this Message-ID."""
        return sum(message_id(one.content) == wanted for one in tuple(self.server.accepted))

    def verdict(self) -> Verdict:
        """The checker's, with what was unknown in between."""
        self.server.wait_until_quiet()
        found = check(self.engine, self.letters, self.server.accepted)
        return replace(
            found,
            kills=self.kills,
            stops=self.stops,
            blows=self.blows,
            unknown=(*self.settled, *self.proven, *found.unknown),
        )

    # -- the operator who knows the truth ------------------------------------------------------

    def settle_unknown(
        self, occasion: str | None = None, *, is_quiet: bool = True
    ) -> tuple[int, int]:
        """Every unknown letter by the mail server's own journal: T12 where it is, T13 where not.

        How many were found there, how many are to be sent again. Not `is_quiet`: somebody is
        still connected, who is known to have sent nothing.
        """
        if is_quiet:
            self.server.wait_until_quiet()
        self.let_pass()  # nobody may send again at once
        query = select(delivery.c.delivery_id, delivery.c.message_id).where(
            delivery.c.state == "unknown"
        )
        if occasion is not None:
            query = query.where(delivery.c.occasion == occasion)
        with self.engine.begin() as db:
            rows = db.execute(query).all()
        found = []
        for row in rows:
            is_there = self.mails(row.message_id) > 0
            settle(
                self.engine,
                row.message_id,
                "arrived" if is_there else "resend",
                actor="operator",
                reason="журнал почтового сервера",
                expiry_ms=EXPIRES_MS,
                clock=self.clock,
            )
            found.append((row.delivery_id, is_there))
        self.settled += found
        there = sum(is_there for _, is_there in found)
        return there, len(found) - there


def make_world(engine: Engine, server: CountingServer, recipients: int = 3) -> World:
    """A world for at most `recipients` letters of one occasion, on an empty database."""
    contacts: dict[str, tuple[str, ...]] = {
        municipality: tuple(
            f"{municipality}-{i}@example.org"
            for i in range(number, recipients, len(MUNICIPALITIES))
        )
        for number, municipality in enumerate(MUNICIPALITIES)
    }
    ledger_world.make_run(engine, RUN_ID, contacts=contacts)
    found = ledger_world.everybody(engine, RUN_ID)
    return World(
        engine, server, tuple((key, one) for key, theirs in found.items() for one in theirs)
    )


def scope(occasion: str | None = None, mode: str | None = "live") -> ClaimScope:
    return ClaimScope(occasion, mode, None)


def _freeze(municipality: str, one: Recipient, occasion: str, mode: str, filler: int) -> Planned:
    key = moves.delivery_id(occasion, mode, municipality, one.recipient_id, 1)
    frozen = message.freeze(
        delivery_id=key,
        revision=1,
        sender=message.Sender(
            SETTINGS.from_address, SETTINGS.from_name, SETTINGS.reply_to, SETTINGS.message_domain
        ),
        recipient=one.address,
        subject=f"500+ | Комплексный анализ | {municipality}",
        html=f"<p>Письмо {occasion}</p>",
        text=f"Письмо {occasion}\n.\n..точки\n",
        files=[message.AttachedFile("Справка.pdf", "application/pdf", b"%PDF" + b"x" * filler)],
        moment=home_time().at(ledger_world.NOW_MS),
    )
    return Planned(
        occasion=occasion,
        mode=mode,
        municipality_id=municipality,
        recipient_id=one.recipient_id,
        revision=1,
        content_sha256=hashlib.sha256(occasion.encode()).hexdigest(),
        message_id=frozen.message_id,
        rfc822=frozen.rfc822,
        payload_sha256=frozen.sha256,
        run_id=RUN_ID,
    )
