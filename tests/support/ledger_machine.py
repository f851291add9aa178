"""A machine of hypothesis that drives the real sender, planner and reaper through any interleaving.

Each of them is a process of the machine: a greenlet that runs the real code on a real
database and stands still at every point where another process could step in or death could
come: before the first write of a transaction and after its commit, and at each step of the
dialogue with the mail server. The machine lets one of them go on, to the next point or to a
named one; it kills, freezes, lets time pass, and is the operator and the mail server.

It runs on PostgreSQL, too. Three things make SQLite's part as hard as that of PostgreSQL:

- a transaction takes its lock at its first write only, so that between its reads and its
  write others commit (READ COMMITTED); what rests on a compare-and-swap shows;
- its clock is the machine's: SQLite's julianday() and PostgreSQL's clock_timestamp() are
  replaced, so the rest of the statements that read the clock is the real one;
- a commit may fail, and may have been done though it failed.

After every step the ledger's rows are held against what really happened (`wrongs_of`). In the
end everything is mended and run until done: nothing may be left over.
"""

from __future__ import annotations

import functools
import logging
import re
import sqlite3
import ssl
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import pairwise
from types import SimpleNamespace
from typing import Any, ClassVar, NamedTuple, Protocol

import greenlet
import psycopg
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
)
from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from roadmap.delivery.decisions import settle
from roadmap.delivery.ledger import brakes, moves, releases
from roadmap.delivery.ledger.moves import ClaimScope
from roadmap.delivery.letters import planning
from roadmap.delivery.proof import proofs
from roadmap.delivery.proof.receipts import Receipt
from roadmap.delivery.sending import sender, smtp
from roadmap.delivery.settings import DeliverySettings
from roadmap.delivery.transport import (
    Keep,
    Lost,
    MailServerUnavailable,
    Refused,
    Reply,
    ReplyLost,
    no_lease,
)
from roadmap.reports import compose
from roadmap.reports.formats.letter import LetterText
from roadmap.reports.model import ReportModel
from roadmap.reports.package import Package
from roadmap.store import sql as sql_files
from roadmap.store.tables import metadata, report
from support.ledger_world import NAMES, NOW_MS, SETTINGS, make_run
from support.mail_client import plain
from support.plans import small_plan
from support.report_models import make_model

MINUTE_MS = 60_000
# RFC 5321, 4.5.3.2: a server waits so long for us at least, and we for its last reply.
SERVER_PATIENCE_MS = 5 * MINUTE_MS
REPLY_PATIENCE_MS = 10 * MINUTE_MS
RESEND_MS = 15 * MINUTE_MS
CAP = 3  # transmissions to one recipient in a day
MOST_TRIES = 5
CONTENTS = {  # by run: what the letter to each addressee says
    "first": {"buy": "a", "neya": "a"},
    "changed": {"buy": "b", "neya": "a"},
    "changed_back": {"buy": "a", "neya": "a"},
    "moved": {"buy": "a", "neya": "a"},  # «neya» has another address by then
}
Fault = tuple[str, str]  # the commit is `refused` or its `answer_lost`; of which statement
_FINISHED = ("accepted", "rejected", "exhausted", "cancelled", "bounced")


class Wrong(AssertionError):
    """The machine has found what must not be."""


class Killed(BaseException):
    """The process is dead: nothing that it still does reaches the world."""


# -- Processes -----------------------------------------------------------------------------------


class Process(greenlet.greenlet):
    """The real code, from one point where it can be interrupted to the next."""

    def __init__(self, name: str, work: Callable[[], object]) -> None:
        super().__init__()
        self.name = name
        self.work = work
        self.point = "start"
        self.weather = "fine"  # what the mail server does to it in this step
        self.fault: Fault | None = None  # what the database does to which commit
        self.is_killed = False
        self.stop = Flag()
        self.written: list[str] = []  # statements of the transaction that is open
        self.committed: str | None = None
        self.ended_by: BaseException | None = None
        self.goes = 0

    def run(self) -> None:
        try:
            self.work()
        except (Killed, MailServerUnavailable, DBAPIError) as ended:
            self.ended_by = ended
        except ExceptionGroup as several:
            wrong = several.split(DBAPIError)[1]
            if wrong is not None:
                raise wrong from None
            self.ended_by = several

    def go(self, until: str) -> None:
        """To the point of that name, or to the end; `next`: to the next point."""
        self.goes += 1
        for _ in range(500):
            self.switch()
            if self.dead or until == "next" or self.point.startswith(until):
                return
        raise Wrong(f"{self.name} does not come to an end, stands at {self.point}")

    def kill(self) -> None:
        self.is_killed = True
        while not self.dead:
            self.switch()

    def halt(self, point: str, *, may_die: bool = True) -> None:
        """Called by the process: stand here until the machine says go on."""
        if not self.is_killed:
            assert not self.written, "stands still within a transaction"
            self.point = point
            self.parent.switch()
        if may_die:
            self.breathe()

    def breathe(self) -> None:
        if self.is_killed:
            raise Killed(self.name)


def this_process() -> Process | None:
    current = greenlet.getcurrent()
    return current if isinstance(current, Process) else None


class Flag:
    """The sender's stop flag; waiting takes the machine's time."""

    def __init__(self) -> None:
        self._is_set = False

    def is_set(self) -> bool:
        return self._is_set

    def set(self) -> None:
        self._is_set = True

    def wait(self, seconds: float) -> bool:
        CLOCK.pass_ms(int(seconds * 1000))
        return self._is_set


