"""How much Airflow adds to the March run: the whole run against its stages plus empty tasks."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

from roadmap_cli.airflow_api import AirflowApi, wait_until
from roadmap_cli.environment import Ports, demo_environment
from roadmap_cli.processes import background, is_free, python
from roadmap_cli.setup import make_ready, put_files

RUN_SECONDS = 1200
MARCH_ENDS = date(2021, 3, 31)
MARCH = ("2021-03-01T00:00:00+03:00", "2021-03-31T23:59:59+03:00")


@dataclass(frozen=True)
class PhaseTimes:
    """Seconds of wall time, all measured in one go on one machine."""

    in_airflow: float
    stages: float
    empty_tasks: float
    tasks: int

    @property
    def ratio(self) -> float:
        return self.in_airflow / (self.stages + self.empty_tasks)


def measure() -> PhaseTimes:
    """Run March three times over: bare stages, the empty twin, the real DAG."""
    with tempfile.TemporaryDirectory(prefix="roadmap-bench-") as scratch:
        folder = Path(scratch)
        ports = Ports(_free_base())
        bare = _stages_seconds(folder / "bare", Ports(_free_base(ports.ui + 10)))
        with _airflow(folder / "airflow", ports) as api:
            real, tasks = _dag_seconds(api, "march_analysis")
            twin, _ = _dag_seconds(api, "empty_twin")
    return PhaseTimes(real, bare, twin, tasks)


def _free_base(start: int = 18400) -> int:
    return next(
        base for base in range(start, start + 1000, 10) if all(map(is_free, Ports(base).all))
    )


def _stages_seconds(var: Path, ports: Ports) -> float:
    from bench.stages import Place, run_stages
    from roadmap.delivery.settings import settings_from
    from roadmap.evidence.request import RunRequest
    from roadmap.store.engine import open_engine

    env = demo_environment(var / "home", ports, var)
    make_ready(env, var)
    put_files(MARCH_ENDS, var)
    engine = open_engine(f"sqlite:///{var / 'roadmap.db'}")
    # Only for these stages: what stands in the environment would win over the real run's own.
    ours = {name: env[name] for name in ("AIRFLOW_HOME", "AIRFLOW_CONN_SMTP_DEFAULT")}
    with _mailbox(env, var, ports), patch.dict(os.environ, ours):
        from roadmap_airflow.mail import mail_server

        request = RunRequest("2021", "march_analysis", "live", None, None, (), None, "bench")
        begun = time.monotonic()
        result = run_stages(Place(engine, var, mail_server(), settings_from(env)), request)
        seconds = time.monotonic() - begun
    engine.dispose()
    if not result.is_settled:
        raise SystemExit(result.text)
    return seconds


@contextmanager
def _mailbox(env: dict[str, str], var: Path, ports: Ports) -> Iterator[None]:
    from roadmap_demo.mailbox import is_ours

    command = python(
        "roadmap_demo.mailbox", "--port", str(ports.mail), "--folder", str(var / "mailbox")
    )
    with background(command, env, var / "mailbox.log"):
        if not wait_until(lambda: is_ours(ports.mail, var / "mailbox"), 20, every=0.1):
            raise SystemExit("Почтовый сервер не запустился")
        yield


@contextmanager
def _airflow(var: Path, ports: Ports) -> Iterator[AirflowApi]:
    from roadmap.paths import ROOT

    dags = var / "dags"
    dags.mkdir(parents=True)
    shutil.copy(ROOT / "dags" / "march_analysis.py", dags)
    shutil.copy(ROOT / "bench" / "dags" / "empty_twin.py", dags)
    env = demo_environment(var / "home", ports, var) | {"AIRFLOW__CORE__DAGS_FOLDER": str(dags)}
    make_ready(env, var)
    put_files(MARCH_ENDS, var)
    with (
        _mailbox(env, var, ports),
        background(python("roadmap_cli.components"), env, var / "airflow.log"),
    ):
        api = AirflowApi(f"http://127.0.0.1:{ports.ui}")
        if not wait_until(api.is_healthy, 180):
            raise SystemExit((var / "airflow.log").read_text()[-2000:])
        if not wait_until(lambda: len(api.get("/dags")["dags"]) == 2, 120):
            raise SystemExit("Airflow не прочитал DAG")
        yield api


def _dag_seconds(api: AirflowApi, dag: str) -> tuple[float, int]:
    api.send("PATCH", f"/dags/{dag}", {"is_paused": False})
    if dag == "march_analysis":
        window = {"from_date": MARCH[0], "to_date": MARCH[1]}
        body: dict[str, Any] = {"dag_id": dag, **window, "max_active_runs": 1}
        api.send("POST", "/backfills", body | {"reprocess_behavior": "none"})
    else:
        api.send("POST", f"/dags/{dag}/dagRuns", {"logical_date": None})

    def run() -> dict[str, Any]:
        found = api.get(f"/dags/{dag}/dagRuns")["dag_runs"]
        return dict(found[0]) if found else {"state": ""}

    wait_until(lambda: run()["state"] in {"success", "failed"}, RUN_SECONDS)
    ended = run()
    if ended["state"] != "success":
        raise SystemExit(f"{dag}: {ended['state']}")
    begun, end = (datetime.fromisoformat(ended[key]) for key in ("start_date", "end_date"))
    path = f"/dags/{dag}/dagRuns/{ended['dag_run_id']}/taskInstances?limit=1"
    return (end - begun).total_seconds(), int(api.get(path)["total_entries"])
