"""«Подтверждение»: the requisites from the registers that stand behind a measure's figures.

Which register confirms an indicator follows from the query that counts it (plan: Indicator.sql).
"""

from __future__ import annotations

from collections.abc import Sequence

from roadmap.analysis.small_numbers import REGION
from roadmap.indicators.read import IndicatorResult
from roadmap.plan.model import Indicator
from roadmap.reports.facts.monitoring import Event, Paper, Placed, Registers
from roadmap.reports.facts.run import Facts
from roadmap.reports.words.wording import named, say

_WORDING = "monitoring"
_NAMED = 2  # so many papers are named; of more the number and the last day are told
# Registers of what a municipality itself did: changed, they correct its report.
_OWN = ("municipal_acts_amended", "survey_share", "medk_documents_placed")


def is_confirmed_by_own(results: Sequence[IndicatorResult]) -> bool:
    """Whether the confirmation speaks of nothing but the addressee's own deeds."""
    return all(result.indicator.sql in _OWN for result in results)


def confirmation(facts: Facts, results: Sequence[IndicatorResult], unit: str) -> str:
    """Requisites of all the indicators' facts, each once; "" where there is nothing to show."""
    if facts.monitoring is None:
        return ""
    told = [
        text for result in results for text in _of(facts, facts.monitoring.registers, result, unit)
    ]
    return "; ".join(dict.fromkeys(told))


def breakable(link: str) -> str:
    """The link with places where a narrow cell may break it."""
    return named(link).replace("/", "/\u200b").replace(".", ".\u200b").replace("/\u200b/", "//")


def _of(facts: Facts, registers: Registers, result: IndicatorResult, unit: str) -> list[str]:
    indicator = result.indicator
    match indicator.sql:
        case "regional_acts_approved":
            return _papers(registers.regional_acts, "act")
        case "municipal_acts_amended":
            return _acts(registers, indicator, unit)
        case "document_approved":
            key = str(indicator.parameters.get("indicator", indicator.code))
            return _papers([p for p in registers.documents if p.key == key], "document")
        case "attendance_share" | "schools_present":
            return _single_event(registers, indicator)
        case "events_held" | "seminars_held" | "train_seminars_held" | "internships_held":
            return _events(registers, result)
        case "programmes_approved" | "programmes_implemented":
            key = str(indicator.parameters.get("measure", result.measure.number))
            return _papers([p for p in registers.programmes if p.key == key], "programme")
        case "page_published":
            return [
                say(_WORDING, "page", link=breakable(p.link or ""), on=p.on)
                for p in registers.publications
                if p.key == "page"
            ][:1]
        case "months_with_news":
            news = [p for p in registers.publications if p.key == "news"]
            return [say(_WORDING, "news", n=len(news), last=news[-1].on)] if news else []
        case "survey_share":
            return _placed(registers, indicator, unit)
        case "medk_documents_placed":
            found = _sum(
                [p for key, p in registers.placed_documents.items() if unit in (REGION, key)]
            )
            return [say(_WORDING, "placed", n=found.n, last=found.on)] if found else []
        case "directions_approved":
            days = [d.approved_on for d in registers.directions]
            return [say(_WORDING, "directions", n=len(days), last=max(days))] if days else []
        case "recommendations_sent" | "report_presented":
            return [say(_WORDING, "sent", on=result.met_on)] if result.met_on else []
        case "measures_executed":
            return _monitoring(facts, indicator)
    if indicator.parts:
        return _single_event(registers, indicator)
    return []


def _papers(papers: Sequence[Paper], kind: str) -> list[str]:
    if len(papers) > _NAMED:
        return [say(_WORDING, "papers", kind=kind, n=len(papers), last=max(p.on for p in papers))]
    return [_paper(paper) for paper in papers]


def _paper(paper: Paper) -> str:
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
