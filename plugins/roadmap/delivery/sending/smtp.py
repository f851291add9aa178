"""A letter over SMTP step by step (RFC 5321; limits of time of its 4.5.3.2).

Who opens the connection is an argument: in Airflow the provider's hook, which does TLS and logs
in (roadmap_airflow.mail). Its client's own `sendmail` hides what the ledger must know: in which
phase it failed, whether the final dot went out, what the server answered. So the client is driven
here command by command, and a reply is read with one deadline for the whole of it, so that a
server which sends a byte a minute does not hold us for ever.
"""

from __future__ import annotations

import re
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf
from typing import Any, Protocol

from roadmap.delivery.ledger import refusals
from roadmap.delivery.settings import PATIENCE, Patience
from roadmap.delivery.transport import (
    DotNotSent,
    DryTransport,
    Keep,
    Lost,
    MailServerUnavailable,
    OpenTransport,
    Refused,
    Reply,
    ReplyLost,
    Transport,
    no_lease,
    without_addresses,
)

_BLOCK = 65_536
_MAX_REPLY_BYTES = 65_536


class Client(Protocol):
    """What is needed of the SMTP client that the provider's hook makes; its errors are OSErrors."""

    sock: Any  # socket.socket, or None when closed
    esmtp_features: dict[str, str]

    def putcmd(self, cmd: str, args: str = "") -> None:
        """Send one command; OSError."""

    def getreply(self) -> tuple[int, bytes]:
        """Code and text of one reply."""

    def close(self) -> None:
        """Close at once, saying nothing."""


class ServerDisconnected(ConnectionError):
    """No whole reply came; the message holds no word of the server's."""


class SpokeOutOfTurn(ServerDisconnected):
    """The server said something that nobody had asked for: whose answer is the next reply?"""


class Dialogue:
    """A client, and the server's replies: each read whole within one deadline and no further.

    To be made before the client connects: what the client says of itself (EHLO, STARTTLS,
    AUTH) then keeps the deadline too, and says nothing to a server that has spoken unasked.
    `seconds` is the limit of time of the next reply, `until` that of all of them (monotonic).
    """

    def __init__(self, client: Client, seconds: float) -> None:
        self.client = client
        self.seconds = seconds
        self.until = inf
        self.unread = b""
        self._put = client.putcmd
        client.getreply = self.read_reply  # type: ignore[method-assign]
        client.putcmd = self._put_in_turn  # type: ignore[method-assign]

    def _put_in_turn(self, cmd: str, args: str = "") -> None:
        # A reply that nobody asked for would be taken for the answer to this command, and be
        # charged to a letter that the server has said nothing about.
        if self.has_spoken():
            raise (
                SpokeOutOfTurn("spoke out of turn")
                if self.unread
                else ServerDisconnected("connection closed")
            )
        self._put(cmd, args)

    def has_spoken(self) -> bool:
        """Has the server said what nobody asked for, or hung up? What it said is `unread` then."""
        if self.unread:
            return True
        sock = self.client.sock
        if sock is None:
            return False
        seconds = sock.gettimeout()
        sock.settimeout(0)
        try:
            self.unread += sock.recv(_BLOCK)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError):
            return False  # over TLS what came may carry no word of the server (tickets)
        except OSError:
            return True
        finally:
            sock.settimeout(seconds)
        return True

    def ask(self, command: str, seconds: float) -> tuple[int, bytes]:
        """Send a command and read its reply, each within its `seconds`; OSError."""
        self.seconds = seconds
        if self.client.sock is not None:
            self.client.sock.settimeout(seconds)
        self.client.putcmd(command)
        return self.read_reply()

    def read_reply(self) -> tuple[int, bytes]:
        """Code and text of one reply, code -1 where it is no reply; ServerDisconnected.

        All lines of a reply have the same code (RFC 5321 4.2.1): «550-» and then «250 » is none.
        """
        deadline = min(time.monotonic() + self.seconds, self.until)
        texts: list[bytes] = []
        codes: set[bytes] = set()
        taken = 0
        while True:
            line = self._line(deadline)
            taken += len(line)
            if taken > _MAX_REPLY_BYTES:
                raise ServerDisconnected("reply without end")
            if not re.match(rb"[2-5][0-9][0-9](?:[ -]|\r?\n)", line):
                return -1, line
            texts.append(line[4:].strip())
            codes.add(line[:3])
            if line[3:4] != b"-":
                return int(line[:3]) if len(codes) == 1 else -1, b"\n".join(texts)

    def _line(self, deadline: float) -> bytes:
        while b"\n" not in self.unread:
            left = deadline - time.monotonic()
            if left <= 0 or self.client.sock is None:
                raise ServerDisconnected("no reply in time")
            self.client.sock.settimeout(left)
            try:
                octets = self.client.sock.recv(_BLOCK)
            except OSError as broken:
                raise ServerDisconnected(type(broken).__name__) from broken
            if not octets:
                raise ServerDisconnected("connection closed")
            self.unread += octets
            if len(self.unread) > _MAX_REPLY_BYTES:
                raise ServerDisconnected("reply without end")
        line, newline, self.unread = self.unread.partition(b"\n")
        return line + newline


