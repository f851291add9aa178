"""D1–D7 of docs/delivery.md §6: the database crashes, is lost, locked, put back, or edited."""

from __future__ import annotations

import shutil
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine, insert, make_url, select, text, update
from sqlalchemy.exc import IntegrityError

from conftest import create_all
from faults.failpoints import Failpoint
from faults.postgres_proxy import AFTER, BEFORE, LATE, proxy
from faults.rounds import ROUNDS, chance
from faults.worker import Ended, again_until_done, orders, start
from faults.world import CountingServer, World, make_world, scope
from roadmap.delivery.ledger import brakes, moves
from roadmap.delivery.proof import proofs
from roadmap.delivery.proof.receipts import Receipts
from roadmap.store import engine as store_engine
from roadmap.store.engine import open_engine
from roadmap.store.tables import delivery, delivery_event, message, recipient
from support.left_out import leave_out
from support.postgres_server import NoPostgres, PostgresServer, mortal_postgres

OCCASION = "2021/march_analysis"
SMALL = 2_000
HOUR_MS = 3_600_000
_number = count(1)


@pytest.fixture(scope="module")
def mortal() -> Iterator[PostgresServer]:
    """A PostgreSQL of this file's own, which its tests crash."""
    try:
        with mortal_postgres() as server:
            yield server
    except NoPostgres as missing:
        leave_out(str(missing))


@contextmanager
def database(server: PostgresServer) -> Iterator[Engine]:
    """An empty roadmap database of its own."""
    name = f"mortal_{next(_number)}"
    admin(server, f'create database "{name}" template template0')
    engine = open_engine(in_server(server, name))
    create_all(engine)
    try:
        yield engine
    finally:
        engine.dispose()


def admin(server: PostgresServer, statement: str) -> None:
    conninfo = make_url(server.url).set(drivername="postgresql")
    with psycopg.connect(
        conninfo.render_as_string(hide_password=False), autocommit=True
    ) as connection:
        connection.execute(statement)  # type: ignore[call-overload]


def in_server(server: PostgresServer, name: str) -> str:
    return make_url(server.url).set(database=name).render_as_string(hide_password=False)


def all_is_well(world: World, scenario: str, tell) -> None:
    verdict = world.verdict()
    tell(scenario, world.engine.dialect.name, verdict)
    assert verdict.is_clean, verdict
    assert verdict.planned == verdict.accepted_by_server > 0
    assert set(world.states().values()) == {"accepted"}


def only(world: World) -> str:
    (letter,) = world.letters
    return letter.delivery_id


def bodies(world: World) -> int:
    world.server.wait_until_quiet()
    return world.server.bodies


# -- D1: the server crashes --------------------------------------------------------------------


@pytest.mark.postgres
def test_d1_postgresql_crashes_again_and_again_while_many_send(mortal: PostgresServer, tell):
    dice = chance("D1")
    died: list[Ended] = []
    with database(mortal) as engine, CountingServer(pace_seconds=0.12) as server:
        world = make_world(engine, server, 24)
        turns = max(1, ROUNDS // 5)
        for turn in range(10 * turns):
            # Who only waits for a reply outlives a crash: it goes on until somebody did not.
            if turn >= turns and any(one.code for one in died):
                break
            occasion = f"2021/{turn}"
            world.plan(24, occasion, filler=SMALL)

            def sender(number: int, occasion: str = occasion):
                return start(world, orders(world, scope(occasion), actor=f"sender-{number}"))

            senders = [sender(number) for number in range(3)]
            server.wait_until_talking()  # else all crashes may be over before anybody is at work
            for _ in range(4):
                time.sleep(dice.uniform(0.1, 0.4))
                mortal.crash()
                world.blows += 1
                # Longer than a letter takes: everybody at work asks a database that is not there.
                time.sleep(dice.uniform(0.3, 0.5))
                mortal.start()
                for number, one in enumerate(senders):
                    if one.is_over:
                        died.append(one.wait())
                        senders[number] = sender(number)
            died += [one.wait() for one in senders]
            again_until_done(world, scope(occasion), occasion)
        all_is_well(world, "D1 PostgreSQL crashes", tell)
    # It did strike somebody, and who died of it died of the database.
    assert any(one.code for one in died)
    assert all("OperationalError" in one.said for one in died if one.code), died


# -- D2: the line breaks in the COMMIT of the mark -----------------------------------------------


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("when", "state_before"), [(BEFORE, "claimed"), (AFTER, "in_doubt"), (LATE, "in_doubt")]
)
def test_d2_where_the_commit_of_the_mark_is_lost_no_dot_leaves(
    postgres_engine: Engine, server: CountingServer, when: str, state_before: str, tell
):
    world = make_world(postgres_engine, server, 1)
    world.plan(1, OCCASION)
    with proxy(postgres_engine.url, when) as (url, between):
        given = replace(orders(world, scope(OCCASION)), url=url)
        ended = start(world, given).wait()
        assert between.cuts == 1
    assert ended.said.postponed == 1, ended
    assert (bodies(world), server.accepted) == (0, [])
    path = ("ready", "claimed", "in_doubt", "retry")
    assert world.path(only(world)) == path[: path.index(state_before) + 1] + path[-1:]
    again_until_done(world, scope(OCCASION), OCCASION)
    assert not world.settled
    all_is_well(world, f"D2 COMMIT lost {when}", tell)


