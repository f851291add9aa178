"""What a pupil protocol of ВПР is about and where its columns stand (docs/domain.md §3.3).

The workbook says neither grade nor subject: its name does. The layout says the year, codes of
pupils the grade: where they contradict the name, the file is refused.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple

from roadmap.evidence.files.grid import Cell, Heading, find_heading, normal_title
from roadmap.evidence.messages import refused
from roadmap.evidence.names import cleaned, municipality_ref
from roadmap.evidence.parsed import FileRefused, ReaderContext
from roadmap.evidence.readers.paper import Paper, known_subject, wave_of

WITHIN = 15  # rows from the top in which the heading stands
_CODES_ENOUGH, _CODES_ALIKE = 10, 0.9  # to believe them; what share of them has to agree


@dataclass(frozen=True)
class Layout:
    """The titles of one year's form, the only one that year had."""

    years: range
    login: str
    municipality: str
    journal: str
    score: str
    variants: tuple[str, ...]
    pupil: tuple[str, ...]  # who a row is about, without a name: the pupil's code, the class
    task: re.Pattern[str]  # what the heading of a task looks like, with a group `code`
    is_tagged: bool = False  # the municipality is one of the tags of a list

    @property
    def required(self) -> tuple[str, ...]:
        return self.login, self.score, self.journal


# Headings of 2022 carry the maximum: «12 (2б)», «17К1 (2б)», «16 (1) (1б)», «5(1б)».
_TASK_WITH_MAXIMUM = re.compile(
    r"(?P<code>\d{1,2}[^()]{0,6}(?:\(\d{1,2}\) ?)?)\((?P<maximum>\d{1,2}) ?б\)"
)
# No paper has as many (51 is the most so far). A column of years or codes taken for scores would
# give sums that no integer of the database holds.
MOST_SCORE = 100
_STARTS_LIKE_A_TASK = re.compile(r"\d")
_LAYOUTS = (
    Layout(
        range(2020, 2021),
        "user",
        "groups",
        "otc",
        "sum",
        ("var-1", "var-2", "var"),
        ("code", "klass"),
        re.compile(r"a-(?P<code>\d{1,2})-grade"),
        is_tagged=True,
    ),
    Layout(
        range(2021, 2022),
        "логин школы",
        "регион",
        "отметка за предыдущую четверть/триместр",
        "всего баллов",
        ("вариант", "вариант 1", "вариант 2"),
        ("код обучающегося", "класс"),
        re.compile(r"балл за (?P<code>\d{1,2})"),
    ),
    *(
        Layout(
            range(2022, 9999),
            "пользователь",
            "муниципалитет",
            journal,
            "итого баллов",
            ("вариант",),
            ("код", "наименование класса"),
            _TASK_WITH_MAXIMUM,
        )
        # The space after the stroke is as found; a heading typed anew has none.
        for journal in (
            "отметка за предыдущий триместр/ четверть/полугодие",
            "отметка за предыдущий триместр/четверть/полугодие",
        )
    ),
)
# «reg44_m019 | Нейский муниципальный район» of 2022.
_CODE_BEFORE_NAME = re.compile(r"^\s*reg\d{2}_m\d+\s*\|\s*", re.IGNORECASE)
OTHER_SHEETS = ("Классы",)  # of 2022: textbooks
# In 2020 machine columns with names of tasks follow the one of the textbook: they are none.
_AFTER_THE_TASKS = "учебник"
TITLES = tuple(title for layout in _LAYOUTS for title in layout.required)


def paper_by_name(context: ReaderContext) -> Paper:
    """By the option `file_name`. Raises FileRefused: FILE_NAME, SUBJECT, PERIOD."""
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
    wave = wave_of(int(year), context.plan_years[1], context.options, context.file_name)
    return Paper("vpr", int(year), wave, int(groups["grade"]), subject)


def layout_of(head: list[list[Cell]], sheet: str, context: ReaderContext) -> tuple[Layout, Heading]:
    """The layout of which most titles are there; FileRefused HEADER where one is missing."""
    titles = [{normal_title(cell) for cell in row} for row in head]

    def titles_found(layout: Layout) -> int:
        return max((len(row & set(layout.required)) for row in titles), default=0)

    layout = max(_LAYOUTS, key=titles_found)
    heading = find_heading(
        head,
        layout.required,
        WITHIN,
        optional=(layout.municipality, *layout.variants, *layout.pupil),
        file_name=context.file_name,
        sheet=sheet,
        is_ours=False,
    )
    return layout, heading


def refuse_another_year(paper: Paper, layout: Layout, context: ReaderContext) -> None:
    """Raises FileRefused FILE_NAME where the layout is of another year than the name."""
    if paper.year not in layout.years:
        what = f"по имени он {paper.year} года, а таблица — {layout.years[0]} года"
        raise _wrongly_named(context, what, "год")


def refuse_another_grade(paper: Paper, grades: Counter[str], context: ReaderContext) -> None:
    """Raises FileRefused FILE_NAME where most codes of pupils (`grades`: their first figures) are
    of another grade. In autumn pupils of the next grade write the programme's paper: both fit.
    """
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


class Task(NamedTuple):
    """A task of a paper: its column, its code («12», «17К1», «16(1)»), its maximum if stated.

    Protocols of 2020 and 2021 number tasks one after the other, whatever the paper calls them.
    """

    column: int
    code: str
    maximum: int | None


def tasks_in(titles: list[str], layout: Layout) -> list[Task]:
    """The tasks whose points the protocol has."""
    end = titles.index(_AFTER_THE_TASKS) if _AFTER_THE_TASKS in titles else len(titles)
    tasks = []
    for column, title in enumerate(titles[:end]):
        if match := layout.task.fullmatch(title):
            stated = match.groupdict().get("maximum")
            code = match["code"].replace(" ", "").upper()
            tasks.append(Task(column, code, None if stated is None else int(stated)))
    return tasks


def municipality_named(cell: Cell) -> str | None:
    """The municipality that a cell names, perhaps after its code; None for an empty one."""
    return municipality_ref(_CODE_BEFORE_NAME.sub("", str(cell))) or None


def stated_maximum(titles: list[str]) -> int | None:
    """What the tasks' maxima add up to by their headings; None where one of them says none."""
    tasks = [title for title in titles if _STARTS_LIKE_A_TASK.match(title)]
    maxima = [_TASK_WITH_MAXIMUM.fullmatch(title) for title in tasks]
    return sum(int(match["maximum"]) for match in maxima if match) if all(maxima) else None


def other_maximum(titles: list[str], maximum: int) -> tuple[str, ...]:
    """A warning where the tasks' maxima add up to another paper than the scale's."""
    stated = stated_maximum(titles)
    if stated in (None, 0, maximum):
        return ()
    return (
        f"Наибольший балл по заголовкам заданий — {stated}, по шкале — {maximum}. "
        "Проверьте имя файла и шкалу.",
    )
