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
from roadmap_demo.content import Content, Paper, Vpr, load_content
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
    found = [*_first_versions(content), *_later_versions(content)]
    return tuple(sorted(found, key=lambda version: (version.path, version.received)))


def standing(content: Content, until: date | None = None) -> dict[str, Version]:
    """By path: the version that lies in the inbox at the end of `until` (None: the last)."""
    return {
        version.path: version
        for version in versions(content)
        if until is None or version.lies_from <= until
    }


def _later_versions(content: Content) -> list[Version]:
    """What came after the end of March: corrections, registers that grew, new registers."""
    correction = content.correction
    corrected = content.paper(correction.paper)
    found = [
        _version(
            f"vpr/marks/{vpr.marks_name(content, corrected)}",
            datetime.fromisoformat(correction.received),
            partial(vpr.marks_xlsx, content, corrected, corrected=True),
        ),
        *(
            _version(path, datetime.fromisoformat(received), partial(encrypted_workbook, number))
            for number, (path, received) in enumerate(content.defects.encrypted_later.items(), 1)
        ),
    ]
    cut_off = content.appeals.cut_off
    exam = next(exam for exam in content.spring.oge.exams if exam.code == cut_off.exam)
    cut = partial(oge.exam_bytes, content, exam, cut_off.lost)
    found.append(_version(cut_off.path, cut_off.received, cut))
    found += [
        _version(file.path, file.received, partial(oge.appeals_bytes, content, file))
        for file in content.appeals.files
    ]
    events, medk_ = content.events, content.medk
    dated: list[tuple[str, tuple[datetime, ...], Callable[[date], bytes]]] = [
        ("events/events.xlsx", events.received, partial(registers.events_xlsx, content)),
        (
            "documents/documents.xlsx",
            events.documents_received,
            partial(registers.documents_xlsx, content),
        ),
        ("medk/surveys.xlsx", medk_.surveys.received, partial(medk.surveys_xlsx, content)),
        (
            "medk/risk_profiles.xlsx",
            medk_.risks.received,
            partial(medk.risk_profiles_xlsx, content),
        ),
        ("medk/documents.xlsx", medk_.documents.received, partial(medk.documents_xlsx, content)),
        *(
            (table.path, table.received, partial(registers.growing_bytes, table))
            for table in content.growing.tables
        ),
    ]
    found += [
        _version(path, received, partial(build, received.date()))
        for path, moments, build in dated
        for received in moments
    ]
    return found


def _forms(year: Vpr) -> tuple[list[Paper], list[Paper]]:
    """The papers that come as exports, and those that come as protocols of pupils."""
    exports = [paper for paper in year.papers if paper.form == "marks"]
    return exports, [paper for paper in year.papers if paper.form == "protocol"]


def _first_versions(content: Content) -> list[Version]:
    """What comes once: registers of the beginning, results, acts, attendance."""
    exports, protocols = _forms(content.calibration.vpr)
    spring_exports, spring_protocols = _forms(content.spring.vpr)
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
            (f"vpr/marks/{vpr.marks_name(content, paper)}", partial(vpr.marks_xlsx, content, paper))
            for paper in exports]),
        ("vpr_journal", [
            (f"vpr/journal/{vpr.journal_name(content, paper)}",
             partial(vpr.journal_xlsx, content, paper))
            for paper in exports]),
        ("vpr_protocols", [
            (f"vpr/protocols/{vpr.protocol_name(content, paper)}",
             partial(vpr.protocol_xlsx, content, paper))
            for paper in protocols]),
        ("ege_protocols", [
            (f"ege/{exams.exam_name(content, exam)}", partial(exams.exam_bytes, content, exam))
            for exam in content.calibration.ege.exams]),
        ("diagnostic_works", [
            *((f"rdr/{exams.work_name(work)}", partial(exams.work_xlsx, content, work))
              for work in works),
            (defects.headless_work, exams.headless_work_xlsx)]),
        ("vpr_marks_2021", [
            (f"vpr/marks/{vpr.marks_name(content, paper)}", partial(vpr.marks_xlsx, content, paper))
            for paper in spring_exports]),
        ("vpr_journal_2021", [
            (f"vpr/journal/{vpr.journal_name(content, paper)}",
             partial(vpr.journal_xlsx, content, paper))
            for paper in spring_exports]),
        ("vpr_protocols_2021", [
            (f"vpr/protocols/{vpr.protocol_name(content, paper)}",
             partial(vpr.protocol_xlsx, content, paper))
            for paper in spring_protocols]),
        ("regional_works_2021", [
            (f"rdr/{exams.work_name(work)}", partial(exams.work_xlsx, content, work))
            for work in content.spring.works]),
        ("oge_protocols_2021", [
            (f"oge/{oge.exam_name(content, exam)}", partial(oge.exam_bytes, content, exam))
            for exam in content.spring.oge.exams]),
        ("ege_protocols_2021", [
            (f"ege/{exams.exam_name(content, exam)}", partial(exams.exam_bytes, content, exam))
            for exam in content.spring.ege.exams]),
    ]  # fmt: skip
    files = [
        _version(
            path,
            datetime.fromisoformat(content.receipts[dataset]) + timedelta(minutes=7 * place),
            build,
        )
        for dataset, named in by_dataset
        for place, (path, build) in enumerate(named)
    ]
    for act in content.events.acts:
        received = datetime.fromisoformat(act.received)
        files.append(
            Version(
                f"acts/act_{act.municipality}.xlsx",
                received,
                partial(registers.act_xlsx, act),
                act.lies_from or received.date(),
            )
        )
    for event in registers.attended(content):
        told = content.events.told_attendance(event)
        morning = datetime.combine(
            event.date + timedelta(days=1), _ATTENDANCE_COMES, home_time().zone
        )
        files.append(
            _version(
                f"attendance/{event.code}.csv",
                (told and told.received) or morning,
                partial(registers.attendance_csv, content, event),
            )
        )
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


def _stays(path: Path, version: Version) -> bool:
    """Whether the file there is that version, a later one or somebody's own."""
    return path.exists() and path.stat().st_mtime >= version.received.timestamp()


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
    missing = [version for version in files.values() if not _stays(folder / version.path, version)]
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
