"""What an analysis says of the municipal management cycle."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, delete

import support.analysis_rows as rows
from roadmap.reports.compose import compose, load_model
from roadmap.reports.model import Letter
from roadmap.store.tables import metadata
from support.analysis_rows import RUN, made_run


@pytest.mark.parametrize(
    ("unscored", "lead", "titles"),
    [
        ((), "", ["Муниципальные управленческие механизмы"]),
        (("goals",), "Не оценены компоненты: Цели.", []),
    ],
)
def test_a_cycle_is_called_sound_only_where_every_component_is_scored(
    engine: Engine, unscored: tuple[str, ...], lead: str, titles: list[str]
) -> None:
    scores = metadata.tables["mechanism_score"]
    made_run(check_lists={"buyskiy": {}}).insert(engine)
    with engine.begin() as db:
        db.execute(delete(scores).where(scores.c.component.in_(unscored)))
    letter = _letter(engine)
    assert lead in " ".join(letter.lead).replace("\u00a0", " ")
    assert [one.title for one in letter.attention if "управлен" in one.title.lower()] == titles


def _letter(engine: Engine) -> Letter:
    compose(engine, rows.plan(), RUN, rows.ANSWERS_TO)
    with engine.connect() as db:
        return load_model(db, RUN, "buyskiy").letter
