"""What lies in the inbox: which files are a dataset's, and their bytes, safely read.

The inbox may be a folder, SFTP or S3: only what pathlib.Path and Airflow's
ObjectStoragePath both offer is used. On a local disk a file is opened without following
symlinks and must be a plain file with one name (docs/delivery.md §8, rows 15–17); elsewhere
there are no links to follow. A file's time never says when its content became known: it
only tells whether somebody is still writing.
"""

from __future__ import annotations

import csv
import errno
import hashlib
import io
import os
import stat
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from roadmap.evidence.messages import place, sentence
from roadmap.evidence.names import cleaned_file_name
from roadmap.evidence.sources import Source

# pathlib.Path or airflow.sdk.ObjectStoragePath: they share no base class.
AnyPath = Any

SETTLE_MS = 60_000
READY = ".ready"  # «file.xlsx.ready» says that «file.xlsx» is complete
_UNFINISHED = (".tmp", ".part", ".partial", ".filepart", ".crdownload", READY)
_CHUNK = 1 << 20
_MOST_RECEIPT_BYTES = 10_000_000  # a hundred thousand lines
_EARLIEST_RECEIPT = datetime(1990, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Content:
    """A file read whole. `content` is None where it is larger than the dataset allows."""

    sha256: str
    size_bytes: int
    content: bytes | None


@dataclass(frozen=True)
class Found:
    """A file of the dataset. `key` is its path below `<inbox>/<plan>/`, as receipts name it."""

    path: AnyPath
    key: str
    name: str  # cleaned, for messages
    is_marked: bool = False  # a `.ready` marker lies beside it


@dataclass(frozen=True)
class Passed:
    """A file that was not read this time: `waiting` for its writer, or `ignored` for good."""

    name: str
    state: str  # waiting | ignored
    code: str
    message: str


@dataclass(frozen=True)
class Receipts:
    """When the source says that each file came; keys as in Found."""

    received_ms: Mapping[str, int] = field(default_factory=dict)
    messages: tuple[str, ...] = ()


def find(year_folder: AnyPath, source: Source) -> tuple[list[Found], list[Passed]]:
    """The dataset's files in the order of their names, and those that are left alone."""
    found: dict[str, Found] = {}
    passed: dict[str, Passed] = {}
    for folder_key, patterns in _by_folder(source).items():
        folder = year_folder / folder_key if folder_key else year_folder
        if not folder.exists():
            continue
        if not folder.is_dir():
            name = cleaned_file_name(folder.name)
            passed[folder_key] = _ignored(
                name, "NOT_A_FOLDER", "Здесь должна быть папка с этим именем, а не файл"
            )
            continue
        paths = list(folder.iterdir())
        is_inside = _lies_in(folder, year_folder)
        markers = {path.name for path in paths if path.name.endswith(READY)}
        # A folder named with a wildcard is this dataset's alone, so what else lies there is told.
        is_own = any("*" in pattern for pattern in patterns)
        for path in paths:
            plain = unicodedata.normalize("NFC", path.name).casefold()
            key = f"{folder_key}/{path.name}" if folder_key else path.name
            name = cleaned_file_name(path.name)
            if plain.startswith((".", "~$")) or plain.endswith(_UNFINISHED):
                continue
            if not any(fnmatchcase(plain, pattern.casefold()) for pattern in patterns):
                if is_own and not path.is_dir():
                    passed[key] = _ignored(name, "NAME", "Имя или вид файла не подходит", patterns)
            elif not (is_inside and _is_plain_file(path)):
                passed[key] = _ignored(name, "NOT_A_FILE", "Это не файл, а ссылка или устройство")
            else:
                is_marked = f"{path.name}{READY}" in markers
                found[key] = Found(path, unicodedata.normalize("NFC", key), name, is_marked)
    return [found[key] for key in sorted(found)], [passed[key] for key in sorted(passed)]


def read_receipts(year_folder: AnyPath, source: Source, now_ms: int) -> Receipts:
    """The source's list of receipt times, as far as it can be believed.

    A line that cannot be read, or names a moment to come, is told and left out: then our own
    clock counts for its file. So it does for all where the list is no plain file or larger than
    any list.
    """
    if source.receipts is None or not (path := year_folder / source.receipts).exists():
        return Receipts()
    name = cleaned_file_name(path.name)
    try:
        text = _bytes_of_list(path, year_folder).decode("utf-8-sig")
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=";", strict=True))
    except (ValueError, csv.Error):
        return Receipts(
            messages=(
                sentence(
                    "Список времён получения не читается",
                    place(name),
                    "Сохраните его как «CSV UTF-8» с разделителем «;»; "
                    "до тех пор действует время приёма",
                ),
            )
        )
    received: dict[str, int] = {}
    messages: list[str] = []
    for number, line in enumerate(lines[1:], start=2):
        if not any(cell.strip() for cell in line):
            continue
        key = unicodedata.normalize("NFC", line[0].strip().replace("\\", "/"))
        if not _is_of(source, key):
            continue
        moment = _moment_ms(line[1]) if len(line) == 2 else None
        if moment is None:
            fault = "Время получения не читается"
        elif moment > now_ms:
            fault = "Время получения ещё не наступило"
        elif received.get(key, moment) != moment:
            fault = "У файла два времени получения"
        else:
            received[key] = moment
            continue
        messages.append(
            sentence(
                fault,
                place(name, row=number),
                "Впишите дату и время со сдвигом, как 2021-03-01T10:15:00+03:00; "
                "до тех пор действует время приёма",
            )
        )
    return Receipts(received, tuple(messages))


