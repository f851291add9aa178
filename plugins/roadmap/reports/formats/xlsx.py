"""The appendix: one fact per row, native numbers, ready to filter and to print (docs/look.md §5).

Every text is written as a string, whatever sign it begins with: a workbook of ours holds no
formula, no link and nothing of another workbook.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterator
from datetime import date, datetime, time
from functools import cache
from typing import Any

import xlsxwriter

from roadmap import russian
from roadmap.reports.formats.native import native, number_format
from roadmap.reports.model import Cell, ReportModel, Row, Sheet, Table
from roadmap.reports.words.typeface import (
    SANS,
    SANS_BOLD,
    SOFT_HYPHEN,
    hyphenated,
    printable,
    text_width_mm,
)

TITLE_ROW, SUBTITLE_ROW, SIGNS_ROW, HEAD_ROW = 0, 1, 2, 4
FIRST_ROW = HEAD_ROW + 1  # of the facts; row n of the model's table stands n rows below

INK, INK_2, LINE = "#18202B", "#465162", "#DDE2E9"
PALE_BLUE, PALE_RED, PALE_GREY = "#E9F0F9", "#FBE7E5", "#F1F4F8"
ACCENT, RED = "#1B4E8C", "#A3221B"

_SIZE_PT = 10.0
_LINE_PT = 13.0
_ROW_PT = 17.0
_MM_PER_CHARACTER = 7 / 96 * 25.4  # a column is measured in digits of Arial 10, 7 pixels each
_MM_PER_INCH = 25.4
_A4 = 9
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
_NOT_IN_SHEET_TITLES = re.compile(r"[\[\]:*?/\\]")


def render_xlsx(model: ReportModel) -> bytes:
    """The appendix as a workbook; the same model gives the same bytes."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, _options())
    dated = datetime.combine(model.as_of, time())
    book.set_properties(
        {
            "title": f"Приложение 500+. {printable(model.addressee.name)}",
            "author": printable(model.institution.short_name),
            "created": dated,
        }
    )
    formats = _Formats(book)
    for sheet in model.appendix:
        _write_sheet(book, formats, model, sheet)
    book.close()
    return out.getvalue()


def _options() -> dict[str, object]:
    # Made anew for each workbook, since the library changes what it is given.
    return {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "default_format_properties": {"font_name": "Arial", "font_size": 10, "font_color": INK},
    }


def sheet_title(title: str) -> str:
    """The title as a workbook takes it: at most 31 signs, without those it forbids."""
    return _NOT_IN_SHEET_TITLES.sub(" ", printable(title)).strip("' ")[:31]


class _Formats:
    """The workbook's formats by their properties; a workbook keeps each once."""

    def __init__(self, book: Any) -> None:
        self._get = cache(lambda properties: book.add_format(dict(properties)))
        self.cell = cache(self._cell)  # there are thousands of cells, and a few looks

    def get(self, **properties: object) -> Any:
        return self._get(tuple(sorted(properties.items())))

    def _cell(
        self, align: str, number: str | None, *, row_kind: str, is_sentence: bool,
        at_threshold: bool, is_tall: bool, is_text: bool, is_like_formula: bool,
    ) -> Any:  # fmt: skip
        properties: dict[str, object] = {
            "bottom": 1,
            "bottom_color": LINE,
            "valign": "top" if is_tall else "vcenter",
            "align": align,
            "indent": int(align == "left"),  # away from the number in the column before
        }
        if number:
            properties["num_format"] = number
        if is_text:
            properties["text_wrap"] = is_tall and align == "left"
            properties["quote_prefix"] = is_like_formula
        if row_kind in ("total", "comparison"):
            properties |= {"bold": True, "bg_color": PALE_GREY}
        if row_kind == "group":
            properties["bold"] = True
        if is_sentence:
            properties["font_color"] = INK_2
        if at_threshold:
            properties |= {"bold": True, "font_color": RED, "bg_color": PALE_RED}
        return self.get(**properties)


def _write_sheet(book: Any, formats: _Formats, model: ReportModel, sheet: Sheet) -> None:
    page = book.add_worksheet(sheet_title(sheet.title))
    table = sheet.table
    widths = [column.width for column in table.columns]
    for index, width in enumerate(widths):
        page.set_column(index, index, width)
    _write_top(page, formats, sheet, widths)
    _write_head(page, formats, table)
    last = HEAD_ROW
    for index, row in enumerate(table.rows):
        last = FIRST_ROW + index
        _write_row(page, formats, table, row, last)
    bottom = last
    for note in table.notes:
        bottom = bottom + (2 if bottom == last else 1)
        _write_line(page, formats, bottom, note, widths, font_color=INK_2, font_size=9)
    page.hide_gridlines(2)
    page.freeze_panes(FIRST_ROW, 1)
    if len(widths) > 2 and table.rows:
        page.autofilter(HEAD_ROW, 0, last, len(widths) - 1)
    _set_print(page, model, sheet, bottom, len(widths) - 1)


def _write_top(page: Any, formats: _Formats, sheet: Sheet, widths: list[float]) -> None:
    page.set_row(TITLE_ROW, 21)
    page.write_string(
        TITLE_ROW,
        0,
        printable(sheet.heading),
        formats.get(bold=True, font_size=13, valign="top", indent=1),
    )
    _write_line(page, formats, SUBTITLE_ROW, sheet.subtitle, widths, font_color=INK_2)
    _write_line(page, formats, SIGNS_ROW, sheet.signs, widths, font_color=INK_2)


