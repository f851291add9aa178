"""What a person asks of a phase: how the form's fields are read, and what is refused at once."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from roadmap.evidence.request import FreezeRefused, RunRequest, read_request, refuse_request
from support.plans import small_plan

PLAN = small_plan()
PHASE = PLAN.phases[0]
NOW_MS = int(datetime(2021, 12, 1, tzinfo=UTC).timestamp() * 1000)


def read(**fields: Any) -> RunRequest:
    return read_request(PLAN, PHASE.code, {"mode": "dry"} | fields, "manual__1")


def ask(**fields: Any) -> None:
    refuse_request(PLAN, PHASE, read(**fields), NOW_MS)


@pytest.mark.parametrize("entered", ["30.04.2021", "2021-04-30", " 30.4.2021 ", "2021-4-30"])
def test_a_day_is_read_as_people_and_as_machines_write_it(entered: str):
    assert read(as_of=entered).as_of == date(2021, 4, 30)


@pytest.mark.parametrize("entered", [None, "", "  "])
def test_an_empty_field_means_what_the_plan_says(entered: str | None):
    asked = read(as_of=entered, known_at=entered, reason=entered, sample=None, municipalities=None)
    assert asked == RunRequest("2021", PHASE.code, "dry", None, None, (), None, "manual__1")


@pytest.mark.parametrize(
    ("entered", "moment"),
    [
        ("31.03.2021 10:00", "2021-03-31T10:00:00+03:00"),
        ("31.03.2021 9:05", "2021-03-31T09:05:00+03:00"),
        ("2021-03-31T10:00", "2021-03-31T10:00:00+03:00"),
        ("2021-03-31T10:00:30+05:00", "2021-03-31T10:00:30+05:00"),
        ("2021-03-31T07:00:00.000Z", "2021-03-31T07:00:00+00:00"),
        ("31.03.2021", "2021-03-31T23:59:59+03:00"),  # that day, when it was over
    ],
)
def test_a_moment_without_an_offset_is_of_the_plan_s_zone(entered: str, moment: str):
    expected = datetime.fromisoformat(moment).timestamp() * 1000
    assert read(known_at=entered).known_at_ms == expected


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"as_of": "30.02.2021"}, "«По состоянию на» — «30.02.2021»: такого дня нет"),
        ({"as_of": "2021-06-31"}, "«2021-06-31»: такого дня нет"),
        ({"as_of": "31.06"}, "«31.06»: не понять, какой это день"),
        ({"as_of": "31.03.21"}, "не понять, какой это день"),
        ({"as_of": "март"}, "Впишите, например, 31.03.2021 или оставьте поле пустым"),
        ({"as_of": "31.03.2021 10:00"}, "не понять, какой это день"),
        ({"as_of": "9" * 500}, "«" + "9" * 40 + "…»"),
        ({"as_of": "31.03.2022"}, "«По состоянию на» — 31.03.2022, а план — 2021 года"),
        ({"as_of": "31.12.2020"}, "а план — 2021 года"),
        ({"known_at": "30.02.2021 10:00"}, "«По сведениям на момент» — «30.02.2021 10:00»: такого"),
        ({"known_at": "31.03.2021 25:00"}, "не понять, какой это час"),
        ({"known_at": "31.03.2021 в 10 часов"}, "не понять, какой это час"),
        ({"known_at": "вчера"}, "Впишите, например, 31.03.2021 или"),
        ({"known_at": "2.12.2021 10:00"}, "ещё не наступил"),
        ({"sample": 0}, "выборка меньше одного адресата"),
        ({"sample": 1.5}, "целое число от 1"),
        ({"sample": 3, "mode": "live"}, "письма адресатам уходят всем"),
        ({"municipalities": ["buyskiy", "atlantis"]}, "нет муниципалитетов с кодами «atlantis»"),
        ({"reason": "звонил head@example.org"}, "уберите из причины исправления адрес"),
        ({"reason": "а" * 301}, "не больше 300 знаков"),
        ({"reason": "а\x00б"}, "без невидимых"),
        ({"as_of": "30.04.2021", "mode": "live"}, "Отчётная дата запуска — не дата плана"),
        ({"known_at": "31.03.2021", "mode": "live"}, "Задан момент"),
    ],
)
def test_a_slip_is_refused_by_name_with_what_to_enter(fields: dict[str, Any], says: str):
    with pytest.raises(FreezeRefused) as refused:
        ask(**fields)
    assert says in str(refused.value)
    assert "@" not in str(refused.value)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"mode": "live", "municipalities": ["region"], "reason": "поступил файл\nза март"},
        {"as_of": "31.12.2021", "known_at": "30.11.2021"},
        {"mode": "redirect", "sample": 3.0},
    ],
)
def test_what_can_be_done_is_let_through(fields: dict[str, Any]):
    ask(**fields)


def test_a_roadmap_of_two_years_judges_days_of_both():
    plan = PLAN.model_copy(update={"last_year": 2022})
    refuse_request(plan, PHASE, read(as_of="31.03.2022"), NOW_MS)
    with pytest.raises(FreezeRefused, match="а план — 2021–2022 годов"):
        refuse_request(plan, PHASE, read(as_of="31.03.2023"), NOW_MS)
