"""Reads the files of an inbox into plain rows: csv, calamine, sqlite3 and nothing else."""

from __future__ import annotations

import csv
import email
import email.policy
import hashlib
import re
import sqlite3
from contextlib import closing
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import python_calamine
import yaml

Row = dict[str, Any]


Cells = tuple[tuple[Any, ...], ...]
_read: dict[tuple[str, bytes], Cells] = {}


@cache
def cells(path: Path) -> Cells:
    """All cells of a csv or of a workbook's first sheet; none of a file that can't be opened.

    The same file lies in the inbox of many days: it is read once.
    """
    content = path.read_bytes()
    key = path.suffix, hashlib.sha256(content).digest()
    if key not in _read:
        _read[key] = _cells(path, content)
    return _read[key]


def _cells(path: Path, content: bytes) -> Cells:
    if path.suffix == ".csv":
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = content.decode("cp1251")
        return tuple(tuple(row) for row in csv.reader(text.splitlines(), delimiter=";"))
    if content[:2] != b"PK":
        return ()  # under a password
    book = python_calamine.CalamineWorkbook.from_path(str(path))
    return tuple(tuple(row) for row in book.get_sheet_by_index(0).to_python())


def table(path: Path, title: str) -> list[Row]:
    """The rows below the heading in which a column is called `title`; none without it."""
    rows = cells(path)
    place = next((i for i, row in enumerate(rows) if title in row), None)
    if place is None:
        return []
    heading = [_title(cell) for cell in rows[place]]
    return [dict(zip(heading, row, strict=False)) for row in rows[place + 1 :] if any(row)]


def _title(cell: Any) -> str:
    """Numbers in headings are whole: «2», not «2.0»."""
    return str(int(cell)) if isinstance(cell, float) else str(cell).strip()


def day(cell: Any) -> date | None:
    """A date cell, or text dd.mm.yyyy; None for an empty one."""
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    return datetime.strptime(str(cell), "%d.%m.%Y").date() if cell else None  # noqa: DTZ007


def number(cell: Any) -> float:
    return float(re.sub(r"\s", "", str(cell)).replace(",", "."))


def words(text: Any) -> str:
    """Single spaces, none around, no marks for line breaks: how texts are compared."""
    return " ".join(str(text).replace("\u200b", "").split())


def holds(since: Any, until: Any, on: date) -> bool:
    first, last = day(since), day(until)
    return first is not None and first <= on and (last is None or last >= on)


def receipts(year: Path) -> dict[str, date]:
    """Path below the year's folder → day on which the file came."""
    rows = table(year / "receipts.csv", "Файл")
    return {row["Файл"]: date.fromisoformat(row["Получен"][:10]) for row in rows}


def publications(portal: Path) -> list[Row]:
    with closing(sqlite3.connect(portal)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute("select * from publication")]


def letters(folder: Path) -> list[tuple[str, str]]:
    """(address, subject) of each letter in a mailbox."""
    found = []
    for path in sorted(folder.glob("*.eml")):
        letter = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        found.append((str(letter["To"]), str(letter["Subject"])))
    return found


class _Plain(yaml.SafeLoader):
    """`on` and `no` are words here, not truth values."""


_Plain.yaml_implicit_resolvers = {
    first: [(tag, form) for tag, form in resolvers if tag != "tag:yaml.org,2002:bool"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Plain.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(true|false)$"), list("tf"))


@cache
def data(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), Loader=_Plain)  # noqa: S506


class Registry:
    """Who takes part on one day."""

    def __init__(self, year: Path, on: date) -> None:
        self.year, self.on = year, on
        rows = table(year / "registry/municipalities.csv", "Код")
        self.name = {
            row["Код"]: row["Наименование"]
            for row in rows
            if holds(row["Действует с"], row["Действует по"], on)
        }
        self.short_name = {
            row["Код"]: row["Краткое наименование"]
            for row in rows
            if holds(row["Действует с"], row["Действует по"], on)
        }
        self.written: dict[str, str] = {}
        for row in rows:
            for text in (row["Наименование"], *row["Варианты написания"].split("|")):
                self.written[words(text).lower()] = row["Код"]
        schools = table(year / "registry/schools.xlsx", "Код школы")
        self.school = {
            row["Код школы"]: words(row["Наименование"])
            for row in schools
            if holds(row["Действует с"], row["Действует по"], on)
        }
        self.municipality_of = {row["Код школы"]: row["Код муниципалитета"] for row in schools}
        self.by_login = {str(row["Логин ВПР"])[3:]: row["Код школы"] for row in schools}
        self.by_gia = {str(row["Код ГИА"]): row["Код школы"] for row in schools}
        self.project = {
            row["Код школы"]: row["Код муниципалитета"]
            for row in schools
            if row["В проекте с"] and holds(row["В проекте с"], row["В проекте по"], on)
        }
        self.participating = sorted(set(self.project.values()))
        self.roles = [
            row
            for row in table(year / "registry/people.xlsx", "Код лица")
            if holds(row["Действует с"], row["Действует по"], on)
        ]

    def schools_of(self, municipality: str) -> list[str]:
        return [code for code, owner in self.project.items() if owner == municipality]

    def people(self, role: str) -> dict[str, str]:
        """Person → municipality, of those in the role whose municipality takes part."""
        return {
            row["Код лица"]: row["Код муниципалитета"]
            for row in self.roles
            if row["Роль"] == role and row["Код муниципалитета"] in self.participating
        }

    def curated(self) -> dict[str, list[str]]:
        """Curator → names of the schools."""
        found: dict[str, list[str]] = {}
        for row in self.roles:
            if row["Роль"] == "куратор" and row["Код школы"] in self.project:
                found.setdefault(row["Код лица"], []).append(self.school[row["Код школы"]])
        return found
