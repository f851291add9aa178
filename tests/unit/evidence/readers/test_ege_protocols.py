"""РЦОИ protocols of ЕГЭ: blocks, spacers, trailers; names and documents end at the parser."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadmap.evidence.parsed import FileRefused, Parsed, ReaderContext
from roadmap.evidence.readers.ege_protocols import read
from support.workbooks import csv_bytes, one_sheet

SCALES = {"2020": {"русский язык": 36, "физика": 36, "английский язык": 22}}
CONTEXT = ReaderContext("ege.xlsx", 2021, {"wave": "main", "scales": SCALES})
PLACE = [["Протокол проверки"], ["44 - Костромская область"]]
RUSSIAN = ["01 - Русский язык 2020.07.06"]
HEAD = ["№", "Код МСУ", "Код ОО", "Класс", "Код ППЭ", "Аудитория", "Фамилия", "Имя", "Отчество",
        "Серия", "Номер", "Задания с кратким ответом", "Задания с развёрнутым ответом",
        "Первичный балл", "Балл"]  # fmt: skip


def pupil(number: int, score: object, school: object = "111002", msu: str = "111") -> list[object]:
    return [number, msu, school, "11А", "1018", 9, "Примеров", "Пример", "Примерович", "0000",
            "123456", "++++-1", "1(1)0(2)", 21, score]  # fmt: skip


def trailer(name: str, value: object) -> list[object]:
    return [name, *[None] * 13, value]


def block(*scores: object, title: list[str] = RUSSIAN, head: list[object] = HEAD) -> list[object]:
    rows = [pupil(number, score) for number, score in enumerate(scores, 1)]
    return [*PLACE, title, head, *rows]


def parsed(*rows: list[object], context: ReaderContext = CONTEXT) -> Parsed:
    return read(one_sheet(rows, "Протокол"), context)


def fact(found: Parsed) -> list[object]:
    (only,) = found.facts["exam_result"]
    return [only[n] for n in ("participants", "below_minimum", "score_sum", "high_scores")]


def test_a_protocol_becomes_counts_by_school():
    found = parsed(*block(35, 36, 80, 81, 100), pupil(6, 50, 13450.0, "112"))
    first, second = found.facts["exam_result"]
    assert found.scope == "ege/2020/main/11/русский язык"
    assert (found.rows_read, found.rows_accepted, found.rejected) == (6, 6, ())
    assert first["school_ref"] == "111002"
    assert (first["school_scheme"], first["municipality_ref"]) == ("gia_code", "111")
    assert (first["participants"], first["below_minimum"], first["minimum"]) == (5, 1, 36)
    assert (first["score_sum"], first["high_scores"]) == (332, 2)
    assert (second["school_ref"], second["participants"]) == ("13450", 1)


def test_a_csv_in_cp1251_gives_the_same():
    rows = [*block(35, 50), trailer("Всего участников", 2)]
    context = replace(CONTEXT, file_name="ege.csv")
    assert fact(read(csv_bytes(rows), context)) == fact(parsed(*rows))


def test_spacer_columns_are_passed_over():
    rows = [[*row[:2], None, *row[2:9], None, None, *row[9:]] for row in block(35, 50)]
    assert fact(parsed(*rows)) == [2, 1, 85, 0]


@pytest.mark.parametrize("title", ["Балл", "Тестовый балл", " ТЕСТОВЫЙ  балл"])
def test_the_score_has_several_names(title):
    assert fact(parsed(*block(35, head=[*HEAD[:-1], title]))) == [1, 1, 35, 0]


def test_one_column_for_the_document_and_none_for_the_municipality():
    rows = [[row[0], *row[2:9], "0000 123456", *row[11:]] for row in block(35)[3:]]
    rows[0] = ["№", *HEAD[2:9], "Документ", *HEAD[11:]]
    found = parsed(*PLACE, RUSSIAN, *rows)
    assert fact(found) == [1, 1, 35, 0]
    assert found.facts["exam_result"][0]["municipality_ref"] is None


def test_a_foreign_language_has_two_days():
    title = ["09 - Английский язык п.: 2020.07.20, у.: 2020.07.22"]
    found = parsed(*block(21, 22, title=title))
    assert found.scope == "ege/2020/main/11/английский язык"
    assert fact(found) == [2, 1, 43, 0]


def test_blocks_of_one_exam_are_added_and_may_have_columns_of_their_own():
    moved = [[None, *row] for row in block(50, 60, title=["01 - Русский язык 2020.07.07"])]
    found = parsed(*block(35), trailer("Всего участников", 1), [], *moved,
                   [None, *trailer("Всего участников", 2)])  # fmt: skip
    assert fact(found) == [3, 1, 145, 0]
    total_of_the_file = parsed(*block(35), *moved, trailer("Всего участников", 3))
    assert fact(total_of_the_file) == [3, 1, 145, 0]


def test_trailers_are_no_pupils_and_agree():
    found = parsed(*block(30, 40), trailer("Средние", 35), trailer("Минимальная граница", 36),
                   trailer("Всего участников", 2))  # fmt: skip
    assert (found.rows_read, found.warnings) == (2, ())


def test_a_total_that_differs_says_that_the_file_is_not_whole():
    with pytest.raises(FileRefused, match="участника, а в строке «Всего участников» — 3") as caught:
        parsed(*block(30, 40), trailer("Всего участников", 3))
    assert caught.value.code == "TOTAL"


def test_a_protocol_without_its_end_is_told():
    cut_off = parsed(*block(35), trailer("Всего участников", 1), [], *block(30, 40))
    assert fact(cut_off) == [3, 2, 105, 0]
    assert cut_off.warnings == (
        "В конце нет строки «Всего участников»: не проверить, весь ли протокол в файле. "
        "Проверьте это сами: сосчитайте участников.",
    )


def test_another_minimum_and_another_mean_are_told_and_the_scale_decides():
    found = parsed(*block(30, 40), trailer("Средние", "39,5"), trailer("Минимальная граница", 24),
                   trailer("Всего участников", 2))  # fmt: skip
    assert fact(found) == [2, 1, 70, 0]
    assert found.warnings == (
        "Средний балл в файле — 39,5, по строкам — 35,0. Проверьте, весь ли протокол в файле.",
        "Минимальная граница в файле — 24, по шкале года — 36; рассчитано по шкале. Проверьте, "
        "тот ли это экзамен и год.",
    )


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        (pupil(2, 101), "SCORE_RANGE"),
        (pupil(2, -1), "SCORE_RANGE"),
        (pupil(2, None), "SCORE_MISSING"),
        (pupil(2, "н/д"), "SCORE_MISSING"),
        (pupil(2, "сорок"), "SCORE_TYPE"),
        (pupil(2, 40.5), "SCORE_TYPE"),
        (pupil(2, 40, None), "SCHOOL_CODE"),
        (pupil(2, 40, "Примеров"), "SCHOOL_CODE"),
    ],
)
def test_a_row_that_cannot_be_used_is_set_aside_by_count(row, rule):
    found = parsed(*block(50), row, trailer("Всего участников", 2))
    assert [(kept.rule, kept.rows) for kept in found.rejected] == [(rule, 1)]
    assert (found.rows_read, found.rows_accepted) == (2, 1)
    assert fact(found) == [1, 0, 50, 0]


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([[*HEAD], pupil(1, 50)], "TITLE"),
        (block(50, title=["01 - Музыка 2020.07.06"]), "SUBJECT"),
        (block(50, title=["22 - Математика базовая 2020.07.06"]), "HEADER"),
        (block(50, title=["04 - Химия 2020.07.06"]), "SCALE"),
        (block(50, title=["01 - Русский язык 2022.07.06"]), "PERIOD"),
        (block(50, head=[*HEAD[:-1], "Оценка"]), "HEADER"),
        ([*PLACE, RUSSIAN], "HEADER"),
        ([*block(50), ["01 - Русский язык 2020.07.07"], pupil(1, 50)], "HEADER"),
        ([*block(50), *block(60, head=[*HEAD[:-1], "Оценка"])], "HEADER"),
    ],
)
def test_a_protocol_of_another_kind_refuses_the_file(rows, code):
    with pytest.raises(FileRefused, match=r"ege\.xlsx") as caught:
        parsed(*rows)
    assert caught.value.code == code


def test_an_invisible_sign_in_a_code_and_a_dash_for_the_municipality_do_no_harm():
    found = parsed(*block(50)[:-1], pupil(1, 50, "111002\u200b", "—"))
    (only,) = found.facts["exam_result"]
    assert (only["school_ref"], only["municipality_ref"]) == ("111002", None)


def test_of_two_exams_in_one_file_each_is_read_by_itself():
    physics = block(60, title=["03 - Физика 2020.07.13"])
    total = "Всего участников"
    rows = [*block(50, 40), trailer(total, 2), *physics, trailer(total, 1)]
    first = parsed(*rows)
    assert (first.scope, fact(first)) == ("ege/2020/main/11/русский язык", [2, 0, 90, 0])
    assert (first.rows_read, first.others) == (2, ("ege/2020/main/11/физика",))
    asked = replace(CONTEXT, options=CONTEXT.options | {"paper": first.others[0]})
    second = parsed(*rows, context=asked)
    assert (second.scope, fact(second)) == ("ege/2020/main/11/физика", [1, 0, 60, 0])
    assert (second.rows_read, second.others) == (1, ("ege/2020/main/11/русский язык",))


@pytest.mark.parametrize(
    "title",
    [
        "Английский язык п.: 2020.07.06, у.: 2020.07.09",
        "Английский язык (письменная часть) 2020.07.06",
        "09 - Английский язык п.: 2020.07.06, у.: 2020.07.09",
        "Иностранный язык (английский) 2020.07.06",
    ],
)
def test_a_foreign_language_is_known_without_a_code(title):
    rows = block(21, 22, title=[title])
    found = parsed(["Дата печати 2020.07.20"], *rows)
    assert (found.scope, fact(found)) == ("ege/2020/main/11/английский язык", [2, 1, 43, 0])


def test_base_mathematics_is_marked_2_to_5_and_its_least_score_is_3():
    head = [*HEAD[:-1], "Оценка"]
    found = parsed(*block(2, 3, 5, 6, title=["22 - Математика базовая 2020.07.06"], head=head))
    again = block(2, 3, 5, 6, title=["22 - Математика базовая 2020.07.06"], head=head)
    assert parsed(*again, *again).rows_read == 8
    assert found.scope == "ege/2020/main/11/математика базовая"
    assert fact(found) == [3, 1, 10, 0]
    assert found.facts["exam_result"][0]["minimum"] == 3
    assert [kept.rule for kept in found.rejected] == ["SCORE_RANGE"]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 100), st.sampled_from(["1001", "1002"])), min_size=1))
def test_participants_and_scores_of_all_schools_add_up(sittings):
    rows = [pupil(n, score, code) for n, (score, code) in enumerate(sittings, 1)]
    facts = parsed(*block(), *rows, trailer("Всего участников", len(rows))).facts["exam_result"]
    assert sum(f["participants"] for f in facts) == len(sittings)
    assert sum(f["score_sum"] for f in facts) == sum(score for score, _ in sittings)
    assert sum(f["below_minimum"] for f in facts) == sum(score < 36 for score, _ in sittings)
    assert all(f["below_minimum"] + f["high_scores"] <= f["participants"] for f in facts)


def test_nothing_of_a_pupil_is_kept():
    row = pupil(1, "СЕКРЕТ-1", "СЕКРЕТ-2")
    for column in (3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13):
        row[column] = f"СЕКРЕТ-{column}"
    good = [*row[:2], "111002", *row[3:-1], 50]
    bad_score = [*good[:-1], "СЕКРЕТ-1"]
    found = parsed(*block(), good, row, bad_score)
    assert len(found.rejected) == 2
    assert "СЕКРЕТ" not in json.dumps(asdict(found), ensure_ascii=False)
