"""The letter of an analysis: the answer, what to do, one small table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from roadmap import russian
from roadmap.analysis.read import Hidden, Level, Paper, PaperResult, Verdict
from roadmap.plan.model import Procedure
from roadmap.reports.analysis import dynamics
from roadmap.reports.analysis.results import (
    MAIN_SUBJECTS,
    at,
    by_grade,
    by_paper,
    is_at_threshold,
    of_procedure,
    only,
    share_figure,
    threshold_text,
    written_by_own,
)
from roadmap.reports.analysis.summary import (
    Summary,
    absent_procedures,
    explanation,
    ordering_measure,
    sources_sentence,
)
from roadmap.reports.facts.run import Facts
from roadmap.reports.model import (
    AttentionItem,
    Cell,
    Letter,
    LetterFigures,
)
from roadmap.reports.parts.draft import Placed
from roadmap.reports.parts.tables import LetterRows
from roadmap.reports.words.wording import named, say, title
from roadmap.russian import NBSP

_WORDING = "analysis"
_ITEMS = 5
# A longer table would push the HTML past the size at which mail programs cut it.
_ROWS_IN_TABLE = 30
_FIGURES = "letter-figures"
_MAIN_GRADE = 5


@dataclass(frozen=True)
class ComposedLetter:
    letter: Letter
    placed: tuple[Placed, ...]


def compose_letter(
    facts: Facts,
    summary: Summary,
    headline: str,
    items: Sequence[AttentionItem],
    recommendations_section: int,
    limits_section: int,
) -> ComposedLetter:
    """The letter of one addressee; sections are those of its document."""
    run = facts.run
    name = title(" ".join(facts.addressee.name.split()))
    more = len(items) - _ITEMS
    figures, placed = _figures(facts)
    request, rest, preheader = _request(facts, headline, bool(items))
    subject = say(_WORDING, "subject", phase=run.phase.title, name=name)
    return ComposedLetter(
        Letter(
            subject=subject.replace(NBSP, " "),
            preheader=preheader,
            period=russian.month(run.as_of),
            greeting=say(_WORDING, "greeting"),
            headline=headline,
            lead=_lead(facts, summary, limits_section),
            request=request,
            request_rest=rest,
            attention=tuple(items[:_ITEMS]),
            attention_more=say(_WORDING, "attention_more", n=more, section=recommendations_section)
            if more > 0
            else None,
            figures=figures,
            basis=say(
                _WORDING,
                "basis",
                numbers=[str(ordering_measure(run.plan, run.phase))],
                order=run.plan.order,
            ),
        ),
        placed,
    )


def _lead(facts: Facts, summary: Summary, limits_section: int) -> tuple[str, ...]:
    told = [sources_sentence(facts)]
    absent = absent_procedures(facts)
    if absent:
        told.append(say(_WORDING, "absent_procedures", titles=absent))
    if facts.findings and not facts.is_region:
        told.append(say(_WORDING, "findings", n=len(facts.findings), section=limits_section))
    answer = " ".join(explanation(facts, summary))
    return tuple(filter(None, (answer, dynamics.answer(facts), " ".join(told))))


def _request(facts: Facts, headline: str, is_asked: bool) -> tuple[str, str, str]:
    """The request in bold, the rest of it, the preheader."""
    reply_by = facts.run.phase.reply_by.on
    if facts.is_region:
        return (
            say(_WORDING, "request_region", reply_by=reply_by),
            say(_WORDING, "request_region_rest"),
            say(_WORDING, "preheader", headline=headline, reply_by=reply_by),
        )
    if is_asked:
        return (
            say(_WORDING, "request", reply_by=reply_by),
            say(_WORDING, "request_rest"),
            say(_WORDING, "preheader", headline=headline, reply_by=reply_by),
        )
    return (
        say(_WORDING, "request_quiet", reply_by=reply_by),
        say(_WORDING, "request_quiet_rest"),
        say(_WORDING, "preheader_quiet", headline=headline),
    )


# -- «Цифры» ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Pair:
    """The papers whose shares the letter shows: two at the most, so that it fits a phone."""

    procedure: Procedure
    grade: int
    results: tuple[tuple[Paper, tuple[PaperResult, ...]], ...]

    @property
    def schools_shown(self) -> int:
        return sum(
            r.hidden is None for _, of_paper in self.results for r in at(of_paper, Level.SCHOOL)
        )

    @property
    def schools_reached(self) -> int:
        """Schools at the threshold in either paper."""
        return len(
            {
                r.unit_id
                for _, of_paper in self.results
                for r in at(of_paper, Level.SCHOOL)
                if is_at_threshold(r)
            }
        )


def _figures(facts: Facts) -> tuple[LetterFigures | None, tuple[Placed, ...]]:
    pair = _main_pair(facts)
    if pair is None:
        return None, ()
    head = say(_WORDING, "column_municipality" if facts.is_region else "column_school")
    subjects = [paper.subject for paper, _ in pair.results]
    rows = LetterRows(_FIGURES, head, {subject: title(subject) for subject in subjects})
    _add_own(facts, pair, rows)
    _add_totals(facts, pair, rows)
    return rows.laid(
        say(
            _WORDING,
            "figures",
            procedure=pair.procedure.short_title,
            grade=pair.grade if pair.procedure.kind == "vpr" else None,
            threshold=threshold_text(facts.run.plan.analysis.low_share_percent),
        )
    )


def _main_pair(facts: Facts) -> _Pair | None:
    """The pair that shows what the headline says: where most schools reached the threshold.

    Of equals ВПР of programme 5 in русский and математика, else the pair most schools wrote.
    """
    pairs = [
        _Pair(procedure, grade, main)
        for procedure in facts.run.phase.procedures
        if procedure.kind != "ege"
        for grade, of_grade in by_grade(
            written_by_own(facts, of_procedure(facts.results, procedure))
        )
        if (
            main := tuple(
                found for found in by_paper(of_grade) if found[0].subject in MAIN_SUBJECTS
            )[:2]
        )
    ]
    reached = max((pair.schools_reached for pair in pairs), default=0)
    pairs = [pair for pair in pairs if pair.schools_reached == reached]
    most = max((pair.schools_shown for pair in pairs), default=0)
    usual = [
        pair
        for pair in pairs
        if (pair.procedure.kind, pair.grade) == ("vpr", _MAIN_GRADE)
        and len(pair.results) == len(MAIN_SUBJECTS)
        and (pair.schools_shown or not most)
    ]
    others = [pair for pair in pairs if pair.schools_shown == most]
    return next(iter([*usual, *others]), None)


# Of one unit the result in each subject of the pair.
_Results = dict[str, PaperResult | None]


def _add_own(facts: Facts, pair: _Pair, rows: LetterRows) -> None:
    """Schools of a municipality; municipalities of the region."""
    if facts.is_region:
        if len(facts.run.municipalities) > _ROWS_IN_TABLE:
            return
        for key, addressee in facts.run.municipalities.items():
            found = _of_unit(pair, Level.MUNICIPALITY, key)
            if any(found.values()):
                _add(facts, rows, title(named(addressee.name)), found)
        return
    if len(facts.schools) > _ROWS_IN_TABLE:
        return
    no_verdict = {v.school_id for v in facts.verdicts if v.verdict is Verdict.NO_VERDICT}
    for school in facts.schools:
        is_judged = school.school_id not in no_verdict
        note = None if is_judged else say(_WORDING, "verdict", verdict=Verdict.NO_VERDICT)
        found = _of_unit(pair, Level.SCHOOL, school.school_id)
        _add(facts, rows, named(school.name), found, note=note)


def _add_totals(facts: Facts, pair: _Pair, rows: LetterRows) -> None:
    """The own total (of one school it would repeat the row above), then the region."""
    level = Level.PARTICIPANTS if facts.is_region else Level.MUNICIPALITY
    totals = _of_level(pair, level)
    note = _total_note(facts, tuple(totals.values()))
    if facts.is_region or len(facts.schools) > 1:
        label = say(_WORDING, "participants_row" if facts.is_region else "own_total")
        _add(facts, rows, label, totals, "total", note=note)
    region, note = say(_WORDING, "region_average"), say(_WORDING, "region_note")
    of_region = _of_level(pair, Level.REGION)
    _add(facts, rows, region, of_region, "comparison", note=note, own=facts.is_region)


def _total_note(facts: Facts, totals: tuple[PaperResult | None, ...]) -> str:
    """Which schools the own total is of."""
    if all(r is None or r.hidden is Hidden.NOTHING_LEFT for r in totals):
        return say(_WORDING, "own_total_small_note")
    if any(r is not None and r.small_schools for r in totals):
        return say(_WORDING, "own_total_note", least=facts.run.least)
    return say(_WORDING, "own_total_all_note")


def _of_level(pair: _Pair, level: Level) -> _Results:
    return {paper.subject: only(of_paper, level) for paper, of_paper in pair.results}


def _of_unit(pair: _Pair, level: Level, unit_id: str) -> _Results:
    return {
        paper.subject: next((r for r in at(of_paper, level) if r.unit_id == unit_id), None)
        for paper, of_paper in pair.results
    }


def _add(
    facts: Facts,
    rows: LetterRows,
    label: str,
    results: _Results,
    kind: Literal["data", "total", "comparison"] = "data",
    *,
    note: str | None = None,
    own: bool = True,
) -> None:
    cells = {
        subject: Cell(
            value=dynamics.share_value(result),
            at_threshold=result is not None and is_at_threshold(result),
        )
        for subject, result in results.items()
    }
    figures = {s: share_figure(facts, r) for s, r in results.items() if r is not None}
    rows.add(label, cells, kind, note=note, own=own, figures=figures)
