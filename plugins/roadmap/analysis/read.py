"""The stored analysis as values: what a report may show, and nothing that it may not.

A figure that must stay hidden (analysis.small_numbers) is not in these values at all, so a
template can't show it by mistake: `marks`, `journal`, `exam` are None and `hidden` says why.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection

from roadmap.analysis.shares import Exam, Journal, Marks
from roadmap.analysis.small_numbers import (
    Untold,
    hides_region,
    hides_region_again,
    hides_total,
    pupils_moved,
    stands_as_told,
)
from roadmap.plan.model import Procedure
from roadmap.plan.procedures import kinds
from roadmap.plan.region import REGION
from roadmap.russian import natural_key
from roadmap.store.sql import sql

_Row = Mapping[str, Any]  # of analysis/papers.sql
_Counts = Mapping[str, int]


class Level(StrEnum):
    """In the order in which a table shows them."""

    SCHOOL = "school"  # one participating school
    MUNICIPALITY = "municipality"  # its participating schools that are not small
    PARTICIPANTS = "participants"  # the region's participating schools that are not small
    REGION = "region"  # every school of the region


class Hidden(StrEnum):
    """Why figures are not given."""

    SMALL = "small"  # the school had fewer than least_participants: «менее … уч.»
    NOTHING_LEFT = "nothing_left"  # a total all of whose schools are small
    DIFFERENCE = "difference"  # the region minus the own schools would give a school away
    EARLIER_LETTER = "earlier_letter"  # the region beside that of an earlier letter would


HIDES_REGION = frozenset({Hidden.DIFFERENCE, Hidden.EARLIER_LETTER})


class Verdict(StrEnum):
    LOW = "low"  # at the threshold in low_procedures papers or more: ШНОР of the year
    RISK = "risk"  # in fewer, but in at least one: группа риска
    NOT_LOW = "not_low"
    NO_VERDICT = "no_verdict"  # no paper with enough participants


@dataclass(frozen=True)
class Paper:
    """One procedure in one grade and subject. `grade` is the programme's (ВПР), 11 for ЕГЭ."""

    kind: str
    year: int
    wave: str
    grade: int
    subject: str

    @property
    def key(self) -> str:
        """«vpr/2020/autumn/5/математика»: stable, for ids of tables."""
        return f"{self.procedure}/{self.grade}/{self.subject}"

    @property
    def procedure(self) -> str:
        """«vpr/2020/autumn»: `plan.model.Procedure.key`."""
        return f"{self.kind}/{self.year}/{self.wave}"


@dataclass(frozen=True)
class PaperResult:
    """One unit's result in one paper; counts only.

    `marks` is set for ВПР, ОГЭ, ДР and `exam` for ЕГЭ. `journal` is None where marks were
    not compared with the journal, or where too few were (`is_journal_small`). `participants`
    and `absent` are None when hidden; `absent` also where the source doesn't say. `is_low`:
    the threshold is reached; None above the school and where no verdict is made.
    `small_schools`: how many schools the total leaves out; a total that leaves some out is
    shown with an asterisk. `as_told_on`: a school's results are those of the letter as of that
    day, for they differ by too few pupils since; `is_low` is of the newer results all the same,
    and `is_verdict_other` that the results shown are on the other side of the threshold.
    `journal_as_told_on`: the same of the journal.
    """

    paper: Paper
    level: Level
    unit_id: str
    municipality_id: str
    name: str
    schools: int
    small_schools: int
    hidden: Hidden | None
    participants: int | None
    absent: int | None
    marks: Marks | None
    exam: Exam | None
    journal: Journal | None
    is_journal_small: bool
    is_low: bool | None
    least_participants: int  # the plan's: a unit of fewer is hidden
    as_told_on: date | None = None
    is_verdict_other: bool = False
    journal_as_told_on: date | None = None

    @property
    def shows_threshold(self) -> bool:
        """Whether the school's results that are shown reach the threshold."""
        return self.level is Level.SCHOOL and (self.is_low is True) != self.is_verdict_other


@dataclass(frozen=True)
class SchoolVerdict:
    """`papers`: with a verdict; `small_papers`: without one, for too few participants."""

    school_id: str
    municipality_id: str
    name: str
    papers: int
    small_papers: int
    low_papers: int
    verdict: Verdict


@dataclass(frozen=True)
class _Figures:
    """What a letter as of a day tells of one school's paper, and on which side of the threshold."""

    counts: _Counts
    is_low: object  # None: the journal has no threshold
    as_of: str


# What a school was told to have in a paper, by the count that says of how many pupils.
_Told = defaultdict[tuple[Paper, str, str], list[_Figures]]


