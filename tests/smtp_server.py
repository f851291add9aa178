"""A mail server for tests that misbehaves on command (reliability.md §6, rows S1–S18).

A thread per connection, raw sockets: only so can a server accept a letter and then cut the
line. Each transaction takes the next behaviour of `plan`; when it is used up, `default`.
`accepted` holds what the server took responsibility for, whatever it said.
"""

from __future__ import annotations

import socket
import ssl
import struct
import threading
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from types import TracebackType


@dataclass(frozen=True)
class Accepted:
    sender: str
    recipient: str
    content: bytes


class SmtpServer:
    """Behaviours: accept, rst_after_dot, accept_then_rst, accept_late, 451_dot, 554_dot,
    421_dot, garbage, unfinished, 550_rcpt, 450_rcpt, 252_rcpt, 530_mail, rst_body, rst_data,
    421_in_body, close_after."""

    def __init__(
        self,
        plan: Iterable[str] = (),
        default: str = "accept",
        greeting: bytes = b"220 test.example ESMTP\r\n",
        features: tuple[str, ...] = ("PIPELINING", "8BITMIME"),
        late_seconds: float = 3.0,
        tls: ssl.SSLContext | None = None,
        is_tls_at_once: bool = False,
    ) -> None:
        """`tls`: offered as STARTTLS, or spoken from the first byte (`is_tls_at_once`)."""
        self.plan = deque(plan)
        self.default = default
        self.greeting = greeting
        self.features = features
        self.late_seconds = late_seconds
        self.tls = tls
        self.is_tls_at_once = is_tls_at_once
        self.accepted: list[Accepted] = []
        self.bodies = 0  # whole bodies that came with their final dot
        self.commands: list[str] = []
        self.connections = 0
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._is_open = True
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def port(self) -> int:
        return self._listener.getsockname()[1]

    def __enter__(self) -> SmtpServer:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._is_open = False
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)

    def _serve(self) -> None:
        while self._is_open:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self.connections += 1
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _next_behaviour(self) -> str:
        with self._lock:
            return self.plan.popleft() if self.plan else self.default

    def _talk(self, connection: socket.socket) -> None:
        try:
            if self.tls is not None and self.is_tls_at_once:
                connection = self.tls.wrap_socket(connection, server_side=True)
            with connection:
                self._dialogue(connection, connection.makefile("rb"))
        except OSError:
            return  # the client went away

    def _dialogue(self, connection: socket.socket, lines) -> None:
        connection.sendall(self.greeting)
        behaviour, sender, recipient = "accept", "", ""
        while line := lines.readline():
            command = line.decode("ascii").strip()
            with self._lock:
                self.commands.append(command)
            verb = command.split(" ")[0].upper()
            if verb == "EHLO":
                offered = ["test.example", *self.features]
                if self.tls is not None and not isinstance(connection, ssl.SSLSocket):
                    offered.append("STARTTLS")
                last = len(offered) - 1
                reply = "".join(
                    f"250{' ' if i == last else '-'}{feature}\r\n"
                    for i, feature in enumerate(offered)
                ).encode()
            elif verb == "STARTTLS" and self.tls is not None:
                connection.sendall(b"220 go on\r\n")
                connection = self.tls.wrap_socket(connection, server_side=True)
                lines = connection.makefile("rb")
                continue
            elif verb == "MAIL":
                behaviour, sender = self._next_behaviour(), _path(command)
                reply = b"530 5.7.0 log in\r\n" if behaviour == "530_mail" else b"250 ok\r\n"
            elif verb == "RCPT":
                recipient = _path(command)
                reply = {
                    "550_rcpt": f"550 5.1.1 <{recipient}> no such user\r\n".encode(),
                    "450_rcpt": b"450 4.7.1 greylisted\r\n",
                    "252_rcpt": b"252 will try\r\n",
                }.get(behaviour, b"250 ok\r\n")
            elif verb == "DATA":
                if behaviour == "rst_data":
                    return _reset(connection)
                if behaviour == "421_in_body":
                    connection.sendall(b"354 go on\r\n421 shutting down\r\n")
                    return None
                connection.sendall(b"354 go on\r\n")
                if behaviour == "rst_body":
                    lines.read(512)
                    return _reset(connection)
                content = _body(lines)
                if content is None:
                    return None
                with self._lock:
                    self.bodies += 1
                if not self._after_dot(connection, behaviour, Accepted(sender, recipient, content)):
                    return None
                continue
            elif verb == "QUIT":
                connection.sendall(b"221 bye\r\n")
                return None
            else:
                reply = b"250 ok\r\n"
            connection.sendall(reply)

    def _after_dot(self, connection: socket.socket, behaviour: str, letter: Accepted) -> bool:
        """Answer to the final dot; False when the connection is over."""
        if behaviour in ("451_dot", "554_dot", "421_dot"):
            connection.sendall(f"{behaviour[:3]} <{letter.recipient}> not now\r\n".encode())
            return behaviour != "421_dot"
        if behaviour == "rst_after_dot":
            _reset(connection)
            return False
        if behaviour == "garbage":
            connection.sendall(b"what was that?\r\n")
            return False
        with self._lock:
            self.accepted.append(letter)
        if behaviour == "accept_then_rst":
            _reset(connection)
            return False
        if behaviour == "unfinished":
            connection.sendall(b"250-wait\r\n")
            time.sleep(self.late_seconds)
            return False
        if behaviour == "accept_late":
            time.sleep(self.late_seconds)
        connection.sendall(f"250 2.0.0 queued as {len(self.accepted)}\r\n".encode())
        return behaviour != "close_after"


def _path(command: str) -> str:
    return command.partition("<")[2].partition(">")[0]


def _body(lines) -> bytes | None:
    """The letter as meant, dots unstuffed; None when the client left before the final dot."""
    kept = []
    while line := lines.readline():
        if line == b".\r\n":
            return b"".join(kept)
        kept.append(line[1:] if line.startswith(b".") else line)
    return None


def _reset(connection: socket.socket) -> None:
    # Lingering for no time makes close() send RST instead of FIN.
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.shutdown(socket.SHUT_RD)
    connection.close()
