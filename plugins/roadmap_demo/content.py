"""What the fictitious year contains: `include/demo/*.yaml`, checked and put together."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from random import Random
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, RootModel

from roadmap.paths import INCLUDE, SCALES

DEMO = INCLUDE / "demo"

Counts = tuple[int, int, int, int]  # pupils with «2», «3», «4», «5»
Day = date  # in models with a field of that name
Kind = Literal["town", "secondary", "basic"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Name(_Part):
    name: str
    genitive: str
    short: str
    starts: date = Field(alias="from")
    ends: date | None = Field(default=None, alias="to")


class SchoolCounts(_Part):
    numbers: tuple[int, ...] = ()
    gymnasiums: tuple[int, ...] = ()
    lyceums: tuple[int, ...] = ()
    secondary: int = 0
    basic: int = 0


class Municipality(_Part):
    id: str
    number: int
    msu: str
    names: tuple[Name, ...]
    vpr_name: str
    rdr_name: str
    aliases: tuple[str, ...]
    schools: SchoolCounts

    @property
    def vpr_tag(self) -> str:
        """The tag of ФИС ОКО's protocols of 2020 (docs/domain.md §3.3.1)."""
        return f"reg44_vpr_m{self.number:03d}"


class Size(_Part):
    median: float
    spread: float
    least: int
    most: int


class Effects(_Part):
    school: float
    paper: float
    project: float


class SchoolNames(_Part):
    stems: tuple[str, ...]
    names: Mapping[str, str]
    sizes: Mapping[Kind, Size]
    effects: Effects


class ProjectSchool(_Part):
    municipality: str
    name: str
    kind: Literal["secondary", "basic"]
    pupils: int
    small: bool = False
    low: tuple[str, ...] = ()
    marks: Mapping[str, Counts] = {}
    absent_from: tuple[str, ...] = ()
    no_twos_in: str | None = None  # papers whose code begins so
    left_on: date | None = None


class ProjectSchools(_Part):
    project_from: date
    schools: tuple[ProjectSchool, ...]
    left: tuple[ProjectSchool, ...]


class Curator(_Part):
    person: str
    municipality: str
    schools: tuple[str, ...]
    since: date | None = None
    until: date | None = None


class Addressed(_Part):
    municipality: str
    address: str
    until: date | None = None


class Contacts(_Part):
    since: date
    second: tuple[str, ...]
    region: tuple[str, ...]
    ended: tuple[Addressed, ...]
    with_line_break: Addressed
    unknown_addressee: Addressed


class People(_Part):
    since: date
    coordinators: Mapping[str, str]
    curators: tuple[Curator, ...]
    former: tuple[Curator, ...]
    contacts: Contacts


class Change(_Part):
    """What a later version of the register says of an event."""

    since: date  # versions received on this day or later say so
    state: str
    moved_to: date | None = None


class Event(_Part):
    """An event; `since`: the first version of the register that knows it (None: March's)."""

    code: str
    seminar: str | None = None
    kind: str
    date: date
    state: str
    title: str
    measure: int = 8
    participants: str | None = None  # planted text instead of a number
    attendance: bool = False
    since: Day | None = None
    later: tuple[Change, ...] = ()
    programme: str | None = None
    host_kind: str | None = None
    host: str | None = None

    def as_of(self, day: Day) -> Event | None:
        """The event as the version received on `day` tells it; None before it is known."""
        if self.since is not None and day < self.since:
            return None
        told = self
        for change in self.later:
            if change.since <= day:
                told = told.model_copy(
                    update={"state": change.state, "date": change.moved_to or told.date}
                )
        return told


class Absent(_Part):
    role: str
    person: str
    marked: bool


class Stranger(_Part):
    event: str
    role: str
    person: str


class Seminar(_Part):
    code: str
    title: str


class Act(_Part):
    municipality: str
    kind: str
    number: str
    date: date
    basis: str
    received: str
    # Lies in the inbox before its receipt time: March must not count it by its own date.
    lies_from: Day | None = None


class Document(_Part):
    code: str
    indicator: str
    title: str
    number: str
    date: date
    state: str
    since: Day | None = None  # the first version of the register that has it


class Attendance(_Part):
    """Who came to an event of all the project; nobody is drawn."""

    event: str
    absent: tuple[str, ...] = ()  # persons, and schools as «municipality: name»
    received: datetime | None = None  # None: on the morning after the event
    schools_only: bool = False
    nobody: bool = False


