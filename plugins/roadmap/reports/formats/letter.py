"""The letter as people read it: HTML and plain text of one report model and its envelope.

The model says what is told; the envelope says what only this sending knows: revision,
correction, test banner, moment. Templates lie in include/templates/email. Nothing in the
HTML needs a network or a mail program's goodwill: styles are inline, there are no images,
scripts or forms (docs/look.md §3).
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from itertools import groupby
from pathlib import PurePath
from typing import Any

import css_inline
from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from roadmap import russian
from roadmap.paths import TEMPLATES
from roadmap.plan.region import LocalTime
from roadmap.reports.model import Cell, LetterFigures, LetterRow, ReportModel, Share
from roadmap.reports.words.show import show_of, show_with_unit
from roadmap.reports.words.wording import named, say, title
from roadmap.russian import NBSP

TEXT_COLUMNS = 72
MAX_HTML_BYTES = 90_000  # Gmail cuts at 102 KB
TEST_MARK = "ПРОВЕРКА"


@dataclass(frozen=True)
class Replaced:
    """The accepted letter that this one replaces, as its recipient knows it."""

    on: date
    revision: int


@dataclass(frozen=True)
class Envelope:
    """What only this sending of the letter knows.

    `test_addressee` is set in modes redirect and dry: the name of whom the plan would write
    to. `corrections` are sentences of `reports.corrections`; they are said where `replaces` is
    set, as is `reason`: the operator's own words, or what has come in since. `generated_at`
    is aware and shown in the plan's `local_time`.
    """

    revision: int
    replaces: Replaced | None
    corrections: tuple[str, ...]
    test_addressee: str | None
    generated_at: datetime
    local_time: LocalTime
    reason: str | None = None

    def __post_init__(self) -> None:
        if self.generated_at.tzinfo is None:
            raise ValueError("generated_at must be aware")


@dataclass(frozen=True)
class Attachment:
    """One file as the letter names it; `pages` of a document, `sheets` of a workbook."""

    file_name: str
    title: str  # «аналитическая справка»
    pages: int | None
    sheets: int | None
    size_bytes: int


@dataclass(frozen=True)
class LetterText:
    subject: str
    html: str
    text: str


class LetterTooLong(ValueError):
    """The HTML would be cut by mail programs; the letter may not leave."""


def render_letter(
    model: ReportModel, envelope: Envelope, attachments: Sequence[Attachment]
) -> LetterText:
    """The letter's subject, HTML and plain text.

    LetterTooLong when the HTML passes MAX_HTML_BYTES; jinja2.UndefinedError when a template
    asks for what is not there.
    """
    moment = envelope.generated_at.astimezone(envelope.local_time.zone)
    figures = model.letter.figures
    rows = _rows(figures) if figures else ()
    values: dict[str, Any] = {
        "model": model,
        "letter": model.letter,
        "institution": model.institution,
        "name": title(named(model.addressee.name)),
        "is_region": model.addressee.is_region,
        "figures": figures,
        "rows": rows,
        "with_region": any(row.kind == "comparison" for row in rows),
        "envelope": envelope,
        "written_on": russian.day(moment.date()),
        "written_at": moment.strftime("%H:%M"),
        "files": [
            _described(tuple(files)) for _, files in groupby(attachments, lambda file: file.title)
        ],
    }
    environment = _environment()
    html = _inliner().inline(environment.get_template("letter.html.j2").render(values))
    if len(html.encode()) > MAX_HTML_BYTES:
        raise LetterTooLong(
            f"Письмо длиннее {MAX_HTML_BYTES // 1000} КБ: почтовые программы обрежут его. "
            f"Муниципалитет: {model.addressee.municipality_id}."
        )
    text = environment.get_template("letter.txt.j2").render(values)
    return LetterText(_subject(model, envelope), html, _tidy(text))


def _subject(model: ReportModel, envelope: Envelope) -> str:
    """The inbox shows at once that a letter is a correction, or a test."""
    subject = model.letter.subject
    if envelope.replaces is not None:
        said = {"subject": subject, "revision": envelope.revision}
        subject = say("shared", "subject_of_correction", **said).replace(NBSP, " ")
    return subject if envelope.test_addressee is None else f"{TEST_MARK}. {subject}"


# -- What the templates are given ------------------------------------------------------------


@dataclass(frozen=True)
class _CellView:
    text: str
    of: str | None  # «13 из 38 чел.»
    bar: int | None  # width of the bar, percent of the column
    at_threshold: bool


@dataclass(frozen=True)
class _RowView:
    label: str
    note: str | None
    kind: str
    cells: tuple[_CellView, ...]
    same: str | None  # what all the cells say when they say one thing and no number


@dataclass(frozen=True)
class _FileView:
    """One file, or several of one kind, as the pages of schools are."""

    names: tuple[str, ...]
    title: str
    about: str  # «6 л., PDF, 212 КБ»


def _rows(figures: LetterFigures) -> tuple[_RowView, ...]:
    """Rows of one scale: bars stand from zero, the widest column is half or the largest share."""
    shares = [c.value for row in figures.rows for c in row.cells if isinstance(c.value, Share)]
    whole = max([50.0, *(share.percent for share in shares)])
    return tuple(_row(row, whole) for row in figures.rows)


def _row(row: LetterRow, whole: float) -> _RowView:
    cells = tuple(_cell(cell, whole) for cell in row.cells)
    texts = {cell.text for cell in cells}
    is_one_word = len(texts) == 1 and all(cell.bar is None for cell in cells)
    return _RowView(
        russian.typographic(row.label),
        russian.typographic(row.note) if row.note else None,
        row.kind,
        cells,
        cells[0].text if is_one_word else None,
    )


def _cell(cell: Cell, whole: float) -> _CellView:
    if isinstance(cell.value, Share):
        return _CellView(
            show_with_unit(cell.value),
            show_of(cell.value),
            round(100 * cell.value.percent / whole),
            cell.at_threshold,
        )
    return _CellView(show_with_unit(cell.value), None, None, cell.at_threshold)


def _described(files: tuple[Attachment, ...]) -> _FileView:
    """Files of one title. Thirty schools' pages take one line each, not a row with a note."""
    parts = []
    if len(files) > 1:
        parts.append(russian.counted(len(files), "файл", "файла", "файлов"))
    pages = [file.pages for file in files if file.pages is not None]
    if pages:
        parts.append(f"{sum(pages)}{NBSP}л.")
    sheets = [file.sheets for file in files if file.sheets is not None]
    if sheets:
        parts.append(russian.counted(sum(sheets), "лист", "листа", "листов"))
    suffixes = dict.fromkeys(PurePath(file.file_name).suffix for file in files)
    parts.extend(suffix.lstrip(".").upper() for suffix in suffixes)
    parts.append(_size(sum(file.size_bytes for file in files)))
    names = tuple(file.file_name for file in files)
    return _FileView(names, files[0].title, ", ".join(parts))


