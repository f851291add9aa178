"""Which deficits a run knows of: what events of the topics may answer (rule `topics`)."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine, delete, select

from roadmap.indicators.evaluate import evaluate
from roadmap.plan.model import Plan
from roadmap.store.tables import paper_result, run_deficit
from support.plans import small_plan
from support.run_rows import KNOWN_AT_MS, RUN_ID, put, put_run

JUNE, AUGUST = "june", "august"
NOTHING = (None, None, None)


@pytest.fixture(scope="module")
def plan() -> Plan:
    return small_plan()


def paper(subject: str, is_low: int = 1, **changes: Any) -> dict[str, Any]:
    """A school's result in ВПР of grade 5, autumn 2020, which March analyses."""
    return {
        "kind": "vpr", "year": 2020, "wave": "autumn", "grade": 5, "subject": subject,
        "level": "school", "unit_id": "s1", "municipality_id": "buyskiy", "schools": 1,
        "small_schools": 0, "participants": 20, "is_small": 0, "is_low": is_low, **changes,
    }  # fmt: skip


def given_run(engine: Engine, *papers: dict[str, Any], **run: Any) -> None:
    with engine.begin() as connection:
        put_run(connection, **run)
        put(connection, {"paper_result": papers}, run.get("run_id", RUN_ID))


def found(engine: Engine, plan: Plan, run_id: str) -> set[tuple[Any, ...]]:
    evaluate(engine, plan, run_id)
    with engine.connect() as connection:
        rows = connection.execute(
            select(run_deficit.c.subject, run_deficit.c.grade, run_deficit.c.factor).where(
                run_deficit.c.run_id == run_id
            )
        )
        return {tuple(row) for row in rows}


def test_last_years_paper_beside_which_this_years_is_set_is_no_deficit_of_the_year(
    any_engine: Engine, plan: Plan
) -> None:
    exam = {"kind": "ege", "wave": "main", "grade": 11}
    given_run(
        any_engine,
        paper("русский язык", **exam, year=2020),
        paper("русский язык", **exam, year=2021, is_low=0),
        paper("физика", **exam, year=2021),
        run_id=AUGUST, phase="august_analysis", as_of="2021-08-31",
    )  # fmt: skip
    assert found(any_engine, plan, AUGUST) == {("физика", 11, None), NOTHING}


def test_a_run_about_an_earlier_day_does_not_see_what_was_found_later(
    any_engine: Engine, plan: Plan
) -> None:
    """June, run again after August's analysis."""
    given_run(any_engine, paper("математика"))
    given_run(
        any_engine, paper("физика", year=2021, wave="spring"),
        run_id=AUGUST, phase="august_analysis", as_of="2021-08-31",
    )  # fmt: skip
    given_run(
        any_engine, run_id=JUNE, phase="june_monitoring", as_of="2021-06-30",
        known_at_ms=KNOWN_AT_MS + 1,
    )  # fmt: skip
    assert found(any_engine, plan, JUNE) == {("математика", 5, None)}


def test_what_a_run_once_knew_stays_when_another_run_is_analysed_anew(
    any_engine: Engine, plan: Plan
) -> None:
    given_run(any_engine, paper("математика"))
    given_run(any_engine, run_id=JUNE, phase="june_monitoring", as_of="2021-06-30")
    before = found(any_engine, plan, JUNE)
    with any_engine.begin() as connection:
        connection.execute(delete(paper_result))
        put(connection, {"paper_result": [paper("физика")]})
    assert found(any_engine, plan, JUNE) == before == {("математика", 5, None)}


def test_an_analysis_or_a_profile_that_found_nothing_is_told_from_none(
    any_engine: Engine, plan: Plan
) -> None:
    given_run(any_engine, run_id=JUNE, phase="june_monitoring", as_of="2021-06-30")
    assert found(any_engine, plan, JUNE) == set()
    with any_engine.begin() as connection:
        put(
            connection,
            {
                "run_municipality": [{"municipality_id": "buyskiy"}],
                "run_school": [{"school_id": "s1", "municipality_id": "buyskiy"}],
                "risk": [{"school_id": "s1", "factor": "staff", "is_activated": 0}],
            },
            JUNE,
        )
    assert found(any_engine, plan, JUNE) == {NOTHING}
