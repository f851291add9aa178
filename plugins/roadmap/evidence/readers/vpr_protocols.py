"""Pupil protocols of ВПР, layouts of 2020 to 2022 → counts by school (docs/domain.md §3.3, §3.3.1).

One row is one pupil; nothing of a row outlives it but a count. A region has 1.3 million of
them, so a row costs a few look-ups: what a cell may hold is worked out once per distinct text.
Rows that cannot be used are counted by rule; no message quotes a cell.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain, islice
from operator import itemgetter
from typing import Any

from roadmap.evidence.files.grid import (
    Cell,
    Heading,
    column_name,
    find_heading,
    normal_title,
    stream_sheet,
)
from roadmap.evidence.messages import place, refused, sentence, unread_sheets
from roadmap.evidence.names import cleaned, login_digits, municipality_ref
from roadmap.evidence.parsed import FileRefused, Parsed, ReaderContext, Rejected
from roadmap.evidence.readers.paper import Paper, known_subject, wave_of
from roadmap.russian import counted

_WITHIN = 15


@dataclass(frozen=True)
class _Layout:
    """The titles of one year's form, the only one that year had."""

    years: range
    login: str
    municipality: str
    journal: str
    score: str
    variants: tuple[str, ...]
    pupil: tuple[str, ...]  # who a row is about, without a name: the pupil's code, the class
    is_tagged: bool  # the municipality is one of the tags of a list

    @property
    def required(self) -> tuple[str, ...]:
        return self.login, self.score, self.journal


_LAYOUTS = (
    _Layout(
        range(2020, 2021),
        "user",
        "groups",
        "otc",
        "sum",
        ("var-1", "var-2", "var"),
        ("code", "klass"),
        is_tagged=True,
    ),
    _Layout(
        range(2021, 2022),
        "логин школы",
        "регион",
        "отметка за предыдущую четверть/триместр",
        "всего баллов",
        ("вариант", "вариант 1", "вариант 2"),
        ("код обучающегося", "класс"),
        is_tagged=False,
    ),
    *(
        _Layout(
            range(2022, 9999),
            "пользователь",
            "муниципалитет",
            journal,
            "итого баллов",
            ("вариант",),
            ("код", "наименование класса"),
            is_tagged=False,
        )
        # The space after the stroke is as found; a heading typed anew has none.
        for journal in (
            "отметка за предыдущий триместр/ четверть/полугодие",
            "отметка за предыдущий триместр/четверть/полугодие",
        )
    ),
)
_OTHER_SHEETS = ("Классы",)  # of 2022: textbooks
# Task headings of 2022 carry the maximum: «12 (2б)», «17К1 (2б)».
_TASK = re.compile(r"\d{1,2}\S{0,6} ?\((\d{1,2}) ?б\)")
_TITLES = tuple(title for layout in _LAYOUTS for title in layout.required)
_MUNICIPALITY_TAG = re.compile(r"reg\d{2}_(?:vpr_)?m\d+")
# «reg44_m019 | Нейский муниципальный район» of 2022.
_CODE_BEFORE_NAME = re.compile(r"^\s*reg\d{2}_m\d+\s*\|\s*", re.IGNORECASE)

# Rules by which rows are set aside, and what the operator is told.
_RULES = {
    "SCORE_ABOVE_MAXIMUM": (
        "Первичный балл больше наибольшего",
        "Запросите исправленный протокол; эти участники не учтены",
    ),
    "SCORE_MISSING": (
        "Вариант указан, а первичного балла нет",
        "Запросите исправленный протокол; эти участники не учтены",
    ),
    "SCORE_TYPE": (
        "Первичный балл — не целое число",
        "Запросите исправленный протокол; эти участники не учтены",
    ),
    "SCHOOL_LOGIN": (
        "Логин школы пуст или не похож на логин",
        "Укажите логины вида sch и шесть цифр; эти участники не учтены",
    ),
    "ABSENT_WITH_SCORE": (
        "Участник отсутствовал, но имеет первичный балл",
        "Запросите исправленный протокол; эти участники не учтены",
    ),
}


@dataclass
class _School:
    marks: list[int] = field(default_factory=lambda: [0, 0, 0, 0])
    absent: int = 0
    lowered: int = 0
    confirmed: int = 0
    raised: int = 0
    municipalities: Counter[str] = field(default_factory=Counter)


@dataclass
class _Found:
    schools: dict[str, _School] = field(default_factory=dict)
    rows_read: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    without_journal: int = 0
    repeated: int = 0
    grades: Counter[str] = field(default_factory=Counter)  # by the codes of pupils


