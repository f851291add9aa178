"""A mail server for tests that misbehaves on command (docs/delivery.md §6, rows S1–S18).

A thread per connection, raw sockets: only so can a server accept a letter and then cut the
line. Each connection takes the next behaviour of `connection_plan`, each transaction that of
`plan`; when they are used up, the defaults. `accepted` holds what the server took
responsibility for, whatever it said.
"""

from __future__ import annotations

import contextlib
import os
import re
import socket
import ssl
import struct
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

_CONNECTION_PHASES = ("greeting", "ehlo", "starttls", "auth")
_TRANSACTION_PHASES = ("mail", "rcpt", "data", "dot")
_IN_PHASE = re.compile(
    rf"(\d\d\d|slow|silent|rst|garbage)_({'|'.join(_CONNECTION_PHASES + _TRANSACTION_PHASES)})"
)
_WORDS = {
    "334_auth": "334 abcde",
    "450_rcpt": "450 4.7.1 greylisted",
    "252_rcpt": "252 will try",
    "502_data": "502 5.5.1 command not implemented",
    "530_mail": "530 5.7.0 log in",
    "550_dot": "550 5.7.26 This mail is unauthenticated",
    "552_rcpt": "552 5.2.2 Mailbox size limit exceeded",
    "553_mail": "553 5.7.1 Sender address rejected: not owned by auth user",
    "554_rcpt": "554 5.7.1 Relay access denied",
    "554_dot": "554 5.7.1 Message rejected under suspicion of SPAM",
    "535_auth": "535 5.7.8 authentication failed",
}


@dataclass(frozen=True)
class Accepted:
    """A letter that the server took; `recipient` is the first of its `recipients`."""

    sender: str
    recipient: str
    content: bytes
    recipients: tuple[str, ...] = ()
    connection: int = 0

    @property
    def message_id(self) -> str:
        head = self.content.partition(b"\r\n\r\n")[0]
        found = re.search(rb"(?im)^message-id:\s*(<[^>]+>)", head)
        return found.group(1).decode("ascii") if found else ""


@dataclass
class Connection:
    """What was said on one connection, in its order; `end` says how it was over."""

    number: int
    behaviour: str
    commands: list[str] = field(default_factory=list)
    replies: list[str] = field(default_factory=list)
    behaviours: list[str] = field(default_factory=list)  # of its transactions
    bodies: int = 0
    end: str = "open"  # quit, hung up (by us), reset (by us), gone (the client went)

    def verbs(self) -> list[str]:
        return [command.split(" ")[0].upper() for command in self.commands]


class _Over(Exception):
    """The server ends this connection; the argument says how."""


