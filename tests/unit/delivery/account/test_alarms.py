"""What stands wrong with the letters, in the operator's words, and when it is told."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from sqlalchemy import Engine, select, update

from roadmap.delivery.account.alarms import Alarm, Overdue, find_alarms, mark_told, note, overdue
from roadmap.delivery.ledger import brakes, moves
from roadmap.delivery.proof.proofs import notice_restore
from roadmap.delivery.proof.receipts import Receipts
from roadmap.plan.model import Plan
from roadmap.store.tables import alarm, delivery, paused_occasion, relay, run_outcome
from support.ledger_world import (
    NOW_MS,
    OCCASION,
    SCOPE,
    SETTINGS,
    everybody,
    letter,
    look,
    lose_reply,
    make_run,
    plan_all,
)
from support.plans import small_plan

HOURS = 3
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
MARCH = "«Март: комплексный анализ» 2021 года"


def plans(*, closed: bool = False) -> tuple[Plan, ...]:
    return (small_plan().model_copy(update={"closed": closed}),)


@pytest.fixture
def planned(any_engine: Engine) -> Engine:
    """Three municipalities with a letter each that is ready to be sent."""
    make_run(any_engine)
    plan_all(any_engine)
    return any_engine


def now(engine: Engine) -> int:
    with engine.begin() as db:
        return moves.db_now_ms(db)


def standing(engine: Engine, *, later_ms: int = 0, closed: bool = False) -> dict[str, str]:
    """Sentence by the first word of the key."""
    at = now(engine) + later_ms
    found = find_alarms(engine, plans(closed=closed), HOURS, clock=lambda _db: at)
    assert all("@" not in re.sub(r"<\S+@example\.org>", "", one.sentence) for one in found)
    assert len({one.key for one in found}) == len(found)
    return {one.key.partition(":")[0]: one.sentence.replace("\xa0", " ") for one in found}


def end_as(engine: Engine, name: str, *, code: int | None = 550, detail: str | None = None) -> str:
    """Claim the next letter and end it so; its municipality."""
    held = moves.claim(engine, SCOPE, "one")
    assert held is not None
    assert moves.settle(engine, held, name, ("claimed",), phase="rcpt", code=code, detail=detail)
    return held.municipality_id


def test_where_all_is_well_there_is_no_alarm(planned: Engine):
    assert standing(planned) == {}


def test_an_unknown_letter_is_told_with_its_addressee_message_id_and_what_to_do(planned: Engine):
    lose_reply(planned, "buy")
    with planned.begin() as db:
        message_id = db.execute(
            select(delivery.c.message_id).where(delivery.c.municipality_id == "buy")
        ).scalar_one()
    said = standing(planned)
    assert set(said) == {"unknown"}
    for part in (
        "городской округ город Буй", MARCH, message_id, "могло уйти", "«дошло»",
        "«не дошло, отправить»", "повторно не уйдёт",
    ):  # fmt: skip
        assert part in said["unknown"]


def test_an_unknown_letter_of_a_closed_year_is_still_told(planned: Engine):
    lose_reply(planned, "buy")
    assert set(standing(planned, closed=True)) == {"unknown"}


@pytest.mark.parametrize(
    ("name", "detail", "words"),
    [
        ("reject", "no such user", "из-за адреса получателя (код 550). Проверьте адрес."),
        ("reject", "5.2.2 full", "Ящик получателя переполнен"),
        ("reject", "5.6.0 spam", "само письмо, адрес ни при чём (код 550)"),
        ("reject", "integrity", "исьмо в базе изменено"),
        ("reject", "domain_not_allowed", "омен адреса не входит в список разрешённых"),
        ("reject", "too_large: 400 > 300", "больше, чем принимает почтовый сервер"),
        ("exhaust", "later", "попытки исчерпаны"),
    ],
)
def test_a_letter_that_ended_without_being_taken_is_told_until_it_is_dealt_with(
    planned: Engine, name: str, detail: str, words: str
):
    is_ours = detail.startswith(("integrity", "domain", "too_large"))
    whose = end_as(planned, name, code=None if is_ours else 550, detail=detail)
    (sentence,) = standing(planned).values()
    assert words in sentence
    assert MARCH in sentence
    assert standing(planned, closed=True) == {}  # of a closed year nobody expects a letter

    make_run(planned, "run-2", started_ms=NOW_MS + 1)
    (theirs,) = everybody(planned, "run-2")[whose]
    with planned.begin() as db:
        said = {"run_id": "run-2", "municipality_id": whose, "outcome": "blocked"}
        db.execute(run_outcome.insert(), said | {"recipient_id": "another"})
    assert standing(planned) == {}  # the contact was replaced, and the phase has run again
    with planned.begin() as db:
        db.execute(run_outcome.insert(), said | {"recipient_id": theirs.recipient_id})
    assert len(standing(planned)) == 1  # it is still a contact
    newer = letter(whose, everybody(planned)[whose][0], revision=2, content="b")
    with planned.begin() as db:
        assert moves.plan(db, newer, now_ms=NOW_MS, expires_ms=9**15, actor="test")
    assert set(standing(planned)) <= {"overdue"}  # a newer letter takes its place


def test_a_letter_whose_time_ran_out_is_told(planned: Engine):
    with planned.begin() as db:
        db.execute(
            update(delivery).where(delivery.c.municipality_id == "neya").values(expires_ms=1)
        )
    look(planned)
    assert moves.reap(planned, "watch").expired == 1
    (sentence,) = standing(planned).values()
    assert "Срок отправки истёк" in sentence
    assert "Нея" in sentence


def test_a_reminder_whose_day_has_passed_is_nobody_s_to_send(any_engine: Engine):
    make_run(any_engine, occasion="2021/reminder/2021-06-30/3")
    made = letter("buy", everybody(any_engine)["buy"][0])
    with any_engine.begin() as db:
        late = replace(made, occasion="2021/reminder/2021-06-30/3")
        assert moves.plan(db, late, now_ms=NOW_MS, expires_ms=NOW_MS + 1, actor="test")
    look(any_engine)
    assert moves.reap(any_engine, "watch").expired == 1
    assert standing(any_engine) == {}


def test_a_refused_test_letter_is_its_own_run_s_matter(any_engine: Engine):
    make_run(any_engine, mode="redirect")
    plan_all(any_engine, mode="redirect")
    held = moves.claim(any_engine, moves.ClaimScope(), "one")
    assert held is not None
    assert moves.settle(any_engine, held, "reject", ("claimed",), phase="rcpt", code=550)
    assert standing(any_engine) == {}


def test_letters_that_wait_too_long_are_one_alarm_of_their_occasion(planned: Engine):
    assert standing(planned, later_ms=HOURS * HOUR_MS - 60_000) == {}
    said = standing(planned, later_ms=HOURS * HOUR_MS + 60_000)
    assert set(said) == {"overdue"}
    assert f"дольше 3 ч: {MARCH}" in said["overdue"]
    for name in ("Буйский муниципальный район", "Нея", "город Буй"):
        assert name in said["overdue"]


def test_a_letter_that_awaits_approval_is_no_alarm(any_engine: Engine):
    from dataclasses import replace

    make_run(any_engine, contacts={"buy": ("buy@example.org",)})
    one = replace(letter("buy", everybody(any_engine)["buy"][0]), is_held=True)
    with any_engine.begin() as db:
        assert moves.plan(db, one, now_ms=NOW_MS, expires_ms=9**15, actor="test")
    assert standing(any_engine, later_ms=9 * HOUR_MS) == {}


def test_what_the_mail_server_puts_off_again_and_again_is_overdue_but_not_idle(planned: Engine):
    end_as(planned, "postpone", code=451)
    at = now(planned) + HOURS * HOUR_MS + 60_000
    with planned.begin() as db:
        waits = delivery.c.state == "retry"
        db.execute(update(delivery).where(waits).values(not_before_ms=at + HOUR_MS))
        (every,) = overdue(db, HOURS, at, only_idle=False)
        (idle,) = overdue(db, HOURS, at, only_idle=True)
    assert (len(every.names), len(idle.names)) == (3, 2)
    assert (every.occasion, every.mode) == (OCCASION, "live")


def test_a_letter_in_the_hands_of_a_sender_that_died_long_ago_is_idle(planned: Engine):
    assert moves.claim(planned, SCOPE, "one") is not None
    at = now(planned) + HOURS * HOUR_MS + moves.LEASE_MS + 60_000
    with planned.begin() as db:
        (idle,) = overdue(db, HOURS, at, only_idle=True)
    assert isinstance(idle, Overdue)
    assert len(idle.names) == 3


def test_a_letter_sent_again_by_decision_has_its_hours_anew(planned: Engine):
    delivery_id = lose_reply(planned, "buy", ago_ms=DAY_MS)
    decided = now(planned) + 9 * HOUR_MS
    with planned.begin() as db:
        assert moves.move(
            db, "resend", delivery_id, "unknown",
            now_ms=decided, actor="i", detail="operator: нет", expires_ms=9**15,
        )  # fmt: skip
        (late,) = overdue(db, HOURS, decided + 60_000, only_idle=False)
    assert "городской округ город Буй" not in late.names


def test_a_row_that_was_edited_by_hand_is_told(planned: Engine):
    with planned.begin() as db:
        edited = delivery.c.municipality_id == "buy"
        db.execute(update(delivery).where(edited).values(state="cancelled"))
    assert "помимо программы" in standing(planned)["chain"]


def test_a_stopped_sending_is_an_alarm_while_letters_wait(planned: Engine):
    brakes.stop(planned, "ivanova", "проверяем адреса")
    said = standing(planned)["switch"]
    assert "ждут 3 письма" in said
    assert MARCH in said
    assert "проверяем адреса." in said
    with planned.begin() as db:
        db.execute(update(delivery).values(state="cancelled"))
    assert "switch" not in standing(planned)


def test_a_mail_server_that_fails_is_an_alarm_until_it_takes_a_letter(planned: Engine):
    brakes.trip(planned, "Почтовый сервер не отвечает.", at_once=True)
    assert "Почтовый сервер не отвечает." in standing(planned)["breaker"]
    assert "breaker" in standing(planned, later_ms=HOUR_MS)  # the rest is over, nothing was taken
    brakes.mended(planned)
    assert standing(planned) == {}


def test_letters_that_came_after_the_mail_server_s_last_rest_say_nothing_of_it(planned: Engine):
    brakes.trip(planned, "Почтовый сервер не отвечает.", at_once=True)
    with planned.begin() as db:
        db.execute(update(relay).values(open_until_ms=moves.db_now_ms(db) - HOUR_MS))
    assert standing(planned) == {}


def test_a_paused_occasion_is_an_alarm_while_its_letters_wait(planned: Engine):
    brakes.pause(planned, OCCASION, "live", "sender", "Отклонено подряд 5.")
    said = standing(planned)
    assert set(said) == {"paused"}
    assert "Отклонено подряд 5." in said["paused"]
    assert "ждут 3 письма" in said["paused"]
    with planned.begin() as db:
        db.execute(update(paused_occasion).values(occasion="2021/june_monitoring"))
    assert standing(planned) == {}


def test_a_database_put_back_from_a_copy_is_an_alarm_even_where_nothing_waits(
    planned: Engine, tmp_path
):
    receipts = Receipts(tmp_path / "receipts")
    receipts.folder.mkdir()
    assert notice_restore(planned, receipts, "watch") is None
    with planned.begin() as db:
        db.exec_driver_sql("update control set v = 'other' where k = 'incarnation'")
        db.execute(update(delivery).values(state="cancelled"))
    assert notice_restore(planned, receipts, "watch") is not None
    assert "восстановлена из копии" in standing(planned)["restored"]


# -- Who was told ------------------------------------------------------------------------------

A, B = Alarm("a", "Первое."), Alarm("b", "Второе.")


def at(moment_ms: int):
    return lambda _db: moment_ms


def test_a_new_alarm_is_told_once(any_engine: Engine):
    first = note(any_engine, [A], clock=at(0))
    assert (first.new, first.standing) == ((A,), ())
    mark_told(any_engine, first.alarms, clock=at(0))
    assert not note(any_engine, [A], clock=at(DAY_MS - 1))


def test_an_alarm_that_stands_is_told_again_after_a_day(any_engine: Engine):
    mark_told(any_engine, note(any_engine, [A], clock=at(0)).alarms, clock=at(0))
    again = note(any_engine, [A], clock=at(DAY_MS))
    assert (again.new, again.standing) == ((), (A,))


def test_an_alarm_that_was_told_by_a_clock_far_ahead_is_told_again(any_engine: Engine):
    mark_told(any_engine, note(any_engine, [A], clock=at(9 * DAY_MS)).alarms, clock=at(9 * DAY_MS))
    assert note(any_engine, [A], clock=at(DAY_MS)).standing == (A,)
    mark_told(any_engine, [A], clock=at(DAY_MS))
    assert not note(any_engine, [A], clock=at(DAY_MS + 1))


def test_a_letter_that_could_not_be_sent_is_tried_again(any_engine: Engine):
    assert note(any_engine, [A], clock=at(0))
    assert note(any_engine, [A], clock=at(1)).new == (A,)


def test_one_letter_tells_all_the_new_apart_from_what_was_told(any_engine: Engine):
    mark_told(any_engine, note(any_engine, [A], clock=at(0)).alarms, clock=at(0))
    both = note(any_engine, [A, B], clock=at(5))
    assert (both.new, both.standing) == ((B,), (A,))
    mark_told(any_engine, both.alarms, clock=at(5))
    assert not note(any_engine, [A, B], clock=at(DAY_MS + 4))


def test_an_alarm_that_ended_is_forgotten_and_told_anew_when_it_comes_back(any_engine: Engine):
    mark_told(any_engine, note(any_engine, [A], clock=at(0)).alarms, clock=at(0))
    assert not note(any_engine, [], clock=at(1))
    with any_engine.begin() as db:
        assert db.execute(select(alarm)).all() == []
    assert note(any_engine, [A], clock=at(2)).new == (A,)


def test_the_words_of_an_alarm_may_change_while_it_stands(any_engine: Engine):
    mark_told(any_engine, note(any_engine, [A], clock=at(0)).alarms, clock=at(0))
    assert not note(any_engine, [Alarm("a", "Уже иначе.")], clock=at(1))
    with any_engine.begin() as db:
        row = db.execute(select(alarm)).one()
    assert (row.sentence, row.since_ms) == ("Уже иначе.", 0)


def test_the_threshold_of_the_settings_is_three_hours():
    assert SETTINGS.overdue_hours == HOURS
