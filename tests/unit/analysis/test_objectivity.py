"""The markers of non-objective results: which there are, and why each can't be computed."""

from __future__ import annotations

from collections import Counter

from roadmap.analysis.objectivity import markers, unsupported
from support.plans import small_plan


def test_the_method_has_14_markers() -> None:
    found = markers()
    assert Counter(marker.group for marker in found) == {
        "high_mean": 6,
        "journal_mismatch": 4,
        "sharp_rise": 2,
        "sharp_fall": 2,
    }
    assert len({(marker.group, marker.paper_title) for marker in found}) == 14


def test_a_marker_of_an_exam_that_was_not_held_says_so_first() -> None:
    procedures = small_plan().phase("march_analysis").procedures
    oge = [marker for marker in markers(procedures) if marker.paper_title.startswith("ОГЭ")]
    assert len(oge) == 2
    for marker in oge:
        assert not marker.can_be_computed
        assert marker.reason is not None
        assert marker.reason.startswith("ОГЭ 2020 не проводился: ")


def test_in_august_the_exam_was_held_and_the_reason_is_the_data() -> None:
    procedures = small_plan().phase("august_analysis").procedures
    reasons = {m.reason for m in markers(procedures) if m.group == "high_mean"}
    assert len(reasons) == 1


def test_every_marker_that_cannot_be_computed_is_said_once() -> None:
    procedures = small_plan().phase("march_analysis").procedures
    told = unsupported(procedures)
    assert sum(len(group.paper_titles) for group in told) == len(
        [marker for marker in markers(procedures) if not marker.can_be_computed]
    )
    assert [group.group_title for group in told] == [
        "завышенный средний балл",
        "завышенный средний балл",
        "несоответствие результатов отметкам в журнале",
        "резкое возрастание результатов параллели от 4 к 5 классу",
        "резкое падение результатов параллели от 4 к 5 классу",
    ]
    for group in told:
        assert not group.reason.endswith(".")
        assert group.reason[0].islower() or group.reason.startswith("ОГЭ")


def test_who_has_the_year_before_is_not_told_that_it_did_not_come() -> None:
    procedures = small_plan().phase("august_analysis").procedures
    alone = " ".join(u.reason for u in unsupported(procedures))
    beside = " ".join(u.reason for u in unsupported(procedures, has_previous=True))
    assert "результаты предыдущего года не поступали" in alone
    assert "результаты предыдущего года" not in beside
    assert "данные о выполнении заданий не поступали" in beside
