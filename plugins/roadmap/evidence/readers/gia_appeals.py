"""Appeals and re-checks of ЕГЭ and ОГЭ → what they change in the results of schools.

The РИС ГИА writes them like a protocol (docs/domain.md §3.4), with a heading of two rows: «Балл до
изменения», «Текущие» over «Первичный балл» and «Балл» («Оценка» in ОГЭ), «Разница». A score
counts before and after; only a satisfied appeal changes it. Participants stay as they are, so
a school's change is a set of differences, which the analysis adds to the first protocol.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from roadmap.evidence.files.grid import (
    BadCell,
    Cell,
    column_name,
    decimal_of,
    normal_title,
    stream_sheet,
)
from roadmap.evidence.messages import NOTHING_TO_DO, unread_sheets
from roadmap.evidence.parsed import FileRefused, Parsed, ReaderContext
from roadmap.evidence.readers.gia_forms import (
    EGE,
    HIGH_SCORES_FROM,
    MARKS,
    MUNICIPALITY,
    OGE,
    SCHOOLS,
    ExamFile,
    Form,
    Papers,
    cell_of,
    first_cell,
    is_numbered,
    minimum_score,
    municipality_of,
    of_school,
    school_code,
    score_of,
)
from roadmap.evidence.readers.paper import BASE_MATHEMATICS, Paper
from roadmap.russian import counted

_STATES = ("Состояние", "Состояние апелляции")
_EXAM = "Экзамен"  # where one file names the exam row by row: «Математика(2021.06.02)»
_BEFORE = ("Балл до изменения", "Оценка до изменения", "Тестовый балл до изменения")
_NOW = "Текущие"
_DIFFERENCE = "Разница"
# What tells pupils apart while the file is read: one appeal exported twice counts once.
_DOCUMENTS = ("Документ", "Номер")
_SATISFIED = normal_title("Апелляция удовлетворена")
_MARKS = tuple(map(normal_title, OGE.scores))
_POINTS = tuple(map(normal_title, EGE.scores))
_TITLES = (*SCHOOLS, *_STATES, _EXAM, *_BEFORE, _NOW, _DIFFERENCE)
_CONTRADICTION = "DIFFERENCE"


@dataclass
class _School:
    appeals: int = 0
    change: Counter[int] = field(default_factory=Counter)  # pupils with a score: after less before
    municipalities: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class _Columns:
    school: int
    state: int
    now: int
    in_marks: bool
    before: int | None
    difference: int | None
    exam: int | None
    municipality: int | None
    documents: tuple[int, ...]
    number: int


@dataclass
class _Appeals:
    file: ExamFile
    papers: Papers
    is_other: bool = False  # the table at hand is about another exam of the file
    form: Form = OGE
    title: str = ""
    columns: _Columns | None = None
    names: dict[str, str] = field(default_factory=dict)  # of columns, by rule
    schools: dict[str, _School] = field(default_factory=dict)
    seen: set[tuple[Cell, ...]] = field(default_factory=set)
    rows_read: int = 0
    repeated: int = 0
    without_effect: int = 0
    rejected: Counter[str] = field(default_factory=Counter)


def read(content: bytes, context: ReaderContext) -> Parsed:
    """Facts `appeal_change` of schools by their ГИА code, of one exam and subject of the file.

    The scope is the exam's with «/appeals»: `ege/2021/main/11/русский язык/appeals`. A file
    holds all appeals of its exam so far; the next one replaces it. Options: `scales` (minima
    of ЕГЭ), `wave`, `paper`. Raises FileRefused: HEADER, TITLE, SUBJECT, PERIOD, SCALE, EMPTY.
    """
    sheet, rows, unread = stream_sheet(content, context.file_name, _TITLES)
    file = ExamFile(context, sheet)
    appeals = _Appeals(file, Papers(context.options.get("paper")))
    _walk(appeals, rows)
    paper = appeals.papers.paper
    if paper is None:
        raise _no_heading(appeals)
    return Parsed(
        scope=f"{paper.scope}/appeals",
        facts={"appeal_change": _facts(appeals, paper)},
        rows_read=appeals.rows_read,
        rows_accepted=appeals.rows_read - appeals.rejected.total(),
        rejected=file.rejected(
            appeals.rejected,
            {**appeals.form.rules, _CONTRADICTION: "«Разница» не равна разности баллов"},
            appeals.names,
        ),
        warnings=(*_warnings(appeals), *unread_sheets(unread)),
        others=tuple(appeals.papers.others),
    )


def _walk(appeals: _Appeals, rows: Iterator[list[Cell]]) -> None:
    heading: list[Cell] | None = None
    for row in rows:
        first = first_cell(row)
        if first is None:
            continue
        if heading is not None:
            _open_table(appeals, heading, row)
            heading = None
        elif is_numbered(first):
            if appeals.is_other and (appeals.columns is None or appeals.columns.exam is None):
                continue
            if appeals.columns is None:
                raise _no_heading(appeals)
            _appeal(appeals, appeals.columns, row)
        elif _is_heading(row):
            heading = row
        elif _exam(appeals, normal_title(first), in_marks=False):
            appeals.title = normal_title(first)
            appeals.is_other = False
            # The next block may have its columns elsewhere: it is read by its own heading.
            appeals.columns = None


def _is_heading(row: Sequence[Cell]) -> bool:
    titles = [normal_title(cell) for cell in row]
    return normal_title(_NOW) in titles and any(normal_title(name) in titles for name in _STATES)


def _open_table(appeals: _Appeals, heading: Sequence[Cell], below: Sequence[Cell]) -> None:
    """The columns by both rows of the heading."""
    titles = [normal_title(cell) for cell in heading]
    group = [normal_title(cell) for cell in below]

    def at(*names: str) -> int | None:
        places = [place for place, title in enumerate(titles) if title in map(normal_title, names)]
        return places[0] if len(places) == 1 else None

    scores = [place for place, title in enumerate(group) if title in (*_POINTS, *_MARKS)]
    school, state = at(*SCHOOLS), at(*_STATES)
    if school is None or state is None or len(scores) != 1:
        raise _no_heading(appeals)
    (now,) = scores
    documents = (at(name) for name in _DOCUMENTS)
    columns = _Columns(
        school=school,
        state=state,
        now=now,
        in_marks=group[now] in _MARKS,
        before=at(*_BEFORE),
        difference=at(_DIFFERENCE),
        exam=at(_EXAM),
        municipality=at(MUNICIPALITY),
        documents=tuple(place for place in documents if place is not None),
        number=next(place for place, title in enumerate(titles) if title),
    )
    if columns.before is None and columns.difference is None:
        raise appeals.file.refusal(
            "HEADER",
            "нет ни столбца «Балл до изменения», ни «Разница», и не узнать, что апелляции изменили",
            "Выгрузите форму с «Балл до изменения» или протокол экзамена, в котором баллы уже"
            " исправлены",
        )
    if columns.exam is None:
        _open_exam(appeals, appeals.title, columns.in_marks)
    appeals.columns = columns
    if appeals.is_other:
        return
    score_name = column_name(now, str(below[now]).strip())
    appeals.names = {
        "SCHOOL_CODE": column_name(school, str(heading[school]).strip()),
        _CONTRADICTION: column_name(columns.difference or 0, _DIFFERENCE),
        **dict.fromkeys(("SCORE_MISSING", "SCORE_TYPE", "SCORE_RANGE"), score_name),
    }


def _exam(appeals: _Appeals, plain: str, in_marks: bool) -> Paper | None:
    """The exam that a title or a cell names: in marks one of ОГЭ, but for base mathematics."""
    paper = appeals.file.title_line(plain, EGE)
    if paper is not None and in_marks and paper.subject != BASE_MATHEMATICS:
        return appeals.file.title_line(plain, OGE)
    return paper


def _open_exam(appeals: _Appeals, plain: str, in_marks: bool) -> None:
    """The exam of the table or of a row; FileRefused where it is none."""
    paper = _exam(appeals, plain, in_marks)
    if paper is None:
        where = f"в столбце «{_EXAM}»" if plain != appeals.title else "над таблицей"
        what = f"{where} нет названия вида «12 - Обществознание 2021.06.15»"
        raise appeals.file.refusal("TITLE", what)
    appeals.is_other = appeals.papers.is_other(paper)
    if not appeals.is_other:
        appeals.form = (EGE if paper.kind == EGE.kind else OGE).of(paper)


def _appeal(appeals: _Appeals, columns: _Columns, row: Sequence[Cell]) -> None:
    if columns.exam is not None:
        _open_exam(appeals, normal_title(cell_of(row, columns.exam)), columns.in_marks)
        if appeals.is_other:
            return
    appeals.rows_read += 1
    if any(str(cell_of(row, column)).strip() for column in columns.documents):
        one = tuple(cell for place, cell in enumerate(row) if place != columns.number)
        if one in appeals.seen:
            appeals.repeated += 1
            return
        appeals.seen.add(one)
    if normal_title(cell_of(row, columns.state)) != _SATISFIED:
        appeals.without_effect += 1
        return
    code = school_code(cell_of(row, columns.school))
    if code is None:
        appeals.rejected["SCHOOL_CODE"] += 1
        return
    before, now, fault = _scores(row, columns, appeals.form)
    if fault is not None:
        appeals.rejected[fault] += 1
        return
    school = appeals.schools.setdefault(code, _School())
    school.appeals += 1
    school.change[now] += 1
    school.change[before] -= 1
    municipality = municipality_of(row, columns.municipality)
    if municipality:
        school.municipalities[municipality] += 1


def _scores(row: Sequence[Cell], columns: _Columns, form: Form) -> tuple[int, int, str | None]:
    """The scores before and now, or the rule by which the row is set aside.

    Either the score before or «Разница» may be missing; where both stand, they must agree.
    """
    now, fault = score_of(cell_of(row, columns.now), form)
    if fault is not None:
        return 0, now, fault
    stated = "" if columns.difference is None else cell_of(row, columns.difference)
    try:
        difference = decimal_of(None if stated == "" else stated)
    except BadCell:
        return 0, now, _CONTRADICTION
    if columns.before is None:
        before, fault = score_of("" if difference is None else str(now - difference), form)
    else:
        before, fault = score_of(cell_of(row, columns.before), form)
    if fault is None and difference not in (None, now - before):
        fault = _CONTRADICTION
    return before, now, fault


def _facts(appeals: _Appeals, paper: Paper) -> list[dict[str, Any]]:
    is_exam = paper.kind == EGE.kind
    minimum = minimum_score(paper, appeals.file.context) if is_exam else 0
    facts = []
    for code, school in sorted(appeals.schools.items()):
        points = school.change if is_exam else Counter[int]()
        marks = Counter[int]() if is_exam else school.change
        facts.append(
            {
                **of_school(paper, appeals.file.sheet, code, school.municipalities),
                "appeals": school.appeals,
                **{f"mark_{mark}": marks[mark] for mark in MARKS},
                "below_minimum": sum(n for score, n in points.items() if score < minimum),
                "score_sum": sum(score * n for score, n in points.items()),
                "high_scores": sum(n for score, n in points.items() if score >= HIGH_SCORES_FROM),
            }
        )
    return facts


def _warnings(appeals: _Appeals) -> tuple[str, ...]:
    warnings = []
    if appeals.without_effect:
        rows = counted(appeals.without_effect, "строка", "строки", "строк")
        warnings.append(
            f"Состояние не «Апелляция удовлетворена», балл не меняется: {rows}. {NOTHING_TO_DO}."
        )
    if appeals.repeated:
        rows = counted(appeals.repeated, "строка", "строки", "строк")
        warnings.append(f"Повторённые строки, взяты один раз: {rows}. {NOTHING_TO_DO}.")
    return tuple(warnings)


def _no_heading(appeals: _Appeals) -> FileRefused:
    return appeals.file.refusal(
        "HEADER",
        "нет таблицы со столбцами «Код ОО», «Состояние» и «Текущие» с «Балл» или «Оценка» под ним",
    )