class SmtpServer:
    """Behaviours of a transaction: accept, rst_after_dot, accept_then_rst, accept_late,
    garbage, unfinished, rst_body, 421_in_body, close_after, and in each phase (mail, rcpt,
    data, dot) a code of its own (`451_dot`, `550_rcpt`, `421_data`; after 421 it hangs up), and
    `slow_…` (one byte in `byte_seconds`), `silent_…`, `rst_…`, `garbage_…`. slow_dot and
    silent_dot have taken the letter; rst_dot and garbage_dot have not. `220_dot` and the like
    are the server's words; it has taken nothing. `says` are further behaviours of any phase:
    the exact octets that are sent there, whatever the server has made of the letter.

    Behaviours of a connection: accept, and the same in its phases: greeting, ehlo, starttls,
    auth (`554_greeting`, `421_ehlo`, `535_auth`, `slow_greeting`, …).

    `by_address`: the behaviours that the next transactions to that address take at RCPT
    (`itertools.repeat` for all of them), whatever the plan says.
    """

    def __init__(
        self,
        plan: Iterable[str] = (),
        default: str | Callable[[], str] = "accept",
        greeting: bytes = b"220 test.example ESMTP\r\n",
        features: tuple[str, ...] = ("PIPELINING", "8BITMIME"),
        late_seconds: float = 3.0,
        tls: ssl.SSLContext | None = None,
        is_tls_at_once: bool = False,
        connection_plan: Iterable[str] = (),
        connection_default: str | Callable[[], str] = "accept",
        by_address: Mapping[str, Iterable[str]] | None = None,
        byte_seconds: float = 1.0,
        pace_seconds: float = 0.0,
        says: Mapping[str, bytes] | None = None,
        bytes_per_second: int | None = None,
    ) -> None:
        """`tls`: offered as STARTTLS, or spoken from the first byte (`is_tls_at_once`).

        `pace_seconds`: how long a letter takes, half before its body and half after its dot.
        `bytes_per_second`: how fast it takes a body; None: as fast as it comes.
        A default that is a function is asked each time, by one thread at once.
        """
        self.plan = deque(plan)
        self.default = default
        self.greeting = greeting
        self.features = features
        self.late_seconds = late_seconds
        self.tls = tls
        self.is_tls_at_once = is_tls_at_once
        self.pace_seconds = pace_seconds
        self.connection_plan = deque(connection_plan)
        self.connection_default = connection_default
        self.by_address: dict[str, Iterator[str]] = {
            address: iter(behaviours) for address, behaviours in (by_address or {}).items()
        }
        self.byte_seconds = byte_seconds
        self.says = dict(says or {})
        self.bytes_per_second = bytes_per_second
        self.accepted: list[Accepted] = []
        self.bodies = 0  # whole bodies that came with their final dot
        self.commands: list[str] = []
        self.log: list[Connection] = []
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        if bytes_per_second is not None:  # what the kernel takes for us is taken at once
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        self._port = self._listener.getsockname()[1]
        self._sockets: set[socket.socket] = set()
        self._over = threading.Event()
        self._thread: threading.Thread | None = None
        _servers.add(self)

    @property
    def port(self) -> int:
        return self._port

    @property
    def connections(self) -> int:
        return len(self.log)

    def count(self, verb: str) -> int:
        """How many commands of that verb came, over all connections."""
        with self._lock:
            return sum(command.split(" ")[0].upper() == verb for command in self.commands)

    # -- on and off ----------------------------------------------------------------------------

    def __enter__(self) -> SmtpServer:
        self._start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._stop_listening()
        with self._lock:
            left = list(self._sockets)
        for one in left:
            _shut(one)

    def refuse(self) -> None:
        """From now on nobody listens: who connects is refused. Connections there are stay."""
        self._stop_listening()

    def listen(self) -> None:
        """After `refuse`: the same port takes connections again."""
        self._listener = socket.create_server(("127.0.0.1", self._port))
        self._start()

    def _start(self) -> None:
        self._thread = threading.Thread(target=self._serve, args=(self._listener,), daemon=True)
        self._thread.start()

    def _stop_listening(self) -> None:
        _shut(self._listener)
        self._listener.close()
        if self._thread is not None:
            self._thread.join(5)

    def _serve(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with self._lock:
                self._sockets.add(connection)
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        with self._lock:
            behaviour = _next(self.connection_plan, self.connection_default)
            said = Connection(len(self.log) + 1, behaviour)
            self.log.append(said)
        talk = _Talk(self, connection, said)
        try:
            talk.hold()
        except _Over as over:
            said.end = str(over)
        except OSError:
            said.end = "gone"
        else:
            said.end = "gone"
        finally:
            talk.close()


class _Talk:
    """One connection, from the greeting on."""

    def __init__(self, server: SmtpServer, sock: socket.socket, said: Connection) -> None:
        self.server = server
        self.sock = sock
        self.said = said
        self.behaviour = "accept"
        self.sender = ""
        self.recipients: list[str] = []
        self._reader: BinaryIO | None = None

    def hold(self) -> None:
        server = self.server
        if server.tls is not None and server.is_tls_at_once:
            self._speak_tls()
        lines = self._lines()
        self._answer("greeting", server.greeting, self.said.behaviour)
        while line := lines.readline():
            command = line.decode("ascii").strip()
            with server._lock:
                server.commands.append(command)
                self.said.commands.append(command)
            verb = command.split(" ")[0].upper()
            if verb == "EHLO":
                self._answer("ehlo", self._offer(), self.said.behaviour)
            elif verb == "STARTTLS" and server.tls is not None:
                if self._answer("starttls", b"220 go on\r\n", self.said.behaviour):
                    self._speak_tls()
                    lines = self._lines()
            elif verb == "AUTH":
                self._answer("auth", b"235 2.7.0 welcome\r\n", self.said.behaviour)
            elif verb == "MAIL":
                with server._lock:
                    self.behaviour = _next(server.plan, server.default)
                self.said.behaviours.append(self.behaviour)
                self.sender, self.recipients = _path(command), []
                self._answer("mail", b"250 ok\r\n", self.behaviour)
            elif verb == "RCPT":
                self._take_recipient(_path(command))
            elif verb == "DATA":
                server._over.wait(server.pace_seconds / 2)
                if self._answer("data", b"354 go on\r\n", self.behaviour):
                    self._take_body(lines)
            elif verb == "QUIT":
                self._say(b"221 bye\r\n")
                raise _Over("quit")
            else:
                self._say(b"250 ok\r\n")

    def _lines(self) -> BinaryIO:
        self._reader = self.sock.makefile("rb")
        return self._reader

    def close(self) -> None:
        with self.server._lock:
            self.server._sockets.discard(self.sock)
        if self._reader is not None:
            self._reader.close()  # a socket whose file is open is not closed yet
        if self.said.end != "reset":
            _shut(self.sock)
        self.sock.close()

    def _speak_tls(self) -> None:
        assert self.server.tls is not None
        plain = self.sock
        # A client that refuses our certificate ends the handshake: an OSError, as any other.
        self.sock = self.server.tls.wrap_socket(plain, server_side=True)
        with self.server._lock:
            self.server._sockets.discard(plain)
            self.server._sockets.add(self.sock)

    def _offer(self) -> bytes:
        offered = ["test.example", *self.server.features]
        if self.server.tls is not None and not isinstance(self.sock, ssl.SSLSocket):
            offered.append("STARTTLS")
        last = len(offered) - 1
        return "".join(
            f"250{' ' if i == last else '-'}{feature}\r\n" for i, feature in enumerate(offered)
        ).encode()

    def _take_recipient(self, address: str) -> None:
        with self.server._lock:
            wanted = next(self.server.by_address.get(address, iter(())), None)
        if wanted is not None:
            self.behaviour = wanted
            self.said.behaviours[-1:] = [wanted]
        self.recipients.append(address)
        if not self._answer("rcpt", b"250 ok\r\n", self.behaviour):
            self.recipients.pop()

    def _take_body(self, lines: BinaryIO) -> None:
        server, behaviour = self.server, self.behaviour
        if behaviour == "421_in_body":
            self._say(b"421 shutting down\r\n")
            raise _Over("hung up")
        if behaviour == "rst_body":
            lines.read(512)
            self._reset()
        content = _body(lines, server.bytes_per_second)
        if content is None:
            raise _Over("gone")
        self.said.bodies += 1
        with server._lock:
            server.bodies += 1
        if behaviour in ("rst_after_dot", "rst_dot"):
            self._reset()
        if behaviour in ("garbage", "garbage_dot"):
            self._say(b"what was that?\r\n")
            raise _Over("hung up")
        if behaviour in server.says or re.fullmatch(r"\d\d\d_dot", behaviour):
            self._answer("dot", b"250 ok\r\n", behaviour)
            return
        with server._lock:
            server.accepted.append(
                Accepted(
                    self.sender,
                    self.recipients[0] if self.recipients else "",
                    content,
                    tuple(self.recipients),
                    self.said.number,
                )
            )
            number = len(server.accepted)
        server._over.wait(server.pace_seconds / 2)
        if behaviour == "accept_then_rst":
            self._reset()
        if behaviour == "unfinished":
            self._say(b"250-wait\r\n")
            server._over.wait(server.late_seconds)
            raise _Over("hung up")
        if behaviour == "accept_late":
            server._over.wait(server.late_seconds)
        self._answer("dot", f"250 2.0.0 queued as {number}\r\n".encode(), behaviour)
        if behaviour == "close_after":
            raise _Over("hung up")

    def _answer(self, phase: str, usual: bytes, behaviour: str) -> bool:
        """The answer of this phase as the behaviour wants it; False when it was a refusal."""
        if behaviour in self.server.says and behaviour.endswith(f"_{phase}"):
            self._say(self.server.says[behaviour])
            return self.server.says[behaviour][:1] < b"4"
        wanted = _IN_PHASE.fullmatch(behaviour)
        if wanted is None or wanted.group(2) != phase:
            self._say(usual)
            return True
        how = wanted.group(1)
        if how == "rst":
            self._reset()
        elif how == "garbage":
            self._say(b"what was that?\r\n")
        elif how == "silent":
            while self.sock.recv(65_536):
                pass  # until the client has had enough
            raise _Over("gone")
        elif how == "slow":
            self._drip(usual)
        else:
            self._say(f"{self._words(behaviour, how)}\r\n".encode())
            if how == "421":
                raise _Over("hung up")
            # What the server says, not what is usual there: 252 is a yes.
            return how < "400"
        return True

    def _words(self, behaviour: str, code: str) -> str:
        if behaviour in _WORDS:
            return _WORDS[behaviour]
        address = self.recipients[-1] if self.recipients else "test.example"
        # Servers quote addresses: what is kept of a reply must not.
        return f"{code} 5.1.1 <{address}> {'no such user' if code == '550' else 'not now'}"

    def _say(self, reply: bytes) -> None:
        self.said.replies.append(reply.decode("ascii", "replace").strip())
        self.sock.sendall(reply)

    def _drip(self, reply: bytes) -> None:
        self.said.replies.append(reply.decode("ascii").strip())
        for octet in reply:
            self.sock.sendall(bytes([octet]))
            if self.server._over.wait(self.server.byte_seconds):
                raise _Over("hung up")

    def _reset(self) -> None:
        self.said.end = "reset"
        # Lingering for no time makes close() send RST instead of FIN.
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_RD)
        raise _Over("reset")


