"""The region's table of a diagnostic work: counts of marks by school (docs/domain.md §3.5).

Counts, not percents: the participants must be the sum of the marks, or the row is set aside.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Any

from roadmap.evidence.files.grid import (
    BadCell,
    Cell,
    Heading,
    Sheet,
    column_letter,
    column_name,
    day_of,
    decimal_of,
    find_table,
    integer_of,
    latin_letters,
    normal_title,
    read_sheets,
    text_of,
)
from roadmap.evidence.messages import place, refused, sentence
from roadmap.evidence.names import login_digits, municipality_ref
from roadmap.evidence.parsed import FileRefused, Parsed, ReaderContext, Rejected
from roadmap.evidence.readers.paper import Paper, known_subject, wave_of
from roadmap.russian import counted, decimal, integer

_SCHOOL, _NAME, _MUNICIPALITY = "Код ОО", "Наименование ОО", "Муниципалитет"
_SUBJECT, _GRADE, _DAY = "Предмет", "Класс", "Дата"
_PARTICIPANTS, _MEAN = "Кол-во участников", "Средний балл"
_MARKS = ("2", "3", "4", "5")
_REQUIRED = (_SCHOOL, _MUNICIPALITY, _SUBJECT, _GRADE, _DAY, _PARTICIPANTS, *_MARKS)
_OPTIONAL = (_NAME, _MEAN)
_MOST_PARTICIPANTS = 10_000
_FIRST_MONTH_OF_AUTUMN = 8  # the new school year; nothing is written in July
_TOTAL_ROW = re.compile(r"(?:итог|всего)")
_SCHOOL_CODE = re.compile(r"\d{3,8}")
_GRADE_TEXT = re.compile(r"(\d{1,2})(?:\s*(?:-й\s*)?класс\w*)?\.?")
_TO_DO = "Исправьте строку и положите файл снова; остальные строки приняты"


class _RowRejected(Exception):
    def __init__(self, rule: str, what: str, column: str) -> None:
        super().__init__(rule)
        self.rule = rule
        self.what = what
        self.column = column


def read(content: bytes, context: ReaderContext) -> Parsed:
    """Facts `mark_result` of schools, one subject, grade and half-year a file.

    Raises FileRefused: HEADER, TITLE (several works in one file), SUBJECT, PERIOD, EMPTY and
    those of `read_sheets`.
    """
    sheets = read_sheets(content, context.file_name, _REQUIRED)
    sheet, heading = find_table(sheets, _REQUIRED, optional=_OPTIONAL, file_name=context.file_name)
    table = _Table(sheet, heading, context)
    paper: Paper | None = None
    facts: dict[str, dict[str, Any]] = {}
    contradicted: set[str] = set()
    for number, row in table.data_rows():
        try:
            row_paper = table.paper(row)
            fact = table.fact(row)
        except _RowRejected as problem:
            table.reject(number, problem)
            continue
        if paper is not None and row_paper != paper:
            raise _several_works(context, sheet)
        paper = row_paper
        fact = {"sheet": sheet.name or None, "row": number, **paper.columns(), **fact}
        school = fact["school_ref"]
        earlier = facts.get(school)
        if earlier is not None and earlier | {"row": 0} == fact | {"row": 0}:
            table.warn("Повторённые строки, взяты один раз")
        elif earlier is not None or school in contradicted:
            contradicted.add(school)
            for twice in (number, *([earlier["row"]] if earlier else [])):
                table.reject(twice, table.contradiction())
            facts.pop(school, None)
        elif fact["participants"]:
            facts[school] = fact
        else:
            table.warn("Без участников")
    if paper is None:
        raise _nothing_read(context, sheet)
    return Parsed(
        scope=paper.scope,
        facts={"mark_result": list(facts.values())},
        rows_read=table.rows_read,
        rows_accepted=table.rows_read - len(table.rejected),
        rejected=tuple(table.rejected),
        warnings=table.warnings(),
    )


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


class _Table:
    """The rows below the heading, and what was said about them on the way."""

    def __init__(self, sheet: Sheet, heading: Heading, context: ReaderContext) -> None:
        self._sheet = sheet
        self._heading = heading
        self._at = heading.columns
        self._context = context
        self._warned: dict[str, int] = {}
        self.rows_read = 0
        self.rejected: list[Rejected] = []

    def data_rows(self) -> list[tuple[int, list[Cell]]]:
        """Rows with a school or a number; a row of totals is recognised and left out."""
        found = []
        for number, row in enumerate(
            self._sheet.rows[self._heading.row + 1 :], start=self._heading.row + 2
        ):
            cells = {title: self._cell(row, title) for title in self._at}
            if all(cell is None for cell in cells.values()):
                continue
            words = [normal_title(cells.get(title)) for title in (_SCHOOL, _NAME, _MUNICIPALITY)]
            if any(_TOTAL_ROW.match(word) for word in words):
                self.warn("Строки итогов пропущены")
            elif all(cells[title] is None for title in (_PARTICIPANTS, *_MARKS)):
                self.warn("Строки вне таблицы (подписи, примечания) пропущены")
            else:
                found.append((number, row))
        self.rows_read = len(found)
        return found

    def paper(self, row: list[Cell]) -> Paper:
        """The work a row belongs to; _RowRejected, or FileRefused SUBJECT and PERIOD."""
        subject_text = self._text(row, _SUBJECT)
        grade = _GRADE_TEXT.fullmatch(self._text(row, _GRADE))
        if grade is None:
            raise _RowRejected("TYPE", "Класс указан не числом", self._column(_GRADE))
        try:
            day = day_of(self._cell(row, _DAY))
        except BadCell as bad:
            raise _RowRejected(bad.rule, bad.what, self._column(_DAY)) from None
        if day is None:
            raise _RowRejected("MISSING", "Нет даты работы", self._column(_DAY))
        name, context = self._context.file_name, self._context
        subject = known_subject(subject_text, name, self._sheet.name or None)
        options = {"wave": _wave(day)}
        wave = wave_of(day.year, context.plan_year, options, name)
        return Paper("rdr", day.year, wave, int(grade.group(1)), subject)

    def fact(self, row: list[Cell]) -> dict[str, Any]:
        """The fact's own columns; _RowRejected where counts are missing or contradict."""
        scheme, school = self._school(row)
        participants = self._count(row, _PARTICIPANTS)
        marks = [self._count(row, mark) for mark in _MARKS]
        if sum(marks) != participants:
            letters = sorted(self._at[mark] for mark in _MARKS)
            raise _RowRejected(
                "TOTAL",
                f"Участников {integer(participants)}, а отметок в сумме {integer(sum(marks))}",
                f"{column_letter(letters[0])}–{column_letter(letters[-1])}",
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
            raise _RowRejected(
                "SCHOOL_CODE", "Код ОО не похож ни на код, ни на логин", self._column(_SCHOOL)
            )
        return "vpr_login", digits

    def _compare_mean(self, row: list[Cell], participants: int, marks: list[int]) -> None:
        if _MEAN not in self._at or not participants:
            return
        try:
            stated = decimal_of(self._cell(row, _MEAN))
        except BadCell:
            stated = None
        total = sum(int(mark) * count for mark, count in zip(_MARKS, marks, strict=True))
        if stated is not None and abs(Decimal(total) / participants - stated) > Decimal("0.051"):
            self.warn("Средний балл не сходится с отметками, взяты отметки")

    def _count(self, row: list[Cell], title: str) -> int:
        try:
            count = integer_of(self._cell(row, title))
        except BadCell as bad:
            raise _RowRejected(bad.rule, bad.what, self._column(title)) from None
        if count is None:
            raise _RowRejected("MISSING", f"Нет числа «{title}»", self._column(title))
        if not 0 <= count <= _MOST_PARTICIPANTS:
            what = f"Число невозможно: {decimal(count, 0)}"
            raise _RowRejected("RANGE", what, self._column(title))
        return count

    def _text(self, row: list[Cell], title: str) -> str:
        try:
            text = text_of(self._cell(row, title))
        except BadCell as bad:
            raise _RowRejected(bad.rule, bad.what, self._column(title)) from None
        if text is None:
            raise _RowRejected("MISSING", f"Пусто: «{title}»", self._column(title))
        return text

    def _cell(self, row: list[Cell], title: str) -> Cell:
        column = self._at[title]
        return row[column] if column < len(row) else None

    def _column(self, title: str) -> str:
        return column_name(self._at[title], title)

    def contradiction(self) -> _RowRejected:
        """About one school two different rows: neither is used."""
        what = "Об одной школе две разные строки"
        return _RowRejected("CONFLICTING_DUPLICATE", what, self._column(_SCHOOL))

    def reject(self, number: int, problem: _RowRejected) -> None:
        name = self._sheet.name or None
        where = place(self._context.file_name, name, number, problem.column)
        message = sentence(problem.what, where, _TO_DO)
        self.rejected.append(Rejected(problem.rule, message, name, number, problem.column))

    def warn(self, what: str) -> None:
        self._warned[what] = self._warned.get(what, 0) + 1

    def warnings(self) -> tuple[str, ...]:
        told = (
            f"{what}: {counted(times, 'строка', 'строки', 'строк')}."
            for what, times in self._warned.items()
        )
        return (*latin_letters(self._sheet.rows[self._heading.row]), *told)
