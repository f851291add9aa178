"""The monitorings 12 and 15: what they count, on which day, and what later phases say of them."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import Engine, insert, select

from roadmap.evidence.own_schedule import plan_of_run
from roadmap.indicators.evaluate import evaluate
from roadmap.indicators.read import (
    gaps,
    indicator_results,
    letter_results,
    letter_statuses,
    measure_statuses,
    run_of_phase,
)
from roadmap.indicators.status import Status
from roadmap.plan.due import due_date
from roadmap.plan.model import Plan
from roadmap.store.tables import monitoring_scope, phase_run, run_batch
from support.plans import small_plan
from support.run_rows import RUN_ID, put, put_run
from support.whole_year import (
    BUYSKIY,
    GALICH,
    REGION,
    Change,
    all_of,
    changed,
    never_received,
    put_year,
    whole_year,
    without,
)

PLAN = small_plan()
JUNE = ("2021-06-30", "june_monitoring")
SEPTEMBER = ("2021-09-30", "september_monitoring")
DECEMBER = ("2021-12-31", "december_summary")


def judged(
    engine: Engine,
    run: tuple[str, str],
    change: Change | None = None,
    plan: Plan = PLAN,
) -> None:
    """The year's evidence as the run judges it; of earlier runs only those before it."""
    rows = whole_year()
    if run == JUNE:
        for table in ("monitoring_scope", "measure_status"):
            del rows[table]
    put_year(engine, plan, rows, as_of=run[0], phase=run[1])
    if change is not None:
        with engine.begin() as connection:
            change(connection)
    evaluate(engine, plan, RUN_ID)


def found(engine: Engine, code: str, unit: str = REGION, run_id: str = RUN_ID) -> Any:
    with engine.connect() as connection:
        results = indicator_results(connection, PLAN, run_id, unit)
    return next(result for result in results if result.indicator.code == code)


def scope(engine: Engine, monitoring: str) -> list[str]:
    with engine.connect() as connection:
        counted = connection.scalars(
            select(monitoring_scope.c.measure).where(
                monitoring_scope.c.run_id == RUN_ID,
                monitoring_scope.c.monitoring == monitoring,
            )
        )
        return [measure.number for measure in PLAN.in_order(set(counted))]


def executed(engine: Engine, unit: str = REGION) -> set[str]:
    with engine.connect() as connection:
        statuses = measure_statuses(connection, PLAN, RUN_ID, unit)
    return {status.measure.number for status in statuses if status.is_executed}


def missing(engine: Engine, unit: str) -> list[str | None]:
    with engine.connect() as connection:
        return [g.measure for g in gaps(connection, RUN_ID, unit) if g.unit_kind == "measure"]


def without_ongoing() -> Plan:
    def changed_rules(number: str) -> Any:
        measure = PLAN.measure(number)
        return measure.model_copy(update={"rules": measure.rules | {"include_ongoing": False}})

    return PLAN.model_copy(
        update={
            "measures": tuple(
                changed_rules(m.number) if m.number in ("12", "15") else m for m in PLAN.measures
            )
        }
    )


def test_june_counts_what_is_due_what_runs_and_what_has_a_schedule(any_engine: Engine) -> None:
    judged(any_engine, JUNE)
    assert scope(any_engine, "12") == ["1", "2", "3", "4", "5", "6", "7", "8", "11"]
    region = found(any_engine, "12.1")
    assert (region.numerator, region.denominator, region.status) == (9, 9, Status.DONE)
    own = found(any_engine, "12.1", GALICH)
    # 1, 2, 4 and 8 are the region's alone: the region is not the sum of its municipalities.
    assert (own.numerator, own.denominator, own.met_on) == (5, 5, date(2021, 6, 30))


def test_june_without_what_runs_all_year(engine: Engine) -> None:
    judged(engine, JUNE, plan=without_ongoing())
    assert scope(engine, "12") == ["1", "2", "3", "5", "6", "7", "8"]
    assert (found(engine, "12.1").numerator, found(engine, "12.1").denominator) == (7, 7)
    assert found(engine, "12.1", GALICH).denominator == 4


def test_a_measure_without_a_date_is_not_counted_and_never_executed(engine: Engine) -> None:
    judged(engine, JUNE, never_received("own_schedule"))
    assert scope(engine, "12") == ["4", "5", "6", "7", "8", "11"]
    assert not executed(engine) & {"1", "2", "3"}


