"""Changes since the procedure before: which pairs are comparable, and what may be told of them."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete

from roadmap.analysis.analyse import analyse
from roadmap.analysis.dynamics import (
    Change,
    NotComparable,
    changes,
    low_share,
    previous_procedures,
)
from roadmap.analysis.read import Hidden, Level, Paper, PaperResult, Verdict, papers, verdicts
from roadmap.analysis.shares import Exam, Marks
from roadmap.evidence.scales import options_for
from roadmap.plan.model import Plan
from roadmap.store.tables import metadata
from support.plans import small_plan
from support.run_rows import RUN_ID, put, put_run

PLAN = small_plan()
AUGUST = PLAN.phase("august_analysis")
VPR_NOW = Paper("vpr", 2021, "spring", 5, "математика")
VPR_THEN = Paper("vpr", 2020, "autumn", 5, "математика")
EGE_NOW = Paper("ege", 2021, "main", 11, "физика")
EGE_THEN = Paper("ege", 2020, "main", 11, "физика")


def result(paper: Paper, two: int = 2, three: int = 8, **more: Any) -> PaperResult:
    """A school's result; of ЕГЭ, `two` are below the minimum of 36."""
    values: dict[str, Any] = {
        "paper": paper, "level": Level.SCHOOL, "unit_id": "b1", "municipality_id": "buyskiy",
        "name": "Школа № 1", "schools": 1, "small_schools": 0, "hidden": None,
        "participants": two + three, "absent": None,
        "marks": None if paper.kind == "ege" else Marks(two, three, 0, 0),
        "exam": Exam(two + three, two, 36, 500, 0) if paper.kind == "ege" else None,
        "journal": None, "is_journal_small": False, "is_low": False, "least_participants": 5,
    } | more  # fmt: skip
    if values["hidden"] is not None:
        values |= {"participants": None, "marks": None, "exam": None, "is_low": None}
    return PaperResult(**values)


def change(now: PaperResult, *then: PaperResult, plan: Plan = PLAN) -> Change:
    (found,) = changes(plan, plan.phase("august_analysis"), [now], then)
    return found


# -- Pairs -----------------------------------------------------------------------------------


def test_a_change_is_the_later_share_of_twos_minus_the_earlier_one() -> None:
    found = change(result(VPR_NOW, 3, 7), result(VPR_THEN, 1, 5))
    assert found.points == 30 - Fraction(100, 6)
    assert (found.reason, found.is_worse) == (None, True)
    assert found.previous == result(VPR_THEN, 1, 5)


def test_in_an_exam_it_is_the_share_below_the_minimum() -> None:
    found = change(result(EGE_NOW, 1, 9), result(EGE_THEN, 3, 7))
    assert (found.points, found.is_worse) == (-20, False)
    assert low_share(found.current) == Fraction(1, 10)


@pytest.mark.parametrize(
    ("two", "three", "is_worse"),
    [
        pytest.param(30, 70, True, id="ten points more reach the threshold"),
        pytest.param(299, 701, False, id="9,9 points do not"),
        pytest.param(10, 90, False, id="fewer twos are never worse"),
    ],
)
def test_dynamics_are_negative_from_ten_points_on(two: int, three: int, is_worse: bool) -> None:
    assert change(result(VPR_NOW, two, three), result(VPR_THEN, 20, 80)).is_worse is is_worse


def test_the_threshold_is_the_plan_s_and_exact() -> None:
    plan = PLAN.model_copy(
        update={"analysis": PLAN.analysis.model_copy(update={"worse_points": 7.1})}
    )
    assert change(result(VPR_NOW, 271, 729), result(VPR_THEN, 2, 8), plan=plan).is_worse is True
    assert change(result(VPR_NOW, 270, 730), result(VPR_THEN, 2, 8), plan=plan).is_worse is False


@pytest.mark.parametrize(
    ("now_low", "then_low", "sustained"),
    [(True, True, True), (True, False, False), (False, True, False), (True, None, None)],
)
def test_low_in_both_years_is_sustained(
    now_low: bool, then_low: bool | None, sustained: bool | None
) -> None:
    found = change(result(VPR_NOW, is_low=now_low), result(VPR_THEN, is_low=then_low))
    assert found.is_sustained_low is sustained


def test_low_by_another_minimum_is_sustained_all_the_same() -> None:
    then = result(EGE_THEN, is_low=True, exam=Exam(10, 4, 32, 500, 0))
    found = change(result(EGE_NOW, is_low=True), then)
    assert (found.reason, found.points) == (NotComparable.MINIMUM, None)
    assert found.is_sustained_low is True


