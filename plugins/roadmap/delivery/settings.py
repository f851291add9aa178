"""What the operator sets about letters: who writes, to whom they may go, how often.

The values come as a plain mapping (the seam reads the environment or Airflow); a message
of an error names the setting and says what to write there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil

from roadmap.mailbox import AddressRefused, mailbox, read_address, read_domain

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_HOUR_MS = 3_600_000
MOST_ATTEMPTS = 50


@dataclass(frozen=True)
class Patience:
    """Seconds to wait in each step of a letter (RFC 5321 4.5.3.2; docs/delivery.md §5.5)."""

    opening: float = 120.0  # connecting, TLS and logging in together
    mail: float = 300.0
    rcpt: float = 300.0
    data: float = 120.0
    block: float = 180.0
    reply: float = 600.0

    @property
    def lease_ms(self) -> int:
        """Of a claim: the longest step, and a sixth more in which the lease is not made longer."""
        longest = max(self.opening, self.mail, self.rcpt, self.data, self.block)
        return int(1200 * longest)

    @property
    def in_doubt_lease_ms(self) -> int:
        """Longer than the wait for the last reply, so that a living sender is never reaped."""
        return int(1000 * (self.reply + 300))

    @property
    def dialogue(self) -> float:
        """All of a letter but its body; a kept connection may turn out closed, and MAIL again."""
        return 2 * (self.opening + self.mail) + 2 * self.rcpt + self.data + self.reply


PATIENCE = Patience()
# A sending task begins no letter after the one, and is ended by Airflow at the other.
SOFT_DEADLINE_SECONDS = 15 * 60
TASK_LIMIT_SECONDS = 120 * 60


class SettingsError(ValueError):
    """A setting is missing or wrong; the message is for the operator, in Russian."""


class UnsafeLive(RuntimeError):
    """Letters of that mode are refused in these circumstances; `reasons` say what to set."""

    def __init__(self, reasons: tuple[str, ...], mode: str = "live") -> None:
        super().__init__(f"{_REFUSED_SENDING[mode]} {' '.join(reasons)}")
        self.reasons = reasons


_REFUSED_SENDING = {
    "live": "Рассылка адресатам не начата.",
    "redirect": "Проверочная рассылка не начата.",
    "operator": "Письма оператору не отправлены и ждут.",
}


@dataclass(frozen=True)
class DeliverySettings:
    """Settings of the sender; periods in milliseconds."""

    from_address: str
    from_name: str  # empty: the operator's short name in the plan
    reply_to: str
    operator_address: str
    message_domain: str  # the right-hand side of every Message-ID
    allowed_domains: frozenset[str]  # letters go to these and nowhere else
    redirect_to: str  # where all letters of mode redirect go
    is_demo: bool = False
    has_demo_login: bool = False  # Airflow lets anybody in, as its SimpleAuthManager does
    expiry_ms: int = 5 * 24 * _HOUR_MS
    max_attempts: int = 8
    largest_letter: int = 10_000_000  # bytes
    slowest_bytes_per_second: int = 4_000  # a server that takes less is no mail server
    cap_per_recipient_day: int = 20
    cap_operator_day: int = 100  # one of thirteen failed tasks is a letter of its own
    letters_per_minute: int = 600  # of all senders together
    seconds_between_letters: int = 0  # of one sender, after each letter
    pause_after_rejected: int = 5  # letters refused one after another pause their occasion
    pause_after_unknown: int = 3  # as do so many unknown ones, if they are over 2 %
    overdue_hours: int = 3  # a letter that waits for longer raises an alarm
    journal_address: str | None = None  # a mailbox of ours that gets a copy of live letters
    receipts_folder: str | None = None  # where the mail server's answers are kept, beside the db
    relay_log: str | None = None  # file or glob of the mail server's log

    def body_seconds(self, size: int) -> float:
        """How long a body of that many bytes may take."""
        return PATIENCE.block + size / self.slowest_bytes_per_second

    def allows(self, address: str) -> bool:
        """Is the address's domain, as a whole, on the list?"""
        return mailbox(address).rpartition("@")[2] in self.allowed_domains

    def daily_cap(self, mode: str) -> int:
        """How many letters of that mode one recipient may get in a day."""
        return self.cap_operator_day if mode == "operator" else self.cap_per_recipient_day