def papers(
    connection: Connection,
    run_id: str,
    municipality_id: str,
    least_participants: int,
    procedures: Iterable[Procedure] | None = None,
) -> tuple[PaperResult, ...]:
    """Every result that the addressee may see, in the order of a document.

    `procedures`: only of these; None: of all that the run has, those of the phase and those
    before it (`analysis.dynamics.previous_procedures`), which a report keeps apart.

    Papers: as include/procedures.yaml orders their kinds; year, wave, grade; the kind's main
    subjects, then by alphabet. Within a paper: schools in natural order of names, municipalities by
    alphabet, participants, region. A municipality gets its own schools, its total and the region
    (hidden where a difference would give another school away, in this letter or beside the letters
    of earlier runs that it has had); 'region' gets everything. A school that differs from such a
    letter by a few pupils stands as it was told there, and so it is in the total; only whether the
    threshold is reached is told of the newer results.
    """
    rows = _rows(connection, run_id, municipality_id)
    wanted = None if procedures is None else {procedure.key for procedure in procedures}
    shown: list[_Row] = [row for row in rows if wanted is None or _paper(row).procedure in wanted]
    hides: dict[Paper, Hidden] = {}
    if municipality_id != REGION and shown:
        key = {"run_id": run_id, "municipality_id": municipality_id}
        earlier = connection.scalars(sql("analysis/runs_told_before"), key).all()
        told = [_rows(connection, one, municipality_id) for one in earlier]
        letters = _as_told([*told, shown], least_participants)
        hides = _papers_that_hide_the_region(letters, least_participants)
        shown = letters[-1]
    return tuple(
        sorted((_paper_result(row, hides, least_participants) for row in shown), key=_order)
    )


def verdicts(
    connection: Connection, run_id: str, municipality_id: str
) -> tuple[SchoolVerdict, ...]:
    """The verdict of each participating school the addressee may see, by natural order of names."""
    rows = connection.execute(
        sql("analysis/verdicts"), {"run_id": run_id, "municipality_id": municipality_id}
    ).mappings()
    schools = (SchoolVerdict(**{**row, "verdict": Verdict(row["verdict"])}) for row in rows)
    return tuple(sorted(schools, key=lambda school: (natural_key(school.name), school.school_id)))


def _rows(connection: Connection, run_id: str, municipality_id: str) -> list[_Row]:
    key = {"run_id": run_id, "municipality_id": municipality_id}
    return [dict(row) for row in connection.execute(sql("analysis/papers"), key).mappings()]


def _as_told(letters: Iterable[Sequence[_Row]], least_participants: int) -> list[list[_Row]]:
    """One municipality's letters, oldest first, each as it tells the results of its schools.

    A school that stands with earlier figures has these in its row, in `stands` which they are, and
    in `kept_back` how many more it has by now; the total is of what is told.
    """
    told: _Told = defaultdict(list)
    return [_with_earlier_figures(rows, told, least_participants) for rows in letters]


def _with_earlier_figures(rows: Sequence[_Row], told: _Told, least_participants: int) -> list[_Row]:
    kept_back: dict[Paper, Counter[str]] = defaultdict(Counter)
    letter: list[_Row] = []
    for row in rows:
        if row["level"] == Level.SCHOOL and not row["is_small"]:
            stands = {
                size: earlier
                for size in _TOLD_TOGETHER
                if (earlier := _earlier_figures(row, size, told, least_participants)) is not None
            }
            counts = {count: n for one in stands.values() for count, n in one.counts.items()}
            if stands:
                more = {count: row[count] - n for count, n in counts.items()}
                kept_back[_paper(row)].update(more)
                row = {**row, **counts, "stands": stands, "kept_back": more}
        letter.append(row)
    return [
        {**row, **{count: row[count] - n for count, n in kept_back[_paper(row)].items()}}
        if row["level"] == Level.MUNICIPALITY
        else row
        for row in letter
    ]


def _earlier_figures(row: _Row, size: str, told: _Told, least_participants: int) -> _Figures | None:
    """The figures that a school stands with instead of its own; None: its own are told, and from
    now on held against. The nearest of those on the same side of the threshold, else of others."""
    counts = _counts(row, _TOLD_TOGETHER[size])
    if not counts.get(size) or (size == "compared" and row["is_journal_small"]):
        return None
    now = _Figures(counts, row["is_low"] if size == "participants" else None, row["as_of"])
    earlier = told[_paper(row), row["unit_id"], size]
    if all(now.counts != then.counts for then in earlier):
        near = [
            (is_other, pupils_moved(then.counts, counts), then)
            for then in earlier
            for is_other in [then.is_low != now.is_low]
            if stands_as_told(then.counts, counts, least_participants, is_verdict_other=is_other)
        ]
        if near:
            nearest = min(near, key=lambda one: one[:2])[2]
            same = {n: nearest.counts[n] for n in counts.keys() & nearest.counts.keys()}
            return replace(nearest, counts=same)
        earlier.append(now)
    return None


def _papers_that_hide_the_region(
    letters: Iterable[Sequence[_Row]], least_participants: int
) -> dict[Paper, Hidden]:
    """Of the last of one municipality's letters, oldest first: each held against those before."""
    told: dict[Paper, list[tuple[Untold, ...]]] = {}
    hides: dict[Paper, Hidden] = {}
    for rows in letters:
        hides = {
            _paper(row): Hidden.DIFFERENCE
            for row in rows
            if row["level"] == Level.MUNICIPALITY
            and hides_region(
                row["elsewhere_schools"], row["elsewhere_participants"], least_participants
            )
        }
        for paper, now in _untold(rows).items():
            if paper in hides:
                continue
            before = told.setdefault(paper, [])
            if any(
                hides_region_again(earlier, later, least_participants)
                for letter in before
                for earlier, later in zip(letter, now, strict=True)
            ):
                hides[paper] = Hidden.EARLIER_LETTER
            else:
                before.append(now)
    return hides


