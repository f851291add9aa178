"""A file that could harm the reader is refused by its bytes, with words for the operator."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadmap.evidence.files.limits import Limits
from roadmap.evidence.files.prescan import (
    column_letter,
    column_number,
    parts_worth_parsing,
    prescan,
)
from roadmap.evidence.parsed import FileRefused
from support.workbooks import (
    csv_bytes,
    ole_file,
    one_sheet,
    parts_of,
    with_parts,
    with_sheet,
    xls_file,
    zipped,
)

PLAIN = one_sheet([["Код", "Имя"], ["1", "а"]])
LAUGHS = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
XXE = b'<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>'


def refusal(content: bytes, name: str = "книга.xlsx", limits: Limits | None = None) -> FileRefused:
    with pytest.raises(FileRefused) as caught:
        prescan(content, limits or Limits(), name)
    assert f"Файл «{name}»" in caught.value.message
    return caught.value


def code(content: bytes, name: str = "книга.xlsx", limits: Limits | None = None) -> str:
    return refusal(content, name, limits).code


def lying_size(content: bytes) -> bytes:
    """The directory declares that every part inflates to one byte."""
    data = bytearray(content)
    at = data.find(b"PK\x01\x02")
    while at >= 0:
        struct.pack_into("<I", data, at + 24, 1)
        at = data.find(b"PK\x01\x02", at + 4)
    return bytes(data)


def overlapping() -> bytes:
    """Two names, one and the same compressed bytes: each unpacks, together they are free."""
    parts = parts_of(PLAIN) | {"xl/a.xml": b"<a/>" + b" " * 1000, "xl/b.xml": b"<b/>"}
    data = bytearray(zipped(parts))
    places = {}
    at = data.find(b"PK\x01\x02")
    while at >= 0:
        length = struct.unpack_from("<H", data, at + 28)[0]
        places[bytes(data[at + 46 : at + 46 + length])] = at
        at = data.find(b"PK\x01\x02", at + 4)
    source, target = places[b"xl/a.xml"], places[b"xl/b.xml"]
    for offset, width in ((16, 12), (42, 4)):  # sizes and checksum, then the place
        data[target + offset : target + offset + width] = data[
            source + offset : source + offset + width
        ]
    return bytes(data)


def test_an_honest_workbook_and_an_honest_csv_pass():
    prescan(PLAIN, Limits(), "книга.xlsx")
    prescan(csv_bytes([["Код", "Имя"], ["1", "а"]]), Limits(), "список.csv")
    prescan("Код;Имя\n1;а\n".encode("utf-16"), Limits(), "список.csv")
    prescan(ole_file("Workbook"), Limits(), "старая.xls")


@pytest.mark.parametrize("content", [b"", b"  \r\n\t", b"\x00\x00"])
def test_a_file_without_content_is_empty(content):
    assert code(content) == "EMPTY"


@pytest.mark.parametrize(
    ("content", "name", "says"),
    [
        ("Код;Имя\n1;а".encode(), "а.xlsx", "Внутри файла не xlsx, а текст (csv)"),
        (b"<html><table></table></html>", "а.xlsx", "страница HTML"),
        (b"<html><table></table></html>", "а.csv", "страница HTML"),
        (b'<?xml version="1.0"?><Workbook/>', "а.xls", "документ XML"),
        (ole_file("Workbook"), "а.xlsx", "книга старого формата xls"),
        (ole_file("WordDocument"), "а.xls", "не книга Excel"),
        (PLAIN, "а.csv", "Внутри файла не csv, а архив zip"),
        (zipped({"word/document.xml": b"<a/>"}), "а.xlsx", "документ Word"),
        (zipped({"content.xml": b"<a/>"}), "а.xlsx", "OpenDocument"),
        (zipped({"xl/workbook.bin": b"x"}), "а.xlsx", "xlsb"),
        (zipped({"а.xlsx": PLAIN}), "а.xlsx", "архив zip"),
        (b"%PDF-1.7", "а.xlsx", "документ PDF"),
    ],
)
def test_a_file_that_is_not_what_its_name_says_is_told_what_it_is(content, name, says):
    refused = refusal(content, name)
    assert refused.code == "TYPE_MISMATCH"
    assert says in refused.message


@pytest.mark.parametrize("magic", [b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07\x01", b"\x1f\x8b\x08"])
def test_other_archives_are_not_opened(magic):
    assert code(magic + b"x" * 50, "данные.7z") == "TYPE"


@pytest.mark.parametrize("kept", [0.3, 0.7, 0.98])
def test_a_truncated_workbook_is_corrupt(kept):
    assert code(PLAIN[: int(len(PLAIN) * kept)]) == "CORRUPT"


def test_spoiled_bytes_of_a_part_are_found():
    at = PLAIN.find(b"xl/worksheets/sheet1.xml") + 40
    spoiled = PLAIN[:at] + bytes(byte ^ 0xFF for byte in PLAIN[at : at + 8]) + PLAIN[at + 8 :]
    assert code(spoiled) in ("CORRUPT", "ZIP_LIMIT")


def test_a_bomb_is_refused_before_it_is_unpacked():
    bomb = with_parts(PLAIN, {"xl/worksheets/sheet2.xml": b"<a>" + b" " * 250_000_000})
    assert len(bomb) < 1_000_000
    assert code(bomb) == "ZIP_LIMIT"


def test_an_improbable_ratio_is_refused_below_the_limit_of_bytes():
    assert code(with_parts(PLAIN, {"xl/worksheets/sheet2.xml": b" " * 8_000_000})) == "ZIP_LIMIT"


def test_real_bytes_are_counted_where_the_directory_lies():
    packed = with_parts(PLAIN, {"xl/worksheets/sheet2.xml": b"<a>" + b" " * 250_000_000})
    assert code(lying_size(packed)) == "ZIP_LIMIT"
    assert code(lying_size(PLAIN)) == "ZIP_LIMIT"


def test_too_many_parts_overlapping_parts_and_doubled_names_are_refused():
    many = with_parts(PLAIN, {f"xl/media/{n}.png": b"" for n in range(2001)})
    assert code(many) == "ZIP_LIMIT"
    assert code(overlapping()) == "ZIP_LIMIT"
    with pytest.warns(UserWarning, match="Duplicate name"):
        doubled = zipped([*parts_of(PLAIN).items(), ("xl/workbook.xml", b"<a/>")])
    assert code(doubled) == "ZIP_LIMIT"
    assert code(with_parts(PLAIN, {"XL/Workbook.XML": b"<a/>"})) == "ZIP_LIMIT"


def test_two_directories_in_one_archive_are_refused():
    assert code(PLAIN + PLAIN) == "ZIP_LIMIT"


def test_an_archive_whose_directory_names_no_part_is_no_workbook():
    at = PLAIN.find(b"PK\x01\x02")
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0, 0, 0, at, 0)
    assert code(PLAIN[:at] + end) == "TYPE_MISMATCH"


@pytest.mark.parametrize("name", ["../../evil.txt", "/etc/cron.d/x", "c:/x", "xl/..\\..\\x"])
def test_parts_with_names_that_lead_elsewhere_are_refused(name):
    assert code(with_parts(PLAIN, {name: b"x"})) == "ZIP_NAMES"


@pytest.mark.parametrize("dtd", [LAUGHS, XXE])
def test_a_document_type_is_refused_in_any_part(dtd):
    strings = dtd + parts_of(PLAIN)["xl/sharedStrings.xml"]
    assert code(with_parts(PLAIN, {"xl/sharedStrings.xml": strings})) == "DTD_FORBIDDEN"
    assert code(with_sheet(b"", head=dtd)) == "DTD_FORBIDDEN"


def test_a_document_type_cannot_hide_between_two_pieces():
    for shift in range(1, 12):
        padding = b"<!--" + b"x" * ((1 << 20) - 4 - shift) + b"-->"
        part = {"xl/styles2.xml": padding + b"<!DOCTYPE x>"}
        assert code(with_parts(PLAIN, part), limits=Limits(unpacked_ratio=10**6)) in (
            "DTD_FORBIDDEN",
            "ZIP_LIMIT",  # a tag longer than any workbook's
        )


def test_a_document_type_cannot_hide_in_utf_16():
    strings = '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE x><sst/>'.encode("utf-16")
    assert code(with_parts(PLAIN, {"xl/sharedStrings.xml": strings})) == "CORRUPT"


def test_a_password_is_told_apart_from_damage():
    protected = refusal(ole_file("EncryptionInfo", "EncryptedPackage"), "contacts.xlsx")
    assert protected.code == "ENCRYPTED"
    assert protected.message == (
        "Файл не открывается: он защищён паролем. Файл «contacts.xlsx»."
        " Снимите пароль и положите файл снова."
    )
    flagged = bytearray(PLAIN)
    at = flagged.find(b"PK\x01\x02")
    flagged[at + 8] |= 1
    assert code(bytes(flagged)) == "ENCRYPTED"


@pytest.mark.parametrize("method", [b"\0\0", b"\1\0", b"\1\0\2\0"])  # XOR, RC4, CryptoAPI
def test_a_password_of_the_old_format_is_told_apart_from_damage(method):
    file_pass = b"\x2f\0\x36\0" + method.ljust(54, b"\0")
    protected = refusal(xls_file({"Лист": []}, file_pass), "старая.xls")
    assert protected.code == "ENCRYPTED"
    assert "Снимите пароль" in protected.message
    prescan(xls_file({"Лист": []}), Limits(), "старая.xls")


@pytest.mark.parametrize("stream", ["Workbook", "WORKBOOK", "Book"])
def test_an_xls_is_known_by_its_stream_in_capitals_or_not(stream):
    prescan(xls_file({"Лист": []}, stream=stream), Limits(), "старая.xls")


def test_a_workbook_whose_parts_lie_at_the_root_passes_with_the_same_checks():
    parts = parts_of(PLAIN)
    at_root = {
        name.removeprefix("xl/").replace("xl/_rels", "_rels"): data.replace(b'"xl/', b'"')
        for name, data in parts.items()
    }
    prescan(zipped(at_root), Limits(), "книга.xlsx")
    assert code(zipped({**at_root, "vbaProject.bin": b"x"})) == "MACRO"
    assert code(zipped({**at_root, "embeddings/oleObject1.bin": b"x"})) == "MACRO"
    assert code(zipped({**at_root, "externalLinks/externalLink1.xml": b"<a/>"})) == "EXTERNAL_LINK"


def test_a_workbook_with_unusual_names_of_parts_is_told_to_be_saved_again():
    parts = parts_of(PLAIN)
    parts["xl/workbook2.xml"] = parts.pop("xl/workbook.xml")
    refused = refusal(zipped(parts))
    assert refused.code == "TYPE_MISMATCH"
    assert "устроена необычно" in refused.message
    assert "Сохраните таблицу в формате xlsx" in refused.message


@pytest.mark.parametrize(
    "part", ["xl/vbaProject.bin", "xl/activeX/activeX1.xml", "xl/embeddings/oleObject1.bin"]
)
def test_macros_and_embedded_objects_are_refused(part):
    assert code(with_parts(PLAIN, {part: b"x"})) == "MACRO"


def test_a_book_with_macros_is_known_by_name_type_and_stream():
    assert code(PLAIN, "книга.xlsm") == "MACRO"
    types = parts_of(PLAIN)["[Content_Types].xml"].replace(b"sheet.main", b"sheet.macroEnabled")
    assert code(with_parts(PLAIN, {"[Content_Types].xml": types})) == "MACRO"
    assert code(ole_file("Workbook", "_VBA_PROJECT_CUR"), "книга.xls") == "MACRO"


def relation(kind: str, target: str) -> bytes:
    return (
        '<Relationships><Relationship Id="r1" TargetMode="External"'
        f' Type="http://x/{kind}" Target="{target}"/></Relationships>'
    ).encode()


@pytest.mark.parametrize(
    ("part", "data"),
    [
        ("xl/externalLinks/externalLink1.xml", b"<a/>"),
        ("xl/connections.xml", b"<a/>"),
        ("xl/queryTables/queryTable1.xml", b"<a/>"),
        ("xl/worksheets/_rels/sheet1.xml.rels", relation("image", "http://x.example/p.png")),
        (
            "xl/worksheets/_rels/sheet1.xml.rels",
            relation("image", "http://x.example/hyperlink").replace(b"Ext", b"&#69;xt"),
        ),
    ],
)
def test_links_to_data_outside_are_refused(part, data):
    assert code(with_parts(PLAIN, {part: data})) == "EXTERNAL_LINK"


def test_a_hyperlink_is_no_data_from_outside():
    rels = relation("hyperlink", "https://site.example/")
    prescan(
        with_parts(PLAIN, {"xl/worksheets/_rels/sheet1.xml.rels": rels}), Limits(), "книга.xlsx"
    )


# -- The extent of cells ---------------------------------------------------------------------


def test_two_far_cells_do_not_reach_a_reader():
    far = with_sheet(
        b'<row r="1"><c r="A1"><v>1</v></c></row>'
        b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    )
    assert len(far) < 8000
    refused = refusal(far)
    assert refused.code == "SHEET_EXTENT"
    assert "столбце XFD" in refused.message


@pytest.mark.parametrize(
    "cell",
    [
        b'<c s="1" r="XFD1048576"><v>1</v></c>',
        b"<c r='XFD1048576'><v>1</v></c>",
        b'<c  r = "XFD1048576"><v>1</v></c>',
        b'<c\nr="XFD1048576"><v>1</v></c>',
        b'<c r="xfd1048576"><v>1</v></c>',
        b'<x:c xmlns:x="u" r="XFD1048576"><v>1</v></x:c>',
        b'<c x=">" r="XFD1048576"><v>1</v></c>',
        b'<c r="&#88;FD1048576"><v>1</v></c>',
        b'<c t="e" r="XFD1048576"/>',
        b'<c r="XFD1048576"><f>A1</f></c>',
        b'<c r="XFD1048576"><v>1</v></c></row></nothing>',
    ],
)
def test_a_far_cell_is_found_however_it_is_written(cell):
    near = b'<row r="1"><c r="A1"><v>1</v></c></row>'
    assert code(with_sheet(near + b"<row>" + cell + b"</row>")) == "SHEET_EXTENT"


def test_cells_without_references_are_counted():
    wide = b"<row>" + b"<c><v>1</v></c>" * 300 + b"</row>"
    long = b"<row><c><v>1</v></c></row>" * 40_000
    limits = Limits(unpacked_ratio=10**6)
    assert code(with_sheet(wide), limits=limits) == "COLS"
    assert code(with_sheet(long), limits=limits) == "ROWS"
    skipped = b'<row r="1048576"><c><v>1</v></c></row>'
    assert code(with_sheet(b"<row><c><v>1</v></c></row>" + skipped)) == "SHEET_EXTENT"


def test_a_false_dimension_and_a_far_empty_cell_do_no_harm():
    data = b'<row r="1"><c r="A1"><v>1</v></c><c r="XFD1" s="1"/></row>'
    content = with_sheet(data)
    part = parts_of(content)["xl/worksheets/sheet1.xml"]
    lying = part.replace(b"<sheetData>", b'<dimension ref="A1:XFD1048576"/><sheetData>')
    prescan(with_parts(content, {"xl/worksheets/sheet1.xml": lying}), Limits(), "книга.xlsx")


def test_a_far_cell_in_a_part_with_another_name_is_found():
    data = parts_of(with_sheet(b'<row><c r="XFD1048576"><v>1</v></c></row>'))
    sheet = data["xl/worksheets/sheet1.xml"]
    assert code(with_parts(PLAIN, {"xl/media/picture.png": sheet})) == "SHEET_EXTENT"


def test_a_picture_whose_bytes_look_like_a_cell_is_a_picture():
    picture = b"\x89PNG\r\n\x1a\n<c <c r='A1' <x:c " + bytes(range(256))
    prescan(with_parts(PLAIN, {"xl/media/picture.png": picture}), Limits(), "книга.xlsx")


def test_limits_of_rows_and_columns_are_each_datasets_own():
    tall = one_sheet([["Код"], *[[n] for n in range(200)]])
    wide = one_sheet([list(range(30))] * 3)
    assert code(tall, limits=Limits(rows=100)) == "ROWS"
    assert code(wide, limits=Limits(columns=20)) == "COLS"
    assert code(csv_bytes([["Код"]] * 200), "а.csv", Limits(rows=100)) == "ROWS"
    assert code(b"a\r" * 200, "а.csv", Limits(rows=100)) == "ROWS"
    assert code(b"a" + b";" * 20_000, "а.csv") == "COLS"
    assert code(tall, limits=Limits(size_bytes=1000)) == "SIZE"
    prescan(tall, Limits(rows=200), "книга.xlsx")
    prescan(wide, Limits(columns=30), "книга.xlsx")


@pytest.mark.parametrize(
    ("head", "row", "is_worth"),
    [
        (b"", b'<row r="1"><c r="A1" t="s"><v>1</v></c></row>', False),
        (b"<sheetPr><f/></sheetPr>", b'<row r="1"><c r="A1"><v>1</v></c></row>', False),
        (b"", b'<row r="1"><c r="A1" t="e"><v>#N/A</v></c></row>', True),
        (b"", b"<row r='1'><c t='e' r='A1'><v>#N/A</v></c></row>", True),
        (b"", b'<row r="1"><c r="A1"><f>1+1</f></c></row>', True),
        (b"", b'<row r="1" hidden="1"><c r="A1"><v>1</v></c></row>', True),
    ],
)
def test_a_part_is_parsed_where_its_cells_may_hold_what_fast_readers_do_not_tell(
    head, row, is_worth
):
    content = with_sheet(row)
    part = parts_of(content)["xl/worksheets/sheet1.xml"]
    part = part.replace(b"<sheetData>", head + b"<sheetData>")
    content = with_parts(content, {"xl/worksheets/sheet1.xml": part})
    prescan(content, Limits(), "книга.xlsx")
    expected = {"xl/worksheets/sheet1.xml"} if is_worth else set()
    assert parts_worth_parsing(content) == expected
    assert parts_worth_parsing(bytes(bytearray(content))) is None


@given(rows=st.integers(1, 2000), columns=st.integers(1, 800), data=st.data())
def test_the_extent_is_refused_exactly_beyond_the_limits(rows, columns, data):
    row = data.draw(st.integers(max(1, rows - 2), rows + 60), label="row")
    column = data.draw(st.integers(max(1, columns - 30), columns + 30), label="column")
    cell = f'<row><c r="{column_letter(column - 1)}{row}"><v>1</v></c></row>'.encode()
    limits = Limits(rows=rows, columns=columns)
    if row > rows + 50 or column > columns:
        assert code(with_sheet(cell), limits=limits) in ("SHEET_EXTENT", "ROWS", "COLS")
    else:
        prescan(with_sheet(cell), limits, "книга.xlsx")


@given(st.integers(0, 16_383))
def test_column_letters_and_numbers_are_inverse(index):
    assert column_number(column_letter(index)) == index + 1


def test_known_column_letters():
    assert [column_letter(at) for at in (0, 25, 26, 701, 702, 16_383)] == [
        "A", "Z", "AA", "ZZ", "AAA", "XFD",
    ]  # fmt: skip


def test_a_binary_file_is_no_csv():
    assert code(b"\xd1\x82;\x00;1\n", "а.csv") == "BINARY"


def test_nothing_is_written_to_disk(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileRefused):
        prescan(with_parts(PLAIN, {"../evil.txt": b"x"}), Limits(), "книга.xlsx")
    prescan(PLAIN, Limits(), "книга.xlsx")
    assert list(tmp_path.iterdir()) == []


def test_a_stored_part_is_scanned_like_a_packed_one():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, data in parts_of(with_sheet(b"", head=XXE)).items():
            archive.writestr(name, data)
    assert code(buffer.getvalue()) == "DTD_FORBIDDEN"
    assert zlib.crc32(b"") == 0
