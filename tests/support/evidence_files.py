"""Small evidence files for tests, made on the spot."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date, time
from typing import Any

import xlsxwriter

from roadmap.datasets.catalogue import DATASETS
from roadmap.evidence.parsed import Parsed, ReaderContext
from roadmap.evidence.readers import register
from roadmap.evidence.registers.vocabulary import with_words
from roadmap.evidence.sources import load_sources
from roadmap.plan.load import load_plan

YEAR = 2021
_SOURCES = load_sources()
PLAN = load_plan("2021")

MUNICIPALITIES = [
    "Код", "Наименование", "Родительный падеж", "Краткое наименование",
    "Действует с", "Действует по", "Варианты написания",
]  # fmt: skip
SCHOOLS = [
    "Код школы", "Наименование", "Код муниципалитета", "Логин ВПР", "Код ГИА",
    "В проекте с", "В проекте по", "Действует с", "Действует по",
]  # fmt: skip
PEOPLE = [
    "Код лица", "Роль", "Код муниципалитета", "Код школы", "Действует с", "Действует по",
]  # fmt: skip
CONTACTS = ["Код муниципалитета", "Адрес", "Действует с", "Действует по"]
EVENTS = [
    "Код события", "№ мероприятия", "Вид", "Код семинара", "Тема", "Дата", "Состояние",
    "Участников",
]  # fmt: skip
ATTENDANCE = ["Код события", "Роль", "Код лица", "Код школы", "Присутствовал"]
ACTS = ["Код муниципалитета", "Вид акта", "Номер", "Дата", "Ссылка", "Основание"]
MECHANISMS = ["Код муниципалитета", "Компонент", "Балл", "Дата рекомендаций"]
DOCUMENTS = ["Код документа", "Показатель", "Наименование", "Номер", "Дата", "Состояние"]
EVENTS_WITH_HOSTS = [
    *EVENTS, "Код программы", "Вид площадки", "Площадка", "Предмет", "Класс", "Фактор риска",
    "Блок",
]  # fmt: skip
REGIONAL_ACTS = ["Код акта", "Документ", "Номер", "Дата", "Ссылка", "Состояние"]
OWN_SCHEDULE = ["№ мероприятия", "Срок", "Основание"]
SURVEYS = ["Респондент", "Код лица", "Код школы", "Анкета", "Состояние", "Дата закрытия"]
MEDK_DOCUMENTS = ["Код школы", "Документ", "Фактор риска", "Состояние", "Дата состояния"]
RISKS = ["Код школы", "Фактор риска", "Значимость", "Активирован", "Дата"]
CHANGES = [
    "Код школы", "Фактор риска", "Этап", "Позитивные изменения", "Подтверждение",
    "Дата отметки",
]  # fmt: skip
PROGRAMMES = [
    "Код программы", "№ мероприятия", "Наименование", "Площадка", "Состояние",
    "Дата утверждения", "Вид площадки",
]  # fmt: skip
DIRECTIONS = ["Код", "Год", "Направление", "Основание", "Состояние", "Дата"]
ACKNOWLEDGEMENTS = ["Код муниципалитета", "Код школы", "Этап", "Дата"]
PUBLICATIONS = ["Код", "Канал", "Вид", "Заголовок", "Ссылка", "Дата"]

SHEETS = {name: dataset.sheet for name, dataset in DATASETS.items() if dataset.sheet}


def workbook(sheet: str, rows: Sequence[Sequence[Any]]) -> bytes:
    """An xlsx with one sheet; dates and times are such cells, the rest as given."""
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(
        stream,
        {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        },
    )
    page = book.add_worksheet(sheet)
    day = book.add_format({"num_format": "dd.mm.yyyy"})
    hour = book.add_format({"num_format": "hh:mm:ss"})
    for row, cells in enumerate(rows):
        for column, cell in enumerate(cells):
            if isinstance(cell, date):
                page.write_datetime(row, column, cell, day)
            elif isinstance(cell, time):
                page.write_datetime(row, column, cell, hour)
            elif cell is not None:
                page.write(row, column, cell)
    book.close()
    return stream.getvalue()


def table_csv(
    rows: Sequence[Sequence[Any]], encoding: str = "utf-8", separator: str = ";"
) -> bytes:
    lines = [separator.join("" if cell is None else str(cell) for cell in row) for row in rows]
    return ("\r\n".join(lines) + "\r\n").encode(encoding)


def read_register(name: str, content: bytes, file_name: str = "файл.xlsx") -> Parsed:
    """The register by its real reader with its source's words, in this process."""
    source = _SOURCES[name]
    options = with_words(source.options_of(YEAR), PLAN)
    return register.read(content, ReaderContext(file_name, YEAR, options))
