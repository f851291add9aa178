"""A sender killed or stopped at every point of its way."""

from __future__ import annotations

import pytest

from faults.failpoints import POINTS, Failpoint
from faults.rounds import ROUNDS, chance
from faults.worker import again_until_done, orders, start
from faults.world import World, scope


@pytest.mark.parametrize("where", POINTS)
def test_killed_anywhere_and_run_again_everybody_has_one_letter(world: World, where: str, tell):
    dice = chance(where, world.engine.dialect.name)
    for number in range(ROUNDS):
        occasion = f"2021/{number}"
        world.plan(3, occasion)
        letter = 1 if where == "F13 in QUIT" else dice.randint(1, 3)
        point = Failpoint(where, letter, dice.uniform(0, 0.02))
        ended = start(world, orders(world, scope(occasion), failpoint=point)).wait()
        assert ended.was_killed, ended
        again_until_done(world, scope(occasion), occasion)
    world.kills = ROUNDS
    verdict = world.verdict()
    tell(where, world.engine.dialect.name, verdict)
    assert verdict.is_clean, verdict
    assert verdict.accepted_by_server == 3 * ROUNDS
