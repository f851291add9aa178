"""Chance as an enemy: senders killed and stopped at any moment, a server of many moods.

Every throw comes from one seed. What the kernel makes of it does not: the moments are real.
"""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from faults.worker import Worker, again_until_done, orders, start
from faults.world import SETTINGS, CountingServer, World, scope

# Of a hundred throws: what happens next to one of the senders.
KILLED, STOPPED, CRASHED = 55, 15, 8
PAUSE_SECONDS = (0.02, 0.12)
SENDERS = 4
SMALL = 20_000
MOODS = ("accept",) * 12 + (
    "rst_after_dot",
    "accept_then_rst",
    "451_dot",
    "421_dot",
    "garbage",
    "450_rcpt",
    "rst_body",
    "rst_data",
    "421_in_body",
    "close_after",
    "252_rcpt",
)
# Chance makes more trouble than a pause of the occasion is meant for.
UNPAUSED = replace(SETTINGS, pause_after_rejected=10**6, pause_after_unknown=10**6)
# So short that the living lose theirs to the reaper, too.
LEASE_MS, IN_DOUBT_LEASE_MS = 300, 1500
PATIENCE_SECONDS = 60.0


@dataclass
class Havoc:
    """What the enemy did."""

    kills: int = 0
    stops: int = 0
    crashes: int = 0

    def __add__(self, other: Havoc) -> Havoc:
        return Havoc(
            self.kills + other.kills, self.stops + other.stops, self.crashes + other.crashes
        )

    def is_at_least(self, other: Havoc) -> bool:
        return (
            self.kills >= other.kills
            and self.stops >= other.stops
            and self.crashes >= other.crashes
        )


def moods(dice: random.Random) -> Callable[[], str]:
    return lambda: dice.choice(MOODS)


def rage(
    world: World,
    occasion: str,
    dice: random.Random,
    seconds: float,
    crash: Callable[[], None] | None = None,
) -> Havoc:
    """Senders at work and an enemy among them for so long; none of them is alive afterwards.

    `crash`, now and then, ends the database and starts it again. However slow the machine, it
    goes on until it has done the least that makes it an enemy.
    """
    done = Havoc()
    least = Havoc(kills=6, stops=1, crashes=0 if crash is None else 1)
    crew = [_sender(world, occasion, number) for number in range(SENDERS)]
    stopped: list[tuple[float, Worker]] = []
    give_up = time.monotonic() + seconds
    while time.monotonic() < give_up or not done.is_at_least(least):
        if time.monotonic() > give_up + PATIENCE_SECONDS:
            raise TimeoutError(f"no enemy: {done}")
        time.sleep(dice.uniform(*PAUSE_SECONDS))
        now = time.monotonic()
        for waking, one in stopped:
            if waking <= now:
                one.go_on()
        stopped = [(waking, one) for waking, one in stopped if waking > now]
        number = dice.randrange(SENDERS)
        throw = dice.randrange(100)
        if crew[number].is_over:
            crew[number].wait()
            # Who comes later comes at a later time of day: what waits is due.
            world.let_pass(60_000)
            crew[number] = _sender(world, occasion, number)
        elif throw < KILLED:
            stopped = [(waking, one) for waking, one in stopped if one is not crew[number]]
            done.kills += crew[number].kill().code == -signal.SIGKILL
            crew[number] = _sender(world, occasion, number)
        elif throw < KILLED + STOPPED:
            crew[number].signal(signal.SIGSTOP)
            stopped.append((now + dice.uniform(0.1, 1.6), crew[number]))
            done.stops += 1
        elif crash is not None and throw >= 100 - CRASHED:
            crash()
            done.crashes += 1
    for _, one in stopped:
        one.go_on()
    for one in crew:
        done.kills += one.kill().code == -signal.SIGKILL
    return done


def heal(world: World, server: CountingServer, occasion: str) -> None:
    """The server is itself again, time passes, senders run until nothing is left."""
    server.plan.clear()
    server.default = "accept"
    again_until_done(world, scope(occasion), occasion, settings=UNPAUSED)


def _sender(world: World, occasion: str, number: int) -> Worker:
    given = orders(
        world, scope(occasion), actor=f"sender-{number}", settings=UNPAUSED,
        lease_ms=LEASE_MS, in_doubt_lease_ms=IN_DOUBT_LEASE_MS, keep_trying_seconds=5.0,
    )  # fmt: skip
    return start(world, given)
