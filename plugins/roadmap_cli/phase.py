"""`make phase`: the real DAG in the foreground, then the reconciliation table.

The run is a process of its own (`phase_dag`), because Airflow's `dag.test` takes Ctrl-C for
the failure of a task and goes on. It has an Airflow home of its own, so that it never meddles
with a running `make run`; the roadmap's database is shared.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

from roadmap.russian import of_plan
from roadmap_cli.airflow_api import wait_until
from roadmap_cli.arguments import number
from roadmap_cli.environment import VAR, Ports, demo_environment
from roadmap_cli.phase_dag import form, phase_arguments
from roadmap_cli.processes import background, interrupt_once, is_free, python
from roadmap_cli.setup import DEMO_PLAN, make_ready, phase_alone, put_files

STOP_SECONDS = 5.0
# What asks the operator to act, each as its sentence: no moment, level, logger or line of code.
# What Airflow and libraries say is English; of an error of theirs `progress` tells.
PLAIN_LOG = {
    "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
    "AIRFLOW__LOGGING__NAMESPACE_LEVELS": "airflow.sdk=CRITICAL task=CRITICAL py.warnings=CRITICAL",
    "AIRFLOW__LOGGING__LOG_FORMAT": "      %(message)s",
    "PYTHONWARNINGS": "ignore",
}


def main() -> None:
    parser = phase_arguments("Run one phase in the foreground")
    parser.add_argument(
        "--port", type=number("PORT"), default=8080, help="as of make run: the mailbox's + 4"
    )
    arguments = parser.parse_args()
    until = refuse_slips(arguments)
    ports = Ports(arguments.port)
    interrupt_once()
    os.environ.update(demo_environment(VAR / "airflow-phase", ports))
    os.environ.update(PLAIN_LOG | os.environ)
    try:
        with phase_alone(arguments.plan, arguments.phase):
            raise SystemExit(run_phase(arguments, ports, until))
    except KeyboardInterrupt:
        raise SystemExit("\nОстановлено. Уже принятые письма повторно не уйдут.") from None


def refuse_slips(arguments: argparse.Namespace) -> date:
    """The day until which files have come: the phase's as-of day, or a later one asked for.

    SystemExit, in Russian, where there is no such plan, it has no such phase, or the phase can't be
    run as it is asked for.
    """
    from roadmap.evidence.request import FreezeRefused, read_request, refuse_request
    from roadmap.plan.load import PlanError, load_plan

    try:
        plan = load_plan(arguments.plan)
    except PlanError as error:
        raise SystemExit(str(error)) from None
    phases = {phase.code: phase for phase in plan.phases}
    if arguments.phase not in phases:
        known = ", ".join(f"{phase.code} («{phase.title}»)" for phase in plan.phases)
        raise SystemExit(
            f"В плане {of_plan(plan.code)} нет этапа «{arguments.phase}». Есть: {known}."
        )
    phase = phases[arguments.phase]
    try:
        request = read_request(plan, phase.code, form(arguments), "make phase")
        refuse_request(plan, phase, request, time.time_ns() // 1_000_000)
    except FreezeRefused as refusal:
        raise SystemExit(str(refusal)) from None
    return max(phase.as_of, request.as_of or phase.as_of)


def run_phase(arguments: argparse.Namespace, ports: Ports, until: date) -> int:
    """The exit status of one foreground run."""
    make_ready(os.environ)
    if arguments.plan == DEMO_PLAN:
        put_files(until)
    command = python(
        "roadmap_cli.phase_dag",
        f"--phase={arguments.phase}",
        f"--plan={arguments.plan}",
        f"--as-of={arguments.as_of}",
        f"--known-at={arguments.known_at}",
        f"--known-by={arguments.known_by}",
        f"--mode={arguments.mode}",
        f"--municipalities={','.join(arguments.municipalities)}",
        f"--sample={arguments.sample or ''}",
        f"--reason={arguments.reason}",
    )
    with local_mailbox(ports.mail), background(command, os.environ, None, STOP_SECONDS) as dag_run:
        return dag_run.wait()


@contextmanager
def local_mailbox(port: int) -> Iterator[None]:
    """Our mail server on this port: the one that already runs, or one for the time of the run."""
    from roadmap_demo.mailbox import is_ours

    folder = VAR / "mailbox"
    if is_ours(port, folder):
        yield
        return
    if not is_free(port):
        raise SystemExit(f"Порт {port} занят. Укажите другой: make phase PORT=8180")
    command = python("roadmap_demo.mailbox", "--port", str(port), "--folder", str(folder))
    with background(command, os.environ, VAR / "logs" / "mailbox.log"):
        if not wait_until(lambda: is_ours(port, folder), 20, every=0.1):
            raise SystemExit(f"Почтовый сервер не запустился на порту {port}")
        yield


if __name__ == "__main__":
    main()
