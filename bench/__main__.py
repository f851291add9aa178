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

    print("Taking in (inbox, sandbox, pre-scan, parsing, checks, writing)")
    generate(folder / "demo", 2021, until=date(2021, 3, 31))
    sets = {
        "a pupil protocol, 25,000 rows × 40 columns": (
            intake.protocol_inbox(folder / "protocol"), INTAKE_REPEATS, 2.0,
        ),
        "a region's small exports, 90 files of 300 schools": (
            intake.exports_inbox(folder / "exports", folder / "demo"), INTAKE_REPEATS, 4.0,
        ),
        "a region's protocols, 90 files with 1.3 million rows × 26 columns": (
            intake.region_inbox(folder / "region"), 1, 1.5,
        ),
    }  # fmt: skip
    for name, (inbox, repeats, aim) in sets.items():
        print(f"  {name}")
        files = inbox.files()
        with intake.largest_worker() as memory:
            ours = min(intake.take_in_seconds(inbox) for _ in range(repeats))
        bare = min(intake.calamine_seconds(files) for _ in range(repeats))
        ratio = f"{ours / bare:.2f} times"
        _line("against a bare python-calamine read", ratio, f"at most {aim:g}")
        _line("the sandbox worker", f"{memory[-1] / 1e6:.0f} MB", "below 200 MB")
        if repeats > 1:
            slow = f"{intake.pandas_seconds(files) / ours:.1f} times faster"
            _line("against pandas with openpyxl", slow, "at least 4")
    print("  5,000 files of one dataset, none changed")
    _line("a pull", f"{intake.unchanged_seconds(folder / 'many'):.1f} s", "below a minute")


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
