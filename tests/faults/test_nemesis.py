"""Random kills and stops of many senders, a server of random moods, a database that crashes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from conftest import create_all
from faults.nemesis import SMALL, Havoc, heal, moods, rage
from faults.rounds import IS_LONG, ROUNDS, SEED, chance
from faults.world import CountingServer, World, make_world
from roadmap.store.engine import open_engine
from support.left_out import leave_out
from support.postgres_server import NoPostgres, PostgresServer, mortal_postgres

LETTERS = 60
# CI has three rounds and one wave; the long version has many waves, and hundreds of kills.
WAVES = ROUNDS if IS_LONG else 1
SECONDS = 5.0


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
    server.pace_seconds = 0.05
    world: World = make_world(engine, server, LETTERS)
    done = Havoc()
    for wave in range(WAVES):
        occasion = f"2021/nemesis-{wave}"
        # The server throws dice of its own, in threads of its own.
        server.default = moods(chance("nemesis", "moods", name, wave))
        world.plan(LETTERS, occasion, filler=SMALL)
        done += rage(world, occasion, dice, SECONDS, crash)
        heal(world, server, occasion)
    world.kills, world.stops, world.blows = done.kills, done.stops, done.crashes
    verdict = world.verdict()
    tell("Nemesis", name, verdict)
    print(done)
    assert verdict.is_clean, verdict
    assert verdict.planned == verdict.accepted_by_server == LETTERS * WAVES
    assert set(world.states().values()) == {"accepted"}
    # It was an enemy: letters were killed under way, and some were in doubt.
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
