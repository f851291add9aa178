"""Registers of the fictitious year: layouts of docs/formats.md, «Registers»."""

from __future__ import annotations

from datetime import date
from random import Random

from roadmap_demo.content import Act, Attendance, Content, Curator, Event, GrowingTable
from roadmap_demo.workbook import Cell, Row, semicolons, xlsx

OPENED = date(2019, 1, 1)  # every school of the registry is older than the plan


def municipalities_csv(content: Content) -> bytes:
    """Dated names; the aliases stand with the first name of each municipality."""
    rows: list[Row] = [
        ["Код", "Наименование", "Родительный падеж", "Краткое наименование", "Действует с",
         "Действует по", "Варианты написания"]
    ]  # fmt: skip
    for municipality in content.municipalities:
        known = {name.name for name in municipality.names}
        aliases = [
            alias
            for alias in dict.fromkeys(
                (
                    municipality.vpr_name,
                    municipality.rdr_name,
                    *municipality.aliases,
                    municipality.vpr_tag,
                    municipality.msu,
                )
            )
            if alias not in known
        ]
        for name in municipality.names:
            rows.append(
                [municipality.id, name.name, name.genitive, name.short, name.starts, name.ends,
                 "|".join(aliases) if name is municipality.names[0] else ""]
            )  # fmt: skip
    return semicolons(rows, "utf-8")


def schools_xlsx(content: Content) -> bytes:
    """Every third name has a blank at its end, as found in real registers."""
    rows: list[Row] = [
        ["Код школы", "Наименование", "Код муниципалитета", "Логин ВПР", "Код ГИА",
         "В проекте с", "В проекте по", "Действует с", "Действует по"]
    ]  # fmt: skip
    for number, school in enumerate(content.schools):
        project = school.project
        rows.append(
            [
                school.code,
                school.name + ("  " if number % 3 == 2 else ""),
                school.municipality,
                f"sch{school.login_digits}",
                school.gia_code,
                content.project.project_from if project else None,
                project.left_on if project else None,
                OPENED,
                None,
            ]
        )
    return xlsx([("Школы", rows)], (11, 46, 18, 12, 10, 12, 12, 12, 12))


def _school_codes(content: Content, curator: Curator) -> list[str]:
    return [content.school(curator.municipality, name).code for name in curator.schools]


def people_xlsx(content: Content) -> bytes:
    people = content.people
    rows: list[Row] = [
        ["Код лица", "Роль", "Код муниципалитета", "Код школы", "Действует с", "Действует по"]
    ]
    for municipality, person in people.coordinators.items():
        rows.append([person, "муниципальный координатор", municipality, None, people.since, None])
    for curator in (*people.former, *people.curators):
        for code in _school_codes(content, curator):
            rows.append(
                [curator.person, "куратор", curator.municipality, code,
                 curator.since or people.since, curator.until]
            )  # fmt: skip
    return xlsx([("Роли", rows)], (18, 28, 20, 12, 12, 13))


def contacts_xlsx(content: Content) -> bytes:
    """Addresses of all 29 municipalities and the region; two rows must be refused."""
    contacts = content.people.contacts
    rows: list[Row] = [["Код муниципалитета", "Адрес", "Действует с", "Действует по"]]
    for municipality in content.municipalities:
        rows.append([municipality.id, f"{municipality.id}@example.org", contacts.since, None])
        if municipality.id in contacts.second:
            rows.append(
                [municipality.id, f"metodist.{municipality.id}@example.org", contacts.since, None]
            )
        for ended in contacts.ended:
            if ended.municipality == municipality.id:
                rows.append([municipality.id, ended.address, OPENED, ended.until])
    for address in contacts.region:
        rows.append(["region", address, contacts.since, None])
    for wrong in (contacts.with_line_break, contacts.unknown_addressee):
        rows.append([wrong.municipality, wrong.address, contacts.since, wrong.until])
    return xlsx([("Получатели", rows)], (20, 40, 13, 13))


def _participants(content: Content, event: Event) -> Cell:
    if event.participants is not None:
        return event.participants
    if event.state != "проведено":
        return None
    return Random(f"{content.seed}/{event.code}").randint(24, 46)


def events_xlsx(content: Content, day: date | None = None) -> bytes:
    """The register as received on `day`; None: the one of March, without the optional columns."""
    events = content.events
    seminars = {seminar.code for seminar in events.seminars}
    rows: list[Row] = [
        ["Код события", "№ мероприятия", "Вид", "Код семинара", "Тема", "Дата", "Состояние",
         "Участников", *(() if day is None else _HOST_COLUMNS)]
    ]  # fmt: skip
    known = [events.webinar, *events.events]
    if day is None:
        known = [event for event in known if event.since is None]
    else:
        known = [told for event in known if (told := event.as_of(day)) is not None]
    for event in known:
        if event.seminar is not None and event.seminar not in seminars:
            raise ValueError(f"events.yaml: {event.code}: no seminar {event.seminar}")
        row: Row = [event.code, event.measure, event.kind, event.seminar, event.title, event.date,
               event.state, _participants(content, event)]  # fmt: skip
        if day is not None:
            row = [*row, event.programme, event.host_kind, event.host]
        rows += [row] * (2 if event.code == events.duplicated else 1)
    return xlsx([("Мероприятия", rows)], (20, 15, 14, 13, 60, 12, 14, 12))


