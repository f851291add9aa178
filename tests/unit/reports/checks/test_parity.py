"""A changed digit in any format holds the letter, and the message says where it is."""

import io
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import openpyxl
import pytest

import support.report_models as factory
from roadmap.plan.zone import home_time
from roadmap.reports import model as m
from roadmap.reports.checks import parity
from roadmap.reports.formats import pdf
from roadmap.reports.formats.docx import render_docx
from roadmap.reports.formats.letter import Envelope, LetterText, render_letter
from roadmap.reports.formats.rendered import RenderedFile
from roadmap.reports.formats.xlsx import render_xlsx

Files = dict[str, RenderedFile]
ENVELOPE = Envelope(1, None, (), None, datetime(2021, 3, 31, 7, 5, tzinfo=UTC), home_time())


@pytest.fixture(scope="module")
def model() -> m.ReportModel:
    return factory.make_model()


@pytest.fixture(scope="module")
def letter(model: m.ReportModel) -> LetterText:
    return render_letter(model, ENVELOPE, ())


@pytest.fixture(scope="module")
def files(model: m.ReportModel) -> Files:
    return {
        "docx": RenderedFile("docx", "", "с.docx", render_docx(model, model.document)),
        "pdf": RenderedFile("pdf", "", "с.pdf", pdf.render_pdf(model, model.document).content),
        "xlsx": RenderedFile("xlsx", "", "п.xlsx", render_xlsx(model)),
    }


def _check(model: m.ReportModel, letter: LetterText, files: Files) -> tuple[str, ...]:
    return parity.check_parity(model, letter, tuple(files.values()))


def _with(files: Files, kind: str, change: Callable[[bytes], bytes]) -> Files:
    return files | {kind: replace(files[kind], content=change(files[kind].content))}


def _in_docx(old: str, new: str) -> Callable[[bytes], bytes]:
    def change(content: bytes) -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(out, "w") as target:
            for name in source.namelist():
                part = source.read(name)
                if name == "word/document.xml":
                    assert old.encode() in part
                    part = part.replace(old.encode(), new.encode(), 1)
                target.writestr(name, part)
        return out.getvalue()

    return change


def _in_xlsx(sheet: str, cell: str, value: object) -> Callable[[bytes], bytes]:
    def change(content: bytes) -> bytes:
        book = openpyxl.load_workbook(io.BytesIO(content))
        assert book[sheet][cell].value != value
        book[sheet][cell].value = value
        out = io.BytesIO()
        book.save(out)
        return out.getvalue()

    return change


def _other_document(model: m.ReportModel) -> bytes:
    """A PDF in which one share of the first school is another one."""
    changed = []
    for block in model.document.blocks:
        if isinstance(block, m.Table) and block.id == "marks/vpr/2020/autumn/5":
            row = block.rows[1]
            cells = list(row.cells)
            cells[2] = factory.cell(m.Share(numerator=14, denominator=38), at_threshold=True)
            rows = (block.rows[0], row.model_copy(update={"cells": tuple(cells)}), *block.rows[2:])
            block = block.model_copy(update={"rows": rows})
        changed.append(block)
    document = model.document.model_copy(update={"blocks": tuple(changed)})
    return pdf.render_pdf(model, document).content


def test_formats_of_one_model_agree(model: m.ReportModel, letter: LetterText, files: Files) -> None:
    assert len(model.key_figures) == 5
    assert _check(model, letter, files) == ()


def test_a_digit_of_the_html_letter(model: m.ReportModel, letter: LetterText, files: Files) -> None:
    head, _, tail = letter.html.partition("<caption")
    changed = replace(letter, html=head + "<caption" + tail.replace("34,2", "34,3", 1))
    assert changed != letter
    (reason,) = _check(model, changed, files)
    assert reason.startswith("Число в расчёте и в письме разошлось (34,2 и 34,3")
    assert "строка 1, столбец 2" in reason


def test_what_a_share_is_of_counts_too(
    model: m.ReportModel, letter: LetterText, files: Files
) -> None:
    changed = replace(letter, html=letter.html.replace("13 из&nbsp;38", "13 из&nbsp;39", 1))
    assert changed != letter
    assert len(_check(model, changed, files)) == 1


def test_a_digit_of_the_plain_letter(
    model: m.ReportModel, letter: LetterText, files: Files
) -> None:
    head, _, tail = letter.text.partition("ЦИФРЫ.")
    assert "29,0" in tail
    changed = replace(letter, text=f"{head}ЦИФРЫ.{tail.replace('29,0', '29,1', 1)}")
    (reason,) = _check(model, changed, files)
    assert "в тексте письма" in reason


def test_a_digit_of_the_word_document(
    model: m.ReportModel, letter: LetterText, files: Files
) -> None:
    (reason,) = _check(model, letter, _with(files, "docx", _in_docx(">34,2<", ">35,2<")))
    assert "в справке DOCX разошлось (34,2 и 35,2)" in reason
    assert "Файл «с.docx», таблица 2, строка 2, столбец 3." in reason


def test_a_digit_of_the_pdf(model: m.ReportModel, letter: LetterText, files: Files) -> None:
    changed = _with(files, "pdf", lambda _: _other_document(model))
    (reason,) = _check(model, letter, changed)
    assert "в справке PDF разошлось (34,2 и 36,8)" in reason
    assert "Файл «с.pdf», таблица 2, строка 2, столбец 3." in reason


def test_a_digit_of_the_appendix(model: m.ReportModel, letter: LetterText, files: Files) -> None:
    changed = _with(files, "xlsx", _in_xlsx("Отметки", "E6", 34.3))
    (reason,) = _check(model, letter, changed)
    assert reason == (
        "Число в расчёте и в приложении разошлось (34,2 и 34,3): Доля отметок «2», "
        "Школа № 101 (условная), Русский язык. Файл «п.xlsx», лист «Отметки», строка 6, "
        "столбец E. Не отправляйте вручную; очистите «Составление»; если повторится, "
        "сообщите в поддержку."
    )


def test_a_number_that_became_text_is_no_number(
    model: m.ReportModel, letter: LetterText, files: Files
) -> None:
    changed = _with(files, "xlsx", _in_xlsx("Отметки", "E6", "34,2"))
    assert len(_check(model, letter, changed)) == 1


def test_a_sheet_that_is_gone_is_told(
    model: m.ReportModel, letter: LetterText, files: Files
) -> None:
    other = model.model_copy(update={"appendix": model.appendix[:1]})
    changed = _with(files, "xlsx", lambda _: render_xlsx(other))
    reasons = _check(model, letter, changed)
    assert len(reasons) == 4
    assert all("и нет)" in reason for reason in reasons)


def test_a_letter_without_figures_disagrees_with_a_model_that_has_them(
    model: m.ReportModel, letter: LetterText, files: Files
) -> None:
    bare = model.model_copy(update={"letter": model.letter.model_copy(update={"figures": None})})
    reasons = _check(model, render_letter(bare, ENVELOPE, ()), files)
    assert len(reasons) == 8  # four figures, in HTML and in plain text


def test_a_format_that_was_not_rendered_is_a_fault_and_no_agreement(
    model: m.ReportModel, letter: LetterText, files: Files
) -> None:
    with pytest.raises(ValueError, match="not rendered: pdf"):
        parity.check_parity(model, letter, (files["docx"], files["xlsx"]))
