"""Reads a register: a table with one fact a row, declared in `roadmap.datasets`.

Headings are found by content. A cell that breaks its column's grammar quarantines its row,
with a sentence that names the place, what was found and what to do. Values that only look
different (spaces, case, invisible characters) are put right, and said so where it matters.
An e-mail address is never quoted in a message.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from roadmap.datasets.catalogue import DATASETS
from roadmap.datasets.model import Column, Dataset, Kind
from roadmap.evidence.files.grid import (
    LOST_DIGITS,
    BadCell,
    Cell,
    Sheet,
    column_name,
    day_of,
    find_table,
    holds_something,
    integer_of,
    latin_letters,
    normal_title,
    read_sheets,
    text_of,
    the_sheet,
)
from roadmap.evidence.messages import place, refused, sentence
from roadmap.evidence.names import (
    comparable,
    latin_letter_in,
    login_digits,
    mixed_word,
    plan_words,
)
from roadmap.evidence.parsed import Parsed, ReaderContext, Rejected
from roadmap.evidence.registers.rows import Checked, Page, RegisterRow, check_lines
from roadmap.mailbox import AddressRefused, read_address
from roadmap.printable import unprintable
from roadmap.russian import day

EMPTY_CODES_END_THE_TABLE = 20
_LONGEST_TEXT = 500
_ALIKE = 0.7  # difflib's ratio from which a word looks like a slip of another
_MOST_CHOICES_SHOWN = 8  # of more, only those that look like what was found
_YEARS = (1990, 2100)  # a date outside is a slip of the pen

# Columns of personal data: registers know people by codes (152-ФЗ; docs/delivery.md §8, row 34).
_PERSONAL = re.compile(
    r"(?:^|\b)(?:фио|ф\. ?и\. ?о\b|фамилия|отчество|имя(?! файла)|дата рождения|снилс|паспорт"
    r"|телефон|серия документа|номер документа)"
)

_CODE = re.compile(r"[^\s|;\"'<>]{1,64}")
_MUNICIPALITY = re.compile(r"[a-z]{1,16}")
_DIGITS = re.compile(r"\d{2,12}")
_EXPONENT = re.compile(r"\d+(?:[.,]\d+)?[EeЕе][+-]\d+")  # what Excel makes of a long code
_LINK = re.compile(r"https?://[^\s<>\"']{1,400}")
_OF_REGISTRY = (
    _MUNICIPALITY, "кода муниципалитета",
    "Впишите код из реестра муниципалитетов, латинскими буквами",
)  # fmt: skip
# What the code of each kind looks like, what another is not, what to do.
_CODES = {
    Kind.CODE: (_CODE, "кода", "Впишите код без пробелов"),
    Kind.DIGITS: (_DIGITS, "кода", "Впишите цифры"),
    Kind.MUNICIPALITY: _OF_REGISTRY,
    Kind.ADDRESSEE: _OF_REGISTRY,
}


class _Bad(Exception):
    """A cell that its column refuses: rule, what was found, what to do."""

    def __init__(self, rule: str, what: str, to_do: str) -> None:
        super().__init__(rule)
        self.rule = rule
        self.what = what
        self.to_do = to_do


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
                values[column.key] = _value(cell, column, context.plan_year, warn)
        except _Bad as bad:
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
        raise refused(
            "PERIOD",
            f"Файл не принят: все даты вне {context.plan_year} года",
            "Проверьте год и папку, в которую положен файл",
            file_name,
            sheet=name,
        )
    return _parsed(check_lines(dataset, lines, page), rejected, warnings, len(rows))


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


# -- Cells -----------------------------------------------------------------------------------


def _value(cell: Cell, column: Column, plan_year: int, warn: Callable[[str], None]) -> Any:
    """The cell by its column's grammar; _Bad where it is none. Repairs are told by `warn`."""
    try:
        if column.kind is Kind.ADDRESS:
            return _address(cell, warn)
        value = _typed(cell, column, plan_year, warn)
    except BadCell as bad:
        to_do = bad.to_do or _TO_DO[column.kind]
        raise _Bad(bad.rule, f"Строка не принята: {bad.what}", to_do) from None
    if value is None and column.required:
        raise _Bad("MISSING", "Строка не принята: пусто", f"Впишите «{column.title}»")
    return value


_TO_DO: dict[Kind, str] = dict.fromkeys(Kind, "Впишите значение текстом") | {
    Kind.INTEGER: "Впишите число цифрами",
    Kind.DAY: "Впишите дату как дд.мм.гггг",
    Kind.DAY_OF_YEAR: "Впишите дату как дд.мм.гггг",
}


