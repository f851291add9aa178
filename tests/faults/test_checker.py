"""The checker finds what it is there to find, and so does the whole harness."""

from __future__ import annotations

import email.policy
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from email import message_from_bytes

import pytest
from sqlalchemy import Engine, delete, update

from faults.checker import Verdict, check
from faults.failpoints import Failpoint
from faults.verdict import PROPERTY, Row, rows_of, table, truths
from faults.worker import again_until_done, orders, start
from faults.world import CountingServer, World, make_world, scope
from roadmap.delivery.ledger import moves
from roadmap.delivery.sending import sender
from roadmap.delivery.sending.smtp import SmtpTransport
from roadmap.delivery.transport import DotNotSent, Reply, ReplyLost
from roadmap.store.tables import delivery, delivery_event
from support.smtp_server import Accepted

# -- Histories that are wrong ------------------------------------------------------------------


@pytest.fixture
def sent(engine: Engine, server: CountingServer) -> World:
    """Three letters, planned, sent and accepted: nothing is wrong with them."""
    world = make_world(engine, server)
    world.plan(3, "2021/checked", filler=100)
    again_until_done(world, scope("2021/checked"))
    assert world.verdict().is_clean
    assert world.verdict().accepted_by_server == 3
    return world


def judged(world: World, accepted: list[Accepted]) -> Verdict:
    return check(world.engine, world.letters, accepted)


def say(world: World, delivery_id: str, **values: object) -> None:
    """The ledger says something else of this letter."""
    with world.engine.begin() as db:
        db.execute(update(delivery).where(delivery.c.delivery_id == delivery_id).values(**values))


def of(world: World, number: int) -> str:
    """The letter that the server took as the n-th."""
    recipient = world.server.accepted[number].recipient
    (found,) = (one.delivery_id for one in world.letters if one.recipient == recipient)
    return found


def test_a_letter_that_waits_for_ever_is_lost(sent: World):
    say(sent, of(sent, 0), state="retry", accepted_via=None)
    assert judged(sent, sent.server.accepted[1:]).lost == (of(sent, 0),)


def test_a_letter_that_the_ledger_forgot_is_lost(sent: World):
    lost = of(sent, 0)
    with sent.engine.begin() as db:
        db.execute(delete(delivery_event).where(delivery_event.c.delivery_id == lost))
        db.execute(delete(delivery).where(delivery.c.delivery_id == lost))
    assert judged(sent, sent.server.accepted[1:]).lost == (lost,)


@pytest.mark.parametrize("state", ["rejected", "exhausted", "cancelled", "unknown"])
def test_a_letter_of_which_the_ledger_says_that_it_may_not_have_come_is_not_lost(
    sent: World, state: str
):
    say(sent, of(sent, 0), state=state, accepted_via=None)
    verdict = judged(sent, sent.server.accepted[1:])
    assert not verdict.lost
    assert not verdict.falsely_accepted
    assert verdict.unknown == (((of(sent, 0), False),) if state == "unknown" else ())


def test_a_letter_taken_twice_is_doubled(sent: World):
    verdict = judged(sent, [*sent.server.accepted, sent.server.accepted[1]])
    assert verdict.duplicated == (of(sent, 1),)
    assert not verdict.lost


def test_accepted_without_a_mail_is_falsely_accepted(sent: World):
    verdict = judged(sent, sent.server.accepted[:2])
    assert verdict.falsely_accepted == (of(sent, 2),)
    assert not verdict.lost


@pytest.mark.parametrize("state", ["ready", "retry", "rejected", "exhausted", "cancelled"])
def test_a_letter_that_came_though_the_ledger_denies_it_is_found(sent: World, state: str):
    say(sent, of(sent, 0), state=state, accepted_via=None)
    assert judged(sent, sent.server.accepted).falsely_open == (of(sent, 0),)


def test_an_unknown_letter_is_told_with_the_truth_beside_it(sent: World):
    say(sent, of(sent, 0), state="unknown", accepted_via=None)
    verdict = judged(sent, sent.server.accepted)
    assert verdict.unknown == ((of(sent, 0), True),)


def test_a_letter_to_somebody_else_or_of_other_bytes_or_never_planned_is_strange(sent: World):
    first, second, third = sent.server.accepted
    parsed = message_from_bytes(third.content, policy=email.policy.SMTP)
    stranger = third.content.replace(str(parsed["Message-ID"]).encode(), b"<x@example.org>")
    verdict = judged(
        sent,
        [
            replace(first, recipient=second.recipient),
            replace(second, content=second.content + b"x"),
            third,
            Accepted("a@example.org", third.recipient, stranger),
        ],
    )
    assert len(verdict.strange) == 3
    assert "<x@example.org>" in verdict.strange
    assert not verdict.is_clean


def test_a_state_that_no_event_explains_is_found(sent: World):
    say(sent, of(sent, 0), version=17)
    assert of(sent, 0) in judged(sent, sent.server.accepted).broken_chains


