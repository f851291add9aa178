"""F1–F18 of docs/delivery.md §6: where a sender is killed or stopped, wrapped from outside.

`install` is called in the worker's process only. It wraps the functions the sender calls
(ledger.claim, ledger.mark_in_doubt, ledger.accept, the phases of the transport) and events of its
engine, and does to its own process what is ordered, at the n-th time the point is reached.
"""

from __future__ import annotations

import os
import resource
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, event

from roadmap.delivery.ledger import moves
from roadmap.delivery.proof.receipts import Receipts
from roadmap.delivery.sending.smtp import SmtpTransport

# So many blocks of a large letter are followed by another one.
BLOCKS = 5


@dataclass(frozen=True)
class Failpoint:
    """Where, at the how-manieth time that it is reached, after what delay, by which signal.

    SIGALRM comes by a timer, as a task's time-out does: what is done goes on until then.
    """

    where: str  # a key of POINTS
    nth: int = 1
    delay_seconds: float = 0.0
    signal: int = signal.SIGKILL


Fire = Callable[[], None]


def install(point: Failpoint, engine: Engine) -> None:
    """Arrange that this process meets its fault; KeyError where there is no such point."""
    seen = 0

    def fire() -> None:
        nonlocal seen
        seen += 1
        if seen == point.nth and point.signal == signal.SIGALRM:
            signal.setitimer(signal.ITIMER_REAL, max(point.delay_seconds, 0.001))
        elif seen == point.nth:
            time.sleep(point.delay_seconds)
            os.kill(os.getpid(), point.signal)

    POINTS[point.where](fire, engine)


def _after(owner: Any, name: str, fire: Fire, when: Callable[..., bool] | None = None) -> None:
    whole = getattr(owner, name)

    @wraps(whole)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        given = whole(*args, **kwargs)
        if when is None or when(*args, given=given):
            fire()
        return given

    setattr(owner, name, wrapped)


def _before(owner: Any, name: str, fire: Fire) -> None:
    whole = getattr(owner, name)

    @wraps(whole)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        fire()
        return whole(*args, **kwargs)

    setattr(owner, name, wrapped)


def _before_commit_in(owner: Any, name: str, fire: Fire, engine: Engine) -> None:
    """In the transaction of the function, all written, nothing committed."""
    inside = False
    whole = getattr(owner, name)

    @wraps(whole)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        nonlocal inside
        inside = True
        try:
            return whole(*args, **kwargs)
        finally:
            inside = False

    setattr(owner, name, wrapped)

    def committing(_connection: Any) -> None:
        if inside:
            fire()

    event.listen(engine, "commit", committing)


def _phase(phase: str) -> Callable[[Fire, Engine], None]:
    """After the server's answer to a command."""

    def was(_self: Any, _command: str, asked: str, *_rest: Any, given: Any) -> bool:
        return asked == phase

    return lambda fire, _: _after(SmtpTransport, "_ask", fire, when=was)


def _has_claimed(*_args: Any, given: Any) -> bool:
    return given is not None


def _is_marked(*_args: Any, given: Any) -> bool:
    return given is not None


def _in_body(fire: Fire, _engine: Engine) -> None:
    """Between two blocks of the body; reached BLOCKS times in each letter."""
    inside = False
    blocks = 0
    send_body = SmtpTransport.send_body
    sendall = socket.socket.sendall

    def body(self: SmtpTransport, *args: Any) -> None:
        nonlocal inside, blocks
        inside, blocks = True, 0
        send_body(self, *args)
        inside = False

    def block(self: socket.socket, *args: Any) -> None:
        nonlocal blocks
        sendall(self, *args)
        blocks += 1
        if inside and blocks <= BLOCKS:
            fire()

    SmtpTransport.send_body = body  # type: ignore[method-assign]
    socket.socket.sendall = block  # type: ignore[method-assign,assignment]


