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

from roadmap.evidence.files.grid import Cell, column_name, decimal_of, normal_title, stream_sheet
from roadmap.evidence.messages import unread_sheets
from roadmap.evidence.parsed import FileRefused, Parsed, ReaderContext
from roadmap.evidence.readers import ege_protocols, oge_protocols
from roadmap.evidence.readers.gia_protocol import (
    MUNICIPALITY,
    SCHOOLS,
    Form,
    cell_of,
    first_cell,
    is_numbered,
    minimum_score,
    refusal,
    rejected_rows,
    school_code,
    score_of,
    title_line,
)
from roadmap.evidence.readers.gia_protocol import municipality_of as municipality_in
from roadmap.evidence.readers.paper import Paper, usual
from roadmap.russian import counted

_STATE = "Состояние"
_BEFORE = ("Балл до изменения", "Оценка до изменения", "Тестовый балл до изменения")
_NOW = "Текущие"
_DIFFERENCE = "Разница"
# What tells pupils apart while the file is read: one appeal exported twice counts once.
_DOCUMENTS = ("Документ", "Номер")
_SATISFIED = normal_title("Апелляция удовлетворена")
_FORMS = (ege_protocols.FORM, oge_protocols.FORM)
_TITLES = (*SCHOOLS, _STATE, *_BEFORE, _NOW, _DIFFERENCE)
_CONTRADICTION = "DIFFERENCE"


@dataclass
class _School:
    appeals: int = 0
    before: Counter[int] = field(default_factory=Counter)
    now: Counter[int] = field(default_factory=Counter)
    municipalities: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class _Columns:
    school: int
    state: int
    before: int
    now: int
    difference: int | None
    municipality: int | None
    documents: tuple[int, ...]
    number: int


