"""What two letters about the same paper tell together: never more of the hidden than each alone."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import astuple
from itertools import combinations

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete, update

from roadmap.analysis.analyse import analyse
from roadmap.analysis.read import HIDES_REGION, Hidden, Level, PaperResult, papers
from roadmap.analysis.small_numbers import pupils_moved, stands_as_told
from roadmap.store.tables import delivery, metadata
from support.plans import small_plan
from support.revision_attack import Counts, attack, is_low
from support.run_rows import put, put_letter, put_run

OWN, OUT, REGION = "buyskiy", "galich", "region"
LEAST = 5
FIRST, SECOND = "run-1", "run-2"
# Elsewhere: large enough that the region is shown at all.
ELSEWHERE = {"g1": (40, 7), "g2": (30, 4)}


def _run(
    engine: Engine,
    run_id: str,
    schools: dict[str, Counts],
    compared: dict[str, int] | None = None,
    *,
    is_told: bool = True,
    phase: str = "march_analysis",
) -> list[PaperResult]:
    """What the municipality's letter of the run may show of one paper, the letter then sent."""
    number = int(run_id[-1])
    sources = {"marks": "vpr_marks", "journal": "vpr_journal"}
    batches = {f"{kind}-{run_id}": dataset for kind, dataset in sources.items()}
    every = {"b1", "b2", "b3", "b9", *ELSEWHERE}
    with engine.begin() as db:
        put_run(db, run_id, known_at_ms=number, phase=phase)
        put(
            db,
            {
                "run_municipality": [{"municipality_id": m} for m in (OWN, OUT, REGION)],
                "run_school": [
                    {"school_id": s, "municipality_id": OWN if s[0] == "b" else OUT} for s in every
                ],
                "run_school_ref": [{"ref": s, "school_id": s} for s in every],
                "mark_result": [
                    {
                        "batch_id": f"marks-{run_id}",
                        "school_ref": school,
                        "mark_2": two,
                        "mark_3": n - two,
                    }
                    for school, (n, two) in schools.items()
                ],
                "journal_result": [
                    {"batch_id": f"journal-{run_id}", "school_ref": school, "confirmed": n}
                    for school, n in (compared or {}).items()
                ],
            },
            run_id,
            batches,
        )
    analyse(engine, small_plan(), run_id)
    with engine.begin() as db:
        if is_told:
            put_letter(db, OWN, run_id, accepted_ms=number, revision=number)
        return list(papers(db, run_id, OWN, LEAST))


def _region(results: list[PaperResult]) -> PaperResult:
    return next(r for r in results if r.level is Level.REGION)


def _of(school: str, results: list[PaperResult]) -> PaperResult:
    return next(r for r in results if r.unit_id == school)


SIX_THEN_FOUR = (
    {"b1": (20, 3), "b2": (6, 2), **ELSEWHERE},
    {"b1": (20, 3), "b2": (4, 1), **ELSEWHERE},
)


def test_a_school_that_fell_below_five_can_not_be_had_by_subtracting_the_letters(
    engine: Engine,
) -> None:
    before, now = (
        _run(engine, run, schools)
        for run, schools in zip((FIRST, SECOND), SIX_THEN_FOUR, strict=True)
    )
    assert _region(before).hidden is None
    assert _region(now).hidden is Hidden.EARLIER_LETTER
    assert _region(now).participants is None
    assert attack(before, now, (0, 0), LEAST)["now", "b2"].participants == {1, 2, 3, 4}


def test_the_attack_finds_a_school_that_nothing_protects(engine: Engine) -> None:
    before, now = (
        _run(engine, run, schools, is_told=False)
        for run, schools in zip((FIRST, SECOND), SIX_THEN_FOUR, strict=True)
    )
    found = attack(before, now, (0, 0), LEAST)["now", "b2"]
    assert (found.participants, found.two) == ({4}, {1})


