"""What is written for people cannot fall behind the code."""

from __future__ import annotations

import ast
import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
GUIDE = (ROOT / "docs" / "operator.md").read_text(encoding="utf-8")
PYTHON = [*(ROOT / "plugins").rglob("*.py"), *(ROOT / "dags").glob("*.py")]
DAGS = {path.stem for path in (ROOT / "dags").glob("*.py")}
# Our own connections are named where they are asked for, in the seam.
CONNECTIONS = {
    name
    for path in (ROOT / "plugins" / "roadmap_airflow").glob("*.py")
    for name in re.findall(
        r'"(roadmap_(?:db|inbox|archive|reports)|smtp_default)"', path.read_text()
    )
}
# Those of datasets that are queries stand in the list of sources.
SOURCES = yaml.safe_load((ROOT / "include" / "sources.yaml").read_text(encoding="utf-8"))["sources"]
CONNECTIONS |= {source["connection"] for source in SOURCES if "connection" in source}
TARGETS = re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE)
# Not for an operator: where tests and figures keep their files.
INTERNAL = {"ROADMAP_VAR", "ROADMAP_BENCH_DATASETS", "ROADMAP_BENCH_ADDRESSEES"}


def settings_that_code_reads() -> set[str]:
    """String constants of our code that are a setting's whole name."""
    return {
        node.value
        for path in PYTHON
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and re.fullmatch(r"ROADMAP_[A-Z_]+", node.value)
        and f"AIRFLOW_CONN_{node.value}" not in COMPOSE_ENVIRONMENT
    } - INTERNAL


def variables_of_example() -> dict[str, str]:
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if re.match(r"[A-Z_]+=", line))


COMPOSE_TEXT = (ROOT / "docker-compose.yaml").read_text(encoding="utf-8")
COMPOSE_ENVIRONMENT = yaml.safe_load(COMPOSE_TEXT)["x-airflow"]["environment"]


def test_there_is_something_to_compare():
    assert DAGS
    assert len(CONNECTIONS) == 6
    assert len(TARGETS) > 5
    assert len(settings_that_code_reads()) > 5


@pytest.mark.parametrize("name", sorted(DAGS | CONNECTIONS))
def test_readme_names_every_dag_and_connection(name):
    assert f"`{name}`" in README


@pytest.mark.parametrize(
    "target", sorted(set(re.findall(r"(?m)(?:^|`)make ([a-z-]+)", README + GUIDE)))
)
def test_the_commands_that_we_write_down_exist(target):
    assert target in TARGETS


@pytest.mark.parametrize("path", re.findall(r"\]\(([^)#]+)\)", README))
def test_readme_links_to_what_is_there(path):
    assert (ROOT / path).exists()


@pytest.mark.parametrize("name", sorted(settings_that_code_reads()))
def test_every_setting_stands_in_the_example_and_reaches_the_containers(name):
    assert name in variables_of_example()
    assert name in COMPOSE_ENVIRONMENT


def test_the_example_has_every_variable_of_the_compose_file_and_no_other():
    asked = set(re.findall(r"(?<!\$)\$\{([A-Z_]+)", COMPOSE_TEXT))
    assert asked == set(variables_of_example())


def test_the_example_holds_no_secret_and_no_real_address():
    values = variables_of_example()
    secrets = {name for name in values if re.search("PASSWORD|SECRET|KEY", name)}
    assert len(secrets) == 5
    assert {values[name] for name in secrets} == {""}
    assert set(re.findall(r"@([\w.-]+)", " ".join(values.values()))) == {"example.org"}


def test_the_settings_of_the_example_are_accepted():
    from roadmap.delivery.settings import settings_from

    settings = settings_from(variables_of_example())
    assert settings.is_demo
    assert settings.allows(settings.redirect_to)
    assert settings == settings_from(
        {
            name: value
            for name, value in variables_of_example().items()
            if not re.search("HOURS|ATTEMPTS|LETTERS", name)
        }
    )


def test_a_reason_reaches_the_command_whatever_signs_are_in_it():
    reason = "Школа «А» \"Б\" 'в' `г`; rm -rf /"
    done = subprocess.run(
        # --old-file: nothing is installed, whichever of the two files was written last.
        ["make", "--silent", "--old-file=Makefile", "phase", "VENV=.", "PY=printf %s\\\\n",
         "RUNTIME=Makefile", f"REASON={reason}"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    given = done.stdout.splitlines()
    assert given[given.index("--reason") + 1] == reason, shlex.join(given)


@pytest.mark.parametrize("target", ["phase", "new-year", "forms", "why", "rejected"])
@pytest.mark.parametrize(
    ("given", "plan"),
    [
        ([], "2021"),
        (["YEAR=2027"], "2027"),  # as commands were given before plans had codes
        (["PLAN=schools-2027", "YEAR=2027"], "schools-2027"),
    ],
)
def test_a_command_is_about_no_other_plan_than_that_which_was_given(target, given, plan):
    without = {name: value for name, value in os.environ.items() if name not in {"PLAN", "YEAR"}}
    done = subprocess.run(
        ["make", "--silent", "--old-file=Makefile", target, "VENV=.", "PY=printf %s\\\\n",
         "RUNTIME=Makefile", *given],
        cwd=ROOT, capture_output=True, text=True, check=True, env=without,
    )  # fmt: skip
    words = done.stdout.splitlines()
    assert words[words.index("--plan") + 1] == plan


@pytest.mark.parametrize(
    "target", ["phase", "new-year", "check-plan", "explain", "letter", "why", "rejected"]
)
def test_a_command_may_be_given_without_any_of_its_variables(target):
    variables = set(re.findall(r"^(\w+) \?=", (ROOT / "Makefile").read_text(), re.MULTILINE))
    without = {name: value for name, value in os.environ.items() if name not in variables}
    done = subprocess.run(
        ["make", "--silent", "--old-file=Makefile", target, "VENV=.", "PY=printf %s\\n",
         "RUNTIME=Makefile"],
        cwd=ROOT, capture_output=True, text=True, check=False, env=without,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


def test_every_chapter_of_the_guide_to_which_a_text_sends_exists():
    chapters = re.findall(r"^## (.+)$", GUIDE, re.MULTILINE)
    texts = [*PYTHON, *(ROOT / "include" / "templates").rglob("*.j2"), ROOT / "docs/operator.md"]
    sent_to = {
        " ".join(name.split()): path.name
        for path in texts
        for name in re.findall(r"глав[аеуы]\s+«([^»{]+)»", path.read_text(encoding="utf-8"))
    }
    assert len(sent_to) > 5
    assert {name: text for name, text in sent_to.items() if name not in chapters} == {}


def test_the_guide_explains_every_state_in_the_words_of_the_reconciliation():
    from roadmap.delivery.account.reconcile import CATEGORIES

    missing = [words for words in CATEGORIES.values() if f"| {words} |" not in GUIDE]
    assert missing == []
    assert "| не учтено |" in GUIDE
