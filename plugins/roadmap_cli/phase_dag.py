"""One DAG run by Airflow's own `dag.test`, with its progress, and what became of its letters.

`phase` starts it with everything ready. The exit status is 0 only when the run is green and
the reconciliation balances with nothing blocked, unknown, rejected, exhausted or pending.
"""

from __future__ import annotations

import argparse
import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from roadmap_cli.arguments import ArgumentParser, one_of, plan_code

if TYPE_CHECKING:
    from sqlalchemy import Engine

MODES = {
    "live": "письма адресатам",
    "redirect": "письма на проверочный адрес",
    "dry": "ничего не отправлять",
}
KNOWN_BY = {"loaded": "по загруженному", "received": "по всему поступившему"}


def main() -> None:
    arguments = phase_arguments("Run one phase's DAG, everything being ready").parse_args()
    state, dag_run_id = run_dag(arguments.phase, arguments.plan, form(arguments))
    raise SystemExit(report(state, dag_run_id))


def form(arguments: argparse.Namespace) -> dict[str, Any]:
    """The fields of the trigger form, filled in with what the command was asked for."""
    return {
        "plan": arguments.plan,
        "as_of": arguments.as_of or None,
        "known_at": arguments.known_at or None,
        "known_by": arguments.known_by,
        "mode": arguments.mode,
        "municipalities": arguments.municipalities,
        "sample": arguments.sample,
        "reason": arguments.reason or None,
    }


def phase_arguments(description: str) -> ArgumentParser:
    """What `make phase` passes on; an empty value means what the plan says."""
    parser = ArgumentParser(description=description)
    parser.add_argument("--phase", required=True)
    parser.add_argument("--plan", type=plan_code, required=True)
    parser.add_argument("--as-of", default="", help="YYYY-MM-DD; empty: the plan's")
    parser.add_argument("--known-at", default="", help="YYYY-MM-DD[THH:MM], local; empty: now")
    parser.add_argument("--known-by", type=one_of("KNOWN_BY", KNOWN_BY), default="loaded")
    parser.add_argument("--mode", type=one_of("MODE", MODES), default="live")
    parser.add_argument("--municipalities", type=_keys, default=[], help="keys, comma-separated")
    parser.add_argument(
        "--sample", type=_sample, default=None, help="of a test: so many addressees at random"
    )
    parser.add_argument("--reason", default="")
    return parser


def _sample(text: str) -> int | None:
    if not text:
        return None
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"SAMPLE: «{text}» — не число адресатов от 1.")
    return int(text)


def _keys(text: str) -> list[str]:
    return [key.strip() for key in text.split(",") if key.strip()]


def run_dag(phase: str, plan: str, conf: dict[str, Any]) -> tuple[str, str]:
    """State and id of the DAG run of this phase, with its progress printed."""
    from airflow.dag_processing.dagbag import DagBag
    from airflow.sdk.listener import get_listener_manager

    from roadmap.paths import ROOT
    from roadmap.plan.load import load_plan
    from roadmap.plan.schedule import phase_events
    from roadmap_cli import progress

    begins: datetime | None = phase_events(phase, [load_plan(plan)])[0].data_interval_start
    if begins is not None and begins > datetime.now(UTC):
        begins = None  # a rehearsal of a year to come: our timetables refuse such a logical date
    own = ROOT / "dags" / f"{phase}.py"
    bag = DagBag(str(own if own.exists() else own.with_name("plan_phases.py")))
    if phase not in bag.dags:
        raise SystemExit(
            f"Этап «{phase}» не загружается: {bag.import_errors or 'такого файла нет'}. Сообщите в "
            "поддержку."
        )
    get_listener_manager().add_listener(progress)
    logging.getLogger("airflow").setLevel(logging.CRITICAL)  # English; `phase.PLAIN_LOG` goes on
    dag_run = bag.dags[phase].test(logical_date=begins, run_conf=conf)
    return str(dag_run.state), str(dag_run.run_id)


def report(state: str, dag_run_id: str) -> int:
    """Print the reconciliation of the run; 0 when all is settled."""
    from roadmap.delivery.account.reconcile import reconcile
    from roadmap_airflow.connections import roadmap_db

    with roadmap_db() as engine:
        run_id = _latest_phase_run(engine, dag_run_id)
        if run_id is None:
            print("Сведения не зафиксированы: запуск остановился раньше, причина названа выше.")
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
