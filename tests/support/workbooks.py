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
