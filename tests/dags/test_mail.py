"""The seam's SmtpHook: the form of the connection, TLS, logging in, and why there is none."""

from __future__ import annotations

import base64
import re
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.smtp.hooks.smtp import SmtpHook
from sqlalchemy import Engine

from roadmap.delivery.sending.smtp import MailServer, SmtpTransport
from roadmap.delivery.transport import MailServerUnavailable
from roadmap_airflow import mail
from roadmap_airflow.connections import ConnectionIncomplete
from roadmap_airflow.mail import MailHook, mail_server
from support.ledger_world import make_run, plan_all, send, states
from support.mail_hook import hooked
from support.smtp_server import SmtpServer, self_signed

OURS, THEIRS = "roadmap@example.org", "neya@example.org"
BODY = b"Message-ID: <a.r1@example.org>\r\n\r\nx\r\n"
TOKEN = "token-of-a-test"  # noqa: S105
SECRET = "secret-of-a-test"  # noqa: S105
BOTH_TLS = pytest.mark.parametrize(
    "at_once", [False, True], ids=["starttls", "from the first byte"]
)


def hand_over(server: MailServer) -> None:
    transport = SmtpTransport(server)
    transport.open()
    transport.begin(OURS, THEIRS, len(BODY))
    transport.send_body(BODY, 10)
    transport.send_dot()
    assert transport.read_reply().code == 250
    transport.quit()


def why_not(server: MailServer) -> str:
    """What is told where the connection does not come about: Russian, and keeps secrets."""
    with pytest.raises(MailServerUnavailable) as refused:
        SmtpTransport(server).open()
    said = str(refused.value)
    assert re.match("[А-ЯЁ]", said)
    assert said.endswith(".")
    assert TOKEN not in said
    assert SECRET not in said
    assert "@" not in said
    return said


# -- The form of the connection --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("port", "extra", "expected"),
    [
        (None, {}, (465, True, False)),
        (465, {"disable_tls": True}, (465, True, False)),
        (587, {"disable_ssl": True}, (587, False, True)),
        (587, {"disable_ssl": "true"}, (587, False, True)),
        (587, {"disable_ssl": "false"}, (587, True, False)),
        (1025, {"disable_ssl": True, "disable_tls": True}, (1025, False, False)),
        (None, {"disable_ssl": True}, (25, False, True)),
    ],
)
def test_the_mail_server_is_read_as_the_form_of_airflow_means_it(connection, port, extra, expected):
    connection(
        "smtp_default", conn_type="smtp", host="mail.example.org", port=port, extra=extra,
        login="roadmap", password=SECRET,
    )  # fmt: skip
    hook = MailHook(SmtpHook.get_connection("smtp_default"))
    assert (hook.port, hook.use_ssl, hook.smtp_starttls) == expected
    assert (hook.smtp_user, hook.smtp_password) == ("roadmap", SECRET)
    server = mail_server()
    assert server.host == "mail.example.org"
    assert server.is_verified_tls == (hook.use_ssl or hook.smtp_starttls)
    assert SECRET not in repr(server)


def test_a_server_whose_certificate_is_not_checked_gets_no_letter(connection):
    connection(
        "smtp_default", conn_type="smtp", host="mail.example.org", extra={"ssl_context": "none"}
    )
    assert not mail_server().is_verified_tls
    assert "ssl_context=none" in why_not(mail_server())


@pytest.mark.parametrize(
    "fields",
    [
        {"host": "mail.example.org", "login": "roadmap"},
        {"host": "mail.example.org", "password": SECRET},
        {"login": "roadmap", "password": SECRET},
    ],
)
def test_half_a_connection_is_not_used_without_logging_in(connection, fields):
    connection("smtp_default", conn_type="smtp", **fields)
    with pytest.raises(ConnectionIncomplete, match="впишите") as refused:
        mail_server()
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize(
    "extra",
    [
        {"auth_type": "oauth2"},  # whose mailbox?
        {"auth_type": "kerberos"},
        {"ssl_context": "self-signed"},
        {"timeout": "half an hour"},
        {"timeout": -1},
        {"timeout": "inf"},
        {"timeout": 121},  # longer than all of the opening may take
    ],
)
def test_what_can_t_be_meant_is_refused_before_anything_is_sent(connection, extra):
    connection("smtp_default", conn_type="smtp", host="mail.example.org", extra=extra)
    with pytest.raises(ConnectionIncomplete, match="smtp_default"):
        mail_server()


