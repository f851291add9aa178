"""Targets that other roadmaps have: «не более», 0, by municipality, by quarter, sums, changes."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from roadmap.indicators.read import IndicatorResult, indicator_results
from roadmap.indicators.status import Baseline, Reading, Status, change, is_partly, shortfall
from roadmap.indicators.targets import judged_quarter, target_of, window_of
from roadmap.indicators.units import Required, reading_of_values
from roadmap.plan.due import due_date
from roadmap.plan.model import Bound, Indicator, IndicatorKind
from support.plans import targets_plan
from support.reported_values import LESNOY, RECHNOY, REGION, VALUES, Value, run_of_values

SHARE, COUNT, SUM, CHANGE = (
    IndicatorKind.SHARE,
    IndicatorKind.COUNT,
    IndicatorKind.SUM,
    IndicatorKind.CHANGE,
)
AT_LEAST, AT_MOST = Bound.AT_LEAST, Bound.AT_MOST
INDICATORS = {i.code: i for measure in targets_plan().measures for i in measure.indicators}

numbers = st.integers(0, 500)
tenths = st.integers(-1000, 1000).map(lambda n: n / 10)
bounds = st.sampled_from(Bound)


@st.composite
def shares(draw: st.DrawFn) -> tuple[int, int]:
    whole = draw(st.integers(1, 500))
    return draw(st.integers(0, whole)), whole


# -- Arithmetic ------------------------------------------------------------------------------


@given(share=shares(), target=st.integers(0, 1000).map(lambda n: n / 10), bound=bounds)
def test_a_share_misses_its_target_exactly_when_it_lies_on_the_wrong_side(
    share: tuple[int, int], target: float, bound: Bound
) -> None:
    missing = shortfall(SHARE, target, Reading(*share), bound)
    exact, goal = Fraction(100 * share[0], share[1]), Fraction(str(target))
    is_met = exact >= goal if bound is AT_LEAST else exact <= goal
    assert missing is not None
    assert (missing == 0) == is_met
    # So many units less, or more, meet it, and one unit less of them does not.
    way = 1 if bound is AT_LEAST else -1
    for step, met in ((missing, True), (missing - 1, False)):
        if missing:
            moved = Fraction(100 * (share[0] + way * step), share[1])
            assert (moved >= goal if bound is AT_LEAST else moved <= goal) == met


@given(now=shares(), before=shares(), target=tenths, bound=bounds)
def test_a_change_of_shares_is_in_points_of_the_exact_shares(
    now: tuple[int, int], before: tuple[int, int], target: float, bound: Bound
) -> None:
    reading = Reading(*now, baseline=Baseline(*before))
    exact = 100 * (Fraction(*now) - Fraction(*before))
    assert change(reading) == exact
    goal = Fraction(str(target))
    is_met = exact >= goal if bound is AT_LEAST else exact <= goal
    assert (shortfall(CHANGE, target, reading, bound) == 0) == is_met


@given(now=numbers, before=numbers, target=st.integers(-50, 50), bound=bounds)
def test_a_change_of_numbers_is_their_difference(
    now: int, before: int, target: int, bound: Bound
) -> None:
    reading = Reading(now, None, baseline=Baseline(before, None))
    assert change(reading) == now - before
    lacks = before + target - now
    assert shortfall(CHANGE, target, reading, bound) == max(
        0, lacks if bound is AT_LEAST else -lacks
    )


@given(number=numbers)
def test_a_target_of_none_at_all_is_met_by_none_and_not_without_data(number: int) -> None:
    assert shortfall(COUNT, 0, Reading(number, None), AT_MOST) == number
    assert shortfall(COUNT, 0, Reading(None, None), AT_MOST) is None
    assert shortfall(SHARE, 0, Reading(0, 0), AT_MOST) is None  # a share of nothing is no data


def test_what_is_above_the_most_allowed_is_not_done_in_part() -> None:
    assert not is_partly(SHARE, 10, Reading(3, 15), AT_MOST)
    assert is_partly(COUNT, 30, Reading(28, None), AT_LEAST)


@pytest.mark.parametrize(("now", "partly"), [(24, True), (30, False), (33, False)])
def test_a_change_is_done_in_part_when_it_went_the_right_way(now: int, partly: bool) -> None:
    reading = Reading(now, 150, baseline=Baseline(30, 150))
    assert is_partly(CHANGE, -5, reading, AT_MOST) == partly


def test_a_change_from_a_share_of_nothing_is_no_data() -> None:
    reading = Reading(3, 15, baseline=Baseline(0, 0))
    assert change(reading) is None
    assert shortfall(CHANGE, -5, reading, AT_MOST) is None


# -- Sums of what was reported ---------------------------------------------------------------


def reported(place: str, day: str, number: int, known: bool = True) -> Required:
    return Required(place, "value", day, day, known, numerator=number)


rows = st.lists(
    st.builds(
        reported,
        st.sampled_from([LESNOY, RECHNOY]),
        st.dates(date(2021, 1, 1), date(2021, 12, 31)).map(date.isoformat),
        numbers,
    ),
    min_size=1,
    max_size=8,
)


@given(rows=rows, target=st.integers(1, 900))
def test_a_sum_is_met_on_the_first_day_on_which_it_reached_its_target(
    rows: list[Required], target: int
) -> None:
    reading = reading_of_values(rows, SUM, target, AT_LEAST)
    assert reading.numerator == sum(row.numerator or 0 for row in rows)
    days = sorted({row.met_on or "" for row in rows})
    enough = [
        day
        for day in days
        if sum(r.numerator or 0 for r in rows if (r.met_on or "") <= day) >= target
    ]
    assert reading.met_on == date.fromisoformat(enough[0] if enough else days[-1])


@pytest.mark.parametrize(
    ("kind", "bound", "found"),
    [(COUNT, AT_LEAST, 5), (SUM, AT_LEAST, 5), (COUNT, AT_MOST, None), (CHANGE, AT_LEAST, None)],
)
def test_what_one_place_reported_is_so_much_of_a_number_and_nothing_of_anything_else(
    kind: IndicatorKind, bound: Bound, found: int | None
) -> None:
    silent = Required(RECHNOY, "value", None, None, False)
    rows = [reported(LESNOY, "2021-06-30", 5), silent]
    assert reading_of_values(rows, kind, 7, bound).numerator == found


# -- Which target, and when ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("as_of", "number", "due"),
    [
        (date(2021, 3, 30), 1, date(2021, 3, 31)),  # the first one, not due yet
        (date(2021, 3, 31), 1, date(2021, 3, 31)),
        (date(2021, 6, 29), 1, date(2021, 3, 31)),
        (date(2021, 6, 30), 2, date(2021, 6, 30)),
        (date(2021, 11, 1), 2, date(2021, 6, 30)),  # of the third nothing is planned
        (date(2022, 2, 1), 4, date(2021, 12, 31)),
    ],
)
def test_the_latest_quarter_that_has_ended_is_judged(as_of: date, number: int, due: date) -> None:
    indicator = INDICATORS["2.1"]
    quarter = judged_quarter(indicator, 2021, as_of)
    assert quarter is not None
    assert (quarter.number, due_date(window_of(targets_plan().measure("2").window, quarter))) == (
        number,
        due,
    )
    assert target_of(indicator, LESNOY, (LESNOY, RECHNOY), quarter) == {1: 10, 2: 25, 4: 40}[number]


def test_quarters_go_on_in_a_plan_of_two_years() -> None:
    later = INDICATORS["2.1"].model_copy(update={"quarter_targets": {4: 1.0, 5: 2.0}})
    quarter = judged_quarter(later, 2021, date(2022, 3, 31))
    assert quarter is not None
    assert (quarter.number, quarter.starts, quarter.ends) == (
        5,
        date(2022, 1, 1),
        date(2022, 3, 31),
    )


def test_the_target_of_the_region_is_the_sum_of_those_of_its_participants() -> None:
    def of_region(code: str, *places: str) -> float:
        quarter = judged_quarter(INDICATORS[code], 2021, date(2021, 6, 30))
        return target_of(INDICATORS[code], REGION, places, quarter)

    assert of_region("3.1", LESNOY, RECHNOY) == 150
    assert of_region("3.1", LESNOY) == 30
    assert of_region("2.1", LESNOY, RECHNOY) == 50  # so much each
    assert of_region("1.1", LESNOY, RECHNOY) == 10  # percent, the same everywhere


# -- A run -----------------------------------------------------------------------------------


def found(
    engine: Engine, place: str, values: tuple[Value, ...] = VALUES
) -> dict[str, IndicatorResult]:
    run_id = run_of_values(engine, values)
    with engine.connect() as connection:
        results = indicator_results(connection, targets_plan(), run_id, place)
    return {result.indicator.code: result for result in results}


def short(result: IndicatorResult) -> tuple[object, ...]:
    return result.numerator, result.denominator, result.target, result.shortfall, result.status


def test_each_kind_of_target_is_judged_by_what_was_reported(engine: Engine) -> None:
    results = found(engine, LESNOY)
    assert {code: short(r) for code, r in results.items() if code != "5.1"} == {
        "1.1": (3, 15, 10, 2, Status.NOT_DONE),
        "1.2": (1, None, 0, 1, Status.NOT_DONE),
        "2.1": (21, None, 25, 4, Status.PARTLY),
        "3.1": (28, None, 30, 2, Status.PARTLY),
        # 20 % of 150 before, 15 % of 140 are 21.
        "4.1": (24, 140, -5, 3, Status.PARTLY),
        "4.2": (11, None, 2, 3, Status.NOT_DONE),
    }
    assert results["2.1"].due == date(2021, 6, 30)
    assert results["4.2"].baseline == Baseline(12, None)


def test_who_reached_all_of_them_has_done_all(engine: Engine) -> None:
    results = found(engine, RECHNOY)
    assert {r.status for r in results.values()} == {Status.DONE}
    assert {r.shortfall for r in results.values()} == {0}


def test_the_region_is_computed_from_sums_and_never_from_a_mean_of_shares(engine: Engine) -> None:
    results = found(engine, REGION)
    assert {code: short(r) for code, r in results.items() if code != "5.1"} == {
        "1.1": (5, 35, 10, 2, Status.NOT_DONE),
        "1.2": (1, None, 0, 1, Status.NOT_DONE),
        "2.1": (48, None, 50, 2, Status.PARTLY),
        "3.1": (149, None, 150, 1, Status.PARTLY),
        "4.1": (75, 550, -5, 0, Status.DONE),  # 110 of 550 before: 20 %; now 13,6 %
        "4.2": (56, None, 4, 0, Status.DONE),  # 52 before, 2 more of each
    }
    assert results["4.1"].change == 100 * (Fraction(75, 550) - Fraction(110, 550))


@pytest.mark.parametrize(
    ("gone", "code"),
    [
        ("2021-06-30", "2.1"),  # the quarter before says nothing of the one that is judged
        ("2021-06-30", "1.2"),
        ("2020-12-31", "4.1"),  # nothing to compare with
    ],
)
def test_what_was_not_reported_for_the_judged_period_is_no_data_and_meets_nothing(
    engine: Engine, gone: str, code: str
) -> None:
    left = tuple(v for v in VALUES if v[:3] != (RECHNOY, code, gone))
    result = found(engine, RECHNOY, left)[code]
    assert (result.numerator is None or result.shortfall is None, result.status) == (
        True,
        Status.NO_DATA,
    )


def test_a_share_without_its_whole_is_no_data(engine: Engine) -> None:
    values = (*(v for v in VALUES if v[1] != "1.1"), (LESNOY, "1.1", "2021-06-30", 1))
    assert found(engine, LESNOY, values)["1.1"].status is Status.NO_DATA


def test_every_indicator_says_one_target() -> None:
    """Else a test of a kind of target would stand on another."""
    by_field = {
        code: [name for name in ("target", "targets", "quarter_targets") if said(indicator, name)]
        for code, indicator in INDICATORS.items()
    }
    assert all(len(fields) == 1 for fields in by_field.values())


def said(indicator: Indicator, name: str) -> bool:
    return getattr(indicator, name) not in (None, {})
