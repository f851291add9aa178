"""Workbooks and csv as people save them; headings by content; cells by an explicit grammar."""

from __future__ import annotations

import io
from datetime import date, datetime
from decimal import Decimal

import openpyxl
import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from roadmap.evidence.files.grid import (
    BadCell,
    Fault,
    column_name,
    day_of,
    decimal_of,
    find_heading,
    integer_of,
    latin_letters,
    normal_title,
    percent_of,
    read_sheets,
    stream_sheet,
    text_of,
    the_sheet,
)
from roadmap.evidence.parsed import FileRefused
from roadmap.russian import integer as integer_text
from support.workbooks import book, csv_bytes, one_sheet

TITLES = ("Код", "Наименование", "Дата")
ROWS = [["Код", "Наименование", "Дата"], ["1", "Школа «Ёлка»", "31.03.2021"]]


def csv_rows(content: bytes, **options: object) -> list[list[object]]:
    return read_sheets(content, "список.csv", TITLES, **options)[0].rows  # type: ignore[arg-type]


# -- csv -------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["cp1251", "utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("separator", [";", "\t", ","])
def test_a_csv_is_read_in_every_encoding_and_separator_that_people_save(encoding, separator):
    assert csv_rows(csv_bytes(ROWS, encoding, separator)) == ROWS


def test_the_heading_alone_decides_the_separator():
    rows = [["Код", "Наименование", "Дата"], ["1", "а,б,в,г,д,е", "1,5"]]
    assert csv_rows(csv_bytes(rows)) == rows


@pytest.mark.parametrize(
    ("encoding", "named"), [("koi8-r", "KOI8-R"), ("cp866", "cp866"), ("mac-cyrillic", "Mac")]
)
def test_a_look_alike_encoding_is_named_and_never_guessed(encoding, named):
    with pytest.raises(FileRefused, match=named) as caught:
        csv_rows(csv_bytes([ROWS[0], ["1", "Школа", "31.03.2021"]], encoding))
    assert caught.value.code == "ENCODING"


@pytest.mark.parametrize("wrong", ["cp1251", "latin-1"])
def test_spoiled_letters_are_refused_and_not_repaired(wrong):
    spoiled = csv_bytes([["Код", "Дата"]], "utf-8").decode(wrong).encode("utf-8")
    with pytest.raises(FileRefused) as caught:
        csv_rows(spoiled)
    assert caught.value.code == "ENCODING"


def test_a_replacement_character_is_refused():
    with pytest.raises(FileRefused) as caught:
        csv_rows("Код;Наименование;Дата\n1;Шк\ufffdла;1\n".encode())
    assert caught.value.code == "ENCODING"


@pytest.mark.parametrize(
    "text",
    [
        'Код;Наименование;Дата\n1;"Школа;31.03.2021\n2;б;31.03.2021\n',  # a quote never closed
        'Код;Наименование;Дата\n1;"Школа"№1;31.03.2021\n',
        "Код;Наименование;Дата\n1;" + "а" * 140_000 + ";31.03.2021\n",
        "Код;Наименование;Дата\n1;Школа;31.03.2021;лишняя\n",
        "Код;Наименование;Дата\n1;Школа\n",
    ],
)
def test_a_row_that_does_not_fit_refuses_the_file(text):
    with pytest.raises(FileRefused, match=r"строка [23]") as caught:
        csv_rows(text.encode())
    assert caught.value.code == "CSV_SYNTAX"


def test_blank_lines_and_titles_above_keep_rows_at_their_places():
    text = 'Список школ\n\nКод;Наименование;Дата\n1;"Школа\nв две строки";31.03.2021;;\n2;б;1\n'
    rows = csv_rows(text.encode())
    assert rows[2] == ["Код", "Наименование", "Дата"]
    assert rows[-1] == ["2", "б", "1"]
    assert rows.index(["2", "б", "1"]) + 1 == 6