def settings_from(values: Mapping[str, str]) -> DeliverySettings:
    """From the `ROADMAP_…` variables of .env.example; SettingsError names what is wrong."""
    from_address = _address(values, "ROADMAP_FROM_ADDRESS")
    operator = _address(values, "ROADMAP_OPERATOR_ADDRESS")
    allowed = re.split(r"[,;\s]+", values.get("ROADMAP_ALLOWED_DOMAINS", ""))
    domain = values.get("ROADMAP_MESSAGE_DOMAIN", "") or from_address.rpartition("@")[2]
    settings = DeliverySettings(
        from_address=from_address,
        from_name=_line(values, "ROADMAP_FROM_NAME", ""),
        reply_to=_address(values, "ROADMAP_REPLY_TO_ADDRESS", from_address),
        operator_address=operator,
        message_domain=_domain(domain, "ROADMAP_MESSAGE_DOMAIN"),
        allowed_domains=frozenset(
            _domain(item, "ROADMAP_ALLOWED_DOMAINS") for item in allowed if item
        ),
        redirect_to=_address(values, "ROADMAP_REDIRECT_ADDRESS", operator),
        is_demo=values.get("ROADMAP_PROFILE", "").strip() == "demo",
        expiry_ms=_number(values, "ROADMAP_LETTER_EXPIRES_HOURS", 120, 120) * _HOUR_MS,
        max_attempts=_number(values, "ROADMAP_MAX_ATTEMPTS", 8, MOST_ATTEMPTS),
        largest_letter=_number(values, "ROADMAP_LARGEST_LETTER_MB", 10, 100) * 1_000_000,
        slowest_bytes_per_second=_number(values, "ROADMAP_SLOWEST_KB_PER_SECOND", 4, 10_000) * 1000,
        cap_per_recipient_day=_number(values, "ROADMAP_LETTERS_PER_RECIPIENT_DAY", 20, 1000),
        letters_per_minute=_number(values, "ROADMAP_LETTERS_PER_MINUTE", 600, 6000),
        seconds_between_letters=_number(values, "ROADMAP_SECONDS_BETWEEN_LETTERS", 0, 3600, 0),
        pause_after_rejected=_number(values, "ROADMAP_PAUSE_AFTER_REJECTED", 5, 1000),
        pause_after_unknown=_number(values, "ROADMAP_PAUSE_AFTER_UNKNOWN", 3, 1000),
        overdue_hours=_number(values, "ROADMAP_OVERDUE_HOURS", 3, 120),
        journal_address=_optional_address(values, "ROADMAP_JOURNAL_ADDRESS"),
        receipts_folder=values.get("ROADMAP_RECEIPTS_FOLDER", "").strip() or None,
        relay_log=values.get("ROADMAP_RELAY_LOG", "").strip() or None,
    )
    _refuse_impossible(settings)
    return settings


def _refuse_impossible(settings: DeliverySettings) -> None:
    """SettingsError where the slowest server and the largest letter outlast the sending task."""
    letter = PATIENCE.dialogue + settings.body_seconds(settings.largest_letter)
    in_all = SOFT_DEADLINE_SECONDS + settings.seconds_between_letters + letter
    if in_all <= TASK_LIMIT_SECONDS:
        return
    raise SettingsError(
        f"Настройки отправки не сходятся: письмо в {settings.largest_letter // 1_000_000} МБ"
        f" серверу, который берёт {settings.slowest_bytes_per_second // 1000} КБ в секунду, может"
        f" уходить {ceil(letter / 60)} мин, задача отправки с ним — {ceil(in_all / 60)} мин, а"
        f" длится она не больше {TASK_LIMIT_SECONDS // 60}. Уменьшите ROADMAP_LARGEST_LETTER_MB или"
        " ROADMAP_SECONDS_BETWEEN_LETTERS, или увеличьте ROADMAP_SLOWEST_KB_PER_SECOND."
    )