@pytest.mark.parametrize(
    ("changed", "is_shown"),
    [
        pytest.param({}, True, id="nothing"),
        pytest.param({"b1": (25, 3)}, True, id="five pupils of a school that is shown"),
        pytest.param({"b1": (20, 6)}, False, id="three marks of a school that is low now"),
        pytest.param({"b1": (20, 9)}, True, id="six marks of a school that is shown"),
        pytest.param({"b1": (19, 3)}, False, id="one pupil of a school that stands as told"),
        pytest.param({"b1": (21, 3), "g1": (45, 8)}, True, id="one pupil behind five elsewhere"),
        pytest.param({"g1": (41, 7)}, False, id="one pupil elsewhere"),
        pytest.param({"g1": (40, 8)}, False, id="one mark elsewhere"),
        pytest.param({"g1": (45, 8)}, True, id="five pupils elsewhere"),
        pytest.param({"b3": (3, 2)}, False, id="a small school's mark"),
        pytest.param({"b3": (2, 1)}, False, id="a small school's pupil"),
        pytest.param({"b3": (2, 1), "g1": (41, 7)}, False, id="both, so that nothing moves"),
        pytest.param({"b3": (2, 1), "g1": (44, 7)}, False, id="four pupils behind one of ours"),
        pytest.param({"b3": (2, 1), "g1": (50, 9)}, True, id="one of ours behind ten pupils"),
        pytest.param({"b3": (7, 1)}, False, id="a small school that is large now"),
    ],
)
def test_the_region_is_shown_again_where_the_difference_speaks_of_enough_pupils(
    engine: Engine, changed: dict[str, Counts], is_shown: bool
) -> None:
    first = {"b1": (20, 3), "b2": (9, 2), "b3": (3, 1), **ELSEWHERE}
    _run(engine, FIRST, first)
    region = _region(_run(engine, SECOND, first | changed))
    assert (region.hidden is None) == is_shown
    assert (region.marks is None) != is_shown


def test_the_journal_hides_the_region_like_the_marks_do(engine: Engine) -> None:
    schools = {"b1": (20, 3), "b2": (9, 2), **ELSEWHERE}
    whole = {"b1": 20, "b2": 6, "g1": 40, "g2": 30}
    before = _run(engine, FIRST, schools, whole)
    now = _run(engine, SECOND, schools, whole | {"b2": 4})
    assert _region(before).journal is not None
    assert _of("b2", now).is_journal_small
    assert _region(now).journal is None


def test_a_paper_is_held_against_letters_of_other_occasions(engine: Engine) -> None:
    _run(engine, FIRST, SIX_THEN_FOUR[0])
    now = _run(engine, SECOND, SIX_THEN_FOUR[1], phase="august_analysis")
    assert _region(now).hidden is Hidden.EARLIER_LETTER


def test_what_was_hidden_in_a_letter_in_between_is_not_held_against_the_next(
    engine: Engine,
) -> None:
    first = {"b1": (20, 3), **ELSEWHERE}
    _run(engine, FIRST, first)
    assert _region(_run(engine, SECOND, first | {"g1": (41, 7)})).hidden in HIDES_REGION
    assert _region(_run(engine, "run-3", first)).hidden is None


def test_a_letter_is_not_held_against_later_ones(engine: Engine) -> None:
    """Composing a run again gives what it gave, whatever was sent since."""
    before = _run(engine, FIRST, SIX_THEN_FOUR[0])
    _run(engine, SECOND, SIX_THEN_FOUR[1])
    with engine.connect() as db:
        assert list(papers(db, FIRST, OWN, LEAST)) == before


@pytest.mark.parametrize(
    ("state", "is_held_against"),
    [
        ("ready", True),
        ("unknown", True),
        ("held", False),  # the run's own letter takes its place
        ("cancelled", False),
        ("rejected", False),
    ],
)
def test_only_letters_that_somebody_may_hold_count(
    engine: Engine, state: str, is_held_against: bool
) -> None:
    _run(engine, FIRST, SIX_THEN_FOUR[0], is_told=False)
    with engine.begin() as db:
        put_letter(db, OWN, FIRST)
        db.execute(update(delivery).values(state=state))
    hidden = _region(_run(engine, SECOND, SIX_THEN_FOUR[1])).hidden
    assert (hidden is Hidden.EARLIER_LETTER) == is_held_against


