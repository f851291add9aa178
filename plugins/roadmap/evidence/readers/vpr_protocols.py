"""Pupil protocols of ВПР, layouts of 2020 to 2022 → counts by school (docs/domain.md §3.3, §3.3.1).

One row is one pupil; nothing of a row leaves this reader but in a count. A region has 1.3
million of them, so a row costs a few look-ups: rows are taken column by column, and what a cell
may hold is worked out once per distinct text.
Rows that cannot be used are counted by rule; no message quotes a cell.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, compress, islice
from operator import itemgetter
from typing import Any, NamedTuple

from roadmap.evidence.files.grid import (
    BadCell,
    Cell,
    Heading,
    column_name,
    latin_letters,
    normal_title,
    stream_sheet,
    text_of,
)
from roadmap.evidence.messages import NOTHING_TO_DO, place, sentence, unread_sheets
from roadmap.evidence.names import login_digits
from roadmap.evidence.parsed import Parsed, ReaderContext, Rejected, scale_text
from roadmap.evidence.readers.paper import Paper, usual
from roadmap.evidence.readers.vpr_export import Group
from roadmap.evidence.readers.vpr_layouts import (
    MOST_SCORE,
    OTHER_SHEETS,
    TITLES,
    WITHIN,
    Layout,
    Task,
    layout_of,
    municipality_named,
    other_maximum,
    paper_by_name,
    refuse_another_grade,
    refuse_another_year,
    stated_maximum,
    tasks_in,
)
from roadmap.evidence.readers.vpr_sums import (
    LEFT_OUT,
    MARKS,
    SUMS,
    Results,
    TaskSums,
    around_marks,
    histogram,
    rank_sums,
    sums_of,
    tasks_of,
)
from roadmap.russian import counted

_MUNICIPALITY_TAG = re.compile(r"reg\d{2}_(?:vpr_)?m\d+")

_ASK_AGAIN = "Запросите исправленный протокол; эти участники не учтены"
# Rules by which rows are set aside, and what the operator reads.
_RULES = {
    "SCORE_ABOVE_MAXIMUM": ("Первичный балл больше наибольшего", _ASK_AGAIN),
    "SCORE_MISSING": (
        "Первичного балла нет, хотя указан вариант или есть баллы за задания",
        _ASK_AGAIN,
    ),
    "SCORE_TYPE": ("Первичный балл — не целое число", _ASK_AGAIN),
    "SCORE_ERROR": (
        "Вместо первичного балла — ошибка или формула без сохранённого значения",
        "Сохраните файл в Excel заново или запросите исправленный; эти участники не учтены",
    ),
    "TOTAL_ZERO": ("Первичный балл — 0, а баллы за задания есть", _ASK_AGAIN),
    "SCHOOL_LOGIN": (
        "Логин школы пуст или не похож на логин",
        "Укажите логины вида sch и шесть цифр; эти участники не учтены",
    ),
    "ABSENT_WITH_SCORE": ("Участник отсутствовал, но имеет баллы", _ASK_AGAIN),
    "ONE_PART": (
        "Написана только одна часть двухдневной работы",
        "Эти участники не учтены: так решено в поле «one_part» файла include/sources.yaml",
    ),
}
# What becomes of who wrote one part only of a paper of two days: the option `one_part`.
_ONE_PART = {
    "participant": "учтены среди участников",
    "absent": "учтены среди отсутствовавших",
    "set_aside": "",
}


# Primary score, journal mark (0: none) and points by task (empty where no task has a sign).
_Pupil = tuple[int, int, list[int]]


@dataclass
class _School:
    written: list[_Pupil] = field(default_factory=list)
    one_part: list[_Pupil] = field(default_factory=list)  # with one variant of several
    results: Results = field(default_factory=Counter)  # of `written`, once one_part is settled
    absent: int = 0
    municipalities: Counter[str] = field(default_factory=Counter)


@dataclass
class _Counts:
    schools: dict[str, _School] = field(default_factory=lambda: defaultdict(_School))
    rows_read: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    has_two_parts: bool = False
    repeated: int = 0
    other_total: int = 0
    grades: Counter[str] = field(default_factory=Counter)  # by the codes of pupils


def read(content: bytes, context: ReaderContext) -> Parsed:
    """Marks, journal and sums of scores and tasks by school; grade and subject by the file name.

    Options: `file_name` (a pattern with groups subject, grade and perhaps year), `waves`,
    `scales` (see `evidence.scales`), `one_part` (participant, absent or set_aside: who wrote
    one part only of a paper of two days). Absent pupils are counted apart; a row that stands
    twice counts once; a school where nobody wrote gives no fact. Where the scale is not known
    there are no marks, only sums. Raises FileRefused: FILE_NAME, SUBJECT, PERIOD,
    HEADER, EMPTY.
    """
    paper = paper_by_name(context)
    scale = context.options["scales"].get(str(paper.year), {}).get(paper.subject, {})
    scale = scale.get(str(paper.grade))
    sheet, rows, unread = stream_sheet(content, context.file_name, TITLES, OTHER_SHEETS)
    head = list(islice(rows, WITHIN))
    layout, heading = layout_of(head, sheet, context)
    body = chain(head[heading.row + 1 :], rows)
    titles = [normal_title(cell) for cell in head[heading.row]]
    refuse_another_year(paper, layout, context)
    maximum = min(scale["max"] if scale else stated_maximum(titles) or MOST_SCORE, MOST_SCORE)
    tasks = tasks_in(titles, layout)
    counts = _count(body, layout, heading, [task.column for task in tasks], maximum)
    refuse_another_grade(paper, counts.grades, context)
    one_part = context.options.get("one_part", "participant")
    of_one_part = _settle_one_part(counts, one_part)
    return Parsed(
        scope=paper.scope,
        facts=_Facts(paper, sheet, scale, tasks).of(counts),
        rows_read=counts.rows_read,
        rows_accepted=counts.rows_read - counts.rejected.total(),
        rejected=_rejected(counts, layout, heading, sheet, context),
        warnings=(
            *latin_letters(head[heading.row]),
            *of_one_part,
            *_warnings(counts),
            *(other_maximum(titles, scale["max"]) if scale else ()),
            *unread_sheets(unread),
        ),
        scale=scale_text(scale),
        without_marks="" if scale else _without_scale(paper),
    )


def _mark_by_score(scale: Mapping[str, int]) -> list[int]:
    """The mark of each primary score from 0 to the paper's maximum."""
    least = [scale["3"], scale["4"], scale["5"]]
    return [2 + sum(score >= bound for bound in least) for score in range(scale["max"] + 1)]


