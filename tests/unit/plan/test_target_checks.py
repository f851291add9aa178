"""What a plan may not say of its targets: fields that contradict each other."""

from __future__ import annotations

import pytest

from roadmap.plan.load import examine
from support.plans import TARGETS_PLANS

GOOD = (TARGETS_PLANS / "2021.yaml").read_text(encoding="utf-8")
M = "measures"
WRONG = {
    "no target": ("        target: 10\n", "", f"{M}[0].indicators[0].target", "цели нет"),
    "a share of nothing that is to be reached": (
        "bound: at_most\n        target: 10", "target: 0", f"{M}[0].indicators[0].target",
        "больше 0",
    ),
    "all that may be": (
        "target: 10\n", "target: 100\n", f"{M}[0].indicators[0].target", "меньше 100"
    ),
    "half a school": (
        "target: 0\n", "target: 0.5\n", f"{M}[0].indicators[1].target", "целым числом"
    ),
    "two targets": (
        "quarter_targets: {1: 10", "target: 40\n        quarter_targets: {1: 10",
        f"{M}[1].indicators[0].quarter_targets", "стоят одни",
    ),
    "a total that falls": (
        "{1: 10, 2: 25, 4: 40}", "{1: 10, 2: 5}", f"{M}[1].indicators[0].quarter_targets",
        "нарастающим итогом",
    ),
    "a fifth quarter of one year": (
        "4: 40}", "5: 40}", f"{M}[1].indicators[0].quarter_targets", "с 1 по 4"
    ),
    "a sum of what is no value": (
        "sql: reported_values\n\n  - number: 3", "sql: events_held\n\n  - number: 3",
        f"{M}[1].indicators[0].sql", "values: true",
    ),
    "an unknown municipality": (
        "rechnoy: 120}", "rechnoy: 120, gorny: 1}", f"{M}[2].indicators[0].targets.gorny",
        "«gorny» в области нет",
    ),
    "a municipality left out": (
        ", rechnoy: 120}", "}", f"{M}[2].indicators[0].targets", "rechnoy"
    ),
    "shares of municipalities without one of the region": (
        "        target: 10\n", "        targets: {lesnoy: 5, rechnoy: 6}\n",
        f"{M}[0].indicators[0].targets", "и для региона (region)",
    ),
    "a change of who knows what": (
        "        change_of: share\n", "", f"{M}[3].indicators[0].change_of", "share"
    ),
    "a change from nothing": (
        "        baseline_on: 2020-12-31\n", "", f"{M}[3].indicators[0].baseline", "одно из двух"
    ),
    "a change from what is to come": (
        "2020-12-31", "2022-12-31", f"{M}[3].indicators[0].baseline_on", "позже года плана"
    ),
    "a baseline of what does not change": (
        "        target: 10\n", "        target: 10\n        baseline: 5\n",
        f"{M}[0].indicators[0].baseline", "только у изменения",
    ),
    "half a teacher before": (
        "lesnoy: 12,", "lesnoy: 12.5,", f"{M}[3].indicators[1].baseline.lesnoy", "целым"
    ),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "path", "says"), WRONG.values(), ids=WRONG)
def test_what_contradicts_itself_is_told_by_its_place(
    old: str, new: str, path: str, says: str
) -> None:
    assert old in GOOD
    _, problems = examine(GOOD.replace(old, new, 1).encode())
    told = {problem.path: problem.text for problem in problems}
    assert says in told[path], told


def test_numbers_of_municipalities_need_an_indicator_that_counts_them() -> None:
    of_region = GOOD.replace(
        "many: участников}\n        slice: municipality", "many: участников}\n        slice: region"
    )
    assert of_region != GOOD
    _, problems = examine(of_region.encode())
    (problem,) = problems
    assert problem.path == "measures[2].indicators[0].targets"
    assert "по региону целиком" in problem.text


def test_a_limit_may_fall_from_quarter_to_quarter() -> None:
    falling = GOOD.replace(
        "bound: at_most\n        target: 10",
        "bound: at_most\n        quarter_targets: {1: 12, 2: 10}",
    )
    assert falling != GOOD
    assert examine(falling.encode())[1] == ()
