"""The records of an xls: a stream inside a compound file ([MS-CFB], [MS-XLS]).

For what a fast reader of the format does not tell. Bytes that are not what the format says
give less, never an endless loop: whether the file is whole, that reader decides.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

FORMULA, FILE_PASS, BOUND_SHEET, BOOL_ERR = 0x0006, 0x002F, 0x0085, 0x0205
_BOF, _EOF = 0x0809, 0x000A
_LAST_SECTOR = 0xFFFFFFFA  # from here on: ends of chains and free sectors
_SMALL_STREAM = 4096  # in a stream of small sectors
_NAMES = ("workbook", "book")


def records(stream: bytes, start: int = 0) -> Iterator[tuple[int, bytes]]:
    """The records from a place to the end of their substream: kind and body."""
    depth = 0
    while start + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, start)
        yield kind, stream[start + 4 : start + 4 + length]
        depth += (kind == _BOF) - (kind == _EOF)
        if kind == _EOF and depth <= 0:
            return
        start += 4 + length


def sheets(stream: bytes) -> Iterator[Iterator[tuple[int, bytes]]]:
    """The records of each sheet of the stream, in the order of the workbook."""
    for kind, body in records(stream):
        if kind == BOUND_SHEET and len(body) >= 4:
            yield records(stream, struct.unpack_from("<I", body)[0])


def workbook_stream(content: bytes) -> bytes:
    """The stream «Workbook» (of Excel 5 and 95 «Book»); empty where there is none."""
    if len(content) < 512:
        return b""
    size, small_size = (1 << min(shift, 20) for shift in struct.unpack_from("<HH", content, 30))
    first_directory, _, _, first_small, _, first_more, _ = struct.unpack_from("<7I", content, 48)

    def sector(number: int) -> bytes:
        return content[(number + 1) * size : (number + 2) * size]

    def chain(first: int, table: list[int]) -> Iterator[int]:
        for _ in range(len(table)):
            if first >= min(_LAST_SECTOR, len(table)):
                return
            yield first
            first = table[first]

    def numbers(data: bytes) -> list[int]:
        return list(struct.unpack(f"<{len(data) // 4}I", data[: len(data) // 4 * 4]))

    fat_sectors = numbers(content[76:512])
    for _ in range(len(content) // size):
        if first_more >= _LAST_SECTOR or not (more := numbers(sector(first_more))):
            break
        *listed, first_more = more
        fat_sectors += listed
    fat = [n for at in fat_sectors if at < _LAST_SECTOR for n in numbers(sector(at))]

    def stream(first: int, length: int) -> bytes:
        return b"".join(map(sector, chain(first, fat)))[:length]

    directory = stream(first_directory, len(content))
    book: tuple[int, int] | None = None
    small: tuple[int, int] | None = None
    for at in range(0, len(directory) - 127, 128):
        name_length, kind = struct.unpack_from("<HB", directory, at + 64)
        name = directory[at : at + max(0, min(name_length, 64) - 2)].decode("utf-16-le", "replace")
        where: tuple[int, int] = struct.unpack_from("<II", directory, at + 116)
        if kind == 5:  # the root, whose stream holds the small ones
            small = where
        elif kind == 2 and name.lower() in _NAMES:
            book = book or where
    if book is None:
        return b""
    first, length = book
    if length >= _SMALL_STREAM or small is None:
        return stream(first, length)
    whole = stream(*small)
    table = numbers(stream(first_small, len(content)))
    pieces = (whole[at * small_size : (at + 1) * small_size] for at in chain(first, table))
    return b"".join(pieces)[:length]
