"""Run each indicator's query on a few rows written by hand, on SQLite and on PostgreSQL.

A case is a folder `tests/sql/<stem>/<what it shows>/` with `given.yaml` (rows by table, see
tests/support/run_rows.py, and the parameters) and `expect.yaml` (the rows of the query; `gaps`,
where the indicator is sliced). To add a case, add a folder.
"""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import Engine

from roadmap.paths import SQL
from roadmap.store.sql import sql
from support.run_rows import AS_OF, KNOWN_AT_MS, RUN_ID, put, put_run

CASES = sorted(path.parent for path in Path(__file__).parent.glob("*/*/given.yaml"))
STEMS = {path.name.removesuffix(".sql") for path in (SQL / "indicators").glob("*.sql")}
FAMILIES = {stem for stem in STEMS if not stem.endswith(".gaps")}
NOTHING = {"person_id": None, "school_id": None, "measure": None, "detail": None}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}: {case.name}")
def test_query(any_engine: Engine, case: Path) -> None:
    given = yaml.safe_load((case / "given.yaml").read_text(encoding="utf-8"))
    expect = yaml.safe_load((case / "expect.yaml").read_text(encoding="utf-8"))
    stem = case.parent.name
    as_of = str(given.get("as_of", AS_OF))
    parameters = {
        "run_id": RUN_ID,
        "monitoring_run_id": RUN_ID,
        "plan_year": 2021,
        "as_of": as_of,
        "known_at_ms": KNOWN_AT_MS,
        "target": 100.0,
        "window_starts": "2021-03-01",
        "window_ends": "2021-04-30",
    } | {name: _plain(value) for name, value in given.get("parameters", {}).items()}

    with any_engine.begin() as connection:
        put_run(connection, as_of=as_of)
        put(connection, given["tables"], frozen_batches=given.get("frozen_batches"))
        rows = _rows(connection.execute(sql(f"indicators/{stem}"), parameters).mappings())
        gaps = _rows(connection.execute(sql(f"indicators/{stem}.gaps"), parameters).mappings())

    assert rows == [_plain_row(row) for row in expect["rows"]]
    assert gaps == [NOTHING | _plain_row(gap) for gap in expect.get("gaps", [])]
    for row in rows:
        # Of a number to be reached not every missing unit needs to be registered.
        if row["numerator"] is not None and row["denominator"] is not None:
            named = {
                gap["person_id"] or gap["school_id"] or gap["measure"] or gap["detail"] or "it"
                for gap in gaps
                if gap["municipality_id"] == row["municipality_id"]
            }
            assert len(named) == row["denominator"] - row["numerator"], "a gap per missing unit"


def test_every_query_has_cases_that_meet_miss_and_know_nothing() -> None:
    assert {case.parent.name for case in CASES} == FAMILIES
    assert len(FAMILIES) == 19
    assert {f"{family}.gaps" for family in FAMILIES} == STEMS - FAMILIES
    for family in sorted(FAMILIES):
        rows = [
            row
            for case in CASES
            if case.parent.name == family
            for row in yaml.safe_load((case / "expect.yaml").read_text(encoding="utf-8"))["rows"]
        ]
        numerators = {row["numerator"] for row in rows}
        assert any(row["met_on"] for row in rows), family
        assert 0 in numerators, family
        # The ledger and the statuses are our own: they know, or there is no row at all.
        if family not in ("recommendations_sent", "report_presented", "measures_executed"):
            assert None in numerators, family


@pytest.mark.parametrize("stem", sorted(STEMS))
def test_every_query_begins_with_its_question(stem: str) -> None:
    text = (SQL / "indicators" / f"{stem}.sql").read_text(encoding="utf-8")
    first = text.splitlines()[0]
    assert first.startswith("-- ")
    assert first.endswith("?")


@pytest.mark.parametrize(
    "path", sorted(SQL.glob("**/*.sql")), ids=lambda path: f"{path.parent.name}/{path.stem}"
)
def test_no_comment_holds_a_parameter(path: Path) -> None:
    """SQLAlchemy binds `:name` in comments too; SQLite then counts one parameter too many."""
    comments = [line for line in path.read_text(encoding="utf-8").splitlines() if "--" in line]
    assert not [line for line in comments if re.search(r"--.*(?<!:):\w", line)]


def _rows(found: Any) -> list[dict[str, Any]]:
    return [dict(row) for row in found]


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _plain_row(row: dict[str, Any]) -> dict[str, Any]:
    return {name: _plain(value) for name, value in row.items()}
