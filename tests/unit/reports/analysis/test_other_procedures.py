"""A procedure of a region's own: a few lines of include/procedures.yaml and include/sources.yaml.

No line of Python knows «функциональная грамотность»; here a file of it goes from the inbox to the
letter that names it.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from roadmap.analysis.analyse import analyse
from roadmap.evidence.sources import about
from roadmap.plan.load import examine, plan_json
from roadmap.plan.model import Plan
from roadmap.reports.compose import compose, load_model
from roadmap.reports.model import ReportModel
from roadmap.store.tables import load_batch, run_batch
from support.evidence_world import World
from support.model_text import text_of
from support.plans import small_plan
from support.run_rows import RUN_ID, put, put_run
from support.workbooks import csv_bytes

HEAD = ["Код ОО", "Наименование ОО", "Муниципалитет", "Предмет", "Класс", "Дата",
        "Кол-во участников", "Низкий", "Средний", "Повышенный", "Высокий"]  # fmt: skip
LITERACY = {
    "kind": "fg",
    "year": 2021,
    "wave": "spring",
    "title": "Оценка функциональной грамотности, весна 2021 года",
    "short_title": "ФГ весна 2021",
}
EARLIER = {**LITERACY, "year": 2020, "short_title": "ФГ весна 2020"}
# Schools of the project, and one of the region beside them.
LEVELS = {"1001": (6, 3, 1, 0), "1002": (1, 5, 3, 1), "2001": (10, 40, 30, 20)}


def plan_of_literacy() -> Plan:
    """The small plan, whose March analyses functional literacy alone."""
    said = json.loads(plan_json(small_plan()))
    march = next(phase for phase in said["phases"] if phase["code"] == "march_analysis")
    march["procedures"] = [LITERACY]
    march["comparisons"] = [{"current": "fg/2021/spring", "previous": EARLIER}]
    march["datasets"]["needed"][-1] = "functional_literacy"
    plan, problems = examine(json.dumps(said).encode())
    assert problems == ()
    assert plan is not None
    return plan


def table(subject: str, year: int = 2021) -> bytes:
    rows = [
        [code, f"Школа {code}", "Буйский район", subject, 8, f"15.03.{year}", sum(levels), *levels]
        for code, levels in LEVELS.items()
    ]
    return csv_bytes([HEAD, *rows])


@pytest.fixture
def model(engine: Engine, tmp_path: Path) -> ReportModel:
    plan, world = plan_of_literacy(), World(engine, tmp_path)
    for n, subject in enumerate(("Читательская грамотность", "Математической грамотности")):
        world.put(f"fg/{n}.csv", table(subject))
    world.put("fg/earlier.csv", table("Читательская грамотность", 2020))
    taken = world.pull("functional_literacy", in_sandbox=True).taken
    assert [file.state for file in taken] == ["accepted"] * 3
    with engine.begin() as connection:
        put_run(connection)
        put(
            connection,
            {
                "run_municipality": [
                    {"municipality_id": m, "name": m, "genitive": m, "short_name": m}
                    for m in ("buyskiy", "region")
                ],
                "run_school": [
                    {"school_id": f"s{code}", "name": f"Школа {code}", "is_participating": own}
                    | {"municipality_id": "buyskiy"}
                    for code, own in (("1001", 1), ("1002", 1), ("2001", 0))
                ],
                "run_school_ref": [
                    {"scheme": "gia_code", "ref": code, "school_id": f"s{code}"}
                    | {key: procedure[key] for key in ("kind", "year", "wave")}
                    for code in LEVELS
                    for procedure in (LITERACY, EARLIER)
                ],
            },
        )
        for batch_id in connection.scalars(select(load_batch.c.batch_id)):
            connection.execute(run_batch.insert(), {"run_id": RUN_ID, "batch_id": batch_id})
    analyse(engine, plan, RUN_ID)
    compose(engine, plan, RUN_ID, "answers@example.org")
    with engine.connect() as connection:
        return load_model(connection, RUN_ID, "buyskiy")


def test_the_letter_tells_the_share_of_the_low_level_in_the_words_of_the_kind(
    model: ReportModel,
) -> None:
    assert model.letter.figures is not None
    shown = model.letter.figures.model_dump_json()
    assert "Доля участников с низким уровнем, ФГ весна 2021, 8 класс" in shown.replace(
        "\u00a0", " "
    )
    assert "Читательская грамотность" in shown
    text = " ".join(text_of(model).replace("~", " ").split())
    assert "Порог 30 % участников с низким уровнем достигнут" in text
    assert "по читательской грамотности" in text
    assert "(функциональная грамотность)" in text
    assert "отметок «2»" not in text


def test_its_tables_are_called_by_levels(model: ReportModel) -> None:
    captions = [
        b.caption.replace("\u00a0", " ") for b in model.document.blocks if b.kind == "table"
    ]
    assert "Распределение по уровням. ФГ весна 2021, 8 класс" in captions
    sheets = [sheet.title for sheet in model.appendix]
    assert "Уровни" in sheets
    assert "Отметки" not in sheets


def test_its_dynamics_name_the_grade_as_its_tables_do(model: ReportModel) -> None:
    text = text_of(model.document).replace("~", " ")
    assert "Изменение доли участников с низким уровнем. ФГ весна 2020" in text
    assert 'Row group | "Читательская грамотность, 8 класс"' in text


def test_what_a_load_batch_is_about_names_the_procedure() -> None:
    assert about("fg/2021/spring/8/читательская грамотность") == (
        "функциональная грамотность, весна 2021, 8 класс, читательская грамотность"
    )
