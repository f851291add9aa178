"""The stored indicators of a run as values, for reports and for the operator's summary."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from sqlalchemy import Connection, RowMapping, case, or_, select

from roadmap.evidence.own_schedule import plan_of_run
from roadmap.indicators.status import Baseline, Reading, Status, change, measure_status
from roadmap.plan.due import due_date
from roadmap.plan.model import Indicator, IndicatorPart, Measure, Plan, Recommendation
from roadmap.plan.region import REGION
from roadmap.russian import natural_key
from roadmap.store.tables import (
    indicator_gap,
    indicator_result,
    phase_run,
    run_school,
)
from roadmap.store.tables import measure_status as measure_status_table


@dataclass(frozen=True)
class PartResult:
    """One part of an indicator, in its own units; fields as in `IndicatorResult`.

    A part of a count only splits it: it has no target, so `shortfall` is None and `status`
    that of the whole.
    """

    part: IndicatorPart
    numerator: int | None
    denominator: int | None
    target: float
    target_on: date | None
    baseline: Baseline | None
    shortfall: int | None
    met_on: date | None
    status: Status


@dataclass(frozen=True)
class IndicatorResult:
    """One indicator of one municipality, or of 'region', in one run.

    `numerator`, `denominator`, `shortfall` are None when nothing is known. `shortfall` is in
    the indicator's units and 0 when met; `met_on` only where it is met and the day is known.
    `target` is that of the place and, of a target by quarter, that of the quarter which ends on
    `target_on`. `baseline` is what a change is counted from.
    `parts` are in the plan's order, empty where the indicator has none. `compensated`: the days,
    in their order, on which units that are missing were made good by a substitute, a day for each
    unit; they stay in the shortfall.
    """

    measure: Measure
    indicator: Indicator
    municipality_id: str
    numerator: int | None
    denominator: int | None
    target: float
    target_on: date | None
    baseline: Baseline | None
    shortfall: int | None
    met_on: date | None
    status: Status
    parts: tuple[PartResult, ...] = ()
    compensated: tuple[date, ...] = ()

    @property
    def is_compensated(self) -> bool:
        """Whether nothing is missing that no substitute has made good."""
        return 0 < (self.shortfall or 0) <= len(self.compensated)

    @property
    def due(self) -> date | None:
        """By when it is to be reached."""
        return self.target_on or due_date(self.measure.window)

    @property
    def change(self) -> Fraction | None:
        """By how much the value moved: percentage points of shares, else units."""
        return change(Reading(self.numerator, self.denominator, baseline=self.baseline))


@dataclass(frozen=True)
class Gap:
    """A unit that is missing in an indicator: `indicator_code` «6.2», of a part «13.1/curator».

    `municipality_id` is 'region' where the region lacks it. By `unit_kind`:
    coordinator, curator: a person; who leads several schools has one gap per school: count
    persons by `person_id`, name them by school. school: `detail` says what it lacks, where it
    lacks several things one gap each: an open questionnaire (None: it stands in no export), a
    document of МЭДК, or «risk/» and the code of the factor whose anti-risk programme it lacks.
    municipality. document: `detail` is the name of the required act, or the title of a draft
    (None: there is not even one). month: «2021-05». programme, event, seminar, direction:
    title or code of what is registered and does not count. page: the channel. measure: one
    that a monitoring counts and that was not executed, in `measure`.
    """

    indicator_code: str
    municipality_id: str
    unit_kind: str
    person_id: str | None
    school_id: str | None
    school_name: str | None
    measure: str | None = None
    detail: str | None = None
    compensated_on: date | None = None  # made good by a substitute, and missing all the same

    @property
    def whole_code(self) -> str:
        """The code of the indicator, also of a gap of one of its parts: «13.1»."""
        return self.indicator_code.partition("/")[0]


@dataclass(frozen=True)
class MeasureStatus:
    """`is_executed`: at a check-point it counts as executed; in progress by its interim rule."""

    measure: Measure
    municipality_id: str
    due: date | None
    status: Status
    is_executed: bool


def indicator_results(
    connection: Connection, plan: Plan, run_id: str, municipality_id: str
) -> tuple[IndicatorResult, ...]:
    """All indicators of the municipality (or of 'region'), in the plan's order.

    A municipality has rows for indicators sliced by municipality only; what is counted for
    the region as a whole stands under 'region'.
    """
    plan = plan_of_run(connection, plan, run_id)
    rows = connection.execute(
        select(indicator_result).where(
            indicator_result.c.run_id == run_id,
            indicator_result.c.municipality_id == municipality_id,
        )
    ).mappings()
    stored = {row["indicator"]: row for row in rows}
    compensated = _compensated(connection, run_id, municipality_id)
    return tuple(
        IndicatorResult(
            measure=measure,
            indicator=indicator,
            municipality_id=municipality_id,
            **_figures(row),
            parts=tuple(
                PartResult(part, **_figures(stored[code]))
                for part in indicator.parts
                if (code := part_code(indicator, part)) in stored
            ),
            compensated=tuple(sorted(compensated.get(indicator.code, {}).values())),
        )
        for measure in plan.measures
        for indicator in measure.indicators
        if (row := stored.get(indicator.code)) is not None
    )


def _compensated(
    connection: Connection, run_id: str, municipality_id: str
) -> dict[str, dict[tuple[str | None, ...], date]]:
    """By indicator: the units that were made good, each once, and when; the region's are all."""
    whose = None if municipality_id == REGION else municipality_id
    found: dict[str, dict[tuple[str | None, ...], date]] = defaultdict(dict)
    for gap in gaps(connection, run_id, whose):
        if gap.compensated_on is not None:
            # A curator has a gap for each school, a school one for each thing that it lacks.
            unit = gap.indicator_code, gap.municipality_id, gap.person_id or gap.school_id
            found[gap.whole_code][unit] = gap.compensated_on
    return found


