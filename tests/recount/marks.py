"""Counts what each school got in each paper (docs/domain.md §3, §4): all files of one inbox.

A paper is (procedure, grade, subject), a procedure «vpr/2020/autumn». Counts are summed
before they are divided. A school with fewer than five participants in a paper is shown
nowhere and is in no total but the region's, which is all schools of the region.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from recount.files import Registry, cells, data, number, receipts, table

LEAST = 5  # participants
THRESHOLD = 30  # percent of low results, inclusive
WORSE = 10  # percentage points
LOW = "низкие результаты"  # of a school: in two papers or more
MAIN = ("русский язык", "математика")

Paper = tuple[str, int, str]
Journal = tuple[int, int, int]  # lowered, confirmed, raised


@dataclass(frozen=True)
class Marks:
    """Counts of «2», «3», «4», «5»; `journal`: how they agree with the class journal."""

    counts: tuple[int, int, int, int]
    journal: Journal | None = None

    @property
    def n(self) -> int:
        return sum(self.counts)

    @property
    def low(self) -> int:
        return self.counts[0]

    @property
    def total(self) -> int:
        return sum(mark * n for mark, n in zip((2, 3, 4, 5), self.counts, strict=True))


@dataclass(frozen=True)
class Exam:
    """Test scores: who is below the minimum, the sum, who has 81 to 100."""

    n: int
    low: int
    total: int
    high: int
    minimum: int


Result = Marks | Exam
_OutOfSight = tuple[list[int], dict[str, tuple[int, ...]]]


def added(results: Iterable[Result]) -> Result | None:
    """The sum; of journals only those that compare five marks or more."""
    found = list(results)
    if not found:
        return None
    if all(isinstance(one, Exam) for one in found):
        n, low, total, high = (
            sum(getattr(one, name) for one in found) for name in ("n", "low", "total", "high")
        )
        return Exam(n, low, total, high, found[0].minimum)
    counts = tuple(sum(one.counts[i] for one in found) for i in range(4))
    journals = [one.journal for one in found if one.journal]
    journal = tuple(sum(one[i] for one in journals) for i in range(3)) if journals else None
    return Marks(counts, journal)  # type: ignore[arg-type]


def is_low(result: Result) -> bool:
    return 100 * result.low >= THRESHOLD * result.n


class Results:
    """Every school's results, by paper: those of project schools are `own`.

    `earlier`: of the analyses that were sent before.
    """

    def __init__(self, registry: Registry, root: Path, earlier: Sequence[Results] = ()) -> None:
        self.registry = registry
        self._earlier = tuple(earlier)
        self._shown: dict[tuple[Paper, str | None], Result | None] = {}
        self.came: dict[str, date] = {}  # procedure → day of its latest file
        self._root, self._year = root, registry.year
        self._receipts = receipts(registry.year)
        self.schools: dict[Paper, dict[str, Result]] = {}
        self._journals: dict[Paper, dict[str, Journal]] = defaultdict(dict)
        self._read_vpr()
        self._read_exams()
        self._read_works()
        self._add_appeals()
        self.papers = sorted(self.schools)

    def own(self, paper: Paper, municipality: str | None = None) -> dict[str, Result]:
        """Project schools that wrote the paper, small ones too."""
        project = self.registry.project
        return {
            school: result
            for school, result in self.schools.get(paper, {}).items()
            if school in project and municipality in (None, project[school])
        }

    def total(self, paper: Paper, municipality: str | None = None) -> Result | None:
        """Of project schools that are not small; None when there are none."""
        shown = [one for one in self.own(paper, municipality).values() if one.n >= LEAST]
        return added(
            Marks(one.counts, one.journal if one.journal and sum(one.journal) >= LEAST else None)
            if isinstance(one, Marks)
            else one
            for one in shown
        )

    def region(self, paper: Paper) -> Result | None:
        return added(self.schools.get(paper, {}).values())

    def region_for(self, paper: Paper, municipality: str | None) -> Result | None:
        """None where it would give away the one school that is elsewhere, or a few pupils to who
        subtracts an earlier letter."""
        key = paper, municipality
        if key not in self._shown:
            self._shown[key] = self._region_for(paper, municipality)
        return self._shown[key]

    def _region_for(self, paper: Paper, municipality: str | None) -> Result | None:
        elsewhere = [
            one.n
            for school, one in self.schools.get(paper, {}).items()
            if self.registry.municipality_of[school] != municipality
        ]
        if municipality is not None and (len(elsewhere) < 2 or sum(elsewhere) < LEAST):
            return None
        if municipality is not None and any(
            before.region_for(paper, municipality) is not None
            and self._gives_away(before, paper, municipality)
            for before in self._earlier
            if paper in before.schools
        ):
            return None
        return self.region(paper)

    def _gives_away(self, before: Results, paper: Paper, municipality: str) -> bool:
        """Fewer than five moved out of sight, or hid that hidden schools of its own did."""
        pairs = zip(
            before._out_of_sight(paper, municipality),
            self._out_of_sight(paper, municipality),
            strict=True,
        )
        for (then_all, then_hidden), (now_all, now_hidden) in pairs:
            moved = [b - a for a, b in zip(then_all, now_all, strict=True)]
            sums = [
                [sum(one) for one in zip(*h.values(), strict=True)]
                for h in (then_hidden, now_hidden)
            ]
            was, now = (one or [0] * len(moved) for one in sums)
            of_hidden = [b - a for a, b in zip(was, now, strict=True)]
            if set(then_hidden) == set(now_hidden) and not any(moved + of_hidden):
                continue
            if abs(moved[0]) < LEAST or abs(moved[0] - of_hidden[0]) < LEAST:
                return True
        return False

    def _out_of_sight(self, paper: Paper, municipality: str) -> list[_OutOfSight]:
        """Of results and of journals: the sums of schools that are not shown to it, number of
        pupils first, and its own schools among them that are small."""
        own = self.own(paper, municipality)
        sums = [[0] * 5, [0] * 4]
        hidden: list[dict[str, tuple[int, ...]]] = [{}, {}]
        for school, result in self.schools[paper].items():
            if isinstance(result, Exam):
                counts: tuple[int, ...] = (result.n, result.low, result.total, result.high, 0)
                journal = None
            else:
                counts, journal = (result.n, *result.counts), result.journal
            marks = (sum(journal), *journal) if journal else (0,) * 4
            for part, vector in enumerate((counts, marks)):
                is_small = result.n < LEAST or 0 < vector[0] < LEAST
                if school in own and not is_small:
                    continue
                sums[part] = [a + b for a, b in zip(sums[part], vector, strict=True)]
                if school in own and vector[0]:
                    hidden[part][school] = vector
        return list(zip(sums, hidden, strict=True))

    def verdict(self, school: str, procedures: Iterable[str]) -> tuple[int, int, str]:
        """(papers judged, low papers, verdict) by the rule of docs/domain.md §4.2."""
        judged = [
            results[school]
            for paper, results in self.schools.items()
            if paper[0] in procedures and school in results and results[school].n >= LEAST
        ]
        low = sum(map(is_low, judged))
        if not judged:
            return 0, 0, "вывод не делается"
        words = {0: "порог не достигнут", 1: "группа риска"}
        return len(judged), low, words.get(low, LOW)

    # -- Reading -----------------------------------------------------------------------------

    def _keep(self, path: Path, paper: Paper, found: dict[str, Result]) -> None:
        assert paper not in self.schools, f"{paper} comes from two files"
        self.schools[paper] = found
        name = path.relative_to(self._year).as_posix()
        self.came[paper[0]] = max(self.came.get(paper[0], date.min), self._receipts[name])

    def _files(self, folder: str) -> list[Path]:
        found = self._year / folder
        return sorted(found.iterdir()) if found.is_dir() else []

    def _belongs(self, school: str | None, written: str) -> bool:
        """Whether a row is the school's: known, and under its own municipality."""
        if school is None:
            return False
        under = self.registry.written.get(written.strip().lower())
        return under is None or under == self.registry.municipality_of[school]

    def _read_vpr(self) -> None:
        counts: dict[Paper, tuple[Path, dict[str, tuple[int, ...]]]] = {}
        for path in self._files("vpr/marks"):
            paper = _vpr_title(path)
            counts[paper] = path, {}
            for school, row in self._groups(path):
                n, shares = number(row["Кол-во участников"]), [number(row[m]) for m in "2345"]
                if abs(sum(shares) - 100) > 0.2001:
                    continue  # shares that do not make 100
                marks = tuple(round(share * n / 100) for share in shares)
                assert sum(marks) == n, (path.name, school)
                counts[paper][1][school] = marks
        for path in self._files("vpr/journal"):
            self._read_journal(path)
        for path in self._files("vpr/protocols"):
            paper, marks, journals = self._protocol(path)
            counts[paper] = path, marks
            self._journals[paper] = journals
        for paper, (path, found) in counts.items():
            journals = self._journals[paper]
            self._keep(
                path,
                paper,
                {s: Marks(m, journals.get(s)) for s, m in found.items() if sum(m)},  # type: ignore[arg-type]
            )

    def _groups(self, path: Path) -> list[tuple[str, dict[str, Any]]]:
        """(school, row) of an export; a municipality's row stands above its schools."""
        found, above = [], ""
        for row in table(path, "Группы участников"):
            label = str(row["Группы участников"])
            login = re.search(r"(?:sch|edu)(\d{6})", label)
            if login is None:
                above = label
            elif self._belongs(school := self.registry.by_login.get(login[1]), above):
                found.append((school, row))
        return found  # type: ignore[return-value]

    def _read_journal(self, path: Path) -> None:
        """Four rows below each group: lowered, confirmed, raised, all."""
        paper, above, school = _vpr_title(path), "", None
        found: dict[str, dict[str, int]] = defaultdict(dict)
        for row in table(path, "Группы участников"):
            label = str(row["Группы участников"])
            part = label.split()[0]
            if part in {"Понизили", "Подтвердили", "Повысили", "Всего"}:
                if school is not None:
                    found[school][part] = round(number(row["Кол-во участников"]))
                continue
            login = re.search(r"(?:sch|edu)(\d{6})", label)
            above = above if login else label
            known = self.registry.by_login.get(login[1]) if login else None
            school = known if self._belongs(known, above) else None
        for school, parts in found.items():
            three = parts["Понизили"], parts["Подтвердили"], parts["Повысили"]
            assert sum(three) == parts["Всего"], (path.name, school)
            if sum(three):
                self._journals[paper][school] = three

    def _protocol(self, path: Path) -> tuple[Paper, dict[str, tuple[int, ...]], dict[str, Journal]]:
        """One row a pupil, layouts of 2020 and 2021."""
        name = re.search(r"по (.+), (\d) класс.* ВПР (\d{4})", path.stem)
        assert name is not None, path.name
        grade, year = int(name[2]), int(name[3])
        scales = data(self._root / f"include/scales/vpr_{year}.yaml")
        subject = _DATIVE[name[1]]
        scale = scales[subject][grade]
        if year == 2020:
            rows, columns = table(path, "groups"), ("user", "groups", "otc", "var-1", "sum")
        else:
            rows = table(path, "логин школы")
            columns = (
                "логин школы", "регион", "отметка за предыдущую четверть/триместр", "вариант",
                "всего баллов",
            )  # fmt: skip
        marks: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
        journal: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
        seen = set()
        for row in rows:
            login, place, before, variant, score = (row[column] for column in columns)
            if variant == "отсутствовал":
                continue
            pupil = tuple(row.values())
            if year == 2020 and pupil in seen:
                continue  # the same row twice
            seen.add(pupil)
            if year == 2020:
                place = next((g for g in place.split(",") if "_m" in g), "")
            school = self.registry.by_login.get(login[3:])
            if int(score) > scale["max"] or not self._belongs(school, place):
                continue  # an impossible score; nobody's pupil
            assert school is not None
            step = sum(int(score) >= scale[mark] for mark in "345")
            marks[school][step] += 1
            was = re.sub(r"\s", "", str(before)).replace("З", "3").removesuffix(".0")
            if was in {"2", "3", "4", "5"}:
                journal[school][1 + (step + 2 > int(was)) - (step + 2 < int(was))] += 1
        wave = "autumn" if year == 2020 else "spring"
        return (
            (f"vpr/{year}/{wave}", grade, subject),
            {school: tuple(counts) for school, counts in marks.items()},
            {school: tuple(counts) for school, counts in journal.items() if sum(counts)},  # type: ignore[misc]
        )

    def _read_exams(self) -> None:
        for folder in ("ege", "oge"):
            for path in self._files(folder):
                found, stated = self._exam_rows(path)
                if stated != len(found["rows"]):
                    continue  # cut off: «Всего участников» tells more
                paper = (f"{folder}/{found['year']}/main", found["grade"], found["subject"])
                by_school: dict[str, list[int]] = defaultdict(list)
                for school, value in found["rows"]:
                    if school is not None:
                        by_school[school].append(value)
                if folder == "oge":
                    self._keep(path, paper, {s: _marks(v) for s, v in by_school.items()})
                    continue
                minimum = data(self._root / f"include/scales/ege_{found['year']}.yaml")[paper[2]]
                self._keep(path, paper, {s: _scores(v, minimum) for s, v in by_school.items()})

    def _exam_rows(self, path: Path) -> tuple[dict[str, Any], int]:
        """Rows as (school or None, mark or score), and what «Всего участников» tells."""
        found: dict[str, Any] = {"rows": [], "grade": 9 if path.parent.name == "oge" else 11}
        stated, heading = 0, []
        for row in cells(path):
            first = str(row[0])
            title = re.match(r"\d\d - (.+?) (?:п\.: )?(\d{4})\.\d\d\.\d\d", first)
            filled = [cell for cell in row if cell not in ("", None)]
            if title:
                found["subject"], found["year"] = _subject(title[1]), int(title[2])
            elif first == "№":
                heading = [str(cell) for cell in row]
            elif first == "Всего участников":
                stated += int(number(filled[-1]))
            elif re.fullmatch(r"\d+(\.0)?", first):
                values = dict(zip(heading, row, strict=False))
                value = next(values[c] for c in ("Оценка", "Балл", "Тестовый балл") if c in values)
                school = self.registry.by_gia.get(str(values["Код ОО"]).removesuffix(".0"))
                under = str(values.get("Код МСУ", "")).removesuffix(".0")
                found["rows"].append(
                    (school if self._belongs(school, under) else None, int(number(value)))
                )
        return found, stated

    def _read_works(self) -> None:
        for path in self._files("rdr"):
            found: dict[str, Result] = {}
            paper: Paper | None = None
            for row in table(path, "Код ОО"):
                held = row["Дата"]
                held = held if isinstance(held, date) else date(*_dmy(held))
                wave = "spring" if held.month < 8 else "autumn"
                paper = (
                    f"rdr/{held.year}/{wave}",
                    int(number(row["Класс"])),
                    _subject(row["Предмет"]),
                )
                counts = tuple(int(number(row[mark])) for mark in "2345")
                school = self.registry.by_gia.get(str(row["Код ОО"]).removesuffix(".0"))
                if sum(counts) != number(row["Кол-во участников"]):
                    continue  # the marks do not make the participants
                if self._belongs(school, str(row["Муниципалитет"])) and sum(counts):
                    found[str(school)] = Marks(counts)  # type: ignore[arg-type]
            if paper is not None:
                self._keep(path, paper, found)

    def _add_appeals(self) -> None:
        """Satisfied appeals move a pupil from one mark or score to another."""
        for path in self._files("appeals"):
            rows, came = cells(path), self._receipts[path.relative_to(self._year).as_posix()]
            place = next(i for i, row in enumerate(rows) if "Состояние" in row)
            heading = list(rows[place])
            at = {title: column for column, title in enumerate(heading)}
            title = next(
                m
                for row in rows
                if (m := re.match(r"\d\d - (.+?) (\d{4})\.\d\d\.\d\d", str(row[0])))
            )
            kind, grade = ("oge", 9) if path.name.startswith("oge") else ("ege", 11)
            paper = (f"{kind}/{title[2]}/main", grade, _subject(title[1]))
            self.came[paper[0]] = max(self.came[paper[0]], came)
            for row in rows[place + 2 :]:
                school = self.registry.by_gia.get(str(row[at["Код ОО"]]).removesuffix(".0"))
                if row[at["Состояние"]] != "Апелляция удовлетворена" or school is None:
                    continue
                before = int(number(row[at["Балл до изменения"]]))
                now = int(number(row[at["Текущие"] + 1]))
                self.schools[paper][school] = _moved(self.schools[paper][school], before, now)


