"""What ФИС ОКО's aggregated exports share: the title block, and whom a row speaks of.

Layout: docs/domain.md §3.2, docs/formats.md «Результаты работ и экзаменов». One export is about one
paper.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

from roadmap.evidence.files.grid import (
    BadCell,
    Cell,
    Fault,
    Heading,
    Sheet,
    column_letter,
    find_table,
    holds_something,
    integer_of,
    normal_title,
    read_sheets,
    text_of,
)
from roadmap.evidence.messages import refused
from roadmap.evidence.names import login_digits, municipality_ref, school_ref
from roadmap.evidence.parsed import ReaderContext
from roadmap.evidence.readers.paper import Paper, known_subject, subject_of, wave_of
from roadmap.evidence.readers.table import OUTSIDE, OUTSIDE_TO_DO, RowRejected, Table, cell_at
from roadmap.russian import integer

GROUPS = "Группы участников"
PARTICIPANTS = "Кол-во участников"
WITHIN = 30  # rows of titles that may stand above the heading
SCHOOLS = "Кол-во ОО"
# After so many rows without a group nothing belongs to the table any more.
EMPTY_ROWS_END = 20
# The country's largest paper had 1.5 million.
MOST_PARTICIPANTS = 5_000_000

_TITLE = re.compile(r"впр[\s.,]*(20\d\d)[\s.,]+(.+?)[\s.,]+(\d{1,2})\s*(?:-?й\s*)?класс")
_LOGIN = re.compile(r"(?:^|\()\s*(?:sch|edu)(\d{6})\s*(?:\)\s*)?$")
_LOGIN_IN_BRACKETS = re.compile(r"\(\s*([^()]*?)\s*\)\s*$")
_COUNTRY = re.compile(r"вся выборка|российская федерация|рф")
_REGION = re.compile(
    r"reg\d{2}0000\b.*|.*(?:\bобл\.|область|край|\bкр\.)|(?:респ\.|республика) .*"
    r"|.* (?:респ\.|республика|автономный округ|ао|автономная область)"
)
_MUNICIPALITY_CODE = re.compile(r"\s*\(?\breg\d{2}_(?:vpr_)?m\d+\)?", re.IGNORECASE)
# A number stands in the name of a school, never in that of a municipality.
_SCHOOL_WORDS = re.compile(
    r"\bno(?:\b|\d)|\b(?:[мгк]?[абк]?оу|м[бкао]+у|гбоу|гкоу|чоу|в?сош|оош|нош|с[шк]ш?|школ\w*"
    r"|(?:про)?гимнази\w+|лице\w+|колледж\w*|техникум\w*|училищ\w*|кадетск\w+|корпус\w*"
    r"|интернат\w*|образовательн\w+|центр образования)\b"
)
_MUNICIPALITY_WORDS = re.compile(
    r"\b(?:район\w*|р-н|округ\w*|город\w*|муниципальн\w+|поселени\w+|подчинени\w+|мо|мр|го)\b|\b(?:г|гор)\."
)


UNCLEAR = "unclear"  # a school or a municipality: nobody can say
NOT_UNDERSTOOD = "Не понять, школа это или муниципалитет"
NAME_IT = "Запросите выгрузку с логинами школ или впишите логин в скобках; строка отклонена"


class Group(NamedTuple):
    """Whom a row speaks of; `municipality` is the one under whose row a school stands."""

    level: str  # country | region | municipality | school; UNCLEAR
    school_scheme: str | None = None
    school: str | None = None
    municipality: str | None = None

    @property
    def key(self) -> tuple[str, str | None]:
        """What may stand in an export only once."""
        return self.level, self.school or (None if self.level == "school" else self.municipality)

    def columns(self) -> dict[str, Any]:
        """The columns of a fact table that name the group."""
        return {
            "level": self.level,
            "school_scheme": self.school_scheme,
            "school_ref": self.school,
            "municipality_ref": self.municipality,
        }


@lru_cache(maxsize=4096)  # the files of a pull name the same schools
def group_of(
    name: str,
    municipality: str | None,
    known: frozenset[str] = frozenset(),
    schools: int | None = None,
) -> Group:
    """Level and references of «Группы участников».

    A school is known by its login, in brackets or bare; a municipality by its name (`known`,
    normalised) or its code. Without one, by words of such names, and a group of several
    `schools` is a municipality. What has nothing of that is UNCLEAR: as the one it could hide a
    school, as the other it would take the schools below it.
    """
    plain = normal_title(name.replace("№", " № "))
    if _COUNTRY.fullmatch(plain):
        return Group("country")
    digits = _login_in(plain)
    if digits:
        return Group("school", "vpr_login", digits, municipality)
    itself = municipality_ref(_MUNICIPALITY_CODE.sub("", name)) or municipality_ref(name)
    if itself in known or _MUNICIPALITY_CODE.search(name):
        return Group("municipality", municipality=itself)
    if _SCHOOL_WORDS.search(plain):
        return Group("school", "name", school_ref(name), municipality)
    if _REGION.fullmatch(plain):
        return Group("region")
    if _MUNICIPALITY_WORDS.search(plain) or (schools or 0) > 1:
        return Group("municipality", municipality=itself)
    return Group(UNCLEAR)


def known_municipalities(context: ReaderContext) -> frozenset[str]:
    """The names of the plan's municipalities (the option `municipalities`), normalised."""
    return frozenset(map(municipality_ref, context.options.get("municipalities", ())))


