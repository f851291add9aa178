"""An error and a formula without a saved value are no empty cells, whatever the XML looks like."""

from __future__ import annotations

import struct

import pytest

from roadmap.evidence.files.faults import Fault, flaws_of
from roadmap.evidence.files.grid import read_sheets, stream_sheet
from support.workbooks import one_sheet, parts_of, with_sheet, xls_file, zipped

NO_VALUE = Fault("NO_CACHED_VALUE", "формула без значения")
NOT_AVAILABLE = Fault("CELL_ERROR", "#N/A")


def rows(content: bytes) -> list[list[object]]:
    (sheet,) = read_sheets(content, "книга.xlsx")
    streamed = list(stream_sheet(content, "книга.xlsx").rows)
    empty_as_none = [[None if cell == "" else cell for cell in row] for row in streamed]
    assert empty_as_none == sheet.rows  # the fast reader sees what the other one does
    return sheet.rows  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("cell", "fault"),
    [
        (b'<c r="B1" t="e"><v>#N/A</v></c>', NOT_AVAILABLE),
        (b'<c s="0" r="B1" t="e"><v>#N/A</v></c>', NOT_AVAILABLE),
        (b"<c t = 'e'  r='B1' ><f>1/0</f><v>#N/A</v></c>", NOT_AVAILABLE),
        (b'<c t="e"><v>#N/A</v></c>', NOT_AVAILABLE),  # no reference: the next one
        (b'<c r="B1"><f>1+1</f></c>', NO_VALUE),
        (b'<c r="B1"><f>1+1</f><v></v></c>', NO_VALUE),  # as openpyxl saves it
        (b'<c r="B1"><f>1+1</f><v/></c>', NO_VALUE),
        (b'<c r="B1" t="str"><f>"a"</f></c>', NO_VALUE),
        (b'<c r="B1"><f t="shared" si="0"/></c>', NO_VALUE),
        (b'<c r="B1" t="str"><f>IF(1,"","x")</f><v></v></c>', None),
        (b'<c r="B1" t="str"><f>IF(1,"","x")</f><v/></c>', None),
        (b'<c r="B1" t="str"><v></v></c>', None),
        (b'<c r="B1"><f>1+1</f><v>2</v></c>', 2.0),
        (b'<c r="B1" t="str"><f>"a"</f><v>\xd0\xb0</v></c>', "а"),
    ],
)
def test_an_error_or_an_unsaved_formula_is_no_empty_cell(cell, fault):
    content = with_sheet(
        b'<row r="1"><c r="A1"><v>5</v></c>' + cell + b'<c r="C1"><v>7</v></c></row>'
    )
    assert rows(content) == [[5.0, fault, 7.0]]


def test_a_prefix_hides_no_error():
    space = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    xml = (
        b'<x:worksheet xmlns:x="%s"><x:sheetData><x:row><x:c t="e"><x:v>#N/A</x:v></x:c>'
        b"<x:c><x:f>TODAY()</x:f></x:c><x:c><x:v>7</x:v></x:c></x:row></x:sheetData></x:worksheet>"
        % space
    )
    content = zipped({**parts_of(one_sheet([["x"]])), "xl/worksheets/sheet1.xml": xml})
    assert rows(content) == [[NOT_AVAILABLE, NO_VALUE, 7.0]]


def test_backslashes_and_capitals_in_the_names_of_parts_hide_no_error():
    parts = parts_of(with_sheet(b'<row r="1"><c r="A1" t="e"><v>#N/A</v></c></row>'))
    renamed = {
        name.replace("/", "\\").replace("sheet1", "Sheet1"): part for name, part in parts.items()
    }
    assert flaws_of(zipped(renamed), ["Лист1"])["Лист1"].faults == {(0, 0): NOT_AVAILABLE}


def test_a_formula_outside_of_cells_is_nobody_s():
    sheet = b'<row r="1"><c r="A1"><v>5</v></c></row>'
    parts = parts_of(with_sheet(sheet))
    xml = parts["xl/worksheets/sheet1.xml"].replace(
        b"</sheetData>", b"</sheetData><extLst><ext><f>A1</f></ext></extLst>"
    )
    content = zipped({**parts, "xl/worksheets/sheet1.xml": xml})
    assert rows(content) == [[5.0]]


def test_rows_without_numbers_follow_one_another():
    sheet = b'<row r="3"><c r="A3"><v>5</v></c></row><row><c t="e"><v>#N/A</v></c></row>'
    assert rows(with_sheet(sheet))[-1] == [NOT_AVAILABLE]


def test_a_fault_below_and_beside_the_last_value_is_seen_by_the_fast_reader():
    sheet = (
        b'<row r="1"><c r="A1"><v>5</v></c></row>'
        b'<row r="2"><c r="A2"><v>6</v></c><c r="C2"><f>1</f></c></row>'
        b'<row r="4"><c r="B4"><f>1</f></c></row>'
    )
    streamed = list(stream_sheet(with_sheet(sheet), "книга.xlsx").rows)
    assert streamed[1:] == [[6.0, "", NO_VALUE], [], ["", NO_VALUE]]


# -- xls -------------------------------------------------------------------------------------


def number(row: int, column: int, value: float) -> bytes:
    return struct.pack("<HHHHHd", 0x0203, 14, row, column, 0, value)


def error(row: int, column: int) -> bytes:
    return struct.pack("<HHHHHBB", 0x0205, 8, row, column, 0, 0x2A, 1)


def formula(row: int, column: int, result: bytes) -> bytes:
    return struct.pack("<HHHHH8sHIH", 0x0006, 22, row, column, 0, result, 0, 0, 0)


@pytest.mark.parametrize("filler", [0, 400], ids=["small sectors", "large sectors"])
def test_an_error_in_an_xls_is_no_empty_cell(filler):
    in_error = b"\x02\x00\x2a\x00\x00\x00\xff\xff"
    cells = [number(0, 0, 5.0), error(0, 1), formula(0, 2, in_error), number(0, 3, 7.0)]
    more = [number(1 + at, 0, 1.0) for at in range(filler)]
    content = xls_file({"Пусто": [number(0, 0, 1.0)], "Отметки": [*cells, *more]})
    first, second = read_sheets(content, "книга.xls")
    assert first.rows == [[1.0]]
    assert second.rows[0] == [5.0, NOT_AVAILABLE, NOT_AVAILABLE, 7.0]