def _moved(result: Result, before: int, now: int) -> Result:
    if isinstance(result, Marks):
        counts = list(result.counts)
        counts[before - 2] -= 1
        counts[now - 2] += 1
        return Marks(tuple(counts), result.journal)  # type: ignore[arg-type]
    return Exam(
        result.n,
        result.low + (now < result.minimum) - (before < result.minimum),
        result.total + now - before,
        result.high + (now > 80) - (before > 80),
        result.minimum,
    )


def _marks(values: list[int]) -> Marks:
    return Marks(tuple(values.count(mark) for mark in (2, 3, 4, 5)))  # type: ignore[arg-type]


def _scores(values: list[int], minimum: int) -> Exam:
    below = sum(score < minimum for score in values)
    return Exam(len(values), below, sum(values), sum(score > 80 for score in values), minimum)


def _vpr_title(path: Path) -> Paper:
    found = re.match(r"ВПР (\d{4}) (.+) (\d+) класс", str(cells(path)[0][0]))
    assert found is not None, path.name
    wave = "autumn" if found[1] == "2020" else "spring"
    return f"vpr/{found[1]}/{wave}", int(found[3]), _subject(found[2])


def _subject(written: str) -> str:
    """«Информатика и ИКТ (КЕГЭ)» → «информатика»."""
    name = written.strip().lower().split(" и икт")[0]
    return name.removesuffix(" профильная")


def _dmy(written: Any) -> tuple[int, int, int]:
    day, month, year = str(written).split(".")
    return int(year), int(month), int(day)


_DATIVE = {
    "русскому языку": "русский язык",
    "математике": "математика",
    "биологии": "биология",
    "географии": "география",
}
