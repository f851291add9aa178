"""How many pupils of each school got which mark: drawn once per paper, the same in all files.

The share of «2» in the region is the calibrated one; schools differ by an effect of their own;
what is planted for a project school is exact (fixed counts, or a bound on the share of «2»).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from random import Random
from typing import NamedTuple

from roadmap_demo.content import Content, Counts, MainExam, Paper, School, Work

THRESHOLD_PERCENT = 30  # of the ШНОР rule, docs/domain.md §4.2
LEAST_PARTICIPANTS = 5


class Journal(NamedTuple):
    """Against the journal: marks lower, the same, higher."""

    lowered: int
    confirmed: int
    raised: int


@dataclass(frozen=True)
class Result:
    """One school in one paper. `absent`: pupils of the grade who did not write."""

    counts: Counts
    absent: int
    journal: Journal

    @property
    def participants(self) -> int:
        return sum(self.counts)


def _logistic(value: float) -> float:
    return 1 / (1 + math.exp(-value))


def _cut(target: float, weighted: tuple[tuple[int, float], ...]) -> float:
    """The logit at which the schools' shares, weighted by pupils, give `target` on the whole."""
    total = sum(pupils for pupils, _ in weighted)
    low, high = -12.0, 12.0
    for _ in range(50):
        middle = (low + high) / 2
        share = sum(n * _logistic(middle + effect) for n, effect in weighted) / total
        if share < target:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def bounded(counts: Counts, is_low: bool) -> Counts:
    """The same pupils with a share of «2» on the planned side of the threshold."""
    total = sum(counts)
    if total < LEAST_PARTICIPANTS:
        return counts
    least = -(-THRESHOLD_PERCENT * total // 100)  # the smallest number that reaches 30 %
    twos, threes, fours, fives = counts
    wanted = max(twos, least) if is_low else min(twos, least - 1)
    moved = wanted - twos  # from «3», and from «4» and «5» where «3» do not suffice
    threes -= moved
    if threes < 0:
        fours += threes
        threes = 0
    if fours < 0:
        fives += fours
        fours = 0
    return wanted, threes, fours, fives


def _participants(rng: Random, school: School, bounds: tuple[float, float]) -> tuple[int, int]:
    """(wrote, absent) of one grade; a project school keeps its planned size."""
    share = rng.uniform(*bounds)
    if school.project is not None:
        if school.project.small:
            wrote = max(1, min(LEAST_PARTICIPANTS - 1, school.pupils + rng.choice((-1, 0, 0, 1))))
        else:
            wrote = max(LEAST_PARTICIPANTS + 1, school.pupils + rng.randint(-2, 2))
        return wrote, round(wrote * share / (1 - share))
    pupils = max(1, round(school.pupils * rng.uniform(0.8, 1.2)))
    absent = min(pupils - 1, round(pupils * share))
    return pupils - absent, absent


def _draw(rng: Random, wrote: int, cuts: tuple[float, float, float], effect: float) -> Counts:
    edges = [_logistic(cut + effect) for cut in cuts]
    counts = [0, 0, 0, 0]
    for _ in range(wrote):
        value = rng.random()
        counts[sum(value >= edge for edge in edges)] += 1
    return counts[0], counts[1], counts[2], counts[3]


def agreement(rng: Random, counts: Counts, shares: tuple[float, float, float]) -> Journal:
    """A «2» is never above the journal's mark and a «5» never below it."""
    total = sum(counts)
    lowered = sum(rng.random() < shares[0] / 100 for _ in range(total))
    raised = sum(rng.random() < shares[2] / (100 - shares[0]) for _ in range(total - lowered))
    lowered = min(lowered, total - counts[3])
    raised = min(raised, counts[2] + counts[3], total - lowered)
    return Journal(lowered, total - lowered - raised, raised)


def _shares(two: float, rest: tuple[float, float, float]) -> tuple[float, float, float]:
    """Cumulative shares of «2», «2»-«3», «2»-«4»."""
    left = (100 - two) / sum(rest)
    return two / 100, (two + rest[0] * left) / 100, (two + (rest[0] + rest[1]) * left) / 100


@lru_cache(maxsize=64)  # an export and its comparison with the journal ask for the same
def _cuts(
    two: float, rest: tuple[float, float, float], weighted: tuple[tuple[int, float], ...]
) -> tuple[float, float, float]:
    first, second, third = (_cut(share, weighted) for share in _shares(two, rest))
    return first, second, third


def _planted(school: School, code: str, drawn: Counts) -> Counts:
    if school.project is None:
        return drawn
    if code in school.project.marks:
        return school.project.marks[code]
    if school.project.no_twos_in is not None and code.startswith(school.project.no_twos_in):
        return 0, drawn[0] + drawn[1], drawn[2], drawn[3]
    return bounded(drawn, code in school.project.low)


def vpr_results(content: Content, paper: Paper, corrected: bool = False) -> Mapping[str, Result]:
    """Results of one paper by school code, for the schools that wrote it.

    `corrected`: with the marks of `correction.yaml` in place of the first ones.
    """
    vpr = content.vpr_of(paper)
    main = paper.subject in ("русский язык", "математика")
    wrote: dict[str, tuple[int, int, float]] = {}
    for school in content.schools:
        rng = Random(f"{content.seed}/{paper.code}/{school.code}/size")
        skipped = not main and school.project is None and rng.random() < vpr.skips
        if skipped or (school.project and paper.code in school.project.absent_from):
            continue
        participants, absent = _participants(rng, school, vpr.absent)
        effect = school.effect + rng.gauss(0, content.school_names.effects["paper"])
        wrote[school.code] = participants, absent, effect
    cuts = _cuts(paper.two, paper.rest, tuple((n, effect) for n, _, effect in wrote.values()))
    results = {}
    for school in content.schools:
        if school.code not in wrote:
            continue
        rng = Random(f"{content.seed}/{paper.code}/{school.code}/marks")
        participants, absent, effect = wrote[school.code]
        counts = _planted(school, paper.code, _draw(rng, participants, cuts, effect))
        journal = agreement(rng, counts, paper.journal)
        if corrected and content.correction.is_of(paper.code, school):
            counts = content.correction.marks
        results[school.code] = Result(counts, absent, journal)
    return results


def rdr_results(content: Content, work: Work) -> Mapping[str, Counts]:
    """Marks of one regional work by school code: of grade 10, or of those who chose it in 9."""
    wrote: dict[str, tuple[int, float]] = {}
    for school in content.schools:
        rng = Random(f"{content.seed}/{work.code}/{school.code}/size")
        if work.share is not None:
            pupils = sum(rng.random() < work.share for _ in range(school.pupils))
            if pupils:
                wrote[school.code] = pupils, school.effect
        elif school.has_upper_grades:
            pupils = max(
                2,
                round(school.pupils * content.calibration.tenth_of_grade * rng.uniform(0.85, 1.15)),
            )
            wrote[school.code] = pupils, school.effect
    return _marks(content, work, wrote)


def oge_results(content: Content, exam: MainExam) -> Mapping[str, Counts]:
    """Marks of ОГЭ in one subject by school code, before appeals."""
    wrote: dict[str, tuple[int, float]] = {}
    for school in content.schools:
        rng = Random(f"{content.seed}/{exam.code}/{school.code}/size")
        pupils = max(1, round(school.pupils * content.spring.oge.came * rng.uniform(0.85, 1.15)))
        wrote[school.code] = pupils, school.effect
    return _marks(content, exam, wrote)


def _marks(
    content: Content, exam: Work | MainExam, wrote: Mapping[str, tuple[int, float]]
) -> Mapping[str, Counts]:
    cuts = _cuts(exam.two, exam.rest, tuple(wrote.values()))
    results = {}
    for school in content.schools:
        if school.code in wrote:
            rng = Random(f"{content.seed}/{exam.code}/{school.code}/marks")
            pupils, effect = wrote[school.code]
            results[school.code] = _planted(school, exam.code, _draw(rng, pupils, cuts, effect))
    return results
