"""What a plan is: one year's order with its measures, indicators, phases and rules.

A plan is data (`include/plans/<code>.yaml`); this module says which data are valid one by one,
`plan.checks` which of them contradict each other. Nothing here reads a file, a database or
the clock.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, time, timedelta
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from roadmap.plan.part import Code, Number, PlanCode, PlanPart, Text, number_text
from roadmap.plan.procedures import WaveCode
from roadmap.plan.region import LocalTime, Municipality, Region
from roadmap.plan.windows import Declared, dues
from roadmap.russian import of_plan

Date = date  # where a field itself is called `date`
# A setting of a rule or a query. A day stands here as ISO text, as the tables keep it.
Setting = str | int | float | bool


def _monitored_as_text(settings: dict[str, Setting]) -> dict[str, Setting]:
    """`monitoring` names a measure: its number is text, however the file writes it."""
    return {
        name: number_text(value) if name == "monitoring" else value
        for name, value in settings.items()
    }


Parameters = Annotated[dict[str, Setting], AfterValidator(_monitored_as_text)]
IndicatorCode = Annotated[str, Field(pattern=r"^\d{1,3}(\.\d{1,3}){1,3}$")]


class IndicatorKind(StrEnum):
    SHARE = "share"  # numerator of denominator, target in percent
    COUNT = "count"  # numerator against a target number
    FACT = "fact"  # there is a confirmed fact, or there is not: 1 of 1
    SUM = "sum"  # what was reported for all periods together, against a target number
    CHANGE = "change"  # the value now minus a baseline, against a target of the change


class Bound(StrEnum):
    AT_LEAST = "at_least"  # «не менее»
    AT_MOST = "at_most"  # «не более»; a target of 0 is met by 0


class Slice(StrEnum):
    MUNICIPALITY = "municipality"  # a row per municipality, the region is their sum
    REGION = "region"  # one row for the region


class Recommendation(PlanPart):
    """What to do when an indicator is not met (docs/domain.md §6.2)."""

    text: Text
    addressee: Text
    due: date
    confirmation: Text
    # What can't be made good any more, a webinar that is over: asked for by its own due date,
    # and by no later letter.
    once: bool = False


class Unit(PlanPart):
    """What a shortfall is counted in, in the forms that `russian.plural` needs."""

    one: Text  # 1 куратор
    few: Text  # 2 куратора
    many: Text  # 5 кураторов


class IndicatorPart(PlanPart):
    """One of several readings that an indicator adds up.

    A share with parts is met only when each of them is. One that stands `beside` is another
    reading of the same words: it is shown beside the figure, which it does not move.
    """

    code: Code
    title: Text
    unit: Unit
    sql: str | None = None  # where the part is counted otherwise than the indicator
    parameters: Parameters = Field(default_factory=dict)
    beside: bool = False


class Indicator(PlanPart):
    code: IndicatorCode
    title: Text
    kind: IndicatorKind
    bound: Bound = Bound.AT_LEAST
    # Percent for a share, units for a count or a sum, 1 for a fact; of a change percentage points
    # or units, below zero where the value is to fall. Exactly one of the three says it.
    target: float | None = None
    targets: dict[str, float] = Field(default_factory=dict)  # by municipality, or `region`
    # By quarter of the plan's years (1 is the first), from the beginning of the plan: the latest
    # one that has ended on the as-of date is judged.
    quarter_targets: dict[Annotated[int, Field(ge=1, le=40)], float] = Field(default_factory=dict)
    # Of a change: whether shares are compared or numbers, and with what: with a number that
    # stands here (percent or units; one for all, or by municipality), or with what was reported
    # for the period that ended on an earlier day.
    change_of: Literal["share", "value"] | None = None
    baseline: float | dict[str, float] | None = None
    baseline_on: date | None = None
    unit: Unit
    slice: Slice
    sql: str | None = None  # folder in include/sql/indicators; None: its parts name theirs
    parameters: Parameters = Field(default_factory=dict)
    # «100 % участников»: coordinators, curators and schools, each counted by itself. Stored
    # as indicators «13.1/curator» of their own, and summed as 13.1.
    parts: tuple[IndicatorPart, ...] = ()
    measured_from: Literal["evidence", "ledger"] = "evidence"
    # Phases in whose own letter the indicator would speak of that very letter
    # (docs/architecture.md, «Indicators»).
    outside_letter_of: tuple[Code, ...] = ()
    # What is asked of whom when the indicator is not met; shown in the letter.
    recommendation: Recommendation | None = None

    @property
    def is_of_shares(self) -> bool:
        """Whether it is a part of a whole, or a change of such a part, in percent or points."""
        return self.kind is IndicatorKind.SHARE or self.change_of == "share"


class Waiver(PlanPart):
    """Words of the order that a figure does not check, though it is read as if it did.

    `sentence` is printed beside the figure in every report that shows it.
    """

    words: Text  # verbatim from the measure
    indicator: IndicatorCode
    reason: Text
    sentence: Text


SectionCode = Annotated[
    str, BeforeValidator(number_text), Field(pattern=r"^[a-z0-9]([a-z0-9.-]{0,38}[a-z0-9])?$")
]


class Section(PlanPart):
    """A heading of the roadmap over rows of its own: «Раздел 1. Аналитические мероприятия»."""

    code: SectionCode  # a row names it by this
    title: Text  # verbatim


class Measure(PlanPart):
    number: Number  # as the roadmap has it
    text: Text
    date_text: Text
    indicator_text: Text | None  # None, and no indicators: the roadmap sets none for this row
    window: Declared
    indicators: tuple[Indicator, ...]
    section: SectionCode | None = None  # of the plan's sections, where it has them
    responsible: Text | None = None  # the responsible party, as the roadmap names it
    result: Text | None = None  # the document that the row is to end with, verbatim
    # How an ambiguous text is read (domain: the plan's comments say why), by name.
    rules: dict[str, Setting | tuple[str | int, ...]] = Field(default_factory=dict)
    waivers: tuple[Waiver, ...] = ()


class Datasets(PlanPart):
    """`needed`: without it an addressee's letter is not made; `told`: its absence is only said."""

    needed: tuple[Code, ...]
    told: tuple[Code, ...] = ()