@pytest.mark.parametrize("is_done", [False, True])
def test_d2_where_sqlite_fails_in_the_commit_of_the_mark_no_dot_leaves(
    engine: Engine, server: CountingServer, is_done: bool, tell
):
    world = make_world(engine, server, 1)
    world.plan(1, OCCASION)

    def break_commit() -> None:
        """The file's disk goes away in the commit of the mark, before or after it is done."""
        mark, opened = moves.mark_in_doubt, store_engine._create_engine

        def create(*args, **kwargs):
            made = opened(*args, **kwargs)
            commit = made.dialect.do_commit

            def mark_and_fail(*given, **named):
                made.dialect.do_commit = fail
                try:
                    return mark(*given, **named)
                finally:
                    made.dialect.do_commit = commit

            def fail(connection) -> None:
                if is_done:
                    commit(connection)
                raise sqlite3.OperationalError("disk I/O error")

            moves.mark_in_doubt = mark_and_fail
            return made

        store_engine._create_engine = create

    ended = start(world, orders(world, scope(OCCASION), sabotage=break_commit)).wait()

    assert ended.said.postponed == 1, ended
    assert bodies(world) == 0
    assert ("in_doubt" in world.path(only(world))) == is_done
    assert world.states() == {only(world): "retry"}
    again_until_done(world, scope(OCCASION), OCCASION)
    all_is_well(world, f"D2 COMMIT {'done and lost' if is_done else 'not done'}", tell)


# -- D3: the database goes away between 250 and acceptance --------------------------------------


@contextmanager
def gone(engine: Engine, mortal: PostgresServer | None) -> Iterator[Callable[[], None]]:
    """The database does not answer until the function is called."""
    engine.dispose()
    if mortal is not None:
        mortal.crash()
        yield mortal.start
        return
    holder = sqlite3.connect(str(engine.url.database), isolation_level=None)
    holder.execute("begin exclusive")
    yield holder.close


def hasty() -> None:
    """Wait less long for a locked file than in production, so that a test may."""
    store_engine.BUSY_TIMEOUT_MS = 150


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def brittle(
    request: pytest.FixtureRequest, server: CountingServer
) -> Iterator[tuple[World, PostgresServer | None]]:
    """A letter in a database that can be taken away: its world, its server if it has one."""
    if request.param == "sqlite":
        world = make_world(request.getfixturevalue("engine"), server, 1)
        world.plan(1, OCCASION, filler=SMALL)
        yield world, None
        return
    mortal = request.getfixturevalue("mortal")
    with database(mortal) as engine:
        world = make_world(engine, server, 1)
        world.plan(1, OCCASION, filler=SMALL)
        yield world, mortal


