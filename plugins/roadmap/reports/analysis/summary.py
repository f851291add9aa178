"""The answer of an analysis: headline, what follows it, conclusions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from roadmap.analysis.read import Level, PaperResult, SchoolVerdict, Verdict
from roadmap.plan.model import IndicatorKind, Phase, Plan
from roadmap.reports.analysis import dynamics
from roadmap.reports.analysis.results import (
    at,
    is_at_threshold,
    low_totals,
    subject_order,
    threshold_text,
)
from roadmap.reports.facts.run import Facts, School
from roadmap.reports.parts.measures import Shown, is_open, missing
from roadmap.reports.words.wording import named, say, title

_WORDING = "analysis"
_SCHOOLS_NAMED = 12


@dataclass(frozen=True)
class Summary:
    """The addressee's schools by verdict. `unknown`: no results of the school in the data."""

    total: int
    low: tuple[SchoolVerdict, ...]
    risk: tuple[SchoolVerdict, ...]
    not_low: tuple[SchoolVerdict, ...]
    small: tuple[SchoolVerdict, ...]
    unknown: tuple[str, ...]  # names
    low_results: tuple[PaperResult, ...]

    @property
    def reached(self) -> int:
        """Schools at the threshold in at least one paper."""
        return len(self.low) + len(self.risk)

    @property
    def judged(self) -> int:
        return self.reached + len(self.not_low)


def ordering_measure(plan: Plan, phase: Phase) -> int:
    """The number of the measure that orders this analysis.

    Of the measures that the phase owns the one whose indicator asks for this very document
    (a fact that stands outside the phase's own letter); ValueError when there is none.
    """
    for number in phase.owns:
        for indicator in plan.measure(number).indicators:
            is_of_this_document = phase.code in indicator.outside_letter_of
            if indicator.kind is IndicatorKind.FACT and is_of_this_document:
                return number
    raise ValueError(f"no measure of {phase.code} asks for its document")


def summarise(facts: Facts) -> Summary:
    found = {v.school_id: v for v in facts.verdicts}

    def of(verdict: Verdict) -> tuple[SchoolVerdict, ...]:
        return tuple(v for v in facts.verdicts if v.verdict is verdict)

    return Summary(
        total=len(facts.schools),
        low=of(Verdict.LOW),
        risk=of(Verdict.RISK),
        not_low=of(Verdict.NOT_LOW),
        small=tuple(v for v in of(Verdict.NO_VERDICT) if v.small_papers),
        unknown=tuple(
            s.name
            for s in facts.schools
            if (v := found.get(s.school_id)) is None
            or (v.verdict is Verdict.NO_VERDICT and not v.small_papers)
        ),
        low_results=tuple(r for r in at(facts.results, Level.SCHOOL) if is_at_threshold(r)),
    )


def headline(facts: Facts, summary: Summary) -> str:
    """The result in one sentence, no full stop: what a director could repeat on the phone."""
    threshold = threshold_text(facts.run.plan.analysis.low_share_percent)
    if summary.reached:
        return say(
            _WORDING,
            "headline_reached",
            threshold=threshold,
            exams=any(r.exam is not None for r in summary.low_results),
            reached=summary.reached,
            total=summary.total,
            subjects=_subjects(summary.low_results),
        )
    if not summary.judged:
        if summary.small:
            return say(_WORDING, "headline_small", least=facts.run.least)
        return say(_WORDING, "headline_no_data")
    return say(
        _WORDING,
        "headline_not_low",
        threshold=threshold,
        judged=summary.judged,
        total=summary.total,
    )


def _subjects(results: Sequence[PaperResult]) -> list[str]:
    """«русскому языку», «математике», then by alphabet; those of ЕГЭ last and marked."""
    found = {(r.exam is not None, r.paper.subject) for r in results}
    return [
        say(_WORDING, "headline_subject", subject=subject, is_exam=is_exam)
        for is_exam, subject in sorted(found, key=lambda one: (one[0], subject_order(one[1])))
    ]


def explanation(facts: Facts, summary: Summary) -> tuple[str, ...]:
    """What follows the headline: the other schools, the rule of low results."""
    told = [*_other_schools(facts, summary)]
    if summary.reached and summary.total > 1:
        procedures = facts.run.plan.analysis.low_procedures
        told.append(say(_WORDING, "low_rule", low=len(summary.low), procedures=procedures))
    return tuple(told)