def _write_line(
    page: Any, formats: _Formats, row: int, text: str, widths: list[float], **look: object
) -> None:
    """A line that runs over the empty cells to its right, wrapped where they do not reach."""
    text = printable(text)
    if not text:
        return
    room = sum(widths) * _MM_PER_CHARACTER
    lines = math.ceil(text_width_mm(text, SANS, _SIZE_PT) * 1.05 / room)
    page.set_row(row, _ROW_PT + _LINE_PT * (lines - 1))
    form = formats.get(valign="top", text_wrap=lines > 1, indent=1, **look)
    if lines > 1 and row < HEAD_ROW and len(widths) > 1:
        page.merge_range(row, 0, row, len(widths) - 1, "", form)
    page.write_string(row, 0, text, form)


def _write_head(page: Any, formats: _Formats, table: Table) -> None:
    titles = [
        fitted(f"{column.group}: {column.title}" if column.group else column.title, column.width)
        for column in table.columns
    ]
    lines = max(
        _lines(title, column.width, bold=True)
        for title, column in zip(titles, table.columns, strict=True)
    )
    page.set_row(HEAD_ROW, _LINE_PT * max(lines, 2) + 5)
    for index, (title, column) in enumerate(zip(titles, table.columns, strict=True)):
        form = formats.get(
            bold=True,
            bg_color=PALE_BLUE,
            bottom=1,
            bottom_color=ACCENT,
            text_wrap=True,
            align=column.align,
            indent=int(column.align == "left"),
            valign="bottom",
        )
        page.write_string(HEAD_ROW, index, title, form)


def fitted(title: str, width: float) -> str:
    """The heading with a hyphen and a line break in a word that the column cannot hold."""
    room = _room_mm(width)
    return " ".join(_fitted_word(word, room) for word in printable(title).split(" "))


def _fitted_word(word: str, room: float) -> str:
    lines, line = [], ""
    for part in hyphenated(word).split(SOFT_HYPHEN):
        if line and text_width_mm(f"{line}{part}-", SANS_BOLD, _SIZE_PT) > room:
            lines.append(f"{line}-")
            line = ""
        line += part
    whole = text_width_mm(word, SANS_BOLD, _SIZE_PT) <= room
    return word.replace(SOFT_HYPHEN, "") if whole else "\n".join([*lines, line])


def _write_row(page: Any, formats: _Formats, table: Table, row: Row, at: int) -> None:
    is_bold = row.kind in ("total", "comparison", "group")
    cells = [(cell, native(cell.value), align, width) for cell, align, width in _cells(table, row)]
    lines = max(
        _lines(str(value), width, bold=is_bold) if align == "left" else 1
        for _, value, align, width in cells
    )
    for index, (cell, value, align, _) in enumerate(cells):
        is_text = isinstance(value, str)
        form = formats.cell(
            align,
            number_format(cell.value, at_threshold=cell.at_threshold),
            row_kind=row.kind,
            is_sentence=row.kind == "message"
            or cell.value.kind in ("suppressed", "no_data", "not_held"),
            at_threshold=cell.at_threshold,
            is_tall=lines > 1,
            is_text=is_text,
            is_like_formula=isinstance(value, str) and value.startswith(_FORMULA_STARTS),
        )
        if value == "":
            page.write_blank(at, index, None, form)
        elif is_text:
            page.write_string(at, index, value, form)
        elif isinstance(value, date):
            page.write_datetime(at, index, datetime.combine(value, time()), form)
        else:
            page.write_number(at, index, value, form)
    page.set_row(at, _ROW_PT + _LINE_PT * (lines - 1))


def _cells(table: Table, row: Row) -> Iterator[tuple[Cell, str, float]]:
    """Each cell with its column's alignment and width; a short row goes on with empty cells."""
    for index, column in enumerate(table.columns):
        is_sentence = row.kind == "message" and index == 1
        # A sentence may run on over the empty cells to its right.
        width = sum(c.width for c in table.columns[1:]) if is_sentence else column.width
        cell = row.cells[index] if index < len(row.cells) else _EMPTY
        yield cell, "left" if is_sentence else column.align, width


_EMPTY = Cell.model_validate({"value": {"kind": "words", "text": ""}})


def _room_mm(width: float) -> float:
    return width * _MM_PER_CHARACTER - 2.5  # less an indent and the cell's own margins


def _lines(text: str, width: float, *, bold: bool) -> int:
    """How many lines the text takes in a column of `width` characters."""
    font, room = SANS_BOLD if bold else SANS, _room_mm(width)
    space = text_width_mm(" ", font, _SIZE_PT)
    lines = 0
    for paragraph in text.split("\n"):
        lines, used = lines + 1, 0.0
        for word in paragraph.split(" "):
            length = text_width_mm(word, font, _SIZE_PT)
            if used and used + space + length > room:
                lines, used = lines + 1, 0.0
            used += length + (space if used else 0.0)
    return lines


def _set_print(page: Any, model: ReportModel, sheet: Sheet, bottom: int, right: int) -> None:
    page.set_landscape()
    page.set_paper(_A4)
    page.set_margins(
        left=15 / _MM_PER_INCH,
        right=10 / _MM_PER_INCH,
        top=15 / _MM_PER_INCH,
        bottom=15 / _MM_PER_INCH,
    )
    page.fit_to_pages(1, 0)
    page.repeat_rows(HEAD_ROW)
    page.print_area(0, 0, bottom, right)
    # An ampersand begins a code of the footer; two of them are one sign.
    name = printable(model.addressee.name).replace("&", "&&")
    page.set_footer(
        f"&L&8Приложение 500+, {name}, {russian.day(model.as_of)}&R&8Лист &A, стр. &P из &N",
        {"margin": 8 / _MM_PER_INCH},
    )
