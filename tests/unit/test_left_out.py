"""What could not be tested here is told by name at the end, never passed over in silence."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from roadmap.paths import ROOT

SUITE = """
from support.left_out import leave_out

def test_that_needs_a_letter_opener():
    leave_out("a letter opener is not installed")

def test_that_needs_nothing():
    pass
"""


def test_a_left_out_test_is_named_at_the_end(tmp_path: Path) -> None:
    suite = tmp_path / "test_suite.py"
    suite.write_text(SUITE, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "conftest", "-p", "no:cacheprovider", suite],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([f"{ROOT}/tests", f"{ROOT}/plugins"])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "= left out: 1 =" in done.stdout
    assert (
        "test_suite.py::test_that_needs_a_letter_opener: a letter opener is not installed"
        in done.stdout
    )
    assert "test_that_needs_nothing" not in done.stdout