def _login_in(plain: str) -> str | None:
    written = _LOGIN.search(plain)
    if written:
        return written.group(1)
    bracketed = _LOGIN_IN_BRACKETS.search(plain)
    return login_digits(bracketed.group(1) if bracketed else plain)


def paper_of(sheet: Sheet, heading: Heading, context: ReaderContext) -> Paper:
    """The paper that the title block names.

    Raises FileRefused TITLE where it names none or two, SUBJECT, PERIOD.
    """
    texts = {cell for cell in set().union(*sheet.rows) if isinstance(cell, str)}
    titles = {title for title in map(_title_in, texts) if title is not None}
    if len(titles) != 1:
        what = "над таблицей нет названия вида «ВПР 2020 Математика 5 класс»"
        if titles:
            what = "в файле работы по разным предметам или классам"
        raise refused(
            "TITLE",
            f"Файл не принят: {what}",
            "Выгрузите каждую работу отдельным файлом и не удаляйте строки над таблицей",
            context.file_name,
            sheet=sheet.name,
        )
    year, subject_text, grade = titles.pop()
    subject = known_subject(subject_text, context.file_name, sheet.name)
    for row in sheet.rows[: heading.row]:
        stated = _labelled(row, "предмет")
        if stated is not None and subject_of(stated) not in (subject, None):
            raise refused(
                "TITLE",
                f"Файл не принят: в названии «{subject}», а в строке «Предмет» — «{stated}»",
                "Проверьте, тот ли это файл, или запросите его заново",
                context.file_name,
                sheet=sheet.name,
            )
    wave = wave_of(int(year), context.plan_years[1], context.options, context.file_name)
    return Paper("vpr", int(year), wave, int(grade), subject)


@lru_cache(maxsize=4096)  # the files of a pull name the same schools
def _title_in(text: str) -> tuple[str, str, str] | None:
    """Year, subject and grade of a paper as a text says them, if it is the title of one."""
    plain = normal_title(text)
    title = _TITLE.search(plain) if "впр" in plain else None
    return title and (title.group(1), title.group(2), title.group(3))


def _labelled(row: Sequence[Cell], label: str) -> str | None:
    """The value of «Предмет: Математика», in one cell or in two."""
    texts = [str(cell) for cell in row if isinstance(cell, str) and cell.strip()]
    if not texts or not normal_title(texts[0]).startswith(label):
        return None
    same_cell = texts[0].partition(":")[2].strip()
    return same_cell or (texts[1].strip() if len(texts) > 1 else None)


def export_table(content: bytes, context: ReaderContext, *titles: str) -> tuple[Sheet, Heading]:
    """The table of groups and numbers of participants that has these `titles`, too.

    Raises FileRefused HEADER and those of `read_sheets`.
    """
    all_titles = (GROUPS, PARTICIPANTS, *titles)
    return find_table(
        read_sheets(content, context.file_name, all_titles, ragged=True),
        all_titles,
        WITHIN,
        optional=(SCHOOLS,),
        file_name=context.file_name,
        is_ours=False,
    )


