"""What a monitoring knows beside the indicators: which measures count and which are executed,
the requisites that confirm them, and what earlier monitorings of the year found.

Read from the run's frozen rows and stored results alone, so composing again gives the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import Connection, RowMapping, select

from roadmap.evidence.own_schedule import plan_of_run
from roadmap.indicators.about import about_each
from roadmap.indicators.read import (
    IndicatorResult,
    MeasureStatus,
    letter_results,
    letter_statuses,
    measure_statuses,
    run_of_phase,
)
from roadmap.indicators.status import Status
from roadmap.plan.model import Indicator, Phase, Plan, Slice
from roadmap.plan.region import REGION
from roadmap.reports.facts.changes import RiskOfSchool, read_assessed, read_risks
from roadmap.store.sql import sql
from roadmap.store.tables import (
    indicator_result,
    metadata,
    monitoring_scope,
    phase_run,
    run_batch,
    run_recommendation,
)

MONITORING = "monitoring"  # the report's kind, and the parameter that names a monitoring measure
SUMMARY = "summary"


@dataclass(frozen=True)
class Requisites:
    """An act, a document, a page: what it is called, its number, its day, where it stands."""

    title: str
    number: str | None
    on: date
    link: str | None
    key: str  # by which it is chosen: its indicator, basis, kind and channel, measure


@dataclass(frozen=True)
class Event:
    event_id: str
    measure: str
    kind: str
    title: str
    on: date


@dataclass(frozen=True)
class Placed:
    """How many of a municipality's units are in МЭДК, and since when the last one is."""

    n: int
    on: date


@dataclass(frozen=True)
class Direction:
    title: str
    basis: str
    approved_on: date


@dataclass(frozen=True)
class Registers:
    """What the registers say on the as-of date: approved, held and published things only.

    Keyed by municipality where they are a municipality's own.
    """

    regional_acts: tuple[Requisites, ...] = ()
    documents: tuple[Requisites, ...] = ()
    publications: tuple[Requisites, ...] = ()
    programmes: tuple[Requisites, ...] = ()
    events: tuple[Event, ...] = ()
    directions: tuple[Direction, ...] = ()
    municipal_acts: Mapping[str, tuple[Requisites, ...]] = field(default_factory=dict)
    # The first day on which a municipality's act may rest on its recommendations.
    recommended_on: Mapping[str, date] = field(default_factory=dict)
    questionnaires: Mapping[tuple[str, str], Placed] = field(default_factory=dict)
    placed_documents: Mapping[str, Placed] = field(default_factory=dict)
    reported: Mapping[str, tuple[Requisites, ...]] = field(default_factory=dict)  # by periods


@dataclass(frozen=True)
class Earlier:
    """What an earlier monitoring of the year said to the same addressee.

    `results` and `statuses` are the addressee's own, `regional` and `regional_statuses` the
    region's; `executed` by unit: executed and counted measures of that monitoring.
    """

    phase: Phase
    as_of: date
    results: Mapping[str, IndicatorResult]
    regional: Mapping[str, IndicatorResult]
    statuses: Mapping[str, Status]
    regional_statuses: Mapping[str, Status]
    executed: Mapping[str, tuple[int, int]]


@dataclass(frozen=True)
class MonitoringState:
    """`statuses` by unit and measure; `scope`: the measures that the monitoring counts, empty
    in a summary."""

    scope: tuple[str, ...]
    statuses: Mapping[str, Mapping[str, MeasureStatus]]
    registers: Registers
    earlier: tuple[Earlier, ...]
    risks: tuple[RiskOfSchool, ...] = ()  # of a phase that tells of positive changes
    assessed: frozenset[str] = frozenset()  # schools with a risk profile, in such a phase


def monitoring_measure(phase: Phase, plan: Plan) -> str | None:
    """The number of the monitoring that the phase owns; None in a summary."""
    for number in phase.owns:
        for indicator in plan.measure(number).indicators:
            if MONITORING in indicator.parameters:
                return number
    return None


