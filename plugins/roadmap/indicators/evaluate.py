"""Evaluates the plan's indicators for one phase run and stores their results.

Each query of include/sql/indicators names the required units of all municipalities at once; the
region's are all of theirs, never a mean of percents (except where the query counts the region
itself, as the monitorings do). Two passes: from the evidence before the report is composed,
from the delivery ledger after it was sent (docs/architecture.md, «Indicators»).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from functools import partial
from itertools import compress
from typing import Any, Literal

from sqlalchemy import Connection, Engine, delete, insert, select

from roadmap.evidence.own_schedule import plan_of_run
from roadmap.indicators.about import about, stem_of
from roadmap.indicators.read import part_code, run_of_phase
from roadmap.indicators.status import (
    WORDS,
    Assessment,
    Reading,
    Status,
    assessed,
    indicator_status,
    is_executed,
    is_partly,
    measure_status,
    whole_shortfall,
)
from roadmap.indicators.targets import (
    judged_quarter,
    planned_baseline,
    target_of,
    window_of,
)
from roadmap.indicators.units import (
    Required,
    missing_of,
    reading_of,
    reading_of_values,
    required_units,
)
from roadmap.plan.due import (
    due_date,
    has_begun,
    has_several_dues,
    monitoring_scope,
    start_date,
)
from roadmap.plan.model import (
    Bound,
    Indicator,
    IndicatorKind,
    IndicatorPart,
    Measure,
    Plan,
    Slice,
    Unit,
)
from roadmap.plan.region import REGION
from roadmap.plan.windows import Days, Window
from roadmap.russian import counted, integer, plural
from roadmap.store.sql import sql
from roadmap.store.tables import (
    indicator_gap,
    indicator_result,
    phase_run,
    run_deficit,
    run_municipality,
    run_recommendation,
    run_school,
)
from roadmap.store.tables import measure_status as measure_status_table
from roadmap.store.tables import monitoring_scope as monitoring_scope_table

log = logging.getLogger(__name__)

Pass = Literal["evidence", "ledger"]


@dataclass(frozen=True)
class Evaluation:
    """What one pass measured, for the log; `str` of it is Russian, one line per indicator.

    `region`: each indicator of the pass as it stands for the region.
    """

    results: int  # rows stored
    gaps: int
    region: tuple[tuple[Indicator, Reading, Assessment], ...]

    def __str__(self) -> str:
        undone = sum(bool(assessment.shortfall) for _, _, assessment in self.region)
        lines = [
            f"Показателей рассчитано: {len(self.region)}, показателей, где не всё сделано: {undone}"
        ]
        for indicator, reading, assessment in self.region:
            unit = indicator.unit
            missing = f", {lacks}" if (lacks := lacking(indicator, assessment.shortfall)) else ""
            lines.append(
                f"{indicator.code} {indicator.title}: "
                f"{reached(reading.numerator, reading.denominator, unit)}{missing} "
                f"({WORDS[assessment.status]})"
            )
        return "\n".join(lines)


def reached(numerator: int | None, whole: int | None, unit: Unit) -> str:
    """«23 из 24 школ»; «20 стажировок», where there is no whole."""
    if numerator is None:
        return WORDS[Status.NO_DATA]
    if whole is None:
        return counted(numerator, unit.one, unit.few, unit.many)
    # «из 21 школы»: a noun's two are its genitive, but not where an adjective stands before it.
    one = "" if " " in unit.few else unit.few
    of = f"{integer(whole)} {plural(whole, one, unit.many, unit.many)}"
    return f"{integer(numerator)} из {of}".rstrip()


def lacking(indicator: Indicator, shortfall: int | None) -> str:
    """«не хватает: 2 школы», «сверх допустимого: 2 школы»; "" where nothing is, or is known."""
    if not shortfall:
        return ""
    what = "сверх допустимого" if indicator.bound is Bound.AT_MOST else "не хватает"
    unit = indicator.unit
    return f"{what}: {counted(shortfall, unit.one, unit.few, unit.many)}"


@dataclass(frozen=True)
class Run:
    """What indicators are measured by of a phase run."""

    run_id: str
    plan_code: str
    phase: str
    as_of: date
    known_at_ms: int
    municipalities: tuple[str, ...]  # the participating ones
    without_schools: frozenset[str]  # those of them that have no school of the project


@dataclass(frozen=True)
class _Row:
    """What is stored of an indicator, or of one part of it, for one municipality or the region."""

    indicator: str
    municipality_id: str
    numerator: int | None
    denominator: int | None
    target: float
    target_on: str | None
    baseline_numerator: int | None
    baseline_denominator: int | None
    shortfall: int | None
    met_on: str | None
    status: Status


def evaluate(
    engine: Engine, plan: Plan, run_id: str, measured_from: Pass = "evidence"
) -> Evaluation:
    """Fill `indicator_result`, `indicator_gap`, `measure_status`, `monitoring_scope` of the run.

    Indicators of all measures of the plan, with the dates of its own schedules that the run
    froze: for each participating municipality where the indicator is sliced, and for 'region'.
    The monitorings of the roadmap come last, since they count the statuses of the measures.
    One transaction that replaces what an earlier try of this pass left, so that the task may
    be cleared at any time; the other pass's results stay. A measure's status is taken over
    all its indicators, of both passes; one that no pass has measured yet counts as no data.
    Raises sqlalchemy.exc.NoResultFound for an unknown run.
    """
    with engine.begin() as connection:
        run = run_of(connection, run_id)
        plan = plan_of_run(connection, plan, run_id)
        chosen = [
            (measure, indicator)
            for measure in plan.measures
            for indicator in measure.indicators
            if _pass_of(indicator, run.phase) == measured_from
        ]
        _forget(connection, run_id, [indicator for _, indicator in chosen])
        if measured_from == "evidence":
            _find_deficits(connection, plan, run_id)
            find_recommendations(connection, plan, run)
        monitorings = [pair for pair in chosen if _is_monitoring(pair[1])]
        others = [pair for pair in chosen if not _is_monitoring(pair[1])]
        rows, gaps = _measured(connection, plan, run, others)
        if monitorings:
            _replace_monitoring_scopes(connection, plan, run, [m for m, _ in monitorings])
        # One by one: the second stage counts whether the first took place. None counts what an
        # earlier try found of the run's own letters: the same evidence gives the same share.
        for pair in monitorings:
            _replace_measure_statuses(connection, plan, run, of_evidence_only=True)
            more_rows, more_gaps = _measured(connection, plan, run, [pair])
            rows, gaps = rows + more_rows, gaps + more_gaps
        _replace_measure_statuses(connection, plan, run)
    log.debug("run %s, from %s: %d results, %d gaps", run_id, measured_from, len(rows), gaps)
    of_region = {row.indicator: row for row in rows if row.municipality_id == REGION}
    region = []
    for _, indicator in chosen:
        row = of_region[indicator.code]
        reading = Reading(row.numerator, row.denominator)
        region.append((indicator, reading, Assessment(row.status, row.shortfall)))
    return Evaluation(len(rows), gaps, tuple(region))


def _find_deficits(connection: Connection, plan: Plan, run_id: str) -> None:
    """What the run knows of deficits, found once: another try keeps it.

    Analyses of other runs are no frozen input, and one made since would give other figures.
    A phase's papers of the procedures before are only compared with: last year's deficits.
    """
    found = select(run_deficit.c.run_id).where(run_deficit.c.run_id == run_id).limit(1)
    if connection.scalar(found) is not None:
        return
    for phase in plan.phases:
        for procedure in phase.procedures:
            of_procedure = {
                "run_id": run_id,
                "phase": phase.code,
                "kind": procedure.kind,
                "year": procedure.year,
                "wave": procedure.wave,
            }
            connection.execute(sql("analysis/found_low_papers"), of_procedure)
    connection.execute(sql("analysis/found_risks"), {"run_id": run_id})


def find_recommendations(connection: Connection, plan: Plan, run: Run) -> None:
    """Which municipalities were given recommendations by the phase whose letter carries them."""
    connection.execute(delete(run_recommendation).where(run_recommendation.c.run_id == run.run_id))
    for measure in plan.measures:
        phases = [i.parameters["phase"] for i in measure.indicators if "phase" in i.parameters]
        if "components" in measure.rules and phases:
            given = {
                "run_id": run.run_id,
                "plan_code": run.plan_code,
                "as_of": run.as_of.isoformat(),
                "known_at_ms": run.known_at_ms,
                "measure": measure.number,
                "phase": phases[0],
            }
            connection.execute(sql("analysis/recommendations"), given)


def _pass_of(indicator: Indicator, phase: str) -> Pass:
    """From the ledger, after sending, only in the phase whose own letter it speaks of.

    In every other phase that letter is a fact of an earlier run, known before composing.
    """
    is_own = phase in indicator.outside_letter_of
    return "ledger" if indicator.measured_from == "ledger" and is_own else "evidence"


def _is_monitoring(indicator: Indicator) -> bool:
    """Whether it counts statuses of measures (docs/domain.md §7.2), not evidence."""
    return "monitoring" in indicator.parameters


def run_of(connection: Connection, run_id: str) -> Run:
    """The run as it was frozen; sqlalchemy.exc.NoResultFound where there is none."""
    run = connection.execute(select(phase_run).where(phase_run.c.run_id == run_id)).one()
    municipalities = connection.scalars(
        select(run_municipality.c.municipality_id)
        .where(
            run_municipality.c.run_id == run_id,
            run_municipality.c.is_participating == 1,
            run_municipality.c.municipality_id != REGION,
        )
        .order_by(run_municipality.c.municipality_id)
    )
    as_of = date.fromisoformat(run.as_of)
    places = tuple(municipalities)
    with_schools = connection.scalars(
        select(run_school.c.municipality_id).where(
            run_school.c.run_id == run_id, run_school.c.is_participating == 1
        )
    )
    without = frozenset(places).difference(with_schools)
    return Run(run_id, run.plan_code, run.phase, as_of, run.known_at_ms, places, without)


def bound_parameters(
    connection: Connection,
    plan: Plan,
    run: Run,
    measure: Measure,
    indicator: Indicator,
    part: IndicatorPart | None = None,
) -> dict[str, Any]:
    """Everything that the SQL of an indicator, or of one part of it, may bind in that run.

    The run's own names, the measure's rules of one value, the indicator's parameters and the
    part's; yes and no are bound as 1 and 0. ValueError where one of them is set twice. `plan`
    is the one of the run (`plan_of_run`), `measure` and `indicator` are its own.
    """
    starts, ends = start_date(measure.window), due_date(measure.window)
    bound: dict[str, Any] = {
        "run_id": run.run_id,
        "plan_code": run.plan_code,
        "plan_year": plan.year,
        "as_of": run.as_of.isoformat(),
        "known_at_ms": run.known_at_ms,
        "measure": measure.number,
        "indicator": indicator.code,
        "window_starts": starts.isoformat() if starts else None,
        "window_ends": ends.isoformat() if ends else None,
    }
    if indicator.sql is not None and about(indicator.sql).values:
        bound |= _of_values(plan, run, measure, indicator)
    if _is_monitoring(indicator):
        bound["monitoring_run_id"] = _monitoring_run(connection, plan, run, measure)
    if "phase" in indicator.parameters:
        # The paper of a phase that tells of positive changes is on that stage of them.
        told = plan.phase(str(indicator.parameters["phase"])).positive_changes
        bound["changes_stage"] = told.stage if told else 0
    else:
        # An event «по итогам» of a stage follows its marks.
        bound["changes_stage"] = measure.rules.get("event_on_stage", 0)
    scalars = {name: rule for name, rule in measure.rules.items() if not isinstance(rule, tuple)}
    for settings in (scalars, indicator.parameters, part.parameters if part else {}):
        taken = sorted(bound.keys() & settings.keys())
        if taken:
            raise ValueError(f"indicator {indicator.code}: {taken} are set twice")
        for name, value in settings.items():
            bound[name] = int(value) if isinstance(value, bool) else value
    return bound


def _of_values(plan: Plan, run: Run, measure: Measure, indicator: Indicator) -> dict[str, Any]:
    """What a query of reported values has to know of the indicator: `known_from` is the first day
    on which the latest period may end to say something of the target, or of the due date that is
    judged where the measure has several."""
    starts = date(plan.year, 1, 1)
    quarter = judged_quarter(indicator, plan.year, run.as_of)
    judged_from = start_date(measure.window) if has_several_dues(measure.window) else None
    return {
        "is_regional": int(indicator.slice is Slice.REGION),
        "is_share": int(indicator.is_of_shares),
        "is_sum": int(indicator.kind is IndicatorKind.SUM),
        "plan_starts": starts.isoformat(),
        "known_from": (quarter.starts if quarter else judged_from or starts).isoformat(),
        "baseline_on": indicator.baseline_on.isoformat() if indicator.baseline_on else "",
    }


def _monitoring_run(connection: Connection, plan: Plan, run: Run, measure: Measure) -> str | None:
    """The run that monitored: this one on the monitoring's days, later the phase's own.

    None before the monitoring begins and where it never took place.
    """
    owner = next((phase.code for phase in plan.phases if measure.number in phase.owns), None)
    due = due_date(measure.window)
    if not has_begun(measure.window, run.as_of):
        return None
    if owner is None or owner == run.phase or due is None or run.as_of <= due:
        return run.run_id
    return run_of_phase(connection, plan, run.run_id, owner)


@dataclass(frozen=True)
class _Query:
    """What one query of an indicator gives: of itself, or of one of its parts."""

    code: str  # under which its rows are stored
    required: Mapping[str, Sequence[Required]]  # by place
    readings: Mapping[str, Reading]  # by place
    names_missing: bool  # whether what its units lack is missing in the indicator


def _query(
    connection: Connection,
    plan: Plan,
    run: Run,
    measure: Measure,
    indicator: Indicator,
    part: IndicatorPart | None,
) -> _Query:
    code = part_code(indicator, part) if part else indicator.code
    bound = bound_parameters(connection, plan, run, measure, indicator, part)
    required = required_units(connection, stem_of(indicator, code), bound)
    if REGION not in required:
        required[REGION] = [one for place in run.municipalities for one in required.get(place, ())]
    # A part of several has no number of its own to be reached.
    is_whole = part is None or [part] == _added_parts(indicator)
    readings = {
        place: _reading(run, plan, indicator, code, place, required.get(place, ()), is_whole)
        for place in _places(run, indicator)
    }
    # What may be at most so much lacks no unit.
    names_missing = (part is None or not part.beside) and indicator.bound is Bound.AT_LEAST
    return _Query(code, required, readings, names_missing)


def _reading(
    run: Run,
    plan: Plan,
    indicator: Indicator,
    code: str,
    place: str,
    rows: Sequence[Required],
    is_whole: bool,
) -> Reading:
    target = _target(run, plan, indicator, place) if is_whole else None
    if indicator.bound is Bound.AT_MOST and not all(row.is_known for row in rows):
        return Reading(None, None)  # what has not come may be above it
    if not about(stem_of(indicator, code)).values:
        return reading_of(rows, indicator.kind, target)
    reading = reading_of_values(rows, indicator.kind, target, indicator.bound)
    if indicator.baseline is None or reading.numerator is None:
        return reading
    return replace(reading, baseline=planned_baseline(indicator, place, run.municipalities))


def _target(run: Run, plan: Plan, indicator: Indicator, place: str) -> float:
    quarter = judged_quarter(indicator, plan.year, run.as_of)
    return target_of(indicator, place, run.municipalities, quarter)


def _added_parts(indicator: Indicator) -> list[IndicatorPart]:
    return [part for part in indicator.parts if not part.beside]


def _places(run: Run, indicator: Indicator) -> tuple[str, ...]:
    """Where the indicator is measured; the region comes last."""
    return (*run.municipalities, REGION) if indicator.slice is Slice.MUNICIPALITY else (REGION,)


def added(parts: Sequence[Reading]) -> Reading:
    """The reading of a whole from those of its parts, which may count different units.

    Unknown as soon as one part is unknown; the day is the last of theirs.
    """
    numerators = [part.numerator for part in parts if part.numerator is not None]
    denominators = [part.denominator for part in parts if part.denominator is not None]
    days = [part.met_on for part in parts if part.met_on is not None]
    return Reading(
        sum(numerators) if len(numerators) == len(parts) else None,
        sum(denominators) if denominators else None,
        max(days) if days else None,
    )


_UNKNOWN = (Status.NO_DATA, Status.NO_DUE_DATE)


def _rows(
    run: Run,
    plan: Plan,
    measure: Measure,
    indicator: Indicator,
    place: str,
    queries: Sequence[_Query],
) -> list[_Row]:
    """The row of the indicator in that place and after it those of its parts."""
    kind, bound = indicator.kind, indicator.bound
    target = _target(run, plan, indicator, place)
    quarter = judged_quarter(indicator, plan.year, run.as_of)
    window = window_of(measure.window, quarter)
    readings = [query.readings[place] for query in queries]
    of_each = [indicator_status(kind, target, one, window, run.as_of, bound) for one in readings]
    row = partial(_row, place, target, quarter.ends if quarter else None)
    if place in run.without_schools:
        of_each = [
            Assessment(Status.NO_SCHOOLS, None)
            if one.status in _UNKNOWN and about(stem_of(indicator, query.code)).is_of_schools
            else one
            for query, one in zip(queries, of_each, strict=True)
        ]
    if not indicator.parts:
        return [row(indicator.code, readings[0], of_each[0])]
    is_added = [
        not part.beside and one.status is not Status.NO_SCHOOLS
        for part, one in zip(indicator.parts, of_each, strict=True)
    ]
    if not any(is_added):
        nothing = Assessment(Status.NO_SCHOOLS, None)
        of_parts = zip(queries, readings, of_each, strict=True)
        return [
            row(indicator.code, Reading(None, None), nothing),
            *(row(query.code, one, of_part) for query, one, of_part in of_parts),
        ]
    whole = added(list(compress(readings, is_added)))
    of_added = [one.shortfall for one in compress(of_each, is_added)]
    missing = whole_shortfall(kind, target, whole, of_added)
    partly = is_partly(kind, target, whole, bound)
    of_whole = assessed(missing, whole, window, run.as_of, partly=partly)
    if kind is not IndicatorKind.SHARE:
        of_each = [Assessment(of_whole.status, None) for _ in of_each]
    return [
        row(indicator.code, whole, of_whole),
        *(
            row(query.code, one, of_part)
            for query, one, of_part in zip(queries, readings, of_each, strict=True)
        ),
    ]


def _row(
    place: str,
    target: float,
    target_on: date | None,
    code: str,
    reading: Reading,
    assessment: Assessment,
) -> _Row:
    met_on = reading.met_on if assessment.shortfall == 0 else None
    before = reading.baseline
    return _Row(
        indicator=code,
        municipality_id=place,
        numerator=reading.numerator,
        denominator=reading.denominator,
        target=target,
        target_on=target_on.isoformat() if target_on else None,
        baseline_numerator=before.numerator if before else None,
        baseline_denominator=before.denominator if before else None,
        shortfall=assessment.shortfall,
        met_on=met_on.isoformat() if met_on else None,
        status=assessment.status,
    )


def _gaps(
    run: Run, window: Window, queries: Sequence[_Query], rows: Mapping[str, list[_Row]]
) -> list[dict[str, Any]]:
    """The units that are missing, where something is known and the indicator is not met.

    Without a file nobody is missing, nor before a period begins; what a single day still needs
    is missing before that day. What the municipalities miss is theirs, not the region's.
    """
    is_period = isinstance(window, Days)
    return [
        {"run_id": run.run_id, "indicator": query.code, **asdict(one)}
        for query in queries
        if query.names_missing
        for place, (whole, *_) in rows.items()
        if query.readings[place].numerator is not None
        and whole.shortfall != 0
        and not (whole.status is Status.NOT_DUE and is_period)
        for one in missing_of(query.required.get(place, ()))
        if one.municipality_id == place
    ]


def _measured(
    connection: Connection, plan: Plan, run: Run, chosen: Sequence[tuple[Measure, Indicator]]
) -> tuple[list[_Row], int]:
    """Measures and stores those indicators; the rows, and the number of gaps."""
    rows: list[_Row] = []
    gaps: list[dict[str, Any]] = []
    for measure, indicator in chosen:
        queries = [
            _query(connection, plan, run, measure, indicator, part)
            for part in indicator.parts or (None,)
        ]
        by_place = {
            place: _rows(run, plan, measure, indicator, place, queries)
            for place in _places(run, indicator)
        }
        rows += [row for of_place in by_place.values() for row in of_place]
        gaps += _gaps(run, measure.window, queries, by_place)
    if rows:
        stored = [asdict(row) | {"run_id": run.run_id, "status": row.status.value} for row in rows]
        connection.execute(insert(indicator_result), stored)
    if gaps:
        connection.execute(insert(indicator_gap), gaps)
    return rows, len(gaps)


def _forget(connection: Connection, run_id: str, indicators: Iterable[Indicator]) -> None:
    codes = [
        code
        for indicator in indicators
        for code in (indicator.code, *(part_code(indicator, part) for part in indicator.parts))
    ]
    for table in (indicator_result, indicator_gap):
        connection.execute(
            delete(table).where(table.c.run_id == run_id, table.c.indicator.in_(codes))
        )


def _replace_monitoring_scopes(
    connection: Connection, plan: Plan, run: Run, monitorings: Iterable[Measure]
) -> None:
    """What each monitoring counts; one that takes place in another run is frozen there."""
    table = monitoring_scope_table
    connection.execute(delete(table).where(table.c.run_id == run.run_id))
    rows = [
        {"run_id": run.run_id, "monitoring": monitoring.number, "measure": number}
        for monitoring in monitorings
        if _monitoring_run(connection, plan, run, monitoring) == run.run_id
        for number in monitoring_scope(plan, monitoring.number, run.as_of)
    ]
    if rows:
        connection.execute(insert(table), rows)


def _replace_measure_statuses(
    connection: Connection, plan: Plan, run: Run, *, of_evidence_only: bool = False
) -> None:
    """Each measure over its stored indicators, or over those of the evidence pass.

    A municipality is judged by the indicators that are sliced by municipality; a measure
    that has none of them is the region's alone.
    """
    outside = {
        indicator.code
        for measure in plan.measures
        for indicator in measure.indicators
        if of_evidence_only and _pass_of(indicator, run.phase) != "evidence"
    }
    results = select(
        indicator_result.c.indicator,
        indicator_result.c.municipality_id,
        indicator_result.c.status,
        indicator_result.c.shortfall,
    ).where(indicator_result.c.run_id == run.run_id)
    stored = {
        (code, place): (Status(status), shortfall)
        for code, place, status, shortfall in connection.execute(results)
        if code not in outside
    }
    rows = []
    for measure in plan.measures:
        due = due_date(measure.window)
        interim = measure.rules.get("interim_indicators")
        of_interim = interim if isinstance(interim, tuple) else ()
        for place in (*run.municipalities, REGION):
            judged = {
                indicator.code: stored.get((indicator.code, place), (Status.NO_DATA, None))
                for indicator in measure.indicators
                if place in _places(run, indicator)
            }
            if not judged:
                continue
            status = measure_status([one for one, _ in judged.values()], measure.window, run.as_of)
            if status is Status.NO_SCHOOLS:
                continue  # not asked of this municipality, so no monitoring counts it
            missed = [shortfall for code, (_, shortfall) in judged.items() if code in of_interim]
            rows.append(
                {
                    "run_id": run.run_id,
                    "measure": measure.number,
                    "municipality_id": place,
                    "due": due.isoformat() if due else None,
                    "status": status.value,
                    "is_executed": int(is_executed(status, measure.window, run.as_of, missed)),
                }
            )
    table = measure_status_table
    connection.execute(delete(table).where(table.c.run_id == run.run_id))
    if rows:
        connection.execute(insert(table), rows)
