"""Working days follow the official calendar, transfers included."""

from __future__ import annotations

import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest
from holidays import country_holidays
from hypothesis import given
from hypothesis import strategies as st

from roadmap.paths import ROOT
from roadmap.plan.working_days import (
    Calendar,
    CalendarError,
    YearOfWork,
    is_provisional,
    is_working_day,
    load_calendar,
    nearest_working_day,
)

OFFICIAL_YEARS = range(2021, 2028)


def days_of(year: int) -> list[date]:
    first = date(year, 1, 1)
    return [first + timedelta(n) for n in range((date(year + 1, 1, 1) - first).days)]


@pytest.mark.parametrize(
    ("day", "works", "why"),
    [
        ("2021-02-20", True, "a Saturday worked for Monday 22 February"),
        ("2021-02-22", False, "that Monday"),
        ("2021-05-03", False, "1 May fell on a Saturday"),
        ("2021-06-12", False, "a holiday on a Saturday"),
        ("2021-06-14", False, "its Monday"),
        ("2021-11-04", False, "a holiday"),
        ("2021-11-05", False, "a day off moved from January"),
        ("2021-12-31", False, "a day off moved from January"),
        ("2021-12-30", True, "the last working day of 2021"),
        ("2021-03-31", True, "an ordinary Wednesday"),
        ("2024-12-28", True, "a Saturday worked for 30 December"),
        ("2024-04-29", False, "moved from a Saturday"),
    ],
)
def test_transfers_are_known(day: str, works: bool, why: str) -> None:
    assert is_working_day(date.fromisoformat(day)) is works, why


@pytest.mark.parametrize(
    ("year", "count"),
    [(2021, 247), (2022, 247), (2023, 247), (2024, 248), (2025, 247), (2026, 247)],
)
def test_the_year_has_as_many_working_days_as_officially_published(year: int, count: int) -> None:
    assert sum(map(is_working_day, days_of(year))) == count


@pytest.mark.parametrize("year", OFFICIAL_YEARS)
def test_the_calendars_file_agrees_with_the_library(year: int) -> None:
    library = country_holidays("RU")
    assert load_calendar().years[year].official
    differ = [day for day in days_of(year) if is_working_day(day) != library.is_working_day(day)]
    assert differ == []


def test_a_year_without_known_transfers_is_provisional() -> None:
    assert [year for year in range(2021, 2031) if is_provisional(year)] == [2028, 2029, 2030]


def test_a_provisional_year_still_has_the_laws_holidays() -> None:
    assert not is_working_day(date(2028, 1, 4))
    assert not is_working_day(date(2028, 2, 23))
    assert is_working_day(date(2028, 2, 24))


def test_a_correction_is_laid_over_what_the_library_knows() -> None:
    corrected = Calendar(
        years={2029: YearOfWork(off=(date(2029, 3, 9),), working=(date(2029, 3, 10),))}
    )
    assert is_working_day(date(2029, 3, 9), Calendar(years={}))
    assert not is_working_day(date(2029, 3, 9), corrected)
    assert is_working_day(date(2029, 3, 10), corrected)
    assert not is_working_day(date(2029, 2, 23), corrected)
    assert is_provisional(2029, corrected)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("years: {2029: {off: [2028-03-09]}}", "years.2029: 09.03.2028 — день другого года"),
        (
            "years: {2029: {off: [2029-03-09], working: [2029-03-09]}}",
            "years.2029: 09.03.2029 — и рабочий, и выходной",
        ),
        ("years: {2029: {off: [2029-02-29]}}", "«2029-02-29» — такого дня нет"),
        ("years: {2029: {}, 2029: {}}", "ключ «2029» повторён"),
    ],
)
def test_a_wrong_calendar_is_refused_with_its_place(text: str, told: str, tmp_path: Path) -> None:
    path = tmp_path / "days.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CalendarError, match=r"«days\.yaml»") as refused:
        load_calendar(path)
    assert told in str(refused.value)


any_day = st.dates(date(2021, 1, 1), date(2030, 12, 31))


@given(any_day, st.sampled_from(["previous", "next"]))
def test_a_day_moves_to_the_nearest_working_day_and_no_further(day: date, direction: str) -> None:
    moved = nearest_working_day(day, direction)
    assert is_working_day(moved)
    assert (moved <= day) if direction == "previous" else (moved >= day)
    between = [day + timedelta(n) for n in range(abs((moved - day).days))]
    if direction == "previous":
        between = [day - timedelta(n) for n in range(abs((moved - day).days))]
    assert not any(map(is_working_day, between))
    assert abs((moved - day).days) <= 12
    assert nearest_working_day(moved, direction) == moved


def test_planning_a_known_year_imports_no_heavy_library() -> None:
    """DAG files call this whenever they are parsed."""
    program = """
import sys
from roadmap.plan.load import load_plans
from roadmap.plan.schedule import phase_events
assert phase_events("march_analysis", load_plans()[0])
heavy = {"holidays", "pandas", "sqlalchemy", "airflow", "matplotlib", "docxtpl", "typst"}
sys.exit(", ".join(sorted(heavy & set(sys.modules))) or 0)
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(ROOT / "plugins")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