def _bytes_of_list(path: AnyPath, year_folder: AnyPath) -> bytes:
    """The list's bytes; ValueError where it is no plain file or larger than any list."""
    try:
        is_plain = _lies_in(path.parent, year_folder) and _is_plain_file(path)
        content = read(Found(path, "", path.name), _MOST_RECEIPT_BYTES) if is_plain else None
    except OSError as fault:
        if is_of_the_connection(path, fault):
            raise
        content = None
    if content is None or content.content is None:
        raise ValueError("no list of receipts")
    return content.content


def is_settled(found: Found, receipts: Receipts, now_ms: int) -> bool:
    """Whether nobody is still writing the file.

    It is settled when its sender lists it as received, when a `.ready` marker lies beside
    it, or when it has not changed for a minute. A time that lies ahead of our clock says
    nothing, so such a file counts as settled.
    """
    if found.key in receipts.received_ms:
        return True
    if found.is_marked:
        return True
    age_ms = now_ms - found.path.stat().st_mtime * 1000
    return not 0 <= age_ms < SETTLE_MS


def read(found: Found, most_bytes: int) -> Content | None:
    """The file's bytes and hash, read once; None where it changed while it was read.

    A file larger than `most_bytes` is not kept and, as it may have no end, read no further: its
    hash is that of its size and of what was read. OSError where it cannot be read.
    """
    before = _fingerprint(found.path)
    kept: list[bytes] = []
    size = 0
    for chunk in _chunks(found.path):
        kept.append(chunk)
        size += len(chunk)
        if size > most_bytes:
            break
    if _fingerprint(found.path) != before:
        return None
    digest = hashlib.sha256()
    if size > most_bytes:
        size = max(size, before[0])
        digest.update(b"%d|" % size)
    for chunk in kept:
        digest.update(chunk)
    content = b"".join(kept) if size <= most_bytes else None
    return Content(digest.hexdigest(), size, content)


def is_of_the_connection(path: AnyPath, fault: OSError) -> bool:
    """Whether an error tells of the machine or the way to the inbox, not of this one file."""
    if _local(path) is None:
        return not isinstance(fault, FileNotFoundError | PermissionError)
    return fault.errno in (errno.EMFILE, errno.ENFILE, errno.ENOMEM)


def archive(folder: AnyPath, content: Content) -> None:
    """Keep the bytes under their hash; the name that people gave plays no part in the path.

    Harmless to repeat, also after a crash in the middle: a torn copy has another size.
    """
    if content.content is None:
        return
    kept = archived_path(folder, content.sha256)
    if kept.exists() and kept.stat().st_size == content.size_bytes:
        return
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_bytes(content.content)


def archived_path(folder: AnyPath, sha256: str) -> AnyPath:
    """Where the archive keeps content of that hash."""
    return folder / sha256[:2] / f"{sha256}.bin"


def _by_folder(source: Source) -> dict[str, list[str]]:
    folders: dict[str, list[str]] = {}
    for location in source.locations:
        folder, _, pattern = location.rpartition("/")
        folders.setdefault(folder, []).append(pattern)
    return folders


def _is_of(source: Source, key: str) -> bool:
    return any(fnmatchcase(key.casefold(), place_.casefold()) for place_ in source.locations)


def _ignored(name: str, code: str, why: str, patterns: list[str] | None = None) -> Passed:
    to_do = "Уберите его из папки приёма"
    if patterns:
        to_do = f"Здесь ждут файлы вида {', '.join(patterns)}; переименуйте его или уберите"
    return Passed(name, "ignored", code, sentence(f"Файл пропущен. {why}", place(name), to_do))


def _local(path: AnyPath) -> Path | None:
    """The path on the local disk, also behind an ObjectStoragePath; None elsewhere."""
    if isinstance(path, Path):
        return path
    if getattr(path, "protocol", None) in ("", "file", "local"):
        return Path(path.path)
    return None


def _lies_in(folder: AnyPath, root: AnyPath) -> bool:
    """Whether a folder leads nowhere out of another, by links on the way."""
    local, local_root = _local(folder), _local(root)
    if local is None or local_root is None:
        return True
    return local.resolve().is_relative_to(local_root.resolve())


def _is_plain_file(path: AnyPath) -> bool:
    """Whether it is a file, no link or device, and has no other name."""
    local = _local(path)
    if local is None:
        return bool(path.is_file())
    try:
        found = local.lstat()
    except FileNotFoundError:
        return True  # taken away meanwhile: opening it will tell
    return stat.S_ISREG(found.st_mode) and found.st_nlink == 1


def _fingerprint(path: AnyPath) -> tuple[int, float]:
    found = path.stat()
    return found.st_size, found.st_mtime


def _chunks(path: AnyPath) -> Iterator[bytes]:
    local = _local(path)
    if local is None:
        with path.open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                yield chunk
        return
    # O_NONBLOCK: a FIFO that takes the file's place in between must not hold us for ever.
    descriptor = os.open(local, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as stream:
        opened = os.fstat(stream.fileno())
        if not stat.S_ISREG(opened.st_mode) or opened.st_nlink != 1:
            raise OSError(f"{local.name!r} is not a plain file any more")
        while chunk := stream.read(_CHUNK):
            yield chunk


def _moment_ms(text: str) -> int | None:
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    if moment.tzinfo is None or moment < _EARLIEST_RECEIPT:
        return None
    return round(moment.timestamp() * 1000)
