"""Results by paper, what may be shown of them, and the rule of low results."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete, select

from roadmap.analysis.analyse import analyse
from roadmap.analysis.read import (
    Hidden,
    Level,
    PaperResult,
    SchoolVerdict,
    Verdict,
    papers,
    verdicts,
)
from roadmap.analysis.shares import Exam, Journal, Marks
from roadmap.plan.model import Plan
from roadmap.store.sql import sql
from roadmap.store.tables import metadata, paper_result, school_verdict
from support.plans import small_plan
from support.run_rows import RUN_ID, put, put_run

BUYSKIY, GALICH, SHARYA, REGION = "buyskiy", "galich", "sharya", "region"
# School id -> (municipality, in the project). Logins and codes are made of the id.
SCHOOLS = {
    "b1": (BUYSKIY, 1),
    "b2": (BUYSKIY, 1),
    "b10": (BUYSKIY, 1),
    "b9": (BUYSKIY, 0),
    "g1": (GALICH, 1),
    "x1": (SHARYA, 0),
    "x2": (SHARYA, 0),
}


OGE = {"kind": "oge", "year": 2021, "wave": "main", "grade": 9, "subject": "математика"}


@pytest.fixture(scope="module")
def plan() -> Plan:
    return small_plan()


def marks(school: str, two: int, three: int, **more: Any) -> dict[str, Any]:
    return {"school_ref": f"login-{school}", "mark_2": two, "mark_3": three} | more


def journal(school: str, lowered: int, confirmed: int, **more: Any) -> dict[str, Any]:
    return {"school_ref": f"login-{school}", "lowered": lowered, "confirmed": confirmed} | more


def exam(school: str, participants: int, below: int, **more: Any) -> dict[str, Any]:
    return {
        "school_ref": f"code-{school}",
        "participants": participants,
        "below_minimum": below,
    } | more


def appeal(school: str, appeals: int = 1, **changes: Any) -> dict[str, Any]:
    """Satisfied appeals of a school in ЕГЭ русский язык; `paper` names another exam."""
    counted = ("mark_2", "mark_3", "mark_4", "mark_5", "below_minimum", "score_sum", "high_scores")
    return {
        "kind": "ege", "year": 2020, "wave": "main", "grade": 11, "subject": "русский язык",
        "school_scheme": "gia_code", "school_ref": f"code-{school}", "appeals": appeals,
        **dict.fromkeys(counted, 0), **changes.pop("paper", {}), **changes,
    }  # fmt: skip


def run_with(
    engine: Engine,
    plan: Plan,
    phase: str = "march_analysis",
    **facts: Iterable[dict[str, Any]],
) -> None:
    """A run over seven schools of three municipalities, with the facts given, analysed."""
    batches = facts.pop("batches", None)
    with engine.begin() as connection:
        put_run(connection, phase=phase)
        put(
            connection,
            {
                "run_municipality": [
                    {"municipality_id": BUYSKIY, "name": "Буйский район"},
                    {"municipality_id": GALICH, "name": "Галич"},
                    {"municipality_id": SHARYA, "name": "Шарья", "is_participating": 0},
                    {"municipality_id": REGION, "name": "Регион", "is_participating": 0},
                ],
                "run_school": [
                    {
                        "school_id": school,
                        "municipality_id": municipality,
                        "is_participating": participates,
                        "name": f"Школа № {school[1:]}",
                    }
                    for school, (municipality, participates) in SCHOOLS.items()
                ],
                "run_school_ref": [
                    {"scheme": scheme, "ref": f"{kind}-{school}", "school_id": school}
                    for school in SCHOOLS
                    for scheme, kind in (("vpr_login", "login"), ("gia_code", "code"))
                ],
            },
            frozen_batches=batches,  # type: ignore[arg-type]
        )
        put(connection, facts)
    analyse(engine, plan, RUN_ID)


def shown(engine: Engine, unit: str, least: int = 5) -> list[PaperResult]:
    with engine.connect() as connection:
        return list(papers(connection, RUN_ID, unit, least))


def one(engine: Engine, addressee: str, level: Level, unit: str, **paper: Any) -> PaperResult:
    found = [
        result
        for result in shown(engine, addressee)
        if (result.level, result.unit_id) == (level, unit)
        and all(getattr(result.paper, name) == value for name, value in paper.items())
    ]
    assert len(found) == 1
    return found[0]


def verdict_of(engine: Engine, school: str) -> SchoolVerdict:
    with engine.connect() as connection:
        found = {v.school_id: v for v in verdicts(connection, RUN_ID, REGION)}
    return found[school]


def test_totals_are_sums_of_counts(any_engine: Engine, plan: Plan) -> None:
    run_with(
        any_engine,
        plan,
        mark_result=[
            marks("b1", 13, 25, absent=3),
            marks("b2", 4, 20, absent=0),
            marks("b9", 50, 50, absent=1),  # not in the project: in the region only
            marks("g1", 1, 9, absent=2),
            marks("x1", 2, 28, absent=4),
        ],
    )
    level = {
        (r.level, r.unit_id): (r.schools, r.participants, r.absent, r.marks)
        for r in shown(any_engine, REGION)
    }
    assert level == {
        (Level.SCHOOL, "b1"): (1, 38, 3, Marks(13, 25, 0, 0)),
        (Level.SCHOOL, "b2"): (1, 24, 0, Marks(4, 20, 0, 0)),
        (Level.SCHOOL, "g1"): (1, 10, 2, Marks(1, 9, 0, 0)),
        (Level.MUNICIPALITY, BUYSKIY): (2, 62, 3, Marks(17, 45, 0, 0)),
        (Level.MUNICIPALITY, GALICH): (1, 10, 2, Marks(1, 9, 0, 0)),
        (Level.PARTICIPANTS, REGION): (3, 72, 5, Marks(18, 54, 0, 0)),
        (Level.REGION, REGION): (5, 202, 10, Marks(70, 132, 0, 0)),
    }


def test_a_municipality_sees_its_own_schools_its_total_and_the_region_only(
    engine: Engine, plan: Plan
) -> None:
    run_with(
        engine,
        plan,
        mark_result=[marks(school, 1, 9) for school in ("b10", "b2", "b1", "g1", "x1", "x2")],
    )
    assert [(r.level, r.name) for r in shown(engine, BUYSKIY)] == [
        (Level.SCHOOL, "Школа № 1"),
        (Level.SCHOOL, "Школа № 2"),
        (Level.SCHOOL, "Школа № 10"),
        (Level.MUNICIPALITY, "Буйский район"),
        (Level.REGION, "Регион"),
    ]
    with engine.connect() as connection:
        assert {v.school_id for v in verdicts(connection, RUN_ID, BUYSKIY)} == {"b1", "b2", "b10"}


def test_a_school_with_four_participants_shows_nothing_and_leaves_the_total(
    any_engine: Engine, plan: Plan
) -> None:
    run_with(
        any_engine,
        plan,
        mark_result=[marks("b1", 4, 0, absent=1), marks("b2", 2, 3), marks("x1", 1, 9),
                     marks("x2", 1, 9)],
    )  # fmt: skip
    small = one(any_engine, BUYSKIY, Level.SCHOOL, "b1")
    assert small.hidden is Hidden.SMALL
    assert (small.participants, small.absent, small.marks, small.is_low) == (None,) * 4
    total = one(any_engine, BUYSKIY, Level.MUNICIPALITY, BUYSKIY)
    assert (total.schools, total.small_schools, total.marks) == (1, 1, Marks(2, 3, 0, 0))
    region = one(any_engine, BUYSKIY, Level.REGION, REGION)
    assert region.marks == Marks(8, 21, 0, 0), "inside a larger group it is counted"
    assert verdict_of(any_engine, "b1").verdict is Verdict.NO_VERDICT
    assert verdict_of(any_engine, "b1").small_papers == 1


def test_five_participants_are_enough(engine: Engine, plan: Plan) -> None:
    run_with(engine, plan, mark_result=[marks("b1", 1, 4)])
    assert one(engine, BUYSKIY, Level.SCHOOL, "b1").marks == Marks(1, 4, 0, 0)


def test_a_total_of_small_schools_alone_is_not_shown(engine: Engine, plan: Plan) -> None:
    run_with(engine, plan, mark_result=[marks("b1", 1, 3), marks("b2", 1, 3), marks("x1", 1, 9),
                                        marks("x2", 1, 9)])  # fmt: skip
    total = one(engine, BUYSKIY, Level.MUNICIPALITY, BUYSKIY)
    assert total.hidden is Hidden.NOTHING_LEFT
    assert (total.schools, total.small_schools, total.marks) == (0, 2, None)


@pytest.mark.parametrize(
    ("elsewhere", "hidden"),
    [
        pytest.param([], Hidden.DIFFERENCE, id="the difference is the own small schools"),
        pytest.param(["x1"], Hidden.DIFFERENCE, id="the difference is one other school"),
        pytest.param(["x1", "x2"], None, id="two other schools"),
        pytest.param(["x1", "g1"], None, id="two schools of two municipalities"),
    ],
)
def test_the_region_is_hidden_where_it_would_give_another_school_away(
    engine: Engine, plan: Plan, elsewhere: list[str], hidden: Hidden | None
) -> None:
    run_with(
        engine,
        plan,
        mark_result=[marks(school, 1, 9) for school in ("b1", "b2", "b9", *elsewhere)]
        + [marks("b10", 1, 1)],
    )
    region = one(engine, BUYSKIY, Level.REGION, REGION)
    assert region.hidden is hidden
    assert (region.marks is None) == (hidden is not None)
    assert one(engine, REGION, Level.REGION, REGION).hidden is None, "the department sees all"


def test_the_region_is_hidden_where_the_other_schools_are_few_pupils(
    engine: Engine, plan: Plan
) -> None:
    run_with(engine, plan, mark_result=[marks("b1", 1, 9), marks("x1", 1, 1), marks("x2", 1, 1)])
    assert one(engine, BUYSKIY, Level.REGION, REGION).hidden is Hidden.DIFFERENCE


@pytest.mark.parametrize(
    ("two", "three", "is_low"),
    [
        pytest.param(3, 7, True, id="exactly 30 % reaches the threshold"),
        pytest.param(299, 701, False, id="29,9 % does not"),
        pytest.param(2, 5, False, id="28,6 % does not"),
        pytest.param(13, 25, True, id="34,2 % does"),
        pytest.param(0, 10, False, id="nobody below"),
    ],
)
def test_the_threshold_is_inclusive(
    any_engine: Engine, plan: Plan, two: int, three: int, is_low: bool
) -> None:
    run_with(any_engine, plan, mark_result=[marks("b1", two, three)])
    assert one(any_engine, BUYSKIY, Level.SCHOOL, "b1").is_low is is_low
    assert one(any_engine, BUYSKIY, Level.MUNICIPALITY, BUYSKIY).is_low is None


def test_a_threshold_with_a_decimal_is_exact(engine: Engine, plan: Plan) -> None:
    # 100 * 333 < 33.3 * 1000 is false, but 33.3 * 1000 in binary is not 33300.
    exact = plan.model_copy(
        update={"analysis": plan.analysis.model_copy(update={"low_share_percent": 16.1})}
    )
    run_with(engine, exact, mark_result=[marks("b1", 161, 839), marks("b2", 1609, 8391)])
    assert one(engine, BUYSKIY, Level.SCHOOL, "b1").is_low is True
    assert one(engine, BUYSKIY, Level.SCHOOL, "b2").is_low is False


@pytest.mark.parametrize(
    ("low_subjects", "expected"),
    [
        pytest.param([], Verdict.NOT_LOW, id="in none"),
        pytest.param(["математика"], Verdict.RISK, id="in one"),
        pytest.param(["математика", "русский язык"], Verdict.LOW, id="in two"),
        pytest.param(["математика", "русский язык", "история"], Verdict.LOW, id="in three"),
    ],
)
def test_a_school_is_low_by_two_papers_and_at_risk_by_one(
    engine: Engine, plan: Plan, low_subjects: list[str], expected: Verdict
) -> None:
    run_with(
        engine,
        plan,
        mark_result=[
            marks("b1", 3 if subject in low_subjects else 2, 7, subject=subject)
            for subject in ("математика", "русский язык", "история")
        ],
    )
    found = verdict_of(engine, "b1")
    assert (found.verdict, found.papers, found.low_papers) == (expected, 3, len(low_subjects))


def test_low_papers_of_different_procedures_count_together(any_engine: Engine, plan: Plan) -> None:
    run_with(
        any_engine,
        plan,
        mark_result=[marks("b1", 3, 7), marks("b2", 3, 7, kind="rdr", grade=10)],
        exam_result=[exam("b1", 10, 3), exam("b2", 4, 4)],
    )
    assert verdict_of(any_engine, "b1").verdict is Verdict.LOW
    assert verdict_of(any_engine, "b2").verdict is Verdict.RISK, "four took the exam: no verdict"
    assert verdict_of(any_engine, "b10").verdict is Verdict.NO_VERDICT


def test_an_exam_keeps_its_scores_and_is_low_by_the_minimum(any_engine: Engine, plan: Plan) -> None:
    run_with(
        any_engine,
        plan,
        exam_result=[
            exam("b1", 10, 3, score_sum=520, high_scores=1),
            exam("b2", 3, 1, score_sum=120),
            exam("g1", 6, 0, score_sum=400),
            exam("x1", 7, 1, score_sum=300),
        ],
    )
    school = one(any_engine, BUYSKIY, Level.SCHOOL, "b1")
    assert school.exam == Exam(10, 3, 36, 520, 1)
    assert school.is_low is True
    assert school.marks is None
    assert one(any_engine, BUYSKIY, Level.SCHOOL, "b2").exam is None
    total = one(any_engine, BUYSKIY, Level.MUNICIPALITY, BUYSKIY)
    assert (total.exam, total.small_schools) == (Exam(10, 3, 36, 520, 1), 1)
    assert one(any_engine, BUYSKIY, Level.REGION, REGION).exam == Exam(26, 5, 36, 1340, 1)


def test_appeals_change_what_the_protocol_said_and_not_who_took_part(
    any_engine: Engine, plan: Plan
) -> None:
    run_with(
        any_engine,
        plan,
        exam_result=[
            exam("b1", 10, 3, score_sum=520, high_scores=1),
            exam("b2", 10, 3, score_sum=500),
            exam("x1", 7, 1, score_sum=300),
        ],
        appeal_change=[
            appeal("b1", below_minimum=-1, score_sum=4),
            # Of another exam, of another school, of nobody's school.
            appeal("b2", below_minimum=-3, paper={"subject": "физика"}),
            appeal("unknown", below_minimum=-1),
            appeal("x1", below_minimum=-1, score_sum=5, high_scores=1),
        ],
    )
    school = one(any_engine, BUYSKIY, Level.SCHOOL, "b1")
    assert school.exam == Exam(10, 2, 36, 524, 1)
    assert school.is_low is False, "with the appeal two of ten are below the minimum"
    other = one(any_engine, BUYSKIY, Level.SCHOOL, "b2")
    assert (other.exam, other.is_low) == (Exam(10, 3, 36, 500, 0), True)
    assert one(any_engine, REGION, Level.MUNICIPALITY, BUYSKIY).exam == Exam(20, 5, 36, 1024, 1)
    assert one(any_engine, REGION, Level.REGION, REGION).exam == Exam(27, 5, 36, 1329, 2)


def test_appeals_of_oge_move_pupils_between_marks(any_engine: Engine, plan: Plan) -> None:
    of_code = {"school_scheme": "gia_code", "school_ref": "code-b1"}
    run_with(
        any_engine,
        plan,
        phase="august_analysis",
        mark_result=[marks("b1", 3, 7, **OGE, **of_code)],
        appeal_change=[appeal("b1", 2, mark_2=-1, mark_3=0, mark_4=1, paper=OGE)],
    )
    school = one(any_engine, BUYSKIY, Level.SCHOOL, "b1")
    assert (school.marks, school.is_low) == (Marks(2, 7, 1, 0), False)


@pytest.mark.parametrize(
    "changes",
    [
        {"below_minimum": -4},
        {"high_scores": -1},
        {"below_minimum": 4, "high_scores": 4},
        {"score_sum": -521},
        {"score_sum": 481},
    ],
)
def test_appeals_that_would_make_an_impossible_result_change_nothing(
    any_engine: Engine, plan: Plan, changes: dict[str, int]
) -> None:
    run_with(
        any_engine,
        plan,
        exam_result=[exam("b1", 10, 3, score_sum=520), exam("b2", 10, 3, score_sum=520)],
        appeal_change=[appeal("b1", **changes), appeal("b2", below_minimum=-3, score_sum=480)],
    )
    assert one(any_engine, BUYSKIY, Level.SCHOOL, "b1").exam == Exam(10, 3, 36, 520, 0)
    assert one(any_engine, BUYSKIY, Level.SCHOOL, "b2").exam == Exam(10, 0, 36, 1000, 0)
    assert _unfit(any_engine) == ["Школа № 1"], "what was left out is told, and nothing else"


@pytest.mark.parametrize("mark", [2, 3, 4, 5])
def test_no_mark_is_left_by_more_pupils_than_had_it(
    any_engine: Engine, plan: Plan, mark: int
) -> None:
    change = {f"mark_{mark}": -2, f"mark_{2 if mark == 5 else 5}": 2}
    had = {f"mark_{one}": 1 for one in (2, 3, 4, 5)} | {f"mark_{3 if mark != 3 else 4}": 2}
    of_code = {"school_scheme": "gia_code", "school_ref": "code-b1"}
    run_with(
        any_engine,
        plan,
        phase="august_analysis",
        mark_result=[marks("b1", 0, 0) | had | OGE | of_code],
        appeal_change=[appeal("b1", 2, paper=OGE, **change)],
    )
    expected = Marks(*(had[f"mark_{one}"] for one in (2, 3, 4, 5)))
    assert one(any_engine, BUYSKIY, Level.SCHOOL, "b1").marks == expected
    assert _unfit(any_engine) == ["Школа № 1"]


def _unfit(engine: Engine) -> list[str]:
    """Schools of which the finding says that their appeals do not fit."""
    with engine.connect() as connection:
        told = connection.execute(
            sql("evidence/findings/appeal_does_not_fit"), {"run_id": RUN_ID}
        ).mappings()
        return [row["name"] for row in told if row["rule"] == "APPEAL_DOES_NOT_FIT"]


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.tuples(*[st.integers(0, 6)] * 4).filter(any),
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=4),
)
def test_no_appeal_changes_participants_and_marks_always_add_up_to_them(
    engine: Engine, plan: Plan, counts: tuple[int, ...], moves: list[tuple[int, int]]
) -> None:
    _empty(engine)
    of_code = {"school_scheme": "gia_code", "school_ref": "code-b1"}
    change = [0, 0, 0, 0]
    for left, reached in moves:
        change[left] -= 1
        change[reached] += 1
    named = [f"mark_{mark}" for mark in (2, 3, 4, 5)]
    result = marks("b1", 0, 0, **OGE, **of_code) | dict(zip(named, counts, strict=True))
    run_with(
        engine,
        plan,
        phase="august_analysis",
        mark_result=[result],
        appeal_change=[
            appeal("b1", len(moves) or 1, paper=OGE, **dict(zip(named, change, strict=True)))
        ],
    )
    with engine.connect() as connection:
        row = connection.execute(
            select(paper_result).where(paper_result.c.level == Level.SCHOOL)
        ).one()
    after = [row.mark_2, row.mark_3, row.mark_4, row.mark_5]
    wanted = [before + moved for before, moved in zip(counts, change, strict=True)]
    assert row.participants == sum(counts) == sum(after)
    assert after == (wanted if min(wanted) >= 0 else list(counts))
    assert _unfit(engine) == ([] if min(wanted) >= 0 else ["Школа № 1"])


def test_protocols_win_over_exports_of_the_same_paper(any_engine: Engine, plan: Plan) -> None:
    run_with(
        any_engine,
        plan,
        batches={"protocol": "vpr_protocols", "export": "vpr_marks"},
        mark_result=[
            marks("b1", 3, 7, batch_id="export"),
            marks("b2", 3, 7, batch_id="export"),
            marks("b1", 1, 9, batch_id="protocol"),
            marks("b1", 5, 5, batch_id="export", subject="история"),
        ],
    )
    found = shown(any_engine, BUYSKIY)
    schools = {(r.paper.subject, r.unit_id): r.marks for r in found if r.level is Level.SCHOOL}
    assert schools == {
        ("математика", "b1"): Marks(1, 9, 0, 0),
        ("математика", "b2"): Marks(3, 7, 0, 0),
        ("история", "b1"): Marks(5, 5, 0, 0),
    }


def test_a_protocol_of_one_school_takes_nothing_from_the_others(
    any_engine: Engine, plan: Plan
) -> None:
    run_with(
        any_engine,
        plan,
        batches={"protocol": "vpr_protocols", "export": "vpr_marks", "journal": "vpr_journal"},
        mark_result=[
            marks("b1", 3, 7, batch_id="export"),
            marks("b2", 3, 7, batch_id="export"),
            marks("b1", 1, 9, batch_id="protocol"),
        ],
        journal_result=[
            journal("b1", 6, 4, batch_id="journal"),
            journal("b2", 5, 5, batch_id="journal"),
            journal("b1", 2, 8, batch_id="protocol"),
        ],
    )
    schools = {r.unit_id: r for r in shown(any_engine, BUYSKIY) if r.level is Level.SCHOOL}
    assert {key: one.marks for key, one in schools.items()} == {
        "b1": Marks(1, 9, 0, 0),
        "b2": Marks(3, 7, 0, 0),
    }
    assert {key: one.journal for key, one in schools.items()} == {
        "b1": Journal(2, 8, 0),
        "b2": Journal(5, 5, 0),
    }
    own = one(any_engine, BUYSKIY, Level.MUNICIPALITY, BUYSKIY)
    assert (own.marks, own.journal) == (Marks(4, 16, 0, 0), Journal(7, 13, 0))


def test_the_journal_is_joined_to_the_paper_it_belongs_to(any_engine: Engine, plan: Plan) -> None:
    run_with(
        any_engine,
        plan,
        mark_result=[marks("b1", 3, 7), marks("b2", 1, 9), marks("x1", 1, 9), marks("x2", 1, 9)],
        journal_result=[
            journal("b1", 6, 4),
            journal("b2", 2, 2),  # four compared: hidden, and not in the total
            journal("x1", 1, 9),
            journal("g1", 5, 5),  # no marks of that school: nothing to compare with
        ],
    )
    b1, b2 = (one(any_engine, BUYSKIY, Level.SCHOOL, school) for school in ("b1", "b2"))
    assert (b1.journal, b1.is_journal_small) == (Journal(6, 4, 0), False)
    assert (b2.journal, b2.is_journal_small) == (None, True)
    assert b2.marks == Marks(1, 9, 0, 0)
    assert one(any_engine, BUYSKIY, Level.MUNICIPALITY, BUYSKIY).journal == Journal(6, 4, 0)
    assert one(any_engine, BUYSKIY, Level.REGION, REGION).journal == Journal(9, 15, 0)


def test_a_total_of_schools_with_few_compared_has_no_journal(engine: Engine, plan: Plan) -> None:
    run_with(
        engine,
        plan,
        mark_result=[marks("b1", 3, 7), marks("b2", 1, 9)],
        journal_result=[journal("b1", 2, 2), journal("b2", 4, 0)],
    )
    total = one(engine, BUYSKIY, Level.MUNICIPALITY, BUYSKIY)
    assert (total.marks, total.journal) == (Marks(4, 16, 0, 0), None)


def test_without_a_journal_file_nothing_is_compared(engine: Engine, plan: Plan) -> None:
    run_with(engine, plan, mark_result=[marks("b1", 3, 7)])
    school = one(engine, BUYSKIY, Level.SCHOOL, "b1")
    assert (school.journal, school.is_journal_small) == (None, False)


def test_a_row_under_a_foreign_municipality_is_nobodys(any_engine: Engine, plan: Plan) -> None:
    run_with(
        any_engine,
        plan,
        run_foreign_ref=[{"ref": "login-b1", "municipality_ref": "галич"}],
        mark_result=[
            marks("b1", 9, 1, municipality_ref="галич"),
            marks("b2", 1, 9, municipality_ref="буйский район"),
        ],
        journal_result=[journal("b2", 5, 5, municipality_ref="буйский район")],
    )
    assert {r.unit_id for r in shown(any_engine, REGION) if r.level is Level.SCHOOL} == {"b2"}
    assert one(any_engine, REGION, Level.REGION, REGION).marks == Marks(1, 9, 0, 0)


def test_an_unknown_school_a_total_row_and_a_school_without_participants_are_left_out(
    any_engine: Engine, plan: Plan
) -> None:
    run_with(
        any_engine,
        plan,
        mark_result=[
            marks("b1", 1, 9),
            marks("unknown", 9, 1),
            marks("b2", 0, 0),
            marks("b10", 9, 1, level="municipality"),
        ],
    )
    assert {r.unit_id for r in shown(any_engine, REGION) if r.level is Level.SCHOOL} == {"b1"}
    assert one(any_engine, REGION, Level.REGION, REGION).schools == 1


def test_only_procedures_of_the_phase_that_were_held_and_frozen_are_analysed(
    engine: Engine, plan: Plan
) -> None:
    run_with(
        engine,
        plan,
        mark_result=[
            marks("b1", 1, 9),
            marks("b1", 5, 5, year=2021, wave="spring"),
            marks("b1", 5, 5, kind="oge", grade=9, wave="main"),
            marks("b1", 5, 5, subject="физика", batch_id="newer"),
        ],
    )
    assert {r.paper.key for r in shown(engine, BUYSKIY)} == {"vpr/2020/autumn/5/математика"}


def test_papers_stand_in_the_order_of_a_document(engine: Engine, plan: Plan) -> None:
    run_with(
        engine,
        plan,
        mark_result=[
            marks("b1", 1, 9, subject=subject, grade=grade, kind=kind)
            for kind, grade, subject in (
                ("rdr", 10, "русский язык"),
                ("vpr", 5, "биология"),
                ("vpr", 5, "математика"),
                ("vpr", 5, "русский язык"),
                ("vpr", 4, "окружающий мир"),
            )
        ],
        exam_result=[exam("b1", 10, 3)],
    )
    schools = [r.paper.key for r in shown(engine, BUYSKIY) if r.level is Level.SCHOOL]
    assert schools == [
        "vpr/2020/autumn/4/окружающий мир",
        "vpr/2020/autumn/5/русский язык",
        "vpr/2020/autumn/5/математика",
        "vpr/2020/autumn/5/биология",
        "ege/2020/main/11/русский язык",
        "rdr/2020/autumn/10/русский язык",
    ]


def test_a_second_analysis_replaces_the_first(any_engine: Engine, plan: Plan) -> None:
    run_with(any_engine, plan, mark_result=[marks("b1", 3, 7), marks("b2", 1, 9)])

    def stored() -> list[Any]:
        with any_engine.connect() as connection:
            return [
                sorted(map(str, connection.execute(select(table)).all()))
                for table in (paper_result, school_verdict)
            ]

    first = stored()
    assert all(first)
    analysed = analyse(any_engine, plan, RUN_ID)
    assert stored() == first
    assert (analysed.papers, analysed.school_results) == (1, 2)
    assert analysed.verdicts == {Verdict.RISK: 1, Verdict.NOT_LOW: 1, Verdict.NO_VERDICT: 2}


def _empty(engine: Engine) -> None:
    with engine.begin() as connection:
        for table in reversed(metadata.sorted_tables):
            if table.name not in ("transition", "control"):
                connection.execute(delete(table))


result_rows = st.dictionaries(
    st.sampled_from(sorted(SCHOOLS)),
    st.tuples(st.integers(0, 12), st.integers(0, 12)).filter(any),
    min_size=1,
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(result_rows)
def test_nothing_shown_to_a_municipality_gives_a_small_or_foreign_school_away(
    engine: Engine, plan: Plan, counted: dict[str, tuple[int, int]]
) -> None:
    _empty(engine)
    run_with(engine, plan, mark_result=[marks(school, *c) for school, c in counted.items()])

    found = shown(engine, BUYSKIY)
    own = {s: sum(c) for s, c in counted.items() if SCHOOLS[s][0] == BUYSKIY}
    elsewhere = {s: sum(c) for s, c in counted.items() if SCHOOLS[s][0] != BUYSKIY}
    by_level = {level: [r for r in found if r.level is level] for level in Level}

    assert {r.unit_id for r in by_level[Level.SCHOOL]} <= {"b1", "b2", "b10"}
    for result in by_level[Level.SCHOOL]:
        assert (result.marks is None) == (own[result.unit_id] < 5)
    visible = [r.marks for r in by_level[Level.SCHOOL] if r.marks]
    for total in by_level[Level.MUNICIPALITY]:
        if total.marks is None:
            assert not visible
        else:
            assert total.marks == Marks(
                sum(m.two for m in visible), sum(m.three for m in visible), 0, 0
            )
    if by_level[Level.MUNICIPALITY]:
        (region,) = by_level[Level.REGION]
        if region.marks is not None:
            assert len(elsewhere) >= 2
            assert sum(elsewhere.values()) >= 5
            assert region.marks.participants == sum(own.values()) + sum(elsewhere.values())