def headings_after(sheet: Sheet, heading: Heading) -> list[tuple[str, int]]:
    """Titles to the right of the participants, as texts, with their columns: scores, tasks."""
    row = sheet.rows[heading.row]
    found = []
    for at in range(heading.columns[PARTICIPANTS] + 1, len(row)):
        if at != heading.columns.get(SCHOOLS) and holds_something(row[at]):
            try:
                found.append((text_of(row[at]) or "", at))
            except BadCell:  # a date that was «11.1»: no title that anybody knows
                found.append(("", at))
    return found


def share_at(
    row: Sequence[Cell], column: int, grammar: Callable[[Cell], Decimal | None]
) -> Decimal | None:
    """A share in a column whose title is a number; RowRejected where it is none."""
    try:
        return grammar(cell_at(row, column))
    except BadCell as bad:
        raise RowRejected(bad.rule, bad.what, column_letter(column)) from None


class GroupTable(Table):
    """Rows of groups, from the country to the school: whom each speaks of, how many took part."""

    def __init__(self, sheet: Sheet, heading: Heading, context: ReaderContext, to_do: str) -> None:
        super().__init__(sheet, heading, context, to_do)
        self._municipality: str | None = None
        self._known = known_municipalities(context)

    def twice(self) -> RowRejected:
        """What is said of two rows about one group that differ."""
        return RowRejected(
            "CONFLICTING_DUPLICATE",
            "Об одной группе две разные строки",
            self.column(GROUPS),
            "Запросите файл заново; обе строки отклонены",
        )

    def data_rows(self, shares_at: Sequence[int]) -> list[tuple[int, str, list[Cell]]]:
        """Rows with a group and a number: their number in the file, the group's name.

        A group that is an error is set aside; one that is a number numbers columns or pages.
        """
        rows: list[tuple[int, str, list[Cell]]] = []
        empty = 0
        name_at = self.at[GROUPS]
        participants_at = self.at[PARTICIPANTS]
        heading = normal_title(GROUPS)
        for number, row in self.below():
            has_numbers = row[participants_at] is not None or any(
                row[at] is not None for at in shares_at
            )
            name = None
            try:
                if isinstance(row[name_at], (str, Fault)):
                    name = self.value(row, GROUPS, text_of)
            except RowRejected as problem:
                if has_numbers:
                    self.rows_read += 1
                    self.reject(number, problem)
                continue
            if name is None and not has_numbers:
                empty += 1
                continue
            if name is None or not has_numbers or empty >= EMPTY_ROWS_END:
                self.warn(OUTSIDE, OUTSIDE_TO_DO)
                continue
            empty = 0
            if normal_title(name) != heading:  # a heading repeated on a new page
                rows.append((number, name, row))
        self.rows_read += len(rows)
        return rows

    def group(self, name: str, row: list[Cell]) -> Group:
        """Whom a row speaks of; a municipality's row opens the rows of its schools.

        RowRejected where nobody can say.
        """
        try:
            schools = self.schools(row)
        except RowRejected:  # set aside with the other counts
            schools = None
        group = group_of(name, self._municipality, self._known, schools)
        if group.level != "school":
            self._municipality = group.municipality
        if group.level == UNCLEAR:
            raise RowRejected("GROUP", NOT_UNDERSTOOD, self.column(GROUPS), NAME_IT)
        return group

    def schools(self, row: list[Cell]) -> int | None:
        return self.value(row, SCHOOLS, integer_of) if SCHOOLS in self.at else None

    def participants(self, row: list[Cell]) -> int:
        """How many took part; RowRejected where that is not said or cannot be."""
        participants = self.value(row, PARTICIPANTS, integer_of)
        if participants is None:
            raise RowRejected("MISSING", "Нет числа участников", self.column(PARTICIPANTS))
        if not 0 <= participants <= MOST_PARTICIPANTS:
            what = f"Число участников невозможно: {integer(participants)}"
            raise RowRejected("RANGE", what, self.column(PARTICIPANTS))
        return participants
