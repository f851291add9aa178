"""A csv file as rows of text: encoding, separator and widths, by the heading alone."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from functools import lru_cache
from itertools import islice
from typing import Any

from roadmap.evidence.messages import refused
from roadmap.evidence.names import comparable
from roadmap.russian import counted

Row = list[Any]  # texts; None where a cell is empty

_SEPARATORS = (";", "\t", ",")
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_HEAD_LINES = 30
# Encodings that decode as cp1251 without an error and give other letters.
_LOOK_ALIKES = {"koi8-r": "KOI8-R", "cp866": "DOS (cp866)", "mac-cyrillic": "Mac"}
_SAVE_AS_CSV = "Сохраните таблицу заново как «CSV UTF-8» и положите файл снова"


_title = lru_cache(maxsize=4096)(comparable)


def rows_of(content: bytes, file_name: str, titles: Sequence[str], ragged: bool) -> list[Row]:
    """The rows of a csv, empty cells None; row i stands at line i + 1 of the file.

    `titles` decide encoding and separator. Unless `ragged`, all rows below the heading are as
    wide as it. Raises FileRefused: ENCODING, CSV_SYNTAX, BINARY, EMPTY.
    """
    text = _decoded(content, file_name, titles)
    ended = text.rstrip("\x1a\r\n ")
    if "\x1a" in text[len(ended) :]:  # Ctrl-Z, with which DOS ended a text
        text = ended
    separator = _separator(text, titles)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    rows: list[Row] = []
    try:
        for cells in reader:
            # A cell with line breaks spans several lines: rows keep the numbers of lines.
            rows.extend([] for _ in range(reader.line_num - 1 - len(rows) - _breaks(cells)))
            rows.append([cell or None for cell in cells])
    except csv.Error:
        raise refused(
            "CSV_SYNTAX",
            "Таблица не читается: кавычка не закрыта или ячейка слишком длинная",
            _SAVE_AS_CSV,
            file_name,
            row=len(rows) + 1,
        ) from None
    if not ragged:
        _check_widths(rows, titles, file_name)
    return rows


def _breaks(cells: list[str]) -> int:
    return sum(cell.count("\n") for cell in cells)


def _check_widths(rows: list[Row], titles: Sequence[str], file_name: str) -> None:
    """Every row below the heading has its cells; empty ones may follow."""
    filled = [row for row in rows if any(cell is not None for cell in row)]
    if not filled:
        raise refused("EMPTY", "Файл пуст", "Положите файл с данными", file_name)
    wanted = {_title(title) for title in titles}

    def looks_like_heading(row: Row) -> tuple[int, int]:
        names = {_title(cell) for cell in row if cell is not None}
        return len(wanted & names), len(names)

    heading = max(filled[:_HEAD_LINES], key=looks_like_heading)
    width = max(at for at, cell in enumerate(heading, start=1) if cell is not None)
    below = False
    for number, row in enumerate(rows, start=1):
        below = below or row is heading
        if not below or not any(cell is not None for cell in row):
            continue
        while len(row) > width and row[-1] is None:
            row.pop()
        if len(row) != width:
            raise refused(
                "CSV_SYNTAX",
                f"В строке {counted(len(row), 'ячейка', 'ячейки', 'ячеек')} вместо {width}",
                "Проверьте разделители и кавычки в этой строке и положите файл снова",
                file_name,
                row=number,
            )


def _decoded(content: bytes, file_name: str, titles: Sequence[str]) -> str:
    """UTF-8, UTF-16 by its mark, else cp1251; the known titles decide, never statistics."""
    text = None
    encodings = ("utf-16",) if content.startswith(_UTF16_MARKS) else ("utf-8-sig", "cp1251")
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        break
    if text is not None and "\0" in text:
        raise refused("BINARY", "В тексте файла есть недопустимые знаки", _SAVE_AS_CSV, file_name)
    broken = text is None or "\ufffd" in text
    if text is not None:
        text = text.lstrip("\ufeff")  # some programs write the mark of UTF-8 twice
    if text is not None and not broken and (not titles or _knows(text, titles)):
        return text
    found = _look_alike(content, titles) or (_spoiled(text, titles) if text else None)
    if found:
        raise refused("ENCODING", f"Кодировка файла — {found}", _SAVE_AS_CSV, file_name)
    if text is None or broken:
        raise refused("ENCODING", "Кодировка файла не распознана", _SAVE_AS_CSV, file_name)
    return text


def _look_alike(content: bytes, titles: Sequence[str]) -> str | None:
    for encoding, name in _LOOK_ALIKES.items():
        if _knows(content.decode(encoding, "replace"), titles):
            return name
    return None


def _spoiled(text: str, titles: Sequence[str]) -> str | None:
    """«РљРѕРґ», «Ð\x9aÐ¾Ð´»: UTF-8 once read in another encoding and saved so."""
    head = "\n".join(islice(text.splitlines(), _HEAD_LINES))
    for encoding in ("cp1251", "latin-1", "cp1252"):
        try:
            once = head.encode(encoding).decode("utf-8")
        except UnicodeError:
            continue
        if _knows(once, titles):
            return "испорченная UTF-8 (буквы вида «Рљ» или «Ð¡»)"
    return None


def _knows(text: str, titles: Sequence[str]) -> bool:
    wanted = {_title(title) for title in titles}
    for line in islice(text.splitlines(), _HEAD_LINES):
        for separator in _SEPARATORS:
            if wanted & {_title(cell.strip('"')) for cell in line.split(separator)}:
                return True
    return False


def _separator(text: str, titles: Sequence[str]) -> str:
    """From the heading line only: a decimal comma in the rows must not decide."""
    lines = [line for line in islice(text.splitlines(), _HEAD_LINES) if line.strip()]
    wanted = {_title(title) for title in titles}
    known = [
        (len(wanted & {_title(cell.strip('"')) for cell in line.split(separator)}), separator)
        for line in lines
        for separator in _SEPARATORS
    ]
    best = max(known, key=lambda pair: pair[0], default=(0, ";"))
    if best[0]:
        return best[1]
    for separator in _SEPARATORS:
        if any(line.count(separator) for line in lines):
            return separator
    return ";"
