"""«Подтверждение»: the requisites from the registers that stand behind a measure's figures.

Which register confirms an indicator, and whether what changes in it is the addressee's own deed,
is declared beside the query that counts it (indicators.about).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import assert_never

from roadmap.indicators.about import Register, about_each
from roadmap.indicators.read import IndicatorResult
from roadmap.plan.model import Indicator, IndicatorKind, Slice
from roadmap.plan.region import REGION
from roadmap.reports.facts.monitoring import Placed, Registers, Requisites
from roadmap.reports.facts.run import Facts
from roadmap.reports.model import OWN_JOIN
from roadmap.reports.parts.sentences import sentence
from roadmap.reports.words.wording import named

_MAY_BREAK = "\u200b"
_NAMED = 2  # so many papers are named; of more the number and the last day are told


@dataclass(frozen=True)
class Confirmed:
    """Requisites of some facts, each once; `is_own`: by the addressee's own deed or not."""

    pieces: Mapping[str, bool]
    is_own: bool  # whether it can speak of nothing but the addressee's own deeds

    @property
    def text(self) -> str:
        return OWN_JOIN.join(self.pieces)

    @property
    def own_words(self) -> str:
        return OWN_JOIN.join(text for text, is_own in self.pieces.items() if is_own)

    def in_wide_cell(self) -> Confirmed:
        """The same without places where a narrow cell may break a link."""
        pieces = {text.replace(_MAY_BREAK, ""): is_own for text, is_own in self.pieces.items()}
        return Confirmed(pieces, self.is_own)


def confirmation(facts: Facts, results: Sequence[IndicatorResult], unit: str) -> Confirmed:
    """Requisites of all the indicators' facts."""
    declared = [(result, one) for result in results for one in about_each(result.indicator)]
    is_own = facts.is_region or all(one.is_own_deed for _, one in declared)
    pieces: dict[str, bool] = {}
    if facts.monitoring is not None:
        registers = facts.monitoring.registers
        for result, one in declared:
            for text in _of(facts, registers, one.confirmed_by, result, unit):
                pieces.setdefault(text, one.is_own_deed)
    return Confirmed(pieces, is_own)


def breakable(link: str) -> str:
    """The link with places where a narrow cell may break it."""
    broken = named(link).replace("/", f"/{_MAY_BREAK}").replace(".", f".{_MAY_BREAK}")
    return broken.replace(f"/{_MAY_BREAK}/", "//")


def _of(
    facts: Facts, registers: Registers, register: Register, result: IndicatorResult, unit: str
) -> list[str]:
    indicator = result.indicator
    match register:
        case "regional_acts":
            return _papers(facts, registers.regional_acts, "act")
        case "municipal_acts":
            return _acts(facts, registers, result, unit)
        case "documents":
            return _papers(facts, _documents(registers, indicator), "document")
        case "prepared":
            return _prepared(facts, registers, result)
        case "event":
            return _single_event(facts, registers, indicator)
        case "events":
            return _events(facts, registers, result)
        case "programmes":
            key = result.measure.number
            return _papers(facts, [p for p in registers.programmes if p.key == key], "programme")
        case "page":
            return [
                sentence(facts, "page", link=breakable(p.link or ""), on=p.on)
                for p in registers.publications
                if p.key == f"page/{indicator.parameters.get('channel')}"
            ][:1]
        case "news":
            networks = result.measure.rules.get("social_networks")
            counted = {f"news/{one}" for one in networks} if isinstance(networks, tuple) else set()
            news = [p for p in registers.publications if p.key in counted]
            return [sentence(facts, "news", n=len(news), last=news[-1].on)] if news else []
        case "questionnaires":
            return _placed(facts, registers, indicator, unit)
        case "medk_documents":
            placed = _sum(
                [p for key, p in registers.placed_documents.items() if unit in (REGION, key)]
            )
            return [sentence(facts, "placed", n=placed.n, last=placed.on)] if placed else []
        case "reported":
            return _papers(facts, _reported(registers, result, unit), "document")
        case "directions":
            days = [d.approved_on for d in registers.directions]
            return [sentence(facts, "next_directions", n=len(days), last=max(days))] if days else []
        case "letters":
            return [sentence(facts, "sent", on=result.met_on)] if result.met_on else []
        case "monitoring":
            return _monitoring(facts, indicator)
    assert_never(register)