def test_only_the_same_grade_subject_level_and_unit_are_a_pair() -> None:
    others = [
        result(replace(VPR_THEN, grade=6)),
        result(replace(VPR_THEN, subject="русский язык")),
        result(VPR_THEN, unit_id="b2"),
        result(VPR_THEN, level=Level.MUNICIPALITY),
        result(replace(VPR_THEN, year=2019)),
    ]
    assert change(result(VPR_NOW), *others).reason is NotComparable.NOT_WRITTEN
    assert change(result(VPR_NOW), others[0]).reason is NotComparable.NO_DATA
    assert change(result(VPR_NOW), *others, result(VPR_THEN, 1, 9)).points == 10


# -- What is not comparable ------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["oge", "rdr"])
def test_what_the_plan_declares_not_comparable_has_its_reason_there(kind: str) -> None:
    (comparison,) = [c for c in AUGUST.comparisons if c.current.startswith(kind)]
    _, year, wave = comparison.current.split("/")
    now = result(Paper(kind, int(year), wave, 9, "математика"))
    found = change(now)
    assert (found.reason, found.points) == (NotComparable.DECLARED, None)
    assert found.comparison.not_comparable


def test_another_minimum_of_the_exam_is_another_measure() -> None:
    now = result(replace(EGE_NOW, subject="русский язык"), exam=Exam(10, 2, 24, 500, 0))
    then = result(replace(EGE_THEN, subject="русский язык"))
    assert change(now, then).reason is NotComparable.MINIMUM
    # A hidden school's exam has the minimum that the others show.
    small = replace(result(now.paper, hidden=Hidden.SMALL), unit_id="b2")
    before = replace(then, unit_id="b2")
    told = changes(PLAN, AUGUST, [now, small], [then, before])
    assert [one.reason for one in told] == [NotComparable.MINIMUM] * 2


def test_another_or_an_unknown_scale_of_vpr_is_not_compared() -> None:
    pair = [result(VPR_NOW)], [result(VPR_THEN)]
    same = options_for("vpr")["scales"]
    other = {**same, "2020": {"математика": {"5": {"max": 20, "3": 6, "4": 11, "5": 15}}}}

    def reason(scales: dict[str, Any]) -> NotComparable | None:
        (found,) = changes(PLAN, AUGUST, *pair, scales=scales)
        return found.reason

    assert reason(same) is None
    assert reason(other) is NotComparable.SCALE
    assert reason({"2021": same["2021"]}) is NotComparable.SCALE_UNKNOWN
    assert reason({**same, "2020": {}}) is NotComparable.SCALE_UNKNOWN


@pytest.mark.parametrize("is_now", [True, False])
@pytest.mark.parametrize(
    ("hidden", "reason"),
    [
        (Hidden.SMALL, NotComparable.SMALL),
        (Hidden.NOTHING_LEFT, NotComparable.SMALL),
        (Hidden.DIFFERENCE, NotComparable.HIDDEN),
    ],
)
def test_what_is_hidden_in_one_year_hides_its_change(
    is_now: bool, hidden: Hidden, reason: NotComparable
) -> None:
    shown, kept = (VPR_THEN, VPR_NOW) if is_now else (VPR_NOW, VPR_THEN)
    pair = {shown: result(shown), kept: result(kept, hidden=hidden)}
    found = change(pair[VPR_NOW], pair[VPR_THEN])
    assert (found.reason, found.points, found.is_worse) == (reason, None, None)


def test_march_compares_nothing() -> None:
    march = PLAN.phase("march_analysis")
    assert changes(PLAN, march, [result(VPR_THEN)], [result(VPR_THEN)]) == ()
    assert previous_procedures(march) == ()


def test_the_procedures_before_are_those_that_can_be_compared() -> None:
    keys = [procedure.key for procedure in previous_procedures(AUGUST)]
    assert keys == ["vpr/2020/autumn", "ege/2020/main"]
    own = AUGUST.model_copy(
        update={"procedures": (*AUGUST.procedures, AUGUST.comparisons[0].previous)}
    )
    assert [p.key for p in previous_procedures(own)] == ["ege/2020/main"], "its own are there"


# -- From stored facts -----------------------------------------------------------------------

# School id -> (municipality, in the project).
SCHOOLS = {
    "b1": ("buyskiy", 1), "b2": ("buyskiy", 1), "g1": ("galich", 1),
    "x1": ("sharya", 0), "x2": ("sharya", 0),
}  # fmt: skip
NOW = {"year": 2021, "wave": "spring"}
Counts = dict[str, tuple[int, int]]


def analysed(engine: Engine, then: Counts, now: Counts) -> None:
    """An August run over five schools with «2» and «3» of both years."""
    marks = [
        {"school_ref": school, "mark_2": two, "mark_3": three} | when
        for when, counts in (({}, then), (NOW, now))
        for school, (two, three) in counts.items()
    ]
    names = ("buyskiy", "galich", "sharya", "region")
    with engine.begin() as connection:
        put_run(connection, phase="august_analysis", as_of="2021-08-31")
        rows = {
            "run_municipality": [{"municipality_id": name} for name in names],
            "run_school": [
                {"school_id": school, "municipality_id": owner, "is_participating": takes_part}
                for school, (owner, takes_part) in SCHOOLS.items()
            ],
            "run_school_ref": [{"ref": school, "school_id": school} for school in SCHOOLS],
            "mark_result": marks,
        }
        put(connection, rows)
    analyse(engine, PLAN, RUN_ID)


