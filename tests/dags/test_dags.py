"""What is promised of every DAG file."""

from __future__ import annotations

import copy
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.exceptions import AirflowClusterPolicyViolation
from airflow.sdk import DAG, BaseOperator
from airflow.sdk.exceptions import ParamValidationError

import airflow_local_settings
from roadmap.paths import PLANS
from roadmap.plan.checks import TAKEN
from roadmap.plan.load import load_plans
from roadmap.plan.zone import home_time

ROOT = Path(__file__).parents[2]
OF_PLANS = "plan_phases"  # of phases without a file of their own: none in the plan of 2021
FILES = sorted((ROOT / "dags").glob("*.py"))

PARSE = """
import runpy, socket, sys
socket.socket.connect = lambda *_: sys.exit("connects while being parsed")
runpy.run_path(sys.argv[1])
heavy = {"pandas", "numpy", "matplotlib", "openpyxl", "docxtpl", "typst", "holidays",
         "lxml", "smtplib_client"}
sys.exit(" ".join(heavy & set(sys.modules)) or 0)
"""


PHASES = [
    "march_analysis",
    "june_monitoring",
    "august_analysis",
    "september_monitoring",
    "december_summary",
]


@pytest.fixture(scope="module")
def bag() -> DagBag:
    return DagBag(str(ROOT / "dags"))


def test_each_file_holds_the_one_dag_it_is_named_after(bag):
    assert bag.import_errors == {}
    assert sorted(bag.dags) == [file.stem for file in FILES if file.stem != OF_PLANS] != []


