"""The log of the mail server that takes our letters (Postfix), as proof of what it took.

A letter is proven by a chain of lines of one queue id, in this order:

    postfix/cleanup[..]: 4F1A…: message-id=<our Message-ID>
    postfix/qmgr[..]: 4F1A…: from=<…>, size=…, nrcpt=1 (queue active)
    postfix/smtp[..]: 4F1A…: to=<…>, relay=…, delay=…, dsn=2.0.0, status=sent (…)

The first alone proves nothing: a letter refused after its body (a milter, a full disk) has it
too. The queue manager's line is written when the letter lies in the queue for good, which is
what Postfix's 250 says (cleanup(8), qmgr(8)). Queue ids are used again after their letter has
gone (`enable_long_queue_ids`, postconf(5)), so a new message-id or «removed» ends a chain.

Lines begin as syslog writes them («Nov 23 10:14:00 host », RFC 3164: no year, the host's own
zone) or with a moment of RFC 3339; the same in Postfix's own `maillog_file`. What is not so is
skipped. Lines carry addresses of other people's mail: nothing of them is kept or logged.
"""

from __future__ import annotations

import glob
import gzip
import logging
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BufferedReader
from pathlib import Path

from roadmap.broken import what_broke
from roadmap.delivery.proof.proofs import Doubtful, ProofUnavailable

log = logging.getLogger(__name__)

# Matched from the line's first character: text inside a letter can't be taken for a line.
_LINE = re.compile(
    rb"(?P<moment>[A-Z][a-z]{2} [ 0-9][0-9] \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\S{0,16}) "
    rb"\S+ [\w./-]*/(?P<daemon>cleanup|qmgr|smtp|lmtp|local|virtual|pipe)\[\d+\]: "
    rb"(?P<queue_id>[0-9A-Za-z]{6,24}): (?P<text>.*)"
)
_MESSAGE_ID = re.compile(rb"message-id=(?P<message_id><[!-~]{3,250}>)\s*")
_ACTIVE = re.compile(rb"from=<[^>]*>, size=\d+, nrcpt=\d+ \(queue active\)\s*")
_SENT = re.compile(rb"to=<[^>]*>, .*\bstatus=sent \(.*")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_TELLING = (b"message-id=", b"milter-reject", b"(queue active)", b"status=sent", b": removed")
_MAX_LINE = 16_384
# A line without a zone may be of any: UTC-12 to UTC+14. One with a zone is wrong by a clock.
_ANY_ZONE = timedelta(hours=14)
_CLOCKS = timedelta(minutes=5)


@dataclass(frozen=True)
class RelayLog:
    """`pattern`: the path of the log, or a glob that takes its rotated files (.gz) too."""

    pattern: str

    @property
    def kind(self) -> str:
        return "relay_log"

    def find(self, letters: Sequence[Doubtful]) -> Mapping[str, str]:
        """By delivery_id: queue id and moment, as the log has them; ProofUnavailable."""
        wanted = {letter.message_id.encode(): letter for letter in letters}
        paths = self._paths()
        chains = _Chains(wanted)
        unread = 0
        for path in paths:
            try:
                for line in _lines(path):
                    chains.read(line, _modified(path))
            except (OSError, EOFError, zlib.error) as broken:
                # Lines may be missing from here on: no chain goes over the gap.
                chains.forget()
                unread += 1
                log.warning(
                    "Файл журнала почтового сервера «%s» не читается: %s. Проверьте файл и права"
                    " на него.", path.name, what_broke(broken),
                )  # fmt: skip
        if unread == len(paths):
            raise ProofUnavailable(
                "Журнал почтового сервера не читается: проверьте ROADMAP_RELAY_LOG и права на файл."
            )
        return dict(chains.proven)

    def _paths(self) -> list[Path]:
        """The log's files, the oldest first, as rotating leaves them; ProofUnavailable."""
        paths = [Path(name) for name in glob.glob(self.pattern)]  # noqa: PTH207 # an absolute glob
        try:
            ordered = sorted((_modified(path), path) for path in paths if path.is_file())
        except OSError:
            ordered = []
        if not ordered:
            raise ProofUnavailable(
                "Журнал почтового сервера не найден: проверьте ROADMAP_RELAY_LOG."
            )
        return [path for _, path in ordered]


class _Chains:
    """Queue ids under which our letters are on their way through the log."""

    def __init__(self, wanted: Mapping[bytes, Doubtful]) -> None:
        self._wanted = wanted
        self._open: dict[bytes, Doubtful] = {}
        self.proven: dict[str, str] = {}

    def read(self, line: bytes, modified: datetime) -> None:
        if not any(word in line for word in _TELLING):
            return
        parts = _LINE.match(line)
        if parts is None:
            return
        queue_id, text, daemon = parts["queue_id"], parts["text"], parts["daemon"]
        if daemon == b"cleanup":
            self._begin(queue_id, text, parts["moment"], modified)
        elif queue_id in self._open:
            if _is_taken(daemon, text):
                letter = self._open.pop(queue_id)
                moment = parts["moment"].decode("ascii", "replace")
                self.proven.setdefault(letter.delivery_id, f"{queue_id.decode('ascii')}, {moment}")
            elif text.startswith(b"removed"):
                del self._open[queue_id]

    def _begin(self, queue_id: bytes, text: bytes, moment: bytes, modified: datetime) -> None:
        if not text.startswith((b"message-id=", b"milter-reject: END-OF-MESSAGE ")):
            return
        self._open.pop(queue_id, None)
        named = _MESSAGE_ID.fullmatch(text)
        letter = self._wanted.get(named["message_id"]) if named else None
        if letter is not None and not _is_before(moment, modified, letter.written_at):
            self._open[queue_id] = letter

    def forget(self) -> None:
        self._open.clear()


def _is_taken(daemon: bytes, text: bytes) -> bool:
    if daemon == b"qmgr":
        return _ACTIVE.fullmatch(text) is not None
    return _SENT.fullmatch(text) is not None


def _is_before(moment: bytes, modified: datetime, written_at: datetime) -> bool:
    """Was that line surely written before the letter was? Then it is about another one.

    After a database was put back, a letter may be planned anew under the same Message-ID.
    """
    text = moment.decode("ascii")
    if text[0].isdigit():
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            return True
        slack = _CLOCKS if at.tzinfo else _ANY_ZONE
        return at.replace(tzinfo=at.tzinfo or UTC) + slack < written_at
    known = _with_year(text, modified)
    return known is None or known + _ANY_ZONE < written_at


def _with_year(text: str, modified: datetime) -> datetime | None:
    """«Nov 23 10:14:00» in the last year in which it is not after the file; None: no such day."""
    if text[:3] not in _MONTHS:
        return None
    hour, minute, second = (int(part) for part in text[7:].split(":"))
    for year in range(modified.year + 1, modified.year - 9, -1):
        try:
            at = datetime(
                year, _MONTHS.index(text[:3]) + 1, int(text[4:6]), hour, minute, second, tzinfo=UTC
            )
        except ValueError:  # 29 February
            continue
        if at <= modified + _ANY_ZONE:
            return at
    return None


def _modified(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)


def _lines(path: Path) -> Iterator[bytes]:
    """Lines of a log, plain or gzip; of one without end only its beginning."""
    with closing(_opened(path)) as file:
        is_rest = False
        while line := file.readline(_MAX_LINE):
            is_whole = line.endswith(b"\n")
            if not is_rest:
                yield line.rstrip(b"\r\n")
            is_rest = not is_whole


def _opened(path: Path) -> gzip.GzipFile | BufferedReader:
    return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")
