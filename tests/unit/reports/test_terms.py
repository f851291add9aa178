"""A quarterly row and one due after an event, from evidence to the letter of June's run."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection, Engine, select

from roadmap.analysis.analyse import analyse
from roadmap.delivery.letters.operator_text import title
from roadmap.delivery.letters.planning import plan_deliveries
from roadmap.evidence.own_schedule import plan_known_at, plan_of_run
from roadmap.indicators.evaluate import bound_parameters, evaluate, run_of
from roadmap.indicators.explain import explain
from roadmap.indicators.read import IndicatorResult, indicator_results
from roadmap.indicators.status import Status
from roadmap.plan.due import due_date
from roadmap.plan.model import Plan, Recommendation
from roadmap.plan.windows import AfterEvent, Quarterly, Window
from roadmap.reports.compose import compose, load_model
from roadmap.store.tables import measure_status
from roadmap_cli.explain import in_russian
from support.analysis_rows import ANSWERS_TO
from support.ledger_world import NOW_MS, SETTINGS
from support.model_text import text_of
from support.plans import small_plan
from support.run_rows import RUN_ID, put
from support.whole_year import (
    BUYSKIY,
    GALICH,
    REGION,
    Change,
    all_of,
    changed,
    put_year,
    whole_year,
    without,
)

QUARTERLY = Quarterly(kind="quarterly")
AFTER = AfterEvent(
    kind="after_event", event="webinar-2021-03-12", working_days=10, title="вебинара 12 марта"
)


def with_windows(windows: dict[str, Window]) -> Plan:
    """The small plan with those windows, where what comes late does not count as done."""
    plan = small_plan()
    return plan.model_copy(
        update={
            "measures": tuple(
                one.model_copy(
                    update={
                        "window": windows[one.number],
                        "rules": {
                            name: False if name == "late_counts_as_done" else value
                            for name, value in one.rules.items()
                        },
                    }
                )
                if one.number in windows
                else one
                for one in plan.measures
            )
        }
    )


PLAN = with_windows({"8": QUARTERLY, "13": AFTER})
NO_SEMINARS = without("event", measure="8")


def held(connection: Connection, *days: str) -> None:
    """Events of № 8 on those days, each of a seminar of its own."""
    put(
        connection,
        {
            "event": [
                {"event_id": f"e-{day}", "seminar_id": f"s-{day}", "held_on": day} for day in days
            ]
        },
    )


def seminars_on(*days: str) -> Change:
    return all_of(NO_SEMINARS, lambda connection: held(connection, *days))


def run(
    engine: Engine,
    as_of: str,
    change: Change | None = None,
    plan: Plan = PLAN,
    phase: str = "june_monitoring",
) -> Plan:
    """June's run of that day, or of another phase, evaluated; the plan as the run judges it."""
    rows = whole_year()
    for table in ("monitoring_scope", "measure_status"):
        del rows[table]
    rows["run_municipality"] = [*rows["run_municipality"], {"municipality_id": REGION}]
    put_year(engine, plan, rows, as_of=as_of, phase=phase)
    if change is not None:
        with engine.begin() as connection:
            change(connection)
    evaluate(engine, plan, RUN_ID)
    with engine.connect() as connection:
        return plan_of_run(connection, plan, RUN_ID)


def result(engine: Engine, code: str, unit: str = REGION, plan: Plan = PLAN) -> IndicatorResult:
    with engine.connect() as connection:
        found = indicator_results(connection, plan, RUN_ID, unit)
    return next(one for one in found if one.indicator.code == code)


# -- Quarterly -----------------------------------------------------------------------------------

FEBRUARY, MAY, JULY = "2021-02-10", "2021-05-20", "2021-07-02"


