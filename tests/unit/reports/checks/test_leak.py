"""No letter names another municipality's school: not by name, login or code, nowhere."""

import io
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.comments import Comment

import support.report_models as factory
from roadmap.paths import TEMPLATES
from roadmap.plan.zone import home_time
from roadmap.reports import model as m
from roadmap.reports.checks.leak import (
    Registry,
    RegistryMunicipality,
    RegistrySchool,
    _stem,
    check_leak,
    texts_of_model,
    words_of,
    words_of_each,
)
from roadmap.reports.formats import pdf
from roadmap.reports.formats.docx import render_docx
from roadmap.reports.formats.letter import Envelope, LetterText, render_letter
from roadmap.reports.formats.rendered import RenderedFile
from roadmap.reports.formats.xlsx import render_xlsx

OWN, OTHER = "neya", "buy"
REGISTRY: Registry = (
    RegistrySchool("s101", OWN, "Школа № 101 (условная)", "440101", "4101"),
    RegistrySchool("s103", OWN, "Школа № 103 (условная)", "440103", "4103"),
    RegistrySchool("s104", OWN, "Ветлинская школа № 1 имени Примера", "440104", "4104"),
    RegistrySchool("s200", OTHER, "Школа № 10 (условная)", "440200", "24200"),
    RegistrySchool("s201", OTHER, "Школа № 1", "440201", "2021"),
    RegistrySchool("s202", OTHER, "Шушкодомская основная школа", "440202", None),
    RegistrySchool("s203", OTHER, "Гимназия", "440203", "18"),
    RegistrySchool("s204", OTHER, "Центральная школа (условная)", "440204", None),
    RegistrySchool("s205", "galich", "Центральная школа (условная)", "440205", None),
)
FOREIGN = ("Шушкодомская основная школа", "sch440202", "EDU440202", "440202", "24200")
EMPTY = LetterText("тема", "<p>письмо</p>", "письмо")
ADDRESSEE = factory.make_model().addressee


def _found(text: str, registry: Registry = REGISTRY) -> tuple[str, ...]:
    return check_leak(ADDRESSEE, registry, LetterText(text, "<p></p>", ""), ())


def _in_file(kind: str, content: bytes) -> tuple[str, ...]:
    file = RenderedFile(kind, "", f"файл.{kind}", content)  # type: ignore[arg-type]
    return check_leak(ADDRESSEE, REGISTRY, EMPTY, (file,))


# -- What counts as a foreign school ---------------------------------------------------------


@pytest.mark.parametrize("planted", FOREIGN)
def test_a_foreign_school_is_found_by_name_login_and_code(planted: str) -> None:
    assert len(_found(f"До слов, {planted}, после слов.")) == 1


@pytest.mark.parametrize(
    "disguise",
    [
        pytest.param("шушкодомская  ОСНОВНАЯ\u00a0школа", id="case and spaces"),
        pytest.param("Шушко\u00adдомская основная шко\u200bла", id="soft hyphens, no-width"),
        pytest.param("Шушкодомская_основная_школа", id="underlines of a file name"),
        pytest.param("«Шушкодомская основная школа»", id="quotes"),
        pytest.param("Шушкодомская\nосновная\r\nшкола", id="line breaks"),
        pytest.param("Шушкодомска\u044f основна\u044f школа", id="plain"),
    ],
)
def test_a_disguise_of_typography_does_not_hide_it(disguise: str) -> None:
    assert len(_found(disguise)) == 1


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("Школа № 101 (условная), sch440101, 4101", id="own school"),
        pytest.param("Школа № 103 (условная)", id="own, whose name begins as a foreign one's"),
        pytest.param("Ветлинская школа № 1 имени Примера", id="own name holds a foreign one"),
        pytest.param("Школа № 12, школа № 1а", id="word boundaries"),
        pytest.param("Гимназия и лицей", id="an ordinary word"),
        pytest.param("за 2021 год, 18 из 24", id="codes that are years and counts"),
        pytest.param("1440202, 4402021, а440202", id="a code inside another word"),
        pytest.param("242,00 и 24 200", id="figures"),
    ],
)
def test_what_names_no_foreign_school_goes(text: str) -> None:
    assert _found(text) == ()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("в Шушкодомской основной школе", id="declined"),
        pytest.param("для МКОУ Шушкодомской основной школы", id="a legal form in front"),
        pytest.param("директор Верховской СОШ", id="abbreviated, declined"),
        pytest.param("Верховская средняя общеобразовательная школа", id="written out"),
        pytest.param("логин 440 202", id="a login in groups of three"),
        pytest.param("Буйскому муниципальному району", id="a municipality, declined"),
        pytest.param("пишите на Edu-Buy@example.org", id="a contact"),
    ],
)
def test_another_form_of_what_is_anothers_is_found(text: str) -> None:
    registry = (
        *REGISTRY,
        RegistrySchool("s206", OTHER, "МБОУ «Верховская СОШ»", None, None),
        RegistryMunicipality(OTHER, "Буйский муниципальный район"),
        RegistryMunicipality(OTHER, None, "edu-buy@example.org"),
    )
    assert len(_found(text, registry)) == 1


