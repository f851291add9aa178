"""A March of the demo year for a module of tests."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from bench.stages import Place
from roadmap.delivery.settings import Patience, settings_from
from roadmap.store.engine import open_engine
from roadmap.store.migrate import upgrade
from roadmap_cli.environment import demo_environment
from roadmap_demo.generate import generate
from support.mail_client import plain
from support.march_world import March, free_ports, mailbox


@pytest.fixture(scope="module")
def march(tmp_path_factory: pytest.TempPathFactory) -> Iterator[March]:
    """The demo year's files in an inbox, an empty database, a mail server."""
    var = tmp_path_factory.mktemp("march")
    generate(var / "inbox", 2021, until=date(2021, 3, 31))
    engine = open_engine(f"sqlite:///{var / 'roadmap.db'}")
    upgrade(engine)
    ports = free_ports()
    with mailbox(var, ports) as letters:
        settings = settings_from(demo_environment(var / "home", ports, var))
        yield March(Place(engine, var, plain(ports.mail, Patience()), settings), letters)
    engine.dispose()