def test_the_region_itself_sees_all(engine: Engine) -> None:
    first, second = SIX_THEN_FOUR
    for run, schools in ((FIRST, first), (SECOND, second | {"b1": (21, 3)})):
        _run(engine, run, schools)
    with engine.connect() as db:
        results = list(papers(db, SECOND, REGION, LEAST))
    assert _region(results).hidden is None
    assert _of("b1", results).participants == 21


@pytest.mark.parametrize(
    ("after", "told"),
    [
        pytest.param((20, 3), (20, 3), id="nothing changed"),
        pytest.param((22, 4), (20, 3), id="two pupils more"),
        pytest.param((18, 3), (20, 3), id="two pupils fewer"),
        pytest.param((20, 5), (20, 3), id="two marks"),
        pytest.param((24, 3), (20, 3), id="four pupils more"),
        pytest.param((25, 3), (25, 3), id="five pupils more"),
        pytest.param((20, 6), (20, 3), id="three marks that make the school low"),
        pytest.param((20, 8), (20, 3), id="five marks that make the school low"),
        pytest.param((20, 9), (20, 9), id="six marks that make the school low"),
        pytest.param((9, 3), (9, 3), id="many fewer"),
    ],
)
def test_a_school_stands_as_it_was_told_where_fewer_than_five_pupils_made_it_other(
    engine: Engine, after: Counts, told: Counts
) -> None:
    """The threshold is that of the newer figures: by it a school acts. Where it tells another side
    than the figures do, five pupils are not enough to show the newer ones."""
    others = {"b2": (9, 2), **ELSEWHERE}
    _run(engine, FIRST, {"b1": (20, 3), **others})
    now = _run(engine, SECOND, {"b1": after, **others})
    school = _of("b1", now)
    assert school.marks is not None
    assert (school.participants, school.marks.two) == told
    assert (school.as_told_on is not None) == (told != after)
    assert school.is_low == is_low(after[1], after[0])
    assert school.is_verdict_other == (is_low(after[1], after[0]) != is_low(told[1], told[0]))
    assert school.shows_threshold == is_low(told[1], told[0])
    total = _of(OWN, now)
    assert total.marks is not None
    assert (total.participants, total.marks.two) == (told[0] + 9, told[1] + 2)


def test_a_school_that_changed_little_by_little_is_told_once_that_are_five_pupils(
    engine: Engine,
) -> None:
    told = [
        _of("b1", _run(engine, f"run-{n}", {"b1": (19 + n, 3), **ELSEWHERE})).participants
        for n in range(1, 9)
    ]
    assert told == [20, 20, 20, 20, 20, 25, 25, 25]


def test_what_comes_back_to_figures_that_were_told_is_told_as_it_is(engine: Engine) -> None:
    for run, participants in ((FIRST, 20), (SECOND, 30)):
        _run(engine, run, {"b1": (participants, 3), **ELSEWHERE})
    back = _of("b1", _run(engine, "run-3", {"b1": (20, 3), **ELSEWHERE}))
    assert (back.participants, back.as_told_on) == (20, None)


def test_a_school_that_is_low_no_more_is_told_so_and_stands_with_its_low_figures(
    engine: Engine,
) -> None:
    for run, low in ((FIRST, 7), (SECOND, 4)):
        school = _of("b1", _run(engine, run, {"b1": (20, low), **ELSEWHERE}))
    assert school.marks is not None
    assert (school.marks.two, school.shows_threshold) == (7, True)
    assert (school.is_low, school.is_verdict_other) == (False, True)


def test_of_two_letters_a_school_stands_with_the_one_that_says_the_same_of_the_threshold(
    engine: Engine,
) -> None:
    for run, low in ((FIRST, 3), (SECOND, 10), ("run-3", 6)):
        school = _of("b1", _run(engine, run, {"b1": (20, low), **ELSEWHERE}))
    assert school.marks is not None
    assert (school.marks.two, school.is_low, school.is_verdict_other) == (10, True, False)