def read_state(
    connection: Connection, declared: Plan, phase: Phase, run_id: str, unit: str
) -> MonitoringState:
    """The state that the report of `unit` needs: its own, and every unit's for 'region'.

    `declared` is the plan as its file says: each run has own-schedule dates of its own, and an
    earlier monitoring is read with those that were known to it.
    """
    plan = plan_of_run(connection, declared, run_id)
    as_of = date.fromisoformat(
        connection.execute(
            select(phase_run.c.as_of).where(phase_run.c.run_id == run_id)
        ).scalar_one()
    )
    units = _units(connection, run_id) if unit == REGION else (unit, REGION)
    return MonitoringState(
        scope=_scope(connection, plan, run_id, monitoring_measure(phase, plan)),
        statuses={
            key: {s.measure.number: s for s in measure_statuses(connection, plan, run_id, key)}
            for key in units
        },
        registers=_registers(connection, plan, run_id, as_of),
        earlier=_earlier(connection, declared, phase, run_id, unit),
        risks=read_risks(connection, run_id, as_of, unit) if phase.positive_changes else (),
        assessed=read_assessed(connection, run_id) if phase.positive_changes else frozenset(),
    )


def _units(connection: Connection, run_id: str) -> tuple[str, ...]:
    unit = indicator_result.c.municipality_id
    of_run = select(unit).where(indicator_result.c.run_id == run_id)
    return tuple(connection.scalars(of_run.distinct().order_by(unit)))


def _scope(
    connection: Connection, plan: Plan, run_id: str, monitoring: str | None
) -> tuple[str, ...]:
    counted = connection.scalars(
        select(monitoring_scope.c.measure).where(
            monitoring_scope.c.run_id == run_id, monitoring_scope.c.monitoring == monitoring
        )
    )
    return tuple(measure.number for measure in plan.in_order(set(counted)))


# -- Registers -------------------------------------------------------------------------------


def _registers(connection: Connection, plan: Plan, run_id: str, as_of: date) -> Registers:
    def rows(name: str, day: str) -> list[RowMapping]:
        """The frozen facts that had happened by the as-of date, in the order of their days."""
        table = metadata.tables[name]
        order = table.c[day]
        query = (
            select(table)
            .join_from(table, run_batch, run_batch.c.batch_id == table.c.batch_id)
            .where(run_batch.c.run_id == run_id, order <= as_of.isoformat())
            .order_by(order)
        )
        return list(connection.execute(query).mappings())

    def placed(stem: str, **values: object) -> list[RowMapping]:
        bound = {"run_id": run_id, "as_of": as_of.isoformat(), **values}
        return list(connection.execute(sql(f"reports/{stem}"), bound).mappings())

    acts: dict[str, list[Requisites]] = defaultdict(list)
    for row in rows("municipal_act", "adopted_on"):
        adopted = _day(row["adopted_on"])
        acts[row["municipality_id"]].append(
            Requisites(row["kind"], row["number"], adopted, row["link"], row["basis"])
        )
    reported: dict[str, list[Requisites]] = defaultdict(list)
    for row in rows("indicator_value", "period_ends"):
        if row["period_ends"] >= f"{plan.year}-01-01":
            reported[row["municipality_id"]].append(
                Requisites(row["document"], None, _day(row["dated_on"]), None, row["indicator"])
            )
    measure = _measure_of_medk(plan)
    return Registers(
        regional_acts=tuple(
            Requisites(row["document"], row["number"], _day(row["signed_on"]), row["link"], "")
            for row in rows("regional_act", "signed_on")
            if row["state"] == "approved"
        ),
        documents=tuple(
            Requisites(row["title"], row["number"], _day(row["signed_on"]), None, row["indicator"])
            for row in rows("document", "signed_on")
            if row["state"] == "approved"
        ),
        publications=tuple(
            Requisites(
                row["title"],
                None,
                _day(row["published_on"]),
                row["link"],
                f"{row['kind']}/{row['channel']}",
            )
            for row in rows("publication", "published_on")
        ),
        programmes=tuple(
            Requisites(row["title"], None, _day(row["approved_on"]), None, row["measure"])
            for row in rows("programme", "approved_on")
            if row["state"] == "approved"
        ),
        events=tuple(
            Event(row["event_id"], row["measure"], row["kind"], row["title"], _day(row["held_on"]))
            for row in rows("event", "held_on")
            if row["state"] == "held"
        ),
        directions=tuple(
            Direction(row["title"], row["basis"], _day(row["approved_on"]))
            for row in rows("direction", "approved_on")
            if row["state"] == "approved" and row["for_year"] == plan.year + 1
        ),
        municipal_acts={unit: tuple(of_unit) for unit, of_unit in acts.items()},
        recommended_on=_recommended_on(connection, run_id),
        questionnaires={
            (row["municipality_id"], row["respondent"]): Placed(
                row["closed"], _day(row["closed_on"])
            )
            for row in placed("closed_questionnaires")
        },
        placed_documents={
            row["municipality_id"]: Placed(row["placed"], _day(row["placed_on"]))
            for row in (placed("placed_documents", measure=measure) if measure else ())
        },
        reported={unit: tuple(of_unit) for unit, of_unit in reported.items()},
    )


