"""Writes the fictitious year into an inbox: `python -m roadmap_demo.generate --inbox var/inbox`.

The year goes on in time: `--until 2021-03-31` puts what the inbox holds at the end of that day,
of each file the version that was received last. The same seed gives the same bytes. A file that
lies in the inbox and is not older than the version stays as it is: somebody may have corrected
it, and the evidence must not go back in time by itself.
"""

from __future__ import annotations

import argparse
import csv
import io
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import partial
from pathlib import Path

from roadmap.plan.zone import home_time
from roadmap_demo import exams, medk, oge, portal, registers, vpr
from roadmap_demo.content import Content, Vpr, load_content
from roadmap_demo.workbook import encrypted_workbook, semicolons

DEFAULT_YEAR = 2021
DEFAULT_SEED = 376  # the number of the order

_ATTENDANCE_COMES = time(10, 0)  # on the day after

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Version:
    """A version of a file of the inbox: its path under the year's folder and how it is made.

    `lies_from`: the first day at whose end it lies there, as a rule the day of its receipt.
    """

    path: str
    received: datetime
    build: Callable[[], bytes]
    lies_from: date


def _version(path: str, received: datetime, build: Callable[[], bytes]) -> Version:
    return Version(path, received, build, received.date())


def versions(content: Content) -> tuple[Version, ...]:
    """Every version of every file of the year, but `receipts.csv` that tells of them."""
    every = [*_first_versions(content), *_later_versions(content)]
    return tuple(sorted(every, key=lambda version: (version.path, version.received)))


def standing(content: Content, until: date | None = None) -> dict[str, Version]:
    """By path: the version that lies in the inbox at the end of `until` (None: the last)."""
    return {
        version.path: version
        for version in versions(content)
        if until is None or version.lies_from <= until
    }


def _later_versions(content: Content) -> list[Version]:
    """What came after the end of March: corrections, registers that grew, new registers."""
    correction, appeals = content.correction, content.appeals
    corrected = content.paper(correction.paper)
    exam = next(exam for exam in content.spring.oge.exams if exam.code == appeals.cut_off.exam)
    later = [
        _version(
            f"vpr/marks/{vpr.marks_name(content, corrected)}",
            correction.received,
            partial(vpr.marks_xlsx, content, corrected, corrected=True),
        ),
        *(
            _version(path, received, partial(encrypted_workbook, number))
            for number, (path, received) in enumerate(content.defects.encrypted_later.items(), 1)
        ),
        _version(
            appeals.cut_off.path,
            appeals.cut_off.received,
            partial(oge.exam_bytes, content, exam, appeals.cut_off.lost),
        ),
        *(
            _version(file.path, file.received, partial(oge.appeals_bytes, content, file))
            for file in appeals.files
        ),
    ]
    events, exports = content.events, content.medk
    dated: list[tuple[str, tuple[datetime, ...], Callable[[date], bytes]]] = [
        ("events/events.xlsx", events.received, partial(registers.events_xlsx, content)),
        ("documents/documents.xlsx", events.documents_received,
         partial(registers.documents_xlsx, content)),
        ("medk/surveys.xlsx", exports.surveys.received, partial(medk.surveys_xlsx, content)),
        ("medk/risk_profiles.xlsx", exports.risks.received,
         partial(medk.risk_profiles_xlsx, content)),
        ("medk/documents.xlsx", exports.documents.received, partial(medk.documents_xlsx, content)),
        ("medk/changes.xlsx", exports.changes.received, partial(medk.changes_xlsx, content)),
        *((table.path, table.received, partial(registers.growing_bytes, table))
          for table in content.growing),
    ]  # fmt: skip
    later += [
        _version(path, received, partial(build, received.date()))
        for path, moments, build in dated
        for received in moments
    ]
    return later


Named = tuple[str, Callable[[], bytes]]  # a path and how its file is made


def _of_vpr(content: Content, year: Vpr, suffix: str) -> dict[str, list[Named]]:
    """By dataset: exports with their comparison, and protocols of pupils."""
    exports = [paper for paper in year.papers if paper.form == "marks"]
    return {
        f"vpr_marks{suffix}": [
            (f"vpr/marks/{vpr.marks_name(content, paper)}", partial(vpr.marks_xlsx, content, paper))
            for paper in exports
        ],
        f"vpr_journal{suffix}": [
            (
                f"vpr/journal/{vpr.journal_name(content, paper)}",
                partial(vpr.journal_xlsx, content, paper),
            )
            for paper in exports
        ],
        f"vpr_protocols{suffix}": [
            (
                f"vpr/protocols/{vpr.protocol_name(content, paper)}",
                partial(vpr.protocol_xlsx, content, paper),
            )
            for paper in year.papers
            if paper.form == "protocol"
        ],
    }