def test_no_verdict_tells_the_result_of_fewer_than_five_to_who_knows_how_many_took_part() -> None:
    """Every school of up to thirty, and every result near to it: those that the same letter tells
    are two numbers of «2» at least, or five pupils and more made the school other."""
    for told in [(n, two) for n in range(LEAST, 31) for two in range(n + 1)]:
        letters = defaultdict(list)
        for now in [(n, two) for n in range(LEAST, told[0] + 7) for two in range(n + 1)]:
            is_other = is_low(now[1], now[0]) != is_low(told[1], told[0])
            before, after = _counts(told), _counts(now)
            if is_other and stands_as_told(before, after, LEAST, is_verdict_other=True):
                letters[now[0]].append(pupils_moved(before, after))
        for moved in letters.values():
            assert len(moved) > 1 or moved[0] >= LEAST


def _counts(marks: Counts) -> dict[str, int]:
    n, two = marks
    return {"participants": n, "mark_2": two, "mark_3": n - two}


def test_the_journal_stands_as_it_was_told_like_the_marks_do(engine: Engine) -> None:
    schools = {"b1": (20, 3), "b2": (9, 2), **ELSEWHERE}
    whole = {"b1": 20, "b2": 9, "g1": 40, "g2": 30}
    _run(engine, FIRST, schools, whole)
    now = _run(engine, SECOND, schools, whole | {"b1": 18})
    journal = _of("b1", now).journal
    assert journal is not None
    assert journal.compared == 20
    assert _of("b1", now).journal_as_told_on is not None
    assert _of("b1", now).as_told_on is None


school = st.none() | st.integers(1, 12).flatmap(
    lambda n: st.tuples(st.just(n), st.integers(0, min(n, 4)))
)
moved_elsewhere = st.sampled_from(
    [(0, 0), (0, 0), (0, 1), (1, 1), (-3, 0), (4, 2), (6, 2), (30, 5)]
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.tuples(school, school, school), min_size=1, max_size=3), moved_elsewhere)
@example([((9, 2), (9, 2), (9, 2))], (4, 2))  # four elsewhere, one of b9: five pupils in all
def test_no_pair_of_letters_tells_more_of_few_pupils_than_each_letter_alone(
    engine: Engine, own: list[tuple[Counts | None, ...]], moved: Counts
) -> None:
    """Not of a hidden school, nor of a shown one that stands as it was told; not even for who knows
    what changed elsewhere, where that is of fewer than five pupils. Two tables subtracted from each
    other speak of five pupils at least."""
    with engine.begin() as db:
        for table in reversed(metadata.sorted_tables):
            if table.name not in ("transition", "control"):
                db.execute(delete(table))
    n, two = ELSEWHERE["g1"]
    letters = [
        _run(
            engine,
            f"run-{place + 1}",
            {f"b{n}": one[place] for n, one in enumerate(own, 1) if one[place] is not None}
            | {"b9": (20 + place, 3)}
            | ELSEWHERE
            | {"g1": (n + place * moved[0], two + place * moved[1])},
        )
        for place in range(3)
    ]
    for letter in letters:
        shown = [r.marks for r in letter if r.level is Level.SCHOOL and r.marks is not None]
        assert _of(OWN, letter).participants == sum(marks.participants for marks in shown)
    for early, late in combinations(range(3), 2):
        before, now = letters[early], letters[late]
        out = ((late - early) * moved[0], (late - early) * moved[1])
        known = out if abs(out[0]) < LEAST else None
        assert attack(before, now, known, LEAST) == attack(before, now, None, LEAST)
        for result in now:
            then = next((r for r in before if r.unit_id == result.unit_id), result)
            if result.level is Level.SCHOOL and result.marks and then.marks:
                joined = [
                    b - a for a, b in zip(astuple(then.marks), astuple(result.marks), strict=True)
                ]
                pupils = max(sum(n for n in joined if n > 0), -sum(n for n in joined if n < 0))
                assert pupils in (0, *range(LEAST, 99))
