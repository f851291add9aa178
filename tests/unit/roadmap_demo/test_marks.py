"""Arithmetic of the demo's marks: whoever wrote is counted once, planted bounds hold."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from roadmap_demo.content import Scale, load_content
from roadmap_demo.marks import agreement, bounded, vpr_results
from roadmap_demo.vpr import journal_marks, task_points

counts = st.tuples(*[st.integers(0, 40)] * 4).filter(any)


@given(counts, st.booleans())
def test_a_bounded_school_keeps_its_pupils_and_lies_on_the_planned_side(marks, is_low) -> None:
    moved = bounded(marks, is_low)
    assert sum(moved) == sum(marks)
    assert min(moved) >= 0
    if sum(marks) >= 5:
        assert (100 * moved[0] >= 30 * sum(moved)) == is_low
    else:
        assert moved == marks


@given(counts, st.integers(0, 2**32), st.floats(0, 60), st.floats(0, 39))
def test_agreement_with_the_journal_counts_each_pupil_once(marks, seed, lowered, raised) -> None:
    found = agreement(Random(seed), marks, (lowered, 100 - lowered - raised, raised))
    assert found.lowered + found.confirmed + found.raised == sum(marks)
    assert min(found.lowered, found.confirmed, found.raised) >= 0
    assert found.lowered <= sum(marks[:3])
    assert found.raised <= sum(marks[2:])


@given(counts, st.integers(0, 2**32))
def test_journal_marks_of_pupils_give_the_agreement_back(marks, seed) -> None:
    planned = agreement(Random(seed), marks, (35.0, 58.0, 7.0))
    pupils = [mark for mark, n in zip((2, 3, 4, 5), marks, strict=True) for _ in range(n)]
    noted = journal_marks(Random(seed), pupils, planned)
    pairs = list(zip(pupils, noted, strict=True))
    assert sum(mark < journal for mark, journal in pairs) == planned.lowered
    assert sum(mark == journal for mark, journal in pairs) == planned.confirmed
    assert sum(mark > journal for mark, journal in pairs) == planned.raised
    assert all(2 <= journal <= 5 for journal in noted)


@given(st.integers(0, 51), st.integers(0, 2**32), st.integers(3, 20))
def test_points_of_the_tasks_sum_to_the_primary_score(score, seed, tasks) -> None:
    cells = task_points(Random(seed), score, Scale((25, 35, 45), 51), tasks, {"X": 0.5})
    assert len(cells) == tasks
    assert sum(int(cell) for cell in cells if cell != "X") == score


def test_every_paper_is_drawn_the_same_for_files_of_all_kinds() -> None:
    content = load_content(376)
    paper = content.paper("ma5")
    results = vpr_results(content, paper)
    assert len(results) == len(content.schools)
    assert vpr_results(content, paper) == results
    corrected = vpr_results(content, paper, corrected=True)
    assert sum(corrected[code] != results[code] for code in results) == 1


def test_another_seed_draws_other_marks_and_keeps_what_is_planted() -> None:
    ours, other = load_content(376), load_content(377)
    paper = ours.paper("ru5")
    first, second = vpr_results(ours, paper), vpr_results(other, paper)
    assert first != second
    school = ours.school("buyskiy", "Школа № 101 (условная)")
    assert first[school.code].counts == second[school.code].counts == (13, 16, 7, 2)