class Approval(PlanPart):
    required: bool


class ReplyBy(PlanPart):
    """The letter asks for an answer by this date."""

    on: date


class Procedure(PlanPart):
    """An assessment procedure a phase analyses, e.g. ВПР, autumn 2020."""

    kind: Code  # of include/procedures.yaml (`plan.checks`)
    year: int
    wave: WaveCode
    title: Text
    short_title: Text
    not_held: Text | None = None  # the reason, where it was not held: «–» and not «н/д»
    caution: Text | None = None  # what to bear in mind reading its results: who took part, say

    @property
    def key(self) -> str:
        """«vpr/2021/spring»: the beginning of its load scopes."""
        return f"{self.kind}/{self.year}/{self.wave}"


class Comparison(PlanPart):
    """Which earlier procedure a procedure of the phase is set beside, or why it is not."""

    current: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*/\d{4}/(autumn|spring|main)$")]
    previous: Procedure
    not_comparable: Text | None = None  # the reason; None: same grade and subject are compared
    caution: Text | None = None  # what to bear in mind when comparing


class ChangesAdvice(PlanPart):
    """What is asked of the schools whose activated risks have no mark, no change or no proof."""

    no_mark: Recommendation
    not_changed: Recommendation  # «нет» or «частично»
    no_evidence: Recommendation  # of «да» or «частично»
    no_profile: Recommendation | None = None  # None: such a school is told and asked for nothing


class PositiveChanges(PlanPart):
    """The stage of МЭДК's monitoring of positive changes that the phase's report tells of."""

    stage: Literal[1, 2]
    recommendations: ChangesAdvice | None = None  # None: the report asks for nothing


class Reminders(PlanPart):
    """Letters about due dates that come near: one occasion per due date and number of days."""

    days_before: Annotated[tuple[Annotated[int, Field(ge=1, le=60)], ...], Field(min_length=1)]
    measures: tuple[Number, ...]  # which measures remind
    datasets: Datasets


