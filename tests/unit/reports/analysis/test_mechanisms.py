"""What an analysis says of the municipal management cycle."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, delete

import support.analysis_rows as rows
from roadmap.reports.compose import compose, load_model
from roadmap.reports.model import ReportModel
from roadmap.store.tables import metadata
from support.analysis_rows import RUN, made_run

PARTLY = (
    "Чек-лист муниципальных управленческих механизмов заполнен не полностью: оценены 8 компонентов "
    "из 9, рекомендации по механизмам не даются. Не оценены: Анализ результатов мониторинга."
)


@pytest.mark.parametrize(
    ("weak", "unscored", "lead", "titles"),
    [
        ({}, (), "", ["Муниципальные управленческие механизмы"]),
        ({}, ("analysis",), PARTLY, []),
        ({"goals": 0}, (), "", ["Управленческий цикл: цели"]),
        ({"goals": 0}, ("analysis",), PARTLY, []),
    ],
)
def test_recommendations_are_given_only_where_every_component_is_scored(
    engine: Engine,
    weak: dict[str, int],
    unscored: tuple[str, ...],
    lead: str,
    titles: list[str],
) -> None:
    letter = _composed(engine, weak, unscored).letter
    assert lead in " ".join(letter.lead).replace("\u00a0", " ")
    assert [one.title for one in letter.attention if "управлен" in one.title.lower()] == titles


def test_the_region_names_whose_check_list_is_filled_partly(engine: Engine) -> None:
    model = _composed(engine, {"goals": 0}, ("analysis",), "region")
    assert model.document is not None
    told = " ".join(getattr(block, "text", "") for block in model.document.blocks).replace(
        "\u00a0", " "
    )
    assert "в справках муниципальных образований, у которых чек-лист заполнен полностью" in told
    assert "Чек-лист заполнен не полностью: Буйский муниципальный район." in told


def _composed(
    engine: Engine, weak: dict[str, int], unscored: tuple[str, ...], unit: str = "buyskiy"
) -> ReportModel:
    scores = metadata.tables["mechanism_score"]
    made_run(check_lists={"buyskiy": weak}).insert(engine)
    with engine.begin() as db:
        db.execute(delete(scores).where(scores.c.component.in_(unscored)))
    compose(engine, rows.plan(), RUN, rows.ANSWERS_TO)
    with engine.connect() as db:
        return load_model(db, RUN, unit)
