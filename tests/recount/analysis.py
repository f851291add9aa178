"""What each table of an analysis must hold: March (measure 7) and August (measure 14)."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from fractions import Fraction
from math import sqrt
from typing import Any

from recount.files import words
from recount.marks import LEAST, MAIN, WORSE, Exam, Journal, Marks, Paper, Result, Results, is_low

REGION = "region"
NOT_HELD, SUPPRESSED, EMPTY = ("not_held",), ("suppressed",), ""
SMALL_ROW = "менее 5 участников, показатели не приводятся"
HIDDEN_AGAIN = "по разнице с прежним письмом стали бы известны результаты отдельных участников"
REGION_AGAIN = f"показатели не приводятся: {HIDDEN_AGAIN}"
NOTHING_LEFT = "во всех школах менее 5 участников, показатели не приводятся"

Cell = Any
Row = tuple[str, tuple[Cell, ...]]  # (label of the group above, cells)


def share(numerator: int, denominator: int) -> Cell:
    return ("share", numerator, denominator)


def bold(value: Cell) -> Cell:
    """The only emphasis: the threshold is reached, or low results grew much."""
    return ("!", value)


def title(text: str) -> str:
    return text[:1].upper() + text[1:]


def wilson(low: int, n: int) -> str:
    """The 95 % interval of a share by Wilson, in percent: «12,4–40,0»."""
    z, p = 1.959963984540054, low / n
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    ends = (max(0.0, middle - half), min(1.0, middle + half))
    return "–".join(f"{100 * end:.1f}".replace(".", ",") for end in ends)


class Analysis:
    """`unit`: a municipality's code, or region for the department, which sees all."""

    def __init__(self, results: Results, phase: dict[str, Any], unit: str) -> None:
        self.results, self.phase, self.unit = results, phase, unit
        self.registry = results.registry
        self.is_region = unit == REGION
        self.procedures = {f"{p['kind']}/{p['year']}/{p['wave']}": p for p in phase["procedures"]}
        self.place = None if self.is_region else unit
        self.papers = [
            paper
            for paper in results.papers
            if paper[0] in self.procedures and results.own(paper, self.place)
        ]
        self.units = self.registry.participating if self.is_region else [unit]
        self.previous = {
            comparison["current"]: comparison["previous"]
            for comparison in phase.get("comparisons", ())
            if "not_comparable" not in comparison
        }

    # -- Units ---------------------------------------------------------------------------

    def schools(self) -> dict[str, str]:
        """Project schools that the addressee sees, with their names."""
        return {
            code: self.registry.school[code]
            for unit in self.units
            for code in self.registry.schools_of(unit)
        }

    def place_name(self, unit: str) -> str:
        return title(words(self.registry.name[unit]))

    def verdict(self, school: str) -> tuple[int, int, str]:
        return self.results.verdict(school, self.procedures)

    def star(self, paper: Paper, unit: str | None) -> str:
        """A total that leaves small schools out says so."""
        return "*" if any(r.n < LEAST for r in self.results.own(paper, unit).values()) else ""

    def _units(self, paper: Paper) -> Iterator[tuple[str, str, Result | None]]:
        """(level, label, result) in a table of the document; None: may not be shown."""
        own = self.results.own(paper, self.place)
        if self.is_region:
            if paper[1] != 11 and paper[2] in MAIN:
                for unit in self.units:
                    if self.results.own(paper, unit):
                        label = self.place_name(unit) + self.star(paper, unit)
                        yield "municipality", label, self.results.total(paper, unit)
            label = "Школы проекта"
        else:
            for school, result in own.items():
                shown = result if result.n >= LEAST else None
                yield "school", self.registry.school[school], shown
            label = "Муниципалитет"
        yield "total", label + self.star(paper, self.place), self.results.total(paper, self.place)
        yield "region", "Регион", self.results.region_for(paper, self.place)

    # -- Results -------------------------------------------------------------------------

    def results_table(self, procedure: str, grade: int) -> list[Row]:
        rows: list[Row] = []
        for paper in self.papers:
            if paper[:2] != (procedure, grade):
                continue
            group = self._group(paper)
            rows.append((group, (group,)))
            for level, label, result in self._units(paper):
                if result is None:
                    hidden = {"school": SMALL_ROW, "region": REGION_AGAIN}.get(level, NOTHING_LEFT)
                    rows.append((group, (label, hidden)))
                else:
                    rows.append((group, (label, *self._values(result, level))))
        return rows

    def _group(self, paper: Paper) -> str:
        result = self.results.region(paper)
        if isinstance(result, Exam):
            return f"{title(paper[2])}, минимальный балл — {result.minimum}"
        return title(paper[2])

    def _values(self, result: Result, level: str) -> tuple[Cell, ...]:
        low = share(result.low, result.n)
        if level == "school" and is_low(result):
            low = bold(low)
        if isinstance(result, Exam):
            return (
                result.n, result.low, low, ("mean", result.total, result.n, 1), result.high,
            )  # fmt: skip
        _, three, four, five = result.counts
        rest = (three, four, five, three + four + five, four + five)
        return (
            result.n, low, *(share(one, result.n) for one in rest),
            ("mean", result.total, result.n, 2),
        )  # fmt: skip

    def sheet(self, exams: bool) -> list[Row]:
        """«Отметки» or «ЕГЭ» of the appendix: every school, the total, the region."""
        rows: list[Row] = []
        for paper in self.papers:
            if (paper[0][:3] == "ege") != exams:
                continue
            lead = (self.short(paper[0]), paper[1], title(paper[2]))
            for place, level, unit, label in self._sheet_units(paper):
                result = self._of(level, unit, paper)
                rows.append(("", (*place, label, *lead, *self._sheet_values(result, level, exams))))
        return rows

    def _sheet_units(self, paper: Paper) -> Iterator[tuple[tuple[str, ...], str, str | None, str]]:
        """(municipality's column, level, unit, label) of the rows of one paper in the appendix."""
        for school in self.results.own(paper, self.place):
            unit = self.registry.project[school]
            yield self._lead(unit), "school", school, self.registry.school[school]
        for unit in self.units:
            if self.results.own(paper, unit):
                label = "Муниципальное образование" + self.star(paper, unit)
                yield self._lead(unit), "total", unit, label
        if self.is_region:
            yield self._lead(""), "total", None, "Школы проекта" + self.star(paper, None)
        yield self._lead(""), "region", None, "Регион"

    def _lead(self, unit: str) -> tuple[str, ...]:
        """The column «Муниципалитет», which only the department's sheets have."""
        if not self.is_region:
            return ()
        return (self.place_name(unit),) if unit else ("",)

    def _sheet_values(self, result: Result | None, level: str, exams: bool) -> tuple[Cell, ...]:
        if result is None:
            sign = NOT_HELD if level == "region" else SUPPRESSED
            return (sign, *[EMPTY] * (5 if exams else 12))
        if isinstance(result, Exam):
            n, low, low_share, mean, high = self._values(result, level)
            return n, result.minimum, low, low_share, mean, high
        n, low_share, *rest = self._values(result, level)
        journal: tuple[Cell, ...] = (NOT_HELD,) * 3
        if result.journal is not None and sum(result.journal) >= LEAST:
            journal = tuple(share(one, sum(result.journal)) for one in result.journal)
        return (n, result.low, low_share, wilson(result.low, result.n), *rest, *journal)

    def short(self, procedure: str) -> str:
        return str(self.procedures[procedure]["short_title"])

    def journal(self) -> list[Row]:
        """Agreement with the class journal, summed over papers (docs/domain.md §4.1)."""
        rows: list[Row] = []
        groups = {"Русский язык": MAIN[:1], "Математика": MAIN[1:], "Другие предметы": None}
        for group, subjects in groups.items():
            sums: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
            for paper in self.papers:
                if (paper[2] not in MAIN) if subjects is None else (paper[2] in subjects):
                    for label, journal in self._journals(paper):
                        sums[label] = [a + b for a, b in zip(sums[label], journal, strict=True)]
            if set(sums) <= {"Регион"}:
                continue
            rows.append((group, (group,)))
            for label, three in sums.items():
                n = sum(three)
                rows.append((group, (label, n, *(share(one, n) for one in three))))
        return rows

    def _journals(self, paper: Paper) -> Iterator[tuple[str, Journal]]:
        if self.is_region:
            for unit in self.units:
                total = self.results.total(paper, unit)
                if isinstance(total, Marks) and total.journal:
                    yield self.place_name(unit), total.journal
        else:
            for school, result in self.results.own(paper, self.place).items():
                journal = result.journal if isinstance(result, Marks) else None
                if result.n >= LEAST and journal and sum(journal) >= LEAST:
                    yield self.registry.school[school], journal
        total = self.results.total(paper, self.place)
        if isinstance(total, Marks) and total.journal:
            yield "Школы проекта" if self.is_region else "Муниципалитет", total.journal
        region = self.results.region_for(paper, self.place)
        if isinstance(region, Marks) and region.journal:
            yield "Регион", region.journal

    # -- Overviews -----------------------------------------------------------------------

    def works(self, procedure: str, schools: list[str]) -> list[int]:
        """Participants of every school and paper of the procedure."""
        return [
            self.results.schools[paper][school].n
            for paper in self.papers
            if paper[0] == procedure
            for school in schools
            if school in self.results.schools[paper]
        ]

    def sources(self) -> list[Row]:
        rows: list[Row] = []
        for key, procedure in self.procedures.items():
            if "not_held" in procedure:
                rows.append(("", (procedure["title"], NOT_HELD, NOT_HELD, NOT_HELD)))
                continue
            schools = list(self.schools())
            wrote = [school for school in schools if self.works(key, [school])]
            came = ("day", self.results.came[key].isoformat())
            rows.append(("", (procedure["title"], came, len(wrote), self._works(key, schools))))
        return rows

    def participants(self) -> list[Row]:
        held = [key for key, procedure in self.procedures.items() if "not_held" not in procedure]
        return [
            ("", (name, *(self._works(key, [school]) for key in held)))
            for school, name in self.schools().items()
        ]

    def _works(self, procedure: str, schools: list[str]) -> Cell:
        """How many works may be counted."""
        works = self.works(procedure, schools)
        shown = [n for n in works if n >= LEAST]
        return sum(shown) if shown else SUPPRESSED if works else NOT_HELD

    def municipalities(self) -> list[Row]:
        order = ("низкие результаты", "группа риска", "порог не достигнут", "вывод не делается")
        rows: list[Row] = []
        sums = [0] * 5
        for unit in self.units:
            verdicts = [self.verdict(school)[2] for school in self.registry.schools_of(unit)]
            counts = [len(verdicts), *(verdicts.count(one) for one in order)]
            sums = [a + b for a, b in zip(sums, counts, strict=True)]
            rows.append(("", (self.place_name(unit), *counts)))
        return [*rows, ("", ("Всего", *sums))]

    def verdicts(self) -> list[Row]:
        rows: list[Row] = []
        for unit in self.units:
            group = self.place_name(unit)
            rows.append((group, (group,)))
            for school in self.registry.schools_of(unit):
                rows.append((group, (self.registry.school[school], *self.verdict(school))))
        return rows

    def letter(self, caption: str) -> list[Row]:
        """The two main subjects of one programme."""
        grade = re.search(r"программа (\d+) класса", caption)
        assert grade is not None, caption
        procedure = next(key for key in self.procedures if self.short(key) in caption)
        papers = [(procedure, int(grade[1]), subject) for subject in MAIN]
        if self.is_region:
            rows = [
                (
                    "",
                    (
                        self.place_name(unit),
                        *(self._shown("total", unit, paper) for paper in papers),
                    ),
                )
                for unit in self.units
            ]
        else:
            rows = [
                ("", (name, *(self._school_low(paper, school) for paper in papers)))
                for school, name in self.schools().items()
            ]
        total = "Школы проекта" if self.is_region else "Ваше муниципальное образование"
        if len(rows) > 1:  # the total of one school is the school
            totals = (self.results.total(paper, self.place) for paper in papers)
            rows.append(("", (total, *(self._low(one) for one in totals))))
        regions = (self.results.region_for(paper, self.place) for paper in papers)
        shares = (NOT_HELD if one is None else self._low(one) for one in regions)
        rows.append(("", ("В среднем по региону", *shares)))
        return rows

    def _low(self, result: Result | None) -> Cell:
        return SUPPRESSED if result is None else share(result.low, result.n)

    def _school_low(self, paper: Paper, school: str) -> Cell:
        low, result = self._shown("school", school, paper), self._of("school", school, paper)
        return bold(low) if result is not None and is_low(result) else low

    # -- A school's own page -----------------------------------------------------------------

    def work_title(self, paper: Paper) -> str:
        """«ВПР, программа 5 класса», «ЕГЭ», «ДР-10»."""
        kind, grade = paper[0][:3], paper[1]
        names = {"ege": "ЕГЭ", "oge": "ОГЭ", "rdr": "ДР-10" if grade == 10 else "КР-9"}
        return names.get(kind, f"ВПР, программа {grade} класса")

    def school_main(self, school: str) -> list[Row]:
        procedure = next(key for key in self.procedures if key.startswith("vpr"))
        rows: list[Row] = []
        for grade in range(4, 9):
            papers = [(procedure, grade, subject) for subject in MAIN]
            if any(school in self.results.schools.get(paper, {}) for paper in papers):
                cells = [cell for paper in papers for cell in self._school_cells(paper, school)]
                rows.append(("", (f"{grade} класса", *cells)))
        return rows

    def school_other(self, school: str) -> list[Row]:
        rows: list[Row] = []
        for paper in self.papers:
            result = self.results.schools[paper].get(school)
            is_main = paper[0].startswith("vpr") and paper[2] in MAIN
            if result is None or result.n < LEAST or is_main:
                continue
            label = f"{title(paper[2])} ({self.work_title(paper)})"
            rows.append(("", (label, *self._school_cells(paper, school))))
        return rows

    def _school_cells(self, paper: Paper, school: str) -> tuple[Cell, ...]:
        """Participants, low results, the region, and in August the change."""
        width = 4 if self.previous else 3
        result = self.results.schools.get(paper, {}).get(school)
        if result is None:
            return (NOT_HELD,) * width
        region = self.results.region_for(paper, self.place)
        of_region = share(region.low, region.n) if region else NOT_HELD
        if result.n < LEAST:
            return (SUPPRESSED, SUPPRESSED, of_region, NOT_HELD)[:width]
        cells = (result.n, self._school_low(paper, school), of_region)
        return (*cells, self.change("school", school, paper)[2]) if self.previous else cells

    # -- Dynamics ----------------------------------------------------------------------------

    def before(self, paper: Paper) -> Paper | None:
        previous = self.previous.get(paper[0])
        if previous is None:
            return None
        return f"{previous['kind']}/{previous['year']}/{previous['wave']}", paper[1], paper[2]

    def change(self, level: str, unit: str | None, paper: Paper) -> tuple[Cell, Cell, Cell]:
        """(then, now, change): no change where a year is hidden, not written, or another exam."""
        earlier = self.before(paper)
        if earlier is None:
            return NOT_HELD, NOT_HELD, NOT_HELD
        then, now = (self._of(level, unit, one) for one in (earlier, paper))
        cells = [self._shown(level, unit, one) for one in (earlier, paper)]
        if then is None or now is None or self.is_other_exam(paper, earlier):
            return cells[0], cells[1], NOT_HELD
        points = ("points", (then.low, then.n), (now.low, now.n))
        is_worse = self.points(then, now) >= WORSE
        return cells[0], cells[1], bold(points) if is_worse and level == "school" else points

    @staticmethod
    def points(then: Result, now: Result) -> Fraction:
        return 100 * (Fraction(now.low, now.n) - Fraction(then.low, then.n))

    def without_exams(self) -> set[str]:
        """Procedures whose results are marks."""
        return {procedure for procedure in self.procedures if not procedure.startswith("ege")}

    def is_compared(self, school: str) -> bool:
        """Whether a paper of the school can be set beside that of the year before."""
        return any(self.change("school", school, p)[2] != NOT_HELD for p in self.papers)

    def has_grown(self, school: str) -> bool:
        """Whether low results grew by ten points in a paper of the school."""
        return any(self.change("school", school, paper)[2][0] == "!" for paper in self.papers)

    def is_other_exam(self, paper: Paper, earlier: Paper) -> bool:
        """The minimum score of the year before was another."""
        then, now = self.results.region(earlier), self.results.region(paper)
        if isinstance(then, Exam) and isinstance(now, Exam):
            return then.minimum != now.minimum
        return False

    def _of(self, level: str, unit: str | None, paper: Paper) -> Result | None:
        """The result when it may be shown."""
        if level == "school":
            result = self.results.schools.get(paper, {}).get(str(unit))
            return result if result is not None and result.n >= LEAST else None
        if level == "region":
            return self.results.region_for(paper, self.place)
        return self.results.total(paper, unit)

    def _shown(self, level: str, unit: str | None, paper: Paper) -> Cell:
        result = self._of(level, unit, paper)
        if result is not None:
            return share(result.low, result.n)
        if level == "region":
            return NOT_HELD  # an earlier letter has it otherwise
        if level == "school":
            wrote = unit in self.results.schools.get(paper, {})
        else:
            wrote = bool(self.results.own(paper, unit))
        return SUPPRESSED if wrote else NOT_HELD

    def _change_units(self, papers: list[Paper]) -> Iterator[tuple[str, str | None, str]]:
        """(level, unit, label) of those that wrote one of the papers now."""
        star = "*" if any(self.star(paper, self.place) for paper in papers) else ""
        if self.is_region:
            for unit in self.units:
                if any(p[2] in MAIN and self.results.own(p, unit) for p in papers):
                    small = "*" if any(self.star(paper, unit) for paper in papers) else ""
                    yield "municipality", unit, self.place_name(unit) + small
            yield "total", None, f"Школы проекта{star}"
        else:
            for school, name in self.schools().items():
                if any(school in self.results.schools.get(paper, {}) for paper in papers):
                    yield "school", school, name
            yield "total", self.place, f"Муниципалитет{star}"
        yield "region", None, "Регион"

    def dynamics_main(self, procedure: str) -> list[Row]:
        rows: list[Row] = []
        for grade in range(4, 9):
            papers = [p for p in self.papers if p[:2] == (procedure, grade) and p[2] in MAIN]
            if not papers:
                continue
            papers.sort(key=lambda paper: MAIN.index(paper[2]))
            group = f"Программа {grade} класса"
            rows.append((group, (group,)))
            for level, unit, label in self._change_units(papers):
                cells = [c for paper in papers for c in self.change(level, unit, paper)]
                rows.append((group, (label, *cells)))
        return rows

    def dynamics_other(self, procedure: str) -> list[Row]:
        """Papers in which something can be compared: for ЕГЭ all of them, else not the main."""
        rows: list[Row] = []
        is_exam = procedure.startswith("ege")
        for paper in self.papers:
            if paper[0] != procedure or (not is_exam and paper[2] in MAIN):
                continue
            found = []
            for level, unit, label in self._change_units([paper]):
                if level != "municipality":
                    found.append((level, label, self.change(level, unit, paper)))
            if all(one[2][2] == NOT_HELD for one in found if one[0] != "region"):
                continue
            name = title(paper[2])
            group = name if is_exam else f"{name}, программа {paper[1]} класса"
            rows.append((group, (group,)))
            rows.extend((group, (label, *cells)) for _, label, cells in found)
        return rows

    def dynamics_sheet(self) -> list[Row]:
        """All that has something to be set beside, with the reason where it can't be compared."""
        rows: list[Row] = []
        for paper in self.papers:
            earlier = self.before(paper)
            if earlier is None:
                continue
            lead = (
                self.short(paper[0]), paper[1], title(paper[2]),
                self.previous[paper[0]]["short_title"],
            )  # fmt: skip
            for place, level, unit, label in self._sheet_units(paper):
                then, now = (self._three(level, unit, one) for one in (earlier, paper))
                points = self.change(level, unit, paper)[2]
                cells = (*place, label, *lead, *then, *now, points)
                rows.append(("", (*cells, *self._signs(level, unit, paper, earlier))))
        return rows

    def _three(self, level: str, unit: str | None, paper: Paper) -> tuple[Cell, ...]:
        result = self._of(level, unit, paper)
        if result is None:
            return self._shown(level, unit, paper), EMPTY, EMPTY
        return result.n, result.low, share(result.low, result.n)

    def _signs(self, level: str, unit: str | None, paper: Paper, earlier: Paper) -> tuple[str, str]:
        """«Признак» and «Почему не сравнивается»."""
        then, now = self._of(level, unit, earlier), self._of(level, unit, paper)
        sign = []
        reason = ""
        if level != "region" and self._shown(level, unit, earlier) == NOT_HELD:
            reason = "в предыдущий раз не писали"
        elif self.is_other_exam(paper, earlier):
            reason = "изменился минимальный балл"
        elif level == "region" and (then is None or now is None):
            reason = HIDDEN_AGAIN
        elif then is None or now is None:
            reason = "менее 5 участников в одном из годов"
        elif self.points(then, now) >= WORSE:
            sign.append("рост на 10 п. п. и более")
        years = (then, now) if level == "school" else ()
        if years and all(one is not None and is_low(one) for one in years):
            sign.append("порог в оба года")
        return "; ".join(sign), reason

    def dynamics_schools(self) -> list[Row]:
        """The region's list: each school and paper in which low results grew by ten points."""
        rows: list[Row] = []
        for unit in self.units:
            group = self.place_name(unit)
            found: list[Row] = []
            for school in self.registry.schools_of(unit):
                for paper in self.papers:
                    then, now, points = self.change("school", school, paper)
                    earlier = self.before(paper)
                    if earlier is None or points == NOT_HELD:
                        continue
                    sign = self._signs("school", school, paper, earlier)[0]
                    if sign:
                        label = f"{title(paper[2])} ({self.work_title(paper)})"
                        name = self.registry.school[school]
                        plain = points[1] if points[0] == "!" else points
                        found.append((group, (name, label, then, now, plain, sign)))
            if found:
                rows += [(group, (group,)), *found]
        return rows

    # -- Figures -----------------------------------------------------------------------------

    def bars(self, paper: Paper) -> list[tuple[str, Cell]]:
        """Schools and the region, the main subjects."""
        if paper[2] not in MAIN:
            return []
        found = [
            (name, self._school_low(paper, school))
            for school, name in self.schools().items()
            if school in self.results.schools[paper]
        ]
        region = self.results.region_for(paper, self.place)
        return [*found, ("Регион", share(region.low, region.n))] if region else found

    def pairs(self, procedure: str, which: str) -> list[tuple[str, str, Cell]]:
        """(subject, programme or school, (then, now, whether it is much worse))."""
        found = []
        for paper in self.papers:
            if paper[0] != procedure:
                continue
            if which == "totals":
                then, now, points = self.change("total", self.place, paper)
                label = f"Программа {paper[1]} класса"
                found.append((title(paper[2]), label, (then, now, False)))
                continue
            group = f"{title(paper[2])}, программа {paper[1]} класса"
            for school, name in self.schools().items():
                then, now, points = self.change("school", school, paper)
                found.append((group, name, (then, now, points[0] == "!")))
            then, now, _ = self.change("total", self.place, paper)
            found.append((group, "Муниципалитет", (then, now, False)))
        return found

    def school_bars(self, school: str, which: str) -> list[tuple[str, str, Cell]]:
        """A page's figure: bars by programme in March, pairs in August."""
        found = []
        for paper in self.papers:
            if not paper[0].startswith("vpr") or paper[2] not in MAIN:
                continue
            if which == "school" and school in self.results.schools[paper]:
                label = f"ВПР, программа {paper[1]} класса"
                found.append((title(paper[2]), label, self._school_low(paper, school)))
            elif which == "school-dynamics":
                then, now, points = self.change("school", school, paper)
                label = f"Программа {paper[1]} класса"
                found.append((title(paper[2]), label, (then, now, points[0] == "!")))
        return found
