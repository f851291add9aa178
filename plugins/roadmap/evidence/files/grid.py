"""Workbooks and csv files as rows of cells, headings found by content, cells by grammar.

Rows keep their places: `rows[0]` is row 1 of the file, `rows[i][0]` column A, so that a
message can name the cell a person will look for. An empty cell is None.
"""

from __future__ import annotations

import io
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from itertools import count, islice
from typing import Any, NamedTuple

from roadmap.evidence.files.faults import NO_FLAWS, Fault, flaws_of
from roadmap.evidence.files.limits import Limits
from roadmap.evidence.files.prescan import (
    column_letter,
    kind_of,
    too_many_columns,
    too_many_rows,
)
from roadmap.evidence.messages import place, refused, sentence
from roadmap.evidence.names import cleaned, comparable, latin_letter_in, shown_sheet
from roadmap.evidence.parsed import FileRefused

__all__ = [
    "BadCell",
    "Cell",
    "Fault",
    "Heading",
    "Sheet",
    "Stream",
    "check_size",
    "column_letter",
    "column_name",
    "day_of",
    "decimal_of",
    "find_heading",
    "find_table",
    "holds_something",
    "integer_of",
    "latin_letters",
    "normal_title",
    "percent_of",
    "read_sheets",
    "stream_sheet",
    "text_of",
    "the_sheet",
]


_Filled = str | float | int | bool | date | datetime | time | timedelta
Cell = _Filled | Fault | None


@dataclass(frozen=True)
class Sheet:
    """One sheet; of a csv file, the only one, without a name. `name` is that of `shown_sheet`."""

    name: str
    rows: list[list[Cell]]
    is_hidden: bool = False
    hidden_rows: int = 0


class Heading(NamedTuple):
    """Where the heading stands: 0-based row, and 0-based column of each title asked for."""

    row: int
    columns: dict[str, int]


# -- Reading ---------------------------------------------------------------------------------


def read_sheets(
    content: bytes, file_name: str, titles: Sequence[str] = (), *, ragged: bool = False
) -> list[Sheet]:
    """All sheets of an xlsx, xls or csv file, whole.

    `titles` are the columns that the dataset knows: they decide the encoding of a csv.
    `ragged` lets the rows of a csv differ in length (title lines and blocks of protocols).
    Raises FileRefused: ENCODING, CSV_SYNTAX, BINARY, TYPE_MISMATCH.
    """
    if kind_of(content) == "csv":
        from roadmap.evidence.files import delimited

        return [Sheet("", delimited.rows_of(content, file_name, titles, ragged))]
    import python_calamine

    sheets = []
    with python_calamine.load_workbook(io.BytesIO(content)) as book:
        flaws = flaws_of(content, book.sheet_names)
        for number, about in enumerate(book.sheets_metadata, start=1):
            if about.typ is not python_calamine.SheetTypeEnum.WorkSheet:
                continue
            rows: list[list[Any]] = book.get_sheet_by_name(about.name).to_python(
                skip_empty_area=False
            )
            for row in rows:
                # Most rows are full: one look at a row is cheaper than one at each cell.
                if "" in row:
                    row[:] = [None if cell == "" else cell for cell in row]
            flaw = flaws.get(about.name, NO_FLAWS)
            for (row_number, column), fault in flaw.faults.items():
                _put_fault(rows, row_number, column, fault)
            is_hidden = about.visible is not python_calamine.SheetVisibleEnum.Visible
            sheets.append(Sheet(shown_sheet(about.name, number), rows, is_hidden, flaw.hidden_rows))
    return sheets


class Stream(NamedTuple):
    """One sheet, a row at a time: empty cells are "", rows begin with column A; names are those of
    `shown_sheet`."""

    name: str
    rows: Iterator[list[Cell]]
    unread: tuple[str, ...]  # other visible sheets that hold something


