"""What holds of the indicators whatever evidence came, on the real queries."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select

from roadmap.indicators.evaluate import evaluate
from roadmap.plan.model import IndicatorKind, Slice
from roadmap.store.tables import indicator_gap, indicator_result, measure_status
from support.plans import small_plan
from support.run_rows import DATASETS, FACT_TABLES
from support.whole_year import (
    BUYSKIY,
    GALICH,
    REGION,
    RUN_ID,
    Rows,
    copied,
    memory_engine,
    put_year,
    whole_year,
)

PLAN = small_plan()
INDICATORS = {i.code: i for measure in PLAN.measures for i in measure.indicators}
# The monitorings count measures, and a municipality has fewer of them than the region.
MONITORINGS = {"12.1", "15.1"}
YEAR = whole_year()
# What makes up a denominator stays: schools, roles, risks, schedules; so does the check-list, of
# whose batch March's letter was made.
EVIDENCE = sorted(
    FACT_TABLES & YEAR.keys() - {"person_role", "risk", "own_schedule_date", "mechanism_score"}
)
PIECES = [(table, place) for table in EVIDENCE for place in range(len(YEAR[table]))]
RUNS = [("2021-03-31", "march_analysis"), ("2021-06-30", "june_monitoring"),
        ("2021-12-31", "december_summary")]  # fmt: skip
Results = dict[tuple[str, str], Any]


@pytest.fixture(scope="module")
def empty() -> Engine:
    return memory_engine()


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    engine = memory_engine()
    yield engine
    engine.dispose()


def results(empty: Engine, engine: Engine, rows: Rows, run: tuple[str, str]) -> Results:
    """By indicator (also «13.1/curator») and unit, what the run finds from these rows."""
    copied(empty, engine)
    put_year(engine, PLAN, rows, as_of=run[0], phase=run[1])
    evaluate(engine, PLAN, RUN_ID)
    with engine.connect() as connection:
        found = connection.execute(
            select(indicator_result).where(indicator_result.c.run_id == RUN_ID)
        )
        return {(row.indicator, row.municipality_id): row for row in found}


def lacking(gone: set[int]) -> Rows:
    """The year without these pieces of evidence; their datasets have come all the same."""
    places = {PIECES[n] for n in gone}
    return YEAR | {
        table: [row for place, row in enumerate(YEAR[table]) if (table, place) not in places]
        for table in EVIDENCE
    }


def test_there_is_evidence_of_every_kind_to_take_away() -> None:
    assert len(EVIDENCE) == 11
    assert len(PIECES) > 100


few = st.sets(st.integers(0, len(PIECES) - 1), max_size=60)


@settings(max_examples=12, deadline=None)
@given(gone=few, run=st.sampled_from(RUNS))
def test_the_region_is_the_sum_and_no_share_is_above_100_percent(
    empty: Engine, engine: Engine, gone: set[int], run: tuple[str, str]
) -> None:
    found = results(empty, engine, lacking(gone), run)
    sliced = {code for code, i in INDICATORS.items() if i.slice is Slice.MUNICIPALITY}
    compared = 0
    for (code, unit), region in found.items():
        whole = code.split("/")[0]
        if unit == REGION and whole in sliced - MONITORINGS:
            own = [found[code, one] for one in (BUYSKIY, GALICH)]
            numerators = [row.numerator for row in own if row.numerator is not None]
            assert region.numerator == (sum(numerators) if numerators else None), code
            assert region.denominator == sum(row.denominator or 0 for row in own), code
            compared += 1
    assert compared > 10
    for (code, _), row in found.items():
        if INDICATORS[code.split("/")[0]].kind is IndicatorKind.SHARE and row.numerator is not None:
            assert 0 <= row.numerator <= row.denominator, code


@settings(max_examples=12, deadline=None)
@given(gone=few, back=few, run=st.sampled_from(RUNS))
def test_more_evidence_never_lowers_a_count(
    empty: Engine, engine: Engine, gone: set[int], back: set[int], run: tuple[str, str]
) -> None:
    before = results(empty, engine, lacking(gone), run)
    after = results(empty, engine, lacking(gone - back), run)
    assert before.keys() == after.keys()
    for key, row in before.items():
        if row.numerator is not None:
            assert after[key].numerator >= row.numerator, key
            assert after[key].denominator == row.denominator or key[0] == "9.2", key
        if row.shortfall is not None and key[0] != "9.2":
            assert after[key].shortfall <= row.shortfall, key


@settings(max_examples=10, deadline=None)
@given(
    gone=few,
    order=st.randoms(use_true_random=False),
    twice=few,
    scopes=st.lists(st.sampled_from(["one", "two", "three"]), min_size=1, max_size=7),
    run=st.sampled_from(RUNS),
)
def test_the_order_in_which_files_come_and_their_duplication_change_nothing(
    empty: Engine, engine: Engine, gone: set[int], order: Any, twice: set[int],
    scopes: list[str], run: tuple[str, str],
) -> None:  # fmt: skip
    rows = lacking(gone)
    stored = (indicator_result, indicator_gap, measure_status)

    def everything() -> list[list[str]]:
        with engine.connect() as connection:
            return [
                sorted(str(row) for row in connection.execute(select(table))) for table in stored
            ]

    results(empty, engine, rows, run)
    expected = everything()

    shuffled = dict(rows)
    extra: dict[str, str] = {}
    for table in EVIDENCE:
        again = [YEAR[table][p] for t, p in (PIECES[n] for n in twice - gone) if t == table]
        pieces = [*rows[table], *again]
        order.shuffle(pieces)
        shuffled[table] = [
            row | {"batch_id": f"{table}-{scopes[n % len(scopes)]}"} for n, row in enumerate(pieces)
        ]
        extra |= {row["batch_id"]: DATASETS.get(table, table) for row in shuffled[table]}
    copied(empty, engine)
    put_year(engine, PLAN, shuffled, as_of=run[0], phase=run[1], batches=extra)
    evaluate(engine, PLAN, RUN_ID)
    assert everything() == expected