def test_d3_a_database_that_comes_back_within_the_minute_has_the_acceptance(brittle, tell):
    world, mortal = brittle
    point = Failpoint("F11 after the reply", signal=signal.SIGSTOP)
    sender = start(world, orders(world, scope(OCCASION), failpoint=point, sabotage=hasty))
    sender.wait_stopped()
    assert bodies_so_far(world) == 1
    with gone(world.engine, mortal) as come_back:
        sender.go_on()
        time.sleep(0.7)
        assert not sender.is_over
        come_back()
    assert sender.wait().code == 0
    assert world.path(only(world)) == ("ready", "claimed", "in_doubt", "accepted")
    all_is_well(world, "D3 database away, back in time", tell)


def test_d3_what_a_database_never_learned_is_unknown_and_the_receipt_heals_it(
    brittle, tmp_path: Path, tell
):
    world, mortal = brittle
    receipts = Receipts(tmp_path / "receipts")
    receipts.folder.mkdir()
    point = Failpoint("F11 before the commit of acceptance", signal=signal.SIGSTOP)
    given = orders(
        world, scope(OCCASION), receipts=receipts.folder,
        keep_trying_seconds=0.3, sabotage=hasty,
    )  # fmt: skip
    if mortal is not None:
        # PostgreSQL dies in the transaction of acceptance.
        sender = start(world, replace(given, failpoint=point))
    else:
        # SQLite lives in the sender's process: there it is the lock that another one has.
        at_reply = Failpoint("F11 after the reply", signal=signal.SIGSTOP)
        sender = start(world, replace(given, failpoint=at_reply))
    sender.wait_stopped()
    with gone(world.engine, mortal) as come_back:
        sender.go_on()
        assert "OperationalError" in sender.wait().said
        come_back()
    assert world.states() == {only(world): "in_doubt"}
    world.let_pass()
    moves.reap(world.engine, "reaper", world.clock)
    assert world.states() == {only(world): "unknown"}
    settled = proofs.settle_unknown(
        world.engine, [proofs.ReceiptSource(receipts)], "watch", world.clock
    )
    assert (settled.accepted, settled.still_unknown) == (1, 0)
    again_until_done(world, scope(OCCASION), OCCASION, receipts.folder)
    assert bodies(world) == 1
    all_is_well(world, "D3 database away, receipt", tell)


def bodies_so_far(world: World) -> int:
    return len(world.server.accepted)


# -- D4: put back from a copy ------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("pg", marks=pytest.mark.postgres)])
def test_d4_a_database_put_back_from_a_copy_sends_nothing_twice(
    request: pytest.FixtureRequest, server: CountingServer, tmp_path: Path, kind: str, tell
):
    with ExitStack() as open_now:
        mortal = request.getfixturevalue("mortal") if kind == "pg" else None
        engine = (
            open_now.enter_context(database(mortal))
            if mortal is not None
            else request.getfixturevalue("engine")
        )
        world = make_world(engine, server, 3)
        world.plan(3, OCCASION, filler=SMALL)
        receipts = Receipts(tmp_path / "receipts")
        receipts.folder.mkdir()
        assert proofs.notice_restore(engine, receipts, "watch") is None
        put_back = copy_of(engine, mortal, tmp_path)
        given = orders(world, scope(OCCASION), receipts=receipts.folder)
        assert start(world, given).wait().said.accepted == 3

        put_back()

        assert Counter(world.states().values()) == Counter(ready=3)
        told = proofs.notice_restore(engine, receipts, "watch", world.clock)
        assert told is not None
        assert Counter(world.states().values()) == Counter(accepted=3)
        with engine.begin() as db:
            assert brakes.standing(db, world.clock(db)).is_off
        again_until_done(world, scope(OCCASION), OCCASION, receipts.folder)
        assert bodies(world) == 3
        all_is_well(world, "D4 put back from a copy", tell)


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("pg", marks=pytest.mark.postgres)])
def test_d4_a_copy_put_back_on_a_new_machine_without_receipts_sends_nothing_until_a_person_goes_on(
    request: pytest.FixtureRequest, server: CountingServer, tmp_path: Path, kind: str, tell
):
    with ExitStack() as open_now:
        mortal = request.getfixturevalue("mortal") if kind == "pg" else None
        engine = (
            open_now.enter_context(database(mortal))
            if mortal is not None
            else request.getfixturevalue("engine")
        )
        world = make_world(engine, server, 3)
        old, new = Receipts(tmp_path / "old"), Receipts(tmp_path / "new")
        old.folder.mkdir()
        new.folder.mkdir()
        assert proofs.notice_restore(engine, old, "watch") is None
        world.plan(1, "2021/0", filler=SMALL)
        given = orders(world, scope("2021/0"), receipts=old.folder)
        assert start(world, given).wait().said.accepted == 1
        world.plan(3, OCCASION, filler=SMALL)
        put_back = copy_of(engine, mortal, tmp_path)
        given = orders(world, scope(OCCASION), receipts=old.folder)
        assert start(world, given).wait().said.accepted == 3

        put_back()

        assert proofs.notice_restore(engine, new, "watch", world.clock) is not None
        again = orders(world, scope(OCCASION), receipts=new.folder)
        assert start(world, again).wait().said.accepted == 0
        assert bodies(world) == 4
        # The folder comes over from the old machine: it proves what had gone.
        for path in old.folder.iterdir():
            shutil.copy(path, new.folder)
        assert proofs.notice_restore(engine, new, "watch", world.clock) is not None
        assert brakes.start(engine, "operator", "папка на месте")
        assert proofs.notice_restore(engine, new, "watch", world.clock) is None
        again_until_done(world, scope(OCCASION), OCCASION, new.folder)
        assert bodies(world) == 4
        all_is_well(world, "D4 put back on a new machine", tell)


