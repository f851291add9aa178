"""Sentences of one addressee's report, in the words of the kind of report that the phase sends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from roadmap.plan.procedures import kinds, low_of, scales
from roadmap.reports.facts.run import Facts
from roadmap.reports.words.show import show_number
from roadmap.reports.words.wording import say

SCHOOLS_NAMED = 12


def sentence(facts: Facts, name: str, /, **values: Any) -> str:
    """The sentence of wording/<kind of report>.j2; errors as in `say`.

    The plan's numbers, whose report it is, its dates and the order are given to each sentence
    that asks for them, so a composer gives only what it has counted.
    """
    run = facts.run
    held = (kinds()[p.kind].scale for p in run.phase.procedures if p.not_held is None)
    settings = run.plan.analysis
    known = {
        "is_region": facts.is_region,
        "as_of": run.as_of,
        "reply_by": run.phase.reply_by.on,
        "order": run.plan.order,
        "issuer": run.plan.region.department.within_a_sentence,
        "least": settings.least_participants,
        "threshold": show_number(settings.low_share_percent),
        "points": show_number(settings.worse_points),
        "low_of": low_of(code for code in held if not scales()[code].in_points),
    }
    return say(run.phase.report, name, known, **values)


def shortened(facts: Facts, names: Sequence[str]) -> list[str]:
    """The names of schools as one sentence has room for: the first, and how many more."""
    more = len(names) - SCHOOLS_NAMED
    return [*names[:SCHOOLS_NAMED], *([sentence(facts, "and_more", n=more)] if more > 0 else ())]
