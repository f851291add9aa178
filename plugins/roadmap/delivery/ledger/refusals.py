"""What a refusal for good speaks of: of us, of the letter itself or of its recipient.

`rejected` is a letter that the mail server refused for good, or that the sender itself did not
let out. A 5xx that speaks of us (our address, our right to send, the way we speak) says nothing
of the letter: it stops sending as a wrong password does, and the letter stays as it was. Every
5xx is sorted here and nowhere else, by the command that was refused, by the enhanced code
(RFC 3463, RFC 7372 and the registry of IANA) and, where that says little, by the words of widely
used servers. docs/decisions/0030 says why so.
"""

from __future__ import annotations

import re
from enum import StrEnum

# `delivery.last_detail` of what the sender refused; the last with figures after a colon. They
# stand there without a code: with one, the words are the mail server's, whatever they say.
NOT_ALLOWED = "domain_not_allowed"
SHARED = "shared_mailbox"
SPOILT = "integrity"
TOO_LARGE = "too_large"
# … of a letter that the server does not take within its time.
TOO_SLOW = "too_slow"
_OURS = frozenset({NOT_ALLOWED, SHARED, SPOILT, TOO_LARGE})


def ours(detail: str | None, code: int | None) -> str | None:
    """NOT_ALLOWED, SHARED, SPOILT or TOO_LARGE, where the mail server had no word of the letter."""
    if code is not None:
        return None
    head = (detail or "").partition(":")[0]
    return head if head in _OURS else None


class About(StrEnum):
    """What a 5xx speaks of."""

    US = "us"
    CONTENT = "content"
    SIZE = "size"
    RECIPIENT = "recipient"
    MAILBOX_FULL = "mailbox_full"


class Fault(StrEnum):
    """What of ours is not as the mail server wants it."""

    LOG_IN = "log_in"
    SENDER = "sender"
    RELAY = "relay"
    TRUST = "trust"
    SPEECH = "speech"


# The words of Exim, Postfix and Exchange, which put much of it at RCPT and say it with 5.7.1,
# with 5.1.0 or without an enhanced code. «Unknown in relay recipient table» is none of them.
_WORDS = tuple(
    (fault, re.compile(words, re.IGNORECASE))
    for fault, words in (
        (
            Fault.LOG_IN,
            r"authenticat(?:ion|e) (?:is )?required|must (?:first )?authenticate"
            r"|(?:was not|not|isn't) authenticated to send|requires authentication",
        ),
        (
            Fault.RELAY,
            r"relay(?:ing)? (?:access )?(?:is )?(?:denied|not permitted|not allowed|prohibited)"
            r"|unable to relay|not (?:permitted|allowed) to relay|do not relay",
        ),
        (
            Fault.SENDER,
            r"sender (?:address )?(?:rejected|denied|not allowed)|sender verif|not owned"
            r"|send as this sender",
        ),
        (
            Fault.TRUST,
            r"\b(?:spf|dkim|dmarc)\b|unauthenticated|client host|helo command|blocked using"
            r"|black ?list|block ?list",
        ),
    )
)
_THEIRS = re.compile(r"recipient|user|mailbox|target address", re.IGNORECASE)
_LOG_IN_CODES = frozenset({530, 534, 535, 538})  # RFC 4954
_SPEECH_CODES = frozenset({500, 502, 503, 504, 521, 555})

# Enhanced codes that say it by themselves; the first that fits counts.
_BY_STATUS = (
    (About.US, r"1\.[78]"),  # the sender's address
    (About.RECIPIENT, r"1\.\d+|6\.7"),
    (About.MAILBOX_FULL, r"2\.2"),
    (About.SIZE, r"2\.3|3\.4"),
    (About.RECIPIENT, r"2\.\d+|4\.\d+"),
    (About.US, r"3\.[25]|5\.[1-9]\d*"),
    (About.CONTENT, r"3\.3|6\.\d+"),
    (About.RECIPIENT, r"7\.(?:1[789]|1\d\d)"),  # RFC 7293; whom the recipient takes letters from
    (About.US, r"7\.(?:[89]|\d\d+)"),  # logging in, SPF, DKIM, DMARC, reputation
)


