"""The whole demo year on real parts, step by step as `make run` goes, without Airflow."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from bench.stages import Place, run_stages
from roadmap.delivery.account.reconcile import Reconciliation
from roadmap.delivery.settings import Patience, settings_from
from roadmap.store.engine import open_engine
from roadmap.store.migrate import upgrade
from roadmap_cli.demo_year import steps
from roadmap_cli.environment import demo_environment
from roadmap_demo.generate import generate
from support.mail_client import plain
from support.march_world import MARCH, Letters, free_ports, mailbox


@dataclass(frozen=True)
class YearStep:
    """One run of the year and what it saw.

    `folder` holds `<year>/` (the inbox), `portal.db` and `mailbox/` (what had been sent
    before) as they lay there when the run began.
    """

    phase: str
    until: date
    folder: Path
    outcome: Reconciliation


@dataclass(frozen=True)
class Year:
    place: Place
    letters: Letters
    steps: tuple[YearStep, ...]

    @property
    def database(self) -> Path:
        return self.place.var / "roadmap.db"


@contextmanager
def whole_year(var: Path) -> Iterator[Year]:
    """The year is over; its mail server goes on until the end of the block."""
    engine = open_engine(f"sqlite:///{var / 'roadmap.db'}")
    upgrade(engine)
    ports = free_ports()
    with mailbox(var, ports) as letters:
        settings = settings_from(demo_environment(var / "home", ports, var))
        place = Place(engine, var, plain(ports.mail, Patience()), settings)
        done = []
        for step in steps():
            generate(var / "inbox", 2021, until=step.until)
            seen = _keep(var, var / "seen" / step.until.isoformat())
            request = dataclasses.replace(MARCH, phase=step.phase)
            done.append(YearStep(step.phase, step.until, seen, run_stages(place, request)))
        yield Year(place, letters, tuple(done))
    engine.dispose()


def _keep(var: Path, folder: Path) -> Path:
    """A copy of what lies there now: later steps replace files."""
    shutil.copytree(var / "inbox", folder)
    shutil.copytree(var / "mailbox", folder / "mailbox")
    shutil.copyfile(var / "portal.db", folder / "portal.db")
    return folder
