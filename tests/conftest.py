"""What every suite shares: a fresh roadmap database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from roadmap.store.engine import open_engine
from roadmap.store.tables import TRANSITIONS, control, metadata, transition
from sqlalchemy import Engine


def create_all(engine: Engine) -> None:
    """All tables, with the rows the migrations would put in."""
    metadata.create_all(engine)
    with engine.begin() as db:
        db.execute(transition.insert(), [{"from_state": a, "to_state": b} for a, b in TRANSITIONS])
        db.execute(control.insert(), {"k": "sending_enabled", "v": "1"})


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """An empty roadmap database on SQLite, settings as in production."""
    engine = open_engine(f"sqlite:///{tmp_path / 'roadmap.db'}")
    create_all(engine)
    yield engine
    engine.dispose()