def copy_of(engine: Engine, mortal: PostgresServer | None, folder: Path) -> Callable[[], None]:
    """Copy the database as it stands; the function puts it back."""
    engine.dispose()  # the last connection gone, SQLite's file is whole
    name = engine.url.database
    assert name is not None
    if mortal is None:
        shutil.copyfile(name, folder / "copy.db")

        def put_back_file() -> None:
            engine.dispose()
            for left in ("-wal", "-shm"):
                Path(name + left).unlink(missing_ok=True)
            shutil.copyfile(folder / "copy.db", name)

        return put_back_file
    copied = mortal
    admin(copied, f'create database "{name}_copy" template "{name}"')

    def put_back_database() -> None:
        engine.dispose()
        admin(copied, f'drop database "{name}" with (force)')
        admin(copied, f'alter database "{name}_copy" rename to "{name}"')

    return put_back_database


# -- D5: the file is locked --------------------------------------------------------------------


@pytest.mark.parametrize("is_freed", [True, False])
def test_d5_a_file_locked_for_longer_than_we_wait_sends_no_dot(
    engine: Engine, server: CountingServer, is_freed: bool, tell
):
    world = make_world(engine, server, 1)
    world.plan(1, OCCASION, filler=SMALL)
    point = Failpoint("F8 before the mark", signal=signal.SIGSTOP)
    keep_trying = 20.0 if is_freed else 0.3
    given = orders(
        world, scope(OCCASION), failpoint=point, sabotage=hasty, keep_trying_seconds=keep_trying
    )
    sender = start(world, given)
    sender.wait_stopped()
    with gone(engine, None) as free:
        sender.go_on()
        if is_freed:
            time.sleep(1.5)  # longer than the sender needs to come to the lock, and than it waits
        else:
            assert "OperationalError" in sender.wait().said
        free()
    if is_freed:
        assert sender.wait().said.postponed == 1
    assert bodies(world) == 0
    assert world.states() == {only(world): "retry" if is_freed else "claimed"}
    again_until_done(world, scope(OCCASION), OCCASION)
    assert not world.settled
    all_is_well(world, "D5 SQLite locked", tell)


# -- D6: clocks that differ --------------------------------------------------------------------


