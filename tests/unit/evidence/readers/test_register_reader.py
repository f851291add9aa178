"""Registers: what is read, what is put right, what is quarantined and with which words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, time
from typing import Any

import pytest

from roadmap.evidence.parsed import FileRefused, Parsed
from support.evidence_files import (
    ACKNOWLEDGEMENTS,
    ACTS,
    ATTENDANCE,
    CONTACTS,
    DOCUMENTS,
    EVENTS,
    MUNICIPALITIES,
    PEOPLE,
    SCHOOLS,
    SHEETS,
    read_register,
    table_csv,
    workbook,
)
from support.workbooks import book

HEADINGS = {
    "registry_municipalities": MUNICIPALITIES,
    "registry_schools": SCHOOLS,
    "registry_people": PEOPLE,
    "contacts": CONTACTS,
    "events": EVENTS,
    "attendance": ATTENDANCE,
    "municipal_acts": ACTS,
    "documents": DOCUMENTS,
}

BUYSKIY = [
    "buyskiy", "Буйский муниципальный район", "Буйского муниципального района", "Буйский МР",
    "01.01.2006", None, "Буйский район|г. Буй и район",
]  # fmt: skip
SCHOOL = [
    "SH-101", "Школа № 101 (условная)", "buyskiy", "sch440101", "111002",
    date(2021, 2, 15), None, date(2010, 9, 1), None,
]  # fmt: skip
CURATOR = ["P-7", "куратор", "buyskiy", "SH-101", date(2021, 2, 15), None]
CONTACT = ["buyskiy", "roo@example.org", date(2021, 1, 1), None]
EVENT = [
    "webinar-2021-03-12", 6, "вебинар", None, "Рисковый профиль", date(2021, 3, 12),
    "проведено", 40,
]  # fmt: skip
PRESENT = ["webinar-2021-03-12", "куратор", "P-7", None, "да"]
ACT = ["buyskiy", "постановление", "12-а", date(2021, 3, 25), None, "адресные рекомендации"]
DOCUMENT = ["D-1", "6.3", "Протокол вебинара", "1", date(2021, 3, 15), "утверждён"]

ROWS = {
    "registry_municipalities": BUYSKIY,
    "registry_schools": SCHOOL,
    "registry_people": CURATOR,
    "contacts": CONTACT,
    "events": EVENT,
    "attendance": PRESENT,
    "municipal_acts": ACT,
    "documents": DOCUMENT,
}


def read(name: str, *rows: Sequence[Any], file_name: str = "файл.xlsx") -> Parsed:
    table = [HEADINGS[name], *rows]
    if name in SHEETS:
        return read_register(name, workbook(SHEETS[name], table), file_name)
    return read_register(name, table_csv(table), file_name)


def changed(row: Sequence[Any], **cells: Any) -> list[Any]:
    """The row with cells changed: `c2=...` is the second column."""
    other = list(row)
    for column, value in cells.items():
        other[int(column.removeprefix("c")) - 1] = value
    return other


def only_message(parsed: Parsed) -> str:
    assert len(parsed.rejected) == 1, parsed.rejected
    return parsed.rejected[0].message


@pytest.mark.parametrize("name", list(HEADINGS))
def test_a_right_row_of_each_register_becomes_a_fact(name: str) -> None:
    parsed = read(name, ROWS[name])
    assert parsed.rejected == ()
    assert (parsed.rows_read, parsed.rows_accepted) == (1, 1)
    assert all(rows for rows in parsed.facts.values())


def test_the_facts_say_what_the_rows_say() -> None:
    assert read("registry_schools", SCHOOL).facts["school"] == [
        {
            "sheet": "Школы",
            "row": 2,
            "school_id": "SH-101",
            "name": "Школа № 101 (условная)",
            "municipality_id": "buyskiy",
            "vpr_login": "440101",
            "gia_code": "111002",
            "project_from": "2021-02-15",
            "project_to": None,
            "valid_from": "2010-09-01",
            "valid_to": None,
        }
    ]


def test_every_name_of_a_municipality_becomes_a_way_to_find_it() -> None:
    aliases = read("registry_municipalities", BUYSKIY).facts["municipality_alias"]
    assert {row["alias"] for row in aliases} == {
        "buyskiy",
        "буйский муниципальный район",
        "буйский мр",
        "буйский район",
        "город буй и район",
    }


def test_a_variant_of_two_municipalities_finds_neither_and_is_told() -> None:
    other = changed(BUYSKIY, c1="buy", c2="город Буй", c4="г. Буй", c7="Буйский район")
    parsed = read("registry_municipalities", BUYSKIY, other)
    assert "буйский район" not in {row["alias"] for row in parsed.facts["municipality_alias"]}
    assert any("буйский район" in warning for warning in parsed.warnings)
    assert len(parsed.facts["municipality_name"]) == 2


def test_a_name_is_each_municipality_s_in_its_own_days() -> None:
    """A merged okrug takes over the name of its town."""
    town = changed(BUYSKIY, c1="buy", c2="город Буй", c4="г. Буй", c6="31.05.2021", c7="")
    okrug = changed(BUYSKIY, c5="01.06.2021", c7="город Буй")
    parsed = read("registry_municipalities", town, changed(BUYSKIY, c6="31.05.2021"), okrug)
    assert sorted(
        (row["municipality_id"], row["valid_from"], row["valid_to"])
        for row in parsed.facts["municipality_alias"]
        if row["alias"] == "город буй"
    ) == [("buy", "2006-01-01", "2021-05-31"), ("buyskiy", "2021-06-01", None)]
    assert parsed.warnings == ()


def test_the_scope_of_attendance_and_acts_is_what_they_are_about() -> None:
    assert read("attendance", PRESENT).scope == "webinar-2021-03-12"
    assert read("municipal_acts", ACT).scope == "buyskiy"
    assert read("events", EVENT).scope == "all"


@pytest.mark.parametrize(("was_there", "kept"), [("нет", "2021-04-06"), ("да", None)])
def test_only_who_was_not_there_studies_the_recording_and_the_row_stays(
    was_there: str, kept: str | None
) -> None:
    row = [*changed(PRESENT, c5=was_there), "06.04.2021"]
    parsed = read_register("attendance", table_csv([[*ATTENDANCE, "Запись изучена"], row]), "a.csv")
    (fact,) = parsed.facts["attendance"]
    assert (fact["is_present"], fact["studied_on"]) == (int(was_there == "да"), kept)
    told = "Дата изучения записи указана у того, кто присутствовал, и пропущена"
    assert [told in warning for warning in parsed.warnings] == [True] * (kept is None)


# -- Where the table stands ------------------------------------------------------------------


def test_headings_three_rows_down_are_found() -> None:
    rows = [["Реестр событий"], [], ["на 31.03.2021"], EVENTS, EVENT]
    parsed = read_register("events", workbook("Мероприятия", rows))
    assert parsed.facts["event"][0]["row"] == 5


def test_the_order_of_columns_does_not_matter() -> None:
    rows = [CONTACTS[::-1], CONTACT[::-1]]
    assert read_register("contacts", workbook("Получатели", rows)).rows_accepted == 1


def test_a_renamed_heading_refuses_the_file_and_names_what_is_missing() -> None:
    rows = [[*EVENTS[:7], "Кол-во"], EVENT]
    with pytest.raises(FileRefused) as refusal:
        read_register("events", workbook("Мероприятия", rows), "events.xlsx")
    assert refusal.value.code == "HEADER"
    assert "«Участников»" in refusal.value.message
    assert "events.xlsx" in refusal.value.message


def test_no_such_sheet_refuses_the_file() -> None:
    with pytest.raises(FileRefused) as refusal:
        read_register("events", workbook("Лист1", [EVENTS, EVENT]))
    assert refusal.value.code == "SHEET"


@pytest.mark.parametrize("before", [[["да"], ["нет"]], [["Явка на семинар"]], []])
def test_a_register_of_no_named_sheet_is_the_first_one_with_its_heading(
    before: list[list[str]],
) -> None:
    content = book({"Списки": before, "Участие": [ATTENDANCE, PRESENT]})
    parsed = read_register("attendance", content)
    assert (parsed.rows_accepted, parsed.warnings) == (1, ())


def test_a_book_without_the_heading_is_refused_for_the_first_sheet_that_holds_anything() -> None:
    with pytest.raises(FileRefused) as refusal:
        read_register("attendance", book({"Пусто": [], "Список": [["Событие"]], "Иное": [["а"]]}))
    assert refusal.value.code == "HEADER"
    assert "лист «Список»" in refusal.value.message


def test_personal_data_on_any_sheet_refuses_a_register_of_no_named_sheet() -> None:
    persons = [["ФИО", "Телефон"], ["Иванов", "1"]]
    with pytest.raises(FileRefused) as refusal:
        read_register("attendance", book({"Участие": [ATTENDANCE, PRESENT], "Данные": persons}))
    assert refusal.value.code == "PERSONAL_DATA"
    assert "лист «Данные»" in refusal.value.message


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251", "utf-16"])
@pytest.mark.parametrize("separator", [";", ",", "\t"])
def test_a_csv_is_read_in_any_usual_encoding(encoding: str, separator: str) -> None:
    content = table_csv([ATTENDANCE, PRESENT], encoding, separator)
    assert read_register("attendance", content, "файл.csv").rows_accepted == 1


def test_a_table_without_rows_is_refused() -> None:
    with pytest.raises(FileRefused) as refusal:
        read("contacts")
    assert refusal.value.code == "EMPTY"


def test_an_unknown_column_is_dropped_and_told() -> None:
    rows = [[*CONTACTS, "Примечание"], [*CONTACT, "тайна"]]
    parsed = read_register("contacts", workbook("Получатели", rows))
    assert parsed.rows_accepted == 1
    assert "тайна" not in str(parsed)
    assert any("столбцы" in warning for warning in parsed.warnings)


@pytest.mark.parametrize(
    "title",
    [
        "ФИО",
        "Ф.И.О. ученика",
        "Фамилия",
        "Дата рождения",
        "СНИЛС",
        "Телефон",
        "Паспорт",
        "Контактный телефон",
        "Куратор (ФИО)",
    ],
)
def test_a_column_of_personal_data_refuses_the_file_and_quotes_nothing(title: str) -> None:
    rows = [[*PEOPLE, title], [*CURATOR, "Примеров Пример"]]
    with pytest.raises(FileRefused) as refusal:
        read_register("registry_people", workbook("Роли", rows))
    assert refusal.value.code == "PERSONAL_DATA"
    assert "Примеров" not in refusal.value.message


def test_an_event_about_a_passport_is_no_column_of_personal_data() -> None:
    parsed = read("events", changed(EVENT, c5="Паспорт школы"), changed(EVENT, c1="e2", c5="ФИО"))
    assert (parsed.rows_accepted, parsed.rejected) == (2, ())


def test_a_signature_below_the_table_is_no_row() -> None:
    parsed = read("events", EVENT, [], [None, None, "Исполнитель: отдел образования"])
    assert (parsed.rows_read, parsed.rejected) == (1, ())
    assert any("Под таблицей" in warning for warning in parsed.warnings)


def test_text_twenty_empty_rows_below_ends_the_table() -> None:
    parsed = read("events", EVENT, *[[]] * 25, changed(EVENT, c1="потерянное"))
    assert parsed.rows_read == 1
    assert any("Под таблицей" in warning for warning in parsed.warnings)


# -- Cells -----------------------------------------------------------------------------------


def test_the_message_of_a_wrong_number_is_exact() -> None:
    parsed = read("events", EVENT, changed(EVENT, c1="e2", c8="четыре"), file_name="events.xlsx")
    assert only_message(parsed) == (
        "Строка не принята: «четыре» вместо целого числа. Файл «events.xlsx», "
        "лист «Мероприятия», строка 3, столбец H «Участников». Впишите число цифрами."
    )
    assert parsed.rows_accepted == 1


def test_the_message_of_a_date_outside_the_year_is_exact() -> None:
    parsed = read("events", EVENT, changed(EVENT, c1="e2", c6=date(2012, 3, 12)))
    assert only_message(parsed) == (
        "Дата вне года плана: 12.03.2012. Файл «файл.xlsx», лист «Мероприятия», строка 3, "
        "столбец F «Дата». Проверьте год; строка не принята."
    )


def test_a_file_of_another_year_is_refused_whole() -> None:
    with pytest.raises(FileRefused) as refusal:
        read("events", *[changed(EVENT, c1=f"e{n}", c6=date(2020, 3, n + 1)) for n in range(3)])
    assert refusal.value.code == "PERIOD"


@pytest.mark.parametrize(
    ("name", "cells", "rule"),
    [
        ("events", {"c1": None}, "MISSING"),
        ("events", {"c6": "вчера"}, "TYPE"),
        ("events", {"c6": 44267}, "TYPE"),
        ("events", {"c6": "30.02.2021"}, "TYPE"),
        ("events", {"c7": "состоялось"}, "CHOICE"),
        ("events", {"c8": -5}, "RANGE"),
        ("events", {"c8": 3.7}, "TYPE"),
        ("events", {"c8": 10**9}, "RANGE"),
        ("events", {"c2": "6, 8"}, "TYPE"),
        ("events", {"c5": "я" * 600}, "RANGE"),
        ("registry_people", {"c2": "директор"}, "CHOICE"),
        ("registry_people", {"c4": None}, "MISSING"),
        ("registry_schools", {"c4": "логин"}, "TYPE"),
        ("registry_schools", {"c5": "код"}, "TYPE"),
        ("registry_schools", {"c3": "Буйский район"}, "TYPE"),
        ("registry_schools", {"c8": "01.09.1812"}, "RANGE"),
        ("municipal_acts", {"c6": "по просьбе"}, "CHOICE"),
        ("documents", {"c6": "подписан"}, "CHOICE"),
        ("attendance", {"c5": "может быть"}, "CHOICE"),
        ("attendance", {"c3": None}, "MISSING"),
        ("contacts", {"c1": "region_2"}, "TYPE"),
    ],
)
def test_a_wrong_cell_quarantines_its_row_and_no_other(
    name: str, cells: dict[str, Any], rule: str
) -> None:
    parsed = read(name, ROWS[name], changed(ROWS[name], **cells))
    assert [item.rule for item in parsed.rejected] == [rule]
    assert parsed.rejected[0].row == 3
    assert parsed.rejected[0].column is not None
    assert "файл.xlsx" in parsed.rejected[0].message
    assert (parsed.rows_read, parsed.rows_accepted) == (2, 1)


@pytest.mark.parametrize(
    ("cells", "participants"),
    [({"c8": "1\u00a0040"}, 1040), ({"c8": "40,0"}, 40), ({"c8": "н/д"}, None)],
)
def test_numbers_as_people_write_them_are_read(
    cells: dict[str, Any], participants: int | None
) -> None:
    parsed = read("events", changed(EVENT, **cells))
    assert parsed.facts["event"][0]["participants"] == participants


def test_spaces_case_and_kinds_of_e_do_not_matter_in_choices() -> None:
    parsed = read("documents", changed(DOCUMENT, c6=" Утвержден\u00a0"))
    assert parsed.facts["document"][0]["state"] == "approved"


@pytest.mark.parametrize(
    "name",
    ["<script>alert(1)</script>", "{{ 7*7 }}", "=cmd|' /C calc'!A0", "'; DROP TABLE school"],
)
def test_a_hostile_name_is_a_name(name: str) -> None:
    parsed = read("registry_schools", changed(SCHOOL, c2=name))
    assert parsed.facts["school"][0]["name"] == name


def test_invisible_characters_of_a_school_name_are_removed_and_told() -> None:
    parsed = read("registry_schools", changed(SCHOOL, c2="Школа\u200b № 1\u202e"))
    assert parsed.facts["school"][0]["name"] == "Школа № 1"
    assert any("Невидимые" in warning for warning in parsed.warnings)


def test_a_sign_that_documents_cannot_print_is_told_with_its_cell() -> None:
    parsed = read("registry_schools", changed(SCHOOL, c2="Школа № 101 ☀"))
    assert parsed.facts["school"][0]["name"] == "Школа № 101 ☀"
    [warning] = [one for one in parsed.warnings if "☀" in one]
    assert "не печатается" in warning and "строка 2" in warning


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\x85", "\u2028"])
def test_a_line_break_in_a_municipality_name_refuses_the_row(line_break: str) -> None:
    # The name stands in the subject of letters.
    row = changed(BUYSKIY, c2=f"Буйский{line_break}Bcc: район")
    rows = [MUNICIPALITIES, BUYSKIY, changed(row, c1="other")]
    parsed = read_register("registry_municipalities", workbook("Реестр", rows))
    assert [item.rule for item in parsed.rejected] == ["CONTROL"]


def test_latin_look_alikes_are_told_and_kept() -> None:
    parsed = read("registry_schools", changed(SCHOOL, c2="Шкoла № 101"))  # a Latin o
    assert parsed.rows_accepted == 1
    assert any("В слове «Шкoла» латинская буква" in warning for warning in parsed.warnings)


def test_a_latin_letter_in_a_word_of_a_list_is_read_and_told() -> None:
    parsed = read("attendance", changed(PRESENT, c2="курaтор", c5="дa"))
    assert parsed.facts["attendance"][0]["role"] == "curator"
    assert [w.partition(".")[0] for w in parsed.warnings] == [
        "В слове «курaтор» латинская буква",
        "В слове «дa» латинская буква",
    ]


@pytest.mark.parametrize(
    "heading", ["Kод лица", "Код\u200b лица", "Код ли\u00adца", "\ufeffКод лица"]
)
def test_a_heading_with_a_latin_letter_or_an_invisible_sign_is_that_heading(heading: str) -> None:
    content = table_csv([[heading if t == "Код лица" else t for t in ATTENDANCE], PRESENT], "utf-8")
    parsed = read_register("attendance", content)
    assert parsed.rows_accepted == 1
    latin = ("В слове «Kод» латинская буква. Впишите её по-русски.",) if heading[0] == "K" else ()
    assert parsed.warnings == latin


def test_a_latin_letter_in_the_name_of_a_sheet_is_read_and_told() -> None:
    parsed = read_register("contacts", workbook("Получaтели", [CONTACTS, CONTACT]))
    assert parsed.rows_accepted == 1
    assert parsed.warnings == ("В слове «Получaтели» латинская буква. Впишите её по-русски.",)


@pytest.mark.parametrize("dash", ["-", "–", "—", " − ", "н/д", "Нет данных", "\u200b"])
def test_a_dash_is_no_code_and_no_name(dash: str) -> None:
    parsed = read("events", changed(EVENT, c4=dash))
    assert parsed.facts["event"][0]["seminar_id"] is None
    of_a_school = read("attendance", ["webinar-2021-03-12", "школа", dash, dash, "да"], PRESENT)
    assert [item.rule for item in of_a_school.rejected] == ["MISSING"]
    coordinator = ["P-1", "муниципальный координатор", "buyskiy", dash, "01.01.2021", dash]
    parsed = read("registry_people", coordinator, changed(CURATOR, c4=dash))
    assert parsed.facts["person_role"][0]["school_id"] is None
    assert [item.rule for item in parsed.rejected] == ["MISSING"]


def test_rows_of_dashes_are_empty_rows() -> None:
    assert read("events", EVENT, ["-"] * len(EVENTS)).rows_read == 1


@pytest.mark.parametrize(
    ("name", "cells", "turned"),
    [
        ("documents", {"c2": date(2021, 3, 6)}, "06.03.2021» вместо текста"),
        ("documents", {"c4": date(2021, 12, 2)}, "принял текст за дату"),
        ("municipal_acts", {"c3": time(12, 0)}, "принял текст за время"),
        ("municipal_acts", {"c3": True}, "принял текст за логическое значение"),
    ],
)
def test_a_code_or_a_number_that_excel_took_for_a_date_is_set_aside(
    name: str, cells: dict[str, Any], turned: str
) -> None:
    parsed = read(name, ROWS[name], changed(ROWS[name], c1=ROWS[name][0], **cells))
    assert [item.rule for item in parsed.rejected] == ["TYPE"]
    assert turned in only_message(parsed)


def test_yes_and_no_may_be_truth_values() -> None:
    rows = [ATTENDANCE, changed(PRESENT, c5=True)]
    assert (
        read_register("attendance", workbook("Лист1", rows)).facts["attendance"][0]["is_present"]
        == 1
    )


@pytest.mark.parametrize("written", ["ИСТИНА", "true", "да"])
def test_truth_values_of_a_csv_are_yes_and_no(written: str) -> None:
    assert (
        read("attendance", changed(PRESENT, c5=written)).facts["attendance"][0]["is_present"] == 1
    )


@pytest.mark.parametrize("code", ["06.03.2021", "6.мар", "12:00:00"])
def test_a_code_of_a_csv_that_looks_like_a_day_is_kept_and_told(code: str) -> None:
    row = ["webinar-2021-03-12", "школа", None, code, "да"]
    parsed = read("attendance", row)
    assert parsed.facts["attendance"][0]["school_id"] == code
    assert "не изменил ли его Excel" in parsed.warnings[0]


@pytest.mark.parametrize("code", ["4,40E+11", "4.40123E+05", 4.40123e17, "ЛОЖЬ"])
def test_a_code_that_excel_wrote_as_a_power_is_lost_and_set_aside(code: Any) -> None:
    row = ["webinar-2021-03-12", "школа", None, code, "да"]
    parsed = read_register("attendance", workbook("Лист1", [ATTENDANCE, PRESENT, row]))
    assert [item.rule for item in parsed.rejected] == ["TYPE"]
    assert "Excel потерял цифры кода" in only_message(parsed)


def test_an_error_that_was_saved_as_text_is_an_error() -> None:
    parsed = read("attendance", PRESENT, ["webinar-2021-03-12", "школа", None, "#Н/Д", "да"])
    assert [item.rule for item in parsed.rejected] == ["CELL_ERROR"]


_EVERY_CELL = [(name, column) for name, titles in HEADINGS.items() for column in range(len(titles))]


@pytest.mark.parametrize(("name", "column"), _EVERY_CELL)
def test_an_error_in_whatever_column_sets_its_row_aside(name: str, column: int) -> None:
    row = changed(ROWS[name], **{f"c{column + 1}": "#N/A"})
    parsed = read(name, row)
    assert [(kept.rule, kept.row) for kept in parsed.rejected] == [("CELL_ERROR", 2)]
    assert not any(facts for facts in parsed.facts.values())


@pytest.mark.parametrize(("name", "column"), _EVERY_CELL)
def test_a_dash_in_whatever_column_is_an_empty_cell(name: str, column: int) -> None:
    key = f"c{column + 1}"
    empty, dash = (read(name, changed(ROWS[name], **{key: cell})) for cell in (None, "—"))
    assert dash.facts == empty.facts
    assert [kept.message for kept in dash.rejected] == [kept.message for kept in empty.rejected]


def test_the_day_of_a_csv_may_have_a_time() -> None:
    rows = [
        ["buyskiy", f"S{n}", "март", day]
        for n, day in enumerate(["31.03.2021 0:00:00", "31.03.2021 10:15", "2021-03-31T10:15:00"])
    ]
    parsed = read_register("acknowledgements", table_csv([ACKNOWLEDGEMENTS, *rows]))
    assert {row["received_on"] for row in parsed.facts["acknowledgement"]} == {"2021-03-31"}


def test_a_link_that_is_no_web_address_is_dropped_and_told() -> None:
    parsed = read("municipal_acts", changed(ACT, c5="javascript:alert(1)"))
    assert parsed.facts["municipal_act"][0]["link"] is None
    assert any("Ссылка" in warning for warning in parsed.warnings)


# -- Addresses -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "roo@example.org\r\nBcc: other@example.org",
        "roo@example.org\nother@example.org",
        "a@example.org,b@example.org",
        "a@example.org; b@example.org",
        "<a@b>",
        "a..b@example.org",
        '"a b"@example.org',
        "a@[192.0.2.1]",
        "нет адреса",
        "a@localhost",
        "пользователь@example.org",
        "roo@exam\u200bple.org",
        None,
        42,
    ],
)
def test_what_is_not_one_address_is_refused_and_never_quoted(address: Any) -> None:
    parsed = read("contacts", CONTACT, changed(CONTACT, c1="galich", c2=address))
    message = only_message(parsed)
    assert "столбец B «Адрес»" in message
    assert "example.org" not in message.replace("imya@example.org", "")
    assert len(parsed.facts["contact"]) == 1


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        (" Roo@Example.ORG ", "Roo@example.org"),
        ("roo@example.org.", "roo@example.org"),
        ("roo@пример.example", "roo@xn--e1afmkfd.example"),
    ],
)
def test_an_address_that_only_looks_different_is_put_right_and_told(
    written: str, kept: str
) -> None:
    parsed = read("contacts", changed(CONTACT, c2=written))
    assert parsed.facts["contact"][0]["address"] == kept
    assert any("Адрес записан иначе" in warning for warning in parsed.warnings)


def test_the_same_address_twice_is_one_recipient() -> None:
    parsed = read("contacts", CONTACT, changed(CONTACT, c2="Roo@EXAMPLE.org"))
    assert len(parsed.facts["contact"]) == 1
    assert any("повторяется" in warning for warning in parsed.warnings)


@pytest.mark.parametrize("spelling", ["roo@example.org", "ROO@Example.org", " Roo@example.org."])
def test_a_mailbox_of_two_municipalities_serves_neither(spelling: str) -> None:
    parsed = read("contacts", CONTACT, changed(CONTACT, c1="region", c2=spelling))
    assert [item.rule for item in parsed.rejected] == ["SHARED_ADDRESS"] * 2
    assert parsed.facts["contact"] == []
    assert "roo@" not in str(parsed.rejected)


def test_an_address_may_pass_from_one_municipality_to_another_in_time() -> None:
    parsed = read(
        "contacts",
        changed(CONTACT, c4=date(2021, 5, 31)),
        changed(CONTACT, c1="galich", c3=date(2021, 6, 1)),
    )
    assert parsed.rejected == ()
    assert len(parsed.facts["contact"]) == 2


# -- Rows against each other -----------------------------------------------------------------


def test_one_login_at_two_schools_quarantines_both() -> None:
    parsed = read("registry_schools", SCHOOL, changed(SCHOOL, c1="SH-102", c5="111003"))
    assert [item.rule for item in parsed.rejected] == ["CONFLICTING_DUPLICATE"] * 2
    assert "строки 2, 3" in parsed.rejected[0].message


def test_a_school_renamed_in_time_is_one_school_with_two_names() -> None:
    parsed = read(
        "registry_schools",
        changed(SCHOOL, c9=date(2021, 1, 31)),
        changed(SCHOOL, c2="Школа № 101 имени Примерова", c8=date(2021, 2, 1)),
    )
    assert parsed.rejected == ()
    assert len(parsed.facts["school"]) == 2


def test_two_names_of_a_municipality_on_one_day_contradict_each_other() -> None:
    parsed = read("registry_municipalities", BUYSKIY, changed(BUYSKIY, c2="Буйский округ"))
    assert [item.rule for item in parsed.rejected] == ["CONFLICTING_DUPLICATE"] * 2


def test_two_events_or_two_municipalities_in_one_file_refuse_it() -> None:
    with pytest.raises(FileRefused) as events:
        read("attendance", PRESENT, changed(PRESENT, c1="другое-событие"))
    with pytest.raises(FileRefused) as owners:
        read("municipal_acts", ACT, changed(ACT, c1="galich"))
    assert (events.value.code, owners.value.code) == ("SCOPE", "SCOPE")