@pytest.mark.parametrize(
    ("timeout", "seconds"), [(None, 30), ("", 30), ("30.5", 31), (0.3, 1), ("5", 5)]
)
def test_an_empty_field_of_the_form_is_as_good_as_none(connection, timeout, seconds):
    empty = {"timeout": timeout, "auth_type": "", "ssl_context": ""}
    with SmtpServer() as server:
        connection(
            "smtp_default", conn_type="smtp", host="127.0.0.1", port=server.port,
            extra=empty | {"disable_ssl": True, "disable_tls": True},
        )  # fmt: skip
        hook = MailHook(SmtpHook.get_connection("smtp_default"))
        assert (hook.timeout, hook.auth_type, hook.ssl_context) == (seconds, "basic", None)
        transport = SmtpTransport(mail_server())
        transport.open()
        transport.quit()
        assert server.connections == 1


# -- Logging in ------------------------------------------------------------------------------------


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


@pytest.fixture
def by_token(connection) -> Callable[..., MailServer]:
    """A mail server to which one logs in by a token; the token stands in the connection."""

    def reached(port: int, token: str | None = TOKEN, **more: Any) -> MailServer:
        extra = {"auth_type": "oauth2"} | ({"access_token": token} if token else {})
        connection("smtp_default", conn_type="smtp", host="127.0.0.1", login=OURS, extra=extra)
        return hooked(port, **({"login": OURS, "auth_type": "oauth2"} | more))

    return reached


OFFER = b"250-test.example\r\n250 AUTH PLAIN XOAUTH2\r\n"


def welcome(command: str) -> bytes:
    return {"EHLO": OFFER, "AUTH": b"235 2.7.0 welcome\r\n"}.get(command[:4].upper(), b"250 ok\r\n")


def test_name_and_password_are_said_once_and_after_ehlo(connection):
    with speaking(welcome) as (port, told):
        transport = SmtpTransport(hooked(port, login="roadmap", password=SECRET))
        transport.open()
        transport.open()  # it stands already
        transport.abandon()
    said = base64.b64encode(f"\0roadmap\0{SECRET}".encode()).decode()
    assert told == ["ehlo roadmap.example.org", f"AUTH PLAIN {said}"]


def test_the_token_is_said_as_xoauth2_wants_it_and_asked_anew_for_each_connection(by_token):
    with speaking(welcome) as (port, told):
        transport = SmtpTransport(by_token(port, "first"))
        transport.open()
        transport.abandon()
        by_token(port, "second")  # a secrets backend has renewed it
        transport.open()
        transport.abandon()
    said = [
        base64.b64decode(command.split(" ")[2]).decode()
        for command in told
        if command.startswith("AUTH XOAUTH2 ")
    ]
    assert said == [f"user={OURS}\x01auth=Bearer {token}\x01\x01" for token in ("first", "second")]


def test_without_a_login_the_address_of_the_form_says_whose_the_token_is(by_token):
    with speaking(welcome) as (port, told):
        SmtpTransport(by_token(port, login=None, from_email=OURS)).open()
    assert f"user={OURS}" in base64.b64decode(told[-1].split(" ")[2]).decode()


def test_a_refused_token_is_answered_as_the_protocol_wants_and_told(by_token):
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


def test_a_server_without_xoauth2_is_not_told_the_token(by_token):
    with speaking(lambda _: b"250-test.example\r\n250 AUTH PLAIN\r\n") as (port, told):
        assert "XOAUTH2" in why_not(by_token(port))
    assert not any("AUTH" in command for command in told)


def test_no_token_and_no_password_go_over_a_plain_line_to_another_machine(by_token):
    with speaking(lambda _: OFFER, "127.0.0.2") as (port, told):
        # A connection without a token: it is not even asked for.
        assert "без TLS" in why_not(by_token(port, None, host="127.0.0.2"))
        far = hooked(port, host="127.0.0.2", login="roadmap", password=SECRET)
        assert "без TLS" in why_not(far)
    assert len(told) == 2
    assert all(command.startswith("ehlo") for command in told)


@pytest.mark.parametrize(
    ("extra", "why"),
    [({}, "не выдал токен"), ({"client_id": "a", "client_secret": SECRET}, "msal")],
)
def test_a_token_that_can_t_be_had_says_why(by_token, connection, monkeypatch, extra, why):
    monkeypatch.setitem(sys.modules, "msal", None)
    with speaking(lambda _: OFFER) as (port, told):
        server = by_token(port)
        extra = {"auth_type": "oauth2"} | extra
        connection("smtp_default", conn_type="smtp", host="127.0.0.1", login=OURS, extra=extra)
        assert why in why_not(server)
    assert all(command.startswith("ehlo") for command in told)


def test_a_name_that_is_not_latin_is_told():
    with speaking(lambda _: OFFER) as (port, _):
        assert "не латиницей" in why_not(hooked(port, login="отправка", password=SECRET))


# -- TLS -------------------------------------------------------------------------------------------


@pytest.fixture
def trust(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], None]:
    """Adds a certificate to those that this machine trusts."""

    def by(file: Path) -> None:
        monkeypatch.setenv("SSL_CERT_FILE", str(file))

    return by


