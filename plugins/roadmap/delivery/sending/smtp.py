"""SMTP step by step, on smtplib's primitives (RFC 5321; limits of time of its 4.5.3.2).

smtplib's own `sendmail` hides what the ledger must know: in which phase it failed, whether
the final dot went out, what the server answered. Here every phase is a call of its own. A
reply is read with one deadline for the whole of it, so that a server which sends a byte a
minute does not hold us for ever.
"""

from __future__ import annotations

import base64
import re
import select
import smtplib
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from roadmap.delivery.ledger import refusals
from roadmap.delivery.settings import is_loopback
from roadmap.delivery.transport import (
    DotNotSent,
    DryTransport,
    Lost,
    MailServerUnavailable,
    OpenTransport,
    Refused,
    Reply,
    ReplyLost,
    Transport,
    without_addresses,
)

_BLOCK = 65_536
_MAX_REPLY_BYTES = 65_536
# About our own right to send, not about the letter (RFC 4954).
_ABOUT_US = frozenset({530, 534, 535, 538})
BASIC = "basic"
XOAUTH2 = "xoauth2"
# OpenSSL's X509_V_ERR_… (x509_vfy.h): what the operator can do something about.
_CERTIFICATE_FAULTS = {
    9: "сертификат ещё не действует",
    10: "срок действия сертификата истёк",
    18: "сертификат самоподписанный",
    19: "в цепочке самоподписанный сертификат",
    20: "неизвестно, кем выдан сертификат",
    62: "сертификат выдан на другое имя",
    64: "сертификат выдан на другой адрес",
}


@dataclass(frozen=True)
class Patience:
    """Seconds to wait in each phase (RFC 5321 4.5.3.2; reliability.md §5.5)."""

    connect: float = 30.0
    mail: float = 300.0
    rcpt: float = 300.0
    data: float = 120.0
    block: float = 180.0
    reply: float = 600.0


@dataclass(frozen=True)
class SmtpSettings:
    """The mail server: implicit TLS, STARTTLS, or neither; certificates are always verified.

    With `auth` "xoauth2" the token is asked of `access_token` at each new connection, so that
    an expired one is renewed; where there is none to be had it raises MailServerUnavailable.
    """

    host: str
    port: int
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    auth: str = BASIC
    access_token: Callable[[], str] | None = field(default=None, repr=False)
    use_ssl: bool = False
    use_starttls: bool = True
    ssl_context: str = "default"  # of Airflow's connection: "default" or "none"
    ehlo_name: str = "roadmap.example.org"
    ca_file: str | None = None
    patience: Patience = field(default_factory=Patience)

    @property
    def is_verified_tls(self) -> bool:
        return (self.use_ssl or self.use_starttls) and self.ssl_context != "none"


class _Dialogue(smtplib.SMTP):
    """smtplib's dialogue, each reply read whole within one deadline and no further."""

    reply_seconds: float = 30.0
    unread: bytes = b""

    def getreply(self) -> tuple[int, bytes]:
        """Code and text of one reply, code -1 where it is no reply; SMTPServerDisconnected."""
        deadline = time.monotonic() + self.reply_seconds
        texts: list[bytes] = []
        taken = 0
        while True:
            line = self._line(deadline)
            taken += len(line)
            if taken > _MAX_REPLY_BYTES:
                raise smtplib.SMTPServerDisconnected("reply without end")
            if not re.match(rb"[2-5][0-9][0-9](?:[ -]|\r?\n)", line):
                return -1, line
            texts.append(line[4:].strip())
            if line[3:4] != b"-":
                return int(line[:3]), b"\n".join(texts)

    def _line(self, deadline: float) -> bytes:
        while b"\n" not in self.unread:
            left = deadline - time.monotonic()
            if left <= 0 or self.sock is None:
                raise smtplib.SMTPServerDisconnected("no reply in time")
            self.sock.settimeout(left)
            try:
                octets = self.sock.recv(_BLOCK)
            except OSError as broken:
                raise smtplib.SMTPServerDisconnected(type(broken).__name__) from broken
            if not octets:
                raise smtplib.SMTPServerDisconnected("connection closed")
            self.unread += octets
            if len(self.unread) > _MAX_REPLY_BYTES:
                raise smtplib.SMTPServerDisconnected("reply without end")
        line, newline, self.unread = self.unread.partition(b"\n")
        return line + newline


