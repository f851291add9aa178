"""What a monitoring says of targets of every kind: «не более», by quarter, changes, sums."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine

from roadmap.reports.compose import compose, load_model
from roadmap.reports.formats.letter import Envelope, render_letter
from roadmap.reports.model import ReportModel
from support.model_text import text_of
from support.plans import targets_plan
from support.reported_values import LESNOY, RECHNOY, REGION, run_of_values


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
