"""Making ready: the demo's files, both databases, the pool of the mail server."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

from roadmap_cli.environment import VAR

SMTP_POOL_SLOTS = "2"


def make_ready(env: Mapping[str, str], var: Path = VAR) -> None:
    """Make the demo year's files and migrate both databases; a second call changes nothing."""
    from roadmap.store.engine import open_engine
    from roadmap.store.migrate import upgrade
    from roadmap_demo.generate import generate

    print("Готовим файлы демонстрационного года…", flush=True)
    generate(var / "inbox", 2021)
    for name in ("archive", "reports", "mailbox"):
        (var / name).mkdir(parents=True, exist_ok=True)
    print("Готовим базы данных…", flush=True)
    engine = open_engine(f"sqlite:///{var / 'roadmap.db'}")
    upgrade(engine)
    engine.dispose()
    home = Path(env["AIRFLOW_HOME"])
    home.mkdir(parents=True, exist_ok=True)
    log_file = home / "setup.log"
    _airflow(env, log_file, "db", "migrate")
    _airflow(env, log_file, "pools", "set", "smtp", SMTP_POOL_SLOTS, "Почтовый сервер")


def _airflow(env: Mapping[str, str], log_file: Path, *arguments: str) -> None:
    with log_file.open("ab") as output:
        done = subprocess.run(  # noqa: S603
            ["airflow", *arguments],  # noqa: S607 - PATH begins with our environment
            env=dict(env),
            stdout=output,
            stderr=output,
            check=False,
        )
    if done.returncode:
        raise SystemExit(f"Не удалось: airflow {' '.join(arguments)}. Смотрите {log_file}")
