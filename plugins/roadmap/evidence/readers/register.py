"""Reads a register: a table with one fact a row, declared in `roadmap.datasets`.

Headings are found by content. A cell that breaks its column's grammar quarantines its row,
with a sentence that names the place, what was found and what to do. Values that only look
different (spaces, case, invisible characters) are put right, and said so where it matters.
An e-mail address is never quoted in a message.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from roadmap.datasets.catalogue import DATASETS
from roadmap.datasets.model import Column, Dataset
from roadmap.evidence.files.grid import (
    Cell,
    Sheet,
    column_name,
    find_table,
    holds_something,
    latin_letters,
    normal_title,
    read_sheets,
    the_sheet,
)
from roadmap.evidence.messages import place, refused, sentence
from roadmap.evidence.parsed import Parsed, ReaderContext, Rejected
from roadmap.evidence.registers.cells import BadValue, value_of
from roadmap.evidence.registers.rows import Checked, Page, RegisterRow, check_lines
from roadmap.russian import day

EMPTY_CODES_END_THE_TABLE = 20
# Columns of personal data: registers know people by codes (152-ФЗ; docs/delivery.md §8, row 34).
_PERSONAL = re.compile(
    r"(?:^|\b)(?:фио|ф\. ?и\. ?о\b|фамилия|отчество|имя(?! файла)|дата рождения|снилс|паспорт"
    r"|телефон|серия документа|номер документа)"
)


def read(content: bytes, context: ReaderContext) -> Parsed:
    """The facts of the register `options["register"]`; as `roadmap.datasets` declares it.

    `options["choices"]` (column key → list of words, or as written → as kept) says what may
    stand in a column where the register itself does not know it, or knows only a part.
    `rows_read` counts rows with anything in them below the heading. FileRefused: SHEET,
    HEADER, PERSONAL_DATA, EMPTY, SCOPE (two events, two municipalities in one file), PERIOD
    (all dates are of another year).
    """
    dataset = DATASETS[context.options["register"]]
    columns = _with_choices(dataset, context.options.get("choices", {}))
    file_name = context.file_name
    titles = [column.title for column in columns]
    optional = [column.title for column in columns if column.may_be_absent]
    required = [title for title in titles if title not in optional]
    sheets = read_sheets(content, file_name, titles)
    if dataset.sheet is not None:
        sheets = [the_sheet(sheets, dataset.sheet, file_name)]
    for sheet in sheets:
        _refuse_personal_data(sheet, titles, file_name)
    sheet, heading = find_table(sheets, required, optional=optional, file_name=file_name)
    name = sheet.name or None
    page = Page(
        file_name,
        name,
        {
            column.key: column_name(heading.columns[column.title], column.title)
            for column in columns
            if column.title in heading.columns
        },
    )
    warnings = _about_sheet(sheet, heading.row, titles, page)

    lines: list[RegisterRow] = []
    rejected: list[Rejected] = []
    first = heading.columns[columns[0].title]
    rows = _data_rows(sheet.rows, heading.row + 1, first, page, warnings)
    for number, row in rows:
        values: dict[str, Any] = {}
        try:
            for column in columns:
                at = heading.columns.get(column.title, len(row))
                cell = row[at] if at < len(row) else None
                warn = _warner(warnings, page, number, column.key)
                values[column.key] = value_of(cell, column, context.plan_years, warn)
                if column.is_past and values[column.key] is not None:
                    _refuse_ahead(values[column.key], context)
        except BadValue as bad:
            rejected.append(
                Rejected(
                    rule=bad.rule,
                    message=sentence(bad.what, page.where([number], column.key), bad.to_do),
                    sheet=name,
                    row=number,
                    column=page.columns[column.key],
                )
            )
            continue
        lines.append(RegisterRow(number, values))
    if not rows:
        raise refused(
            "EMPTY",
            "Файл не принят: под заголовками нет ни одной строки",
            "Положите файл с данными",
            file_name,
            sheet=name,
        )
    if all(item.rule == "PERIOD" for item in rejected) and not lines:
        first, last = context.plan_years
        of_plan = f"{first} года" if first == last else f"{first}–{last} годов"
        raise refused(
            "PERIOD",
            f"Файл не принят: все даты вне {of_plan}",
            "Проверьте год и папку, в которую положен файл",
            file_name,
            sheet=name,
        )
    return _parsed(check_lines(dataset, lines, page), rejected, warnings, len(rows))


def _refuse_ahead(value: str, context: ReaderContext) -> None:
    """BadValue of a day after `options["today"]`, where that is known."""
    if value > context.options.get("today", value):
        raise BadValue(
            "RANGE",
            f"Строка не принята: {day(date.fromisoformat(value))} ещё не наступило",
            "Проверьте дату или положите строку, когда этот день пройдёт",
        )


def _with_choices(dataset: Dataset, given: Mapping[str, Any]) -> list[Column]:
    """The columns with the words that the source knows; a list stands for itself."""
    columns = []
    for column in dataset.table.columns:
        words = given.get(column.key, {})
        if not isinstance(words, Mapping):
            words = {word: word for word in words}
        columns.append(replace(column, choices={**column.choices, **words}))
    return columns


def _parsed(
    checked: Checked, rejected: list[Rejected], warnings: list[str], rows_read: int
) -> Parsed:
    everything = sorted([*rejected, *checked.rejected.values()], key=lambda item: item.row or 0)
    return Parsed(
        scope=checked.scope,
        facts=checked.facts,
        rows_read=rows_read,
        rows_accepted=rows_read - len(everything),
        rejected=tuple(everything),
        warnings=(*warnings, *checked.warnings),
    )


def _refuse_personal_data(sheet: Sheet, titles: Sequence[str], file_name: str) -> None:
    """Looks at headings only: a seminar on «Паспорт школы» is nobody's passport."""
    known = {normal_title(title) for title in titles}
    for row in sheet.rows[:15]:
        filled = [cell for cell in row if cell is not None]
        if len(filled) < 2:  # a title line above the table is no heading
            continue
        for at, cell in enumerate(row):
            title = normal_title(cell)
            if len(title) <= 60 and _PERSONAL.search(title):
                raise refused(
                    "PERSONAL_DATA",
                    "Файл не принят: в нём столбец с персональными данными",
                    "Удалите столбец: лица здесь обозначаются кодами. Копия файла не сохранена",
                    file_name,
                    sheet=sheet.name or None,
                    column=column_name(at),
                )
        if 2 * len(known & {normal_title(cell) for cell in row}) > len(known):
            return


