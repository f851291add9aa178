"""What results of assessment procedures say, in sentences."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import groupby

from roadmap.analysis.read import Level, PaperResult
from roadmap.analysis.shares import wilson
from roadmap.reports.analysis.results import (
    MAIN_SUBJECTS,
    at,
    by_paper,
    is_at_threshold,
    low_share,
    only,
    paper_label,
    subject_order,
    threshold_text,
    unit_name,
)
from roadmap.reports.facts.run import Facts
from roadmap.reports.model import Share
from roadmap.reports.words.show import points
from roadmap.reports.words.wording import say, subject_dative

_WORDING = "analysis"


def reached_sentence(facts: Facts, results: Sequence[PaperResult]) -> str:
    """Which schools reached the threshold in which subject, with their shares."""
    threshold = threshold_text(facts.run.plan.analysis.low_share_percent)
    found = []
    for paper, of_paper in by_paper(results):
        low = [r for r in of_paper if is_at_threshold(r)]
        schools = [
            say(_WORDING, "reached_school", name=unit_name(facts, r), share=low_share(r))
            for r in low
        ]
        if schools:
            found.append(say(_WORDING, "reached_in", subject=paper.subject, schools=schools))
    if found:
        return say(_WORDING, "reached_by_schools", threshold=threshold, found=found)
    if any(r.hidden is None for r in at(results, Level.SCHOOL)):
        return say(_WORDING, "not_reached", threshold=threshold, least=facts.run.least)
    return say(_WORDING, "all_papers_small", least=facts.run.least)


def comparison_sentence(facts: Facts, results: Sequence[PaperResult]) -> str | None:
    """The addressee's total against the region, main subjects; None where either is hidden.

    Where the region's share lies inside the 95 % interval of the total, the sentence says
    that the difference may be chance.
    """
    level = Level.PARTICIPANTS if facts.is_region else Level.MUNICIPALITY
    phrases: list[str] = []
    by_chance: list[str] = []
    for paper, of_paper in by_paper(results):
        total, region = only(of_paper, level), only(of_paper, Level.REGION)
        if paper.subject not in MAIN_SUBJECTS or total is None or region is None:
            continue
        share, other = low_share(total), low_share(region)
        if share is None or other is None:
            continue
        difference = points(share, other)
        phrases.append(say(_WORDING, "compared", subject=paper.subject, difference=difference))
        if difference and _may_be_chance(share, other):
            by_chance.append(subject_dative(paper.subject))
    if not phrases:
        return None
    exams = any(r.exam is not None for r in results)
    told = [say(_WORDING, "comparison", exams=exams, is_region=facts.is_region, phrases=phrases)]
    if by_chance:
        some = by_chance if len(by_chance) < len(phrases) else []
        told.append(say(_WORDING, "chance", subjects=some))
    return " ".join(told)


def _may_be_chance(share: Share, region: Share) -> bool:
    interval = wilson(share.numerator, share.denominator)
    return interval.low <= region.numerator / region.denominator <= interval.high


def low_papers_sentence(results: Sequence[PaperResult], threshold: str) -> str:
    """The problem of one school, of whose results `results` are: its low papers in figures.

    Up to three are named with their shares; more are told by subjects and range.
    """
    low = [r for r in results if is_at_threshold(r)]
    marks = [r for r in low if r.marks is not None]
    exams = [r for r in low if r.exam is not None]
    told = []
    if len(marks) > 3:
        shares = sorted((s for s in map(low_share, marks) if s is not None), key=_fraction)
        subjects = sorted({r.paper.subject for r in marks}, key=subject_order)
        told.append(
            say(
                _WORDING,
                "many_low_marks",
                threshold=threshold,
                n=len(marks),
                papers=sum(r.marks is not None and r.is_low is not None for r in results),
                has_exams=any(r.exam is not None and r.is_low is not None for r in results),
                least=shares[0],
                most=shares[-1],
                subjects=[subject_dative(subject) for subject in subjects],
            )
        )
    elif marks:
        told.append(_few_low_marks(marks, threshold))
    if exams:
        found = [
            say(_WORDING, "low_exam", share=low_share(r), subject=r.paper.subject) for r in exams
        ]
        told.append(say(_WORDING, "low_exams", threshold=threshold, found=found))
    return " ".join(told)


def _few_low_marks(low: Sequence[PaperResult], threshold: str) -> str:
    found = [
        say(
            _WORDING,
            "low_marks_in",
            found=[
                say(_WORDING, "low_marks", share=low_share(r), subject=r.paper.subject)
                for r in of_label
            ],
            where=label,
        )
        for label, of_label in groupby(low, lambda r: paper_label(r.paper))
    ]
    return say(_WORDING, "few_low_marks", threshold=threshold, found=found)


def _fraction(share: Share) -> Fraction:
    return Fraction(share.numerator, share.denominator)
