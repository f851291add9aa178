"""«Подтверждение»: the requisites from the registers that stand behind a measure's figures.

Which register confirms an indicator, and whether what changes in it is the addressee's own deed,
is declared beside the query that counts it (indicators.about).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from roadmap.indicators.about import Register, about_each
from roadmap.indicators.read import IndicatorResult
from roadmap.plan.model import REGION, Indicator
from roadmap.reports.facts.monitoring import Event, Placed, Registers, Requisites
from roadmap.reports.facts.run import Facts
from roadmap.reports.words.wording import named, say

_WORDING = "monitoring"
_NAMED = 2  # so many papers are named; of more the number and the last day are told


def is_confirmed_by_own(results: Sequence[IndicatorResult]) -> bool:
    """Whether the confirmation speaks of nothing but the addressee's own deeds."""
    return all(
        declared.is_own_deed for result in results for declared in about_each(result.indicator)
    )


def confirmation(facts: Facts, results: Sequence[IndicatorResult], unit: str) -> str:
    """Requisites of all the indicators' facts, each once; "" where there is nothing to show."""
    if facts.monitoring is None:
        return ""
    told = [
        text
        for result in results
        for declared in about_each(result.indicator)
        for text in _of(facts, facts.monitoring.registers, declared.confirmed_by, result, unit)
    ]
    return "; ".join(dict.fromkeys(told))


def breakable(link: str) -> str:
    """The link with places where a narrow cell may break it."""
    return named(link).replace("/", "/\u200b").replace(".", ".\u200b").replace("/\u200b/", "//")


def _of(
    facts: Facts, registers: Registers, register: Register, result: IndicatorResult, unit: str
) -> list[str]:
    indicator = result.indicator
    match register:
        case "regional_acts":
            return _papers(registers.regional_acts, "act")
        case "municipal_acts":
            return _acts(registers, indicator, unit)
        case "documents":
            key = str(indicator.parameters.get("indicator", indicator.code))
            return _papers([p for p in registers.documents if p.key == key], "document")
        case "event":
            return _single_event(registers, indicator)
        case "events":
            return _events(registers, result)
        case "programmes":
            key = str(indicator.parameters.get("measure", result.measure.number))
            return _papers([p for p in registers.programmes if p.key == key], "programme")
        case "page":
            return [
                say(_WORDING, "page", link=breakable(p.link or ""), on=p.on)
                for p in registers.publications
                if p.key == "page"
            ][:1]
        case "news":
            news = [p for p in registers.publications if p.key == "news"]
            return [say(_WORDING, "news", n=len(news), last=news[-1].on)] if news else []
        case "questionnaires":
            return _placed(registers, indicator, unit)
        case "medk_documents":
            found = _sum(
                [p for key, p in registers.placed_documents.items() if unit in (REGION, key)]
            )
            return [say(_WORDING, "placed", n=found.n, last=found.on)] if found else []
        case "directions":
            days = [d.approved_on for d in registers.directions]
            return [say(_WORDING, "directions", n=len(days), last=max(days))] if days else []
        case "letters":
            return [say(_WORDING, "sent", on=result.met_on)] if result.met_on else []
        case "monitoring":
            return _monitoring(facts, indicator)
    assert_never(register)


def _papers(papers: Sequence[Requisites], kind: str) -> list[str]:
    if len(papers) > _NAMED:
        return [say(_WORDING, "papers", kind=kind, n=len(papers), last=max(p.on for p in papers))]
    return [_paper(paper) for paper in papers]


def _paper(paper: Requisites) -> str:
    link = breakable(paper.link) if paper.link else ""
    return say(
        _WORDING, "paper", title=named(paper.title), number=paper.number, on=paper.on, link=link
    )


def _acts(registers: Registers, indicator: Indicator, unit: str) -> list[str]:
    """The acts that count by the indicator's own parameters; of the region their number."""
    basis, since = (indicator.parameters.get(name) for name in ("basis", "adopted_from"))
    counted = {
        key: [act for act in acts if act.key == basis and act.on.isoformat() >= str(since)]
        for key, acts in registers.municipal_acts.items()
    }
    if unit != REGION:
        return [_paper(act) for act in counted.get(unit, ())]
    days = [acts[-1].on for acts in counted.values() if acts]
    return [say(_WORDING, "municipal_acts", n=len(days), last=max(days))] if days else []


def _single_event(registers: Registers, indicator: Indicator) -> list[str]:
    codes = {str(indicator.parameters.get("event"))} | {
        str(part.parameters.get("event")) for part in indicator.parts
    }
    return [_event(event) for event in registers.events if event.event_id in codes]


def _event(event: Event) -> str:
    return say(_WORDING, "event", kind=event.kind, on=event.on)


def _events(registers: Registers, result: IndicatorResult) -> list[str]:
    number = result.indicator.parameters.get("measure", result.measure.number)
    days = sorted(event.on for event in registers.events if event.measure == number)
    if not days:
        return []
    return [say(_WORDING, "events", first=days[0], last=days[-1])]


def _placed(registers: Registers, indicator: Indicator, unit: str) -> list[str]:
    respondent = str(indicator.parameters.get("respondent", indicator.parameters.get("role")))
    found = _sum(
        [
            placed
            for (municipality, kind), placed in registers.questionnaires.items()
            if kind == respondent and unit in (REGION, municipality)
        ]
    )
    if found is None:
        return []
    return [say(_WORDING, "surveys", respondent=respondent, n=found.n, last=found.on)]


def _sum(found: Sequence[Placed]) -> Placed | None:
    if not found:
        return None
    return Placed(sum(p.n for p in found), max(p.on for p in found))


def _monitoring(facts: Facts, indicator: Indicator) -> list[str]:
    """The report that told the share: this very one, or the monitoring's own."""
    number = indicator.parameters.get("monitoring")
    for phase in facts.run.plan.phases:
        if number in phase.owns:
            if phase.code == facts.run.phase.code:
                return [say(_WORDING, "this_report")]
            return [say(_WORDING, "report", on=phase.as_of)]
    return []
