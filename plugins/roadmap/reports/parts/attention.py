"""What needs attention in any report: one item per matter, with what to do, who and by when
(docs/domain.md §6.2)."""

from __future__ import annotations

from roadmap.indicators.read import IndicatorResult, asked_by
from roadmap.indicators.status import Status
from roadmap.reports.facts.run import Facts
from roadmap.reports.model import AttentionItem
from roadmap.reports.parts.sentences import sentence
from roadmap.reports.words.wording import named

# Due and not met. A measure that still runs is not missed, and without data nothing is known.
MISSED = (Status.NOT_DONE, Status.PARTLY)


def advised(
    facts: Facts, result: IndicatorResult, title: str, problem: str, *, is_asked: bool = True
) -> AttentionItem:
    """The item with the plan's recommendation for the indicator.

    Whom it does not ask, or where there is none, takes the matter under control.
    """
    advice = result.indicator.recommendation
    if advice is None or not is_asked:
        return AttentionItem(
            title=title,
            problem=problem,
            recommendation=sentence(facts, "take_control"),
            who=sentence(facts, "control_who"),
            due=facts.run.phase.reply_by.on,
            confirmation=sentence(facts, "execution_proof"),
        )
    return AttentionItem(
        title=title,
        problem=problem,
        recommendation=named(advice.text),
        who=named(advice.addressee),
        due=asked_by(advice, facts.run.as_of, facts.run.phase.reply_by.on),
        confirmation=named(advice.confirmation),
    )
