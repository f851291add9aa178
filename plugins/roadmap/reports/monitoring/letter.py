"""The letter of a monitoring and of the summary: the answer, the request, what to heed, figures."""

from __future__ import annotations

from collections.abc import Sequence

from roadmap.indicators.status import Status
from roadmap.plan.region import REGION
from roadmap.reports.facts.monitoring import MONITORING
from roadmap.reports.facts.run import Facts
from roadmap.reports.model import AttentionItem, Letter, LetterFigures, NotHeld
from roadmap.reports.monitoring.matrix import tallies
from roadmap.reports.monitoring.summary import Summary, explanation
from roadmap.reports.parts.draft import Placed
from roadmap.reports.parts.letter import FIGURES, ROWS_IN_TABLE, letter_of
from roadmap.reports.parts.measures import (
    compensated,
    fact_value,
    indicator_figure,
    shown_indicators,
    status_chip,
)
from roadmap.reports.parts.sentences import sentence
from roadmap.reports.parts.tables import LetterRows
from roadmap.reports.words.wording import named, title


def compose_letter(
    facts: Facts,
    summary: Summary,
    headline: str,
    items: Sequence[AttentionItem],
    recommendations_section: int,
    past: str,
) -> tuple[Letter, tuple[Placed, ...]]:
    """The letter of one addressee and where key figures stand in it; the section is that of its
    document, `past` what is not asked for any more."""
    lead = " ".join(explanation(facts, summary)), sentence(facts, "as_of", on=facts.run.as_of)
    figures, placed = _figures_region(facts) if facts.is_region else _figures(facts)
    numbers = facts.run.phase.owns
    letter = letter_of(
        facts, headline, lead, items, recommendations_section, figures, numbers, past
    )
    return letter, placed


# -- «Цифры» ---------------------------------------------------------------------------------


def _figures(facts: Facts) -> tuple[LetterFigures | None, tuple[Placed, ...]]:
    """The municipality's own indicators: fact and status; what the region does is left out."""
    shown = [
        one
        for one in shown_indicators(facts)
        if one.is_own
        and one.result.status is not Status.NOT_DUE
        and MONITORING not in one.result.indicator.parameters
    ]
    if not shown or len(shown) > ROWS_IN_TABLE:
        return None, ()
    columns = {"fact": sentence(facts, "column_fact"), "status": sentence(facts, "column_status")}
    rows = LetterRows(FIGURES, sentence(facts, "column_indicator"), columns)
    for one in shown:
        rows.add(
            named(one.title),
            {"fact": fact_value(one.result), "status": status_chip(one.result.status)},
            note=sentence(
                facts,
                "measure_note",
                number=one.result.measure.number,
                compensated=compensated(one.result),
            ),
            figures={"fact": indicator_figure(one)},
        )
    return rows.laid(sentence(facts, "figures"))


def _figures_region(facts: Facts) -> tuple[LetterFigures | None, tuple[Placed, ...]]:
    """How many measures each municipality has executed, by alphabet."""
    units = tallies(facts)
    if len(units) > ROWS_IN_TABLE:
        return None, ()
    columns = {"executed": sentence(facts, "column_executed")}
    rows = LetterRows(FIGURES, sentence(facts, "column_municipality"), columns)
    for tally in units:
        is_region = tally.unit == REGION
        name = title(named(facts.run.municipalities[tally.unit].name))
        executed = sentence(facts, "part_of", part=tally.executed, whole=tally.counted)
        rows.add(
            sentence(facts, "region_row") if is_region else name,
            {"executed": executed if tally.counted else NotHeld()},
            "total" if is_region else "data",
        )
    return rows.laid(sentence(facts, "figures_region"))