def _without_scale(paper: Paper) -> str:
    return (
        f"Нет шкалы отметок на {paper.year} год для работы «{paper.subject}, {paper.grade} класс»: "
        "приняты участники, отсутствовавшие, баллы и отметки по журналу, отметок за работу нет. "
        "Впишите шкалу в vpr/scales/scales.xlsx, лист «Шкалы»: отметки будут поставлены при "
        "следующем приёме."
    )


# -- Counting --------------------------------------------------------------------------------

# Codes of pupils are five figures, the first of them the grade (docs/domain.md §3.3.1).
_PUPIL_CODE = re.compile(r"^([2-9])\d{4}(?:\.0)?$", re.MULTILINE)
_ROWS_AT_ONCE = 1024  # more of them cost memory and save no time
_MANY_ABOVE = 0.05  # of the rows above the maximum: a wrong name rather than slips

_NO_SCORE, _BAD_SCORE, _NO_VALUE = -1, -2, -3
_NO_VARIANT, _MISSED, _TAKEN = range(3)
_WHOLE = re.compile(r"(\d{1,4})(?:[.,]0+)?")
_ABSENT = "absent"
_SCORE_AND_MARK = itemgetter(0, 1)
_LEFT_OUT_SIGNS = frozenset("XxХх")  # Latin and Cyrillic


