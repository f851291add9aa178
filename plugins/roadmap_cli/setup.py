"""Making ready: the demo's files, both databases, the pool of the mail server."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

from roadmap.russian import day
from roadmap_cli.environment import VAR
from roadmap_cli.processes import python

SMTP_POOL_SLOTS = "2"
DEMO_YEAR = 2021


def make_ready(env: Mapping[str, str], var: Path = VAR) -> None:
    """Make the folders and migrate both databases; a second call changes nothing."""
    for name in ("inbox", "archive", "reports", "mailbox"):
        (var / name).mkdir(parents=True, exist_ok=True)
    print("Готовим базы данных…", flush=True)
    home = Path(env["AIRFLOW_HOME"])
    home.mkdir(parents=True, exist_ok=True)
    log_file = home / "setup.log"
    # PATH begins with our environment. The first command of Airflow writes its airflow.cfg, so
    # nothing else runs beside it.
    _run(env, log_file, ["airflow", "db", "migrate"])
    with ThreadPoolExecutor() as side_by_side:
        # Where the caller's environment names another database, that one is migrated.
        ours = side_by_side.submit(_run, env, log_file, python("roadmap_airflow.migrate"))
        _run(env, log_file, ["airflow", "pools", "set", "smtp", SMTP_POOL_SLOTS, "Почтовый сервер"])
        ours.result()


def put_files(until: date, var: Path = VAR) -> None:
    """Put into the inbox what the demo year had brought by the end of a day; never go back."""
    from roadmap_demo.generate import generate

    print(f"Готовим файлы, поступившие по {day(until)}…", flush=True)
    generate(var / "inbox", DEMO_YEAR, until=until)


def _run(env: Mapping[str, str], log_file: Path, command: list[str]) -> None:
    with log_file.open("ab") as output:
        done = subprocess.run(  # noqa: S603 - commands are our own
            command, env=dict(env), stdout=output, stderr=output, check=False
        )
    if done.returncode:
        raise SystemExit(f"Не удалось: {' '.join(command)}. Смотрите {log_file}")