def _typed(cell: Cell, column: Column, plan_year: int, warn: Callable[[str], None]) -> Any:
    if column.kind is Kind.INTEGER:
        number = integer_of(cell)
        if number is not None and not 0 <= number <= 1_000_000:
            raise _Bad("RANGE", "Строка не принята: число вне разумных границ", "Проверьте число")
        return number
    if column.kind in (Kind.DAY, Kind.DAY_OF_YEAR):
        return _day(day_of(cell), column, plan_year)
    if column.kind is Kind.NAME:
        _refuse_controls(cell)
    if column.kind is Kind.CHOICE and isinstance(cell, bool):
        cell = "да" if cell else "нет"
    text = text_of(cell)
    if column.kind is Kind.VARIANTS:
        return [name for part in (text or "").split("|") if (name := part.strip())]
    if text is None:
        return None
    if isinstance(cell, str) and text != " ".join(cell.split()):
        warn("Невидимые знаки убраны")
    if len(text) > _LONGEST_TEXT:
        raise _Bad("RANGE", "Строка не принята: слишком длинный текст", "Сократите текст")
    if column.kind in (Kind.CHOICE, Kind.TEXT, Kind.NAME, Kind.PHRASE):
        value = _choice(text, column) if column.kind is Kind.CHOICE else text
        if latin := latin_letter_in(text):
            warn(latin)
        if odd := unprintable(text):
            warn(f"Знак «{odd}» в письмах и документах не печатается, его там нет; уберите его")
        return plan_words(text) if column.kind is Kind.PHRASE else value
    return _coded(text, column, warn)


def _day(value: date | None, column: Column, plan_year: int) -> str | None:
    if value is None:
        return None
    if column.kind is Kind.DAY_OF_YEAR and value.year != plan_year:
        raise _Bad(
            "PERIOD", f"Дата вне года плана: {day(value)}", "Проверьте год; строка не принята"
        )
    if not _YEARS[0] <= value.year <= _YEARS[1]:
        raise _Bad("RANGE", f"Строка не принята: дата {day(value)}", "Проверьте год")
    return value.isoformat()


def _choice(text: str, column: Column) -> Any:
    by_ref = {comparable(written): kept for written, kept in column.choices.items()}
    if comparable(text) in by_ref:
        return by_ref[comparable(text)]
    first: dict[Any, str] = {}  # of several ways to write one thing the first is told
    for written, kept in column.choices.items():
        first.setdefault(kept, written)
    allowed = list(first.values())
    if len(allowed) <= _MOST_CHOICES_SHOWN:
        words = " или ".join(f"«{written}»" for written in allowed)
        raise _Bad(
            "CHOICE",
            f"Строка не принята: «{_short(text)}» вместо {words}",
            "Впишите одно из этих слов",
        )
    names = {comparable(written): written for written in allowed}
    alike = difflib.get_close_matches(comparable(text), names, n=3, cutoff=_ALIKE)
    hint = f" (похоже на {', '.join(f'«{names[ref]}»' for ref in alike)})" if alike else ""
    raise _Bad(
        "CHOICE",
        f"Строка не принята: «{_short(text)}» нет в перечне{hint}",
        f"Впишите «{column.title}» словами перечня (docs/formats.md)",
    )


def _coded(text: str, column: Column, warn: Callable[[str], None]) -> str | None:
    if column.kind is Kind.LINK:
        if not _LINK.fullmatch(text):
            if column.required:
                raise _Bad(
                    "TYPE",
                    "Строка не принята: ссылка не похожа на адрес страницы",
                    "Впишите ссылку, которая начинается с https://",
                )
            warn("Ссылка не похожа на адрес страницы и пропущена")
            return None
        return text
    if column.kind is Kind.LOGIN:
        digits = login_digits(text)
        if digits is None:
            raise _Bad(
                "TYPE", "Строка не принята: это не логин ВПР", "Впишите логин вида sch440123"
            )
        return digits
    pattern, what, to_do = _CODES[column.kind]
    if _EXPONENT.fullmatch(text):
        raise _Bad("TYPE", f"Строка не принята: «{_short(text)}» вместо {what}", LOST_DIGITS)
    code = text.casefold() if pattern is _MUNICIPALITY else text
    if not pattern.fullmatch(code) or (code == "region" and column.kind is Kind.MUNICIPALITY):
        raise _Bad("TYPE", f"Строка не принята: «{_short(text)}» вместо {what}", to_do)
    if column.kind is Kind.CODE and mixed_word(text):
        warn("В коде смешаны русские и латинские буквы")
    return code


def _refuse_controls(cell: Cell) -> None:
    """A name ends in subjects of letters: what breaks a line there is not repaired."""
    if isinstance(cell, str):
        for char in cell.strip():
            if unicodedata.category(char) in ("Cc", "Zl", "Zp", "Cs"):
                raise _Bad(
                    "CONTROL",
                    "Строка не принята: в названии перенос строки или управляющий знак",
                    "Впишите название одной строкой",
                )


def _address(cell: Cell, warn: Callable[[str], None]) -> str:
    """One e-mail address as `mailbox.read_address` has it; the address itself is never quoted."""
    to_do = "Впишите один адрес вида imya@example.org"
    if not isinstance(cell, str) or text_of(cell) is None:
        raise _Bad("MISSING", "Строка не принята: нет адреса", to_do)
    try:
        address = read_address(cell)
    except AddressRefused as refused:
        raise _Bad(refused.code, f"Строка не принята: {refused}", to_do) from None
    if address != cell:
        warn("Адрес записан иначе (пробелы, прописные буквы, точка на конце или русский домен)")
    return address


def _short(text: str) -> str:
    """What may be quoted: never an address, and not much."""
    if "@" in text:
        return "адрес"
    return text if len(text) <= 40 else f"{text[:39]}…"
