"""Writes the fictitious year into an inbox: `python -m roadmap_demo.generate --inbox var/inbox`.

The same seed gives the same bytes. A file that already lies in the inbox stays as it is:
somebody may have corrected it, and the evidence must not go back in time by itself.
"""

from __future__ import annotations

import argparse
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from roadmap_demo import exams, registers, vpr
from roadmap_demo.content import Content, load_content
from roadmap_demo.workbook import encrypted_workbook, semicolons

DEFAULT_YEAR = 2021
DEFAULT_SEED = 376  # the number of the order

_ATTENDANCE_COMES = time(10, 0, tzinfo=ZoneInfo("Europe/Moscow"))  # on the day after

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Planned:
    """A file of the inbox: its path under the year's folder, receipt time, and how it is made."""

    path: str
    received: datetime
    build: Callable[[], bytes]


def planned_files(content: Content) -> tuple[Planned, ...]:
    """Every file of the year, but `receipts.csv` that tells of them."""
    vpr_papers = content.calibration.vpr.papers
    exports = [paper for paper in vpr_papers if paper.form == "marks"]
    protocols = [paper for paper in vpr_papers if paper.form == "protocol"]
    defects = content.defects
    works = content.calibration.rdr.works

    by_dataset: list[tuple[str, list[tuple[str, Callable[[], bytes]]]]] = [
        ("registry_municipalities", [
            ("registry/municipalities.csv", partial(registers.municipalities_csv, content))]),
        ("registry_schools", [("registry/schools.xlsx", partial(registers.schools_xlsx, content))]),
        ("registry_people", [("registry/people.xlsx", partial(registers.people_xlsx, content))]),
        ("contacts", [("contacts/contacts.xlsx", partial(registers.contacts_xlsx, content))]),
        ("events", [("events/events.xlsx", partial(registers.events_xlsx, content))]),
        ("documents", [
            ("documents/documents.xlsx", partial(registers.documents_xlsx, content))]),
        ("encrypted_act", [(defects.encrypted_act, encrypted_workbook)]),
        ("vpr_marks", [
            (f"vpr/marks/{vpr.marks_name(paper)}", partial(vpr.marks_xlsx, content, paper))
            for paper in exports]),
        ("vpr_journal", [
            (f"vpr/journal/{vpr.journal_name(paper)}", partial(vpr.journal_xlsx, content, paper))
            for paper in exports]),
        ("vpr_protocols", [
            (f"vpr/protocols/{vpr.protocol_name(paper)}",
             partial(vpr.protocol_xlsx, content, paper))
            for paper in protocols]),
        ("ege_protocols", [
            (f"ege/{exams.exam_name(exam)}", partial(exams.exam_bytes, content, exam))
            for exam in content.calibration.ege.exams]),
        ("diagnostic_works", [
            *((f"rdr/{exams.work_name(work)}", partial(exams.work_xlsx, content, work))
              for work in works),
            (defects.headless_work, exams.headless_work_xlsx)]),
    ]  # fmt: skip
    files = [
        Planned(
            path,
            datetime.fromisoformat(content.receipts[dataset]) + timedelta(minutes=7 * place),
            build,
        )
        for dataset, named in by_dataset
        for place, (path, build) in enumerate(named)
    ]
    files += [
        Planned(
            f"acts/act_{act.municipality}.xlsx",
            datetime.fromisoformat(act.received),
            partial(registers.act_xlsx, act),
        )
        for act in content.events.acts
    ]
    files += [
        Planned(
            f"attendance/{event.code}.csv",
            datetime.combine(event.date + timedelta(days=1), _ATTENDANCE_COMES),
            partial(registers.attendance_csv, content, event),
        )
        for event in registers.attended(content)
    ]
    return tuple(sorted(files, key=lambda file: file.path))


def receipts_csv(received: dict[str, datetime]) -> bytes:
    """`Файл;Получен`, UTF-8 (docs/formats.md)."""
    rows = [[path, moment.isoformat()] for path, moment in sorted(received.items())]
    return semicolons([["Файл", "Получен"], *rows], "utf-8")


def put(path: Path, content: bytes, received: datetime) -> None:
    """The file appears whole or not at all; its mtime is the receipt time, as a copied file's.

    So that a pull right after the generator does not take the files for half-written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(content)
    os.utime(part, (received.timestamp(), received.timestamp()))
    part.replace(path)


def generate(inbox: Path, year: int = DEFAULT_YEAR, seed: int = DEFAULT_SEED) -> None:
    """Puts into `<inbox>/<year>/` every file of the year that is not there yet.

    ValueError when the demo has no such year.
    """
    if year != DEFAULT_YEAR:
        raise ValueError(f"Демонстрационный год — {DEFAULT_YEAR}, года {year} в нём нет")
    content = load_content(seed)
    folder = inbox / str(year)
    files = planned_files(content)
    written = 0
    for file in files:
        if not (folder / file.path).exists():
            put(folder / file.path, file.build(), file.received)
            written += 1
    receipts = folder / "receipts.csv"
    if not receipts.exists():
        newest = max(file.received for file in files)
        put(receipts, receipts_csv({file.path: file.received for file in files}), newest)
        written += 1
    log.info("demo year %d: %d files written, %d in all", year, written, len(files) + 1)


def main() -> None:
    parser = argparse.ArgumentParser(description="Файлы вымышленного 2021 года для входной папки")
    parser.add_argument("--inbox", type=Path, required=True, help="входная папка")
    parser.add_argument("--year", type=int, default=DEFAULT_YEAR)
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    generate(arguments.inbox, arguments.year, arguments.seed)


if __name__ == "__main__":
    main()
