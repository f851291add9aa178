"""РЦОИ protocols of ОГЭ: the order of columns of ОГЭ, English names, the column «Оценка»."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadmap.evidence.parsed import FileRefused, Parsed, ReaderContext
from roadmap.evidence.readers.oge_protocols import read
from roadmap.evidence.sources import load_sources
from support.workbooks import csv_bytes, one_sheet

OPTIONS = load_sources()["oge_protocols"].options_of(2021)
CONTEXT = ReaderContext("oge.xlsx", 2021, OPTIONS)
PLACE = [["Протокол проверки"], ["44 - Костромская область"]]
RUSSIAN = ["01 - Русский язык 2021.05.24"]
HEAD = ["№", "Код ОО", "Класс", "Код ППЭ", "Аудитория", "Код МСУ", "Фамилия", "Имя", "Отчество",
        "Документ", "Часть с кратким ответом", "Часть с развёрнутым ответом", "Первичный балл",
        "Оценка"]  # fmt: skip
ENGLISH = ["SchoolCode", "ClassCode", "SurnameCell", "NameCell", "DocumentCell", "PrimaryMark",
           "Mark5"]  # fmt: skip


def pupil(number: int, mark: object, school: object = "111002", msu: str = "111") -> list[object]:
    return [number, school, "9А", "1018", "0009", msu, "Примеров", "Пример", "Примерович",
            "0000 123456", "++-", "1(1)", 20, mark]  # fmt: skip


def english(mark: object, school: object = "111002") -> list[object]:
    return [school, "9А", "Примеров", "Пример", "0000 123456", 20, mark]


def trailer(name: str, value: object) -> list[object]:
    return [name, *[None] * 12, value]


def block(*marks: object, title: list[str] = RUSSIAN, head: list[object] = HEAD) -> list[object]:
    rows = [pupil(number, mark) for number, mark in enumerate(marks, 1)]
    return [*PLACE, title, head, *rows]


def parsed(*rows: list[object], context: ReaderContext = CONTEXT) -> Parsed:
    return read(one_sheet(rows, "Протокол"), context)


def marks(found: Parsed, school: int = 0) -> list[int]:
    fact = found.facts["mark_result"][school]
    return [fact[f"mark_{mark}"] for mark in (2, 3, 4, 5)]


def test_marks_of_a_school_are_counted_as_the_region_gave_them():
    found = parsed(*block(2, 3, 3, "4", 5.0), pupil(6, 2, 13450.0, "112"),
                   trailer("Средние", 3), trailer("Минимальная граница", 15),
                   trailer("Всего участников", 6))  # fmt: skip
    first, second = found.facts["mark_result"]
    assert found.scope == "oge/2021/main/9/русский язык"
    assert (found.rows_read, found.rows_accepted, found.rejected) == (6, 6, ())
    assert found.warnings == ()
    assert marks(found) == [1, 2, 1, 1]
    assert (first["school_scheme"], first["school_ref"], first["municipality_ref"]) == (
        "gia_code", "111002", "111",
    )  # fmt: skip
    assert (first["participants"], first["level"], first["restored"]) == (5, "school", 0)
    assert (second["school_ref"], second["participants"]) == ("13450", 1)


def test_a_csv_in_cp1251_with_spacers_gives_the_same():
    rows = [*block(2, 5), trailer("Всего участников", 2)]
    spaced = [[*row[:2], None, *row[2:7], None, *row[7:]] for row in rows]
    context = replace(CONTEXT, file_name="oge.csv")
    assert marks(read(csv_bytes(spaced), context)) == marks(parsed(*rows)) == [1, 0, 0, 1]


@pytest.mark.parametrize(
    ("name", "subject"),
    [
        ("ОГЭ 2021 русский язык.csv", "русский язык"),
        ("ОГЭ_2021_по математике.csv", "математика"),
        ("oge-2021, Математика.csv", "математика"),
    ],
)
def test_a_csv_with_english_names_is_known_by_the_name_of_its_file(name, subject):
    rows = [ENGLISH, english(2), english(3), english(3, "13450"), english(5, None)]
    found = read(csv_bytes(rows, encoding="utf-8"), replace(CONTEXT, file_name=name))
    assert found.scope == f"oge/2021/main/9/{subject}"
    assert [fact["school_ref"] for fact in found.facts["mark_result"]] == ["111002", "13450"]
    assert marks(found) == [1, 1, 0, 0]
    # Its rows have no number: one without a school is a pupil all the same.
    assert (found.rows_read, [row.rule for row in found.rejected]) == (4, ["SCHOOL_CODE"])


def test_a_csv_with_english_names_and_a_name_that_says_nothing_is_refused():
    with pytest.raises(FileRefused, match="образцу «ОГЭ 2021 русский") as caught:
        read(csv_bytes([ENGLISH, english(2)]), replace(CONTEXT, file_name="marks.csv"))
    assert caught.value.code == "FILE_NAME"


def test_a_re_take_in_september_is_another_procedure():
    found = parsed(*block(3, title=["01 - Русский язык 2021.09.06"]))
    assert found.scope == "oge/2021/autumn/9/русский язык"


def test_a_total_that_differs_says_that_the_file_is_not_whole():
    with pytest.raises(FileRefused, match="участника, а в строке «Всего участников» — 3") as caught:
        parsed(*block(3, 4), trailer("Всего участников", 3))
    assert caught.value.code == "TOTAL"


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        (pupil(2, 1), "SCORE_RANGE"),
        (pupil(2, 6), "SCORE_RANGE"),
        (pupil(2, None), "SCORE_MISSING"),
        (pupil(2, "зачёт"), "SCORE_TYPE"),
        (pupil(2, 3.5), "SCORE_TYPE"),
        (pupil(2, 4, None), "SCHOOL_CODE"),
    ],
)
def test_a_row_that_cannot_be_used_is_set_aside_by_count(row, rule):
    found = parsed(*block(5), row, trailer("Всего участников", 2))
    assert [(kept.rule, kept.rows) for kept in found.rejected] == [(rule, 1)]
    assert (found.rows_read, found.rows_accepted) == (2, 1)
    assert marks(found) == [0, 0, 0, 1]


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([[*HEAD], pupil(1, 5)], "FILE_NAME"),
        (block(5, title=["01 - Музыка 2021.05.24"]), "SUBJECT"),
        (block(5, title=["01 - Русский язык 2022.05.24"]), "PERIOD"),
        (block(5, head=[*HEAD[:-1], "Балл"]), "HEADER"),
    ],
)
def test_a_protocol_of_another_kind_refuses_the_file(rows, code):
    with pytest.raises(FileRefused, match=r"oge\.xlsx") as caught:
        parsed(*rows)
    assert caught.value.code == code


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(2, 5), st.sampled_from(["1001", "1002"])), min_size=1))
def test_marks_of_all_schools_add_up_to_the_pupils(sittings):
    rows = [pupil(n, mark, code) for n, (mark, code) in enumerate(sittings, 1)]
    found = parsed(*block(), *rows, trailer("Всего участников", len(rows)))
    facts = found.facts["mark_result"]
    assert sum(fact["participants"] for fact in facts) == len(sittings)
    counted = Counter(mark for mark, _ in sittings)
    for mark in (2, 3, 4, 5):
        assert sum(fact[f"mark_{mark}"] for fact in facts) == counted[mark]


def test_nothing_of_a_pupil_is_kept():
    row = pupil(1, "СЕКРЕТ-1", "СЕКРЕТ-2")
    for column in (2, 3, 4, 6, 7, 8, 9, 10, 11, 12):
        row[column] = f"СЕКРЕТ-{column}"
    good = [row[0], "111002", *row[2:-1], 5]
    found = parsed(*block(), good, row, [*good[:-1], "СЕКРЕТ-1"])
    assert len(found.rejected) == 2
    assert "СЕКРЕТ" not in json.dumps(asdict(found), ensure_ascii=False)