def stream_sheet(
    content: bytes, file_name: str, titles: Sequence[str] = (), skipped: Sequence[str] = ()
) -> Stream:
    """The first visible sheet with content whose name is not among the `skipped`.

    For pupil protocols: nothing but the row at hand is held as Python objects, and the cells
    in error. `titles` decide the encoding of a csv. Raises FileRefused like `read_sheets`.
    """
    if kind_of(content) == "csv":
        from roadmap.evidence.files import delimited

        text = delimited.rows_of(content, file_name, titles, ragged=True)
        return Stream("", ([cell or "" for cell in row] for row in text), ())
    import python_calamine

    book = python_calamine.load_workbook(io.BytesIO(content))
    visible = [
        book.get_sheet_by_name(about.name)
        for about in book.sheets_metadata
        if about.visible is python_calamine.SheetVisibleEnum.Visible
        and about.typ is python_calamine.SheetTypeEnum.WorkSheet
        and normal_title(about.name) not in map(normal_title, skipped)
    ]
    filled = [(sheet, sheet.start) for sheet in visible if sheet.start is not None]
    if not filled:
        raise refused("EMPTY", "В книге нет ни одной заполненной ячейки", _WITH_DATA, file_name)
    sheet, start = filled[0]
    rows: Iterator[list[Any]] = _from_column_a(sheet.iter_rows(), start[1])
    faults = flaws_of(content, book.sheet_names).get(sheet.name, NO_FLAWS).faults
    if faults:
        rows = _with_faults(rows, faults)
    shown = [shown_sheet(one.name, book.sheet_names.index(one.name) + 1) for one, _ in filled]
    return Stream(shown[0], rows, tuple(shown[1:]))


_WITH_DATA = "Положите файл с данными"


def _from_column_a(rows: Iterator[list[Any]], skipped: int) -> Iterator[list[Cell]]:
    if not skipped:
        return rows
    left = [""] * skipped
    return (left + row for row in rows)


def _with_faults(
    rows: Iterator[list[Cell]], faults: Mapping[tuple[int, int], Fault]
) -> Iterator[list[Cell]]:
    """The rows with their faults; those below the last row that a reader sees, too."""
    by_row: dict[int, dict[int, Fault]] = defaultdict(dict)
    for (number, column), fault in faults.items():
        by_row[number][column] = fault
    for number in count():
        row = next(rows, None)
        if row is None and number > max(by_row):
            return
        row = row or []
        for column, fault in by_row.get(number, {}).items():
            row += [""] * (column + 1 - len(row))
            row[column] = fault
        yield row


def _put_fault(rows: list[list[Cell]], number: int, column: int, fault: Fault) -> None:
    # Readers end a sheet at its last value; a fault may stand beyond it.
    rows += ([] for _ in range(number + 1 - len(rows)))
    row = rows[number]
    row += [None] * (column + 1 - len(row))
    row[column] = fault


def check_size(content: bytes, limits: Limits, file_name: str) -> None:
    """Rows and columns of an xls, whose cells the pre-scan does not see: ROWS, COLS.

    The old format ends at 65,536 rows and 256 columns by itself: reading it is bounded.
    """
    if kind_of(content) != "xls":
        return
    import python_calamine

    with python_calamine.load_workbook(io.BytesIO(content)) as book:
        for index in range(len(book.sheet_names)):
            sheet = book.get_sheet_by_index(index)
            if sheet.total_height > limits.rows + 50:
                raise too_many_rows(sheet.total_height, limits, file_name)
            if sheet.total_width > limits.columns:
                raise too_many_columns(sheet.total_width, limits, file_name)


def the_sheet(sheets: Sequence[Sheet], name: str, file_name: str) -> Sheet:
    """The sheet of that name; of a csv, its only one. Raises FileRefused SHEET."""
    for sheet in sheets:
        if not sheet.name or normal_title(sheet.name) == normal_title(name):
            return sheet
    found = ", ".join(f"«{sheet.name}»" for sheet in sheets) or "листов нет"
    raise refused(
        "SHEET",
        f"Файл не принят: нет листа «{name}» (есть {found})",
        "Назовите лист так или сверьтесь с описанием форматов (docs/formats.md)",
        file_name,
    )


# -- Headings --------------------------------------------------------------------------------


def normal_title(cell: object) -> str:
    """A title as titles are compared (`names.comparable`); of a number its digits."""
    if not isinstance(cell, str):
        return "" if cell is None or isinstance(cell, Fault) else _number_title(cell)
    return _comparable(cell)