class Clock:
    """One clock for the database, for time.monotonic and for the mail server.

    That of the database may be wrong.
    """

    def __init__(self) -> None:
        self.now_ms = NOW_MS
        self.error_ms = 0

    @property
    def shown_ms(self) -> int:
        return self.now_ms + self.error_ms

    def pass_ms(self, ms: int) -> None:
        self.now_ms += ms

    def monotonic(self) -> float:
        return self.now_ms / 1000

    def time_ns(self) -> int:
        return self.shown_ms * 1_000_000

    def sleep(self, seconds: float) -> None:
        self.pass_ms(int(seconds * 1000))
        process = this_process()
        if process is not None:
            process.halt("sleep")

    def julianday(self, _moment: str) -> float:
        return self.shown_ms / 86_400_000 + 2_440_587.5


CLOCK = Clock()  # SQLite's connections are made once and keep the function they were given


# -- The database --------------------------------------------------------------------------------


def open_database(url: str) -> Engine:
    """An engine on a database that has all tables; see the module for what is special."""
    is_sqlite = url.startswith("sqlite")
    engine = create_engine(
        url,
        hide_parameters=True,
        # Nobody waits: all of them are in this thread.
        connect_args={"timeout": 0} if is_sqlite else {"options": _NOBODY_WAITS},
        pool_size=30,
    )
    if is_sqlite:
        event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    event.listen(engine, "before_cursor_execute", _before_statement, retval=True)
    event.listen(engine, "commit", _commit)
    event.listen(engine, "rollback", _rollback)
    event.listen(engine, "checkin", _given_back)
    event.listen(engine, "handle_error", _refused)
    return engine


_NOBODY_WAITS = "-c lock_timeout=1000 -c synchronous_commit=off"  # no power is lost here