class Events(_Part):
    webinar: Event
    absent_from_webinar: tuple[Absent, ...]
    strangers: tuple[Stranger, ...]
    seminars: tuple[Seminar, ...]
    events: tuple[Event, ...]
    duplicated: str
    acts: tuple[Act, ...]
    documents: tuple[Document, ...]
    received: tuple[datetime, ...]  # versions of the register of events after March's
    documents_received: tuple[datetime, ...]
    attendance: tuple[Attendance, ...]

    def told_attendance(self, event: Event) -> Attendance | None:
        """The attendance that is planned by name; None where it is drawn."""
        return next((told for told in self.attendance if told.event == event.code), None)


class _Coded(_Part):
    """`code` is unique in the demo: «ru5» of 2020, «2021/ru5» of 2021."""

    code: str

    @property
    def short(self) -> str:
        """The code without its year, for the names of files."""
        return self.code.rsplit("/", 1)[-1]


class Paper(_Coded):
    """A paper of ВПР: shares in percent."""

    subject: str
    title: str
    dative: str
    grade: int
    form: Literal["marks", "protocol"]
    two: float
    rest: tuple[float, float, float]
    journal: tuple[float, float, float]


class Country(_Part):
    schools: int
    participants: int


class Vpr(_Part):
    year: int
    absent: tuple[float, float]
    skips: float
    last_day: date
    papers: tuple[Paper, ...]
    country: Country


class Exam(_Coded):
    number: str
    subject: str
    title: str
    dates: tuple[date, ...]
    share: float
    mean: float
    spread: float
    primary: int
    form: Literal["csv", "xlsx"]


class Ege(_Part):
    year: int
    leavers_of_grade: float
    exams: tuple[Exam, ...]


class Work(_Coded):
    """A regional work; `share`: of the pupils of grade 9 who chose it (None: grade 10 writes)."""

    title: str
    grade: int
    date: date
    two: float
    rest: tuple[float, float, float]
    share: float | None = None


class Rdr(_Part):
    tenth_of_grade: float
    works: tuple[Work, ...]


class MainExam(_Coded):
    """ОГЭ in one subject: marks by the scale of primary scores."""

    number: str
    subject: str
    title: str
    date: date
    two: float
    rest: tuple[float, float, float]
    least: tuple[int, int, int]  # primary scores for «3», «4», «5»
    primary: int
    form: Literal["csv", "xlsx"]


class Oge(_Part):
    year: int
    came: float  # share of the pupils of grade 9
    exams: tuple[MainExam, ...]


class Calibration(_Part):
    vpr: Vpr
    ege: Ege
    rdr: Rdr


class SpringCalibration(_Part):
    """What the results of spring and summer 2021 follow."""

    vpr: Vpr
    ege: Ege
    oge: Oge
    works: tuple[Work, ...]


class PercentSum(_Part):
    paper: str
    municipality: str
    school: str
    surplus: float


class UnknownInMarks(_Part):
    paper: str
    under: str
    login: str
    marks: Counts


class ForeignSchool(_Part):
    paper: str
    municipality: str
    school: str
    under: str


class OfSchool(_Part):
    paper: str
    municipality: str
    school: str


class AboveMaximum(_Part):
    paper: str
    municipality: str
    rows: int
    score: int


class UnknownInProtocol(_Part):
    paper: str
    municipality: str
    login: str
    rows: int


class RdrSum(_Part):
    work: str
    municipality: str
    school: str


class Dirt(_Part):
    journal: Mapping[str, float]
    no_journal: Mapping[str, float]
    gender: Mapping[str, float]
    klass: Mapping[str, float]
    task: Mapping[str, float]


class Defects(_Part):
    percent_sum: PercentSum
    unknown_login_in_marks: UnknownInMarks
    foreign_school: ForeignSchool
    edu_login: tuple[OfSchool, ...]
    above_maximum: tuple[AboveMaximum, ...]
    unknown_login_in_protocol: UnknownInProtocol
    rdr_sum: RdrSum
    encrypted_act: str
    encrypted_later: Mapping[str, str]  # path → when it was received
    headless_work: str
    dirt: Dirt


class TableRow(_Part):
    since: date  # versions received on this day or later have it
    until: date | None = None  # and those received on this day or later no more
    cells: tuple[int | date | str | None, ...]


class GrowingTable(_Part):
    """A small register, row by row; each version has the rows of its day."""

    path: str
    sheet: str = ""
    heading: tuple[str, ...]
    received: tuple[datetime, ...]
    rows: tuple[TableRow, ...]


class Growing(_Part):
    tables: tuple[GrowingTable, ...]


class Publication(_Part):
    code: str
    channel: str
    kind: Literal["страница", "новость"]
    title: str
    date: date


class Portal(_Part):
    publications: tuple[Publication, ...]