def _next(plan: deque[str], default: str | Callable[[], str]) -> str:
    if plan:
        return plan.popleft()
    return default if isinstance(default, str) else default()


def _path(command: str) -> str:
    return command.partition("<")[2].partition(">")[0]


def _body(lines: BinaryIO, bytes_per_second: int | None = None) -> bytes | None:
    """The letter as meant, dots unstuffed; None when the client left before the final dot."""
    kept = []
    taken = 0
    while line := lines.readline():
        taken += len(line)
        if bytes_per_second is not None and taken > bytes_per_second / 50:
            time.sleep(taken / bytes_per_second)
            taken = 0
        if line == b".\r\n":
            return b"".join(kept)
        kept.append(line[1:] if line.startswith(b".") else line)
    return None


def _shut(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)


# -- processes forked from the one that runs a server ------------------------------------------

_servers: weakref.WeakSet[SmtpServer] = weakref.WeakSet()


def _close_in_child() -> None:
    # A child that keeps a copy of our end of a connection keeps it open: who hangs up here
    # would not be seen to hang up there.
    for server in list(_servers):
        for one in (server._listener, *server._sockets):
            if one.fileno() >= 0:
                os.close(one.detach())


os.register_at_fork(after_in_child=_close_in_child)


# -- TLS ---------------------------------------------------------------------------------------


def self_signed(
    folder: Path, address: str = "127.0.0.1", days: tuple[int, int] = (-1, 1)
) -> tuple[ssl.SSLContext, Path]:
    """A server's TLS of that address and those days, and the file by which it may be trusted."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
    )
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, address)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=days[0]))
        .not_valid_after(now + timedelta(days=days[1]))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(IPv4Address(address))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    path.write_bytes(
        made.public_bytes(Encoding.PEM)
        + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context, path