def test_d6_an_hour_more_or_less_never_makes_two(world: World, tell):
    """Who is an hour ahead thinks all leases over, and takes them from the living."""
    dice = chance("D6", world.engine.dialect.name)
    world.server.pace_seconds = 1.0
    recipients = len(world.recipients)
    for number in range(ROUNDS):
        occasion = f"2021/{number}"
        world.plan(recipients, occasion, filler=SMALL)
        # The one that is behind must not be behind the plan.
        world.let_pass(2 * HOUR_MS)
        senders = []
        for hours in (-1, 0, 1):
            while hours == 1 and not {"claimed", "in_doubt"} & {*world.states(occasion).values()}:
                time.sleep(0.02)  # the others are at work when it comes
            given = orders(
                world, scope(occasion), actor=f"{hours:+} h",
                sabotage=lambda hours=hours: shift_time_of_day(hours),
            )  # fmt: skip
            given = replace(given, later_ms=given.later_ms + hours * HOUR_MS)
            senders.append(start(world, given))
            time.sleep(dice.uniform(0, 0.06))
        for one in senders:
            ended = one.wait()
            assert ended.code == 0, ended
        again_until_done(world, scope(occasion), occasion)
    # It did take them: a lease was ended while its sender was at work.
    paths = [world.path(letter.delivery_id) for letter in world.letters]
    assert any({"retry", "unknown"} & set(path) for path in paths)
    all_is_well(world, "D6 clocks ±1 h", tell)


def shift_time_of_day(hours: int) -> None:
    now, now_ns = time.time, time.time_ns
    time.time = lambda: now() + hours * 3600
    time.time_ns = lambda: now_ns() + hours * 3600 * 10**9


# -- D7: rows edited by hand -------------------------------------------------------------------


@pytest.fixture
def sent(world: World) -> World:
    """Three letters: accepted, unknown, ready."""
    world.server.plan.extend(["accept", "rst_after_dot"])
    world.plan(2, OCCASION, filler=SMALL)
    start(world, orders(world, scope(OCCASION))).wait()
    world.plan(3, OCCASION + "/2", filler=SMALL)
    assert Counter(world.states().values()) == Counter(accepted=1, unknown=1, ready=3)
    return world


def of(world: World, state: str) -> str:
    return next(key for key, now in world.states().items() if now == state)


REFUSED = {
    "a state that there is not": ("accepted", "state = 'delivered'"),
    "sent again": ("accepted", "state = 'ready'"),
    "accepted without a reply": ("unknown", "state = 'accepted'"),
    "accepted by a refusal": (
        "unknown",
        "state = 'accepted', accepted_via = 'reply', last_code = 550",
    ),
    "claimed by nobody": ("ready", "state = 'claimed'"),
    "a claim without its end": ("ready", "state = 'claimed', claim_token = 'x'"),
    "another municipality's letter": ("ready", "municipality_id = 'nobody'"),
    "another's bytes": ("ready", "payload_sha256 = 'x'"),
    "another's message": ("ready", "message_id = '<x@example.org>'"),
    "a mode that there is not": ("ready", "mode = 'test'"),
    "no revision": ("ready", "revision = 0"),
}


def test_d7_what_the_database_refuses_to_a_hand(sent: World):
    for what, (state, change) in REFUSED.items():
        key = of(sent, state)
        statement = f"update delivery set {change} where delivery_id = :key"  # noqa: S608
        with sent.engine.connect() as db, db.begin() as transaction:
            try:
                db.execute(text(statement), {"key": key})
            except IntegrityError:
                transaction.rollback()
            else:
                pytest.fail(f"the database took {what}")


def test_d7_letters_events_and_bytes_are_not_taken_away(sent: World):
    for state in ("accepted", "unknown", "ready"):
        key = of(sent, state)
        for table, column in ((delivery, delivery.c.delivery_id), (message, None)):
            with pytest.raises(IntegrityError), sent.engine.begin() as db:
                if column is None:
                    theirs = select(delivery.c.message_id).where(delivery.c.delivery_id == key)
                    db.execute(table.delete().where(message.c.message_id.in_(theirs)))
                else:
                    db.execute(table.delete().where(column == key))


