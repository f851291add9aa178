"""The ledger and the real sender under random workers, operators, reapers, planners and clocks.

`ledger_machine` drives them and looks at the invariants after every step; here it is run on
the code as it is, where it must find nothing, and on each of `ledger_mutants`, where it must
find something: a test of interleavings that nothing can fail proves nothing.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, Verbosity, settings
from hypothesis.stateful import run_state_machine_as_test
from sqlalchemy import Engine

from faults.rounds import IS_LONG
from support.ledger_machine import LedgerMachine, World, Wrong, world_in
from support.ledger_mutants import MUTANTS, Mutant

# In the long version (`make faults`) many times as many programs are drawn.
PROGRAMS = 4000 if IS_LONG else 100
PROGRAMS_ON_POSTGRESQL = 1000 if IS_LONG else 50
# Within so many programs each mutant is found; nearly all within a few dozen, but hypothesis
# draws otherwise where other modules are loaded. Those that always take more than a hundred
# have tests of their own elsewhere, and are left to the long version.
AT_MOST = 2000
RARE = ("what was given up is planned again",)
# So many of one seed, then the next: hypothesis varies what it drew, and so stays near it.
_OF_ONE_SEED = 25


@pytest.fixture(scope="module")
def sqlite_world(
    tmp_path_factory: pytest.TempPathFactory, _sqlite_with_tables: Path
) -> Iterator[World]:
    path = tmp_path_factory.mktemp("machine") / "roadmap.db"
    shutil.copyfile(_sqlite_with_tables, path)
    with world_in(f"sqlite:///{path}") as made:
        yield made


@pytest.fixture
def world(sqlite_world: World) -> World:
    LedgerMachine.world = sqlite_world
    return sqlite_world


@pytest.fixture
def postgres_world(postgres_engine: Engine) -> Iterator[World]:
    with world_in(postgres_engine.url.render_as_string(hide_password=False)) as made:
        LedgerMachine.world = made
        yield made


def run_programs(most: int, *phases: Phase) -> None:
    """The same programs each time; Wrong, with the program, at the first that finds something."""
    LedgerMachine.programs = 0
    LedgerMachine.seen.clear()
    for seed in range(most // _OF_ONE_SEED):
        LedgerMachine._hypothesis_internal_use_seed = seed  # as hypothesis.seed() would set it
        run_state_machine_as_test(
            LedgerMachine,
            settings=settings(
                max_examples=_OF_ONE_SEED,
                stateful_step_count=25,
                deadline=None,
                database=None,
                phases=phases,
                report_multiple_bugs=False,
                verbosity=Verbosity.normal if Phase.shrink in phases else Verbosity.quiet,
                suppress_health_check=list(HealthCheck),
            ),
        )


def test_whatever_the_interleaving_no_letter_is_doubled_lost_or_falsely_accepted(world: World):
    run_programs(PROGRAMS, Phase.generate, Phase.shrink)
    # It came to every state that this machine can lead to, or it proved nothing of it.
    every = {"ready", "claimed", "in_doubt", "accepted", "retry", "unknown", "rejected"}
    assert (every | {"cancelled", "bounced"}) - set(LedgerMachine.seen) == set()
    assert LedgerMachine.programs >= PROGRAMS


@pytest.mark.postgres
def test_on_postgresql_no_letter_is_doubled_lost_or_falsely_accepted_either(postgres_world: World):
    run_programs(PROGRAMS_ON_POSTGRESQL, Phase.generate)
    assert LedgerMachine.programs >= PROGRAMS_ON_POSTGRESQL
    assert {"accepted", "unknown"} <= set(LedgerMachine.seen)


@pytest.mark.parametrize(
    "mutant", [one for one in MUTANTS if IS_LONG or one.name not in RARE], ids=str
)
def test_a_broken_ledger_sender_or_planner_is_found(
    world: World, mutant: Mutant, tmp_path: Path, record_property: Callable[[str, object], None]
):
    with mutant.alive(tmp_path), pytest.raises(Wrong) as found:
        run_programs(AT_MOST, Phase.generate)
    print(f"{mutant}: found by program {LedgerMachine.programs}: {found.value}")
    record_property("programs", LedgerMachine.programs)


def test_there_are_mutants_of_every_part():
    """Of the ledger's SQL and Python, the sender, the transport, the planner, the operator."""
    places = {
        place if isinstance(place, str) else place[0].__name__.rpartition(".")[2]
        for mutant in MUTANTS
        for place in (change.place for change in mutant.changes)
    }
    parts = {"mark_in_doubt", "claim", "moves", "_Letter", "SmtpTransport", "planning", "settle"}
    assert parts <= places
    names = {mutant.name for mutant in MUTANTS}
    assert len(names) == len(MUTANTS) >= 20
    assert names.issuperset(RARE)
