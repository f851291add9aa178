"""What the Airflow scenarios share: letters of an occasion, and sending until all is done."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, replace
from itertools import count

from sqlalchemy import Engine, select

from faults.airflow_live import LiveAirflow, eventually
from faults.checker import Verdict, check
from faults.world import World
from roadmap.delivery.ledger.moves import Planned
from roadmap.delivery.letters.contacts import Recipient, recipient_id
from roadmap.store.tables import delivery, delivery_event, municipality, phase_run, recipient
from support.smtp_server import Accepted

WATCH = "delivery_watch"
DRAIN = "drain_run"
OPERATOR = "operator@example.org"
OPEN = ("ready", "claimed", "in_doubt", "retry")
_number = count(1)


@dataclass
class Scene:
    """One scenario: its Airflow, its letters, and how often it hurt somebody.

    `before`: how many letters the server had taken when it began; all after that are its own.
    `kills` are of processes, by SIGKILL; `blows` what else was done.
    """

    airflow: LiveAirflow
    world: World
    occasion: str
    before: int
    letters: tuple[Planned, ...] = ()
    kills: int = 0
    blows: int = 0

    def plan(self, how_many: int, *, filler: int = 2_000, ago_ms: int = 0) -> None:
        """Letters that are ready to be sent; since some time, if so."""
        self.world.later_ms = -ago_ms
        self.letters = tuple(self.world.plan(how_many, self.occasion, filler=filler))
        self.world.later_ms = 0

    @property
    def phase_run(self) -> str:
        """The id of a frozen run of this occasion, for DAGs that send a run's letters."""
        run_id = f"run-{self.occasion.replace('/', '-')}"
        with self.world.engine.begin() as db:
            if db.execute(select(phase_run).where(phase_run.c.run_id == run_id)).first() is None:
                first = db.execute(select(phase_run).limit(1)).one()._asdict()
                db.execute(
                    phase_run.insert(), first | {"run_id": run_id, "occasion": self.occasion}
                )
        return run_id

    # -- the mail server's side ----------------------------------------------------------------

    def taken(self) -> list[Accepted]:
        """What the mail server took for addressees since the scenario began, planned or not."""
        mails = list(self.world.server.accepted)[self.before :]
        return [mail for mail in mails if mail.recipient != OPERATOR]

    def wait_for_letters(self, more: int, seconds: float = 60) -> None:
        """Until the server has taken so many more of them."""
        wanted = len(self.taken()) + more
        eventually(lambda: len(self.taken()) >= wanted, seconds, every=0.02)

    def states(self) -> Counter[str]:
        with self.world.engine.begin() as db:
            found = select(delivery.c.state).where(delivery.c.occasion == self.occasion)
            return Counter(db.execute(found).scalars())

    # -- sending -------------------------------------------------------------------------------

    def pace(self, seconds: float) -> None:
        """How long the mail server takes over a letter from now on."""
        self.world.server.pace_seconds = seconds

    def watch(self) -> str:
        """Start the delivery watch, as its clock would; the id of the run."""
        return self.airflow.trigger(WATCH, f"watch-{next(_number)}")

    def drain(self) -> str:
        """Start a run that sends this occasion's letters, as a phase does; its id."""
        return self.airflow.trigger(DRAIN, f"drain-{next(_number)}", phase_run=self.phase_run)

    def wait_for_senders(self, wanted: int, seconds: float = 90) -> None:
        """Until so many of them have claimed a letter."""
        actors = (
            select(delivery_event.c.actor)
            .join(delivery, delivery.c.delivery_id == delivery_event.c.delivery_id)
            .where(delivery.c.occasion == self.occasion, delivery_event.c.to_state == "claimed")
            .distinct()
        )

        def have_come() -> bool:
            self.airflow.revive()
            with self.world.engine.begin() as db:
                return len(db.execute(actors).all()) >= wanted

        eventually(have_come, seconds, every=0.2)

    def sender(self, dag_id: str, run_id: str, task_id: str = "send_left") -> int:
        """The process that sends for this task, once it runs."""
        found: list[int] = []

        def runs() -> bool:
            running = self.airflow.running(dag_id, run_id, task_id)
            found[:] = [one.pid for one in running if one.pid]
            return bool(found)

        eventually(runs, 60)
        return found[0]

    def until_done(self, rounds: int = 8) -> None:
        """Run the watch again until no letter waits for anything."""
        self.pace(0)
        for _ in range(rounds):
            self.airflow.revive()
            if not any(self.states()[state] for state in OPEN):
                return
            self.airflow.wait_for_run(WATCH, self.watch())
            if any(self.states()[state] for state in ("claimed", "in_doubt")):
                time.sleep(2)  # a lease of a dead sender runs on
        assert not any(self.states()[state] for state in OPEN), self.states()

    def verdict(self) -> Verdict:
        theirs = {one.delivery_id for one in self.letters}
        planned = [one for one in self.world.letters if one.delivery_id in theirs]
        found = check(self.world.engine, planned, self.taken())
        return replace(found, kills=self.kills, blows=self.blows)


def many_recipients(engine: Engine, how_many: int) -> tuple[tuple[str, Recipient], ...]:
    """One recipient for each of so many municipalities, written to the database."""
    keys = [f"m{number:04}" for number in range(how_many)]
    found = []
    for key in keys:
        address = f"{key}@example.org"
        found.append((key, Recipient(recipient_id(key, address), address)))
    with engine.begin() as db:
        db.execute(
            municipality.insert(),
            [{"municipality_id": key, "name": f"Район {key}"} for key in keys],
        )
        db.execute(
            recipient.insert(),
            [
                {"recipient_id": one.recipient_id, "municipality_id": key, "addr": one.address}
                for key, one in found
            ],
        )
    return tuple(found)
