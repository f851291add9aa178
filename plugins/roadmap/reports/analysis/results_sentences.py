"""What results of assessment procedures say, in sentences."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import groupby

from roadmap.analysis.read import Level, PaperResult
from roadmap.analysis.shares import wilson
from roadmap.reports.analysis.results import (
    at,
    by_paper,
    has_low_results,
    is_main,
    low_share,
    low_words,
    only,
    paper_label,
    subject_order,
    total_level,
    unit_name,
    work,
)
from roadmap.reports.facts.run import Facts
from roadmap.reports.model import Share
from roadmap.reports.parts.sentences import sentence
from roadmap.reports.words.show import points
from roadmap.reports.words.wording import subject_dative


def reached_sentence(facts: Facts, results: Sequence[PaperResult]) -> str:
    """Which schools reached the threshold in which subject, with their shares."""
    phrases = []
    for paper, of_paper in by_paper(results):
        schools = [
            sentence(
                facts,
                "reached_school",
                name=unit_name(facts, r),
                share=None if r.is_verdict_other else low_share(r),
            )
            for r in of_paper
            if has_low_results(r)
        ]
        if schools:
            phrases.append(sentence(facts, "reached_in", subject=paper.subject, schools=schools))
    if phrases:
        return sentence(facts, "reached_by_schools", phrases=phrases)
    if any(r.hidden is None for r in at(results, Level.SCHOOL)):
        return sentence(facts, "not_reached")
    return sentence(facts, "all_papers_small")


def comparison_sentence(facts: Facts, results: Sequence[PaperResult]) -> str | None:
    """The addressee's total against the region, main subjects; None where either is hidden.

    Where the region's share lies inside the 95 % interval of the total, the sentence says
    that the difference may be chance.
    """
    level = total_level(facts)
    phrases: list[str] = []
    by_chance: list[str] = []
    compared: list[PaperResult] = []
    for paper, of_paper in by_paper(results):
        total, region = only(of_paper, level), only(of_paper, Level.REGION)
        if not is_main(paper) or total is None or region is None:
            continue
        share, other = low_share(total), low_share(region)
        if share is None or other is None:
            continue
        difference = points(share, other)
        compared.append(total)
        phrases.append(sentence(facts, "compared", subject=paper.subject, difference=difference))
        if difference and _may_be_chance(share, other):
            by_chance.append(subject_dative(paper.subject))
    if not phrases:
        return None
    texts = [sentence(facts, "comparison", low_of=low_words(compared), phrases=phrases)]
    if by_chance:
        some = by_chance if len(by_chance) < len(phrases) else []
        texts.append(sentence(facts, "chance", subjects=some))
    return " ".join(texts)


def _may_be_chance(share: Share, region: Share) -> bool:
    interval = wilson(share.numerator, share.denominator)
    return interval.low <= region.numerator / region.denominator <= interval.high


def low_papers_sentence(facts: Facts, results: Sequence[PaperResult]) -> str:
    """The problem of one school, of whose results `results` are: its low papers in figures.

    Up to three are named with their shares; more are told by subjects and range. Those whose
    figures stand as an earlier letter told them, below the threshold, are named without.
    """
    every = [r for r in results if has_low_results(r)]
    low = [r for r in every if not r.is_verdict_other]
    marks = [r for r in low if r.marks is not None]
    texts = []
    if len(marks) > 3:
        shares = sorted(filter(None, map(low_share, marks)), key=_fraction)
        subjects = sorted({r.paper.subject for r in marks}, key=subject_order)
        texts.append(
            sentence(
                facts,
                "many_low_marks",
                low_of=low_words(marks),
                n=len(marks),
                papers=sum(r.marks is not None and r.is_low is not None for r in results),
                has_exams=any(r.exam is not None and r.is_low is not None for r in results),
                least=shares[0],
                most=shares[-1],
                subjects=[subject_dative(subject) for subject in subjects],
            )
        )
    elif marks:
        papers = [
            sentence(
                facts,
                "low_marks_in",
                phrases=[
                    sentence(facts, "low_marks", share=low_share(r), subject=r.paper.subject)
                    for r in of_label
                ],
                where=label,
            )
            for label, of_label in groupby(marks, lambda r: paper_label(r.paper))
        ]
        texts.append(sentence(facts, "few_low_marks", low_of=low_words(marks), phrases=papers))
    exams = [
        sentence(facts, "low_exam", share=low_share(r), subject=r.paper.subject)
        for r in low
        if r.exam is not None
    ]
    if exams:
        texts.append(sentence(facts, "low_exams", phrases=exams))
    newly = [work(facts, r) for r in every if r.is_verdict_other]
    if newly:
        texts.append(sentence(facts, "low_by_newer", works=newly))
    return " ".join(texts)


def _fraction(share: Share) -> Fraction:
    return Fraction(share.numerator, share.denominator)
