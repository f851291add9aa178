"""The database keeps what the delivery ledger promises, on both engines."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.exc import IntegrityError

from roadmap.store.tables import control, recipient, transition


def test_a_fresh_database_lists_the_allowed_transitions_and_may_send(any_engine: Engine) -> None:
    with any_engine.connect() as db:
        assert ("in_doubt", "unknown") in db.execute(select(transition)).all()
        assert db.execute(select(control)).all() == [("sending_enabled", "1")]


def test_a_recipient_of_no_municipality_is_refused(any_engine: Engine) -> None:
    """Foreign keys hold: SQLite ignores them unless asked."""
    with pytest.raises(IntegrityError), any_engine.begin() as db:
        db.execute(
            recipient.insert(),
            {"recipient_id": "r1", "municipality_id": "nowhere", "addr": "a@example.org"},
        )
