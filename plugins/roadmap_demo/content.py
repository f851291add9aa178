"""What the fictitious year contains: `include/demo/*.yaml`, checked and put together."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, cached_property
from itertools import cycle
from random import Random
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from roadmap.evidence.scales import options_for
from roadmap.paths import INCLUDE
from roadmap.plan.strict_yaml import read_yaml

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
    """The schools outside the project: numbers of town schools, how many rural ones there are."""

    town: Mapping[Literal["number", "gymnasium", "lyceum"], tuple[int, ...]]
    rural: Mapping[Literal["secondary", "basic"], int]


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


class SchoolNames(_Part):
    stems: tuple[str, ...]
    names: Mapping[str, str]
    sizes: Mapping[Kind, Size]
    effects: Mapping[Literal["school", "paper", "project"], float]


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
    subject: str | None = None  # the deficit that it answers, with its grade
    grade: int | None = None

    def as_of(self, day: Day) -> Event | None:
        """The event by the version received on `day`; None before it is known."""
        if self.since is not None and day < self.since:
            return None
        event = self
        for change in self.later:
            if change.since <= day:
                moved_to = change.moved_to or event.date
                event = event.model_copy(update={"state": change.state, "date": moved_to})
        return event


class Absent(_Part):
    role: str
    person: str
    marked: bool
    studied_on: date | None = None  # the recording, after the March letter asked for it


class Stranger(_Part):
    event: str
    role: str
    person: str


class Act(_Part):
    municipality: str
    kind: str
    number: str
    date: date
    basis: str
    received: datetime
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
    webinar_received_again: datetime  # the log with the days on which the recording was studied
    strangers: tuple[Stranger, ...]
    seminars: Mapping[str, str]  # titles by code
    events: tuple[Event, ...]
    duplicated: str
    acts: tuple[Act, ...]
    documents: tuple[Document, ...]
    received: tuple[datetime, ...]  # versions of the register of events after March's
    documents_received: tuple[datetime, ...]
    attendance: tuple[Attendance, ...]

    def planned_attendance(self, event: Event) -> Attendance | None:
        """The attendance that is planned by name; None where it is drawn."""
        return next((one for one in self.attendance if one.event == event.code), None)


class _Coded(_Part):
    """`code` is unique in the demo: «ru5» of 2020, «2021/ru5» of 2021."""

    code: str
    title: str

    @property
    def short(self) -> str:
        """The code without its year, for the names of files."""
        return self.code.rsplit("/", 1)[-1]


class Paper(_Coded):
    """A paper of ВПР: shares in percent."""

    subject: str
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

    grade: int
    date: date
    two: float
    rest: tuple[float, float, float]
    share: float | None = None


class MainExam(_Coded):
    """ОГЭ in one subject: marks by the scale of primary scores."""

    number: str
    subject: str
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
    """What results follow; ДР-10 of autumn, works of grade 9 in spring."""

    vpr: Vpr
    ege: Ege
    works: tuple[Work, ...]


class AutumnCalibration(Calibration):
    tenth_of_grade: float


class SpringCalibration(Calibration):
    oge: Oge


class Planted(_Part):
    """What is wrong on purpose in one paper: in a school's row or in a municipality's."""

    paper: str
    municipality: str
    school: str = ""  # its name
    login: str = ""  # of a school that nobody knows
    under: str = ""  # another municipality, under which the school stands
    rows: int = 0
    score: int = 0
    surplus: float = 0  # percents
    marks: Counts = (0, 0, 0, 0)

    def is_of(self, paper: str, school: School) -> bool:
        """Whether it stands in that school's row of the paper."""
        own = (self.paper, self.municipality, self.school)
        return own == (paper, school.municipality, school.name)


class Correction(Planted):
    """The marks that a school gets later."""

    received: datetime


class Defects(_Part):
    percent_sum: Planted
    unknown_login_in_marks: Planted
    foreign_school: Planted
    edu_login: tuple[Planted, ...]
    above_maximum: tuple[Planted, ...]
    unknown_login_in_protocol: Planted
    rdr_sum: Planted
    encrypted_act: str
    encrypted_later: Mapping[str, datetime]  # path → when it was received
    headless_work: str
    dirt: Mapping[Literal["journal", "no_journal", "gender", "klass", "task"], Mapping[str, float]]