def test_a_school_under_another_legal_form_is_still_its_municipalitys() -> None:
    registry = (
        RegistrySchool("s1", OWN, "МОУ Верховская СОШ", None, None),
        RegistrySchool("s2", OTHER, "МБОУ Верховская СОШ", None, None),
        RegistryMunicipality(OWN, "Нейский муниципальный район"),
        RegistryMunicipality(OWN, None, "edu@example.org"),
    )
    own = "Верховская СОШ, Нейский муниципальный район, edu@example.org"
    assert _found(own, registry) == ()


def test_the_town_where_the_institute_sits_is_named_in_every_document() -> None:
    registry = (RegistryMunicipality(OTHER, "город Примерный"),)
    letter = LetterText("КОИРО, город Примерный", "<p></p>", "")
    assert len(check_leak(ADDRESSEE, registry, letter, ())) == 1
    assert check_leak(ADDRESSEE, registry, letter, (), (), "КОИРО, город Примерный") == ()


def test_a_school_called_as_our_own_texts_speak_is_found_only_where_it_stands_alone() -> None:
    registry = (RegistrySchool("s1", OTHER, "Адресные рекомендации", None, None),)
    assert _found("Получены адресные рекомендации по итогам", registry) == ()
    assert len(_found("«Адресные рекомендации»", registry)) == 1


TEXTS = ["Школа № 1", "n", "5 шк.", "", "\0", "a\0 7", "№", "\u0301а", "ё\u0308", "N", "° 3", "sch"]


@given(st.lists(st.one_of(st.sampled_from(TEXTS), st.text(max_size=8)), min_size=1))
def test_texts_compared_together_stay_apart(texts: list[str]) -> None:
    assert list(words_of_each(texts)) == [words_of(text) for text in texts]


def test_a_stem_is_the_beginning_of_its_word() -> None:
    """Else the quick look at first signs would miss another form of a name."""
    words = {word for path in TEMPLATES.rglob("*.j2") for word in words_of(path.read_text("utf-8"))}
    assert len(words) > 1000
    assert [word for word in words if not word.startswith(_stem(word))] == []


def test_twins_in_the_own_municipality_and_elsewhere_decide_nothing() -> None:
    twin = RegistrySchool("s300", OTHER, "Школа № 101 (условная)", None, None)
    assert _found("Школа № 101 (условная)", (*REGISTRY, twin)) == ()


def test_twins_in_two_other_municipalities_are_foreign_whichever_is_meant() -> None:
    (reason,) = _found("Центральная школа (условная)")
    assert "s204" in reason


def test_the_region_may_see_all() -> None:
    region = ADDRESSEE.model_copy(update={"municipality_id": "region"})
    letter = LetterText(FOREIGN[0], "<p></p>", FOREIGN[1])
    assert check_leak(region, REGISTRY, letter, ()) == ()


def test_the_message_tells_the_file_and_the_schools_id_but_no_name() -> None:
    (reason,) = _found("Шушкодомская основная школа")
    assert reason.startswith("Тема письма: наименование школы другого муниципалитета")
    assert "s202" in reason
    assert "Шушкодомская" not in reason