_HOST_COLUMNS = ("Код программы", "Вид площадки", "Площадка")


def attended(content: Content) -> tuple[Event, ...]:
    """The events that have an attendance file, as they were held in the end."""
    last = content.events.received[-1].date()
    own = (event.as_of(last) for event in content.events.events if event.attendance)
    return content.events.webinar, *(event for event in own if event is not None)


def attendance_csv(content: Content, event: Event) -> bytes:
    """Who was there: all of the project, but those whom events.yaml names as absent."""
    told = content.events.told_attendance(event)
    if told is not None:
        return _told_attendance(content, event, told)
    webinar = event.code == content.events.webinar.code
    missing = {
        (absent.role, absent.person): absent
        for absent in content.events.absent_from_webinar
        if webinar
    }
    rows: list[Row] = [list(_ATTENDANCE)]
    # Teachers go to the later seminars and internships: only their schools are noted.
    persons = [] if event.kind in _FOR_TEACHERS else _persons(content)
    for role, person in persons:
        absent = missing.get((role, person))
        # Only the webinar is measured by roles; seminars are visited by most, not by all.
        came = absent is None and (webinar or _visits(content, event, person))
        if absent is None or absent.marked:
            rows.append([event.code, role, person, None, "да" if came else "нет"])
    for stranger in content.events.strangers:
        if stranger.event == event.code:
            rows.append([event.code, stranger.role, stranger.person, None, "да"])
    for school in content.project_schools:
        came = _visits(content, event, school.code)
        rows.append([event.code, "школа", None, school.code, "да" if came else "нет"])
    return semicolons(rows)


_FOR_TEACHERS = ("стажировка", "поезд мастеров")
_ATTENDANCE = ("Код события", "Роль", "Код лица", "Код школы", "Присутствовал")


def _persons(content: Content) -> list[tuple[str, str]]:
    persons = [("муниципальный координатор", p) for p in content.people.coordinators.values()]
    return persons + [("куратор", curator.person) for curator in content.people.curators]


def _told_attendance(content: Content, event: Event, told: Attendance) -> bytes:
    rows: list[Row] = [list(_ATTENDANCE)]
    if not told.schools_only:
        rows += [
            [event.code, role, person, None, "нет" if person in told.absent else "да"]
            for role, person in _persons(content)
        ]
    for school in content.project_schools:
        is_absent = told.nobody or school.key in told.absent
        rows.append([event.code, "школа", None, school.code, "нет" if is_absent else "да"])
    return semicolons(rows)


def _visits(content: Content, event: Event, who: str) -> bool:
    return Random(f"{content.seed}/{event.code}/{who}").random() < 0.85


def growing_bytes(table: GrowingTable, day: date) -> bytes:
    """The version of a small register that was received on `day`."""
    rows: list[Row] = [list(table.heading)]
    rows += [
        row.cells
        for row in table.rows
        if row.since <= day and (row.until is None or day < row.until)
    ]
    if table.path.endswith(".csv"):
        return semicolons(rows)
    widths = [max(12, *(len(str(row[i] or "")) for row in rows)) for i in range(len(rows[0]))]
    return xlsx([(table.sheet, rows)], [min(width, 70) for width in widths])


def act_xlsx(act: Act) -> bytes:
    rows: list[Row] = [
        ["Код муниципалитета", "Вид акта", "Номер", "Дата", "Ссылка", "Основание"],
        [act.municipality, act.kind, act.number, act.date,
         f"https://{act.municipality}.example.org/akty/{act.date.isoformat()}", act.basis],
    ]  # fmt: skip
    return xlsx([("Акты", rows)], (20, 16, 12, 12, 52, 24))


def documents_xlsx(content: Content, day: date | None = None) -> bytes:
    """The register as received on `day`; None: the one of March."""
    rows: list[Row] = [
        ["Код документа", "Показатель", "Наименование", "Номер", "Дата", "Состояние"]
    ]
    rows += [
        [document.code, document.indicator, document.title, document.number, document.date,
         document.state]
        for document in content.events.documents
        if document.since is None or (day is not None and document.since <= day)
    ]  # fmt: skip
    return xlsx([("Документы", rows)], (16, 12, 64, 10, 12, 12))