def _score(cell: Cell) -> int:
    """A primary score; _NO_SCORE for no data, _NO_VALUE for an error, _BAD_SCORE for the rest."""
    try:
        text = text_of(cell)
    except BadCell as bad:
        return _BAD_SCORE if bad.rule == "TYPE" else _NO_VALUE
    if text is None:
        return _NO_SCORE
    whole = _WHOLE.fullmatch(text)
    return int(whole.group(1)) if whole else _BAD_SCORE


def _points(cell: Cell) -> int:
    """The points of a task; LEFT_OUT for «X», 0 for other signs and what is no number."""
    if isinstance(cell, str) and cell.strip() in _LEFT_OUT_SIGNS:
        return LEFT_OUT
    return max(_score(cell), 0)


def _journal_mark(cell: Cell) -> int:
    """A journal mark 2-5; 0 where there is none (empty, «н/а», «ж», 8).

    As found: with no-break spaces, as 4.0, and with a Cyrillic «З» for 3.
    """
    mark = _score(cell.replace("З", "3").replace("з", "3") if isinstance(cell, str) else cell)
    return mark if 2 <= mark <= 5 else 0


def _variant(cell: Cell) -> int:
    """Whether a variant was taken; «отсутствовал» says that it was missed."""
    text = normal_title(cell)
    if not text:
        return _NO_VARIANT
    return _MISSED if text.startswith("отсутств") else _TAKEN


class _Cache(dict[Any, Any]):
    """What a cell means, worked out at its first occurrence."""

    def __init__(self, meaning: Any) -> None:
        super().__init__()
        self._meaning = meaning

    def __missing__(self, cell: Any) -> Any:
        value = self[cell] = self._meaning(cell)
        return value


class _Verdict(NamedTuple):
    """What becomes of a row with that score, those variants and that total of its tasks."""

    fault: str | None  # see `_fault`
    has_other_total: bool
    is_one_part: bool
    shows_two_parts: bool


def _verdict(score: int, variants: Sequence[int], total: int | None, maximum: int) -> _Verdict:
    taken = variants.count(_TAKEN)
    is_one_part = len(variants) > 1 and taken == 1
    return _Verdict(
        _fault(score, variants, total, maximum),
        total is not None and total != score,
        is_one_part,
        taken > 1 or (is_one_part and _MISSED in variants),
    )


