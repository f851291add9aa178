"""«Протокол проверки результатов» of the РЦОИ, ЕГЭ → results by school (domain.md §3.4).

A sheet holds blocks: title lines, a heading with empty spacer columns, pupils, trailer rows.
Names and documents of pupils stand in columns that are never looked at. Only the school, the
school's municipality and the test score of a row are used; no message quotes a cell of it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from roadmap.evidence.grid import BadCell, Cell, column_name, decimal_of, normal_title, stream_sheet
from roadmap.evidence.messages import place, refused, sentence, unread_sheets
from roadmap.evidence.names import municipality_ref
from roadmap.evidence.paper import Paper, known_subject, wave_of
from roadmap.evidence.parsed import Parsed, ReaderContext, Rejected
from roadmap.russian import counted, decimal, integer

_GRADE = 11
_HIGH_SCORES_FROM = 81
_SCHOOL = "Код ОО"
_MUNICIPALITY = "Код МСУ"
# One column, named differently by regions and years.
_SCORES = ("Балл", "Тестовый балл")
_TITLES = (_SCHOOL, *_SCORES)

# «01 - Русский язык 2021.06.03», «09 - Английский язык п.: 2021.06.18, у.: 2021.06.21»
_PAPER_LINE = re.compile(r"^\d{1,2}\s*[-–—]\s*(\D+?)[\s,]*(?:п\.?\s*:\s*)?(\d{4})\.\d{2}\.\d{2}")
_TRAILERS = {"средн": "mean", "минимальн": "minimum", "всего участников": "total"}
_ORDINAL = re.compile(r"\d{1,7}(?:\.0)?")
_SCHOOL_CODE = re.compile(r"\d{3,8}")

_TO_DO = "Запросите исправленный протокол; эти участники не учтены"
_RULES = {
    "SCORE_MISSING": "Нет тестового балла",
    "SCORE_TYPE": "Тестовый балл — не целое число",
    "SCORE_RANGE": "Тестовый балл меньше 0 или больше 100",
    "SCHOOL_CODE": "Код ОО пуст или не похож на код",
}


@dataclass
class _School:
    participants: int = 0
    below: int = 0
    score_sum: int = 0
    high: int = 0
    municipalities: Counter[str] = field(default_factory=Counter)


@dataclass
class _Block:
    """Where the columns of a block stand, and what its trailers must agree with."""

    school: int
    score: int
    municipality: int | None
    rows: int = 0
    scores: int = 0
    score_sum: int = 0
    is_total_known: bool = False


@dataclass
class _Protocol:
    context: ReaderContext
    sheet: str
    paper: Paper | None = None
    minimum: int = 0
    block: _Block | None = None
    schools: dict[str, _School] = field(default_factory=dict)
    rows_read: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    score_column: str = ""
    school_column: str = ""
    warnings: list[str] = field(default_factory=list)


def read(content: bytes, context: ReaderContext) -> Parsed:
    """Facts `exam_result` of schools by their ГИА code, one subject a file.

    Options: `scales` (minima by year and subject), `wave`. The minimum of the scale decides;
    another one in the trailer row is told. Raises FileRefused: HEADER, TITLE, SUBJECT, PERIOD,
    SCALE, TOTAL (fewer or more pupils than «Всего участников»), EMPTY.
    """
    sheet, rows, unread = stream_sheet(content, context.file_name, _TITLES)
    protocol = _Protocol(context, sheet)
    _walk(protocol, rows)
    if protocol.paper is None or not protocol.score_column:
        raise _no_heading(protocol)
    # A cut-off end looks like an end; only the last block's total tells them apart.
    if protocol.block is not None and not protocol.block.is_total_known:
        protocol.warnings.append(
            "В конце нет строки «Всего участников»: не проверить, весь ли протокол в файле."
        )
    return Parsed(
        scope=protocol.paper.scope,
        facts={"exam_result": _facts(protocol, protocol.paper)},
        rows_read=protocol.rows_read,
        rows_accepted=protocol.rows_read - protocol.rejected.total(),
        rejected=_rejected(protocol),
        warnings=(*protocol.warnings, *unread_sheets(unread)),
    )


def _walk(protocol: _Protocol, rows: Iterator[list[Cell]]) -> None:
    for row in rows:
        first = next((cell for cell in row if cell != ""), None)
        if first is None:
            continue
        text = str(first).strip()
        block = protocol.block
        if _ORDINAL.fullmatch(text):
            if block is None:
                raise _no_heading(protocol)
            _pupil(protocol, block, row)
            continue
        plain = normal_title(text)
        if paper_line := _PAPER_LINE.match(plain):
            _open_paper(protocol, paper_line.group(1), int(paper_line.group(2)))
            # The next block may have its columns elsewhere: it is read by its own heading.
            protocol.block = None
        elif trailer := _trailer(plain):
            if block is not None:
                _check_trailer(protocol, block, trailer, row)
        elif heading := _heading(row):
            if protocol.paper is None:
                raise _refusal(
                    protocol,
                    "TITLE",
                    "над таблицей нет строки вида «01 - Русский язык 2020.07.06»",
                )
            protocol.block = heading
            protocol.score_column = column_name(heading.score, str(row[heading.score]).strip())
            protocol.school_column = column_name(heading.school, _SCHOOL)
        elif plain == "№":
            raise _no_heading(protocol)


def _heading(row: Sequence[Cell]) -> _Block | None:
    """The columns of a heading row; spacer columns have no title and are passed over."""
    titles = [normal_title(cell) for cell in row]
    school = normal_title(_SCHOOL)
    scores = [title for title in map(normal_title, _SCORES) if title in titles]
    if titles.count(school) != 1 or len(scores) != 1 or titles.count(scores[0]) != 1:
        return None
    municipality = normal_title(_MUNICIPALITY)
    return _Block(
        titles.index(school),
        titles.index(scores[0]),
        titles.index(municipality) if municipality in titles else None,
    )


def _open_paper(protocol: _Protocol, subject_text: str, year: int) -> None:
    context = protocol.context
    subject = known_subject(subject_text, context.file_name, protocol.sheet or None)
    wave = wave_of(year, context.plan_year, context.options, context.file_name)
    paper = Paper("ege", year, wave, _GRADE, subject)
    if protocol.paper is None:
        minimum = context.options["scales"].get(str(year), {}).get(subject)
        if minimum is None:
            raise refused(
                "SCALE",
                f"Файл не принят: нет минимального балла ЕГЭ на {year} год, {subject}",
                f"Дополните include/scales/ege_{year}.yaml",
                context.file_name,
            )
        protocol.paper, protocol.minimum = paper, int(minimum)
    elif protocol.paper != paper:
        raise _refusal(protocol, "TITLE", "в файле протоколы разных экзаменов")


def _pupil(protocol: _Protocol, block: _Block, row: Sequence[Cell]) -> None:
    protocol.rows_read += 1
    block.rows += 1
    code = _code(_cell(row, block.school))
    if code is None:
        protocol.rejected["SCHOOL_CODE"] += 1
        return
    try:
        score = decimal_of(_cell(row, block.score))
    except BadCell:
        protocol.rejected["SCORE_TYPE"] += 1
        return
    if score is None:
        protocol.rejected["SCORE_MISSING"] += 1
    elif score != int(score):
        protocol.rejected["SCORE_TYPE"] += 1
    elif not 0 <= score <= 100:
        protocol.rejected["SCORE_RANGE"] += 1
    else:
        points = int(score)
        block.scores += 1
        block.score_sum += points
        school = protocol.schools.setdefault(code, _School())
        school.participants += 1
        school.score_sum += points
        school.below += points < protocol.minimum
        school.high += points >= _HIGH_SCORES_FROM
        if block.municipality is not None:
            municipality = municipality_ref(_plain(_cell(row, block.municipality)))
            if municipality:
                school.municipalities[municipality] += 1


def _cell(row: Sequence[Cell], column: int) -> Cell:
    return row[column] if column < len(row) else ""


def _plain(cell: Cell) -> str:
    """A code as text: the number cell 111002.0 is «111002»."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()