def _in_quit(fire: Fire, _engine: Engine) -> None:
    """QUIT is said, its answer not read."""
    inside = False
    take_leave = SmtpTransport.quit
    sendall = socket.socket.sendall

    def leave(self: SmtpTransport) -> None:
        nonlocal inside
        inside = True
        take_leave(self)

    def said(self: socket.socket, *args: Any) -> None:
        sendall(self, *args)
        if inside:
            fire()

    SmtpTransport.quit = leave  # type: ignore[method-assign]
    socket.socket.sendall = said  # type: ignore[method-assign,assignment]


def _planned(fire: Fire, engine: Engine) -> None:
    """Rows of a letter are written; the COMMIT of the transaction was called, not done."""
    is_written = False
    write = moves.plan

    def plan(*args: Any, **kwargs: Any) -> bool:
        nonlocal is_written
        is_written = write(*args, **kwargs)
        return is_written

    def committing(_connection: Any) -> None:
        nonlocal is_written
        if is_written:
            is_written = False
            fire()

    moves.plan = plan
    event.listen(engine, "commit", committing)


def _disk_full(at: str) -> Callable[[Fire, Engine], None]:
    """From that call on no file of this process takes a byte: EFBIG at every write."""

    def fill() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))

    return lambda _fire, _engine: _before(moves, at, fill)


def _read_only(at: str) -> Callable[[Fire, Engine], None]:
    """From that call on the database takes no writes of this process."""

    def arrange(_fire: Fire, engine: Engine) -> None:
        is_read_only = False

        def forbid() -> None:
            nonlocal is_read_only
            is_read_only = True

        def begun(connection: Connection) -> None:
            if is_read_only:
                connection.exec_driver_sql(
                    "pragma query_only = on"
                    if engine.dialect.name == "sqlite"
                    else "set transaction read only"
                )

        _before(moves, at, forbid)
        event.listen(engine, "begin", begun)

    return arrange


# Where a fault may strike; the number is the row of docs/delivery.md §6.
SENDING: dict[str, Callable[[Fire, Engine], None]] = {
    "F2 after the claim": lambda fire, _: _after(moves, "claim", fire, when=_has_claimed),
    "F3 after connect": lambda fire, _: _after(SmtpTransport, "open", fire),
    "F4 after MAIL": _phase("mail"),
    "F5 after RCPT": _phase("rcpt"),
    "F6 after 354": _phase("data"),
    "F7 in the body": _in_body,
    "F8 before the mark": lambda fire, _: _before(moves, "mark_in_doubt", fire),
    "F8 before the commit of the mark": lambda fire, engine: _before_commit_in(
        moves, "mark_in_doubt", fire, engine
    ),
    "F9 before the dot": lambda fire, _: _after(moves, "mark_in_doubt", fire, when=_is_marked),
    "F10 after the dot": lambda fire, _: _after(SmtpTransport, "send_dot", fire),
    "F11 after the reply": lambda fire, _: _after(SmtpTransport, "read_reply", fire),
    "F11 before the commit of acceptance": lambda fire, engine: _before_commit_in(
        moves, "accept", fire, engine
    ),
    "F12 after acceptance": lambda fire, _: _after(moves, "accept", fire),
    "F13 in QUIT": _in_quit,
}

# Where the sender keeps receipts.
RECEIPTS: dict[str, Callable[[Fire, Engine], None]] = {
    "F11 before the receipt is whole": lambda fire, _: _before(Path, "replace", fire),
    "F11 after the receipt": lambda fire, _: _after(Receipts, "keep", fire),
}
PLANNING: dict[str, Callable[[Fire, Engine], None]] = {
    "F1 after INSERT": lambda fire, _: _after(moves, "plan", fire),
    "F1 before COMMIT": _planned,
}
# These strike by themselves, at the first letter; no signal is sent.
DATABASE: dict[str, Callable[[Fire, Engine], None]] = {
    "F18 disk full before the dot": _disk_full("mark_in_doubt"),
    "F18 disk full after the reply": _disk_full("accept"),
    "F18 read-only before the dot": _read_only("mark_in_doubt"),
    "F18 read-only after the reply": _read_only("accept"),
}
POINTS = {**PLANNING, **SENDING, **RECEIPTS, **DATABASE}
