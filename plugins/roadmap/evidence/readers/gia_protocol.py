"""Blocks of the РЦОИ's «Протокол проверки результатов», as ЕГЭ and ОГЭ write them.

A sheet holds blocks: title lines, a heading with empty spacer columns, pupils, trailer rows
(docs/domain.md §3.4). Names and documents of pupils stand in columns that are never looked at.
Only the school, the school's municipality and the score of a row are used; no message quotes
a cell of it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from roadmap.evidence.files.grid import (
    BadCell,
    Cell,
    Fault,
    column_name,
    decimal_of,
    normal_title,
    stream_sheet,
)
from roadmap.evidence.messages import place, refused, sentence, unread_sheets
from roadmap.evidence.names import cleaned, municipality_ref
from roadmap.evidence.parsed import FileRefused, ReaderContext, Rejected
from roadmap.evidence.readers.paper import (
    BASE_MATHEMATICS,
    Paper,
    known_subject,
    subject_of,
    usual,
    wave_of,
)
from roadmap.russian import counted, decimal, integer

SCHOOLS = ("Код ОО", "SchoolCode")
MUNICIPALITY = "Код МСУ"
_NUMBER = normal_title("№")  # «no»

# «01 - Русский язык 2021.06.03», «Английский язык п.: 2021.06.18, у.: 2021.06.21» without a code,
# in a cell of its own «Математика(2021.06.02)».
_PAPER_LINE = re.compile(
    r"^(?P<code>\d{1,2}\s*[-–—]\s*)?(?P<subject>\D+?)[\s,(]*(?:[пу]\.?\s*:\s*)?"
    r"(?P<year>\d{4})\.(?P<month>\d{2})\.\d{2}"
)
_TRAILERS = {"средн": "mean", "минимальн": "minimum", "всего участников": "total"}
_ORDINAL = re.compile(r"\d{1,7}(?:\.0)?")
_SCHOOL_CODE = re.compile(r"\d{3,8}")
# Re-takes are held in September and are another wave: they may not replace the exams of summer.
_FIRST_MONTH_OF_RETAKES = 9

_TO_DO = "Запросите исправленный протокол; эти участники не учтены"


@dataclass(frozen=True)
class Form:
    """What one exam's protocols have of their own.

    `scores`: names of the one column that is read, `lowest` and `highest` what it may hold;
    `rules`: what is said of a row set aside, by rule. `minimum`: the exam's minimum score by
    the scale of its year, where it has one.
    """

    kind: str
    grade: int
    scores: tuple[str, ...]
    lowest: int
    highest: int
    rules: Mapping[str, str]
    minimum: Callable[[Paper, ReaderContext], int] | None = None
    of_base: Form | None = None

    def of(self, paper: Paper) -> Form:
        """The form of this very paper."""
        return self.of_base if self.of_base and paper.subject == BASE_MATHEMATICS else self


@dataclass
class School:
    """How many pupils of the school have each score, and under which municipality they stand."""

    scores: Counter[int] = field(default_factory=Counter)
    municipalities: Counter[str] = field(default_factory=Counter)

    @property
    def participants(self) -> int:
        return self.scores.total()

    @property
    def municipality(self) -> str | None:
        """That of most rows; of equally many, the first by name."""
        return usual(self.municipalities)


@dataclass(frozen=True)
class Read:
    """A whole protocol: schools by their ГИА code, and what was said on the way."""

    paper: Paper
    sheet: str
    schools: Mapping[str, School]
    rows_read: int
    rejected: tuple[Rejected, ...]
    warnings: tuple[str, ...]

    @property
    def rows_accepted(self) -> int:
        return self.rows_read - sum(row.rows for row in self.rejected)


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
    context: ReaderContext
    form: Form
    sheet: str
    paper: Paper | None = None
    minimum: int | None = None
    block: _Block | None = None
    schools: dict[str, School] = field(default_factory=dict)
    rows_read: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    score_column: str = ""
    school_column: str = ""
    warnings: list[str] = field(default_factory=list)


def read_protocol(content: bytes, context: ReaderContext, form: Form) -> Read:
    """The scores of each school, one subject a file.

    Options: `wave`; `file_name` (a pattern with groups year and subject) for files without a
    title line. Raises FileRefused: HEADER, TITLE, FILE_NAME, SUBJECT, PERIOD, TOTAL (fewer or
    more pupils than «Всего участников»), EMPTY, and what `form.minimum` raises.
    """
    sheet, rows, unread = stream_sheet(content, context.file_name, (*SCHOOLS, *form.scores))
    protocol = _Protocol(context, form, sheet)
    _walk(protocol, rows)
    if protocol.paper is None or not protocol.score_column:
        raise _no_heading(protocol)
    # A cut-off end looks like an end; only the last block's total tells them apart.
    if protocol.block is not None and not protocol.block.is_total_known:
        protocol.warnings.append(
            "В конце нет строки «Всего участников»: не проверить, весь ли протокол в файле."
        )
    return Read(
        protocol.paper,
        sheet,
        dict(sorted(protocol.schools.items())),
        protocol.rows_read,
        _rejected(protocol),
        (*protocol.warnings, *unread_sheets(unread)),
    )


def _walk(protocol: _Protocol, rows: Iterator[list[Cell]]) -> None:
    for row in rows:
        first = first_cell(row)
        if first is None:
            continue
        block = protocol.block
        if is_numbered(first):
            if block is None:
                raise _no_heading(protocol)
            _pupil(protocol, block, row)
            continue
        plain = normal_title(first)
        if paper := title_line(plain, protocol.form, protocol.context, protocol.sheet):
            _open_paper(protocol, paper)
            # The next block may have its columns elsewhere: it is read by its own heading.
            protocol.block = None
        elif trailer := _trailer(plain):
            if block is not None:
                _check_trailer(protocol, block, trailer, row)
        elif heading := _heading(row, protocol.form):
            if protocol.paper is None:
                _open_paper(protocol, _paper_by_name(protocol))
            protocol.block = heading
            protocol.score_column = column_name(heading.score, str(row[heading.score]).strip())
            protocol.school_column = column_name(heading.school, str(row[heading.school]).strip())
        elif block is not None and not block.is_numbered:
            _pupil(protocol, block, row)
        elif plain == _NUMBER:
            raise _no_heading(protocol)


# -- What blocks of protocols and of appeals have in common ------------------------------------


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


def title_line(plain: str, form: Form, context: ReaderContext, sheet: str) -> Paper | None:
    """The exam that a title line names; None for another line, be it with a date.

    Raises FileRefused: SUBJECT, PERIOD.
    """
    found = _PAPER_LINE.match(plain)
    if found is None or (found["code"] is None and subject_of(found["subject"]) is None):
        return None
    is_retake = int(found["month"]) >= _FIRST_MONTH_OF_RETAKES
    return _paper(form, context, found["subject"], int(found["year"]), sheet, is_retake)


def school_code(value: Cell) -> str | None:
    """The ГИА code of a school; None where the cell is no code."""
    text = _plain(value)
    return text if _SCHOOL_CODE.fullmatch(text) else None


def municipality_of(value: Cell) -> str | None:
    """«Код МСУ» as facts keep it; None where it is empty."""
    return municipality_ref(_plain(value)) or None


def cell_of(row: Sequence[Cell], column: int) -> Cell:
    """The cell of a column; rows of a csv may be shorter than the heading."""
    return row[column] if column < len(row) else ""


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


def refusal(code: str, what: str, context: ReaderContext, sheet: str) -> FileRefused:
    """The refusal of a protocol, ready to be raised."""
    return refused(
        code,
        f"Файл не принят: {what}",
        "Выгрузите протокол заново, по одному предмету в файле",
        context.file_name,
        sheet=sheet or None,
    )


def several_exams(one: Paper, other: Paper, context: ReaderContext, sheet: str) -> FileRefused:
    """The refusal of a file about two exams, which names them."""
    named = " и ".join(f"«{paper.subject}, {paper.year} год»" for paper in (one, other))
    return refused(
        "TITLE",
        f"Файл не принят: в нём несколько экзаменов, {named}",
        "Сохраните каждый отдельным файлом: его строку с названием, заголовки и участников",
        context.file_name,
        sheet=sheet or None,
    )


def _plain(value: Cell) -> str:
    """A code as text: the number cell 111002.0 is «111002»."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


