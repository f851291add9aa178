"""Building blocks of `make bench`: reading evidence against the bare libraries.

Three functions time the same files: the whole reading of intake (pre-scan, child process,
checks, aggregation), a bare python-calamine read, and pandas with openpyxl. Aims: at most
2 times the second, at least 4 times faster than the third. Nothing asserts a time.
"""

from __future__ import annotations

import io
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from roadmap.evidence.files.child import reading
from roadmap.evidence.files.limits import Limits
from roadmap.evidence.parsed import ReaderContext
from roadmap.evidence.scales import options_for
from roadmap.evidence.sources import Source, load_sources

PROTOCOL_NAME = "Проведение работы по математике, 5 класс. ВПР 2020.xlsx"
_MARKS = "2345"
_HIGHEST_SCORE = 20
_FIRST_COLUMNS = (
    "groups", "user", "id", "code", "otc", "gender", "klass", "var-1", "var-2", "sum",
)  # fmt: skip


@dataclass(frozen=True)
class EvidenceFile:
    """One file of the bench: which dataset reads it, its name and bytes."""

    dataset: str
    name: str
    content: bytes


def make_protocol(rows: int = 25_000, columns: int = 40, seed: int = 376) -> EvidenceFile:
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
        written += ["", str(rng.randint(0, _HIGHEST_SCORE))]
        sheet.write_row(row, 0, start + written + [rng.choice("012XХ") for _ in range(tasks)])
    workbook.close()
    return EvidenceFile("vpr_protocols", PROTOCOL_NAME, buffer.getvalue())


def aggregated_files(inbox: Path, year: int) -> list[EvidenceFile]:
    """The exports «Статистика по отметкам» and «Сравнение» that lie in `<inbox>/<year>/`."""
    sources = load_sources()
    return [
        EvidenceFile(dataset, path.name, path.read_bytes())
        for dataset in ("vpr_marks", "vpr_journal")
        for location in sources[dataset].locations
        for path in sorted((inbox / str(year)).glob(location))
    ]


def intake_seconds(files: Sequence[EvidenceFile], plan_year: int) -> float:
    """All that intake does with the bytes before they are facts, one nursery for all files."""
    sources = load_sources()
    inputs = [
        (file, sources[file.dataset], _context(file, sources[file.dataset], plan_year))
        for file in files
    ]
    start = time.perf_counter()
    with reading() as parse:
        for file, source, context in inputs:
            parse(file.content, source.reader, context, _limits(source))
    return time.perf_counter() - start


def calamine_seconds(files: Sequence[EvidenceFile]) -> float:
    """A bare read of all sheets, in this process, with no check at all."""
    from python_calamine import load_workbook

    start = time.perf_counter()
    for file in files:
        workbook = load_workbook(io.BytesIO(file.content))
        for name in workbook.sheet_names:
            workbook.get_sheet_by_name(name).to_python()
    return time.perf_counter() - start


def pandas_seconds(files: Sequence[EvidenceFile]) -> float:
    """`pandas.read_excel` with openpyxl, all as text; importing pandas is not counted."""
    import pandas as pd

    start = time.perf_counter()
    for file in files:
        pd.read_excel(io.BytesIO(file.content), engine="openpyxl", dtype=str, header=None)
    return time.perf_counter() - start


def _context(file: EvidenceFile, source: Source, plan_year: int) -> ReaderContext:
    options = {**source.options_of(plan_year), **options_for(source.scales)}
    return ReaderContext(file.name, plan_year, options)


def _limits(source: Source) -> Limits:
    return Limits(
        size_bytes=round(source.limits.megabytes * 1_000_000),
        rows=source.limits.rows,
        columns=source.limits.columns,
    )
