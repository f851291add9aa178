"""What an office program makes of our files: opened as a recipient would open them."""

import io
import shutil
import subprocess
from pathlib import Path

import pypdfium2
import pytest

import support.report_models as factory
from roadmap.reports.checks import reading
from roadmap.reports.formats import pdf
from roadmap.reports.formats.docx import render_docx
from roadmap.reports.formats.xlsx import render_xlsx
from roadmap.reports.model import ReportModel
from support.analysis_rows import march_model
from support.left_out import leave_out

pytestmark = pytest.mark.office


@pytest.fixture(scope="module")
def march() -> ReportModel:
    return march_model("buyskiy")


def _printed(content: bytes, name: str, folder: Path) -> bytes:
    """The file as LibreOffice prints it."""
    if shutil.which("soffice") is None:
        leave_out("LibreOffice (soffice)")
    (folder / name).write_bytes(content)
    profile = (folder / "profile").as_uri()
    subprocess.run(
        ["soffice", "--headless", f"-env:UserInstallation={profile}", "--convert-to", "pdf",
         "--outdir", str(folder), str(folder / name)],
        check=True, capture_output=True, timeout=180,
    )  # fmt: skip
    return (folder / name).with_suffix(".pdf").read_bytes()


def _pages(content: bytes) -> list[str]:
    document = pypdfium2.PdfDocument(io.BytesIO(content))
    return [page.get_textpage().get_text_range() for page in document]


def test_word_breaks_pages_as_the_pdf_does(march: ReportModel, tmp_path: Path) -> None:
    printed = _pages(_printed(render_docx(march, march.document), "a.docx", tmp_path))
    ours = _pages(pdf.render_pdf(march, march.document).content)
    assert abs(len(printed) - len(ours)) <= 1
    assert not printed[0].startswith("1")
    assert [page.split()[0] for page in printed[1:]] == [
        str(number) for number in range(2, len(printed) + 1)
    ]
    said = reading.squeezed(ours)
    assert reading.squeezed(["10. Ограничения и приложения"]) in said
    assert reading.squeezed(["10. Ограничения и приложения"]) in reading.squeezed(printed)


def test_a_turned_section_lies_across_and_the_next_stands_again(tmp_path: Path) -> None:
    model = factory.make_model()
    printed = _printed(render_docx(model, model.document), "b.docx", tmp_path)
    shapes = [page.get_width() > page.get_height() for page in pypdfium2.PdfDocument(printed)]
    assert shapes.count(True) == 1
    assert not shapes[0]
    assert not shapes[-1]
    text = reading.squeezed(_pages(printed))
    assert "{{7*7}}" in text
    assert "Порога30" in text


def test_the_appendix_prints_one_page_wide_with_its_footer(
    march: ReportModel, tmp_path: Path
) -> None:
    pages = _pages(_printed(render_xlsx(march), "c.xlsx", tmp_path))
    assert len(pages) == len(march.appendix)
    for number, page in enumerate(pages, start=1):
        assert f"стр. {number} из {len(pages)}" in reading.folded(page)
        assert "Приложение 500+, Буйский муниципальный район, 31.03.2021" in reading.folded(page)
