"""Bytes of workbooks and csv files that are the same on every run."""

from __future__ import annotations

import csv
import io
import struct
import zipfile
from collections.abc import Sequence
from datetime import date, datetime
from functools import lru_cache
from html import escape

import xlsxwriter
from xlsxwriter.utility import xl_col_to_name

Cell = str | int | float | date | None
Row = Sequence[Cell]

# XlsxWriter would write the moment of the run into docProps.
_CREATED = datetime(2021, 1, 1)  # noqa: DTZ001 - written as it stands, without a zone


def xlsx(sheets: Sequence[tuple[str, Sequence[Row]]], widths: Sequence[int] = ()) -> bytes:
    """An .xlsx with these sheets; text stays text, also where it begins with «=».

    `widths` of columns in characters, on every sheet.
    """
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    book.set_properties({"author": "Демонстрационный год", "created": _CREATED})
    day = book.add_format({"num_format": "dd.mm.yyyy"})
    for name, rows in sheets:
        sheet = book.add_worksheet(name)
        for column, width in enumerate(widths):
            sheet.set_column(column, column, width)
        for r, row in enumerate(rows):
            for c, cell in enumerate(row):
                if cell is None or cell == "":
                    continue
                if isinstance(cell, str):
                    sheet.write_string(r, c, cell)
                elif isinstance(cell, date):
                    sheet.write_datetime(r, c, cell, day)
                else:
                    sheet.write_number(r, c, cell)
    book.close()
    return buffer.getvalue()


def text_xlsx(sheet: str, rows: Sequence[Sequence[str]]) -> bytes:
    """An .xlsx with one sheet of text cells, several times faster than `xlsx`.

    Strings stand in the cells themselves (ECMA-376 part 1, 18.18.11, «inlineStr»), as report
    generators write them; an empty text is no cell.
    """
    widest = max(map(len, rows))
    columns = [xl_col_to_name(column) for column in range(widest)]
    lines = []
    escaped = lru_cache(maxsize=None)(escape)  # most texts are small numbers
    for number, row in enumerate(rows, 1):
        cells = "".join(
            f'<c r="{column}{number}" t="inlineStr"><is><t xml:space="preserve">'
            f"{escaped(text)}</t></is></c>"
            for column, text in zip(columns, row, strict=False)
            if text
        )
        lines.append(f'<row r="{number}">{cells}</row>')
    sheet_xml = (
        f'{_XML}<worksheet xmlns="{_MAIN}"><dimension ref="A1:{columns[-1]}{len(rows)}"/>'
        f"<sheetData>{''.join(lines)}</sheetData></worksheet>"
    )
    parts = {
        "[Content_Types].xml": f'{_XML}<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_SHEETML}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_SHEETML}.worksheet+xml"/>'
        "</Types>",
        "_rels/.rels": f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships"><Relationship '
        f'Id="rId1" Type="{_DOCUMENT}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_DOCUMENT}"><sheets>'
        f'<sheet name="{sheet}" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_DOCUMENT}/worksheet" Target="worksheets/sheet1.xml"/>'
        "</Relationships>",
        "xl/worksheets/sheet1.xml": sheet_xml,
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=5) as archive:
        for name, text in parts.items():
            entry = zipfile.ZipInfo(name, _CREATED.timetuple()[:6])
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, text)
    return buffer.getvalue()


_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_DOCUMENT = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_SHEETML = "application/vnd.openxmlformats-officedocument.spreadsheetml"


def line(width: int, first: Cell, *last: Cell) -> list[Cell]:
    """A row of a protocol with values at its two ends only."""
    return [first, *[None] * (width - 1 - len(last)), *last]


def comma(value: float) -> str:
    """Two digits after a comma."""
    return f"{value:.2f}".replace(".", ",")


def semicolons(rows: Sequence[Row], encoding: str = "cp1251") -> bytes:
    """A csv with `;` as Russian Excel writes it: dates dd.mm.yyyy, CRLF."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=";", lineterminator="\r\n")
    for row in rows:
        writer.writerow([c.strftime("%d.%m.%Y") if isinstance(c, date) else c for c in row])
    return buffer.getvalue().encode(encoding)


def encrypted_workbook(fill: int = 0) -> bytes:
    """What Excel writes for a workbook with a password: an OLE container, no zip at all.

    Layout of [MS-CFB] 2.2 (header), 2.6 (directory) and [MS-OFFCRYPTO] 2.3 (the streams
    EncryptionInfo and EncryptedPackage). What is «encrypted» here is `fill`, over and over.
    """
    free, end_of_chain, fat_sector, none = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD, 0xFFFFFFFF
    header = struct.pack(
        "<8s16sHHHHH6xIIIIIIIII",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", bytes(16), 0x3E, 3, 0xFFFE, 9, 6,
        0, 1, 1, 0, 4096, end_of_chain, 0, end_of_chain, 0,
    )  # fmt: skip
    header += struct.pack("<I", 0) + struct.pack("<I", free) * 108

    size = 4096  # each stream is as long as the mini stream cutoff: it has sectors of its own
    sectors = size // 512

    def chain(first: int) -> list[int]:
        return [*range(first + 1, first + sectors), end_of_chain]

    fat = [fat_sector, end_of_chain, *chain(2), *chain(2 + sectors)]
    table = struct.pack("<128I", *fat, *[free] * (128 - len(fat)))

    def entry(name: str, kind: int, child: int, right: int, first: int, length: int) -> bytes:
        text = (name + "\0").encode("utf-16-le")
        return struct.pack(
            "<64sHBBIII16sIQQIQ",
            text, len(text), kind, 1, none, right, child, bytes(16), 0, 0, 0, first, length,
        )  # fmt: skip

    directory = (
        entry("Root Entry", 5, 1, none, end_of_chain, 0)
        + entry("EncryptionInfo", 2, none, 2, 2, size)
        + entry("EncryptedPackage", 2, none, none, 2 + sectors, size)
        + bytes(128)
    )
    return header + table + directory + bytes([fill]) * (2 * size)