# What a letter tells of a paper, by the count that says of how many pupils.
_TOLD_TOGETHER = {
    "participants": (
        "participants", "absent", "mark_2", "mark_3", "mark_4", "mark_5",
        "below_minimum", "score_sum", "high_scores",
    ),
    "compared": ("compared", "lowered", "confirmed", "raised"),
}  # fmt: skip


def _untold(rows: Iterable[_Row]) -> dict[Paper, tuple[Untold, ...]]:
    """What each paper's region figures tell, of its results and of the journal."""
    by_paper: dict[Paper, list[_Row]] = {}
    for row in rows:
        by_paper.setdefault(_paper(row), []).append(row)
    untold = {}
    for paper, of_paper in by_paper.items():
        region = next((row for row in of_paper if row["level"] == Level.REGION), None)
        if region is not None and not region["is_small"]:
            untold[paper] = tuple(_untold_of(size, region, of_paper) for size in _TOLD_TOGETHER)
    return untold


def _untold_of(size: str, region: _Row, rows: Iterable[_Row]) -> Untold:
    rest = dict(_counts(region, _TOLD_TOGETHER[size]))
    small = "is_small" if size == "participants" else "is_journal_small"
    hidden = {}
    for row in rows:
        # A total of which no school is left has no counts, nor a school without a journal.
        counts = _counts(row, rest)
        if row["level"] == Level.MUNICIPALITY:
            rest |= {count: rest[count] - n for count, n in counts.items()}
        elif row["level"] == Level.SCHOOL and (row["is_small"] or row[small]) and counts:
            hidden[row["unit_id"]] = counts
        elif row["level"] == Level.SCHOOL and (more := _kept_back(row, rest)):
            hidden[f"more of {row['unit_id']}"] = more
    return Untold(size, rest, hidden)


def _counts(row: _Row, counts: Iterable[str]) -> _Counts:
    return {count: row[count] for count in counts if row[count] is not None}


def _kept_back(row: _Row, counts: Iterable[str]) -> _Counts:
    more: _Counts = row.get("kept_back", {})
    return {count: more[count] for count in counts if count in more}


def _paper(row: _Row) -> Paper:
    return Paper(row["kind"], row["year"], row["wave"], row["grade"], row["subject"])


def _hidden(row: _Row, hides: Mapping[Paper, Hidden]) -> Hidden | None:
    if row["is_small"]:
        return Hidden.SMALL
    if row["level"] == Level.REGION and _paper(row) in hides:
        return hides[_paper(row)]
    return Hidden.NOTHING_LEFT if hides_total(row["schools"]) else None


def _paper_result(row: _Row, hides: Mapping[Paper, Hidden], least_participants: int) -> PaperResult:
    hidden = _hidden(row, hides)
    is_shown = hidden is None
    has_journal = is_shown and bool(row["compared"]) and not row["is_journal_small"]
    stands: Mapping[str, _Figures] = row.get("stands", {})
    results, journal = stands.get("participants"), stands.get("compared")
    return PaperResult(
        paper=_paper(row),
        level=Level(row["level"]),
        unit_id=row["unit_id"],
        municipality_id=row["municipality_id"],
        name=row["name"],
        schools=row["schools"],
        small_schools=row["small_schools"],
        hidden=hidden,
        participants=row["participants"] if is_shown else None,
        absent=row["absent"] if is_shown else None,
        marks=Marks(*(row[f"mark_{mark}"] for mark in (2, 3, 4, 5)))
        if is_shown and row["mark_2"] is not None
        else None,
        exam=_exam(row) if is_shown and row["below_minimum"] is not None else None,
        journal=Journal(row["lowered"], row["confirmed"], row["raised"]) if has_journal else None,
        is_journal_small=bool(row["is_journal_small"]),
        is_low=None if row["is_low"] is None else bool(row["is_low"]),
        least_participants=least_participants,
        as_told_on=None if results is None else date.fromisoformat(results.as_of),
        is_verdict_other=results is not None and results.is_low != row["is_low"],
        journal_as_told_on=None if journal is None else date.fromisoformat(journal.as_of),
    )


def _exam(row: _Row) -> Exam:
    return Exam(
        row["participants"],
        row["below_minimum"],
        row["minimum"],
        row["score_sum"],
        row["high_scores"],
    )


def _order(result: PaperResult) -> tuple[object, ...]:
    paper = result.paper
    first = kinds()[paper.kind].main_subjects
    subject = first.index(paper.subject) if paper.subject in first else len(first)
    return (
        list(kinds()).index(paper.kind),
        paper.year,
        paper.wave,
        paper.grade,
        subject,
        paper.subject,
        list(Level).index(result.level),
        natural_key(result.name),
        result.unit_id,
    )
