"""What may not be shown because it would speak of single pupils or of one other school.

Five rules (docs/look.md §4, docs/domain.md §8 rule 3):

1. A unit with fewer than `least_participants` in a paper shows nothing but «менее … уч.».
2. The municipality's total leaves such schools out, so the total minus the schools shown is
   empty: nothing is left to subtract. Where no school remains, there is no total.
3. The region's figures minus the municipality's own are the results of the schools
   elsewhere. Where those are a single school, or too few participants, or none at all (then
   the difference is the municipality's own small schools), the region is not shown to it.
4. Who holds an earlier letter with the region's figures of the same paper can subtract the two
   letters as well. What moved in the region and not in the schools shown is the results of a
   few pupils, or of an own school that is hidden in one of the letters; then the region is not
   shown again (`hides_region_again`).
5. Two letters tell the results of the few pupils in which they differ. Where those may be fewer
   than `least_participants`, a school's earlier figures stand and the letter says so. The
   threshold is judged by the newer ones, for a school has to act by it, and told in words
   (`stands_as_told`).

The department and the institute see everything; rules 3 to 5 are not for them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

LEAST_SCHOOLS_ELSEWHERE = 2
_CELLS = ("mark_2", "mark_3", "mark_4", "mark_5", "lowered", "confirmed", "raised")
_MOST_SCORES = 100


def stands_as_told(
    before: Mapping[str, int],
    now: Mapping[str, int],
    least_participants: int,
    *,
    is_verdict_other: bool,
) -> bool:
    """Whether one school's figures of a paper are so near to those told before that the difference
    would be the result of fewer than `least_participants` pupils; not where nothing differs.

    A verdict that is other than that of the figures told before says itself on which side of the
    threshold the newer ones are. Where that could be one number only, `least_participants` - 1
    pupils off, one more is possible `least_participants` off: so far the figures stand then.
    """
    most = least_participants if is_verdict_other else least_participants - 1
    return 0 < pupils_moved(before, now) <= most


def pupils_moved(before: Mapping[str, int], now: Mapping[str, int]) -> int:
    """Of how many pupils, at least, the figures of one school's paper differ.

    Marks and the journal's comparisons put each pupil into one cell; of ЕГЭ only some cells are
    known, and a sum of scores, of which one pupil has at most 100.
    """
    by = {count: now[count] - before[count] for count in before.keys() & now.keys()}
    cells = [by[cell] for cell in _CELLS if cell in by]
    scores = -(-abs(by.get("score_sum", 0)) // _MOST_SCORES)
    some = [abs(by.get(count, 0)) for count in ("participants", "below_minimum", "high_scores")]
    return max(*some, scores, sum(n for n in cells if n > 0), -sum(n for n in cells if n < 0))


def hides_total(schools: int) -> bool:
    """Whether a total has no school left that is large enough to be summed."""
    return schools == 0


def hides_region(
    elsewhere_schools: int, elsewhere_participants: int, least_participants: int
) -> bool:
    """Whether the region's figures would give away another municipality's school."""
    return (
        elsewhere_schools < LEAST_SCHOOLS_ELSEWHERE or elsewhere_participants < least_participants
    )


@dataclass(frozen=True)
class Untold:
    """What a letter with the region's figures of one paper tells of those it does not show.

    Numbers of pupils by what is counted (and sums of scores). `by_subtraction`: the region minus
    the municipality's total, which any reader can have. `hidden`: each own school that the total
    leaves out, and by how much a school has more than it stands with (rule 5). `size` names the
    count that says of how many pupils the others are.
    """

    size: str
    by_subtraction: Mapping[str, int]
    hidden: Mapping[str, Mapping[str, int]]

    def hidden_together(self, count: str) -> int:
        return sum(school.get(count, 0) for school in self.hidden.values())


def hides_region_again(before: Untold, now: Untold, least_participants: int) -> bool:
    """Whether two letters, each allowed by itself, tell together what neither may.

    They do not where nothing moved, or where enough pupils of other municipalities moved: then
    the difference is mostly of theirs, and nobody can tell the hidden ones' part from it.
    """
    counts = before.by_subtraction.keys() & now.by_subtraction.keys()
    if now.size not in counts:
        return False
    moved = {count: now.by_subtraction[count] - before.by_subtraction[count] for count in counts}
    of_hidden = {
        count: now.hidden_together(count) - before.hidden_together(count) for count in counts
    }
    is_same_school = before.hidden.keys() == now.hidden.keys()
    if is_same_school and not any(moved.values()) and not any(of_hidden.values()):
        return False
    elsewhere = moved[now.size] - of_hidden[now.size]
    return min(abs(moved[now.size]), abs(elsewhere)) < least_participants
