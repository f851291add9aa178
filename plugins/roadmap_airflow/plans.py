"""The plans as DAG files see them: read once per process, broken ones left out."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from roadmap.plan.model import Plan


@cache
def valid_plans() -> tuple[Plan, ...]:
    """Every valid plan of include/plans; a broken one is told and stops no other."""
    from roadmap.plan.load import load_plans

    plans, errors = load_plans()
    for error in errors:
        logging.getLogger("roadmap").error("%s", error)
    return tuple(plans)


def plans_with(phase: str) -> tuple[Plan, ...]:
    """The valid plans that have this phase."""
    return tuple(plan for plan in valid_plans() if any(p.code == phase for p in plan.phases))


def plan_titles(plans: Iterable[Plan]) -> dict[str, str]:
    """By their codes, as the forms offer them."""
    return {
        plan.code: f"{plan.year} год"
        if plan.code == str(plan.year)
        else f"{plan.year} год, {plan.code}"
        for plan in plans
    }


def phase_datasets(phase: str) -> list[str]:
    """The datasets that this phase reads in any plan, needed ones first."""
    wanted: dict[str, None] = {}
    for plan in plans_with(phase):
        datasets = plan.phase(phase).datasets
        wanted |= dict.fromkeys(datasets.needed + datasets.told)
    return list(wanted)
