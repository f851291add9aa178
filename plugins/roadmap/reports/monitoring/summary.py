"""The answer of a monitoring and of the year's summary: headline, what follows, conclusions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from roadmap.indicators.status import Status
from roadmap.plan.due import is_ongoing
from roadmap.reports.facts.run import Facts
from roadmap.reports.model import Share
from roadmap.reports.monitoring.lines import (
    Executed,
    Line,
    executed,
    is_counted,
    is_met_or_executed,
    lines,
)
from roadmap.reports.monitoring.missing import MissingItem, missing_items
from roadmap.reports.monitoring.progress import last_earlier
from roadmap.reports.parts.measures import missing, status_word
from roadmap.reports.words.wording import say

_SCHOOLS_NAMED = 12


@dataclass(frozen=True)
class Summary:
    """What one addressee's report says, read once: its lines, its count, what is missing."""

    lines: tuple[Line, ...]
    executed: Executed | None
    missing_items: tuple[MissingItem, ...]

    @property
    def share(self) -> Share | None:
        if self.executed is None:
            return None
        return Share(numerator=self.executed.numerator, denominator=self.executed.denominator)


def summarise(facts: Facts) -> Summary:
    found = lines(facts)
    return Summary(found, executed(facts, found), missing_items(facts))


def wording(facts: Facts) -> str:
    """The template of sentences: «monitoring» or «summary», as the phase's report is called."""
    return facts.run.phase.report


def headline(facts: Facts, summary: Summary) -> str:
    """The result in one sentence, no full stop: what a director could repeat on the phone."""
    report = wording(facts)
    if summary.executed is None:
        return say(report, "headline_none")
    done, of = summary.executed.numerator, summary.executed.denominator
    return say(report, "headline", done=done, of=of)


def not_executed(facts: Facts, summary: Summary) -> tuple[Line, ...]:
    """Counted measures that are not executed, in the order's sequence."""
    return tuple(
        line
        for line in summary.lines
        if is_counted(facts, line) and not is_met_or_executed(facts, line)
    )


def explanation(facts: Facts, summary: Summary) -> tuple[str, ...]:
    """What follows the headline: what is not executed, what was late, what changed."""
    report = wording(facts)
    told = []
    still_open = not_executed(facts, summary)
    if still_open:
        told.append(say(report, "not_executed", numbers=[str(line.number) for line in still_open]))
    late = [
        str(line.number)
        for line in summary.lines
        if line.is_own and line.status is Status.DONE_LATE
    ]
    if late:
        told.append(say(report, "late", numbers=late))
    since = since_sentence(facts, summary)
    if since:
        told.append(since)
    return tuple(told)


def since_sentence(facts: Facts, summary: Summary) -> str:
    """How many were executed at the last monitoring; "" where none took place."""
    earlier = last_earlier(facts)
    if earlier is None:
        return ""
    before = earlier.executed.get(facts.addressee.municipality_id)
    if before is None or summary.executed is None:
        return ""
    return say(wording(facts), "since", before=before[0], before_of=before[1], on=earlier.as_of)


def counting_sentences(facts: Facts, summary: Summary) -> tuple[str, ...]:
    """Which measures the count holds and which it leaves out, and why."""
    report = wording(facts)
    counted = [line for line in summary.lines if is_counted(facts, line)]
    running = [
        line for line in counted if is_ongoing(line.measure) and line.status is Status.IN_PROGRESS
    ]
    undated = [line for line in summary.lines if line.is_own and line.status is Status.NO_DUE_DATE]
    told = []
    if counted:
        told.append(say(report, "denominator", numbers=_numbers(counted)))
    if running:
        told.append(say(report, "denominator_running", numbers=_numbers(running)))
    if undated:
        told.append(say(report, "undated", numbers=_numbers(undated)))
    return tuple(told)


def _numbers(found: Sequence[Line]) -> list[str]:
    return [str(line.number) for line in found]


def conclusions(facts: Facts, summary: Summary) -> tuple[str, ...]:
    """Numbered conclusions: one sentence each, tied to numbers, only the addressee's own."""
    report = wording(facts)
    told = [f"{headline(facts, summary)}."]
    for line in not_executed(facts, summary):
        told.append(
            say(
                report,
                "conclusion_open",
                number=line.number,
                status=status_word(line.status),
                why=_why(line),
            )
        )
    schools = _schools_with_lacks(summary)
    if schools and not facts.is_region:
        told.append(say(report, "conclusion_schools", names=schools))
    for line in summary.lines:
        if line.is_own and line.status is Status.NO_DUE_DATE:
            told.append(say(report, "conclusion_undated", number=line.number))
    return tuple(told)


def _why(line: Line) -> str:
    """What is missing in each indicator of the measure that is not met."""
    several = len(line.results) > 1
    told = []
    for result in line.results:
        text = missing(result)
        if text:
            told.append(f"{result.indicator.code}: {text}" if several else text)
    return "; ".join(told)


def _schools_with_lacks(summary: Summary) -> list[str]:
    names = list(
        dict.fromkeys(item.who for item in summary.missing_items if item.is_own and item.is_school)
    )
    if len(names) <= _SCHOOLS_NAMED:
        return names
    return [*names[:_SCHOOLS_NAMED], say("monitoring", "and_more", n=len(names) - _SCHOOLS_NAMED)]
