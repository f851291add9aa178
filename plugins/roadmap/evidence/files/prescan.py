"""Looking at a file's bytes before any parser does: what the sandbox could stop, but not tell.

A workbook is a zip of XML, and a fast reader believes it: two cells 16,384 columns and
1,048,576 rows apart make it allocate the rectangle between them and abort the process. The
operator is to be told why. So every part is inflated here, its real bytes are counted, and the
extent of the cells is taken from their own references (`<dimension>` may say anything). This
happens in the sandbox worker, under its limits; nothing is extracted to disk.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Callable
from functools import cache
from xml.parsers import expat

from roadmap.evidence.files import xls
from roadmap.evidence.files.limits import Limits
from roadmap.evidence.messages import refused
from roadmap.russian import counted, integer

# Title lines, headings and trailers that stand on a sheet besides its data rows.
_ROWS_AROUND_DATA = 50
# Small archives reach high ratios honestly (theme, styles); a bomb is not small.
_RATIO_FROM_BYTES = 5_000_000
_WIDEST_SHEET = 16_384  # columns
_SEPARATORS = (b";", b"\t", b",")
# A sheet is called sparse where fewer than one cell in this many is filled.
_SPARSE = 20

_CFB_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ARCHIVES = {
    b"7z\xbc\xaf\x27\x1c": "архив 7z",
    b"Rar!\x1a\x07": "архив RAR",
    b"\x1f\x8b": "архив gzip",
    b"BZh": "архив bzip2",
    b"\xfd7zXZ\x00": "архив xz",
}
_NOT_TABLES = {
    b"%PDF": "документ PDF",
    b"{\\rtf": "документ RTF",
    b"\x89PNG": "рисунок PNG",
    b"\xff\xd8\xff": "рисунок JPEG",
    b"\x7fELF": "программа",
    b"MZ\x90": "программа",
}
_UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")
_SAVE_AS_XLSX = "Сохраните таблицу в формате xlsx и положите файл снова"
_ASK_AGAIN = "Запросите файл заново и положите его снова"


def kind_of(content: bytes) -> str:
    """What the bytes are, whatever the name says: xlsx (any zip), xls (any OLE file) or csv."""
    if content.startswith(b"PK\x03\x04"):
        return "xlsx"
    if content.startswith(_CFB_MAGIC):
        return "xls"
    return "csv"


def prescan(content: bytes, limits: Limits, file_name: str = "без имени") -> None:
    """Let the file through to a parser or refuse it.

    Raises FileRefused: EMPTY, SIZE, TYPE, TYPE_MISMATCH, BINARY, CORRUPT, ENCRYPTED, MACRO,
    EXTERNAL_LINK, ZIP_LIMIT, ZIP_NAMES, DTD_FORBIDDEN, SHEET_EXTENT, ROWS, COLS.
    `file_name` (cleaned) serves the messages and the check of the extension.
    """
    if not content.strip(b" \t\r\n\x00\x1a"):
        raise refused("EMPTY", "Файл пуст", "Положите файл с данными", file_name)
    if len(content) > limits.size_bytes:
        raise refused(
            "SIZE",
            f"Файл больше допустимого: {_megabytes(len(content))} МБ, можно до"
            f" {_megabytes(limits.size_bytes)} МБ",
            "Проверьте, тот ли это файл; если да, увеличьте предел в файле include/sources.yaml",
            file_name,
        )
    for magic, name in _ARCHIVES.items():
        if content.startswith(magic):
            raise refused(
                "TYPE", f"Это {name}, а не таблица", "Положите файлы из архива по одному", file_name
            )
    for magic, name in _NOT_TABLES.items():
        if content.startswith(magic):
            raise refused("TYPE_MISMATCH", f"Это {name}, а не таблица", _SAVE_AS_XLSX, file_name)
    kind = kind_of(content)
    _check_extension(content, kind, file_name)
    if kind == "xlsx":
        _scan_zip(content, limits, file_name)
    elif kind == "xls":
        _scan_ole(content, file_name)
    else:
        _scan_text(content, limits, file_name)


def _megabytes(size: int) -> str:
    return integer(max(1, round(size / 1_000_000)))


def _check_extension(content: bytes, kind: str, file_name: str) -> None:
    suffix = file_name.rpartition(".")[2].casefold() if "." in file_name else ""
    if suffix in ("xlsm", "xltm", "xlsb", "xlam"):
        raise refused("MACRO", "Книга с макросами не принимается", _SAVE_AS_XLSX, file_name)
    fits = {"xlsx": ("xlsx",), "xls": ("xls", "xlsx"), "csv": ("csv", "txt", "tsv")}
    # An encrypted xlsx is an OLE file: it is refused for its password, not for its name.
    if suffix not in ("xlsx", "xls", "csv", "txt", "tsv") or suffix in fits[kind]:
        return
    found = {"xlsx": "архив zip (так хранится xlsx)", "xls": "книга старого формата xls"}
    what = found.get(kind) or _kind_of_text(content)
    raise refused("TYPE_MISMATCH", f"Внутри файла не {suffix}, а {what}", _SAVE_AS_XLSX, file_name)


def _kind_of_text(content: bytes) -> str:
    head = content[:2048].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head.startswith((b"<!doctype html", b"<html", b"<table", b"<meta", b"<style")):
        return "страница HTML"
    if head.startswith((b"<?xml", b"<")):
        return "документ XML"
    if head.startswith((b"{", b"[")):
        return "документ JSON"
    if b"\x00" in head and not content.startswith(_UTF16_BOMS):
        return "не таблица и не текст"
    return "текст (csv)"


def _scan_text(content: bytes, limits: Limits, file_name: str) -> None:
    what = _kind_of_text(content)
    if what in ("страница HTML", "документ XML", "документ JSON"):
        raise refused("TYPE_MISMATCH", f"Внутри файла {what}", _SAVE_AS_XLSX, file_name)
    if b"\x00" in content and not content.startswith(_UTF16_BOMS):
        raise refused("BINARY", "В тексте файла есть недопустимые знаки", _ASK_AGAIN, file_name)
    # Old Macs end a line with a carriage return alone, and so does who wants to be slow.
    lines = max(content.count(b"\n"), content.count(b"\r"))
    if lines > limits.rows + _ROWS_AROUND_DATA:
        raise too_many_rows(lines, limits, file_name)
    # A line of a million empty cells costs each reader seconds. Readers look at what is narrower.
    for line in io.BytesIO(content):
        if len(line) > _WIDEST_SHEET:
            cells = max(map(line.count, _SEPARATORS)) + 1
            if cells > max(limits.columns, _WIDEST_SHEET):
                raise too_many_columns(cells, limits, file_name)


def _scan_ole(content: bytes, file_name: str) -> None:
    """xls, or something else in the same container, told by the names of its streams."""
    lowered = content.lower()

    def holds(stream: str) -> bool:
        return stream.lower().encode("utf-16-le") in lowered

    if holds("EncryptedPackage") or holds("EncryptionInfo"):
        raise _encrypted(file_name)
    if holds("_VBA_PROJECT"):
        raise refused("MACRO", "В книге есть макросы", _SAVE_AS_XLSX, file_name)
    if not (holds("Workbook") or holds("Book")):
        raise refused("TYPE_MISMATCH", "Это не книга Excel", _SAVE_AS_XLSX, file_name)
    if any(kind == xls.FILE_PASS for kind, _ in xls.records(xls.workbook_stream(content))):
        raise _encrypted(file_name)
    if file_name.casefold().endswith(".xlsx"):
        raise refused(
            "TYPE_MISMATCH",
            "Внутри файла не xlsx, а книга старого формата xls",
            _SAVE_AS_XLSX,
            file_name,
        )


def _encrypted(file_name: str) -> Exception:
    return refused(
        "ENCRYPTED",
        "Файл не открывается: он защищён паролем",
        "Снимите пароль и положите файл снова",
        file_name,
    )


# -- The zip and its parts -------------------------------------------------------------------


_last_scanned: tuple[bytes, frozenset[str]] = (b"", frozenset())


def parts_worth_parsing(content: bytes) -> frozenset[str] | None:
    """The parts of a workbook that may hold an error, a formula or a hidden row.

    Names with forward slashes, in lower case. None unless this very object was scanned last:
    the parts are at hand then, and unpacking them again takes as long as the scan.
    """
    scanned, parts = _last_scanned
    return parts if scanned is content else None


def _scan_zip(content: bytes, limits: Limits, file_name: str) -> None:
    global _last_scanned  # one file is read at a time
    members = _members(content, limits, file_name)
    _check_names(set(members), file_name)
    left = limits.unpacked_bytes
    worth_parsing = set()
    for name, info in members.items():
        text = _unpacked(content, info, left, file_name)
        left -= len(text)
        if left < 0:
            what = f"после распаковки больше {_megabytes(limits.unpacked_bytes)} МБ"
            raise _zip_limit(what, file_name)
        if len(text) != info.file_size or zlib.crc32(text) != info.CRC:
            raise _zip_limit("часть книги испорчена", file_name)
        if len(text) > _RATIO_FROM_BYTES and len(text) > limits.unpacked_ratio * info.compress_size:
            raise _zip_limit("степень сжатия неправдоподобна", file_name)
        _scan_part(name, text, limits, file_name)
        if is_worth_parsing(text):
            worth_parsing.add(name)
    _last_scanned = content, frozenset(worth_parsing)


def _members(content: bytes, limits: Limits, file_name: str) -> dict[str, zipfile.ZipInfo]:
    """The parts by name, with forward slashes, in lower case."""
    # Readers look for the directory from the end of the file. Two ends mean that two readers
    # may see two different workbooks.
    if content[-66_000:].count(b"PK\x05\x06") > 1:
        raise _zip_limit("в архиве два оглавления", file_name)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            infos = sorted(archive.infolist(), key=lambda info: info.header_offset)
            directory = archive.start_dir
    except (zipfile.BadZipFile, ValueError, OverflowError, struct.error, NotImplementedError):
        raise _corrupt(file_name) from None
    if len(infos) > limits.members:
        raise _zip_limit(f"частей {integer(len(infos))}", file_name)
    if any(info.flag_bits & 0x1 for info in infos):
        raise _encrypted(file_name)
    starts = [*(info.header_offset for info in infos), directory]
    ends = [0, *(_data_start(content, info, file_name) + info.compress_size for info in infos)]
    if any(start < end for start, end in zip(starts, ends, strict=True)):
        raise _zip_limit("части архива перекрываются", file_name)
    members = {info.orig_filename.replace("\\", "/").lower(): info for info in infos}
    if len(members) < len(infos):
        raise _zip_limit("две части архива с одним именем", file_name)
    return members


def _data_start(content: bytes, info: zipfile.ZipInfo, file_name: str) -> int:
    """Where a part's bytes begin: its local header has lengths of its own."""
    header = info.header_offset
    if header < 0 or content[header : header + 4] != b"PK\x03\x04" or header + 30 > len(content):
        raise _corrupt(file_name)
    name_length, extra_length = struct.unpack_from("<HH", content, header + 26)
    return int(header + 30 + name_length + extra_length)


