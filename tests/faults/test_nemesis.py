"""Random kills and stops of many senders, a server of random moods, a database that crashes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from conftest import create_all
from faults.nemesis import SMALL, heal, moods, rage
from faults.rounds import ROUNDS, SEED, chance
from faults.world import CountingServer, World, make_world
from left_out import leave_out
from postgres_server import NoPostgres, PostgresServer, mortal_postgres
from roadmap.store.engine import open_engine

LETTERS = 60
# CI has three rounds; the long version has many, and hundreds of kills.
IS_LONG = ROUNDS > 3
SECONDS = 40.0 if IS_LONG else 5.0


@pytest.fixture
def mortal() -> Iterator[tuple[PostgresServer, Engine]]:
    """A PostgreSQL of this test's own, with an empty roadmap database."""
    try:
        with mortal_postgres() as server:
            engine = open_engine(server.url)
            create_all(engine)
            yield server, engine
            engine.dispose()
    except NoPostgres as missing:
        leave_out(str(missing))


def survive(engine: Engine, server: CountingServer, crash, tell) -> None:
    name = engine.dialect.name
    print(f"nemesis on {name}: FAULTS_SEED={SEED!r}")
    dice = chance("nemesis", name)
    # The server throws dice of its own, in threads of its own.
    server.default = moods(chance("nemesis", "moods", name))
    server.pace_seconds = 0.05
    world: World = make_world(engine, server, LETTERS)
    world.plan(LETTERS, "2021/nemesis", filler=SMALL)
    done = rage(world, "2021/nemesis", dice, SECONDS, crash)
    heal(world, server, "2021/nemesis")
    world.kills = done.kills + done.stops + done.crashes
    verdict = world.verdict()
    tell("Nemesis", name, verdict)
    print(done)
    assert verdict.is_clean, verdict
    assert verdict.planned == verdict.accepted_by_server == LETTERS
    assert set(world.states().values()) == {"accepted"}
    # It was an enemy: letters were killed under way, and some were in doubt.
    assert done.kills > 5
    assert done.stops > 0
    assert any("retry" in world.path(letter.delivery_id) for letter in world.letters)
    assert world.settled


def test_nemesis_on_sqlite(engine: Engine, server: CountingServer, tell):
    survive(engine, server, None, tell)


@pytest.mark.postgres
def test_nemesis_on_postgresql(mortal: tuple[PostgresServer, Engine], server: CountingServer, tell):
    postgres, engine = mortal

    def crash() -> None:
        postgres.crash()
        postgres.start()

    survive(engine, server, crash if IS_LONG else None, tell)
