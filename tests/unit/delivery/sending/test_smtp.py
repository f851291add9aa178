"""The mail server before the first letter: TLS, logging in, the copy; and why there is none."""

from __future__ import annotations

import base64
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from roadmap.delivery.sending.smtp import XOAUTH2, SmtpSettings, SmtpTransport
from roadmap.delivery.transport import DryTransport, MailServerUnavailable, Refused
from support.ledger_world import QUICK, server_settings
from support.smtp_server import SmtpServer

OURS, THEIRS, COPY = "roadmap@example.org", "neya@example.org", "journal@example.org"
BODY = b"Message-ID: <a.r1@example.org>\r\n\r\nx\r\n"
TOKEN = "token-of-a-test"  # noqa: S105


def hand_over(transport: SmtpTransport, journal: str | None = None) -> None:
    transport.begin(OURS, THEIRS, len(BODY), journal)
    transport.send_body(BODY)
    transport.send_dot()
    assert transport.read_reply().code == 250


def why_not(settings: SmtpSettings) -> str:
    with pytest.raises(MailServerUnavailable) as refused:
        SmtpTransport(settings).open()
    said = str(refused.value)
    assert re.match("[А-ЯЁ]", said)
    assert said.endswith(".")
    assert TOKEN not in said
    assert "@" not in said
    return said


# -- The copy for the journal ---------------------------------------------------------------------


def test_the_copy_goes_with_the_letter_in_one_transaction():
    with SmtpServer() as server:
        transport = SmtpTransport(server_settings(server))
        transport.open()
        hand_over(transport, COPY)
        hand_over(transport)
        hand_over(transport, THEIRS)  # who is the journal himself gets it once
        transport.quit()
    assert [taken.recipients for taken in server.accepted] == [(THEIRS, COPY), (THEIRS,), (THEIRS,)]


@pytest.mark.parametrize("refusal", ["550_rcpt", "451_rcpt"])
def test_a_refused_copy_sends_nothing_and_is_about_us(refusal: str):
    with SmtpServer(by_address={COPY: [refusal]}) as server:
        transport = SmtpTransport(server_settings(server))
        transport.open()
        with pytest.raises(MailServerUnavailable, match="ROADMAP_JOURNAL_ADDRESS") as refused:
            transport.begin(OURS, THEIRS, len(BODY), COPY)
        assert refusal[:3] in str(refused.value)
        assert "@" not in str(refused.value)
        assert server.accepted == []
        assert server.log[0].verbs()[-2:] == ["RCPT", "RSET"]  # before DATA
        hand_over(transport, COPY)  # the connection is as good as new
        transport.quit()
    assert [taken.recipients for taken in server.accepted] == [(THEIRS, COPY)]


def test_a_server_that_takes_its_leave_at_the_copy_takes_its_leave():
    with SmtpServer(by_address={COPY: ["421_rcpt"]}) as server:
        transport = SmtpTransport(server_settings(server))
        transport.open()
        with pytest.raises(Refused) as refused:
            transport.begin(OURS, THEIRS, len(BODY), COPY)
        assert refused.value.reply.code == 421
    assert server.accepted == []


def test_a_letter_that_goes_nowhere_needs_no_copy():
    DryTransport().begin(OURS, THEIRS, len(BODY), COPY)


# -- Logging in by a token ------------------------------------------------------------------------


@contextmanager
def speaking(
    answer: Callable[[str], bytes], address: str = "127.0.0.1"
) -> Iterator[tuple[int, list[str]]]:
    """A server that greets, then says `answer(command)`; its port and what it was told."""
    told: list[str] = []

    def talk() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            # A client that wanted TLS and met none cuts the line.
            with suppress(ConnectionError), connection, connection.makefile("rb") as lines:
                connection.sendall(b"220 test.example ESMTP\r\n")
                while line := lines.readline():
                    told.append(line.decode("ascii", "replace").rstrip("\r\n"))
                    connection.sendall(answer(told[-1]))

    with socket.create_server((address, 0)) as listener:
        thread = threading.Thread(target=talk, daemon=True)
        thread.start()
        try:
            yield listener.getsockname()[1], told
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(5)


