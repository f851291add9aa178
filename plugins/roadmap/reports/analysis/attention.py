"""What needs attention after an analysis: schools with low results, people who did not take
part, documents that are missing, schools at risk; of each kind by alphabet.
"""

from __future__ import annotations

from collections.abc import Iterable

from roadmap.analysis.read import PaperResult, SchoolVerdict, Verdict
from roadmap.reports.analysis import dynamics
from roadmap.reports.analysis.results import is_at_threshold, threshold_text
from roadmap.reports.analysis.results_sentences import low_papers_sentence
from roadmap.reports.facts.run import Facts, School
from roadmap.reports.model import AttentionItem
from roadmap.reports.parts.attention import (
    curator_gaps,
    curator_item,
    missing_acts,
    other_indicators,
    people,
    regional_findings,
    regional_indicators,
)
from roadmap.reports.words.wording import named, say

_WORDING = "analysis"


def attention(facts: Facts, findings_section: int) -> tuple[AttentionItem, ...]:
    """All items of the addressee; `findings_section` is where the document lists findings."""
    if facts.is_region:
        return tuple(_of_region(facts, findings_section))
    return (
        *_low_schools(facts, Verdict.LOW),
        *people(facts),
        *missing_acts(facts),
        *other_indicators(facts),
        *_grown_schools(facts),
        *_low_schools(facts, Verdict.RISK),
    )


def school_items(facts: Facts, school_id: str) -> tuple[AttentionItem, ...]:
    """What concerns one school: its results and its curator."""
    return (
        *(_low_school(facts, v) for v in facts.verdicts if v.school_id == school_id and _is_low(v)),
        *(_grown_school(facts, s) for s in _grown(facts) if s.school_id == school_id),
        *(
            item
            for group in curator_gaps(facts)
            if any(gap.school_id == school_id for gap in group)
            if (item := curator_item(facts, group)) is not None
        ),
    )


def _is_low(verdict: SchoolVerdict) -> bool:
    return verdict.verdict in (Verdict.LOW, Verdict.RISK)


def _low_schools(facts: Facts, verdict: Verdict) -> Iterable[AttentionItem]:
    return (_low_school(facts, v) for v in facts.verdicts if v.verdict is verdict)


def _low_school(facts: Facts, verdict: SchoolVerdict) -> AttentionItem:
    results = _of_school(facts, verdict.school_id)
    threshold = threshold_text(facts.run.plan.analysis.low_share_percent)
    low = low_papers_sentence(results, threshold)
    sentence = f"{low} {dynamics.school_problem(facts, verdict.school_id)}".rstrip()
    due = facts.run.phase.reply_by.on
    if verdict.verdict is Verdict.RISK:
        return AttentionItem(
            title=named(verdict.name),
            problem=sentence,
            recommendation=say(_WORDING, "risk"),
            who=say(_WORDING, "curator_who"),
            due=due,
            confirmation=say(_WORDING, "risk_confirmation"),
        )
    subjects = {r.paper.subject for r in results if is_at_threshold(r)}
    return AttentionItem(
        title=named(verdict.name),
        problem=sentence,
        recommendation=say(_WORDING, "results", subjects=len(subjects)),
        who=say(_WORDING, "results_who"),
        due=due,
        confirmation=say(_WORDING, "results_confirmation"),
    )


def _grown(facts: Facts) -> tuple[School, ...]:
    """Schools whose low results grew and that the verdict does not name already."""
    named_already = {v.school_id for v in facts.verdicts if _is_low(v)}
    return tuple(s for s in dynamics.worse_schools(facts) if s.school_id not in named_already)


def _grown_schools(facts: Facts) -> Iterable[AttentionItem]:
    return (_grown_school(facts, school) for school in _grown(facts))


def _grown_school(facts: Facts, school: School) -> AttentionItem:
    return AttentionItem(
        title=named(school.name),
        problem=dynamics.school_problem(facts, school.school_id),
        recommendation=say(_WORDING, "growth"),
        who=say(_WORDING, "curator_who"),
        due=facts.run.phase.reply_by.on,
        confirmation=say(_WORDING, "growth_confirmation"),
    )


def _of_school(facts: Facts, school_id: str) -> tuple[PaperResult, ...]:
    return tuple(r for r in facts.results if r.unit_id == school_id)


def _of_region(facts: Facts, findings_section: int) -> Iterable[AttentionItem]:
    due = facts.run.phase.reply_by.on
    low = [v for v in facts.verdicts if v.verdict is Verdict.LOW]
    if low:
        yield AttentionItem(
            title=say(_WORDING, "region_low_title"),
            problem=say(
                _WORDING,
                "region_low",
                n=len(low),
                municipalities=len({v.municipality_id for v in low}),
            ),
            recommendation=say(_WORDING, "region_low_todo"),
            who=say(_WORDING, "region_low_who", operator=facts.run.institution.short_name),
            due=due,
            confirmation=say(_WORDING, "region_low_confirmation"),
        )
    grown = dynamics.worse_schools(facts)
    if grown:
        yield AttentionItem(
            title=say(_WORDING, "region_worse_title"),
            problem=say(
                _WORDING,
                "region_worse",
                n=len(grown),
                points=dynamics.worse_text(facts),
                municipalities=len({s.municipality_id for s in grown}),
            ),
            recommendation=say(_WORDING, "region_worse_todo"),
            who=say(_WORDING, "region_low_who", operator=facts.run.institution.short_name),
            due=due,
            confirmation=say(_WORDING, "region_low_confirmation"),
        )
    yield from regional_indicators(facts)
    yield from regional_findings(facts, findings_section)
