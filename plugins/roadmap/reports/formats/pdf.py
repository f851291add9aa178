"""The справка and the schools' pages as PDF/A-2a and PDF/UA-1, set by Typst.

The data go to the templates as one JSON string and are shown as they are: markup in a name
stays text. Fonts are the shipped ones only and are embedded.
"""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, assert_never, cast

import typst

from roadmap import russian
from roadmap.paths import TEMPLATES
from roadmap.reports.charts import drawing
from roadmap.reports.formats.layout import (
    LaidBlock,
    LaidCell,
    LaidFigure,
    LaidHeading,
    LaidList,
    LaidParagraph,
    LaidTable,
    document_title,
    institution_lines,
    lay_out,
    subject_lines,
)
from roadmap.reports.model import Document, ReportModel
from roadmap.reports.words.typeface import FONTS, printable
from roadmap.russian import NBSP

if TYPE_CHECKING:
    from typst import PDFStandard

PDF = TEMPLATES / "pdf"
STANDARDS: list[PDFStandard] = ["a-2a", "ua-1"]
DENSITIES = 3  # of a school's page: as it should be, tighter, tightest


class Pdf(NamedTuple):
    content: bytes
    pages: int


def render_pdf(model: ReportModel, document: Document) -> Pdf:
    """The справка as one PDF/A file; the same model gives the same bytes."""
    return _packed(_compile(PDF / "spravka.typ", document, _data(model, document)))


def render_school_page(model: ReportModel, document: Document) -> Pdf:
    """A school's page, set as tight as it needs to be one page."""
    data = _data(model, document)
    for density in range(DENSITIES):
        pdf = _compile(PDF / "school_page.typ", document, data, density=str(density))
        if _page_count(pdf) == 1:
            break
    return _packed(pdf)


def _page_count(pdf: bytes) -> int:
    import pikepdf

    with pikepdf.open(io.BytesIO(pdf)) as document:
        return len(document.pages)


@cache
def _compiler(template: Path) -> typst.Compiler:
    # One compiler per template and process: it keeps the fonts and the parsed templates.
    fonts = typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[FONTS]
    )
    return typst.Compiler(template, root=PDF, font_paths=fonts)


def _compile(template: Path, document: Document, data: dict[str, Any], **inputs: str) -> bytes:
    pdf = _compiler(template).compile(
        format="pdf",
        sys_inputs={"document": json.dumps(data, ensure_ascii=False), **inputs},
        pdf_standards=STANDARDS,
        timestamp=datetime.combine(document.dated, time(), UTC),
    )
    return cast("bytes", pdf)  # pictures come as a list of pages, a PDF as one file


def _packed(pdf: bytes) -> Pdf:
    """The same file, its objects in compressed streams (PDF 1.7, 7.5.7; PDF/A-2 permits them).

    What describes the structure for readers with a screen reader is two thirds of a file as
    Typst writes it. The properties (XMP) stay in the open, as PDF/A asks.
    """
    import pikepdf

    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf)) as document:
        pages = len(document.pages)
        document.save(
            out,
            object_stream_mode=pikepdf.ObjectStreamMode.generate,
            deterministic_id=True,
            fix_metadata_version=False,
        )
    return Pdf(out.getvalue(), pages)


def _data(model: ReportModel, document: Document) -> dict[str, Any]:
    institution = model.institution
    kind, name = institution_lines(institution)
    subject, strong = subject_lines(document)
    return {
        "title": document_title(document),
        "author": institution.short_name,
        "dated": document.dated.isoformat(),
        "long_date": russian.long_day(document.dated),
        "institution_kind": printable(kind),
        "institution_name": printable(name),
        "institution_short": printable(institution.short_name),
        "place": printable(institution.place),
        "kind_title": printable(document.kind_title),
        "subject": subject,
        "subject_strong": strong,
        "main": [printable(point) for point in document.main],
        "parts": [
            {"landscape": part.landscape, "blocks": [_block(block) for block in part.blocks]}
            for part in lay_out(document)
        ],
        "contact_name": printable(institution.contact_name),
        "contact_phone": printable(institution.contact_phone),
        "footer": f"{printable(institution.short_name)} · проект «500+» · "
        f"по{NBSP}состоянию на{NBSP}{russian.day(model.as_of)}",
    }


def _block(block: LaidBlock) -> dict[str, Any]:
    match block:
        case LaidHeading():
            return {
                "kind": "heading",
                "level": block.level,
                "number": block.number,
                "text": block.text,
            }
        case LaidParagraph():
            return {"kind": "paragraph", "text": block.text}
        case LaidList():
            return {"kind": "list", "items": list(block.items)}
        case LaidTable():
            return {
                "kind": "table",
                "caption": block.title,
                "head": [[_cell(cell, head=True) for cell in row] for row in block.head],
                "rows": [
                    {
                        "kind": row.kind,
                        "cells": [_cell(cell) for cell in row.cells],
                        "rule": row.rule,
                    }
                    for row in block.rows
                ],
                "notes": list(block.notes),
                "widths": list(block.widths_mm),
                "size": block.size_pt,
                "whole": block.whole,
            }
        case LaidFigure():
            return {
                "kind": "figure",
                "caption": block.title,
                "alt": block.alt,
                "pictures": [
                    drawing.chart_svg(part).decode() for part in drawing.pictures(block.chart)
                ],
            }
        case _:
            assert_never(block)


def _cell(cell: LaidCell, *, head: bool = False) -> dict[str, Any]:
    return {
        "text": cell.text,
        "align": cell.align,
        "span": cell.span,
        "rows": cell.rows,
        "bold": cell.bold,
        "at_threshold": cell.at_threshold,
        "quiet": cell.quiet,
        "head": head,
    }
