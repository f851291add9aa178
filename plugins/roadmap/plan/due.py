"""When a measure is due (domain: due dates are the last day of the order's window)."""

from __future__ import annotations

from datetime import date

from roadmap.plan.model import Measure, OnDay, OwnSchedule, Period, WholePeriod, Window


def due_date(window: Window) -> date | None:
    """The last day of the window; None where a schedule of its own gives no date yet."""
    return window.due


def start_date(window: Window) -> date | None:
    """The first day of the window; a single day is its own first."""
    match window:
        case OnDay(on=on) | OwnSchedule(on=on):
            return on
        case Period(starts=starts) | WholePeriod(starts=starts):
            return starts


def is_due(window: Window, as_of: date) -> bool:
    """Whether the measure's time is up on that day: its last day counts, no date is never due."""
    due = due_date(window)
    return due is not None and due <= as_of


def has_begun(window: Window, as_of: date) -> bool:
    """Whether work may be expected on that day; a day of its own begins on that day."""
    starts = start_date(window)
    return starts is not None and starts <= as_of


def is_ongoing(measure: Measure) -> bool:
    """«Весь период реализации»: before its end it is judged by its interim rule."""
    return isinstance(measure.window, WholePeriod)
