"""What protocols and appeals of the РЦОИ have in common (docs/domain.md §3.4).

Forms, title lines, codes, scores, and refusals. Names and documents of pupils
stand in columns that are never looked at; no message quotes a cell of a pupil's row.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from roadmap.evidence.files.grid import BadCell, Cell, Fault, decimal_of, text_of
from roadmap.evidence.messages import place, refused, sentence
from roadmap.evidence.names import municipality_ref
from roadmap.evidence.parsed import FileRefused, ReaderContext, Rejected
from roadmap.evidence.readers.paper import (
    BASE_MATHEMATICS,
    Paper,
    known_subject,
    subject_of,
    usual,
    wave_of,
)
from roadmap.russian import counted

SCHOOLS = ("Код ОО", "SchoolCode")
MUNICIPALITY = "Код МСУ"
MARKS = (2, 3, 4, 5)
HIGH_SCORES_FROM = 81

# «01 - Русский язык 2021.06.03», «Английский язык п.: 2021.06.18, у.: 2021.06.21» without a code,
# in a cell of its own «Математика(2021.06.02)».
_PAPER_LINE = re.compile(
    r"^(?P<code>\d{1,2}\s*[-–—]\s*)?(?P<subject>\D+?)[\s,(]*(?:[пу]\.?\s*:\s*)?"
    r"(?P<year>\d{4})\.(?P<month>\d{2})\.\d{2}"
)
_ORDINAL = re.compile(r"\d{1,7}(?:\.0)?")
_SCHOOL_CODE = re.compile(r"\d{3,8}")
# Re-takes are held in September and are another wave: they may not replace the exams of summer.
_FIRST_MONTH_OF_RETAKES = 9
_TO_DO = "Запросите исправленный протокол; эти участники не учтены"


@dataclass(frozen=True)
class Form:
    """What one exam's protocols have of their own.

    `scores`: names of the one column that is read, `lowest` and `highest` what it may hold;
    `rules`: what a row set aside is reported with, by rule.
    """

    kind: str
    grade: int
    scores: tuple[str, ...]
    lowest: int
    highest: int
    rules: Mapping[str, str]

    def of(self, paper: Paper) -> Form:
        """The form of this very paper: base mathematics of ЕГЭ has marks for scores."""
        return _BASE if paper.subject == BASE_MATHEMATICS else self


def _rules(score: str, no_score: str, lowest: int, highest: int) -> dict[str, str]:
    return {
        "SCORE_MISSING": no_score,
        "SCORE_TYPE": f"{score} — не целое число",
        "SCORE_RANGE": f"{score} меньше {lowest} или больше {highest}",
        "SCHOOL_CODE": "Код ОО пуст или не похож на код",
    }


_OF_MARKS = _rules("Оценка", "Нет оценки", MARKS[0], MARKS[-1])
_OF_POINTS = _rules("Тестовый балл", "Нет тестового балла", 0, 100)
# One column, named differently by regions and years; the last is that of csv with English names.
EGE = Form("ege", 11, ("Балл", "Тестовый балл"), 0, 100, _OF_POINTS)
OGE = Form("oge", 9, ("Оценка", "Mark5"), MARKS[0], MARKS[-1], _OF_MARKS)
_BASE = Form("ege", 11, ("Оценка",), MARKS[0], MARKS[-1], _OF_MARKS)


@dataclass
class Papers:
    """The exams of one file, of which one is read: the first, or that of the option `paper`."""

    wanted: str | None
    paper: Paper | None = None
    others: dict[str, None] = field(default_factory=dict)

    def is_other(self, paper: Paper) -> bool:
        """Whether rows of that exam are not those that are read."""
        if (self.wanted or (self.paper or paper).scope) != paper.scope:
            self.others[paper.scope] = None
            return True
        self.paper = paper
        return False


@dataclass(frozen=True)
class ExamFile:
    """The sheet that is read: which exams its titles name, and how its file is refused."""

    context: ReaderContext
    sheet: str

    def title_line(self, plain: str, form: Form) -> Paper | None:
        """The exam that a title line names; None for another line, be it with a date.

        Raises FileRefused: SUBJECT, PERIOD.
        """
        match = _PAPER_LINE.match(plain)
        if match is None or (match["code"] is None and subject_of(match["subject"]) is None):
            return None
        is_retake = int(match["month"]) >= _FIRST_MONTH_OF_RETAKES
        return self.paper(form, match["subject"], int(match["year"]), is_retake)

    def paper(self, form: Form, subject_text: str, year: int, is_retake: bool = False) -> Paper:
        """The exam of that name and year. Raises FileRefused: SUBJECT, PERIOD."""
        context = self.context
        options = {"wave": "autumn"} if is_retake else context.options
        wave = wave_of(year, context.plan_years[1], options, context.file_name)
        subject = known_subject(subject_text, context.file_name, self.sheet or None)
        if subject == BASE_MATHEMATICS and form.kind != EGE.kind:
            raise self.refusal("SUBJECT", f"«{subject}» сдают только на ЕГЭ")
        return Paper(form.kind, year, wave, form.grade, subject)

    def refusal(
        self,
        code: str,
        what: str,
        to_do: str = "Выгрузите протокол заново, по одному предмету в файле",
    ) -> FileRefused:
        """The refusal of the file, ready to be raised."""
        file_name = self.context.file_name
        return refused(code, f"Файл не принят: {what}", to_do, file_name, sheet=self.sheet or None)

    def rejected(
        self, rows_by_rule: Mapping[str, int], rules: Mapping[str, str], columns: Mapping[str, str]
    ) -> tuple[Rejected, ...]:
        """Rows of pupils set aside, by rule and number only; `columns` of each rule."""
        sheet = self.sheet or None
        kept = []
        for rule, rows in sorted(rows_by_rule.items()):
            many = counted(rows, "строка", "строки", "строк")
            where = place(self.context.file_name, sheet, column=columns[rule])
            message = sentence(f"{rules[rule]}: {many}", where, _TO_DO)
            kept.append(Rejected(rule, message, sheet, column=columns[rule], rows=rows))
        return tuple(kept)


# -- Rows and cells ----------------------------------------------------------------------------


def first_cell(row: Sequence[Cell]) -> str | None:
    """The first cell with a value, as text; None in an empty row.

    A number that is a formula without a saved value leaves the row a pupil's: a code follows.
    """
    return next(
        (str(cell).strip() for cell in row if cell != "" and not isinstance(cell, Fault)), None
    )


def is_numbered(first: str) -> bool:
    """Whether a row that begins so is a pupil's."""
    return _ORDINAL.fullmatch(first) is not None


