"""What the import of each DAG file costs above an empty DAG file: the DAG processor pays it."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from roadmap.paths import ROOT
from roadmap_cli.environment import Ports, demo_environment

REPEATS = 7
EMPTY = "from airflow.sdk import DAG, dag, task\n\nDAG('empty', schedule=None)\n"
# Airflow's own modules are imported first: the DAG processor has them already.
TIMED = (
    "import sys, time, runpy, airflow.sdk, airflow.timetables.base, airflow.models.dagbag;"
    "begun = time.perf_counter(); runpy.run_path(sys.argv[1]); print(time.perf_counter() - begun)"
)


def extra_import_seconds() -> dict[str, float]:
    """DAG file → seconds above the empty file; each the least of several new processes."""
    with tempfile.TemporaryDirectory(prefix="roadmap-bench-") as scratch:
        folder = Path(scratch)
        env = demo_environment(folder / "home", Ports(18390), folder)
        empty = folder / "empty.py"
        empty.write_text(EMPTY)
        files = [empty, *sorted((ROOT / "dags").glob("*.py"))]
        least = {file: float("inf") for file in files}
        for _ in range(REPEATS):  # in turn, so that a slow moment of the machine hits all alike
            for file in files:
                least[file] = min(least[file], _seconds(file, env))
        return {file.name: least[file] - least[empty] for file in files[1:]}


def _seconds(file: Path, env: dict[str, str]) -> float:
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", TIMED, str(file)],
        env=env,
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout.split()[-1])
