"""Working days of the Russian official calendar, with the transfers of each year.

Years whose transfers the government has fixed stand whole in include/plans/working_days.yaml
(a test compares them with the `holidays` library, where they come from): reading them is a
matter of milliseconds, while importing the library takes longer than parsing a DAG file may.
For any other year the library is asked, then the file's corrections are laid over it; such a
year is provisional until its transfers are known.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import ValidationError

from roadmap import russian
from roadmap.paths import PLANS
from roadmap.plan.faults import faults_of
from roadmap.plan.part import PlanPart
from roadmap.plan.strict_yaml import YamlRefused, read_yaml

if TYPE_CHECKING:
    from holidays.holiday_base import HolidayBase

CALENDAR = PLANS / "working_days.yaml"

Direction = Literal["previous", "next"]

_SATURDAY = 5


class CalendarError(ValueError):
    """The calendar's file may not be used; the text says why, in Russian."""


class YearOfWork(PlanPart):
    """One year: working days that are off, and weekend days that are worked."""

    off: tuple[date, ...] = ()
    working: tuple[date, ...] = ()
    # True: the lists are the whole year. False: corrections of what the library knows.
    official: bool = False


class Calendar(PlanPart):
    """Every year that the file knows."""

    years: dict[int, YearOfWork]


@cache
def load_calendar(path: Path = CALENDAR) -> Calendar:
    """The calendar's file; CalendarError where it contradicts itself."""
    try:
        calendar = Calendar.model_validate(read_yaml(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        where, what = faults_of(error)[0]
        raise _refused(path, f"{where}: {what}") from None
    except YamlRefused as error:
        raise _refused(path, str(error)) from None
    for year, days in calendar.years.items():
        for listed in (*days.off, *days.working):
            if listed.year != year:
                raise _refused(path, f"years.{year}: {russian.day(listed)} — день другого года")
        both = set(days.off) & set(days.working)
        if both:
            raise _refused(path, f"years.{year}: {russian.day(min(both))} — и рабочий, и выходной")
    return calendar


def is_working_day(day: date, calendar: Calendar | None = None) -> bool:
    """Whether offices work on that day."""
    year = _year(day.year, calendar)
    if day in year.working:
        return True
    if day in year.off:
        return False
    if year.official:
        return day.weekday() < _SATURDAY
    return bool(_library().is_working_day(day))


def nearest_working_day(day: date, direction: Direction, calendar: Calendar | None = None) -> date:
    """The day itself if it is a working one, else the nearest one before or after it."""
    step = timedelta(days=-1 if direction == "previous" else 1)
    while not is_working_day(day, calendar):
        day += step
    return day


def working_days_after(day: date, count: int, calendar: Calendar | None = None) -> date:
    """The last of so many working days after that day, which does not count itself."""
    for _ in range(count):
        day = nearest_working_day(day + timedelta(days=1), "next", calendar)
    return day


def is_provisional(year: int, calendar: Calendar | None = None) -> bool:
    """Whether the transfers of that year are not known yet, so that its days may still move."""
    return not _year(year, calendar).official and year not in _years_with_transfers()


def _year(year: int, calendar: Calendar | None) -> YearOfWork:
    known = load_calendar() if calendar is None else calendar
    return known.years.get(year, YearOfWork())


def _refused(path: Path, text: str) -> CalendarError:
    return CalendarError(
        f"Календарь рабочих дней не принят. Файл «{path.name}», {text}. Исправьте файл."
    )


@cache
def _library() -> HolidayBase:
    from holidays import country_holidays

    return country_holidays("RU")


@cache
def _years_with_transfers() -> frozenset[int]:
    russia = _library()
    return frozenset(russia.special_public_holidays) | frozenset(
        russia.special_public_holidays_observed
    )