@settings(max_examples=60)
@given(
    st.text(alphabet="абвгд .,№10", max_size=30),
    st.sampled_from(FOREIGN),
    st.text(alphabet="абвгд .,№10", max_size=30),
)
def test_a_planted_identifier_is_found_wherever_it_stands(
    before: str, planted: str, after: str
) -> None:
    assert _found(f"{before} {planted} {after}")


# -- Where it is looked for ------------------------------------------------------------------


@pytest.fixture(scope="module")
def model() -> m.ReportModel:
    return factory.make_model()


def _renamed(model: m.ReportModel, planted: str) -> m.ReportModel:
    """The model with the identifier in place of one school's name, everywhere."""
    return m.ReportModel.model_validate_json(
        model.model_dump_json().replace("Школа № 103 (условная)", planted)
    )


def _text_of_zip(name: str, old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    def change(content: bytes) -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(out, "w") as target:
            for part in source.namelist():
                data = source.read(part)
                if part == name:
                    assert old in data
                    data = data.replace(old, new, 1)
                target.writestr(part, data)
        return out.getvalue()

    return change


def test_clean_files_pass(model: m.ReportModel) -> None:
    assert _in_file("docx", render_docx(model, model.document)) == ()
    assert _in_file("pdf", pdf.render_pdf(model, model.document).content) == ()
    assert _in_file("xlsx", render_xlsx(model)) == ()
    letter = render_letter(
        model, Envelope(1, None, (), None, datetime(2021, 3, 31, tzinfo=UTC), home_time()), ()
    )
    assert check_leak(ADDRESSEE, REGISTRY, letter, ()) == ()


@pytest.mark.parametrize("planted", FOREIGN)
def test_every_format_is_searched(model: m.ReportModel, planted: str) -> None:
    leaking = _renamed(model, planted)
    letter = render_letter(
        leaking, Envelope(1, None, (), None, datetime(2021, 3, 31, tzinfo=UTC), home_time()), ()
    )
    assert len(check_leak(ADDRESSEE, REGISTRY, letter, ())) == 2  # HTML and plain text
    assert len(_in_file("docx", render_docx(leaking, leaking.document))) == 1
    assert len(_in_file("pdf", pdf.render_pdf(leaking, leaking.document).content)) == 1
    assert len(_in_file("xlsx", render_xlsx(leaking))) == 1


@pytest.mark.parametrize(
    ("part", "old", "new"),
    [
        ("docProps/core.xml", "Аналитическая", "Шушкодомская основная школа"),
        ("word/header1.xml", "<w:t", "<w:t>sch440202 </w:t><w:t"),
        ("word/document.xml", 'descr="', 'descr="Шушкодомская основная школа '),
    ],
)
def test_no_part_of_a_word_file_is_forgotten(
    model: m.ReportModel, part: str, old: str, new: str
) -> None:
    change = _text_of_zip(part, old.encode(), new.encode())
    assert _in_file("docx", change(render_docx(model, model.document)))


def test_a_name_divided_between_runs_is_still_a_name(model: m.ReportModel) -> None:
    divided = "Шушкодомская осн</w:t></w:r><w:r><w:t>овная школа"
    change = _text_of_zip("word/document.xml", "Главное.".encode(), divided.encode())
    assert _in_file("docx", change(render_docx(model, model.document)))


def test_a_piece_of_an_own_name_is_not_read_by_itself(model: m.ReportModel) -> None:
    """«Ветлинская школа № 1» begins a longer name, and in its cell has runs of its own."""
    whole = "<si><r><t>Ветлинская </t></r><r><t>Школа № 1</t></r><r><t> имени Примера</t></r></si>"
    change = _text_of_zip("xl/sharedStrings.xml", b"</sst>", f"{whole}</sst>".encode())
    assert _in_file("xlsx", change(render_xlsx(model))) == ()
    foreign = whole.replace("Ветлинская ", "").replace(" имени Примера", "")
    change = _text_of_zip("xl/sharedStrings.xml", b"</sst>", f"{foreign}</sst>".encode())
    assert len(_in_file("xlsx", change(render_xlsx(model)))) == 1


LONG = "Школа № 10 (условная) города Примерного имени Героя Ивана Сергеевича Образцова"


def test_a_long_own_name_in_a_chart_s_lines_is_one_name(model: m.ReportModel) -> None:
    """Its first line alone would be another municipality's «Школа № 10 (условная)»."""
    own = RegistrySchool("s105", OWN, LONG, None, None)
    named = _renamed(model, LONG)
    docx = RenderedFile("docx", "", "файл.docx", render_docx(named, named.document))
    page = RenderedFile("pdf", "", "файл.pdf", pdf.render_pdf(named, named.document).content)
    assert check_leak(ADDRESSEE, (*REGISTRY, own), EMPTY, (docx, page)) == ()
    assert len(check_leak(ADDRESSEE, REGISTRY, EMPTY, (docx, page))) == 2


def test_a_name_that_a_format_parts_is_found_in_the_report_s_own_text(
    model: m.ReportModel,
) -> None:
    """A narrow heading of a column is broken into syllables that stand among others'."""
    leaking = _renamed(model, "Шушкодомская основная школа")
    (reason,) = check_leak(ADDRESSEE, REGISTRY, EMPTY, (), texts_of_model(leaking))
    assert reason.startswith("Отчёт: наименование школы другого муниципалитета")
    assert check_leak(ADDRESSEE, REGISTRY, EMPTY, (), texts_of_model(model)) == ()


def test_the_number_of_a_row_is_no_code(model: m.ReportModel) -> None:
    area = "<definedName name='x'>Лист!$A$5:$K$24200</definedName></definedNames>"
    change = _text_of_zip("xl/workbook.xml", b"</definedNames>", area.encode())
    assert _in_file("xlsx", change(render_xlsx(model))) == ()


def test_comments_titles_and_hidden_sheets_of_a_workbook_are_searched(
    model: m.ReportModel,
) -> None:
    def change(plant: Callable[[openpyxl.Workbook], None]) -> bytes:
        book = openpyxl.load_workbook(io.BytesIO(render_xlsx(model)))
        plant(book)
        out = io.BytesIO()
        book.save(out)
        return out.getvalue()

    def comment(book: openpyxl.Workbook) -> None:
        book.worksheets[0]["A1"].comment = Comment(FOREIGN[0], "x")

    def title(book: openpyxl.Workbook) -> None:
        book.worksheets[0].title = "sch440202"

    def hidden(book: openpyxl.Workbook) -> None:
        sheet = book.create_sheet("скрытый")
        sheet.sheet_state = "veryHidden"
        sheet["Z99"] = FOREIGN[0]

    def number(book: openpyxl.Workbook) -> None:
        book.worksheets[1]["C6"] = 440202  # a count is no login

    assert _in_file("xlsx", change(comment))
    assert _in_file("xlsx", change(title))
    assert _in_file("xlsx", change(hidden))
    assert _in_file("xlsx", change(number)) == ()


def test_a_pdfs_properties_and_text_alternatives_are_searched(model: m.ReportModel) -> None:
    titled = model.document.model_copy(update={"kind_title": "СПРАВКА sch440202"})
    assert _in_file("pdf", pdf.render_pdf(model, titled).content)
    blocks = tuple(
        block.model_copy(update={"alt": FOREIGN[0]}) if isinstance(block, m.Figure) else block
        for block in model.document.blocks
    )
    alternative = model.document.model_copy(update={"blocks": blocks})
    assert _in_file("pdf", pdf.render_pdf(model, alternative).content)


def test_a_files_name_is_searched() -> None:
    file = RenderedFile("html", "", "Шушкодомская_основная_школа.pdf", b"")
    (reason,) = check_leak(ADDRESSEE, REGISTRY, EMPTY, (file,))
    assert reason.startswith("Имя файла")


def test_hidden_texts_of_the_letter_are_searched() -> None:
    for html in (
        f"<p title='{FOREIGN[0]}'></p>",
        f"<!-- {FOREIGN[0]} --><p></p>",
        "<p>Шушкодомская <b>основная</b><br>школа</p>",
    ):
        assert check_leak(ADDRESSEE, REGISTRY, LetterText("", html, ""), ())
