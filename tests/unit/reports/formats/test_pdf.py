import io
import re
from collections.abc import Callable

import pikepdf
import pypdfium2

import support.report_models as factory
from roadmap.reports.checks import reading
from roadmap.reports.formats import pdf
from roadmap.reports.model import Heading, Numbered, Paragraph


def _fonts(content: bytes) -> set[str]:
    names = set()
    for page in pypdfium2.PdfDocument(io.BytesIO(content)):
        for item in page.get_objects(filter=[pypdfium2.raw.FPDF_PAGEOBJ_TEXT]):
            font = pypdfium2.raw.FPDFTextObj_GetFont(item)
            assert pypdfium2.raw.FPDFFont_GetIsEmbedded(font) == 1
            buffer = (pypdfium2.raw.c_char * 80)()
            pypdfium2.raw.FPDFFont_GetBaseFontName(font, buffer, 80)
            names.add(buffer.value.decode().split("+")[-1])
    return names


def test_the_text_is_the_golden_one(golden: Callable[[str, str], None]) -> None:
    model = factory.make_model()
    content = pdf.render_pdf(model, model.document).content
    golden("rendering/spravka.pdf.txt", reading.pdf_text(content) + "\n")
    page = pdf.render_school_page(model, model.schools[0].document).content
    golden("rendering/school_page.pdf.txt", reading.pdf_text(page) + "\n")


def test_it_is_an_archive_file_that_a_screen_reader_can_follow() -> None:
    model = factory.make_model()
    content = pdf.render_pdf(model, model.document).content
    assert b"<pdfaid:part>2</pdfaid:part>" in content
    assert b"<pdfaid:conformance>A</pdfaid:conformance>" in content
    assert b"<pdfuaid:part>1</pdfuaid:part>" in content
    with pikepdf.open(io.BytesIO(content)) as opened:
        assert str(opened.Root.Lang).startswith("ru")
        assert opened.Root.MarkInfo.Marked
    document = pypdfium2.PdfDocument(content)
    about = document.get_metadata_dict()
    assert about["Author"] == factory.INSTITUTION.short_name
    assert about["Title"].endswith(factory.NEYA[1:])
    assert about["CreationDate"].startswith("D:20210331")
    alternatives = [text for text in reading.pdf_texts(content) if "34,2 % по русскому" in text]
    assert any(text.startswith("Доля отметок «2»: Школа № 101") for text in alternatives)


def test_all_fonts_are_the_shipped_ones_and_embedded() -> None:
    model = factory.make_model()
    fonts = _fonts(pdf.render_pdf(model, model.document).content)
    assert fonts == {"LiberationSerif", "LiberationSerif-Bold", "LiberationSans",
                     "LiberationSans-Bold"}  # fmt: skip


def test_what_describes_the_structure_is_packed() -> None:
    model = factory.make_model()
    content = pdf.render_pdf(model, model.document).content
    with pikepdf.open(io.BytesIO(content)) as opened:
        out = io.BytesIO()
        opened.save(out, object_stream_mode=pikepdf.ObjectStreamMode.disable)
    assert len(content) < 0.6 * len(out.getvalue())


def test_the_same_model_gives_the_same_bytes() -> None:
    model = factory.make_model()
    assert pdf.render_pdf(model, model.document) == pdf.render_pdf(model, model.document)


def test_a_name_is_text_and_never_markup() -> None:
    model = factory.make_model()
    tricks = '#read("/etc/passwd") $x^2$ *жирный* _курсив_ <метка> @ссылка `код` {{ 7*7 }} \\n'
    blocks = (
        Heading(level=1, text=tricks),
        Paragraph(text=tricks),
        Numbered(items=(tricks,)),
    )
    document = model.document.model_copy(update={"blocks": blocks, "subject_strong": tricks})
    text = reading.squeezed([reading.pdf_text(pdf.render_pdf(model, document).content)])
    assert text.count(reading.squeezed([tricks])) == 4


def test_the_number_of_the_page_stands_from_the_second_page_on() -> None:
    model = factory.make_model()
    content, count = pdf.render_pdf(model, model.document)
    pages = [page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(content)]
    assert len(pages) == count > 2
    assert not pages[0].startswith("1")
    assert [page.split("\r\n")[0] for page in pages[1:]] == [
        str(number) for number in range(2, len(pages) + 1)
    ]


def test_every_page_of_a_table_ends_with_its_notes_and_none_begins_with_them() -> None:
    model = factory.make_model()
    table = next(b for b in model.document.blocks if b.kind == "table" and b.notes)
    note = "Примечание к таблице."
    rows_beside_note = []
    for many in range(20, 80):
        rows = tuple(table.rows[1] for _ in range(many))
        blocks = (table.model_copy(update={"rows": rows, "notes": (note,)}),)
        document = model.document.model_copy(update={"blocks": blocks})
        content = pdf.render_pdf(model, document).content
        pages = [page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(content)]
        with_note = [page for page in pages if note in page]
        assert with_note == [page for page in pages if "Диагностические" in page]
        rows_beside_note += [page.split(note)[0].count("Диагностические") for page in with_note]
    assert sum(rows_beside_note) == sum(range(20, 80))
    assert min(rows_beside_note) == 1  # a page was turned before the last row


def test_a_schools_page_is_one_page_however_much_is_recommended() -> None:
    model = factory.make_model()
    school = model.schools[0].document
    long = "Внести в план школы меры по русскому языку и математике, назначить ответственных."
    for many in (0, 5, 12):
        blocks = (*school.blocks, Numbered(items=(long,) * many))
        page = pdf.render_school_page(model, school.model_copy(update={"blocks": blocks}))
        assert page.pages == 1
        assert len(re.findall("назначить", reading.pdf_text(page.content))) == many


def test_an_empty_document_is_still_a_document() -> None:
    model = factory.make_model()
    document = model.document.model_copy(update={"blocks": (), "main": ()})
    content, pages = pdf.render_pdf(model, document)
    assert pages == 1
    assert "Главное" not in reading.pdf_text(content)
