"""What should have been sent by now: reminders that are due, runs that did not happen."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, delete, insert, update

from roadmap.delivery.account.watch import Scheduled, due_closings, due_reminders, missed_runs
from roadmap.plan.model import Plan, occasions
from roadmap.store.tables import phase_run, run_municipality, run_outcome
from support.ledger_world import make_run
from support.plans import small_plan

MOSCOW = ZoneInfo("Europe/Moscow")
MAY_ACT = date(2021, 3, 31)  # measure 5 is due that day


def open_plan() -> Plan:
    return small_plan().model_copy(update={"closed": False, "in_force": date(2021, 3, 1)})


def codes(engine: Engine, today: date, plan: Plan | None = None) -> list[str]:
    return [found.phase for found in due_reminders(engine, [plan or open_plan()], today)]


def run_of(
    engine: Engine, run_id: str, phase: str, as_of: date, *, decided: bool, mode: str = "live"
) -> None:
    """A run of that phase; `decided`: about the letter of each of its three addressees."""
    make_run(engine, run_id, mode=mode, as_of=as_of, occasion=f"2021/{phase}")
    with engine.begin() as db:
        db.execute(update(phase_run).where(phase_run.c.run_id == run_id).values(phase=phase))
        for addressee in ("buyskiy", "neya", "buy") if decided else ():
            row = {
                "run_id": run_id,
                "municipality_id": addressee,
                "recipient_id": "-",
                "outcome": "blocked",
            }
            db.execute(insert(run_outcome), row)


def test_a_due_date_reminds_fourteen_and_three_days_before_it(any_engine: Engine) -> None:
    assert codes(any_engine, date(2021, 3, 16)) == []
    assert codes(any_engine, date(2021, 3, 17)) == ["reminder/2021-03-31/14"]


def test_where_two_reminders_of_one_date_were_missed_the_nearer_alone_is_sent(
    any_engine: Engine,
) -> None:
    assert codes(any_engine, date(2021, 3, 29)) == ["reminder/2021-03-31/3"]


def test_on_the_due_date_it_is_too_late_to_remind(any_engine: Engine) -> None:
    assert "reminder/2021-03-31/3" in codes(any_engine, date(2021, 3, 30))
    assert codes(any_engine, MAY_ACT) == []


def test_a_reminder_goes_out_once(any_engine: Engine) -> None:
    run_of(any_engine, "r1", "reminder/2021-03-31/14", date(2021, 3, 17), decided=True)
    assert codes(any_engine, date(2021, 3, 18)) == []


def test_who_does_not_take_part_leaves_no_reminder_open(any_engine: Engine) -> None:
    run_of(any_engine, "r1", "reminder/2021-03-31/14", date(2021, 3, 17), decided=True)
    bystander = {
        "run_id": "r1",
        "municipality_id": "galich",
        "name": "городской округ — город Галич",
        "genitive": "городского округа — города Галича",
        "short_name": "г. Галич",
        "is_participating": 0,
        "is_selected": 1,
    }
    with any_engine.begin() as db:
        db.execute(insert(run_municipality), bystander)
    assert codes(any_engine, date(2021, 3, 18)) == []


def test_a_reminder_with_nobody_to_remind_is_over(any_engine: Engine) -> None:
    run_of(any_engine, "r1", "reminder/2021-03-31/14", date(2021, 3, 17), decided=False)
    with any_engine.begin() as db:
        db.execute(update(run_municipality).values(is_selected=0))
    assert codes(any_engine, date(2021, 3, 18)) == []


def test_a_reminder_that_broke_off_or_was_a_rehearsal_is_still_due(any_engine: Engine) -> None:
    code, as_of = "reminder/2021-03-31/14", date(2021, 3, 17)
    run_of(any_engine, "r1", code, as_of, decided=False)
    run_of(any_engine, "r2", code, as_of, decided=True, mode="dry")
    assert codes(any_engine, date(2021, 3, 18)) == [code]


@pytest.mark.parametrize("change", [{"closed": True}, {"in_force": None}])
def test_a_closed_plan_and_one_not_in_force_neither_remind_nor_miss(
    any_engine: Engine, change: dict[str, object]
) -> None:
    plan = open_plan().model_copy(update=change)
    late = datetime(2022, 2, 1, tzinfo=MOSCOW)
    assert codes(any_engine, date(2021, 3, 18), plan) == []
    assert missed_runs(any_engine, [plan], late) == ()


def test_what_lies_before_the_plan_was_in_force_is_not_asked_for(any_engine: Engine) -> None:
    plan = open_plan().model_copy(update={"in_force": date(2021, 6, 1)})
    found = missed_runs(any_engine, [plan], datetime(2021, 12, 31, tzinfo=MOSCOW))
    assert [missed.phase for missed in found] == [
        "june_monitoring",
        "august_analysis",
        "september_monitoring",
        "december_summary",
    ]
    assert codes(any_engine, date(2021, 3, 20), plan) == []


def test_a_run_is_missed_three_hours_after_it_was_due(any_engine: Engine) -> None:
    due = datetime(2021, 3, 31, 10, tzinfo=MOSCOW)
    soon, late = due + timedelta(hours=2), due + timedelta(hours=3)
    assert missed_runs(any_engine, [open_plan()], soon) == ()
    (missed,) = missed_runs(any_engine, [open_plan()], late)
    assert (missed.phase, missed.run_at, missed.was_begun) == ("march_analysis", due, False)
    assert "запуска 31.03.2021 в 10:00 (МСК) не было" in str(missed)


def test_a_run_that_wrote_to_nobody_is_missed(any_engine: Engine) -> None:
    run_of(any_engine, "r1", "march_analysis", MAY_ACT, decided=False)
    (missed,) = missed_runs(any_engine, [open_plan()], datetime(2021, 4, 1, tzinfo=MOSCOW))
    assert missed.was_begun
    assert "письма никому не составлены" in str(missed)


def test_what_the_scheduler_knows_says_what_to_do(any_engine: Engine) -> None:
    (missed,) = missed_runs(any_engine, [open_plan()], datetime(2021, 4, 1, tzinfo=MOSCOW))
    assert missed.begins == datetime(2021, 3, 1, tzinfo=MOSCOW)
    assert "есть, но ничего не сделал" in missed.sentence(Scheduled(is_paused=False, runs=1))
    assert "Включите его" in missed.sentence(Scheduled(is_paused=True, runs=0))
    assert missed.sentence(Scheduled(is_paused=False, runs=0)) == str(missed)


def test_a_phase_that_told_some_of_the_participants_is_missed(any_engine: Engine) -> None:
    now = datetime(2021, 4, 1, tzinfo=MOSCOW)
    run_of(any_engine, "r1", "march_analysis", MAY_ACT, decided=True)
    with any_engine.begin() as db:
        db.execute(delete(run_outcome).where(run_outcome.c.municipality_id == "buy"))
        of_one = run_municipality.c.municipality_id == "buyskiy"
        db.execute(update(run_municipality).values(is_selected=0).where(~of_one))
    assert [missed.was_begun for missed in missed_runs(any_engine, [open_plan()], now)] == [True]
    run_of(any_engine, "r2", "march_analysis", MAY_ACT, decided=True)
    assert missed_runs(any_engine, [open_plan()], now) == ()


def test_a_rehearsal_of_another_day_is_not_the_phase(any_engine: Engine) -> None:
    now = datetime(2021, 4, 1, tzinfo=MOSCOW)
    run_of(any_engine, "r1", "march_analysis", date(2021, 3, 15), decided=True)
    assert len(missed_runs(any_engine, [open_plan()], now)) == 1
    run_of(any_engine, "r2", "march_analysis", MAY_ACT, decided=True)
    assert missed_runs(any_engine, [open_plan()], now) == ()


def ended(engine: Engine, today: date, plan: Plan | None = None) -> list[str]:
    return [found.phase for found in due_closings(engine, [plan or open_plan()], today)]


def test_the_end_of_a_window_is_told_from_the_day_after_it_while_it_is_news(
    any_engine: Engine,
) -> None:
    assert ended(any_engine, date(2021, 4, 30)) == []
    # The calendar is watched on working days alone: the first after 30.04.2021 is 04.05.
    assert ended(any_engine, date(2021, 5, 4)) == ["closing/2021-04-30/1"]
    assert ended(any_engine, date(2021, 5, 15)) == ["closing/2021-04-30/1"]
    assert ended(any_engine, date(2021, 5, 16)) == []
    assert ended(any_engine, date(2021, 12, 1)) == ["closing/2021-11-30/1"]


def test_the_end_of_a_window_is_told_once_though_it_is_told_to_the_department_alone(
    any_engine: Engine,
) -> None:
    end = date(2021, 4, 30)
    run_of(any_engine, "r1", "closing/2021-04-30/1", end, decided=False)
    assert ended(any_engine, date(2021, 5, 4)) == ["closing/2021-04-30/1"], "it broke off"
    with any_engine.begin() as db:
        db.execute(update(run_municipality).values(is_selected=0))
    assert ended(any_engine, date(2021, 5, 4)) == []


def test_no_end_is_told_of_a_closed_plan_or_of_one_that_came_into_force_after_it(
    any_engine: Engine,
) -> None:
    assert ended(any_engine, date(2021, 5, 4), small_plan()) == []
    later = open_plan().model_copy(update={"in_force": date(2021, 5, 1)})
    assert ended(any_engine, date(2021, 5, 4), later) == []


def test_every_occasion_of_the_plan_can_be_found_by_its_code() -> None:
    plan = small_plan()
    phases = occasions(plan)
    assert {phase.report for phase in phases} == {"reminder", "closing"}
    assert all(plan.phase(phase.code) == phase for phase in phases)