def test_a_phase_without_a_file_gets_its_dag_from_the_one_of_all_plans(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    text = (PLANS / "2021.yaml").read_text("utf-8")
    (tmp_path / "2021.yaml").write_text(text, encoding="utf-8")
    second = text.replace("year: 2021", "year: 2021\ncode: schools-2021", 1)
    for code in PHASES:
        second = second.replace(code, f"{code}_2")
    (tmp_path / "schools-2021.yaml").write_text(second, encoding="utf-8")
    plans, errors = load_plans(tmp_path)
    assert errors == ()
    monkeypatch.setattr("roadmap_airflow.plans.valid_plans", lambda: plans)
    made = runpy.run_path(str(ROOT / "dags" / f"{OF_PLANS}.py"))
    dags = {name: value for name, value in made.items() if isinstance(value, DAG)}
    assert sorted(dags) == sorted(f"{code}_2" for code in PHASES)
    march = dags["march_analysis_2"]
    assert march.dag_id == "march_analysis_2"
    assert march.dag_display_name == plans[1].phase("march_analysis_2").listed_title
    assert march.params["plan"] is None
    assert march.params.get_param("plan").schema["enum"] == [None, "schools-2021"]
    assert "план «schools-2021». Мероприятия № 5" in march.doc_md
    assert "31.03.2021 в 10:00 (МСК)" in march.doc_md
    assert [event.plan for event in march.timetable.events] == ["schools-2021"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_dag_file_reads_as_a_table_of_contents(file):
    assert len(file.read_text(encoding="utf-8").splitlines()) < 60


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_parsing_is_cheap_and_connects_nowhere(file):
    done = subprocess.run(
        [sys.executable, "-c", PARSE, str(file)], capture_output=True, text=True, env=os.environ
    )
    assert done.returncode == 0, done.stderr


def test_a_dag_that_breaks_the_house_rules_is_refused():
    with pytest.raises(AirflowClusterPolicyViolation, match=r"Если что-то не так.*carry a tag"):
        airflow_local_settings.dag_policy(DAG("careless", schedule=None))


def test_a_task_without_retries_is_refused():
    with DAG("careless", schedule=None) as dag:
        BaseOperator(task_id="once", retries=0)
    with pytest.raises(AirflowClusterPolicyViolation, match="retries"):
        airflow_local_settings.dag_policy(dag)


def test_sentences_send_the_operator_to_dags_by_the_names_that_airflow_shows(bag):
    from roadmap.delivery.letters.operator_text import CONTROL_DAG, SETTLE_DAG
    from roadmap.evidence.held import DAG_TITLE as HELD_DAG

    assert bag.dags["settle_delivery"].dag_display_name == SETTLE_DAG
    assert bag.dags["sending_control"].dag_display_name == CONTROL_DAG
    assert bag.dags["held_file"].dag_display_name == HELD_DAG


@pytest.mark.parametrize("phase", PHASES)
def test_every_phase_follows_the_one_order_of_events(bag, phase):
    dag = bag.dags[phase]
    order = [task.task_id for task in dag.topological_sort()]
    assert order == [
        "check_form", "pull", "freeze", "analyse", "check", "compose", "render", "approve", "send",
        "reconcile",
    ]  # fmt: skip
    edges = {task.task_id: sorted(task.downstream_task_ids) for task in dag.tasks}
    assert edges == {
        task.task_id: sorted(task.downstream_task_ids) for task in bag.dags["march_analysis"].tasks
    }


def test_the_plans_phases_are_the_dags_under_the_plans_names(bag):
    from roadmap_airflow.plans import valid_plans

    plans = valid_plans()
    assert plans
    for plan in plans:
        assert [phase.code for phase in plan.phases] == PHASES
        for phase in plan.phases:
            assert bag.dags[phase.code].dag_display_name == phase.listed_title


def test_no_phase_may_bear_the_name_of_a_dag_file_that_is_no_phase():
    assert {file.stem for file in FILES} - set(PHASES) == TAKEN


def test_the_hours_in_a_dags_documentation_are_named_as_the_plan_names_them(bag):
    texts = {name: dag.doc_md for name, dag in bag.dags.items()}
    assert [name for name, text in texts.items() if "{" in text] == []
    with_hours = {name for name, text in texts.items() if f" ({home_time().name})" in text}
    assert with_hours == {*PHASES, "calendar_watch", "evidence_intake"}


@pytest.mark.parametrize("phase", PHASES)
def test_airflow_shows_which_phase_reads_which_evidence(bag, phase):
    from roadmap.evidence.sources import dataset_titles
    from roadmap_airflow.plans import phase_datasets

    pull = bag.dags[phase].get_task("pull")
    datasets = phase_datasets(phase)
    assert [asset.name for asset in pull.inlets] == [dataset_titles()[one] for one in datasets]
    assert datasets
    assert [alias.name for alias in pull.outlets] == ["Сведения"]


def test_the_daily_intake_takes_in_every_dataset_that_is_described(bag):
    from roadmap.evidence.sources import load_sources
    from roadmap_airflow.plans import phase_datasets

    take_in = bag.dags["evidence_intake"].get_task("take_in")
    taken = take_in.op_kwargs_expand_input.value["dataset"]
    assert taken == list(load_sources())
    assert {name for phase in PHASES for name in phase_datasets(phase)} <= set(taken)


def test_of_letters_that_did_not_go_the_account_alone_mails_the_operator(bag):
    march = bag.dags["march_analysis"]
    assert not march.get_task("send").on_failure_callback
    assert all(
        one.on_failure_callback for one in march.tasks if one.task_id not in ("send", "reconcile")
    )
    assert march.get_task("reconcile").trigger_rule == "all_done"  # it follows whatever happened


def test_every_sending_task_stands_in_the_pool_of_the_mail_server(bag):
    senders = [t for dag in bag.dags.values() for t in dag.tasks if t.task_id.startswith("send")]
    assert senders
    assert {task.pool for task in senders} == {"smtp"}


@pytest.mark.parametrize("phase", PHASES)
def test_the_form_speaks_russian_and_offers_ids_only(bag, phase):
    params = bag.dags[phase].params
    assert set(params) == {
        "plan", "as_of", "known_at", "known_by", "municipalities", "mode", "sample", "reason",
    }  # fmt: skip
    for name in params:
        schema = params.get_param(name).schema
        assert airflow_local_settings.CYRILLIC.search(schema["title"])
    offered = params.get_param("municipalities").schema["examples"]
    assert len(offered) == 30
    assert "region" in offered


def test_the_choice_of_municipalities_is_named_in_russian_and_may_be_emptied_again(bag):
    params = copy.deepcopy(bag.dags["march_analysis"].params)
    schema = params.get_param("municipalities").schema
    shown = [schema["values_display"][unit] for unit in schema["examples"]]
    assert len(shown) == 30
    assert shown[0] == "Антроповский муниципальный район"
    assert shown[-1] == "Департамент (региональный отчёт)"
    assert shown[:-1] == sorted(shown[:-1], key=str.casefold)
    params["municipalities"] = None  # what the form sends when the last choice is taken back
    params.validate()


def test_the_form_shows_words_where_the_plan_is_not_chosen(bag):
    schema = bag.dags["march_analysis"].params.get_param("plan").schema
    assert schema["values_display"]["null"] == "последний наступивший"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("mode", "everyone"),
        ("plan", "1999"),
        ("sample", "три"),
        ("sample", True),
        ("as_of", "name@example.org"),
        ("known_at", "name@example.org"),
        ("reason", "звонил name@example.org"),
        ("municipalities", ["name@example.org"]),
    ],
)
def test_airflow_refuses_what_its_form_can_not_send_and_addresses(bag, field, value):
    params = copy.deepcopy(bag.dags["march_analysis"].params)
    with pytest.raises(ParamValidationError, match=field):
        params[field] = value
        params.validate()