def _unpacked(content: bytes, info: zipfile.ZipInfo, most: int, file_name: str) -> bytes:
    """The part's real bytes, whatever size the directory declares; little more than `most`."""
    start = _data_start(content, info, file_name)
    packed = memoryview(content)[start : start + info.compress_size]
    if info.compress_type == zipfile.ZIP_STORED:
        return bytes(packed)
    if info.compress_type != zipfile.ZIP_DEFLATED:
        raise _corrupt(file_name)
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        text = inflater.decompress(packed, most + 1)
    except zlib.error:
        raise _corrupt(file_name) from None
    if not inflater.eof and len(text) <= most:
        raise _corrupt(file_name)
    return text


_CONTROL = re.compile("[\x00-\x1f\x7f]")


def _check_names(names: set[str], file_name: str) -> None:
    for name in names:
        parts = name.split("/")
        if (
            ".." in parts
            or name.startswith("/")
            or re.match(r"[a-z]:", name)
            or _CONTROL.search(name)
        ):
            raise refused(
                "ZIP_NAMES", "Части книги названы так, как не бывает в книге", _ASK_AGAIN, file_name
            )
    # Some programs put the parts of a workbook at the root of the archive.
    if not names & {"xl/workbook.xml", "workbook.xml"}:
        raise refused("TYPE_MISMATCH", _what_zip(names), _SAVE_AS_XLSX, file_name)
    files = {name.rpartition("/")[2] for name in names}
    folders = {folder for name in names if name[-1:] != "/" for folder in name.split("/")[:-1]}
    if "vbaproject.bin" in files or folders & {"activex", "macrosheets", "embeddings"}:
        raise refused(
            "MACRO", "В книге есть макросы или вложенные объекты", _SAVE_AS_XLSX, file_name
        )
    if "connections.xml" in files or folders & {"externallinks", "querytables", "model"}:
        raise _external_link(file_name)


