"""«Сбор контекстных данных об ОО» of ФИС ОКО: a school's login of ВПР and its codes of ГИА.

The form has names, telephones and addresses of principals as well: nothing but codes and the
municipality is read, and no message quotes a cell.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from roadmap.evidence.files.grid import (
    BadCell,
    Cell,
    Heading,
    Sheet,
    holds_something,
    normal_title,
    read_sheets,
    text_of,
)
from roadmap.evidence.messages import refused
from roadmap.evidence.names import login_digits
from roadmap.evidence.parsed import Parsed, ReaderContext
from roadmap.evidence.readers.table import RowRejected, Table, cell_at
from roadmap.evidence.readers.vpr_layouts import municipality_named

_WITHIN = 15
_LOGIN, _MUNICIPALITY = "Пользователь", "Муниципалитет"
_CODES = {"Код ОГЭ": "oge_code", "Код ЕГЭ": "ege_code"}
_TITLES = (_LOGIN, *_CODES)
_NUMBER_OF_QUESTION = re.compile(r"^\d{1,3}\.\s*")
_CODE = re.compile(r"\d{2,12}")
_TO_DO = "Запросите исправленную форму; эта школа не учтена"


def read(content: bytes, context: ReaderContext) -> Parsed:
    """Facts `school_code`; a school without any code gives none. Raises FileRefused HEADER."""
    sheet, heading = _table(read_sheets(content, context.file_name, _TITLES), context)
    table = Table(sheet, heading, context, _TO_DO, ("школа", "школы", "школ"))
    login = table.column(_LOGIN)
    twice = RowRejected("CONFLICTING_DUPLICATE", "О школе две разные строки", login)
    for number, row in table.below():
        if not any(map(holds_something, row)):
            continue
        table.rows_read += 1
        try:
            digits = login_digits(str(cell_at(row, table.at[_LOGIN]) or ""))
            if digits is None:
                raise RowRejected("SCHOOL_LOGIN", "Логин не похож на логин школы", login)
            codes = {key: _code(table, row, title) for title, key in _CODES.items()}
        except RowRejected as problem:
            table.reject(number, problem)
            continue
        if not any(codes.values()):
            table.warn("Без кода ГИА", "Проверьте, есть ли у школы код, и впишите его в форму")
            continue
        named = cell_at(row, table.at.get(_MUNICIPALITY, len(row)))
        municipality = municipality_named(named) if isinstance(named, str) else None
        fact = {"vpr_login": digits, **codes, "municipality_ref": municipality}
        table.keep(digits, number, fact, 1, twice)
    return table.parsed("all", "school_code")


def _table(sheets: Sequence[Sheet], context: ReaderContext) -> tuple[Sheet, Heading]:
    """The first sheet with the heading, visible ones first; titles may have numbers."""
    known = {normal_title(title): title for title in (*_TITLES, _MUNICIPALITY)}
    for sheet in sorted(sheets, key=lambda sheet: sheet.is_hidden):
        for number, row in enumerate(sheet.rows[:_WITHIN]):
            titles = [_NUMBER_OF_QUESTION.sub("", normal_title(cell)) for cell in row]
            columns = {known[title]: at for at, title in enumerate(titles) if title in known}
            if columns.keys() >= set(_TITLES):
                return sheet, Heading(number, columns)
    raise refused(
        "HEADER",
        "Файл не принят: нет столбцов «Пользователь», «Код ОГЭ» и «Код ЕГЭ»",
        "Выгрузите форму сбора контекстных данных целиком, с листа о школах",
        context.file_name,
    )


def _code(table: Table, row: Sequence[Cell], title: str) -> str | None:
    """The digits of a code; what else stands there is not shown, it may be a person's."""
    try:
        text = text_of(cell_at(row, table.at[title]))
    except BadCell as bad:
        raise RowRejected(bad.rule, f"«{title}» не читается", table.column(title)) from None
    if text is not None and not _CODE.fullmatch(text):
        raise RowRejected("TYPE", f"«{title}» — не цифры", table.column(title))
    return text