@pytest.mark.parametrize("dag_id", [*PHASES, "held_file", "sending_control", "settle_delivery"])
def test_nothing_else_that_can_be_typed_in_is_refused_in_english(bag, dag_id):
    """Airflow's words are English, so what is typed in is checked by a task, in Russian."""
    params = copy.deepcopy(bag.dags[dag_id].params)
    typed = [name for name in params if "enum" not in (schema := params.get_param(name).schema)
             and "string" in schema["type"]]  # fmt: skip
    assert typed
    for name in typed:
        for entered in ("", " ", "30.02.2021", "31.06", "две\nстроки", "<script>"):
            params[name] = entered  # ParamValidationError where Airflow would refuse it
            assert "@" in params.get_param(name).schema["pattern"]


def test_the_guide_explains_every_field_of_the_form_and_every_task(bag):
    guide = (ROOT / "docs" / "operator.md").read_text(encoding="utf-8")
    params = bag.dags["march_analysis"].params
    titles = [params.get_param(name).schema["title"] for name in params]
    assert [title for title in titles if f"| {title} |" not in guide] == []
    tasks = [task.task_display_name for dag in bag.dags.values() for task in dag.tasks]
    groups = (dag.task_group.get_task_group_dict().values() for dag in bag.dags.values())
    tasks += [group.label for of_dag in groups for group in of_dag if group.group_id]
    assert [name for name in tasks if name not in guide] == []


def test_every_task_and_dag_to_which_the_guide_sends_exists(bag):
    guide = (ROOT / "docs" / "operator.md").read_text(encoding="utf-8")
    sent_to = re.findall(
        r"(?:задач[аиуе]|DAG|запустите|очистите|журнал[аеу]?|красн\w+)\s+«([^»]+)»",
        guide,
        re.IGNORECASE,
    )
    names = [dag.dag_display_name for dag in bag.dags.values()]
    names += [task.task_display_name for dag in bag.dags.values() for task in dag.tasks]

    def without_endings(name: str) -> list[str]:
        return [word[:4] for word in name.split()]  # «Сверку» is «Сверка»

    known = [without_endings(name) for name in names]
    assert "Сверку" in sent_to
    assert [name for name in sent_to if without_endings(name) not in known] == []