def test_d7_a_letter_is_not_handed_to_another_municipality(sent: World):
    key = of(sent, "ready")
    with sent.engine.begin() as db:
        its = db.execute(select(delivery).where(delivery.c.delivery_id == key)).one()
        foreign = db.execute(
            select(recipient).where(recipient.c.municipality_id != its.municipality_id)
        ).first()
    for change in (
        {"recipient_id": foreign.recipient_id},
        {"municipality_id": foreign.municipality_id},
        {"recipient_id": foreign.recipient_id, "municipality_id": foreign.municipality_id},
    ):
        with pytest.raises(IntegrityError), sent.engine.begin() as db:
            db.execute(update(delivery).where(delivery.c.delivery_id == key).values(change))


INVENTED = {
    "a second transmission": {"from_state": "claimed", "to_state": "in_doubt"},
    "a second acceptance": {"from_state": "in_doubt", "to_state": "accepted"},
    "no such transition": {"from_state": "accepted", "to_state": "ready"},
    "a version that is told already": {"seq": 1},
}


def test_d7_the_log_takes_no_invented_event(sent: World):
    key = of(sent, "accepted")
    with sent.engine.begin() as db:
        last = (
            db.execute(
                select(delivery_event)
                .where(delivery_event.c.delivery_id == key)
                .order_by(delivery_event.c.seq.desc())
            )
            .mappings()
            .first()
        )
    for what, change in INVENTED.items():
        invented = {**last, "seq": last["seq"] + 1, **change}
        with sent.engine.connect() as db, db.begin() as transaction:
            try:
                db.execute(insert(delivery_event), invented)
            except IntegrityError:
                transaction.rollback()
            else:
                pytest.fail(f"the log took {what}")


EDITED = {
    "a state": ("unknown", "update delivery set state = 'retry' where delivery_id = :key"),
    "an acceptance undone": (
        "accepted",
        "update delivery set state = 'retry', accepted_via = null where delivery_id = :key",
    ),
    "an acceptance invented": (
        "unknown",
        "update delivery set state = 'accepted', accepted_via = 'evidence'"
        " where delivery_id = :key",
    ),
    "a version": ("unknown", "update delivery set version = 9 where delivery_id = :key"),
    "an epoch": ("ready", "update delivery set send_epoch = 2 where delivery_id = :key"),
    "the last event taken away": (
        "accepted",
        "delete from delivery_event where delivery_id = :key and to_state = 'accepted'",
    ),
    "an event in the middle taken away": (
        "accepted",
        "delete from delivery_event where delivery_id = :key and to_state = 'claimed'",
    ),
    "an event rewritten": (
        "accepted",
        "update delivery_event set from_state = 'claimed', to_state = 'retry'"
        " where delivery_id = :key and to_state = 'in_doubt'",
    ),
    "the first event rewritten": (
        "accepted",
        "update delivery_event set from_state = 'held' where delivery_id = :key and seq = 1",
    ),
}


def test_d7_what_the_database_can_not_refuse_breaks_the_chain_of_events(sent: World):
    found = {}
    for what, (state, statement) in EDITED.items():
        key = of(sent, state)
        with sent.engine.connect() as db, db.begin() as transaction:
            assert moves.broken_chains(db) == ()
            db.execute(text(statement), {"key": key})
            found[what] = moves.broken_chains(db) == (key,)
            transaction.rollback()
    assert found == dict.fromkeys(EDITED, True)


def test_d7_bytes_edited_by_hand_do_not_leave(sent: World, tell):
    key = of(sent, "ready")
    before = sent.server.count("MAIL")
    with sent.engine.begin() as db:
        its = select(delivery.c.message_id).where(delivery.c.delivery_id == key)
        db.execute(
            update(message)
            .where(message.c.message_id.in_(its))
            .values(rfc822=b"Subject: x\r\n\r\nx\r\n")
        )
    ended = start(sent, orders(sent, scope(OCCASION + "/2"))).wait()
    assert (ended.said.rejected, ended.said.accepted) == (1, 2)
    assert sent.states()[key] == "rejected"
    assert sent.server.count("MAIL") == before + 2
    again_until_done(sent, scope())
    sent.blows += 1
    verdict = sent.verdict()
    tell("D7 bytes edited by hand", sent.engine.dialect.name, verdict)
    assert verdict.is_clean, verdict
    assert sent.states()[key] == "rejected"
    assert verdict.accepted_by_server == verdict.planned - 1
