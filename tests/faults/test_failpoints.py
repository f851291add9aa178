"""A sender killed, stopped or starved at every point of its way: F1–F18 of docs/delivery.md §6."""

from __future__ import annotations

import re
import signal
import time
from collections import Counter
from pathlib import Path

import pytest

from conftest import POSTGRESQL, SQLITE
from faults.failpoints import BLOCKS, DATABASE, PLANNING, RECEIPTS, SENDING, Failpoint
from faults.planner import plan_run, store_models
from faults.rounds import ROUNDS, chance
from faults.worker import again_until_done, orders, start, start_process
from faults.world import Letter, World, scope
from roadmap.delivery.decisions.settle import settle
from roadmap.delivery.ledger import moves
from roadmap.delivery.proof.proofs import ReceiptSource, settle_unknown
from roadmap.delivery.proof.receipts import Receipts
from roadmap.paths import ROOT
from roadmap.store.tables import delivery
from support import ledger_world

LETTERS = 3
MAKEFILE = ROOT / "Makefile"
# State right after the kill, and after the reaper; how many mails the server has of this letter.
AFTER = {
    "F2": ("claimed", "retry", 0),
    "F3": ("claimed", "retry", 0),
    "F4": ("claimed", "retry", 0),
    "F5": ("claimed", "retry", 0),
    "F6": ("claimed", "retry", 0),
    "F7": ("claimed", "retry", 0),
    "F8": ("claimed", "retry", 0),
    "F9": ("in_doubt", "unknown", 0),
    "F10": ("in_doubt", "unknown", 1),
    "F11": ("in_doubt", "unknown", 1),
    "F12": ("accepted", "accepted", 1),
    "F13": ("accepted", "accepted", 1),
}
SENT = ("ready", "claimed", "in_doubt", "accepted")
RESENT = ("ready", "claimed", "retry", "claimed", "in_doubt", "accepted")
PATHS = {
    ("claimed", 0): RESENT,
    ("in_doubt", 0): ("ready", "claimed", "in_doubt", "unknown", *RESENT[2:]),
    ("in_doubt", 1): ("ready", "claimed", "in_doubt", "unknown", "accepted"),
    ("accepted", 1): SENT,
}


def row_of(where: str) -> str:
    return where.partition(" ")[0]


def engine_of(world: World) -> str:
    return world.engine.dialect.name


def struck(world: World, occasion: str, state: str) -> str:
    """The one letter of the occasion in this state."""
    (found,) = (key for key, now in world.states(occasion).items() if now == state)
    return found


def mails_of(world: World, delivery_id: str) -> int:
    world.server.wait_until_quiet()
    (letter,) = (one for one in world.letters if one.delivery_id == delivery_id)
    return world.mails(letter.message_id)


def reap(world: World) -> None:
    moves.reap(world.engine, "reaper", world.clock)


def all_is_well(world: World, scenario: str, tell, *, kills: int = 0, stops: int = 0) -> None:
    world.kills, world.stops = kills, stops
    verdict = world.verdict()
    tell(scenario, engine_of(world), verdict)
    assert verdict.is_clean, verdict
    assert verdict.planned == verdict.accepted_by_server > 0
    assert set(world.states().values()) == {"accepted"}


# -- F1: planning ------------------------------------------------------------------------------


@pytest.mark.parametrize("where", PLANNING)
def test_killed_while_planning_nothing_is_planned_and_the_next_try_plans_all(
    world: World, tmp_path: Path, where: str, tell
):
    dice = chance(where, engine_of(world))
    for number in range(ROUNDS):
        run_id, occasion = f"planned-{number}", f"2021/planned-{number}"
        contacts = {key: (one.address,) for key, one in world.recipients}
        ledger_world.make_run(world.engine, run_id, contacts=contacts, occasion=occasion)
        store_models(world.engine, run_id)
        nth = dice.randint(1, LETTERS)
        point = Failpoint(where, nth, dice.uniform(0, 0.02))

        ended = start_process(
            world.engine, lambda r=run_id, p=point: plan_run(world.url, r, tmp_path, p)
        ).wait()

        assert ended.was_killed, ended
        # One transaction for each addressee: those before the one it died at stand.
        assert Counter(world.states(occasion).values()) == Counter(ready=nth - 1)

        ended = start_process(
            world.engine, lambda r=run_id: plan_run(world.url, r, tmp_path)
        ).wait()
        assert [one.outcome for one in ended.said] == ["planned"] * LETTERS, ended
        expect_planned(world, occasion)
        again_until_done(world, scope(occasion), occasion)
    all_is_well(world, where, tell, kills=ROUNDS)


