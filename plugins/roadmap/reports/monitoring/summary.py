"""The answer of a monitoring and of the year's summary: headline, what follows, conclusions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from roadmap.indicators.status import Status
from roadmap.plan.due import is_ongoing
from roadmap.reports.facts.run import Facts
from roadmap.reports.model import Share
from roadmap.reports.monitoring.lines import (
    Line,
    executed,
    is_counted,
    is_met_or_executed,
    lines,
)
from roadmap.reports.monitoring.missing import MissingItem, missing_items
from roadmap.reports.monitoring.progress import last_earlier
from roadmap.reports.parts.measures import missing, status_word
from roadmap.reports.parts.sentences import sentence, shortened


@dataclass(frozen=True)
class Summary:
    """What one addressee's report says, read once: its lines, its count, what is missing."""

    lines: tuple[Line, ...]
    executed: Share | None
    missing_items: tuple[MissingItem, ...]


def summarise(facts: Facts) -> Summary:
    measures = lines(facts)
    return Summary(measures, executed(facts, measures), missing_items(facts))


def headline(facts: Facts, summary: Summary) -> str:
    """The result in one sentence, no full stop: what a director could repeat on the phone."""
    if summary.executed is None:
        return sentence(facts, "headline_none")
    done, of = summary.executed.numerator, summary.executed.denominator
    return sentence(facts, "headline", done=done, of=of)


def not_executed(facts: Facts, summary: Summary) -> tuple[Line, ...]:
    """Counted measures that are not executed, in the plan's order."""
    return tuple(
        line
        for line in summary.lines
        if is_counted(facts, line) and not is_met_or_executed(facts, line)
    )


def explanation(facts: Facts, summary: Summary) -> tuple[str, ...]:
    """What follows the headline: what is not executed, what was late, what changed."""
    texts = []
    still_open = not_executed(facts, summary)
    if still_open:
        texts.append(sentence(facts, "not_executed", numbers=numbers(still_open)))
    late = [one for one in summary.lines if one.is_own and one.status is Status.DONE_LATE]
    if late:
        texts.append(sentence(facts, "late", numbers=numbers(late)))
    since = since_sentence(facts, summary)
    if since:
        texts.append(since)
    return tuple(texts)


def since_sentence(facts: Facts, summary: Summary) -> str:
    """How many were executed at the last monitoring; "" where none took place."""
    earlier = last_earlier(facts)
    if earlier is None:
        return ""
    before = earlier.executed.get(facts.addressee.municipality_id)
    if before is None or summary.executed is None:
        return ""
    return sentence(facts, "since", before=before[0], before_of=before[1], on=earlier.as_of)


def counting_sentences(facts: Facts, summary: Summary) -> tuple[str, ...]:
    """Which measures the count holds and which it leaves out, and why."""
    counted = [line for line in summary.lines if is_counted(facts, line)]
    running = [
        line for line in counted if is_ongoing(line.measure) and line.status is Status.IN_PROGRESS
    ]
    undated = [line for line in summary.lines if line.is_own and line.status is Status.NO_DUE_DATE]
    texts = []
    if counted:
        texts.append(sentence(facts, "denominator", numbers=numbers(counted)))
    if running:
        texts.append(sentence(facts, "denominator_running", numbers=numbers(running)))
    if undated:
        texts.append(sentence(facts, "undated", numbers=numbers(undated)))
    if unmeasured := [line for line in summary.lines if not line.has_indicator]:
        texts.append(sentence(facts, "unmeasured", numbers=numbers(unmeasured)))
    return tuple(texts)


def numbers(listed: Sequence[Line]) -> list[str]:
    return [line.number for line in listed]


def conclusions(facts: Facts, summary: Summary) -> tuple[str, ...]:
    """Numbered conclusions: one sentence each, tied to numbers, only the addressee's own."""
    texts = [f"{headline(facts, summary)}."]
    for line in not_executed(facts, summary):
        texts.append(
            sentence(
                facts,
                "conclusion_open",
                number=line.number,
                status=status_word(line.status),
                why=_why(line),
            )
        )
    schools = dict.fromkeys(i.who for i in summary.missing_items if i.is_own and i.is_school)
    if schools and not facts.is_region:
        names = shortened(facts, list(schools))
        texts.append(sentence(facts, "conclusion_schools", names=names))
    for line in summary.lines:
        if line.is_own and line.status is Status.NO_DUE_DATE:
            texts.append(sentence(facts, "conclusion_undated", number=line.number))
    return tuple(texts)


def _why(line: Line) -> str:
    """What is missing in each indicator of the measure that is not met."""
    several = len(line.results) > 1
    texts = []
    for result in line.results:
        text = missing(result)
        if text:
            texts.append(f"{result.indicator.code}: {text}" if several else text)
    return "; ".join(texts)
