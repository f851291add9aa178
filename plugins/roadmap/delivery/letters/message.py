"""The frozen letter: one RFC 5322 message whose bytes never change after it was planned.

Message-ID, Date and MIME boundaries follow from the delivery and the moment of planning, so
that every attempt sends the same bytes and a receiver can drop a copy. Built with
`email.message.EmailMessage`; two headers are folded here, because Python 3.11 loses spaces
when it folds long Cyrillic text, and because it can't write a file name twice.
Before the letter is planned its bytes are parsed back and compared (`freeze` raises).
"""

from __future__ import annotations

import base64
import email.policy
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage, MIMEPart
from email.utils import format_datetime
from urllib.parse import quote

# Headers given as text are ours, folded already; `refold_source` would fold them anew.
_POLICY = email.policy.SMTP.clone(refold_source="none")
_ONCE = ("From", "To", "Subject", "Date", "Message-ID", "Reply-To", "X-Report-Key")
_ENCODED_WORD_BYTES = 42  # of UTF-8: 56 digits of base64 and 12 signs round them, below 75
_LATIN = {
    "а": "a", "б": "b", "в": "v", "г": "g", "д": "d", "е": "e", "ё": "e", "ж": "zh", "з": "z",
    "и": "i", "й": "y", "к": "k", "л": "l", "м": "m", "н": "n", "о": "o", "п": "p", "р": "r",
    "с": "s", "т": "t", "у": "u", "ф": "f", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh",
    "щ": "shch", "ъ": "", "ы": "y", "ь": "", "э": "e", "ю": "yu", "я": "ya",
}  # fmt: skip


class UnsafeMessage(ValueError):
    """The letter can't be written safely, or reads back otherwise; the reason is in Russian.

    It carries no address and nothing of the letter's content.
    """


@dataclass(frozen=True)
class AttachedFile:
    file_name: str  # for people; Cyrillic is right
    media_type: str  # "application/pdf"
    content: bytes


@dataclass(frozen=True)
class Sender:
    address: str
    name: str
    reply_to: str
    message_domain: str


@dataclass(frozen=True)
class FrozenMessage:
    message_id: str
    rfc822: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.rfc822).hexdigest()


def message_id(delivery_id: str, revision: int, domain: str) -> str:
    """The same for every attempt of a letter, another for its next revision (RFC 5322 3.6.4)."""
    return f"<{delivery_id[:32]}.r{revision}@{domain}>"


def freeze(
    *,
    delivery_id: str,
    revision: int,
    sender: Sender,
    recipient: str,
    subject: str,
    html: str,
    text: str | None,
    files: Sequence[AttachedFile],
    moment: datetime,
) -> FrozenMessage:
    """The letter's bytes, CRLF, 7-bit; UnsafeMessage when they do not read back as they should.

    `recipient` is one plain address; `moment` (aware) becomes the letter's Date. Without a
    `text` the letter is HTML alone.
    """
    subject = _one_line(subject, "тема")
    sender_name = _one_line(sender.name, "имя отправителя")
    message = EmailMessage(policy=_POLICY)
    message.set_raw("From", f"{_encoded(sender_name, 6)}\r\n <{_plain_address(sender.address)}>")
    message["To"] = _address(recipient)
    message.set_raw("Subject", _encoded(subject, 9))
    message["Date"] = format_datetime(moment)
    message["Message-ID"] = message_id(delivery_id, revision, sender.message_domain)
    message["Reply-To"] = _address(sender.reply_to)
    message["Auto-Submitted"] = "auto-generated"
    # All but reports of what could not be delivered (NDR): those we want (MS-OXCMAIL).
    message["X-Auto-Response-Suppress"] = "OOF, AutoReply, DR, RN, NRN"
    message["X-Report-Key"] = delivery_id
    if text is None:
        message.set_content(html, subtype="html", cte="base64")
    else:
        message.set_content(text, cte="base64")
        message.add_alternative(html, subtype="html", cte="base64")
    for file in files:
        _attach(message, file)
    _fix_boundaries(message, delivery_id)
    frozen = FrozenMessage(str(message["Message-ID"]), message.as_bytes(policy=_POLICY))
    _check(frozen, delivery_id, recipient, subject, html, text, files)
    return frozen


def _attach(message: EmailMessage, file: AttachedFile) -> None:
    name = _one_line(file.file_name, "имя файла")
    main, _, sub = file.media_type.partition("/")
    message.add_attachment(file.content, maintype=main, subtype=sub)
    part = list(message.iter_attachments())[-1]
    ascii_name = latin_name(name)
    del part["Content-Type"]
    part.set_raw("Content-Type", f'{file.media_type};\r\n name="{ascii_name}"')
    del part["Content-Disposition"]
    # RFC 2231 first: who reads it takes it; who does not takes the second, in ASCII. In one
    # piece, not numbered, though longer than 78: some mail programs do not join the pieces.
    part.set_raw(
        "Content-Disposition",
        f"attachment;\r\n filename*=utf-8''{quote(name, safe='')};\r\n filename=\"{ascii_name}\"",
    )