def expect_planned(world: World, occasion: str) -> None:
    """The keys are known without the ledger; the bytes only the ledger has."""
    with world.engine.begin() as db:
        hashes = {
            row.delivery_id: row.payload_sha256
            for row in db.execute(delivery.select().where(delivery.c.occasion == occasion))
        }
    keys = {
        moves.delivery_id(occasion, "live", municipality, one.recipient_id, 1): one.address
        for municipality, one in world.recipients
    }
    assert set(hashes) == set(keys)
    world.letters += [
        Letter(key, f"<{key[:32]}.r1@example.org>", address, hashes[key])
        for key, address in keys.items()
    ]


# -- F2–F13: killed while sending --------------------------------------------------------------


@pytest.mark.parametrize("where", SENDING)
def test_killed_anywhere_and_run_again_everybody_has_one_letter(world: World, where: str, tell):
    dice = chance(where, engine_of(world))
    state, reaped, mails = AFTER[row_of(where)]
    for number in range(ROUNDS):
        occasion = f"2021/{number}"
        world.plan(LETTERS, occasion)
        letter = nth = dice.randint(1, LETTERS)
        if row_of(where) == "F7":
            nth = (letter - 1) * BLOCKS + dice.randint(1, BLOCKS)
        elif row_of(where) == "F13":  # there is one QUIT, after the last letter
            letter, nth = LETTERS, 1
        point = Failpoint(where, nth, dice.uniform(0, 0.02))

        ended = start(world, orders(world, scope(occasion), failpoint=point)).wait()

        assert ended.was_killed, ended
        expected = Counter(accepted=letter - 1, ready=LETTERS - letter) + Counter([state])
        assert Counter(world.states(occasion).values()) == expected
        mail = newest(world, occasion)
        assert mails_of(world, mail) == mails
        world.let_pass()
        reap(world)
        assert world.states(occasion)[mail] == reaped
        again_until_done(world, scope(occasion), occasion)
        assert world.path(mail) == PATHS[state, mails]
    # Unknown only where the table allows it, with the truth that it says.
    expected_unknown = ROUNDS if reaped == "unknown" else 0
    assert [is_there for _, is_there in world.settled] == [mails == 1] * expected_unknown
    all_is_well(world, where, tell, kills=ROUNDS)


def newest(world: World, occasion: str) -> str:
    """The letter of the occasion that something happened to last."""
    query = (
        delivery.select()
        .where(delivery.c.occasion == occasion)
        .order_by(delivery.c.updated_ms.desc(), delivery.c.version)
    )
    with world.engine.begin() as db:
        return db.execute(query).first().delivery_id


RECEIPT_KEPT = ("F11 after the receipt", "F11 before the commit of acceptance")


@pytest.mark.parametrize("where", [*RECEIPTS, RECEIPT_KEPT[1]])
def test_a_receipt_on_disk_settles_the_letter_without_a_person(
    world: World, tmp_path: Path, where: str, tell
):
    dice = chance("receipt", where, engine_of(world))
    is_kept = where in RECEIPT_KEPT
    receipts = Receipts(tmp_path / "receipts")
    receipts.folder.mkdir()
    for number in range(ROUNDS):
        occasion = f"2021/{number}"
        world.plan(LETTERS, occasion)
        point = Failpoint(where, dice.randint(1, LETTERS), dice.uniform(0, 0.02))
        given = orders(world, scope(occasion), failpoint=point, receipts=receipts.folder)

        assert start(world, given).wait().was_killed

        mail = struck(world, occasion, "in_doubt")
        world.let_pass()
        reap(world)
        settled = settle_unknown(world.engine, [ReceiptSource(receipts)], "watch", world.clock)
        assert (settled.accepted, settled.still_unknown) == (int(is_kept), int(not is_kept))
        world.proven += [(mail, mails_of(world, mail) == 1)] * settled.accepted
        again_until_done(world, scope(occasion), occasion, receipts.folder)
        assert world.path(mail) == PATHS["in_doubt", 1]
    assert len(world.settled) == (0 if is_kept else ROUNDS)
    scenario = where if where in RECEIPTS else f"{where}, with a receipt"
    all_is_well(world, scenario, tell, kills=ROUNDS)