def _count(
    rows: Iterator[list[Cell]],
    layout: Layout,
    heading: Heading,
    tasks_at: list[int],
    maximum: int,
) -> _Counts:
    at = heading.columns
    login_at, score_at, _ = (at[title] for title in layout.required)
    municipality_at = at.get(layout.municipality)
    code_at = at.get(layout.pupil[0])
    # After a file was uploaded twice a pupil's row stands twice, under another number and time.
    same_at = [at[title] for title in (*layout.required, *layout.pupil) if title in at]
    variants_at = [at[title] for title in layout.variants if title in at]
    same = itemgetter(*same_at, *variants_at)
    variants_in = itemgetter(slice(len(same_at), None))
    seen: set[tuple[Cell, ...]] = set()
    cells_of = _cells_at(tasks_at)
    width = max(*at.values(), *tasks_at, 0) + 1

    counts = _Counts()
    schools, rejected = counts.schools, counts.rejected
    logins = _Cache(lambda cell: login_digits(str(cell)))
    municipalities = _Cache(_tagged if layout.is_tagged else municipality_named)
    scores, journal_marks, points_of = _Cache(_score), _Cache(_journal_mark), _Cache(_points)
    kinds_of = _Cache(lambda cells: tuple(map(_variant, cells)))
    verdicts = _Cache(lambda told: _verdict(told[0], told[1], told[2], maximum))

    for some in iter(lambda: [*islice(rows, _ROWS_AT_ONCE)], []):
        if min(map(len, some)) < width:  # only in a csv
            some = [[*row, *[""] * (width - len(row))] for row in some]
        some = [row for row in some if row[login_at] or row[score_at] or any(row)]
        counts.rows_read += len(some)
        pupils = [*map(same, some)]
        if code_at is not None:
            here = set(pupils)
            if len(here) < len(pupils) or not seen.isdisjoint(here):
                is_new = [*_first_ones(some, pupils, code_at, seen)]
                counts.repeated += is_new.count(False)
                some, pupils = ([*compress(column, is_new)] for column in (some, pupils))
            seen |= here
            codes = "\n".join([str(row[code_at]) for row in some])
            counts.grades.update(_PUPIL_CODE.findall(codes))
        digits = [logins[pupil[0]] for pupil in pupils]
        if None in digits:
            rejected["SCHOOL_LOGIN"] += digits.count(None)
            is_known = [one is not None for one in digits]
            some, pupils, digits = (
                [*compress(column, is_known)] for column in (some, pupils, digits)
            )
        if municipality_at is not None:
            named = map(itemgetter(municipality_at), some)
            for (login, cell), many in Counter(zip(digits, named, strict=True)).items():
                if (municipality := municipalities[cell]) is not None:
                    schools[login].municipalities[municipality] += many
        # True is 1 to a dictionary.
        score = [scores[str(raw) if raw is True or raw is False else raw] for _, raw, *_ in pupils]
        kinds = map(kinds_of.__getitem__, map(variants_in, pupils))
        # Of a row without any sign in its tasks nobody knows their sum.
        points = [
            [*map(points_of.__getitem__, cells)] if any(cells) else []
            for cells in map(cells_of, some)
        ]
        totals = [sum(of_tasks) % LEFT_OUT if of_tasks else None for of_tasks in points]
        journal = [journal_marks[pupil[2]] for pupil in pupils]
        for login, verdict, pupil in zip(
            digits,
            map(verdicts.__getitem__, zip(score, kinds, totals, strict=True)),
            zip(score, journal, points, strict=True),
            strict=True,
        ):
            school = schools[login]
            fault, has_other_total, is_one_part, shows_two_parts = verdict
            if fault is None:
                (school.one_part if is_one_part else school.written).append(pupil)
                counts.other_total += has_other_total
                counts.has_two_parts |= shows_two_parts
            elif fault is _ABSENT:
                school.absent += 1
            else:
                rejected[fault] += 1
    return counts


def _cells_at(columns: list[int]) -> Callable[[list[Cell]], Sequence[Cell]]:
    """Takes these cells out of a row; neighbours at once, since a region has forty million."""
    first, after = (columns[0], columns[-1] + 1) if columns else (0, 0)
    if after - first == len(columns):
        return itemgetter(slice(first, after))
    return itemgetter(*columns)


def _first_ones(
    rows: list[list[Cell]],
    pupils: list[tuple[Cell, ...]],
    code_at: int,
    seen: set[tuple[Cell, ...]],
) -> Iterator[bool]:
    """Whether each row is the first of its pupil; who has no code is never known again."""
    here: set[tuple[Cell, ...]] = set()
    for row, pupil in zip(rows, pupils, strict=True):
        yield not row[code_at] or not (pupil in seen or pupil in here)
        here.add(pupil)