def _reported(registers: Registers, result: IndicatorResult, unit: str) -> list[Requisites]:
    """In what the figure was reported: of each place the latest paper, of a sum all of them.

    What is counted for the region as a whole is reported for it alone: everybody reads of it, and
    what a municipality reported beside is in no figure.
    """
    code, of_region = result.indicator.code, result.indicator.slice is Slice.REGION
    papers = []
    for place, reported in registers.reported.items():
        of_place = [paper for paper in reported if paper.key == code]
        is_counted = (place == REGION) == of_region and unit in (place, REGION)
        if result.numerator is not None and is_counted:
            papers += of_place if result.indicator.kind is IndicatorKind.SUM else of_place[-1:]
    return papers


def _documents(registers: Registers, indicator: Indicator) -> list[Requisites]:
    key = str(indicator.parameters.get("indicator", indicator.code))
    return [paper for paper in registers.documents if paper.key == key]


def _prepared(facts: Facts, registers: Registers, result: IndicatorResult) -> list[str]:
    """The order says «подготовлена», which the run did; whether somebody approved the paper
    stands beside it and counts for nothing."""
    approved = _papers(facts, _documents(registers, result.indicator), "document")
    if result.met_on is None and not approved:
        return []
    title = named(result.indicator.title)
    return [sentence(facts, "prepared", title=title, on=result.met_on, approved=approved)]


def _papers(facts: Facts, papers: Sequence[Requisites], kind: str) -> list[str]:
    if len(papers) > _NAMED:
        return [sentence(facts, "papers", kind=kind, n=len(papers), last=max(p.on for p in papers))]
    return [_paper(facts, paper) for paper in papers]


def _paper(facts: Facts, paper: Requisites) -> str:
    link = breakable(paper.link) if paper.link else ""
    return sentence(
        facts, "paper", title=named(paper.title), number=paper.number, on=paper.on, link=link
    )


def _acts(facts: Facts, registers: Registers, result: IndicatorResult, unit: str) -> list[str]:
    """The acts that count: of the basis and a kind that the plan names and, where the indicator
    names the phase that recommends, not older than its recommendations; of the region in how many
    municipalities that lack none."""
    parameters, rules = result.indicator.parameters, result.measure.rules
    kinds = {
        str(kind)
        for name in ("legal_acts", "programme_documents")
        if isinstance(named_kinds := rules.get(name), tuple)
        for kind in named_kinds
    }
    recommended = registers.recommended_on if "phase" in parameters else {}
    never = None if "phase" in parameters else date.min
    counted = {
        key: [
            act
            for act in acts
            if act.key == parameters.get("basis")
            and act.title in kinds
            and (since := recommended.get(key, never)) is not None
            and act.on >= since
        ]
        for key, acts in registers.municipal_acts.items()
    }
    if unit != REGION:
        return [_paper(facts, act) for act in counted.get(unit, ())]
    code = result.indicator.code
    lacking = {gap.municipality_id for gap in facts.gaps if gap.indicator_code == code}
    days = [acts[-1].on for key, acts in counted.items() if acts and key not in lacking]
    return [sentence(facts, "municipal_acts", n=len(days), last=max(days))] if days else []


def _single_event(facts: Facts, registers: Registers, indicator: Indicator) -> list[str]:
    codes = {str(indicator.parameters.get("event"))} | {
        str(part.parameters.get("event")) for part in indicator.parts
    }
    return [
        sentence(facts, "event", kind=event.kind, on=event.on)
        for event in registers.events
        if event.event_id in codes
    ]


def _events(facts: Facts, registers: Registers, result: IndicatorResult) -> list[str]:
    number = result.measure.number
    days = sorted(event.on for event in registers.events if event.measure == number)
    if not days:
        return []
    return [sentence(facts, "events", first=days[0], last=days[-1])]


def _placed(facts: Facts, registers: Registers, indicator: Indicator, unit: str) -> list[str]:
    respondent = str(indicator.parameters.get("respondent", indicator.parameters.get("role")))
    total = _sum(
        [
            placed
            for (municipality, kind), placed in registers.questionnaires.items()
            if kind == respondent and unit in (REGION, municipality)
        ]
    )
    if total is None:
        return []
    return [sentence(facts, "surveys", respondent=respondent, n=total.n, last=total.on)]


def _sum(units: Sequence[Placed]) -> Placed | None:
    if not units:
        return None
    return Placed(sum(p.n for p in units), max(p.on for p in units))


def _monitoring(facts: Facts, indicator: Indicator) -> list[str]:
    """The report that told the share: this very one, or the monitoring's own."""
    number = indicator.parameters.get("monitoring")
    for phase in facts.run.plan.phases:
        if number in phase.owns:
            if phase.code == facts.run.phase.code:
                return [sentence(facts, "this_report")]
            return [sentence(facts, "report", on=phase.as_of)]
    return []
