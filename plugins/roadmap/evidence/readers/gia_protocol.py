"""Blocks of the РЦОИ's «Протокол проверки результатов», as ЕГЭ and ОГЭ write them.

A sheet holds blocks: title lines, a heading with empty spacer columns, pupils, trailer rows
(docs/domain.md §3.4). Only the school, the school's municipality and the score of a row are
used.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from roadmap.evidence.files.grid import (
    BadCell,
    Cell,
    column_name,
    decimal_of,
    normal_title,
    stream_sheet,
)
from roadmap.evidence.messages import unread_sheets
from roadmap.evidence.names import cleaned
from roadmap.evidence.parsed import FileRefused, Parsed, ReaderContext
from roadmap.evidence.readers.gia_forms import (
    EGE,
    MUNICIPALITY,
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
from roadmap.evidence.readers.paper import Paper
from roadmap.russian import counted, decimal, integer

_NUMBER = normal_title("№")  # «no»
_TRAILERS = {"средн": "mean", "минимальн": "minimum", "всего участников": "total"}


@dataclass
class _School:
    """How many pupils of the school have each score, and under which municipality they stand."""

    scores: Counter[int] = field(default_factory=Counter)
    municipalities: Counter[str] = field(default_factory=Counter)


@dataclass
class _Block:
    """Where the columns of a block stand, and what its trailers must agree with."""

    school: int
    score: int
    municipality: int | None
    is_numbered: bool  # rows begin with their number; else every row is a pupil's
    rows: int = 0
    scores: int = 0
    score_sum: int = 0
    is_total_known: bool = False


@dataclass
class _Protocol:
    file: ExamFile
    form: Form
    papers: Papers
    is_other: bool = False  # the block at hand is about another exam of the file
    minimum: int | None = None
    block: _Block | None = None
    schools: dict[str, _School] = field(default_factory=dict)
    rows_read: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    columns: dict[str, str] = field(default_factory=dict)  # names of columns, by rule
    warnings: list[str] = field(default_factory=list)

    def no_heading(self) -> FileRefused:
        what = f"нет таблицы со столбцами «Код ОО» и «{self.form.scores[0]}»"
        return self.file.refusal("HEADER", what)


def read_protocol(
    content: bytes,
    context: ReaderContext,
    form: Form,
    table: str,
    columns: Callable[[Paper, Counter[int]], dict[str, Any]],
) -> Parsed:
    """Facts of the table, one a school: `columns` of its paper and scores beside its codes.

    One subject of the file; of the others it gives the names. Options: `wave`; `paper` (which
    one, else the first); `file_name` (a pattern with groups year and subject) for files without a
    title line. Raises FileRefused: HEADER, TITLE, FILE_NAME, SUBJECT, PERIOD,
    TOTAL (fewer or more pupils than «Всего участников»), EMPTY, in ЕГЭ SCALE.
    """
    sheet, rows, unread = stream_sheet(content, context.file_name, (*SCHOOLS, *form.scores))
    file = ExamFile(context, sheet)
    protocol = _Protocol(file, form, Papers(context.options.get("paper")))
    _walk(protocol, rows)
    paper = protocol.papers.paper
    if paper is None or not protocol.columns:
        raise protocol.no_heading()
    # A cut-off end looks like an end; only the last block's total tells them apart.
    if protocol.block is not None and not protocol.block.is_total_known:
        protocol.warnings.append(
            "В конце нет строки «Всего участников»: не проверить, весь ли протокол в файле. "
            "Проверьте это сами: сосчитайте участников."
        )
    facts = [
        {
            **of_school(paper, sheet, code, school.municipalities),
            **columns(paper, school.scores),
        }
        for code, school in sorted(protocol.schools.items())
    ]
    return Parsed(
        scope=paper.scope,
        facts={table: facts},
        rows_read=protocol.rows_read,
        rows_accepted=protocol.rows_read - protocol.rejected.total(),
        rejected=file.rejected(protocol.rejected, protocol.form.rules, protocol.columns),
        warnings=(*protocol.warnings, *unread_sheets(unread)),
        others=tuple(protocol.papers.others),
    )


def _walk(protocol: _Protocol, rows: Iterator[list[Cell]]) -> None:
    for row in rows:
        first = first_cell(row)
        if first is None:
            continue
        block = protocol.block
        if is_numbered(first):
            if protocol.is_other:
                continue
            if block is None:
                raise protocol.no_heading()
            _pupil(protocol, block, row)
            continue
        plain = normal_title(first)
        if paper := protocol.file.title_line(plain, protocol.form):
            _open_paper(protocol, paper)
        elif protocol.is_other:
            continue
        elif trailer := _trailer(plain):
            if block is not None:
                _check_trailer(protocol, block, trailer, row)
        elif heading := _heading(row, protocol.form):
            if protocol.papers.paper is None:
                _open_paper(protocol, _paper_by_name(protocol))
            protocol.block = heading
            score = column_name(heading.score, str(row[heading.score]).strip())
            protocol.columns = dict.fromkeys(protocol.form.rules, score)
            school = column_name(heading.school, str(row[heading.school]).strip())
            protocol.columns["SCHOOL_CODE"] = school
        elif block is not None and not block.is_numbered:
            _pupil(protocol, block, row)
        elif plain == _NUMBER:
            raise protocol.no_heading()


def _paper_by_name(protocol: _Protocol) -> Paper:
    """The exam by the name of the file, where no title line stands above the table."""
    file = protocol.file
    pattern = file.context.options.get("file_name")
    if pattern is None:
        what = "над таблицей нет строки вида «01 - Русский язык 2021.06.03»"
        raise file.refusal("TITLE", what)
    name = cleaned(file.context.file_name).replace("_", " ")
    match = re.search(pattern, name, re.IGNORECASE)
    if match is None:
        raise file.refusal(
            "FILE_NAME",
            "ни в нём, ни в его имени не сказано, какой это экзамен",
            "Назовите файл по образцу «ОГЭ 2021 русский язык.csv»",
        )
    return file.paper(protocol.form, match["subject"], int(match["year"]))


def _open_paper(protocol: _Protocol, paper: Paper) -> None:
    protocol.is_other = protocol.papers.is_other(paper)
    if protocol.is_other:
        return
    # The next block may have its columns elsewhere: it is read by its own heading.
    protocol.block = None
    protocol.form = protocol.form.of(paper)
    if paper.kind == EGE.kind:
        protocol.minimum = minimum_score(paper, protocol.file.context)


def _heading(row: Sequence[Cell], form: Form) -> _Block | None:
    """The columns of a heading row; spacer columns have no title and are passed over."""
    titles = [normal_title(cell) for cell in row]
    schools = [title for title in map(normal_title, SCHOOLS) if title in titles]
    scores = [title for title in map(normal_title, form.scores) if title in titles]
    if len(schools) != 1 or len(scores) != 1:
        return None
    if titles.count(schools[0]) != 1 or titles.count(scores[0]) != 1:
        return None
    municipality = normal_title(MUNICIPALITY)
    return _Block(
        titles.index(schools[0]),
        titles.index(scores[0]),
        titles.index(municipality) if municipality in titles else None,
        is_numbered=_NUMBER in titles,
    )


# -- Pupils and trailers -----------------------------------------------------------------------


def _pupil(protocol: _Protocol, block: _Block, row: Sequence[Cell]) -> None:
    protocol.rows_read += 1
    block.rows += 1
    code = school_code(cell_of(row, block.school))
    if code is None:
        protocol.rejected["SCHOOL_CODE"] += 1
        return
    score, fault = score_of(cell_of(row, block.score), protocol.form)
    if fault is not None:
        protocol.rejected[fault] += 1
        return
    block.scores += 1
    block.score_sum += score
    school = protocol.schools.setdefault(code, _School())
    school.scores[score] += 1
    municipality = municipality_of(row, block.municipality)
    if municipality:
        school.municipalities[municipality] += 1


def _trailer(plain: str) -> str | None:
    return next((kind for start, kind in _TRAILERS.items() if plain.startswith(start)), None)


def _check_trailer(protocol: _Protocol, block: _Block, kind: str, row: Sequence[Cell]) -> None:
    """Trailers are not pupils: they say whether the file is whole and of the year's scale."""
    stated = _last_number(row, block.score)
    if stated is None:
        return
    block.is_total_known |= kind == "total"
    if kind == "total" and stated not in (block.rows, protocol.rows_read):
        read = counted(block.rows, "участник", "участника", "участников")
        what = f"прочитано: {read}, а в строке «Всего участников» — {integer(int(stated))}"
        raise protocol.file.refusal("TOTAL", what)
    if kind == "minimum" and protocol.minimum is not None and stated != protocol.minimum:
        protocol.warnings.append(
            f"Минимальная граница в файле — {integer(int(stated))}, по шкале года —"
            f" {integer(protocol.minimum)}; рассчитано по шкале. Проверьте,"
            " тот ли это экзамен и год."
        )
    if kind == "mean" and block.scores:
        mean = Decimal(block.score_sum) / block.scores
        # Set-aside rows are in the file's mean; it is written rounded, often to a whole.
        if not protocol.rejected and abs(mean - stated) > Decimal("0.5"):
            protocol.warnings.append(
                f"Средний балл в файле — {decimal(float(stated), 1)}, по строкам —"
                f" {decimal(float(mean), 1)}. Проверьте, весь ли протокол в файле."
            )


def _last_number(row: Sequence[Cell], score: int) -> Decimal | None:
    """The number in the score's column, else the last one: trailers may be merged cells."""
    for cell in (cell_of(row, score), *reversed(row)):
        try:
            number = decimal_of(cell)
        except BadCell:
            continue
        if number is not None:
            return number
    return None