def test_what_is_not_executed_is_named_for_each_municipality(any_engine: Engine) -> None:
    judged(
        any_engine,
        JUNE,
        all_of(
            changed("municipal_act", {"municipality_id": GALICH}, basis="other"),
            changed("publication", {"kind": "page"}, channel="vk"),
        ),
    )
    assert missing(any_engine, GALICH) == ["5"]
    assert missing(any_engine, BUYSKIY) == []
    assert missing(any_engine, REGION) == ["4", "5"]
    numbers = [
        (r.numerator, r.denominator, r.status)
        for r in (found(any_engine, "12.1", unit) for unit in (GALICH, BUYSKIY, REGION))
    ]
    assert numbers == [(4, 5, Status.PARTLY), (5, 5, Status.DONE), (7, 9, Status.PARTLY)]


def test_what_runs_all_year_is_executed_by_its_interim_rule(engine: Engine) -> None:
    """4 is in progress: that its page is there is enough before its end (4.1)."""
    judged(engine, JUNE, without("publication", publication_id="news-5"))
    assert found(engine, "4.2").shortfall == 1
    assert {"4", "11"} <= executed(engine)


def test_at_the_end_of_the_year_what_ran_is_judged_by_all_its_indicators(engine: Engine) -> None:
    judged(engine, DECEMBER, without("publication", publication_id="news-5"))
    assert "11" in executed(engine)
    assert "4" not in executed(engine)


def test_a_document_missing_in_medk_leaves_the_municipality_unexecuted(engine: Engine) -> None:
    judged(engine, JUNE, changed("medk_document", {"school_id": "s3"}, state="загружен"))
    assert "11" not in executed(engine, GALICH)
    assert "11" in executed(engine, BUYSKIY)


def test_what_is_late_counts_as_executed_where_the_plan_says_so(engine: Engine) -> None:
    judged(engine, JUNE, changed("municipal_act", {}, adopted_on="2021-05-20"))
    assert found(engine, "5.1").status is Status.DONE_LATE
    assert found(engine, "12.1").numerator == 9


def test_a_monitoring_does_not_count_itself_nor_its_webinar(engine: Engine) -> None:
    judged(engine, SEPTEMBER)
    assert scope(engine, "15") == ["1", "2", "3", "4", "5", "6", "7", "8", "11", "12", "13", "14"]
    assert scope(engine, "12") == [], "June's is June's"
    assert (found(engine, "15.1").numerator, found(engine, "15.1").denominator) == (12, 12)


def test_september_counts_whether_the_first_stage_took_place(engine: Engine) -> None:
    judged(engine, SEPTEMBER, changed("phase_run", {"run_id": "june_monitoring"}, mode="dry"))
    assert found(engine, "12.1").status is Status.NO_DATA
    assert (found(engine, "15.1").numerator, found(engine, "15.1").denominator) == (11, 12)
    assert "12" in missing(engine, REGION)


def test_a_later_phase_says_of_a_monitoring_what_it_found_on_its_day(engine: Engine) -> None:
    judged(
        engine,
        DECEMBER,
        changed(
            "measure_status",
            {"run_id": "june_monitoring", "measure": "5", "municipality_id": GALICH},
            is_executed=0,
        ),
    )
    own = found(engine, "12.1", GALICH)
    assert (own.numerator, own.denominator, own.status) == (1, 2, Status.PARTLY)
    assert found(engine, "5.1", GALICH).status is Status.DONE, "since then it was done"
    assert missing(engine, GALICH) == ["5"]


@pytest.mark.parametrize(
    "run", [("2021-03-31", "march_analysis"), ("2021-05-31", "june_monitoring")]
)
def test_before_its_window_a_monitoring_has_found_nothing(
    engine: Engine, run: tuple[str, str]
) -> None:
    judged(engine, run)
    assert (found(engine, "12.1").numerator, found(engine, "12.1").status) == (None, Status.NOT_DUE)
    assert scope(engine, "12") == []


# -- Which run of an earlier phase counts ----------------------------------------------------


