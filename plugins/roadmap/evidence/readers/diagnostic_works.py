"""The region's table of a diagnostic work: counts of marks by school (docs/domain.md §3.5).

Counts, not percents: the participants must be the sum of the marks, or the row is set aside. A
work of another kind (`options.kind`) may be told in levels instead (docs/domain.md §3.6).
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Any

from roadmap.evidence.files.grid import (
    Cell,
    Sheet,
    day_of,
    decimal_of,
    find_table,
    integer_of,
    normal_title,
    read_sheets,
    text_of,
)
from roadmap.evidence.messages import NOTHING_TO_DO, refused
from roadmap.evidence.names import login_digits, municipality_ref
from roadmap.evidence.parsed import FileRefused, Parsed, ReaderContext
from roadmap.evidence.readers.paper import Paper, known_subject, wave_of
from roadmap.evidence.readers.table import OUTSIDE, OUTSIDE_TO_DO, RowRejected, Table
from roadmap.russian import decimal, integer

_SCHOOL, _NAME, _MUNICIPALITY = "Код ОО", "Наименование ОО", "Муниципалитет"
_SUBJECT, _GRADE, _DAY = "Предмет", "Класс", "Дата"
_PARTICIPANTS, _MEAN = "Кол-во участников", "Средний балл"
_MARKS = ("2", "3", "4", "5")
_REQUIRED = (_SCHOOL, _MUNICIPALITY, _SUBJECT, _GRADE, _DAY, _PARTICIPANTS)
_OPTIONAL = (_NAME, _MEAN)
_MOST_PARTICIPANTS = 10_000
_FIRST_MONTH_OF_AUTUMN = 8  # the new school year; nothing is written in July
_TOTAL_ROW = re.compile(r"(?:итог|всего)")
_SCHOOL_CODE = re.compile(r"\d{3,8}")
_GRADE_TEXT = re.compile(r"(\d{1,2})(?:\s*(?:-й\s*)?класс\w*)?\.?")
_TO_DO = "Исправьте строку и положите файл снова; остальные строки приняты"


def read(content: bytes, context: ReaderContext) -> Parsed:
    """Facts `mark_result` of schools, one subject, grade and half-year a file.

    `options`: `kind` of procedure, its own `subjects`, the titles of the columns of its four
    `bands` from the lowest, its `wave` where the day does not say it. Raises FileRefused: HEADER,
    TITLE (several works in one file), SUBJECT, PERIOD, EMPTY and those of `read_sheets`.
    """
    titles = (*_REQUIRED, *_bands(context))
    sheets = read_sheets(content, context.file_name, titles)
    sheet, heading = find_table(sheets, titles, optional=_OPTIONAL, file_name=context.file_name)
    table = _Table(sheet, heading, context, _TO_DO)
    what = "Об одной школе две разные строки"
    twice = RowRejected("CONFLICTING_DUPLICATE", what, table.column(_SCHOOL))
    paper: Paper | None = None
    for number, row in table.data_rows():
        try:
            row_paper = table.paper(row)
            fact = table.fact(row)
        except RowRejected as problem:
            table.reject(number, problem)
            continue
        if paper is not None and row_paper != paper:
            raise _several_works(context, sheet)
        paper = row_paper
        fact = {**paper.columns(), **fact}
        table.keep(fact["school_ref"], number, fact, fact["participants"], twice)
    if paper is None:
        raise _nothing_read(context, sheet)
    return table.parsed(paper.scope, "mark_result")


def _bands(context: ReaderContext) -> tuple[str, ...]:
    return tuple(context.options.get("bands", _MARKS))


def _wave(day: date) -> str:
    """A work of grade 10 is written in autumn, one of grade 9 in spring: the day says which."""
    return "spring" if day.month < _FIRST_MONTH_OF_AUTUMN else "autumn"


def _several_works(context: ReaderContext, sheet: Sheet) -> FileRefused:
    return refused(
        "TITLE",
        "Файл не принят: в нём работы по разным предметам, классам или полугодиям",
        "Разделите его: по одной работе в файле",
        context.file_name,
        sheet=sheet.name or None,
    )


def _nothing_read(context: ReaderContext, sheet: Sheet) -> FileRefused:
    return refused(
        "EMPTY",
        "Файл не принят: в нём нет ни одной годной строки",
        "Проверьте таблицу и положите файл снова",
        context.file_name,
        sheet=sheet.name or None,
    )


class _Table(Table):
    def data_rows(self) -> list[tuple[int, list[Cell]]]:
        """Rows with a school or a number; a row of totals is recognised and left out."""
        rows = []
        for number, row in self.below():
            cells = {title: row[at] for title, at in self.at.items()}
            if all(cell is None for cell in cells.values()):
                continue
            words = [normal_title(cells.get(title)) for title in (_SCHOOL, _NAME, _MUNICIPALITY)]
            if any(_TOTAL_ROW.match(word) for word in words):
                self.warn("Строки итогов пропущены", NOTHING_TO_DO)
            elif all(cells[title] is None for title in (_PARTICIPANTS, *_bands(self.context))):
                self.warn(OUTSIDE, OUTSIDE_TO_DO)
            else:
                rows.append((number, row))
        self.rows_read = len(rows)
        return rows

    def paper(self, row: list[Cell]) -> Paper:
        """The work a row belongs to; RowRejected, or FileRefused SUBJECT and PERIOD."""
        subject_text = self._text(row, _SUBJECT)
        grade = _GRADE_TEXT.fullmatch(self._text(row, _GRADE))
        if grade is None:
            raise RowRejected("TYPE", "Класс указан не числом", self.column(_GRADE))
        day = self.value(row, _DAY, day_of)
        if day is None:
            raise RowRejected("MISSING", "Нет даты работы", self.column(_DAY))
        name, context = self.context.file_name, self.context
        options = {"wave": _wave(day), "kind": "rdr", "subjects": {}, **context.options}
        sheet = self.sheet.name or None
        subject = known_subject(subject_text, name, sheet, options["subjects"])
        wave = wave_of(day.year, context.plan_years[1], options, name)
        return Paper(options["kind"], day.year, wave, int(grade.group(1)), subject)

    def fact(self, row: list[Cell]) -> dict[str, Any]:
        """The fact's own columns; RowRejected where counts are missing or contradict."""
        scheme, school = self._school(row)
        participants = self._count(row, _PARTICIPANTS)
        bands = _bands(self.context)
        marks = [self._count(row, band) for band in bands]
        if sum(marks) != participants:
            raise RowRejected(
                "TOTAL",
                f"Участников {integer(participants)}, а отметок в сумме {integer(sum(marks))}",
                self.columns(bands),
            )
        self._compare_mean(row, participants, marks)
        return {
            "level": "school",
            "school_scheme": scheme,
            "school_ref": school,
            "municipality_ref": municipality_ref(self._text(row, _MUNICIPALITY)),
            "schools": None,
            "participants": participants,
            "absent": None,
            **{f"mark_{mark}": count for mark, count in zip(_MARKS, marks, strict=True)},
            "restored": 0,
        }

    def _school(self, row: list[Cell]) -> tuple[str, str]:
        code = self._text(row, _SCHOOL)
        # Six bare digits are a code of the ГИА here: a login begins with its letters.
        if _SCHOOL_CODE.fullmatch(code):
            return "gia_code", code
        digits = login_digits(code)
        if digits is None:
            raise RowRejected(
                "SCHOOL_CODE", "Код ОО не похож ни на код, ни на логин", self.column(_SCHOOL)
            )
        return "vpr_login", digits

    def _compare_mean(self, row: list[Cell], participants: int, marks: list[int]) -> None:
        if _MEAN not in self.at or not participants:
            return
        try:
            stated = self.value(row, _MEAN, decimal_of)
        except RowRejected:
            stated = None
        total = sum(int(mark) * count for mark, count in zip(_MARKS, marks, strict=True))
        if stated is not None and abs(Decimal(total) / participants - stated) > Decimal("0.051"):
            self.warn(
                "Средний балл не сходится с отметками, взяты отметки", "Проверьте, верны ли отметки"
            )

    def _count(self, row: list[Cell], title: str) -> int:
        count = self.value(row, title, integer_of)
        if count is None:
            raise RowRejected("MISSING", f"Нет числа «{title}»", self.column(title))
        if not 0 <= count <= _MOST_PARTICIPANTS:
            what = f"Число невозможно: {decimal(count, 0)}"
            raise RowRejected("RANGE", what, self.column(title))
        return count

    def _text(self, row: list[Cell], title: str) -> str:
        text = self.value(row, title, text_of)
        if text is None:
            raise RowRejected("MISSING", f"Пусто: «{title}»", self.column(title))
        return text
