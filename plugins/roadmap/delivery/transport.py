"""How a letter leaves, phase by phase: what a sender needs to know of every way out.

The phases are apart because the ledger decides between them: anything that fails before
the final dot is safe to try again, what fails after it is unknown.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Reply:
    """The server's answer, its text without addresses."""

    code: int
    text: str


class MailServerUnavailable(RuntimeError):
    """It is about us or the server, not about a letter: no connection, TLS, log-in, greeting."""


class Refused(Exception):
    """The server refused before the body (5xx for good, 4xx for now); what, see `refusals`."""

    def __init__(self, phase: str, reply: Reply) -> None:
        super().__init__(phase, reply.code)
        self.phase = phase
        self.reply = reply


class Lost(Exception):
    """The dialogue broke before the final dot: the server must forget the letter."""

    def __init__(self, phase: str, detail: str) -> None:
        super().__init__(phase, detail)
        self.phase = phase
        self.detail = detail


class DotNotSent(Exception):
    """The final dot surely did not go out."""


class ReplyLost(Exception):
    """The final dot went out, or may have; what the server made of it is not known."""


class LeaseLost(Exception):
    """The time with the letter is over: by now it may be another sender's."""


Keep = Callable[[], None]  # make the lease of the letter longer, where it is time; LeaseLost


def no_lease() -> None:
    """For who holds no letter of the ledger."""


class Transport(Protocol):
    """One connection that a batch of letters shares; one addressee per letter."""

    def open(self) -> None:
        """Connect where not connected; MailServerUnavailable."""

    def begin(
        self,
        sender: str,
        recipient: str,
        size: int,
        journal: str | None = None,
        keep: Keep = no_lease,
    ) -> None:
        """Up to the server's word to send the body; Refused, Lost, MailServerUnavailable.

        `keep` is called before each step that may take long, and what it raises goes through.

        `journal` is the institute's own mailbox of copies, a second recipient of the same
        transaction: the server takes both or none. A refusal of it is about us, not about the
        letter: MailServerUnavailable.
        """

    def send_body(self, content: bytes, seconds: float, keep: Keep = no_lease) -> None:
        """The whole letter without the final dot, within so many seconds; Lost."""

    def has_spoken(self) -> bool:
        """Did the server speak or hang up before the final dot?"""

    def send_dot(self) -> None:
        """The final dot; DotNotSent, ReplyLost."""

    def read_reply(self) -> Reply:
        """What the server answers to the dot: one reply of 2xx, 4xx or 5xx; else ReplyLost."""

    def abandon(self) -> None:
        """Close at once, saying nothing."""

    def quit(self) -> None:
        """Take leave; never fails."""


OpenTransport = Callable[[str], Transport]  # by the mode of the letter's own row


class DryTransport:
    """No network: every letter is «accepted», none leaves."""

    def open(self) -> None:
        return None

    def begin(
        self,
        sender: str,
        recipient: str,
        size: int,
        journal: str | None = None,
        keep: Keep = no_lease,
    ) -> None:
        return None

    def send_body(self, content: bytes, seconds: float, keep: Keep = no_lease) -> None:
        return None

    def has_spoken(self) -> bool:
        return False

    def send_dot(self) -> None:
        return None

    def read_reply(self) -> Reply:
        return Reply(250, "dry: не отправлялось")

    def abandon(self) -> None:
        return None

    def quit(self) -> None:
        return None


def without_addresses(text: str) -> str:
    """A server's words as they may be kept: no addresses, no control signs, not endless."""
    printable = "".join(sign if sign.isprintable() else " " for sign in text)
    return re.sub(r"\S+@\S+", "…", printable)[:200].strip()