def a_run(engine: Engine, run_id: str, is_judged: bool = True, **run: Any) -> None:
    settings = {"phase": "june_monitoring", "as_of": "2021-06-30"} | run
    mode = settings.pop("mode", "live")
    year = settings.pop("plan_code", "2021")
    with engine.begin() as connection:
        put_run(connection, run_id=run_id, **settings)
        connection.execute(
            phase_run.update().where(phase_run.c.run_id == run_id).values(mode=mode, plan_code=year)
        )
        if is_judged:
            put(
                connection,
                {"measure_status": [{"measure": "5", "municipality_id": REGION, "status": "done"}]},
                run_id=run_id,
            )


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        pytest.param({}, {"known_at_ms": 20}, "second", id="the latest one"),
        pytest.param({}, {"known_at_ms": 101}, "first", id="known by then"),
        pytest.param({}, {"known_at_ms": 20, "mode": "dry"}, "first", id="no rehearsal"),
        pytest.param({}, {"known_at_ms": 20, "as_of": "2021-06-15"}, "first", id="the plan's day"),
        pytest.param({}, {"known_at_ms": 20, "plan_code": "2022"}, "first", id="of the same year"),
        pytest.param({}, {"known_at_ms": 20, "phase": "august_analysis"}, "first", id="the phase"),
        pytest.param({}, {"known_at_ms": 20, "is_judged": False}, "first", id="that was judged"),
        pytest.param({"mode": "redirect"}, {"mode": "dry"}, None, id="none"),
    ],
)
def test_the_run_in_which_a_phase_took_place(
    any_engine: Engine, first: dict[str, Any], second: dict[str, Any], expected: str | None
) -> None:
    a_run(any_engine, "first", **({"known_at_ms": 10} | first))
    a_run(any_engine, "second", **({"known_at_ms": 10} | second))
    a_run(any_engine, "this", known_at_ms=100, phase="september_monitoring", as_of="2021-09-30")
    with any_engine.connect() as connection:
        assert run_of_phase(connection, PLAN, "this", "june_monitoring") == expected


def test_a_rehearsal_may_stand_on_rehearsals_of_its_own_mode(engine: Engine) -> None:
    a_run(engine, "first", known_at_ms=10, mode="dry")
    a_run(engine, "this", known_at_ms=100, phase="september_monitoring", mode="dry")
    with engine.connect() as connection:
        assert run_of_phase(connection, PLAN, "this", "june_monitoring") == "first"


def test_a_live_run_repeated_in_another_mode_stands_on_what_was_told(any_engine: Engine) -> None:
    a_run(any_engine, "told", known_at_ms=10)
    a_run(any_engine, "rehearsed", known_at_ms=20, mode="dry")
    for mode in ("live", "dry"):
        run_id = f"september-{mode}"
        a_run(
            any_engine, run_id, known_at_ms=100, phase="september_monitoring",
            as_of="2021-09-30", mode=mode,
        )  # fmt: skip
        with any_engine.connect() as connection:
            assert run_of_phase(connection, PLAN, run_id, "june_monitoring") == "told"


# -- Which pass measures what ----------------------------------------------------------------


def test_of_its_own_letter_a_phase_speaks_after_sending_of_others_before(engine: Engine) -> None:
    """In June 7.2 is a fact of March; 13.3 is measured once June's letters are sent."""
    judged(engine, JUNE)
    assert found(engine, "7.2").status is Status.DONE
    assert found(engine, "5.0").status is Status.DONE
    with engine.connect() as connection:
        codes = {r.indicator.code for r in letter_results(connection, PLAN, RUN_ID, GALICH)}
        before = letter_results(connection, PLAN, RUN_ID, GALICH)
        assert "13.3" not in {
            r.indicator.code for r in indicator_results(connection, PLAN, RUN_ID, REGION)
        }
    assert {"5.0", "7.2", "13.1"} <= codes
    assert not codes & {"13.2", "13.3", "14.2"}

    evaluation = evaluate(engine, PLAN, RUN_ID, measured_from="ledger")
    assert [indicator.code for indicator, _, _ in evaluation.region] == ["13.3"]
    with engine.connect() as connection:
        assert letter_results(connection, PLAN, RUN_ID, GALICH) == before
    assert scope(engine, "12"), "the other pass leaves what the monitoring counts alone"


def test_a_monitoring_made_again_does_not_see_the_letters_that_were_sent_since(
    engine: Engine,
) -> None:
    """August's phase asked for the end of September: 15 counts 14, whose letter is its own."""
    judged(engine, (SEPTEMBER[0], "august_analysis"))
    first = found(engine, "15.1")
    assert "14" in scope(engine, "15")
    assert "14" in missing(engine, REGION)
    evaluate(engine, PLAN, RUN_ID, measured_from="ledger")
    assert "14" in executed(engine)
    evaluate(engine, PLAN, RUN_ID)
    assert found(engine, "15.1") == first
    assert "14" in executed(engine)