class Closings(PlanPart):
    """Letters about windows that closed: one occasion per due date, on the working day after it."""

    measures: tuple[Number, ...]  # of which is told; the region's own, no phase of theirs is near
    datasets: Datasets


class Phase(PlanPart):
    code: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*(/\d{4}-\d\d-\d\d/\d+)?$")]
    # Which report it sends: the composer (reports.compose.COMPOSERS).
    report: Literal["analysis", "monitoring", "summary", "reminder", "closing"]
    title: Text  # «Комплексный анализ (март 2021 г.)», stands in the subject
    dag_title: Text
    run_day: date
    run_at: time
    starts: date  # first day of the phase's window: the data interval begins here
    as_of: date
    owns: tuple[Number, ...]
    reports: tuple[Number, ...]
    datasets: Datasets
    procedures: tuple[Procedure, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    positive_changes: PositiveChanges | None = None  # of a monitoring or the summary
    school_pages: bool = False  # whether a page about each school goes with the analysis
    approval: Approval
    correction_needs_reason: bool = False
    reply_by: ReplyBy

    @property
    def listed_title(self) -> str:
        """«03. Март: …»: Airflow lists DAGs by name, and months in their order are found."""
        return f"{self.as_of:%m}. {self.dag_title}"


class Analysis(PlanPart):
    """Parameters of the analysis (docs/domain.md §4.2, §8)."""

    low_share_percent: float = 30
    low_procedures: int = 2
    least_participants: int = 5
    # Growth of the share of «2» in percentage points from which dynamics are negative.
    worse_points: float = 10


class Contact(PlanPart):
    """Who answers questions: shown in the letter's «Контакты» and as «Исполнитель»."""

    name: Text
    phone: Text


class Order(PlanPart):
    """An order of the region's department; of one not issued yet, number and date are None."""

    number: Text | None
    date: Date | None

    @property
    def is_issued(self) -> bool:
        return self.number is not None and self.date is not None


class Plan(PlanPart):
    year: int
    code: PlanCode  # its key everywhere and its file's name; where none is said, the year
    last_year: int | None = None  # of a roadmap over several years
    order: Order
    based_on: tuple[Order, ...] = ()  # earlier orders that this one follows
    in_force: date | None
    closed: bool  # not scheduled any more, only backfilled or triggered
    region: Region
    working_day: Literal["previous", "next"]
    contact: Contact
    analysis: Analysis
    # Who gets the letters: the municipalities with project schools, or all of the region.
    addressees: Literal["participants", "all"] = "participants"
    sections: tuple[Section, ...] = ()  # of the rows, in the roadmap's order
    measures: tuple[Measure, ...]
    phases: tuple[Phase, ...]
    reminders: Reminders | None = None
    closings: Closings | None = None

    @model_validator(mode="before")
    @classmethod
    def _named_by_its_year(cls, declared: Any) -> Any:
        if isinstance(declared, dict) and "code" not in declared and "year" in declared:
            return {**declared, "code": str(declared["year"])}
        return declared

    @property
    def local_time(self) -> LocalTime:
        """The time of the plan's hours and of the moments in its letters."""
        return self.region.local_time

    @property
    def municipalities(self) -> tuple[Municipality, ...]:
        """All of the region; which of them take part, the registry says."""
        return self.region.municipalities

    def is_in_force(self, on: date) -> bool:
        """Whether letters of the plan may go to addressees on that day."""
        return self.in_force is not None and self.in_force <= on

    @property
    def years(self) -> tuple[int, int]:
        """The first and the last year of the roadmap."""
        return self.year, self.last_year or self.year

    def phase(self, code: str) -> Phase:
        """The phase of that code, also of an occasion; KeyError when the plan has none."""
        for phase in (*self.phases, *occasions(self)):
            if phase.code == code:
                return phase
        raise KeyError(f"В плане {of_plan(self.code)} нет этапа «{code}»")

    def section_title(self, measure: Measure) -> str | None:
        """The heading that the measure stands under; None in a plan without sections."""
        titles = {section.code: section.title for section in self.sections}
        return titles.get(measure.section) if measure.section is not None else None

    def in_order(self, numbers: Collection[str]) -> tuple[Measure, ...]:
        """The measures of those numbers in the order of the plan."""
        return tuple(measure for measure in self.measures if measure.number in numbers)

    def measure(self, number: str) -> Measure:
        """The measure of that number; KeyError when the plan has none."""
        for measure in self.measures:
            if measure.number == number:
                return measure
        raise KeyError(f"В плане {of_plan(self.code)} нет мероприятия № {number}")


OCCASIONS_AT = time(9)  # of the DAG `calendar_watch`, which looks for all of them
REMINDER = "reminder"
CLOSING = "closing"


def reminder_phases(plan: Plan) -> tuple[Phase, ...]:
    """The occasions on which the plan reminds, as phases «reminder/2021-04-30/14».

    One per due date and number of days before it; it owns and reports the measures due that
    day, judges the day on which it reminds and asks for an answer by the due date. Of the
    measures without a date none reminds.
    """
    if plan.reminders is None:
        return ()
    return tuple(
        Phase(
            code=(code := f"{REMINDER}/{due.isoformat()}/{days}"),
            report="reminder",
            title=occasion_title(code),
            dag_title="Напоминания о сроках",
            run_day=occasion_as_of(code),
            run_at=OCCASIONS_AT,
            starts=occasion_as_of(code),
            as_of=occasion_as_of(code),
            owns=tuple(numbers),
            reports=tuple(numbers),
            datasets=plan.reminders.datasets,
            approval=Approval(required=False),
            reply_by=ReplyBy(on=due),
        )
        for due, numbers in _by_due(plan, plan.reminders.measures)
        for days in plan.reminders.days_before
    )


def closing_phases(plan: Plan) -> tuple[Phase, ...]:
    """The ends of windows of which the plan tells, as phases «closing/2021-04-30/1».

    One per due date; it judges the due date itself, and the first working day after it tells.
    """
    if plan.closings is None:
        return ()
    return tuple(
        Phase(
            code=(code := f"{CLOSING}/{due.isoformat()}/1"),
            report="closing",
            title=occasion_title(code),
            dag_title="Окончания сроков",
            run_day=due + timedelta(days=1),
            run_at=OCCASIONS_AT,
            starts=due,
            as_of=due,
            owns=tuple(numbers),
            reports=tuple(numbers),
            datasets=plan.closings.datasets,
            approval=Approval(required=False),
            reply_by=ReplyBy(on=due),
        )
        for due, numbers in _by_due(plan, plan.closings.measures)
    )


def occasions(plan: Plan) -> tuple[Phase, ...]:
    """All phases that follow from due dates and stand in no list of the plan."""
    return (*reminder_phases(plan), *closing_phases(plan))


def is_occasion(phase_code: str) -> bool:
    """Whether the phase follows from a due date, so that it may have nothing to tell somebody."""
    return "/" in phase_code


def is_reminder(phase_code: str) -> bool:
    """Whether the phase reminds of a due date that comes near."""
    return phase_code.startswith(f"{REMINDER}/")


def occasion_due(phase_code: str) -> date:
    """The due date from which an occasion follows: of «reminder/2021-04-30/14» 30 April."""
    return date.fromisoformat(phase_code.split("/")[1])


def occasion_as_of(phase_code: str) -> date:
    """The day that an occasion judges: days before the due date, or the due date itself."""
    days = int(phase_code.split("/")[2]) if is_reminder(phase_code) else 0
    return occasion_due(phase_code) - timedelta(days=days)


def occasion_title(phase_code: str) -> str:
    """«Напоминание о сроке 30.04.2021»: known without the evidence that made the date due."""
    what = "Напоминание о сроке" if is_reminder(phase_code) else "Окончание срока"
    return f"{what} {occasion_due(phase_code):%d.%m.%Y}"


def _by_due(plan: Plan, numbers: tuple[str, ...]) -> list[tuple[date, list[str]]]:
    by_due: dict[date, list[str]] = {}
    for measure in plan.measures:
        if measure.number in numbers:
            for due in dues(measure.window, *plan.years):
                by_due.setdefault(due, []).append(measure.number)
    return sorted(by_due.items())
