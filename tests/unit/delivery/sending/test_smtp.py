"""A letter at the mail server: the copy that goes with it."""

from __future__ import annotations

import pytest

from roadmap.delivery.sending.smtp import SmtpTransport
from roadmap.delivery.transport import DryTransport, MailServerUnavailable, Refused
from support.mail_client import plain
from support.smtp_server import SmtpServer

OURS, THEIRS, COPY = "roadmap@example.org", "neya@example.org", "journal@example.org"
BODY = b"Message-ID: <a.r1@example.org>\r\n\r\nx\r\n"


def hand_over(transport: SmtpTransport, journal: str | None = None) -> None:
    transport.begin(OURS, THEIRS, len(BODY), journal)
    transport.send_body(BODY, 10)
    transport.send_dot()
    assert transport.read_reply().code == 250


# -- The copy for the journal ---------------------------------------------------------------------


def test_the_copy_goes_with_the_letter_in_one_transaction():
    with SmtpServer() as server:
        transport = SmtpTransport(plain(server.port))
        transport.open()
        hand_over(transport, COPY)
        hand_over(transport)
        hand_over(transport, THEIRS)  # who is the journal himself gets it once
        transport.quit()
    assert [taken.recipients for taken in server.accepted] == [(THEIRS, COPY), (THEIRS,), (THEIRS,)]


@pytest.mark.parametrize("refusal", ["550_rcpt", "451_rcpt"])
def test_a_refused_copy_sends_nothing_and_is_about_us(refusal: str):
    with SmtpServer(by_address={COPY: [refusal]}) as server:
        transport = SmtpTransport(plain(server.port))
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
        transport = SmtpTransport(plain(server.port))
        transport.open()
        with pytest.raises(Refused) as refused:
            transport.begin(OURS, THEIRS, len(BODY), COPY)
        assert refused.value.reply.code == 421
    assert server.accepted == []


def test_a_letter_that_goes_nowhere_needs_no_copy():
    DryTransport().begin(OURS, THEIRS, len(BODY), COPY)
