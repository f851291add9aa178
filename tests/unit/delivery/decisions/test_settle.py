"""A person's decision about a letter whose outcome is unknown, or that was refused."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from typing import get_args

import pytest
from sqlalchemy import Engine, select, update

from roadmap.decision import LETTER_DECISIONS, DecisionRefused, LetterDecision
from roadmap.delivery.decisions.settle import SettleRefused, settle
from roadmap.delivery.ledger import brakes, moves, refusals
from roadmap.store.tables import delivery, delivery_event, message, recipient
from support.ledger_world import (
    NAMES,
    SETTINGS,
    everybody,
    letter,
    lose_reply,
    make_run,
    plan_all,
    send,
    states,
)
from support.smtp_server import SmtpServer

QUARTER_MS = 900_000


@pytest.fixture
def doubtful(any_engine: Engine) -> Engine:
    """One letter of three whose reply to the dot was lost a quarter of an hour ago."""
    make_run(any_engine)
    plan_all(any_engine)
    lose_reply(any_engine, "buy", QUARTER_MS)
    assert states(any_engine)["buy"] == "unknown"
    return any_engine


def row(engine: Engine, municipality_id: str = "buy"):
    with engine.begin() as db:
        return db.execute(
            select(delivery).where(delivery.c.municipality_id == municipality_id)
        ).one()


def events(engine: Engine, municipality_id: str = "buy") -> list[tuple[str, str, str, str | None]]:
    found, delivery_id = delivery_event.c, row(engine, municipality_id).delivery_id
    with engine.begin() as db:
        rows = db.execute(
            select(found.from_state, found.to_state, found.actor, found.detail)
            .where(found.delivery_id == delivery_id)
            .order_by(found.seq)
        ).all()
    return [tuple(one) for one in rows]


def decide(engine: Engine, decision: LetterDecision, **changes):
    given = {"message_id": row(engine).message_id, "actor": "ivanova", "reason": "нет в журнале"}
    return settle(engine, decision=decision, **(given | changes))


@pytest.mark.parametrize(
    ("decision", "state"), [("arrived", "accepted"), ("resend", "retry"), ("give_up", "cancelled")]
)
def test_each_decision_moves_the_letter_and_says_who_and_why(
    doubtful: Engine, decision: LetterDecision, state: str
):
    found = decide(doubtful, decision)
    assert found.state == state == row(doubtful).state
    assert (found.municipality_id, found.run_id, found.mode) == ("buy", "run-1", "live")
    assert events(doubtful)[-1] == ("unknown", state, "ivanova", "operator: нет в журнале")
    with doubtful.begin() as db:
        assert moves.broken_chains(db) == ()


@pytest.mark.parametrize(("decision", "state"), [("arrived", "accepted"), ("give_up", "cancelled")])
def test_after_a_restore_a_letter_that_waits_may_have_gone_and_is_settled_by_a_person(
    any_engine: Engine, decision: LetterDecision, state: str
):
    make_run(any_engine)
    plan_all(any_engine)
    with pytest.raises(SettleRefused, match="«в очереди»"):
        decide(any_engine, decision)
    brakes.stop(any_engine, "ivanova", "проверяем адреса")
    with pytest.raises(SettleRefused, match="«в очереди»"):
        decide(any_engine, decision)
    brakes.stop_restored(any_engine, "watch", "База данных восстановлена из копии.")
    with pytest.raises(SettleRefused, match="другого муниципалитета"):
        decide(any_engine, decision, municipality_id="neya")
    assert row(any_engine).state == "ready"
    settled = decide(any_engine, decision)
    assert settled.state == state == row(any_engine).state
    assert settled.name == NAMES["buy"]  # as the registry has it, and the operator's letter
    assert [event[:2] for event in events(any_engine)[1:]] == [
        ("ready", "unknown"), ("unknown", state)
    ]  # fmt: skip
    brakes.start(any_engine, "ivanova", "сверено")
    with SmtpServer() as server:
        assert send(any_engine, server).accepted == 2
    with any_engine.begin() as db:
        assert moves.broken_chains(db) == ()


def test_there_are_four_decisions():
    four = {"arrived", "resend", "give_up", "send_again"}
    assert set(LETTER_DECISIONS) == set(get_args(LetterDecision)) == four


# -- What was refused ------------------------------------------------------------------------------


@pytest.fixture
def refused(doubtful: Engine) -> Engine:
    """The mail server refuses the letter to «neya»: its mailbox is full."""
    with SmtpServer(by_address={"neya@example.org": ["552_rcpt"]}) as server:
        send(doubtful, server)
    assert row(doubtful, "neya").state == "rejected"
    return doubtful


def send_again(engine: Engine, **changes):
    message_id = row(engine, "neya").message_id
    return decide(engine, "send_again", message_id=message_id, reason="ящик освобождён", **changes)


def test_a_refused_letter_goes_again_to_the_same_address_in_the_same_bytes(refused: Engine):
    before = row(refused, "neya")
    found = send_again(refused)
    assert (found.state, found.is_to_be_sent) == ("retry", True)
    assert events(refused, "neya")[-1] == (
        "rejected", "retry", "ivanova", "operator: ящик освобождён",
    )  # fmt: skip
    with SmtpServer() as server:
        assert send(refused, server).accepted == 1
    (taken,) = server.accepted
    assert (taken.recipient, taken.message_id) == ("neya@example.org", before.message_id)
    assert hashlib.sha256(taken.content).hexdigest() == before.payload_sha256
    with refused.begin() as db:
        assert moves.broken_chains(db) == ()


def test_a_letter_that_used_up_its_tries_goes_again_with_all_of_them(doubtful: Engine):
    theirs = row(doubtful, "neya")
    with doubtful.begin() as db:
        now_ms = moves.db_now_ms(db)
        held = {"claim_token": "t", "lease_until_ms": now_ms + 1000}
        for name, state in (("claim", "ready"), ("exhaust", "claimed")):
            assert moves.move(
                db, name, theirs.delivery_id, state, now_ms=now_ms, actor="test", **held
            )
    send_again(doubtful)
    assert (row(doubtful, "neya").state, row(doubtful, "neya").attempts) == ("retry", 0)


@pytest.mark.parametrize("decision", ["arrived", "resend", "give_up"])
def test_what_the_server_refused_is_not_of_unknown_outcome(
    refused: Engine, decision: LetterDecision
):
    theirs = row(refused, "neya")
    with pytest.raises(SettleRefused, match="выберите «отказ устранён, отправить снова»"):
        decide(refused, decision, message_id=theirs.message_id)
    assert row(refused, "neya") == theirs


def test_what_is_unknown_was_not_refused(doubtful: Engine):
    with pytest.raises(
        SettleRefused, match=r"состояние письма — «исход неизвестен» .*«не дошло, отпр"
    ):
        decide(doubtful, "send_again")
    assert row(doubtful).state == "unknown"


def test_a_refused_letter_does_not_go_beside_a_newer_one(refused: Engine):
    (theirs,) = everybody(refused)["neya"]
    older = row(refused, "neya")
    newer = letter("neya", theirs, revision=2, content="b")
    with refused.begin() as db:
        now_ms = moves.db_now_ms(db)
        assert moves.plan(db, newer, now_ms=now_ms, expires_ms=now_ms + 10**9, actor="test")
    with pytest.raises(SettleRefused, match="составлено более новое"):
        decide(refused, "send_again", message_id=older.message_id)


def test_a_letter_whose_bytes_were_changed_does_not_go_again(refused: Engine):
    with refused.begin() as db:
        db.execute(
            update(delivery)
            .where(delivery.c.state == "rejected")
            .values(last_code=None, last_detail=refusals.SPOILT)
        )
    with pytest.raises(SettleRefused, match="сообщите в поддержку"):
        send_again(refused)


def test_the_second_decision_to_send_again_is_told_the_first(refused: Engine):
    send_again(refused)
    with pytest.raises(SettleRefused, match="уже решено «отказ устранён, отправить снова»"):
        send_again(refused)


def test_what_is_said_to_have_arrived_is_accepted_on_evidence_never_on_a_reply(doubtful: Engine):
    decide(doubtful, "arrived")
    assert row(doubtful).accepted_via == "evidence"


def test_a_letter_sent_again_is_the_same_bytes_under_the_same_message_id(doubtful: Engine):
    before = row(doubtful)
    decide(doubtful, "resend")
    assert row(doubtful).send_epoch == before.send_epoch + 1
    with SmtpServer() as server:
        send(doubtful, server)
        (sent,) = [one for one in server.accepted if before.message_id.encode() in one.content]
    with doubtful.begin() as db:
        frozen = db.execute(
            select(message.c.rfc822).where(message.c.message_id == before.message_id)
        ).scalar_one()
    assert sent.content == bytes(frozen)
    assert row(doubtful).state == "accepted"


def test_a_letter_sent_again_has_time_for_it_anew(doubtful: Engine):
    with doubtful.begin() as db:
        db.execute(update(delivery).values(expires_ms=1))
    found = settle(
        doubtful, row(doubtful).message_id, "resend", actor="i", reason="нет в журнале",
        expiry_ms=SETTINGS.expiry_ms,
    )  # fmt: skip
    with doubtful.begin() as db:
        now_ms = moves.db_now_ms(db)
    assert found.is_to_be_sent
    assert abs(row(doubtful).expires_ms - now_ms - SETTINGS.expiry_ms) < 5_000


def test_a_message_id_is_known_with_and_without_its_brackets_and_spaces(doubtful: Engine):
    bare = row(doubtful).message_id.strip("<>")
    assert decide(doubtful, "arrived", message_id=f"  {bare} ").state == "accepted"


def test_a_message_id_is_ours_and_no_address_of_anybody(doubtful: Engine):
    for municipality_id in ("buy", "neya", "buyskiy"):
        local, _, domain = row(doubtful, municipality_id).message_id.strip("<>").partition("@")
        assert domain == SETTINGS.message_domain
        assert local == row(doubtful, municipality_id).delivery_id[:32] + ".r1"


def test_the_second_decision_about_a_letter_is_refused_and_told_the_first(doubtful: Engine):
    decide(doubtful, "give_up")
    kept = events(doubtful)
    with pytest.raises(SettleRefused, match="уже решено «не знаем, не отправлять»"):
        decide(doubtful, "resend")
    assert events(doubtful) == kept


def test_of_many_decisions_at_once_one_counts(doubtful: Engine):
    def attempt(decision: LetterDecision) -> str | None:
        try:
            return decide(doubtful, decision).decision
        except SettleRefused:
            return None

    chosen: list[LetterDecision] = ["arrived", "resend", "give_up", "resend", "arrived", "give_up"]
    with ThreadPoolExecutor(len(chosen)) as side_by_side:
        taken = [one for one in side_by_side.map(attempt, chosen) if one]
    assert len(taken) == 1
    assert len([one for one in events(doubtful) if one[0] == "unknown"]) == 1


@pytest.mark.parametrize("decision", list(LETTER_DECISIONS))
def test_only_an_unknown_letter_is_settled(doubtful: Engine, decision: LetterDecision):
    ready = row(doubtful, "neya")
    with pytest.raises(SettleRefused, match="Решать нечего: состояние письма — «в очереди»"):
        decide(doubtful, decision, message_id=ready.message_id)
    assert row(doubtful, "neya") == ready


def test_a_letter_that_evidence_has_settled_is_told_as_accepted(doubtful: Engine):
    delivery_id = row(doubtful).delivery_id
    with doubtful.begin() as db:
        moves.move(
            db, "accept_by_proof", delivery_id, "unknown",
            now_ms=moves.db_now_ms(db), actor="delivery_watch", detail="relay_log: 1A2B",
        )  # fmt: skip
    with pytest.raises(SettleRefused, match="Решать нечего: состояние письма — «принято почтовым"):
        decide(doubtful, "resend")


def test_a_resend_waits_a_quarter_of_an_hour_and_says_until_when(doubtful: Engine):
    became = row(doubtful).updated_ms
    early = became + QUARTER_MS - 1
    with pytest.raises(SettleRefused, match=r"не раньше чем через 15 минут.* после \d\d\.\d\d\."):
        decide(doubtful, "resend", clock=lambda _db: early)
    assert row(doubtful).state == "unknown"
    assert decide(doubtful, "resend", clock=lambda _db: early + 1).state == "retry"


@pytest.mark.parametrize("decision", ["arrived", "give_up"])
def test_what_sends_nothing_need_not_wait(doubtful: Engine, decision: LetterDecision):
    became = row(doubtful).updated_ms
    assert decide(doubtful, decision, clock=lambda _db: became).state != "unknown"


def test_the_other_check_refuses_a_letter_of_another_municipality(doubtful: Engine):
    with pytest.raises(SettleRefused, match="письмо другого муниципалитета — городской округ"):
        decide(doubtful, "arrived", municipality_id="neya")
    assert row(doubtful).state == "unknown"
    assert decide(doubtful, "arrived", municipality_id="buy").state == "accepted"


def test_a_message_id_that_nobody_has_is_refused(doubtful: Engine):
    with pytest.raises(SettleRefused, match="Письма с таким Message-ID нет"):
        decide(doubtful, "arrived", message_id="<0@example.org>")


def test_to_an_address_that_is_valid_no_more_nothing_is_sent_again(doubtful: Engine):
    with doubtful.begin() as db:
        db.execute(update(recipient).values(active=0))
    with pytest.raises(SettleRefused, match="Адрес этого письма больше не действует"):
        decide(doubtful, "resend")
    assert decide(doubtful, "give_up").state == "cancelled"


@pytest.mark.parametrize(
    "reason", ["", "  ", "да", "---", "\u200b\u200b\u200b", "а\u0000бв", "x" * 301, "a@example.org"]
)
def test_a_reason_says_something_that_may_be_kept(doubtful: Engine, reason: str):
    with pytest.raises(DecisionRefused):
        decide(doubtful, "give_up", reason=reason)
    assert row(doubtful).state == "unknown"
