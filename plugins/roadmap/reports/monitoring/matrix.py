"""The region's view: municipalities × indicators, and how many measures each has executed.

Municipalities stand by alphabet everywhere; nothing is sorted by value.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from roadmap.indicators.read import IndicatorResult, letter_statuses
from roadmap.indicators.status import Status
from roadmap.plan.due import due_date, is_ongoing
from roadmap.plan.model import IndicatorKind, Measure, Slice
from roadmap.plan.region import REGION
from roadmap.reports.facts.monitoring import MONITORING, monitoring_measure
from roadmap.reports.facts.run import Facts
from roadmap.reports.model import Bar, BarChart, BarGroup, Count, Figure, NotHeld, Share
from roadmap.reports.monitoring.lines import state_of
from roadmap.reports.monitoring.progress import earlier_columns, executed_then
from roadmap.reports.parts.draft import Laid
from roadmap.reports.parts.measures import fact_and_status
from roadmap.reports.parts.sentences import sentence
from roadmap.reports.parts.tables import Cells, Rows, View, columns, text
from roadmap.reports.words.show import NOT_HELD, show_with_unit
from roadmap.reports.words.wording import named, title

_COLUMNS = 8  # so many indicators of a table still fit a turned page at 10 pt
ROWS_IN_DOCUMENT = 60  # of more municipalities the appendix alone has the matrix
_BARS = 30


def municipalities(facts: Facts) -> tuple[str, ...]:
    """Ids of the participating municipalities by alphabet."""
    return tuple(key for key in facts.run.municipalities if key != REGION)


def _sliced(facts: Facts) -> tuple[IndicatorResult, ...]:
    """The indicators that are counted by municipality, without shares of executed measures."""
    return tuple(
        r
        for r in facts.indicators
        if r.indicator.slice is Slice.MUNICIPALITY and MONITORING not in r.indicator.parameters
    )


def matrix_tables(facts: Facts) -> tuple[Laid, ...]:
    """The matrix for the document, as many tables as turned pages need columns."""
    sliced = _sliced(facts)
    pieces = -(-len(sliced) // _COLUMNS)
    size = -(-len(sliced) // pieces) if pieces else 1
    parts = [sliced[start : start + size] for start in range(0, len(sliced), size)]
    return tuple(
        _matrix(facts, part, f"matrix-{place}", "document") for place, part in enumerate(parts, 1)
    )


def matrix_sheet(facts: Facts) -> Laid:
    """The whole matrix as one table of the appendix."""
    return _matrix(facts, _sliced(facts), "matrix", "appendix")


def _matrix(facts: Facts, sliced: Sequence[IndicatorResult], table_id: str, view: View) -> Laid:
    codes = [one.indicator.code for one in sliced]
    # What the codes at the head of the columns mean; below a sheet one line each.
    notes = [
        sentence(facts, "code", code=r.indicator.code, title=named(r.indicator.title))
        for r in sliced
    ]
    caption, width = "", 17
    if view == "document":
        caption, width = sentence(facts, "caption_matrix", first=codes[0], last=codes[-1]), 25
        notes = [sentence(facts, "legend", titles=notes)]
    heads = (*columns(f"matrix/{view}"), *(text(code, code, width) for code in codes))
    rows = Rows(view, table_id, heads)
    for unit in (*municipalities(facts), REGION):
        results = facts.indicators if unit == REGION else facts.by_municipality.get(unit, ())
        texts = {r.indicator.code: fact_and_status(r) for r in results}
        name = _unit_name(facts, unit)
        rows.add(
            {"unit": name, **{code: texts.get(code, NOT_HELD) for code in codes}},
            "total" if unit == REGION else "data",
            figures={
                code: (("matrix", unit, code), sentence(facts, "name", unit=name, code=code))
                for code in codes
            },
        )
    return rows.laid(caption, notes)


def _unit_name(facts: Facts, unit: str) -> str:
    if unit == REGION:
        return sentence(facts, "region_row")
    return title(named(facts.run.municipalities[unit].name))


# -- Executed measures by municipality -------------------------------------------------------


@dataclass(frozen=True)
class Tally:
    """Executed and counted measures of a unit; `strict`: only those whose due date has come,
    without those that last the whole period."""

    unit: str
    executed: int
    counted: int
    strict_executed: int
    strict_counted: int


def tallies(facts: Facts) -> tuple[Tally, ...]:
    """Of each municipality by alphabet, the region last."""
    return tuple(_tally(facts, unit) for unit in (*municipalities(facts), REGION))


def _tally(facts: Facts, unit: str) -> Tally:
    counted = tuple(_counted(facts, unit))
    strict = [is_done for measure, is_done in counted if not _is_running(facts, measure)]
    return Tally(
        unit=unit,
        executed=sum(is_done for _, is_done in counted),
        counted=len(counted),
        strict_executed=sum(strict),
        strict_counted=len(strict),
    )


def _counted(facts: Facts, unit: str) -> Iterator[tuple[Measure, bool]]:
    """The unit's measures of the denominator, each with whether it is executed."""
    state = state_of(facts)
    if monitoring_measure(facts.run.phase, facts.run.plan) is not None:
        for number, stored in sorted(state.statuses.get(unit, {}).items()):
            if number in state.scope:
                yield stored.measure, stored.is_executed
        return
    results = facts.indicators if unit == REGION else facts.by_municipality.get(unit, ())
    for number, status in letter_statuses(results, facts.run.as_of).items():
        if status not in (Status.NO_DUE_DATE, Status.NOT_DUE, Status.NO_SCHOOLS):
            yield facts.run.plan.measure(number), status.is_met


