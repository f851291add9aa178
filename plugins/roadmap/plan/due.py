"""When a measure is due (domain: due dates are the last day of the order's window)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from roadmap.plan.model import Measure, OnDay, OwnSchedule, Period, Plan, WholePeriod, Window
from roadmap.plan.part import PlanPart


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


def with_own_schedule(plan: Plan, dates: Mapping[int, date]) -> Plan:
    """The plan whose measures «по отдельному графику» carry the dates given by measure number.

    A date given wins over the one that stands in the plan's file; a measure of another window,
    or one that the plan does not have, is none of a schedule's business and stays as it is.
    """
    if not dates:
        return plan
    return plan.model_copy(
        update={"measures": tuple(_dated(measure, dates) for measure in plan.measures)}
    )


def _dated(measure: Measure, dates: Mapping[int, date]) -> Measure:
    if not isinstance(measure.window, OwnSchedule) or measure.number not in dates:
        return measure
    window = measure.window.model_copy(update={"on": dates[measure.number]})
    return measure.model_copy(update={"window": window})


class MonitoringRules(PlanPart):
    """What goes into the denominator of a monitoring of the roadmap (docs/domain.md §7.2).

    `exclude`: numbers that are not counted, the monitoring's own first of all; `include_ongoing`:
    whether a measure that lasts the whole period counts before its end, by its interim rule;
    `include_own_schedule`: whether a measure «по отдельному графику» counts once it is due.
    """

    exclude: tuple[int, ...]
    include_ongoing: bool
    include_own_schedule: bool


def monitoring_rules(measure: Measure) -> MonitoringRules:
    """The rules of that name of a monitoring; pydantic.ValidationError where one is missing."""
    names = MonitoringRules.model_fields
    return MonitoringRules.model_validate(
        {name: value for name, value in measure.rules.items() if name in names}
    )


def monitoring_scope(plan: Plan, monitoring_measure: int, as_of: date) -> tuple[int, ...]:
    """Numbers of the measures whose execution that monitoring counts on that day, in order.

    `plan` carries the dates of its own schedules (`with_own_schedule`). The monitoring never
    counts itself, whatever the rules say: its share would depend on itself.
    """
    rules = monitoring_rules(plan.measure(monitoring_measure))
    left_out = {monitoring_measure, *rules.exclude}
    return tuple(
        sorted(
            measure.number
            for measure in plan.measures
            if measure.number not in left_out and _is_counted(measure, rules, as_of)
        )
    )


def _is_counted(measure: Measure, rules: MonitoringRules, as_of: date) -> bool:
    match measure.window:
        case OwnSchedule():
            return rules.include_own_schedule and is_due(measure.window, as_of)
        case WholePeriod():
            # Past its end it is due as any other.
            has_place = rules.include_ongoing and has_begun(measure.window, as_of)
            return has_place or is_due(measure.window, as_of)
    return is_due(measure.window, as_of)