@dataclass
class _Appeals:
    context: ReaderContext
    sheet: str
    form: Form | None = None
    paper: Paper | None = None
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
    """Facts `appeal_change` of schools by their ГИА code, one exam and subject a file.

    The scope is the exam's with «/appeals»: `ege/2021/main/11/русский язык/appeals`. A file
    holds all appeals of its exam so far; the next one replaces it. Options: `scales` (minima
    of ЕГЭ), `wave`. Raises FileRefused: HEADER, TITLE, SUBJECT, PERIOD, SCALE, EMPTY.
    """
    sheet, rows, unread = stream_sheet(content, context.file_name, _TITLES)
    appeals = _Appeals(context, sheet)
    _walk(appeals, rows)
    if appeals.paper is None or appeals.form is None:
        raise _no_heading(appeals)
    return Parsed(
        scope=f"{appeals.paper.scope}/appeals",
        facts={"appeal_change": _facts(appeals, appeals.paper)},
        rows_read=appeals.rows_read,
        rows_accepted=appeals.rows_read - appeals.rejected.total(),
        rejected=rejected_rows(
            appeals.rejected,
            {**appeals.form.rules, _CONTRADICTION: "«Разница» не равна разности баллов"},
            appeals.names,
            context,
            sheet,
        ),
        warnings=(*_warnings(appeals), *unread_sheets(unread)),
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
            if appeals.columns is None or appeals.form is None:
                raise _no_heading(appeals)
            _appeal(appeals, appeals.columns, appeals.form, row)
        elif _is_heading(row):
            heading = row
        elif _names_an_exam(normal_title(first), appeals):
            appeals.title = normal_title(first)
            # The next block may have its columns elsewhere: it is read by its own heading.
            appeals.columns = None


def _names_an_exam(plain: str, appeals: _Appeals) -> bool:
    """Whether the line is a title; which exam's it is, the heading below says."""
    return title_line(plain, _FORMS[0], appeals.context, appeals.sheet) is not None


def _is_heading(row: Sequence[Cell]) -> bool:
    titles = [normal_title(cell) for cell in row]
    return normal_title(_STATE) in titles and normal_title(_NOW) in titles


def _open_table(appeals: _Appeals, heading: Sequence[Cell], below: Sequence[Cell]) -> None:
    """The columns by both rows of the heading; whether points or marks stand in them is the
    exam's kind."""
    titles = [normal_title(cell) for cell in heading]
    group = [normal_title(cell) for cell in below]

    def at(*names: str) -> int | None:
        found = [place for place, title in enumerate(titles) if title in map(normal_title, names)]
        return found[0] if len(found) == 1 else None

    now = [
        (place, form)
        for place, title in enumerate(group)
        for form in _FORMS
        if title in map(normal_title, form.scores)
    ]
    school, state, before = at(*SCHOOLS), at(_STATE), at(*_BEFORE)
    if school is None or state is None or before is None or len(now) != 1:
        raise _no_heading(appeals)
    score, form = now[0]
    paper = title_line(appeals.title, form, appeals.context, appeals.sheet)
    if paper is None:
        raise refusal(
            "TITLE",
            "над таблицей нет строки вида «12 - Обществознание 2021.06.15»",
            appeals.context,
            appeals.sheet,
        )
    if appeals.paper not in (None, paper):
        raise refusal("TITLE", "в файле апелляции разных экзаменов", appeals.context, appeals.sheet)
    appeals.paper, appeals.form = paper, form
    documents = (at(name) for name in _DOCUMENTS)
    appeals.columns = _Columns(
        school=school,
        state=state,
        before=before,
        now=score,
        difference=at(_DIFFERENCE),
        municipality=at(MUNICIPALITY),
        documents=tuple(place for place in documents if place is not None),
        number=next(place for place, title in enumerate(titles) if title),
    )
    score_name = column_name(score, str(below[score]).strip())
    appeals.names = {
        "SCHOOL_CODE": column_name(school, str(heading[school]).strip()),
        _CONTRADICTION: column_name(appeals.columns.difference or 0, _DIFFERENCE),
        **dict.fromkeys(("SCORE_MISSING", "SCORE_TYPE", "SCORE_RANGE"), score_name),
    }


def _appeal(appeals: _Appeals, columns: _Columns, form: Form, row: Sequence[Cell]) -> None:
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
    before, fault_before = score_of(cell_of(row, columns.before), form)
    now, fault_now = score_of(cell_of(row, columns.now), form)
    fault = fault_before or fault_now
    if fault is None and not _agrees(row, columns, now - before):
        fault = _CONTRADICTION
    if fault is not None:
        appeals.rejected[fault] += 1
        return
    school = appeals.schools.setdefault(code, _School())
    school.appeals += 1
    school.before[before] += 1
    school.now[now] += 1
    if columns.municipality is not None:
        municipality = municipality_in(cell_of(row, columns.municipality))
        if municipality:
            school.municipalities[municipality] += 1


def _agrees(row: Sequence[Cell], columns: _Columns, difference: int) -> bool:
    """Whether «Разница» says the same; an empty cell says nothing."""
    if columns.difference is None:
        return True
    stated = cell_of(row, columns.difference)
    if str(stated).strip() == "":
        return True
    try:
        return decimal_of(stated) == difference
    except ValueError:
        return False


def _facts(appeals: _Appeals, paper: Paper) -> list[dict[str, Any]]:
    is_exam = paper.kind == ege_protocols.FORM.kind
    minimum = minimum_score(paper, appeals.context) if is_exam else 0
    facts = []
    for code, school in sorted(appeals.schools.items()):
        change = Counter(school.now)
        change.subtract(school.before)
        facts.append(
            {
                "sheet": appeals.sheet or None,
                "row": None,
                **paper.columns(),
                "school_scheme": "gia_code",
                "school_ref": code,
                "municipality_ref": usual(school.municipalities),
                "appeals": school.appeals,
                **(
                    {**_no_marks(), **_in_points(change, minimum)}
                    if is_exam
                    else {**_in_marks(change), **_no_points()}
                ),
            }
        )
    return facts


def _in_points(change: Counter[int], minimum: int) -> dict[str, int]:
    high = ege_protocols.HIGH_SCORES_FROM
    return {
        "below_minimum": sum(n for score, n in change.items() if score < minimum),
        "score_sum": sum(score * n for score, n in change.items()),
        "high_scores": sum(n for score, n in change.items() if score >= high),
    }


def _in_marks(change: Counter[int]) -> dict[str, int]:
    return {f"mark_{mark}": change[mark] for mark in oge_protocols.MARKS}


def _no_points() -> dict[str, int]:
    return dict.fromkeys(("below_minimum", "score_sum", "high_scores"), 0)


def _no_marks() -> dict[str, int]:
    return {f"mark_{mark}": 0 for mark in oge_protocols.MARKS}


def _warnings(appeals: _Appeals) -> tuple[str, ...]:
    warnings = []
    if appeals.without_effect:
        rows = counted(appeals.without_effect, "строка", "строки", "строк")
        warnings.append(f"Состояние не «Апелляция удовлетворена», балл не меняется: {rows}.")
    if appeals.repeated:
        rows = counted(appeals.repeated, "строка", "строки", "строк")
        warnings.append(f"Повторённые строки, взяты один раз: {rows}.")
    return tuple(warnings)


def _no_heading(appeals: _Appeals) -> FileRefused:
    return refusal(
        "HEADER",
        "нет таблицы со столбцами «Код ОО», «Состояние», «Балл до изменения» и «Текущие» "
        "с «Балл» или «Оценка» под ним",
        appeals.context,
        appeals.sheet,
    )
