"""Counts what the generated files say, with openpyxl, csv and calamine only.

Nothing of the generator or of the library is used here: a mistake of theirs must show.
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import openpyxl
import python_calamine
import yaml

Key = tuple[str, str]  # (municipality, school name)
PERCENT = 100


@dataclass
class PaperCount:
    """One paper as its files tell it: counts of marks by the six digits of a login."""

    schools: dict[str, list[int]] = field(default_factory=dict)
    block_of: dict[str, str] = field(default_factory=dict)  # login → municipality's name above it
    totals: dict[str, list[int]] = field(default_factory=dict)  # by name of the total row
    percent_sums: dict[str, float] = field(default_factory=dict)
    spellings: set[str] = field(default_factory=set)  # logins as written
    absent: int = 0
    above_maximum: int = 0


def hashes(folder: Path) -> dict[str, str]:
    """SHA-256 of every file, by its path in the folder."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def sheet_rows(path: Path) -> list[list]:
    """The first sheet's cells by openpyxl."""
    book = openpyxl.load_workbook(path, read_only=True)
    return [list(row) for row in book.worksheets[0].iter_rows(values_only=True)]


def fast_rows(path: Path) -> list[list]:
    book = python_calamine.CalamineWorkbook.from_path(str(path))
    return book.get_sheet_by_index(0).to_python()


def table(rows: list[list], first: str) -> list[dict]:
    """Rows below the heading that begins with `first`, as dicts."""
    place = next(i for i, row in enumerate(rows) if row and row[0] == first)
    heading = [str(cell) for cell in rows[place]]
    return [dict(zip(heading, row, strict=False)) for row in rows[place + 1 :] if any(row)]


def csv_table(path: Path, encoding: str) -> list[dict]:
    with path.open(encoding=encoding, newline="") as file:
        return list(csv.DictReader(file, delimiter=";"))


def number(cell: object) -> float:
    return float(str(cell).replace("\u00a0", "").replace(",", "."))


def marks_export(path: Path) -> PaperCount:
    """An aggregated export; percents with participants give counts back."""
    count = PaperCount()
    block = ""
    for row in table(sheet_rows(path), "Группы участников"):
        label = row["Группы участников"].strip()
        total = number(row["Кол-во участников"])
        shares = [number(row[mark]) for mark in "2345"]
        marks = [round(share * total / PERCENT) for share in shares]
        login = re.search(r"(sch|edu)(\d{6})", label)
        if login is None:
            block = label
            count.totals[label] = marks
            continue
        count.spellings.add(login[0])
        count.schools[login[2]] = marks
        count.block_of[login[2]] = block
        count.percent_sums[login[2]] = sum(shares)
    return count


def protocol(path: Path, scale: dict) -> PaperCount:
    """A pupil protocol of 2020; marks by the scale, absentees and impossible scores apart."""
    count = PaperCount()
    marks: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for row in table(fast_rows(path), "groups"):
        login = re.fullmatch(r"(sch|edu)(\d{6})", row["user"])
        assert login is not None
        count.spellings.add(login[0])
        count.block_of[login[2]] = re.search(r"reg44_vpr_m\d{3}", row["groups"])[0]
        if row["var-1"] == "отсутствовал":
            count.absent += 1
            continue
        score = int(row["sum"])
        if score > scale["max"]:
            count.above_maximum += 1
            continue
        marks[login[2]][sum(score >= scale[m] for m in "345")] += 1
    count.schools = dict(marks)
    return count


def journal_export(path: Path) -> dict[str, list[int]]:
    """Lowered, confirmed, raised by group name; the four rows stand below it."""
    groups: dict[str, list[int]] = {}
    name = ""
    for row in table(sheet_rows(path), "Группы участников"):
        label = row["Группы участников"]
        if row["%"] is None:
            name = label
            groups[name] = []
        else:
            groups[name].append(int(number(row["Кол-во участников"])))
    return groups


def exam(path: Path) -> tuple[str, dict[str, list[int]], int, int]:
    """(subject title, scores by ГИА code, minimum of the trailer, participants of the trailers)."""
    if path.suffix == ".csv":
        with path.open(encoding="cp1251", newline="") as file:
            rows = list(csv.reader(file, delimiter=";"))
    else:
        rows = sheet_rows(path)
    scores: dict[str, list[int]] = defaultdict(list)
    title, minimum, told = "", 0, 0
    heading: list = []
    for row in rows:
        last = next((cell for cell in reversed(row) if cell not in (None, "")), None)
        if re.match(r"\d\d - (?!Костромская)", str(row[0])):
            title = row[0]
        elif row[0] == "№":
            heading = row
        elif row[0] == "Минимальная граница":
            minimum = int(last)
        elif row[0] == "Всего участников":
            told += int(last)
        elif str(row[0]).isdigit():
            values = dict(zip(heading, row, strict=True))
            score = values.get("Балл") or values.get("Тестовый балл") or 0
            scores[values["Код ОО"]].append(int(score))
    return title, dict(scores), minimum, told


