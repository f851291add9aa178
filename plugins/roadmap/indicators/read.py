"""The stored indicators of a run as values, for reports and for the operator's summary."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, select

from roadmap.indicators.status import Status, measure_status
from roadmap.plan.model import Indicator, Measure, Plan
from roadmap.store.tables import (
    indicator_gap,
    indicator_result,
    phase_run,
    run_school,
)
from roadmap.store.tables import measure_status as measure_status_table


@dataclass(frozen=True)
class IndicatorResult:
    """One indicator of one municipality, or of 'region', in one run.

    `numerator`, `denominator`, `shortfall` are None when nothing is known. `shortfall` is in
    the indicator's units and 0 when met; `met_on` only where it is met and the day is known.
    """

    measure: Measure
    indicator: Indicator
    municipality_id: str
    numerator: int | None
    denominator: int | None
    shortfall: int | None
    met_on: date | None
    status: Status


@dataclass(frozen=True)
class Gap:
    """A unit that is missing in an indicator.

    `unit_kind`: coordinator, curator, school or municipality. A curator who leads several
    schools has one gap per school: count persons by `person_id`, name them by school.
    """

    indicator_code: str
    municipality_id: str
    unit_kind: str
    person_id: str | None
    school_id: str | None
    school_name: str | None


@dataclass(frozen=True)
class MeasureStatus:
    measure: Measure
    municipality_id: str
    due: date | None
    status: Status


def indicator_results(
    connection: Connection, plan: Plan, run_id: str, municipality_id: str
) -> tuple[IndicatorResult, ...]:
    """All indicators of the municipality (or of 'region'), in the plan's order.

    A municipality has rows for indicators sliced by municipality only; what is counted for
    the region as a whole stands under 'region'.
    """
    rows = connection.execute(
        select(indicator_result).where(
            indicator_result.c.run_id == run_id,
            indicator_result.c.municipality_id == municipality_id,
        )
    ).mappings()
    stored = {row["indicator"]: row for row in rows}
    return tuple(
        IndicatorResult(
            measure=measure,
            indicator=indicator,
            municipality_id=municipality_id,
            numerator=row["numerator"],
            denominator=row["denominator"],
            shortfall=row["shortfall"],
            met_on=date.fromisoformat(row["met_on"]) if row["met_on"] else None,
            status=Status(row["status"]),
        )
        for measure in plan.measures
        for indicator in measure.indicators
        if (row := stored.get(indicator.code)) is not None
    )


def letter_results(
    connection: Connection, plan: Plan, run_id: str, municipality_id: str
) -> tuple[IndicatorResult, ...]:
    """The indicators that the run's own letter may show: of the measures that its phase
    reports, without those that would speak of this very letter (design.md §5)."""
    phase = plan.phase(_phase_code(connection, run_id))
    return tuple(
        result
        for result in indicator_results(connection, plan, run_id, municipality_id)
        if result.measure.number in phase.reports
        and phase.code not in result.indicator.outside_letter_of
    )


def gaps(
    connection: Connection, run_id: str, municipality_id: str | None = None
) -> tuple[Gap, ...]:
    """The missing units of one municipality, or of all; ordered by indicator, person, school."""
    query = (
        select(
            indicator_gap.c.indicator,
            indicator_gap.c.municipality_id,
            indicator_gap.c.unit_kind,
            indicator_gap.c.person_id,
            indicator_gap.c.school_id,
            run_school.c.name,
        )
        .outerjoin_from(
            indicator_gap,
            run_school,
            (run_school.c.run_id == indicator_gap.c.run_id)
            & (run_school.c.school_id == indicator_gap.c.school_id),
        )
        .where(indicator_gap.c.run_id == run_id)
    )
    if municipality_id is not None:
        query = query.where(indicator_gap.c.municipality_id == municipality_id)
    found = (Gap(*row) for row in connection.execute(query))
    return tuple(
        sorted(
            found,
            key=lambda gap: (
                gap.indicator_code,
                gap.municipality_id,
                gap.person_id or "",
                gap.school_id or "",
            ),
        )
    )


def measure_statuses(
    connection: Connection, plan: Plan, run_id: str, municipality_id: str
) -> tuple[MeasureStatus, ...]:
    """The status of each measure by all its indicators: for the run's summary and the board."""
    rows = connection.execute(
        select(measure_status_table).where(
            measure_status_table.c.run_id == run_id,
            measure_status_table.c.municipality_id == municipality_id,
        )
    ).mappings()
    found = [
        MeasureStatus(
            measure=plan.measure(row["measure"]),
            municipality_id=municipality_id,
            due=date.fromisoformat(row["due"]) if row["due"] else None,
            status=Status(row["status"]),
        )
        for row in rows
    ]
    return tuple(sorted(found, key=lambda status: status.measure.number))


def letter_statuses(results: tuple[IndicatorResult, ...], as_of: date) -> dict[int, Status]:
    """The status of each measure by the indicators given, by the measure's number.

    For a letter: from `letter_results`, so that what the ledger says later of this letter
    never changes it. A measure none of whose indicators are among them has no status here.
    """
    found: dict[int, list[IndicatorResult]] = defaultdict(list)
    for result in results:
        found[result.measure.number].append(result)
    return {
        number: measure_status([r.status for r in of_measure], of_measure[0].measure.window, as_of)
        for number, of_measure in found.items()
    }


def _phase_code(connection: Connection, run_id: str) -> str:
    return connection.execute(
        select(phase_run.c.phase).where(phase_run.c.run_id == run_id)
    ).scalar_one()
