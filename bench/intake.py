"""Building blocks of `make bench`: taking evidence in against the bare libraries.

Three functions time the same files: the whole `take_in` (inbox, sandbox, pre-scan,
parsing, checks, archive, writing to the database), a bare python-calamine read, and pandas
with openpyxl. The inboxes are of the size that a region has. Nothing asserts a time.
"""

from __future__ import annotations

import io
import random
import re
import tempfile
import threading
import time
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from roadmap.evidence.intake import take_in
from roadmap.evidence.scales import options_for
from roadmap.evidence.sources import load_sources
from roadmap.plan.load import load_plan
from roadmap.store.engine import open_engine
from roadmap.store.migrate import upgrade

_YEAR = 2021
_MARKS = "2345"
# The first columns of a pupil protocol, by the year of its form: tags or the region, login,
# number, code, mark in the journal, sex, class, two variants, total; then the tasks.
_FORMS = {
    2020: (
        ("groups", "user", "id", "code", "otc", "gender", "klass", "var-1", "var-2", "sum"),
        "a-{}-grade",
    ),
    2021: (
        ("Регион", "Логин школы", "№", "Код обучающегося",
         "Отметка за предыдущую четверть/триместр", "Пол", "Класс", "Вариант 1", "Вариант 2",
         "Всего баллов"),
        "Балл за {}",
    ),
}  # fmt: skip


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


def protocol_inbox(folder: Path, rows: int = 25_000, columns: int = 40) -> Inbox:
    """A pupil protocol of 2020 with that many pupils."""
    return _protocols(folder, [(2020, 5, "математика")], rows, columns)


def region_inbox(folder: Path, files: int = 90, rows: int = 14_450, columns: int = 26) -> Inbox:
    """All papers of two years, as a region holds them: 90 protocols, 1.3 million pupils.

    Papers that no shipped scale is for are in the region's own workbook of scales.
    """
    shipped = papers()
    subjects = sorted({subject for _, _, subject in shipped})
    every = [(year, grade, one) for grade in (9, 8, 7) for year in (2020, 2021) for one in subjects]
    own = [paper for paper in every if paper not in shipped][: files - len(shipped)]
    inbox = _protocols(folder, shipped + own, rows, columns)
    _scales(folder / str(_YEAR) / "vpr/scales", own)
    return Inbox(folder, _YEAR, ("vpr_scales", *inbox.datasets))


def papers() -> list[tuple[int, int, str]]:
    """Year, grade and subject of every paper of 2020 and 2021 that has a scale."""
    scales = options_for("vpr")["scales"]
    return [
        (year, int(grade), subject)
        for year in (2020, 2021)
        for subject, grades in scales[str(year)].items()
        for grade in grades
    ]


def _scales(place: Path, of_papers: list[tuple[int, int, str]]) -> None:
    """The workbook in which a region says which scores make which mark."""
    import xlsxwriter

    place.mkdir()
    with xlsxwriter.Workbook(place / "scales.xlsx") as workbook:
        sheet = workbook.add_worksheet("Шкалы")
        titles = ("Год", "Предмет", "Класс", "Максимум", "с «3»", "с «4»", "с «5»")
        sheet.write_row(0, 0, titles)
        for row, (year, grade, subject) in enumerate(of_papers, 1):
            sheet.write_row(row, 0, (year, subject, grade, 30, 4, 7, 10))


def _protocols(
    folder: Path, of_papers: list[tuple[int, int, str]], rows: int, columns: int
) -> Inbox:
    place = folder / str(_YEAR) / "vpr/protocols"
    place.mkdir(parents=True)
    tables: dict[tuple[int, int], bytes] = {}
    for year, grade, subject in of_papers:
        if (year, grade) not in tables:
            tables[year, grade] = _protocol(year, grade, rows, columns)
        path = place / f"Проведение работы по {subject}, {grade} класс. ВПР {year}.xlsx"
        path.write_bytes(tables[year, grade])
        with zipfile.ZipFile(path, "a") as archive:  # another paper has other bytes
            archive.comment = subject.encode()
    return Inbox(folder, _YEAR, ("vpr_protocols",))


