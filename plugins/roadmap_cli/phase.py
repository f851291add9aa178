"""`make phase`: the real DAG in the foreground, then the reconciliation table.

Runs Airflow's own `dag.test` in an Airflow home of its own, so that it never meddles with a
running `make run`; the roadmap's database is shared. The exit status is 0 only when the
reconciliation balances and nothing is blocked, unknown, rejected, exhausted or pending.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from roadmap_cli.airflow_api import wait_until
from roadmap_cli.environment import VAR, Ports, demo_environment
from roadmap_cli.processes import background, python
from roadmap_cli.setup import make_ready

if TYPE_CHECKING:
    from sqlalchemy import Engine

MODES = ("live", "redirect", "dry")


def main() -> None:
    parser = argparse.ArgumentParser(description="Run one phase in the foreground")
    parser.add_argument("--phase", required=True)
    parser.add_argument("--year", type=int, required=True)
    parser.add_argument("--as-of", default="", help="YYYY-MM-DD; empty: the plan's date")
    parser.add_argument("--mode", choices=MODES, default="live")
    parser.add_argument("--municipalities", default="", help="keys, comma-separated; empty: all")
    parser.add_argument("--reason", default="")
    parser.add_argument("--port", type=int, default=8080, help="as of make run: the mailbox's + 4")
    arguments = parser.parse_args()
    ports = Ports(arguments.port)
    # Before the first import of Airflow: it reads its settings then.
    os.environ.update(demo_environment(VAR / "airflow-phase", ports))
    os.environ.setdefault("AIRFLOW__LOGGING__LOGGING_LEVEL", "WARNING")
    raise SystemExit(run_phase(arguments, ports))


def run_phase(arguments: argparse.Namespace, ports: Ports) -> int:
    """The exit status of one foreground run."""
    make_ready(os.environ)
    conf = {
        "year": arguments.year,
        "as_of": arguments.as_of or None,
        "mode": arguments.mode,
        "municipalities": [key for key in arguments.municipalities.split(",") if key],
        "reason": arguments.reason or None,
    }
    with local_mailbox(ports.mail):
        state, dag_run_id = run_dag(arguments.phase, arguments.year, conf)
    return report(state, dag_run_id)


@contextmanager
def local_mailbox(port: int) -> Iterator[None]:
    """Our mail server on this port: the one that already runs, or one for the time of the run."""
    from roadmap_demo.mailbox import is_ours

    if is_ours(port):
        yield
        return
    command = python("roadmap_demo.mailbox", "--port", str(port), "--folder", str(VAR / "mailbox"))
    with background(command, os.environ, VAR / "logs" / "mailbox.log"):
        if not wait_until(lambda: is_ours(port), 20, every=0.1):
            raise SystemExit(f"Почтовый сервер не запустился на порту {port}")
        yield


def run_dag(phase: str, year: int, conf: dict[str, Any]) -> tuple[str, str]:
    """State and id of the DAG run of this phase, with its progress printed."""
    from airflow.dag_processing.dagbag import DagBag
    from airflow.sdk.listener import get_listener_manager

    from roadmap.paths import ROOT
    from roadmap.plan.load import load_plan
    from roadmap.plan.schedule import phase_events
    from roadmap_cli import progress

    events = phase_events(phase, [load_plan(year)])
    if not events:
        raise SystemExit(f"В плане {year} года нет этапа «{phase}»")
    bag = DagBag(str(ROOT / "dags" / f"{phase}.py"))
    if phase not in bag.dags:
        raise SystemExit(f"DAG «{phase}» не загружается: {bag.import_errors}")
    get_listener_manager().add_listener(progress)
    dag_run = bag.dags[phase].test(logical_date=events[0].data_interval_start, run_conf=conf)
    return str(dag_run.state), str(dag_run.run_id)


def report(state: str, dag_run_id: str) -> int:
    """Print the reconciliation of the run; 0 when all is settled."""
    from roadmap.delivery.reconcile import reconcile
    from roadmap.store.engine import open_engine

    engine = open_engine(f"sqlite:///{VAR / 'roadmap.db'}")
    run_id = _latest_phase_run(engine, dag_run_id)
    if run_id is None:
        print("Сведения не зафиксированы: запуск остановился раньше.")
        return 1
    result = reconcile(engine, run_id)
    print()
    print(result.text)
    return 0 if result.is_settled and state == "success" else 1


def _latest_phase_run(engine: Engine, dag_run_id: str) -> str | None:
    from sqlalchemy import select

    from roadmap.store.tables import phase_run

    runs = (
        select(phase_run.c.run_id)
        .where(phase_run.c.requested_by == dag_run_id)
        .order_by(phase_run.c.started_ms.desc())
        .limit(1)
    )
    with engine.connect() as db:
        return db.execute(runs).scalar()


if __name__ == "__main__":
    main()