def _about_sheet(sheet: Sheet, heading: int, titles: list[str], page: Page) -> list[str]:
    warnings = [*latin_letters([sheet.name, *sheet.rows[heading]])]
    where = place(page.file_name, page.sheet)
    known = {normal_title(title) for title in titles}
    unknown = [
        column_name(at)
        for at, cell in enumerate(sheet.rows[heading])
        if normal_title(cell) and normal_title(cell) not in known
    ]
    if unknown:
        warnings.append(
            sentence(f"Незнакомые столбцы пропущены: {', '.join(unknown)}", where, "Удалите лишние")
        )
    if sheet.is_hidden or sheet.hidden_rows:
        warnings.append(
            sentence("Скрытый лист или скрытые строки учтены", where, "Проверьте, что они нужны")
        )
    return warnings


def _data_rows(
    rows: Sequence[Sequence[Cell]], start: int, code: int, page: Page, warnings: list[str]
) -> list[tuple[int, Sequence[Cell]]]:
    """Rows with anything in them, to the end of the table: twenty empty codes in a row.

    Single cells of text without a code after the last row (a signature) are told and left out.
    """
    filled: list[tuple[int, Sequence[Cell]]] = []
    below: list[int] = []
    empty_codes = 0
    for index in range(start, len(rows)):
        row = rows[index]
        is_filled = any(holds_something(cell) for cell in row)
        if is_filled and empty_codes >= EMPTY_CODES_END_THE_TABLE:
            below.append(index + 1)
            break
        has_code = code < len(row) and holds_something(row[code])
        empty_codes = 0 if has_code else empty_codes + 1
        if not is_filled:
            continue
        filled.append((index + 1, row))
    while filled and _is_remark(filled[-1][1], code):
        below.append(filled.pop()[0])
    if below:
        warnings.append(
            sentence(
                "Под таблицей есть ещё текст, он пропущен",
                page.where([min(below)]),
                "Проверьте, не оторвались ли строки от таблицы",
            )
        )
    return filled


def _is_remark(row: Sequence[Cell], code: int) -> bool:
    filled = [at for at, cell in enumerate(row) if holds_something(cell)]
    return len(filled) == 1 and filled[0] != code


def _warner(warnings: list[str], page: Page, row: int, key: str) -> Callable[[str], None]:
    def warn(what: str) -> None:
        warnings.append(sentence(what, page.where([row], key), "Проверьте исходную таблицу"))

    return warn
