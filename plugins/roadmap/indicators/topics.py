"""What counts although its topic answers no deficit, by the lax rule `topics: shown`."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection

from roadmap.evidence.own_schedule import plan_of_run
from roadmap.indicators.about import about, stem_of
from roadmap.indicators.evaluate import bound_parameters, run_of
from roadmap.indicators.units import Required, required_units
from roadmap.plan.model import Plan
from roadmap.plan.region import REGION

SHOWN = "shown"


def counted_off_topic(
    connection: Connection, plan: Plan, run_id: str
) -> Mapping[str, tuple[Required, ...]]:
    """By indicator the events and seminars that count and have to be told; none by a strict rule.

    Read from the run's frozen evidence, so the same at any time. LookupError for an unknown run.
    """
    lax = [measure for measure in plan.measures if measure.rules.get("topics") == SHOWN]
    if not lax:
        return {}
    run, dated = run_of(connection, run_id), plan_of_run(connection, plan, run_id)
    told = {}
    for measure in (dated.measure(one.number) for one in lax):
        for indicator in measure.indicators:
            stem = stem_of(indicator)
            bound = bound_parameters(connection, dated, run, measure, indicator)
            units = about(stem).units
            told[indicator.code] = tuple(
                unit
                for unit in required_units(connection, stem, bound).get(REGION, ())
                if unit.met_on is not None and units[unit.unit_kind].is_told_if_counted
            )
    return told
