"""The region's table of a diagnostic work: counts, and the total is their sum."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadmap.evidence.parsed import FileRefused, Parsed, ReaderContext
from roadmap.evidence.readers.diagnostic_works import read
from support.workbooks import csv_bytes, one_sheet

CONTEXT = ReaderContext("dr10.xlsx", 2021)
HEAD = ["Код ОО", "Наименование ОО", "Муниципалитет", "Предмет", "Класс", "Дата",
        "Кол-во участников", 2, 3, 4, 5, "Средний балл"]  # fmt: skip


def row(code: object = "1001", marks: tuple[object, ...] = (1, 2, 3, 4), **other: object):
    total = other.get("total", sum(m for m in marks if isinstance(m, int)))
    return [code, "Школа № 1 (условная)", other.get("municipality", "г. Буй"),
            other.get("subject", "Математика"), other.get("grade", 10),
            other.get("day", "24.09.2020"), total, *marks, other.get("mean", "4,0")]  # fmt: skip


def parsed(*rows: list[object], head: list[object] = HEAD) -> Parsed:
    return read(one_sheet([head, *rows], "ДР-10"), CONTEXT)


def test_counts_stay_counts():
    found = parsed(row(), row("sch440123", municipality="Буйский муниципальный район"))
    first, second = found.facts["mark_result"]
    assert found.scope == "rdr/2020/autumn/10/математика"
    assert (first["school_scheme"], first["school_ref"]) == ("gia_code", "1001")
    assert (second["school_scheme"], second["school_ref"]) == ("vpr_login", "440123")
    assert first["municipality_ref"] == "город буй"
    assert second["municipality_ref"] == "буйский муниципальный район"
    assert [first[f"mark_{mark}"] for mark in (2, 3, 4, 5)] == [1, 2, 3, 4]
    assert (first["participants"], first["restored"], first["row"]) == (10, 0, 2)
    assert found.warnings == ()


@pytest.mark.parametrize(
    ("day", "scope"),
    [
        ("18.05.2021", "rdr/2021/spring/9/физика"),
        ("31.07.2021", "rdr/2021/spring/9/физика"),
        ("24.09.2020", "rdr/2020/autumn/9/физика"),
        ("20.12.2020", "rdr/2020/autumn/9/физика"),
    ],
)
def test_the_day_says_whether_a_work_is_of_autumn_or_of_spring(day, scope):
    found = parsed(row(grade=9, subject="Физика", day=day))
    assert found.scope == scope


def test_a_work_of_the_second_year_is_of_a_roadmap_of_two_years_only():
    table = one_sheet([HEAD, row(day="24.09.2022")], "ДР-10")
    assert read(table, replace(CONTEXT, last_year=2022)).scope == "rdr/2022/autumn/10/математика"
    with pytest.raises(FileRefused) as caught:
        read(table, CONTEXT)
    assert caught.value.code == "PERIOD"


def test_works_of_two_half_years_in_one_file_are_two_works():
    with pytest.raises(FileRefused, match="полугодиям") as caught:
        parsed(row(day="18.05.2021"), row("1002", day="24.09.2021"))
    assert caught.value.code == "TITLE"


def test_a_csv_with_decimal_commas_is_read_the_same():
    found = read(csv_bytes([HEAD, row()]), replace(CONTEXT, file_name="dr10.csv"))
    assert found.facts["mark_result"][0]["participants"] == 10


def test_a_total_that_is_not_the_sum_is_set_aside_with_both_figures():
    found = parsed(row(), row("1002", total=11))
    (kept,) = found.rejected
    assert (kept.rule, kept.row) == ("TOTAL", 3)
    assert kept.message == (
        "Участников 11, а отметок в сумме 10. Файл «dr10.xlsx», лист «ДР-10», строка 3, столбцы"
        " H–K. Исправьте строку и положите файл снова; остальные строки приняты."
    )


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(st.lists(st.integers(0, 40), min_size=4, max_size=4), st.integers(-1, 1)),
        min_size=1, max_size=8,
    )
)  # fmt: skip
def test_only_rows_whose_marks_make_the_total_are_kept(schools):
    rows = [
        row(str(1000 + n), tuple(marks), total=sum(marks) + wrong)
        for n, (marks, wrong) in enumerate(schools)
    ]
    found = parsed(row("2000"), *rows)
    facts = found.facts["mark_result"]
    right = [marks for marks, wrong in schools if not wrong and sum(marks)]
    assert len(facts) == 1 + len(right)
    assert sum(fact["participants"] for fact in facts) == 10 + sum(map(sum, right))
    assert found.rows_read == found.rows_accepted + len(found.rejected) == 1 + len(schools)


@pytest.mark.parametrize(
    ("bad", "rule"),
    [
        (row("1002", ("четыре", 1, 1, 1), total=3), "TYPE"),
        (row("1002", (None, 1, 1, 1)), "MISSING"),
        (row("1002", (-1, 1, 1, 1), total=2), "RANGE"),
        (row("1002", (1.5, 1, 1, 1), total=4), "TYPE"),
        (row("Школа № 1"), "SCHOOL_CODE"),
        (row(None), "MISSING"),
        (row("1002", municipality=None), "MISSING"),
        (row("1002", grade="десятый"), "TYPE"),
        (row("1002", day="осень"), "TYPE"),
        (row("1002", day=None), "MISSING"),
        (row("1002", day=44098), "TYPE"),
    ],
)
def test_a_row_that_cannot_be_read_is_set_aside_and_the_others_stay(bad, rule):
    found = parsed(row(), bad)
    assert [kept.rule for kept in found.rejected] == [rule]
    assert len(found.facts["mark_result"]) == 1


def test_totals_signatures_and_blank_rows_are_no_schools():
    total = [None, "Итого по региону", None, None, None, None, 10, 1, 2, 3, 4, 4]
    found = parsed(row(), [], total, [], [None, "Исполнитель: Примерова"])
    assert (found.rows_read, len(found.facts["mark_result"])) == (1, 1)
    assert len(found.warnings) == 2


def test_a_wrong_mean_is_told_and_the_marks_stay():
    found = parsed(row(mean=2.5))
    assert found.facts["mark_result"][0]["participants"] == 10
    assert "Средний балл не сходится" in found.warnings[0]


def test_one_school_twice_is_taken_once_or_not_at_all():
    assert len(parsed(row(), row()).facts["mark_result"]) == 1
    found = parsed(row("1000"), row(), row(marks=(4, 3, 2, 1)))
    assert [kept.rule for kept in found.rejected] == ["CONFLICTING_DUPLICATE"] * 2
    assert [fact["school_ref"] for fact in found.facts["mark_result"]] == ["1000"]


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([row(), row("1002", subject="Русский язык")], "TITLE"),
        ([row(), row("1002", grade="11")], "TITLE"),
        ([row(subject="Музыка")], "SUBJECT"),
        ([row(day="24.09.2022")], "PERIOD"),
        ([row(total=99)], "EMPTY"),
        ([], "EMPTY"),
    ],
)
def test_a_table_that_is_not_about_one_known_work_refuses_the_file(rows, code):
    with pytest.raises(FileRefused, match=r"dr10\.xlsx") as caught:
        parsed(*rows)
    assert caught.value.code == code


def test_a_date_cell_and_a_written_grade_are_read():
    found = parsed(row(day="2020-09-24", grade="10 класс"), row("1002", grade="10-й класс"))
    assert len(found.facts["mark_result"]) == 2
    assert date(2020, 9, 24).year == found.facts["mark_result"][0]["year"]


def test_missing_columns_are_named():
    head = [title for title in HEAD if title != "Дата"]
    with pytest.raises(FileRefused, match="нет столбца «Дата»"):
        parsed([], head=head)
