"""«Распределение первичных баллов» of ФИС ОКО: shares of scores by group → sums and histograms.

A column a score from 0 to the paper's maximum, without gaps (docs/domain.md §3.2). What is kept
of a group is what is kept of pupil protocols (docs/formats.md, «Суммы баллов»).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from roadmap.evidence.files.grid import (
    Cell,
    Heading,
    Sheet,
    column_letter,
    percent_of,
)
from roadmap.evidence.messages import refused
from roadmap.evidence.parsed import Parsed, ReaderContext, scale_text
from roadmap.evidence.readers.percents import restored
from roadmap.evidence.readers.table import BESIDE, BESIDE_TO_DO, RowRejected
from roadmap.evidence.readers.vpr_export import (
    GroupTable,
    export_table,
    headings_after,
    paper_of,
    share_at,
)
from roadmap.evidence.readers.vpr_sums import SUMS, Results, around_marks, histogram, sums_of
from roadmap.russian import decimal

_TO_DO = "Запросите файл заново; строка отклонена, распределение баллов по ней не рассчитано"
_MOST_BESIDE = Decimal("0.1")  # percents, of the sum of a row's shares
_LARGEST = 2**31 - 1  # what a column of the database holds


def read(content: bytes, context: ReaderContext) -> Parsed:
    """Facts `score_result` and `score_count` of one paper on all levels.

    Raises FileRefused: HEADER, TITLE, SUBJECT, PERIOD and those of `read_sheets`.
    """
    sheet, heading = export_table(content, context)
    scores_at = _scores_at(sheet, heading, context)
    paper = paper_of(sheet, heading, context)
    scale = context.options["scales"].get(str(paper.year), {}).get(paper.subject, {})
    scale = scale.get(str(paper.grade))
    table = GroupTable(sheet, heading, context, _TO_DO)
    for number, name, row in table.data_rows(scores_at):
        try:
            group = table.group(name, row)
            participants = table.participants(row)
            counts = _counts(table, row, scores_at, participants) if participants else ()
        except RowRejected as problem:
            table.reject(number, problem)
            continue
        fact = {**paper.columns(), **group.columns(), "participants": participants}
        table.keep(group.key, number, fact | {"counts": counts}, participants, table.twice())
    parsed = table.parsed(paper.scope, "score_result")
    told: tuple[str, ...] = ()
    maximum = len(scores_at) - 1
    fits = scale is None or scale["max"] == maximum
    if not fits:
        told = (
            f"Наибольший балл в файле — {maximum}, по шкале — {scale['max']}: баллы у границ "
            "отметок не взяты. Проверьте файл и шкалу.",
        )
    return replace(
        parsed,
        facts=_facts(parsed.facts["score_result"], scale if fits else None),
        scale=scale_text(scale),
        warnings=(*parsed.warnings, *told),
    )


def _scores_at(sheet: Sheet, heading: Heading, context: ReaderContext) -> list[int]:
    """The columns of the scores 0, 1, … maximum. Raises FileRefused HEADER where one is lacking."""
    found = headings_after(sheet, heading)
    if not found or [title for title, _ in found] != [str(at) for at in range(len(found))]:
        raise refused(
            "HEADER",
            "Файл не принят: за числом участников нет столбцов 0, 1, 2 … до наибольшего балла",
            "Выгрузите отчёт «Распределение первичных баллов» заново и не меняйте столбцы",
            context.file_name,
            sheet=sheet.name or None,
        )
    return [column for _, column in found]


def _counts(
    table: GroupTable, row: Sequence[Cell], scores_at: list[int], participants: int
) -> tuple[int, ...]:
    """How many have each score; RowRejected where the shares are none."""
    columns = f"{column_letter(scores_at[0])}–{column_letter(scores_at[-1])}"
    shares = [share_at(row, at, percent_of) for at in scores_at]
    # An empty share is a zero only if the others make the whole by themselves.
    percents = [share or Decimal(0) for share in shares]
    if min(percents) < 0:
        raise RowRejected("RANGE", "Доля меньше 0", columns)
    total = sum(percents, Decimal(0))
    if abs(total - 100) > _MOST_BESIDE:
        what = f"Сумма долей — {decimal(float(total), 2)} % вместо 100 %"
        raise RowRejected("PERCENT_SUM", what, columns)
    counts, do_agree = restored(percents, participants)
    if not do_agree:
        table.warn(BESIDE, BESIDE_TO_DO)
    return tuple(counts)


def _facts(
    kept: Iterable[Mapping[str, Any]], scale: Mapping[str, int] | None
) -> dict[str, list[dict[str, Any]]]:
    sums, counts = [], []
    for fact in kept:
        group = {key: value for key, value in fact.items() if key != "counts"} | {"restored": 1}
        results: Results = Counter(
            {(score, 0): pupils for score, pupils in enumerate(fact["counts"]) if pupils}
        )
        # Of the journal the report says nothing.
        of_scores = sums_of(results, None)
        found = {key: of_scores.get(key) for key in ("score_sum", "score_squares")}
        if (found["score_squares"] or 0) > _LARGEST:  # of a country
            found["score_squares"] = None
        sums.append(
            {
                **group,
                "absent": None,
                **dict.fromkeys(SUMS),
                **found,
                **around_marks(results, scale),
            }
        )
        if group["level"] != "school":
            del group["participants"]
            counts += [
                {**group, "score": score, "pupils": pupils}
                for score, pupils in histogram(results).items()
            ]
    return {"score_result": sums, "score_count": counts}