def _is_running(facts: Facts, measure: Measure) -> bool:
    due = due_date(measure.window)
    return is_ongoing(measure) and (due is None or due > facts.run.as_of)


def tally_table(facts: Facts, units: Sequence[Tally], table_id: str) -> Laid:
    """Исполнено, всего, доля — by both rules; then what earlier monitorings found."""
    heads = columns("tally")
    if any(t.counted != t.strict_counted for t in units):
        heads += columns("tally/strict")
    heads += earlier_columns(facts, 22)
    rows = Rows("document", table_id, heads)
    for tally in units:
        name = _unit_name(facts, tally.unit)
        rows.add(
            {
                "unit": name,
                **_tally_cells("", tally.executed, tally.counted),
                **_tally_cells("strict_", tally.strict_executed, tally.strict_counted),
                **executed_then(facts, tally.unit),
            },
            "total" if tally.unit == REGION else "data",
            figures={"executed": (("tally", tally.unit), sentence(facts, "name_tally", unit=name))},
        )
    return rows.laid(sentence(facts, "caption_tally"), (sentence(facts, "note_tally"),))


def _tally_cells(rule: str, done: int, whole: int) -> Cells:
    share = Share(numerator=done, denominator=whole) if whole else NotHeld()
    return {
        f"{rule}executed": Count(n=done),
        f"{rule}counted": Count(n=whole),
        f"{rule}share": share,
    }


def tally_figure(facts: Facts, units: Sequence[Tally]) -> Figure | None:
    """Executed measures of each municipality as bars; None where there is nothing to draw."""
    own = [t for t in units if t.unit != REGION and t.counted]
    if not own or len(own) > _BARS:
        return None
    bars = [
        Bar(
            label=title(named(facts.run.municipalities[t.unit].name)),
            value=Share(numerator=t.executed, denominator=t.counted),
        )
        for t in own
    ]
    texts = [
        sentence(
            facts,
            "alt_bar",
            unit=bar.label,
            share=show_with_unit(bar.value),
            executed=t.executed,
            counted=t.counted,
        )
        for t, bar in zip(own, bars, strict=True)
    ]
    return Figure(
        id="executed",
        caption=sentence(facts, "caption_figure"),
        alt=sentence(facts, "alt", texts=texts),
        chart=BarChart(groups=(BarGroup(title=sentence(facts, "figure_title"), bars=tuple(bars)),)),
    )


# -- Parts -----------------------------------------------------------------------------------


def parts_sentences(facts: Facts) -> list[tuple[str, bool]]:
    """Shares of participants and hosts of internships, each counted by itself; and whether the
    sentence is the addressee's own."""
    sentences = []
    for is_own, results in ((True, facts.indicators), (False, facts.regional)):
        for result in results:
            is_count = result.indicator.kind is IndicatorKind.COUNT
            pieces = [
                sentence(
                    facts,
                    "part_count" if is_count else "part_share",
                    title=named(one.part.title),
                    numerator=one.numerator,
                    denominator=one.denominator,
                )
                for one in result.parts
                if one.numerator is not None
            ]
            if pieces:
                code, name = result.indicator.code, named(result.indicator.title)
                text_of_parts = sentence(facts, "parts", code=code, title=name, pieces=pieces)
                sentences.append((text_of_parts, is_own))
    return sentences
