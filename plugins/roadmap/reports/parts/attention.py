"""What needs attention in any report: one item per matter, with what to do, who and by when
(docs/domain.md §6.2).

Items are ordered by kind of matter and then by alphabet, never by value. A report puts
together which matters it tells (`analysis_attention`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from roadmap.indicators.about import Register, about_each
from roadmap.indicators.read import Gap, IndicatorResult, asked_by
from roadmap.indicators.status import Status
from roadmap.plan.due import due_date
from roadmap.plan.model import REGION, IndicatorKind, OnDay
from roadmap.reports.facts.run import Facts
from roadmap.reports.model import AttentionItem, Count, Day
from roadmap.reports.parts.measures import missing
from roadmap.reports.parts.tables import Given
from roadmap.reports.words.wording import named, say, title
from roadmap.russian import natural_key

_WORDING = "analysis"
# Missed and due: a running window is no reproach, and of no data nobody can be blamed.
_MISSED = (Status.NOT_DONE, Status.PARTLY)
# Units that have sentences of their own, by the register that confirms them.
_TOLD_APART: dict[Register, tuple[str, ...]] = {
    "event": ("coordinator", "curator"),
    "municipal_acts": ("municipality",),
}


def missed(facts: Facts) -> tuple[IndicatorResult, ...]:
    """The addressee's indicators that are due and not met."""
    return tuple(r for r in facts.indicators if r.status in _MISSED)


def _missed_in(facts: Facts, register: Register) -> tuple[IndicatorResult, ...]:
    """Those of them that this register confirms."""
    return tuple(
        r
        for r in missed(facts)
        if any(declared.confirmed_by == register for declared in about_each(r.indicator))
    )


def gaps_of(facts: Facts, result: IndicatorResult, unit_kind: str) -> tuple[Gap, ...]:
    """The units of that kind that are missing in the indicator."""
    code = result.indicator.code
    return tuple(g for g in facts.gaps if g.indicator_code == code and g.unit_kind == unit_kind)


def people(facts: Facts) -> Iterable[AttentionItem]:
    """Coordinators and curators who did not take part."""
    for result in _missed_in(facts, "event"):
        coordinators = {g.person_id for g in gaps_of(facts, result, "coordinator")}
        if coordinators:
            problem = say(
                _WORDING,
                "coordinator",
                n=len(coordinators),
                on=_day_of(result),
                measure=result.measure.number,
            )
            yield advised(facts, result, say(_WORDING, "coordinator_role"), problem)
    for group in curator_gaps(facts):
        item = curator_item(facts, group)
        if item is not None:
            yield item


def curator_gaps(facts: Facts) -> list[tuple[Gap, ...]]:
    """Gaps of curators, one group per indicator and person, in order of their schools."""
    curators = [gap for gap in facts.gaps if gap.unit_kind == "curator"]
    curators.sort(key=lambda g: (g.indicator_code, g.person_id or "", _school_key(g)))
    groups = [
        tuple(group)
        for _, group in groupby(curators, key=lambda g: (g.indicator_code, g.person_id))
    ]
    return sorted(groups, key=lambda group: (group[0].indicator_code, _school_key(group[0])))


def _school_key(gap: Gap) -> tuple[object, ...]:
    return natural_key(gap.school_name or "")


def curator_item(facts: Facts, group: Sequence[Gap]) -> AttentionItem | None:
    """One curator, named by the schools that the curator leads; persons have no names here."""
    code = group[0].indicator_code
    result = next((r for r in _missed_in(facts, "event") if r.indicator.code == code), None)
    if result is None:
        return None
    schools = [named(gap.school_name) for gap in group if gap.school_name]
    title = ", ".join(schools) or say(_WORDING, "title_curator")
    problem = say(_WORDING, "curator", on=_day_of(result), measure=result.measure.number)
    return advised(facts, result, title, problem)


def missing_acts(facts: Facts) -> Iterable[AttentionItem]:
    """Acts of municipalities that did not come."""
    for result in _missed_in(facts, "municipal_acts"):
        if gaps_of(facts, result, "municipality"):
            problem = say(_WORDING, "act", measure=result.measure.number)
            yield advised(facts, result, say(_WORDING, "title_act"), problem)


