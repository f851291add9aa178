"""Values of indicators as municipalities report them: what a row may not say."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from roadmap.datasets.indicator_values import DATASET
from roadmap.evidence.parsed import Parsed, ReaderContext
from roadmap.evidence.readers import register
from roadmap.evidence.registers.vocabulary import with_words
from roadmap.evidence.schemas import check
from support.evidence_files import workbook
from support.plans import targets_plan

HEADING = [column.title for column in DATASET.table.columns]
SHARE = ["lesnoy", "1.1", date(2021, 6, 30), 3, 15, None, "Отчёт", date(2021, 7, 2)]
VALUE = ["region", "2.1", date(2021, 6, 30), None, None, 9, "Отчёт", date(2021, 6, 30)]


def read(*rows: list[Any]) -> Parsed:
    options = with_words({"register": "indicator_values"}, targets_plan())
    options["today"] = "2021-07-05"
    content = workbook(DATASET.sheet or "", [HEADING, *rows])
    return check(register.read(content, ReaderContext("файл.xlsx", 2021, options)), "файл.xlsx")


def test_a_share_or_a_value_is_taken_in_of_a_period_of_any_year() -> None:
    earlier = ["lesnoy", "4.1", date(2020, 12, 31), 30, 150, None, "Отчёт", date(2021, 1, 15)]
    parsed = read(SHARE, VALUE, earlier)
    assert not parsed.rejected
    assert [
        (row["municipality_id"], row["numerator"], row["denominator"], row["value"])
        for row in parsed.facts["indicator_value"]
    ] == [("lesnoy", 3, 15, None), ("region", None, None, 9), ("lesnoy", 30, 150, None)]


@pytest.mark.parametrize(
    ("place", "cell", "rule", "says"),
    [
        (1, "9.9", "CHOICE", "столбец B «Показатель»"),  # no indicator of the plan
        (1, "5.1", "CHOICE", "«5.1»"),  # one that our own registers count
        (3, 16, "RANGE", "числитель больше знаменателя"),
        (4, None, "CONTRADICTION", "либо числитель и знаменатель (доля), либо значение"),
        (5, 7, "CONTRADICTION", "Впишите доле числитель и знаменатель, остальному — значение"),
        (7, date(2021, 6, 29), "PERIOD", "столбец C «Период по»"),
        (2, date(2021, 7, 31), "RANGE", "31.07.2021 ещё не наступило"),
        (7, None, "MISSING", "столбец H «Дата документа»"),
    ],
)
def test_a_bad_row_is_set_aside_with_its_place_and_what_to_do(
    place: int, cell: Any, rule: str, says: str
) -> None:
    bad = [*SHARE[:place], cell, *SHARE[place + 1 :]]
    parsed = read(VALUE, bad)
    (rejected,) = parsed.rejected
    assert (rejected.rule, rejected.row) == (rule, 3)
    assert says in rejected.message
    assert "Файл «файл.xlsx»" in rejected.message and "строка 3" in rejected.message
    assert parsed.rows_accepted == 1


def test_two_rows_of_one_municipality_and_period_are_both_set_aside() -> None:
    parsed = read(SHARE, [*SHARE[:3], 4, *SHARE[4:]], VALUE)
    assert [(one.rule, one.row) for one in parsed.rejected] == [
        ("CONFLICTING_DUPLICATE", 2),
        ("CONFLICTING_DUPLICATE", 3),
    ]
