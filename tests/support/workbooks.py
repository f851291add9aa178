"""Workbooks for tests, honest and hostile, made by script."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Mapping, Sequence

import xlsxwriter


def book(sheets: Mapping[str, Sequence[Sequence[object]]], **options: object) -> bytes:
    """An xlsx with these rows; text stays text and numbers stay numbers."""
    buffer = io.BytesIO()
    workbook = xlsxwriter.Workbook(
        buffer,
        {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            **options,
        },
    )
    for name, rows in sheets.items():
        sheet = workbook.add_worksheet(name)
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    workbook.close()
    return buffer.getvalue()


def one_sheet(rows: Sequence[Sequence[object]], name: str = "Лист1") -> bytes:
    return book({name: rows})


def csv_bytes(
    rows: Sequence[Sequence[object]], encoding: str = "cp1251", separator: str = ";"
) -> bytes:
    lines = [separator.join("" if cell is None else str(cell) for cell in row) for row in rows]
    return ("\r\n".join(lines) + "\r\n").encode(encoding)


def parts_of(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(parts: Mapping[str, bytes] | Sequence[tuple[str, bytes]]) -> bytes:
    buffer = io.BytesIO()
    pairs = parts.items() if isinstance(parts, Mapping) else parts
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in pairs:
            archive.writestr(name, data)
    return buffer.getvalue()


def with_parts(content: bytes, parts: Mapping[str, bytes]) -> bytes:
    """The workbook with parts put in or replaced."""
    return zipped({**parts_of(content), **parts})


def with_sheet(sheet_data: bytes, head: bytes = b"") -> bytes:
    """A workbook whose only sheet has this XML inside `<sheetData>`."""
    space = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    xml = b'<?xml version="1.0" encoding="UTF-8"?>' + head
    xml += b'<worksheet xmlns="%s"><sheetData>%s</sheetData></worksheet>' % (space, sheet_data)
    return zipped({**parts_of(one_sheet([["x"]])), "xl/worksheets/sheet1.xml": xml})


def ole_file(*streams: str) -> bytes:
    """The start of an OLE container that names these streams: enough to be told apart."""
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
    entries = b"".join(
        name.encode("utf-16-le").ljust(64, b"\0") + struct.pack("<H", 2 * len(name) + 2) + bytes(62)
        for name in streams
    )
    return header + entries + bytes(512)


def xls_file(
    sheets: Mapping[str, Sequence[bytes]], book_records: bytes = b"", stream: str = "Workbook"
) -> bytes:
    """An xls of Excel 97 whose sheets hold these records ([MS-XLS], [MS-CFB])."""

    def begin(kind: int) -> bytes:
        return struct.pack("<HHHHHHII", 0x0809, 16, 0x0600, kind, 0x0DBB, 0x07CC, 0, 6)

    end = struct.pack("<HH", 0x000A, 0)
    names = {name: name.encode("utf-16-le") for name in sheets}
    start = 20 + len(book_records) + sum(12 + len(name) for name in names.values()) + len(end)
    book, bodies = begin(0x0005) + book_records, b""
    for name, records in sheets.items():
        where, text = start + len(bodies), names[name]
        book += struct.pack("<HHIHBB", 0x0085, 8 + len(text), where, 0, len(name), 1) + text
        bodies += begin(0x0010) + b"".join(records) + end
    return _compound(book + end + bodies, stream)


def _compound(stream: bytes, name: str) -> bytes:
    """A compound file with this one stream; a small one lies in small sectors."""
    last, unused = 0xFFFFFFFE, 0xFFFFFFFF
    is_small = len(stream) < 4096

    def table(lengths: Sequence[int]) -> bytes:
        chains: list[int] = []
        for length in lengths:
            chains += [*range(len(chains) + 1, len(chains) + length), last] if length else []
        return struct.pack(f"<{len(chains)}I", *chains).ljust(512, b"\xff")

    def entry(name: str, kind: int, child: int, first: int, length: int) -> bytes:
        text = name.encode("utf-16-le")
        head = text.ljust(64, b"\0") + struct.pack("<HBB", len(text) + 2, kind, 1)
        links = struct.pack("<III", unused, unused, child)
        return head + links + bytes(36) + struct.pack("<IQ", first, length)

    sectors = -(-len(stream) // 512)
    small = table([-(-len(stream) // 64)]) if is_small else b""
    # Sector 0: the table of sectors, 1: the directory, 2: that of small sectors, then the stream.
    fat = table([1, 1, *([1] if is_small else []), sectors])
    first = 3 if is_small else 2
    root = (
        entry("Root Entry", 5, 1, first, len(stream))
        if is_small
        else entry("Root Entry", 5, 1, last, 0)
    )
    directory = root + entry(name, 2, unused, 0 if is_small else first, len(stream))
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".ljust(24, b"\0")
    header += struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(10)
    header += struct.pack("<9I", 1, 1, 0, 4096, 2 if is_small else last, int(is_small), last, 0, 0)
    return (
        header.ljust(512, b"\xff")
        + fat
        + directory.ljust(512, b"\0")
        + small
        + stream.ljust(512 * sectors, b"\0")
    )
