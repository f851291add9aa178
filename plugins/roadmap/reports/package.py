"""One addressee's package: all its files, rendered, read back, checked and put away.

What fails a check does not leave: `PackageHeld` says why, and the others go on.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path, PurePath
from typing import Any

import typst

from roadmap.paths import TEMPLATES
from roadmap.plan.strict_yaml import read_yaml
from roadmap.reports.checks.leak import Registry, check_leak, texts_of_model
from roadmap.reports.checks.parity import check_parity
from roadmap.reports.formats.docx import render_docx
from roadmap.reports.formats.letter import (
    Attachment,
    Envelope,
    LetterText,
    LetterTooLong,
    render_letter,
)
from roadmap.reports.formats.pdf import render_pdf, render_school_page
from roadmap.reports.formats.rendered import FileKind, RenderedFile
from roadmap.reports.formats.xlsx import render_xlsx
from roadmap.reports.model import Document, ReportModel

MEDIA_TYPES: dict[FileKind, str] = {
    "html": "text/html",
    "text": "text/plain",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "school_pdf": "application/pdf",
}
_LONGEST_NAME = 60  # of what a file name says about whose it is


class PackageHeld(Exception):
    """The package may not leave; `reasons` are Russian sentences for the operator."""

    def __init__(self, reasons: tuple[str, ...]) -> None:
        super().__init__(" ".join(reasons))
        self.reasons = reasons


@dataclass(frozen=True)
class PackageFile:
    """One file of the manifest; `path` is below the folder of reports, with slashes."""

    kind: FileKind
    part: str  # school_id of a school's page, else ''
    file_name: str  # for people; never used for matching
    media_type: str
    sha256: str
    size_bytes: int
    pages: int | None
    path: str


@dataclass(frozen=True)
class Package:
    letter: LetterText
    files: tuple[PackageFile, ...]


def render_package(
    model: ReportModel, envelope: Envelope, folder: Any, run_id: str, registry: Registry
) -> Package:
    """Render, check and write the package of one addressee below `folder`.

    `folder` is a pathlib.Path or an ObjectStoragePath. PackageHeld when a key figure differs
    between formats, a foreign school occurs, or a format could not be made.
    """
    try:
        letter, files = rendered(model, envelope)
    except typst.TypstError as error:
        raise PackageHeld(
            ("PDF не составлен: шаблон include/templates/pdf не принят. Сообщите в поддержку.",)
        ) from error
    except LetterTooLong as error:
        raise PackageHeld((str(error),)) from error
    reasons = (
        *check_parity(model, letter, files),
        *check_leak(
            model.addressee,
            registry,
            letter,
            files,
            texts_of_model(model),
            f"{model.institution.full_name}, {model.institution.place}",
        ),
    )
    if reasons:
        raise PackageHeld(reasons)
    stem = _stem("Письмо", _safe(model.addressee.short_name), model.as_of)
    letters = (
        RenderedFile("html", "", f"{stem}.html", letter.html.encode()),
        RenderedFile("text", "", f"{stem}.txt", letter.text.encode()),
    )
    return Package(letter, tuple(_put_away(model, folder, file) for file in (*letters, *files)))


def rendered(model: ReportModel, envelope: Envelope) -> tuple[LetterText, tuple[RenderedFile, ...]]:
    """The letter and its files, unchecked; the same model and envelope give the same bytes.

    typst.TypstError or LetterTooLong where a format can't be made.
    """
    files = tuple(_render_files(model))
    letter = render_letter(model, envelope, [_attachment(model, file) for file in files])
    return letter, files


def _render_files(model: ReportModel) -> Iterator[RenderedFile]:
    whose = _safe(model.addressee.short_name)
    if model.document is not None:
        document = _stem(_kind_of_document(model.document), whose, model.as_of)
        pdf = render_pdf(model, model.document)
        yield RenderedFile("pdf", "", f"{document}.pdf", pdf.content, pdf.pages)
        yield RenderedFile("docx", "", f"{document}.docx", render_docx(model, model.document))
    if model.appendix:
        appendix = _stem("Приложение", whose, model.as_of)
        yield RenderedFile("xlsx", "", f"{appendix}.xlsx", render_xlsx(model))
    names = _school_file_names(model)
    for school in model.schools:
        page = render_school_page(model, school.document)
        name = names[school.school_id]
        yield RenderedFile("school_pdf", school.school_id, name, page.content, page.pages)


# -- Names for people ------------------------------------------------------------------------


def _kind_of_document(document: Document) -> str:
    """«Справка» of «АНАЛИТИЧЕСКАЯ СПРАВКА», unless package.yaml names the kind otherwise."""
    kind = _kind_title(document)
    return _safe(_titles().get(kind) or kind.split()[-1].capitalize())


def _kind_title(document: Document) -> str:
    """As package.yaml writes it: lower case, plain spaces where the document has no-break ones."""
    return " ".join(document.kind_title.lower().split())


def _stem(kind: str, whose: str, as_of: date) -> str:
    return f"{kind}_500+_{whose}_{as_of:%Y-%m}"


def _safe(name: str) -> str:
    """The name as letters, digits, hyphens and underlines, which every system takes."""
    words = re.findall(r"[\w-]+", name.replace("_", " "))
    return "_".join(words)[:_LONGEST_NAME].strip("_-")


def _school_file_names(model: ReportModel) -> dict[str, str]:
    """`Школа_101_500+_2021-03.pdf` for each page; twins are numbered."""
    taken: set[str] = set()
    names = {}
    for school in model.schools:
        whose = _safe(re.sub(r"\([^)]*\)", " ", school.name)) or _safe(school.school_id)
        number, name = 1, whose
        while name.casefold() in taken:
            number += 1
            name = f"{whose}_{number}"
        taken.add(name.casefold())
        names[school.school_id] = f"{name}_500+_{model.as_of:%Y-%m}.pdf"
    return names


def _attachment(model: ReportModel, file: RenderedFile) -> Attachment:
    own = _kind_title(model.document) if model.document is not None else ""
    titles = _titles()
    title = titles.get(f"{file.kind}, {own}") or titles.get(file.kind) or own
    sheets = len(model.appendix) if file.kind == "xlsx" else None
    return Attachment(file.file_name, title, file.pages, sheets, len(file.content))


@cache
def _titles() -> dict[str, str]:
    path = TEMPLATES / "wording" / "package.yaml"
    titles: dict[str, str] = read_yaml(path.read_text(encoding="utf-8"))
    return titles


# -- Putting files away ----------------------------------------------------------------------


def _put_away(model: ReportModel, folder: Any, file: RenderedFile) -> PackageFile:
    """Write the file under its own hash, so that what was approved cannot change underfoot."""
    sha256 = hashlib.sha256(file.content).hexdigest()
    suffix = PurePath(file.file_name).suffix
    parts = (
        *_folder_names(model.occasion),
        _safe(model.addressee.municipality_id),
        f"{sha256}{suffix}",
    )
    target = folder.joinpath(*parts)
    # A file that is there already may be read by a sender at this moment.
    if not target.exists() or target.read_bytes() != file.content:
        target.parent.mkdir(parents=True, exist_ok=True)
        _write_whole(target, file.content)
    return PackageFile(
        kind=file.kind,
        part=file.part,
        file_name=file.file_name,
        media_type=MEDIA_TYPES[file.kind],
        sha256=sha256,
        size_bytes=len(file.content),
        pages=file.pages,
        path="/".join(parts),
    )


def _write_whole(target: Any, content: bytes) -> None:
    """The file appears whole or not at all: another run may read the same one right now."""
    if not isinstance(target, Path):
        target.write_bytes(content)  # a store of objects puts them whole by itself
        return
    part = target.with_name(f".{uuid.uuid4().hex}.part")
    part.write_bytes(content)
    part.replace(target)


def _folder_names(occasion: str) -> Sequence[str]:
    return [_safe(part) for part in re.split(r"[/:]", occasion) if _safe(part)]