def by_token(port: int, token: Callable[[], str] = lambda: TOKEN, **more) -> SmtpSettings:
    return SmtpSettings(
        **{
            "host": "127.0.0.1", "port": port, "user": OURS, "auth": XOAUTH2,
            "access_token": token, "use_starttls": False, "patience": QUICK,
        } | more
    )  # fmt: skip


OFFER = b"250-test.example\r\n250 AUTH PLAIN XOAUTH2\r\n"


def test_the_token_is_said_as_xoauth2_wants_it_and_asked_anew_for_each_connection():
    tokens = iter(["first", "second"])

    def answer(command: str) -> bytes:
        return {"EHLO": OFFER, "AUTH": b"235 2.7.0 welcome\r\n"}.get(
            command[:4].upper(), b"250 ok\r\n"
        )

    with speaking(answer) as (port, told):
        transport = SmtpTransport(by_token(port, lambda: next(tokens)))
        transport.open()
        transport.open()  # it stands already
        transport.abandon()
        transport.open()
        transport.abandon()
    said = [
        base64.b64decode(command.split(" ")[2]).decode()
        for command in told
        if command.startswith("AUTH XOAUTH2 ")
    ]
    assert said == [f"user={OURS}\x01auth=Bearer {token}\x01\x01" for token in ("first", "second")]


def test_a_refused_token_is_answered_as_the_protocol_wants_and_told():
    def answer(command: str) -> bytes:
        if command == "":
            return b"535 5.7.8 <roadmap@example.org> bad token\r\n"
        why = base64.b64encode(b'{"status":"401"}')
        return {"EHLO": OFFER, "AUTH": b"334 " + why + b"\r\n"}.get(
            command[:4].upper(), b"250 ok\r\n"
        )

    with speaking(answer) as (port, told):
        said = why_not(by_token(port))
    assert "не принял токен OAuth2 (код 535)" in said
    assert told[-1] == ""


def test_a_server_without_xoauth2_is_not_told_the_token():
    with speaking(lambda _: b"250-test.example\r\n250 AUTH PLAIN\r\n") as (port, told):
        assert "XOAUTH2" in why_not(by_token(port))
    assert not any("AUTH" in command for command in told)


def test_no_token_and_no_password_go_over_a_plain_line_to_another_machine():
    asked = []

    def token() -> str:
        asked.append(1)
        return TOKEN

    with speaking(lambda _: OFFER, "127.0.0.2") as (port, told):
        far = by_token(port, token, host="127.0.0.2")
        assert "без TLS" in why_not(far)
        assert "без TLS" in why_not(replace(far, auth="basic", password=TOKEN))
    assert len(told) == 2
    assert all(command.startswith("ehlo") for command in told)
    assert asked == []


def test_a_token_that_can_t_be_had_says_why():
    def nothing() -> str:
        raise MailServerUnavailable("Токена нет.")

    with speaking(lambda _: OFFER) as (port, told):
        assert why_not(by_token(port, nothing)) == "Токена нет."
        assert "нужны имя ящика и токен" in why_not(replace(by_token(port), access_token=None))
    assert all(command.startswith("ehlo") for command in told)


def test_settings_hide_password_and_token():
    def token() -> str:
        return TOKEN

    shown = repr(by_token(25, token, password="secret-of-a-test"))  # noqa: S106
    assert "token" not in shown.replace("xoauth2", "")
    assert "secret-of-a-test" not in shown


# -- TLS ------------------------------------------------------------------------------------------