def is_loopback(host: str) -> bool:
    """Does the mail server's host name this very machine?"""
    return host.casefold().strip("[]") in _LOOPBACK


def refuse_unsafe(
    *,
    mode: str,
    database_dialect: str,
    mail_host: str,
    mail_is_verified_tls: bool,
    allowed_domains: frozenset[str],
    journal_is_allowed: bool,
    has_demo_secrets: bool,
    has_demo_login: bool,
    is_demo: bool,
) -> None:
    """UnsafeLive where letters to the real addressees would stand on sand.

    SQLite, a mail server without verified TLS, demo secrets and a demo's login are good enough
    for the demo, whose mail server is on this machine. The allow-list is asked for always.
    Letters of another mode have to be as private, and no more than that.
    """
    if mode != "live":
        refuse_readable(mode, mail_host, mail_is_verified_tls, is_demo)
        return
    reasons = []
    if not allowed_domains:
        reasons.append("Не задан список разрешённых доменов: впишите их в ROADMAP_ALLOWED_DOMAINS.")
    if not journal_is_allowed:
        reasons.append(
            "Домен ящика копий ROADMAP_JOURNAL_ADDRESS не входит в список разрешённых: исправьте"
            " адрес или дополните ROADMAP_ALLOWED_DOMAINS."
        )
    if not (is_demo and is_loopback(mail_host)):
        if database_dialect == "sqlite":
            reasons.append(
                "База дорожной карты — SQLite: укажите базу PostgreSQL в соединении «roadmap_db»."
            )
        if not mail_is_verified_tls:
            reasons.append(_READABLE)
        if has_demo_secrets:
            reasons.append(
                "Остались учебные секреты: задайте свои AIRFLOW__CORE__FERNET_KEY"
                " и AIRFLOW__API_AUTH__JWT_SECRET."
            )
        if has_demo_login:
            reasons.append(
                "Вход в Airflow — учебный (SimpleAuthManager): рассылку мог бы начать кто угодно,"
                " под любым именем. Задайте в AIRFLOW__CORE__AUTH_MANAGER вход по учётным записям,"
                " например FabAuthManager."
            )
    if reasons:
        raise UnsafeLive(tuple(reasons))


def refuse_readable(mode: str, mail_host: str, mail_is_verified_tls: bool, is_demo: bool) -> None:
    """UnsafeLive where others could read a letter of that mode on its way; a dry one has none."""
    is_private = mail_is_verified_tls or (is_demo and is_loopback(mail_host))
    if mode != "dry" and not is_private:
        raise UnsafeLive((_READABLE,), mode)


_READABLE = (
    "Связь с почтовым сервером не защищена проверенным TLS: включите его в соединении "
    "«smtp_default»."
)


def _line(values: Mapping[str, str], name: str, default: str) -> str:
    value = values.get(name, "").strip() or default
    if not value.isprintable():
        raise SettingsError(
            f"{name}: в значении есть перенос строки или невидимый знак. Впишите его заново."
        )
    return value


def _address(values: Mapping[str, str], name: str, default: str | None = None) -> str:
    value = values.get(name, "").strip() or default
    if not value:
        raise SettingsError(f"Не задана настройка {name}: впишите адрес электронной почты.")
    try:
        return read_address(value)
    except AddressRefused as refused:
        raise SettingsError(f"{name}: {refused}. Впишите один адрес электронной почты.") from None


def _optional_address(values: Mapping[str, str], name: str) -> str | None:
    return _address(values, name) if values.get(name, "").strip() else None


def _domain(value: str, name: str) -> str:
    try:
        return read_domain(value)
    except AddressRefused as refused:
        raise SettingsError(
            f"{name}: «{value}»: {refused}. Впишите, например, example.org."
        ) from None


def _number(values: Mapping[str, str], name: str, default: int, most: int, least: int = 1) -> int:
    text = values.get(name, "").strip()
    if not text:
        return default
    if not text.isdecimal() or not least <= int(text) <= most:
        raise SettingsError(f"{name}: впишите целое число от {least} до {most}.")
    return int(text)
