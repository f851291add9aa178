"""A moment of wrong clock silences nothing: what lies implausibly far ahead is reset, and said."""

from __future__ import annotations

import logging
from collections import Counter

import pytest
from sqlalchemy import Engine, select, update

from roadmap.delivery.decisions.settle import RESEND_AFTER_MS, SettleRefused, settle
from roadmap.delivery.ledger import brakes, moves
from roadmap.delivery.ledger.moments import FARTHEST_MS, reset_far
from roadmap.delivery.ledger.releases import release_left
from roadmap.store.tables import delivery, relay
from support.ledger_world import (
    OCCASION,
    SCOPE,
    look,
    lose_reply,
    make_run,
    plan_all,
    send,
    states,
)
from support.smtp_server import SmtpServer

DAY_MS = 24 * 3_600_000
AHEAD_MS = 400 * DAY_MS


def ahead(db) -> int:
    """The clock of the database, while it is wrong by more than a year."""
    return moves.db_now_ms(db) + AHEAD_MS


@pytest.fixture
def planned(any_engine: Engine) -> Engine:
    make_run(any_engine)
    plan_all(any_engine)
    return any_engine


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.WARNING)
    return lambda: [one.getMessage() for one in caplog.records if "Часы" in one.getMessage()]


def test_a_slot_that_was_taken_far_ahead_holds_nobody_up(planned: Engine, said):
    brakes.next_slot(planned, 100, ahead)
    with SmtpServer() as server:
        assert send(planned, server).accepted == 3
    assert said() == [
        "Часы базы данных шли неверно: темп отправки начат заново (сброшено сроков: 1)"
    ]


def test_a_rest_of_the_mail_server_that_ends_far_ahead_is_over(planned: Engine, said):
    brakes.trip(planned, "Не отвечает.", at_once=True, clock=ahead)
    with SmtpServer() as server:
        assert send(planned, server).accepted == 3
    assert "перерыв почтового сервера окончен" in said()[0]


def test_a_letter_put_off_far_ahead_is_tried_now(planned: Engine, said):
    with planned.begin() as db:
        db.execute(update(delivery).values(not_before_ms=ahead(db)))
    with SmtpServer() as server:
        assert send(planned, server).accepted == 3
    assert "сброшено сроков: 3" in said()[0]


@pytest.mark.parametrize(("was", "becomes"), [("claimed", "retry"), ("in_doubt", "unknown")])
def test_a_lease_that_ends_far_ahead_is_reaped_and_its_sender_fenced(
    planned: Engine, said, was: str, becomes: str
):
    held = moves.claim(planned, SCOPE, "dead")
    assert held is not None
    if was == "in_doubt":
        assert moves.mark_in_doubt(planned, held, 20) is not None
    with planned.begin() as db:
        theirs = delivery.c.delivery_id == held.delivery_id
        db.execute(update(delivery).where(theirs).values(lease_until_ms=ahead(db)))
    reset_far(planned)
    moves.reap(planned, "reaper")
    assert Counter(states(planned).values()) == {becomes: 1, "ready": 2}
    assert moves.mark_in_doubt(planned, held, 20) is None
    assert len(said()) == 1


def test_a_doubt_of_a_day_to_come_can_be_decided_a_quarter_of_an_hour_from_now(
    planned: Engine, said
):
    key = lose_reply(planned, "buy")
    with planned.begin() as db:
        db.execute(update(delivery).values(updated_ms=ahead(db)))
        row = db.execute(select(delivery).where(delivery.c.delivery_id == key)).one()
    reset_far(planned)
    asked = {"actor": "operator", "reason": "в журнале нет"}
    with pytest.raises(SettleRefused, match="15 минут"):
        settle(planned, row.message_id, "resend", **asked)
    settle(
        planned, row.message_id, "resend", **asked,
        clock=lambda db: moves.db_now_ms(db) + RESEND_AFTER_MS,
    )  # fmt: skip
    assert states(planned)["buy"] == "retry"
    assert len(said()) == 1


def test_a_stop_of_a_day_to_come_hides_no_stop_after_a_restore(planned: Engine):
    brakes.stop(planned, "ivanova", "проверяем адреса", ahead)
    brakes.start(planned, "ivanova", "адреса верны", ahead)
    brakes.stop_restored(planned, "watch", "База данных восстановлена из копии.")
    with planned.begin() as db:
        found = brakes.standing(db, moves.db_now_ms(db))
    assert found.is_restored
    assert found.off_reason == "База данных восстановлена из копии."


def test_a_word_to_go_on_of_a_day_to_come_holds_no_brake_off(planned: Engine):
    brakes.pause(planned, OCCASION, "live", "sender", "отказы", ahead)
    brakes.go_on(planned, OCCASION, "live", "ivanova", "исправлено", ahead)
    with SmtpServer(["554_dot"] * 3) as server:
        send(planned, server)
    assert brakes.pause_troubled(planned, 3, 3) == ((OCCASION, "live"),)