def _protocol(year: int, grade: int, rows: int, columns: int) -> bytes:
    """A pupil protocol: text cells, one in eight absent, totals within any paper's maximum."""
    import xlsxwriter

    rng = random.Random(f"{year}|{grade}")  # noqa: S311 - made-up pupils
    buffer = io.BytesIO()
    options = {"in_memory": True, "strings_to_numbers": False}
    workbook = xlsxwriter.Workbook(buffer, options)
    sheet = workbook.add_worksheet("Sheet1")
    first, task = _FORMS[year]
    tasks = columns - len(first)
    sheet.write_row(0, 0, [*first, *(task.format(number + 1) for number in range(tasks))])
    for row in range(1, rows + 1):
        school = rng.randrange(600)
        start = [
            f"reg44,reg44_vpr_m{school % 29:03d}",
            f"sch44{school:04d}",
            str(500_000 + row),
            f"{grade}{row % 10_000:04d}",
        ]
        if rng.randrange(8) == 0:
            sheet.write_row(row, 0, [*start, "", "", "", "отсутствовал"])
            continue
        written = [rng.choice(_MARKS), rng.choice("мж"), rng.choice("абв"), str(rng.randint(1, 10))]
        points = [rng.choice("000001XХ") for _ in range(tasks)]
        written += ["", str(points.count("1"))]
        sheet.write_row(row, 0, start + written + points)
    workbook.close()
    return buffer.getvalue()


def exports_inbox(folder: Path, demo: Path, files: int = 90) -> Inbox:
    """A region's exports of marks and of the comparison with journals: 300 schools a paper.

    Copies of the demo's exports that are about as many papers.
    """
    kinds = ("marks", "journal")
    for kind in kinds:
        place = folder / str(_YEAR) / "vpr" / kind
        place.mkdir(parents=True)
        models = sorted((demo / str(_YEAR) / "vpr" / kind).iterdir())
        for number, (year, grade, subject) in enumerate(papers()[: files // len(kinds)]):
            content = _about(models[number % len(models)], year, grade, subject)
            (place / f"{number:02d}.xlsx").write_bytes(content)
    return Inbox(folder, _YEAR, ("vpr_marks", "vpr_journal"))


def _about(model: Path, year: int, grade: int, subject: str) -> bytes:
    """The export, with another paper in its titles."""
    with zipfile.ZipFile(model) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    for name, data in parts.items():
        text = data.decode() if name.endswith(".xml") else ""
        if title := re.search(r"ВПР 20\d\d ([^<]+) \d+ класс", text):
            text = text.replace(title.group(), f"ВПР {year} {subject} {grade} класс")
            parts[name] = text.replace(f">{title.group(1)}<", f">{subject}<").encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return buffer.getvalue()


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
                load_plan(str(inbox.year)),
                an_hour_later_ms,
            )
            for dataset in inbox.datasets
        ]
        seconds = time.perf_counter() - start
        engine.dispose()
    if any(one.accepted < max(one.files, 1) for one in taken):
        refused = [file for one in taken for file in one.taken if file.state != "accepted"]
        raise RuntimeError(f"not all files were accepted: {refused[:3]}")
    return seconds


@contextmanager
def largest_worker() -> Iterator[list[int]]:
    """The most memory that a sandbox worker held meanwhile, in bytes: the last entry."""
    found = [0]
    is_over = threading.Event()

    def watch() -> None:
        while not is_over.wait(0.02):
            for children in Path("/proc/self/task").glob("*/children"):
                with suppress(OSError):  # ended meanwhile
                    for child in children.read_text().split():
                        process = Path(f"/proc/{child}")
                        # Before it becomes the worker a child has the memory of its parent.
                        if "sandbox_worker" not in (process / "cmdline").read_text():
                            continue
                        status = (process / "status").read_text()
                        if peak := re.search(r"VmHWM:\s*(\d+) kB", status):
                            found.append(max(found[-1], int(peak.group(1)) * 1024))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield found
    finally:
        is_over.set()
        watcher.join()


def unchanged_seconds(folder: Path, files: int = 5_000) -> float:
    """A pull of one dataset with that many files, none of which has changed since the last."""
    place = folder / str(_YEAR) / "attendance"
    place.mkdir(parents=True)
    for number in range(files):
        (place / f"{number:05d}.csv").write_text(
            f"Код события;Роль;Код лица;Код школы;Присутствовал\r\nE{number};школа;;S1;да\r\n",
            encoding="utf-8",
        )
    source = load_sources()["attendance"]
    now_ms = time.time_ns() // 1_000_000 + 3_600_000
    with tempfile.TemporaryDirectory(prefix="roadmap-bench-") as scratch:
        engine = open_engine(f"sqlite:///{scratch}/roadmap.db")
        upgrade(engine)
        archive = Path(scratch) / "archive"
        take_in(engine, source, folder, archive, load_plan(str(_YEAR)), now_ms)
        start = time.perf_counter()
        again = take_in(engine, source, folder, archive, load_plan(str(_YEAR)), now_ms + 1)
        seconds = time.perf_counter() - start
        engine.dispose()
    if again.unchanged != files:
        raise RuntimeError(f"{files - again.unchanged} files changed")
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