_comparable = lru_cache(maxsize=4096)(comparable)


def latin_letters(titles: Iterable[object]) -> tuple[str, ...]:
    """Warnings about Russian titles with a Latin letter; such a title is read all the same."""
    told = [latin_letter_in(title) for title in titles if isinstance(title, str)]
    return tuple(f"{words}. Впишите её по-русски." for words in told if words)


def _number_title(cell: object) -> str:
    # Headings «2», «3», «4», «5» are number cells in some workbooks.
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)


def find_heading(
    rows: Sequence[Sequence[Cell]],
    required: Sequence[str],
    within: int = 15,
    *,
    optional: Sequence[str] = (),
    file_name: str = "",
    sheet: str | None = None,
    is_ours: bool = True,
) -> Heading:
    """The first of the top `within` rows that has all required titles.

    Columns are given by the titles as asked for; optional ones only where they were found.
    Raises FileRefused HEADER: titles missing (named), or one we need standing twice. `is_ours`:
    the operator fills the table in and can mend it; reports of others are exported again.
    """
    wanted = {normal_title(title): title for title in (*required, *optional)}
    needed = {normal_title(title) for title in required}
    nearest: tuple[int, int, set[str]] | None = None
    for index, row in enumerate(islice(rows, within)):
        titles = [normal_title(cell) for cell in row]
        missing = needed - set(titles)
        if not missing:
            twice = sorted({t for t in titles if t in wanted and titles.count(t) > 1})
            if twice:
                raise _header_refused(
                    f"столбец {_quoted(wanted[title] for title in twice)} указан дважды",
                    "Оставьте один столбец с таким названием",
                    file_name,
                    sheet,
                    index,
                )
            return Heading(
                index, {wanted[title]: at for at, title in enumerate(titles) if title in wanted}
            )
        if nearest is None or len(missing) < nearest[0]:
            nearest = (len(missing), index, missing)
    # A row that has less than half of the titles is no heading with a few missing.
    near = nearest[1] if nearest and 2 * nearest[0] <= len(needed) else None
    absent = [t for t in required if near is None or not nearest or normal_title(t) in nearest[2]]
    word = "столбца" if len(absent) == 1 else "столбцов"
    if near is None:
        to_do = "Проверьте, тот ли это файл: таблицы с такими заголовками в нём нет"
    elif is_ours:
        column = "столбец" if len(absent) == 1 else "столбцы"
        to_do = f"Добавьте {column} или сверьтесь с описанием форматов (docs/formats.md)"
    else:
        to_do = "Проверьте, тот ли это отчёт; если да, выгрузите его заново, не меняя столбцов"
    raise _header_refused(f"нет {word} {_quoted(absent)}", to_do, file_name, sheet, near)


def find_table(
    sheets: Sequence[Sheet],
    required: Sequence[str],
    within: int = 15,
    *,
    optional: Sequence[str] = (),
    file_name: str = "",
    is_ours: bool = True,
) -> tuple[Sheet, Heading]:
    """The first sheet that has the heading, visible ones before hidden ones.

    Lists of choices, a cover or an empty sheet may stand before it. Raises FileRefused HEADER of
    the first sheet that holds something, EMPTY where there is no sheet.
    """
    refusals = []
    for sheet in sorted(sheets, key=lambda sheet: (sheet.is_hidden, not sheet.rows)):
        try:
            return sheet, find_heading(
                sheet.rows,
                required,
                within,
                optional=optional,
                file_name=file_name,
                sheet=sheet.name or None,
                is_ours=is_ours,
            )
        except FileRefused as refusal:
            refusals.append(refusal)
    if refusals:
        raise refusals[0]
    raise refused("EMPTY", "В книге нет листов с таблицей", _WITH_DATA, file_name)


def _quoted(titles: Iterator[str] | Sequence[str]) -> str:
    return ", ".join(f"«{title}»" for title in titles)


def _header_refused(
    what: str, to_do: str, file_name: str, sheet: str | None, index: int | None
) -> FileRefused:
    where = place(file_name, sheet)
    if index is not None:
        where += f", строка заголовков {index + 1}"
    return FileRefused("HEADER", sentence(f"Файл не принят: {what}", where, to_do))


