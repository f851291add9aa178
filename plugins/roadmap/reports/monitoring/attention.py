"""What a monitoring asks for: one matter per indicator that is due, or judged by its interim
rule, and not met; with the names of what is missing, who does what and by when.

The monitoring's own share is no matter: the headline says it, and every item stands behind it.
"""

from __future__ import annotations

from collections.abc import Sequence

from roadmap.indicators.read import IndicatorResult
from roadmap.indicators.status import Status
from roadmap.plan.due import is_ongoing
from roadmap.plan.model import IndicatorKind, Recommendation
from roadmap.reports.facts.monitoring import MONITORING
from roadmap.reports.facts.run import Facts
from roadmap.reports.model import AttentionItem
from roadmap.reports.monitoring.missing import MissingItem
from roadmap.reports.parts.attention import MISSED, advised
from roadmap.reports.parts.measures import is_by_number, is_of_many, missing, reached_number
from roadmap.reports.parts.sentences import sentence
from roadmap.reports.words.wording import named, title
from roadmap.russian import natural_key

_NAMED = 4  # so many units are named in one item; the rest stand in the document's table


def open_results(facts: Facts) -> tuple[IndicatorResult, ...]:
    """The addressee's indicators that the report calls not met, in the plan's order.

    Due and missed; or lasting the whole period with something missing now. Not what has no due
    date, is not due yet, or has no data.
    """
    return tuple(result for result in facts.indicators if _is_open(result))


def _is_open(result: IndicatorResult) -> bool:
    if MONITORING in result.indicator.parameters:
        return False
    if result.status in MISSED:
        return True
    is_interim = is_ongoing(result.measure) and result.status is Status.IN_PROGRESS
    return is_interim and bool(result.shortfall) and _is_interim_indicator(result)


def _is_interim_indicator(result: IndicatorResult) -> bool:
    """Whether the plan judges the running measure by this indicator; without a rule by all."""
    chosen = result.measure.rules.get("interim_indicators")
    return not isinstance(chosen, tuple) or result.indicator.code in chosen


def attention(facts: Facts, items: Sequence[MissingItem]) -> tuple[AttentionItem, ...]:
    """All items of the addressee; a municipality is asked only for what it can do itself.

    Of what was missed for good, or made good by a substitute, nobody is asked any more:
    `not_asked` says it.
    """
    return tuple(
        _item(facts, result, [item for item in items if item.code == result.indicator.code])
        for result in open_results(facts)
        if (facts.is_region or result.indicator.recommendation is not None)
        and not result.is_compensated
        and not _is_past(facts, result.indicator.recommendation)
    )


def not_asked(facts: Facts) -> str:
    """What is not met and no more to be done: made good by a substitute, or missed for good; a
    sentence for each, empty where there is nothing."""
    results = open_results(facts)
    made_good = [result.indicator.code for result in results if result.is_compensated]
    codes = [
        result.indicator.code
        for result in results
        if not result.is_compensated and _is_past(facts, result.indicator.recommendation)
    ]
    texts = (
        sentence(facts, "made_good", codes=made_good) if made_good else "",
        sentence(facts, "too_late", codes=codes) if codes else "",
    )
    return " ".join(filter(None, texts))


def _is_past(facts: Facts, advice: Recommendation | None) -> bool:
    return advice is not None and advice.once and advice.due <= facts.run.as_of


def _item(facts: Facts, result: IndicatorResult, items: Sequence[MissingItem]) -> AttentionItem:
    code, name = result.indicator.code, named(result.indicator.title)
    heading = sentence(facts, "indicator_title", code=code, title=name)
    problem = _problem(facts, result, items)
    # The department can't write a municipality's act: it takes the matter under control.
    return advised(facts, result, heading, problem, is_asked=not facts.is_region)


def _problem(facts: Facts, result: IndicatorResult, items: Sequence[MissingItem]) -> str:
    problem = title(missing(result))
    if is_by_number(result):
        problem = reached_number(result)
    elif result.indicator.kind is IndicatorKind.SHARE and is_of_many(result):
        problem = sentence(
            facts,
            "share",
            numerator=result.numerator,
            denominator=result.denominator,
            missing=missing(result),
        )
    elif result.indicator.kind is IndicatorKind.COUNT:
        problem = sentence(facts, "count", numerator=result.numerator, missing=missing(result))
    names = _municipalities(facts, items) if facts.is_region else _units(facts, items)
    if not names:
        return sentence(facts, "problem", problem=problem, number=result.measure.number)
    more = len(names) - _NAMED
    return sentence(
        facts,
        "problem_named",
        problem=problem,
        number=result.measure.number,
        names=names[:_NAMED] if more > 1 else names,
        more=more if more > 1 else 0,
    )


def _units(facts: Facts, items: Sequence[MissingItem]) -> list[str]:
    """«Школа № 101 — концепция развития; антирисковая программа «…»», one per unit."""
    by_unit: dict[str, list[str]] = {}
    for item in items:
        # Of the municipality's own act, or of a number, the first sentence says it all.
        if item.unit_kind in ("municipality", "count"):
            continue
        by_unit.setdefault(item.who, []).append(item.what)
    return [
        sentence(facts, "unit", who=who, what=list(dict.fromkeys(what)))
        for who, what in by_unit.items()
    ]


def _municipalities(facts: Facts, items: Sequence[MissingItem]) -> list[str]:
    names = {
        named(facts.run.municipalities[item.municipality_id].short_name)
        for item in items
        if item.municipality_id in facts.run.municipalities
        and not facts.run.municipalities[item.municipality_id].is_region
    }
    return sorted(names, key=natural_key)