# -- Titles and headings -----------------------------------------------------------------------


def _paper(
    form: Form, context: ReaderContext, subject_text: str, year: int, sheet: str, is_retake: bool
) -> Paper:
    options = {"wave": "autumn"} if is_retake else context.options
    wave = wave_of(year, context.plan_year, options, context.file_name)
    subject = known_subject(subject_text, context.file_name, sheet or None)
    if subject == BASE_MATHEMATICS and form.of_base is None:
        raise refusal("SUBJECT", f"«{subject}» сдают только на ЕГЭ", context, sheet)
    return Paper(form.kind, year, wave, form.grade, subject)


def _paper_by_name(protocol: _Protocol) -> Paper:
    """The exam by the name of the file, where no title line stands above the table."""
    context = protocol.context
    pattern = context.options.get("file_name")
    if pattern is None:
        raise _refusal(
            protocol, "TITLE", "над таблицей нет строки вида «01 - Русский язык 2021.06.03»"
        )
    name = cleaned(context.file_name).replace("_", " ")
    found = re.search(pattern, name, re.IGNORECASE)
    if found is None:
        raise refused(
            "FILE_NAME",
            "Файл не принят: ни в нём, ни в его имени не сказано, какой это экзамен",
            "Назовите файл по образцу «ОГЭ 2021 русский язык.csv»",
            context.file_name,
        )
    return _paper(
        protocol.form,
        context,
        found["subject"],
        int(found["year"]),
        protocol.sheet,
        is_retake=False,
    )


