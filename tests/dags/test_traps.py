"""Airflow's traps, as others met them and we measured them: each is handled by design."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk.exceptions import AirflowTaskTimeout
from airflow.sdk.execution_time.timeout import TimeoutPosix
from airflow.serialization.serialized_objects import DagSerialization

from roadmap.delivery.letters.planning import plan_deliveries
from roadmap.reports.model import ReportModel
from roadmap.reports.package import Package
from roadmap.store.tables import report
from roadmap_airflow.tasks import ONE_EACH_UP_TO, batches
from roadmap_cli.environment import Ports, demo_environment
from support.ledger_world import NOW_MS, SETTINGS, make_run, states
from support.plans import small_plan
from support.report_models import make_model

ROOT = Path(__file__).parents[2]
AIRFLOW_MAX_MAP_LENGTH = 1024


@pytest.fixture(scope="module")
def march():
    return DagBag(str(ROOT / "dags")).dags["march_analysis"]


def test_the_scheduler_reads_back_the_timetable_with_its_events(march):
    copy = DagSerialization.deserialize_dag(DagSerialization.serialize_dag(march))
    assert copy.timetable.events == march.timetable.events
    assert copy.timetable.events


def test_the_scheduler_gives_no_run_of_a_closed_year_and_a_backfill_gives_exactly_one(march):
    dag = DagSerialization.deserialize_dag(DagSerialization.serialize_dag(march))
    import pendulum

    first = pendulum.datetime(2021, 1, 1, tz="Europe/Moscow")
    last = pendulum.datetime(2021, 12, 31, tz="Europe/Moscow")
    backfilled = list(dag.iter_dagrun_infos_between(first, last))
    assert len(backfilled) == 1
    assert backfilled[0].logical_date >= dag.start_date  # else green with no task at all
    scheduled = dag.next_dagrun_info(last_automated_run_info=None)
    assert scheduled is None or scheduled.data_interval.start.year != 2021


def test_every_task_retries_for_it_may_fail_before_it_starts(march):
    assert [task.task_id for task in march.tasks if not task.retries] == []


def test_every_task_gives_up_in_the_end(march):
    assert [task.task_id for task in march.tasks if task.execution_timeout is None] == []


def test_a_sending_task_outlives_the_longest_wait_for_a_final_reply(march):
    from roadmap_airflow.defaults import SEND_SOFT_DEADLINE

    send = march.get_task("send")
    assert send.execution_timeout.total_seconds() > SEND_SOFT_DEADLINE.total_seconds() + 600


def test_a_task_that_renders_letters_ends_when_its_time_limit_is_over(engine, tmp_path):
    asked: list[str] = []

    def render_for_minutes(model: ReportModel, _: object) -> Package:
        asked.append(model.addressee.municipality_id)
        signal.setitimer(signal.ITIMER_REAL, 0.1)  # the limit is over in the midst of rendering
        time.sleep(90)
        raise AssertionError("the limit was not obeyed")

    make_run(engine)
    model = make_model()
    whose = ("buyskiy", "neya", "buy")
    kept = {
        "run_id": "run-1",
        "content_sha256": model.content_sha256(),
        "model": model.model_dump_json(),
    }
    with engine.begin() as db:
        db.execute(report.insert(), [{**kept, "municipality_id": key} for key in whose])
    began = time.monotonic()
    with pytest.raises(AirflowTaskTimeout), TimeoutPosix(seconds=600):
        plan_deliveries(
            engine, small_plan(), "run-1", whose, tmp_path, SETTINGS, NOW_MS, render_for_minutes
        )
    assert time.monotonic() - began < 60
    assert len(asked) == 1  # the others' letters are not begun
    assert states(engine) == {}


def test_reconciliation_runs_whatever_happened_before_it(march):
    assert march.get_task("reconcile").trigger_rule == "all_done"


@pytest.mark.parametrize("addressees", [0, 1, 13, 48, 49, 90, 2300])
def test_a_run_stays_far_below_the_limit_of_mapped_tasks_whatever_the_scale(addressees):
    ids = tuple(f"m{number}" for number in range(addressees))
    made = batches(ids)
    assert [municipality for batch in made for municipality in batch] == list(ids)
    assert len(made) <= ONE_EACH_UP_TO
    tasks = 2 * len(made) + 20
    assert tasks <= 150 < AIRFLOW_MAX_MAP_LENGTH


def test_up_to_forty_eight_addressees_have_a_task_each_so_that_the_grid_shows_names():
    assert all(len(batch) == 1 for batch in batches(tuple(f"m{n}" for n in range(48))))


def test_mapped_tasks_are_named_by_a_constant_template(march):
    named = {t.task_id: t.map_index_template for t in march.tasks if t.map_index_template}
    assert named == dict.fromkeys(("pull", "render", "send"), "{{ roadmap_label }}")


def test_no_template_of_a_dag_holds_data():
    """Data in a template field would be executed as a template by Airflow."""
    from roadmap_airflow.send_operator import SendOperator

    assert tuple(SendOperator.template_fields) == ("phase_run", "batch")


def test_another_port_moves_the_task_api_and_every_server_with_it(tmp_path):
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("AIRFLOW", "ROADMAP_"))}
    program = (
        "import json, sys; from pathlib import Path;"
        "from roadmap_cli.environment import Ports, demo_environment;"
        "print(json.dumps(demo_environment(Path(sys.argv[1]), Ports(9180), Path(sys.argv[1]))))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        env=clean | {"PYTHONPATH": str(ROOT / "plugins")},
        capture_output=True,
        text=True,
        check=True,
    )
    env = json.loads(done.stdout)
    assert env["AIRFLOW__API__PORT"] == "9180"
    assert env["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] == "http://127.0.0.1:9180/execution/"
    assert env["AIRFLOW__API__HOST"] == "127.0.0.1"
    moved = {
        env["AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT"],
        env["AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_SERVER_PORT"],
        str(json.loads(env["AIRFLOW_CONN_SMTP_DEFAULT"])["port"]),
    }
    assert moved == {"9181", "9183", "9184"}
    assert int(env["AIRFLOW__CORE__PARALLELISM"]) <= max(2, os.cpu_count() or 2)


def test_the_lines_of_a_log_are_wrapped_wherever_we_set_airflow_up(tmp_path):
    name = "AIRFLOW__API__DEFAULT_WRAP"
    assert demo_environment(tmp_path / "home", Ports(9190), tmp_path)[name] == "True"
    compose = yaml.safe_load((ROOT / "docker-compose.yaml").read_text(encoding="utf-8"))
    assert compose["x-airflow"]["environment"][name] == "True"


def test_secrets_of_the_demo_are_made_for_each_home_and_kept(tmp_path, monkeypatch):
    names = ("AIRFLOW__API__SECRET_KEY", "AIRFLOW__API_AUTH__JWT_SECRET")

    def secrets_of(home: Path) -> set[str]:
        for name in names:
            monkeypatch.delenv(name, raising=False)
        env = demo_environment(home, Ports(9190), tmp_path)
        return {env[name] for name in names}

    first, again, other = (secrets_of(tmp_path / name) for name in ("one", "one", "two"))
    assert first == again
    assert not first & other
    assert (tmp_path / "one" / "secrets" / "jwt_secret").stat().st_mode & 0o077 == 0


def test_only_the_plugin_file_is_scanned_so_that_no_module_replaces_one_of_pythons():
    """Airflow files every scanned plugin under its bare name in sys.modules."""
    program = (
        "import sys; from airflow.plugins_manager import get_timetables_plugins;"
        "print(*get_timetables_plugins());"
        "print({'tasks', 'timetable', 'model', 'message', 'sender'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    registered, replaced = done.stdout.splitlines()[-2:]
    assert registered.split() == [
        "roadmap_airflow.timetable.PhaseTimetable",
        "roadmap_airflow.timetable.WorkingDayTimetable",
        "roadmap_airflow.timetable.FewMinutesTimetable",
        "roadmap_airflow.timetable.ByHandTimetable",
    ], done.stderr
    assert replaced == "set()"