def test_a_late_250_whose_receipt_lies_there_is_followed_by_no_second_copy(
    world: World, tmp_path: Path, tell
):
    """The sender slept with the reply unread until a person, in error, had it sent again."""
    receipts = Receipts(tmp_path / "receipts")
    receipts.folder.mkdir()
    for number in range(ROUNDS):
        occasion = f"2021/{number}"
        (letter,) = world.plan(1, occasion)
        point = Failpoint("F11 after the reply", signal=signal.SIGSTOP)
        given = orders(
            world, scope(occasion), failpoint=point, actor="sleeper", receipts=receipts.folder
        )
        sleeper = start(world, given)
        sleeper.wait_stopped()
        mail = struck(world, occasion, "in_doubt")
        world.let_pass()
        reap(world)
        world.let_pass()
        settle(
            world.engine, letter.message_id, "resend",
            actor="operator", reason="показалось, что не дошло", clock=world.clock,
        )  # fmt: skip
        sleeper.go_on()
        assert sleeper.wait().said.accepted == 0  # it is too late for the ledger
        assert receipts.find(mail, 1) is not None
        again_until_done(world, scope(occasion), occasion, receipts.folder)
        assert mails_of(world, mail) == 1
        world.proven.append((mail, True))
        assert world.path(mail)[-4:] == ("claimed", "ready", "unknown", "accepted")
    all_is_well(world, "a late 250, with a receipt", tell, stops=ROUNDS)


def test_the_long_version_kills_five_hundred_times():
    """Each of these rounds asserts that its sender or planner died of SIGKILL."""
    places = len(PLANNING) + len(SENDING) + len([*RECEIPTS, RECEIPT_KEPT[1]])
    engines = 2
    assert int(re.search(r"^ROUNDS \?= (\d+)$", MAKEFILE.read_text(), re.M)[1]) >= 20
    assert 20 * places * engines >= 500


# -- F14, F15: stopped and woken ---------------------------------------------------------------

SLEEPS = (
    "F2 after the claim",
    "F3 after connect",
    "F4 after MAIL",
    "F5 after RCPT",
    "F6 after 354",
    "F7 in the body",
    "F8 before the mark",
)


def test_who_sleeps_longer_than_its_lease_sends_nothing_more(world: World, tell):
    """F14: the lease of a stopped sender ends; another one sends its letter, before or after
    it wakes."""
    dice = chance("F14", engine_of(world))
    for number in range(ROUNDS):
        occasion = f"2021/{number}"
        world.plan(1, occasion)
        is_sent_meanwhile = number % 2 == 0
        # At least once it finds out by itself, at the last moment, that its time is over.
        where = "F8 before the mark" if number == 1 else dice.choice(SLEEPS)
        point = Failpoint(where, 1, dice.uniform(0, 0.02), signal.SIGSTOP)
        # A lease that lapses by itself is short; else the others' clock is moved on.
        lease_ms = None if is_sent_meanwhile else 400
        given = orders(world, scope(occasion), failpoint=point, lease_ms=lease_ms, actor="sleeper")
        sleeper = start(world, given)
        sleeper.wait_stopped()
        mail = struck(world, occasion, "claimed")
        if is_sent_meanwhile:
            world.let_pass()
            # The server still talks to the sleeper: only afterwards it is quiet.
            ended = start(world, orders(world, scope(occasion), actor="other")).wait()
            assert ended.said.accepted == 1, ended
        else:
            time.sleep(0.45)
        sleeper.go_on()
        ended = sleeper.wait()
        assert ended.code == 0, ended
        assert ended.said.accepted == 0
        assert mails_of(world, mail) == int(is_sent_meanwhile)
        again_until_done(world, scope(occasion), occasion)
        assert world.path(mail) == RESENT
    all_is_well(world, "F14 stopped while claimed", tell, stops=ROUNDS)


