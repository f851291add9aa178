"""The mailbox of copies as proof: what lies there left together with the letter itself.

The journal is a second recipient of a live letter's own transaction (`Transport.begin`), so
the mail server took both or none (docs/delivery.md §5.6). A copy proves its letter when its
Message-ID and its Date are those of the frozen bytes: both are fixed before any sending, and
mail servers leave them as they are. The mailbox is open to the world: only these headers are
read, and of a copy that is not ours nothing.

It is read over IMAP (RFC 3501; `SEARCH HEADER` finds parts of a value, so what is found is
compared again), or as a folder: a Maildir (new, cur) or .eml files.
"""

from __future__ import annotations

import imaplib
import re
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

from roadmap.broken import what_broke
from roadmap.delivery.proof.proofs import Doubtful, ProofUnavailable
from roadmap.delivery.settings import is_loopback

# Ours are some 1.5 kB; relays put more before them.
_HEAD_BYTES = 65_536
_ASKED = "(BODY.PEEK[HEADER.FIELDS (MESSAGE-ID DATE)])"
_CHECK = "Проверьте соединение «roadmap_journal»."


@dataclass(frozen=True)
class ImapJournal:
    """A mailbox on an IMAP server; TLS from the first byte or by STARTTLS, always verified.

    Without TLS only on this machine. `mailbox` is its name in ASCII.
    """

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    mailbox: str = "INBOX"
    use_ssl: bool = True
    use_starttls: bool = False
    ca_file: str | None = None
    seconds: float = 30.0

    @property
    def kind(self) -> str:
        return "journal"

    def find(self, letters: Sequence[Doubtful]) -> Mapping[str, str]:
        """By delivery_id, the mailbox and the copy's UID there; ProofUnavailable."""
        references = {}
        try:
            with self._opened() as server:
                for letter in letters:
                    uid = self._uid_of(server, letter)
                    if uid is not None:
                        references[letter.delivery_id] = f"{self.mailbox}, UID {uid}"
        except ssl.SSLError:
            raise ProofUnavailable(
                f"Защищённая связь с ящиком копий не установлена. {_CHECK}"
            ) from None
        except (imaplib.IMAP4.error, OSError, ValueError) as broken:
            raise ProofUnavailable(
                f"Ящик копий не читается: {what_broke(broken)}. {_CHECK}"
            ) from None
        return references

    @contextmanager
    def _opened(self) -> Iterator[imaplib.IMAP4]:
        if not (self.use_ssl or self.use_starttls or is_loopback(self.host)):
            raise ProofUnavailable(f"Ящик копий без TLS не читается. {_CHECK}")
        server = self._connected()
        try:
            if self.use_starttls and not self.use_ssl:
                server.starttls(self._verified())
            server.login(self.user, self.password)
            quoted = self.mailbox.replace("\\", "\\\\").replace('"', '\\"')
            self._must(server.select(f'"{quoted}"', readonly=True))
            yield server
        finally:
            with suppress(imaplib.IMAP4.error, OSError):
                server.logout()

    def _connected(self) -> imaplib.IMAP4:
        if self.use_ssl:
            return imaplib.IMAP4_SSL(
                self.host, self.port, ssl_context=self._verified(), timeout=self.seconds
            )
        return imaplib.IMAP4(self.host, self.port, timeout=self.seconds)

    def _verified(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self.ca_file)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context

    def _uid_of(self, server: imaplib.IMAP4, letter: Doubtful) -> str | None:
        if re.fullmatch(r"<[!#-\[\]-~]+>", letter.message_id) is None:
            return None  # can't be quoted, so it is none of ours
        (listed, *_) = self._must(
            server.uid("SEARCH", "HEADER", "Message-ID", f'"{letter.message_id}"')
        )
        for uid in (listed or b"").split()[:20]:
            for part in self._must(server.uid("FETCH", uid.decode("ascii"), _ASKED)):
                if isinstance(part, tuple) and _is_copy(part[1], letter):
                    return str(uid.decode("ascii"))
        return None

    @staticmethod
    def _must(answer: tuple[str, list[Any]]) -> list[Any]:
        status, data = answer
        if status != "OK":
            raise imaplib.IMAP4.error("refused")  # the server's own words may name mailboxes
        return list(data)


@dataclass(frozen=True)
class FolderJournal:
    """Copies as files: a Maildir, or a folder of .eml files."""

    folder: Path

    @property
    def kind(self) -> str:
        return "journal"

    def find(self, letters: Sequence[Doubtful]) -> Mapping[str, str]:
        """By delivery_id, the name of the copy's file; ProofUnavailable."""
        wanted = {letter.message_id.encode(): letter for letter in letters}
        references: dict[str, str] = {}
        try:
            for path in self._files():
                head = _head(path)
                for message_id, letter in wanted.items():
                    if message_id in head and _is_copy(head, letter):
                        references.setdefault(letter.delivery_id, path.name)
        except OSError:
            raise ProofUnavailable(f"Папка копий писем не читается. {_CHECK}") from None
        return references

    def _files(self) -> Iterator[Path]:
        if not self.folder.is_dir():
            raise FileNotFoundError(self.folder)
        yield from sorted(self.folder.glob("*.eml"))
        for name in ("new", "cur"):  # never tmp: what lies there is not delivered yet
            if (self.folder / name).is_dir():
                yield from sorted(path for path in (self.folder / name).iterdir() if path.is_file())


def _head(path: Path) -> bytes:
    """The headers of a message; empty where the file was moved meanwhile."""
    try:
        with path.open("rb") as file:
            content = file.read(_HEAD_BYTES)
    except FileNotFoundError:
        return b""
    return re.split(rb"\r?\n\r?\n", content, maxsplit=1)[0]


def _is_copy(head: bytes, letter: Doubtful) -> bool:
    """Exactly one Message-ID and one Date, both the letter's own."""
    headers = message_from_bytes(head)
    ids = [str(value).strip() for value in headers.get_all("Message-ID", [])]
    dates = headers.get_all("Date", [])
    if ids != [letter.message_id] or len(dates) != 1:
        return False
    try:
        # A Date without a zone would compare with none.
        return parsedate_to_datetime(str(dates[0])) == letter.written_at
    except (ValueError, TypeError):
        return False
