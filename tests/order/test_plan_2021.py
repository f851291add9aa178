"""How the plan of 2021 reads the order: indicators, phases, what stands outside which letter."""

from __future__ import annotations

import pytest

from roadmap.plan.checks import contradictions
from roadmap.plan.due import monitoring_rules
from roadmap.plan.load import load_plan, load_plans
from roadmap.plan.model import IndicatorKind, Slice

PLAN = load_plan("2021")
INDICATORS = {
    indicator.code: indicator for measure in PLAN.measures for indicator in measure.indicators
}


def test_the_shipped_plans_are_valid() -> None:
    plans, errors = load_plans()
    assert errors == ()
    assert [plan.year for plan in plans] == [2021]


def test_every_indicator_of_the_order_is_declared() -> None:
    assert list(INDICATORS) == [
        "1.1", "2.1", "2.2", "3.1", "3.2", "4.1", "4.2", "5.0", "5.1", "6.1", "6.2", "6.3",
        "7.1", "7.2", "8.1", "8.2", "9.1", "9.2", "10.1", "11.1", "12.1", "13.1", "13.2",
        "13.3", "14.1", "14.2", "15.1", "16.1", "17.1", "17.2", "17.3",
    ]  # fmt: skip


def test_every_indicator_is_counted_by_a_query() -> None:
    for code, indicator in INDICATORS.items():
        stems = {part.sql or indicator.sql for part in indicator.parts} or {indicator.sql}
        assert None not in stems, code


@pytest.mark.parametrize(("code", "target"), [("8.1", 14), ("8.2", 5), ("10.1", 5), ("16.1", 20)])
def test_counts_have_the_orders_numbers(code: str, target: int) -> None:
    assert INDICATORS[code].kind is IndicatorKind.COUNT
    assert INDICATORS[code].target == target
    assert INDICATORS[code].slice is Slice.REGION


def test_a_letter_does_not_speak_of_its_own_sending() -> None:
    """Else sending a report would change the report."""
    outside = {code: i.outside_letter_of for code, i in INDICATORS.items() if i.outside_letter_of}
    march, june, august = ("march_analysis",), ("june_monitoring",), ("august_analysis",)
    assert outside == {
        "5.0": march, "5.1": march, "7.1": march, "7.2": march, "13.2": june, "13.3": june,
        "14.1": august, "14.2": august, "17.2": ("september_monitoring",),
    }  # fmt: skip
    ledger = {code for code, i in INDICATORS.items() if i.measured_from == "ledger"}
    assert ledger == {"5.0", "7.1", "7.2", "13.2", "13.3", "14.1", "14.2", "17.2"}


def test_all_participants_means_each_of_three_groups() -> None:
    for code in ("13.1", "17.1"):
        assert [part.code for part in INDICATORS[code].parts] == [
            "coordinator", "curator", "school",
        ]  # fmt: skip


def test_a_shortfall_can_be_said_in_every_number() -> None:
    for indicator in INDICATORS.values():
        for unit in (indicator.unit, *(part.unit for part in indicator.parts)):
            assert len({unit.one, unit.many}) == 2, indicator.code


def test_a_municipality_is_asked_for_whatever_it_can_do_itself() -> None:
    """Not for what the operator sends (5.0), nor for the monitorings, which sum up the rest."""
    sliced = {code for code, i in INDICATORS.items() if i.slice is Slice.MUNICIPALITY}
    asked = {code for code, i in INDICATORS.items() if i.recommendation}
    assert sliced - asked == {"5.0", "12.1", "15.1"}
    assert asked <= sliced


def test_what_a_letter_first_asks_for_can_still_be_done_by_its_date() -> None:
    for measure in PLAN.measures:
        for indicator in measure.indicators:
            if indicator.recommendation is None:
                continue
            first = next(
                phase
                for phase in PLAN.phases
                if measure.number in phase.reports and phase.code not in indicator.outside_letter_of
            )
            assert first.as_of < indicator.recommendation.due, indicator.code


def test_phases_own_and_report() -> None:
    assert {phase.code: phase.owns for phase in PLAN.phases} == {
        "march_analysis": ("5", "6", "7", "8"),
        "june_monitoring": ("12", "13"),
        "august_analysis": ("14",),
        "september_monitoring": ("15",),
        "december_summary": ("10", "16", "17"),
    }
    owned = {number for phase in PLAN.phases for number in phase.owns}
    numbers = {str(number) for number in range(1, 18)}
    assert numbers - owned == {"1", "2", "3", "4", "9", "11"}
    assert {number for phase in PLAN.phases for number in phase.reports} == numbers


def test_march_has_no_oge_because_there_was_none_in_2020() -> None:
    march = {item.kind: item for item in PLAN.phase("march_analysis").procedures}
    assert set(march) == {"vpr", "ege", "rdr", "oge"}
    assert march["oge"].not_held
    assert not any(march[kind].not_held for kind in ("vpr", "ege", "rdr"))
    assert not any(item.not_held for item in PLAN.phase("august_analysis").procedures)


def test_monitoring_does_not_count_itself() -> None:
    for number in ("12", "15"):
        assert number in monitoring_rules(PLAN.measure(number)).exclude


@pytest.mark.parametrize("code", ["7.2", "13.3", "14.2"])
def test_that_a_school_s_receipt_is_not_checked_is_said_while_the_rule_is_optional(
    code: str,
) -> None:
    measure = PLAN.measure(code.partition(".")[0])
    assert measure.rules["acknowledgement"] == "optional"
    (waiver,) = measure.waivers
    assert waiver.indicator == code
    assert "школой не проверяется" in waiver.sentence
    # With «required» it is checked, and a waiver that is left contradicts the rule.
    strict = measure.model_copy(update={"rules": {**measure.rules, "acknowledgement": "required"}})
    others = tuple(one for one in PLAN.measures if one.number != measure.number)
    plan = PLAN.model_copy(update={"measures": (*others, strict)})
    problems = [one.text for one in contradictions(plan, lambda _: True)]
    assert sum("оговорка не нужна" in text for text in problems) == 1


def test_a_past_year_is_closed() -> None:
    """The scheduler of a new installation must not send letters of 2021 by itself."""
    assert PLAN.closed


def test_the_region_has_29_municipalities() -> None:
    assert len(PLAN.municipalities) == 29
    names = {item.id: item.name for item in PLAN.municipalities}
    assert names["buyskiy"] == "Буйский муниципальный район"
    assert names["neyskiy"] == "муниципальный район город Нея и Нейский район"
