"""The plan of 2021 says what the order says, letter by letter, typos included."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from roadmap.plan.load import load_plan
from roadmap.plan.model import Measure
from roadmap.russian import MONTHS_GENITIVE

ORDER = (Path(__file__).parent / "order_376.txt").read_text(encoding="utf-8")
PLAN = load_plan("2021")
NUMBERS = [str(number) for number in range(1, 18)]


def rows_of_the_order() -> dict[str, tuple[str, str, str]]:
    """Number → (text, date, indicator); a row that a page break splits is joined by one space."""
    rows: dict[str, list[str]] = {}
    number = ""
    for line in ORDER.splitlines():
        cells = line.split("\t")
        if len(cells) != 4:
            continue
        if re.fullmatch(r"\d+\.", cells[0]):
            number = cells[0][:-1]
            rows[number] = cells[1:]
        elif not cells[0]:
            rows[number] = [
                f"{above} {below}" if below else above
                for above, below in zip(rows[number], cells[1:], strict=True)
            ]
    return {number: (cells[0], cells[1], cells[2]) for number, cells in rows.items()}


def test_the_plan_has_the_orders_measures_in_its_sequence() -> None:
    assert list(rows_of_the_order()) == NUMBERS
    assert [measure.number for measure in PLAN.measures] == NUMBERS


@pytest.mark.parametrize("measure", PLAN.measures, ids=lambda measure: measure.number)
def test_texts_are_verbatim(measure: Measure) -> None:
    text, date_text, indicator_text = rows_of_the_order()[measure.number]
    assert measure.text == text
    assert measure.date_text == date_text
    assert measure.indicator_text == indicator_text


def test_a_row_split_by_a_page_break_is_whole() -> None:
    measure = PLAN.measure("6")
    assert "кураторов школ по вопросам организации работы с ИС МЭДК" in measure.text
    assert "приняли участие в вебинаре. Определены задачи кураторов школ" in measure.indicator_text


@pytest.mark.parametrize(
    ("number", "typo"),
    [
        ("3", "рискованного профиля школ (РПШ)"),
        ("8", "дополнительно профессионального образования"),
        ("10", "учителей –предметников из числа школ включенных"),
    ],
)
def test_typos_of_the_order_are_kept(number: str, typo: str) -> None:
    measure = PLAN.measure(number)
    assert typo in measure.text + measure.indicator_text


def test_the_order_itself_is_named_right() -> None:
    order = PLAN.order
    written = f"{order.date.day} {MONTHS_GENITIVE[order.date.month - 1]} {order.date.year}"
    assert f"{written} г." in ORDER
    assert f"№ {order.number}" in ORDER
    department = PLAN.region.department
    assert department.name.casefold() in " ".join(ORDER.split()).casefold()
    earlier = PLAN.based_on[0]
    written = f"{earlier.date.day} {MONTHS_GENITIVE[earlier.date.month - 1]} {earlier.date.year}"
    assert f"от {written} года № {earlier.number} «Об участии" in ORDER


MONTHS = (
    "январь", "февраль", "март", "апрель", "май", "июнь",
    "июль", "август", "сентябрь", "октябрь", "ноябрь", "декабрь",
)  # fmt: skip


@pytest.mark.parametrize("measure", PLAN.measures, ids=lambda measure: measure.number)
def test_a_window_is_the_date_text_in_days(measure: Measure) -> None:
    """«Март-апрель 2021 г.» is 1 March to 30 April; «По отдельному графику» names no day."""
    text, window = measure.date_text.casefold(), measure.window
    if text == "по отдельному графику":
        assert window.kind == "own_schedule"
        assert window.on is None
    elif text == "весь период реализации":
        assert window.kind == "whole_period"
        assert (window.starts, window.ends.isoformat()) == (PLAN.order.date, "2021-12-31")
    elif day := re.fullmatch(r"(\d+) (\w+) (\d{4}) г\.", text):
        assert window.kind == "on"
        month = MONTHS_GENITIVE.index(day[2]) + 1
        assert window.on.timetuple()[:3] == (int(day[3]), month, int(day[1]))
    else:
        months, year = re.fullmatch(r"([\w-]+) (\d{4}) г\.", text).groups()
        named = [MONTHS.index(month) + 1 for month in months.split("-")]
        assert window.kind == "period"
        assert window.starts.timetuple()[:3] == (int(year), named[0], 1)
        assert (window.ends.year, window.ends.month) == (int(year), named[-1])
        following = window.ends.toordinal() + 1
        assert type(window.ends).fromordinal(following).day == 1