@pytest.mark.parametrize("end", ["\x1a", "\x1a\x1a\x1a", "\x1a\r\n", "\r\n\x1a"])
@pytest.mark.parametrize("encoding", ["cp1251", "utf-8", "utf-16"])
def test_ctrl_z_ends_a_text_of_dos(encoding, end):
    lines = [";".join(row) for row in ROWS]
    assert csv_rows(("\r\n".join(lines) + end).encode(encoding)) == ROWS


def test_ctrl_z_inside_a_text_is_no_end():
    assert csv_rows("Код;Наименование;Дата\n1;а\x1aб;1\n".encode())[1] == ["1", "а\x1aб", "1"]


def test_a_nul_in_utf_16_is_no_text():
    with pytest.raises(FileRefused) as caught:
        csv_rows("Код;Наименование;Дата\n1;а\0б;1\n".encode("utf-16"))
    assert caught.value.code == "BINARY"


def test_blocks_of_protocols_may_be_ragged():
    text = "Протокол;;\nКод;Наименование;Дата\n1;а\n"
    assert csv_rows(text.encode(), ragged=True)[-1] == ["1", "а"]


# -- Workbooks -------------------------------------------------------------------------------


def test_rows_and_columns_keep_their_places():
    (sheet,) = read_sheets(one_sheet([[], [None, "а", 1.5], [], [None, 4]]), "книга.xlsx")
    assert sheet.rows == [[None] * 3, [None, "а", 1.5], [None] * 3, [None, 4.0, None]]


def test_a_stream_begins_with_column_a_too():
    stream = stream_sheet(one_sheet([[], [None, "а", 1.5]], "Лист"), "книга.xlsx")
    assert stream.name == "Лист"
    assert list(stream.rows)[-1] == ["", "а", 1.5]
    assert stream.unread == ()


def test_a_stream_says_which_sheets_it_left_unread():
    stream = stream_sheet(book({"Лист1": [["1"]], "Пусто": [], "Классы": [["2"]]}), "книга.xlsx")
    assert (stream.name, stream.unread) == ("Лист1", ("Классы",))
    with pytest.raises(FileRefused) as caught:
        stream_sheet(book({"Пусто": []}), "книга.xlsx")
    assert caught.value.code == "EMPTY"


@pytest.mark.parametrize("date_1904", [False, True])
def test_dates_are_read_in_both_bases_of_excel(date_1904):
    buffer = io.BytesIO()
    workbook = xlsxwriter.Workbook(buffer, {"in_memory": True, "date_1904": date_1904})
    sheet = workbook.add_worksheet()
    written = workbook.add_format({"num_format": "dd.mm.yyyy"})
    sheet.write_datetime(0, 0, datetime(2021, 3, 12), written)  # noqa: DTZ001 - a calendar day
    workbook.close()
    (read,) = read_sheets(buffer.getvalue(), "книга.xlsx")
    assert day_of(read.rows[0][0]) == date(2021, 3, 12)


def test_errors_and_formulas_without_a_value_are_no_empty_cells():
    buffer = io.BytesIO()
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    sheet.title = "Данные & «таблица»"
    sheet["A1"], sheet["B2"], sheet["C3"], sheet["D4"] = "h", "=1+1", "#N/A", 5
    sheet.row_dimensions[4].hidden = True
    workbook.save(buffer)
    (read,) = read_sheets(buffer.getvalue(), "книга.xlsx")
    assert read.name == "Данные & «таблица»"
    assert read.rows[1][1] == Fault("NO_CACHED_VALUE", "формула без значения")
    assert read.rows[2][2] == Fault("CELL_ERROR", "#N/A")
    assert read.rows[3][3] == 5
    assert read.hidden_rows == 1
    for cell in (read.rows[1][1], read.rows[2][2]):
        for grammar in (integer_of, decimal_of, percent_of, day_of, text_of):
            with pytest.raises(BadCell) as caught:
                grammar(cell)
            assert caught.value.rule == cell.rule