def told(engine: Engine, unit: str) -> dict[tuple[Level, str], Change]:
    with engine.connect() as connection:
        now = papers(connection, RUN_ID, unit, 5, AUGUST.procedures)
        then = papers(connection, RUN_ID, unit, 5, previous_procedures(AUGUST))
    assert {one.paper.procedure for one in now} <= {p.key for p in AUGUST.procedures}
    found = changes(PLAN, AUGUST, now, then)
    return {(one.current.level, one.current.unit_id): one for one in found}


def test_changes_of_schools_totals_and_the_region(any_engine: Engine) -> None:
    analysed(
        any_engine,
        then={"b1": (1, 9), "b2": (5, 5), "g1": (2, 8), "x1": (0, 10), "x2": (0, 10)},
        now={"b1": (4, 6), "b2": (3, 7), "g1": (1, 9), "x1": (0, 10), "x2": (2, 8)},
    )
    found = {key: one.points for key, one in told(any_engine, "region").items()}
    assert found == {
        (Level.SCHOOL, "b1"): 30,
        (Level.SCHOOL, "b2"): -20,
        (Level.SCHOOL, "g1"): -10,
        (Level.MUNICIPALITY, "buyskiy"): 5,
        (Level.MUNICIPALITY, "galich"): -10,
        (Level.PARTICIPANTS, "region"): 0,
        (Level.REGION, "region"): 4,
    }
    own = told(any_engine, "buyskiy")
    assert set(own) == {
        (Level.SCHOOL, "b1"), (Level.SCHOOL, "b2"), (Level.MUNICIPALITY, "buyskiy"),
        (Level.REGION, "region"),
    }  # fmt: skip
    assert [one.is_sustained_low for one in own.values()] == [False, True, None, None]


def test_verdicts_see_the_phase_s_own_procedures_only(any_engine: Engine) -> None:
    analysed(any_engine, then={"b1": (9, 1), "b2": (9, 1)}, now={"b1": (3, 7), "b2": (1, 9)})
    with any_engine.connect() as connection:
        found = {one.school_id: one for one in verdicts(connection, RUN_ID, "buyskiy")}
    assert (found["b1"].verdict, found["b1"].papers) == (Verdict.RISK, 1)
    assert (found["b2"].verdict, found["b2"].papers) == (Verdict.NOT_LOW, 1)


def test_a_school_that_was_small_in_one_year_has_no_change(engine: Engine) -> None:
    analysed(engine, then={"b1": (1, 3), "b2": (2, 8)}, now={"b1": (1, 9), "b2": (3, 7)})
    found = told(engine, "buyskiy")
    assert found[Level.SCHOOL, "b1"].reason is NotComparable.SMALL
    assert found[Level.SCHOOL, "b2"].points == 10


def test_a_school_that_did_not_write_before_and_a_paper_nobody_wrote_are_told_apart(
    engine: Engine,
) -> None:
    analysed(engine, then={"b2": (2, 8)}, now={"b1": (1, 9), "b2": (3, 7)})
    assert told(engine, "buyskiy")[Level.SCHOOL, "b1"].reason is NotComparable.NOT_WRITTEN


def test_without_files_of_the_year_before_nothing_is_said_of_schools(engine: Engine) -> None:
    analysed(engine, then={}, now={"b1": (1, 9)})
    assert {one.reason for one in told(engine, "region").values()} == {NotComparable.NO_DATA}


counts = st.dictionaries(
    st.sampled_from(sorted(SCHOOLS)),
    st.tuples(st.integers(0, 9), st.integers(0, 9)).filter(any),
    min_size=1,
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(counts, counts)
def test_a_change_is_told_exactly_where_both_results_are_shown(
    engine: Engine, then: Counts, now: Counts
) -> None:
    with engine.begin() as connection:
        for table in reversed(metadata.sorted_tables):
            if table.name not in ("transition", "control"):
                connection.execute(delete(table))
    analysed(engine, then, now)
    for unit in ("buyskiy", "galich", "region"):
        for one in told(engine, unit).values():
            shown = one.current.marks is not None
            shown &= one.previous is not None and one.previous.marks is not None
            assert (one.points is not None) == shown == (one.reason is None)
            assert (one.is_worse is not None) == shown
    small = {school for year in (then, now) for school, n in year.items() if sum(n) < 5}
    for (level, unit), one in told(engine, "region").items():
        assert level is not Level.SCHOOL or unit not in small or one.points is None
