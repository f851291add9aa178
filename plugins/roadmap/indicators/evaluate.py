"""Evaluates the plan's indicators for one phase run and stores what was found.

Each SQL file of include/sql/indicators counts for all municipalities at once; the region is
the sum over their counts, never a mean of percents. Two passes: from the evidence before the
report is composed, from the delivery ledger after it was sent (design.md §5).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from sqlalchemy import Connection, Engine, RowMapping, delete, insert, select

from roadmap.indicators.status import (
    WORDS,
    Assessment,
    Reading,
    Status,
    indicator_status,
    measure_status,
)
from roadmap.plan.due import due_date, start_date
from roadmap.plan.model import Indicator, Measure, Plan, Slice
from roadmap.russian import counted
from roadmap.store.sql import sql
from roadmap.store.tables import indicator_gap, indicator_result, phase_run, run_municipality
from roadmap.store.tables import measure_status as measure_status_table

log = logging.getLogger(__name__)

REGION = "region"


@dataclass(frozen=True)
class Evaluation:
    """What one pass found, for the log; `str` of it is Russian, one line per indicator.

    `region`: what was computed; `not_computed`: codes of indicators whose SQL is still to come.
    """

    results: int  # rows stored
    gaps: int
    region: tuple[tuple[Indicator, Reading, Assessment], ...]
    not_computed: tuple[str, ...]

    def __str__(self) -> str:
        lines = [f"Показателей рассчитано: {len(self.region)}, недостающих единиц: {self.gaps}"]
        for indicator, reading, found in self.region:
            of = f" из {reading.denominator}" if reading.denominator is not None else ""
            count = WORDS[Status.NO_DATA] if reading.numerator is None else reading.numerator
            unit = indicator.unit
            missing = (
                f", не хватает: {counted(found.shortfall, unit.one, unit.few, unit.many)}"
                if found.shortfall
                else ""
            )
            lines.append(f"{indicator.code}: {count}{of}{missing} ({WORDS[found.status]})")
        if self.not_computed:
            word = WORDS[Status.NOT_COMPUTED]
            lines.append(f"Показатели {', '.join(self.not_computed)}: {word}")
        return "\n".join(lines)


@dataclass(frozen=True)
class _Run:
    run_id: str
    plan_year: int
    as_of: date
    known_at_ms: int
    municipalities: tuple[str, ...]  # the participating ones


@dataclass(frozen=True)
class _Row:
    indicator: str
    municipality_id: str
    numerator: int | None
    denominator: int | None
    target: float
    shortfall: int | None
    met_on: str | None
    status: Status

    @property
    def reading(self) -> Reading:
        return Reading(self.numerator, self.denominator)


def evaluate(
    engine: Engine,
    plan: Plan,
    run_id: str,
    measured_from: Literal["evidence", "ledger"] = "evidence",
) -> Evaluation:
    """Fill `indicator_result`, `indicator_gap` and `measure_status` of the run.

    Indicators of all measures of the plan: for each participating municipality where the
    indicator is sliced, and for 'region'. Those without SQL are stored as `not_computed`.
    One transaction that replaces what an earlier try of this pass left, so that the task may
    be cleared at any time; the other pass's results stay. A measure's status is taken over
    all its indicators, of both passes; one that no pass has measured yet counts as no data.
    Raises sqlalchemy.exc.NoResultFound for an unknown run.
    """
    chosen = [
        (measure, indicator)
        for measure in plan.measures
        for indicator in measure.indicators
        if _pass_of(indicator) == measured_from
    ]
    with engine.begin() as connection:
        run = _run(connection, run_id)
        rows: list[_Row] = []
        gaps: list[dict[str, Any]] = []
        for measure, indicator in chosen:
            found = _rows(connection, run, measure, indicator)
            rows += found
            gaps += _gaps(connection, run, measure, indicator, found)
        _replace(connection, run_id, [indicator for _, indicator in chosen], rows, gaps)
        _replace_measure_statuses(connection, plan, run)
    by_code = {indicator.code: indicator for _, indicator in chosen}
    region = [row for row in rows if row.municipality_id == REGION]
    log.info("run %s, from %s: %d results, %d gaps", run_id, measured_from, len(rows), len(gaps))
    return Evaluation(
        results=len(rows),
        gaps=len(gaps),
        region=tuple(
            (by_code[row.indicator], row.reading, Assessment(row.status, row.shortfall))
            for row in region
            if row.status is not Status.NOT_COMPUTED
        ),
        not_computed=tuple(row.indicator for row in region if row.status is Status.NOT_COMPUTED),
    )


def _pass_of(indicator: Indicator) -> Literal["evidence", "ledger"]:
    """In which pass a row is stored; what is not computed needs no ledger to say so."""
    return "evidence" if indicator.sql is None else indicator.measured_from


def _run(connection: Connection, run_id: str) -> _Run:
    run = connection.execute(select(phase_run).where(phase_run.c.run_id == run_id)).mappings().one()
    municipalities = connection.scalars(
        select(run_municipality.c.municipality_id)
        .where(
            run_municipality.c.run_id == run_id,
            run_municipality.c.is_participating == 1,
            run_municipality.c.municipality_id != REGION,
        )
        .order_by(run_municipality.c.municipality_id)
    )
    return _Run(
        run_id,
        run["plan_year"],
        date.fromisoformat(run["as_of"]),
        run["known_at_ms"],
        tuple(municipalities),
    )


def parameters(
    run_id: str,
    plan_year: int,
    as_of: date,
    known_at_ms: int,
    measure: Measure,
    indicator: Indicator,
) -> dict[str, Any]:
    """Everything that an indicator's SQL may bind; ValueError where the plan redefines a name."""
    starts, ends = start_date(measure.window), due_date(measure.window)
    own: dict[str, Any] = {
        "run_id": run_id,
        "plan_year": plan_year,
        "as_of": as_of.isoformat(),
        "known_at_ms": known_at_ms,
        "target": indicator.target,
        "window_starts": starts.isoformat() if starts else None,
        "window_ends": ends.isoformat() if ends else None,
    }
    taken = sorted(own.keys() & indicator.parameters.keys())
    if taken:
        raise ValueError(f"indicator {indicator.code}: parameters {taken} are set by the run")
    return own | indicator.parameters


