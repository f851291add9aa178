"""The march of the demo year in a live Airflow, for three municipalities."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import count
from pathlib import Path

import openpyxl
from sqlalchemy import Engine, select

from bench.stages import pull
from conftest import create_all
from faults.airflow_letters import OPEN, OPERATOR, WATCH
from faults.airflow_live import LiveAirflow
from faults.checker import Verdict, check
from faults.world import CountingServer, Letter, World
from roadmap.store.engine import open_engine
from roadmap.store.tables import delivery, delivery_event, recipient
from roadmap_demo.generate import generate
from support.march_world import MARCH
from support.smtp_server import Accepted

PHASE = "march_analysis"
OCCASION = f"2021/{PHASE}"
AS_OF = date(2021, 3, 31)
UNITS = ("buyskiy", "kologrivskiy", "neyskiy")
_number = count(1)


@dataclass
class PhaseScene:
    """Runs of one phase, restricted to `UNITS`, and their letters."""

    airflow: LiveAirflow
    engine: Engine
    server: CountingServer
    before: int  # letters that the server had taken for other scenarios
    kills: int = 0
    blows: int = 0

    # -- runs ----------------------------------------------------------------------------------

    def trigger(self, run_id: str) -> str:
        return self.airflow.trigger(PHASE, run_id, plan="2021", municipalities=list(UNITS))

    def backfill(self) -> None:
        self.airflow.backfill(PHASE, 2021, municipalities=list(UNITS))

    def runs(self) -> dict[str, str]:
        return self.airflow.runs(PHASE)

    def until_done(self, rounds: int = 8) -> None:
        """Until every run has ended and, by the watch, no letter waits for anything."""
        for run_id in self.runs():
            self.airflow.wait_for_run(PHASE, run_id, 400)
        self.server.pace_seconds = 0
        for _ in range(rounds):
            if not any(self.states()[state] for state in OPEN):
                return
            run = self.airflow.trigger(WATCH, f"phase-watch-{next(_number)}")
            self.airflow.wait_for_run(WATCH, run)
        assert not any(self.states()[state] for state in OPEN), self.states()

    # -- evidence ------------------------------------------------------------------------------

    def change_address(self) -> tuple[str, str]:
        """One contact of the first unit gets another address; the old one and the new one."""
        book = openpyxl.load_workbook(self._contacts)
        new = f"new-{UNITS[0]}@example.org"
        (cell, *_) = [row[1] for row in book["Получатели"].iter_rows() if row[0].value == UNITS[0]]
        old, cell.value = str(cell.value), new
        book.save(self._contacts)
        return old, new

    def addresses(self) -> set[str]:
        """Who is to get a letter, by the contacts' file: valid on the day of the plan."""
        book = openpyxl.load_workbook(self._contacts)
        return {
            str(address)
            for unit, address, since, until in book["Получатели"].iter_rows(values_only=True)
            if unit in UNITS and _day(since) <= AS_OF and (until is None or _day(until) >= AS_OF)
        }

    @property
    def _contacts(self) -> Path:
        return self.airflow.var / "inbox" / "2021" / "contacts" / "contacts.xlsx"

    # -- letters -------------------------------------------------------------------------------

    def states(self) -> Counter[str]:
        with self.engine.begin() as db:
            found = select(delivery.c.state).where(delivery.c.occasion == OCCASION)
            return Counter(db.execute(found).scalars())

    def state_at(self, address: str) -> tuple[str, str | None]:
        """State of the letter to this address, and what its last event says."""
        with self.engine.begin() as db:
            found = db.execute(
                select(delivery.c.state, delivery_event.c.detail)
                .join(recipient, recipient.c.recipient_id == delivery.c.recipient_id)
                .join(delivery_event, delivery_event.c.delivery_id == delivery.c.delivery_id)
                .where(recipient.c.addr == address)
                .order_by(delivery_event.c.seq.desc())
                .limit(1)
            ).one()
        return found.state, found.detail

    def taken(self) -> list[Accepted]:
        mails = list(self.server.accepted)[self.before :]
        return [mail for mail in mails if mail.recipient != OPERATOR]

    def verdict(self) -> Verdict:
        """What the phase planned, by its own rows: the bytes were composed by its tasks."""
        with self.engine.begin() as db:
            rows = db.execute(
                select(
                    delivery.c.delivery_id,
                    delivery.c.message_id,
                    recipient.c.addr,
                    delivery.c.payload_sha256,
                )
                .join(recipient, recipient.c.recipient_id == delivery.c.recipient_id)
                .where(delivery.c.mode != "operator")
            ).all()
        found = check(self.engine, [Letter(*row) for row in rows], self.taken())
        return replace(found, kills=self.kills, blows=self.blows)


def _day(cell: object) -> date:
    return cell.date() if isinstance(cell, datetime) else date.fromisoformat(str(cell))


@contextmanager
def phase_scene(airflow: LiveAirflow, world: World, server: CountingServer) -> Iterator[PhaseScene]:
    """The demo's March taken in already, in a new database under the old one's name."""
    server.wait_until_quiet(30)
    world.engine.dispose()
    for file in airflow.var.glob("roadmap.db*"):
        file.unlink()
    engine = open_engine(f"sqlite:///{airflow.var / 'roadmap.db'}")
    create_all(engine)
    generate(airflow.var / "inbox", 2021, until=date(2021, 3, 31))
    pull(engine, airflow.var, MARCH)
    yield PhaseScene(airflow, engine, server, len(server.accepted))
    engine.dispose()