def _figures(row: RowMapping) -> dict[str, Any]:
    """What a stored row says, as fields of `IndicatorResult` and `PartResult`."""
    return {
        "numerator": row["numerator"],
        "denominator": row["denominator"],
        "target": row["target"],
        "target_on": _day(row["target_on"]),
        "baseline": _baseline(row),
        "shortfall": row["shortfall"],
        "met_on": _day(row["met_on"]),
        "status": Status(row["status"]),
    }


def _baseline(row: RowMapping) -> Baseline | None:
    numerator, denominator = row["baseline_numerator"], row["baseline_denominator"]
    return None if numerator is None else Baseline(numerator, denominator)


def part_code(indicator: Indicator, part: IndicatorPart) -> str:
    """The code under which a part is stored: «13.1/curator»."""
    return f"{indicator.code}/{part.code}"


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def letter_results(
    connection: Connection, plan: Plan, run_id: str, municipality_id: str
) -> tuple[IndicatorResult, ...]:
    """The indicators that the run's own letter may show: of the measures that its phase
    reports, without those that would speak of this very letter (docs/architecture.md,
    «Indicators»)."""
    code = connection.scalars(select(phase_run.c.phase).where(phase_run.c.run_id == run_id)).one()
    phase = plan_of_run(connection, plan, run_id).phase(code)
    return tuple(
        result
        for result in indicator_results(connection, plan, run_id, municipality_id)
        if result.measure.number in phase.reports
        and phase.code not in result.indicator.outside_letter_of
    )


