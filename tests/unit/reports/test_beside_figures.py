"""What is said beside a figure, so that it is not taken to say more: by waivers of the plan, and by
the rule that counts events whose topic answers no deficit."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from roadmap.indicators.evaluate import evaluate
from roadmap.plan.load import load_plan
from roadmap.plan.model import Plan
from roadmap.reports.compose import compose, load_model
from roadmap.reports.model import ReportModel, Table
from roadmap.russian import NBSP
from support.run_rows import RUN_ID
from support.whole_year import (
    REGION,
    Change,
    added,
    all_of,
    changed,
    memory_engine,
    put_year,
    whole_year,
)

CONCERT = changed("event", {"event_id": "method-4"}, factor=None, title="Новогодний концерт")
PHYSICS = changed("event", {"event_id": "train-4"}, factor=None, subject="физика", grade=8)


@pytest.fixture
def year() -> Iterator[Engine]:
    engine = memory_engine()
    yield engine
    engine.dispose()


def with_topics(rule: str) -> Plan:
    plan = load_plan("2021")
    return plan.model_copy(
        update={
            "measures": tuple(
                measure.model_copy(update={"rules": {**measure.rules, "topics": rule}})
                if "topics" in measure.rules
                else measure
                for measure in plan.measures
            )
        }
    )


def report(engine: Engine, plan: Plan, change: Change | None = None) -> ReportModel:
    """The region's report of December on the whole year after the change."""
    put_year(engine, plan, whole_year())
    with engine.begin() as connection:
        added("run_municipality", municipality_id=REGION)(connection)
        if change is not None:
            change(connection)
    evaluate(engine, plan, RUN_ID)
    compose(engine, plan, RUN_ID, "kontakt@example.org")
    with engine.connect() as connection:
        return load_model(connection, RUN_ID, REGION)


def notes(model: ReportModel) -> list[str]:
    """Under the indicators of the document."""
    assert model.document is not None
    tables = [block for block in model.document.blocks if isinstance(block, Table)]
    (table,) = (table for table in tables if table.id == "indicators")
    return [note.replace(NBSP, " ") for note in table.notes]


def test_every_waiver_is_said_under_the_table_that_shows_its_figure(year: Engine) -> None:
    plan = load_plan("2021")
    said = notes(report(year, plan))
    told = [waiver for measure in plan.measures for waiver in measure.waivers]
    assert [note.lower() for note in said] == [
        f"{waiver.indicator}: {waiver.sentence}.".lower() for waiver in told
    ]
    assert {"5.1", "10.1"} <= {waiver.indicator for waiver in told}


def test_what_a_lax_rule_counts_is_told_as_answering_no_deficit(year: Engine) -> None:
    said = notes(report(year, with_topics("shown"), all_of(CONCERT, PHYSICS)))
    of_topics = [note for note in said if "дефицит" in note]
    assert of_topics == [
        "8.1, засчитано, но тема не связана с выявленным дефицитом, дефицит не назван: "
        "Новогодний концерт.",
        "8.2, засчитано, но тема не связана с выявленным дефицитом: семинар seminar-4.",
        "10.1, засчитано, но тема не связана с выявленным дефицитом, названного дефицита анализ "
        "не нашёл: Семинар 4.",
    ]


@pytest.mark.parametrize("rule", ["shown", "strict"])
def test_nothing_is_told_of_topics_that_answer_a_deficit(year: Engine, rule: str) -> None:
    assert not [note for note in notes(report(year, with_topics(rule))) if "дефицит" in note]


def test_a_strict_rule_counts_nothing_that_would_be_told(year: Engine) -> None:
    said = notes(report(year, with_topics("strict"), all_of(CONCERT, PHYSICS)))
    assert not [note for note in said if "дефицит" in note]