def _fix_boundaries(message: EmailMessage, delivery_id: str) -> None:
    parts = [part for part in message.walk() if part.is_multipart()]
    for number, part in enumerate(parts):
        part.set_boundary(f"=_{delivery_id[:24]}_{number}")
    # set_boundary refuses nothing: what is attached may not hold the boundary (base64 can't).


def latin_name(name: str) -> str:
    """The file name in ASCII, for a mail program that knows nothing else."""
    letters = (_LATIN.get(sign.lower(), sign) for sign in name)
    cased = (
        new.capitalize() if old.isupper() and new else new
        for old, new in zip(name, letters, strict=True)
    )
    return re.sub(r"[^A-Za-z0-9._+-]", "_", "".join(cased))


def _encoded(text: str, taken: int) -> str:
    """RFC 2047 encoded words, folded; `taken` columns of the first line are the header's name.

    Every word is base64 of whole UTF-8 characters, spaces included: a space between two
    encoded words is not text.
    """
    words: list[bytes] = []
    word = b""
    for sign in text:
        octets = sign.encode()
        limit = _ENCODED_WORD_BYTES - (taken if not words else 0)
        if len(word) + len(octets) > limit:
            words.append(word)
            word = b""
        word += octets
    words.append(word)
    return "\r\n ".join(f"=?utf-8?b?{base64.b64encode(word).decode()}?=" for word in words)


def _one_line(text: str, what: str) -> str:
    # A no-break space in a subject shows as a sign of its own in some lists of letters.
    plain = text.replace("\u00a0", " ").replace("\u202f", " ")
    if not plain.strip() or not plain.isprintable():
        raise UnsafeMessage(
            f"Письмо не составлено: {what} — пусто или с невидимым знаком. Исправьте это в плане "
            "(тема, имена файлов) или в настройке ROADMAP_FROM_NAME (имя отправителя)."
        )
    return plain


def _address(address: str) -> Address:
    return Address(addr_spec=_plain_address(address))


def _plain_address(address: str) -> str:
    wrong = (
        "Письмо не составлено: адрес записан не по правилам почты. Исправьте его в файле "
        "«Контакты», лист «Получатели», или в настройках отправки."
    )
    if not re.fullmatch(r"[!-~]+", address) or re.search(r"[,;<>\"()\[\]\\:]", address):
        raise UnsafeMessage(wrong)
    try:
        parsed = Address(addr_spec=address)
    except (ValueError, HeaderParseError):
        raise UnsafeMessage(wrong) from None  # the parser's words repeat the address
    if parsed.addr_spec != address or not parsed.domain:
        raise UnsafeMessage(wrong)
    return address


def _check(
    frozen: FrozenMessage,
    delivery_id: str,
    recipient: str,
    subject: str,
    html: str,
    text: str | None,
    files: Sequence[AttachedFile],
) -> None:
    """Read the bytes back: what a mail program sees must be what we meant (docs/delivery.md §9)."""
    raw = frozen.rfc822
    wrong = []
    if re.search(rb"\r(?!\n)|(?<!\r)\n", raw):
        wrong.append("одиночный перевод строки")
    if max(raw) > 126 or b"\0" in raw:
        wrong.append("недопустимые знаки")
    if any(len(line) > 998 for line in raw.split(b"\r\n")):
        wrong.append("слишком длинная строка")
    back = message_from_bytes(raw, policy=email.policy.default)
    wrong += [f"заголовок {name}" for name in _ONCE if len(back.get_all(name, ())) != 1]
    if not wrong:
        body, rich = back.get_body(("plain",)), back.get_body(("html",))
        attached = [
            (part.get_filename(), part.get_content_type(), part.get_content())
            for part in back.iter_attachments()
        ]
        wrong += [
            what
            for what, is_same in (
                ("адресат", back["To"].addresses == (Address(addr_spec=recipient),)),
                ("тема", str(back["Subject"]) == subject),
                ("номер письма", str(back["X-Report-Key"]) == delivery_id),
                ("Message-ID", str(back["Message-ID"]) == frozen.message_id),
                ("текст", _same_text(body, text)),
                ("оформленный текст", _same_text(rich, html)),
                (
                    "вложения",
                    attached == [(f.file_name, f.media_type, f.content) for f in files],
                ),
            )
            if not is_same
        ]
    if wrong:
        raise UnsafeMessage(
            f"Письмо не прошло проверку после сборки: {', '.join(wrong)}. Очистите «Письма и "
            "документы»; если повторится, сообщите в поддержку."
        )


def _same_text(part: MIMEPart | None, text: str | None) -> bool:
    if part is None or text is None:
        return part is None and text is None
    return bool(part.get_content().splitlines() == text.splitlines())
