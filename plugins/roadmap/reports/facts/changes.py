"""The monitoring of positive changes in МЭДК: the risks that schools work on, and their marks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, select

from roadmap.plan.region import REGION
from roadmap.store.sql import sql
from roadmap.store.tables import run_risk

MARKS = ("no", "partly", "yes")  # from the worst to the best


@dataclass(frozen=True)
class Mark:
    mark: str  # of MARKS
    evidence: str | None
    on: date


@dataclass(frozen=True)
class RiskOfSchool:
    """A risk that a school activated; `marks` by stage, none of a stage that was not marked."""

    municipality_id: str
    school_id: str
    factor: str
    marks: Mapping[int, Mark]


def read_assessed(connection: Connection, run_id: str) -> frozenset[str]:
    """The schools whose risk profile has come: of others it is not known what they activated."""
    assessed = select(run_risk.c.school_id).where(run_risk.c.run_id == run_id)
    return frozenset(connection.scalars(assessed))


def read_risks(
    connection: Connection, run_id: str, as_of: date, unit: str
) -> tuple[RiskOfSchool, ...]:
    """The activated risks of the unit's schools, of all schools for 'region'."""
    marks: dict[tuple[str, str, str], dict[int, Mark]] = defaultdict(dict)
    bound = {"run_id": run_id, "as_of": as_of.isoformat()}
    for row in connection.execute(sql("reports/activated_risks"), bound).mappings():
        if unit not in (REGION, row["municipality_id"]):
            continue
        of_risk = marks[row["municipality_id"], row["school_id"], row["factor"]]
        if row["stage"] is not None:
            on = date.fromisoformat(row["marked_on"])
            of_risk[row["stage"]] = Mark(row["mark"], row["evidence"], on)
    return tuple(RiskOfSchool(*key, of_risk) for key, of_risk in marks.items())