def _what_zip(names: set[str]) -> str:
    if "xl/workbook.bin" in names:
        return "Внутри файла не xlsx, а двоичная книга xlsb"
    if "word/document.xml" in names:
        return "Внутри файла не таблица, а документ Word"
    if "content.xml" in names:
        return "Внутри файла не xlsx, а документ OpenDocument"
    if any("worksheets/" in name for name in names):
        return "Книга устроена необычно: её части названы не так, как в Excel"
    return "Внутри файла не xlsx, а архив zip"


def _scan_part(name: str, text: bytes, limits: Limits, file_name: str) -> None:
    # A search for bytes is blind to UTF-16, and so is the reader: it would see an empty sheet.
    if name.endswith((".xml", ".rels")) and (text.startswith(_UTF16_BOMS) or b"\0" in text[:4]):
        raise _corrupt(file_name)
    if b"!" in text and (b"<!DOCTYPE" in text or b"<!ENTITY" in text):
        raise refused(
            "DTD_FORBIDDEN",
            "Книга устроена не так, как её сохраняет Excel",
            _ASK_AGAIN,
            file_name,
        )
    if name.endswith(".rels"):
        outside = []

        def relation(_: str, attributes: dict[str, str]) -> None:
            if attributes.get("TargetMode") == "External":
                outside.append(attributes.get("Type", ""))

        if not each_element(text, relation):
            raise _corrupt(file_name)
        if not all(kind.endswith("/hyperlink") for kind in outside):
            raise _external_link(file_name)
    elif name == "[content_types].xml" and b"macroEnabled" in text:
        raise refused("MACRO", "В книге есть макросы", _SAVE_AS_XLSX, file_name)
    # A search costs little; taking every reference apart costs as much as reading the workbook.
    # So only a part is taken apart that has a cell written otherwise than `<c r="B7"`, or outside
    # the limits. A prefixed cell (`<x:c`) is as good to a reader.
    if _doubtful_cell(limits).search(text) or _PREFIXED_CELL.search(text):
        _check_extent(text, limits, file_name)