@pytest.mark.parametrize(
    ("as_of", "days", "counted", "status"),
    [
        # Before the first due date the first quarter is worked for.
        ("2021-02-15", [FEBRUARY], 1, Status.IN_PROGRESS),
        # On its last day, and until the next quarter's, it is judged by what fell into it.
        ("2021-03-31", [FEBRUARY], 1, Status.PARTLY),
        ("2021-06-29", [FEBRUARY, MAY], 1, Status.PARTLY),
        ("2021-06-30", [FEBRUARY, MAY], 1, Status.PARTLY),
        ("2021-06-30", [FEBRUARY], 0, Status.NOT_DONE),
        # A third quarter that has begun takes nothing from the second.
        ("2021-09-29", [MAY, JULY], 1, Status.PARTLY),
    ],
)
def test_a_quarter_is_judged_by_what_fell_into_it(
    engine: Engine, as_of: str, days: list[str], counted: int, status: Status
) -> None:
    run(engine, as_of, seminars_on(*days))
    found = result(engine, "8.1")
    assert (found.numerator, found.status) == (counted, status)


def test_a_value_reported_for_an_earlier_quarter_says_nothing_of_the_one_judged(
    engine: Engine,
) -> None:
    plan = run(engine, "2021-06-30")
    measure = plan.measure("8")
    reported = measure.indicators[0].model_copy(update={"sql": "reported_values"})
    with engine.connect() as connection:
        of_run = run_of(connection, RUN_ID)
        bound = bound_parameters(connection, plan, of_run, measure, reported)
    assert (bound["known_from"], bound["plan_starts"]) == ("2021-04-01", "2021-01-01")


def test_what_a_later_quarter_brought_does_not_mend_the_one_before(engine: Engine) -> None:
    days = [f"2021-04-{n:02}" for n in range(1, 16)]
    run(engine, "2021-06-29", seminars_on(*days))
    assert result(engine, "8.1").status is Status.NOT_DONE


def test_the_stored_due_date_of_a_measure_is_the_one_judged(engine: Engine) -> None:
    run(engine, "2021-06-30")
    with engine.connect() as connection:
        due = connection.scalars(
            select(measure_status.c.due).where(
                measure_status.c.measure == "8", measure_status.c.municipality_id == REGION
            )
        ).one()
    assert due == "2021-06-30"


def test_a_reminder_judges_the_due_date_that_it_reminds_of(engine: Engine) -> None:
    plan = run(engine, "2021-06-16", seminars_on(FEBRUARY), phase="reminder/2021-06-30/14")
    assert str(due_date(plan.measure("8").window)) == "2021-06-30"
    found = result(engine, "8.1")
    assert (found.numerator, found.status) == (0, Status.IN_PROGRESS)


# -- After an event ------------------------------------------------------------------------------


def test_ten_working_days_after_the_event_it_is_due(engine: Engine) -> None:
    # Friday 12 March; nothing between it and the 26th is a day off but the ends of weeks.
    assert str(due_date(run(engine, "2021-06-30").measure("13").window)) == "2021-03-26"
    assert result(engine, "13.1", BUYSKIY).status is Status.DONE_LATE  # by the webinar of 29 June


def test_before_its_days_are_over_it_is_in_progress(engine: Engine) -> None:
    run(engine, "2021-03-25")
    assert result(engine, "13.1", BUYSKIY).status is Status.IN_PROGRESS


@pytest.mark.parametrize(
    "change",
    [
        without("event", event_id="webinar-2021-03-12"),
        changed("event", {"event_id": "webinar-2021-03-12"}, state="planned"),
        changed("event", {"event_id": "webinar-2021-03-12"}, held_on="2021-07-01"),
    ],
    ids=["not registered", "planned only", "after the as-of day"],
)
def test_before_the_event_there_is_no_due_date(engine: Engine, change: Change) -> None:
    run(engine, "2021-06-30", change)
    assert result(engine, "13.1", BUYSKIY).status is Status.NO_DUE_DATE


def test_who_asks_before_a_run_knows_the_due_date_once_the_event_is_registered(
    engine: Engine,
) -> None:
    run(engine, "2021-06-30")
    with engine.connect() as connection:
        known = plan_known_at(connection, PLAN, 9_999_999_999_999)
        before = plan_known_at(connection, PLAN, -1)
    assert str(due_date(known.measure("13").window)) == "2021-03-26"
    assert due_date(before.measure("13").window) is None
    assert known.phase("reminder/2021-03-26/3").owns == ("13",)


