"""«Распределение первичных баллов»: shares of scores become sums and histograms."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadmap.evidence.parsed import FileRefused, Parsed, ReaderContext
from roadmap.evidence.readers import vpr_marks
from roadmap.evidence.readers.vpr_scores import read
from support.workbooks import one_sheet

SCALE = {"max": 8, "3": 4, "4": 6, "5": 8}
OPTIONS = {
    "waves": {"2021": "spring"},
    "scales": {"2021": {"математика": {"4": SCALE}}},
    "municipalities": ["Демонстрационный район"],
}
CONTEXT = ReaderContext("raspredelenie.xlsx", 2021, OPTIONS)
TITLE = [["Распределение первичных баллов"], ["ВПР 2021 Математика 4 класс"],
         ["Максимальный первичный балл:", 8]]  # fmt: skip
HEAD = ["Группы участников", "Кол-во ОО", "Кол-во участников", *range(9)]
REGION = ["Костромская обл.", 250, 1000, 1.2, 2.1, 3.9, 6.4, 8.8, 21.3, 22.7, 19.4, 14.2]
SCHOOL = "МОУ Демонстрационная СОШ(edu449999)"


def group(name: str, *counts: int) -> list[object]:
    whole = sum(counts)
    shares = [round(100 * count / whole, 2) if whole else None for count in counts]
    return [name, None, whole, *shares]


def parsed(*rows: list[object], head: list[object] | None = None) -> Parsed:
    return read(one_sheet([*TITLE, head or HEAD, *rows], "МА 4"), CONTEXT)


def test_a_school_keeps_sums_and_counts_around_the_boundaries_but_no_histogram():
    found = parsed(group(SCHOOL, 0, 0, 1, 1, 3, 2, 2, 3, 2))
    (fact,) = found.facts["score_result"]
    assert (fact["school_ref"], fact["participants"], fact["restored"]) == ("449999", 14, 1)
    assert (fact["score_sum"], fact["score_squares"]) == (76, 458)
    around = [fact[f"around_{mark}_{at}"] for mark in (3, 4, 5) for at in (1, 2, 3, 4)]
    assert around == [1, 1, 3, 2, 3, 2, 2, 3, 2, 3, 2, 0]
    assert (fact["journal_3"], fact["gap_2"], fact["rank_gaps"], fact["absent"]) == (None,) * 4
    assert found.facts["score_count"] == []
    assert (found.scope, found.scale) == ("vpr/2021/spring/4/математика", "8: 4, 6, 8")


def test_the_region_keeps_its_histogram():
    found = parsed(REGION)
    counts = {row["score"]: row["pupils"] for row in found.facts["score_count"]}
    assert counts == {0: 12, 1: 21, 2: 39, 3: 64, 4: 88, 5: 213, 6: 227, 7: 194, 8: 142}
    assert {row["level"] for row in found.facts["score_count"]} == {"region"}
    assert found.warnings == ()


def test_of_fewer_than_five_pupils_only_their_number_is_kept():
    (fact,) = parsed(group(SCHOOL, 0, 0, 0, 0, 4, 0, 0, 0, 0)).facts["score_result"]
    assert (fact["participants"], fact["score_sum"], fact["around_3_3"]) == (4, None, None)


@settings(max_examples=25)
@given(st.lists(st.integers(0, 40), min_size=9, max_size=9).filter(lambda n: sum(n) >= 5))
def test_counts_are_restored_from_shares(counts):
    (fact,) = parsed(group(SCHOOL, *counts)).facts["score_result"]
    assert fact["score_sum"] == sum(score * pupils for score, pupils in enumerate(counts))


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        ([*REGION[:3], 1.5, *REGION[4:]], "PERCENT_SUM"),
        ([*REGION[:3], -1.2, *REGION[4:]], "RANGE"),
        ([*REGION[:3], "нет", *REGION[4:]], "TYPE"),
        ([*REGION[:2], None, *REGION[3:]], "MISSING"),
        (["Ромашка", *REGION[1:]], "GROUP"),
    ],
)
def test_a_row_whose_shares_are_none_is_set_aside(row, rule):
    if rule == "GROUP":
        row[1] = None
    found = parsed(group(SCHOOL, *[1] * 9), row)
    assert [kept.rule for kept in found.rejected] == [rule]
    assert (found.rows_read, len(found.facts["score_result"])) == (2, 1)


def test_shares_that_no_pupils_have_are_told():
    found = parsed([SCHOOL, None, 14, 0, 0, 0, 0, 33.33, 0, 0, 0, 66.67])
    assert found.warnings == (
        "Доли расходятся с числом участников больше, чем на округление: 1\u00a0строка. Файл "
        "«raspredelenie.xlsx». Проверьте, верно ли число участников.",
    )


@pytest.mark.parametrize("head", [[*HEAD[:3], *range(1, 10)], [*HEAD[:3], 0, 1, 3], HEAD[:3]])
def test_scores_with_a_gap_are_no_distribution(head):
    with pytest.raises(FileRefused, match="нет столбцов 0, 1, 2") as caught:
        parsed(REGION, head=head)
    assert caught.value.code == "HEADER"


def test_a_maximum_that_is_not_the_scale_s_is_told_and_boundaries_are_left_out():
    head = [*HEAD, 9]
    found = parsed([*group(SCHOOL, *[1] * 10)], head=head)
    assert found.facts["score_result"][0]["around_3_1"] is None
    assert found.warnings == (
        "Наибольший балл в файле — 9, по шкале — 8: баллы у границ отметок не взяты. Проверьте "
        "файл и шкалу.",
    )


def test_the_report_of_marks_does_not_take_scores_for_marks():
    with pytest.raises(FileRefused, match="это другой отчёт"):
        vpr_marks.read(one_sheet([*TITLE, HEAD, REGION]), CONTEXT)
