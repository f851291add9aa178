"""What somebody finds out of hidden schools who puts two letters of one municipality side by side.

The reader knows every number that the letters show, of the schools elsewhere how much they
changed, and of a school that stands with its earlier figures on which side of the threshold it is
by now, and that fewer than five pupils made it other; five at most, where these figures are on the
other side. What is left is one equation: the untold part of the region now, minus that of before,
is known. All whole numbers that solve it are looked through, so the answer is exact.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from roadmap.analysis.read import Hidden, Level, PaperResult

Counts = tuple[int, int]  # participants, and how many of them have «2»
Unknown = tuple[str, str]  # the letter, «before» or «now», and a school that it hides


@dataclass(frozen=True)
class Found:
    """Which numbers of participants and of «2» a hidden school may have."""

    participants: frozenset[int]
    two: frozenset[int]


def attack(
    before: Sequence[PaperResult],
    now: Sequence[PaperResult],
    elsewhere: Counts | None,
    least: int,
) -> Mapping[Unknown, Found]:
    """What the reader knows of each hidden school of one paper.

    `elsewhere`: by how much the schools elsewhere changed; None: the reader can't know.
    """
    hidden: list[tuple[Unknown, int, Sequence[Counts]]] = [
        ((letter, result.unit_id), sign, possible)
        for letter, results, sign in (("before", before, -1), ("now", now, 1))
        for result in results
        if (possible := _possible(result, least))
    ]
    rest = _not_shown(before), _not_shown(now)
    if elsewhere is None or rest[0] is None or rest[1] is None:
        return {unknown: _found(possible) for unknown, _, possible in hidden}
    wanted = tuple(b - a - out for a, b, out in zip(rest[0], rest[1], elsewhere, strict=True))
    solutions = {}
    for unknown, sign, possible in hidden:
        reached = {(0, 0)}
        for other, its_sign, its_possible in hidden:
            if other != unknown:
                reached = {
                    (n + its_sign * m, two + its_sign * bad)
                    for n, two in reached
                    for m, bad in its_possible
                }
        solutions[unknown] = _found(
            [(n, t) for n, t in possible if (wanted[0] - sign * n, wanted[1] - sign * t) in reached]
        )
    return solutions


def _possible(result: PaperResult, least: int) -> Sequence[Counts]:
    """What the letter alone leaves possible: of a hidden school its counts, of one that stands with
    earlier figures how many more it has by now; empty where all is told."""
    if result.hidden is Hidden.SMALL:
        return [(n, two) for n in range(1, least) for two in range(n + 1)]
    if result.as_told_on is None or result.marks is None:
        return ()
    told = result.marks
    others = told.participants - told.two
    most = least if result.is_verdict_other else least - 1
    steps = range(-most, most + 1)
    return [
        (two + other, two)
        for two in steps
        for other in steps
        # Whoever joined, less those who left or moved to the other cell.
        if 0 < max(max(two, 0) + max(other, 0), -min(two, 0) - min(other, 0)) <= most
        and told.two + two >= 0
        and others + other >= 0
        and told.participants + two + other >= least
        and is_low(told.two + two, told.participants + two + other) == result.is_low
    ]


def is_low(two: int, participants: int) -> bool:
    """The small plan's threshold."""
    return 100 * two >= 30 * participants


def _found(possible: Sequence[Counts]) -> Found:
    return Found(frozenset(n for n, _ in possible), frozenset(two for _, two in possible))


def _not_shown(results: Sequence[PaperResult]) -> Counts | None:
    """The region minus the schools shown; None where the region is not shown."""
    region = next((r.marks for r in results if r.level is Level.REGION), None)
    if region is None:
        return None
    shown = [r.marks for r in results if r.level is Level.SCHOOL and r.marks is not None]
    return (
        region.participants - sum(m.participants for m in shown),
        region.two - sum(m.two for m in shown),
    )
