"""Each indicator of the plan: met, missed by one, without data, and met late where it can be.

One line per indicator. The year is that of tests/support/whole_year.py, in which all are met; a
line says what is taken away or moved. An indicator of the plan without a line fails the suite.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from roadmap.indicators.status import Status
from roadmap.plan.due import due_date
from roadmap.plan.load import load_plan
from roadmap.plan.model import IndicatorKind
from support.whole_year import (
    GALICH,
    REGION,
    Change,
    JudgedYear,
    all_of,
    as_of,
    changed,
    judged_year,
    never_received,
    without,
)

PLAN = load_plan("2021")
NOT_AFTER_THE_YEAR = "counted in its own months only"


@dataclass(frozen=True)
class Line:
    """`met`: the region's numbers when all is there; the other fields change that year.

    Or they are the reason why it cannot be: unknown, met late.
    """

    met: tuple[int, int | None]
    missed_by_one: Change
    no_data: Change | str
    late: Change | str


def nobody_takes_part() -> Change:
    return changed("run_municipality", {}, is_participating=0)


def letter_of(phase: str) -> Change:
    """The letter to Галич was never accepted, and its school is one."""
    return all_of(
        changed("delivery", {"run_id": phase, "municipality_id": GALICH}, mode="redirect"),
    )


def judged(phase: str, day: str) -> Change:
    return changed("phase_run", {"run_id": phase}, as_of=day)


def moved(event: str, day: str) -> Change:
    return changed("event", {"event_id": event}, held_on=day)


def signed(indicator: str, day: str) -> Change:
    return changed("document", {"indicator": indicator}, signed_on=day)


def document(indicator: str, late: Change) -> Line:
    return Line(
        met=(1, 1),
        missed_by_one=changed("document", {"indicator": indicator}, state="draft"),
        no_data=never_received("documents"),
        late=late,
    )


def attendance(event: str, person: str, met: int, late: Change) -> Line:
    return Line(
        met=(met, met),
        missed_by_one=changed("attendance", {"event_id": event, "person_id": person}, is_present=0),
        no_data=without("attendance", event_id=event),
        late=late,
    )


def presented(phase: str, late_day: str) -> Line:
    return Line((3, 3), letter_of(phase), nobody_takes_part(), judged(phase, late_day))


def prepared(phase: str, late: Change) -> Line:
    return Line(
        met=(1, 1),
        missed_by_one=changed("delivery", {"run_id": phase}, released_ms=None),
        no_data="the ledger always knows",
        late=late,
    )


def monitoring(run: str) -> Line:
    return Line(
        met=(3, 3),
        missed_by_one=changed(
            "measure_status",
            {"run_id": run, "measure": "5", "municipality_id": REGION},
            is_executed=0,
        ),
        no_data=changed("phase_run", {"run_id": run}, mode="dry"),
        late="it is judged on its own last day",
    )


IN_JANUARY = "2022-01-15"
END_OF_JANUARY = as_of("2022-01-31")

LINES = {
    "1.1": Line(
        (4, 4),
        without("regional_act", document="положение о проекте"),
        never_received("regional_acts"),
        changed("regional_act", {"document": "положение о проекте"}, signed_on="2021-04-16"),
    ),
    "2.1": attendance("kickoff-2021", "k2", 2, moved("kickoff-2021", "2021-04-16")),
    "2.2": document("2.2", signed("2.2", "2021-04-16")),
    "3.1": Line(
        (3, 3),
        changed("survey", {"respondent": "curator", "person_id": "c3"}, state="open"),
        never_received("medk_surveys"),
        changed("survey", {"respondent": "curator", "person_id": "c3"}, closed_on="2021-04-16"),
    ),
    "3.2": Line(
        (3, 3),
        changed("survey", {"school_id": "s3", "questionnaire": "родители"}, state="open"),
        never_received("medk_surveys"),
        changed("survey", {"school_id": "s3", "questionnaire": "родители"}, closed_on="2021-04-16"),
    ),
    "4.1": Line(
        (1, 1),
        changed("publication", {"kind": "page"}, channel="vk"),
        never_received("publications"),
        all_of(END_OF_JANUARY, changed("publication", {"kind": "page"}, published_on=IN_JANUARY)),
    ),
    "4.2": Line(
        (10, 10),
        without("publication", publication_id="news-8"),
        never_received("publications"),
        "a month's news come in that month or not at all",
    ),
    "5.0": Line(
        (2, 2),
        letter_of("march_analysis"),
        nobody_takes_part(),
        judged("march_analysis", "2021-04-01"),
    ),
    "5.1": Line(
        (2, 2),
        changed("municipal_act", {"municipality_id": GALICH}, basis="other"),
        never_received("municipal_acts"),
        changed("municipal_act", {"municipality_id": GALICH}, adopted_on="2021-04-01"),
    ),
    "6.1": attendance("webinar-2021-03-12", "k2", 2, moved("webinar-2021-03-12", "2021-03-13")),
    "6.2": attendance("webinar-2021-03-12", "c3", 3, moved("webinar-2021-03-12", "2021-03-13")),
    "6.3": document("6.3", signed("6.3", "2021-03-13")),
    "7.1": prepared("march_analysis", judged("march_analysis", "2021-04-01")),
    "7.2": presented("march_analysis", "2021-04-01"),
    "8.1": Line(
        (14, None),
        changed("event", {"event_id": "method-5"}, state="cancelled"),
        never_received("events"),
        moved("method-5", "2021-05-01"),
    ),
    "8.2": Line(
        (5, None),
        changed("event", {"seminar_id": "seminar-4"}, state="planned"),
        never_received("events"),
        changed("event", {"seminar_id": "seminar-4"}, held_on="2021-05-01"),
    ),
    "9.1": Line(
        (2, None),
        changed("programme", {}, state="draft"),
        never_received("programmes"),
        all_of(END_OF_JANUARY, changed("programme", {}, approved_on=IN_JANUARY)),
    ),
    "9.2": Line(
        (2, 2),
        changed("event", {"event_id": "tutor-2"}, programme_id=None),
        never_received("programmes"),
        all_of(END_OF_JANUARY, moved("tutor-2", IN_JANUARY)),
    ),
    "10.1": Line(
        (5, None),
        without("attendance", event_id="train-4"),
        never_received("events"),
        NOT_AFTER_THE_YEAR,
    ),
    "11.1": Line(
        (3, 3),
        changed("medk_document", {"school_id": "s3", "factor": "staff"}, state="загружен"),
        never_received("medk_documents"),
        all_of(
            END_OF_JANUARY,
            changed("medk_document", {"school_id": "s3", "factor": "staff"}, state_on=IN_JANUARY),
        ),
    ),
    "12.1": monitoring("june_monitoring"),
    "13.1": attendance("webinar-2021-06", "c3", 8, moved("webinar-2021-06", "2021-07-01")),
    "13.2": prepared("june_monitoring", judged("june_monitoring", "2021-07-01")),
    "13.3": presented("june_monitoring", "2021-07-01"),
    "14.1": prepared("august_analysis", judged("august_analysis", "2021-09-01")),
    "14.2": presented("august_analysis", "2021-09-01"),
    "15.1": monitoring("september_monitoring"),
    "16.1": Line(
        (20, None),
        changed("event", {"event_id": "intern-7"}, state="cancelled"),
        never_received("events"),
        NOT_AFTER_THE_YEAR,
    ),
    "17.1": attendance(
        "webinar-2021-12", "c3", 8, all_of(END_OF_JANUARY, moved("webinar-2021-12", IN_JANUARY))
    ),
    "17.2": prepared(
        "september_monitoring",
        all_of(END_OF_JANUARY, judged("september_monitoring", IN_JANUARY)),
    ),
    "17.3": Line(
        (1, 1),
        changed("direction", {}, for_year=2023),
        never_received("directions"),
        all_of(END_OF_JANUARY, changed("direction", {}, approved_on=IN_JANUARY)),
    ),
}
MEASURES = {i.code: measure for measure in PLAN.measures for i in measure.indicators}
LATE = {code: line for code, line in LINES.items() if not isinstance(line.late, str)}
UNKNOWN = {code: line for code, line in LINES.items() if not isinstance(line.no_data, str)}


@pytest.fixture(scope="module")
def year() -> Iterator[JudgedYear]:
    with judged_year(PLAN) as made:
        yield made


def test_every_indicator_of_the_plan_has_its_line() -> None:
    assert LINES.keys() == MEASURES.keys()
    assert set(LINES) - set(UNKNOWN) == {"7.1", "13.2", "14.1", "17.2"}
    assert set(LINES) - set(LATE) == {"4.2", "10.1", "12.1", "15.1", "16.1"}


@pytest.mark.parametrize("code", LINES)
def test_met(year: JudgedYear, code: str) -> None:
    found, missing = year.judged(code)
    assert (found.numerator, found.denominator) == LINES[code].met
    assert (found.status, found.shortfall, missing) == (Status.DONE, 0, ())
    assert found.met_on is not None
    assert found.met_on <= due_date(found.measure.window)


@pytest.mark.parametrize("code", LINES)
def test_missed_by_one(year: JudgedYear, code: str) -> None:
    found, missing = year.judged(code, LINES[code].missed_by_one)
    assert found.shortfall == 1
    assert found.met_on is None
    assert found.status is (Status.PARTLY if found.numerator else Status.NOT_DONE)
    assert missing, "what is missing is named"
    if found.indicator.kind is IndicatorKind.SHARE:
        assert (found.numerator or 0) + 1 == found.denominator
        units = {(g.person_id or g.school_id, g.municipality_id, g.measure) for g in missing}
        assert len(units) == 1


@pytest.mark.parametrize("code", UNKNOWN)
def test_without_data_nothing_is_said_and_nobody_named(year: JudgedYear, code: str) -> None:
    no_data = UNKNOWN[code].no_data
    assert not isinstance(no_data, str)
    found, missing = year.judged(code, no_data)
    assert found.numerator is None
    assert (found.status, found.shortfall, missing) == (Status.NO_DATA, None, ())


@pytest.mark.parametrize("code", LATE)
def test_met_late(year: JudgedYear, code: str) -> None:
    late = LATE[code].late
    assert not isinstance(late, str)
    found, missing = year.judged(code, late)
    assert (found.status, found.shortfall, missing) == (Status.DONE_LATE, 0, ())
    assert (found.numerator, found.denominator) == LINES[code].met
    assert found.met_on is not None
    assert found.met_on > due_date(found.measure.window)


@pytest.mark.parametrize("code", ["10.1", "16.1"])
def test_what_is_held_after_its_months_does_not_count(year: JudgedYear, code: str) -> None:
    event = {"10.1": "train-4", "16.1": "intern-7"}[code]
    found, _ = year.judged(code, moved(event, "2021-12-01"))
    assert (found.status, found.shortfall) == (Status.PARTLY, 1)


@pytest.mark.parametrize("code", ["1.1", "2.1", "2.2", "3.1", "3.2"])
def test_without_a_schedule_nothing_is_due_or_done(year: JudgedYear, code: str) -> None:
    found, _ = year.judged(code, never_received("own_schedule"))
    assert (found.numerator, found.denominator) == LINES[code].met
    assert found.status is Status.NO_DUE_DATE
    assert due_date(found.measure.window) is None
