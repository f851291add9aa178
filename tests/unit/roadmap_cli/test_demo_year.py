"""`make run` says how long it still takes, by what its own steps took."""

from __future__ import annotations

import pytest

from roadmap_cli.demo_year import time_left


@pytest.mark.parametrize(
    ("took", "steps_left", "told"),
    [
        ([], 6, ""),  # nothing measured, nothing promised
        ([60], 5, ", осталось около 5 минут"),
        ([60, 120], 4, ", осталось около 6 минут"),
        ([252], 5, ", осталось около 21 минуты"),
        ([10], 1, ", осталось около 1 минуты"),
    ],
)
def test_what_is_left_is_told_by_the_steps_that_were_run(
    took: list[float], steps_left: int, told: str
):
    assert time_left(took, steps_left).replace("\xa0", " ") == told
