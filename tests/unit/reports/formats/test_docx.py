import io
import zipfile
from collections.abc import Callable
from datetime import datetime

import docx
import pytest
from lxml import etree

import support.report_models as factory
from roadmap.reports.checks import reading
from roadmap.reports.formats import pdf, wordml
from roadmap.reports.formats.docx import SPRAVKA, render_docx
from roadmap.reports.formats.wordml import tag
from tools import docx_template


@pytest.fixture(scope="module")
def content() -> bytes:
    model = factory.make_model()
    return render_docx(model, model.document)


def _part(content: bytes, name: str) -> etree._Element:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return etree.fromstring(archive.read(name))


def test_the_text_is_the_golden_one(content: bytes, golden: Callable[[str, str], None]) -> None:
    golden("rendering/spravka.docx.txt", reading.docx_text(content) + "\n")


def test_word_and_pdf_say_the_same_text(content: bytes) -> None:
    model = factory.make_model()
    said = reading.squeezed([reading.pdf_text(pdf.render_pdf(model, model.document).content)])
    rows = [row for table in reading.docx_tables(content) for row in table]
    assert len(rows) > 15
    assert [row for row in rows if reading.squeezed(row) not in said] == []


def test_notes_stay_with_the_last_row_of_their_table(content: bytes) -> None:
    body = _part(content, "word/document.xml")
    tables = [
        table
        for table in body.iter(tag("w:tbl"))
        if (following := table.getnext()) is not None
        and following.find(f".//{tag('w:pStyle')}").get(tag("w:val")) == wordml.TABLE_NOTE
    ]
    assert tables
    for table in tables:
        last = table.findall(tag("w:tr"))[-1]
        assert last.find(f".//{tag('w:keepNext')}") is not None


def test_the_same_model_gives_the_same_bytes(content: bytes) -> None:
    model = factory.make_model()
    assert render_docx(model, model.document) == content


def test_the_template_is_what_its_script_makes() -> None:
    assert SPRAVKA.read_bytes() == docx_template.make_template()


def test_the_page_follows_the_standard(content: bytes) -> None:
    section = docx.Document(io.BytesIO(content)).sections[0]
    millimetres = [
        round(length.mm)
        for length in (
            section.page_width, section.page_height, section.left_margin,
            section.right_margin, section.top_margin, section.bottom_margin,
        )
    ]  # fmt: skip
    assert millimetres == [210, 297, 30, 10, 20, 20]
    styles = _part(content, "word/styles.xml")
    body = styles.xpath("//w:style[@w:styleId='BodyText']", namespaces=styles.nsmap)[0]
    assert body.find(f".//{tag('w:sz')}").get(tag("w:val")) == "26"
    assert body.find(f".//{tag('w:spacing')}").get(tag("w:line")) == "276"  # 1.15
    assert body.find(f".//{tag('w:ind')}").get(tag("w:firstLine")) == "709"  # 12.5 mm
    language = styles.find(f".//{tag('w:lang')}")
    assert language.get(tag("w:val")) == "ru-RU"


def test_only_the_first_page_goes_without_a_number(content: bytes) -> None:
    body = _part(content, "word/document.xml")
    sections = list(body.iter(tag("w:sectPr")))
    assert [section.find(tag("w:titlePg")) is not None for section in sections] == [
        True, False, False,
    ]  # fmt: skip
    turned = [section.find(tag("w:pgSz")).get(tag("w:orient")) for section in sections]
    assert turned == [None, "landscape", None]


def test_headings_are_words_own_and_numbered(content: bytes) -> None:
    word = docx.Document(io.BytesIO(content))
    headings = [p for p in word.paragraphs if p.style.style_id.startswith("Heading")]
    assert [p.style.name for p in headings][:3] == ["Heading 1", "Heading 1", "Heading 2"]
    style = word.styles["Heading 2"].element
    assert style.find(f".//{tag('w:numPr')}/{tag('w:ilvl')}").get(tag("w:val")) == "1"


def test_every_list_begins_with_one(content: bytes) -> None:
    body = _part(content, "word/document.xml")
    numbers = [node.get(tag("w:val")) for node in body.iter(tag("w:numId"))]
    assert len(numbers) == 3
    assert len(set(numbers)) == 2


def test_heading_rows_repeat_and_rows_never_break(content: bytes) -> None:
    body = _part(content, "word/document.xml")
    tables = list(body.iter(tag("w:tbl")))
    assert len(tables) == 4
    for table in tables:
        rows = list(table.iter(tag("w:tr")))
        assert rows[0].find(f"{tag('w:trPr')}/{tag('w:tblHeader')}") is not None
        assert all(row.find(f"{tag('w:trPr')}/{tag('w:cantSplit')}") is not None for row in rows)
        for row in rows:
            spans = [
                int(span.get(tag("w:val")))
                if (span := cell.find(f"{tag('w:tcPr')}/{tag('w:gridSpan')}")) is not None
                else 1
                for cell in row.iterchildren(tag("w:tc"))
            ]
            assert sum(spans) == len(table.findall(f"{tag('w:tblGrid')}/{tag('w:gridCol')}"))


def test_a_picture_is_vector_with_a_fallback_and_words_for_who_cannot_see_it(
    content: bytes,
) -> None:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        pictures = [name for name in archive.namelist() if name.startswith("word/media/")]
        assert {name.rsplit(".", 1)[1] for name in pictures} == {"png", "svg"}
        assert b'descr="\xd0\x94\xd0\xbe\xd0\xbb\xd1\x8f' in archive.read("word/document.xml")


def test_a_name_is_text_and_never_markup(content: bytes) -> None:
    text = reading.docx_text(content)
    assert "{{ 7*7 }}" in text
    assert "<script>alert(1)</script> & " in text
    assert "{{ main" not in text


def test_signs_that_xml_refuses_do_not_spoil_the_file() -> None:
    model = factory.make_model()
    strange = 'a\x00b\x0bc\ud800d & < > " «»\u2028e'
    document = model.document.model_copy(update={"subject_strong": strange, "main": (strange,)})
    assert 'Abcd & < > " «»' in reading.docx_text(render_docx(model, document))


def test_properties_say_who_and_when_and_no_machine(content: bytes) -> None:
    properties = docx.Document(io.BytesIO(content)).core_properties
    assert properties.author == properties.last_modified_by == factory.INSTITUTION.short_name
    assert properties.title.startswith("Аналитическая справка. О результатах")
    assert properties.language == "ru-RU"
    assert properties.created == properties.modified
    assert isinstance(properties.created, datetime)
    assert properties.created.date() == factory.AS_OF
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert {member.date_time[:3] for member in archive.infolist()} == {(1980, 1, 1)}
