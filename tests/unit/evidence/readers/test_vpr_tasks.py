"""«Выполнение заданий», of all and of groups of participants: percents become points."""

from __future__ import annotations

import pytest

from roadmap.evidence.parsed import FileRefused, Parsed, ReaderContext
from roadmap.evidence.readers.vpr_tasks import read
from support.workbooks import one_sheet

OPTIONS = {"waves": {"2021": "spring"}, "municipalities": ["Демонстрационный район"]}
CONTEXT = ReaderContext("zadaniya.xlsx", 2021, OPTIONS)
TITLE = [["Выполнение заданий"], ["ВПР 2021 Математика 5 класс"]]
HEAD = ["Группы участников", "Кол-во ОО", "Кол-во участников", "10", 11.1, "11.2"]
MAXIMA = ["", "", "Макс балл", 2, 1, 1]
REGION = ["Костромская обл.", 250, 5600, 40.12, 89.3, 75.8]
DISTRICT = ["Демонстрационный район(reg44_m099)", 7, 112, 33.04, 86.61, 70.54]
SCHOOL = ["МОУ Демонстрационная СОШ(edu449999)", "", 14, 21.43, 78.57, "57,14"]


def parsed(*rows: list[object], maxima: list[object] = MAXIMA) -> Parsed:
    return read(one_sheet([*TITLE, HEAD, maxima, *rows], "МА 5"), CONTEXT)


def test_percents_of_the_maximum_become_points():
    found = parsed(REGION, DISTRICT, SCHOOL)
    facts = found.facts["task_result"]
    assert [(fact["level"], fact["pupils"], fact["points"]) for fact in facts] == [
        ("region", 5600, "4493 5001 4245"), ("municipality", 112, "74 97 79"),
        ("school", 14, "6 11 8"),
    ]  # fmt: skip
    assert (facts[2]["school_ref"], facts[2]["municipality_ref"]) == (
        "449999", "демонстрационный район",
    )  # fmt: skip
    assert {fact[f"points_{mark}"] for fact in facts for mark in (2, 3, 4, 5)} == {None}
    assert (found.scope, found.warnings) == ("vpr/2021/spring/5/математика", ())


def test_tasks_are_called_as_the_paper_does():
    tasks = parsed(SCHOOL).facts["paper_task"]
    assert [(task["position"], task["task"], task["maximum"]) for task in tasks] == [
        (1, "10", 2), (2, "11.1", 1), (3, "11.2", 1),
    ]  # fmt: skip


def test_of_fewer_than_five_pupils_no_points_are_kept():
    found = parsed(SCHOOL, ["sch449998", None, 4, 25, 50, 100])
    assert [fact["school_ref"] for fact in found.facts["task_result"]] == ["449999"]
    assert found.warnings == (
        "Меньше пяти участников, баллы по заданиям не взяты: 1. Файл «zadaniya.xlsx». Делать "
        "ничего не нужно.",
    )


@pytest.mark.parametrize(
    ("changes", "rule"),
    [({3: 101}, "RANGE"), ({3: -1}, "RANGE"), ({4: None}, "MISSING"), ({4: "X"}, "TYPE"),
     ({2: None}, "MISSING"), ({0: "Ромашка"}, "GROUP")],
)  # fmt: skip
def test_a_row_without_points_is_set_aside(changes, rule):
    found = parsed(DISTRICT, [changes.get(at, cell) for at, cell in enumerate(SCHOOL)])
    assert [kept.rule for kept in found.rejected] == [rule]
    assert len(found.facts["task_result"]) == 1


def test_shares_that_no_points_make_are_told():
    found = parsed([*SCHOOL[:3], 21.43, 75, 57.14])
    assert found.warnings == (
        "Доли расходятся с числом участников больше, чем на округление: 1\u00a0строка. Файл "
        "«zadaniya.xlsx». Проверьте, верно ли число участников.",
    )


@pytest.mark.parametrize("maxima", [["", "", "Макс балл", 2, 1, None], DISTRICT, []])
def test_without_the_maxima_percents_say_no_points(maxima):
    with pytest.raises(FileRefused, match="наибольшими баллами") as caught:
        parsed(SCHOOL, maxima=maxima)
    assert caught.value.code == "HEADER"


# -- By groups of participants -----------------------------------------------------------------

CAPTION = "Ср.% вып. уч. гр.баллов {}"
# 4, 5, 5 and 0 pupils of the fourteen.
OF_MARKS = [
    [CAPTION.format(2), None, 4, 0, 50, 25],
    [CAPTION.format(3), None, 5, 30, 80, 60],
    [CAPTION.format(4), None, 5, 30, 100, 80],
    [CAPTION.format(5), None, 0, None, None, None],
]


def test_rows_of_marks_belong_to_the_group_above_them():
    found = parsed(DISTRICT, SCHOOL, *OF_MARKS)
    (school,) = [fact for fact in found.facts["task_result"] if fact["level"] == "school"]
    assert school["points"] == "6 11 8"
    assert [school[f"pupils_{mark}"] for mark in (2, 3, 4, 5)] == [4, 5, 5, 0]
    assert [school[f"points_{mark}"] for mark in (2, 3, 4, 5)] == ["0 2 1", "3 4 3", "3 5 4", None]
    assert (found.rows_read, found.rows_accepted, found.warnings) == (2, 2, ())


def test_points_of_one_or_two_pupils_with_a_mark_are_left_out():
    rows = [[CAPTION.format(mark), None, pupils, 50, 50, 50] for mark, pupils in
            ((2, 2), (3, 4), (4, 8))]  # fmt: skip
    (fact,) = parsed([*SCHOOL[:3], 50, 50, 50], *rows).facts["task_result"]
    assert [fact[f"points_{mark}"] for mark in (2, 3, 4)] == [None, None, "8 4 4"]


@pytest.mark.parametrize(
    ("rows", "rule"),
    [
        (OF_MARKS[:2], "SUM"),
        ([*OF_MARKS, OF_MARKS[0]], "CONFLICTING_DUPLICATE"),
        ([[*OF_MARKS[0][:3], 120, 50, 25], *OF_MARKS[1:]], "RANGE"),
    ],
)
def test_a_group_whose_marks_contradict_it_is_set_aside_whole(rows, rule):
    found = parsed(DISTRICT, SCHOOL, *rows)
    assert [kept.rule for kept in found.rejected] == [rule]
    assert [fact["level"] for fact in found.facts["task_result"]] == ["municipality"]
    assert (found.rows_read, found.rows_accepted) == (2, 1)


def test_points_of_marks_that_are_not_those_of_all_are_told():
    rows = [[*OF_MARKS[0][:3], 100, 50, 25], *OF_MARKS[1:]]
    assert parsed(SCHOOL, *rows).warnings == (
        "Доли групп расходятся с долями всех участников больше, чем на округление: 1\u00a0строка. "
        "Файл «zadaniya.xlsx». Проверьте, цел ли файл.",
    )
