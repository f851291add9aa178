"""A real sender in a process of its own, which the test kills, stops and wakes.

Forked from the test, where everything is imported, so that a kill costs milliseconds. The
child closes every descriptor it inherited and opens its own engine and connection; nothing of
production code knows that it is watched (failpoints.py wraps it in the child only).
"""

from __future__ import annotations

import os
import pickle
import select
import signal
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from sqlalchemy import Engine

from faults.failpoints import Failpoint, install
from faults.world import DONE, SETTINGS, World
from roadmap.delivery.ledger import moves
from roadmap.delivery.ledger.moves import ClaimScope
from roadmap.delivery.proof.receipts import Receipts
from roadmap.delivery.sending.sender import SendSummary, send_due
from roadmap.delivery.sending.smtp import transports
from roadmap.delivery.settings import DeliverySettings, Patience
from roadmap.store.engine import open_engine
from support.mail_client import QUICK, plain

_FIRST_OWN_FD = 3
_BROKEN = 70


@dataclass(frozen=True)
class Orders:
    """What a worker is to do: all that it knows comes from here, the ledger and the server."""

    url: str
    port: int
    scope: ClaimScope
    actor: str = "worker"
    failpoint: Failpoint | None = None
    later_ms: int = 0
    lease_ms: int | None = None
    in_doubt_lease_ms: int | None = None
    receipts: Path | None = None
    settings: DeliverySettings = SETTINGS
    patience: Patience = field(default_factory=lambda: QUICK)
    deadline_seconds: float = 60.0
    on_signal: str = "flag"  # SIGTERM sets the stop flag, as Airflow's on_kill | "die" | "raise"
    other_threads: int = 0  # that may be handed a signal of the process
    keep_trying_seconds: float | None = None  # to write down what became of a letter
    sabotage: Callable[[], None] | None = None  # breaks the sender: can this harness fail?


@dataclass(frozen=True)
class Ended:
    """How a worker ended: exit code, or minus the signal; what it said before that."""

    code: int
    said: Any = None

    @property
    def was_killed(self) -> bool:
        return self.code == -signal.SIGKILL


_started: list[Worker] = []


def end_all() -> None:
    """No worker outlives its test, however that ended."""
    while _started:
        worker = _started.pop()
        if not worker.is_over:
            worker.signal(signal.SIGKILL)
            os.waitpid(worker.pid, 0)


class Worker:
    """A forked process; end it with `wait` or `kill`."""

    def __init__(self, pid: int, words: int) -> None:
        self.pid = pid
        self._words = words
        self._ended: Ended | None = None
        _started.append(self)

    def kill(self) -> Ended:
        self.signal(signal.SIGKILL)
        return self.wait()

    def stop(self) -> None:
        self.signal(signal.SIGSTOP)
        self.wait_stopped()

    def go_on(self) -> None:
        self.signal(signal.SIGCONT)

    def signal(self, number: int) -> None:
        if self._ended is None:
            os.kill(self.pid, number)

    @property
    def is_over(self) -> bool:
        return self._poll()

    def wait_stopped(self, seconds: float = 20.0) -> None:
        """Until the process stands still by SIGSTOP; RuntimeError when it ended instead."""
        deadline = time.monotonic() + seconds
        while not self._is_stopped():
            if self._poll():
                raise RuntimeError(f"the worker did not stop but end: {self._ended}")
            if time.monotonic() > deadline:
                raise TimeoutError("the worker did not stop")
            time.sleep(0.002)

    def wait(self, seconds: float = 90.0) -> Ended:
        """Until it ended; after `seconds` it is killed and TimeoutError raised."""
        deadline = time.monotonic() + seconds
        said = b""
        # It may say more than a pipe holds: read first.
        while select.select([self._words], [], [], max(0.0, deadline - time.monotonic()))[0]:
            more = os.read(self._words, 65_536)
            if not more:
                break
            said += more
        else:
            if self._ended is None:
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
            raise TimeoutError(f"the worker was still busy after {seconds} s")
        while not self._poll():
            time.sleep(0.001)
        assert self._ended is not None
        os.close(self._words)
        return Ended(self._ended.code, pickle.loads(said) if said else None)  # noqa: S301

    def _poll(self) -> bool:
        if self._ended is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._ended = Ended(os.waitstatus_to_exitcode(status))
        return self._ended is not None

    def _is_stopped(self) -> bool:
        try:
            stat = Path(f"/proc/{self.pid}/stat").read_text()
        except FileNotFoundError:
            return False
        return stat.rpartition(")")[2].split()[0] == "T"