def about(phase: str, code: int, text: str) -> About:
    """What a reply of 5xx speaks of.

    `phase`: mail, rcpt, data or dot; `text`: the server's words, its enhanced code first.
    """
    status = _status(text)
    if code in _LOG_IN_CODES or code == 503:
        return About.US
    if phase == "mail":
        # We name the size there; of the recipient and the content the server knows nothing yet.
        is_size = status in ("2.3", "3.4") or (code == 552 and status is None)
        return About.SIZE if is_size else About.US
    if _fault_in(text) is not None:
        return About.US
    if status is not None:
        for what, pattern in _BY_STATUS:
            if re.fullmatch(pattern, status):
                return what
        if status.startswith("7."):
            if phase != "rcpt":
                return About.CONTENT
            return About.RECIPIENT if _THEIRS.search(text) else About.US
    if code == 552:
        return About.MAILBOX_FULL if phase == "rcpt" else About.SIZE
    if code in (551, 553, 556):
        return About.RECIPIENT
    if code in _SPEECH_CODES or (code == 501 and phase != "rcpt"):
        return About.US
    return About.RECIPIENT if phase == "rcpt" else About.CONTENT


def fault_of_ours(phase: str, code: int, text: str) -> Fault:
    """What of ours a reply speaks of that `about` calls one about us."""
    said, status = _fault_in(text), _status(text) or ""
    if code in _LOG_IN_CODES or re.fullmatch(r"7\.(?:[89]|1[0-3])", status):
        return Fault.LOG_IN
    if said is not None:
        return said
    if re.fullmatch(r"7\.\d\d+", status):
        return Fault.TRUST
    if code in _SPEECH_CODES or code == 501 or re.fullmatch(r"[35]\.[1-9]\d*", status):
        return Fault.SPEECH
    if phase == "mail" or re.fullmatch(r"1\.[78]", status):
        return Fault.SENDER
    return Fault.RELAY if phase == "rcpt" else Fault.TRUST


_WHY = {
    Fault.LOG_IN: (
        "Почтовый сервер требует входа (код {}). Проверьте имя и пароль в соединении"
        " «smtp_default»."
    ),
    Fault.SENDER: (
        "Почтовый сервер не разрешает отправлять от нашего адреса (код {}). Проверьте"
        " настройку ROADMAP_FROM_ADDRESS и имя в соединении «smtp_default»: обычно это один и тот"
        " же ящик."
    ),
    Fault.RELAY: (
        "Почтовый сервер не берётся пересылать наши письма (код {}). Проверьте имя и пароль"
        " в соединении «smtp_default»; если они верны, попросите администратора почты разрешить"
        " пересылку."
    ),
    Fault.TRUST: (
        "Почтовый сервер не доверяет нашему домену или серверу (код {}). Попросите администратора"
        " почты проверить SPF, DKIM, DMARC и чёрные списки."
    ),
    Fault.SPEECH: (
        "Почтовый сервер отказал, когда {} (код {}). Проверьте вход и TLS в соединении"
        " «smtp_default»; если они верны, сообщите администратору почты."
    ),
}
_WHEN_REFUSED = {
    "mail": "ему назвали адрес отправителя",
    "rcpt": "ему назвали адрес получателя",
    "data": "ему начали передавать письмо",
    "dot": "ему передали письмо",
}


def why_not_sent(phase: str, code: int, text: str) -> str:
    """What the operator reads of a reply about us: what is wrong and what to do; Russian."""
    fault = fault_of_ours(phase, code, text)
    given = (_WHEN_REFUSED[phase], code) if fault is Fault.SPEECH else (code,)
    return f"{_WHY[fault].format(*given)} Адреса ни при чём: письма подождут и уйдут сами."


def _status(text: str) -> str | None:
    """«7.1» of «5.7.1 …»; None where there is none, or it says nothing (5.0.0 and the like)."""
    found = re.match(r"5\.(\d{1,3}\.\d{1,3})\b", text)
    return None if found is None or found[1] in ("0.0", "3.0", "3.1", "5.0") else found[1]


def _fault_in(text: str) -> Fault | None:
    return next((fault for fault, words in _WORDS if words.search(text)), None)