def _recommended_on(connection: Connection, run_id: str) -> dict[str, date]:
    """From which day each municipality's documents may rest on its recommendations."""
    rows = connection.execute(
        select(run_recommendation.c.municipality_id, run_recommendation.c.recommended_on).where(
            run_recommendation.c.run_id == run_id,
            run_recommendation.c.recommended_on.is_not(None),
        )
    )
    return {unit: _day(day) for unit, day in rows}


def _measure_of_medk(plan: Plan) -> str | None:
    """The measure whose rules say which states of a document count."""
    return next(
        (
            measure.number
            for measure in plan.measures
            for indicator in measure.indicators
            for declared in about_each(indicator)
            if declared.confirmed_by == "medk_documents"
        ),
        None,
    )


def _day(text: str) -> date:
    return date.fromisoformat(text)


# -- Earlier monitorings ---------------------------------------------------------------------


def _earlier(
    connection: Connection, declared: Plan, phase: Phase, run_id: str, unit: str
) -> tuple[Earlier, ...]:
    """Monitorings of the year before this phase that took place, in their order."""
    earlier = []
    for other in declared.phases:
        if other.report != MONITORING or other.as_of >= phase.as_of:
            continue
        before = run_of_phase(connection, declared, run_id, other.code)
        if before is not None:
            earlier.append(_earlier_run(connection, declared, other, before, unit))
    return tuple(earlier)


def _earlier_run(
    connection: Connection, declared: Plan, phase: Phase, run_id: str, unit: str
) -> Earlier:
    then = plan_of_run(connection, declared, run_id)
    results = letter_results(connection, then, run_id, unit)
    whole = letter_results(connection, then, run_id, REGION)
    regional = tuple(r for r in whole if r.indicator.slice is Slice.REGION)
    units = _units(connection, run_id) if unit == REGION else (unit,)
    return Earlier(
        phase=phase,
        as_of=phase.as_of,
        results={r.indicator.code: r for r in results},
        regional={r.indicator.code: r for r in regional},
        statuses=letter_statuses(results, phase.as_of),
        regional_statuses=letter_statuses(regional, phase.as_of),
        executed=_executed(connection, then, phase, run_id, units),
    )


def _executed(
    connection: Connection, plan: Plan, phase: Phase, run_id: str, units: tuple[str, ...]
) -> dict[str, tuple[int, int]]:
    number = monitoring_measure(phase, plan)
    if number is None:
        return {}
    codes = [i.code for i in plan.measure(number).indicators if is_monitoring(i, number)]
    table = indicator_result.c
    rows = connection.execute(
        select(table.municipality_id, table.numerator, table.denominator).where(
            table.run_id == run_id,
            table.indicator.in_(codes),
            table.municipality_id.in_(list(units)),
        )
    )
    return {unit: (n, of) for unit, n, of in rows if n is not None and of}


def is_monitoring(indicator: Indicator, number: str) -> bool:
    """Whether the indicator is the share of executed measures of that monitoring."""
    return indicator.parameters.get(MONITORING) == number
