"""The ledger and the real sender under random workers, operators, reapers, planners and clocks.

`ledger_machine` drives them and looks at the invariants after every step; here it is run on
the code as it is, where it must find nothing, and on each of `ledger_mutants`, where it must
find something: a test of interleavings that nothing can fail proves nothing.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from ledger_machine import LedgerMachine, World, world_in
from ledger_mutants import MUTANTS, Mutant

# In the long version (`make faults`) hundreds of times as many programs are drawn.
IS_LONG = int(os.environ.get("FAULTS_ROUNDS") or 3) >= 20
PROGRAMS = 4000 if IS_LONG else 120
AT_MOST = 2000 if IS_LONG else 400
# Found within seconds; the others need rarer meetings, and so the long version.
QUICK = (
    "no fence",
    "the reaper returns in_doubt to retry",
    "the run is in the key",
    "a lost reply is tried again",
    "no frozen check",
    "the same epoch once more",
    "an event that tells nothing",
    "the dot goes before arming",
    "not now is taken for never",
    "never is taken for not now",
    "what was accepted is planned again",
)


@pytest.fixture
def world(tmp_path: Path, _sqlite_with_tables: Path) -> Iterator[World]:
    path = tmp_path / "roadmap.db"
    shutil.copyfile(_sqlite_with_tables, path)
    with world_in(path) as made:
        LedgerMachine.world = made
        yield made


def run_programs(most: int, phases: tuple[Phase, ...]) -> None:
    run_state_machine_as_test(
        LedgerMachine,
        settings=settings(
            max_examples=most,
            stateful_step_count=25,
            deadline=None,
            database=None,
            derandomize=True,
            phases=phases,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_whatever_the_interleaving_no_letter_is_doubled_lost_or_falsely_accepted(world: World):
    LedgerMachine.seen.clear()
    run_programs(PROGRAMS, (Phase.generate, Phase.shrink))
    # It came to every state that this machine can lead to, or it proved nothing of it.
    reached = {"accepted", "unknown", "retry", "rejected", "cancelled", "in_doubt"}
    assert reached <= set(LedgerMachine.seen)


@pytest.mark.parametrize(
    "mutant", [one for one in MUTANTS if IS_LONG or one.name in QUICK], ids=str
)
def test_a_broken_ledger_or_sender_is_found(world: World, mutant: Mutant, tmp_path: Path):
    folder = tmp_path / "sql"
    folder.mkdir()
    with mutant.alive(folder), pytest.raises(BaseException):  # noqa: B017 - any finding
        run_programs(AT_MOST, (Phase.generate,))
