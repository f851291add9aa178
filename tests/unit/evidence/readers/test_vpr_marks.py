"""«Статистика по отметкам»: four levels, percents become counts, traps of real exports."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadmap.evidence.parsed import FileRefused, Parsed, ReaderContext
from roadmap.evidence.readers.vpr_export import group_of
from roadmap.evidence.readers.vpr_marks import read
from support.workbooks import book, one_sheet

CONTEXT = ReaderContext("vpr_2020_ma5.xlsx", 2021, {"waves": {"2020": "autumn", "2021": "spring"}})
HEAD = ["Группы участников", "Кол-во ОО", "Кол-во участников", 2, 3, 4, 5]
TITLE = [
    ["ВПР 2020 Математика 5 класс"],
    ["Статистика по отметкам"],
    ["Предмет:", "Математика"],
    ["Максимальный первичный балл:", 20],
    ["Дата:", "12.10.2020"],
    [],
]
COUNTRY = ["Вся выборка", "35\u00a0917", "1 461 093", "14,02", "37,40", "33,31", "15,27"]
REGION = ["Костромская обл.", 262, 5870, 13.9, 39.1, 33.2, 13.8]
NEYA = ["Нейский муниципальный район ", 7, 118, 22.03, 44.07, 27.12, 6.78]
BARE = ["sch440999", None, 14, 42.86, 35.71, 21.43, 0]
NAMED = ["МОУ «СОШ № 3» (edu440123)", None, 8, 25, 50, 25, 0]
BUY = ["город Буй", 1, 4, 0, 25, 50, 25]
OTHER = ["Школа № 1 (условная) (sch440200)", None, 4, 0, 25, 50, 25]
ROWS = [COUNTRY, REGION, NEYA, BARE, NAMED, BUY, OTHER]


def parsed(rows=ROWS, title=TITLE, head=HEAD, context: ReaderContext = CONTEXT) -> Parsed:
    return read(one_sheet([*title, head, *rows], "Отметки"), context)


def marks(fact: dict[str, object]) -> list[object]:
    return [fact[f"mark_{mark}"] for mark in (2, 3, 4, 5)]


def school(row: list[object]) -> Parsed:
    """The export with one school's row, the country above it."""
    return parsed([COUNTRY, row])


def test_all_four_levels_are_read_and_told_apart():
    found = parsed()
    facts = found.facts["mark_result"]
    assert found.scope == "vpr/2020/autumn/5/математика"
    assert (found.rows_read, found.rows_accepted, found.rejected) == (7, 7, ())
    assert [fact["level"] for fact in facts] == [
        "country", "region", "municipality", "school", "school", "municipality", "school",
    ]  # fmt: skip
    assert [fact["school_ref"] for fact in facts] == [
        None, None, None, "440999", "440123", None, "440200",
    ]  # fmt: skip
    assert [fact["municipality_ref"] for fact in facts] == [
        None, None, *["нейский муниципальный район"] * 3, *["город буй"] * 2,
    ]  # fmt: skip
    assert facts[0]["participants"] == 1461093
    assert facts[0]["schools"] == 35917
    assert all(fact["restored"] == 1 for fact in facts)
    assert facts[3]["row"] == 11


def test_percents_become_counts_that_sum_to_the_participants():
    facts = parsed().facts["mark_result"]
    assert marks(facts[3]) == [6, 5, 3, 0]
    assert marks(facts[2]) == [26, 52, 32, 8]
    assert all(sum(marks(fact)) == fact["participants"] for fact in facts)


@settings(max_examples=25)
@given(st.lists(st.lists(st.integers(0, 60), min_size=4, max_size=4).filter(any), max_size=6))
def test_counts_of_every_school_come_back(schools):
    rows = [
        [f"sch44{n:04d}", None, sum(counts), *(round(100 * c / sum(counts), 2) for c in counts)]
        for n, counts in enumerate(schools)
    ]
    facts = parsed([COUNTRY, *rows]).facts["mark_result"]
    assert [marks(fact) for fact in facts[1:]] == schools


def test_a_wrong_sum_of_shares_sets_the_row_aside_and_says_the_sum():
    found = school(["sch440999", None, 10, 52.4, 30, 20, 10])
    (row,) = found.rejected
    assert row.rule == "PERCENT_SUM"
    assert row.row == 9
    assert row.message == (
        "Сумма долей — 112,4 % вместо 100 %. Файл «vpr_2020_ma5.xlsx», лист «Отметки»,"
        " строка 9, столбцы D–G. Запросите файл заново; строка отклонена, показатели по ней не"
        " рассчитаны."
    )
    assert found.rows_read == found.rows_accepted + 1 == 2


def test_shares_that_sum_to_140_are_never_scaled_down():
    assert school(["sch440999", None, 10, 50, 40, 30, 20]).rejected[0].rule == "PERCENT_SUM"


