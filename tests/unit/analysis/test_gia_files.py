"""Protocols and appeals as files, from the inbox to what a school is shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from roadmap.analysis.analyse import analyse
from roadmap.analysis.read import Level, papers
from roadmap.analysis.shares import Marks
from roadmap.evidence.intake import take_in
from roadmap.evidence.sources import load_sources
from roadmap.store.tables import load_batch, run_batch
from support.evidence_files import PLAN as WHOLE_PLAN
from support.plans import small_plan
from support.run_rows import RUN_ID, put, put_run
from support.workbooks import csv_bytes, one_sheet

NOW = 1_630_393_200_000  # 31.08.2021 10:00 in Moscow
PLAN = small_plan()
TITLE = ["02 - Математика 2021.05.27"]
HEAD = ["№", "Код ОО", "Класс", "Фамилия", "Документ", "Первичный балл", "Оценка"]
APPEALS = ["№", "Код ОО", "Документ", "Состояние", "Балл до изменения", "Текущие", None, "Разница"]
BELOW = [None, None, None, None, None, "Первичный балл", "Оценка", None]
MARKS_NOW = (2, 2, 2, 3, 3, 4)
PROTOCOL = [
    TITLE,
    HEAD,
    *([n, "111002", "9А", "Примеров", f"0 {n}", 9, mark] for n, mark in enumerate(MARKS_NOW, 1)),
    ["Всего участников", *[None] * 5, len(MARKS_NOW)],
]
CHANGES = [TITLE, APPEALS, BELOW, [1, "111002", "0 1", "Апелляция удовлетворена", 2, 8, 3, 1]]
FILES = {
    "oge_protocols": ("oge/oge_ma.xlsx", one_sheet(PROTOCOL)),
    "gia_appeals": ("appeals/oge_ma.csv", csv_bytes(CHANGES)),
}


@pytest.mark.parametrize(
    "order",
    [
        ["oge_protocols", "gia_appeals"],
        ["gia_appeals", "oge_protocols"],
        ["gia_appeals", "oge_protocols", "gia_appeals", "oge_protocols"],
    ],
    ids=["the protocol first", "the appeals first", "each of them twice"],
)
def test_the_order_of_files_and_their_repetition_change_nothing(
    engine: Engine, tmp_path: Path, order: list[str]
) -> None:
    sources = load_sources()
    inbox, archive = tmp_path / "inbox", tmp_path / "archive"
    taken = []
    for dataset in order:
        place, content = FILES[dataset]
        path = inbox / "2021" / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        path.with_name(f"{path.name}.ready").touch()
        found = take_in(engine, sources[dataset], inbox, archive, WHOLE_PLAN, NOW)
        taken += [file.state for file in found.taken]
    assert taken.count("accepted") == 2
    assert taken.count("unchanged") == len(order) - 2
    with engine.begin() as connection:
        put_run(connection, phase="august_analysis", as_of="2021-08-31", known_at_ms=NOW)
        put(
            connection,
            {
                "run_municipality": [{"municipality_id": m} for m in ("buyskiy", "region")],
                "run_school": [{"school_id": "b1", "municipality_id": "buyskiy"}],
                "run_school_ref": [{"scheme": "gia_code", "ref": "111002", "school_id": "b1"}],
            },
        )
        for batch_id in connection.scalars(select(load_batch.c.batch_id)):
            connection.execute(run_batch.insert(), {"run_id": RUN_ID, "batch_id": batch_id})
    analyse(engine, PLAN, RUN_ID)
    with engine.connect() as connection:
        shown = papers(connection, RUN_ID, "buyskiy", 5)
    (school,) = [result for result in shown if result.level is Level.SCHOOL]
    assert school.paper.key == "oge/2021/main/9/математика"
    assert (school.marks, school.is_low) == (Marks(2, 3, 1, 0), True)
    assert not list(archive.rglob("*.xlsx")), "no copy of pupils is kept"