@dataclass(frozen=True)
class MailServer:
    """A mail server, and how to come to speak with it.

    `open` connects, does TLS and logs in, under the EHLO name that it is given;
    MailServerUnavailable says in Russian why not.
    """

    host: str
    is_verified_tls: bool
    open: Callable[[str], Dialogue] = field(repr=False)
    ehlo_name: str = "roadmap.example.org"
    patience: Patience = PATIENCE


class SmtpTransport:
    """One connection to the mail server; see `transport.Transport` for what each call means."""

    def __init__(self, server: MailServer) -> None:
        self._server = server
        self._dialogue: Dialogue | None = None
        self._is_fresh = True

    # -- the connection ------------------------------------------------------------------------

    def open(self) -> None:
        if self._dialogue is None:
            self._dialogue = self._server.open(self._server.ehlo_name)
            self._is_fresh = True

    def abandon(self) -> None:
        if self._dialogue is not None:
            self._dialogue.client.close()
            self._dialogue = None

    def quit(self) -> None:
        if self._dialogue is None:
            return
        try:
            self._dialogue.ask("QUIT", 5.0)
        except OSError:
            pass  # the letters are settled already; a failed QUIT changes nothing
        finally:
            self.abandon()

    # -- one letter ----------------------------------------------------------------------------

    def begin(
        self,
        sender: str,
        recipient: str,
        size: int,
        journal: str | None = None,
        keep: Keep = no_lease,
    ) -> None:
        options = ""
        limit = self._current().client.esmtp_features.get("size")
        if limit is not None:
            # A number of more digits is none (RFC 1870 4), and no limit.
            if re.fullmatch("[0-9]{1,20}", limit) and 0 < int(limit) < size:
                raise Refused("size", Reply(552, f"{refusals.TOO_LARGE}: {size} > {limit}"))
            options = f" SIZE={size}"
        patience = self._server.patience
        try:
            self._ask(f"MAIL FROM:<{sender}>{options}", "mail", patience.mail, (250,))
        except (Lost, Refused) as failed:
            is_gone = isinstance(failed, Lost) or failed.reply.code == 421
            if self._is_fresh or not is_gone:
                raise
            # The server closed a connection that we had kept; the letter is not the reason.
            self.abandon()
            keep()
            self.open()
            keep()
            self._ask(f"MAIL FROM:<{sender}>{options}", "mail", patience.mail, (250,))
        self._is_fresh = False
        keep()
        self._ask(f"RCPT TO:<{recipient}>", "rcpt", patience.rcpt, (250, 251, 252))
        if journal is not None and journal != recipient:
            keep()
            self._ask_for_copy(journal)
        keep()
        self._ask("DATA", "data", patience.data, (354,))

    def _ask_for_copy(self, journal: str) -> None:
        try:
            self._ask(f"RCPT TO:<{journal}>", "rcpt", self._server.patience.rcpt, (250, 251, 252))
        except Refused as refused:
            code, text = refused.reply.code, refused.reply.text
            if code == 421 or (code >= 500 and refusals.about("rcpt", code, text) == "us"):
                raise  # of everybody, not of the copy
            raise MailServerUnavailable(
                f"Почтовый сервер не принимает копии писем (код {refused.reply.code})."
                " Проверьте ящик ROADMAP_JOURNAL_ADDRESS; без копии письма не отправляются."
            ) from None

    def _ask(self, command: str, phase: str, seconds: float, good: tuple[int, ...]) -> None:
        dialogue = self._current()
        try:
            code, text = dialogue.ask(command, seconds)
        except OSError as broken:
            self.abandon()
            raise Lost(phase, _kind(broken)) from None
        if code in good:
            return
        reply = Reply(code, without_addresses(text.decode("ascii", "replace")))
        if not 400 <= code <= 599:
            self.abandon()
            raise Lost(phase, f"unexpected reply {code}")
        dialogue.has_spoken()
        if dialogue.unread:  # a stale reply, perhaps, and behind it the answer
            self.abandon()
            raise Lost(phase, "more than one reply")
        if code == 421:
            self.abandon()
        else:
            self._reset()
        raise Refused(phase, reply)

    def _reset(self) -> None:
        """Forget the half of a letter, so that the next one may use the connection."""
        dialogue = self._current()
        try:
            code, _ = dialogue.ask("RSET", dialogue.seconds)
        except OSError:
            code = -1
        if code != 250:
            self.abandon()

    def send_body(self, content: bytes, seconds: float, keep: Keep = no_lease) -> None:
        sock, until = self._sock(), time.monotonic() + seconds
        stuffed = re.sub(rb"(?m)^\.", b"..", content)
        if not stuffed.endswith(b"\r\n"):
            stuffed += b"\r\n"
        try:
            # What waits in the kernel would count towards the wait for the reply, in doubt.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BLOCK)
            for start in range(0, len(stuffed), _BLOCK):
                keep()
                left = max(0.001, until - time.monotonic())
                sock.settimeout(min(self._server.patience.block, left))
                sock.sendall(stuffed[start : start + _BLOCK])
        except OSError as broken:
            self.abandon()
            detail = refusals.TOO_SLOW if time.monotonic() >= until else _kind(broken)
            raise Lost("body", detail) from None

    def has_spoken(self) -> bool:
        self._sock()
        return self._current().has_spoken()

    def send_dot(self) -> None:
        sock = self._sock()
        is_tls = isinstance(sock, ssl.SSLSocket)
        try:
            sock.settimeout(self._server.patience.block)
            sock.sendall(b".\r\n")
        except OSError as broken:
            self.abandon()
            if is_tls:
                raise ReplyLost(_kind(broken)) from None
            # An error means that not all three bytes were sent: the server has no end of data.
            raise DotNotSent(_kind(broken)) from None

    def read_reply(self) -> Reply:
        dialogue = self._current()
        dialogue.seconds = self._server.patience.reply
        try:
            code, text = dialogue.read_reply()
        except OSError as broken:
            self.abandon()
            raise ReplyLost(_kind(broken)) from None
        if not (200 <= code <= 299 or 400 <= code <= 599):
            self.abandon()
            raise ReplyLost("not an SMTP reply")
        dialogue.has_spoken()  # who hangs up now has answered; who says more has not
        if dialogue.unread:
            self.abandon()
            raise ReplyLost("more than one reply")
        if code == 421:
            self.abandon()
        return Reply(code, without_addresses(text.decode("ascii", "replace")))

    def _current(self) -> Dialogue:
        if self._dialogue is None:
            raise Lost("connect", "not connected")
        return self._dialogue

    def _sock(self) -> socket.socket:
        sock: socket.socket | None = self._current().client.sock
        if sock is None:
            raise Lost("connect", "not connected")
        return sock


def transports(server: MailServer) -> OpenTransport:
    """The way out by mode: dry never opens a connection, live and redirect share one kind."""

    def open_transport(mode: str) -> Transport:
        return DryTransport() if mode == "dry" else SmtpTransport(server)

    return open_transport


def _kind(error: BaseException) -> str:
    """What broke, without the server's words, which may carry addresses."""
    return str(error) if isinstance(error, ServerDisconnected) else type(error).__name__
