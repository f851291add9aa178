"""The region's view: municipalities × indicators, and how many measures each has executed.

Municipalities stand by alphabet everywhere; nothing is sorted by value.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from roadmap.indicators.read import IndicatorResult, letter_statuses
from roadmap.indicators.status import Status
from roadmap.plan.due import due_date, is_ongoing
from roadmap.plan.model import REGION, IndicatorKind, Measure, Slice
from roadmap.reports.facts.monitoring import MONITORING, monitoring_measure
from roadmap.reports.facts.run import Facts
from roadmap.reports.model import (
    Bar,
    BarChart,
    BarGroup,
    Column,
    Count,
    Figure,
    NotHeld,
    Share,
)
from roadmap.reports.monitoring.lines import state_of
from roadmap.reports.monitoring.progress import executed_then
from roadmap.reports.parts.draft import Laid
from roadmap.reports.parts.measures import fact_value, status_chip
from roadmap.reports.parts.tables import Cells, Rows, View, number, text
from roadmap.reports.words.show import show, show_with_unit
from roadmap.reports.words.wording import named, say, title
from roadmap.russian import NBSP, day

_WORDING = "monitoring"
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


def _cell_text(result: IndicatorResult | None) -> str:
    """«1 из 2, ▲ исполнено частично»; the status alone where nothing is known."""
    if result is None:
        return "–"
    chip = status_chip(result.status)
    if result.numerator is None:
        return chip
    fact = show(fact_value(result)).replace(" ", NBSP)
    return f"{fact}, {chip}"


def matrix_tables(facts: Facts) -> tuple[Laid, ...]:
    """The matrix for the document, as many tables as turned pages need columns."""
    sliced = _sliced(facts)
    pieces = -(-len(sliced) // _COLUMNS)
    size = -(-len(sliced) // pieces) if pieces else 0
    return tuple(
        _matrix(
            facts,
            sliced[start : start + size],
            f"matrix-{number}",
            "document",
            (56, 25),
            _caption(sliced[start : start + size]),
        )
        for number, start in enumerate(range(0, len(sliced), size or 1), start=1)
    )


def matrix_sheet(facts: Facts) -> Laid:
    """The whole matrix as one table of the appendix."""
    return _matrix(facts, _sliced(facts), "matrix", "appendix", (36, 17), "")


def _caption(sliced: Sequence[IndicatorResult]) -> str:
    first, last = sliced[0].indicator.code, sliced[-1].indicator.code
    return say(_WORDING, "caption_matrix", first=first, last=last)


def _matrix(
    facts: Facts,
    sliced: Sequence[IndicatorResult],
    table_id: str,
    view: View,
    widths: tuple[float, float],
    caption: str,
) -> Laid:
    first, other = widths
    codes = [one.indicator.code for one in sliced]
    columns = (
        text("unit", "Муниципалитет", first),
        *(text(code, code, other) for code in codes),
    )
    rows = Rows(view, table_id, columns)
    for unit in (*municipalities(facts), REGION):
        results = facts.indicators if unit == REGION else facts.by_municipality.get(unit, ())
        found = {r.indicator.code: r for r in results}
        name = _unit_name(facts, unit)
        rows.add(
            {"unit": name, **{code: _cell_text(found.get(code)) for code in codes}},
            "total" if unit == REGION else "data",
            figures={
                code: (("matrix", unit, code), say(_WORDING, "name", unit=name, code=code))
                for code in codes
            },
        )
    return rows.laid(caption, _legend(sliced, is_sheet=view == "appendix"))


def _legend(sliced: Sequence[IndicatorResult], *, is_sheet: bool) -> tuple[str, ...]:
    """What the codes at the head of the columns mean; below a sheet one line each."""
    titles = tuple(
        say(_WORDING, "code", code=r.indicator.code, title=named(r.indicator.title)) for r in sliced
    )
    return titles if is_sheet else (say(_WORDING, "legend", titles=titles),)


def _unit_name(facts: Facts, unit: str) -> str:
    if unit == REGION:
        return say(_WORDING, "region_row")
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
    found = tuple(_counted(facts, unit))
    strict = [is_done for measure, is_done in found if not _is_running(facts, measure)]
    return Tally(
        unit=unit,
        executed=sum(is_done for _, is_done in found),
        counted=len(found),
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
        if status not in (Status.NO_DUE_DATE, Status.NOT_DUE):
            yield facts.run.plan.measure(number), status.is_met


def _is_running(facts: Facts, measure: Measure) -> bool:
    due = due_date(measure.window)
    return is_ongoing(measure) and (due is None or due > facts.run.as_of)


def tally_table(facts: Facts, found: Sequence[Tally], table_id: str) -> Laid:
    """Исполнено, всего, доля — by both rules; then what earlier monitorings found."""
    earlier = state_of(facts).earlier
    columns = [text("unit", "Муниципалитет", 60), *_tally_columns("", "Все мероприятия")]
    if any(t.counted != t.strict_counted for t in found):
        columns += _tally_columns("strict_", "Без длящихся весь период")
    columns += [number(one.phase.code, f"На{NBSP}{day(one.as_of)}", 22) for one in earlier]
    rows = Rows("document", table_id, columns)
    for tally in found:
        name = _unit_name(facts, tally.unit)
        rows.add(
            {
                "unit": name,
                **_tally_cells("", tally.executed, tally.counted),
                **_tally_cells("strict_", tally.strict_executed, tally.strict_counted),
                **{one.phase.code: executed_then(one, tally.unit) for one in earlier},
            },
            "total" if tally.unit == REGION else "data",
            figures={"executed": (("tally", tally.unit), say(_WORDING, "name_tally", unit=name))},
        )
    return rows.laid(say(_WORDING, "caption_tally"), (say(_WORDING, "note_tally"),))


def _tally_columns(rule: str, group: str) -> tuple[Column, ...]:
    return (
        number(f"{rule}executed", "Исполнено", 20, group),
        number(f"{rule}counted", "Всего", 20, group),
        number(f"{rule}share", "Доля, %", 20, group),
    )


def _tally_cells(rule: str, done: int, whole: int) -> Cells:
    share = Share(numerator=done, denominator=whole) if whole else NotHeld()
    return {
        f"{rule}executed": Count(n=done),
        f"{rule}counted": Count(n=whole),
        f"{rule}share": share,
    }


def tally_figure(facts: Facts, found: Sequence[Tally]) -> Figure | None:
    """Executed measures of each municipality as bars; None where there is nothing to draw."""
    own = [t for t in found if t.unit != REGION and t.counted]
    if not own or len(own) > _BARS:
        return None
    bars = [
        Bar(
            label=title(named(facts.run.municipalities[t.unit].name)),
            value=Share(numerator=t.executed, denominator=t.counted),
        )
        for t in own
    ]
    told = [
        say(
            _WORDING,
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
        caption=say(_WORDING, "caption_figure", as_of=facts.run.as_of),
        alt=say(_WORDING, "alt", told=told),
        chart=BarChart(
            groups=(BarGroup(title=say(_WORDING, "figure_title"), bars=tuple(bars)),),
        ),
    )


# -- Parts -----------------------------------------------------------------------------------


def parts_sentences(facts: Facts) -> tuple[tuple[str, bool], ...]:
    """Shares of participants and hosts of internships, each counted by itself; and whether the
    sentence is the addressee's own."""
    told = []
    for is_own, results in ((True, facts.indicators), (False, facts.regional)):
        for result in results:
            pieces = [
                say(
                    _WORDING,
                    "part_count" if result.indicator.kind is IndicatorKind.COUNT else "part_share",
                    title=named(one.part.title),
                    numerator=one.numerator,
                    denominator=one.denominator,
                )
                for one in result.parts
                if one.numerator is not None
            ]
            if pieces:
                code, name = result.indicator.code, named(result.indicator.title)
                sentence = say(_WORDING, "parts", code=code, title=name, pieces=pieces)
                told.append((sentence, is_own))
    return tuple(told)
