"""The letter of a monitoring and of the summary: the answer, the request, what to heed, figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from roadmap import russian
from roadmap.indicators.status import Status
from roadmap.plan.model import REGION
from roadmap.reports.facts.monitoring import MONITORING
from roadmap.reports.facts.run import Facts
from roadmap.reports.model import (
    AttentionItem,
    Letter,
    LetterFigures,
    NotHeld,
)
from roadmap.reports.monitoring.matrix import tallies
from roadmap.reports.monitoring.summary import Summary, explanation, wording
from roadmap.reports.parts.draft import Placed
from roadmap.reports.parts.measures import (
    fact_value,
    indicator_figure,
    shown_indicators,
    status_chip,
)
from roadmap.reports.parts.tables import LetterRows
from roadmap.reports.words.wording import named, say, title
from roadmap.russian import NBSP

_ITEMS = 5
# A longer table would push the HTML past the size at which mail programs cut it.
_ROWS_IN_TABLE = 30
_FIGURES = "letter-figures"


@dataclass(frozen=True)
class ComposedLetter:
    letter: Letter
    placed: tuple[Placed, ...]


def compose_letter(
    facts: Facts,
    summary: Summary,
    headline: str,
    items: Sequence[AttentionItem],
    recommendations_section: int,
) -> ComposedLetter:
    """The letter of one addressee; the section is that of its document."""
    run, report = facts.run, wording(facts)
    name = title(" ".join(facts.addressee.name.split()))
    more = len(items) - _ITEMS
    figures, placed = _figures_region(facts) if facts.is_region else _figures(facts)
    request, rest, preheader = _request(facts, headline, bool(items))
    subject = say(report, "subject", phase=run.phase.title, name=name)
    return ComposedLetter(
        Letter(
            subject=subject.replace(NBSP, " "),
            preheader=preheader,
            period=russian.month(run.as_of),
            greeting=say(report, "greeting"),
            headline=headline,
            lead=_lead(facts, summary),
            request=request,
            request_rest=rest,
            attention=tuple(items[:_ITEMS]),
            attention_more=say(report, "attention_more", n=more, section=recommendations_section)
            if more > 0
            else None,
            figures=figures,
            basis=say(
                report, "basis", numbers=[str(n) for n in run.phase.owns], order=run.plan.order
            ),
        ),
        placed,
    )


def _lead(facts: Facts, summary: Summary) -> tuple[str, ...]:
    told = " ".join(explanation(facts, summary))
    return tuple(filter(None, (told, say(wording(facts), "as_of", on=facts.run.as_of))))


def _request(facts: Facts, headline: str, is_asked: bool) -> tuple[str, str, str]:
    """The request in bold, the rest of it, the preheader."""
    report, reply_by = wording(facts), facts.run.phase.reply_by.on
    loud = say(report, "preheader", headline=headline, reply_by=reply_by)
    if facts.is_region:
        return (
            say(report, "request_region", reply_by=reply_by),
            say(report, "request_region_rest"),
            loud,
        )
    if is_asked:
        return say(report, "request", reply_by=reply_by), say(report, "request_rest"), loud
    return (
        say(report, "request_quiet", reply_by=reply_by),
        say(report, "request_quiet_rest"),
        say(report, "preheader_quiet", headline=headline),
    )


# -- «Цифры» ---------------------------------------------------------------------------------


def _figures(facts: Facts) -> tuple[LetterFigures | None, tuple[Placed, ...]]:
    """The municipality's own indicators: fact and status; what the region does is left out."""
    report = wording(facts)
    shown = [
        one
        for one in shown_indicators(facts)
        if one.is_own
        and one.result.status is not Status.NOT_DUE
        and MONITORING not in one.result.indicator.parameters
    ]
    if not shown or len(shown) > _ROWS_IN_TABLE:
        return None, ()
    columns = {"fact": say(report, "column_fact"), "status": say(report, "column_status")}
    rows = LetterRows(_FIGURES, say(report, "column_indicator"), columns)
    for one in shown:
        rows.add(
            named(one.title),
            {"fact": fact_value(one.result), "status": status_chip(one.result.status)},
            note=say(report, "measure_note", number=one.result.measure.number),
            figures={"fact": indicator_figure(one)},
        )
    return rows.laid(say(report, "figures", as_of=facts.run.as_of))


def _figures_region(facts: Facts) -> tuple[LetterFigures | None, tuple[Placed, ...]]:
    """How many measures each municipality has executed, by alphabet."""
    report = wording(facts)
    found = tallies(facts)
    if len(found) > _ROWS_IN_TABLE:
        return None, ()
    columns = {"executed": say(report, "column_executed")}
    rows = LetterRows(_FIGURES, say(report, "column_municipality"), columns)
    for tally in found:
        is_region = tally.unit == REGION
        name = title(named(facts.run.municipalities[tally.unit].name))
        executed = say(report, "part_of", part=tally.executed, whole=tally.counted)
        rows.add(
            say(report, "region_row") if is_region else name,
            {"executed": executed if tally.counted else NotHeld()},
            "total" if is_region else "data",
        )
    return rows.laid(say(report, "figures_region", as_of=facts.run.as_of))