def column_name(index: int, title: str | None = None) -> str:
    """«E «Участников»», as messages name a column; `index` is 0-based."""
    return f"{column_letter(index)} «{title}»" if title else column_letter(index)


# -- Cells -----------------------------------------------------------------------------------


class BadCell(ValueError):
    """A cell does not hold what its column needs.

    `rule` is CELL_ERROR, NO_CACHED_VALUE, TYPE or RANGE; `found` quotes the cell (readers of
    pupil rows never show it), `expected` is a noun phrase in the genitive: «числа». `to_do`
    is empty where the column knows better.
    """

    def __init__(self, rule: str, found: str, expected: str, to_do: str = "") -> None:
        super().__init__(rule)
        self.rule = rule
        self.found = found
        self.expected = expected
        self.to_do = to_do or _TO_DO.get(rule, "")

    @property
    def what(self) -> str:
        """«„четыре“ вместо целого числа»."""
        return f"«{self.found}» вместо {self.expected}"


_TO_DO = {
    "CELL_ERROR": "Впишите значение вместо ошибки",
    "NO_CACHED_VALUE": "Сохраните файл в Excel заново или впишите значение вместо формулы",
}
_NO_DATA = {"", "н/д", "нд", "нет данных", "-", "‐", "‑", "–", "—", "−"}
# How spreadsheets write an error as text, in Russian and in English.
_ERROR = re.compile(
    r"#(?:знач!|value!|н/д|n/a|ссылка!|ref!|дел/0!|div/0!|имя\?|name\?|число!|num!|пусто!|null!"
    r"|перенос!|spill!|вычисл!|calc!)",
    re.IGNORECASE,
)
_TOO_LARGE = 10**12
_LARGEST_EXACT = 10**15  # Excel keeps fifteen digits
_INTEGER = re.compile(r"[+-]?\d{1,12}(?:[.,]0+)?")
_DECIMAL = re.compile(r"[+-]?\d{1,12}(?:[.,]\d{1,20})?")
_TIME = r"(?:(?:T|,? )\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?)?"  # Excel and 1С add one
_DAY = re.compile(rf"(\d{{1,2}})\.(\d{{1,2}})\.(\d{{4}})(?: ?г\.?)?{_TIME}")
_ISO_DAY = re.compile(rf"(\d{{4}})-(\d{{2}})-(\d{{2}}){_TIME}")


def _plain(cell: Cell, expected: str) -> _Filled | None:
    """The one cleaning of every kind of cell: text without what nobody sees (`cleaned`), None
    for what stands for no data. An error, as a cell and as text, raises BadCell."""
    if isinstance(cell, Fault):
        raise BadCell(cell.rule, cell.text, expected)
    if not isinstance(cell, str):
        return cell
    text = _filled(cell)
    if text is not None and text.startswith("#") and _ERROR.fullmatch(text):
        raise BadCell("CELL_ERROR", text, expected)
    return text


@lru_cache(maxsize=4096)  # names and words of the files of a pull are the same
def _filled(text: str) -> str | None:
    text = cleaned(text)
    return None if text.casefold() in _NO_DATA else text


def holds_something(cell: Cell) -> bool:
    """Whether the cell says anything: an error does, «н/д» and a dash do not."""
    if isinstance(cell, str):
        return _filled(cell) is not None
    return cell is not None


def text_of(cell: Cell) -> str | None:
    """The cell as text, cleaned; None for no data. A code 440123.0 → «440123».

    A date, a time or a truth value was a text that the spreadsheet took for one: BadCell.
    """
    plain = _plain(cell, "текста")
    if plain is None or isinstance(plain, str):
        return plain
    if isinstance(plain, bool | date | time | timedelta):
        kind = {bool: "логическое значение", time: "время", timedelta: "время"}
        raise BadCell(
            "TYPE",
            _shown(plain),
            "текста",
            f"Excel принял текст за {kind.get(type(plain), 'дату')}: задайте ячейке текстовый "
            "формат и впишите значение заново",
        )
    if isinstance(plain, float) and abs(plain) >= _LARGEST_EXACT:
        raise BadCell("TYPE", repr(plain), "текста", LOST_DIGITS)
    return _shown(plain)