def gaps(
    connection: Connection, run_id: str, municipality_id: str | None = None
) -> tuple[Gap, ...]:
    """The missing units of one municipality, or of all; ordered by indicator, person, school,
    measure and detail."""
    query = (
        select(
            indicator_gap.c.indicator,
            indicator_gap.c.municipality_id,
            indicator_gap.c.unit_kind,
            indicator_gap.c.person_id,
            indicator_gap.c.school_id,
            run_school.c.name,
            indicator_gap.c.measure,
            indicator_gap.c.detail,
            indicator_gap.c.compensated_on,
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
    return tuple(
        sorted(
            (
                Gap(*row[:-1], compensated_on=_day(row.compensated_on))
                for row in connection.execute(query)
            ),
            key=lambda gap: (
                gap.indicator_code,
                gap.municipality_id,
                gap.person_id or "",
                gap.school_id or "",
                natural_key(gap.measure or ""),
                gap.detail or "",
                gap.unit_kind,
            ),
        )
    )


def measure_statuses(
    connection: Connection, plan: Plan, run_id: str, municipality_id: str
) -> tuple[MeasureStatus, ...]:
    """The status of each measure by all its indicators, in the plan's order: for the run's
    summary and the board."""
    plan = plan_of_run(connection, plan, run_id)
    rows = connection.execute(
        select(measure_status_table).where(
            measure_status_table.c.run_id == run_id,
            measure_status_table.c.municipality_id == municipality_id,
        )
    ).mappings()
    stored = {row["measure"]: row for row in rows}
    return tuple(
        MeasureStatus(
            measure=measure,
            municipality_id=municipality_id,
            due=_day(row["due"]),
            status=Status(row["status"]),
            is_executed=bool(row["is_executed"]),
        )
        for measure in plan.in_order(stored)
        for row in (stored[measure.number],)
    )


def letter_statuses(results: tuple[IndicatorResult, ...], as_of: date) -> dict[str, Status]:
    """The status of each measure by the indicators given, by the measure's number.

    For a letter: from `letter_results`, so that what the ledger says later of this letter
    never changes it. A measure none of whose indicators are among them has no status here.
    """
    by_measure: dict[str, list[IndicatorResult]] = defaultdict(list)
    for result in results:
        by_measure[result.measure.number].append(result)
    return {
        number: measure_status([r.status for r in of_measure], of_measure[0].measure.window, as_of)
        for number, of_measure in by_measure.items()
    }


def asked_by(recommendation: Recommendation, as_of: date, reply_by: date) -> date:
    """By when a letter that judges `as_of` asks for what is recommended.

    The plan's date serves the letter that first asks; a later letter cannot ask for something
    by a day that has passed, so it asks by the day on which its answer is due.
    """
    return recommendation.due if recommendation.due > as_of else reply_by


def run_of_phase(connection: Connection, plan: Plan, run_id: str, phase_code: str) -> str | None:
    """The run in which an earlier phase of the year took place, as this run knows it.

    The latest one of that phase and plan that judged the phase's own as-of date and whose
    measures have a status, begun by this run's known-at moment. A rehearsal stands on another
    of its own mode only where the phase has not run live: what letters said is the fact, so that a
    live run repeated in another mode finds the same. None when there was none. KeyError
    when the plan has no such phase.
    """
    this = connection.execute(select(phase_run).where(phase_run.c.run_id == run_id)).one()
    judged = (
        select(measure_status_table.c.run_id)
        .where(measure_status_table.c.run_id == phase_run.c.run_id)
        .exists()
    )
    return connection.scalar(
        select(phase_run.c.run_id)
        .where(
            phase_run.c.plan_code == plan.code,
            phase_run.c.phase == phase_code,
            phase_run.c.as_of == plan.phase(phase_code).as_of.isoformat(),
            or_(phase_run.c.mode == "live", phase_run.c.mode == this.mode),
            phase_run.c.started_ms <= this.known_at_ms,
            phase_run.c.run_id != run_id,
            judged,
        )
        .order_by(
            case((phase_run.c.mode == "live", 0), else_=1),
            phase_run.c.started_ms.desc(),
            phase_run.c.run_id.desc(),
        )
        .limit(1)
    )