def _execute(
    connection: Connection, stem: str, run: _Run, measure: Measure, indicator: Indicator
) -> list[RowMapping]:
    bound = parameters(run.run_id, run.plan_year, run.as_of, run.known_at_ms, measure, indicator)
    return list(connection.execute(sql(f"indicators/{stem}"), bound).mappings())


def _rows(connection: Connection, run: _Run, measure: Measure, indicator: Indicator) -> list[_Row]:
    """A row per participating municipality (sliced indicators only) and one for 'region'."""
    is_sliced = indicator.slice is Slice.MUNICIPALITY
    units = (*run.municipalities, REGION) if is_sliced else (REGION,)
    if indicator.sql is None:
        return [_not_computed(indicator, unit) for unit in units]
    readings = {
        row["municipality_id"]: Reading(
            row["numerator"],
            row["denominator"],
            date.fromisoformat(row["met_on"]) if row["met_on"] else None,
        )
        for row in _execute(connection, indicator.sql, run, measure, indicator)
    }
    if is_sliced:
        own = [readings.get(unit, Reading(None, None)) for unit in run.municipalities]
        readings[REGION] = summed(own)
    return [_assessed(run, measure, indicator, unit, readings[unit]) for unit in units]


def summed(readings: Iterable[Reading]) -> Reading:
    """The region's reading: sums of counts, the last of the days.

    A municipality of which nothing is known adds its denominator and nothing else; where
    nothing is known of any, nothing is known of the region.
    """
    known = [reading for reading in readings if reading.denominator is not None]
    numerators = [reading.numerator for reading in known if reading.numerator is not None]
    days = [reading.met_on for reading in known if reading.met_on is not None]
    return Reading(
        sum(numerators) if numerators else None,
        sum(reading.denominator or 0 for reading in known) if known else None,
        max(days) if days else None,
    )


