"""One whole March on real parts: files, SQLite, an SMTP server on the loopback."""

from __future__ import annotations

import email
import email.policy
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

from bench.stages import Place
from roadmap.evidence.request import RunRequest
from roadmap_cli.airflow_api import wait_until
from roadmap_cli.environment import Ports, demo_environment
from roadmap_cli.processes import background, is_free, python
from roadmap_demo.mailbox import is_ours

MARCH = RunRequest("2021", "march_analysis", "live", None, None, (), None, "tests")


def free_ports() -> Ports:
    """Neighbouring ports of the loopback that nobody listens on.

    Each process begins elsewhere: tests of two work trees at once must not meet.
    """
    start = 20_000 + os.getpid() % 1000 * 10
    return next(
        Ports(base) for base in range(start, start + 2000, 10) if all(map(is_free, Ports(base).all))
    )


@dataclass(frozen=True)
class Letters:
    """The mailbox: what really reached the mail server."""

    folder: Path

    def all(self) -> list[EmailMessage]:
        return [
            email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            for path in sorted(self.folder.glob("*.eml"))
        ]

    def subjects(self) -> list[str]:
        return [str(letter["Subject"]) for letter in self.all()]


@contextmanager
def mailbox(folder: Path, ports: Ports) -> Iterator[Letters]:
    """The demo's mail server for the time of a test."""
    env = demo_environment(folder / "home", ports, folder)
    command = python(
        "roadmap_demo.mailbox", "--port", str(ports.mail), "--folder", str(folder / "mailbox")
    )
    with background(command, env, folder / "mailbox.log"):
        assert wait_until(lambda: is_ours(ports.mail, folder / "mailbox"), 20, every=0.1)
        yield Letters(folder / "mailbox")


@dataclass(frozen=True)
class March:
    """A place with the demo's files in its inbox, and its mailbox."""

    place: Place
    letters: Letters
