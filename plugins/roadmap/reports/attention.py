"""What needs attention: one item per matter, with what to do, who and by when (domain: §6.2).

Items are ordered by kind of matter and then by alphabet, never by value: schools with low
results, people who did not take part, documents that are missing, schools at risk.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from roadmap.analysis.read import PaperResult, SchoolVerdict, Verdict
from roadmap.analysis.small_numbers import REGION
from roadmap.indicators.read import Gap, IndicatorResult
from roadmap.indicators.status import Status
from roadmap.plan.due import due_date
from roadmap.plan.model import IndicatorKind, OnDay
from roadmap.reports.measures import missing
from roadmap.reports.model import AttentionItem
from roadmap.reports.results import is_at_threshold, low_papers_sentence, threshold_text
from roadmap.reports.run_facts import Facts
from roadmap.reports.wording import named, say
from roadmap.russian import natural_key

_WORDING = "march_analysis/attention"
# Missed and due: a running window is no reproach, and of no data nobody can be blamed.
_MISSED = (Status.NOT_DONE, Status.PARTLY)


def attention(facts: Facts, findings_section: int) -> tuple[AttentionItem, ...]:
    """All items of the addressee; `findings_section` is where the document lists findings."""
    if facts.is_region:
        return tuple(_of_region(facts, findings_section))
    return (
        *_low_schools(facts, Verdict.LOW),
        *_people(facts),
        *_missing_acts(facts),
        *_low_schools(facts, Verdict.RISK),
    )


def school_items(facts: Facts, school_id: str) -> tuple[AttentionItem, ...]:
    """What concerns one school: its results and its curator."""
    return (
        *(_low_school(facts, v) for v in facts.verdicts if v.school_id == school_id and _is_low(v)),
        *(
            item
            for group in _curator_gaps(facts)
            if any(gap.school_id == school_id for gap in group)
            if (item := _curator(facts, group)) is not None
        ),
    )


# -- Of a municipality -----------------------------------------------------------------------


def _is_low(verdict: SchoolVerdict) -> bool:
    return verdict.verdict in (Verdict.LOW, Verdict.RISK)


def _low_schools(facts: Facts, verdict: Verdict) -> Iterable[AttentionItem]:
    return (_low_school(facts, v) for v in facts.verdicts if v.verdict is verdict)


def _low_school(facts: Facts, verdict: SchoolVerdict) -> AttentionItem:
    results = _of_school(facts, verdict.school_id)
    threshold = threshold_text(facts.run.plan.analysis.low_share_percent)
    sentence = low_papers_sentence(results, threshold)
    due = facts.run.phase.reply_by.on
    if verdict.verdict is Verdict.RISK:
        return AttentionItem(
            title=named(verdict.name),
            problem=sentence,
            recommendation=say(_WORDING, "risk"),
            who=say(_WORDING, "risk_who"),
            due=due,
            confirmation=say(_WORDING, "risk_confirmation"),
        )
    subjects = {r.paper.subject for r in results if is_at_threshold(r)}
    advice = {1: "results_one", 2: "results_both"}.get(len(subjects), "results_many")
    return AttentionItem(
        title=named(verdict.name),
        problem=sentence,
        recommendation=say(_WORDING, advice),
        who=say(_WORDING, "results_who"),
        due=due,
        confirmation=say(_WORDING, "results_confirmation"),
    )


def _of_school(facts: Facts, school_id: str) -> tuple[PaperResult, ...]:
    return tuple(r for r in facts.results if r.unit_id == school_id)


def _missed(facts: Facts) -> tuple[IndicatorResult, ...]:
    return tuple(r for r in facts.indicators if r.status in _MISSED)


def _gaps_of(facts: Facts, result: IndicatorResult, unit_kind: str) -> tuple[Gap, ...]:
    code = result.indicator.code
    return tuple(g for g in facts.gaps if g.indicator_code == code and g.unit_kind == unit_kind)


def _people(facts: Facts) -> Iterable[AttentionItem]:
    for result in _missed(facts):
        coordinators = {g.person_id for g in _gaps_of(facts, result, "coordinator")}
        if coordinators:
            problem = say(
                _WORDING,
                "coordinator",
                n=len(coordinators),
                on=_day_of(result),
                measure=result.measure.number,
            )
            yield _advised(facts, result, say(_WORDING, "title_coordinator"), problem)
    for group in _curator_gaps(facts):
        item = _curator(facts, group)
        if item is not None:
            yield item


def _curator_gaps(facts: Facts) -> list[tuple[Gap, ...]]:
    """Gaps of curators, one group per indicator and person, in order of their schools."""
    curators = [gap for gap in facts.gaps if gap.unit_kind == "curator"]
    curators.sort(key=lambda g: (g.indicator_code, g.person_id or "", _school_key(g)))
    groups = [
        tuple(group)
        for _, group in groupby(curators, key=lambda g: (g.indicator_code, g.person_id))
    ]
    return sorted(groups, key=lambda group: (group[0].indicator_code, _school_key(group[0])))


def _school_key(gap: Gap) -> tuple[object, ...]:
    return natural_key(gap.school_name or "")


def _curator(facts: Facts, group: Sequence[Gap]) -> AttentionItem | None:
    """One curator, named by the schools that the curator leads; persons have no names here."""
    code = group[0].indicator_code
    result = next((r for r in _missed(facts) if r.indicator.code == code), None)
    if result is None:
        return None
    schools = [named(gap.school_name) for gap in group if gap.school_name]
    title = ", ".join(schools) or say(_WORDING, "title_curator")
    problem = say(_WORDING, "curator", on=_day_of(result), measure=result.measure.number)
    return _advised(facts, result, title, problem)


def _missing_acts(facts: Facts) -> Iterable[AttentionItem]:
    for result in _missed(facts):
        if _gaps_of(facts, result, "municipality"):
            problem = say(_WORDING, "act", measure=result.measure.number)
            yield _advised(facts, result, say(_WORDING, "title_act"), problem)


def _day_of(result: IndicatorResult) -> object:
    window = result.measure.window
    return window.on if isinstance(window, OnDay) else due_date(window)


def _advised(facts: Facts, result: IndicatorResult, title: str, problem: str) -> AttentionItem:
    """The item with the plan's recommendation for the indicator."""
    advice = result.indicator.recommendation
    if advice is None:
        return AttentionItem(
            title=title,
            problem=problem,
            recommendation=say(_WORDING, "region_indicator_todo"),
            who=say(_WORDING, "region_indicator_who"),
            due=facts.run.phase.reply_by.on,
            confirmation=say(_WORDING, "region_indicator_confirmation"),
        )
    return AttentionItem(
        title=title,
        problem=problem,
        recommendation=named(advice.text),
        who=named(advice.addressee),
        due=advice.due,
        confirmation=named(advice.confirmation),
    )