@pytest.mark.parametrize(
    ("cells", "rule"),
    [
        (["четыре", 25, 25, 25, 25], "TYPE"),
        ([3.7, 25, 25, 25, 25], "TYPE"),
        ([-5, 25, 25, 25, 25], "RANGE"),
        (["1 000 000 000 000", 25, 25, 25, 25], "TYPE"),
        ([10**9, 25, 25, 25, 25], "RANGE"),
        ([None, 25, 25, 25, 25], "MISSING"),
        ([10, None, None, None, None], "MISSING"),
        ([10, "н/д", "н/д", "н/д", "н/д"], "MISSING"),
        ([10, -10, 60, 25, 25], "RANGE"),
        ([10, 130, -30, 0, 0], "RANGE"),
        ([10, 25, None, 25, 25], "PERCENT_SUM"),
    ],
)
def test_a_row_that_cannot_be_counted_is_set_aside(cells, rule):
    found = school(["sch440999", None, *cells])
    assert [row.rule for row in found.rejected] == [rule]
    assert len(found.facts["mark_result"]) == 1


def test_an_empty_share_is_zero_only_where_the_others_make_the_whole():
    facts = school(["sch440999", None, 4, 50, None, 50, None]).facts["mark_result"]
    assert marks(facts[1]) == [2, 0, 2, 0]


def test_zero_participants_give_no_fact_and_no_error():
    found = school(["sch440999", None, 0, None, None, None, None])
    assert (found.rows_accepted, found.rejected) == (2, ())
    assert len(found.facts["mark_result"]) == 1
    assert found.warnings == (
        "Без участников: 1\u00a0строка. Файл «vpr_2020_ma5.xlsx». Делать ничего не нужно.",
    )


def test_fractions_are_read_as_percents_and_told():
    found = school(["sch440999", None, 8, 0.25, 0.5, 0.25, 0])
    assert marks(found.facts["mark_result"][1]) == [2, 4, 2, 0]
    assert "дробями" in found.warnings[0]


def test_the_same_row_twice_is_taken_once_and_two_different_ones_never():
    twice = parsed([COUNTRY, BARE, BARE])
    assert (len(twice.facts["mark_result"]), twice.rejected) == (2, ())
    assert twice.rows_accepted == 3
    changed = [*BARE[:3], 35.71, 42.86, 21.43, 0]
    conflict = parsed([COUNTRY, BARE, changed, ["edu440999", *BARE[1:]]])
    assert [row.rule for row in conflict.rejected] == ["CONFLICTING_DUPLICATE"] * 3
    assert sorted(row.row for row in conflict.rejected) == [9, 10, 11]
    assert len(conflict.facts["mark_result"]) == 1
    assert conflict.rows_read == 4 == conflict.rows_accepted + 3


def test_signatures_blank_rows_and_repeated_headings_are_no_schools():
    rows = [COUNTRY, [], HEAD, BARE, *[[]] * 25, ["Исполнитель:"], ["сноска", None, 5, 100]]
    found = parsed(rows)
    assert found.rows_read == 2
    assert "вне таблицы" in found.warnings[0]


def test_a_heading_moved_down_and_columns_in_another_order_are_found():
    order = [6, 3, 0, 2, 1, 5, 4]
    moved = [[row[at] for at in order] for row in (HEAD, *ROWS)]
    found = parsed(moved[1:], [[], [], *TITLE, [], []], moved[0])
    assert found.facts["mark_result"][3]["school_ref"] == "440999"
    assert marks(found.facts["mark_result"][3]) == [6, 5, 3, 0]


def test_a_renamed_heading_refuses_the_file():
    with pytest.raises(FileRefused, match="нет столбца «Кол-во участников»") as caught:
        parsed(head=["Группы участников", "Кол-во ОО", "Число участников", 2, 3, 4, 5])
    assert caught.value.code == "HEADER"


@pytest.mark.parametrize(
    ("title", "code", "says"),
    [
        ([["Статистика по отметкам"]], "TITLE", "нет названия вида"),
        ([*TITLE, ["ВПР 2020 Математика 6 класс"]], "TITLE", "разным предметам или классам"),
        ([["ВПР 2020 Музыка 5 класс"]], "SUBJECT", "не известен"),
        ([["ВПР 2020 Физика 7 класс"], ["Предмет: Химия"]], "TITLE", "«Химия»"),
        ([["ВПР 2022 Математика 5 класс"]], "PERIOD", "о 2022 годе"),
        ([["ВПР 2019 Математика 5 класс"]], "PERIOD", "о 2019 годе"),
    ],
)
def test_a_title_that_does_not_name_one_known_paper_refuses_the_file(title, code, says):
    with pytest.raises(FileRefused, match=says) as caught:
        parsed(title=title)
    assert caught.value.code == code


def test_the_table_may_stand_on_another_sheet():
    content = book({"О выгрузке": [["что это"]], "Отметки": [*TITLE, HEAD, *ROWS]})
    assert len(read(content, CONTEXT).facts["mark_result"]) == 7


