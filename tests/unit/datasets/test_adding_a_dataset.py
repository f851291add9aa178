"""A dataset is added with its declaration, its lines in sources.yaml and a migration: no more.

Shown in a copy of the program, by a process that knows nothing of this one.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from roadmap.paths import ROOT
from support.evidence_files import workbook

DECLARATION = '''
"""Visits of experts to schools."""

from roadmap.datasets.model import Column, Dataset, FactTable, Kind, Rule, filled, when

DATASET = Dataset(
    FactTable(
        "visit",
        (
            Column("Код визита", "visit_id", Kind.CODE),
            Column("Код школы", "school_id", Kind.CODE),
            Column("Дата", "held_on", Kind.DAY_OF_YEAR, required=False),
            Column(
                "Состояние", "state", Kind.CHOICE, choices={"состоялся": "held", "план": "planned"}
            ),
        ),
        key=("visit_id",),
        rules=(
            Rule(
                "MISSING",
                "у визита, который состоялся, нет даты",
                lambda row: when(row["state"] == "held", filled(row["held_on"])),
                "Впишите дату визита или состояние «план»",
                "held_on",
            ),
        ),
    ),
    sheet="Визиты",
)
'''
LINES = """
  - dataset: visits
    title: Визиты в школы
    locations: [events/visits.xlsx]
    reader: register
    tolerance: 0.9
"""
MIGRATION = '''
"""Visits of experts to schools."""

import sqlalchemy as sa
from alembic import op

revision = "9001"
down_revision = "{before}"


def upgrade() -> None:
{body}
'''
HEADING = ["Код визита", "Код школы", "Дата", "Состояние"]

# What the difference of the tables prints is the body of the migration.
PRINT_DIFFERENCE = """
import json, sys
from roadmap.store import migrate
from roadmap.store.engine import open_engine
engine = open_engine(sys.argv[1])
migrate.upgrade(engine)
with engine.connect() as db:
    json.dump([migrate.version(db), migrate.difference(db)], sys.stdout)
"""
TAKE_IN = """
import json, sys
from pathlib import Path
from sqlalchemy import select
from roadmap.evidence.intake import take_in
from roadmap.evidence.sources import load_sources
from roadmap.indicators.explain import DATASET_OF_TABLE
from roadmap.plan.load import load_plan
from roadmap.store import migrate, tables
from roadmap.store.engine import open_engine
engine = open_engine(sys.argv[1])
migrate.upgrade(engine)
folder, plan = Path(sys.argv[2]), load_plan("2021")
taken = take_in(
    engine, load_sources()["visits"], folder / "inbox", folder / "archive", plan, 1_617_000_000_000
)
with engine.connect() as db:
    facts = [dict(row) for row in db.execute(select(tables.metadata.tables["visit"])).mappings()]
    difference = migrate.difference(db)
json.dump(
    {
        "messages": taken.messages, "facts": facts, "difference": difference,
        "explained": DATASET_OF_TABLE["visit"],
    },
    sys.stdout,
)
"""


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A copy of the program with the three things that a new dataset needs."""
    for folder in ("plugins/roadmap", "include"):
        shutil.copytree(
            ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__", "demo")
        )
    plugins = tmp_path / "plugins/roadmap"
    (plugins / "datasets/visits.py").write_text(DECLARATION, encoding="utf-8")
    with (tmp_path / "include/sources.yaml").open("a", encoding="utf-8") as sources:
        sources.write(LINES)
    before, body = run(tmp_path, PRINT_DIFFERENCE, "sqlite://")
    assert "create_table('visit'" in body
    (plugins / "store/migrations/versions/v9001_visits.py").write_text(
        MIGRATION.format(before=before, body=body), encoding="utf-8"
    )
    return tmp_path


def run(program: Path, script: str, *arguments: str) -> Any:
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        cwd=program, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(program / "plugins")},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_new_dataset_is_read_checked_stored_and_explained(program: Path) -> None:
    rows = [
        HEADING,
        ["v-1", "SH-101", "12.03.2021", "состоялся"],
        ["v-2", "SH-102", None, "состоялся"],
        ["v-3", "SH-103", None, "отменён"],
        ["v-4", "SH-104", "12.04.2021", "план"],
        ["v-4", "SH-105", "12.04.2021", "план"],
    ]
    path = program / "inbox/2021/events/visits.xlsx"
    path.parent.mkdir(parents=True)
    path.write_bytes(workbook("Визиты", rows))
    os.utime(path, (1_000_000_000, 1_000_000_000))

    taken = run(program, TAKE_IN, f"sqlite:///{program}/roadmap.db", str(program))

    (fact,) = taken["facts"]
    del fact["batch_id"]
    assert fact == {
        "sheet": "Визиты", "row": 2, "visit_id": "v-1", "school_id": "SH-101",
        "held_on": "2021-03-12", "state": "held",
    }  # fmt: skip
    contradiction = (
        "Строки противоречат друг другу: об одном и том же сказано по-разному. Файл "
        "«visits.xlsx», лист «Визиты», строки 5, 6. Оставьте верную строку; пока не принята "
        "ни одна."
    )
    assert taken["messages"] == [
        "Строка не принята: у визита, который состоялся, нет даты. Файл «visits.xlsx», лист "
        "«Визиты», строка 3, столбец C «Дата». Впишите дату визита или состояние «план».",
        "Строка не принята: «отменён» вместо «состоялся» или «план». Файл «visits.xlsx», лист "
        "«Визиты», строка 4, столбец D «Состояние». Впишите одно из этих слов.",
        contradiction,
        contradiction,
    ]
    assert taken["explained"] == "visits"
    assert taken["difference"] == ""
