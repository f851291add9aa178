"""The markers of non-objective results: which there are, and why each can't be computed."""

from __future__ import annotations

from roadmap.analysis.objectivity import unsupported
from support.plans import small_plan

MEAN, JOURNAL = "завышенный средний балл", "несоответствие результатов отметкам в журнале"
RISE = "резкое возрастание результатов параллели от 4 к 5 классу"
FALL = "резкое падение результатов параллели от 4 к 5 классу"


def test_each_of_the_14_markers_is_said_once_with_why_it_is_not_computed() -> None:
    told = unsupported()
    counts = [(group.group_title, len(set(group.paper_titles))) for group in told]
    assert counts == [(MEAN, 6), (JOURNAL, 4), (RISE, 2), (FALL, 2)]
    assert all(g.reason[0].islower() and not g.reason.endswith(".") for g in told)


def test_a_marker_of_an_exam_that_was_not_held_says_so_first() -> None:
    told = unsupported(small_plan().phase("march_analysis").procedures)
    assert [group.group_title for group in told] == [MEAN, MEAN, JOURNAL, RISE, FALL]
    oge = [group for group in told if "«ОГЭ 2020» не проводилась: " in group.reason]
    assert [group.paper_titles for group in oge] == [("ОГЭ, русский язык", "ОГЭ, математика")]


def test_in_august_the_exam_was_held_and_the_reason_is_the_data() -> None:
    told = unsupported(small_plan().phase("august_analysis").procedures)
    assert [group.group_title for group in told] == [MEAN, JOURNAL, RISE, FALL]


def test_who_has_the_year_before_is_not_told_that_it_did_not_come() -> None:
    procedures = small_plan().phase("august_analysis").procedures
    alone = " ".join(u.reason for u in unsupported(procedures))
    beside = " ".join(u.reason for u in unsupported(procedures, has_previous=True))
    assert "результаты предыдущего года не поступали" in alone
    assert "результаты предыдущего года" not in beside
    assert "данные о выполнении заданий не поступали" in beside
