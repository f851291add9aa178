"""What the ledger refuses, on SQLite and PostgreSQL: invariants I1-I10 of docs/delivery.md §5.2."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, insert, select, update
from sqlalchemy.exc import IntegrityError

from roadmap.delivery.ledger import moves
from roadmap.delivery.ledger.moves import MOVES, UnknownMove
from roadmap.store.tables import (
    TRANSITIONS,
    approval,
    control,
    delivery,
    delivery_event,
    message,
    recipient,
    send_fuse,
)
from support.ledger_world import (
    OCCASION,
    SCOPE,
    end_leases,
    everybody,
    letter,
    make_due,
    make_run,
    plan_all,
    states,
)


@pytest.fixture
def planned(any_engine: Engine) -> Engine:
    make_run(any_engine)
    plan_all(any_engine)
    return any_engine


def first(engine: Engine):
    with engine.begin() as db:
        return db.execute(select(delivery).order_by(delivery.c.delivery_id)).first()


def events(engine: Engine, delivery_id: str) -> list[tuple[str, str]]:
    with engine.begin() as db:
        rows = db.execute(
            select(delivery_event.c.from_state, delivery_event.c.to_state)
            .where(delivery_event.c.delivery_id == delivery_id)
            .order_by(delivery_event.c.seq)
        )
        return [tuple(row) for row in rows]


def chains_hold(engine: Engine) -> bool:
    with engine.begin() as db:
        return moves.broken_chains(db) == ()


def test_moves_are_the_listed_transitions_and_no_others():
    made = {(source, move.target) for move in MOVES.values() for source in move.sources}
    made |= {("new", "held"), ("new", "ready")}
    assert made == set(TRANSITIONS)


def test_clocks_of_both_databases_agree_with_ours(any_engine: Engine):
    import time

    with any_engine.begin() as db:
        assert abs(moves.db_now_ms(db) - time.time() * 1000) < 5_000


def test_i1_one_delivery_per_key(planned: Engine):
    theirs = everybody(planned)["buy"][0]
    with planned.begin() as db:
        now = moves.db_now_ms(db)
        again = letter("buy", theirs, content="b")
        assert moves.plan(db, again, now_ms=now, expires_ms=now + 1, actor="test") is False
    row = dict(first(planned)._mapping) | {"delivery_id": "f" * 64, "message_id": "<f@x>"}
    with pytest.raises(IntegrityError), planned.begin() as db:
        db.execute(insert(message), _message("<f@x>", row["municipality_id"]))
        db.execute(insert(delivery), row | {"payload_sha256": "1" * 64})


def _message(message_id: str, municipality_id: str) -> dict:
    return {
        "message_id": message_id,
        "municipality_id": municipality_id,
        "sha256": "1" * 64,
        "rfc822": b"x",
        "created_ms": 1,
    }


def test_i2_a_letter_of_one_municipality_to_another_s_recipient_is_impossible(planned: Engine):
    foreign = everybody(planned)["neya"][0]
    with pytest.raises(IntegrityError), planned.begin() as db:
        db.execute(
            update(delivery)
            .where(delivery.c.municipality_id == "buy")
            .values(recipient_id=foreign.recipient_id)
        )


def test_i2_bytes_of_one_municipality_under_another_s_name_are_impossible(planned: Engine):
    with planned.begin() as db:
        foreign = db.execute(select(message).where(message.c.municipality_id == "neya")).one()
        db.execute(
            update(delivery).where(delivery.c.municipality_id == "neya").values(state="cancelled")
        )
    with pytest.raises(IntegrityError), planned.begin() as db:
        db.execute(
            update(delivery)
            .where(delivery.c.municipality_id == "buy")
            .values(message_id=foreign.message_id, payload_sha256=foreign.sha256)
        )


def test_i3_one_unfinished_letter_per_recipient(planned: Engine):
    theirs = everybody(planned)["buy"][0]
    with pytest.raises(IntegrityError), planned.begin() as db:
        now = moves.db_now_ms(db)
        second = letter("buy", theirs, revision=2, content="b")
        moves.plan(db, second, now_ms=now, expires_ms=now + 1, actor="test")


def test_i4_an_unlisted_move_is_refused_by_code_and_by_database(planned: Engine):
    row = first(planned)
    with pytest.raises(UnknownMove), planned.begin() as db:
        moves.move(db, "accept", row.delivery_id, "ready", now_ms=1, actor="test")
    with pytest.raises(IntegrityError), planned.begin() as db:
        db.execute(insert(delivery_event), _event(row.delivery_id, 2, "unknown", "ready"))


def _event(delivery_id: str, seq: int, from_state: str, to_state: str, epoch: int = 1) -> dict:
    return {
        "delivery_id": delivery_id,
        "seq": seq,
        "from_state": from_state,
        "to_state": to_state,
        "send_epoch": epoch,
        "at_ms": 1,
        "actor": "test",
    }


def test_i5_one_writer_per_version(planned: Engine):
    row = first(planned)
    with pytest.raises(IntegrityError), planned.begin() as db:
        db.execute(insert(delivery_event), _event(row.delivery_id, 1, "ready", "claimed"))


def test_i5_who_saw_an_older_state_changes_nothing(planned: Engine):
    held = moves.claim(planned, SCOPE, "one")
    assert held is not None
    assert moves.settle(planned, held, "release", ("claimed",), phase="data")
    assert not moves.settle(planned, held, "reject", ("claimed",), phase="data", code=550)
    assert chains_hold(planned)


def test_i6_one_mark_in_doubt_per_epoch(planned: Engine):
    held = moves.claim(planned, SCOPE, "one")
    assert held is not None
    assert moves.mark_in_doubt(planned, held, cap=9) is not None
    with pytest.raises(IntegrityError), planned.begin() as db:
        db.execute(insert(delivery_event), _event(held.delivery_id, 9, "claimed", "in_doubt"))


def test_i7_one_acceptance(planned: Engine):
    held = moves.claim(planned, SCOPE, "one")
    assert held is not None
    moves.mark_in_doubt(planned, held, cap=9)
    assert moves.accept(planned, held, 250, "queued")
    with pytest.raises(IntegrityError), planned.begin() as db:
        db.execute(insert(delivery_event), _event(held.delivery_id, 9, "in_doubt", "accepted"))


@pytest.mark.parametrize(
    "broken",
    [
        {"state": "claimed"},
        {"claim_token": "t", "lease_until_ms": 1},
        {"state": "accepted"},
        {"state": "accepted", "accepted_via": "reply", "last_code": 451},
        {"state": "accepted", "accepted_via": "reply", "last_code": None},
        {"state": "sent"},
        {"mode": "real"},
        {"revision": 0},
    ],
    ids=str,
)
def test_i8_a_state_without_its_marks_is_impossible(planned: Engine, broken: dict):
    with pytest.raises(IntegrityError), planned.begin() as db:
        db.execute(update(delivery).where(delivery.c.municipality_id == "buy").values(**broken))


def test_i9_the_daily_cap_stops_a_runaway_and_marks_nothing(planned: Engine):
    for _ in range(2):
        held = moves.claim(planned, SCOPE, "one")
        assert held is not None
        assert moves.mark_in_doubt(planned, held, cap=2) is not None
        moves.settle(planned, held, "postpone", ("in_doubt",), phase="dot", wait_ms=-1)
        with planned.begin() as db:
            db.execute(
                update(delivery)
                .where(delivery.c.delivery_id != held.delivery_id)
                .values(not_before_ms=10**15)
            )
    held = moves.claim(planned, SCOPE, "one")
    assert held is not None
    with pytest.raises(moves.DailyCapReached):
        moves.mark_in_doubt(planned, held, cap=2)
    assert "claimed" in states(planned).values()


def test_i9_a_test_letter_burns_no_live_fuse(any_engine: Engine):
    make_run(any_engine, contacts={"buy": ("a@example.org",)})
    plan_all(any_engine)
    plan_all(any_engine, mode="dry")
    for mode in ("dry", "live"):
        held = moves.claim(any_engine, moves.ClaimScope(mode=mode), "one")
        assert held is not None
        assert moves.mark_in_doubt(any_engine, held, cap=1) is not None


def test_i10_every_change_has_its_event_and_a_hand_is_seen(planned: Engine):
    held = moves.claim(planned, SCOPE, "one")
    assert held is not None
    moves.mark_in_doubt(planned, held, cap=9)
    moves.accept(planned, held, 250, "queued")
    assert events(planned, held.delivery_id) == [
        ("new", "ready"),
        ("ready", "claimed"),
        ("claimed", "in_doubt"),
        ("in_doubt", "accepted"),
    ]
    assert chains_hold(planned)
    with planned.begin() as db:
        db.execute(
            update(delivery)
            .where(delivery.c.delivery_id == held.delivery_id)
            .values(state="bounced")
        )
        assert moves.broken_chains(db) == (held.delivery_id,)


def test_a_lost_lease_marks_nothing(planned: Engine):
    held = moves.claim(planned, SCOPE, "one")
    assert held is not None
    end_leases(planned)
    assert moves.mark_in_doubt(planned, held, cap=9) is None
    assert not moves.extend_lease(planned, held)


def test_the_switch_stops_the_mark_in_doubt(planned: Engine):
    held = moves.claim(planned, SCOPE, "one")
    assert held is not None
    with planned.begin() as db:
        db.execute(update(control).values(v="0"))
    assert moves.mark_in_doubt(planned, held, cap=9) is None


def test_the_reaper_makes_claimed_wait_and_in_doubt_unknown(planned: Engine):
    claimed = moves.claim(planned, SCOPE, "one")
    marked = moves.claim(planned, SCOPE, "two")
    assert claimed is not None
    assert marked is not None
    moves.mark_in_doubt(planned, marked, cap=9)
    end_leases(planned)
    assert moves.reap(planned, "reaper") == moves.Reaped(1, 1, 0, 0)
    by_addressee = states(planned)
    assert by_addressee[claimed.municipality_id] == "retry"
    assert by_addressee[marked.municipality_id] == "unknown"
    assert moves.reap(planned, "reaper") == moves.Reaped(0, 0, 0, 0)
    assert chains_hold(planned)


def test_a_reply_that_comes_after_the_reaper_is_evidence(planned: Engine):
    marked = moves.claim(planned, SCOPE, "one")
    assert marked is not None
    moves.mark_in_doubt(planned, marked, cap=9)
    end_leases(planned)
    moves.reap(planned, "reaper")
    assert moves.accept(planned, marked, 250, "queued")
    row = next(r for r in _rows(planned) if r.delivery_id == marked.delivery_id)
    assert (row.state, row.accepted_via) == ("accepted", "evidence")


def _rows(engine: Engine):
    with engine.begin() as db:
        return db.execute(select(delivery)).all()


def test_an_unknown_letter_is_resent_by_a_person_only_and_not_at_once(planned: Engine):
    marked = moves.claim(planned, SCOPE, "one")
    assert marked is not None
    moves.mark_in_doubt(planned, marked, cap=9)
    moves.settle(planned, marked, "doubt", ("in_doubt",), phase="dot")
    with planned.begin() as db:
        now = moves.db_now_ms(db)
        given_ms = {"now_ms": now, "actor": "person", "expires_ms": now + 1000}
        assert not moves.move(db, "resend", marked.delivery_id, "unknown", **given_ms)
        later = given_ms | {"now_ms": now + 900_001}
        assert moves.move(db, "resend", marked.delivery_id, "unknown", **later)
    row = next(r for r in _rows(planned) if r.delivery_id == marked.delivery_id)
    assert (row.state, row.send_epoch) == ("retry", 2)
    assert chains_hold(planned)


def test_a_letter_past_its_deadline_is_cancelled_by_two_looks_and_said_so(planned: Engine):
    with planned.begin() as db:
        db.execute(update(delivery).values(expires_ms=1))
        started_ms = moves.db_now_ms(db)
    assert moves.claim(planned, SCOPE, "one") is None
    for minutes, cancelled in ((0, 0), (3, 0), (4, 3)):
        reaped = moves.reap(planned, "reaper", lambda _, m=minutes: started_ms + m * 60_000)
        assert reaped.expired == cancelled
    assert {(r.state, r.last_detail) for r in _rows(planned)} == {("cancelled", "expired")}


def test_nobody_claims_for_a_recipient_who_is_no_longer_valid(planned: Engine):
    with planned.begin() as db:
        db.execute(update(recipient).values(active=0))
    assert moves.claim(planned, SCOPE, "one") is None


def test_a_scope_claims_its_own_only(planned: Engine):
    other = moves.ClaimScope("2021/june_monitoring", "live", None)
    assert moves.claim(planned, other, "one") is None
    assert moves.claim(planned, moves.ClaimScope(municipalities=()), "one") is None
    held = moves.claim(planned, moves.ClaimScope(municipalities=("neya",)), "one")
    assert held is not None
    assert held.municipality_id == "neya"


# -- Any order of events -----------------------------------------------------------------------

STEPS = st.lists(
    st.sampled_from(
        [
            "claim",
            "mark_in_doubt",
            "accept",
            "postpone",
            "reject",
            "doubt",
            "release",
            "crash",
            "reap",
            "due",
        ]
    ),
    max_size=40,
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=STEPS)
def test_whatever_happens_no_letter_is_in_doubt_twice_without_a_sure_failure(
    engine: Engine, tmp_path_factory: pytest.TempPathFactory, steps: list[str]
):
    """A model of the mail server: it may have taken a letter at every mark in doubt that was not
    surely undone. More than one such mark would be a duplicate."""
    run = f"run-{tmp_path_factory.mktemp('r').name}"
    occasion_is_new = moves.ClaimScope(mode="live")
    with engine.begin() as db:
        db.execute(delivery_event.delete())
        db.execute(delivery.delete())
        db.execute(message.delete())
    make_run(engine, run, contacts={"buy": ("a@example.org",)})
    (key,) = plan_all(engine, run)
    held, possibly_out = None, 0
    for step in steps:
        if step == "claim":
            held = held or moves.claim(engine, occasion_is_new, "s")
        elif step == "reap":
            end_leases(engine)
            moves.reap(engine, "reaper")
        elif step == "due":
            make_due(engine)
        elif held is None:
            continue
        elif step == "crash":
            held = None
        elif step == "mark_in_doubt":
            if moves.mark_in_doubt(engine, held, cap=999) is not None:
                possibly_out += 1
        elif step == "accept":
            if moves.accept(engine, held, 250, "ok"):
                held = None
        else:
            states_ = ("in_doubt", "claimed") if step in ("postpone", "reject") else ()
            states_ = states_ or (("in_doubt",) if step == "doubt" else ("claimed",))
            was_in_doubt = states(engine)["buy"] == "in_doubt"
            if moves.settle(engine, held, step, states_, phase="dot", code=450, wait_ms=-1):
                if was_in_doubt and step in ("postpone", "reject"):
                    possibly_out -= 1  # the server said no, or the dot surely did not go out
                held = None
        assert possibly_out in (0, 1)
    assert chains_hold(engine)
    assert events(engine, key)[0] == ("new", "ready")


# -- T1 ----------------------------------------------------------------------------------------


@pytest.fixture
def held(any_engine: Engine) -> Engine:
    """Three letters that wait for approval."""
    make_run(any_engine)
    with any_engine.begin() as db:
        now = moves.db_now_ms(db)
    for municipality_id, theirs in everybody(any_engine).items():
        made = replace(letter(municipality_id, theirs[0]), is_held=True)
        with any_engine.begin() as db:
            assert moves.plan(db, made, now_ms=now, expires_ms=now + 10**9, actor="test")
    return any_engine


def shown(engine: Engine) -> moves.HeldBatch:
    with engine.begin() as db:
        return moves.held_batch(db, OCCASION, "live")


def test_t1_an_approval_lets_exactly_those_letters_go_that_were_shown(held: Engine):
    batch = shown(held)
    assert batch.letters == 3
    moves.approve(held, batch, actor="operator", reason="Проверено")
    assert set(states(held).values()) == {"ready"}
    with held.begin() as db:
        (kept,) = db.execute(select(approval)).all()
        assert set(db.execute(select(delivery.c.approval_id)).scalars()) == {kept.approval_id}
    assert (kept.batch_sha256, kept.n, kept.approved_by) == (batch.sha256, 3, "operator")
    assert chains_hold(held)


def test_t1_a_second_answer_changes_nothing(held: Engine):
    batch = shown(held)
    moves.approve(held, batch, actor="operator")
    with pytest.raises(moves.ApprovalMismatch):
        moves.approve(held, batch, actor="operator")
    with pytest.raises(moves.ApprovalMismatch):
        moves.approve(held, shown(held), actor="operator")  # nothing waits


@pytest.mark.parametrize("what", ["withdrawn", "written anew"])
def test_t1_an_approval_of_what_is_not_there_any_more_lets_nothing_go(held: Engine, what: str):
    batch = shown(held)
    row = first(held)
    theirs = everybody(held)[row.municipality_id][0]
    with held.begin() as db:
        assert moves.move(
            db, "cancel", row.delivery_id, "held", now_ms=1, actor="test", detail="superseded"
        )
        if what == "written anew":
            anew = letter(row.municipality_id, theirs, revision=2, content="b")
            anew = replace(anew, is_held=True)
            assert moves.plan(db, anew, now_ms=1, expires_ms=9**15, actor="test")
    with pytest.raises(moves.ApprovalMismatch):
        moves.approve(held, batch, actor="operator")
    assert "ready" not in states(held).values()
    with held.begin() as db:
        assert db.execute(select(approval)).all() == []


@pytest.mark.postgres
def test_t1_what_another_planner_commits_meanwhile_is_not_let_go(
    postgres_engine: Engine, monkeypatch: pytest.MonkeyPatch
):
    """PostgreSQL shows each statement what was committed before it: the letters are read once."""
    make_run(postgres_engine)
    theirs = everybody(postgres_engine)
    letters = [replace(letter(key, one[0]), is_held=True) for key, one in theirs.items()]

    def plan(made: moves.Planned) -> None:
        with postgres_engine.begin() as db:
            assert moves.plan(db, made, now_ms=1, expires_ms=9**15, actor="test")

    for made in letters[:2]:
        plan(made)
    batch = shown(postgres_engine)
    looked = moves._held
    to_come = letters[2:]

    def look_and_be_overtaken(db: Connection, occasion: str, mode: str):
        rows = looked(db, occasion, mode)
        while to_come:
            plan(to_come.pop())
        return rows

    monkeypatch.setattr(moves, "_held", look_and_be_overtaken)
    moves.approve(postgres_engine, batch, actor="operator")
    assert sorted(states(postgres_engine).values()) == ["held", "ready", "ready"]


def test_what_a_claim_shows_of_itself_holds_no_address_and_no_letter(planned: Engine):
    claim = moves.claim(planned, SCOPE, "one")
    assert claim is not None
    assert claim.address not in repr(claim)
    assert "From:" not in repr(claim)


def test_t16_who_dies_with_the_letter_again_and_again_uses_up_its_tries(planned: Engine):
    most = 3
    for _ in range(most):
        assert moves.claim(planned, SCOPE, "dies") is not None
        end_leases(planned)
        reaped = moves.reap(planned, "reaper", max_attempts=most)
        make_due(planned)
        with planned.begin() as db:  # the same letter once more
            db.execute(update(delivery).where(delivery.c.attempts == 0).values(not_before_ms=9**15))
    assert (reaped.to_retry, reaped.exhausted) == (0, 1)
    with planned.begin() as db:
        tried = db.execute(select(delivery).where(delivery.c.attempts > 0)).one()
    assert (tried.state, tried.attempts, tried.last_detail) == ("exhausted", most, "lease_over")
    assert moves.claim(planned, SCOPE, "dies") is None
    assert chains_hold(planned)


@pytest.mark.parametrize(
    ("name", "counted"), [("take_back", 0), ("reject", 1), ("postpone", 1), ("doubt", 1)]
)
def test_what_is_refused_at_the_dot_for_something_of_ours_takes_no_place_in_the_daily_cap(
    planned: Engine, name: str, counted: int
):
    """It counted to the day on which it was armed, and the answer may come on the next."""
    held = moves.claim(planned, SCOPE, "one")
    assert held is not None
    with planned.begin() as db:
        now_ms = moves.db_now_ms(db)
    next_day_ms = now_ms + moves.until_tomorrow_ms(now_ms)
    assert moves.mark_in_doubt(planned, held, cap=1) is not None
    for done in (True, False):  # once, though the answer to the commit may have been lost
        assert done is moves.settle(
            planned, held, name, ("in_doubt",), phase="dot", code=550, clock=lambda _: next_day_ms
        )
    with planned.begin() as db:
        assert [row.n for row in db.execute(select(send_fuse))] == [counted]
    assert chains_hold(planned)
