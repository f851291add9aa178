"""Addresses and domains as the product keeps them, and when two of them are one mailbox.

One home for intake, settings, planning and sending: an address is ASCII, its domain in lower
case and, where it is a Russian one, in its IDNA form (RFC 5891). Two addresses that differ by
capitals only are one mailbox: RFC 5321 §2.4 lets a server tell them apart, none in use does.
"""

from __future__ import annotations

import unicodedata

_INVISIBLE = ("Cc", "Zl", "Zp", "Cs", "Cf")
# Cyrillic letters that look like Latin ones; a label of these alone is a trap, not a word.
_LOOK_LATIN = frozenset("авеіјкмнорсѕтухԁԛԝ")


class AddressRefused(ValueError):
    """Not an address, or not one that letters can go to.

    `code` as in docs/formats.md; the message says in Russian what is wrong, without the address.
    """

    def __init__(self, code: str, what: str) -> None:
        super().__init__(what)
        self.code = code


def read_address(text: str) -> str:
    """One address as it is kept: ASCII, the domain folded; AddressRefused."""
    from email_validator import EmailNotValidError, validate_email

    written = text.strip(" \u00a0\t")
    if any(unicodedata.category(sign) in _INVISIBLE for sign in written):
        raise AddressRefused("ADDRESS", "в адресе перенос строки или невидимый знак")
    if written.count("@") > 1 or any(sign in written for sign in ",;"):
        raise AddressRefused("ADDRESS", "в ячейке несколько адресов")
    trimmed = written.rstrip(".").replace("\u00a0", "")
    local = trimmed.rpartition("@")[0]
    if local and not local.isascii():
        raise AddressRefused("NEEDS_SMTPUTF8", "до знака @ не латинские буквы")
    try:
        found = validate_email(trimmed, check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError:
        raise AddressRefused("ADDRESS", "это не адрес") from None
    _refuse_look_alikes(found.domain)
    return found.ascii_email or found.normalized


def read_domain(text: str) -> str:
    """A domain as addresses have it, «образование.рф» as xn--…; AddressRefused."""
    domain = text.strip().casefold()
    try:
        address = read_address(f"a@{domain}")
    except AddressRefused as refused:
        raise AddressRefused(
            refused.code, str(refused) if "«" in str(refused) else "это не имя домена"
        ) from None
    return address.rpartition("@")[2]


def mailbox(address: str) -> str:
    """What all spellings of one mailbox have in common, for an address as `read_address` gives.

    SQL says the same by lower(address): kept addresses are ASCII.
    """
    return address.lower()


def _refuse_look_alikes(domain: str) -> None:
    """AddressRefused where a word of the domain, in Unicode, reads as another one.

    That is one of letters of two alphabets, or one of look-alikes only below a Latin zone.
    """
    labels = domain.split(".")
    for label in labels:
        foreign = [sign for sign in label if sign.isalpha() and not sign.isascii()]
        has_latin = any(sign.isascii() and sign.isalpha() for sign in label)
        is_disguised = set(foreign) <= _LOOK_LATIN and labels[-1].isascii()
        if foreign and (has_latin or is_disguised):
            raise AddressRefused(
                "ADDRESS", f"в адресе после знака @ не латинская буква «{foreign[0]}»"
            )
