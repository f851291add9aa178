"""Attacks on receipts, replies, limits of time and the operator's mail, and broken code for each.

They find nothing wrong with the code as it is, on both databases, and something with every mutant.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine

from support.delivery_attacks import MUTANTS, Attack
from support.ledger_machine import Wrong
from support.ledger_mutants import Mutant

PAIRS = [(attack, mutant) for attack, mutants in MUTANTS.items() for mutant in mutants]


@pytest.mark.parametrize("attack", MUTANTS, ids=lambda one: one.__name__)
def test_no_attack_gets_through(any_engine: Engine, tmp_path: Path, attack: Attack):
    attack(any_engine, tmp_path)


@pytest.mark.parametrize(("attack", "mutant"), PAIRS, ids=[str(mutant) for _, mutant in PAIRS])
def test_each_broken_code_is_found_by_its_attack(
    engine: Engine,
    tmp_path: Path,
    attack: Attack,
    mutant: Mutant,
    record_property: Callable[[str, object], None],
):
    sql_files, world = tmp_path / "sql", tmp_path / "world"
    sql_files.mkdir()
    world.mkdir()
    with mutant.alive(sql_files), pytest.raises(Wrong) as found:
        attack(engine, world)
    print(f"{mutant}: found by {attack.__name__}: {found.value}")
    record_property("found_by", attack.__name__)


def test_every_attack_has_broken_code_that_it_finds():
    assert all(MUTANTS.values())
    assert len({mutant.name for _, mutant in PAIRS}) == len(PAIRS) >= 15