def other_indicators(facts: Facts) -> Iterable[AttentionItem]:
    """What is missed beside persons and acts, which have sentences of their own."""
    for result in missed(facts):
        told = {
            kind
            for declared in about_each(result.indicator)
            for kind in _TOLD_APART.get(declared.confirmed_by, ())
        }
        code = result.indicator.code
        others = (g for g in facts.gaps if g.whole_code == code and g.unit_kind not in told)
        if not told or any(others):
            yield advised(facts, result, _indicator_title(result), _problem(result))


def _day_of(result: IndicatorResult) -> object:
    window = result.measure.window
    return window.on if isinstance(window, OnDay) else due_date(window)


def advised(facts: Facts, result: IndicatorResult, title: str, problem: str) -> AttentionItem:
    """The item with the plan's recommendation for the indicator."""
    advice = result.indicator.recommendation
    if advice is None:
        return AttentionItem(
            title=title,
            problem=problem,
            recommendation=say(_WORDING, "take_control"),
            who=say(_WORDING, "region_indicator_who"),
            due=facts.run.phase.reply_by.on,
            confirmation=say(_WORDING, "execution_proof"),
        )
    return AttentionItem(
        title=title,
        problem=problem,
        recommendation=named(advice.text),
        who=named(advice.addressee),
        due=asked_by(advice, facts.run.as_of, facts.run.phase.reply_by.on),
        confirmation=named(advice.confirmation),
    )


# -- Of the region ---------------------------------------------------------------------------


def regional_indicators(facts: Facts) -> Iterable[AttentionItem]:
    """Each missed indicator of the region, with the municipalities where it is missed."""
    for result in missed(facts):
        told = _problem(result)
        if result.indicator.kind is IndicatorKind.SHARE:
            told = f"{told} {_where(facts, result)}".rstrip()
        yield advised(facts, result, _indicator_title(result), told)


def regional_findings(facts: Facts, section: int) -> Iterable[AttentionItem]:
    """That the data have findings; `section` is where the document lists them."""
    if facts.findings:
        yield AttentionItem(
            title=say(_WORDING, "region_findings_title"),
            # Without their number: one more finding alone is no correction of the report.
            problem=say(_WORDING, "region_findings", section=section),
            recommendation=say(_WORDING, "region_findings_todo"),
            who=say(_WORDING, "region_findings_who"),
            due=facts.run.phase.reply_by.on,
            confirmation=say(_WORDING, "region_findings_confirmation"),
        )


def _indicator_title(result: IndicatorResult) -> str:
    indicator = result.indicator
    return say(_WORDING, "indicator_title", code=indicator.code, title=indicator.title)


def _problem(result: IndicatorResult) -> str:
    measure = result.measure.number
    match result.indicator.kind:
        case IndicatorKind.FACT:
            return say(_WORDING, "region_fact", measure=measure)
        case IndicatorKind.COUNT:
            return say(
                _WORDING,
                "region_count",
                numerator=result.numerator,
                shortfall=missing(result),
                measure=measure,
            )
        case IndicatorKind.SHARE:
            return say(
                _WORDING,
                "region_indicator",
                numerator=result.numerator,
                denominator=result.denominator,
                shortfall=missing(result),
                measure=measure,
            )


def _where(facts: Facts, result: IndicatorResult) -> str:
    """In which municipalities a share of the region is missed."""
    names = sorted(
        {
            named(facts.run.municipalities[g.municipality_id].name)
            for g in facts.gaps
            if g.indicator_code == result.indicator.code
            and g.municipality_id in facts.run.municipalities
            and g.municipality_id != REGION
        },
        key=natural_key,
    )
    return say(_WORDING, "region_by_municipality", names=names) if names else ""


def item_cells(items: Sequence[AttentionItem]) -> Iterator[dict[str, Given]]:
    """What tables say of each thing to heed, in the document and in the appendix."""
    for place, item in enumerate(items, start=1):
        yield {
            "number": Count(n=place),
            "title": item.title,
            "problem": item.problem,
            "matter": f"{item.title}. {item.problem}",
            "recommendation": item.recommendation,
            "who": item.who,
            "addressee": title(item.who),
            "due": Day(on=item.due),
            "confirmation": item.confirmation,
            "proof": title(item.confirmation),
        }