def _code(cell: Cell) -> str | None:
    text = _plain(cell)
    return text if _SCHOOL_CODE.fullmatch(text) else None


# -- Trailer rows ----------------------------------------------------------------------------


def _trailer(plain: str) -> str | None:
    return next((kind for start, kind in _TRAILERS.items() if plain.startswith(start)), None)


def _check_trailer(protocol: _Protocol, block: _Block, kind: str, row: Sequence[Cell]) -> None:
    """Trailers are not pupils: they say whether the file is whole and of the year's scale."""
    said = _last_number(row, block.score)
    if said is None:
        return
    block.is_total_known |= kind == "total"
    if kind == "total" and said not in (block.rows, protocol.rows_read):
        read = counted(block.rows, "участник", "участника", "участников")
        raise _refusal(
            protocol,
            "TOTAL",
            f"прочитано: {read}, а в строке «Всего участников» — {integer(int(said))}",
        )
    if kind == "minimum" and said != protocol.minimum:
        protocol.warnings.append(
            f"Минимальная граница в файле — {integer(int(said))}, по шкале года —"
            f" {integer(protocol.minimum)}; рассчитано по шкале."
        )
    if kind == "mean" and block.scores:
        mean = Decimal(block.score_sum) / block.scores
        # Set-aside rows are in the file's mean; it is written rounded, often to a whole.
        if not protocol.rejected and abs(mean - said) > Decimal("0.5"):
            protocol.warnings.append(
                f"Средний балл в файле — {decimal(float(said), 1)}, по строкам —"
                f" {decimal(float(mean), 1)}."
            )


