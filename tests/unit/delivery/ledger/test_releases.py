"""A run's letters go when its own `approve` has let them go, or when it is over."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import Engine, select, update

from roadmap.delivery.ledger import moves
from roadmap.delivery.ledger.releases import OVER_AFTER_MS, Holding, release_left, release_run
from roadmap.store.tables import delivery, run_outcome
from support.ledger_world import SCOPE, everybody, letter, make_run, send, states
from support.smtp_server import SmtpServer


@pytest.fixture
def rendering(any_engine: Engine) -> Engine:
    """A run that has planned three letters and has not come to its approval."""
    make_run(any_engine)
    for key, theirs in everybody(any_engine).items():
        with any_engine.begin() as db:
            now = moves.db_now_ms(db)
            made = letter(key, theirs[0])
            assert moves.plan(db, made, now_ms=now, expires_ms=now + 10**9, actor="test")
    return any_engine


def test_nobody_takes_a_letter_of_a_run_that_has_not_let_it_go(rendering: Engine):
    assert moves.claim(rendering, SCOPE, "send") is None
    assert moves.claim(rendering, moves.ClaimScope(), "delivery_watch") is None
    with SmtpServer() as server:
        waiting = send(rendering, server)
        assert (waiting.accepted, waiting.pending, server.connections) == (0, 3, 0)
        assert release_run(rendering, "run-1") == 3
        assert send(rendering, server).accepted == 3
    assert release_run(rendering, "run-1") == 0


def test_the_claim_itself_refuses_what_was_not_let_go(rendering: Engine):
    """Whoever has found the letter by another query does not get it either."""
    with rendering.begin() as db:
        key = db.execute(select(delivery.c.delivery_id)).scalars().first()
        token = {"claim_token": "0" * 32}
        assert not moves.move(
            db, "claim", key, "ready", now_ms=moves.db_now_ms(db), actor="somebody",
            lease_until_ms=9**15, **token,
        )  # fmt: skip


def test_a_run_lets_go_what_a_run_before_it_left_and_it_found_good(rendering: Engine):
    make_run(rendering, "run-2")
    with rendering.begin() as db:
        row = db.execute(select(delivery).where(delivery.c.municipality_id == "neya")).one()
        db.execute(
            run_outcome.insert(),
            {"run_id": "run-2", "municipality_id": "neya", "recipient_id": row.recipient_id,
             "outcome": "planned", "delivery_id": row.delivery_id},
        )  # fmt: skip
    assert release_run(rendering, "run-2") == 1
    with SmtpServer() as server:
        assert send(rendering, server).accepted == 1
    assert states(rendering) == {"buyskiy": "ready", "neya": "accepted", "buy": "ready"}


def test_what_a_run_that_is_over_left_behind_is_let_go_however_it_ended(rendering: Engine):
    asked: list[Holding] = []

    def goes_on(run: Holding) -> bool:
        asked.append(run)
        return False

    assert release_left(rendering, goes_on) == 0
    assert asked == [Holding("run-1", "march_analysis", "test")]
    assert moves.claim(rendering, SCOPE, "delivery_watch") is None
    assert release_left(rendering, lambda _: True) == 3
    assert moves.claim(rendering, SCOPE, "delivery_watch") is not None
    asked.clear()
    assert release_left(rendering, goes_on) == 0
    assert asked == []  # nobody is asked about where nothing is held back


def test_no_letter_waits_longer_than_a_day_for_a_run_that_only_looks_alive(rendering: Engine):
    with rendering.begin() as db:
        now_ms = moves.db_now_ms(db)
        earlier_ms = now_ms - 240_000
        db.execute(update(delivery).values(updated_ms=earlier_ms - OVER_AFTER_MS))
    moves.reap(rendering, "watch", lambda _: earlier_ms)
    assert release_left(rendering, lambda _: False) == 0
    moves.reap(rendering, "watch", lambda _: now_ms)
    assert release_left(rendering, lambda _: False) == 3


def test_a_letter_that_a_person_approved_is_let_go(any_engine: Engine):
    make_run(any_engine)
    (one,) = everybody(any_engine)["neya"]
    made = replace(letter("neya", one), is_held=True)
    with any_engine.begin() as db:
        now = moves.db_now_ms(db)
        assert moves.plan(db, made, now_ms=now, expires_ms=now + 10**9, actor="test")
        shown = moves.held_batch(db, made.occasion, made.mode)
    moves.approve(any_engine, shown, actor="operator")
    assert moves.claim(any_engine, SCOPE, "send") is not None
