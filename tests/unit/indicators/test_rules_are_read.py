"""Whatever the plan says of an indicator has an effect: some query or some code reads it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from roadmap.paths import SQL
from roadmap.plan.due import MonitoringRules
from roadmap.plan.load import load_plan
from roadmap.plan.model import Indicator, Measure

PLAN = load_plan("2021")
# Which measures a monitoring counts, by which indicators what runs all year is judged, and on
# which stage of the monitoring of changes an event is: queries bind it as `changes_stage`.
READ_BY_CODE = {*MonitoringRules.model_fields, "interim_indicators", "event_on_stage"}
RULES = [(m, name, value) for m in PLAN.measures for name, value in m.rules.items()]


def queries(measure: Measure, indicator: Indicator) -> Iterator[str]:
    if "components" in measure.rules:
        yield (SQL / "analysis" / "recommendations.sql").read_text(encoding="utf-8")
    for stem in {part.sql or indicator.sql for part in indicator.parts} or {indicator.sql}:
        assert stem is not None
        yield (SQL / "indicators" / stem / "units.sql").read_text(encoding="utf-8")


def binds(text: str, name: str) -> bool:
    return re.search(rf":{name}\b", text) is not None


@pytest.mark.parametrize(
    ("measure", "name", "value"), RULES, ids=[f"{m.number} {n}" for m, n, _ in RULES]
)
def test_every_rule_is_read(measure: Measure, name: str, value: object) -> None:
    if name in READ_BY_CODE:
        return
    texts = [text for indicator in measure.indicators for text in queries(measure, indicator)]
    if isinstance(value, tuple):
        assert any(f"rule = '{name}'" in text for text in texts)
    else:
        assert any(binds(text, name) for text in texts)


def test_every_parameter_is_bound() -> None:
    bound = 0
    for measure in PLAN.measures:
        for indicator in measure.indicators:
            given = {*indicator.parameters, *(n for p in indicator.parts for n in p.parameters)}
            texts = list(queries(measure, indicator))
            for name in given:
                assert any(binds(text, name) for text in texts), (indicator.code, name)
                bound += 1
    assert bound > 20


def test_there_are_rules_of_each_kind() -> None:
    assert any(name in READ_BY_CODE for _, name, _ in RULES)
    assert any(isinstance(value, tuple) and name not in READ_BY_CODE for _, name, value in RULES)
    assert any(not isinstance(value, tuple) for _, _, value in RULES)
