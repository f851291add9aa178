import io
import re
import zipfile
from collections.abc import Callable
from datetime import datetime
from typing import Any

import openpyxl
import pytest

import support.report_models as factory
from roadmap.reports import model as m
from roadmap.reports.formats.native import native, number_format
from roadmap.reports.formats.xlsx import fitted, render_xlsx, sheet_title
from roadmap.reports.words.typeface import SANS_BOLD, text_width_mm


@pytest.fixture(scope="module")
def content() -> bytes:
    return render_xlsx(factory.make_model())


@pytest.fixture(scope="module")
def book(content: bytes) -> Any:
    return openpyxl.load_workbook(io.BytesIO(content))


def _dump(book: Any) -> str:
    lines = []
    for sheet in book.worksheets:
        lines.append(f"[{sheet.title}]")
        for row in sheet.iter_rows():
            for cell in row:
                if cell.value is not None:
                    lines.append(f"{cell.coordinate}\t{cell.value!r}\t{cell.number_format}")
    return "\n".join(lines) + "\n"


def test_the_cells_are_the_golden_ones(book: Any, golden: Callable[[str, str], None]) -> None:
    golden("rendering/appendix.xlsx.txt", _dump(book))


def test_the_same_model_gives_the_same_bytes(content: bytes) -> None:
    assert render_xlsx(factory.make_model()) == content


def test_a_workbook_of_ours_has_no_formula_no_link_and_no_other_workbook(content: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    sheets = [part for name, part in parts.items() if name.startswith("xl/worksheets/sheet")]
    assert len(sheets) == 3
    assert not any(re.search(rb"<f[ >]|<hyperlink", sheet) for sheet in sheets)
    assert not any("externalLink" in name or "vba" in name.lower() for name in parts)
    assert factory.FORMULA.replace('"', "&quot;").encode() in parts["xl/sharedStrings.xml"] or (
        factory.FORMULA.encode() in parts["xl/sharedStrings.xml"]
    )


@pytest.mark.parametrize("text", ["=1+1", "+7 000", "-1", "@SUM(A1)", "\t=1", "http://a.example"])
def test_text_stays_text_whatever_sign_it_begins_with(text: str) -> None:
    sheet = factory.appendix()[0]
    row = m.Row(cells=(factory.words(text), factory.words(text)))
    table = sheet.table.model_copy(update={"rows": (row,)})
    model = factory.make_model().model_copy(
        update={"appendix": (sheet.model_copy(update={"table": table}),)}
    )
    page = openpyxl.load_workbook(io.BytesIO(render_xlsx(model))).worksheets[0]
    assert page["A6"].data_type == "s"
    assert page["A6"].hyperlink is None
    assert page["A6"].value == text
    assert page["A6"].quotePrefix == (text[0] in "=+-@\t")


def test_numbers_are_numbers_with_as_many_digits_as_elsewhere(book: Any) -> None:
    sheet = book["Отметки"]
    first = [cell.value for cell in sheet[6]]
    assert first[2:] == [38, 13, 34.2, 42.1, 18.4, 5.3, 65.8, 23.7, 2.95]
    formats = [cell.number_format for cell in sheet[6]]
    assert formats[2:6] == ["#,##0", "#,##0", '0.0" ▲"', "0.0"]
    assert formats[-1] == "0.00"
    assert isinstance(book["О файле"]["B6"].value, datetime)
    assert book["О файле"]["B6"].number_format == "dd.mm.yyyy"


def test_a_share_that_misses_hundred_is_not_rounded_up_to_it() -> None:
    assert native(m.Share(numerator=2499, denominator=2500)) == 99.9
    assert native(m.Share(numerator=1, denominator=1)) == 100.0
    assert native(m.Mean(total=5, n=3)) == 1.67


def test_a_change_is_a_number_that_shows_its_sign() -> None:
    change = m.Points(
        previous=m.Share(numerator=1, denominator=3), current=m.Share(numerator=1, denominator=4)
    )
    assert native(change) == -8.3
    assert number_format(change) == '+0.0;"\u2212"0.0;0.0'
    assert "▲" in (number_format(change, at_threshold=True) or "")


def test_what_reached_the_threshold_has_a_sign_and_weight_not_colour_alone(book: Any) -> None:
    cell = book["Отметки"]["E6"]
    assert cell.font.b
    assert "▲" in cell.number_format
    assert cell.font.color.rgb.endswith("A3221B")
    assert not book["Отметки"]["E8"].font.b


def test_small_groups_are_hidden_and_their_other_cells_empty(book: Any) -> None:
    row = [cell.value for cell in book["Отметки"][10]]
    assert row[2] == "менее\u00a05"
    assert set(row[3:]) == {None}


def test_the_sheet_is_ready_to_filter_and_to_print(book: Any) -> None:
    sheet = book["Отметки"]
    assert sheet.freeze_panes == "B6"
    assert sheet.auto_filter.ref == "A5:K15"
    assert not [r for r in sheet.merged_cells.ranges if r.min_row > 4]
    assert not sheet.sheet_view.showGridLines
    assert sheet.page_setup.orientation == "landscape"
    assert sheet.page_setup.paperSize == 9
    assert sheet.sheet_properties.pageSetUpPr.fitToPage
    assert sheet.page_setup.fitToWidth in (None, 1)  # one page is what a file need not say
    assert sheet.page_setup.fitToHeight == 0
    assert sheet.print_title_rows == "$5:$5"
    assert sheet.print_area == "'Отметки'!$A$1:$K$17"
    assert sheet.oddFooter.left.text == f"Приложение 500+, {factory.NEYA}, 31.03.2021"
    assert sheet.oddFooter.right.text == "Лист &A, стр. &P из &N"
    assert round(sheet.page_margins.left * 25.4) == 15
    assert round(sheet.page_margins.right * 25.4) == 10


def test_an_ampersand_in_a_name_is_no_code_of_the_footer() -> None:
    model = factory.make_model()
    named = model.model_copy(
        update={"addressee": model.addressee.model_copy(update={"name": "А&Б"})}
    )
    with zipfile.ZipFile(io.BytesIO(render_xlsx(named))) as archive:
        assert "А&amp;&amp;Б".encode() in archive.read("xl/worksheets/sheet1.xml")


def test_a_heading_fits_its_column() -> None:
    assert fitted("Успеваемость, %", 11) == "Успевае-\nмость, %"
    assert fitted("Качество знаний, %", 11) == "Качество знаний, %"
    for part in fitted("Муниципалитет", 9).split("\n"):
        assert text_width_mm(part, SANS_BOLD, 10) < 9 * 7 / 96 * 25.4


def test_a_sheets_title_is_one_that_excel_takes() -> None:
    assert sheet_title("Итог: [1/2] 'да'?*") == "Итог   1 2  'да"
    assert len(sheet_title("а" * 40)) == 31


def test_properties_say_who_and_when(book: Any) -> None:
    assert book.properties.creator == factory.INSTITUTION.short_name
    assert book.properties.created.date() == factory.AS_OF
    assert book.properties.modified.date() == factory.AS_OF