class _TlsDialogue(_Dialogue, smtplib.SMTP_SSL):
    """The same over TLS from the first byte."""


class SmtpTransport:
    """One connection to the mail server; see `transport.Transport` for what each call means."""

    def __init__(self, settings: SmtpSettings) -> None:
        self._settings = settings
        self._dialogue: _Dialogue | None = None
        self._is_fresh = True

    # -- the connection ------------------------------------------------------------------------

    def open(self) -> None:
        if self._dialogue is not None:
            return
        settings = self._settings
        if settings.ssl_context == "none":
            raise MailServerUnavailable(
                "Отправка без проверки сертификата запрещена: уберите ssl_context=none"
                " из подключения smtp_default."
            )
        dialogue = self._new_dialogue()
        try:
            self._greet(dialogue)
            self._log_in(dialogue)
        except MailServerUnavailable:
            dialogue.close()
            raise
        except (OSError, smtplib.SMTPException, UnicodeError) as broken:
            dialogue.close()
            raise MailServerUnavailable(_why_not(broken, settings)) from None
        self._dialogue = dialogue
        self._is_fresh = True

    def _new_dialogue(self) -> _Dialogue:
        settings = self._settings
        options: dict[str, Any] = {
            "local_hostname": settings.ehlo_name,
            "timeout": settings.patience.connect,
        }
        if settings.use_ssl:
            return _TlsDialogue(context=self._verified(), **options)
        return _Dialogue(**options)

    def _verified(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self._settings.ca_file)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context

    def _greet(self, dialogue: _Dialogue) -> None:
        settings = self._settings
        dialogue.reply_seconds = settings.patience.connect
        # smtplib verifies the certificate against this name, which it learns in __init__ only.
        dialogue._host = settings.host  # type: ignore[attr-defined]
        code, _ = dialogue.connect(settings.host, settings.port)
        if code != 220:
            raise smtplib.SMTPResponseException(code, b"greeting")
        self._ehlo(dialogue)
        if settings.use_starttls and not settings.use_ssl:
            dialogue.starttls(context=self._verified())
            if dialogue.unread:
                # What came before TLS may be an intruder's (CVE-2011-0411).
                raise smtplib.SMTPServerDisconnected("plain text before TLS")
            self._ehlo(dialogue)

    def _log_in(self, dialogue: _Dialogue) -> None:
        settings = self._settings
        if settings.auth != XOAUTH2 and not (settings.user and settings.password):
            return
        is_private = settings.use_ssl or settings.use_starttls
        if not (is_private or is_loopback(settings.host)):
            raise MailServerUnavailable(
                "Пароль не отправлен: связь с почтовым сервером без TLS."
                " Включите его в подключении smtp_default."
            )
        if settings.auth == XOAUTH2:
            self._log_in_by_token(dialogue)
        elif settings.user and settings.password:
            dialogue.login(settings.user, settings.password)

    def _log_in_by_token(self, dialogue: _Dialogue) -> None:
        """AUTH XOAUTH2, as Google and Microsoft describe it (the SASL XOAUTH2 mechanism).

        The server that refuses a token says why in a challenge (334), which is answered by an
        empty line; only then comes its 535.
        """
        settings = self._settings
        if not settings.user or settings.access_token is None:
            raise MailServerUnavailable(
                "Для входа по OAuth2 нужны имя ящика и токен: дополните подключение smtp_default."
            )
        offered = dialogue.esmtp_features.get("auth", "").upper().split()
        if "XOAUTH2" not in offered:
            raise MailServerUnavailable(
                "Почтовый сервер не предлагает вход по OAuth2 (XOAUTH2)."
                " Проверьте имя сервера и auth_type в подключении smtp_default."
            )
        said = f"user={settings.user}\x01auth=Bearer {settings.access_token()}\x01\x01"
        code, _ = dialogue.docmd("AUTH", f"XOAUTH2 {base64.b64encode(said.encode()).decode()}")
        if code == 334:
            code, _ = dialogue.docmd("")
        if code != 235:
            raise smtplib.SMTPAuthenticationError(code, b"XOAUTH2")

    def _ehlo(self, dialogue: _Dialogue) -> None:
        code, _ = dialogue.ehlo(self._settings.ehlo_name)
        if not 200 <= code <= 299:
            raise smtplib.SMTPResponseException(code, b"EHLO")

    def abandon(self) -> None:
        if self._dialogue is not None:
            self._dialogue.close()
            self._dialogue = None

    def quit(self) -> None:
        if self._dialogue is None:
            return
        self._dialogue.reply_seconds = 5.0
        try:
            self._dialogue.docmd("QUIT")
        except (OSError, smtplib.SMTPException):
            pass  # the letters are settled already; a failed QUIT changes nothing
        finally:
            self.abandon()

    # -- one letter ----------------------------------------------------------------------------

    def begin(self, sender: str, recipient: str, size: int, journal: str | None = None) -> None:
        dialogue = self._current()
        options = ""
        if dialogue.has_extn("size"):
            limit = dialogue.esmtp_features.get("size", "")
            if limit.isdecimal() and 0 < int(limit) < size:
                raise Refused("size", Reply(552, f"{refusals.TOO_LARGE}: {size} > {limit}"))
            options = f" SIZE={size}"
        patience = self._settings.patience
        try:
            self._ask(f"MAIL FROM:<{sender}>{options}", "mail", patience.mail, (250,))
        except (Lost, Refused) as failed:
            is_gone = isinstance(failed, Lost) or failed.reply.code == 421
            if self._is_fresh or not is_gone:
                raise
            # The server closed a connection that we had kept: that says nothing of the letter.
            self.abandon()
            self.open()
            self._ask(f"MAIL FROM:<{sender}>{options}", "mail", patience.mail, (250,))
        self._is_fresh = False
        self._ask(f"RCPT TO:<{recipient}>", "rcpt", patience.rcpt, (250, 251, 252))
        if journal is not None and journal != recipient:
            self._ask_for_copy(journal)
        self._ask("DATA", "data", patience.data, (354,))

    def _ask_for_copy(self, journal: str) -> None:
        try:
            self._ask(f"RCPT TO:<{journal}>", "rcpt", self._settings.patience.rcpt, (250, 251, 252))
        except Refused as refused:
            if refused.reply.code == 421:
                raise  # the server takes leave of everybody, not of the copy
            raise MailServerUnavailable(
                f"Почтовый сервер не принимает копии писем (код {refused.reply.code})."
                " Проверьте ящик ROADMAP_JOURNAL_ADDRESS; без копии письма не отправляются."
            ) from None

    def _ask(self, command: str, phase: str, seconds: float, good: tuple[int, ...]) -> None:
        dialogue = self._current()
        dialogue.reply_seconds = seconds
        try:
            if dialogue.sock is not None:
                dialogue.sock.settimeout(seconds)
            dialogue.putcmd(command)
            code, text = dialogue.getreply()
        except (OSError, smtplib.SMTPException) as broken:
            self.abandon()
            raise Lost(phase, _kind(broken)) from None
        if code in good:
            return
        reply = Reply(code, without_addresses(text.decode("ascii", "replace")))
        if code in _ABOUT_US:
            self.abandon()
            raise MailServerUnavailable(
                f"Почтовый сервер требует входа (код {code}). Проверьте подключение smtp_default."
            )
        if not 400 <= code <= 599:
            self.abandon()
            raise Lost(phase, f"unexpected reply {code}")
        if code == 421:
            self.abandon()
        else:
            self._reset()
        raise Refused(phase, reply)

    def _reset(self) -> None:
        """Forget the half of a letter, so that the next one may use the connection."""
        dialogue = self._current()
        try:
            code, _ = dialogue.docmd("RSET")
        except (OSError, smtplib.SMTPException):
            code = -1
        if code != 250:
            self.abandon()

    def send_body(self, content: bytes) -> None:
        sock = self._sock()
        stuffed = re.sub(rb"(?m)^\.", b"..", content)
        if not stuffed.endswith(b"\r\n"):
            stuffed += b"\r\n"
        try:
            sock.settimeout(self._settings.patience.block)
            for start in range(0, len(stuffed), _BLOCK):
                sock.sendall(stuffed[start : start + _BLOCK])
        except OSError as broken:
            self.abandon()
            raise Lost("body", _kind(broken)) from None

    def has_spoken(self) -> bool:
        dialogue, sock = self._current(), self._sock()
        if dialogue.unread:
            return True
        if isinstance(sock, ssl.SSLSocket):
            return self._has_spoken_tls(dialogue, sock)
        readable, _, _ = select.select([sock], [], [], 0)
        return bool(readable)

    def _has_spoken_tls(self, dialogue: _Dialogue, sock: ssl.SSLSocket) -> bool:
        # What is readable may be a TLS record that carries no word of the server (tickets).
        sock.settimeout(0)
        try:
            octets = sock.recv(_BLOCK)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError):
            return False
        except OSError:
            return True
        dialogue.unread += octets
        return True

    def send_dot(self) -> None:
        sock = self._sock()
        is_tls = isinstance(sock, ssl.SSLSocket)
        try:
            sock.settimeout(self._settings.patience.block)
            sock.sendall(b".\r\n")
        except OSError as broken:
            self.abandon()
            if is_tls:
                raise ReplyLost(_kind(broken)) from None
            # An error means that not all three bytes were taken: the server has no end of data.
            raise DotNotSent(_kind(broken)) from None

    def read_reply(self) -> Reply:
        dialogue = self._current()
        dialogue.reply_seconds = self._settings.patience.reply
        try:
            code, text = dialogue.getreply()
        except (OSError, smtplib.SMTPException) as broken:
            self.abandon()
            raise ReplyLost(_kind(broken)) from None
        if not (200 <= code <= 299 or 400 <= code <= 599):
            self.abandon()
            raise ReplyLost("not an SMTP reply")
        if code == 421:
            self.abandon()
        return Reply(code, without_addresses(text.decode("ascii", "replace")))

    def _current(self) -> _Dialogue:
        if self._dialogue is None:
            raise Lost("connect", "not connected")
        return self._dialogue

    def _sock(self) -> socket.socket:
        sock = self._current().sock
        if sock is None:
            raise Lost("connect", "not connected")
        return sock


