"""«Сравнение отметок с отметками по журналу»: four rows a group, told apart by one word."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadmap.evidence.parsed import FileRefused, Parsed, ReaderContext
from roadmap.evidence.readers.vpr_journal import read
from support.workbooks import one_sheet

CONTEXT = ReaderContext("zhurnal.xlsx", 2021, {"waves": {"2020": "autumn"}})
TITLE = [["ВПР 2020 Русский язык 5 класс"], ["Сравнение отметок с отметками по журналу"], []]
HEAD = ["Группы участников", "Кол-во участников", "%"]
CAPTIONS = (
    "Понизили (Отметка < Отметка по журналу) %",
    "Подтвердили (Отметка = Отметке по журналу) %",
    "Повысили (Отметка > Отметка по журналу) %",
)


def group(name: str, counts: list[int], total: int | None = None) -> list[list[object]]:
    whole = sum(counts)
    rows: list[list[object]] = [[name]]
    for caption, count in zip(CAPTIONS, counts, strict=True):
        rows.append([caption, count, round(100 * count / whole, 2) if whole else 0])
    return [*rows, ["Всего", whole if total is None else total, 100 if whole else 0]]


COUNTRY = group("Вся выборка", [500, 400, 100])
BUY = group("город Буй", [3, 5, 2])
SCHOOL = group("Школа № 1 (условная) (sch440123)", [3, 5, 2])


def parsed(*groups: list[list[object]], head=HEAD) -> Parsed:
    rows = [row for rows in groups for row in rows]
    return read(one_sheet([*TITLE, head, *rows], "Сравнение"), CONTEXT)


def counts(fact: dict[str, object]) -> list[object]:
    return [fact[name] for name in ("lowered", "confirmed", "raised", "compared", "restored")]


def test_each_group_gives_one_fact_on_its_level():
    found = parsed(COUNTRY, BUY, SCHOOL)
    facts = found.facts["journal_result"]
    assert found.scope == "vpr/2020/autumn/5/русский язык"
    assert (found.rows_read, found.rows_accepted) == (3, 3)
    assert [fact["level"] for fact in facts] == ["country", "municipality", "school"]
    assert counts(facts[2]) == [3, 5, 2, 10, 0]
    assert (facts[2]["school_ref"], facts[2]["municipality_ref"]) == ("440123", "город буй")


def test_only_the_first_word_of_a_caption_counts():
    other = [["sch440123"], ["Понизили", 1, 10], ["ПОДТВЕРДИЛИ (=)", 6, 60],
             ["Повысили:", 3, 30], ["Всего:", 10, 100]]  # fmt: skip
    assert counts(parsed(COUNTRY, other).facts["journal_result"][1]) == [1, 6, 3, 10, 0]


@pytest.mark.parametrize("again", [None, "sch440123"])
def test_a_group_named_beside_its_captions_is_read_too(again):
    rows = [["sch440123", "Понизили", 1, 10], [again, "Подтвердили", 6, 60],
            [again, "Повысили", 3, 30], [again, "Всего", 10, 100]]  # fmt: skip
    head = ["Группы участников", "Сравнение", "Кол-во участников", "%"]
    found = parsed(rows, head=head)
    assert counts(found.facts["journal_result"][0]) == [1, 6, 3, 10, 0]
    assert found.rows_read == 1


def test_counts_are_restored_where_only_shares_are_given():
    rows = [["sch440123"], ["Понизили", None, "42,86"], ["Подтвердили", None, "50,00"],
            ["Повысили", None, "7,14"], ["Всего", 14, 100]]  # fmt: skip
    assert counts(parsed(rows).facts["journal_result"][0]) == [6, 7, 1, 14, 1]


@settings(max_examples=25)
@given(st.lists(st.integers(0, 500), min_size=3, max_size=3).filter(any))
def test_the_three_parts_always_sum_to_those_compared(parts):
    (fact,) = parsed(group("sch440123", parts)).facts["journal_result"]
    assert counts(fact) == [*parts, sum(parts), 0]


@pytest.mark.parametrize(
    ("rows", "rule"),
    [
        (group("sch440123", [3, 5, 2], total=11), "TOTAL"),
        (group("sch440123", [3, 5, 2])[:3], "MISSING"),
        ([["sch440123"], ["Понизили", "три", 30], *SCHOOL[2:]], "TYPE"),
        ([["sch440123"], ["Понизили", -3, 30], *SCHOOL[2:]], "RANGE"),
        ([["sch440123"], ["Понизили", 3, 50], *SCHOOL[2:]], "PERCENT_SUM"),
        ([["sch440123"], *[[c, None, None] for c in CAPTIONS]], "MISSING"),
        ([["sch440123"], SCHOOL[1], *SCHOOL[1:]], "CONFLICTING_DUPLICATE"),
    ],
)
def test_a_group_that_contradicts_itself_is_set_aside_whole(rows, rule):
    found = parsed(COUNTRY, rows)
    assert [row.rule for row in found.rejected] == [rule]
    assert len(found.facts["journal_result"]) == 1
    assert found.rows_read == found.rows_accepted + 1 == 2


def test_a_group_without_participants_gives_no_fact():
    found = parsed(COUNTRY, group("sch440123", [0, 0, 0]))
    assert len(found.facts["journal_result"]) == 1
    assert found.rejected == ()
    assert found.warnings == (
        "Без участников: 1\u00a0группа. Файл «zhurnal.xlsx». Делать ничего не нужно.",
    )


def test_one_group_twice_is_taken_once_or_not_at_all():
    assert len(parsed(SCHOOL, SCHOOL).facts["journal_result"]) == 1
    found = parsed(SCHOOL, group("edu440123", [1, 1, 1]))
    assert found.facts["journal_result"] == []
    assert [row.rule for row in found.rejected] == ["CONFLICTING_DUPLICATE"] * 2


def test_a_missing_heading_refuses_the_file():
    with pytest.raises(FileRefused, match="нет столбца «Кол-во участников»") as caught:
        parsed(COUNTRY, head=["Группы участников", "Участников", "%"])
    assert caught.value.code == "HEADER"


# -- Flat, as since 2024 -----------------------------------------------------------------------

FLAT = ["Группы участников", "Кол-во участников(всего)"]
FLAT += [f"{caption} {what}" for caption in (c.removesuffix(" %") for c in CAPTIONS)
         for what in ("%", "Кол-во участников")]  # fmt: skip


def flat(name: str | None, counts: list[object], total: object = None) -> list[object]:
    numbers = [count if isinstance(count, int) else 0 for count in counts]
    whole = sum(numbers)
    row: list[object] = [name, whole if total is None else total]
    for count, number in zip(counts, numbers, strict=True):
        row += [round(100 * number / whole, 2) if whole else 0, count]
    return row


def flat_parsed(*rows: list[object], head: list[str] = FLAT) -> Parsed:
    return parsed(list(rows), head=head)


def test_a_flat_export_gives_one_fact_a_row():
    found = flat_parsed(
        flat("Костромская обл.", [50, 40, 10]),
        flat("Буйский муниципальный район(reg44_m004)", [3, 5, 2]),
        flat("МОУ СОШ № 1(edu440123)", [1, 5, 2]),
    )
    facts = found.facts["journal_result"]
    assert [fact["level"] for fact in facts] == ["region", "municipality", "school"]
    assert counts(facts[2]) == [1, 5, 2, 8, 0]
    assert (facts[2]["school_ref"], facts[2]["municipality_ref"]) == (
        "440123", "буйский муниципальный район",
    )  # fmt: skip
    assert (found.rows_read, found.rows_accepted, found.warnings) == (3, 3, ())


def test_the_columns_of_a_flat_export_are_found_by_their_first_words_in_any_order():
    head = ["Повысили %", "Повысили, кол-во участников", "Группы участников",
            "Понизили: кол-во участников", "Понизили: %", "Подтвердили %",
            "ПОДТВЕРДИЛИ Кол-во участников"]  # fmt: skip
    found = flat_parsed([20, 2, "sch440123", 3, 30, 50, 5], head=head)
    assert counts(found.facts["journal_result"][0]) == [3, 5, 2, 10, 0]


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        (flat("sch440123", [3, 5, 2], total=11), "TOTAL"),
        (flat("sch440123", ["три", 5, 2]), "TYPE"),
        (flat("#Н/Д", [3, 5, 2]), "CELL_ERROR"),
        (["sch440123", 10, 30, 3, 50, 5, 30, 2], "PERCENT_SUM"),
        (flat("Ромашка", [3, 5, 2]), "GROUP"),
    ],
)
def test_a_row_of_a_flat_export_that_contradicts_itself_is_set_aside(row, rule):
    found = flat_parsed(flat("sch440124", [3, 5, 2]), row)
    assert [kept.rule for kept in found.rejected] == [rule]
    assert (found.rows_read, found.rows_accepted) == (2, 1)
    assert "строка 6" in found.rejected[0].message


def test_a_flat_export_may_give_shares_only_and_has_notes_below():
    found = flat_parsed(["sch440123", 14, "42,86", None, "50,00", None, "7,14", None],
                        ["* по данным школ"])  # fmt: skip
    assert counts(found.facts["journal_result"][0]) == [6, 7, 1, 14, 1]
    assert found.warnings == (
        "Строки вне таблицы (подписи, примечания) пропущены: 1\u00a0группа. Файл «zhurnal.xlsx». "
        "Проверьте, не оторвались ли строки от таблицы.",
    )
