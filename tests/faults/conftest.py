"""A world for each engine, and a place to tell each scenario's verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine

from faults.checker import Verdict
from faults.verdict import PROPERTY, Row
from faults.worker import end_all
from faults.world import CountingServer, World, make_world


@pytest.fixture(autouse=True)
def _no_worker_is_left() -> Iterator[None]:
    yield
    end_all()


@pytest.fixture
def server() -> Iterator[CountingServer]:
    with CountingServer() as server:
        yield server


@pytest.fixture
def world(any_engine: Engine, server: CountingServer) -> World:
    """Three recipients, an empty ledger and a mail server; once on each engine."""
    return make_world(any_engine, server)


@pytest.fixture
def tell(record_property: Callable[[str, object], None]) -> Callable[[str, str, Verdict], None]:
    """`tell(scenario, engine, verdict)`: a row of the table at the end; tell it before asserting.

    `engine` is the dialect's name: sqlite, postgresql.
    """

    def tell(scenario: str, engine: str, verdict: Verdict) -> None:
        record_property(PROPERTY, Row(scenario, engine, verdict).to_property())

    return tell
