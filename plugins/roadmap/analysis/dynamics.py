"""What changed since the procedure before, between comparable papers only (docs/domain.md §4.1).

A change is the difference of two shares, each of which may be shown: of «2» where work is
marked, of scores below the minimum in ЕГЭ. It is given in percentage points, later minus
earlier, so that more low results are a positive number. Which procedure is set beside which
is the plan's (`Phase.comparisons`); what the data say against a comparison is decided here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from typing import Any

from roadmap.analysis.read import Hidden, Level, Paper, PaperResult
from roadmap.evidence.scales import options_for
from roadmap.plan.model import Comparison, Phase, Plan, Procedure

# Procedure, grade, subject, level, unit.
_Key = tuple[str, int, str, Level, str]


class NotComparable(StrEnum):
    """Why there is no change to tell; the first that holds, in this order."""

    DECLARED = "declared"  # the plan says so and why: Change.comparison.not_comparable
    NO_DATA = "no_data"  # nobody has a result in that paper: not held then, or no file came
    NOT_WRITTEN = "not_written"  # others have a result in that paper, the unit has none
    MINIMUM = "minimum"  # the two years have different minimum scores (ЕГЭ)
    SCALE = "scale"  # the two years have different scales of marks (ВПР)
    SCALE_UNKNOWN = "scale_unknown"  # the scale of one of the years is not known (ВПР)
    SMALL = "small"  # too few participants in one of the years, or only small schools
    # The region is not shown in one of the years: it would give another school away.
    HIDDEN = "hidden"
    EARLIER_LETTER = "earlier_letter"  # nor beside an earlier letter


@dataclass(frozen=True)
class Change:
    """One unit's result beside that of the procedure before.

    `previous` is the earlier result also where it is not comparable, if there is one.
    `points`: percentage points, exact; None together with a `reason`. `is_worse`: the share
    grew by `plan.analysis.worse_points` or more; None where there are no points.
    `is_sustained_low`: the school reached the threshold of low results in both years, each by
    its own scale (docs/domain.md §4.2, «ШНОР_устойчивый»); None above the school and where one of
    the years has no verdict.
    """

    current: PaperResult
    previous: PaperResult | None
    comparison: Comparison
    points: Fraction | None
    reason: NotComparable | None
    is_worse: bool | None
    is_sustained_low: bool | None


def previous_procedures(phase: Phase) -> tuple[Procedure, ...]:
    """The procedures that the phase sets its own beside, once each.

    Without those that were not held, that the plan declares not comparable, or that the
    phase analyses itself.
    """
    own = {procedure.key for procedure in phase.procedures}
    before = {
        comparison.previous.key: comparison.previous
        for comparison in phase.comparisons
        if comparison.not_comparable is None
        and comparison.previous.not_held is None
        and comparison.previous.key not in own
    }
    return tuple(before.values())


def low_share(result: PaperResult) -> Fraction | None:
    """The share of «2», in ЕГЭ of scores below the minimum, from 0 to 1; None when hidden."""
    if result.marks is not None:
        return Fraction(result.marks.two, result.marks.participants)
    if result.exam is not None:
        return Fraction(result.exam.below_minimum, result.exam.participants)
    return None


def changes(
    plan: Plan,
    phase: Phase,
    current_results: Iterable[PaperResult],
    previous_results: Iterable[PaperResult],
    scales: Mapping[str, Any] | None = None,
) -> tuple[Change, ...]:
    """A change, or why there is none, for each current result whose procedure is compared.

    Results are those that one addressee may see (`analysis.read.papers`); the order is that
    of the current ones. Units are paired by level and id within kind, grade and subject.
    `scales`: those of ВПР by year, subject and grade; None: of include/scales.
    """
    if scales is None:
        scales = options_for("vpr").get("scales", {})
    current, previous = tuple(current_results), tuple(previous_results)
    by_procedure = {comparison.current: comparison for comparison in phase.comparisons}
    earlier = _Earlier(
        {_key(result, result.paper.procedure): result for result in previous},
        frozenset(result.paper for result in previous),
        _minima((*current, *previous)),
        scales,
    )
    return tuple(
        _change(plan, by_procedure[result.paper.procedure], result, earlier)
        for result in current
        if result.paper.procedure in by_procedure
    )


@dataclass(frozen=True)
class _Earlier:
    """What a result is set beside."""

    results: Mapping[_Key, PaperResult]
    papers: frozenset[Paper]
    minima: Mapping[Paper, int]
    scales: Mapping[str, Any]

    def scale(self, paper: Paper) -> Any:
        """The scale of ВПР of that paper; None when it is not known."""
        return self.scales.get(str(paper.year), {}).get(paper.subject, {}).get(str(paper.grade))


def _minima(results: Iterable[PaperResult]) -> dict[Paper, int]:
    """The minimum is the paper's: one shown unit tells it for the hidden ones, too."""
    return {result.paper: result.exam.minimum for result in results if result.exam is not None}


def _key(result: PaperResult, procedure: str) -> _Key:
    return procedure, result.paper.grade, result.paper.subject, result.level, result.unit_id


def _change(plan: Plan, comparison: Comparison, current: PaperResult, earlier: _Earlier) -> Change:
    previous = earlier.results.get(_key(current, comparison.previous.key))
    if comparison.not_comparable is not None:
        return Change(current, previous, comparison, None, NotComparable.DECLARED, None, None)
    sustained = None
    if previous is not None and current.is_low is not None and previous.is_low is not None:
        sustained = current.is_low and previous.is_low
    reason = _reason(comparison, current, previous, earlier)
    now = low_share(current)
    then = low_share(previous) if previous is not None else None
    if reason is not None or now is None or then is None:
        return Change(current, previous, comparison, None, reason, None, sustained)
    points = 100 * (now - then)
    # The decimal text, not the binary value: 7.1 means 71/10.
    is_worse = points >= Fraction(str(plan.analysis.worse_points))
    return Change(current, previous, comparison, points, None, is_worse, sustained)


def _reason(
    comparison: Comparison, current: PaperResult, previous: PaperResult | None, earlier: _Earlier
) -> NotComparable | None:
    now = current.paper
    then = replace(now, year=comparison.previous.year, wave=comparison.previous.wave)
    if then not in earlier.papers:
        return NotComparable.NO_DATA
    if previous is None:
        return NotComparable.NOT_WRITTEN
    minima = {earlier.minima[one] for one in (now, then) if one in earlier.minima}
    if len(minima) > 1:
        return NotComparable.MINIMUM
    if now.kind == "vpr":
        scales = earlier.scale(now), earlier.scale(then)
        if None in scales:
            return NotComparable.SCALE_UNKNOWN
        if scales[0] != scales[1]:
            return NotComparable.SCALE
    hidden = {current.hidden, previous.hidden}
    if Hidden.DIFFERENCE in hidden:
        return NotComparable.HIDDEN
    if Hidden.EARLIER_LETTER in hidden:
        return NotComparable.EARLIER_LETTER
    return NotComparable.SMALL if hidden != {None} else None