@pytest.mark.parametrize(
    ("name", "level", "reference"),
    [
        ("Вся выборка", "country", None),
        ("Костромская обл.", "region", None),
        ("Костромская область", "region", None),
        ("reg440000 | Костромская область", "region", None),
        ("sch440123", "school", "440123"),
        ("EDU440123 ", "school", "440123"),
        ("МБОУ «СОШ» (sch440123)", "school", "440123"),
        ("Школа № 1 (условная) ( sch440123 )", "school", "440123"),
        ("Школа № 1 (условная) (440123)", "school", "440123"),
        ("МОУ Ветлинская основная школа", "school", "моу ветлинская основная школа"),
        ("Буйский муниципальный район", "municipality", "буйский муниципальный район"),
        ("г. Буй", "municipality", "город буй"),
        ("Алтайский край (региональное подчинение)", "municipality", None),
        ("reg44_vpr_m004", "municipality", "reg44_vpr_m004"),
    ],
)
def test_whom_a_row_speaks_of(name, level, reference):
    group = group_of(name, "x")
    assert group.level == level
    if reference:
        assert reference in (group.school, group.municipality)


def test_a_region_or_country_row_is_never_a_school():
    facts = parsed().facts["mark_result"]
    for fact in facts:
        assert (fact["level"] == "school") == (fact["school_ref"] is not None)


def test_an_error_cell_sets_the_row_aside():
    import io

    import xlsxwriter

    buffer = io.BytesIO()
    workbook = xlsxwriter.Workbook(buffer, {"in_memory": True})
    sheet = workbook.add_worksheet("Отметки")
    for number, row in enumerate([*TITLE, HEAD, COUNTRY, BARE]):
        sheet.write_row(number, 0, row)
    sheet.write_formula(8, 2, "=1/0", None, "#DIV/0!")
    workbook.close()
    (row,) = read(buffer.getvalue(), CONTEXT).rejected
    assert (row.rule, row.row, row.column) == ("CELL_ERROR", 9, "C «Кол-во участников»")


SCHOOLS = [["СОШ№1", 1, 20, 10, 40, 35, 15], ["Центр образования № 3", 1, 20, 10, 40, 35, 15]]
BUYSKIY = ["Буйский муниципальный район", 3, 60, 10, 40, 35, 15]
LAST = ["МБОУ СОШ № 4 (sch440004)", 1, 20, 10, 40, 35, 15]


def test_schools_without_a_login_are_no_municipalities_and_take_no_schools():
    found = parsed([BUYSKIY, *SCHOOLS, LAST]).facts["mark_result"]
    assert [fact["level"] for fact in found] == ["municipality", "school", "school", "school"]
    assert {fact["municipality_ref"] for fact in found} == {"буйский муниципальный район"}
    assert [fact["school_ref"] for fact in found[1:]] == [
        "сош no 1",
        "центр образования no 3",
        "440004",
    ]


def test_a_group_of_which_nobody_can_say_what_it_is_is_told_and_takes_no_schools():
    found = parsed([BUYSKIY, ["Росток", 1, 20, 10, 40, 35, 15], LAST])
    (kept,) = found.rejected
    assert (kept.rule, kept.row) == ("GROUP", 9)
    assert kept.message.startswith("Не понять, школа это или муниципалитет. ")
    assert [fact["municipality_ref"] for fact in found.facts["mark_result"]] == [
        "буйский муниципальный район", None,
    ]  # fmt: skip


@pytest.mark.parametrize(
    "name",
    ["СОШ№1", "СШ № 7", "ВСОШ", "Вечерняя школа", "Центр образования", "Прогимназия «Росток»",
     "Колледж сервиса", "МОУ Буйского района", "Лицей г. Буй"],
)  # fmt: skip
def test_what_is_called_like_a_school_is_one(name):
    assert group_of(name, "город буй")[:2] == ("school", "name")
    assert group_of(name, "город буй").municipality == "город буй"


def test_a_municipality_is_known_by_the_plan_by_its_code_or_by_its_schools():
    assert group_of("Школьный", None, frozenset({"школьный"})).level == "municipality"
    coded = group_of("Демонстрационный район(reg44_m099)", None)
    assert (coded.level, coded.municipality) == ("municipality", "демонстрационный район")
    assert group_of("Росток", None, schools=2).level == "municipality"
    assert group_of("Росток", None, schools=1).level == "unclear"
    options = CONTEXT.options | {"municipalities": ["Росток"]}
    found = parsed(
        [["Росток", 1, 20, 10, 40, 35, 15], LAST], context=replace(CONTEXT, options=options)
    )
    assert found.facts["mark_result"][1]["municipality_ref"] == "росток"


def test_a_group_whose_name_is_an_error_is_set_aside():
    found = parsed([COUNTRY, ["#Н/Д", 1, 20, 10, 40, 35, 15]])
    assert [(kept.rule, kept.row) for kept in found.rejected] == [("CELL_ERROR", 9)]
    assert (found.rows_read, found.rows_accepted) == (2, 1)


@pytest.mark.parametrize("name", ["-", "н/д", 1])
def test_a_row_without_a_name_is_passed_over_and_told(name):
    found = parsed([COUNTRY, [name, 1, 20, 10, 40, 35, 15]])
    assert (found.rows_read, found.rows_accepted) == (1, 1)
    assert found.warnings == (
        "Строки вне таблицы (подписи, примечания) пропущены: 1\u00a0строка. Файл "
        "«vpr_2020_ma5.xlsx». Проверьте, не оторвались ли строки от таблицы.",
    )