LOST_DIGITS = "Excel потерял цифры кода: задайте ячейке текстовый формат и впишите код заново"


def _shown(cell: _Filled) -> str:
    """What a person sees in the cell, for messages too."""
    if isinstance(cell, bool):
        return "да" if cell else "нет"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else repr(cell)
    if isinstance(cell, datetime) and cell.time() == time():
        cell = cell.date()
    if isinstance(cell, date) and not isinstance(cell, datetime):
        return cell.strftime("%d.%m.%Y")
    return _short(str(cell))


def integer_of(cell: Cell) -> int | None:
    """A whole number: 35 917 with any spaces, −5 with a real minus, 4.0. None: no data."""
    if cell is None or cell == "":
        return None
    if isinstance(cell, float):
        if not cell.is_integer() or abs(cell) >= _TOO_LARGE:
            raise BadCell("TYPE", repr(cell), "целого числа")
        return int(cell)
    if isinstance(cell, str) and len(cell) <= 12 and cell.isascii() and cell.isdigit():
        return int(cell)  # nearly all of them: not worth a grammar
    written = _number(cell, _INTEGER, "целого числа")
    return None if written is None else int(Decimal(written))


def decimal_of(cell: Cell) -> Decimal | None:
    """A number with a decimal comma or point, exactly as written. None: no data."""
    return _decimal(cell, "числа")


def percent_of(cell: Cell) -> Decimal | None:
    """A number of percents; a trailing % is allowed. None: no data."""
    if isinstance(cell, float) and 0 <= cell <= 100:
        return _as_written(cell)  # nearly all of them
    if isinstance(cell, str):
        cell = cleaned(cell).removesuffix("%")
    return _decimal(cell, "числа процентов")


def _decimal(cell: Cell, expected: str) -> Decimal | None:
    if isinstance(cell, float):
        if not -_TOO_LARGE < cell < _TOO_LARGE:  # false for NaN, too
            raise BadCell("TYPE", repr(cell), expected)
        return _as_written(cell)
    written = _number(cell, _DECIMAL, expected)
    return None if written is None else Decimal(written)


@lru_cache(maxsize=10_001)  # a pull has hardly more shares than hundredths of a percent
def _as_written(number: float) -> Decimal:
    """repr of a float is the shortest text that gives it back: 14.02 stays 14.02."""
    return Decimal(repr(number))


def _number(cell: Cell, grammar: re.Pattern[str], expected: str) -> str | None:
    """The cell's text as Python writes numbers; None for what stands for no data."""
    plain = _plain(cell, expected)
    if plain is None:
        return None
    if isinstance(plain, bool) or not isinstance(plain, str | int):
        raise BadCell("TYPE", _shown(plain), expected)
    written = str(plain).replace(" ", "").replace("\u2212", "-")
    if not grammar.fullmatch(written):
        raise BadCell("TYPE", _short(str(plain)), expected)
    return written.replace(",", ".")


def day_of(cell: Cell) -> date | None:
    """A date cell (either base of Excel), or text 31.03.2021 or 2021-03-31, with a time of day
    or without. None: no data.

    A number is no date: nobody can say in which base it was meant.
    """
    plain = _plain(cell, "даты")
    if plain is None:
        return None
    if isinstance(plain, datetime):
        return plain.date()
    if isinstance(plain, date):
        return plain
    if not isinstance(plain, str):
        raise BadCell("TYPE", _shown(plain), "даты")
    try:
        if written := _DAY.fullmatch(plain):
            return date(*(int(part) for part in reversed(written.groups())))
        if iso := _ISO_DAY.fullmatch(plain):
            return date(*(int(part) for part in iso.groups()))
    except ValueError:
        pass
    raise BadCell("TYPE", _short(plain), "даты")


def _short(text: str) -> str:
    plain = "".join(letter if letter.isprintable() else " " for letter in text)
    plain = " ".join(plain.split())
    return plain if len(plain) <= 40 else f"{plain[:39]}…"