@BOTH_TLS
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
    engine: Engine, tmp_path: Path, trust, at_once: bool, made: dict, is_trusted: bool, why: str
):
    tls, file = self_signed(tmp_path, **made)
    if is_trusted:
        trust(file)
    make_run(engine)
    plan_all(engine)
    with SmtpServer(tls=tls, is_tls_at_once=at_once) as server:
        over = hooked(server.port, use_ssl=at_once, use_starttls=not at_once)
        with pytest.raises(MailServerUnavailable, match=why):
            send(engine, server, over=over)
    assert server.accepted == []
    assert server.count("MAIL") == 0
    assert set(states(engine).values()) == {"ready"}


@BOTH_TLS
def test_letters_leave_over_verified_tls(engine: Engine, tmp_path: Path, trust, at_once: bool):
    tls, file = self_signed(tmp_path)
    trust(file)
    make_run(engine)
    plan_all(engine)
    with SmtpServer(tls=tls, is_tls_at_once=at_once) as server:
        over = hooked(server.port, use_ssl=at_once, use_starttls=not at_once)
        summary = send(engine, server, over=over)
    assert (summary.accepted, summary.postponed) == (3, 0)
    assert server.connections == 1


@BOTH_TLS
@pytest.mark.parametrize(
    ("behaviour", "state"),
    [
        ("rst_after_dot", "unknown"),
        ("accept_then_rst", "unknown"),
        ("451_dot", "retry"),
        ("421_in_body", "retry"),
        ("rst_data", "retry"),
    ],
)
def test_over_tls_too_a_lost_reply_is_unknown_and_what_came_before_is_not(
    engine: Engine, tmp_path: Path, trust, at_once: bool, behaviour: str, state: str
):
    tls, file = self_signed(tmp_path)
    trust(file)
    make_run(engine, contacts={"buy": ("a@example.org",)})
    # Of a small letter all but the dot would be gone before the server's word came.
    plan_all(engine, filler=3_000_000 if behaviour == "421_in_body" else 0)
    with SmtpServer([behaviour], tls=tls, is_tls_at_once=at_once) as server:
        send(engine, server, over=hooked(server.port, use_ssl=at_once, use_starttls=not at_once))
    assert states(engine) == {"buy": state}


def test_the_token_goes_over_tls_and_the_letter_after_it(tmp_path: Path, trust, by_token):
    tls, file = self_signed(tmp_path)
    trust(file)
    with SmtpServer(tls=tls, features=("AUTH XOAUTH2",)) as server:
        hand_over(by_token(server.port, use_starttls=True))
    assert [taken.recipients for taken in server.accepted] == [(THEIRS,)]
    assert server.log[0].verbs() == [
        "EHLO", "STARTTLS", "EHLO", "AUTH", "MAIL", "RCPT", "DATA", "QUIT",
    ]  # fmt: skip


def test_what_was_said_before_tls_is_no_answer_within_it(tmp_path: Path, trust):
    tls, file = self_signed(tmp_path)
    trust(file)

    def talk() -> None:
        plain_line, _ = listener.accept()
        plain_line.sendall(b"220 test.example ESMTP\r\n")
        plain_line.recv(1000)
        plain_line.sendall(b"250-test.example\r\n250 STARTTLS\r\n")
        plain_line.recv(1000)
        # An intruder in between adds an answer of his own (CVE-2011-0411).
        plain_line.sendall(b"220 go on\r\n250-test.example\r\n250 AUTH PLAIN\r\n")
        with suppress(OSError), tls.wrap_socket(plain_line, server_side=True) as private:
            told.append(private.recv(1000))

    told: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=talk, daemon=True)
        thread.start()
        port = listener.getsockname()[1]
        said = why_not(hooked(port, use_starttls=True, login="roadmap", password=SECRET))
        thread.join(5)
    assert "не отвечает" in said
    assert told in ([], [b""])


# -- No connection ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("behaviour", "why"),
    [
        ("421_greeting", "отказал в начале разговора (код 421)"),
        ("554_greeting", "отказал в начале разговора (код 554)"),
        ("421_ehlo", "отказал в начале разговора (код 421)"),
        ("rst_greeting", "не отвечает"),
        ("garbage_greeting", "отказал в начале разговора"),
        ("535_auth", "не принял имя или пароль (код 535)"),
        ("454_auth", "временно не принимает вход (код 454)"),
        ("504_auth", "не принимает такой способ входа (код 504)"),
        ("432_auth", "не принял имя или пароль (код 432)"),
        ("334_auth", "отвечает не по правилам SMTP"),  # a challenge that is no base64
        ("rst_auth", "не отвечает"),
    ],
)
def test_each_way_of_not_being_let_in_says_what_happened(behaviour: str, why: str):
    with SmtpServer(features=("AUTH PLAIN",), connection_default=behaviour) as server:
        assert why in why_not(hooked(server.port, login="roadmap", password=SECRET))
    assert server.count("MAIL") == 0
    assert server.connections == 1  # the stock hook would knock six times


