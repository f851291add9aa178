"""What a monitoring says of targets of every kind: «не более», by quarter, changes, sums."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine

from roadmap.plan.model import Plan, Slice
from roadmap.reports.compose import compose, load_model
from roadmap.reports.formats.letter import Envelope, render_letter
from roadmap.reports.model import ReportModel
from support.model_text import text_of
from support.plans import targets_plan
from support.reported_values import LESNOY, RECHNOY, REGION, VALUES, run_of_values


@pytest.fixture
def models(engine: Engine) -> dict[str, ReportModel]:
    run_id = run_of_values(engine)
    compose(engine, targets_plan(), run_id, "answers@example.org")
    with engine.connect() as connection:
        return {unit: load_model(connection, run_id, unit) for unit in (LESNOY, RECHNOY, REGION)}


def test_letters_and_models_are_as_reviewed(
    models: dict[str, ReportModel], golden: Callable[[str, str], None]
) -> None:
    envelope = Envelope(
        revision=1,
        replaces=None,
        corrections=(),
        test_addressee=None,
        generated_at=datetime(2021, 6, 30, 7, 5, tzinfo=UTC),
        local_time=targets_plan().local_time,
    )
    for unit in (LESNOY, REGION):
        golden(f"targets_letter_{unit}.txt", render_letter(models[unit], envelope, ()).text)
        golden(f"targets_model_{unit}.txt", text_of(models[unit]))


def test_nothing_is_asked_of_who_reached_every_target(models: dict[str, ReportModel]) -> None:
    assert models[RECHNOY].letter.attention == ()


def _counted_for_the_region(plan: Plan, code: str) -> Plan:
    return plan.model_copy(
        update={
            "measures": tuple(
                measure.model_copy(
                    update={
                        "indicators": tuple(
                            one.model_copy(update={"slice": Slice.REGION})
                            if one.code == code
                            else one
                            for one in measure.indicators
                        )
                    }
                )
                for measure in plan.measures
            )
        }
    )


def test_what_is_counted_for_the_region_names_no_paper_of_a_municipality(engine: Engine) -> None:
    plan = _counted_for_the_region(targets_plan(), "2.1")
    values = (
        *(value for value in VALUES if value[1] != "2.1"),
        (REGION, "2.1", "2021-05-31", 20),
        (LESNOY, "2.1", "2021-04-30", 9),
    )
    run_id = run_of_values(engine, values, plan)
    compose(engine, plan, run_id, "answers@example.org")
    with engine.connect() as connection:
        for unit in (RECHNOY, REGION):
            told = text_of(load_model(connection, run_id, unit))
            assert "Отчёт муниципалитета №~05" in told
            assert "Отчёт муниципалитета №~04" not in told
