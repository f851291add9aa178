"""The letter of a monitoring and of the summary: the answer, the request, what to heed, figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from roadmap import russian
from roadmap.analysis.small_numbers import REGION
from roadmap.indicators.status import Status
from roadmap.reports.facts.monitoring import MONITORING
from roadmap.reports.facts.run import Facts
from roadmap.reports.model import (
    AttentionItem,
    Cell,
    Letter,
    LetterFigures,
    LetterRow,
    NotHeld,
    Place,
    Value,
    Words,
)
from roadmap.reports.monitoring.document import indicator_figure
from roadmap.reports.monitoring.matrix import tallies
from roadmap.reports.monitoring.summary import Summary, explanation, wording
from roadmap.reports.parts.draft import Placed
from roadmap.reports.parts.measures import fact_value, shown_indicators, status_chip
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
    run, main = facts.run, f"{wording(facts)}/main"
    name = title(" ".join(facts.addressee.name.split()))
    more = len(items) - _ITEMS
    figures, placed = _figures_region(facts) if facts.is_region else _figures(facts)
    request, rest, preheader = _request(facts, headline, bool(items))
    subject = say("letter", "subject", phase=run.phase.title, name=name)
    return ComposedLetter(
        Letter(
            subject=subject.replace(NBSP, " "),
            preheader=preheader,
            period=russian.month(run.as_of),
            greeting=say("letter", "greeting"),
            headline=headline,
            lead=_lead(facts, summary),
            request=request,
            request_rest=rest,
            attention=tuple(items[:_ITEMS]),
            attention_more=say(main, "attention_more", n=more, section=recommendations_section)
            if more > 0
            else None,
            figures=figures,
            basis=say(
                main, "basis", numbers=[str(n) for n in run.phase.owns], order=run.plan.order
            ),
        ),
        placed,
    )


def _lead(facts: Facts, summary: Summary) -> tuple[str, ...]:
    told = " ".join(explanation(facts, summary))
    return tuple(filter(None, (told, say(f"{wording(facts)}/main", "as_of", on=facts.run.as_of))))


def _request(facts: Facts, headline: str, is_asked: bool) -> tuple[str, str, str]:
    """The request in bold, the rest of it, the preheader."""
    main, reply_by = f"{wording(facts)}/main", facts.run.phase.reply_by.on
    loud = say("letter", "preheader", headline=headline, reply_by=reply_by)
    if facts.is_region:
        return (
            say(main, "request_region", reply_by=reply_by),
            say(main, "request_region_rest"),
            loud,
        )
    if is_asked:
        return say(main, "request", reply_by=reply_by), say(main, "request_rest"), loud
    return (
        say(main, "request_quiet", reply_by=reply_by),
        say(main, "request_quiet_rest"),
        say("letter", "preheader_quiet", headline=headline),
    )


# -- «Цифры» ---------------------------------------------------------------------------------


def _figures(facts: Facts) -> tuple[LetterFigures | None, tuple[Placed, ...]]:
    """The municipality's own indicators: fact and status; what the region does is left out."""
    main = f"{wording(facts)}/main"
    shown = [
        one
        for one in shown_indicators(facts)
        if one.is_own
        and one.result.status is not Status.NOT_DUE
        and MONITORING not in one.result.indicator.parameters
    ]
    if not shown or len(shown) > _ROWS_IN_TABLE:
        return None, ()
    rows: list[LetterRow] = []
    placed: list[Placed] = []
    for one in shown:
        place = Place(view="letter", table_id=_FIGURES, row=len(rows), column=0)
        placed.append(indicator_figure(one, place))
        rows.append(
            LetterRow(
                label=named(one.title),
                note=say(main, "measure_note", number=one.result.measure.number),
                cells=(
                    Cell(value=fact_value(one.result)),
                    Cell(value=Words(text=status_chip(one.result.status))),
                ),
            )
        )
    return (
        LetterFigures(
            id=_FIGURES,
            caption=say(main, "figures", as_of=facts.run.as_of),
            columns=(
                say(main, "column_indicator"),
                say(main, "column_fact"),
                say(main, "column_status"),
            ),
            rows=tuple(rows),
        ),
        tuple(placed),
    )


def _figures_region(facts: Facts) -> tuple[LetterFigures | None, tuple[Placed, ...]]:
    """How many measures each municipality has executed, by alphabet."""
    main = f"{wording(facts)}/main"
    found = tallies(facts)
    if len(found) > _ROWS_IN_TABLE:
        return None, ()
    rows: list[LetterRow] = []
    for tally in found:
        is_region = tally.unit == REGION
        name = title(named(facts.run.municipalities[tally.unit].name))
        value: Value = (
            Words(text=say(main, "executed", done=tally.executed, of=tally.counted))
            if tally.counted
            else NotHeld()
        )
        rows.append(
            LetterRow(
                label=say(main, "region_row") if is_region else name,
                cells=(Cell(value=value),),
                kind="total" if is_region else "data",
            )
        )
    return (
        LetterFigures(
            id=_FIGURES,
            caption=say(main, "figures_region", as_of=facts.run.as_of),
            columns=(say(main, "column_municipality"), say(main, "column_executed")),
            rows=tuple(rows),
        ),
        (),
    )