def test_a_formula_with_its_value_is_its_value():
    buffer = io.BytesIO()
    workbook = xlsxwriter.Workbook(buffer, {"in_memory": True})
    sheet = workbook.add_worksheet()
    sheet.write_formula(0, 0, "=2+2", None, 4)
    sheet.write_formula(1, 0, '="а"&"б"', None, "аб")
    sheet.write_formula(2, 0, "=1/0", None, "#DIV/0!")
    workbook.close()
    (read,) = read_sheets(buffer.getvalue(), "книга.xlsx")
    assert [row[0] for row in read.rows] == [4.0, "аб", Fault("CELL_ERROR", "#DIV/0!")]


def test_a_missing_sheet_is_named_with_those_that_are_there():
    sheets = read_sheets(book({"Лист1": [["а"]], "Лист2": [["б"]]}), "книга.xlsx")
    with pytest.raises(FileRefused) as caught:
        the_sheet(sheets, "Школы", "книга.xlsx")
    assert caught.value.code == "SHEET"
    assert "нет листа «Школы» (есть «Лист1», «Лист2»)" in caught.value.message
    assert the_sheet(sheets, " лист2 ", "книга.xlsx").name == "Лист2"


# -- Headings --------------------------------------------------------------------------------


def test_a_heading_is_found_where_it_stands_and_in_any_order():
    rows = [["Реестр"], [], [], [" дата", "КОД\u00a0", None, "лишний", "наименование"]]
    at, columns = find_heading(rows, TITLES)
    assert at == 3
    assert columns == {"Код": 1, "Наименование": 4, "Дата": 0}


def test_missing_titles_are_listed_with_the_row_that_has_most_of_them():
    rows = [["Реестр"], ["Код", "Название", "Дата"]]
    with pytest.raises(FileRefused) as caught:
        find_heading(rows, TITLES, file_name="школы.xlsx", sheet="Школы")
    assert caught.value.code == "HEADER"
    assert caught.value.message == (
        "Файл не принят: нет столбца «Наименование». Файл «школы.xlsx», лист «Школы», строка"
        " заголовков 2. Добавьте столбец или сверьтесь с описанием форматов (docs/formats.md)."
    )


def test_nobody_is_told_to_add_columns_to_another_file_or_to_somebody_s_report():
    with pytest.raises(FileRefused, match="Проверьте, тот ли это файл: таблицы с такими заголов"):
        find_heading([["1", "а", "Дата"], []], TITLES, file_name="школы.xlsx")
    with pytest.raises(FileRefused, match="выгрузите его заново, не меняя столбцов"):
        find_heading([["Код", "Название", "Дата"]], TITLES, is_ours=False)
    with pytest.raises(FileRefused, match="Добавьте столбцы или сверьтесь"):
        find_heading([["Код", "Наименование", "x"]], (*TITLES, "Класс"))


def test_a_sheet_without_a_heading_lists_all_titles():
    with pytest.raises(FileRefused, match="нет столбцов «Код», «Наименование», «Дата»"):
        find_heading([["1", "а", "Дата"], []], TITLES, file_name="школы.xlsx")
    with pytest.raises(FileRefused, match="нет столбцов"):
        find_heading([["x"]] * 15 + [list(TITLES)], TITLES, file_name="школы.xlsx")


def test_a_title_that_stands_twice_is_refused():
    with pytest.raises(FileRefused, match="«Дата» указан дважды") as caught:
        find_heading([["Код", "Наименование", "Дата", "дата "]], TITLES)
    assert caught.value.code == "HEADER"
    assert find_heading([["Код", "Наименование", "Дата", "x", "x"]], TITLES).row == 0


def test_titles_are_compared_without_case_yo_and_kinds_of_spaces():
    assert normal_title(" Отчётная\u00a0\u2009 Дата\n") == "отчетная дата"
    assert normal_title("Код OО") == normal_title("код оо")  # Latin, Cyrillic
    assert normal_title("a-1-grade") == "a-1-grade"
    assert normal_title(2.0) == normal_title("2") == "2"
    assert column_name(4, "Участников") == "E «Участников»"


# -- Cells -----------------------------------------------------------------------------------


