"""What may not be shown because it would speak of single pupils or of one other school.

Three rules (docs/look.md §4, docs/domain.md §8 rule 3):

1. A unit with fewer than `least_participants` in a paper shows nothing but «менее … уч.».
2. The municipality's total leaves such schools out, so the total minus the schools shown is
   empty: nothing is left to subtract. Where no school remains, there is no total.
3. The region's figures minus the municipality's own are the results of the schools
   elsewhere. Where those are a single school, or too few participants, or none at all (then
   the difference is the municipality's own small schools), the region is not shown to it.

The department and the institute see everything; rule 3 is not for them.
"""

from __future__ import annotations

LEAST_SCHOOLS_ELSEWHERE = 2


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