# Without one of these a sheet has neither an error nor a formula nor a hidden row. A sheet of
# numbers and shared strings hardly has the letter, which is found at once where it is; else a
# search costs little beside reading. A part that writes its elements with a prefix is parsed.
_SIGNS = (
    (b"e", re.compile(rb'"e"')),
    (b"'", re.compile(rb"'e'")),
    (b"f", re.compile(rb"<f[\s/>]")),
    (b"h", re.compile(rb"<row\s[^<>]*hidden")),
)
_PREFIX = re.compile(rb"<[\w.-]+:worksheet[\s>]")


def is_worth_parsing(text: bytes) -> bool:
    """Whether a part may hold what fast readers do not tell (`faults`)."""
    start, end = max(text.find(b"<sheetData"), 0), text.rfind(b"</sheetData")
    start += len(b"<sheetData")
    return _PREFIX.search(text[:4096]) is not None or any(
        text.find(letter, start, end) >= 0 and sign.search(text) for letter, sign in _SIGNS
    )


@cache
def _doubtful_cell(limits: Limits) -> re.Pattern[bytes]:
    rows = _up_to(str(limits.rows + _ROWS_AROUND_DATA), "1", "0-9")
    columns = _up_to(column_letter(limits.columns - 1), "A", "A-Z")
    return re.compile(rf'<c(?! r="(?:{columns})(?:{rows})"[ />])[\s/>]'.encode("ascii"))


# The properties of every workbook hold `xmlns:cp` and `<dc:creator>`, which are no cells.
_PREFIXED_CELL = re.compile(rb":c[\s/>]")
_REFERENCE = re.compile(r"\s*([A-Za-z]{0,7})([0-9]{0,9})")


def each_element(text: bytes, tell: Callable[[str, dict[str, str]], None]) -> bool:
    """Tell the elements of a part, name without prefix and attributes; whether it is whole."""
    parser = expat.ParserCreate()
    parser.StartElementHandler = lambda name, attributes: tell(name.rpartition(":")[2], attributes)
    try:
        parser.Parse(text, True)
    except expat.ExpatError:
        return False
    return True


