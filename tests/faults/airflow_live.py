"""A whole Airflow for the fault tests: scheduler, DAG processor, API server, LocalExecutor.

It works on a copy of dags, plugins and include, so that a scenario may deploy another version,
and in which the waits that are constants of ours are shortened; Airflow's own waits are
shortened by its settings. Its metadata database is a PostgreSQL of its own, which a scenario
may crash. Everything that was started is ended at the end, by its process id.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import pytest

from roadmap.paths import ROOT
from roadmap_cli.airflow_api import AirflowApi, wait_until
from roadmap_cli.environment import Ports, demo_environment
from support.march_world import free_ports
from support.postgres_server import PostgresServer, mortal_postgres

OUR_DAGS = Path(__file__).parent / "airflow_dags"
COMPONENTS = ("api-server", "scheduler", "dag-processor")
START_SECONDS = 120
ENDED = {"success", "failed"}

# (file, as it stands there, as it stands in the copy)
SHORTENED = (
    (
        "plugins/roadmap/delivery/ledger/moves.py",
        "\nLEASE_MS = PATIENCE.lease_ms",
        "\nLEASE_MS = 8_000",
    ),
    (
        "plugins/roadmap/delivery/ledger/moves.py",
        "IN_DOUBT_LEASE_MS = PATIENCE.in_doubt_lease_ms",
        "IN_DOUBT_LEASE_MS = 12_000",
    ),
    # The scenario itself is the clock of the delivery watch.
    ("dags/delivery_watch.py", "schedule=FewMinutesTimetable.every(5)", "schedule=None"),
    (
        "plugins/roadmap_airflow/defaults.py",
        "SEND_RETRY_DELAY = timedelta(seconds=30)",
        "SEND_RETRY_DELAY = timedelta(seconds=2)",
    ),
    (
        "plugins/roadmap_airflow/defaults.py",
        "SEND_MAX_RETRY_DELAY = timedelta(minutes=30)",
        "SEND_MAX_RETRY_DELAY = timedelta(seconds=2)",
    ),
    (
        "plugins/roadmap_airflow/defaults.py",
        '"retry_delay": timedelta(seconds=20)',
        '"retry_delay": timedelta(seconds=2)',
    ),
)
LIGHT_PRELOAD = ",".join(
    (
        "airflow.executors.local_executor",
        "airflow.sdk.execution_time.supervisor",
        "airflow.sdk.execution_time.task_runner",
        "airflow.dag_processing.dagbag",
        "airflow.providers.smtp.hooks.smtp",
        "roadmap.delivery.sending.sender",
        "roadmap_airflow.delivery_watch",
    )
)
SETTINGS = {
    "CORE__PARALLELISM": "6",
    "SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "1",
    "SCHEDULER__JOB_HEARTBEAT_SEC": "1",
    # A scheduler that was silent for so long is dead, and what it ran is started anew.
    "SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "6",
    "SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "3",
    # A task that was silent for so long is dead.
    "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "8",
    "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "2",
    "WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
    "WORKERS__MAX_FAILED_HEARTBEATS": "3",
    "WORKERS__EXECUTION_API_RETRIES": "2",
    "WORKERS__EXECUTION_API_RETRY_WAIT_MIN": "0.5",
    "WORKERS__EXECUTION_API_RETRY_WAIT_MAX": "1",
    "DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "600",
    "DATABASE__SQL_ALCHEMY_POOL_SIZE": "3",
    "DATABASE__SQL_ALCHEMY_MAX_OVERFLOW": "4",
}


@dataclass(frozen=True)
class TaskInstance:
    map_index: int
    state: str | None
    pid: int | None
    tries: int


@dataclass
class LiveAirflow:
    """One Airflow. `project` is the copy that it runs, `var` where the roadmap's data lie."""

    project: Path
    var: Path
    env: dict[str, str]
    api: AirflowApi
    metadata: PostgresServer
    _running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    # -- processes -----------------------------------------------------------------------------

    def start(self, *components: str) -> None:
        """Start these components, each in a session of its own."""
        for name in components:
            log = self.var / "logs" / f"{name}.log"
            with log.open("ab") as output:
                self._running[name] = subprocess.Popen(
                    ["airflow", name, "--pid", str(self.var / f"{name}.pid")],
                    env=self.env, stdout=output, stderr=output, start_new_session=True,
                )  # fmt: skip

    def kill(self, component: str) -> None:
        """SIGKILL to this one process; whatever it has started goes on."""
        process = self._running.pop(component)
        process.kill()
        process.wait()

    def revive(self) -> list[str]:
        """Start what has ended by itself, as `restart: always` does; their names."""
        ended = [name for name, process in self._running.items() if process.poll() is not None]
        self.start(*ended)
        return ended

    def end(self) -> None:
        """SIGKILL to everything that was started, and to what that has started."""
        while pids := self.processes():
            for pid in pids:
                _kill(pid)
            for process in self._running.values():
                process.poll()
            time.sleep(0.05)

    def processes(self) -> list[int]:
        """Every living process whose environment names this run's folder."""
        mark = f"ROADMAP_VAR={self.var}".encode()
        return [pid for pid in _pids() if mark in _environment(pid) and is_alive(pid)]

    # -- the API -------------------------------------------------------------------------------

    def unpause(self, dag_id: str) -> None:
        assert wait_until(lambda: self.knows(dag_id), START_SECONDS, every=0.5), dag_id
        self.api.send("PATCH", f"/dags/{dag_id}", {"is_paused": False})

    def pause(self, dag_id: str) -> None:
        self.api.send("PATCH", f"/dags/{dag_id}", {"is_paused": True})

    def knows(self, dag_id: str) -> bool:
        return bool(self._ask("select 1 from serialized_dag where dag_id = %s", dag_id))

    def trigger(self, dag_id: str, run_id: str, **conf: Any) -> str:
        body = {"dag_run_id": run_id, "logical_date": None, "conf": conf}
        self.api.send("POST", f"/dags/{dag_id}/dagRuns", body)
        return run_id

    def backfill(self, dag_id: str, year: int, **conf: Any) -> None:
        body = {
            "dag_id": dag_id,
            "from_date": f"{year}-01-01T00:00:00+03:00",
            "to_date": f"{year}-12-31T23:59:59+03:00",
            "reprocess_behavior": "none",
            "max_active_runs": 1,
            "dag_run_conf": conf,
        }
        self.api.send("POST", "/backfills", body)

    # Asked of the metadata database: answers cost next to nothing, however often.

    def runs(self, dag_id: str) -> dict[str, str]:
        """State by run id."""
        rows = self._ask("select run_id, state from dag_run where dag_id = %s", dag_id)
        return dict(rows)

    def tasks(self, dag_id: str, run_id: str, task_id: str) -> list[TaskInstance]:
        """The task's instances, those that were mapped in their order."""
        rows = self._ask(
            "select map_index, state, pid, try_number from task_instance"
            " where dag_id = %s and run_id = %s and task_id = %s order by map_index",
            dag_id, run_id, task_id,
        )  # fmt: skip
        return [TaskInstance(*row) for row in rows]

    def running(self, dag_id: str, run_id: str, task_id: str) -> list[TaskInstance]:
        """The instances that run, each with the id of a living process."""
        return [
            one
            for one in self.tasks(dag_id, run_id, task_id)
            if one.state == "running" and one.pid and is_alive(one.pid)
        ]

    def wait_for_run(self, dag_id: str, run_id: str, seconds: float = 180) -> str:
        """The state in which the run ended; what ends by itself meanwhile is started again."""

        def has_ended() -> bool:
            self.revive()
            return self.runs(dag_id).get(run_id) in ENDED

        eventually(has_ended, seconds, every=0.2)
        return self.runs(dag_id)[run_id]

    def _ask(self, query: LiteralString, *values: str) -> list[Any]:
        with psycopg.connect(self.metadata_conninfo, autocommit=True) as db:
            return db.execute(query, values).fetchall()

    @property
    def metadata_conninfo(self) -> str:
        return self.env["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"].replace("+psycopg", "")

    # -- what people do ------------------------------------------------------------------------

    def clear(
        self, dag_id: str, run_id: str, tasks: Sequence[str | tuple[str, int]], **more: Any
    ) -> None:
        body = {"dry_run": False, "only_failed": False, "dag_run_id": run_id}
        body |= {"task_ids": list(tasks), **more}
        self.api.send("POST", f"/dags/{dag_id}/clearTaskInstances", body)

    def mark(self, dag_id: str, run_id: str, task_id: str, map_index: int, state: str) -> None:
        where = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}"
        where += "" if map_index < 0 else f"/{map_index}"
        self.api.send("PATCH", where, {"new_state": state})

    # -- another version -----------------------------------------------------------------------

    @contextmanager
    def deployed(self, changes: Mapping[str, tuple[str | None, str]]) -> Iterator[None]:
        """Other files for a while: glob → (words, the words instead; None: the whole file)."""
        kept: dict[Path, str] = {}
        for pattern, (words, instead) in changes.items():
            files = sorted(self.project.glob(pattern))
            assert files, pattern
            for file in files:
                kept[file] = text = file.read_text("utf-8")
                changed = instead if words is None else text.replace(words, instead)
                assert changed != text, file
                file.write_text(changed, "utf-8")
        try:
            yield
        finally:
            for file, text in kept.items():
                file.write_text(text, "utf-8")

    def parse(self, dag_id: str) -> None:
        """Have the DAG's file read now, not when its turn comes."""
        token = self.api.get(f"/dags/{dag_id}")["file_token"]
        self.api.send("PUT", f"/parseDagFile/{token}", {})

    def title(self, dag_id: str) -> str:
        return str(self.api.get(f"/dags/{dag_id}")["dag_display_name"])