class Questionnaire(_Part):
    """A questionnaire that was closed later than the others, or never."""

    of: str  # a person, or «municipality: name» of a school
    questionnaire: str
    closed: date | None = None


class Surveys(_Part):
    received: tuple[datetime, ...]
    curator: str
    school: tuple[str, ...]  # what every school answers
    closed: tuple[date, date]  # the days between which the others were closed
    late: tuple[Questionnaire, ...]
    without_date: str  # a person whose row says «закрыта» and no day


class ActivatedRisk(_Part):
    school: str
    factors: tuple[str, ...]
    since: date | None = None  # None: with all the others


class UnknownFactor(_Part):
    school: str
    factor: str


class RiskProfiles(_Part):
    received: tuple[datetime, ...]
    assessed: date
    factors: tuple[str, ...]
    activated: tuple[ActivatedRisk, ...]
    unknown: UnknownFactor


class State(_Part):
    state: str
    since: date | None = None  # None: it holds until a dated one


class DocumentStates(_Part):
    """The states of one document; `factor` for an anti-risk programme. Empty: no row at all."""

    school: str
    document: str
    factor: str | None = None
    states: tuple[State, ...]

    def on(self, day: date) -> list[State]:
        """The states known on that day; one without a date only while there is no other."""
        dated = [state for state in self.states if state.since and state.since <= day]
        return dated or [state for state in self.states if state.since is None]


class UnknownState(_Part):
    school: str
    document: str
    state: str
    date: date


class MedkDocuments(_Part):
    received: tuple[datetime, ...]
    documents: tuple[str, ...]
    programme: str  # what an anti-risk programme is called
    agreed: tuple[date, date]  # the days between which the others were agreed
    special: tuple[DocumentStates, ...]
    unknown_state: UnknownState


class Medk(_Part):
    surveys: Surveys
    risks: RiskProfiles
    documents: MedkDocuments


class Appeal(_Part):
    school: str | None = None  # «municipality: name»; or
    code: str | None = None  # the ГИА code as the file writes it
    before: int
    now: int
    satisfied: bool


class AppealFile(_Part):
    path: str
    exam: str
    received: datetime
    rows: tuple[Appeal, ...]


class CutOff(_Part):
    """A protocol whose last pupils are missing."""

    path: str
    exam: str
    lost: int
    received: datetime


class Appeals(_Part):
    files: tuple[AppealFile, ...]
    cut_off: CutOff


class _Receipts(RootModel[dict[str, str]]):
    pass


class Correction(_Part):
    municipality: str
    school: str
    paper: str
    marks: Counts
    received: str


@dataclass(frozen=True)
class School:
    """One fictitious school. `pupils` of an average grade; `project` where it ever took part."""

    code: str
    municipality: str
    name: str
    kind: Kind
    login_digits: str
    gia_code: str
    pupils: int
    effect: float  # logits by which its marks are weaker
    project: ProjectSchool | None

    @property
    def key(self) -> str:
        """How the yaml files of this folder name it."""
        return f"{self.municipality}: {self.name}"

    @property
    def has_upper_grades(self) -> bool:
        return self.kind != "basic"

    @property
    def is_project(self) -> bool:
        """Still in the project at the end of March."""
        return self.project is not None and self.project.left_on is None


@dataclass(frozen=True)
class Content:
    municipalities: tuple[Municipality, ...]
    schools: tuple[School, ...]
    project: ProjectSchools
    school_names: SchoolNames
    people: People
    events: Events
    calibration: Calibration
    spring: SpringCalibration
    defects: Defects
    correction: Correction
    receipts: Mapping[str, str]
    growing: Growing
    portal: Portal
    medk: Medk
    appeals: Appeals
    seed: int

    @property
    def project_schools(self) -> tuple[School, ...]:
        """The schools that are in the project from March to December."""
        return tuple(school for school in self.schools if school.is_project)

    def school(self, municipality: str, name: str) -> School:
        """The school of that name; KeyError when the municipality has none."""
        for school in self.schools:
            if school.municipality == municipality and school.name == name:
                return school
        raise KeyError(f"{municipality}: {name}")

    def exam(self, code: str) -> Exam | MainExam:
        """The exam of summer 2021 of that code; KeyError when there is none."""
        exams: tuple[Exam | MainExam, ...] = (*self.spring.ege.exams, *self.spring.oge.exams)
        for exam in exams:
            if exam.code == code:
                return exam
        raise KeyError(code)

    def paper(self, code: str) -> Paper:
        """The ВПР paper of that code; KeyError when there is none."""
        for vpr in self.all_vpr:
            for paper in vpr.papers:
                if paper.code == code:
                    return paper
        raise KeyError(code)

    @property
    def all_vpr(self) -> tuple[Vpr, Vpr]:
        """Of autumn 2020 and of spring 2021."""
        return self.calibration.vpr, self.spring.vpr

    def vpr_of(self, paper: Paper) -> Vpr:
        """The ВПР that the paper belongs to."""
        return next(vpr for vpr in self.all_vpr if paper in vpr.papers)

    def ege_of(self, exam: Exam) -> Ege:
        """The year's ЕГЭ that the exam belongs to."""
        return next(ege for ege in (self.calibration.ege, self.spring.ege) if exam in ege.exams)


