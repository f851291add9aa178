"""Sums of primary scores by group: what an analysis needs and no pupil can be had from.

Which sums, and from how many pupils: docs/formats.md, «Sums of scores».
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

# Three numbers (participants, sum, squares) give away all scores of two pupils, those of three
# in 72 of 100 cases, of four in 21, of five in 4: below five only participants are kept.
LEAST_PUPILS = 5
# Ranks of more pupils than any school has would not fit into an integer of the database.
_MOST_RANKED = 1000

Results = Counter[tuple[int, int]]  # (primary score, journal mark; 0: none) -> pupils
JOURNAL_MARKS = (2, 3, 4, 5)

SUMS = (
    *("score_sum", "score_squares", *(f"journal_{mark}" for mark in JOURNAL_MARKS)),
    *("pair_scores", "pair_squares", "pair_products", "gap_2", "rank_gaps", "score_ties"),
)


def sums_of(results: Results, mark_by_score: Sequence[int] | None) -> dict[str, int | None]:
    """The columns of `score_result` that may be added up over schools; none below five pupils.

    `mark_by_score`: the mark of each score; None where the scale is not known.
    """
    if results.total() < LEAST_PUPILS:
        return {}
    pairs = _pairs(results)
    journal: Counter[int] = Counter()
    for (_, mark), pupils in pairs.items():
        journal[mark] += pupils
    return {
        "score_sum": sum(score * pupils for (score, _), pupils in results.items()),
        "score_squares": sum(score**2 * pupils for (score, _), pupils in results.items()),
        **{f"journal_{mark}": journal[mark] for mark in JOURNAL_MARKS},
        "pair_scores": sum(score * pupils for (score, _), pupils in pairs.items()),
        "pair_squares": sum(score**2 * pupils for (score, _), pupils in pairs.items()),
        "pair_products": sum(score * mark * pupils for (score, mark), pupils in pairs.items()),
        "gap_2": None
        if mark_by_score is None
        else sum(
            pupils
            for (score, mark), pupils in pairs.items()
            if abs(mark_by_score[score] - mark) >= 2
        ),
    }


def rank_sums(results: Results) -> dict[str, int | None]:
    """The columns of Spearman's coefficient in one school, ranks of equal values being their mean.

    `rank_gaps` is 4 times the sum of d², a whole number however ranks are shared. With
    `score_ties` and the counts of journal marks both coefficients follow: the literal
    1 - 6 * sum(d²) / (n * (n² - 1)) and the one that is corrected for ties.
    """
    pairs = _pairs(results)
    if results.total() < LEAST_PUPILS or not pairs or pairs.total() > _MOST_RANKED:
        return {}
    by_score, by_mark = (_doubled_ranks(pairs, at) for at in (0, 1))
    equal: Counter[int] = Counter()
    for (score, _), pupils in pairs.items():
        equal[score] += pupils
    return {
        "rank_gaps": sum(
            pupils * (by_score[score] - by_mark[mark]) ** 2
            for (score, mark), pupils in pairs.items()
        ),
        "score_ties": sum(many**3 - many for many in equal.values()),
    }


def _pairs(results: Results) -> Results:
    return Counter({pair: pupils for pair, pupils in results.items() if pair[1]})


def _doubled_ranks(pairs: Results, at: int) -> dict[int, int]:
    """Twice the mean rank of each value at that place of the pairs."""
    equal: Counter[int] = Counter()
    for pair, pupils in pairs.items():
        equal[pair[at]] += pupils
    ranks, before = {}, 0
    for value, many in sorted(equal.items()):
        ranks[value] = 2 * before + many + 1
        before += many
    return ranks