def orders(world: World, scope: ClaimScope, **changes: Any) -> Orders:
    """To send this scope of this world, at its time of day."""
    given: dict[str, Any] = {"later_ms": world.later_ms} | changes
    return Orders(world.url, world.server.port, scope, **given)


def start(world: World, given: Orders) -> Worker:
    """A sender at work; `wait()` tells its SendSummary, or the traceback it died of."""
    return start_process(world.engine, lambda: send(given))


def start_process(engine: Engine, work: Callable[[], Any]) -> Worker:
    """Fork a process that does `work` and says what it gives (must be picklable).

    `engine` is the test's own: nobody may be using it now, for a connection of SQLite must
    not live on in two processes.
    """
    assert engine.pool.checkedout() == 0, "a connection is in use"  # type: ignore[attr-defined]
    engine.dispose()
    words, mouth = os.pipe()
    pid = os.fork()
    if pid == 0:
        _be_worker(mouth, work)
    os.close(mouth)
    return Worker(pid, words)


def _be_worker(mouth: int, work: Callable[[], Any]) -> NoReturn:
    code = _BROKEN
    try:
        # Sockets of the mail server live in the test: a copy here would keep them open.
        os.closerange(_FIRST_OWN_FD, mouth)
        os.closerange(mouth + 1, os.sysconf("SC_OPEN_MAX"))
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM):
            signal.signal(number, signal.SIG_DFL)
        said = work()
        code = 0
    except BaseException:  # noqa: BLE001 - the end of this process, whatever it was
        said = traceback.format_exc()
    try:
        os.write(mouth, pickle.dumps(said))
    finally:
        os._exit(code)


class TimedOut(BaseException):
    """As AirflowTaskTimeout: no Exception, raised wherever the task happens to be."""


def _time_out(*_: object) -> NoReturn:
    raise TimedOut


def send(given: Orders) -> SendSummary:
    """What `roadmap_airflow` does for a batch, with a failpoint where one is ordered."""
    if given.lease_ms is not None:
        moves.LEASE_MS = given.lease_ms
    if given.in_doubt_lease_ms is not None:
        moves.IN_DOUBT_LEASE_MS = given.in_doubt_lease_ms
    if given.keep_trying_seconds is not None:
        moves._KEEP_TRYING_SECONDS = given.keep_trying_seconds
    if given.sabotage is not None:
        given.sabotage()
    engine = open_engine(given.url)
    stop = threading.Event()
    if given.on_signal == "flag":
        # Airflow's SIGTERM calls on_kill of the operator, which sets its flag.
        signal.signal(signal.SIGTERM, lambda *_: stop.set())
    elif given.on_signal == "raise":
        signal.signal(signal.SIGALRM, _time_out)
    for _ in range(given.other_threads):
        threading.Thread(target=threading.Event().wait, daemon=True).start()
    if given.failpoint is not None:
        install(given.failpoint, engine)
    return send_due(
        engine,
        given.scope,
        transports(plain(given.port, given.patience)),
        given.settings,
        stop,
        given.actor,
        soft_deadline_seconds=given.deadline_seconds,
        clock=lambda db: moves.db_now_ms(db) + given.later_ms,
        receipts=None if given.receipts is None else Receipts(given.receipts),
    )


def again_until_done(
    world: World,
    scope: ClaimScope,
    occasion: str | None = None,
    receipts: Path | None = None,
    settings: DeliverySettings = SETTINGS,
) -> tuple[int, int]:
    """Time passes, a whole sender runs, the operator settles what is unknown; until all is done.

    How many unknown letters were found on the server, how many were not and sent again.
    """
    there = again = 0
    for turn in range(10):
        world.let_pass()
        given = orders(
            world, scope, actor=f"again-{turn}", receipts=receipts, settings=settings
        )  # fmt: skip
        ended = start(world, given).wait()
        if ended.code != 0:
            raise RuntimeError(f"the sender that ran again failed: {ended}")
        states = world.states(occasion)
        if all(state in DONE for state in states.values()):
            return there, again
        found, missing = world.settle_unknown(occasion)
        there, again = there + found, again + missing
    raise RuntimeError(f"never done: {sorted(states.values())}")
