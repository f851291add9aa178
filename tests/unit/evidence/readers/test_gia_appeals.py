"""Appeals of ЕГЭ and ОГЭ: what a satisfied one changes in its school's result, and no more."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadmap.evidence.parsed import FileRefused, Parsed, ReaderContext
from roadmap.evidence.readers.gia_appeals import read
from support.workbooks import csv_bytes, one_sheet

SCALES = {"2021": {"русский язык": 24, "обществознание": 42}}
CONTEXT = ReaderContext("appeals.xlsx", 2021, {"wave": "main", "scales": SCALES})
SATISFIED, DECLINED = "Апелляция удовлетворена", "Апелляция отклонена"
TITLE = [*[None] * 7, "12 - Обществознание 2021.06.15"]
HEAD = ["№", "Код ОО", "Класс", "Код ППЭ", "Аудитория", "Фамилия", "Имя", None, "Отчество",
        "Документ", "Тип апелляции / перепроверки", "Состояние", None,
        "Дата отправки на обработку", "Дата изменений", "Балл до изменения", "Текущие", None,
        "Разница"]  # fmt: skip
BELOW = [*[None] * 16, "Первичный балл", "Балл", None]
IN_MARKS = [*[None] * 16, "Первичный балл", "Оценка", None]
OGE = ["01 - Русский язык 2021.05.24"]


def appeal(
    number: int,
    before: object,
    now: object,
    state: str = SATISFIED,
    school: object = "111002",
    difference: object = "",
    document: str | None = None,
) -> list[object]:
    if difference == "" and isinstance(before, int) and isinstance(now, int):
        difference = now - before
    own = f"1111 {number:06d}" if document is None else document
    return [number, school, "11", "1111", "0002", "Примеров", "Пример", None, "Примерович", own,
            "Апелляция на результат", state, None, "02.07.2021 16:55:40", "05.07.2021 9:54:41",
            before, 22, now, difference]  # fmt: skip


def parsed(*rows: list[object], title: list[object] = TITLE, below: list[object] = BELOW) -> Parsed:
    return read(one_sheet([title, HEAD, below, *rows], "Апелляции"), CONTEXT)


def points(found: Parsed) -> list[list[object]]:
    names = ("school_ref", "appeals", "below_minimum", "score_sum", "high_scores")
    return [[fact[name] for name in names] for fact in found.facts["appeal_change"]]


def test_a_satisfied_appeal_changes_the_sum_and_may_cross_the_minimum_and_81():
    found = parsed(
        appeal(1, 41, 42),
        appeal(2, 79, 81, school="111003"),
        appeal(3, 60, 55, school="111003"),
        appeal(4, 42, 40, school=13450.0),
    )
    assert found.scope == "ege/2021/main/11/обществознание/appeals"
    assert points(found) == [
        ["111002", 1, -1, 1, 0],
        ["111003", 2, 0, -3, 1],
        ["13450", 1, 1, -2, 0],
    ]
    first = found.facts["appeal_change"][0]
    assert [first[f"mark_{mark}"] for mark in (2, 3, 4, 5)] == [0, 0, 0, 0]
    assert (first["kind"], first["grade"], first["school_scheme"]) == ("ege", 11, "gia_code")
    assert (found.rows_read, found.rows_accepted, found.warnings) == (4, 4, ())


def test_only_a_satisfied_appeal_counts():
    found = parsed(appeal(1, 41, 42, DECLINED), appeal(2, 41, 42, "  апелляция  УДОВЛЕТВОРЕНА "),
                   appeal(3, None, None, "На рассмотрении"))  # fmt: skip
    assert points(found) == [["111002", 1, -1, 1, 0]]
    assert (found.rows_read, found.rows_accepted, found.rejected) == (3, 3, ())
    assert found.warnings == (
        "Состояние не «Апелляция удовлетворена», балл не меняется: 2\u00a0строки. Делать "
        "ничего не нужно.",
    )


def test_where_none_was_satisfied_the_file_says_so():
    found = parsed(appeal(1, 41, 42, DECLINED))
    assert (found.facts["appeal_change"], found.rows_accepted) == ([], 1)


def test_in_oge_an_appeal_moves_a_pupil_from_one_mark_to_another():
    found = parsed(appeal(1, 2, 3), appeal(2, 2, 3), appeal(3, 5, 4), title=OGE, below=IN_MARKS)
    (fact,) = found.facts["appeal_change"]
    assert found.scope == "oge/2021/main/9/русский язык/appeals"
    assert [fact[f"mark_{mark}"] for mark in (2, 3, 4, 5)] == [-2, 2, 1, -1]
    assert [fact[n] for n in ("appeals", "below_minimum", "score_sum", "high_scores")] == [
        3,
        0,
        0,
        0,
    ]


def test_a_csv_in_cp1251_gives_the_same():
    rows = [TITLE, HEAD, BELOW, appeal(1, 41, 42)]
    found = read(csv_bytes(rows), replace(CONTEXT, file_name="appeals.csv"))
    assert points(found) == [["111002", 1, -1, 1, 0]]


def test_two_steps_of_one_score_add_up_and_a_row_exported_twice_counts_once():
    twice = appeal(1, 41, 42)
    found = parsed(twice, [2, *twice[1:]], appeal(3, 42, 45, document="1111 000001"))
    assert points(found) == [["111002", 2, -1, 4, 0]]
    assert found.warnings == (
        "Повторённые строки, взяты один раз: 1\u00a0строка. Делать ничего не нужно.",
    )


def test_equal_rows_without_documents_are_different_pupils():
    found = parsed(appeal(1, 41, 42, document=""), appeal(2, 41, 42, document=""))
    assert points(found) == [["111002", 2, -2, 2, 0]]


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        (appeal(2, 41, None), "SCORE_MISSING"),
        (appeal(2, "много", 50), "SCORE_TYPE"),
        (appeal(2, 41, 101), "SCORE_RANGE"),
        (appeal(2, 41, 42, difference=2), "DIFFERENCE"),
        (appeal(2, 41, 42, difference="один"), "DIFFERENCE"),
        (appeal(2, 41, 42, school="Примеров"), "SCHOOL_CODE"),
    ],
)
def test_a_satisfied_appeal_that_cannot_be_used_is_set_aside(row, rule):
    found = parsed(appeal(1, 41, 42), row)
    assert [(kept.rule, kept.rows) for kept in found.rejected] == [(rule, 1)]
    assert points(found) == [["111002", 1, -1, 1, 0]]


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([HEAD, BELOW, appeal(1, 41, 42)], "TITLE"),
        ([TITLE, HEAD, appeal(1, 41, 42)], "HEADER"),
        ([TITLE, [*HEAD[:-4], "Балл", *HEAD[-3:-1], None], BELOW], "HEADER"),
        ([TITLE, appeal(1, 41, 42)], "HEADER"),
        ([["04 - Химия 2021.06.15"], HEAD, BELOW], "SCALE"),
        ([["01 - Музыка 2021.06.15"], HEAD, BELOW], "SUBJECT"),
        ([["01 - Русский язык 2022.06.15"], HEAD, BELOW], "PERIOD"),
    ],
)
def test_a_file_of_another_kind_is_refused(rows, code):
    with pytest.raises(FileRefused, match=r"appeals\.xlsx") as caught:
        read(one_sheet(rows), CONTEXT)
    assert caught.value.code == code


HEAD_BY_ROW = ["№", "Код ОО", "Фамилия", "Документ", "Экзамен", "Состояние апелляции", "Текущие",
               None, "Разница"]  # fmt: skip
BELOW_BY_ROW = [*[None] * 6, "Первичный балл", "Оценка", None]


def appeal_by_row(number: int, exam: str, now: object, difference: object) -> list[object]:
    return [
        number,
        "111002",
        "Примеров",
        f"1111 {number:06d}",
        exam,
        SATISFIED,
        22,
        now,
        difference,
    ]


def test_a_form_that_names_the_exam_in_each_row_is_read_by_the_difference():
    rows = [appeal_by_row(1, "Математика(2021.06.02)", 5, 1),
            appeal_by_row(2, "Математика(2021.06.02)", 3, 1)]  # fmt: skip
    found = read(one_sheet([["Протокол проверки"], HEAD_BY_ROW, BELOW_BY_ROW, *rows]), CONTEXT)
    (fact,) = found.facts["appeal_change"]
    assert found.scope == "oge/2021/main/9/математика/appeals"
    assert [fact[f"mark_{mark}"] for mark in (2, 3, 4, 5)] == [-1, 1, -1, 1]


def test_of_two_exams_in_one_file_each_is_read_by_itself():
    by_row = [HEAD_BY_ROW, BELOW_BY_ROW, appeal_by_row(1, "Математика(2021.06.02)", 5, 1),
              appeal_by_row(2, "Физика(2021.06.05)", 3, 1)]  # fmt: skip
    in_tables = [TITLE, HEAD, BELOW, appeal(1, 41, 42), OGE, HEAD, IN_MARKS, appeal(1, 4, 5),
                 appeal(2, 3, 4)]  # fmt: skip
    for rows, first, other in (
        (by_row, "oge/2021/main/9/математика", "oge/2021/main/9/физика"),
        (in_tables, "ege/2021/main/11/обществознание", "oge/2021/main/9/русский язык"),
    ):
        found = read(one_sheet(rows), CONTEXT)
        assert (found.scope, found.others) == (f"{first}/appeals", (other,))
        assert (found.rows_read, len(found.facts["appeal_change"])) == (1, 1)
        asked = replace(CONTEXT, options=CONTEXT.options | {"paper": other})
        second = read(one_sheet(rows), asked)
        assert (second.scope, second.others) == (f"{other}/appeals", (first,))
        assert second.rows_read == len(rows) - (3 if rows is by_row else 7)


def test_a_form_without_the_score_before_says_what_to_export_instead():
    rows = [appeal_by_row(1, "Математика(2021.06.02)", 5, None)]
    with pytest.raises(FileRefused) as caught:
        read(one_sheet([[*HEAD_BY_ROW[:-1], None], BELOW_BY_ROW, *rows]), CONTEXT)
    assert caught.value.code == "HEADER"
    assert "Выгрузите форму с «Балл до изменения» или протокол экзамена" in caught.value.message


def test_an_appeal_in_base_mathematics_is_one_of_ege():
    title = ["22 - Математика базовая 2021.06.15"]
    found = parsed(appeal(1, 2, 3), title=title, below=IN_MARKS)
    assert found.scope == "ege/2021/main/11/математика базовая/appeals"
    assert points(found) == [["111002", 1, -1, 1, 0]]


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(2, 5), st.integers(2, 5), st.sampled_from(["1001", "1002"])),
        min_size=1,
    ),
    st.randoms(use_true_random=False),
)
def test_no_appeal_changes_the_number_of_participants_and_their_order_is_nothing(moves, random):
    rows = [appeal(n, *move[:2], school=move[2]) for n, move in enumerate(moves, 1)]
    found = parsed(*rows, title=OGE, below=IN_MARKS)
    for fact in found.facts["appeal_change"]:
        assert sum(fact[f"mark_{mark}"] for mark in (2, 3, 4, 5)) == 0
    assert sum(fact["appeals"] for fact in found.facts["appeal_change"]) == len(moves)
    random.shuffle(rows)
    assert parsed(*rows, title=OGE, below=IN_MARKS) == found


def test_nothing_of_a_pupil_is_kept():
    row = appeal(1, "СЕКРЕТ-1", "СЕКРЕТ-2", school="СЕКРЕТ-3", difference="СЕКРЕТ-4")
    for column in (2, 3, 4, 5, 6, 8, 9, 10, 13, 14):
        row[column] = f"СЕКРЕТ-{column}"
    good = [2, "111002", *row[2:15], 41, "СЕКРЕТ", 42, 1]
    found = parsed(row, good, [3, "111002", *row[2:]])
    assert len(found.rejected) == 2
    assert len(found.facts["appeal_change"]) == 1
    assert "СЕКРЕТ" not in json.dumps(asdict(found), ensure_ascii=False)