def _other_schools(facts: Facts, summary: Summary) -> list[str]:
    not_low, small = len(summary.not_low), len(summary.small)
    told = []
    if summary.reached and not_low and small:
        told.append(say(_WORDING, "rest", not_low=not_low, small=small, least=facts.run.least))
    elif summary.reached and not_low:
        told.append(say(_WORDING, "rest_not_low", not_low=not_low))
    elif small and summary.judged:
        told.append(say(_WORDING, "rest_small", small=small, least=facts.run.least))
    if summary.unknown and (summary.judged or small):
        told.append(say(_WORDING, "rest_no_data", n=len(summary.unknown)))
    return told


def sources_sentence(facts: Facts) -> str:
    """Which procedures were taken into account, and the as-of date."""
    run = facts.run
    found = [
        p.short_title
        for p in run.phase.procedures
        if p.not_held is None and run.received_on(p) is not None
    ]
    return say(_WORDING, "sources", procedures=found, as_of=run.as_of)


def absent_procedures(facts: Facts) -> tuple[str, ...]:
    """Procedures that were held and whose files did not come: «н/д»."""
    run = facts.run
    return tuple(
        p.short_title
        for p in run.phase.procedures
        if p.not_held is None and run.received_on(p) is None
    )


def conclusions(facts: Facts, summary: Summary, shown: Sequence[Shown]) -> tuple[str, ...]:
    """Numbered conclusions: one sentence each, tied to numbers, only the addressee's own.

    What is counted for the region is no conclusion about a municipality.
    """
    settings = facts.run.plan.analysis
    threshold = threshold_text(settings.low_share_percent)
    told = []
    if summary.reached:
        told.append(
            say(
                _WORDING,
                "reached",
                threshold=threshold,
                reached=summary.reached,
                total=summary.total,
            )
        )
    elif summary.judged:
        told.append(say(_WORDING, "reached_nobody", threshold=threshold, total=summary.judged))
    if summary.low:
        told.append(
            say(
                _WORDING,
                "low_schools",
                procedures=settings.low_procedures,
                schools=_names(facts, summary.low),
            )
        )
    if summary.risk:
        told.append(say(_WORDING, "risk_schools", schools=_names(facts, summary.risk)))
    if summary.small:
        told.append(
            say(
                _WORDING,
                "no_verdict_small",
                schools=_names(facts, summary.small),
                least=facts.run.least,
            )
        )
    if summary.unknown:
        names = _shortened([named(name) for name in summary.unknown])
        told.append(say(_WORDING, "no_verdict_no_data", schools=names))
    told.extend(_dynamics(facts))
    totals = len(low_totals(facts))
    if totals:
        told.append(
            say(_WORDING, "subjects_low", is_region=facts.is_region, threshold=threshold, n=totals)
        )
    own = [s for s in shown if s.is_own]
    still_open = [
        f"{s.code} {title_in_sentence(s.title)} ({missing(s.result)})" for s in own if is_open(s)
    ]
    if still_open:
        told.append(say(_WORDING, "indicators_open", found=still_open))
    elif own:
        told.append(say(_WORDING, "indicators_done"))
    return tuple(told)


def _dynamics(facts: Facts) -> Iterable[str]:
    grew, both = dynamics.worse_schools(facts), dynamics.sustained_schools(facts)
    if grew:
        names = _shortened([_school_name(facts, school) for school in grew])
        yield say(_WORDING, "worse_schools", points=dynamics.worse_text(facts), schools=names)
    if both:
        names = _shortened([_school_name(facts, school) for school in both])
        yield say(_WORDING, "sustained_schools", schools=names)


def title_in_sentence(text: str) -> str:
    return f"«{title(text)}»"


def _names(facts: Facts, schools: Sequence[SchoolVerdict]) -> list[str]:
    names = [_school_name(facts, v) for v in facts.verdicts if v in schools]
    return _shortened(names)


def _school_name(facts: Facts, school: SchoolVerdict | School) -> str:
    """The region has many a «Школа № 1»: there the municipality is named too."""
    name = named(school.name)
    municipality = facts.run.municipalities.get(school.municipality_id)
    if not facts.is_region or municipality is None:
        return name
    short = named(municipality.short_name)
    return say(_WORDING, "school_of", school=name, municipality=short)


def _shortened(names: list[str]) -> list[str]:
    if len(names) <= _SCHOOLS_NAMED:
        return names
    rest = len(names) - _SCHOOLS_NAMED
    return [*names[:_SCHOOLS_NAMED], say(_WORDING, "and_more", n=rest)]