def _fault(
    score: int, variants: Sequence[int], total: int | None, maximum: int | None
) -> str | None:
    """Why a row is no participant's: _ABSENT, the rule by which it is set aside, or None.

    Absent is who took no variant and has no points; the layout of 2022 writes 0 for them.
    `total`: the points of the tasks, None where there are none; `maximum`: None where nobody
    says it.
    """
    took_one = _TAKEN in variants
    was_missed = _MISSED in variants and not took_one
    says_nothing = score == _NO_SCORE or (score == 0 and was_missed)
    if says_nothing and not took_one and not total:
        return _ABSENT
    if score == _NO_VALUE:
        return "SCORE_ERROR"
    if score == _BAD_SCORE:
        return "SCORE_TYPE"
    if was_missed:
        return "ABSENT_WITH_SCORE"
    if score == _NO_SCORE:
        return "SCORE_MISSING"
    if maximum is not None and score > maximum:
        return "SCORE_ABOVE_MAXIMUM"
    return "TOTAL_ZERO" if score == 0 and total else None


def _settle_one_part(counts: _Counts, decision: str) -> tuple[str, ...]:
    """Count those with one variant of several as the source decides, and say how many.

    Files of one-day papers may have two columns of variants, too, one of them empty.
    """
    if not counts.has_two_parts:
        decision = "participant"
    of_one_part = 0
    for school in counts.schools.values():
        pupils = len(school.one_part)
        of_one_part += pupils
        if decision == "participant":
            school.written += school.one_part
        elif decision == "absent":
            school.absent += pupils
        else:
            counts.rejected["ONE_PART"] += pupils
        school.results = Counter(map(_SCORE_AND_MARK, school.written))
    if not counts.has_two_parts or not of_one_part or decision == "set_aside":
        return ()
    many = counted(of_one_part, "участник", "участника", "участников")
    return (
        f"Написали только одну часть двухдневной работы: {many}; {_ONE_PART[decision]}. Если "
        "считать их нужно иначе, исправьте поле «one_part» в файле include/sources.yaml.",
    )


def _tagged(cell: Cell) -> str | None:
    """«reg44,reg44_vpr_m004,…» → «reg44_vpr_m004»."""
    tag = _MUNICIPALITY_TAG.search(str(cell).casefold())
    return tag.group() if tag else None


# -- What is kept ----------------------------------------------------------------------------

_NO_SUMS = dict.fromkeys(SUMS)


