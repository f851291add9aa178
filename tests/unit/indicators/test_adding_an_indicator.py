"""An indicator is one folder of include/sql/indicators, its lines in the plan and its cases."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from roadmap.indicators import about as about_module
from roadmap.indicators.about import About, AboutError, about
from roadmap.paths import ROOT, SQL
from roadmap.plan.strict_yaml import read_yaml
from support.plans import SMALL_PLANS

UNITS = """\
-- One unit per act of the municipality, told by its number: met by an act with a link.

select
    run_municipality.municipality_id,
    'act' as unit_kind,
    municipal_act.number as unit,
    municipal_act.number as detail,
    case when municipal_act.link <> '' then municipal_act.adopted_on end as met_on,
    1 as is_known
from run_municipality
left join (
    select municipal_act.*
    from municipal_act
    join run_batch
        on run_batch.batch_id = municipal_act.batch_id
        and run_batch.run_id = :run_id
    where municipal_act.basis = :basis
) municipal_act
    on municipal_act.municipality_id = run_municipality.municipality_id
where run_municipality.run_id = :run_id
    and run_municipality.is_participating = 1
    and run_municipality.municipality_id <> 'region'
"""
ABOUT = """\
question: Which acts can be read where their link leads?
confirmed_by: municipal_acts
is_own_deed: true
units:
  act:
    name: акт
    missing: 'по акту № {{ detail }} нет ссылки'
shortfall: 'без ссылки: {{ units }}'
"""
LINES = """\
      - code: "5.2"
        title: Размещены тексты муниципальных актов
        kind: share
        target: 100
        unit: {one: акт, few: акта, many: актов}
        slice: municipality
        sql: acts_linked
        parameters: {basis: recommendations, adopted_from: "2021-03-01"}
"""
GIVEN = """\
parameters: {basis: recommendations}
tables:
  run_municipality: [{municipality_id: buyskiy}]
  municipal_act:
    - {municipality_id: buyskiy, number: "1", adopted_on: 2021-03-20, link: "https://a.example/1"}
    - {municipality_id: buyskiy, number: "2", adopted_on: 2021-03-21}
"""
EXPECT = """\
rows:
  - {municipality_id: buyskiy, numerator: 1, denominator: 2, met_on: 2021-03-20}
gaps:
  - {unit_kind: act, municipality_id: buyskiy, detail: "2"}
"""


def write(folder: Path, **texts: str) -> None:
    folder.mkdir(parents=True)
    for name, text in texts.items():
        folder.joinpath(name.replace("_", ".")).write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what an indicator needs, with one indicator more."""
    copy = tmp_path_factory.mktemp("house")
    shutil.copytree(ROOT / "include", copy / "include")
    shutil.copytree(ROOT / "plugins" / "roadmap", copy / "plugins" / "roadmap")
    for folder in ("support", "faults", "sql"):
        shutil.copytree(ROOT / "tests" / folder, copy / "tests" / folder)
    shutil.copy(ROOT / "tests" / "conftest.py", copy / "tests")
    shutil.copy(ROOT / "pyproject.toml", copy)

    stem = copy / "include" / "sql" / "indicators" / "acts_linked"
    write(stem, units_sql=UNITS, about_yaml=ABOUT)
    write(copy / "tests/sql/acts_linked/one_of_two", given_yaml=GIVEN, expect_yaml=EXPECT)
    plan = (SMALL_PLANS / "2021.yaml").read_text(encoding="utf-8")
    assert plan.count("\n  - number: 6 ") == 1
    plan = plan.replace("\n  - number: 6 ", f"\n{LINES}\n  - number: 6 ")
    (copy / "include" / "plans" / "2021.yaml").write_text(plan, encoding="utf-8")
    return copy


def run(house: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=house,
        env={"PYTHONPATH": "plugins:tests", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_its_cases_are_found_and_run(house: Path) -> None:
    told = run(house, "-m", "pytest", "-n", "0", "-q", "tests/sql", "-k", "sqlite-acts_linked")
    assert "1 passed" in told


SAID = {
    "june_monitoring": (
        "по акту № 18 нет ссылки",
        "без ссылки: 1 акт",
        "приказ от 12.04.2021 № 17",
    ),
    "march_analysis": (
        "Показатель 5.2 — размещены тексты муниципальных актов",
        "без ссылки: 1 акт",
    ),
    "reminder/2021-03-31/14": ("Выполнено 1 из 2. Не хватает: акт — 18.",),
}


def test_each_kind_of_report_counts_it_and_says_what_is_missing(
    house: Path, tmp_path: Path
) -> None:
    database = str(tmp_path / "roadmap.db")
    told = run(house, "-m", "support.phase_of_new_indicator", database, *SAID)
    for (phase, sentences), report in zip(SAID.items(), told.splitlines(), strict=True):
        assert json.loads(report)["addressee"]["municipality_id"] == "buyskiy"
        for said in sentences:
            assert said in report.replace("\u00a0", " "), (phase, said, report)


def test_no_module_asks_for_a_query_by_its_name() -> None:
    """It would know one indicator and forget the next."""
    stems = {path.name for path in (SQL / "indicators").iterdir()}
    assert len(stems) > 10
    for path in (ROOT / "plugins").rglob("*.py"):
        words = {
            node.value
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
        assert not words & stems, path


FORGOTTEN = ["question", "confirmed_by", "is_own_deed", "units", "name", "missing"]


@pytest.mark.parametrize("name", FORGOTTEN)
def test_a_forgotten_name_is_refused_and_never_taken_for_no(name: str) -> None:
    lines = ABOUT.splitlines(keepends=True)
    left = "".join(line for line in lines if not line.strip().startswith(f"{name}:"))
    if name == "units":
        left = left.partition("  act:")[0]
    assert left != ABOUT
    with pytest.raises(ValidationError, match=name):
        About.model_validate(read_yaml(left))


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("municipal_acts", "municipal_act"),
        ("is_own_deed: true", "is_own_deed: yes"),
        ("shortfall:", "short_fall:"),
    ],
)
def test_a_misspelt_name_is_refused(right: str, wrong: str) -> None:
    assert isinstance(About.model_validate(read_yaml(ABOUT)), About)
    with pytest.raises(ValidationError):
        About.model_validate(read_yaml(ABOUT.replace(right, wrong)))


def test_what_is_wrong_is_told_with_the_file_and_the_place_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(SQL / "indicators" / "events_held", tmp_path / "indicators" / "misspelt")
    file = tmp_path / "indicators" / "misspelt" / "about.yaml"
    file.write_text(
        file.read_text("utf-8").replace("confirmed_by: events", "confirmed_by: event s")
    )
    monkeypatch.setattr(about_module, "SQL", tmp_path)
    with pytest.raises(
        AboutError, match=r"indicators/misspelt/about\.yaml» не принят, поле confirmed_by"
    ):
        about("misspelt")
    with pytest.raises(AboutError, match=r"indicators/nowhere/about\.yaml"):
        about("nowhere")


def test_a_kind_of_unit_that_is_not_declared_stops_the_run(house: Path, tmp_path: Path) -> None:
    query = house / "include" / "sql" / "indicators" / "acts_linked" / "units.sql"
    query.write_text(UNITS.replace("'act' as", "'deed' as"), encoding="utf-8")
    try:
        with pytest.raises(AssertionError, match="does not declare units of the kind 'deed'"):
            database = str(tmp_path / "roadmap.db")
            run(house, "-m", "support.phase_of_new_indicator", database, "june_monitoring")
    finally:
        query.write_text(UNITS, encoding="utf-8")
