"""The answer of an analysis: headline, what follows it, conclusions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from roadmap.analysis.read import Level, PaperResult, SchoolVerdict, Verdict
from roadmap.indicators.status import Status
from roadmap.plan.model import IndicatorKind, Phase, Plan
from roadmap.plan.procedures import kinds, low_of
from roadmap.reports.analysis import dynamics
from roadmap.reports.analysis.results import (
    at,
    has_low_results,
    low_totals,
    low_words,
    subject_order,
)
from roadmap.reports.facts.run import Facts, School
from roadmap.reports.parts.measures import Shown, is_open, missing
from roadmap.reports.parts.sentences import sentence, shortened
from roadmap.reports.words.wording import named, title


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


def ordering_measure(plan: Plan, phase: Phase) -> str:
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
    by_school = {v.school_id: v for v in facts.verdicts}

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
            if (v := by_school.get(s.school_id)) is None
            or (v.verdict is Verdict.NO_VERDICT and not v.small_papers)
        ),
        low_results=tuple(r for r in at(facts.results, Level.SCHOOL) if has_low_results(r)),
    )


def headline(facts: Facts, summary: Summary) -> str:
    """The result in one sentence, no full stop: what a director could repeat on the phone."""
    if summary.reached:
        low = summary.low_results
        in_points = any(r.exam is not None for r in low)
        return sentence(
            facts,
            "headline_reached",
            low_of=low_of(()) if in_points else low_words(low),
            reached=summary.reached,
            total=summary.total,
            subjects=_subjects(facts, summary.low_results),
        )
    if not summary.judged:
        if not summary.total:
            return sentence(facts, "headline_no_schools")
        if summary.small:
            return sentence(facts, "headline_small")
        return sentence(facts, "headline_no_data")
    return sentence(facts, "headline_not_low", judged=summary.judged, total=summary.total)


def _subjects(facts: Facts, results: Sequence[PaperResult]) -> list[str]:
    """«русскому языку», «математике», then by alphabet; those of exams in points last, marked."""
    subjects = {
        ("" if r.exam is None else kinds()[r.paper.kind].name, r.paper.subject) for r in results
    }
    return [
        sentence(facts, "headline_subject", subject=subject, exam=exam)
        for exam, subject in sorted(subjects, key=lambda one: (one[0], subject_order(one[1])))
    ]


def explanation(facts: Facts, summary: Summary) -> list[str]:
    """What follows the headline: the other schools, the rule of low results."""
    not_low, small = len(summary.not_low), len(summary.small)
    texts = []
    if summary.reached and not_low and small:
        texts.append(sentence(facts, "rest", not_low=not_low, small=small))
    elif summary.reached and not_low:
        texts.append(sentence(facts, "rest_not_low", not_low=not_low))
    elif small and summary.judged:
        texts.append(sentence(facts, "rest_small", small=small))
    if summary.unknown and (summary.judged or small):
        texts.append(sentence(facts, "rest_no_data", n=len(summary.unknown)))
    if summary.reached and summary.total > 1:
        procedures = facts.run.plan.analysis.low_procedures
        texts.append(sentence(facts, "low_rule", low=len(summary.low), procedures=procedures))
    return texts


def data_sentences(facts: Facts) -> list[str]:
    """Which procedures were taken into account, the as-of date, and what did not come."""
    held = [p for p in facts.run.phase.procedures if p.not_held is None]
    came = [p.short_title for p in held if facts.run.received_on(p) is not None]
    absent = [p.short_title for p in held if facts.run.received_on(p) is None]
    texts = [sentence(facts, "sources", procedures=came)]
    if absent:
        texts.append(sentence(facts, "absent_procedures", titles=absent))
    return texts


def conclusions(facts: Facts, summary: Summary, shown: Sequence[Shown]) -> tuple[str, ...]:
    """Numbered conclusions: one sentence each, tied to numbers, only the addressee's own.

    What is counted for the region is no conclusion about a municipality.
    """
    texts = []
    if not summary.total:
        texts.append(sentence(facts, "no_schools"))
    if summary.reached:
        texts.append(sentence(facts, "reached", reached=summary.reached, total=summary.total))
    elif summary.judged:
        texts.append(sentence(facts, "reached_nobody", total=summary.judged))
    if summary.low:
        texts.append(
            sentence(
                facts,
                "low_schools",
                procedures=facts.run.plan.analysis.low_procedures,
                schools=_names(facts, summary.low),
            )
        )
    if summary.risk:
        texts.append(sentence(facts, "risk_schools", schools=_names(facts, summary.risk)))
    if summary.small:
        texts.append(sentence(facts, "no_verdict_small", schools=_names(facts, summary.small)))
    if summary.unknown:
        names = shortened(facts, [named(name) for name in summary.unknown])
        texts.append(sentence(facts, "no_verdict_no_data", schools=names))
    texts.extend(_dynamics(facts))
    totals = len(low_totals(facts))
    if totals:
        texts.append(sentence(facts, "subjects_low", n=totals))
    own = [s for s in shown if s.is_own and s.result.status is not Status.NO_SCHOOLS]
    still_open = [f"{s.code} «{title(s.title)}» ({missing(s.result)})" for s in own if is_open(s)]
    if still_open:
        texts.append(sentence(facts, "indicators_open", phrases=still_open))
    elif own:
        texts.append(sentence(facts, "indicators_done"))
    return tuple(texts)


def _dynamics(facts: Facts) -> Iterable[str]:
    grew, both = dynamics.worse_schools(facts), dynamics.sustained_schools(facts)
    if grew:
        names = shortened(facts, [_school_name(facts, school) for school in grew])
        yield sentence(facts, "worse_schools", schools=names)
    if both:
        names = shortened(facts, [_school_name(facts, school) for school in both])
        yield sentence(facts, "sustained_schools", schools=names)


def _names(facts: Facts, schools: Sequence[SchoolVerdict]) -> list[str]:
    return shortened(facts, [_school_name(facts, v) for v in facts.verdicts if v in schools])


def _school_name(facts: Facts, school: SchoolVerdict | School) -> str:
    """The region has many a «Школа № 1»: there the municipality is named too."""
    name = named(school.name)
    municipality = facts.run.municipalities.get(school.municipality_id)
    if not facts.is_region or municipality is None:
        return name
    short = named(municipality.short_name)
    return sentence(facts, "school_of", school=name, municipality=short)