# -- Senders that are wrong --------------------------------------------------------------------

Sabotage = Callable[[], None]


def retry_a_lost_reply() -> None:
    """What django-mailer, Postal and others do: no answer to the dot is «try again»."""
    read = SmtpTransport.read_reply

    def read_reply(self: SmtpTransport) -> Reply:
        try:
            return read(self)
        except ReplyLost as lost:
            raise DotNotSent(str(lost)) from None

    SmtpTransport.read_reply = read_reply  # type: ignore[method-assign]


def send_without_a_mark() -> None:
    moves.mark_in_doubt = lambda *_args, **_kwargs: time.monotonic()  # type: ignore[assignment]


def never_mind_having_been_frozen() -> None:
    sender.FROZEN_SECONDS = float("inf")


def believe_before_the_answer() -> None:
    """Accepted is what was handed to the network."""
    SmtpTransport.send_dot = lambda self: None  # type: ignore[method-assign]
    SmtpTransport.read_reply = lambda self: Reply(250, "surely")  # type: ignore[method-assign]


def test_a_sender_that_retries_a_lost_reply_is_found_out(world: World):
    world.plan(3, "2021/broken", filler=100)
    world.server.plan.extend(["accept", "accept_then_rst"])
    ended = start(world, orders(world, scope("2021/broken"), sabotage=retry_a_lost_reply)).wait()
    assert ended.code == 0, ended
    again_until_done(world, scope("2021/broken"))
    assert len(world.verdict().duplicated) == 1


def test_a_sender_that_does_not_arm_is_found_out(world: World):
    world.plan(3, "2021/broken", filler=100)
    given = orders(
        world, scope("2021/broken"), sabotage=send_without_a_mark,
        failpoint=Failpoint("F10 after the dot", 2),
    )  # fmt: skip
    ended = start(world, given).wait()
    assert ended.was_killed, ended
    again_until_done(world, scope("2021/broken"))
    assert world.verdict().duplicated


def test_a_sender_that_sleeps_over_a_resend_and_then_goes_on_is_found_out(world: World):
    world.plan(1, "2021/broken", filler=100)
    given = orders(
        world, scope("2021/broken"), sabotage=never_mind_having_been_frozen,
        failpoint=Failpoint("F9 before the dot", 1, signal=signal.SIGSTOP),
    )  # fmt: skip
    sleeper = start(world, given)
    sleeper.wait_stopped()
    world.let_pass()
    moves.reap(world.engine, "reaper", world.clock)
    world.let_pass()
    with world.engine.begin() as db:
        now_ms = world.clock(db)
        assert moves.move(
            db, "resend", world.letters[0].delivery_id, "unknown",
            now_ms=now_ms, actor="operator", expires_ms=now_ms + 10**9,
        )  # fmt: skip
    assert start(world, orders(world, scope("2021/broken"))).wait().said.accepted == 1
    sleeper.go_on()
    sleeper.wait()
    assert world.verdict().duplicated == (world.letters[0].delivery_id,)


def test_a_sender_that_believes_too_early_is_found_out(world: World):
    world.plan(3, "2021/broken", filler=100)
    given = orders(
        world, scope("2021/broken"), sabotage=believe_before_the_answer,
        failpoint=Failpoint("F12 after acceptance", 1),
    )  # fmt: skip
    assert start(world, given).wait().was_killed
    again_until_done(world, scope("2021/broken"))
    assert len(world.verdict().falsely_accepted) == 1


# -- The table ---------------------------------------------------------------------------------


def test_the_table_sums_what_the_tests_told(told):
    one = Verdict(
        kills=2,
        stops=3,
        blows=1,
        planned=6,
        accepted_by_server=5,
        lost=("a",),
        unknown=(("b", True),),
    )
    reports = [
        told(Row("F10 x", "sqlite", one)),
        told(Row("F2 y", "sqlite", Verdict(kills=1, planned=3))),
        told(Row("F10 x", "sqlite", Verdict(kills=1, unknown=(("c", False),)))),
    ]
    rows = rows_of(reports)
    assert [(row.scenario, row.verdict.kills) for row in rows] == [("F2 y", 1), ("F10 x", 3)]
    assert rows[1].verdict.unknown == (("b", True), ("c", False))
    lines = table(rows)
    figures = ["4", "3", "1", "9", "5", "1", "0", "0", "0", "2", "(1", "+", "1)"]
    assert lines[-1].split() == ["total", *figures]
    assert truths(rows) == ["F10 x, sqlite: b +, c -"]


@pytest.fixture
def told() -> Callable[[Row], pytest.TestReport]:
    def report(row: Row) -> pytest.TestReport:
        return pytest.TestReport(
            "test", ("test", 0, "test"), {}, "passed", None, "call",
            user_properties=[(PROPERTY, row.to_property())],
        )  # fmt: skip

    return report