def certificate(
    folder: Path, *, address: str = "127.0.0.1", days: tuple[int, int] = (-1, 1)
) -> tuple[ssl.SSLContext, str]:
    """A server's TLS with a certificate of its own making, and the file to trust it by."""
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
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address(address))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    path.write_bytes(
        made.public_bytes(Encoding.PEM)
        + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context, str(path)


@pytest.mark.parametrize("at_once", [False, True], ids=["starttls", "from the first byte"])
@pytest.mark.parametrize(
    ("made", "is_trusted", "why"),
    [
        ({"address": "192.0.2.1"}, True, "выдан на другой адрес"),
        ({}, False, "самоподписанный"),
        ({"days": (-3, -1)}, True, "срок действия сертификата истёк"),
        ({"days": (1, 3)}, True, "ещё не действует"),
    ],
    ids=["another name", "self-signed", "expired", "not yet valid"],
)
def test_s16_a_certificate_that_proves_nothing_gets_no_letter_and_is_named(
    tmp_path: Path, at_once: bool, made: dict, is_trusted: bool, why: str
):
    tls, ca_file = certificate(tmp_path, **made)
    with SmtpServer(tls=tls, is_tls_at_once=at_once) as server:
        settings = server_settings(
            server, use_ssl=at_once, use_starttls=not at_once,
            ca_file=ca_file if is_trusted else None,
        )  # fmt: skip
        assert why in why_not(settings)
    assert server.accepted == []
    assert server.count("MAIL") == 0


def test_a_good_certificate_lets_the_letter_and_the_token_through(tmp_path: Path):
    tls, ca_file = certificate(tmp_path)
    with SmtpServer(tls=tls, features=("AUTH XOAUTH2",)) as server:
        transport = SmtpTransport(by_token(server.port, use_starttls=True, ca_file=ca_file))
        transport.open()
        hand_over(transport, COPY)
        transport.quit()
    assert [taken.recipients for taken in server.accepted] == [(THEIRS, COPY)]
    verbs = server.log[0].verbs()
    assert verbs.index("STARTTLS") < verbs.index("AUTH") < verbs.index("MAIL")


# -- No connection --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("behaviour", "why"),
    [
        ("421_greeting", "отказал в начале разговора (код 421)"),
        ("554_greeting", "отказал в начале разговора (код 554)"),
        ("421_ehlo", "отказал в начале разговора (код 421)"),
        ("rst_greeting", "не отвечает"),
        ("garbage_greeting", "отказал в начале разговора"),
        ("535_auth", "не принял имя или пароль (код 535)"),
        ("454_auth", "не принял имя или пароль (код 454)"),
        ("rst_auth", "не отвечает"),
    ],
)
def test_each_way_of_not_being_let_in_says_what_happened(behaviour: str, why: str):
    with SmtpServer(features=("AUTH PLAIN",), connection_default=behaviour) as server:
        settings = server_settings(server, user="roadmap", password="secret-of-a-test")  # noqa: S106
        assert why in why_not(settings)
    assert server.count("MAIL") == 0


def test_a_silent_server_is_not_waited_for_without_end():
    with SmtpServer(connection_default="silent_greeting") as server:
        assert "не отвечает" in why_not(
            server_settings(server, patience=replace(QUICK, connect=0.3))
        )


def test_nobody_listens_and_nobody_has_such_a_name():
    with SmtpServer() as server:
        port = server.port
    assert "не принимает соединения" in why_not(
        SmtpSettings("127.0.0.1", port, use_starttls=False, patience=QUICK)
    )
    assert "не найдено" in why_not(SmtpSettings("mail..example", port, patience=QUICK))


def test_a_server_without_what_was_asked_for_is_told():
    with SmtpServer() as server:
        assert "не предлагает" in why_not(server_settings(server, use_starttls=True))
        assert "не предлагает" in why_not(server_settings(server, user="a", password=TOKEN))
    with speaking(lambda _: b"500 what?\r\n") as (port, _):
        clear = SmtpSettings("127.0.0.1", port, use_ssl=True, patience=QUICK)
        assert "не установлена" in why_not(clear)