def test_who_was_frozen_before_the_dot_does_not_send_it(world: World, tell):
    """F15: between the mark and the dot a second passed. Meanwhile a person may have decided
    that the letter is to be sent again, and another sender may have sent it."""
    dice = chance("F15", engine_of(world))
    for number in range(ROUNDS):
        occasion = f"2021/{number}"
        world.plan(1, occasion)
        point = Failpoint("F9 before the dot", 1, dice.uniform(0, 0.02), signal.SIGSTOP)
        sleeper = start(world, orders(world, scope(occasion), failpoint=point, actor="sleeper"))
        sleeper.wait_stopped()
        woken_after = time.monotonic() + dice.uniform(1.05, 1.3)
        mail = struck(world, occasion, "in_doubt")
        is_sent_meanwhile = number % 2 == 0
        if is_sent_meanwhile:
            world.let_pass()
            reap(world)
            # A person is sure that it did not go out: nobody but the sleeper has it.
            assert world.settle_unknown(occasion, is_quiet=False) == (0, 1)
            ended = start(world, orders(world, scope(occasion), actor="other")).wait()
            assert ended.said.accepted == 1, ended
        time.sleep(max(0.0, woken_after - time.monotonic()))
        sleeper.go_on()
        ended = sleeper.wait()
        assert ended.code == 0, ended
        assert ended.said.accepted == 0
        assert mails_of(world, mail) == int(is_sent_meanwhile)
        if not is_sent_meanwhile:
            assert world.states(occasion) == {mail: "unknown"}
        again_until_done(world, scope(occasion), occasion)
        assert world.path(mail) == PATHS["in_doubt", 0]
    all_is_well(world, "F15 stopped before the dot", tell, stops=ROUNDS)


# -- F16, F17: asked to end --------------------------------------------------------------------

CRITICAL = ("F9 before the dot", "F10 after the dot", "F11 after the reply")


@pytest.mark.parametrize("where", CRITICAL)
@pytest.mark.parametrize("on_signal", ["flag", "die"])
def test_a_sender_asked_to_end_settles_the_letter_in_its_hands_first(
    world: World, where: str, on_signal: str, tell
):
    """F16: SIGTERM between the mark and acceptance waits, whatever it would do."""
    occasion = "2021/asked"
    world.plan(LETTERS, occasion)
    point = Failpoint(where, 2, 0.0, signal.SIGTERM)
    began = time.monotonic()

    ended = start(
        world, orders(world, scope(occasion), failpoint=point, on_signal=on_signal)
    ).wait()

    assert time.monotonic() - began < 5
    assert ended.code == (0 if on_signal == "flag" else -signal.SIGTERM), ended
    assert Counter(world.states(occasion).values()) == Counter(accepted=2, ready=1)
    again_until_done(world, scope(occasion), occasion)
    assert not world.settled
    all_is_well(world, f"F16 SIGTERM {where.partition(' ')[2]}", tell)


@pytest.mark.parametrize("other_threads", [0, 2])
def test_a_time_out_while_waiting_for_the_reply_loses_no_truth(
    world: World, other_threads: int, tell
):
    """F17: the time-out waits until the reply is written down. Where another thread of the
    process is handed its signal it strikes at once, and the letter is unknown."""
    occasion = "2021/timed-out"
    world.plan(LETTERS, occasion)
    world.server.late_seconds = 0.4
    world.server.plan.extend(["accept", "accept_late"])
    point = Failpoint("F10 after the dot", 2, 0.15, signal.SIGALRM)

    ended = start(
        world,
        orders(
            world, scope(occasion), failpoint=point,
            on_signal="raise", other_threads=other_threads,
        ),
    ).wait()  # fmt: skip

    assert "TimedOut" in ended.said
    state = "unknown" if other_threads else "accepted"
    expected = Counter(accepted=1, ready=1) + Counter([state])
    assert Counter(world.states(occasion).values()) == expected
    again_until_done(world, scope(occasion), occasion)
    assert [is_there for _, is_there in world.settled] == [True] * (state == "unknown")
    all_is_well(world, "F17 time-out while waiting for 250", tell)


# -- F18: the database takes no writes ---------------------------------------------------------


# PostgreSQL's files are its server's: a sender meets a full disk only with SQLite.
STARVED = [pytest.param(SQLITE, where) for where in DATABASE] + [
    pytest.param(POSTGRESQL, where, marks=pytest.mark.postgres)
    for where in DATABASE
    if "disk full" not in where
]


@pytest.mark.parametrize(("any_engine", "where"), STARVED, indirect=["any_engine"])
def test_without_a_database_that_writes_no_dot_leaves(world: World, where: str, tell):
    occasion = "2021/full"
    world.plan(LETTERS, occasion)
    is_before = "before" in where

    ended = start(
        world,
        orders(
            world, scope(occasion), failpoint=Failpoint(where), keep_trying_seconds=0.5
        ),
    ).wait()  # fmt: skip

    assert "sqlalchemy.exc." in ended.said
    mail = struck(world, occasion, "claimed" if is_before else "in_doubt")
    assert mails_of(world, mail) == (0 if is_before else 1)
    again_until_done(world, scope(occasion), occasion)
    assert world.path(mail) == PATHS["claimed" if is_before else "in_doubt", int(not is_before)]
    all_is_well(world, where, tell)
