"""The server's word on a local disk, before the database has it (docs/delivery.md §5.6, item 3).

One small file per letter and epoch, written between the server's 2xx and the commit of
`accepted`. A process killed in between, a database that dies there or is put back from an old
copy: the file still says that the letter is with the mail server, and nobody sends it again.

`<delivery_id>.<send_epoch>.json` holds the fields of `Receipt` as JSON in UTF-8; it carries no
address and no word of the letter. `database.json` is the mark of `proofs.notice_restore`.
Files are written under a temporary name, synced, renamed, and the folder is synced: a file of
that name is whole or not there (fsync(2), rename(2)).
"""

from __future__ import annotations

import json
import os
import re
import secrets
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from roadmap.delivery.transport import without_addresses

_NAME = re.compile(r"(?P<delivery_id>[0-9a-f]{64})\.(?P<send_epoch>[1-9][0-9]{0,8})\.json")
_MARK = "database.json"
_TEMPORARY = ".writing"
# A receipt is some 300 bytes; whatever is longer is not ours and is not read into memory.
_MAX_BYTES = 16_384


@dataclass(frozen=True)
class Receipt:
    """The mail server took this letter in this epoch: its 2xx reply, without addresses.

    `payload_sha256` is the hash of the bytes that were sent, where the writer said it.
    """

    delivery_id: str
    send_epoch: int
    message_id: str
    code: int
    detail: str
    at_ms: int
    payload_sha256: str | None = None


@dataclass(frozen=True)
class Mark:
    """What this folder has seen of its database: which one, and how far it had come."""

    incarnation: str
    events: int  # the highest count of delivery events
    unplaced: int = 0  # receipts that this database did not know when it was last noticed


@dataclass(frozen=True)
class Receipts:
    """A folder on a local disk, outside the database, that all senders of one machine share."""

    folder: Path

    def keep(self, receipt: Receipt) -> None:
        """On the disk when this returns; OSError when it can't be (then nothing is there)."""
        name = f"{receipt.delivery_id}.{receipt.send_epoch}.json"
        if not _NAME.fullmatch(name):
            raise ValueError("a receipt needs a delivery's id and an epoch")
        fields = asdict(receipt) | {"detail": without_addresses(receipt.detail)}
        self._write(name, fields)

    def find(self, delivery_id: str, send_epoch: int) -> Receipt | None:
        """The receipt of that letter and epoch, if it was kept and can be read."""
        try:
            return _read(self.folder / f"{delivery_id}.{send_epoch}.json")
        except OSError:
            return None

    def of(self, delivery_id: str) -> tuple[Receipt, ...]:
        """The letter's receipts of all epochs; OSError when the folder or one can't be read."""
        with os.scandir(self.folder) as entries:
            names = [entry.name for entry in entries if entry.name.startswith(delivery_id)]
        receipts = (_read(self.folder / name) for name in sorted(names))
        return tuple(receipt for receipt in receipts if receipt is not None)

    def kept(self) -> frozenset[tuple[str, int]]:
        """(delivery_id, send_epoch) of every receipt, by the names of the files alone."""
        names = (_NAME.fullmatch(path.name) for path in self._paths())
        return frozenset((name["delivery_id"], int(name["send_epoch"])) for name in names if name)

    def mark(self) -> Mark | None:
        """What was written last about the database; None where that is no mark, or nothing.

        OSError when it can't be read.
        """
        fields = _object(self.folder / _MARK)
        try:
            return Mark(
                str(fields["incarnation"]), int(fields["events"]), int(fields.get("unplaced", 0))
            )
        except (KeyError, TypeError, ValueError, OverflowError):
            return None

    def write_mark(self, mark: Mark) -> None:
        """OSError when it can't be written."""
        self._write(_MARK, asdict(mark))

    def _paths(self) -> list[Path]:
        """What lies in the folder, but for the mark and files that are being written."""
        try:
            paths = sorted(self.folder.iterdir())
        except FileNotFoundError:
            return []
        return [p for p in paths if p.name != _MARK and p.suffix != _TEMPORARY]

    def _write(self, name: str, fields: dict[str, Any]) -> None:
        content = json.dumps(fields, ensure_ascii=False, sort_keys=True).encode()
        # A name of its own for each writer: two of them never write into one file.
        temporary = self.folder / f"{name}.{secrets.token_hex(8)}{_TEMPORARY}"
        try:
            with open(temporary, "xb", opener=_for_us_alone) as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self.folder / name)
        except OSError:
            with suppress(OSError):
                temporary.unlink()
            raise
        folder = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _for_us_alone(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _read(path: Path) -> Receipt | None:
    """The receipt in this file; None when it is not one, or not the one its name says.

    OSError when it can't be read.
    """
    name = _NAME.fullmatch(path.name)
    if name is None:
        return None
    fields = _object(path)
    payload = fields.get("payload_sha256")
    try:
        receipt = Receipt(
            delivery_id=str(fields["delivery_id"]),
            send_epoch=int(fields["send_epoch"]),
            message_id=str(fields["message_id"]),
            code=int(fields["code"]),
            detail=str(fields["detail"]),
            at_ms=int(fields["at_ms"]),
            payload_sha256=None if payload is None else str(payload),
        )
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    is_its_own = (receipt.delivery_id, str(receipt.send_epoch)) == (
        name["delivery_id"],
        name["send_epoch"],
    )
    return receipt if is_its_own and 200 <= receipt.code <= 299 else None


def _object(path: Path) -> dict[str, Any]:
    """The JSON object in a small file; empty where there is none. OSError: it can't be read."""
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
        fields = json.loads(content) if len(content) <= _MAX_BYTES else None
    except (FileNotFoundError, ValueError, RecursionError):
        return {}
    return fields if isinstance(fields, dict) else {}
