"""The letter of an analysis: the answer, what to do, one small table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from roadmap.analysis.read import Hidden, Level, Paper, PaperResult, Verdict
from roadmap.plan.model import Procedure
from roadmap.plan.procedures import MAIN_SUBJECTS, kinds, scales
from roadmap.reports.analysis import dynamics
from roadmap.reports.analysis.mechanisms import incomplete
from roadmap.reports.analysis.results import (
    at,
    by_grade,
    by_paper,
    has_low_results,
    is_at_threshold,
    is_main,
    low_words,
    of_procedure,
    only,
    share_figure,
    total_level,
    written_by_own,
)
from roadmap.reports.analysis.summary import Summary, data_sentences, explanation, ordering_measure
from roadmap.reports.facts.run import Facts
from roadmap.reports.model import AttentionItem, Cell, Letter, LetterFigures
from roadmap.reports.parts.draft import Placed
from roadmap.reports.parts.letter import FIGURES, ROWS_IN_TABLE, letter_of
from roadmap.reports.parts.sentences import sentence
from roadmap.reports.parts.tables import LetterRows
from roadmap.reports.words.wording import named, title

_MAIN_GRADE = 5


def compose_letter(
    facts: Facts,
    summary: Summary,
    headline: str,
    items: Sequence[AttentionItem],
    recommendations_section: int,
    limits_section: int,
) -> tuple[Letter, tuple[Placed, ...]]:
    """The letter of one addressee and where key figures stand in it; sections are those of its
    document."""
    data = data_sentences(facts)
    if not facts.is_region and facts.mechanisms == {}:
        data.append(sentence(facts, "mechanisms_absent"))
    elif lacking := incomplete(facts):
        data.append(lacking)
    if facts.findings and not facts.is_region:
        data.append(sentence(facts, "findings", n=len(facts.findings), section=limits_section))
    lead = " ".join(explanation(facts, summary)), dynamics.answer(facts), " ".join(data)
    figures, placed = _figures(facts)
    numbers = (ordering_measure(facts.run.plan, facts.run.phase),)
    letter = letter_of(facts, headline, lead, items, recommendations_section, figures, numbers)
    return letter, placed


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
                if has_low_results(r)
            }
        )


def _figures(facts: Facts) -> tuple[LetterFigures | None, tuple[Placed, ...]]:
    pair = _main_pair(facts)
    if pair is None:
        return None, ()
    head = sentence(facts, "column_municipality" if facts.is_region else "column_school")
    subjects = [paper.subject for paper, _ in pair.results]
    rows = LetterRows(FIGURES, head, {subject: title(subject) for subject in subjects})
    _add_own(facts, pair, rows)
    _add_totals(facts, pair, rows)
    return rows.laid(
        sentence(
            facts,
            "figures",
            low_of=low_words(r for _, of_paper in pair.results for r in of_paper),
            procedure=pair.procedure.short_title,
            beside=kinds()[pair.procedure.kind].beside_title(pair.grade),
        )
    )


def _main_pair(facts: Facts) -> _Pair | None:
    """The pair that shows what the headline says: where most schools reached the threshold.

    Of equals ВПР of programme 5 in русский and математика, else the pair most schools wrote.
    """
    pairs = [
        _Pair(procedure, grade, main)
        for procedure in facts.run.phase.procedures
        if not scales()[kinds()[procedure.kind].scale].in_points
        for grade, of_grade in by_grade(written_by_own(of_procedure(facts.results, procedure)))
        if (main := tuple(one for one in by_paper(of_grade) if is_main(one[0]))[:2])
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
        if len(facts.run.municipalities) > ROWS_IN_TABLE:
            return
        for key, addressee in facts.run.municipalities.items():
            results = _of_unit(pair, Level.MUNICIPALITY, key)
            if any(results.values()):
                _add(facts, rows, title(named(addressee.name)), results)
        return
    if len(facts.schools) > ROWS_IN_TABLE:
        return
    no_verdict = {v.school_id for v in facts.verdicts if v.verdict is Verdict.NO_VERDICT}
    for school in facts.schools:
        is_judged = school.school_id not in no_verdict
        results = _of_unit(pair, Level.SCHOOL, school.school_id)
        note = (
            _newer_verdicts(facts, results)
            if is_judged
            else sentence(facts, "verdict", verdict=Verdict.NO_VERDICT)
        )
        _add(facts, rows, named(school.name), results, note=note)


def _newer_verdicts(facts: Facts, results: _Results) -> str | None:
    """What newer results say of the threshold where the shares shown say something else."""
    newer = [
        sentence(facts, "newer_verdict", subject=subject, is_low=r.is_low)
        for subject, r in results.items()
        if r is not None and r.is_verdict_other
    ]
    return "; ".join(newer) or None


def _add_totals(facts: Facts, pair: _Pair, rows: LetterRows) -> None:
    """The own total (of one school it would repeat the row above), then the region."""
    totals = _of_level(pair, total_level(facts))
    note = _total_note(facts, tuple(totals.values()))
    if facts.is_region or len(facts.schools) > 1:
        label = sentence(facts, "participants_row" if facts.is_region else "own_total")
        _add(facts, rows, label, totals, "total", note=note)
    region, note = sentence(facts, "region_average"), sentence(facts, "region_note")
    of_region = _of_level(pair, Level.REGION)
    _add(facts, rows, region, of_region, "comparison", note=note, own=facts.is_region)


def _total_note(facts: Facts, totals: tuple[PaperResult | None, ...]) -> str | None:
    """Which schools the own total is of; None where its cells say that nothing is left of it."""
    if all(r is None or r.hidden is Hidden.NOTHING_LEFT for r in totals):
        return None
    if any(r is not None and r.small_schools for r in totals):
        return sentence(facts, "own_total_note")
    return sentence(facts, "own_total_all_note")


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