def _first_versions(content: Content) -> list[Version]:
    """What comes once: registers of the beginning, results, acts, attendance."""
    autumn, spring, defects = content.calibration, content.spring, content.defects
    by_dataset: dict[str, list[Named]] = {
        "registry_municipalities": [
            ("registry/municipalities.csv", partial(registers.municipalities_csv, content))],
        "registry_schools": [("registry/schools.xlsx", partial(registers.schools_xlsx, content))],
        "registry_people": [("registry/people.xlsx", partial(registers.people_xlsx, content))],
        "contacts": [("contacts/contacts.xlsx", partial(registers.contacts_xlsx, content))],
        "events": [("events/events.xlsx", partial(registers.events_xlsx, content))],
        "documents": [("documents/documents.xlsx", partial(registers.documents_xlsx, content))],
        "encrypted_act": [(defects.encrypted_act, encrypted_workbook)],
        **_of_vpr(content, autumn.vpr, ""),
        **_of_vpr(content, spring.vpr, "_2021"),
        "oge_protocols_2021": [
            (f"oge/{oge.exam_name(content, exam)}", partial(oge.exam_bytes, content, exam))
            for exam in spring.oge.exams],
    }  # fmt: skip
    for dataset, exams_ in ("ege_protocols", autumn.ege), ("ege_protocols_2021", spring.ege):
        by_dataset[dataset] = [
            (f"ege/{exams.exam_name(content, exam)}", partial(exams.exam_bytes, content, exam))
            for exam in exams_.exams
        ]
    for dataset, works in (
        ("diagnostic_works", autumn.works),
        ("regional_works_2021", spring.works),
    ):
        by_dataset[dataset] = [
            (f"rdr/{exams.work_name(work)}", partial(exams.work_xlsx, content, work))
            for work in works
        ]
    by_dataset["diagnostic_works"].append((defects.headless_work, exams.headless_work_xlsx))
    files = [
        _version(path, content.receipts[dataset] + timedelta(minutes=7 * place), build)
        for dataset, named in by_dataset.items()
        for place, (path, build) in enumerate(named)
    ]
    # Acts that were sent together come in one file.
    for act in {(act.municipality, act.received): act for act in content.events.acts}.values():
        path, lies_from = f"acts/act_{act.municipality}.xlsx", act.lies_from or act.received.date()
        build = partial(registers.acts_xlsx, content, act.municipality, act.received)
        files.append(Version(path, act.received, build, lies_from))
    for event in registers.attended(content):
        planned = content.events.planned_attendance(event)
        morning = datetime.combine(event.date + timedelta(1), _ATTENDANCE_COMES, home_time().zone)
        received = (planned and planned.received) or morning
        build = partial(registers.attendance_csv, content, event)
        files.append(_version(f"attendance/{event.code}.csv", received, build))
    webinar = content.events.webinar
    build = partial(registers.attendance_csv, content, webinar, is_again=True)
    received = content.events.webinar_received_again
    files.append(_version(f"attendance/{webinar.code}.csv", received, build))
    return files


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


def _received(folder: Path) -> dict[str, datetime]:
    """What receipts.csv of the inbox tells already; empty where there is none."""
    receipts = folder / "receipts.csv"
    if not receipts.exists():
        return {}
    table = csv.reader(io.StringIO(receipts.read_text(encoding="utf-8")), delimiter=";")
    next(table)  # the heading
    return {path: datetime.fromisoformat(moment) for path, moment in table}


def generate(
    inbox: Path,
    year: int = DEFAULT_YEAR,
    seed: int = DEFAULT_SEED,
    until: date | None = None,
) -> None:
    """Puts into `<inbox>/<year>/` what it holds at the end of `until` (None: of the year).

    Nothing goes back in time: a file that is as new as the version or newer stays. Beside the
    inbox lies the portal's database with the publications up to that day. ValueError when the
    demo has no such year.
    """
    if year != DEFAULT_YEAR:
        raise ValueError(f"Демонстрационный год — {DEFAULT_YEAR}, года {year} в нём нет")
    content = load_content(seed)
    folder = inbox / str(year)
    files = standing(content, until)
    received = _received(folder)
    missing = []
    for version in files.values():
        path = folder / version.path
        if not path.exists() or path.stat().st_mtime < version.received.timestamp():
            missing.append(version)
    for version in files.values():
        received.setdefault(version.path, version.received)
    for version in missing:
        received[version.path] = version.received
    if missing or not (folder / "receipts.csv").exists():
        # The times first: a pull in between still finds the old bytes, and they are in force.
        put(folder / "receipts.csv", receipts_csv(received), max(received.values()))
    for version in missing:
        put(folder / version.path, version.build(), version.received)
    news = portal.put_publications(inbox.parent / portal.NAME, content, until)
    log.info(
        "demo year %d: %d files written, %d in all, %d new publications",
        year, len(missing), len(received) + 1, news,
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description="Файлы вымышленного 2021 года для входной папки")
    parser.add_argument("--inbox", type=Path, required=True, help="входная папка")
    parser.add_argument("--year", type=int, default=DEFAULT_YEAR)
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED)
    parser.add_argument(
        "--until", type=date.fromisoformat, help="до конца какого дня, по умолчанию весь год"
    )
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    generate(arguments.inbox, arguments.year, arguments.seed, arguments.until)


if __name__ == "__main__":
    main()
