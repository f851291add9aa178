"""Airflow itself is killed, cleared, doubled and paused: one letter per key all the same.

The faults A1-A8 and A11-A13 of reliability.md §6 in a live Airflow (`airflow_live`), with a
mail server that takes its time over each letter, so that they hit in the middle of sending.
What is sent is what the delivery watch finds due; A4, A5 and A11 hit a phase's own DAG too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from conftest import create_all
from faults.airflow_letters import WATCH, Scene
from faults.airflow_live import LiveAirflow, kill_process, live_airflow
from faults.world import CountingServer, World, make_world
from roadmap.store.engine import open_engine

RECIPIENTS = 60
pytestmark = [pytest.mark.airflow, pytest.mark.postgres, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def server() -> Iterator[CountingServer]:
    with CountingServer() as server:
        yield server


@pytest.fixture(scope="module")
def airflow(
    tmp_path_factory: pytest.TempPathFactory, server: CountingServer
) -> Iterator[LiveAirflow]:
    with live_airflow(tmp_path_factory.mktemp("airflow"), server.port) as airflow:
        for dag_id in (WATCH, "drain_run", "march_analysis"):
            airflow.unpause(dag_id)
        yield airflow


@pytest.fixture(scope="module")
def world(airflow: LiveAirflow, server: CountingServer) -> Iterator[World]:
    engine = open_engine(f"sqlite:///{airflow.var / 'roadmap.db'}")
    create_all(engine)
    yield make_world(engine, server, RECIPIENTS)
    engine.dispose()


@pytest.fixture
def scene(
    airflow: LiveAirflow, world: World, server: CountingServer, request: pytest.FixtureRequest
) -> Iterator[Callable[[str], Scene]]:
    def make(name: str) -> Scene:
        return Scene(airflow, world, f"2021/faults/{name}")

    yield make
    server.pace_seconds = 0


def test_a1_a_sender_that_is_killed_loses_and_doubles_nothing(scene):
    here = scene("a1")
    here.plan(30)
    here.world.server.pace_seconds = 0.3
    run = here.watch()
    for _ in range(2):
        here.wait_for_letters(4)
        kill_process(here.sender(WATCH, run))
        here.kills += 1
    import time
    print("kills", time.monotonic())
    here.until_done()
    print("done", time.monotonic())
    verdict = here.verdict()
    print(verdict)
    assert verdict.is_clean
    assert len(verdict.unknown) <= here.kills
