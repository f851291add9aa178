"""What a fast reader does not tell: errors, formulas without a saved value, hidden rows.

A workbook's cell in error reads as an empty one, and so does a formula that was never
calculated. They are taken from the workbook itself, by a parser of its format; a search for
bytes only decides whether there can be any.
"""

from __future__ import annotations

import io
import posixpath
import re
import struct
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from xml.parsers import expat

from roadmap.evidence.files import xls
from roadmap.evidence.files.prescan import (
    column_number,
    each_element,
    is_worth_parsing,
    kind_of,
    parts_worth_parsing,
)


@dataclass(frozen=True)
class Fault:
    """A cell without a value: an error (`#DIV/0!`), or a formula whose result was not saved."""

    rule: str  # CELL_ERROR | NO_CACHED_VALUE
    text: str


@dataclass
class Flaws:
    """What is wrong with one sheet: faults by 0-based row and column, and hidden rows."""

    faults: dict[tuple[int, int], Fault] = field(default_factory=dict)
    hidden_rows: int = 0


NO_FLAWS = Flaws()


def flaws_of(content: bytes, names: Sequence[str]) -> Mapping[str, Flaws]:
    """The flaws of the sheets that have any. `names` are all sheets of the workbook in order."""
    if kind_of(content) == "xls":
        return _flaws_of_xls(content, names)
    doubtful = parts_worth_parsing(content)
    if doubtful is not None and not doubtful:
        return {}
    flaws = {}
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for name, part in _sheet_parts(archive):
            of_sheet = _flaws(archive.read(part))
            if of_sheet.faults or of_sheet.hidden_rows:
                flaws[name] = of_sheet
    return flaws


# -- xlsx ------------------------------------------------------------------------------------

_HIDDEN_ROW = re.compile(rb"""<(?:[\w.-]+:)?row\s[^<>]*\bhidden\s*=\s*["'](?:1|true)["']""")
_COLUMN = re.compile(r"[A-Za-z]{1,3}")
_NO_VALUE = Fault("NO_CACHED_VALUE", "формула без значения")


def _flaws(text: bytes) -> Flaws:
    hidden = len(_HIDDEN_ROW.findall(text)) if b"hidden" in text else 0
    return Flaws(_faults(text) if is_worth_parsing(text) else {}, hidden)


def _faults(text: bytes) -> dict[tuple[int, int], Fault]:
    """The faults of a part with a sheet (ECMA-376, 18.3.1.4 and 18.3.1.73).

    A formula whose saved value is the empty text (`t="str"`, an empty `v`) has a value; a
    number that is empty is none. Cells and rows without a reference follow one another.
    """
    faults: dict[tuple[int, int], Fault] = {}
    local_names: dict[str, str] = {}
    parser = expat.ParserCreate()
    row = -1
    reference, further = "", -1  # of the cell at hand: the last one written, and how far after it
    kind: str | None = None  # of the cell at hand; None outside of cells
    is_doubtful = False  # in error or a formula whose value has not come yet

    def place() -> tuple[int, int]:
        letters = _COLUMN.match(reference)
        return row, (column_number(letters.group()) - 1 if letters else 0) + further

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal row, reference, further, kind, is_doubtful
        local = local_names.get(name) or local_names.setdefault(name, name.rpartition(":")[2])
        if local == "c":
            kind, is_doubtful = attributes.get("t", "n"), False
            if "r" in attributes:
                reference, further = attributes["r"], 0
            else:
                further += 1
            if kind == "e":
                is_doubtful = True
                faults[place()] = Fault("CELL_ERROR", "#")
        elif local in ("v", "is"):
            if is_doubtful and kind in ("str", "s", "inlineStr"):
                del faults[place()]
            elif is_doubtful:
                parser.CharacterDataHandler = value
            is_doubtful = False
        elif local == "f":
            if kind is not None and kind != "e":
                is_doubtful = True
                faults[place()] = _NO_VALUE
        elif local == "row":
            number = attributes.get("r", "")
            row = int(number) - 1 if number.isdecimal() else row + 1
            reference, further, kind = "", -1, None
        elif local not in ("t", "r"):
            kind = None

    def value(text: str) -> None:
        parser.CharacterDataHandler = None
        if kind == "e":
            faults[place()] = Fault("CELL_ERROR", text[:20])
        elif text.strip():
            del faults[place()]

    def end_of_value(name: str) -> None:
        parser.CharacterDataHandler = None

    parser.StartElementHandler = start
    parser.EndElementHandler = end_of_value
    parser.Parse(text, True)
    return faults


def _sheet_parts(archive: zipfile.ZipFile) -> Iterator[tuple[str, str]]:
    """Names of sheets and of their parts (ECMA-376, part 2, 9.3; part 1, 18.2.20).

    Names of parts are compared without case, as a package is; some programs write backslashes.
    """
    parts = {name.replace("\\", "/").lower(): name for name in archive.namelist()}

    def related(part: str) -> dict[str, str]:
        """The parts that a part names, by the relation's id and by the last word of its type."""
        folder, base = posixpath.split(part)
        relations = parts.get(posixpath.join(folder, "_rels", f"{base}.rels"))
        targets: dict[str, str] = {}

        def relation(_: str, attributes: dict[str, str]) -> None:
            target = attributes.get("Target", "").replace("\\", "/")
            path = posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/").lower()
            targets[attributes.get("Id", "")] = path
            targets.setdefault(attributes.get("Type", "").rpartition("/")[2], path)

        if relations:
            each_element(archive.read(relations), relation)
        return targets

    workbook = related("").get("officeDocument", "xl/workbook.xml")
    if workbook not in parts:
        return
    sheets = related(workbook)
    named: list[tuple[str, str]] = []

    def element(name: str, attributes: dict[str, str]) -> None:
        if name == "sheet":
            ids = [value for key, value in attributes.items() if key.endswith(":id")]
            part = parts.get(sheets.get(ids[0], "") if ids else "")
            if part is not None:
                named.append((attributes.get("name", ""), part))

    each_element(archive.read(parts[workbook]), element)
    yield from named


# -- xls -------------------------------------------------------------------------------------

# [MS-XLS] 2.4.24 BoolErr and 2.4.127 Formula with a result in error: less is none.
_MAY_HAVE_ERRORS = re.compile(rb"\x05\x02\x08\x00.{7}\x01|\x06\x00.{8}\x02.{5}\xff\xff", re.DOTALL)
_ERRORS = {
    0x00: "#NULL!",
    0x07: "#DIV/0!",
    0x0F: "#VALUE!",
    0x17: "#REF!",
    0x1D: "#NAME?",
    0x24: "#NUM!",
    0x2A: "#N/A",
}


def _flaws_of_xls(content: bytes, names: Sequence[str]) -> dict[str, Flaws]:
    """Errors only: a formula of this format always has a result."""
    stream = xls.workbook_stream(content)
    if not _MAY_HAVE_ERRORS.search(stream):
        return {}
    flaws: dict[str, Flaws] = {}
    for name, records in zip(names, xls.sheets(stream), strict=False):
        for kind, body in records:
            if kind == xls.BOOL_ERR and body[7:8] == b"\x01":
                code = body[6]
            elif kind == xls.FORMULA and body[6:7] == b"\x02" and body[12:14] == b"\xff\xff":
                code = body[8]
            else:
                continue
            row, column = struct.unpack_from("<HH", body)
            error = Fault("CELL_ERROR", _ERRORS.get(code, "#"))
            flaws.setdefault(name, Flaws()).faults[row, column] = error
    return flaws