@pytest.mark.parametrize("wrong", ["accepted", "rejected"])
def test_what_a_server_said_in_a_time_to_come_neither_counts_nor_ends_a_count(
    planned: Engine, wrong: str
):
    for number, outcome in enumerate((wrong, "rejected", "rejected")):
        clock = moves.db_now_ms if number else ahead
        held = moves.claim(planned, SCOPE, "sender")
        assert held is not None
        assert moves.mark_in_doubt(planned, held, 20) is not None
        if outcome == "accepted":
            assert moves.accept(planned, held, 250, "queued", clock)
        else:
            assert moves.settle(
                planned, held, "reject", ("in_doubt",), phase="dot", code=550, clock=clock
            )
    assert brakes.pause_troubled(planned, 3, 3) == ()
    assert brakes.pause_troubled(planned, 2, 3) == ((OCCASION, "live"),)
    assert brakes.go_on(planned, OCCASION, "live", "operator", "Проверили")
    assert brakes.pause_troubled(planned, 1, 3) == ()


def test_a_clock_that_jumps_ahead_and_back_cancels_no_waiting_letter(planned: Engine):
    look(planned)
    assert moves.reap(planned, "watch", ahead).expired == 0
    for _ in range(3):  # what it noted is no earlier look for those that come after
        assert moves.reap(planned, "watch").expired == 0
    with SmtpServer() as server:
        assert send(planned, server).accepted == 3


def test_a_letter_that_one_look_finds_late_is_not_cancelled_by_the_next_that_does_not(
    planned: Engine,
):
    """The second look reads the clock anew for each letter, and it may be right again by then."""
    with planned.begin() as db:
        now_ms = moves.db_now_ms(db)
    clocks = iter([now_ms + AHEAD_MS, now_ms + AHEAD_MS + 240_000, now_ms, now_ms, now_ms])
    assert moves.reap(planned, "watch", lambda _: next(clocks)).expired == 0
    assert moves.reap(planned, "watch", lambda _: next(clocks)).expired == 0
    assert states(planned) == dict.fromkeys(("buyskiy", "neya", "buy"), "ready")


@pytest.mark.parametrize("off_ms", [AHEAD_MS, -AHEAD_MS])
def test_a_wrong_clock_lets_no_letter_of_a_running_phase_go(planned: Engine, off_ms: int):
    with planned.begin() as db:
        db.execute(update(delivery).values(released_ms=None))
        wrong_ms = moves.db_now_ms(db) + off_ms
    look(planned)
    for clock in (lambda _: wrong_ms, moves.db_now_ms):
        moves.reap(planned, "watch", clock)
        assert release_left(planned, lambda _: False, clock) == 0


def test_a_doubt_that_a_clock_behind_notes_does_not_let_a_person_send_again_sooner(
    planned: Engine,
):
    held = moves.claim(planned, SCOPE, "sender")
    assert held is not None
    assert moves.mark_in_doubt(planned, held, 20) is not None
    assert moves.settle(
        planned, held, "doubt", ("in_doubt",), phase="dot",
        clock=lambda db: moves.db_now_ms(db) - AHEAD_MS,
    )  # fmt: skip
    with pytest.raises(SettleRefused, match="15 минут"):
        settle(planned, held.message_id, "resend", actor="operator", reason="в журнале нет")


def test_what_is_written_by_a_right_clock_is_left_alone(planned: Engine, said):
    lose_reply(planned, "buy", ago_ms=0)
    assert moves.claim(planned, SCOPE, "living") is not None
    brakes.trip(planned, "Не отвечает.", at_once=True)
    for _ in range(20):
        brakes.next_slot(planned, 60_000)
    with planned.begin() as db:
        tomorrow = moves.db_now_ms(db) + moves.until_tomorrow_ms(moves.db_now_ms(db))
        waiting = delivery.c.state == "ready"
        db.execute(update(delivery).where(waiting).values(not_before_ms=tomorrow))
        before = db.execute(select(delivery)).all(), db.execute(select(relay)).all()
    assert reset_far(planned) == 0
    with planned.begin() as db:
        assert (db.execute(select(delivery)).all(), db.execute(select(relay)).all()) == before
    assert said() == []


def test_every_bound_lies_above_what_is_ever_written():
    assert FARTHEST_MS["lease"] > max(moves.LEASE_MS, moves.IN_DOUBT_LEASE_MS)
    assert FARTHEST_MS["rest"] > max(brakes._REST_MINUTES) * 60_000
    assert FARTHEST_MS["try"] > DAY_MS  # the daily cap waits until tomorrow