def read(content: bytes, context: ReaderContext) -> Parsed:
    """Facts `mark_result` and `journal_result` of schools; grade and subject by the file name.

    Options: `file_name` (a pattern with groups subject, grade and perhaps year), `waves`,
    `scales` (see `evidence.scales`). Absent pupils are counted apart; a row that stands twice
    counts once; a school where nobody wrote gives no fact. Raises FileRefused: FILE_NAME,
    SUBJECT, PERIOD, SCALE, HEADER, EMPTY.
    """
    paper = _paper(context)
    mark_by_score = _mark_by_score(paper, context)
    sheet, rows, unread = stream_sheet(content, context.file_name, _TITLES, _OTHER_SHEETS)
    head = list(islice(rows, _WITHIN))
    layout, heading = _layout(head, sheet, context)
    body = chain(head[heading.row + 1 :], rows)
    _refuse_another_year(paper, layout, context)
    found = _count(body, layout, heading, mark_by_score)
    _refuse_another_grade(paper, found.grades, context)
    other_maximum = _other_maximum(head[heading.row], len(mark_by_score) - 1)
    return Parsed(
        scope=paper.scope,
        facts=_facts(found, paper, sheet),
        rows_read=found.rows_read,
        rows_accepted=found.rows_read - found.rejected.total(),
        rejected=_rejected(found, layout, heading, sheet, context),
        warnings=(*_warnings(found), *other_maximum, *unread_sheets(unread)),
    )


def _paper(context: ReaderContext) -> Paper:
    """From the file name: the workbook says neither grade nor subject."""
    name = cleaned(context.file_name)
    match = re.search(context.options["file_name"], name, re.IGNORECASE)
    groups = match.groupdict() if match else {}
    year = groups.get("year") or context.options.get("year")
    if match is None or year is None:
        raise refused(
            "FILE_NAME",
            "Файл не принят: по его имени не понять, какая это работа",
            "Назовите файл по образцу «Проведение работы по математике, 4 класс. ВПР 2021.xlsx»",
            context.file_name,
        )
    subject = known_subject(groups["subject"], context.file_name)
    wave = wave_of(int(year), context.plan_year, context.options, context.file_name)
    return Paper("vpr", int(year), wave, int(groups["grade"]), subject)


def _mark_by_score(paper: Paper, context: ReaderContext) -> list[int]:
    """The mark of each primary score from 0 to the paper's maximum."""
    scales: Mapping[str, Any] = context.options["scales"]
    scale = scales.get(str(paper.year), {}).get(paper.subject, {}).get(str(paper.grade))
    if scale is None:
        raise refused(
            "SCALE",
            f"Файл не принят: нет шкалы отметок на {paper.year} год для работы"
            f" «{paper.subject}, {paper.grade} класс»",
            f"Проверьте имя файла или дополните include/scales/vpr_{paper.year}.yaml",
            context.file_name,
        )
    least = [scale["3"], scale["4"], scale["5"]]
    return [2 + sum(score >= bound for bound in least) for score in range(scale["max"] + 1)]


def _layout(head: list[list[Cell]], sheet: str, context: ReaderContext) -> tuple[_Layout, Heading]:
    titles = [{normal_title(cell) for cell in row} for row in head]

    def titles_found(layout: _Layout) -> int:
        return max((len(row & set(layout.required)) for row in titles), default=0)

    layout = max(_LAYOUTS, key=titles_found)
    heading = find_heading(
        head,
        layout.required,
        _WITHIN,
        optional=(layout.municipality, *layout.variants, *layout.pupil),
        file_name=context.file_name,
        sheet=sheet,
    )
    return layout, heading


def _refuse_another_year(paper: Paper, layout: _Layout, context: ReaderContext) -> None:
    if paper.year not in layout.years:
        what = f"по имени он {paper.year} года, а таблица — {layout.years[0]} года"
        raise _wrongly_named(context, what, "год")


def _refuse_another_grade(paper: Paper, grades: Counter[str], context: ReaderContext) -> None:
    """In autumn pupils of the next grade write the programme's paper: either is right."""
    right = {str(paper.grade), str(paper.grade + (paper.wave == "autumn"))}
    for grade, codes in grades.most_common(1):
        is_believed = grades.total() >= _CODES_ENOUGH and codes >= _CODES_ALIKE * grades.total()
        if is_believed and grade not in right:
            what = f"по имени это {paper.grade} класс, а коды участников начинаются с {grade}"
            raise _wrongly_named(context, what, "класс")


