"""Of commands that would get into each other's way, one goes on at a time."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from roadmap.paths import ROOT
from roadmap_cli.processes import AlreadyRuns, only_one

HOLDS = """
import sys; from pathlib import Path; from roadmap_cli.processes import only_one
with only_one(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.readline()
"""


@contextmanager
def another_holds(lock: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that is in a block of this lock until it is told to go on, or killed."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(lock)],
        env={**os.environ, "PYTHONPATH": str(ROOT / "plugins")},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_the_second_of_two_is_refused_until_the_first_has_ended(tmp_path: Path):
    lock = tmp_path / "locks" / "2021-march_analysis"
    with another_holds(lock) as other:
        with pytest.raises(AlreadyRuns), only_one(lock):
            pytest.fail("two at once")
        with only_one(lock.with_name("2021-june_monitoring")):
            pass
        other.communicate("go on\n")
        with only_one(lock):
            pass


def test_the_lock_of_a_process_that_was_killed_holds_nobody(tmp_path: Path):
    with another_holds(tmp_path / "lock") as other:
        other.kill()
        other.wait()
        with only_one(tmp_path / "lock"):
            pass


def test_who_waits_goes_on_when_the_first_has_ended(tmp_path: Path):
    with another_holds(tmp_path / "lock") as other:
        waiting = subprocess.Popen(
            [
                sys.executable,
                "-c",
                HOLDS.replace("[1])", "[1]), waits=True"),
                str(tmp_path / "lock"),
            ],
            env={**os.environ, "PYTHONPATH": str(ROOT / "plugins")},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert waiting.poll() is None
        other.communicate("go on\n")
        output, _ = waiting.communicate("go on\n")
    assert output == "held\n"