def works(path: Path) -> dict[str, list[int]]:
    return {
        str(row["Код ОО"]): [row[mark] for mark in "2345"] + [row["Кол-во участников"]]
        for row in table(sheet_rows(path), "Код ОО")
    }


class Demo:
    """The generated year, read once."""

    def __init__(self, year: Path, root: Path) -> None:
        self.year = year
        self.facts = yaml.safe_load((root / "include/demo/facts.yaml").read_text("utf-8"))
        scales = yaml.safe_load((root / "include/scales/vpr_2020.yaml").read_text("utf-8"))
        self.municipalities = csv_table(year / "registry/municipalities.csv", "utf-8")
        self.schools = table(sheet_rows(year / "registry/schools.xlsx"), "Код школы")
        self.people = table(sheet_rows(year / "registry/people.xlsx"), "Код лица")
        self.by_login = {row["Логин ВПР"][3:]: row for row in self.schools}
        self.by_gia = {row["Код ГИА"]: row for row in self.schools}
        self.by_code = {row["Код школы"]: row for row in self.schools}
        self.papers: dict[str, PaperCount] = {}
        for path in sorted((year / "vpr/marks").glob("vpr_2020_*")):
            self.papers[path.stem.removeprefix("vpr_2020_")] = marks_export(path)
        for path in sorted((year / "vpr/protocols").glob("*ВПР 2020.xlsx")):
            found = re.search(r"по (.+), (\d) класс", path.stem)
            assert found is not None
            code, subject = _SUBJECTS[found[1]]
            self.papers[f"{code}{found[2]}"] = protocol(path, scales[subject][int(found[2])])
        self.exams = {path.stem.removeprefix("ege_2020_"): exam(path)
                      for path in sorted((year / "ege").glob("ege_2020_*"))}  # fmt: skip
        self.works = {code: works(year / f"rdr/dr10_2020_{code}.xlsx") for code in ("ru", "ma")}

    def project(self, day: str = "2021-03-31") -> list[dict]:
        """Schools in the project on that day."""
        return [
            row
            for row in self.schools
            if row["В проекте с"] is not None
            and row["В проекте с"].date().isoformat() <= day
            and (row["В проекте по"] is None or row["В проекте по"].date().isoformat() >= day)
        ]

    def low_and_written(self, school: dict) -> tuple[list[str], list[str], list[str]]:
        """(low papers, papers with a verdict, small papers) of one school, all procedures."""
        login, gia = school["Логин ВПР"][3:], school["Код ГИА"]
        shares: dict[str, tuple[int, int]] = {}
        for code, paper in self.papers.items():
            if login in paper.schools and abs(paper.percent_sums.get(login, 100) - 100) < 1:
                shares[code] = paper.schools[login][0], sum(paper.schools[login])
        for code, (_, scores, minimum, _told) in self.exams.items():
            if gia in scores:
                below = sum(score < minimum for score in scores[gia])
                shares[f"ege_{code}"] = below, len(scores[gia])
        for code, schools in self.works.items():
            if gia in schools:
                shares[f"rdr_{code}"] = schools[gia][0], sum(schools[gia][:4])
        small = [code for code, (_, total) in shares.items() if total < 5]
        judged = [code for code, (_, total) in shares.items() if total >= 5]
        low = [code for code in judged if shares[code][0] * 100 >= 30 * shares[code][1]]
        return sorted(low), sorted(judged), sorted(small)

    def key(self, school: dict) -> str:
        return f"{school['Код муниципалитета']}: {school['Наименование'].strip()}"


_SUBJECTS = {
    "русскому языку": ("ru", "русский язык"),
    "математике": ("ma", "математика"),
    "биологии": ("bi", "биология"),
    "географии": ("gg", "география"),
}


def verdict(low: list[str], judged: list[str]) -> str:
    """The rule of docs/domain.md §4.2: low in two procedures, in one (risk), in none."""
    if not judged:
        return "no_verdict"
    return {0: "not_low", 1: "risk"}.get(len(low), "low")


def count_by(rows: list[dict], column: str) -> Counter:
    return Counter(row[column] for row in rows)