def _wrongly_named(context: ReaderContext, what: str, asked: str) -> FileRefused:
    return refused(
        "FILE_NAME",
        f"Файл не принят: {what}",
        f"Проверьте {asked} в имени файла и, если нужно, переименуйте его",
        context.file_name,
    )


def _other_maximum(heading: list[Cell], maximum: int) -> tuple[str, ...]:
    """A warning where the tasks' maxima add up to another paper than the scale's."""
    tasks = [task for cell in heading if (task := _TASK.fullmatch(normal_title(cell)))]
    stated = sum(int(task.group(1)) for task in tasks)
    if stated in (0, maximum):
        return ()
    return (
        f"Наибольший балл по заголовкам заданий — {stated}, по шкале — {maximum}: проверьте "
        "имя файла и шкалу.",
    )


# -- Counting --------------------------------------------------------------------------------

# Codes of pupils are five figures, the first of them the grade (docs/domain.md §3.3.1).
_PUPIL_CODE = re.compile(r"([2-9])\d{4}(?:\.0)?")
_CODES_ENOUGH, _CODES_ALIKE = 10, 0.9  # to believe them; what share of them has to agree
_MANY_ABOVE = 0.05  # of the rows above the maximum: a wrong name rather than slips

_NO_SCORE = -1
_BAD_SCORE = -2
_NO_VARIANT, _MISSED, _TAKEN = range(3)
_WHOLE = re.compile(r"(\d{1,4})(?:[.,]0+)?")


def _score(cell: Cell) -> int:
    """A primary score; _NO_SCORE for an empty cell, _BAD_SCORE for what is no whole number."""
    text = str(cell).strip()
    if not text:
        return _NO_SCORE
    whole = _WHOLE.fullmatch(text)
    return int(whole.group(1)) if whole else _BAD_SCORE


def _journal_mark(cell: Cell) -> int:
    """A journal mark 2-5; 0 where there is none (empty, «н/а», «ж», 8).

    As found: with no-break spaces, as 4.0, and with a Cyrillic «З» for 3.
    """
    text = str(cell).strip().replace("З", "3").replace("з", "3")
    whole = _WHOLE.fullmatch(text)
    mark = int(whole.group(1)) if whole else 0
    return mark if 2 <= mark <= 5 else 0


def _variant(cell: Cell) -> int:
    """Whether a variant was taken; «отсутствовал» says that it was missed."""
    text = str(cell).strip().casefold()
    if not text:
        return _NO_VARIANT
    return _MISSED if text.startswith("отсутств") else _TAKEN


class _Cache(dict[Any, Any]):
    """What a text means, worked out at its first occurrence."""

    def __init__(self, meaning: Any) -> None:
        super().__init__()
        self._meaning = meaning

    def __missing__(self, text: Any) -> Any:
        value = self[text] = self._meaning(text)
        return value


def _count(
    rows: Iterator[list[Cell]], layout: _Layout, heading: Heading, mark_by_score: list[int]
) -> _Found:
    at = heading.columns
    login_at, score_at, journal_at = (at[title] for title in layout.required)
    municipality_at = at.get(layout.municipality)
    variants_at = [at[title] for title in layout.variants if title in at]
    code_at = at.get(layout.pupil[0])
    # After a file was uploaded twice a pupil's row stands twice, under another number and time.
    same_at = [at[title] for title in (*layout.required, *layout.pupil) if title in at]
    same = itemgetter(*same_at, *variants_at)
    seen: set[tuple[Cell, ...]] = set()
    width = max(at.values()) + 1
    maximum = len(mark_by_score) - 1

    found = _Found()
    schools = found.schools
    rejected = found.rejected
    logins = _Cache(lambda cell: login_digits(str(cell)))
    municipalities = _Cache(_tagged if layout.is_tagged else _named)
    scores = _Cache(_score)
    journal_marks = _Cache(_journal_mark)
    variant_kinds = _Cache(_variant)

    for row in rows:
        if len(row) < width:  # only in a csv
            row = [*row, *[""] * (width - len(row))]
        login, raw_score = row[login_at], row[score_at]
        if not login and not raw_score and not any(row):
            continue
        found.rows_read += 1
        if code_at is not None and row[code_at]:
            pupil = same(row)
            if pupil in seen:
                found.repeated += 1
                continue
            seen.add(pupil)
            if grade := _PUPIL_CODE.fullmatch(str(row[code_at])):
                found.grades[grade[1]] += 1
        digits = logins[login]
        if digits is None:
            rejected["SCHOOL_LOGIN"] += 1
            continue
        school = schools.get(digits)
        if school is None:
            school = schools[digits] = _School()
        if municipality_at is not None:
            municipality = municipalities[row[municipality_at]]
            if municipality is not None:
                school.municipalities[municipality] += 1
        score = scores[raw_score]
        variants = [variant_kinds[row[at]] for at in variants_at]
        took_one = _TAKEN in variants
        if score == _NO_SCORE and not took_one:
            school.absent += 1
        elif score == _NO_SCORE:
            rejected["SCORE_MISSING"] += 1
        elif score == _BAD_SCORE:
            rejected["SCORE_TYPE"] += 1
        elif _MISSED in variants and not took_one:
            rejected["ABSENT_WITH_SCORE"] += 1
        elif score > maximum:
            rejected["SCORE_ABOVE_MAXIMUM"] += 1
        else:
            mark = mark_by_score[score]
            school.marks[mark - 2] += 1
            journal = journal_marks[row[journal_at]]
            if not journal:
                found.without_journal += 1
            elif mark < journal:
                school.lowered += 1
            elif mark > journal:
                school.raised += 1
            else:
                school.confirmed += 1
    return found


