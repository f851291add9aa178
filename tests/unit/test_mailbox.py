"""Addresses: what is one, how it is kept, and when two are one mailbox."""

from __future__ import annotations

import pytest

from roadmap.mailbox import AddressRefused, mailbox, read_address, read_domain

RUSSIAN = "xn--80aabfqjj3bddt.xn--p1ai"  # образование.рф


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("edu@example.org", "edu@example.org"),
        ("\u00a0edu@EXAMPLE.org. ", "edu@example.org"),
        ("edu@образование.рф", f"edu@{RUSSIAN}"),
        ("edu@ОБРАЗОВАНИЕ.РФ", f"edu@{RUSSIAN}"),
        (f"edu@{RUSSIAN}", f"edu@{RUSSIAN}"),
        ("edu@mail.образование.рф", f"edu@mail.{RUSSIAN}"),
    ],
)
def test_an_address_is_kept_in_ascii_with_its_domain_folded(written: str, kept: str):
    assert read_address(written) == kept


@pytest.mark.parametrize(
    ("written", "what"),
    [
        ("edu@m\u0430il.example", "«а»"),  # a Cyrillic а among Latin letters
        ("edu@\u0441\u043e\u0441\u043e.example", "«с»"),  # сосо, all Cyrillic, for coco
        ("edu@xn--mil-7cd.example", "«а»"),  # the same, in its ASCII form
        ("b@example.org, c@example.org", "несколько"),
        ("b\u200b@example.org", "невидимый"),
        ("роо@example.org", "до знака @"),
        ("example.org", "не адрес"),
        ("b@example", "не адрес"),
    ],
)
def test_what_is_no_address_is_refused_and_not_quoted(written: str, what: str):
    with pytest.raises(AddressRefused, match=what) as refused:
        read_address(written)
    assert "@example" not in str(refused.value)


def test_a_domain_of_the_settings_is_read_as_that_of_an_address():
    assert read_domain(" Образование.рф ") == RUSSIAN
    assert read_domain("Example.org") == "example.org"
    with pytest.raises(AddressRefused, match="«а»"):
        read_domain("m\u0430il.example")
    with pytest.raises(AddressRefused, match="не имя домена"):
        read_domain("example")


def test_spellings_that_differ_by_capitals_are_one_mailbox():
    assert mailbox(read_address("Edu@Example.org")) == mailbox(read_address("edu@example.ORG"))
    assert mailbox("edu@example.org") != mailbox("edu@sub.example.org")
