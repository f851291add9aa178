"""A world for each engine, and the verdicts of all scenarios for the table at the end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from faults.world import CountingServer, World, make_world


@pytest.fixture
def server() -> Iterator[CountingServer]:
    with CountingServer() as server:
        yield server


@pytest.fixture
def world(any_engine: Engine, server: CountingServer) -> World:
    """Three recipients, an empty ledger and a mail server; once on each engine."""
    return make_world(any_engine, server)
