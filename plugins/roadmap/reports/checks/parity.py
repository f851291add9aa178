"""Parity: every key figure of the model stands in all formats, and is the same in each.

The figures are read back from the finished files, not from what was meant to be written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from xlsxwriter.utility import xl_col_to_name

from roadmap.reports import model as m
from roadmap.reports.checks import reading
from roadmap.reports.formats.letter import LetterText
from roadmap.reports.formats.native import native
from roadmap.reports.formats.rendered import RenderedFile
from roadmap.reports.formats.xlsx import FIRST_ROW, sheet_title
from roadmap.reports.words.show import show, show_of, show_with_unit
from roadmap.reports.words.typeface import printable

NOTHING = "нет"  # what stands in a message where nothing was found


@dataclass(frozen=True)
class _Found:
    """What a file says at one place."""

    agrees: bool
    text: str
    where: str  # «файл «…», лист «Отметки», строка 19, столбец F»


Reader = Callable[[m.KeyFigure, m.Place], _Found]
_Tables = Mapping[str, m.Table]  # of the document by their ids, in order of appearance
_GOES_ON = re.compile(r"[\d,]*\d")


def check_parity(
    model: m.ReportModel, letter: LetterText, files: Sequence[RenderedFile]
) -> tuple[str, ...]:
    """A Russian sentence for each key figure that some file does not say as the model does.

    ValueError when a format that key figures stand in was not rendered.
    """
    by_kind = {file.kind: file for file in files if file.kind != "school_pdf"}
    wanted = {"docx", "pdf"} if model.document is not None else set()
    if model.appendix:
        wanted.add("xlsx")
    missing = wanted - by_kind.keys()
    if missing:
        raise ValueError(f"not rendered: {', '.join(sorted(missing))}")
    readers: dict[str, tuple[tuple[str, Reader], ...]] = {
        "letter": (
            ("в письме", _html_reader(model, letter)),
            ("в тексте письма", _text_reader(model, letter)),
        ),
    }
    if model.document is not None:
        blocks = model.document.blocks
        tables = {block.id: block for block in blocks if isinstance(block, m.Table)}
        readers["document"] = (
            ("в справке DOCX", _docx_reader(tables, by_kind["docx"])),
            ("в справке PDF", _pdf_reader(tables, by_kind["pdf"])),
        )
    if model.appendix:
        readers["appendix"] = (("в приложении", _xlsx_reader(model, by_kind["xlsx"])),)
    return tuple(_disagreements(model, readers))


def _disagreements(
    model: m.ReportModel, readers: dict[str, tuple[tuple[str, Reader], ...]]
) -> Iterator[str]:
    for figure in model.key_figures:
        for place in figure.places:
            for where, read in readers[place.view]:
                found = read(figure, place)
                if not found.agrees:
                    yield (
                        f"Число в расчёте и {where} разошлось ({show(figure.value)} и "
                        f"{found.text or NOTHING}): {figure.name}. {found.where}. Не отправляйте "
                        "вручную; очистите «Составление»; если повторится, сообщите в поддержку."
                    )


# -- One reader per format -------------------------------------------------------------------


def _html_reader(model: m.ReportModel, letter: LetterText) -> Reader:
    figures = model.letter.figures
    cells = reading.html_figures(letter.html, figures.caption) if figures else ()

    def read(figure: m.KeyFigure, place: m.Place) -> _Found:
        column = _column(figures, place)
        text = reading.folded(_at(cells, place.row, column))
        where = f"Письмо, «Цифры», строка {place.row + 1}, столбец {column + 2}"
        return _Found(_says(text, figure.value), text, where)

    return read


def _text_reader(model: m.ReportModel, letter: LetterText) -> Reader:
    rows = reading.text_figures(letter.text) if model.letter.figures else ()

    def read(figure: m.KeyFigure, place: m.Place) -> _Found:
        # A row whose cells all say one thing says it once.
        lines = rows[place.row] if place.row < len(rows) else ()
        column = 0 if len(lines) == 1 else _column(model.letter.figures, place)
        text = reading.folded(_at((lines,), 0, column))
        return _Found(
            _says(text, figure.value), text, f"Текст письма, «Цифры», строка {place.row + 1}"
        )

    return read


def _docx_reader(tables: _Tables, file: RenderedFile) -> Reader:
    said = dict(zip(tables, reading.docx_tables(file.content), strict=False))

    def read(figure: m.KeyFigure, place: m.Place) -> _Found:
        column = _column(tables.get(place.table_id), place)
        text = reading.folded(_at(said.get(place.table_id, ()), place.row, column))
        return _Found(
            text == reading.folded(show(figure.value)), text, _in_table(tables, file, place)
        )

    return read


def _pdf_reader(tables: _Tables, file: RenderedFile) -> Reader:
    """A PDF has no cells: whole rows are looked for, one after the other, below the caption."""
    page_text = _hyphenless([reading.pdf_text(file.content)])
    found: dict[tuple[str, int], bool] = {}
    starts: dict[str, int] = {}
    at = 0
    for number, table in enumerate(tables.values(), start=1):
        caption = _hyphenless([f"Таблица {number} — {printable(table.caption)}"])
        at = max(page_text.find(caption, at), at)
        starts[table.id] = at
        for index, row in enumerate(table.rows):
            text = _hyphenless([printable(show(cell.value)) for cell in row.cells])
            place = page_text.find(text, at)
            found[table.id, index] = place >= 0
            if place >= 0:
                at = place + len(text)

    def read(figure: m.KeyFigure, place: m.Place) -> _Found:
        agrees = found.get((place.table_id, place.row), False)
        text = "" if agrees else _instead(tables, page_text[starts.get(place.table_id, 0) :], place)
        return _Found(agrees, text, _in_table(tables, file, place))

    return read


def _hyphenless(texts: Sequence[str]) -> str:
    """The texts squeezed, without hyphens: at the end of a line a PDF does not tell a word's own
    hyphen («практико-ориентированных») from one that divides it, nor does it keep there the
    signs without width that let a line break."""
    return reading.squeezed(texts).replace("-", "").replace("\u200b", "")


def _instead(tables: _Tables, text: str, place: m.Place) -> str:
    """What the PDF says where the figure should be, if the rest of its row is right."""
    table = tables.get(place.table_id)
    if table is None:
        return ""
    pieces = [
        re.escape(_hyphenless([printable(show(cell.value))]))
        for cell in table.rows[place.row].cells
    ]
    pieces[table.place_of(place.column)] = "(.{1,12}?)"
    match = re.search("".join(pieces), text)
    return match.group(1) if match else ""


def _xlsx_reader(model: m.ReportModel, file: RenderedFile) -> Reader:
    sheets = reading.xlsx_values(file.content)
    tables = {sheet.table.id: sheet.table for sheet in model.appendix}
    titles = {sheet.table.id: sheet_title(sheet.title) for sheet in model.appendix}

    def read(figure: m.KeyFigure, place: m.Place) -> _Found:
        title = titles.get(place.table_id, "")
        row = FIRST_ROW + place.row
        column = _column(tables.get(place.table_id), place)
        value = _at(sheets.get(title, ()), row, column)
        expected = native(figure.value)
        where = (
            f"Файл «{file.file_name}», лист «{title}», строка {row + 1}, "
            f"столбец {xl_col_to_name(column)}"
        )
        return _Found(value == expected, _written(value), where)

    return read


# -- What the readers share ------------------------------------------------------------------


def _in_table(tables: _Tables, file: RenderedFile, place: m.Place) -> str:
    number = list(tables).index(place.table_id) + 1 if place.table_id in tables else 0
    return (
        f"Файл «{file.file_name}», таблица {number}, строка {place.row + 1}, "
        f"столбец {_column(tables.get(place.table_id), place) + 1}"
    )


def _column(table: m.Table | m.LetterFigures | None, place: m.Place) -> int:
    """Where the place's column stands in its table; in a table that is nowhere, the first."""
    return 0 if table is None else table.place_of(place.column)


def _at(rows: Sequence[Sequence[Any]], row: int, column: int) -> Any:
    return rows[row][column] if row < len(rows) and column < len(rows[row]) else ""


def _says(text: str, value: m.Value) -> bool:
    """Whether the text of a letter's cell says the value, with its denominator if it has one."""
    expected = [show_with_unit(value)]
    if isinstance(value, m.Share):
        expected.append(show_of(value))
    return all(_stands(reading.folded(part), text) for part in expected)


def _stands(part: str, text: str) -> bool:
    """Whether the text says the part where no other number begins before it or goes on."""
    at = text.find(part)
    while at >= 0:
        before = text[at - 1 : at]
        if not (before.isdecimal() or before == "," or _GOES_ON.match(text, at + len(part))):
            return True
        at = text.find(part, at + 1)
    return False


def _written(value: object) -> str:
    if isinstance(value, float):
        return str(value).replace(".", ",")
    return "" if value is None else str(value)
