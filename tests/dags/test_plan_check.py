"""The operator, who has no shell, has a plan's file checked in Airflow."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

from roadmap.paths import ROOT

PROGRAM = """
import sys
from airflow.dag_processing.dagbag import DagBag
from airflow.utils import db

db.initdb()
dag = DagBag(sys.argv[1]).dags["plan_check"]
print("OFFERED", dag.params.get_param("plan").schema["enum"], dag.params["plan"])
for asked in ({"plan": "2021"}, {"plan": "2022"}, {"year": 2021}):
    print("STATE", asked, dag.test(logical_date=None, run_conf=asked).state)
"""


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What three runs print, in a copy of the project in which the plan of 2022 is spoilt."""
    project = tmp_path_factory.mktemp("project")
    for name in ("plugins", "include"):
        shutil.copytree(ROOT / name, project / name, ignore=shutil.ignore_patterns("__pycache__"))
    plans = project / "include" / "plans"
    spoilt = (plans / "2021.yaml").read_text("utf-8").replace("closed: true", "closed: да", 1)
    (plans / "2022.yaml").write_text(spoilt, encoding="utf-8")
    plugins = str(project / "plugins")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(ROOT / "dags" / "plan_check.py")],
        env=os.environ | {"PYTHONPATH": plugins, "AIRFLOW__CORE__PLUGINS_FOLDER": plugins},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_every_year_with_a_file_is_offered_the_spoilt_one_too(output: str):
    assert "OFFERED ['2021', '2022'] 2022" in output


def test_a_valid_plan_is_green_and_its_runs_stand_in_the_log(output: str):
    assert "STATE {'plan': '2021'} success" in output
    assert "31.03.2021 10:00  Комплексный анализ" in output


def test_a_check_asked_for_before_plans_had_codes_is_of_the_plan_of_that_year(output: str):
    assert "STATE {'year': 2021} success" in output


def test_a_spoilt_plan_is_red_and_its_faults_stand_in_the_log(output: str):
    assert "STATE {'plan': '2022'} failed" in output
    assert "closed: «да» — нужно true или false" in output
    assert "План не принят: файл «2022.yaml», 1\xa0ошибка." in output