@given(st.integers(-(10**11), 10**11))
def test_an_integer_is_read_as_it_is_shown_to_people(value):
    assert integer_of(integer_text(value)) == value
    assert integer_of(f"{value:,}".replace(",", "\u202f")) == value
    assert integer_of(float(value)) == value


@pytest.mark.parametrize(
    ("cell", "value"),
    [("35 917", 35917), ("35\u00a0917", 35917), ("4,0", 4), ("\u22125", -5), (4.0, 4), (" 7 ", 7)],
)
def test_integers_as_found(cell, value):
    assert integer_of(cell) == value


@pytest.mark.parametrize(
    "cell",
    ["четыре", "3.7", 3.7, "1e3", float("nan"), float("inf"), "NaN", "Infinity", True, "5 чел.",
     "10" * 10, date(2021, 3, 12), "0x10", "٣٤x"],
)  # fmt: skip
def test_what_is_no_whole_number_is_refused_with_what_was_found(cell):
    with pytest.raises(BadCell) as caught:
        integer_of(cell)
    assert caught.value.rule == "TYPE"
    assert caught.value.what.endswith("вместо целого числа")


@pytest.mark.parametrize("cell", [float("nan"), float("inf"), 1e15, "1e5", "--1", "1.2.3", True])
def test_what_is_no_number_is_refused(cell):
    with pytest.raises(BadCell):
        decimal_of(cell)


@pytest.mark.parametrize("cell", [None, "", " ", "н/д", "Н/Д", "\u2014", "-", "нет данных"])
def test_no_data_is_none_and_never_zero(cell):
    assert integer_of(cell) is decimal_of(cell) is percent_of(cell) is None


@pytest.mark.parametrize(
    ("cell", "value"),
    [("14,02", "14.02"), ("14.02", "14.02"), (14.02, "14.02"), ("12,5 %", "12.5"),
     ("12.5%", "12.5"), ("1 234,5", "1234.5"), (0.0, "0.0"), ("100", "100")],
)  # fmt: skip
def test_decimals_are_kept_exactly_as_written(cell, value):
    assert percent_of(cell) == Decimal(value)


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        (date(2021, 3, 12), date(2021, 3, 12)),
        (datetime(2021, 3, 12, 10, 30), date(2021, 3, 12)),  # noqa: DTZ001
        ("12.03.2021", date(2021, 3, 12)),
        ("1.3.2021 г.", date(2021, 3, 1)),
        ("2021-03-12", date(2021, 3, 12)),
        ("2021-03-12 00:00:00.000", date(2021, 3, 12)),
        ("12.03.2021 0:00:00", date(2021, 3, 12)),
        ("12.03.2021\u200b", date(2021, 3, 12)),
        ("", None),
    ],
)
def test_days_as_found(cell, value):
    assert day_of(cell) == value


@pytest.mark.parametrize("cell", [44267.0, "31.02.2021", "12/03/2021", "март", "12.03.21", True])
def test_what_is_no_day_is_refused(cell):
    with pytest.raises(BadCell):
        day_of(cell)


@pytest.mark.parametrize(
    ("cell", "text"),
    [(440123.0, "440123"), (" а \u00a0 б ", "а б"), (None, None), (1.5, "1.5"),
     ("—", None), ("н/д", None), ("\u200b\ufeff", None), ("Код\u00ad", "Код"),
     ("007", "007"), ("=cmd()", "=cmd()"), ("# 5", "# 5")],
)  # fmt: skip
def test_text_of_cells(cell, text):
    assert text_of(cell) == text


def test_a_long_cell_is_quoted_short():
    with pytest.raises(BadCell) as caught:
        integer_of("ы" * 500 + "\n\u202e")
    assert len(caught.value.found) == 40


def test_a_latin_letter_in_a_russian_title_is_named_and_no_other():
    assert latin_letters(["Кол-вo ОО", "Лицей IT", "Класс", 2.0, None]) == (
        "В слове «вo» латинская буква. Впишите её по-русски.",
    )