# -- Parts -----------------------------------------------------------------------------------


def test_all_participants_are_three_shares_and_each_counts(any_engine: Engine) -> None:
    judged(
        any_engine,
        JUNE,
        changed("attendance", {"event_id": "webinar-2021-06", "school_id": "s3"}, is_present=0),
    )
    own = found(any_engine, "13.1", GALICH)
    assert (own.numerator, own.denominator, own.shortfall, own.status) == (2, 3, 1, Status.PARTLY)
    assert [(p.part.code, p.numerator, p.denominator, p.status) for p in own.parts] == [
        ("coordinator", 1, 1, Status.DONE),
        ("curator", 1, 1, Status.DONE),
        ("school", 0, 1, Status.NOT_DONE),
    ]
    region = found(any_engine, "13.1")
    assert [(p.numerator, p.denominator) for p in region.parts] == [(2, 2), (3, 3), (2, 3)]
    assert (region.numerator, region.denominator) == (7, 8)
    with any_engine.connect() as connection:
        named = [
            (g.indicator_code, g.unit_kind, g.school_id)
            for g in gaps(connection, RUN_ID, GALICH)
            if g.indicator_code.startswith("13.1")
        ]
    assert named == [("13.1/school", "school", "s3")]


def test_a_part_of_which_nobody_is_there_leaves_the_whole_unknown(engine: Engine) -> None:
    judged(engine, JUNE, without("person_role", person_id="c3"))
    own = found(engine, "13.1", GALICH)
    assert own.status is Status.NO_DATA
    assert [p.status for p in own.parts] == [Status.DONE, Status.NO_DATA, Status.DONE]


def test_other_readings_stand_beside_the_figure_and_do_not_move_it(engine: Engine) -> None:
    """16.1 counts leader schools; what took place elsewhere is shown and has no target."""
    at_school = {"host_kind": "project_school"}
    judged(
        engine,
        DECEMBER,
        all_of(
            changed("event", {"event_id": "intern-0"}, state="cancelled"),
            changed("event", {"event_id": "intern-1"}, **at_school),
            changed("event", {"event_id": "intern-2"}, host_kind=None),
        ),
    )
    whole = found(engine, "16.1")
    assert (whole.numerator, whole.denominator, whole.shortfall) == (17, None, 3)
    assert [(p.part.code, p.numerator, p.shortfall, p.status) for p in whole.parts] == [
        ("leader_school", 17, None, Status.PARTLY),
        ("project_school", 18, None, Status.PARTLY),
        ("any", 19, None, Status.PARTLY),
    ]
    with engine.connect() as connection:
        named = [g.indicator_code for g in gaps(connection, RUN_ID) if g.whole_code == "16.1"]
    assert named == ["16.1/leader_school"] * 3


# -- Own schedule ----------------------------------------------------------------------------


def test_the_run_judges_by_the_dates_of_its_own_schedules(any_engine: Engine) -> None:
    judged(any_engine, JUNE)
    result = found(any_engine, "3.2", GALICH)
    assert due_date(result.measure.window) == date(2021, 4, 15)
    assert result.status is Status.DONE
    with any_engine.connect() as connection:
        shown = letter_results(connection, PLAN, RUN_ID, GALICH)
        assert letter_statuses(shown, date(2021, 6, 30))["3"] is Status.DONE
        due = {s.measure.number: s.due for s in measure_statuses(connection, PLAN, RUN_ID, REGION)}
    assert due["1"] == due["2"] == due["3"] == date(2021, 4, 15)


def test_a_schedule_that_came_after_the_freeze_changes_nothing(engine: Engine) -> None:
    judged(engine, JUNE, never_received("own_schedule"))
    assert found(engine, "3.2").status is Status.NO_DUE_DATE
    with engine.begin() as connection:
        connection.execute(
            insert(phase_run).from_select(
                [c.name for c in phase_run.c],
                select(
                    *((c if c.name != "run_id" else phase_run.c.run_id + "-2") for c in phase_run.c)
                ).where(phase_run.c.run_id == RUN_ID),
            )
        )
        connection.execute(insert(run_batch), {"run_id": f"{RUN_ID}-2", "batch_id": "own_schedule"})
        assert plan_of_run(connection, PLAN, RUN_ID) == PLAN
        measure = plan_of_run(connection, PLAN, f"{RUN_ID}-2").measure("3")
        assert due_date(measure.window) is not None
