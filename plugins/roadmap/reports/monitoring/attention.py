"""What a monitoring asks for: one matter per indicator that is due, or judged by its interim
rule, and not met; with the names of what is missing, who does what and by when.

The monitoring's own share is no matter: the headline says it, and every item stands behind it.
"""

from __future__ import annotations

from collections.abc import Sequence

from roadmap.indicators.read import IndicatorResult, asked_by
from roadmap.indicators.status import Status
from roadmap.plan.due import is_ongoing
from roadmap.plan.model import IndicatorKind
from roadmap.reports.facts.monitoring import MONITORING
from roadmap.reports.facts.run import Facts
from roadmap.reports.model import AttentionItem
from roadmap.reports.monitoring.missing import MissingItem
from roadmap.reports.parts.measures import missing
from roadmap.reports.words.wording import named, say, title
from roadmap.russian import natural_key

_WORDING = "monitoring"
_NAMED = 4  # so many units are named in one item; the rest stand in the document's table
_MISSED = (Status.NOT_DONE, Status.PARTLY)


def open_results(facts: Facts) -> tuple[IndicatorResult, ...]:
    """The addressee's indicators that the report calls not met, in the plan's order.

    Due and missed; or lasting the whole period with something missing now. What has no due
    date, or is not due yet, is no reproach; of no data nobody can be blamed.
    """
    return tuple(result for result in facts.indicators if _is_open(result))


def _is_open(result: IndicatorResult) -> bool:
    if MONITORING in result.indicator.parameters:
        return False
    if result.status in _MISSED:
        return True
    is_interim = is_ongoing(result.measure) and result.status is Status.IN_PROGRESS
    return is_interim and bool(result.shortfall) and _is_interim_indicator(result)


def _is_interim_indicator(result: IndicatorResult) -> bool:
    """Whether the plan judges the running measure by this indicator; without a rule by all."""
    chosen = result.measure.rules.get("interim_indicators")
    return not isinstance(chosen, tuple) or result.indicator.code in chosen


def attention(facts: Facts, found: Sequence[MissingItem]) -> tuple[AttentionItem, ...]:
    """All items of the addressee; a municipality is asked only for what it can do itself."""
    return tuple(
        _item(facts, result, [item for item in found if item.code == result.indicator.code])
        for result in open_results(facts)
        if facts.is_region or result.indicator.recommendation is not None
    )


def _item(facts: Facts, result: IndicatorResult, found: Sequence[MissingItem]) -> AttentionItem:
    advice = result.indicator.recommendation
    # The department can't write a municipality's act: it takes the matter under control.
    is_asked = advice is not None and not facts.is_region
    return AttentionItem(
        title=say(
            _WORDING,
            "indicator_title",
            code=result.indicator.code,
            title=named(result.indicator.title),
        ),
        problem=_problem(facts, result, found),
        recommendation=named(advice.text) if advice and is_asked else say(_WORDING, "take_control"),
        who=named(advice.addressee) if advice and is_asked else say(_WORDING, "control_who"),
        due=asked_by(advice, facts.run.as_of, facts.run.phase.reply_by.on)
        if advice and is_asked
        else facts.run.phase.reply_by.on,
        confirmation=named(advice.confirmation)
        if advice and is_asked
        else say(_WORDING, "execution_proof"),
    )


def _problem(facts: Facts, result: IndicatorResult, found: Sequence[MissingItem]) -> str:
    told = title(missing(result))
    if result.indicator.kind is IndicatorKind.SHARE and _is_of_many(result):
        told = say(
            _WORDING,
            "share",
            numerator=result.numerator,
            denominator=result.denominator,
            missing=missing(result),
        )
    elif result.indicator.kind is IndicatorKind.COUNT:
        told = say(_WORDING, "count", numerator=result.numerator, missing=missing(result))
    names = _municipalities(facts, found) if facts.is_region else _units(found)
    if not names:
        return say(_WORDING, "problem", told=told, number=result.measure.number)
    more = len(names) - _NAMED
    return say(
        _WORDING,
        "problem_named",
        told=told,
        number=result.measure.number,
        names=names[:_NAMED] if more > 1 else names,
        more=more if more > 1 else 0,
    )


def _is_of_many(result: IndicatorResult) -> bool:
    return result.denominator is not None and result.denominator > 1


def _units(found: Sequence[MissingItem]) -> list[str]:
    """«Школа № 101 — концепция развития; антирисковая программа «…»», one per unit."""
    by_unit: dict[str, list[str]] = {}
    for item in found:
        # Of the municipality's own act, or of a number, the first sentence says it all.
        if item.unit_kind in ("municipality", "count"):
            continue
        by_unit.setdefault(item.who, []).append(item.what)
    return [
        say(_WORDING, "unit", who=who, what=list(dict.fromkeys(what)))
        for who, what in by_unit.items()
    ]


def _municipalities(facts: Facts, found: Sequence[MissingItem]) -> list[str]:
    names = {
        named(facts.run.municipalities[item.municipality_id].short_name)
        for item in found
        if item.municipality_id in facts.run.municipalities
        and not facts.run.municipalities[item.municipality_id].is_region
    }
    return sorted(names, key=natural_key)
