"""What holds letters back as a whole, for every sender at once (docs/delivery.md §5.5)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import Engine, select

from roadmap.delivery.ledger import brakes, moves
from roadmap.delivery.ledger.moves import ClaimScope
from roadmap.delivery.transport import MailServerUnavailable
from roadmap.store.tables import control_event, delivery, relay
from support.ledger_world import (
    OCCASION,
    SCOPE,
    SETTINGS,
    make_due,
    make_run,
    plan_all,
    send,
    states,
)
from support.smtp_server import SmtpServer

MINUTE_MS = 60_000


@pytest.fixture
def engine(any_engine: Engine) -> Engine:
    return any_engine


def standing(engine: Engine, now_ms: int | None = None) -> brakes.Brakes:
    with engine.begin() as db:
        return brakes.standing(db, moves.db_now_ms(db) if now_ms is None else now_ms)


def events(engine: Engine) -> list[tuple[str, str, str]]:
    with engine.begin() as db:
        rows = db.execute(select(control_event).order_by(control_event.c.at_ms)).all()
    return [(row.action, row.scope, row.actor) for row in rows]


def test_while_sending_is_stopped_nobody_claims_and_then_the_letters_go(engine):
    make_run(engine)
    plan_all(engine)
    assert brakes.stop(engine, "operator", "Проверяем адреса")
    assert not brakes.stop(engine, "operator", "Ещё раз")
    with SmtpServer() as server:
        stopped = send(engine, server)
        assert (stopped.accepted, stopped.pending, stopped.is_switched_off) == (0, 3, True)
        assert server.connections == 0
        assert standing(engine).off_reason == "Проверяем адреса"
        assert brakes.start(engine, "operator", "Проверили")
        assert send(engine, server).accepted == 3
    assert events(engine) == [("stop", "all", "operator"), ("start", "all", "operator")]


def test_a_letter_in_flight_when_sending_is_stopped_does_not_get_its_dot(engine):
    make_run(engine)
    plan_all(engine)
    with SmtpServer() as server:
        held = moves.claim(engine, SCOPE, "sender-1")
        brakes.stop(engine, "operator", "Стоп")
        assert moves.mark_in_doubt(engine, held, cap=20) is None
        assert send(engine, server).accepted == 0


def test_a_mail_server_that_does_not_answer_gets_a_rest_and_no_letter_is_charged(engine):
    make_run(engine)
    plan_all(engine)
    with SmtpServer(greeting=b"554 no service\r\n") as closed, pytest.raises(MailServerUnavailable):
        send(engine, closed)
    held_by = standing(engine)
    assert "код 554" in held_by.breaker_reason
    with SmtpServer() as server:
        resting = send(engine, server)
        assert (resting.accepted, resting.pending, server.connections) == (0, 3, 0)
        assert resting.breaker_until_ms == held_by.breaker_until_ms
        with engine.begin() as db:
            assert set(db.execute(select(delivery.c.attempts)).scalars()) == {0}
        end_the_rest(engine)
        assert send(engine, server).accepted == 3
    assert standing(engine).breaker_reason is None
    assert [action for action, _, _ in events(engine)] == ["open", "close"]


def end_the_rest(engine: Engine) -> None:
    """Let the time pass for which the mail server rests."""
    with engine.begin() as db:
        db.execute(relay.update().values(open_until_ms=1))


def test_each_failure_after_a_rest_makes_the_next_rest_longer(engine):
    now = 1_000_000_000_000
    rests = []
    for _ in range(5):
        brakes.trip(engine, "Не отвечает.", at_once=True, clock=lambda db, now=now: now)
        until = standing(engine, now).breaker_until_ms
        rests.append((until - now) // MINUTE_MS)
        now = until
    assert rests == [1, 5, 15, 30, 30]


def test_senders_that_fail_together_count_as_one_failure(engine):
    now = 1_000_000_000_000
    for _ in range(3):
        brakes.trip(engine, "Не отвечает.", at_once=True, clock=lambda db: now)
    assert standing(engine, now).breaker_until_ms == now + MINUTE_MS


def test_a_server_that_hangs_up_once_is_called_again_the_third_time_in_a_row_it_rests(engine):
    make_run(engine)
    plan_all(engine)
    with SmtpServer(["421_dot"]) as server:
        assert send(engine, server).accepted == 2
    assert standing(engine).breaker_reason is None
    for _ in range(3):
        assert standing(engine).breaker_reason is None
        brakes.trip(engine, "Почтовый сервер просит подождать (код 421).", at_once=False)
    assert "421" in standing(engine).breaker_reason


def test_dry_letters_need_no_mail_server_and_go_while_it_rests(engine):
    make_run(engine, mode="dry")
    plan_all(engine, mode="dry")
    brakes.trip(engine, "Не отвечает.", at_once=True)
    with SmtpServer() as server:
        assert send(engine, server, scope=ClaimScope(OCCASION, "dry")).accepted == 3
    assert server.connections == 0
    # They say nothing of the mail server: its rest, and what came before it, stay.
    assert standing(engine).breaker_reason == "Не отвечает."
    assert [action for action, _, _ in events(engine)] == ["open"]


def test_letters_refused_one_after_another_pause_their_occasion_until_a_person_goes_on(
    engine, caplog
):
    make_run(engine)
    plan_all(engine)
    careful = replace(SETTINGS, pause_after_rejected=2)
    with SmtpServer(["554_dot", "554_dot"]) as server:
        paused = send(engine, server, settings=careful)
        assert (paused.rejected, paused.pending) == (2, 1)
        assert "подряд 2" in paused.paused_reason
        assert "приостановлена: «Март: комплексный анализ» 2021" in caplog.text
        assert OCCASION not in caplog.text
        assert send(engine, server, settings=careful).accepted == 0
        assert brakes.go_on(engine, OCCASION, "live", "operator", "Адреса исправлены")
        assert not brakes.go_on(engine, OCCASION, "live", "operator", "Ещё раз")
        going = send(engine, server, settings=careful)
        assert (going.accepted, going.paused_reason) == (1, None)


def test_a_letter_accepted_between_refusals_means_that_only_some_addresses_are_wrong(engine):
    make_run(engine, contacts={"buyskiy": tuple(f"a{n}@example.org" for n in range(5))})
    plan_all(engine)
    careful = replace(SETTINGS, pause_after_rejected=2)
    plan = ["554_dot", "accept", "554_dot", "accept", "554_dot"]
    with SmtpServer(plan) as server:
        done = send(engine, server, settings=careful)
    assert (done.rejected, done.accepted, done.paused_reason) == (3, 2, None)


def test_one_unknown_letter_pauses_nothing_three_do(engine):
    make_run(engine, contacts={"buyskiy": tuple(f"a{n}@example.org" for n in range(6))})
    plan_all(engine)
    with SmtpServer(["rst_after_dot"] * 4) as server:
        done = send(engine, server)
    assert (done.unknown, done.pending) == (3, 3)
    assert "неизвестен: 3 из 6" in done.paused_reason


def test_another_occasion_and_another_mode_go_on_while_one_is_paused(engine):
    make_run(engine)
    make_run(engine, "run-2", mode="redirect")
    plan_all(engine)
    plan_all(engine, "run-2", mode="redirect")
    assert brakes.pause(engine, OCCASION, "live", "operator", "Ждём")
    with SmtpServer() as server:
        assert send(engine, server).accepted == 0
        assert send(engine, server, scope=ClaimScope(OCCASION, "redirect")).accepted == 3
    assert states(engine)


def test_all_senders_together_keep_one_pace(engine):
    now = 1_000_000_000_000
    waits = [brakes.next_slot(engine, 250, clock=lambda db: now) for _ in range(4)]
    assert waits == [0, 250, 500, 750]
    assert brakes.next_slot(engine, 250, clock=lambda db: now + 60_000) == 0


def test_a_sender_with_nothing_to_send_takes_no_slot_of_the_others(engine):
    make_run(engine)
    plan_all(engine)
    with SmtpServer() as server:
        send(engine, server)
    with engine.begin() as db:
        taken = db.execute(select(relay.c.next_slot_ms)).scalar_one()
    with SmtpServer() as server:
        send(engine, server)
    with engine.begin() as db:
        assert db.execute(select(relay.c.next_slot_ms)).scalar_one() == taken


def test_what_waits_for_its_next_try_is_not_lost_by_a_pause(engine):
    make_run(engine)
    plan_all(engine)
    with SmtpServer(["451_dot"]) as server:
        send(engine, server)
        brakes.pause(engine, OCCASION, "live", "operator", "Ждём")
        make_due(engine)
        assert send(engine, server).accepted == 0
        brakes.go_on(engine, OCCASION, "live", "operator", "Дальше")
        assert send(engine, server).accepted == 1
