"""Run each indicator's query on a few rows written by hand, on SQLite and on PostgreSQL.

A case is a folder `tests/sql/<stem>/<what it shows>/` with `given.yaml` (rows by table, see
tests/support/run_rows.py, the parameters and, where it is not a share of 100 %, the indicator's
kind and target) and `expect.yaml` (what is counted by municipality; `gaps`: what is missing). To
add a case, add a folder.
"""

from __future__ import annotations

import re
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import Engine

from roadmap.indicators.about import About, about
from roadmap.indicators.units import (
    missing_of,
    reading_of,
    reading_of_values,
    required_units,
)
from roadmap.paths import SQL
from roadmap.plan.model import Bound, IndicatorKind
from roadmap.store.sql import sql
from support.run_rows import AS_OF, KNOWN_AT_MS, RUN_ID, put, put_run

CASES = sorted(path.parent for path in Path(__file__).parent.glob("*/*/given.yaml"))
STEMS = sorted(path.name for path in (SQL / "indicators").iterdir())
NOTHING = dict.fromkeys(("person_id", "school_id", "measure", "detail", "compensated_on"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}: {case.name}")
def test_query(any_engine: Engine, case: Path) -> None:
    given = yaml.safe_load((case / "given.yaml").read_text(encoding="utf-8"))
    expect = yaml.safe_load((case / "expect.yaml").read_text(encoding="utf-8"))
    stem = case.parent.name
    as_of = str(given.get("as_of", AS_OF))
    parameters = {
        "run_id": RUN_ID,
        "monitoring_run_id": RUN_ID,
        "plan_code": "2021",
        "plan_year": 2021,
        "as_of": as_of,
        "known_at_ms": KNOWN_AT_MS,
        "window_starts": "2021-03-01",
        "window_ends": "2021-04-30",
        "changes_stage": 0,
    } | {name: _plain(value) for name, value in given.get("parameters", {}).items()}

    indicator = {"kind": "share", "target": 100} | given.get("indicator", {})

    with any_engine.begin() as connection:
        put_run(connection, as_of=as_of)
        put(connection, given["tables"], frozen_batches=given.get("frozen_batches"))
        if "phase" in parameters and "measure" in parameters:
            connection.execute(sql("analysis/recommendations"), parameters)
        found = required_units(connection, stem, parameters) or {"region": []}

    kind, target = IndicatorKind(indicator["kind"]), indicator["target"]
    counted = [
        (
            place,
            reading_of_values(rows, kind, target, Bound(indicator.get("bound", "at_least")))
            if about(stem).values
            else reading_of(rows, kind, target),
        )
        for place, rows in sorted(found.items())
    ]
    assert [
        {
            "municipality_id": place,
            "numerator": reading.numerator,
            "denominator": reading.denominator,
            "met_on": _plain(reading.met_on),
        }
        for place, reading in counted
    ] == [_plain_row(row) for row in expect["rows"]]
    gaps = [asdict(one) for place in sorted(found) for one in missing_of(found[place])]
    assert gaps == [NOTHING | _plain_row(gap) for gap in expect.get("gaps", [])]


def test_every_query_has_cases_that_meet_miss_and_know_nothing() -> None:
    assert sorted({case.parent.name for case in CASES}) == STEMS
    for stem in STEMS:
        rows = [
            row
            for case in CASES
            if case.parent.name == stem
            for row in yaml.safe_load((case / "expect.yaml").read_text(encoding="utf-8"))["rows"]
        ]
        numerators = {row["numerator"] for row in rows}
        assert any(row["met_on"] for row in rows), stem
        assert 0 in numerators, stem
        # The ledger is our own and always knows.
        if about(stem).confirmed_by not in ("letters", "prepared"):
            assert None in numerators, stem


@pytest.mark.parametrize("stem", STEMS)
def test_an_indicator_is_its_query_and_what_is_declared_of_it(stem: str) -> None:
    files = sorted(path.name for path in (SQL / "indicators" / stem).iterdir())
    assert files == ["about.yaml", "units.sql"]
    assert isinstance(about(stem), About)


@pytest.mark.parametrize(
    "path", sorted(SQL.glob("**/*.sql")), ids=lambda path: f"{path.parent.name}/{path.stem}"
)
def test_no_comment_holds_a_parameter(path: Path) -> None:
    """SQLAlchemy binds `:name` in comments too; SQLite then counts one parameter too many."""
    comments = [line for line in path.read_text(encoding="utf-8").splitlines() if "--" in line]
    assert not [line for line in comments if re.search(r"--.*(?<!:):\w", line)]


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _plain_row(row: dict[str, Any]) -> dict[str, Any]:
    return {name: _plain(value) for name, value in row.items()}
