"""Sums of primary scores by group: what an analysis needs and no pupil can be had from.

Which sums, and from how many pupils: docs/formats.md, «Суммы баллов».
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import add
from typing import Any

# Three numbers (participants, sum, squares) give away all scores of two pupils, those of three
# in 72 of 100 cases, of four in 21, of five in 4: below five only participants are kept.
LEAST_PUPILS = 5
# Ranks of more pupils than any school has would not fit into an integer of the database.
_MOST_RANKED = 1000

# Of a mark that fewer pupils have, points by task say too much of each.
_LEAST_OF_A_MARK = 3
# A histogram says something from here on, and nothing of one pupil; no school has its own.
_LEAST_SHOWN_WHOLE = 50
# Beside the points of tasks: how many pupils left them out («X»), in one number with them.
LEFT_OUT = 1 << 32

Results = Counter[tuple[int, int]]  # (primary score, journal mark; 0: none) -> pupils
MARKS = (2, 3, 4, 5)

# Column, the mark whose least score is meant, and how far from it.
_AROUND = [(f"around_{mark}_{at}", str(mark), at - 3) for mark in (3, 4, 5) for at in (1, 2, 3, 4)]
SUMS = (
    *("score_sum", "score_squares", *(f"journal_{mark}" for mark in MARKS)),
    *("pair_scores", "pair_squares", "pair_products", "gap_2", "rank_gaps", "score_ties"),
    *(name for name, _, _ in _AROUND),
)


def sums_of(results: Results, mark_by_score: Sequence[int] | None) -> dict[str, int | None]:
    """The columns of `score_result` that may be added up over schools; none below five pupils.

    `mark_by_score`: the mark of each score; None where the scale is not known.
    """
    if results.total() < LEAST_PUPILS:
        return {}
    score_sum = score_squares = pair_scores = pair_squares = pair_products = gap_2 = 0
    journal = dict.fromkeys(MARKS, 0)
    for (score, mark), pupils in results.items():
        points = score * pupils
        score_sum += points
        score_squares += score * points
        if mark:
            journal[mark] += pupils
            pair_scores += points
            pair_squares += score * points
            pair_products += mark * points
            if mark_by_score is not None and abs(mark_by_score[score] - mark) >= 2:
                gap_2 += pupils
    return {
        "score_sum": score_sum,
        "score_squares": score_squares,
        **{f"journal_{mark}": pupils for mark, pupils in journal.items()},
        "pair_scores": pair_scores,
        "pair_squares": pair_squares,
        "pair_products": pair_products,
        "gap_2": None if mark_by_score is None else gap_2,
    }


def rank_sums(results: Results) -> dict[str, int | None]:
    """The columns of Spearman's coefficient in one school, ranks of equal values being their mean.

    `rank_gaps` is 4 times the sum of d², a whole number however ranks are shared. With
    `score_ties` and the counts of journal marks both coefficients follow: the literal
    1 - 6 * sum(d²) / (n * (n² - 1)) and the one that is corrected for ties.
    """
    pairs = {pair: pupils for pair, pupils in results.items() if pair[1]}
    if results.total() < LEAST_PUPILS or not pairs or sum(pairs.values()) > _MOST_RANKED:
        return {}
    by_score, by_mark = (_by_value(pairs, at) for at in (0, 1))
    score_ranks, mark_ranks = _doubled_ranks(by_score), _doubled_ranks(by_mark)
    return {
        "rank_gaps": sum(
            [
                pupils * (score_ranks[score] - mark_ranks[mark]) ** 2
                for (score, mark), pupils in pairs.items()
            ]
        ),
        "score_ties": sum([many**3 - many for many in by_score.values()]),
    }


def around_marks(results: Results, scale: Mapping[str, int] | None) -> dict[str, int | None]:
    """How many pupils have each of the four scores around the least ones for «3», «4» and «5».

    From two below the boundary (`around_3_1`) to one above it (`around_3_4`).
    """
    if results.total() < LEAST_PUPILS or scale is None:
        return {}
    scores = _by_value(results, 0)
    return {name: scores.get(scale[mark] + beyond, 0) for name, mark, beyond in _AROUND}


def histogram(results: Results) -> dict[int, int]:
    """Pupils by score, in the order of scores; nothing where they are few."""
    if results.total() < _LEAST_SHOWN_WHOLE:
        return {}
    return dict(sorted(_by_value(results, 0).items()))


def listed(numbers: Iterable[int]) -> str:
    """Numbers of the paper's tasks, in their order, as `task_result` keeps them."""
    return " ".join(map(str, numbers))


def tasks_of(
    paper: Mapping[str, Any], tasks: Iterable[tuple[str, int | None]]
) -> list[dict[str, Any]]:
    """Rows of `paper_task`: codes and maxima of the paper's tasks, in their order."""
    return [
        {**paper, "position": at, "task": code, "maximum": maximum, "requirement": None}
        for at, (code, maximum) in enumerate(tasks, start=1)
    ]


@dataclass
class TaskSums:
    """Points by task, of pupils with each mark (0 where the scale is not known)."""

    pupils: Counter[int] = field(default_factory=Counter)
    points: dict[int, list[int]] = field(default_factory=dict)  # by mark, by task

    def take(self, mark: int, of_pupils: Sequence[Sequence[int]]) -> None:
        """The points of several pupils with that mark, each a row with a number a task."""
        self._add(mark, len(of_pupils), list(map(sum, zip(*of_pupils, strict=True))))

    def take_all(self, other: TaskSums) -> None:
        for mark, points in other.points.items():
            self._add(mark, other.pupils[mark], points)

    def _add(self, mark: int, pupils: int, points: list[int]) -> None:
        before = self.points.get(mark)
        self.points[mark] = points if before is None else list(map(add, before, points))
        self.pupils[mark] += pupils

    def columns(self) -> dict[str, Any]:
        """The columns of `task_result`; none of fewer than five pupils."""
        pupils = self.pupils.total()
        if pupils < LEAST_PUPILS:
            return {}
        has_marks = 0 not in self.pupils
        shown = self._shown() if has_marks else set()
        sums = [*map(sum, zip(*self.points.values(), strict=True))]
        return {
            "pupils": pupils,
            "points": listed([of_task % LEFT_OUT for of_task in sums]),
            "left_out": listed([of_task // LEFT_OUT for of_task in sums]),
            **{f"pupils_{mark}": self.pupils[mark] if has_marks else None for mark in MARKS},
            **{
                f"points_{mark}": listed([points % LEFT_OUT for points in self.points[mark]])
                if mark in shown
                else None
                for mark in MARKS
            },
        }

    def _shown(self) -> set[int]:
        """Marks with enough pupils; one alone that is hidden would follow from the others."""
        few = {mark for mark, pupils in self.pupils.items() if pupils < _LEAST_OF_A_MARK}
        shown = set(self.pupils) - few
        if len(few) == 1 and shown:
            shown.remove(min(shown, key=lambda mark: (self.pupils[mark], mark)))
        return shown


def _by_value(results: Mapping[tuple[int, int], int], at: int) -> dict[int, int]:
    """Pupils by primary score (`at` is 0) or by journal mark (1)."""
    found: dict[int, int] = {}
    for pair, pupils in results.items():
        found[pair[at]] = found.get(pair[at], 0) + pupils
    return found


def _doubled_ranks(equal: Mapping[int, int]) -> dict[int, int]:
    """Twice the mean rank of each value that so many pupils have."""
    ranks, before = {}, 0
    for value, many in sorted(equal.items()):
        ranks[value] = 2 * before + many + 1
        before += many
    return ranks
