"""When a measure is to be done, as the order says it: the kinds of windows.

A window has one due date, or several: «ежеквартально» is due on the last day of each quarter. Of
several, a day judges one: `plan.due.judged_on` puts its `Term` in the window's place.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from roadmap.plan.part import PlanPart, Text

Span = tuple[date, date]  # first and last day; the last is the due date


def day_of_year(year: int, text: str) -> date:
    """«05-31» in that year; «02-29» is the last day of February in any.

    ValueError, in Russian, where no year has such a day.
    """
    if not re.fullmatch(r"\d\d-\d\d", text):
        raise ValueError(f"«{text}» — нужны месяц и день вида 05-31")
    month, number = map(int, text.split("-"))
    if (month, number) == (2, 29):
        return date(year, 3, 1) - timedelta(days=1)
    try:
        return date(year, month, number)
    except ValueError:
        raise ValueError(f"«{text}» — такого дня нет (месяц, потом день)") from None


def _is_day(text: str) -> str:
    day_of_year(2000, text)
    return text


DayOfYear = Annotated[str, AfterValidator(_is_day)]  # «05-31»


class OnDay(PlanPart):
    """«12 марта 2021 г.»: due that day."""

    kind: Literal["on"]
    on: date


class Days(PlanPart):
    """A window of a first and a last day, on which it is due."""

    starts: date
    ends: date


class Period(Days):
    """«Март-апрель 2021 г.»: due on the last day."""

    kind: Literal["period"]


class WholePeriod(Days):
    """«Весь период реализации»: in progress until the end, judged by an interim rule."""

    kind: Literal["whole_period"]


class OwnSchedule(PlanPart):
    """«По отдельному графику»: without a date it is never due and never done."""

    kind: Literal["own_schedule"]
    on: date | None = None


class Dates(PlanPart):
    """«До 1 марта и до 1 сентября»: each day is due for the time since the one before it.

    The first is due for the time since the plan's first day.
    """

    kind: Literal["dates"]
    on: Annotated[tuple[date, ...], Field(min_length=1)]

    def spans(self, first_year: int, last_year: int) -> tuple[Span, ...]:
        """Of each due date its time, in order of days."""
        firsts = (date(first_year, 1, 1), *(day + timedelta(days=1) for day in self.on))
        return tuple(zip(firsts, self.on, strict=False))


class Yearly(PlanPart):
    """«Ежегодно, до 1 октября»: due on that day of each of the plan's years.

    From `starts` on, or from the year's first day. A time that goes over the new year
    («сентябрь — май») begins in the year before; it has to lie in the plan's years whole.
    """

    kind: Literal["yearly"]
    ends: DayOfYear
    starts: DayOfYear = "01-01"

    def spans(self, first_year: int, last_year: int) -> tuple[Span, ...]:
        """Of each due date its time, in order of days."""
        over = int(self.starts > self.ends)
        return tuple(
            (day_of_year(year - over, self.starts), day_of_year(year, self.ends))
            for year in range(first_year + over, last_year + 1)
        )


class Quarterly(PlanPart):
    """«Ежеквартально»: due on the last day of each quarter of the plan's years."""

    kind: Literal["quarterly"]

    def spans(self, first_year: int, last_year: int) -> tuple[Span, ...]:
        """Of each due date its quarter, in order of days."""
        firsts = [
            date(year, month, 1)
            for year in range(first_year, last_year + 1)
            for month in (1, 4, 7, 10)
        ]
        following = [*firsts[1:], date(last_year + 1, 1, 1)]
        return tuple(
            (first, after - timedelta(days=1))
            for first, after in zip(firsts, following, strict=True)
        )


class AfterEvent(PlanPart):
    """«В течение 10 рабочих дней после семинара»: due so many working days after the event.

    Its day is evidence, a held event of that code. Before it there is no due date.
    """

    kind: Literal["after_event"]
    event: Text
    working_days: Annotated[int, Field(ge=1, le=250)]
    title: Text | None = None  # in the genitive, «семинара для кураторов»: for who reads of it


class Term(Days):
    """The due date by which a day judges a window of several, or of one after an event.

    It stands in no file: `declared` is what the plan says, `dues` are all its due dates.
    """

    kind: Literal["term"]
    declared: Dates | Yearly | Quarterly | AfterEvent
    dues: tuple[date, ...]


Recurring = Dates | Yearly | Quarterly
Declared = Annotated[
    OnDay | Period | WholePeriod | OwnSchedule | Dates | Yearly | Quarterly | AfterEvent,
    Field(discriminator="kind"),
]
Window = Declared | Term


def dues(window: Window, first_year: int, last_year: int) -> tuple[date, ...]:
    """All due dates of a window in a plan of those years; none where none is known yet."""
    match window:
        case Dates() | Yearly() | Quarterly():
            return tuple(ends for _, ends in window.spans(first_year, last_year))
        case Term(dues=of_all):
            return of_all
        case Days(ends=ends):
            return (ends,)
        case OnDay(on=on) | OwnSchedule(on=date() as on):
            return (on,)
    return ()
