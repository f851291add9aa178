"""An inbox that files are put into and taken in from, as the tests of intake need it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, date, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, select

from roadmap.evidence.files.limits import Limits
from roadmap.evidence.files.prescan import prescan
from roadmap.evidence.intake import Intake, KnownBy, batches_in_force, take_in
from roadmap.evidence.parsed import Parsed, ReaderContext
from roadmap.evidence.sources import load_sources
from roadmap.store.tables import metadata
from support.evidence_files import ACTS, EVENTS, PLAN, table_csv, workbook

SOURCES = load_sources()
municipal_act = metadata.tables["municipal_act"]
HOUR = 3_600_000
START = int(datetime(2021, 3, 20, 9, tzinfo=UTC).timestamp() * 1000)


def act(number: str = "1", municipality: str = "buyskiy") -> bytes:
    row = [municipality, "приказ", number, "25.03.2021", None, "адресные рекомендации"]
    return table_csv([ACTS, row])


def events(*participants: Any) -> bytes:
    rows = [
        [f"e{n}", 8, "семинар", "s1", "Тема", date(2021, 3, 12), "проведено", one]
        for n, one in enumerate(participants)
    ]
    return workbook("Мероприятия", [EVENTS, *rows])


def read_here(content: bytes, reader: str, context: ReaderContext, limits: Limits) -> Parsed:
    """What the sandbox worker does, in this process: most rules here are not about it."""
    prescan(content, limits, context.file_name)
    return import_module(f"roadmap.evidence.readers.{reader}").read(content, context)  # type: ignore[no-any-return]


class World:
    """An inbox, an archive, a database and a clock that moves an hour with every pull."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine = engine
        self.inbox = folder / "inbox"
        self.archive = folder / "archive"
        self.now_ms = START
        (self.inbox / "2021").mkdir(parents=True)

    def put(self, key: str, content: bytes) -> Path:
        path = self.inbox / "2021" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        os.utime(path, (1_000_000_000, 1_000_000_000))
        return path

    def remove(self, key: str) -> None:
        (self.inbox / "2021" / key).unlink()

    def receipts(self, moments: dict[str, str]) -> None:
        lines = [f"{key};{moment}" for key, moment in moments.items()]
        self.put("receipts.csv", "\n".join(["Файл;Получен", *lines]).encode())

    def pull(self, dataset: str = "municipal_acts", in_sandbox: bool = False) -> Intake:
        self.now_ms += HOUR
        return take_in(
            self.engine,
            SOURCES[dataset],
            self.inbox,
            self.archive,
            PLAN,
            self.now_ms,
            parse=None if in_sandbox else read_here,
        )

    def rows(self, table: Any) -> Sequence[Any]:
        with self.engine.connect() as conn:
            return conn.execute(select(table)).all()

    def acts_in_force(
        self, known_at_ms: int | None = None, known_by: KnownBy = "loaded"
    ) -> list[tuple[str, str]]:
        """Municipality and number of the acts in force."""
        with self.engine.connect() as conn:
            batches = batches_in_force(conn, PLAN.code, known_at_ms or self.now_ms, known_by)
            ids = [batch.batch_id for batch in batches]
            found = conn.execute(
                select(municipal_act.c.municipality_id, municipal_act.c.number).where(
                    municipal_act.c.batch_id.in_(ids)
                )
            )
            return sorted((row.municipality_id, row.number) for row in found)
