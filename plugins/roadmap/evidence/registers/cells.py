"""Cells of registers by the grammar of their columns (docs/formats.md).

A cell that its column refuses says what was found and what to do; an e-mail address is never
quoted. Values that only look different are put right, with a warning.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Callable
from datetime import date
from typing import Any

from roadmap.datasets.model import Column, Kind
from roadmap.evidence.files.grid import (
    LOST_DIGITS,
    BadCell,
    Cell,
    day_of,
    integer_of,
    text_of,
)
from roadmap.evidence.names import (
    cleaned,
    comparable,
    latin_letter_in,
    login_digits,
    mixed_word,
    plan_words,
)
from roadmap.mailbox import AddressRefused, read_address
from roadmap.plan.part import NUMBER
from roadmap.plan.region import LONGEST_CODE, MUNICIPALITY_CODE, REGION
from roadmap.printable import unprintable
from roadmap.russian import day

_LONGEST_TEXT = 500
_ALIKE = 0.7  # difflib's ratio from which a word looks like a slip of another
_MOST_CHOICES_SHOWN = 8  # of more, only those that look like what was found
YEARS = (1990, 2100)  # of a date; outside is a slip of the pen

_CODE = re.compile(r"[^\s|;\"'<>]{1,64}")
_MUNICIPALITY = re.compile(f"(?=.{{1,{LONGEST_CODE}}}$){MUNICIPALITY_CODE}")
_MEASURE = re.compile(NUMBER)
_DIGITS = re.compile(r"\d{2,12}")
# What Excel makes of codes and writes into a csv: powers of ten and truth values, days and times.
_LOST = re.compile(r"\d+(?:[.,]\d+)?[eе][+-]\d+|истина|ложь|true|false", re.IGNORECASE)
_LIKE_A_DAY = re.compile(r"\d{1,2}\.\d{1,2}\.\d{4}|\d{1,2}\.[а-я]{3}|\d{1,2}:\d\d(?::\d\d)?")
_TRUTH = {"истина": "да", "true": "да", "ложь": "нет", "false": "нет"}
_LINK = re.compile(r"https?://[^\s<>\"']{1,400}")
_OF_REGISTRY = (
    _MUNICIPALITY, "кода муниципалитета",
    "Впишите код из реестра муниципалитетов, латинскими буквами",
)  # fmt: skip
# What the code of each kind looks like, what another is not, what to do.
_CODES = {
    Kind.CODE: (_CODE, "кода", "Впишите код без пробелов"),
    Kind.MEASURE: (_MEASURE, "номера мероприятия", "Впишите номер как в плане: 8 или 1.2"),
    Kind.DIGITS: (_DIGITS, "кода", "Впишите цифры"),
    Kind.MUNICIPALITY: _OF_REGISTRY,
    Kind.ADDRESSEE: _OF_REGISTRY,
}


class BadValue(Exception):
    """A cell that its column refuses: rule, what was found, what to do."""

    def __init__(self, rule: str, what: str, to_do: str) -> None:
        super().__init__(rule)
        self.rule = rule
        self.what = what
        self.to_do = to_do


def value_of(
    cell: Cell, column: Column, plan_years: tuple[int, int], warn: Callable[[str], None]
) -> Any:
    """The cell by its column's grammar; BadValue where it is none. `warn` takes repairs.

    `plan_years`: the first and the last year of the plan.
    """
    try:
        if column.kind is Kind.ADDRESS:
            return _address(cell, warn)
        value = _typed(cell, column, plan_years, warn)
    except BadCell as bad:
        to_do = bad.to_do or _TO_DO[column.kind]
        raise BadValue(bad.rule, f"Строка не принята: {bad.what}", to_do) from None
    if value is None and column.required:
        raise BadValue("MISSING", "Строка не принята: пусто", f"Впишите «{column.title}»")
    return value


_TO_DO: dict[Kind, str] = dict.fromkeys(Kind, "Впишите значение текстом") | {
    Kind.INTEGER: "Впишите число цифрами",
    Kind.DAY: "Впишите дату как дд.мм.гггг",
    Kind.DAY_OF_YEAR: "Впишите дату как дд.мм.гггг",
}


def _typed(
    cell: Cell, column: Column, plan_years: tuple[int, int], warn: Callable[[str], None]
) -> Any:
    if column.kind is Kind.INTEGER:
        number = integer_of(cell)
        if number is not None and not 0 <= number <= 1_000_000:
            raise BadValue(
                "RANGE", "Строка не принята: число вне разумных границ", "Проверьте число"
            )
        return number
    if column.kind in (Kind.DAY, Kind.DAY_OF_YEAR):
        return _day(day_of(cell), column, plan_years)
    if column.kind is Kind.NAME:
        _refuse_controls(cell)
    if column.kind is Kind.CHOICE and isinstance(cell, bool):
        cell = "да" if cell else "нет"
    text = text_of(cell)
    if column.kind is Kind.CHOICE and text is not None:
        text = _TRUTH.get(text.casefold(), text)
    if column.kind is Kind.VARIANTS:
        return [name for part in (text or "").split("|") if (name := part.strip())]
    if text is None:
        return None
    if isinstance(cell, str) and cleaned(cell) != " ".join(cell.split()):
        warn("Невидимые знаки убраны")
    if len(text) > _LONGEST_TEXT:
        raise BadValue("RANGE", "Строка не принята: слишком длинный текст", "Сократите текст")
    if column.kind in (Kind.CHOICE, Kind.TEXT, Kind.NAME, Kind.PHRASE):
        value = _choice(text, column) if column.kind is Kind.CHOICE else text
        if latin := latin_letter_in(text):
            warn(latin)
        if odd := unprintable(text):
            warn(f"Знак «{odd}» в письмах и документах не печатается, его там нет; уберите его")
        return plan_words(text) if column.kind is Kind.PHRASE else value
    return _coded(text, column, warn)


def _day(value: date | None, column: Column, plan_years: tuple[int, int]) -> str | None:
    if value is None:
        return None
    first, last = plan_years
    if column.kind is Kind.DAY_OF_YEAR and not first <= value.year <= last:
        of_plan = "года" if first == last else f"лет {first}–{last}"
        raise BadValue(
            "PERIOD", f"Дата вне {of_plan} плана: {day(value)}", "Проверьте год; строка не принята"
        )
    if not YEARS[0] <= value.year <= YEARS[1]:
        raise BadValue("RANGE", f"Строка не принята: дата {day(value)}", "Проверьте год")
    return value.isoformat()


def _choice(text: str, column: Column) -> Any:
    by_ref = {comparable(written): kept for written, kept in column.choices.items()}
    if comparable(text) in by_ref:
        return by_ref[comparable(text)]
    first: dict[Any, str] = {}  # of several ways to write one thing the first is told
    for written, kept in column.choices.items():
        first.setdefault(kept, written)
    allowed = list(first.values())
    if 0 < len(allowed) <= _MOST_CHOICES_SHOWN:
        *others, last = (f"«{written}»" for written in allowed)
        words = f"{', '.join(others)} или {last}" if others else last
        raise BadValue(
            "CHOICE",
            f"Строка не принята: «{_short(text)}» вместо {words}",
            "Впишите одно из этих слов",
        )
    names = {comparable(written): written for written in allowed}
    alike = difflib.get_close_matches(comparable(text), names, n=3, cutoff=_ALIKE)
    hint = f" (похоже на {', '.join(f'«{names[ref]}»' for ref in alike)})" if alike else ""
    raise BadValue(
        "CHOICE",
        f"Строка не принята: «{_short(text)}» нет в перечне{hint}",
        f"Впишите «{column.title}» словами перечня (docs/formats.md)",
    )


def _coded(text: str, column: Column, warn: Callable[[str], None]) -> str | None:
    if column.kind is Kind.LINK:
        if not _LINK.fullmatch(text):
            if column.required:
                raise BadValue(
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
            raise BadValue(
                "TYPE", "Строка не принята: это не логин ВПР", "Впишите логин вида sch440123"
            )
        return digits
    pattern, what, to_do = _CODES[column.kind]
    if _LOST.fullmatch(text):
        raise BadValue("TYPE", f"Строка не принята: «{_short(text)}» вместо {what}", LOST_DIGITS)
    code = text.casefold() if pattern is _MUNICIPALITY else text
    if not pattern.fullmatch(code) or (code == REGION and column.kind is Kind.MUNICIPALITY):
        raise BadValue("TYPE", f"Строка не принята: «{_short(text)}» вместо {what}", to_do)
    if column.kind is Kind.CODE and mixed_word(text):
        warn("В коде смешаны русские и латинские буквы")
    if _LIKE_A_DAY.fullmatch(text):
        warn("Код похож на дату или время: не изменил ли его Excel")
    return code


def _refuse_controls(cell: Cell) -> None:
    """A name ends in subjects of letters: what breaks a line there is not repaired."""
    if isinstance(cell, str):
        for char in cell.strip():
            if unicodedata.category(char) in ("Cc", "Zl", "Zp", "Cs"):
                raise BadValue(
                    "CONTROL",
                    "Строка не принята: в названии перенос строки или управляющий знак",
                    "Впишите название одной строкой",
                )


def _address(cell: Cell, warn: Callable[[str], None]) -> str:
    """One e-mail address as `mailbox.read_address` has it; the address itself is never quoted."""
    to_do = "Впишите один адрес вида imya@example.org"
    if not isinstance(cell, str) or text_of(cell) is None:
        raise BadValue("MISSING", "Строка не принята: нет адреса", to_do)
    try:
        address = read_address(cell)
    except AddressRefused as refused:
        raise BadValue(refused.code, f"Строка не принята: {refused}", to_do) from None
    if address != cell:
        warn("Адрес записан иначе (пробелы, прописные буквы, точка на конце или русский домен)")
    return address


def _short(text: str) -> str:
    """What may be quoted: never an address, and not much."""
    if "@" in text:
        return "адрес"
    return text if len(text) <= 40 else f"{text[:39]}…"
