"""Registers of the fictitious year: layouts of docs/formats.md, «Реестры»."""

from __future__ import annotations

from datetime import date, datetime
from random import Random

from roadmap_demo.content import Content, Event, GrowingTable
from roadmap_demo.workbook import Cell, Row, semicolons, xlsx

_COORDINATOR = "муниципальный координатор"
OPENED = date(2019, 1, 1)  # every school of the registry is older than the plan


def municipalities_csv(content: Content) -> bytes:
    """Dated names; the aliases stand with the first name of each municipality."""
    rows: list[Row] = [
        ["Код", "Наименование", "Родительный падеж", "Краткое наименование", "Действует с",
         "Действует по", "Варианты написания"]
    ]  # fmt: skip
    for municipality in content.municipalities:
        known = {name.name for name in municipality.names}
        spellings = (municipality.vpr_name, municipality.rdr_name, *municipality.aliases,
                     municipality.vpr_tag, municipality.msu)  # fmt: skip
        aliases = [alias for alias in dict.fromkeys(spellings) if alias not in known]
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
            [school.code, school.name + ("  " if number % 3 == 2 else ""), school.municipality,
             f"sch{school.login_digits}", school.gia_code,
             content.project.project_from if project else None,
             project.left_on if project else None, OPENED, None]
        )  # fmt: skip
    return xlsx([("Школы", rows)], (11, 46, 18, 12, 10, 12, 12, 12, 12))


def people_xlsx(content: Content) -> bytes:
    people = content.people
    rows: list[Row] = [
        ["Код лица", "Роль", "Код муниципалитета", "Код школы", "Действует с", "Действует по"]
    ]
    for municipality, person in people.coordinators.items():
        rows.append([person, _COORDINATOR, municipality, None, people.since, None])
    for curator in (*people.former, *people.curators):
        for name in curator.schools:
            school = content.school(curator.municipality, name)
            rows.append(
                [curator.person, "куратор", curator.municipality, school.code,
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


def events_xlsx(content: Content, day: date | None = None) -> bytes:
    """The register as received on `day`; None: the one of March, without the columns of
    internships."""
    events = content.events
    rows: list[Row] = [
        ["Код события", "№ мероприятия", "Вид", "Код семинара", "Тема", "Дата", "Состояние",
         "Участников", *(() if day is None else _HOST_COLUMNS), "Предмет", "Класс"]
    ]  # fmt: skip
    known = [events.webinar, *events.events]
    if day is None:
        known = [event for event in known if event.since is None]
    else:
        known = [event for one in known if (event := one.as_of(day)) is not None]
    for event in known:
        if event.seminar is not None and event.seminar not in events.seminars:
            raise ValueError(f"events.yaml: {event.code}: no seminar {event.seminar}")
        participants: Cell = event.participants
        if participants is None and event.state == "проведено":
            participants = Random(f"{content.seed}/{event.code}").randint(24, 46)
        row: Row = [event.code, event.measure, event.kind, event.seminar, event.title, event.date,
               event.state, participants]  # fmt: skip
        if day is not None:
            row = [*row, event.programme, event.host_kind, event.host]
        row = [*row, event.subject, event.grade]
        rows += [row] * (2 if event.code == events.duplicated else 1)
    return xlsx([("Мероприятия", rows)], (20, 15, 14, 13, 60, 12, 14, 12))


_HOST_COLUMNS = ("Код программы", "Вид площадки", "Площадка")


def attended(content: Content) -> tuple[Event, ...]:
    """The events that have an attendance file, as they were held in the end."""
    last = content.events.received[-1].date()
    own = (event.as_of(last) for event in content.events.events if event.attendance)
    return content.events.webinar, *(event for event in own if event is not None)


def attendance_csv(content: Content, event: Event, *, is_again: bool = False) -> bytes:
    """Who was there: as events.yaml says of the event or of the webinar, else drawn.

    `is_again`: the later version, with the days on which the recording was studied.

    Only the webinar is measured by roles; of other events most were visited by most. Teachers
    go to the later seminars and internships: only their schools are noted.
    """
    events, planned = content.events, content.events.planned_attendance(event)
    is_webinar = event.code == events.webinar.code
    absent = {(one.role, one.person): one for one in events.absent_from_webinar if is_webinar}
    heading = ["Код события", "Роль", "Код лица", "Код школы", "Присутствовал"]
    rows: list[Row] = [[*heading, *(["Запись изучена"] if is_again else [])]]

    def came(who: str, name: str) -> str:
        if planned is not None:
            is_there = not planned.nobody and name not in planned.absent
        else:
            is_there = Random(f"{content.seed}/{event.code}/{who}").random() < 0.85
        return "да" if is_there else "нет"

    if not (planned.schools_only if planned else event.kind in ("стажировка", "поезд мастеров")):
        coordinators = [(_COORDINATOR, one) for one in content.people.coordinators.values()]
        curators = [("куратор", curator.person) for curator in content.people.curators]
        for role, person in (*coordinators, *curators):
            if (role, person) in absent:
                one = absent[role, person]
                if one.marked:
                    studied = [one.studied_on] if is_again else []
                    rows.append([event.code, role, person, None, "нет", *studied])
            else:
                is_there = "да" if is_webinar else came(person, person)
                rows.append([event.code, role, person, None, is_there])
    for stranger in events.strangers:
        if stranger.event == event.code:
            rows.append([event.code, stranger.role, stranger.person, None, "да"])
    for school in content.project_schools:
        rows.append([event.code, "школа", None, school.code, came(school.code, school.key)])
    return semicolons([[*row, *[None] * (len(rows[0]) - len(row))] for row in rows])


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


def acts_xlsx(content: Content, municipality: str, received: datetime) -> bytes:
    """All acts of the municipality that it had sent by then."""
    rows: list[Row] = [["Код муниципалитета", "Вид акта", "Номер", "Дата", "Ссылка", "Основание"]]
    rows += [
        [act.municipality, act.kind, act.number, act.date,
         f"https://{act.municipality}.example.org/akty/{act.date.isoformat()}", act.basis]
        for act in content.events.acts
        if act.municipality == municipality and act.received <= received
    ]  # fmt: skip
    return xlsx([("Акты", rows)], (20, 24, 12, 12, 52, 24))


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
