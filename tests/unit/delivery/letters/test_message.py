"""What a mail program sees of a frozen letter, read back by Python's own parser."""

from __future__ import annotations

import email.policy
import re
from email import message_from_bytes

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadmap.delivery.letters import message
from roadmap.delivery.letters.message import AttachedFile, Sender, UnsafeMessage, freeze, latin_name
from roadmap.plan.zone import home_time

KEY = "ab" * 32
SENDER = Sender("roadmap@example.org", "ОГБОУ ДПО «КОИРО»", "answers@example.org", "example.org")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FILES = (
    AttachedFile("Справка_500+_Буйский_МР_2021-03.pdf", "application/pdf", b"%PDF-1.7\n\r\x00"),
    AttachedFile("Приложение_500+_г._Кострома_2021-03.xlsx", XLSX, bytes(range(256)) * 40),
    AttachedFile("Школа_101_500+_2021-03.pdf", "application/pdf", b"%PDF"),
)
LONGEST = "500+ | Комплексный анализ (март 2021 г.) | муниципальный район город Нея и Нейский район"


def frozen(**changes) -> message.FrozenMessage:
    given_ = {
        "delivery_id": KEY,
        "revision": 1,
        "sender": SENDER,
        "recipient": "neya@example.org",
        "subject": LONGEST,
        "html": "<!doctype html><p>Уважаемые коллеги!</p>\n<p>34,2\u00a0%</p>",
        "text": "Уважаемые коллеги!\n\n.\n..\nFrom здесь\n",
        "files": FILES,
        "moment": home_time().at(1_616_742_840_000),
    } | changes
    return freeze(**given_)


def parsed(letter: message.FrozenMessage):
    return message_from_bytes(letter.rfc822, policy=email.policy.default)


def test_a_letter_is_the_same_bytes_every_time():
    assert frozen().rfc822 == frozen().rfc822
    assert frozen().sha256 == frozen().sha256


def test_headers_say_who_to_whom_and_that_a_machine_wrote():
    back = parsed(frozen())
    assert back["Subject"] == LONGEST
    assert [(a.display_name, a.addr_spec) for a in back["From"].addresses] == [
        ("ОГБОУ ДПО «КОИРО»", "roadmap@example.org")
    ]
    assert [a.addr_spec for a in back["To"].addresses] == ["neya@example.org"]
    assert back["Reply-To"] == "answers@example.org"
    assert back["Message-ID"] == f"<{KEY[:32]}.r1@example.org>"
    assert back["Date"].datetime.isoformat() == "2021-03-26T10:14:00+03:00"
    assert back["Auto-Submitted"] == "auto-generated"
    assert back["X-Auto-Response-Suppress"] == "OOF, AutoReply, DR, RN, NRN"
    assert back["X-Report-Key"] == KEY


def test_another_revision_has_another_message_id():
    assert parsed(frozen(revision=2))["Message-ID"] == f"<{KEY[:32]}.r2@example.org>"


def test_text_and_html_are_alternatives_and_files_are_typed_and_named_in_russian():
    back = parsed(frozen())
    assert back.get_content_type() == "multipart/mixed"
    assert next(back.iter_parts()).get_content_type() == "multipart/alternative"
    assert back.get_body(("plain",)).get_content().splitlines()[2:4] == [".", ".."]
    assert "34,2\u00a0%" in back.get_body(("html",)).get_content()
    found = [
        (p.get_filename(), p.get_content_type(), p.get_content()) for p in back.iter_attachments()
    ]
    assert found == [(f.file_name, f.media_type, f.content) for f in FILES]
    assert all(p["Content-Disposition"].startswith("attachment") for p in back.iter_attachments())


def test_a_program_that_knows_no_rfc_2231_sees_a_latin_name():
    old = message_from_bytes(frozen().rfc822, policy=email.policy.compat32)
    names = [part.get_param("name") for part in old.walk() if part.get_param("name")]
    assert names == [
        "Spravka_500+_Buyskiy_MR_2021-03.pdf",
        "Prilozhenie_500+_g._Kostroma_2021-03.xlsx",
        "Shkola_101_500+_2021-03.pdf",
    ]
    raw = frozen().rfc822
    assert b'filename="Spravka_500+_Buyskiy_MR_2021-03.pdf"' in raw
    assert b"filename*=utf-8''%D0%A1%D0%BF" in raw


def test_only_seven_bits_crlf_and_lines_that_smtp_allows():
    raw = frozen().rfc822
    assert max(raw) < 127
    assert not re.search(rb"\r(?!\n)|(?<!\r)\n", raw)
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998
    assert b"quoted-printable" not in raw
    assert b"8bit" not in raw


def test_encoded_words_are_not_longer_than_mail_programs_read():
    head = frozen().rfc822.split(b"\r\n\r\n")[0]
    words = re.findall(rb"=\?utf-8\?b\?[^?]*\?=", head)
    assert words
    assert all(len(word) <= 75 for word in words)
    assert all(len(line) <= 78 for line in head.split(b"\r\n") if b"=?utf-8?" in line)


@pytest.mark.parametrize(
    "recipient",
    [
        "a@example.org\r\nBcc: b@example.org",
        "a@example.org,b@example.org",
        "<a@example.org>",
        "a@example.org b@example.org",
        "a@b@example.org",
        "«а»@example.org",
        "a@[127.0.0.1]",
        "",
    ],
)
def test_an_address_that_is_not_one_plain_address_is_refused_and_not_repeated(recipient: str):
    with pytest.raises(UnsafeMessage) as refused:
        frozen(recipient=recipient)
    assert "@" not in str(refused.value)


@pytest.mark.parametrize("sign", ["\n", "\r\n", "\r", "\u2028", "\x85", "\x00", "\x1b", "\u202e"])
def test_a_subject_with_a_line_break_or_control_sign_is_refused(sign: str):
    with pytest.raises(UnsafeMessage):
        frozen(subject=f"500+{sign}Bcc: x@example.org")


def test_templates_and_markup_in_a_name_stay_letters():
    subject = "500+ | {{ 7*7 }} <script> =cmd()"
    assert parsed(frozen(subject=subject))["Subject"] == subject


@settings(max_examples=60, deadline=None)
@given(
    subject=st.text(
        st.characters(codec="utf-8", exclude_categories=("C", "Z")) | st.just(" "), min_size=1
    ).filter(lambda s: s.strip() and s == s.strip()),
    file_name=st.text(
        st.characters(codec="utf-8", exclude_categories=("C", "Z")) | st.sampled_from(" '\"%*;="),
        min_size=1,
        max_size=80,
    ).filter(lambda s: s.strip() and s == s.strip()),
)
def test_any_subject_and_file_name_come_back_as_they_were(subject: str, file_name: str):
    back = parsed(
        frozen(subject=subject, files=(AttachedFile(file_name, "application/pdf", b"x"),))
    )
    assert back["Subject"] == subject
    assert [p.get_filename() for p in back.iter_attachments()] == [file_name]
    assert len(back.get_all("To")) == 1


def test_latin_names_hold_only_safe_signs():
    assert latin_name('Ёж "щи" №1.pdf') == "Ezh__shchi___1.pdf"