@contextmanager
def live_airflow(var: Path, mail_port: int, *, has_phases: bool) -> Iterator[LiveAirflow]:
    """Copy, databases' place, processes; ends with nothing of it left.

    Without phases no task needs the heavy modules, so nothing waits for them to be imported.
    """
    ports = free_ports()
    with mortal_postgres() as metadata:
        url = metadata.url.replace("@/postgres", "@/airflow")
        with psycopg.connect(metadata.url.replace("+psycopg", ""), autocommit=True) as db:
            db.execute("create database airflow")
        project = _copy(var / "project", has_phases)
        env = _environment_of(project, var, ports, mail_port, url)
        if not has_phases:
            env["AIRFLOW__CORE__MP_FORKSERVER_PRELOAD"] = LIGHT_PRELOAD
        api = AirflowApi(f"http://127.0.0.1:{ports.ui}")
        airflow = LiveAirflow(project, var, env, api, metadata)
        log = var / "logs" / "migrate.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        try:
            with log.open("wb") as output:
                subprocess.run(
                    ["airflow", "db", "migrate"],
                    env=env, stdout=output, stderr=output, check=True, timeout=START_SECONDS,
                )  # fmt: skip
            airflow.start(*COMPONENTS)
            assert wait_until(api.is_healthy, START_SECONDS, every=0.3), log.parent
            pool = {"name": "smtp", "slots": 4, "description": "", "include_deferred": False}
            api.send("POST", "/pools", pool)
            yield airflow
        finally:
            airflow.end()


