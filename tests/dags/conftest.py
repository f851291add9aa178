"""An Airflow of the tests' own: home, metadata database and connections in a temporary folder."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

# Airflow reads its settings at its first import, which happens while tests are collected.
_HOME = Path(tempfile.mkdtemp(prefix="roadmap-airflow-tests-"))


def pytest_configure() -> None:
    from roadmap_cli.environment import Ports, demo_environment

    for name in [name for name in os.environ if name.startswith(("AIRFLOW", "ROADMAP_"))]:
        del os.environ[name]
    os.environ.update(demo_environment(_HOME / "airflow", Ports(18080), _HOME / "var"))
    # Beside one test's database they would tell that another's was put back from a copy.
    del os.environ["ROADMAP_RECEIPTS_FOLDER"]


pytest_configure()


@pytest.fixture
def connection(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Sets one connection by its environment variable."""

    def enter(name: str, **fields: Any) -> None:
        monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}", json.dumps(fields))

    return enter
