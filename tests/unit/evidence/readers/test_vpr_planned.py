"""«Достижение планируемых результатов»: tasks in rows, groups in columns, points as elsewhere."""

from __future__ import annotations

import pytest

from roadmap.evidence.parsed import FileRefused, Parsed, ReaderContext
from roadmap.evidence.readers.vpr_planned import read
from support.workbooks import one_sheet

OPTIONS = {"waves": {"2021": "spring"}, "municipalities": ["Демонстрационный район"]}
CONTEXT = ReaderContext("planiruemye.xlsx", 2021, OPTIONS)
TITLE = [["Достижение планируемых результатов"], ["ВПР 2021 Математика 5 класс"]]
HEAD = ["Номер задания", "Блоки ПООП обучающийся научится / получит возможность научиться",
        "Макс балл", "Костромская обл.", "Демонстрационный район(reg44_m099)",
        "МОУ Демонстрационная СОШ(edu449999)", "РФ"]  # fmt: skip
PUPILS = ["", "", "", "5600 уч.", "112 уч.", "14 уч.", "1 400 000 уч."]
PERCENTS = ["8", "Проценты в практических задачах", 1, 25.1, 19.64, 14.29, 26.0]
TABLE = [11.1, "Чтение таблицы", 2, 89.3, 86.61, "78,57", 89.9]


def parsed(*rows: list[object], head: list[str] = HEAD, pupils: list[object] = PUPILS) -> Parsed:
    return read(one_sheet([*TITLE, head, pupils, *rows], "МА 5"), CONTEXT)


def changed(row: list[object], changes: dict[int, object]) -> list[object]:
    return [changes.get(at, cell) for at, cell in enumerate(row)]


def test_columns_of_groups_become_points_of_groups():
    found = parsed(PERCENTS, TABLE)
    facts = found.facts["task_result"]
    assert [(fact["level"], fact["pupils"], fact["points"]) for fact in facts] == [
        ("region", 5600, "1406 10002"), ("municipality", 112, "22 194"), ("school", 14, "2 22"),
        ("country", 1_400_000, "364000 2517200"),
    ]  # fmt: skip
    assert (facts[2]["school_ref"], facts[2]["municipality_ref"]) == (
        "449999", "демонстрационный район",
    )  # fmt: skip
    assert (found.scope, found.warnings) == ("vpr/2021/spring/5/математика", ())
    assert (found.rows_read, found.rows_accepted) == (2, 2)


def test_a_task_is_kept_with_what_it_asks_for():
    tasks = parsed(PERCENTS, TABLE).facts["paper_task"]
    assert [(t["position"], t["task"], t["maximum"], t["requirement"]) for t in tasks] == [
        (1, "8", 1, "Проценты в практических задачах"), (2, "11.1", 2, "Чтение таблицы"),
    ]  # fmt: skip


@pytest.mark.parametrize("under_the_heading", [[], ["7", "Сравнение дробей", 1, 50, 50, 50, 50]])
def test_without_numbers_of_participants_only_the_tasks_are_kept(under_the_heading):
    found = parsed(PERCENTS, TABLE, pupils=under_the_heading)
    assert found.facts["task_result"] == []
    assert len(found.facts["paper_task"]) == 2 + bool(under_the_heading)
    told = "Не сказано, сколько участников, доли не учтены: столбцы D, E, F, G."
    to_do = "Впишите под заголовком столбца число участников."
    assert found.warnings == (f"{told} Файл «planiruemye.xlsx». {to_do}",)


def test_a_group_of_fewer_than_five_or_of_unknown_kind_is_told_and_left_out():
    found = parsed(
        PERCENTS, head=changed(HEAD, {4: "Ромашка"}), pupils=changed(PUPILS, {5: "4 уч."})
    )
    assert [fact["level"] for fact in found.facts["task_result"]] == ["region", "country"]
    assert found.warnings == (
        "Не понять, школа это или муниципалитет: столбец E. Файл «planiruemye.xlsx». "
        "Запросите выгрузку с логинами школ.",
        "Меньше пяти участников, баллы по заданиям не взяты: столбец F. Файл «planiruemye.xlsx». "
        "Делать ничего не нужно.",
    )


@pytest.mark.parametrize(
    ("changes", "rule"),
    [({2: None}, "MISSING"), ({3: None}, "MISSING"), ({4: 120}, "RANGE"), ({5: "X"}, "TYPE"),
     ({0: "8"}, "CONFLICTING_DUPLICATE")],
)  # fmt: skip
def test_a_task_that_one_group_has_no_points_for_is_set_aside_for_all(changes, rule):
    found = parsed(PERCENTS, changed(TABLE, changes))
    assert [kept.rule for kept in found.rejected] == [rule]
    assert [task["task"] for task in found.facts["paper_task"]] == ["8"]
    assert found.facts["task_result"][2]["points"] == "2"


def test_shares_that_no_points_make_are_told():
    told = parsed(changed(PERCENTS, {5: 17})).warnings
    assert told == (
        "Доли расходятся с числом участников больше, чем на округление: 1\u00a0задание. Файл "
        "«planiruemye.xlsx». Проверьте, верно ли число участников.",
    )


@pytest.mark.parametrize(
    ("changes", "what"),
    [({1: "Умения"}, "нет столбцов"), ({4: HEAD[3]}, "об одной группе участников два столбца")],
)
def test_another_heading_is_refused(changes, what):
    with pytest.raises(FileRefused, match=what) as caught:
        parsed(PERCENTS, head=changed(HEAD, changes))
    assert caught.value.code == "HEADER"