@dataclass(frozen=True)
class Scale:
    """Least primary scores for «3», «4», «5», and the paper's maximum."""

    least: tuple[int, int, int]
    maximum: int


def _read(name: str) -> object:
    return yaml.safe_load((DEMO / f"{name}.yaml").read_text(encoding="utf-8"))


class _Municipalities(_Part):
    municipalities: tuple[Municipality, ...]


@cache
def vpr_scale(year: int, subject: str, grade: int) -> Scale:
    """The scale by which the region turns primary scores into marks (include/scales)."""
    scales = yaml.safe_load((SCALES / f"vpr_{year}.yaml").read_text(encoding="utf-8"))
    scale = scales[subject][grade]
    return Scale((scale["3"], scale["4"], scale["5"]), scale["max"])


@cache
def ege_minimum(year: int, subject: str) -> int:
    """The least passing test score (include/scales)."""
    minima = yaml.safe_load((SCALES / f"ege_{year}.yaml").read_text(encoding="utf-8"))
    return int(minima[subject])


def _pupils(rng: Random, size: Size) -> int:
    drawn = math.exp(rng.gauss(math.log(size.median), size.spread))
    return max(size.least, min(size.most, round(drawn)))


def _schools(
    municipalities: tuple[Municipality, ...],
    names: SchoolNames,
    project: ProjectSchools,
    seed: int,
) -> tuple[School, ...]:
    """All schools, project schools first in each municipality; codes follow that order."""
    rng = Random(f"{seed}/schools")
    schools: list[School] = []
    stem = 0
    for municipality in municipalities:
        named: list[tuple[str, Kind, ProjectSchool | None]] = [
            (entry.name, entry.kind, entry)
            for entry in (*project.schools, *project.left)
            if entry.municipality == municipality.id
        ]
        counts = municipality.schools
        for form, numbers in (
            ("number", counts.numbers),
            ("gymnasium", counts.gymnasiums),
            ("lyceum", counts.lyceums),
        ):
            named += [(names.names[form].format(number=n), "town", None) for n in numbers]
        rural: tuple[tuple[Kind, int], ...] = (
            ("secondary", counts.secondary),
            ("basic", counts.basic),
        )
        for kind, count in rural:
            for _ in range(count):
                chosen = names.stems[stem % len(names.stems)]
                named.append((names.names[kind].format(stem=chosen), kind, None))
                stem += 1
        for index, (name, kind, entry) in enumerate(named, 1):
            pupils = _pupils(rng, names.sizes[kind])
            effect = rng.gauss(0, names.effects.school)
            schools.append(
                School(
                    code=f"s{len(schools) + 1:03d}",
                    municipality=municipality.id,
                    name=name,
                    kind=kind,
                    login_digits=f"44{municipality.number:02d}{index:02d}",
                    gia_code=f"{municipality.msu}{2 * index:03d}",
                    pupils=entry.pupils if entry else pupils,
                    effect=effect + (names.effects.project if entry else 0),
                    project=entry,
                )
            )
    return tuple(schools)


@cache
def load_content(seed: int) -> Content:
    """The whole fictitious year; pydantic's error names the place in a wrong file."""
    municipalities = _Municipalities.model_validate(_read("municipalities")).municipalities
    names = SchoolNames.model_validate(_read("schools"))
    project = ProjectSchools.model_validate(_read("project_schools"))
    return Content(
        municipalities=municipalities,
        schools=_schools(municipalities, names, project, seed),
        project=project,
        school_names=names,
        people=People.model_validate(_read("people")),
        events=Events.model_validate(_read("events")),
        calibration=Calibration.model_validate(_read("calibration")),
        spring=SpringCalibration.model_validate(_read("calibration_2021")),
        defects=Defects.model_validate(_read("defects")),
        correction=Correction.model_validate(_read("correction")),
        receipts=_Receipts.model_validate(_read("receipts")).root,
        growing=Growing.model_validate(_read("growing")),
        portal=Portal.model_validate(_read("portal")),
        medk=Medk.model_validate(_read("medk")),
        appeals=Appeals.model_validate(_read("appeals")),
        seed=seed,
    )
