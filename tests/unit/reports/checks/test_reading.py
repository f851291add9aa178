"""Our own files are read back whole, whichever way they were saved."""

import io

import pikepdf
import pypdfium2
import pytest

import support.report_models as factory
from roadmap.reports.checks import reading
from roadmap.reports.formats import pdf


@pytest.fixture(scope="module")
def written() -> bytes:
    model = factory.make_model()
    return pdf.render_pdf(model, model.document).content


def _by_pdfium(content: bytes) -> set[str]:
    return {text for page in pypdfium2.PdfDocument(content) for text in reading._alternatives(page)}


def _saved(content: bytes, mode: pikepdf.ObjectStreamMode, alt: str = "") -> bytes:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(content)) as document:
        if alt:
            figure = next(
                node
                for node in document.objects
                if isinstance(node, pikepdf.Dictionary) and "/Alt" in node
            )
            figure.Alt = pikepdf.String(alt)
        document.save(out, object_stream_mode=mode, fix_metadata_version=False)
    return out.getvalue()


def test_text_alternatives_are_those_that_pdfium_finds_page_by_page(written: bytes) -> None:
    found = reading._descriptions(written)
    assert found is not None
    assert set(found) == _by_pdfium(written) != set()


@pytest.mark.parametrize("alt", ["Школа (№ 1) \\ <2>", "plain (text)", "é) (", "(" * 3, "а" * 300])
def test_signs_of_the_format_in_a_text_alternative_are_only_signs(written: bytes, alt: str) -> None:
    changed = _saved(written, pikepdf.ObjectStreamMode.generate, alt)
    assert alt in reading.read_pdf(changed).others
    assert set(reading._descriptions(changed) or ()) == _by_pdfium(changed)


def test_a_file_that_another_program_saved_is_read_by_its_pages(written: bytes) -> None:
    changed = _saved(written, pikepdf.ObjectStreamMode.disable, "sch440202")
    assert reading._descriptions(changed) is None
    assert "sch440202" in reading.read_pdf(changed).others


def test_objects_that_were_added_to_a_file_afterwards_are_read_by_its_pages(written: bytes) -> None:
    added = written + b"\n9999 0 obj\n<< /Alt 1 0 R >>\nendobj\n"
    assert reading._descriptions(added) is None
