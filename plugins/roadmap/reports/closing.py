"""The letter on the working day after a window closed: what was reached by then, and what not.

It is about what the region does as a whole, so the department alone gets it; the account of the run
tells the operator the same. It asks for nothing: what can still be done, the next phase asks for.
"""

from __future__ import annotations

from collections.abc import Sequence

from roadmap import russian
from roadmap.indicators.read import IndicatorResult, letter_statuses
from roadmap.indicators.status import Status
from roadmap.reports.facts.run import Facts
from roadmap.reports.model import Letter, ReportModel
from roadmap.reports.parts.measures import (
    Shown,
    beside_figures,
    fact_value,
    missing,
    target_text,
)
from roadmap.reports.parts.report import report_of
from roadmap.reports.parts.sentences import sentence
from roadmap.reports.parts.term import term
from roadmap.reports.words.show import show
from roadmap.reports.words.wording import title
from roadmap.russian import NBSP


def compose_closing(facts: Facts) -> ReportModel | None:
    """The department's letter alone; None for a municipality."""
    return report_of(facts, _letter(facts)) if facts.is_region else None


def _letter(facts: Facts) -> Letter:
    run = facts.run
    statuses = letter_statuses(facts.indicators, run.as_of)
    numbers = run.phase.reports
    done = [number for number in numbers if statuses[number].is_met]
    unknown = [n for n in numbers if statuses[n] is Status.NO_DATA]
    undone = [n for n in numbers if n not in done and n not in unknown]
    headline = sentence(
        facts, "headline", due=run.as_of, measures=numbers, done=len(done), unknown=unknown
    )
    heeded = (
        sentence(facts, "not_executed", numbers=undone) if undone else "",
        sentence(facts, "not_known", numbers=unknown) if unknown else "",
    )
    name = title(" ".join(facts.addressee.name.split()))
    return Letter(
        subject=sentence(facts, "subject", phase=run.phase.title, name=name).replace(NBSP, " "),
        preheader=sentence(facts, "preheader", headline=headline),
        period=russian.month(run.as_of),
        greeting=sentence(facts, "greeting"),
        headline=headline,
        lead=(
            *(_measure(facts, number) for number in run.phase.reports),
            *beside_figures(facts, [Shown(result, is_own=True) for result in facts.indicators]),
            sentence(facts, "counted_until", day=run.as_of),
        ),
        request=sentence(facts, "request_quiet"),
        request_rest=sentence(facts, "request_quiet_rest"),
        attention=(),
        attention_more=" ".join(filter(None, heeded)) or None,
        figures=None,
        basis=sentence(facts, "basis", numbers=numbers),
    )


def _measure(facts: Facts, number: str) -> str:
    results = [r for r in facts.indicators if r.measure.number == number]
    measure = facts.run.plan.measure(number)
    return sentence(
        facts,
        "measure",
        number=number,
        text=measure.text,
        reached=_reached(facts, results),
        term=term(measure.window, facts.run.as_of),
    )


def _reached(facts: Facts, results: Sequence[IndicatorResult]) -> list[str]:
    return [
        sentence(
            facts,
            "reached",
            title=r.indicator.title,
            code=r.indicator.code,
            fact=show(fact_value(r)),
            target=target_text(r),
            # The fact and the target of a change say it.
            missing="" if r.change is not None else missing(r),
        )
        for r in results
    ]