# -- Of the region ---------------------------------------------------------------------------


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
            who=say(_WORDING, "region_low_who"),
            due=due,
            confirmation=say(_WORDING, "region_low_confirmation"),
        )
    for result in _missed(facts):
        title = say(
            _WORDING,
            "region_indicator_title",
            code=result.indicator.code,
            title=result.indicator.title,
        )
        yield _advised(facts, result, title, _regional_problem(facts, result))
    if facts.findings:
        yield AttentionItem(
            title=say(_WORDING, "region_findings_title"),
            # Without their number: one more finding alone is no correction of the report.
            problem=say(_WORDING, "region_findings", section=findings_section),
            recommendation=say(_WORDING, "region_findings_todo"),
            who=say(_WORDING, "region_findings_who"),
            due=due,
            confirmation=say(_WORDING, "region_findings_confirmation"),
        )


def _regional_problem(facts: Facts, result: IndicatorResult) -> str:
    measure = result.measure.number
    match result.indicator.kind:
        case IndicatorKind.FACT:
            return say(_WORDING, "region_fact", measure=measure)
        case IndicatorKind.COUNT:
            return say(
                _WORDING,
                "region_count",
                numerator=result.numerator,
                shortfall=missing(result),
                measure=measure,
            )
        case IndicatorKind.SHARE:
            told = say(
                _WORDING,
                "region_indicator",
                numerator=result.numerator,
                denominator=result.denominator,
                shortfall=missing(result),
                measure=measure,
            )
    names = sorted(
        {
            named(facts.run.municipalities[g.municipality_id].name)
            for g in facts.gaps
            if g.indicator_code == result.indicator.code
            and g.municipality_id in facts.run.municipalities
            and g.municipality_id != REGION
        },
        key=natural_key,
    )
    return f"{told} {say(_WORDING, 'region_by_municipality', names=names)}" if names else told
