"""The plans that tests stand on, so that the operator's may be edited."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from roadmap.plan.load import load_plan, plan_json
from roadmap.plan.model import Plan

SMALL_PLANS = Path(__file__).parent / "small_plan"
WHOLE_PLANS = Path(__file__).parent / "whole_plan"
TARGETS_PLANS = Path(__file__).parent / "targets_plan"


@cache
def small_plan() -> Plan:
    """The plan of tests/support/small_plan/2021.yaml, read as the operator's is."""
    return load_plan("2021", SMALL_PLANS)


@cache
def whole_plan() -> Plan:
    """The plan of a whole year that golden reports are of, with every measure of the order."""
    return load_plan("2021", WHOLE_PLANS)


@cache
def targets_plan() -> Plan:
    """The plan with an indicator of each kind of target, all of reported values."""
    return load_plan("2021", TARGETS_PLANS)


def of_before_regions(plan: Plan) -> bytes:
    """The plan as runs kept it when a plan held the fields of its region itself."""
    said = json.loads(plan_json(plan))
    region = said.pop("region")
    operator = region.pop("operator")
    del region["phone_forms"]
    said |= {f"operator_{name}": value for name, value in operator.items()}
    said |= {"region_name": region.pop("name"), **region}
    said["reminders"]["run_at"] = "10:00:00"
    said["order"]["issued_by"] = "департамента"
    return json.dumps(said, ensure_ascii=False).encode()
