"""The context form of schools: codes are read, and nothing of the persons beside them."""

from __future__ import annotations

import pytest

from roadmap.evidence.parsed import FileRefused, Parsed, ReaderContext
from roadmap.evidence.readers.school_codes import read
from support.workbooks import book, one_sheet

CONTEXT = ReaderContext("Сбор контекстных данных об ОО (2022).xlsx", 2022)
HEAD = ["Пользователь", "Код региона", "Регион", "Муниципалитет", "Школа", "Дата загрузки",
        "4. ФИО директора (полностью)", "7. Код ОГЭ", "8. Код ЕГЭ"]  # fmt: skip
PRINCIPAL = "Петрова Анна Ивановна"


def school(login: object = "edu440123", oge: object = "401001", ege: object = None) -> list[object]:
    return [login, "44", "Костромская обл.", "reg44_m019 | Нейский муниципальный район",
            "МОУ СОШ № 1", "04.10.2022", PRINCIPAL, oge, ege]  # fmt: skip


def parsed(*schools: list[object]) -> Parsed:
    return read(one_sheet([HEAD, *schools], "Данные"), CONTEXT)


def test_a_row_links_the_login_and_the_codes_of_a_school():
    found = parsed(school(oge=401001.0, ege="0123"))
    (fact,) = found.facts["school_code"]
    assert fact == {
        "sheet": "Данные", "row": 2, "vpr_login": "440123", "oge_code": "401001",
        "ege_code": "0123", "municipality_ref": "нейский муниципальный район",
    }  # fmt: skip
    assert (found.scope, found.rows_read, found.rows_accepted) == ("all", 1, 1)


def test_the_table_is_found_behind_another_sheet():
    content = book({"Инструкция": [["Заполните форму"]], "ОО": [["Форма"], HEAD, school()]})
    assert len(read(content, CONTEXT).facts["school_code"]) == 1


def test_a_school_without_any_code_is_counted_and_links_nothing():
    found = parsed(school(oge="-"), school("edu440124"))
    assert [fact["vpr_login"] for fact in found.facts["school_code"]] == ["440124"]
    (told,) = found.warnings
    assert told.startswith("Без кода ГИА: 1\u00a0школа. Файл ")
    assert told.endswith("Проверьте, есть ли у школы код, и впишите его в форму.")


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        (school("Иванов И. И."), "SCHOOL_LOGIN"),
        (school(None), "SCHOOL_LOGIN"),
        (school(oge="8 (4942) 12-34-56"), "TYPE"),
        (school(oge="#ССЫЛКА!"), "CELL_ERROR"),
    ],
)
def test_a_row_that_links_nothing_is_set_aside_without_quoting_it(row, rule):
    found = parsed(school("edu440124"), row)
    (kept,) = found.rejected
    assert (kept.rule, kept.row) == (rule, 3)
    assert not any(str(cell) in kept.message for cell in (row[0], PRINCIPAL, "4942") if cell)


def test_nothing_of_persons_is_read():
    assert PRINCIPAL not in str(parsed(school(), school("Иванов И. И.")))


def test_two_rows_about_one_school_that_differ_are_both_set_aside():
    found = parsed(school(), school("sch440123", oge="401002"), school("edu440124"))
    assert [kept.rule for kept in found.rejected] == ["CONFLICTING_DUPLICATE"] * 2
    assert [fact["vpr_login"] for fact in found.facts["school_code"]] == ["440124"]


def test_a_form_without_codes_of_the_exams_is_refused():
    with pytest.raises(FileRefused, match="нет столбцов") as caught:
        read(one_sheet([HEAD[:7], school()[:7]]), CONTEXT)
    assert caught.value.code == "HEADER"
