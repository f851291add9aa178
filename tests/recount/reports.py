"""Compares a stored report, read as JSON, with the recount: every table and figure of it.

A table nobody knows how to recount is an objection itself, so that nothing is passed over.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from recount.analysis import REGION, Analysis, Cell, Row, share
from recount.changes import Changes, texts
from recount.files import Registry, data, words
from recount.indicators import Registers, day_of
from recount.marks import LOW, Results
from recount.mechanisms import CheckLists
from recount.monitoring import PROSE, Holds, Monitoring, Prose
from recount.prose import Known, numbers_after, schools_in, sentences
from recount.statuses import LATE, State

Model = dict[str, Any]


@dataclass(frozen=True)
class Step:
    """One phase of the year: what the inbox held, and what follows from it."""

    phase: dict[str, Any]
    state: State
    results: Results | None  # of an analysis only
    check_lists: CheckLists


def recount(root: Path, seen: list[tuple[str, Path]]) -> list[Step]:
    """`seen`: phase codes and the folders with what lay there, in the order of the year."""
    plan = data(root / "include/plans/2021.yaml")
    earlier: dict[str, State] = {}
    steps = []
    for code, folder in seen:
        phase = next(one for one in plan["phases"] if one["code"] == code)
        registry = Registry(folder / str(plan["year"]), day_of(phase["as_of"]))
        state = State(plan, phase, Registers(registry, folder, plan, root), dict(earlier))
        before = [step.results for step in steps if step.results is not None]
        results = Results(registry, root, before) if phase["report"] == "analysis" else None
        earlier[code] = state
        check_lists = CheckLists(folder / str(plan["year"]))
        steps.append(Step(phase, state, results, check_lists))
    return steps


def stored(database: Path) -> list[list[Model]]:
    """The reports of each run, in the order of the runs."""
    with closing(sqlite3.connect(database)) as connection:
        runs = connection.execute("select run_id from phase_run order by started_ms").fetchall()
        return [
            [
                json.loads(model)
                for (model,) in connection.execute(
                    "select model from report where run_id = ? order by municipality_id", run
                )
            ]
            for run in runs
        ]


# -- What stands there -----------------------------------------------------------------------


def cell(value: dict[str, Any]) -> Cell:
    match value["kind"]:
        case "share":
            return share(value["numerator"], value["denominator"])
        case "points":
            ends = (value["previous"], value["current"])
            return ("points", *((end["numerator"], end["denominator"]) for end in ends))
        case "count":
            return value["n"]
        case "mean":
            return ("mean", value["total"], value["n"], value["digits"])
        case "day":
            return ("day", value["on"])
        case "words":
            return words(value["text"])
        case kind:
            return (kind,)


def cells_of(row: dict[str, Any]) -> tuple[Cell, ...]:
    return tuple(
        ("!", cell(one["value"])) if one["at_threshold"] else cell(one["value"])
        for one in row["cells"]
    )


def rows_of(table: dict[str, Any]) -> list[Row]:
    group, rows = "", []
    for row in table["rows"]:
        cells = cells_of(row)
        if row["kind"] == "group":
            group = cells[0]
        rows.append((group, cells))
    return rows


def letter_rows(figures: dict[str, Any]) -> list[Row]:
    return [("", (words(row["label"]), *cells_of(row))) for row in figures["rows"]]


def unlike(where: str, found: list[Row], expected: list[Row]) -> Iterator[str]:
    """Rows that are there and should not be, and the other way round; order is no matter."""
    exact = Counter(row for row in expected if _is_exact(row))
    loose = [row for row in expected if not _is_exact(row)]
    for row in found:
        if exact[row]:
            exact[row] -= 1
            continue
        # A row that expects a sentence takes any.
        match = next((place for place, one in enumerate(loose) if _same(one, row)), None)
        if match is None:
            yield f"{where}: not recounted {row}"
        else:
            del loose[match]
    for row in (*exact.elements(), *loose):
        yield f"{where}: missing {row}"


def _is_exact(row: Row) -> bool:
    return not any(isinstance(one, Prose | Holds) for one in row[1])


def _same(expected: Row, found: Row) -> bool:
    return (
        expected[0] == found[0]
        and len(expected[1]) == len(found[1])
        and all(one == other for one, other in zip(expected[1], found[1], strict=True))
    )


# -- What must stand there -------------------------------------------------------------------


class Report:
    def __init__(self, model: Model, step: Step) -> None:
        self.model, self.step = model, step
        self.unit = model["addressee"]["municipality_id"]
        self.known = Known()
        self.looked_at = 0  # cells that were compared
        self.is_region = self.unit == REGION
        self.monitoring = Monitoring(step.state, self.unit)
        self.changes = Changes(step.state, self.unit)
        self.analysis = (
            Analysis(step.results, step.phase, self.unit) if step.results is not None else None
        )

    def objections(self) -> list[str]:
        return [
            f"{self.step.phase['code']}, {self.unit}: {text}"
            for text in (
                *self._letter(), *self._document(), *self._appendix(), *self._schools(),
                *self._headline(), *self._lead(), *self._changes_of_region(),
                *self._positive_changes(),
                *self._prose(),
            )
        ]  # fmt: skip

    # -- Letter ------------------------------------------------------------------------------

    def _letter(self) -> Iterator[str]:
        figures = self.model["letter"]["figures"]
        if figures is None:
            yield "the letter has no figures"
        elif self.analysis:
            expected = self.analysis.letter(words(figures["caption"]))
            yield from unlike("letter", letter_rows(figures), expected)
        else:
            yield from unlike("letter", letter_rows(figures), self.monitoring.letter())

    def counts(self) -> tuple[int, int]:
        """What the first sentence counts: schools with a low paper, executed measures."""
        if self.analysis:
            verdicts = [self.analysis.verdict(school) for school in self.analysis.schools()]
            return sum(low > 0 for _, low, _ in verdicts), len(verdicts)
        return self.step.state.executed(self.unit, self.monitoring.scope())

    def _headline(self) -> Iterator[str]:
        letter, main = self.model["letter"], self.model["document"]["main"]
        for text in (letter["headline"], letter["preheader"], main[0]):
            if (prose := words(text)) and not self._says_counts(prose):
                yield f"headline: {prose!r} should count {self.counts()}"

    def _says_counts(self, text: str) -> bool:
        """«… у 1 школы из 3», «исполнено 3 из 5», «исполнены все 5»; one school is not counted."""
        done, whole = self.counts()
        some = re.search(r"(\d+)(?: школ[ыа]?)? из (\d+)", text)
        if some is not None:
            return (int(some[1]), int(some[2])) == (done, whole)
        every = re.search(r"исполнены все (\d+)", text.lower())
        if every is not None:
            return int(every[1]) == done == whole
        if not self.analysis:
            return False
        judged = sum(self.analysis.verdict(school)[0] > 0 for school in self.analysis.schools())
        if "Вывод не делается" in text:
            return judged == 0
        none = re.search(r"не достигнут ни у одной (?:школы )?из (\d+)", text)
        if none is not None:
            return done == 0 and int(none[1]) == judged
        return whole == 1 and done == ("не достигнут" not in text)

    def _lead(self) -> Iterator[str]:
        """The sentences after the first: which measures, how many schools."""
        for text in (self.model["letter"]["lead"], self.model["document"]["main"]):
            prose = words(" ".join(text))
            if prose.startswith("Вывод не делается"):
                continue
            claims = (
                self._claims_of_schools(prose) if self.analysis else self._claims_of_measures(prose)
            )
            for what, found, expected in claims:
                if found != expected:
                    yield f"lead: {what} are {expected}, the text is {prose!r}"

    def _claims_of_measures(self, prose: str) -> Iterator[tuple[str, Any, Any]]:
        state, scope = self.step.state, self.monitoring.scope()
        own = [number for number in scope if state.codes(number, self.unit)]
        left = [number for number in own if not state.is_executed(number, self.unit)]
        late = [number for number in own if state.measure(number, self.unit) == LATE]
        found = numbers_after(r"Не исполнен[оы] полностью мероприяти[ея]", prose)
        yield "measures that are left", found, left
        found = numbers_after(r"С нарушением срока исполнен[оы] мероприяти[ея]", prose)
        yield "late measures", found, late

    def _claims_of_schools(self, prose: str) -> Iterator[tuple[str, Any, Any]]:
        assert self.analysis is not None
        schools = self.analysis.schools()
        verdicts = [self.analysis.verdict(school)[2] for school in schools]
        if len(schools) == 1 or not self.counts()[0]:
            return
        number = r"(\d+|одной|двух|трёх|четырёх|пяти|шести|семи|восьми|девяти)"
        yield (
            "schools without a low paper",
            schools_in(rf"У {number}(?: школ\w*)? порог не достигнут", prose),
            verdicts.count("порог не достигнут"),
        )
        yield (
            "small schools",
            schools_in(rf"у {number}(?: школ\w*)? участников меньше пяти", prose),
            verdicts.count("вывод не делается"),
        )
        low = r"отвеча[ею]т (\d+) школ"
        if re.search(low, prose):  # only three sentences stand there
            yield "schools of low results", schools_in(low, prose), verdicts.count(LOW)
        grown = rf"10 п\. п\. и более у {number}(?: школ\w*)? из (\d+)"
        found = re.search(grown, prose)
        if found is not None:
            compared = sum(map(self.analysis.is_compared, schools))
            grew = sum(map(self.analysis.has_grown, schools))
            yield "schools that grew worse", schools_in(grown, prose), grew
            yield "comparable schools", int(found[2]), compared

    def _prose(self) -> Iterator[str]:
        """Figures in sentences: looked at last, when all tables have been recounted."""
        known = self.known
        known.pairs.add(self.counts())
        if self.analysis:
            self._learn_results(self.analysis)
        else:
            for number in self.step.state.measures:
                for unit in (self.unit, REGION):
                    for code in self.step.state.codes(number, unit):
                        known.learn(self.step.state.facts[code, unit].text)
                        for part in self.step.state.parts(code, unit):
                            known.learn(part)
            for earlier in self.step.state.earlier.values():
                if earlier.phase["report"] == "monitoring":
                    known.pairs.add(Monitoring(earlier, self.unit).done())
        for text in sentences(self.model):
            yield from known.objections(text)

    def _learn_results(self, analysis: Analysis) -> None:
        scores = self.step.check_lists.scores[self.unit].values()
        self.known.pairs |= {(score, 2) for score in scores}  # «Оценка 1 из 2»
        schools = analysis.schools()
        for school in schools:
            for procedures in (set(analysis.procedures), analysis.without_exams()):
                judged, low, _ = analysis.results.verdict(school, procedures)
                self.known.pairs.add((low, judged))
        compared = sum(map(analysis.is_compared, schools))
        self.known.pairs.add((sum(map(analysis.has_grown, schools)), compared))
        for paper in analysis.papers:
            total, region = (
                analysis.results.total(paper, analysis.place),
                analysis.results.region_for(paper, analysis.place),
            )
            for school in schools:
                self.known.learn(analysis.change("school", school, paper)[2])
            if total is not None and region is not None:
                one, other = (Fraction(r.low, r.n) for r in (total, region))
                self.known.differ(one, other)
                self.known.learn(share(total.low, total.n))
                self.known.learn(share(region.low, region.n))

    # -- Document and appendix -----------------------------------------------------------------

    def _document(self) -> Iterator[str]:
        for block in self.model["document"]["blocks"]:
            if block["kind"] == "table":
                yield from self._table("document", block, self._expected(block, sheet=False))
            elif block["kind"] == "figure":
                yield from self._figure(block)

    def _changes_of_region(self) -> Iterator[str]:
        """«Новости … (4.2): было 3 из 4, стало 6 из 7»."""
        blocks = self.model["document"]["blocks"]
        items = [words(i) for one in blocks if one["kind"] == "numbered" for i in one["items"]]
        found = [item for item in items if re.search(r"\(\d+\.\d\): было .+, стало ", item)]
        has_them = self.step.phase["code"] == "september_monitoring" and not self.is_region
        expected = self.monitoring.regional_changes() if has_them else []
        if sorted(found) != sorted(expected):
            yield f"changes of the region are {expected}, the text is {found}"

    def _positive_changes(self) -> Iterator[str]:
        """«отмечены: «да» — 3, …», and how many risks each recommendation is about."""
        told = texts(self.model)
        expected = self.changes.claims() if self.changes.stage else []
        for claim in expected:
            if claim not in told:
                yield f"positive changes: nothing says {claim!r}"
        for asked in re.findall(r"^Позитивн.*?\. \d+ риск", told, re.MULTILINE):
            if asked not in expected:
                yield f"positive changes: not recounted {asked!r}"

    def _appendix(self) -> Iterator[str]:
        for sheet in self.model["appendix"]:
            table = sheet["table"]
            yield from self._table("appendix", table, self._expected(table, sheet=True))

    def _table(self, view: str, table: dict[str, Any], expected: list[Row] | None) -> Iterator[str]:
        where = f"{view} {table['id']}"
        if expected is None:
            yield f"{where}: nobody recounts this table"
        else:
            for row in expected:
                self.known.learn(row[1])
                self.looked_at += len(row[1])
            yield from unlike(where, rows_of(table), expected)

    def _expected(self, table: dict[str, Any], sheet: bool) -> list[Row] | None:
        """The rows of a table by its id; None for one that nobody knows."""
        name = table["id"]
        if name in ("about", "attention", "recommendations"):
            return self._listed(table)
        monitoring = self.monitoring
        if name in ("matrix", "matrix-1", "matrix-2", "matrix-3"):
            return monitoring.matrix([words(column["title"]) for column in table["columns"][1:]])
        if name == "by-municipality":
            groups = [words(column["group"]) for column in table["columns"] if column["group"]]
            return monitoring.by_municipality(list(dict.fromkeys(groups)))
        plain = {
            "indicators": monitoring.indicators_sheet if sheet else monitoring.indicators,
            "measures": monitoring.measures,
            "missing": lambda: monitoring.missing(sheet),
            "executed": monitoring.executed,
            "changes": monitoring.changes,
            "course": monitoring.course,
            "year": monitoring.year,
            "positive-changes": lambda: self.changes.by_school(sheet),
            "changes-units": self.changes.by_unit,
            "changes-risks": self.changes.by_risk,
        }
        if name in plain:
            return plain[name]()
        return self._expected_of_analysis(name) if self.analysis else None

    def _expected_of_analysis(self, name: str) -> list[Row] | None:
        analysis = self.analysis
        assert analysis is not None
        plain = {
            "sources": analysis.sources,
            "participants": analysis.participants,
            "municipalities": analysis.municipalities,
            "schools": analysis.verdicts,
            "mechanisms": self._mechanisms,
            "journal": analysis.journal,
            "marks": lambda: analysis.sheet(exams=False),
            "exams": lambda: analysis.sheet(exams=True),
            "dynamics": analysis.dynamics_sheet,
            "dynamics/schools": analysis.dynamics_schools,
        }
        if name in plain:
            return plain[name]()
        procedure, _, last = name.rpartition("/")
        if name.startswith("dynamics/"):
            procedure = procedure.removeprefix("dynamics/")
            if last == "main":
                return analysis.dynamics_main(procedure)
            return analysis.dynamics_other(procedure) if last == "other" else None
        if procedure in analysis.procedures and last.isdigit():
            return analysis.results_table(procedure, int(last))
        return None

    def _mechanisms(self) -> list[Row]:
        assert self.analysis is not None
        lists = self.step.check_lists
        if not self.is_region:
            return lists.of_municipality(self.unit)
        return lists.of_region({u: self.analysis.place_name(u) for u in self.analysis.units})

    def _listed(self, table: dict[str, Any]) -> list[Row]:
        """Tables of sentences: only their numbering is exact, their figures are held as prose."""
        numbered = table["id"] != "about"
        first = cell(table["rows"][0]["cells"][1]["value"])
        if first == "Замечаний нет, действий не требуется":
            return [("", ("", first, *[""] * 7))]
        return [
            ("", tuple(number if numbered and i == 0 else PROSE for i in range(len(row["cells"]))))
            for number, row in enumerate(table["rows"], start=1)
        ]

    # -- Figures -------------------------------------------------------------------------------

    def _figure(self, figure: dict[str, Any]) -> Iterator[str]:
        """A figure shows what its table tells: the same shares under the same names."""
        where = f"figure {figure['id']}"
        expected = self._figure_rows(figure["id"])
        if expected is None:
            yield f"{where}: nobody recounts this figure"
            return
        yield from unlike_chart(where, figure["chart"], expected)

    def _figure_rows(self, name: str) -> list[tuple[str, str, Cell]] | None:
        if name == "executed":
            rows = self.monitoring.executed()
            bars = [cells for _, cells in rows if cells[0] != "Регион"]
            return [("Исполнено мероприятий", cells[0], cells[3]) for cells in bars]
        analysis = self.analysis
        if analysis is None:
            return None
        procedure, _, last = name.rpartition("/")
        if procedure in analysis.procedures:
            return [
                (paper[2].capitalize(), label, value)
                for paper in analysis.papers
                if paper[:2] == (procedure, int(last))
                for label, value in analysis.bars(paper)
            ]
        if name.startswith("dynamics/"):
            return analysis.pairs(procedure.removeprefix("dynamics/"), last)
        return None

    # -- Schools' pages ------------------------------------------------------------------------

    def _schools(self) -> Iterator[str]:
        pages = self.model["schools"]
        expected = sorted(self.analysis.schools().values()) if self.analysis else []
        names = sorted(words(page["name"]) for page in pages)
        if names != ([] if self.is_region else expected):
            yield f"pages of {names}, there should be {expected}"
        for page in pages:
            school = self._school_code(words(page["name"]))
            for block in page["document"]["blocks"]:
                yield from self._of_school(block, school)

    def _school_code(self, name: str) -> str:
        assert self.analysis is not None
        return next(code for code, one in self.analysis.schools().items() if one == name)

    def _of_school(self, block: dict[str, Any], school: str) -> Iterator[str]:
        analysis = self.analysis
        assert analysis is not None
        if block["kind"] == "table":
            rows = {
                "school-main": analysis.school_main,
                "school-other": analysis.school_other,
            }.get(block["id"])
            expected = rows(school) if rows else None
            yield from self._table(f"page of {school}", block, expected)
        elif block["kind"] == "figure":
            bars = analysis.school_bars(school, block["id"])
            yield from unlike_chart(f"figure of {school}", block["chart"], bars)


def unlike_chart(
    where: str, chart: dict[str, Any], expected: list[tuple[str, str, Cell]]
) -> Iterator[str]:
    """A group that is drawn is drawn whole: every school, every programme."""
    drawn = {(group, label): value for group, label, value in _drawn(chart)}
    groups = {group for group, _ in drawn}
    known = {(words(g), words(n)): value for g, n, value in expected if words(g) in groups}
    for place in sorted(drawn.keys() | known.keys()):
        if drawn.get(place) != known.get(place):
            group, label = place
            yield f"{where}: {group}, {label}: {drawn.get(place)}, recounted {known.get(place)}"


def _drawn(chart: dict[str, Any]) -> Iterator[tuple[str, str, Cell]]:
    """(group, label, what is drawn) of each bar, of a region's tick, of each pair."""
    for group in chart["groups"]:
        name = words(group["title"])
        if chart["kind"] == "bars":
            for bar in group["bars"]:
                value = cell(bar["value"])
                yield name, words(bar["label"]), ("!", value) if bar["at_threshold"] else value
            if group["region"] is not None:
                yield name, "Регион", cell({"kind": "share", **group["region"]})
        else:
            for pair in group["pairs"]:
                value = (cell(pair["previous"]), cell(pair["current"]), pair["is_worse"])
                yield name, words(pair["label"]), value


__all__ = ["Report", "Step", "recount", "stored"]
