"""An Airflow of the tests' own: home, metadata database and connections in a temporary folder."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

# Airflow reads its settings at its first import, which happens while tests are collected.
_HOME = Path(tempfile.mkdtemp(prefix="roadmap-airflow-tests-"))


def pytest_configure() -> None:
    from roadmap_cli.environment import Ports, demo_environment

    for name in [name for name in os.environ if name.startswith(("AIRFLOW", "ROADMAP_"))]:
        del os.environ[name]
    os.environ.update(demo_environment(_HOME / "airflow", Ports(18080), _HOME / "var"))


pytest_configure()