def cell_of(row: Sequence[Cell], column: int) -> Cell:
    """The cell of a column; rows of a csv may be shorter than the heading."""
    return row[column] if column < len(row) else ""


def of_school(paper: Paper, sheet: str, code: str, municipalities: Counter[str]) -> dict[str, Any]:
    """What every fact of a school's exam begins with; of municipalities the one of most rows."""
    return {
        "sheet": sheet or None,
        "row": None,
        **paper.columns(),
        "school_scheme": "gia_code",
        "school_ref": code,
        "municipality_ref": usual(municipalities),
    }


def school_code(value: Cell) -> str | None:
    """The ГИА code of a school; None where the cell is no code."""
    text = _plain(value)
    return text if _SCHOOL_CODE.fullmatch(text) else None


def municipality_of(row: Sequence[Cell], column: int | None) -> str | None:
    """«Код МСУ» as facts keep it; None where it is empty or there is no such column."""
    return None if column is None else municipality_ref(_plain(cell_of(row, column))) or None


def score_of(value: Cell, form: Form) -> tuple[int, str | None]:
    """A whole score of the form, or the rule by which the row is set aside."""
    try:
        score = decimal_of(None if value == "" else value)
    except BadCell:
        return 0, "SCORE_TYPE"
    if score is None:
        return 0, "SCORE_MISSING"
    if score != int(score):
        return 0, "SCORE_TYPE"
    if not form.lowest <= score <= form.highest:
        return 0, "SCORE_RANGE"
    return int(score), None


def minimum_score(paper: Paper, context: ReaderContext) -> int:
    """The least test score of ЕГЭ by the scale of the year, in base mathematics the mark 3.

    Raises FileRefused SCALE.
    """
    if paper.subject == BASE_MATHEMATICS:
        return 3
    minimum = context.options["scales"].get(str(paper.year), {}).get(paper.subject)
    if minimum is None:
        raise refused(
            "SCALE",
            f"Файл не принят: нет минимального балла ЕГЭ на {paper.year} год, {paper.subject}",
            f"Дополните include/scales/ege_{paper.year}.yaml",
            context.file_name,
        )
    return int(minimum)


def _plain(value: Cell) -> str:
    """A code as text: the number cell 111002.0 is «111002»; no data and what is no text are ""."""
    try:
        return text_of(value) or ""
    except BadCell:
        return ""