def _check_extent(text: bytes, limits: Limits, file_name: str) -> None:
    """The true extent of the cells that hold something, from their references."""
    row = column = last_row = last_column = cells = 0
    number = 0  # of the row that a cell names, which may be another than the one it stands in

    def element(name: str, attributes: dict[str, str]) -> None:
        nonlocal row, column, number, cells, last_row, last_column
        if name == "row":
            digits = _reference(attributes)[1]
            row = int(digits) if digits else row + 1
            column = 0
        elif name == "c":
            letters, digits = _reference(attributes)
            column = column_number(letters) if letters else column + 1
            number = int(digits) if digits else row
        # A cell without these is formatted and empty: readers pass over it.
        if name in ("v", "is", "f") or (name == "c" and attributes.get("t") == "e"):
            cells += name != "f"
            last_row, last_column = max(last_row, number), max(last_column, column)

    each_element(text, element)  # a picture may hold such bytes and be no XML
    rows_allowed = limits.rows + _ROWS_AROUND_DATA
    if last_row <= rows_allowed and last_column <= limits.columns:
        return
    if last_row * last_column > _SPARSE * cells:
        raise refused(
            "SHEET_EXTENT",
            "Ячейки листа разбросаны слишком широко: последняя стоит в строке"
            f" {integer(last_row)}, столбце {column_letter(last_column - 1)}",
            "Удалите лишние строки и столбцы и положите файл снова",
            file_name,
        )
    if last_row > rows_allowed:
        raise too_many_rows(last_row, limits, file_name)
    raise too_many_columns(last_column, limits, file_name)


def _reference(attributes: dict[str, str]) -> tuple[str, str]:
    written = _REFERENCE.match(attributes.get("r", ""))
    return (written.group(1), written.group(2)) if written else ("", "")


def too_many_rows(found: int, limits: Limits, file_name: str) -> Exception:
    """The refusal ROWS."""
    return refused(
        "ROWS",
        f"В таблице {counted(found, 'строка', 'строки', 'строк')}, можно до {integer(limits.rows)}",
        "Проверьте, тот ли это файл; если да, увеличьте предел в файле include/sources.yaml",
        file_name,
    )


def too_many_columns(found: int, limits: Limits, file_name: str) -> Exception:
    """The refusal COLS."""
    columns = counted(found, "столбец", "столбца", "столбцов")
    return refused(
        "COLS",
        f"В таблице {columns}, можно до {integer(limits.columns)}",
        "Проверьте, тот ли это файл; если да, увеличьте предел в файле include/sources.yaml",
        file_name,
    )


def column_letter(index: int) -> str:
    """The letters of a column by its 0-based index: 0 → A, 26 → AA, 16383 → XFD."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def column_number(letters: str) -> int:
    """The 1-based number of a column by its letters: A → 1, XFD → 16384."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


def _up_to(last: str, first: str, others: str) -> str:
    """A regular expression of the whole numbers, or of the letters of columns, up to `last`.

    `first` is the lowest sign that may stand first, `others` the range of those after it. What is
    most frequent comes first, and nothing once taken is given back: each cell is looked at.
    """
    places = len(last) - 1
    cases = []
    if last[0] > first:
        cases.append(f"[{first}-{chr(ord(last[0]) - 1)}][{others}]{{0,{places}}}+")
    if places:
        cases.append(f"[{last[0]}-{others[-1]}][{others}]{{0,{places - 1}}}+")
    for place in range(1, places + 1):
        if last[place] > others[0]:
            lower = f"[{others[0]}-{chr(ord(last[place]) - 1)}]"
            cases.append(f"{last[:place]}{lower}[{others}]{{{places - place}}}")
    return "|".join([*cases, last])


def _corrupt(file_name: str) -> Exception:
    return refused(
        "CORRUPT", "Файл не открывается: он повреждён или передан не целиком", _ASK_AGAIN, file_name
    )


def _zip_limit(detail: str, file_name: str) -> Exception:
    return refused(
        "ZIP_LIMIT", f"Книга устроена опасно для чтения: {detail}", _ASK_AGAIN, file_name
    )


def _external_link(file_name: str) -> Exception:
    return refused(
        "EXTERNAL_LINK",
        "В книге есть связи с другими файлами или источниками данных",
        "Скопируйте таблицу в новую книгу как значения и положите файл снова",
        file_name,
    )
