"""The sum that must hold (design.md §8), and what the operator reads."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, delete, insert, select, update

from ledger_world import everybody, make_run, plan_all, send
from roadmap.delivery import ledger
from roadmap.delivery.ledger import MOVES
from roadmap.delivery.reconcile import CATEGORIES, UNACCOUNTED, reconcile
from roadmap.store.tables import delivery, run_outcome
from smtp_server import SmtpServer


def outcomes(engine: Engine, run_id: str = "run-1") -> None:
    """Say `planned` for each letter, as planning does."""
    with engine.begin() as db:
        for row in db.execute(select(delivery).where(delivery.c.run_id == run_id)).all():
            db.execute(
                insert(run_outcome),
                {
                    "run_id": run_id,
                    "municipality_id": row.municipality_id,
                    "recipient_id": row.recipient_id,
                    "outcome": "planned",
                    "delivery_id": row.delivery_id,
                },
            )


@pytest.fixture
def planned(engine: Engine) -> Engine:
    make_run(engine)
    plan_all(engine)
    outcomes(engine)
    return engine


PATHS = {
    "ready": (),
    "claimed": ("claim",),
    "in_doubt": ("claim", "arm"),
    "accepted": ("claim", "arm", "accept"),
    "bounced": ("claim", "arm", "accept", "bounce"),
    "unknown": ("claim", "arm", "doubt"),
    "retry": ("claim", "postpone"),
    "rejected": ("claim", "reject"),
    "exhausted": ("claim", "exhaust"),
    "cancelled": ("cancel",),
}
EXPECTED = {
    "ready": "pending",
    "claimed": "pending",
    "in_doubt": "pending",
    "retry": "pending",
    "bounced": "accepted",
}


@pytest.mark.parametrize("state", PATHS)
def test_every_state_has_its_place_in_the_sum(any_engine: Engine, state: str):
    make_run(any_engine)
    key = plan_all(any_engine)[0]
    outcomes(any_engine)
    at = "ready"
    for name in PATHS[state]:
        with any_engine.begin() as db:
            now = ledger.db_now_ms(db)
            values = {
                "claim_token": "t", "lease_until_ms": now + 10**6, "not_before_ms": now,
                "code": 250, "detail": "test",
            }  # fmt: skip
            assert ledger.move(db, name, key, at, now_ms=now, actor="test", **values)
        at = MOVES[name].target
    result = reconcile(any_engine, "run-1")
    category = EXPECTED.get(state, state)
    assert result.is_balanced
    assert sum(result.counts.values()) == result.expected == 3
    assert result.counts[category] == (3 if category == "pending" else 1)
    assert result.bounced == (state == "bounced")
    assert not result.is_settled
    assert "не всем" in result.headline


def test_when_all_was_accepted_the_account_is_settled(planned: Engine):
    with SmtpServer() as server:
        send(planned, server)
    result = reconcile(planned, "run-1")
    assert result.is_settled
    assert result.headline == "Отправлено всем 3"
    assert "Сумма сходится." in result.text
    assert "@" not in result.text.replace("@example.org>", "")
    for words in CATEGORIES.values():
        assert words in result.text


@pytest.mark.parametrize(
    ("mode", "headline"),
    [
        ("live", "Уже отправлено всем 3: нового нет"),
        ("redirect", "Проверочные письма уже отправлены всем 3: нового нет"),
        ("dry", "Проверка без отправки уже прошла для всех 3: нового нет"),
    ],
)
def test_a_run_that_had_nothing_new_to_send_says_so(engine: Engine, mode: str, headline: str):
    make_run(engine, mode=mode)
    plan_all(engine, mode=mode)
    outcomes(engine)
    with engine.begin() as db:
        db.execute(update(run_outcome).values(outcome="suppressed", reason="Уже отправлено."))
    result = reconcile(engine, "run-1")
    assert result.is_settled
    assert result.headline == headline
    assert "ПИСЬМА" in result.text


def test_a_recipient_that_was_forgotten_breaks_the_sum(planned: Engine):
    with SmtpServer() as server:
        send(planned, server)
    with planned.begin() as db:
        db.execute(delete(run_outcome).where(run_outcome.c.municipality_id == "neya"))
    result = reconcile(planned, "run-1")
    assert not result.is_balanced
    assert not result.is_settled
    assert result.headline == "Отправлено не всем: 2 из 3"
    assert [line.category for line in result.lines].count(UNACCOUNTED) == 1
    assert "Не сходится: не учтено 1." in result.text


def test_an_outcome_nobody_expected_breaks_the_sum_too(planned: Engine):
    with SmtpServer() as server:
        send(planned, server)
    with planned.begin() as db:
        db.execute(
            insert(run_outcome),
            {
                "run_id": "run-1",
                "municipality_id": "buy",
                "recipient_id": "-",
                "outcome": "blocked",
                "reason": "нет адреса",
            },
        )
    result = reconcile(planned, "run-1")
    assert not result.is_balanced
    assert "не всем" in result.headline


def test_an_addressee_without_a_contact_counts_as_one(engine: Engine):
    make_run(engine, contacts={"buy": ("a@example.org", "b@example.org"), "neya": ()})
    plan_all(engine)
    outcomes(engine)
    result = reconcile(engine, "run-1")
    assert result.expected == 3
    assert not result.is_balanced
    with engine.begin() as db:
        db.execute(
            insert(run_outcome),
            {
                "run_id": "run-1",
                "municipality_id": "neya",
                "recipient_id": "-",
                "outcome": "blocked",
                "reason": "нет действующего адреса",
            },
        )
    assert reconcile(engine, "run-1").is_balanced


def test_the_operator_reads_what_happened_and_what_to_do(planned: Engine):
    with SmtpServer(["accept_then_rst", "550_rcpt"]) as server:
        send(planned, server)
    text = reconcile(planned, "run-1").text
    assert text.startswith("Отправлено не всем: 1 из 3\n")
    assert "ТРЕБУЕТ ВНИМАНИЯ" in text
    assert "Письмо могло уйти. Проверьте журнал почтового сервера по Message-ID <" in text
    assert "Сервер отклонил письмо (код 550)." in text
    assert everybody(planned)["buy"][0].address not in text


def test_a_test_run_has_an_account_of_its_own(engine: Engine):
    make_run(engine, mode="dry")
    plan_all(engine, mode="dry")
    outcomes(engine)
    with SmtpServer() as server:
        send(engine, server, scope=ledger.ClaimScope(mode="dry"))
    result = reconcile(engine, "run-1")
    assert result.is_settled
    assert result.headline == "Проверка без отправки прошла для всех 3"
    assert "не считаются отправленными" in result.text


@pytest.mark.parametrize(
    ("mode", "says"),
    [
        pytest.param("dry", "составлено и проверено, не отправлялось", id="dry"),
        pytest.param("redirect", "принято сервером для проверочного адреса", id="redirect"),
    ],
)
def test_a_test_run_never_reads_as_if_letters_had_reached_their_addressees(engine, mode, says):
    make_run(engine, mode=mode)
    plan_all(engine, mode=mode)
    outcomes(engine)
    with SmtpServer() as server:
        send(engine, server, scope=ledger.ClaimScope(mode=mode))
    text = reconcile(engine, "run-1").text
    assert text.count(says) == 4  # in the sum, and for each of three
    assert CATEGORIES["accepted"] not in text


def test_recipients_of_one_addressee_are_told_apart_without_their_addresses(engine: Engine):
    make_run(
        engine, contacts={"buy": ("one@example.org", "two@example.org"), "neya": ("n@example.org",)}
    )
    plan_all(engine)
    outcomes(engine)
    names = [line.name for line in reconcile(engine, "run-1").lines]
    assert [name.partition(", ")[2] for name in names] == [
        "получатель 1 из 2",
        "получатель 2 из 2",
        "",
    ]
