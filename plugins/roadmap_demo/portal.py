"""The portal's database: the project's page and news in a table of somebody else's program."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path

from roadmap_demo.content import DEMO, Content

NAME = "portal.db"


def put_publications(path: Path, content: Content, until: date | None) -> int:
    """Adds the publications up to and including `until` (None: all); gives how many were new.

    The table is `publication` (publication_id, channel, kind, title, link, published_on), days
    as ISO text. What is there stays: a portal does not lose its news when an earlier day is
    asked for.
    """
    rows = [
        (
            item.code,
            item.channel,
            item.kind,
            item.title,
            f"https://{item.channel}.example.org/500/{item.code}",
            item.date.isoformat(),
        )
        for item in content.portal
        if until is None or item.date <= until
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute((DEMO / "portal_table.sql").read_text(encoding="utf-8"))
        before = connection.total_changes
        connection.executemany((DEMO / "portal_row.sql").read_text(encoding="utf-8"), rows)
        return connection.total_changes - before