def _open_paper(protocol: _Protocol, paper: Paper) -> None:
    if protocol.paper is None:
        protocol.paper = paper
        protocol.form = protocol.form.of(paper)
        if protocol.form.minimum is not None:
            protocol.minimum = protocol.form.minimum(paper, protocol.context)
    elif protocol.paper != paper:
        raise several_exams(protocol.paper, paper, protocol.context, protocol.sheet)


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
    school = protocol.schools.setdefault(code, School())
    school.scores[score] += 1
    if block.municipality is not None:
        municipality = municipality_of(cell_of(row, block.municipality))
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
        raise _refusal(
            protocol,
            "TOTAL",
            f"прочитано: {read}, а в строке «Всего участников» — {integer(int(stated))}",
        )
    if kind == "minimum" and protocol.minimum is not None and stated != protocol.minimum:
        protocol.warnings.append(
            f"Минимальная граница в файле — {integer(int(stated))}, по шкале года —"
            f" {integer(protocol.minimum)}; рассчитано по шкале."
        )
    if kind == "mean" and block.scores:
        mean = Decimal(block.score_sum) / block.scores
        # Set-aside rows are in the file's mean; it is written rounded, often to a whole.
        if not protocol.rejected and abs(mean - stated) > Decimal("0.5"):
            protocol.warnings.append(
                f"Средний балл в файле — {decimal(float(stated), 1)}, по строкам —"
                f" {decimal(float(mean), 1)}."
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


# -- What is said of rows and files ------------------------------------------------------------


def _rejected(protocol: _Protocol) -> tuple[Rejected, ...]:
    columns = {"SCHOOL_CODE": protocol.school_column}
    return rejected_rows(
        protocol.rejected,
        protocol.form.rules,
        {rule: columns.get(rule, protocol.score_column) for rule in protocol.rejected},
        protocol.context,
        protocol.sheet,
    )


def rejected_rows(
    rejected: Mapping[str, int],
    rules: Mapping[str, str],
    columns: Mapping[str, str],
    context: ReaderContext,
    sheet: str,
) -> tuple[Rejected, ...]:
    """Rows of pupils set aside, by rule and number only."""
    kept = []
    for rule, rows in sorted(rejected.items()):
        many = counted(rows, "строка", "строки", "строк")
        where = place(context.file_name, sheet or None, column=columns[rule])
        message = sentence(f"{rules[rule]}: {many}", where, _TO_DO)
        kept.append(Rejected(rule, message, sheet or None, column=columns[rule], rows=rows))
    return tuple(kept)


def _no_heading(protocol: _Protocol) -> FileRefused:
    score = protocol.form.scores[0]
    return _refusal(protocol, "HEADER", f"нет таблицы со столбцами «Код ОО» и «{score}»")


def _refusal(protocol: _Protocol, code: str, what: str) -> FileRefused:
    return refusal(code, what, protocol.context, protocol.sheet)
