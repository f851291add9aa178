"""Facts keep the rules of their tables, whatever reader brought them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadmap.evidence.parsed import FileRefused, Parsed
from roadmap.evidence.schemas import check, check_all

PAPER = {"kind": "vpr", "year": 2020, "wave": "autumn", "grade": 5, "subject": "математика"}
SCHOOL = {"level": "school", "school_scheme": "vpr_login", "school_ref": "440101"}
MARKS = {
    **PAPER, **SCHOOL, "municipality_ref": "буйский муниципальный район", "schools": None,
    "participants": 10, "absent": None, "mark_2": 1, "mark_3": 4, "mark_4": 3, "mark_5": 2,
    "restored": 0, "sheet": "Отметки", "row": 7,
}  # fmt: skip
JOURNAL = {
    **PAPER, **SCHOOL, "municipality_ref": None, "compared": 10, "lowered": 3, "confirmed": 6,
    "raised": 1, "restored": 0, "sheet": "Сравнение", "row": 9,
}  # fmt: skip
EXAM = {
    **PAPER, "kind": "ege", "wave": "main", "grade": 11, "school_scheme": "gia_code",
    "school_ref": "111002", "municipality_ref": None, "participants": 8, "below_minimum": 1,
    "minimum": 36, "score_sum": 500, "high_scores": 2, "sheet": None, "row": None,
}  # fmt: skip


def checked(table: str, *rows: dict[str, Any]) -> Parsed:
    return check(Parsed("scope", {table: list(rows)}, len(rows), len(rows)), "файл.xlsx")


@pytest.mark.parametrize(
    ("table", "row"),
    [("mark_result", MARKS), ("journal_result", JOURNAL), ("exam_result", EXAM)],
)
def test_a_sound_fact_passes_unchanged(table: str, row: dict[str, Any]) -> None:
    parsed = checked(table, row)
    assert parsed.facts == {table: [row]}
    assert parsed.rejected == ()


@pytest.mark.parametrize(
    ("table", "row", "change", "rule"),
    [
        ("mark_result", MARKS, {"mark_5": 3}, "SUM"),
        ("mark_result", MARKS, {"participants": 9}, "SUM"),
        ("mark_result", MARKS, {"mark_2": -1, "mark_3": 6}, "RANGE"),
        ("mark_result", MARKS, {"absent": 2**31}, "RANGE"),  # no integer of PostgreSQL
        ("mark_result", MARKS, {"school_ref": None}, "SCHOOL_REF"),
        ("mark_result", MARKS, {"level": "municipality"}, "SCHOOL_REF"),
        ("mark_result", MARKS, {"wave": "ночь"}, "CHOICE"),
        ("mark_result", MARKS, {"subject": None}, "MISSING"),
        ("journal_result", JOURNAL, {"raised": 2}, "SUM"),
        ("exam_result", EXAM, {"below_minimum": 7}, "SUM"),
        ("exam_result", EXAM, {"score_sum": 801}, "RANGE"),
    ],
)
def test_a_fact_that_breaks_a_rule_is_quarantined(
    table: str, row: dict[str, Any], change: dict[str, Any], rule: str
) -> None:
    sound = {**row, "school_ref": "440999", "row": 1}
    parsed = checked(table, sound, {**row, **change})
    assert parsed.facts[table] == [sound]
    assert [item.rule for item in parsed.rejected] == [rule]


REGISTER_ROWS: dict[str, dict[str, Any]] = {
    "survey": {
        "respondent": "school", "person_id": None, "school_id": "SH-101",
        "questionnaire": "анкета", "state": "closed", "closed_on": "2021-03-25",
    },
    "programme": {
        "programme_id": "p", "measure": "9", "title": "Урок", "host": "Лицей", "state": "approved",
        "approved_on": "2021-05-12",
    },
    "medk_document": {
        "school_id": "SH-101", "kind": "антирисковая программа", "factor": "motivation",
        "state": "загружен", "state_on": "2021-05-20",
    },
    "person_role": {
        "person_id": "p", "role": "curator", "municipality_id": "buyskiy", "school_id": "SH-101",
        "valid_from": "2021-01-01", "valid_to": None,
    },
    "attendance": {
        "event_id": "e", "role": "school", "person_id": None, "school_id": "SH-101",
        "is_present": 1,
    },
}  # fmt: skip


@pytest.mark.parametrize(
    ("table", "change", "rule"),
    [
        ("survey", {"closed_on": None}, "CONTRADICTION"),
        ("survey", {"state": "open"}, "CONTRADICTION"),
        ("survey", {"respondent": "curator"}, "MISSING"),
        ("survey", {"closed_on": "25.03.2021"}, "TYPE"),
        ("programme", {"state": "draft"}, "CONTRADICTION"),
        ("programme", {"approved_on": None}, "CONTRADICTION"),
        ("medk_document", {"factor": None}, "MISSING"),
        ("medk_document", {"kind": "концепция развития"}, "MISSING"),
        ("person_role", {"school_id": None}, "MISSING"),
        ("person_role", {"valid_to": "2020-12-31"}, "PERIOD"),
        ("attendance", {"role": "curator"}, "MISSING"),
        ("attendance", {"is_present": 2}, "CHOICE"),
    ],
)
def test_what_a_register_forbids_is_forbidden_whatever_its_reader_let_through(
    table: str, change: dict[str, Any], rule: str
) -> None:
    sound = {"sheet": "Лист", "row": 2, **REGISTER_ROWS[table]}
    parsed = checked(table, sound, {**sound, **change, "row": 3})
    assert [(item.rule, item.row) for item in parsed.rejected] == [(rule, 3)]
    assert parsed.facts[table] == [sound]


def test_the_message_names_the_place() -> None:
    parsed = checked("mark_result", {**MARKS, "mark_5": 3})
    assert parsed.rejected[0].message == (
        "Строка не принята: сумма отметок не равна числу участников. Файл «файл.xlsx», "
        "лист «Отметки», строка 7. Исправьте строку и положите файл снова."
    )


def test_a_repeated_row_is_kept_once_and_told() -> None:
    parsed = checked("mark_result", MARKS, {**MARKS, "row": 8})
    assert parsed.facts["mark_result"] == [MARKS]
    assert parsed.rejected == ()
    assert "строка 8" in parsed.warnings[0]


def test_a_school_with_two_different_results_has_none() -> None:
    other = {**MARKS, "row": 8, "participants": 11, "mark_5": 3}
    parsed = checked("mark_result", MARKS, other)
    assert parsed.facts["mark_result"] == []
    assert [item.rule for item in parsed.rejected] == ["CONFLICTING_DUPLICATE"] * 2
    assert "строки 7, 8" in parsed.rejected[0].message


def test_pupils_of_a_rejected_aggregate_are_counted() -> None:
    wrong = {**EXAM, "score_sum": 9000}
    parsed = check(Parsed("scope", {"exam_result": [wrong]}, 8, 8), "файл.csv")
    assert (parsed.rows_accepted, parsed.rejected[0].rows) == (0, 8)


def test_a_row_with_two_faulty_facts_is_counted_once() -> None:
    facts = {
        "mark_result": [{**MARKS, "mark_5": 3}],
        "journal_result": [{**JOURNAL, "raised": 2, "sheet": "Отметки", "row": 7}],
    }
    parsed = check(Parsed("scope", facts, 1, 1), "файл.xlsx")
    assert [item.rows for item in parsed.rejected] == [1, 0]
    assert parsed.rows_accepted == 0


@pytest.mark.parametrize(
    "facts",
    [
        {"mark_result": [{**MARKS, "participants": "десять"}]},
        {"mark_result": [{**MARKS, "participants": 3.7}]},
        {"mark_result": [{**MARKS, "pupil_name": "Примеров"}]},
        {"pupils": [{"name": "Примеров"}]},
    ],
)
def test_facts_of_another_shape_refuse_the_file(facts: dict[str, list[dict[str, Any]]]) -> None:
    with pytest.raises(FileRefused) as refusal:
        check(Parsed("scope", facts, 1, 1), "файл.xlsx")
    assert refusal.value.code == "SCHEMA"
    assert "Примеров" not in refusal.value.message


def test_files_of_one_pull_are_checked_together_and_judged_alone() -> None:
    other = {**MARKS, "participants": 11, "mark_5": 3}
    files = [
        ("первый.xlsx", Parsed("scope", {"mark_result": [MARKS]}, 1, 1)),
        ("второй.xlsx", Parsed("scope", {"mark_result": [other]}, 1, 1)),
        ("третий.xlsx", Parsed("scope", {"mark_result": [{**MARKS, "name": "Примеров"}]}, 1, 1)),
        ("четвёртый.xlsx", Parsed("scope", {"mark_result": [{**MARKS, "mark_5": 3}]}, 1, 1)),
    ]
    first, second, third, fourth = check_all(files)
    assert isinstance(first, Parsed) and first.facts == {"mark_result": [MARKS]}
    assert isinstance(second, Parsed) and second.facts == {"mark_result": [other]}
    assert isinstance(third, FileRefused) and "«третий.xlsx»" in third.message
    assert isinstance(fourth, Parsed) and fourth.rows_accepted == 0
    assert "«четвёртый.xlsx»" in fourth.rejected[0].message


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(*[st.integers(-3, 40)] * 4, st.integers(0, 160)), max_size=12))
def test_whatever_is_kept_adds_up_and_nothing_is_lost(
    rows: list[tuple[int, int, int, int, int]],
) -> None:
    facts = [
        {
            **MARKS,
            "school_ref": f"{440000 + number}",
            "row": number,
            "mark_2": two,
            "mark_3": three,
            "mark_4": four,
            "mark_5": five,
            "participants": participants,
        }
        for number, (two, three, four, five, participants) in enumerate(rows)
    ]
    parsed = checked("mark_result", *facts)
    kept = parsed.facts.get("mark_result", [])
    assert all(
        row["mark_2"] + row["mark_3"] + row["mark_4"] + row["mark_5"] == row["participants"]
        for row in kept
    )
    assert len(kept) + len(parsed.rejected) == len(rows)
    assert parsed.rows_accepted == len(kept)
