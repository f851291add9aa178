"""Who has something to tell the operator is killed, or hears no reply: one letter, or a doubt."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import select

from faults.failpoints import PLANNING, SENDING, Failpoint, install
from faults.rounds import ROUNDS, chance
from faults.worker import Ended, start_process
from faults.world import SETTINGS, World, scope
from roadmap.delivery.account.alarms import Alarm, ToTell
from roadmap.delivery.ledger import moves
from roadmap.delivery.ledger.moves import OPERATOR
from roadmap.delivery.letters import to_operator
from roadmap.delivery.sending.sender import send_due
from roadmap.delivery.sending.smtp import transports
from roadmap.store.engine import open_engine
from roadmap.store.tables import delivery
from support.mail_client import QUICK, plain

# Afterwards: the letter's state, and how many mails the server has of it.
ENDS = {"F9": ("unknown", 0), "F10": ("unknown", 1), "F11": ("unknown", 1)}
TOLD = ("accepted", 1)


def tell(world: World, about: str, at_ms: int, point: Failpoint | None = None) -> Ended:
    """What `roadmap_airflow.alerts` does, in a process of its own; the day is that of `at_ms`."""

    def work() -> str:
        engine = open_engine(world.url)
        if point is not None:
            install(point, engine)

        to_operator.plan_operator_letter(
            engine, SETTINGS, "delivery_alarms", about, actor="teller", clock=lambda _: at_ms,
            roadmap_alarms=ToTell((Alarm(about, "Вся отправка остановлена."),), ()),
        )  # fmt: skip
        return str(
            send_due(
                engine,
                scope(mode=OPERATOR),
                transports(plain(world.server.port, QUICK)),
                SETTINGS,
                threading.Event(),
                "teller",
                clock=world.clock,
            )
        )

    return start_process(world.engine, work).wait()


def letters(world: World) -> Sequence[Any]:
    with world.engine.begin() as db:
        return db.execute(select(delivery).where(delivery.c.mode == OPERATOR)).all()


@pytest.mark.parametrize("where", [*PLANNING, *SENDING])
def test_killed_anywhere_and_told_again_the_operator_has_one_letter_or_a_doubt(
    world: World, where: str
):
    dice = chance("operator", where, world.engine.dialect.name)
    state, mails = ENDS.get(where.partition(" ")[0], TOLD)
    for number in range(ROUNDS):
        about = f"switch:{number}"
        before = {row.delivery_id for row in letters(world)}
        with world.engine.begin() as db:
            at_ms = world.clock(db)

        ended = tell(world, about, at_ms, Failpoint(where, delay_seconds=dice.uniform(0, 0.02)))

        assert ended.was_killed, ended
        for _ in range(2):  # the task is tried again within the day, and the watch comes by
            world.let_pass(moves.IN_DOUBT_LEASE_MS // 3)
            assert tell(world, about, at_ms).code == 0
        world.let_pass()
        moves.reap(world.engine, "reaper", world.clock)
        assert tell(world, about, at_ms).code == 0
        world.server.wait_until_quiet()
        (letter,) = (row for row in letters(world) if row.delivery_id not in before)
        assert (letter.state, world.mails(letter.message_id)) == (state, mails)
    assert len(world.server.accepted) == mails * ROUNDS


@pytest.mark.parametrize(("behaviour", "mails"), [("rst_after_dot", 0), ("accept_then_rst", 1)])
def test_a_lost_reply_to_a_letter_to_the_operator_is_a_doubt_and_nothing_is_sent_again(
    world: World, behaviour: str, mails: int
):
    world.server.plan.append(behaviour)
    with world.engine.begin() as db:
        at_ms = world.clock(db)
    for _ in range(3):  # the task is tried again within the day, and the watch comes by
        assert tell(world, "switch:0", at_ms).code == 0
        world.let_pass(moves.IN_DOUBT_LEASE_MS)
    world.server.wait_until_quiet()
    (letter,) = letters(world)
    assert (letter.state, world.mails(letter.message_id)) == ("unknown", mails)
    assert (world.server.bodies, len(world.server.accepted)) == (1, mails)