def _last_number(row: Sequence[Cell], score: int) -> Decimal | None:
    """The number in the score's column, else the last one: trailers may be merged cells."""
    for cell in (_cell(row, score), *reversed(row)):
        try:
            number = decimal_of(cell)
        except BadCell:
            continue
        if number is not None:
            return number
    return None


# -- What is kept ----------------------------------------------------------------------------


def _facts(protocol: _Protocol, paper: Paper) -> list[dict[str, Any]]:
    return [
        {
            "sheet": protocol.sheet or None,
            "row": None,
            **paper.columns(),
            "school_scheme": "gia_code",
            "school_ref": code,
            "municipality_ref": _usual(school.municipalities),
            "participants": school.participants,
            "below_minimum": school.below,
            "minimum": protocol.minimum,
            "score_sum": school.score_sum,
            "high_scores": school.high,
        }
        for code, school in sorted(protocol.schools.items())
    ]


def _usual(names: Counter[str]) -> str | None:
    return min(names, key=lambda name: (-names[name], name), default=None)


def _rejected(protocol: _Protocol) -> tuple[Rejected, ...]:
    kept = []
    for rule, rows in sorted(protocol.rejected.items()):
        column = protocol.school_column if rule == "SCHOOL_CODE" else protocol.score_column
        many = counted(rows, "строка", "строки", "строк")
        where = place(protocol.context.file_name, protocol.sheet or None, column=column)
        message = sentence(f"{_RULES[rule]}: {many}", where, _TO_DO)
        kept.append(Rejected(rule, message, protocol.sheet or None, column=column, rows=rows))
    return tuple(kept)


def _no_heading(protocol: _Protocol) -> Exception:
    return _refusal(protocol, "HEADER", "нет таблицы со столбцами «Код ОО» и «Балл»")


def _refusal(protocol: _Protocol, code: str, what: str) -> Exception:
    return refused(
        code,
        f"Файл не принят: {what}",
        "Выгрузите протокол заново, по одному предмету в файле",
        protocol.context.file_name,
        sheet=protocol.sheet or None,
    )
