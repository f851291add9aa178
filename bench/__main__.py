"""`make bench`: the figures of speed, as ratios of things timed in one run on one machine.

Absolute seconds of one machine say nothing about another; ratios do. Nothing here is asserted.
"""

from __future__ import annotations

import logging
import tempfile
from datetime import date
from pathlib import Path

INTAKE_REPEATS = 3


def main() -> None:
    logging.disable(logging.WARNING)
    print("Figures of this run, on this machine\n")
    with tempfile.TemporaryDirectory(prefix="roadmap-bench-") as scratch:
        _intake(Path(scratch))
    _rendering()
    _imports()
    _phase()


def _intake(folder: Path) -> None:
    from bench import intake
    from roadmap_demo.generate import generate

    generate(folder / "demo", 2021, until=date(2021, 3, 31))
    exports = intake.Inbox(folder / "demo", 2021, ("vpr_marks", "vpr_journal"))
    protocol = intake.protocol_inbox(folder / "protocol")
    sets = {
        "a pupil protocol, 25,000 rows × 40 columns": (protocol, 2),
        "the demo's small exports": (exports, 4),
    }
    print("Taking in (inbox, sandbox, pre-scan, parsing, checks, writing)")
    for name, (inbox, aim) in sets.items():
        files = inbox.files()
        ours = min(intake.take_in_seconds(inbox) for _ in range(INTAKE_REPEATS))
        bare = min(intake.calamine_seconds(files) for _ in range(INTAKE_REPEATS))
        slow = intake.pandas_seconds(files)
        print(f"  {name}")
        _line("against a bare python-calamine read", f"{ours / bare:.2f} times", f"at most {aim}")
        _line("against pandas with openpyxl", f"{slow / ours:.1f} times faster", "at least 4")


def _rendering() -> None:
    from bench import render

    times = render.measure(render.demo_model(), render.demo_registry())
    print("One municipality's package (four formats, charts, checks)")
    ratio = f"{times.package / times.bare:.2f} times"
    _line("against the bare calls of the same libraries", ratio, "at most 1.2")


def _imports() -> None:
    from bench.imports import extra_import_seconds

    print("Import of a DAG file above an empty DAG file")
    for name, seconds in extra_import_seconds().items():
        _line(name, f"{seconds:.2f} s", "within 0.15 s")


def _phase() -> None:
    from bench.phase import measure

    times = measure()
    print(f"The whole March run in Airflow ({times.tasks} tasks)")
    _line(
        "against its stages without Airflow and as many empty tasks",
        f"{times.ratio:.2f} times",
        "at most 1.2",
    )
    shares = (times.in_airflow, times.stages, times.empty_tasks)
    print("    in Airflow {:.0f} s, stages {:.0f} s, empty tasks {:.0f} s".format(*shares))


def _line(what: str, figure: str, aim: str) -> None:
    print(f"    {what:<60} {figure:>18}   aim: {aim}", flush=True)


if __name__ == "__main__":
    main()
