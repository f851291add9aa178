"""«Статистика по отметкам» of ФИС ОКО: shares of marks by group → counts (docs/domain.md §3.2).

Rows go from the country to the school: `Вся выборка`, `Костромская обл.`, a municipality,
its schools. Shares are percents 0-100 of the participants; counts are restored from them and
a row whose shares do not make 100 is quarantined, never repaired.
"""

from __future__ import annotations

from decimal import Decimal

from roadmap.evidence.files.grid import (
    Cell,
    Fault,
    Heading,
    Sheet,
    find_table,
    integer_of,
    normal_title,
    percent_of,
    read_sheets,
    text_of,
)
from roadmap.evidence.parsed import Parsed, ReaderContext
from roadmap.evidence.readers.percents import (
    are_fractions,
    as_hundredths,
    restored,
    restored_from_hundredths,
    sums_to_whole,
)
from roadmap.evidence.readers.table import RowRejected, Table, cell_at
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
    group_of,
    known_municipalities,
    paper_of,
)
from roadmap.russian import decimal, integer

_MARKS = ("2", "3", "4", "5")
_MARK_COLUMNS = tuple(f"mark_{mark}" for mark in _MARKS)
_TITLES = (GROUPS, PARTICIPANTS, *_MARKS)
_LARGEST_SHARE = Decimal("100.05")
_ASK_AGAIN = "Запросите файл заново; строка отложена, показатели по ней не рассчитаны"


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
    table = _Table(sheet, heading, context)
    of_the_paper = paper.columns()
    twice = RowRejected(
        "CONFLICTING_DUPLICATE",
        "Об одной группе две разные строки",
        table.column(GROUPS),
        "Запросите файл заново; обе строки отложены",
    )
    for number, name, row in table.data_rows():
        try:
            group = table.group(name, row)
            counts = table.counts(row)
        except RowRejected as problem:
            table.reject(number, problem)
            continue
        fact = {**of_the_paper, **group.columns(), **counts}
        table.keep(group.key, number, fact, fact["participants"], twice)
    return table.parsed(paper.scope, "mark_result")


class _Table(Table):
    def __init__(self, sheet: Sheet, heading: Heading, context: ReaderContext) -> None:
        super().__init__(sheet, heading, context, _ASK_AGAIN)
        self._marks_at = [self.at[mark] for mark in _MARKS]
        self._municipality: str | None = None
        self._known = known_municipalities(context)

    def data_rows(self) -> list[tuple[int, str, list[Cell]]]:
        """Rows with a group and a number: their number in the file, the group's name.

        A group that is an error is set aside; one that is a number numbers columns or pages.
        """
        rows: list[tuple[int, str, list[Cell]]] = []
        empty = 0
        name_at = self.at[GROUPS]
        numbers_at = [self.at[title] for title in (PARTICIPANTS, *_MARKS)]
        heading = normal_title(GROUPS)
        for number, row in self.below():
            has_numbers = cell_at(row, numbers_at[0]) is not None or any(
                cell_at(row, at) is not None for at in numbers_at
            )
            name = None
            try:
                if isinstance(cell_at(row, name_at), str | Fault):
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
                self.warn("Строки вне таблицы (подписи, примечания) пропущены")
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
            schools = self._schools(row)
        except RowRejected:  # set aside with the other counts
            schools = None
        group = group_of(name, self._municipality, self._known, schools)
        if group.level != "school":
            self._municipality = group.municipality
        if group.level == UNCLEAR:
            raise RowRejected("GROUP", NOT_UNDERSTOOD, self.column(GROUPS), NAME_IT)
        return group

    def _schools(self, row: list[Cell]) -> int | None:
        return self.value(row, SCHOOLS, integer_of) if SCHOOLS in self.at else None

    def counts(self, row: list[Cell]) -> dict[str, int | None]:
        """The columns of `mark_result` that count; RowRejected where they cannot be."""
        participants = self.value(row, PARTICIPANTS, integer_of)
        if participants is None:
            raise RowRejected("MISSING", "Нет числа участников", self.column(PARTICIPANTS))
        if not 0 <= participants <= MOST_PARTICIPANTS:
            what = f"Число участников невозможно: {integer(participants)}"
            raise RowRejected("RANGE", what, self.column(PARTICIPANTS))
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
        shares = [self.value(row, mark, percent_of) for mark in _MARKS]
        # An empty share is a zero only if the others make the whole by themselves.
        percents = [Decimal(0) if share is None else share for share in shares]
        if not any(percents) and shares.count(None) == len(shares):
            raise RowRejected("MISSING", "Нет долей отметок", self.columns(_MARKS))
        if min(percents) < 0 or max(percents) > _LARGEST_SHARE:
            raise RowRejected(
                "RANGE", "Доля отметки меньше 0 или больше 100 %", self.columns(_MARKS)
            )
        if not sums_to_whole(percents):
            if not are_fractions(percents):
                raise self._not_a_whole(percents)
            percents = [100 * percent for percent in percents]
            self.warn("Доли записаны дробями от 0 до 1, прочитаны как проценты")
        return restored(percents, participants)

    def _not_a_whole(self, percents: list[Decimal]) -> RowRejected:
        total = decimal(float(sum(percents)), 1 if sum(percents) % 1 else 0)
        if total == "100,0":  # a few hundredths too many must not look right
            total = decimal(float(sum(percents)), 2)
        return RowRejected(
            "PERCENT_SUM", f"Сумма долей — {total} % вместо 100 %", self.columns(_MARKS)
        )
