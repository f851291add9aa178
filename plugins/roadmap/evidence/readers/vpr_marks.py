"""«Статистика по отметкам» of ФИС ОКО: shares of marks by group → counts (docs/domain.md §3.2).

Rows go from the country to the school: `Вся выборка`, the region («… обл.»), a municipality,
its schools. Shares are percents 0-100 of the participants; counts are restored from them and
a row whose shares do not make 100 is quarantined, never repaired.
"""

from __future__ import annotations

from decimal import Decimal

from roadmap.evidence.files.grid import (
    Cell,
    Heading,
    Sheet,
    percent_of,
)
from roadmap.evidence.messages import NOTHING_TO_DO, refused
from roadmap.evidence.parsed import Parsed, ReaderContext
from roadmap.evidence.readers.percents import (
    are_fractions,
    as_hundredths,
    restored,
    restored_from_hundredths,
    sums_to_whole,
)
from roadmap.evidence.readers.table import BESIDE, BESIDE_TO_DO, RowRejected
from roadmap.evidence.readers.vpr_export import (
    GroupTable,
    export_table,
    headings_after,
    paper_of,
)
from roadmap.russian import decimal

_MARKS = ("2", "3", "4", "5")
_MARK_COLUMNS = tuple(f"mark_{mark}" for mark in _MARKS)
_LARGEST_SHARE = Decimal("100.05")
_ASK_AGAIN = "Запросите файл заново; строка отклонена, показатели по ней не рассчитаны"


def read(content: bytes, context: ReaderContext) -> Parsed:
    """Facts `mark_result` of one paper on all levels; schools by the digits of their login.

    A group without participants gives no fact. Raises FileRefused: HEADER, TITLE, SUBJECT,
    PERIOD and those of `read_sheets`.
    """
    sheet, heading = export_table(content, context, *_MARKS)
    _refuse_another_report(sheet, heading, context)
    paper = paper_of(sheet, heading, context)
    table = _Table(sheet, heading, context)
    of_the_paper = paper.columns()
    twice = table.twice()
    for number, name, row in table.data_rows([table.at[mark] for mark in _MARKS]):
        try:
            group = table.group(name, row)
            counts = table.counts(row)
        except RowRejected as problem:
            table.reject(number, problem)
            continue
        fact = {**of_the_paper, **group.columns(), **counts}
        table.keep(group.key, number, fact, fact["participants"], twice)
    return table.parsed(paper.scope, "mark_result")


def _refuse_another_report(sheet: Sheet, heading: Heading, context: ReaderContext) -> None:
    """Other reports of ФИС ОКО have the columns 2 to 5 too, as scores or tasks among others."""
    others = [title for title, _ in headings_after(sheet, heading) if title.isdigit()]
    others = [title for title in others if title not in _MARKS]
    if others:
        raise refused(
            "HEADER",
            f"Файл не принят: кроме отметок 2–5 в нём есть столбец «{others[0]}», это другой отчёт",
            "Выгрузите отчёт «Статистика по отметкам»",
            context.file_name,
            sheet=sheet.name or None,
        )


class _Table(GroupTable):
    def __init__(self, sheet: Sheet, heading: Heading, context: ReaderContext) -> None:
        super().__init__(sheet, heading, context, _ASK_AGAIN)
        self._marks_at = [self.at[mark] for mark in _MARKS]

    def counts(self, row: list[Cell]) -> dict[str, int | None]:
        """The columns of `mark_result` that count; RowRejected where they cannot be."""
        participants = self.participants(row)
        counts = self._restored(row, participants) if participants else [0, 0, 0, 0]
        return {
            "schools": self.schools(row),
            "participants": participants,
            "absent": None,
            **dict(zip(_MARK_COLUMNS, counts, strict=True)),
            "restored": 1,
        }

    def _restored(self, row: list[Cell], participants: int) -> list[int]:
        hundredths = as_hundredths([row[at] for at in self._marks_at])
        if hundredths is not None:
            counts, do_agree = restored_from_hundredths(hundredths, participants)
        else:
            counts, do_agree = self._restored_by_the_long_way(row, participants)
        if not do_agree:
            self.warn(BESIDE, BESIDE_TO_DO)
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
            self.warn("Доли записаны дробями от 0 до 1, прочитаны как проценты", NOTHING_TO_DO)
        return restored(percents, participants)

    def _not_a_whole(self, percents: list[Decimal]) -> RowRejected:
        total = decimal(float(sum(percents)), 1 if sum(percents) % 1 else 0)
        if total == "100,0":  # a few hundredths too many must not look right
            total = decimal(float(sum(percents)), 2)
        return RowRejected(
            "PERCENT_SUM", f"Сумма долей — {total} % вместо 100 %", self.columns(_MARKS)
        )