def _day_or_text(cell: object) -> object:
    """A day among the cells of a register; every other text stays text."""
    if isinstance(cell, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", cell):
        return date.fromisoformat(cell)
    return cell


class TableRow(_Part):
    since: date  # versions received on this day or later have it
    until: date | None = None  # and those received on this day or later no more
    cells: tuple[Annotated[int | date | str | None, BeforeValidator(_day_or_text)], ...]


class GrowingTable(_Part):
    """A small register, row by row; each version has the rows of its day."""

    path: str
    sheet: str = ""
    heading: tuple[str, ...]
    received: tuple[datetime, ...]
    rows: tuple[TableRow, ...]


class Publication(_Part):
    code: str
    channel: str
    kind: Literal["страница", "новость"]
    title: str
    date: date


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


class RiskProfiles(_Part):
    received: tuple[datetime, ...]
    assessed: date
    factors: tuple[str, ...]
    activated: tuple[ActivatedRisk, ...]
    unknown: ActivatedRisk


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


class MedkDocuments(_Part):
    received: tuple[datetime, ...]
    documents: tuple[str, ...]
    programme: str  # what an anti-risk programme is called
    agreed: tuple[date, date]  # the days between which the others were agreed
    special: tuple[DocumentStates, ...]
    unknown_state: DocumentStates


class ChangeMark(_Part):
    """How one risk of a school is marked in one stage; no mark: the row stands there empty."""

    school: str
    factor: str
    stage: int
    mark: str | None = None
    is_proved: bool = True


class MedkChanges(_Part):
    received: tuple[datetime, ...]
    marked: tuple[tuple[date, date], ...]  # the days of each stage
    link: str
    silent: tuple[tuple[str, int], ...]  # a school that marks nothing, and in which stage
    special: tuple[ChangeMark, ...]


class Medk(_Part):
    surveys: Surveys
    risks: RiskProfiles
    documents: MedkDocuments
    changes: MedkChanges


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


class RegionNames(_Part):
    in_vpr: str
    in_exams: str


class Content(_Part):
    """The year: a field per file of the folder, under the file's name."""

    seed: int
    region: RegionNames
    municipalities: tuple[Municipality, ...]
    school_names: SchoolNames = Field(alias="schools")
    project: ProjectSchools = Field(alias="project_schools")
    people: People
    events: Events
    calibration: AutumnCalibration
    spring: SpringCalibration = Field(alias="calibration_2021")
    defects: Defects
    correction: Correction
    receipts: Mapping[str, datetime]
    growing: tuple[GrowingTable, ...]
    portal: tuple[Publication, ...]
    medk: Medk
    appeals: Appeals

    @cached_property
    def schools(self) -> tuple[School, ...]:
        """All schools, project schools first in each municipality; codes follow that order."""
        rng = Random(f"{self.seed}/schools")
        schools: list[School] = []
        for municipality, index, name, kind, project in self._named_schools():
            size = self.school_names.sizes[kind]
            drawn = round(math.exp(rng.gauss(math.log(size.median), size.spread)))
            effect = rng.gauss(0, self.school_names.effects["school"])
            schools.append(
                School(
                    code=f"s{len(schools) + 1:03d}",
                    municipality=municipality.id,
                    name=name,
                    kind=kind,
                    login_digits=f"44{municipality.number:02d}{index:02d}",
                    gia_code=f"{municipality.msu}{2 * index:03d}",
                    pupils=project.pupils if project else max(size.least, min(size.most, drawn)),
                    effect=effect + (self.school_names.effects["project"] if project else 0),
                    project=project,
                )
            )
        return tuple(schools)

    def _named_schools(
        self,
    ) -> Iterator[tuple[Municipality, int, str, Kind, ProjectSchool | None]]:
        """Each school's municipality, its place there from 1, its name, kind, planned figures."""
        names = self.school_names.names
        stems = cycle(self.school_names.stems)
        for municipality in self.municipalities:
            named: list[tuple[str, Kind, ProjectSchool | None]] = [
                (school.name, school.kind, school)
                for school in (*self.project.schools, *self.project.left)
                if school.municipality == municipality.id
            ]
            for form, numbers in municipality.schools.town.items():
                named += [(names[form].format(number=n), "town", None) for n in numbers]
            for rural, count in municipality.schools.rural.items():
                named += [
                    (names[rural].format(stem=next(stems)), rural, None) for _ in range(count)
                ]
            for index, (name, kind, project) in enumerate(named, 1):
                yield municipality, index, name, kind, project

    @property
    def project_schools(self) -> tuple[School, ...]:
        """The schools that are in the project from March to December."""
        return tuple(school for school in self.schools if school.is_project)

    @property
    def all_vpr(self) -> tuple[Vpr, Vpr]:
        """Of autumn 2020 and of spring 2021."""
        return self.calibration.vpr, self.spring.vpr

    def school(self, municipality: str, name: str) -> School:
        """The school of that name; KeyError when the municipality has none."""
        return {(one.municipality, one.name): one for one in self.schools}[municipality, name]

    def exam(self, code: str) -> Exam | MainExam:
        """The exam of summer 2021 of that code; KeyError when there is none."""
        exams: tuple[Exam | MainExam, ...] = (*self.spring.ege.exams, *self.spring.oge.exams)
        return {exam.code: exam for exam in exams}[code]

    def paper(self, code: str) -> Paper:
        """The ВПР paper of that code; KeyError when there is none."""
        return {paper.code: paper for vpr in self.all_vpr for paper in vpr.papers}[code]

    def vpr_of(self, paper: Paper) -> Vpr:
        """The ВПР that the paper belongs to."""
        return next(vpr for vpr in self.all_vpr if paper in vpr.papers)

    def ege_of(self, exam: Exam) -> Ege:
        """The year's ЕГЭ that the exam belongs to."""
        return next(ege for ege in (self.calibration.ege, self.spring.ege) if exam in ege.exams)


@cache
def load_content(seed: int) -> Content:
    """The whole fictitious year; pydantic's error names the place in a wrong file."""
    # facts.yaml is not read: it tells tests what must be found.
    files = [path for path in DEMO.glob("*.yaml") if path.stem != "facts"]
    read = {path.stem: read_yaml(path.read_text(encoding="utf-8")) for path in files}
    return Content.model_validate({**read, "seed": seed})


@dataclass(frozen=True)
class Scale:
    """Least primary scores for «3», «4», «5», and the paper's maximum."""

    least: tuple[int, int, int]
    maximum: int


@cache
def vpr_scale(year: int, subject: str, grade: int) -> Scale:
    """The scale by which the region turns primary scores into marks (include/scales)."""
    scale = options_for("vpr")["scales"][str(year)][subject][str(grade)]
    return Scale((scale["3"], scale["4"], scale["5"]), scale["max"])


@cache
def ege_minimum(year: int, subject: str) -> int:
    """The least passing test score (include/scales)."""
    minimum: int = options_for("ege")["scales"][str(year)][subject]
    return minimum
