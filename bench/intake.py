"""Building blocks of `make bench`: taking evidence in against the bare libraries.

Three functions time the same files: the whole `take_in` (inbox, sandbox, pre-scan,
parsing, checks, archive, writing to the database), a bare python-calamine read, and pandas
with openpyxl. Nothing asserts a time.
"""

from __future__ import annotations

import io
import random
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from roadmap.evidence.intake import take_in
from roadmap.evidence.sources import load_sources
from roadmap.store.engine import open_engine
from roadmap.store.migrate import upgrade

PROTOCOL_NAME = "Проведение работы по математике, 5 класс. ВПР 2020.xlsx"
_MARKS = "2345"
_FIRST_COLUMNS = (
    "groups", "user", "id", "code", "otc", "gender", "klass", "var-1", "var-2", "sum",
)  # fmt: skip


@dataclass(frozen=True)
class Inbox:
    """A folder of evidence and the datasets of it that a figure speaks of."""

    folder: Path
    year: int
    datasets: tuple[str, ...]

    def files(self) -> list[bytes]:
        """The contents of all files of these datasets."""
        sources = load_sources()
        return [
            path.read_bytes()
            for dataset in self.datasets
            for location in sources[dataset].locations
            for path in sorted((self.folder / str(self.year)).glob(location))
        ]


def protocol_inbox(folder: Path, rows: int = 25_000, columns: int = 40, seed: int = 376) -> Inbox:
    """A pupil protocol of 2020 with that many pupils: text cells, one in eight absent."""
    import xlsxwriter

    rng = random.Random(seed)  # noqa: S311 - made-up pupils
    buffer = io.BytesIO()
    workbook = xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_numbers": False})
    sheet = workbook.add_worksheet("Sheet1")
    tasks = columns - len(_FIRST_COLUMNS)
    sheet.write_row(0, 0, [*_FIRST_COLUMNS, *(f"a-{task}-grade" for task in range(1, tasks + 1))])
    for row in range(1, rows + 1):
        school = rng.randrange(600)
        start = [
            f"reg44,reg44_vpr_m{school % 29:03d}",
            f"sch44{school:04d}",
            str(500_000 + row),
            f"5{row % 10_000:04d}",
        ]
        if rng.randrange(8) == 0:
            sheet.write_row(row, 0, [*start, "", "", "", "отсутствовал"])
            continue
        written = [rng.choice(_MARKS), rng.choice("мж"), rng.choice("абв"), str(rng.randint(1, 10))]
        points = [rng.choice("000001XХ") for _ in range(tasks)]
        written += ["", str(points.count("1"))]
        sheet.write_row(row, 0, start + written + points)
    workbook.close()
    place = folder / "2021/vpr/protocols" / PROTOCOL_NAME
    place.parent.mkdir(parents=True)
    place.write_bytes(buffer.getvalue())
    return Inbox(folder, 2021, ("vpr_protocols",))


def take_in_seconds(inbox: Inbox) -> float:
    """The whole way from the inbox into an empty database; all files must be accepted."""
    sources = load_sources()
    with tempfile.TemporaryDirectory(prefix="roadmap-bench-") as scratch:
        engine = open_engine(f"sqlite:///{scratch}/roadmap.db")
        upgrade(engine)
        an_hour_later_ms = time.time_ns() // 1_000_000 + 3_600_000
        start = time.perf_counter()
        taken = [
            take_in(
                engine,
                sources[dataset],
                inbox.folder,
                Path(scratch) / "archive",
                inbox.year,
                an_hour_later_ms,
            )
            for dataset in inbox.datasets
        ]
        seconds = time.perf_counter() - start
        engine.dispose()
    if any(one.accepted < max(one.files, 1) for one in taken):
        raise RuntimeError(f"not all files were accepted: {taken}")
    return seconds


def calamine_seconds(files: Sequence[bytes]) -> float:
    """A bare read of all sheets, in this process, with no check at all."""
    from python_calamine import load_workbook

    start = time.perf_counter()
    for file in files:
        workbook = load_workbook(io.BytesIO(file))
        for name in workbook.sheet_names:
            workbook.get_sheet_by_name(name).to_python()
    return time.perf_counter() - start


def pandas_seconds(files: Sequence[bytes]) -> float:
    """`pandas.read_excel` with openpyxl, all as text; importing pandas is not counted."""
    import pandas as pd

    start = time.perf_counter()
    for file in files:
        pd.read_excel(io.BytesIO(file), engine="openpyxl", dtype=str, header=None)
    return time.perf_counter() - start