class _Facts:
    """The tables of one protocol, school by school and together."""

    def __init__(
        self, paper: Paper, sheet: str, scale: Mapping[str, int] | None, tasks: list[Task]
    ) -> None:
        self._common = {"sheet": sheet, "row": None, **paper.columns(), "restored": 0}
        self._scale = scale
        self._mark_by_score = _mark_by_score(scale) if scale else None
        names = ("mark_result", "journal_result", "score_result", "score_count", "task_result")
        self._tables: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
        of_the_paper = {"sheet": sheet, "row": None, **paper.columns()}
        self._tables["paper_task"] = tasks_of(
            of_the_paper, ((task.code, task.maximum) for task in tasks)
        )

    def of(self, counts: _Counts) -> dict[str, list[dict[str, Any]]]:
        """Schools where somebody wrote; the same pupils by municipality and in the region."""
        # By municipality; None: the region.
        together: dict[str | None, tuple[Results, TaskSums]] = defaultdict(
            lambda: (Counter(), TaskSums())
        )
        for digits, school in sorted(counts.schools.items()):
            if not school.results:
                continue
            municipality = usual(school.municipalities)
            common = self._common | Group("school", "vpr_login", digits, municipality).columns()
            tasks = self._by_task(school)
            if self._mark_by_score is not None:
                self._keep_marks(common, school, self._mark_by_score)
            ranks = rank_sums(school.results)
            self._keep_sums(common, school.results, tasks, school.absent, ranks)
            for above in dict.fromkeys((None, municipality)):
                together[above][0].update(school.results)
                together[above][1].take_all(tasks)
        for above, (results, tasks) in together.items():
            group = Group("region") if above is None else Group("municipality", municipality=above)
            common = self._common | group.columns()
            self._keep_sums(common, results, tasks, None, {})
            self._tables["score_count"] += [
                {**common, "score": score, "pupils": pupils}
                for score, pupils in histogram(results).items()
            ]
        return self._tables

    def _by_task(self, school: _School) -> TaskSums:
        marks = self._mark_by_score or [0] * (MOST_SCORE + 1)
        by_mark: dict[int, list[list[int]]] = defaultdict(list)
        for score, _, points in school.written:
            if points:
                by_mark[marks[score]].append(points)
        sums = TaskSums()
        for mark, of_pupils in by_mark.items():
            sums.take(mark, of_pupils)
        return sums

    def _keep_sums(
        self,
        common: Mapping[str, Any],
        results: Results,
        tasks: TaskSums,
        absent: int | None,
        ranks: Mapping[str, int | None],
    ) -> None:
        self._tables["score_result"].append(
            {
                **common,
                "participants": results.total(),
                "absent": absent,
                **_NO_SUMS,
                **sums_of(results, self._mark_by_score),
                **around_marks(results, self._scale),
                **ranks,
            }
        )
        if by_task := tasks.columns():
            self._tables["task_result"].append({**common, **by_task})

    def _keep_marks(
        self, common: Mapping[str, Any], school: _School, mark_by_score: list[int]
    ) -> None:
        marks = dict.fromkeys(MARKS, 0)
        changes = {-1: 0, 0: 0, 1: 0}  # of the mark to the journal's: -1 lower, 1 higher
        for (score, journal), pupils in school.results.items():
            mark = mark_by_score[score]
            marks[mark] += pupils
            if journal:
                changes[(mark > journal) - (mark < journal)] += pupils
        self._tables["mark_result"].append(
            {
                **common,
                "schools": None,
                "participants": sum(marks.values()),
                "absent": school.absent,
                **{f"mark_{mark}": pupils for mark, pupils in marks.items()},
            }
        )
        if compared := sum(changes.values()):
            self._tables["journal_result"].append(
                {
                    **common,
                    "compared": compared,
                    "lowered": changes[-1],
                    "confirmed": changes[0],
                    "raised": changes[1],
                }
            )


def _rejected(
    counts: _Counts, layout: Layout, heading: Heading, sheet: str, context: ReaderContext
) -> tuple[Rejected, ...]:
    kept = []
    for rule, rows in sorted(counts.rejected.items()):
        what, to_do = _RULES[rule]
        if rule == "SCORE_ABOVE_MAXIMUM" and rows > _MANY_ABOVE * counts.rows_read:
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


def _warnings(counts: _Counts) -> tuple[str, ...]:
    warnings = []
    if counts.repeated:
        rows = counted(counts.repeated, "строка", "строки", "строк")
        warnings.append(
            f"Повторённые строки одного участника, взяты один раз: {rows}. {NOTHING_TO_DO}."
        )
    if counts.other_total:
        rows = counted(counts.other_total, "строка", "строки", "строк")
        warnings.append(
            f"Первичный балл не равен сумме баллов за задания, взят он: {rows}. "
            "Проверьте итоги в протоколе."
        )
    without_journal = sum(
        pupils
        for school in counts.schools.values()
        for (_, journal), pupils in school.results.items()
        if not journal
    )
    if without_journal:
        pupils = counted(without_journal, "участник", "участника", "участников")
        warnings.append(f"Без отметки по журналу: {pupils}. {NOTHING_TO_DO}.")
    moved = sum(len(school.municipalities) > 1 for school in counts.schools.values())
    if moved:
        schools = counted(moved, "школа", "школы", "школ")
        warnings.append(
            f"Муниципалитет указан по-разному, взят чаще указанный: {schools}. "
            "Проверьте, тот ли он."
        )
    empty = sum(not school.results for school in counts.schools.values())
    if empty:
        schools = counted(empty, "школа", "школы", "школ")
        warnings.append(f"Никто не писал работу: {schools}. Проверьте, так ли это.")
    return tuple(warnings)
