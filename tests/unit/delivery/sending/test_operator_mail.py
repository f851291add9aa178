"""Letters to the operator: through the one ledger and the one sender, beside all others."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select, update
from sqlalchemy.exc import IntegrityError

from roadmap.delivery.account.alarms import Alarm, ToTell, find_alarms, overdue
from roadmap.delivery.account.reconcile import reconcile
from roadmap.delivery.decisions.control import what_waits
from roadmap.delivery.decisions.settle import SettleRefused, settle
from roadmap.delivery.ledger import brakes, moves
from roadmap.delivery.ledger.moves import OPERATOR, ClaimScope
from roadmap.delivery.letters.to_operator import plan_operator_letter
from roadmap.delivery.proof.proofs import notice_restore
from roadmap.delivery.proof.receipts import Receipts
from roadmap.delivery.sending.sender import (
    SendSummary,
    send_left,
    send_operator_letters,
    send_run,
)
from roadmap.delivery.settings import DeliverySettings, UnsafeLive
from roadmap.store.sql import sql
from roadmap.store.tables import control_event, delivery, message, run_outcome
from support.ledger_world import SETTINGS, make_due, make_run, plan_all, send, states
from support.mail_client import plain
from support.plans import small_plan
from support.smtp_server import SmtpServer

TO_TELL = ToTell((Alarm("switch:1", "Вся отправка остановлена."),), ())
DEMO = replace(SETTINGS, is_demo=True)
DAY_MS = 24 * 3_600_000
ONLY_OPERATOR = ClaimScope(mode=OPERATOR)


def tell(
    engine: Engine,
    about: str = "switch:1",
    *,
    to_tell: ToTell = TO_TELL,
    later_ms: int = 0,
    settings: DeliverySettings = SETTINGS,
) -> bool:
    return plan_operator_letter(
        engine, settings, "delivery_alarms", about,
        actor="test", clock=lambda db: moves.db_now_ms(db) + later_ms, roadmap_alarms=to_tell,
    )  # fmt: skip


def hand_over(engine: Engine, server: SmtpServer, settings: DeliverySettings = DEMO) -> SendSummary:
    return send_operator_letters(
        engine, plain(server.port), settings, soft_deadline_seconds=60, actor="test"
    )


def rows(engine: Engine) -> list[Any]:
    with engine.begin() as db:
        chosen = select(delivery).where(delivery.c.mode == OPERATOR)
        return list(db.execute(chosen.order_by(delivery.c.delivery_id)).all())


def test_it_leaves_once_in_frozen_bytes_under_a_message_id_of_our_own(any_engine: Engine):
    assert tell(any_engine)
    with SmtpServer() as server:
        assert hand_over(any_engine, server).accepted == 1
        assert hand_over(any_engine, server).accepted == 0
    (arrived,) = server.accepted
    (row,) = rows(any_engine)
    with any_engine.begin() as db:
        assert db.execute(select(message.c.rfc822)).scalar_one() == arrived.content
        assert moves.broken_chains(db) == ()
    assert arrived.recipient == "operator@example.org"
    assert f"Message-ID: {row.message_id}\r\n".encode() in arrived.content
    assert arrived.content.count(b"\r\nDate: ") == 1
    assert (row.state, row.run_id, row.municipality_id) == ("accepted", None, OPERATOR)
    assert "@" not in row.occasion


def test_the_same_event_in_the_same_words_is_told_once_in_a_day(any_engine: Engine):
    assert tell(any_engine)
    assert not tell(any_engine)
    assert tell(any_engine, "switch:2")  # sending was let go and stopped again
    other = ToTell((Alarm("switch:1", "Вся отправка остановлена, ждут 3 письма."),), ())
    assert tell(any_engine, to_tell=other)
    assert tell(any_engine, later_ms=DAY_MS)
    assert len(rows(any_engine)) == 4


def test_another_address_of_the_operator_is_told_anew_of_what_the_earlier_one_got(
    any_engine: Engine,
):
    assert tell(any_engine)
    with SmtpServer() as server:
        hand_over(any_engine, server)
        moved = replace(DEMO, operator_address="new@example.org")
        assert tell(any_engine, settings=moved)
        hand_over(any_engine, server, moved)
    assert [one.recipient for one in server.accepted] == ["operator@example.org", "new@example.org"]


def test_a_letter_that_waits_goes_once_and_to_the_operator_s_address_in_force(any_engine: Engine):
    """The address was changed after it was planned, and the same is told again."""
    assert tell(any_engine)
    moved = replace(DEMO, operator_address="new@example.org")
    assert not tell(any_engine, settings=moved)
    with SmtpServer(["451_dot"]) as server:
        assert hand_over(any_engine, server).postponed == 1
        assert not tell(any_engine, settings=moved)
        make_due(any_engine)
        assert hand_over(any_engine, server, moved).accepted == 1
    assert [one.recipient for one in server.accepted] == ["new@example.org"]
    assert [row.state for row in rows(any_engine)] == ["accepted"]


@pytest.mark.parametrize("behaviour", ["accept_then_rst", "rst_after_dot", "garbage"])
def test_a_lost_reply_is_unknown_and_the_machine_never_repeats_it(engine: Engine, behaviour: str):
    tell(engine)
    with SmtpServer([behaviour]) as server:
        assert hand_over(engine, server).unknown == 1
        assert not tell(engine)  # the task is tried again
        assert hand_over(engine, server).accepted == 0
        send_left(
            engine, plain(server.port), DEMO,
            stop=threading.Event(), soft_deadline_seconds=60, actor="watch",
        )  # fmt: skip
    assert [row.state for row in rows(engine)] == ["unknown"]
    assert len(server.accepted) == (behaviour == "accept_then_rst")


def test_who_was_killed_between_planning_and_sending_leaves_a_letter_that_the_watch_sends(
    engine: Engine,
):
    make_run(engine)
    plan_all(engine)
    tell(engine)
    with SmtpServer() as server:
        summary = send_left(
            engine, plain(server.port), DEMO,
            stop=threading.Event(), soft_deadline_seconds=60, actor="watch",
        )  # fmt: skip
    assert summary.accepted == 4
    assert sorted(one.recipient for one in server.accepted)[2:3] == ["neya@example.org"]
    assert [row.state for row in rows(engine)] == ["accepted"]


def test_not_now_waits_for_its_next_try_like_any_letter(engine: Engine):
    tell(engine)
    with SmtpServer(["451_dot"]) as server:
        assert hand_over(engine, server).postponed == 1
        make_due(engine)
        assert hand_over(engine, server).accepted == 1


# -- Brakes --------------------------------------------------------------------------------------


def test_that_sending_is_stopped_reaches_the_operator_and_nobody_else(any_engine: Engine):
    make_run(any_engine)
    plan_all(any_engine)
    brakes.stop(any_engine, "person", "проверяем адреса")
    tell(any_engine)
    with SmtpServer() as server:
        summary = send(any_engine, server, scope=ClaimScope())
    assert [one.recipient for one in server.accepted] == ["operator@example.org"]
    assert (summary.accepted, summary.is_switched_off) == (1, True)
    assert set(states(any_engine).values()) == {"ready", "accepted"}


def test_sending_stopped_in_its_last_moment_does_not_hold_it(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
):
    tell(engine)
    mark = moves.mark_in_doubt

    def stop_and_mark(*args: Any) -> float | None:
        brakes.stop(engine, "person", "проверяем")
        return mark(*args)

    monkeypatch.setattr(moves, "mark_in_doubt", stop_and_mark)
    with SmtpServer() as server:
        assert hand_over(engine, server).accepted == 1


def test_that_the_database_was_put_back_is_told_but_not_what_waited_in_the_copy(
    any_engine: Engine,
):
    tell(any_engine, "what the operator may have by now")
    brakes.stop_restored(any_engine, "sender", "База данных восстановлена из копии.")
    with any_engine.begin() as db:  # two moments of the same millisecond are no later one
        db.execute(update(control_event).values(at_ms=control_event.c.at_ms + 1))
    tell(any_engine, "restored:1", later_ms=2)
    with SmtpServer() as server:
        send(any_engine, server, scope=ClaimScope())
        time.sleep(0.01)
        send(any_engine, server, scope=ClaimScope())
        assert Counter(row.state for row in rows(any_engine)) == {"accepted": 1, "ready": 1}
        brakes.start(any_engine, "person", "сверено")
        send(any_engine, server, scope=ClaimScope())
    assert {row.state for row in rows(any_engine)} == {"accepted"}


def test_that_the_receipts_are_gone_is_told(engine: Engine, tmp_path: Path):
    (tmp_path / "gone").write_text("no folder", encoding="utf-8")
    gone = Receipts(tmp_path / "gone")
    with SmtpServer() as server:
        over = plain(server.port)
        how: dict[str, Any] = {"soft_deadline_seconds": 60, "actor": "test", "receipts": gone}
        assert notice_restore(engine, gone, "watch") is not None
        time.sleep(0.01)
        tell(engine)
        assert send_operator_letters(engine, over, DEMO, **how).accepted == 1
        tell(engine, "again")
        with engine.begin() as db:
            again = delivery.c.state == "ready"
            db.execute(update(delivery).where(again).values(send_epoch=2))
        assert send_operator_letters(engine, over, DEMO, **how).accepted == 0
    assert len(server.accepted) == 1


def test_a_mail_server_that_rests_is_not_asked_for_the_operator_either(any_engine: Engine):
    tell(any_engine)
    brakes.trip(any_engine, "Почтовый сервер не отвечает.", at_once=True)
    assert moves.claim(any_engine, ONLY_OPERATOR, "one") is None
    found = {one.key: one.sentence for one in find_alarms(any_engine, (), 3)}
    assert "ждёт письмо оператору" in found["breaker"]


def test_a_loop_of_alarms_ends_at_a_daily_cap_of_its_own(engine: Engine):
    for number in range(3):
        tell(engine, f"switch:{number}")
    capped = replace(DEMO, cap_operator_day=2, cap_per_recipient_day=1)
    with SmtpServer() as server:
        summary = hand_over(engine, server, capped)
    assert (summary.accepted, summary.postponed) == (2, 1)


def test_the_list_of_domains_is_of_addressees_not_of_the_operator(engine: Engine):
    tell(engine)
    with SmtpServer() as server:
        strict = replace(DEMO, allowed_domains=frozenset({"example.com"}))
        assert hand_over(engine, server, strict).accepted == 1


@pytest.mark.parametrize("settings", [SETTINGS, DEMO], ids=["here, no demo", "far away"])
def test_neither_it_nor_a_rehearsal_goes_where_others_could_read_it(
    engine: Engine, settings: DeliverySettings
):
    make_run(engine, mode="redirect")
    plan_all(engine, mode="redirect")
    tell(engine)
    with SmtpServer() as server:
        over = plain(server.port)
        if settings.is_demo:
            over = replace(over, host="mail.example.org")
        how: dict[str, Any] = {"soft_deadline_seconds": 5, "actor": "test"}
        with pytest.raises(UnsafeLive, match="Письма оператору не отправлены и ждут"):
            send_operator_letters(engine, over, settings, **how)
        how["stop"] = threading.Event()
        with pytest.raises(UnsafeLive, match="Проверочная рассылка не начата"):
            send_run(engine, "run-1", ["buy"], over, settings, **how)
        left = send_left(engine, over, settings, **how)
    assert len(left.refused) == 3
    assert (server.connections, set(states(engine).values())) == (0, {"ready"})


# -- Beside the letters to addressees --------------------------------------------------------------


def what_is_said(engine: Engine) -> dict[str, Any]:
    """All that is counted and said of letters, by who says it."""
    plan = small_plan()
    account = reconcile(engine, "run-1")
    with engine.begin() as db:
        later_ms = moves.db_now_ms(db) + DAY_MS
        return {
            "account": (account.text, account.counts, account.is_balanced, account.is_settled),
            "overdue": overdue(db, 3, later_ms, only_idle=True),
            "waiting": what_waits(engine, [plan]) if engine.dialect.name != "sqlite" else (),
            "year": db.execute(sql("delivery/letters_of_year"), {"plan_code": "2021"}).all(),
            "held": moves.held_batch(db, "2021/march_analysis", "live"),
            "run": db.execute(
                sql("delivery/letters_of_run"), {"run_id": "run-1", "municipality_id": ""}
            ).all(),
            "outcomes": db.execute(select(run_outcome)).all(),
        }


def test_letters_to_the_operator_are_in_no_account_of_the_others(any_engine: Engine):
    make_run(any_engine)
    plan_all(any_engine)
    with any_engine.begin() as db:
        for row in db.execute(select(delivery)).all():
            outcome = {"run_id": "run-1", "outcome": "planned", "delivery_id": row.delivery_id}
            outcome |= {"municipality_id": row.municipality_id, "recipient_id": row.recipient_id}
            db.execute(run_outcome.insert(), outcome)
    with SmtpServer(by_address={"neya@example.org": ["550_rcpt"]}) as server:
        send(any_engine, server)
        before = what_is_said(any_engine)
        for number in range(4):
            tell(any_engine, f"switch:{number}")
        plan = ["accept", "accept_then_rst", "550_rcpt", "451_rcpt"]
        server.plan.extend(plan)
        send(any_engine, server, scope=ONLY_OPERATOR)
    found = {row.state for row in rows(any_engine)}
    assert found == {"accepted", "unknown", "rejected", "retry"}
    assert what_is_said(any_engine) == before


def test_that_the_operator_was_not_told_is_one_alarm_for_a_day(any_engine: Engine):
    for number in range(2):
        tell(any_engine, f"switch:{number}")
    with SmtpServer(["550_rcpt", "accept_then_rst"]) as server:
        send(any_engine, server, scope=ONLY_OPERATOR)
    (found,) = find_alarms(any_engine, (), 3)
    assert found.key == "operator"
    assert ": 2. Сами они больше не отправляются." in found.sentence
    assert "@" not in found.sentence
    assert not find_alarms(any_engine, (), 3, clock=lambda db: moves.db_now_ms(db) + DAY_MS + 1)


def test_nobody_decides_about_a_letter_to_the_operator(any_engine: Engine):
    tell(any_engine)
    with SmtpServer(["accept_then_rst"]) as server:
        send(any_engine, server, scope=ONLY_OPERATOR)
    (row,) = rows(any_engine)
    with pytest.raises(SettleRefused, match="Это письмо оператору"):
        settle(any_engine, row.message_id, "resend", actor="person", reason="в журнале нет")
    assert [row.state for row in rows(any_engine)] == ["unknown"]


# -- What the database refuses -------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        {"mode": OPERATOR},
        {"run_id": None},
        {"municipality_id": OPERATOR},
        {"mode": OPERATOR, "run_id": None},
    ],
)
def test_a_letter_to_an_addressee_is_never_the_operator_s(any_engine: Engine, change: Any):
    make_run(any_engine)
    plan_all(any_engine)
    with pytest.raises(IntegrityError), any_engine.begin() as db:
        db.execute(update(delivery).values(change))


@pytest.mark.parametrize("change", [{"mode": "live"}, {"municipality_id": "buy"}])
def test_a_letter_to_the_operator_is_never_an_addressee_s(any_engine: Engine, change: Any):
    make_run(any_engine)
    plan_all(any_engine)
    tell(any_engine)
    with pytest.raises(IntegrityError), any_engine.begin() as db:
        db.execute(update(delivery).where(delivery.c.mode == OPERATOR).values(change))