def test_a_due_date_after_an_event_reminds_as_any_other(engine: Engine) -> None:
    """No plan's file knows its day: each stage asks the run."""
    phase = "reminder/2021-03-26/3"
    run(engine, "2021-03-23", phase=phase)
    analyse(engine, PLAN, RUN_ID)
    assert set(compose(engine, PLAN, RUN_ID, ANSWERS_TO)) == {BUYSKIY, GALICH}
    with engine.connect() as connection:
        letter = load_model(connection, RUN_ID, BUYSKIY).letter
    assert letter.subject.startswith("500+ | Напоминание о сроке 26.03.2021 | ")
    assert plan_deliveries(engine, PLAN, RUN_ID, (), None, SETTINGS, NOW_MS) == ()
    assert title(f"2021/{phase}", "live", [PLAN]) == (
        "«Напоминание о сроке 26.03.2021» от 23.03.2021"
    )


# -- The letter and its document -------------------------------------------------------------------


def told(engine: Engine, unit: str, plan: Plan = PLAN) -> str:
    assert set(compose(engine, plan, RUN_ID, ANSWERS_TO)) == {BUYSKIY, GALICH, REGION}
    with engine.connect() as connection:
        return text_of(load_model(connection, RUN_ID, unit)).replace("~", " ")


def test_the_report_says_by_which_due_date_a_row_is_judged_and_which_is_next(
    engine: Engine,
) -> None:
    run(engine, "2021-06-30", seminars_on(FEBRUARY))
    text = told(engine, REGION)
    assert "состояние на срок 30.06.2021, следующий срок — 30.09.2021" in text
    assert "срок — 26.03.2021" in told(engine, BUYSKIY)


def test_the_letter_after_a_quarter_says_when_the_next_is_due(engine: Engine) -> None:
    run(engine, "2021-06-30", seminars_on(MAY), phase="closing/2021-06-30/1")
    assert compose(engine, PLAN, RUN_ID, ANSWERS_TO) == (REGION,)
    with engine.connect() as connection:
        letter = load_model(connection, RUN_ID, REGION).letter
    headline, measure = (text.replace("\u00a0", " ") for text in (letter.headline, letter.lead[0]))
    assert headline == "30.06.2021 истёк срок мероприятия № 8: исполнено не всё"
    assert "(показатель 8.1) — 1 при цели 14" in measure
    assert measure.endswith("; состояние на срок 30.06.2021, следующий срок — 30.09.2021.")


def test_who_asks_where_a_number_comes_from_reads_the_next_due_date(engine: Engine) -> None:
    run(engine, "2021-06-30", phase="december_summary")
    with engine.connect() as connection:
        found = explain(connection, "latest:december_summary:any", REGION, "8.1", lambda _: PLAN)
    assert "Срок: 30.06.2021 (Март-апрель), следующий — 30.09.2021" in in_russian(found)


def test_the_report_says_what_a_row_without_a_due_date_waits_for(engine: Engine) -> None:
    run(engine, "2021-06-30", without("event", event_id="webinar-2021-03-12"))
    assert "срок — 10 рабочих дней после вебинара 12 марта, событие ещё не наступило" in told(
        engine, BUYSKIY
    )


def test_what_is_missed_in_a_quarter_is_asked_for_by_the_day_of_the_answer(
    engine: Engine,
) -> None:
    """The plan's day of a recommendation is one; of later quarters the letter gives its own."""
    advice = Recommendation(
        text="Провести семинары", addressee="институт", due="2021-04-15", confirmation="реестр"
    )
    measure = PLAN.measure("8")
    asked = measure.model_copy(
        update={
            "indicators": tuple(
                one.model_copy(update={"recommendation": advice}) for one in measure.indicators
            )
        }
    )
    plan = PLAN.model_copy(
        update={"measures": tuple(asked if m.number == "8" else m for m in PLAN.measures)}
    )
    run(engine, "2021-06-30", seminars_on(FEBRUARY), plan)
    told(engine, REGION, plan)
    with engine.connect() as connection:
        items = load_model(connection, RUN_ID, REGION).letter.attention
    of_measure = [item for item in items if "8.1" in item.title]
    assert [item.due for item in of_measure] == [plan.phase("june_monitoring").reply_by.on]
