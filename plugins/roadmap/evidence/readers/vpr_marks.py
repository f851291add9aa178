"""«Статистика по отметкам» of ФИС ОКО: shares of marks by group → counts (docs/domain.md §3.2).

Rows go from the country to the school: `Вся выборка`, `Костромская обл.`, a municipality,
its schools. Shares are percents 0-100 of the participants; counts are restored from them and
a row whose shares do not make 100 is quarantined, never repaired.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from roadmap.evidence.files.grid import (
    BadCell,
    Cell,
    Heading,
    Sheet,
    column_letter,
    column_name,
    find_table,
    integer_of,
    latin_letters,
    normal_title,
    percent_of,
    read_sheets,
)
from roadmap.evidence.messages import place, sentence
from roadmap.evidence.parsed import Parsed, ReaderContext, Rejected
from roadmap.evidence.readers.percents import (
    are_fractions,
    as_hundredths,
    restored,
    restored_from_hundredths,
    sums_to_whole,
)
from roadmap.evidence.readers.vpr_export import (
    EMPTY_ROWS_END,
    GROUPS,
    MOST_PARTICIPANTS,
    NAME_IT,
    NOT_UNDERSTOOD,
    PARTICIPANTS,
    SCHOOLS,
    UNCLEAR,
    WITHIN,
    Group,
    cell_at,
    group_of,
    known_municipalities,
    name_in,
    paper_of,
)
from roadmap.russian import counted, decimal, integer

_MARKS = ("2", "3", "4", "5")
_MARK_COLUMNS = tuple(f"mark_{mark}" for mark in _MARKS)
_TITLES = (GROUPS, PARTICIPANTS, *_MARKS)
_LARGEST_SHARE = Decimal("100.05")
_ASK_AGAIN = "Запросите файл заново; строка отложена, показатели по ней не рассчитаны"


class _RowRejected(Exception):
    def __init__(self, rule: str, what: str, column: str, to_do: str = _ASK_AGAIN) -> None:
        super().__init__(rule)
        self.rule = rule
        self.what = what
        self.column = column
        self.to_do = to_do


def read(content: bytes, context: ReaderContext) -> Parsed:
    """Facts `mark_result` of one paper on all levels; schools by the digits of their login.

    A group without participants gives no fact. Raises FileRefused: HEADER, TITLE, SUBJECT,
    PERIOD and those of `read_sheets`.
    """
    sheet, heading = find_table(
        read_sheets(content, context.file_name, _TITLES, ragged=True),
        _TITLES,
        WITHIN,
        optional=(SCHOOLS,),
        file_name=context.file_name,
        is_ours=False,
    )
    paper = paper_of(sheet, heading, context)
    of_the_paper = paper.columns()
    table = _Table(sheet, heading, context)
    facts: dict[tuple[str, str | None], dict[str, Any]] = {}
    contradicted: set[tuple[str, str | None]] = set()
    for number, name, row in table.data_rows():
        try:
            group = table.group(name, row)
            counts = table.counts(row)
        except _RowRejected as problem:
            table.reject(number, problem)
            continue
        fact = {"sheet": sheet.name, "row": number, **of_the_paper, **group.columns(), **counts}
        earlier = facts.get(group.key)
        if earlier is not None and _without_place(earlier) == _without_place(fact):
            table.warn("Повторённые строки, взяты один раз")
        elif earlier is not None or group.key in contradicted:
            contradicted.add(group.key)
            for twice in (number, *([earlier["row"]] if earlier else [])):
                table.reject(twice, _contradiction(heading))
            facts.pop(group.key, None)
        elif counts["participants"]:
            facts[group.key] = fact
        else:
            table.warn("Без участников")
    return Parsed(
        scope=paper.scope,
        facts={"mark_result": list(facts.values())},
        rows_read=table.rows_read,
        rows_accepted=table.rows_read - len(table.rejected),
        rejected=tuple(table.rejected),
        warnings=table.warnings(),
    )


def _without_place(fact: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in fact.items() if key != "row"}


def _contradiction(heading: Heading) -> _RowRejected:
    return _RowRejected(
        "CONFLICTING_DUPLICATE",
        "Об одной группе две разные строки",
        column_name(heading.columns[GROUPS], GROUPS),
        "Запросите файл заново; обе строки отложены",
    )


class _Table:
    """The rows below the heading, and what was said about them on the way."""

    def __init__(self, sheet: Sheet, heading: Heading, context: ReaderContext) -> None:
        self._sheet = sheet
        self._heading = heading
        self._at = heading.columns
        self._context = context
        self._marks_at = [heading.columns[mark] for mark in _MARKS]
        self._municipality: str | None = None
        self._known = known_municipalities(context)
        self._warned: dict[str, int] = {}
        self.rows_read = 0
        self.rejected: list[Rejected] = []
        if sheet.is_hidden:
            self.warn("Таблица прочитана со скрытого листа")
        if sheet.hidden_rows:
            self.warn("Скрытые строки прочитаны вместе с остальными", sheet.hidden_rows)

    def data_rows(self) -> list[tuple[int, str, list[Cell]]]:
        """Rows with a group and a number: their number in the file, the group's name."""
        found: list[tuple[int, str, list[Cell]]] = []
        empty = 0
        name_at = self._at[GROUPS]
        numbers_at = [self._at[title] for title in (PARTICIPANTS, *_MARKS)]
        heading = normal_title(GROUPS)
        for number, row in enumerate(
            self._sheet.rows[self._heading.row + 1 :], start=self._heading.row + 2
        ):
            name = name_in(row, name_at)
            has_numbers = cell_at(row, numbers_at[0]) is not None or any(
                cell_at(row, at) is not None for at in numbers_at
            )
            if name is None and not has_numbers:
                empty += 1
                continue
            if name is None or not has_numbers or empty >= EMPTY_ROWS_END:
                self.warn("Строки вне таблицы (подписи, примечания) пропущены")
                continue
            empty = 0
            if normal_title(name) != heading:  # a heading repeated on a new page
                found.append((number, name, row))
        self.rows_read = len(found)
        return found

    def group(self, name: str, row: list[Cell]) -> Group:
        """Whom a row speaks of; a municipality's row opens the rows of its schools.

        _RowRejected where nobody can say.
        """
        try:
            schools = self._schools(row)
        except _RowRejected:  # told with the other counts
            schools = None
        group = group_of(name, self._municipality, self._known, schools)
        if group.level != "school":
            self._municipality = group.municipality
        if group.level == UNCLEAR:
            raise _RowRejected("GROUP", NOT_UNDERSTOOD, self._column(GROUPS), NAME_IT)
        return group

    def _schools(self, row: list[Cell]) -> int | None:
        return self._number(row, SCHOOLS) if SCHOOLS in self._at else None

    def counts(self, row: list[Cell]) -> dict[str, int | None]:
        """The columns of `mark_result` that count; _RowRejected where they cannot be."""
        participants = self._number(row, PARTICIPANTS)
        if participants is None:
            raise _RowRejected("MISSING", "Нет числа участников", self._column(PARTICIPANTS))
        if not 0 <= participants <= MOST_PARTICIPANTS:
            what = f"Число участников невозможно: {integer(participants)}"
            raise _RowRejected("RANGE", what, self._column(PARTICIPANTS))
        counts = self._restored(row, participants) if participants else [0, 0, 0, 0]
        return {
            "schools": self._schools(row),
            "participants": participants,
            "absent": None,
            **dict(zip(_MARK_COLUMNS, counts, strict=True)),
            "restored": 1,
        }

    def _restored(self, row: list[Cell], participants: int) -> list[int]:
        hundredths = as_hundredths([cell_at(row, at) for at in self._marks_at])
        if hundredths is not None:
            counts, do_agree = restored_from_hundredths(hundredths, participants)
        else:
            counts, do_agree = self._restored_by_the_long_way(row, participants)
        if not do_agree:
            self.warn("Доли не сходятся с числом участников точнее округления")
        return counts

    def _restored_by_the_long_way(
        self, row: list[Cell], participants: int
    ) -> tuple[list[int], bool]:
        try:
            shares = [percent_of(cell_at(row, at)) for at in self._marks_at]
        except BadCell:
            shares = [self._share(row, mark) for mark in _MARKS]  # names the column
        # An empty share is a zero only if the others make the whole by themselves.
        percents = [Decimal(0) if share is None else share for share in shares]
        if not any(percents) and shares.count(None) == len(shares):
            raise _RowRejected("MISSING", "Нет долей отметок", self._mark_columns())
        if min(percents) < 0 or max(percents) > _LARGEST_SHARE:
            raise _RowRejected(
                "RANGE", "Доля отметки меньше 0 или больше 100 %", self._mark_columns()
            )
        if not sums_to_whole(percents):
            if not are_fractions(percents):
                raise self._not_a_whole(percents)
            percents = [100 * percent for percent in percents]
            self.warn("Доли записаны дробями от 0 до 1, прочитаны как проценты")
        return restored(percents, participants)

    def _not_a_whole(self, percents: list[Decimal]) -> _RowRejected:
        total = decimal(float(sum(percents)), 1 if sum(percents) % 1 else 0)
        if total == "100,0":  # a few hundredths too many must not look right
            total = decimal(float(sum(percents)), 2)
        return _RowRejected(
            "PERCENT_SUM", f"Сумма долей — {total} % вместо 100 %", self._mark_columns()
        )

    def _number(self, row: list[Cell], title: str) -> int | None:
        try:
            return integer_of(cell_at(row, self._at[title]))
        except BadCell as bad:
            raise _RowRejected(bad.rule, bad.what, self._column(title)) from None

    def _share(self, row: list[Cell], mark: str) -> Decimal | None:
        try:
            return percent_of(cell_at(row, self._at[mark]))
        except BadCell as bad:
            raise _RowRejected(bad.rule, bad.what, self._column(mark)) from None

    def _column(self, title: str) -> str:
        return column_name(self._at[title], title)

    def _mark_columns(self) -> str:
        places = sorted(self._at[mark] for mark in _MARKS)
        return f"{column_letter(places[0])}–{column_letter(places[-1])}"

    def reject(self, number: int, problem: _RowRejected) -> None:
        where = place(self._context.file_name, self._sheet.name, number, problem.column)
        self.rejected.append(
            Rejected(
                problem.rule,
                sentence(problem.what, where, problem.to_do),
                self._sheet.name,
                number,
                problem.column,
            )
        )

    def warn(self, what: str, times: int = 1) -> None:
        self._warned[what] = self._warned.get(what, 0) + times

    def warnings(self) -> tuple[str, ...]:
        told = (
            f"{what}: {counted(times, 'строка', 'строки', 'строк')}."
            for what, times in self._warned.items()
        )
        return (*latin_letters(self._sheet.rows[self._heading.row]), *told)