def _tagged(cell: Cell) -> str | None:
    """«reg44,reg44_vpr_m004,…» → «reg44_vpr_m004»."""
    tag = _MUNICIPALITY_TAG.search(str(cell).casefold())
    return tag.group() if tag else None


def _named(cell: Cell) -> str | None:
    return municipality_ref(_CODE_BEFORE_NAME.sub("", str(cell))) or None


# -- What is kept ----------------------------------------------------------------------------


def _facts(found: _Found, paper: Paper, sheet: str) -> dict[str, list[dict[str, Any]]]:
    marks, journal = [], []
    for digits, school in sorted(found.schools.items()):
        participants = sum(school.marks)
        if not participants:
            continue
        common = {
            "sheet": sheet,
            "row": None,
            **paper.columns(),
            "level": "school",
            "school_scheme": "vpr_login",
            "school_ref": digits,
            "municipality_ref": _usual(school.municipalities),
        }
        marks.append(
            {
                **common,
                "schools": None,
                "participants": participants,
                "absent": school.absent,
                **{f"mark_{mark}": n for mark, n in zip((2, 3, 4, 5), school.marks, strict=True)},
                "restored": 0,
            }
        )
        compared = school.lowered + school.confirmed + school.raised
        if compared:
            journal.append(
                {
                    **common,
                    "compared": compared,
                    "lowered": school.lowered,
                    "confirmed": school.confirmed,
                    "raised": school.raised,
                    "restored": 0,
                }
            )
    return {"mark_result": marks, "journal_result": journal}


def _usual(names: Counter[str]) -> str | None:
    """The municipality of most of the school's rows; of equally many, the first by name."""
    return min(names, key=lambda name: (-names[name], name), default=None)


def _rejected(
    found: _Found, layout: _Layout, heading: Heading, sheet: str, context: ReaderContext
) -> tuple[Rejected, ...]:
    kept = []
    for rule, rows in sorted(found.rejected.items()):
        what, to_do = _RULES[rule]
        if rule == "SCORE_ABOVE_MAXIMUM" and rows > _MANY_ABOVE * found.rows_read:
            to_do = f"Верно ли названы в имени файла класс и предмет? {to_do}"
        title = layout.login if rule == "SCHOOL_LOGIN" else layout.score
        column = column_name(heading.columns[title], title)
        many = counted(rows, "строка", "строки", "строк")
        where = place(context.file_name, sheet or None, column=column)
        kept.append(
            Rejected(
                rule,
                sentence(f"{what}: {many}", where, to_do),
                sheet=sheet or None,
                column=column,
                rows=rows,
            )
        )
    return tuple(kept)


def _warnings(found: _Found) -> tuple[str, ...]:
    warnings = []
    if found.repeated:
        rows = counted(found.repeated, "строка", "строки", "строк")
        warnings.append(f"Повторённые строки одного участника, взяты один раз: {rows}.")
    if found.without_journal:
        pupils = counted(found.without_journal, "участник", "участника", "участников")
        warnings.append(f"Без отметки по журналу: {pupils}.")
    moved = sum(len(school.municipalities) > 1 for school in found.schools.values())
    if moved:
        schools = counted(moved, "школа", "школы", "школ")
        warnings.append(f"Муниципалитет указан по-разному, взят чаще указанный: {schools}.")
    empty = sum(not sum(school.marks) for school in found.schools.values())
    if empty:
        schools = counted(empty, "школа", "школы", "школ")
        warnings.append(f"Никто не писал работу: {schools}.")
    return tuple(warnings)
