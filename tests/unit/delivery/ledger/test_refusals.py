"""Whom a refusal speaks of: replies of widely used servers, by the command that they answer."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadmap.delivery.ledger.refusals import About, Fault, about, fault_of_ours, why_not_sent

US, CONTENT, SIZE = About.US, About.CONTENT, About.SIZE
RECIPIENT, FULL = About.RECIPIENT, About.MAILBOX_FULL

REPLIES = (
    # -- of our address, our right and our way of speaking
    ("mail", "553 5.7.1 Sender address rejected: not owned by auth user", US, Fault.SENDER),
    ("mail", "550 5.1.8 Sender's domain does not exist", US, Fault.SENDER),
    ("mail", "550 no", US, Fault.SENDER),
    ("mail", "530 5.7.0 Must issue a STARTTLS command first", US, Fault.LOG_IN),
    ("mail", "530 5.7.57 Client was not authenticated to send anonymous mail", US, Fault.LOG_IN),
    ("mail", "503 5.5.1 Error: need EHLO", US, Fault.SPEECH),
    ("mail", "555 5.5.4 Unsupported option: SIZE", US, Fault.SPEECH),
    ("mail", "554 5.7.1 Client host rejected: Access denied", US, Fault.TRUST),
    ("rcpt", "503 5.5.1 Need MAIL before RCPT", US, Fault.SPEECH),
    ("rcpt", "503 sender not yet given", US, Fault.SPEECH),
    ("rcpt", "554 5.7.1 … Relay access denied", US, Fault.RELAY),
    ("rcpt", "550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain", US, Fault.RELAY),
    ("rcpt", "550 relay not permitted", US, Fault.RELAY),
    ("rcpt", "550 5.7.1 Relaying denied", US, Fault.RELAY),
    ("rcpt", "553 5.7.1 … Sender address rejected: not owned by user", US, Fault.SENDER),
    ("rcpt", "550 5.1.0 … Sender address rejected: User unknown in table", US, Fault.SENDER),
    ("rcpt", "550 Sender verify failed", US, Fault.SENDER),
    ("rcpt", "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked", US, Fault.TRUST),
    ("rcpt", "504 5.5.2 Helo command rejected: need fully-qualified hostname", US, Fault.TRUST),
    ("rcpt", "530 5.7.1 Authentication required", US, Fault.LOG_IN),
    ("rcpt", "550 authentication required", US, Fault.LOG_IN),
    ("rcpt", "550 5.7.1 Access denied", US, Fault.RELAY),
    ("data", "503 5.5.1 no valid RCPT", US, Fault.SPEECH),
    ("data", "502 5.5.1 Command not implemented", US, Fault.SPEECH),
    ("dot", "550 5.7.26 This mail is unauthenticated", US, Fault.TRUST),
    (
        "dot",
        "550 5.7.1 Unauthenticated email is not accepted due to domain's DMARC",
        US,
        Fault.TRUST,
    ),
    ("dot", "550 5.7.60 SMTP; Client may not send as this sender", US, Fault.SENDER),
    ("dot", "550 5.7.606 Access denied, banned sending IP", US, Fault.TRUST),
    # -- of the letter itself
    ("mail", "552 5.3.4 Message size exceeds fixed limit", SIZE, None),
    ("mail", "552 message size exceeds fixed maximum message size", SIZE, None),
    ("rcpt", "552 5.2.3 Message too large for this mailbox", SIZE, None),
    ("dot", "552 5.3.4 Message too big", SIZE, None),
    ("dot", "552 too much data", SIZE, None),
    ("dot", "554 5.7.1 [2] Message rejected under suspicion of SPAM", CONTENT, None),
    ("dot", "550 5.7.0 Blocked by content policy", CONTENT, None),
    ("dot", "552 5.7.0 This message was blocked: attachment", CONTENT, None),
    ("dot", "554 5.6.0 Message content rejected", CONTENT, None),
    ("dot", "550 5.3.0 rejected by the filter", CONTENT, None),
    ("dot", "554 Transaction failed", CONTENT, None),
    # -- of the recipient
    ("rcpt", "550 5.1.1 … User unknown in relay recipient table", RECIPIENT, None),
    ("rcpt", "550 5.7.1 No such user!", RECIPIENT, None),
    ("rcpt", "554 5.7.1 … Recipient address rejected: Access denied", RECIPIENT, None),
    ("rcpt", "550 5.4.1 Recipient address rejected: Access denied", RECIPIENT, None),
    ("rcpt", "550 5.5.0 Requested action not taken: mailbox unavailable", RECIPIENT, None),
    ("rcpt", "550 5.2.1 The account is disabled", RECIPIENT, None),
    ("rcpt", "550 5.1.2 Host unknown", RECIPIENT, None),
    ("rcpt", "550 No such user here", RECIPIENT, None),
    ("rcpt", "550 5.7.133 Sender not authenticated for group", RECIPIENT, None),
    ("rcpt", "501 5.1.3 Bad recipient address syntax", RECIPIENT, None),
    ("rcpt", "553 mailbox name not allowed", RECIPIENT, None),
    ("rcpt", "551 user not local", RECIPIENT, None),
    ("dot", "550 5.1.1 The account does not exist", RECIPIENT, None),
    ("rcpt", "552 5.2.2 Mailbox size limit exceeded", FULL, None),
    ("rcpt", "552 mailbox full", FULL, None),
    ("dot", "552 5.2.2 Over quota", FULL, None),
)


@pytest.mark.parametrize(
    ("phase", "reply", "what", "fault"), REPLIES, ids=[f"{one[0]} {one[1]}" for one in REPLIES]
)
def test_a_refusal_is_sorted_by_the_command_the_enhanced_code_and_the_words(
    phase: str, reply: str, what: About, fault: Fault | None
):
    code, text = int(reply[:3]), reply[4:]
    assert about(phase, code, text) is what
    if fault is not None:
        assert fault_of_ours(phase, code, text) is fault


@given(
    phase=st.sampled_from(["mail", "rcpt", "data", "dot"]),
    code=st.integers(500, 599),
    status=st.tuples(st.integers(0, 9), st.integers(0, 999)),
    words=st.text(max_size=40),
)
def test_whatever_a_server_says_for_good_is_sorted_and_never_blames_the_address_for_mail(
    phase: str, code: int, status: tuple[int, int], words: str
):
    for text in (words, f"5.{status[0]}.{status[1]} {words}"):
        what = about(phase, code, text)
        assert phase != "mail" or what in (US, SIZE)
        if what is US:
            said = why_not_sent(phase, code, text)
            assert re.match("[А-ЯЁ]", said)
            assert f"код {code}" in said
            assert "Адреса ни при чём" in said


def test_the_operator_reads_what_of_ours_to_mend():
    said = why_not_sent("mail", 553, "5.7.1 Sender address rejected: not owned by auth user")
    assert "не разрешает отправлять от нашего адреса (код 553)" in said
    assert "ROADMAP_FROM_ADDRESS" in said
    when = {
        "mail": "отказал, когда ему назвали адрес отправителя (код 503)",
        "rcpt": "отказал, когда ему назвали адрес получателя (код 503)",
        "data": "отказал, когда ему начали передавать письмо (код 503)",
        "dot": "отказал, когда ему передали письмо (код 503)",
    }
    for phase, words in when.items():
        assert words in why_not_sent(phase, 503, "5.5.1 need MAIL")
