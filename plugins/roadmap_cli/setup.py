"""Making ready: the demo's files, both databases, the pool of the mail server."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from roadmap.russian import day, of_plan
from roadmap_cli.environment import VAR
from roadmap_cli.processes import AlreadyRuns, only_one, python

SMTP_POOL_SLOTS = "2"
NOT_FOR_OTHERS = 0o077  # a umask
DEMO_YEAR = 2021
DEMO_PLAN = str(DEMO_YEAR)


def make_ready(env: Mapping[str, str], var: Path = VAR) -> None:
    """Make the folders and migrate both databases; a second call changes nothing."""
    home = Path(env["AIRFLOW_HOME"])
    keep_to_ourselves(var, home)
    print("Готовим базы данных…", flush=True)
    with only_one(home / "setup.lock", waits=True):
        _migrate(env, home)


@contextmanager
def phase_alone(plan: str, phase: str, var: Path = VAR) -> Iterator[None]:
    """For the time of the block no other command of ours runs that phase; SystemExit, in Russian,
    where one does: both would take in the same files and write to the same addressees."""
    try:
        with only_one(var / "locks" / f"{plan}-{phase}"):
            yield
    except AlreadyRuns:
        raise SystemExit(
            f"Этап «{phase}» плана {of_plan(plan)} уже выполняет другая команда (make phase или "
            "make run). Дождитесь, когда она закончит, и повторите."
        ) from None


def _migrate(env: Mapping[str, str], home: Path) -> None:
    log_file = home / "setup.log"
    # PATH begins with our environment. The first command of Airflow writes its airflow.cfg, so
    # nothing else runs beside it.
    _run(env, log_file, ["airflow", "db", "migrate"])
    with ThreadPoolExecutor() as side_by_side:
        # Where the caller's environment names another database, that one is migrated.
        ours = side_by_side.submit(_run, env, log_file, python("roadmap_airflow.migrate"))
        _run(env, log_file, ["airflow", "pools", "set", "smtp", SMTP_POOL_SLOTS, "Почтовый сервер"])
        ours.result()


def keep_to_ourselves(var: Path, home: Path) -> None:
    """Make the folders, readable by nobody else, and all that this process and its children make.

    People's addresses stand in the inbox, the letters, the logs of a mail server and the
    databases. What an earlier version left readable is mended. `var` itself may be any folder
    that the caller names, so only what we make in it is touched.
    """
    os.umask(NOT_FOR_OTHERS)
    folders = [var / name for name in ("inbox", "archive", "reports", "mailbox", "receipts")]
    for folder in (*folders, var / "logs", var / "letters-again", var / "locks", home):
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
    for file in (*var.glob("roadmap.db*"), *var.glob("portal.db*")):
        file.chmod(0o600)


def put_files(until: date, var: Path = VAR) -> None:
    """Put into the inbox what the demo year had brought by the end of a day; never go back."""
    from roadmap_demo.generate import generate

    print(f"Готовим файлы, поступившие по {day(until)}…", flush=True)
    with only_one(var / "locks" / "inbox", waits=True):
        generate(var / "inbox", DEMO_YEAR, until=until)


def _run(env: Mapping[str, str], log_file: Path, command: list[str]) -> None:
    with log_file.open("ab") as output:
        done = subprocess.run(  # noqa: S603 - commands are our own
            command, env=dict(env), stdout=output, stderr=output, check=False
        )
    if done.returncode:
        raise SystemExit(f"Не удалось: {' '.join(command)}. Смотрите {log_file}")