def _assessed(
    run: _Run, measure: Measure, indicator: Indicator, unit: str, reading: Reading
) -> _Row:
    found: Assessment = indicator_status(
        indicator.kind, indicator.target, reading, measure.window, run.as_of
    )
    is_met_on_known = reading.met_on is not None and found.shortfall == 0
    return _Row(
        indicator=indicator.code,
        municipality_id=unit,
        numerator=reading.numerator,
        denominator=reading.denominator,
        target=indicator.target,
        shortfall=found.shortfall,
        met_on=reading.met_on.isoformat() if reading.met_on and is_met_on_known else None,
        status=found.status,
    )


def _not_computed(indicator: Indicator, unit: str) -> _Row:
    return _Row(indicator.code, unit, None, None, indicator.target, None, None, Status.NOT_COMPUTED)


def _gaps(
    connection: Connection,
    run: _Run,
    measure: Measure,
    indicator: Indicator,
    rows: list[_Row],
) -> list[dict[str, Any]]:
    """The units that are missing, where something is known: without a file nobody is missing."""
    if indicator.sql is None or indicator.slice is not Slice.MUNICIPALITY:
        return []
    known = {row.municipality_id for row in rows if row.numerator is not None}
    return [
        {
            "run_id": run.run_id,
            "indicator": indicator.code,
            "municipality_id": row["municipality_id"],
            "unit_kind": row["unit_kind"],
            "person_id": row["person_id"],
            "school_id": row["school_id"],
        }
        for row in _execute(connection, f"{indicator.sql}.gaps", run, measure, indicator)
        if row["municipality_id"] in known
    ]


def _replace(
    connection: Connection,
    run_id: str,
    indicators: list[Indicator],
    rows: list[_Row],
    gaps: list[dict[str, Any]],
) -> None:
    codes = [indicator.code for indicator in indicators]
    for table in (indicator_result, indicator_gap):
        connection.execute(
            delete(table).where(table.c.run_id == run_id, table.c.indicator.in_(codes))
        )
    stored = [
        {
            "run_id": run_id,
            "indicator": row.indicator,
            "municipality_id": row.municipality_id,
            "numerator": row.numerator,
            "denominator": row.denominator,
            "target": row.target,
            "shortfall": row.shortfall,
            "met_on": row.met_on,
            "status": row.status.value,
        }
        for row in rows
    ]
    if stored:
        connection.execute(insert(indicator_result), stored)
    if gaps:
        connection.execute(insert(indicator_gap), gaps)


def _replace_measure_statuses(connection: Connection, plan: Plan, run: _Run) -> None:
    """Each measure over its stored indicators.

    A municipality is judged by the indicators that are sliced by municipality; a measure
    that has none of them is the region's alone.
    """
    stored: Mapping[tuple[str, str], Status] = {
        (row.indicator, row.municipality_id): Status(row.status)
        for row in connection.execute(
            select(
                indicator_result.c.indicator,
                indicator_result.c.municipality_id,
                indicator_result.c.status,
            ).where(indicator_result.c.run_id == run.run_id)
        )
    }
    rows = []
    for measure in plan.measures:
        due = due_date(measure.window)
        for unit in (*run.municipalities, REGION):
            statuses = [
                stored.get((indicator.code, unit), Status.NO_DATA)
                for indicator in measure.indicators
                if unit == REGION or indicator.slice is Slice.MUNICIPALITY
            ]
            if not statuses:
                continue
            rows.append(
                {
                    "run_id": run.run_id,
                    "measure": measure.number,
                    "municipality_id": unit,
                    "due": due.isoformat() if due else None,
                    "status": measure_status(statuses, measure.window, run.as_of).value,
                }
            )
    table = measure_status_table
    connection.execute(delete(table).where(table.c.run_id == run.run_id))
    if rows:
        connection.execute(insert(table), rows)