def _size(size_bytes: int) -> str:
    kilobytes = max(1, round(size_bytes / 1024))
    if kilobytes >= 1024:
        return f"{russian.decimal(size_bytes / 1024**2, 1)}{NBSP}МБ"
    return f"{kilobytes}{NBSP}КБ"


# -- Templates -------------------------------------------------------------------------------


@cache
def _environment() -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(TEMPLATES / "email"),
        undefined=StrictUndefined,
        autoescape=lambda name: name is not None and name.endswith(".html.j2"),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        day=russian.day, wrapped=_wrapped, loud=_loud, lower_first=_lower, plain=_plain
    )
    environment.globals.update(say=say)
    return environment


@cache
def _inliner() -> css_inline.CSSInliner:
    return css_inline.CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)


def _wrapped(text: str, indent: int = 0, first: str | None = None) -> str:
    """The text in lines of at most 72 columns, `first` before the first line."""
    pad = " " * indent
    return textwrap.fill(
        text,
        TEXT_COLUMNS,
        initial_indent=pad if first is None else first,
        subsequent_indent=pad,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _loud(text: str) -> str:
    """Plain text has no bold: the date to answer by is announced in capitals."""
    return re.sub(r"\bдо(?=\s\d\d\.\d\d\.\d{4})", "ДО", text)


def _plain(text: str) -> str:
    """Plain text is broken into lines at any space."""
    return text.replace(NBSP, " ")


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _tidy(text: str) -> str:
    """No line ends in spaces and no gap is wider than one empty line."""
    lines = (line.rstrip(" ") for line in text.strip().split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)) + "\n"