def _copy(project: Path, has_phases: bool) -> Path:
    no_caches = shutil.ignore_patterns("__pycache__")
    for name in ("plugins", "include"):
        shutil.copytree(ROOT / name, project / name, ignore=no_caches)
    (project / "dags").mkdir()
    for name in ("delivery_watch.py", *(("march_analysis.py",) if has_phases else ())):
        shutil.copy(ROOT / "dags" / name, project / "dags")
    for file in OUR_DAGS.glob("*.py"):
        shutil.copy(file, project / "dags")
    for name, as_it_is, shorter in SHORTENED:
        file = project / name
        before, found, after = file.read_text("utf-8").partition(as_it_is)
        assert found and as_it_is not in after, (name, as_it_is)
        file.write_text(before + shorter + after, "utf-8")
    return project


def _environment_of(
    project: Path, var: Path, ports: Ports, mail_port: int, metadata: str
) -> dict[str, str]:
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("AIRFLOW", "ROADMAP_"))]:
            patch.delenv(name)
        env = demo_environment(var / "home", ports, var)
    mail = json.loads(env["AIRFLOW_CONN_SMTP_DEFAULT"]) | {"port": mail_port}
    ours = {
        "CORE__DAGS_FOLDER": str(project / "dags"),
        "CORE__PLUGINS_FOLDER": str(project / "plugins"),
        "DATABASE__SQL_ALCHEMY_CONN": metadata,
        "DATABASE__SQL_ALCHEMY_CONN_ASYNC": metadata,
        **SETTINGS,
    }
    return (
        env
        | {f"AIRFLOW__{name}": value for name, value in ours.items()}
        | {
            "PYTHONPATH": str(project / "plugins"),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{env['PATH']}",
            "AIRFLOW_CONN_SMTP_DEFAULT": json.dumps(mail),
            "ROADMAP_VAR": str(var),
            "SPT_NOENV": "1",  # a process that renames itself keeps its environment readable
            "ROADMAP_MAX_ATTEMPTS": "50",
            "ROADMAP_LETTERS_PER_MINUTE": "6000",
            "ROADMAP_LETTERS_PER_RECIPIENT_DAY": "1000",
            "ROADMAP_PAUSE_AFTER_UNKNOWN": "50",
        }
    )


# -- processes of the machine ------------------------------------------------------------------


def parent_of(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[1])


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def kill_process(pid: int) -> None:
    """SIGKILL, and wait until it is gone."""
    _kill(pid)
    assert wait_until(lambda: not is_alive(pid), 5, every=0.02)


def eventually(condition: Callable[[], Any], seconds: float = 30, every: float = 0.1) -> None:
    """Fail when the condition does not come true in time."""
    assert wait_until(lambda: bool(condition()), seconds, every), f"not in {seconds} s"


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _pids() -> list[int]:
    return [
        int(folder.name)
        for folder in Path("/proc").iterdir()
        if folder.name.isdecimal() and int(folder.name) != os.getpid()
    ]


def _environment(pid: int) -> list[bytes]:
    try:
        return (Path("/proc") / str(pid) / "environ").read_bytes().split(b"\0")
    except OSError:
        return []