def _prepare(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None
    connection.execute("pragma foreign_keys = on")
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma synchronous = off")  # no power is lost here
    connection.create_function("julianday", 1, CLOCK.julianday)


def _begin(_connection: Any) -> None:
    process = this_process()
    if process is not None:
        process.breathe()
        process.written = []


def _before_statement(
    connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool
) -> tuple[str, Any]:
    process = this_process()
    if process is not None:
        process.breathe()
    name, is_write = _name_of(statement)
    if is_write:
        if process is not None:
            if not process.written:
                process.halt(f"write:{name}")
            process.written.append(name)
        raw = connection.connection.dbapi_connection
        if connection.dialect.name == "sqlite" and not raw.in_transaction:
            raw.execute("begin immediate")
    now = f"to_timestamp({CLOCK.shown_ms} / 1000.0)"
    return statement.replace("clock_timestamp()", now), parameters


def _commit(connection: Any) -> None:
    process = this_process()
    if process is None:
        return
    process.breathe()
    if not process.written:
        return
    moves = [name for name in process.written if name != "write_event"]
    kind, when = process.fault or (None, None)
    if when in moves:
        process.fault = None
        if kind == "answer_lost":
            connection.connection.dbapi_connection.commit()
            process.committed = moves[-1]
        raise OperationalError("commit", None, sqlite3.OperationalError("disk I/O error"))
    process.committed = moves[-1]


def _rollback(_connection: Any) -> None:
    process = this_process()
    if process is not None:
        process.written = []


def _given_back(_connection: Any, _record: Any) -> None:
    """After the transaction: the point behind its commit."""
    process = this_process()
    if process is None:
        return
    process.written = []
    committed, process.committed = process.committed, None
    if committed is not None:
        process.halt(f"wrote:{committed}", may_die=False)


def _refused(context: Any) -> None:
    process = this_process()
    if process is not None and isinstance(context.sqlalchemy_exception, IntegrityError):
        STORY.refusals.append((process, str(context.original_exception)))


@functools.cache
def _name_of(statement: str) -> tuple[str, bool]:
    """The SQL file's name, by the comment at its head, and whether the statement writes."""
    body = _without_comments(statement).split(maxsplit=1)[0].lower()
    return _heads().get(_head(statement), "other"), body not in ("select", "with")


@functools.cache
def _heads() -> dict[str, str]:
    files = (sql_files.SQL / "delivery").glob("*.sql")
    return {_head(file.read_text(encoding="utf-8")): file.stem for file in files}


def _head(statement: str) -> str:
    """The comment that a file begins with."""
    return statement.removesuffix(_without_comments(statement)).strip()


def _without_comments(statement: str) -> str:
    lines = statement.splitlines(keepends=True)
    while lines and (not lines[0].strip() or lines[0].lstrip().startswith("--")):
        del lines[0]
    return "".join(lines)


# -- The mail server -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Happened:
    """Of one letter: the server has `taken` it, a `dot` was sent, a person decided."""

    kind: str
    message_id: str
    at_ms: int


@dataclass
class Story:
    """What really happened in one program, seen from outside of the ledger."""

    happened: list[Happened] = field(default_factory=list)
    late: list[tuple[int, str]] = field(default_factory=list)  # (when it will be taken, what)
    wrongs: list[str] = field(default_factory=list)
    refusals: list[tuple[Process, str]] = field(default_factory=list)
    receipts: dict[tuple[str, int], Receipt] = field(default_factory=dict)
    doubted_early: set[str] = field(default_factory=set)  # while the clock was wrong

    def tell(self, kind: str, message_id: str) -> None:
        self.happened.append(Happened(kind, message_id, CLOCK.shown_ms))

    def has(self, kind: str, message_id: str) -> bool:
        return any(one.kind == kind and one.message_id == message_id for one in self.happened)

    def take_what_is_late(self) -> None:
        due = [message_id for at_ms, message_id in self.late if at_ms <= CLOCK.now_ms]
        self.late = [one for one in self.late if one[0] > CLOCK.now_ms]
        for message_id in due:
            self.tell("taken", message_id)


STORY = Story()

# What the mail server does; the reply to the dot is the last word of each.
WEATHER = (
    "fine", "fine", "fine", "220_dot",
    "lost_taken", "lost_untaken", "slow", "451_dot", "554_dot", "421_dot",
    "dot_breaks", "dot_breaks_in_tls",
    "spoke", "lost_body", "450_rcpt", "550_rcpt", "no_server", "553_mail", "us_rcpt", "us_dot",
)  # fmt: skip


class Wire:
    """A connection to the machine's mail server, as roadmap.delivery.transport describes it.

    A server that is patient for ever meets a sender that does not stand still between its
    last look at the clock and the dot; one that hangs up after five minutes, any.
    """

    def __init__(self, eye: Eye, is_patient: bool) -> None:
        self.eye = eye
        self.is_patient = is_patient
        self.is_open = False
        self.message_id: str | None = None
        self.heard_ms = 0
        self.has_refused = False
        self.was_looked_at = False
        self.had_receipt = False
        self.fate = "fine"

    def open(self) -> None:
        process = self._step("connect")
        if process.weather == "no_server":
            self.is_open = False
            raise MailServerUnavailable("Почтовый сервер не отвечает.")
        if not self.is_open or self._is_hung_up():
            self.is_open = True
            self.heard_ms = CLOCK.now_ms

    def begin(
        self,
        sender: str,
        recipient: str,
        size: int,
        journal: str | None = None,
        keep: Keep = no_lease,
    ) -> None:
        process = self._step("begin")
        keep()
        self.message_id = None
        self.has_refused = self.was_looked_at = False
        if process.weather == "553_mail":
            raise Refused("mail", _ABOUT_US)
        if process.weather == "us_rcpt":
            raise Refused("rcpt", _NO_RELAY)
        if process.weather == "450_rcpt":
            raise Refused("rcpt", Reply(450, "later"))
        if process.weather == "550_rcpt":
            raise Refused("rcpt", Reply(550, "no such user"))
        if self._is_hung_up():
            self.abandon()
            raise Lost("mail", "connection closed")
        self.heard_ms = CLOCK.now_ms

    def send_body(self, content: bytes, seconds: float, keep: Keep = no_lease) -> None:
        process = self._step("body")
        keep()
        if process.weather == "lost_body" or self._is_hung_up():
            self.abandon()
            raise Lost("body", "connection reset")
        found = re.search(rb"(?im)^Message-ID:\s*(<[^>]+>)", content)
        assert found is not None
        self.message_id = found.group(1).decode()
        self.has_refused = process.weather == "spoke"
        self.heard_ms = CLOCK.now_ms

    def has_spoken(self) -> bool:
        self._step("peek")
        self.was_looked_at = True
        self.had_receipt = self.message_id in {one.message_id for one in STORY.receipts.values()}
        return self.has_refused or self._is_hung_up()

    def send_dot(self) -> None:
        process = this_process()
        assert process is not None
        if not self.is_patient:
            process = self._step("dot")
        message_id = self.message_id
        assert message_id is not None
        if not self.was_looked_at or self.has_refused:
            STORY.wrongs.append(f"a dot to a server that had spoken: {message_id}")
        if self.had_receipt:
            STORY.wrongs.append(f"a dot though there was a receipt: {message_id}")
        self.message_id = None  # a letter ends once
        self.fate = process.weather
        if self._is_hung_up():
            self.fate = "lost_untaken"
            return
        if self.fate == "dot_breaks":
            _send_dot_over(PlainSocket())
        row = self.eye.execute(
            "select state, claimed_by, released_ms is not null from delivery"  # noqa: S608
            f" where message_id = '{message_id}'"
        ).fetchone()
        # Whom a wrong clock doubts too early sends all the same: its own clock shows no pause.
        is_doubted_early = row[0] == "unknown" and message_id in STORY.doubted_early
        if row != ("in_doubt", process.name, True) and not is_doubted_early:
            STORY.wrongs.append(f"a dot of {process.name}, while the ledger says {row}")
        STORY.tell("dot", message_id)
        if self.fate == "slow":
            # It takes the letter when we no longer wait, but within our patience again.
            late_ms = REPLY_PATIENCE_MS + MINUTE_MS
            STORY.late.append((CLOCK.now_ms + late_ms, message_id))
            self.asked_ms = CLOCK.now_ms
        elif self.fate not in _NO:
            STORY.tell("taken", message_id)
        if self.fate == "dot_breaks_in_tls":
            _send_dot_over(TlsSocket.__new__(TlsSocket))

    def read_reply(self) -> Reply:
        self._step("reply")
        fate, self.fate = self.fate, "fine"
        if fate in ("lost_taken", "lost_untaken"):
            self.abandon()
            raise ReplyLost("connection reset")
        if fate == "slow":
            CLOCK.pass_ms(max(0, self.asked_ms + REPLY_PATIENCE_MS - CLOCK.now_ms))
            self.abandon()
            raise ReplyLost("timed out")
        self.heard_ms = CLOCK.now_ms
        return _NO.get(fate, Reply(250, "queued"))

    def abandon(self) -> None:
        self.is_open = False
        self.message_id = None

    def quit(self) -> None:
        self._step("quit")
        self.abandon()

    def _step(self, point: str) -> Process:
        process = this_process()
        assert process is not None
        if process.written:
            STORY.wrongs.append(f"spoke to the mail server within a transaction, at {point}")
            process.written = []
        process.halt(point)
        return process

    def _is_hung_up(self) -> bool:
        if not self.is_open:
            return True
        return not self.is_patient and CLOCK.now_ms - self.heard_ms > SERVER_PATIENCE_MS


_ABOUT_US = Reply(553, "5.7.1 Sender address rejected: not owned by the user")
_NO_RELAY = Reply(554, "5.7.1 Relay access denied")
_NO = {
    "us_dot": Reply(550, "5.7.26 This mail is unauthenticated"),
    "451_dot": Reply(451, "later"),
    "554_dot": Reply(554, "refused"),
    "421_dot": Reply(421, "closing"),
    "220_dot": Reply(220, "go on"),
    "lost_untaken": Reply(0, ""),  # never read
}


_OF_OURS = (_ABOUT_US.text, _NO_RELAY.text, _NO["us_dot"].text)


class PlainSocket:
    """Breaks in the three bytes of the end: the server has no end of data."""

    def settimeout(self, _seconds: float) -> None:
        return None

    def sendall(self, _octets: bytes) -> None:
        raise BrokenPipeError

    def close(self) -> None:
        return None


class TlsSocket(ssl.SSLSocket):
    """Breaks after the record with the end of data has gone out."""

    def settimeout(self, _seconds: float | None) -> None:
        return None

    def sendall(self, _octets: Any, _flags: int = 0) -> None:
        raise BrokenPipeError

    def close(self) -> None:
        return None


def _send_dot_over(sock: Any) -> None:
    """The real transport's word on a dot that breaks: DotNotSent, ReplyLost."""
    transport = smtp.SmtpTransport(plain(25))
    client = SimpleNamespace(sock=sock, close=sock.close)
    transport._dialogue = SimpleNamespace(client=client)  # type: ignore[assignment]
    transport.send_dot()
    raise AssertionError("the dot did not break")


class Shelf:
    """Receipts, kept where a killed process leaves them."""

    def keep(self, receipt: Receipt) -> None:
        process = this_process()
        assert process is not None
        process.halt("receipt")
        STORY.receipts[receipt.delivery_id, receipt.send_epoch] = receipt

    def of(self, delivery_id: str) -> tuple[Receipt, ...]:
        return tuple(one for one in STORY.receipts.values() if one.delivery_id == delivery_id)


class RelayLog:
    """What the mail server and the shelf say of letters that the ledger is not sure of."""

    kind = "relay_log"

    def find(self, letters: Sequence[proofs.Doubtful]) -> Mapping[str, str]:
        process = this_process()
        assert process is not None
        on_shelf = {key for key, _epoch in STORY.receipts}
        found = {
            one.delivery_id: "queued"
            for one in letters
            if one.delivery_id in on_shelf or STORY.has("taken", one.message_id)
        }
        process.halt("found")
        return found


# -- The world: a database with four runs --------------------------------------------------------


class Eye(Protocol):
    """A connection to the database that commits by itself and that no process knows of."""

    def execute(self, statement: Any, /) -> Any: ...

    def close(self) -> None: ...


def _open_eye(url: URL) -> Eye:
    if url.drivername == "sqlite":
        return sqlite3.connect(url.database or "", isolation_level=None)
    given = url.set(drivername="postgresql").render_as_string(hide_password=False)
    # It may forget a program's rows, whatever refers to them.
    alone = f"{_NOBODY_WAITS} -c session_replication_role=replica"
    return psycopg.connect(given, autocommit=True, options=alone)


@dataclass(frozen=True)
class World:
    engine: Engine
    eye: Eye  # reads what is committed
    settings: DeliverySettings
    plan: Any

    def forget(self) -> None:
        """As after the four runs were frozen: nothing planned, nothing sent."""
        CLOCK.now_ms, CLOCK.error_ms = NOW_MS, 0
        STORY.__init__()  # type: ignore[misc]
        for statement in _FORGET:
            self.eye.execute(statement)


_WRITTEN = (
    "alarm", "approval", "control_event", "delivery_event", "run_outcome", "delivery", "message",
    "report_file", "recipient", "municipality", "send_fuse", "relay", "paused_occasion",
)  # fmt: skip
_FORGET = (
    *(f"delete from {table}" for table in _WRITTEN),  # noqa: S608
    "update control set v = '1' where k = 'sending_enabled'",
)


@contextmanager
def world_in(url: str) -> Iterator[World]:
    """The world on the database of that URL, which has all tables and no rows yet."""
    engine = open_database(url)
    for run_id, contents in CONTENTS.items():
        contacts = {key: (f"{key}@example.org",) for key in contents}
        if run_id == "moved":
            contacts["neya"] = ("neya-new@example.org",)
        make_run(engine, run_id, contacts=contacts)
        with engine.begin() as db:
            for key, content in contents.items():
                model = _model(key, content)
                row = {"run_id": run_id, "municipality_id": key, "model": model.model_dump_json()}
                db.execute(report.insert(), row | {"content_sha256": model.content_sha256()})
    eye = _open_eye(make_url(url))
    known = {table.name for table in metadata.sorted_tables}
    assert known.issuperset(_WRITTEN)
    log = logging.getLogger("roadmap")
    level = log.level
    log.setLevel(logging.CRITICAL)  # thousands of lines that nobody reads
    settings = replace(SETTINGS, cap_per_recipient_day=CAP, max_attempts=MOST_TRIES)
    with pytest.MonkeyPatch.context() as patch:
        for module in (moves, sender):
            patch.setattr(module, "time", CLOCK)
        # All processes are one thread here: the mask of one would be that of all.
        patch.setattr(sender, "_no_signals", nullcontext)
        # The pace is no matter of interleavings, and costs a third of the statements.
        patch.setattr(brakes, "next_slot", lambda *_: 0)
        _remember(patch)
        yield World(engine, eye, settings, small_plan())
    log.setLevel(level)
    eye.close()
    engine.dispose()


def _remember(patch: pytest.MonkeyPatch) -> None:
    """Remember what is always the same and slow: reading a report, building a message."""
    models: dict[tuple[str, str], ReportModel] = {}
    frozen: dict[tuple[object, ...], Any] = {}
    load_model, freeze = compose.load_model, planning.message.freeze

    def loaded(db: Any, run_id: str, addressee: str) -> ReportModel:
        key = (run_id, addressee)
        if key not in models:
            models[key] = load_model(db, run_id, addressee)
            sha256 = models[key].content_sha256()
            object.__setattr__(models[key], "content_sha256", lambda: sha256)
        return models[key]

    def built(**given: Any) -> Any:
        key = tuple(str(given[name]) for name in ("delivery_id", "recipient", "text", "moment"))
        if key not in frozen:
            frozen[key] = freeze(**given)
        return frozen[key]

    patch.setattr(compose, "load_model", loaded)
    patch.setattr(planning.message, "freeze", built)


def _model(municipality_id: str, content: str) -> ReportModel:
    made = make_model()
    addressee = made.addressee.model_copy(
        update={"municipality_id": municipality_id, "name": NAMES[municipality_id]}
    )
    document = made.document
    small = {
        "addressee": addressee,
        "letter": made.letter.model_copy(
            update={"headline": f"Итог {content}", "figures": None, "attention": ()}
        ),
        "document": document.model_copy(update={"blocks": ()}) if document else None,
        "appendix": (),
        "schools": (),
        "key_figures": (),
    }
    return made.model_copy(update=small)


def render(model: ReportModel, envelope: Any) -> Package:
    """Formats are other tests' matter."""
    process = this_process()
    if process is not None:
        process.halt("render")
    text = f"{model.letter.headline}, редакция {envelope.revision}"
    return Package(LetterText(model.letter.subject, f"<p>{text}</p>", text), ())


# -- What must hold ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Letter:
    """A row of the ledger with its events."""

    delivery_id: str
    message_id: str
    recipient_id: str
    revision: int
    content: str
    state: str
    version: int
    claimed_by: str | None
    attempts: int
    expires_ms: int
    events: tuple[Event, ...]

    @property
    def is_pending(self) -> bool:
        return self.state in ("ready", "retry", "claimed", "in_doubt")

    @property
    def history(self) -> tuple[str, ...]:
        return tuple(one.to_state for one in self.events)

    @property
    def is_given_up(self) -> bool:
        return bool(self.events) and self.events[-1][:2] == ("unknown", "cancelled")


class Event(NamedTuple):
    from_state: str
    to_state: str
    at_ms: int
    actor: str
    phase: str | None
    code: int | None
    detail: str | None
    seq: int


def read_ledger(eye: Eye) -> tuple[Letter, ...]:
    events: dict[str, list[Event]] = {}
    for delivery_id, *columns in eye.execute(
        "select delivery_id, from_state, to_state, at_ms, actor, phase, code, detail, seq"
        " from delivery_event order by delivery_id, seq"
    ):
        events.setdefault(delivery_id, []).append(Event(*columns))
    rows = eye.execute(
        "select delivery_id, message_id, recipient_id, revision, content_sha256, state, version,"
        " claimed_by, attempts, expires_ms from delivery order by recipient_id, revision"
    )
    return tuple(Letter(*row, events=tuple(events.get(row[0], ()))) for row in rows)


def wrongs_of(letters: Sequence[Letter], story: Story) -> list[str]:
    """What of the ledger can't be, after what happened; each in a sentence."""
    wrongs = list(story.wrongs)
    wrongs += [
        f"the database had to refuse {who.name}: {said}"
        for who, said in story.refusals
        # The cap is there to be reached, and of two planners at once one is refused.
        if "ck_send_fuse" not in said and not (who.name.startswith("planner") and who.goes > 1)
    ]
    for letter in letters:
        wrongs += [f"{what}: {letter.state} {letter.history}" for what in _wrongs_of_one(letter)]
        wrongs += [f"{what}: {letter.history}" for what in _wrongs_with_story(letter, story)]
    unfinished = Counter(one.recipient_id for one in letters if one.state not in _FINISHED)
    wrongs += [f"{n} unfinished letters to one recipient" for n in unfinished.values() if n > 1]
    wrongs += [
        f"{n} transmissions to one recipient on {day}"
        for (_, day), n in _transmissions(letters).items()
        if n > CAP
    ]
    wrongs += _cancelled_early(letters)
    return wrongs + _same_content_twice(letters, story)


def _transmissions(letters: Sequence[Letter]) -> Counter[tuple[str, str]]:
    """By recipient and day (UTC) of arming; what was refused for something of ours counts not."""
    return Counter(
        (letter.recipient_id, datetime.fromtimestamp(one.at_ms / 1000, UTC).date().isoformat())
        for letter in letters
        for number, one in enumerate(letter.events)
        if one.to_state == "in_doubt"
        and not any(after.detail in _OF_OURS for after in letter.events[number + 1 : number + 2])
    )


def _cancelled_early(letters: Sequence[Letter]) -> list[str]:
    """Cancelled as late before its deadline, by the true clock, with nothing in its place."""
    newest = {one.recipient_id: one for one in letters}
    return [
        f"cancelled as late before its deadline: {one.history}"
        for one in letters
        if one.state == "cancelled"
        and one.events[-1].detail == moves.EXPIRED
        and one.expires_ms > CLOCK.now_ms
        and newest[one.recipient_id] is one
    ]


def _wrongs_of_one(letter: Letter) -> Iterator[str]:
    """The chain of events explains the state, and who wrote it was entitled to."""
    steps = letter.events
    if letter.version != len(steps) or [one.seq for one in steps] != [
        n + 1 for n in range(len(steps))
    ]:
        yield "version is not the number of events"
    if [one.from_state for one in steps] != ["new", *letter.history[:-1]]:
        yield "an event does not begin where the last one ended"
    if not steps or steps[-1].to_state != letter.state:
        yield "the last event is not the state"
    claimant = None
    for one in steps:
        if one.to_state == "claimed":
            claimant = one.actor
        is_taken_away = one.from_state in ("claimed", "in_doubt") and one.phase != "reap"
        if is_taken_away and one.actor != claimant:
            yield f"{one.actor} wrote {one.to_state} of a letter that {claimant} held"
        is_about_us = one.detail in _OF_OURS
        if one.to_state == "retry" and one.code in range(500, 600) and not is_about_us:
            yield f"to be tried again after a code {one.code}"
        if one.to_state == "rejected" and one.phase != "check" and one.code not in range(500, 600):
            yield f"rejected by code {one.code}"
        if one.detail in _OF_OURS and one.to_state not in ("ready", "retry"):
            yield f"{one.to_state}, though the refusal was about us"
    if letter.attempts > MOST_TRIES:
        yield f"tried {letter.attempts} times"
    if letter.attempts != _charged(steps):
        yield f"{letter.attempts} tries are counted, {_charged(steps)} were made"


def _charged(steps: Sequence[Event]) -> int:
    """Tries that count since a person last said to try anew: neither given back nor about us."""
    tries = 0
    for one in steps:
        if one.from_state in ("unknown", "exhausted", "rejected") and one.to_state == "retry":
            tries = 0
        tries += one.to_state == "claimed"
        is_given_back = one.from_state == "claimed" and one.to_state == "ready"
        tries -= is_given_back or one.detail in _OF_OURS
    return tries


def _wrongs_with_story(letter: Letter, story: Story) -> Iterator[str]:
    mine = [one for one in story.happened if one.message_id == letter.message_id]
    taken = 0  # since a person last said that it had not arrived
    for one in mine:
        if one.kind == "taken":
            taken += 1
            if taken > 1:
                yield "taken twice by the mail server, and nobody had decided to send it again"
        elif one.kind == "resend":
            taken = 0
    is_settled_elsewhere = letter.state == "cancelled" and not letter.is_given_up
    if taken and (
        letter.state in ("held", "ready", "retry", "claimed", "rejected", "exhausted")
        or is_settled_elsewhere
    ):
        yield f"the mail server has it, but the ledger says {letter.state}"
    for one in letter.events:
        is_a_person_s_word = (one.detail or "").startswith("operator")
        if (
            one.to_state == "accepted"
            and not is_a_person_s_word
            and not story.has("taken", letter.message_id)
        ):
            yield "accepted, but the mail server never took it"
    for before, one in pairwise(letter.events):
        passed_ms = one.at_ms - before.at_ms  # less than nothing: a wrong clock was put right
        if (before.to_state, one.to_state) == ("in_doubt", "unknown"):
            was_sent = any(dot.kind == "dot" and dot.at_ms >= before.at_ms for dot in mine)
            if not was_sent and 0 <= passed_ms <= 1000:
                yield "unknown, though no dot was sent and nobody stood still"
        if (before.to_state, one.to_state) == ("unknown", "retry") and 0 <= passed_ms < RESEND_MS:
            yield "sent again before its time"


def _same_content_twice(letters: Sequence[Letter], story: Story) -> list[str]:
    """Another revision of what the recipient may have already, with nothing else between."""
    for number, first in enumerate(letters):
        may_have = story.has("taken", first.message_id) or first.is_given_up
        came_back = first.state == "bounced"
        if not may_have or came_back or story.has("resend", first.message_id):
            continue
        for later in letters[number + 1 :]:
            if later.recipient_id != first.recipient_id:
                break
            if later.content == first.content and story.has("taken", later.message_id):
                between = letters[number + 1 : letters.index(later)]
                if not any(
                    "accepted" in one.history or one.is_given_up
                    for one in between
                    if one.content != first.content
                ):
                    return [
                        f"the same content as revisions {first.revision} ({first.history})"
                        f" and {later.revision}"
                    ]
    return []


# -- The machine ---------------------------------------------------------------------------------

MOST = 4  # processes at once
ADDRESSEES = (("buy",), ("buy",), ("buy", "neya"))  # one letter alone is fought for hardest
PLANNED = (
    "over", "over", "over", "next", "write", "wrote", "render", "write:plan_message",
    "write:release_run",
)  # fmt: skip
UNTIL = (
    "next", "over", "write", "wrote", "write:claim", "wrote:claim", "body", "body", "peek",
    "write:count_towards_daily_cap", "wrote:mark_in_doubt", "wrote:mark_in_doubt", "dot",
    "reply", "reply", "receipt", "write:accept",
)  # fmt: skip
FAULTS = (
    *(None,) * 8,
    ("refused", "mark_in_doubt"), ("answer_lost", "mark_in_doubt"),
    ("refused", "accept"), ("answer_lost", "accept"), ("answer_lost", "claim"),
)  # fmt: skip
# Past the lease of a claim, of a letter in doubt, the back-off of an attempt or of a day.
WAITS_MS = (
    2_000, MINUTE_MS, 4 * MINUTE_MS, 7 * MINUTE_MS,
    16 * MINUTE_MS, 16 * MINUTE_MS, 16 * MINUTE_MS, 200 * MINUTE_MS, 1500 * MINUTE_MS,
)  # fmt: skip
AHEAD = ("sender", "sender", "reaper", "planner")  # who comes by while the clock is wrong
AHEAD_MS = 40 * 24 * 60 * MINUTE_MS
MEDDLINGS = ("kill", "kill", "switch", "switch", "stop", "proof", "bounce")
DECISIONS = ("resend", "resend", "give_up", "give_up", "arrived", "send_again")
_any, _who = st.integers(0, 2), st.integers(0, MOST - 1)
MOVES = st.one_of(
    st.tuples(st.just("send"), _any, _any, st.sampled_from(FAULTS)),
    st.tuples(st.just("go_on"), _who, _any, _any, st.sampled_from(FAULTS)),
    st.tuples(st.just("wake"), _who, _any),
    st.tuples(st.just("wait"), _any, st.sampled_from(("reap", "reap", "begin", "nothing"))),
    st.tuples(st.just("decide"), st.sampled_from(DECISIONS)),
    st.tuples(st.just("haunt"), _any, _any, _any, _any, st.booleans()),
    st.tuples(st.just("plan"), st.sampled_from(sorted(CONTENTS)), st.sampled_from(PLANNED)),
    st.tuples(st.just("err"), st.sampled_from(AHEAD), _any, _any),
    st.tuples(st.just("meddle"), st.sampled_from(MEDDLINGS), _who),
)  # fmt: skip


@dataclass(frozen=True)
class Habits:
    """What this program does again and again; the moves choose one of three by number.

    A fault of an interleaving needs the same few things to come together several times over;
    among all that may happen they would seldom meet.
    """

    addressees: tuple[str, ...]
    is_patient: bool
    until: tuple[str, ...]
    weather: tuple[str, ...]
    wait_ms: tuple[int, ...]


HABITS = st.builds(
    Habits,
    addressees=st.sampled_from(ADDRESSEES),
    is_patient=st.booleans(),
    until=st.tuples(*[st.sampled_from(UNTIL)] * 3),
    weather=st.tuples(st.just("fine"), *[st.sampled_from(WEATHER)] * 2),
    wait_ms=st.tuples(*[st.sampled_from(WAITS_MS)] * 3),
)


class LedgerMachine(RuleBasedStateMachine):
    """Senders, planners, a reaper, an operator, a clock, a mail server, death."""

    world: ClassVar[World]
    programs: ClassVar[int] = 0
    seen: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        type(self).programs += 1
        self.world.forget()
        self.processes: list[Process] = []
        self.habits = Habits((), is_patient=True, until=(), weather=("fine",), wait_ms=())
        self.times_in_doubt: dict[str, int] = {}
        self.told: dict[str, tuple[Event, ...]] = {}
        self.is_found = False
        self.number = 0

    # -- who there is --------------------------------------------------------------------------

    @property
    def living(self) -> list[Process]:
        return [one for one in self.processes if not one.dead]

    def new_process(self, kind: str, work: Callable[[Process], object]) -> Process:
        self.number += 1
        process = Process(f"{kind}-{self.number}", lambda: work(process))
        self.processes.append(process)
        return process

    def new_sender(self) -> Process:
        world, is_patient = self.world, self.habits.is_patient

        def drain(process: Process) -> object:
            return sender.send_due(
                world.engine,
                ClaimScope(),
                lambda _mode: Wire(world.eye, is_patient),
                world.settings,
                process.stop,  # type: ignore[arg-type]
                process.name,
                receipts=Shelf(),  # type: ignore[arg-type]
            )

        return self.new_process("sender", drain)

    def new_reaper(self) -> Process:
        return self.new_process(
            "reaper",
            lambda one: moves.reap(self.world.engine, one.name, max_attempts=MOST_TRIES),
        )

    def new_watch(self) -> Process:
        return self.new_process(
            "watch",
            lambda one: proofs.settle_unknown(self.world.engine, (RelayLog(),), one.name),
        )

    def new_planner(self, run_id: str) -> Process:
        world, addressees = self.world, self.habits.addressees
        return self.new_process(
            "planner",
            lambda _: (
                planning.plan_deliveries(
                    world.engine, world.plan, run_id, addressees, None, world.settings,
                    NOW_MS, render,
                ),
                releases.release_run(world.engine, run_id),
            ),
        )  # fmt: skip

    # -- what happens --------------------------------------------------------------------------

    @initialize(habits=HABITS)
    def begin(self, habits: Habits) -> None:
        self.habits = habits
        self.new_planner("first").go("over")

    # One rule: hypothesis leaves out rules at random, and a fault needs most of them at once.
    @rule(move=MOVES)
    def step(self, move: tuple[Any, ...]) -> None:
        name, *how = move
        getattr(self, name)(*how)

    def plan(self, run_id: str, until: str) -> None:
        if len(self.living) < MOST:
            self.new_planner(run_id).go(until)

    def send(self, until: int, weather: int, fault: Fault | None) -> None:
        if len(self.living) < MOST:
            self._let(self.new_sender(), self.habits.until[until], weather, fault)

    def go_on(self, who: int, until: int, weather: int, fault: Fault | None) -> None:
        if self.living:
            process = self.living[who % len(self.living)]
            self._let(process, self.habits.until[until], weather, fault)

    def wake(self, who: int, weather: int) -> None:
        if self.living:
            self._let(self.living[who % len(self.living)], "over", weather)

    def _let(
        self, process: Process, until: str, weather: int = 0, fault: Fault | None = None
    ) -> None:
        process.weather, process.fault = self.habits.weather[weather], fault
        process.go(until)

    def haunt(self, until: int, ms: int, other: int, weather: int, is_decided: bool) -> None:
        """A sender comes back after another took its letter, perhaps by a person's decision."""
        if len(self.living) > MOST - 2:
            return
        ghost = self.new_sender()
        self._let(ghost, self.habits.until[until], weather)
        self.wait(ms, "reap")
        if is_decided:
            CLOCK.pass_ms(16 * MINUTE_MS)
            STORY.take_what_is_late()
            self.decide("resend")
        self._let(self.new_sender(), self.habits.until[other])
        if not ghost.dead:
            self._let(ghost, "over", weather)

    def wait(self, ms: int, then: str) -> None:
        """Who is not let go on is frozen meanwhile; the watch over deliveries comes by."""
        CLOCK.pass_ms(self.habits.wait_ms[ms])
        STORY.take_what_is_late()
        if then == "reap":
            self.new_reaper().go("over")
        elif then == "begin" and len(self.living) < MOST:
            self.new_reaper().go("next")

    def err(self, who: str, until: int, weather: int) -> None:
        """For a moment the database's clock is far ahead, and somebody comes by.

        Between two such moments the watch comes by: two looks of wrong clocks would agree.
        """
        if len(self.living) == MOST:
            return
        (last_ms,) = self.world.eye.execute("select max(looked_ms) from relay").fetchone()
        if last_ms is not None and last_ms > CLOCK.now_ms:
            self.new_reaper().go("over")
        CLOCK.error_ms = AHEAD_MS
        armed = {one.message_id for one in read_ledger(self.world.eye) if one.state == "in_doubt"}
        if who == "sender":
            self._let(self.new_sender(), self.habits.until[until], weather)
        elif who == "reaper":
            self.new_reaper().go("over")
        else:
            self.new_planner("changed").go("over")
        CLOCK.error_ms = 0
        now = read_ledger(self.world.eye)
        STORY.doubted_early |= armed & {one.message_id for one in now if one.state == "unknown"}

    def decide(self, decision: settle.Decision) -> None:
        """The operator, about what is unknown (`arrived` may be a mistake) or was refused."""
        states = ("rejected", "exhausted") if decision == "send_again" else ("unknown",)
        for letter in [one for one in read_ledger(self.world.eye) if one.state in states][:1]:
            try:
                settle.settle(
                    self.world.engine,
                    letter.message_id,
                    decision,
                    actor="operator",
                    reason="проверка",
                )
            except settle.SettleRefused:
                return
            STORY.tell(decision, letter.message_id)

    def meddle(self, what: str, who: int) -> None:
        if what == "switch":
            throw = brakes.stop if self.is_on else brakes.start
            throw(self.world.engine, "operator", "проверка")
        elif what == "proof" and len(self.living) < MOST:
            self.new_watch().go("over" if who else "next")
        elif what == "bounce":
            for letter in read_ledger(self.world.eye):
                if letter.state == "accepted":
                    self._bounce(letter)
        elif self.living:
            process = self.living[who % len(self.living)]
            if what == "stop":
                process.stop.set()
            else:
                process.kill()

    def _bounce(self, letter: Letter) -> None:
        with self.world.engine.begin() as db:
            moves.move(
                db, "bounce", letter.delivery_id, "accepted",
                now_ms=moves.db_now_ms(db), actor="watch", detail="DSN",
            )  # fmt: skip

    @property
    def is_on(self) -> bool:
        (value,) = self.world.eye.execute("select v from control").fetchone()
        return bool(value == "1")

    # -- what must hold ------------------------------------------------------------------------

    @invariant()
    def all_is_well(self) -> None:
        STORY.take_what_is_late()
        letters = read_ledger(self.world.eye)
        wrongs = wrongs_of(letters, STORY)
        if not self.is_on:
            wrongs += [
                "marked in doubt while sending was switched off"
                for one in letters
                if self._is_newly_in_doubt(one)
            ]
        for letter in letters:
            told = self.told.get(letter.delivery_id, ())
            if letter.events[: len(told)] != told:
                wrongs.append("an event was changed or is gone")
        self.told = {one.delivery_id: one.events for one in letters}
        self.times_in_doubt = {one.message_id: one.history.count("in_doubt") for one in letters}
        counted = self.world.eye.execute("select scope, day, n from send_fuse where n > 0")
        if {(scope.removeprefix("rcpt:"), day): n for scope, day, n in counted} != _transmissions(
            letters
        ):
            wrongs.append("the daily cap counts other transmissions than there were")
        if wrongs:
            self.is_found = True
            raise Wrong("; ".join(wrongs))

    def _is_newly_in_doubt(self, letter: Letter) -> bool:
        return letter.history.count("in_doubt") > self.times_in_doubt.get(letter.message_id, 0)

    def teardown(self) -> None:
        """All wake, everything works: then nothing may be left, or have been done twice."""
        try:
            if not self.is_found:
                self._finish()
        finally:
            for process in self.living:
                process.kill()

    def _finish(self) -> None:
        for process in self.living:
            process.weather, process.fault = "fine", None
            process.go("over")
            self.all_is_well()
        if not self.is_on:
            brakes.start(self.world.engine, "operator", "проверка")
        releases.release_left(self.world.engine, lambda _: True)
        # Past the deadline of every letter: one that nobody may claim any more says so.
        for _ in range(20):
            CLOCK.pass_ms(480 * MINUTE_MS)
            self.new_sender().go("over")
            self.all_is_well()
            if not any(one.is_pending for one in read_ledger(self.world.eye)):
                break
        else:
            states = [one.state for one in read_ledger(self.world.eye)]
            raise Wrong(f"left over, though everything works: {states}")
        for letter in read_ledger(self.world.eye):
            type(self).seen.update([letter.state, *letter.history])