def transports(smtp: SmtpSettings) -> OpenTransport:
    """The way out by mode: dry never opens a connection, live and redirect share one kind."""

    def open_transport(mode: str) -> Transport:
        return DryTransport() if mode == "dry" else SmtpTransport(smtp)

    return open_transport


def _why_not(broken: Exception, settings: SmtpSettings) -> str:
    """What the operator reads when there is no connection; never the server's own words."""
    server = f"Почтовый сервер {settings.host}:{settings.port}"
    match broken:
        case smtplib.SMTPAuthenticationError():
            secret = "токен OAuth2" if settings.auth == XOAUTH2 else "имя или пароль"
            return (
                f"Почтовый сервер не принял {secret} (код {broken.smtp_code})."
                " Проверьте подключение smtp_default."
            )
        case smtplib.SMTPResponseException():
            return (
                f"{server} отказал в начале разговора (код {broken.smtp_code})."
                " Письма подождут; спросите администратора почты, если это повторяется."
            )
        case smtplib.SMTPNotSupportedError():
            wanted = "защищённую связь (STARTTLS) или вход по паролю"
            return f"{server} не предлагает {wanted}. Проверьте подключение smtp_default."
        case ssl.SSLCertVerificationError():
            fault = _CERTIFICATE_FAULTS.get(broken.verify_code, "сертификат не прошёл проверку")
            return (
                f"Защищённая связь с почтовым сервером {settings.host} не установлена: {fault}."
                " Сообщите администратору почты."
            )
        case ssl.SSLError():
            return (
                f"Защищённая связь с почтовым сервером {settings.host}:{settings.port}"
                " не установлена. Проверьте порт и TLS в подключении smtp_default."
            )
        case UnicodeEncodeError():
            return "Имя или пароль для почтового сервера — не латиницей: проверьте smtp_default."
        case socket.gaierror() | UnicodeError():
            return f"Имя почтового сервера {settings.host} не найдено. Проверьте smtp_default."
        case ConnectionRefusedError():
            return f"{server} не принимает соединения. Проверьте, работает ли он."
    return f"{server} не отвечает ({type(broken).__name__})."


def _kind(error: BaseException) -> str:
    """What broke, without the server's words, which may carry addresses."""
    text = str(error) if isinstance(error, smtplib.SMTPServerDisconnected) else ""
    return without_addresses(f"{type(error).__name__} {text}").strip()