@pytest.mark.parametrize(
    "behaviour", ["silent_greeting", "slow_greeting", "slow_ehlo", "silent_auth", "slow_auth"]
)
def test_a_server_that_does_not_come_to_the_point_is_left_in_the_connection_s_timeout(
    behaviour: str,
):
    with SmtpServer(
        features=("AUTH PLAIN",), connection_default=behaviour, byte_seconds=0.15
    ) as server:
        assert "не отвечает" in why_not(
            hooked(server.port, login="roadmap", password=SECRET, timeout=0.3)
        )


def test_the_opening_as_a_whole_has_its_time_however_patient_each_reply_is(monkeypatch):
    with SmtpServer(connection_default="slow_greeting", byte_seconds=0.15) as server:
        patient = hooked(server.port, timeout=10)
        monkeypatch.setattr(mail, "PATIENCE", replace(mail.PATIENCE, opening=0.5))
        assert "не отвечает" in why_not(patient)


def test_nobody_listens_and_nobody_has_such_a_name():
    with SmtpServer() as server:
        port = server.port
    assert "не отвечает: соединение отклонено" in why_not(hooked(port))
    assert "не найдено" in why_not(hooked(port, host="mail..example"))


def by_password(port: int) -> MailServer:
    return hooked(port, login="roadmap", password=SECRET)


@pytest.mark.parametrize("offered", ["AUTH NTLM GSSAPI", "AUTH NTLM GSSAPI <a@example.org>"])
def test_a_server_that_knows_only_other_ways_to_log_in_is_told_with_theirs_and_ours(offered: str):
    with SmtpServer(features=(offered,)) as server:
        said = why_not(by_password(server.port))
        assert "вход, который мы умеем (PLAIN, LOGIN, CRAM-MD5), только NTLM, GSSAPI." in said
        assert server.count("AUTH") == 0


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"220 a\r\n220 b\r\n", id="two greetings"),
        pytest.param(b"220 a\r\n250 ok\r\n250 ok\r\n250 ok\r\n", id="all answers in advance"),
    ],
)
def test_a_server_that_does_not_wait_for_the_question_gets_no_letter(engine: Engine, answer: bytes):
    make_run(engine)
    plan_all(engine)
    with (
        SmtpServer(greeting=answer) as server,
        pytest.raises(MailServerUnavailable, match="не по правилам SMTP"),
    ):
        send(engine, server, over=hooked(server.port))
    assert server.commands == []
    assert set(states(engine).values()) == {"ready"}


HOSTILE = {
    "no text at all": b"\xff\xfe\x00\r\n",
    "a word that is no number": b"twenty go on\r\n",
    "a number of another kind": "٢٢٠ go on\r\n".encode(),
    "a continuation of another code": b"250-a\r\n220 b\r\n",
    "names of nothing": b"250-\r\n250-=\r\n250- \r\n250-AUTH\r\n250-AUTH=\r\n250 SIZE\r\n",
    "names that are no letters": b"250-a\r\n250-AUTH \xff\x00 PLAIN\r\n250 SIZE \xb2\r\n",
    "a line without end": b"250-" + b"a" * 70_000,
    "thousands of lines": b"250-a\r\n" * 20_000 + b"250 b\r\n",
}


@pytest.mark.parametrize("phase", ["greeting", "ehlo", "auth"])
@pytest.mark.parametrize("said", HOSTILE.values(), ids=HOSTILE)
def test_whatever_a_server_says_in_the_beginning_no_letter_is_left_in_hand(
    engine: Engine, phase: str, said: bytes
):
    make_run(engine)
    plan_all(engine)
    with SmtpServer(
        features=("AUTH PLAIN",), connection_default=f"odd_{phase}", says={f"odd_{phase}": said}
    ) as server:
        over = hooked(server.port, login="roadmap", password=SECRET)
        with suppress(MailServerUnavailable):  # anything else is a traceback
            send(engine, server, over=over)
    assert set(states(engine).values()) <= {"ready", "accepted"}


def test_a_server_without_what_was_asked_for_is_told():
    with SmtpServer(features=("AUTH",)) as server:
        assert "не предлагает защищённую связь" in why_not(hooked(server.port, use_starttls=True))
        assert "не предлагает вход по паролю" in why_not(by_password(server.port))
        assert server.count("AUTH") == 0
    with speaking(lambda _: b"500 what?\r\n") as (port, _):
        assert "не установлена" in why_not(hooked(port, use_ssl=True))
