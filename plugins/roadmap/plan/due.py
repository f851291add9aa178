"""When a measure is due (domain: due dates are the last day of the order's window).

Of several due dates a day judges one (`judged_on`): the latest that has come, or the first where
none has. Whoever asks when something is due asks of the plan of a day, or of a run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

from roadmap.plan.model import Measure, Plan
from roadmap.plan.part import Number, PlanPart
from roadmap.plan.windows import (
    AfterEvent,
    Days,
    OnDay,
    OwnSchedule,
    Recurring,
    Term,
    WholePeriod,
    Window,
)
from roadmap.plan.working_days import working_days_after


def due_date(window: Window) -> date | None:
    """The last day of the window; None where a schedule of its own, or an event, gives none yet.

    ValueError of a window of several due dates: which of them is meant, the plan of a day says.
    """
    match window:
        case OnDay(on=on) | OwnSchedule(on=on):
            return on
        case Days(ends=ends):
            return ends
        case AfterEvent():
            return None
    raise _several(window)


def start_date(window: Window) -> date | None:
    """The first day of the window; a single day is its own first. ValueError as of `due_date`."""
    match window:
        case OnDay(on=on) | OwnSchedule(on=on):
            return on
        case Days(starts=starts):
            return starts
        case AfterEvent():
            return None
    raise _several(window)


def _several(window: Window) -> ValueError:
    return ValueError(f"a window «{window.kind}» has several due dates: judged_on chooses one")


def next_due(window: Window, as_of: date) -> date | None:
    """Of a window that is due on that day its next due date; None where there is none."""
    if not isinstance(window, Term) or window.ends > as_of:
        return None
    return next((due for due in window.dues if due > window.ends), None)


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


def with_own_schedule(plan: Plan, dates: Mapping[str, date]) -> Plan:
    """The plan whose measures «по отдельному графику» carry the dates given by measure number.

    A date given wins over the one that stands in the plan's file; a measure of another window,
    or one that the plan does not have, is none of a schedule's business and stays as it is.
    """
    if not dates:
        return plan
    return plan.model_copy(
        update={"measures": tuple(_dated(measure, dates) for measure in plan.measures)}
    )


def _dated(measure: Measure, dates: Mapping[str, date]) -> Measure:
    if not isinstance(measure.window, OwnSchedule) or measure.number not in dates:
        return measure
    window = measure.window.model_copy(update={"on": dates[measure.number]})
    return measure.model_copy(update={"window": window})


def has_several_dues(window: Window) -> bool:
    """Whether a window is due more than once, so that each due date has a time of its own."""
    return isinstance(_declared(window), Recurring)


def judged_on(plan: Plan, day: date) -> Plan:
    """The plan as it stands on that day: of several due dates each measure has one.

    The latest that has come by then, with the time that it closes; where none has come the first.
    """
    return _with_windows(plan, lambda window: _judged(window, plan, day))


def with_event_days(plan: Plan, days: Mapping[str, date]) -> Plan:
    """The plan whose measures due after an event are due, by the days of events that took place.

    One whose event is not among them has no due date.
    """
    return _with_windows(plan, lambda window: _after(window, days))


def events_waited_for(plan: Plan) -> frozenset[str]:
    """Codes of the events after which measures of the plan are due."""
    declared = (_declared(measure.window) for measure in plan.measures)
    return frozenset(window.event for window in declared if isinstance(window, AfterEvent))


def _with_windows(plan: Plan, of: Callable[[Window], Window]) -> Plan:
    measures = tuple(
        measure.model_copy(update={"window": window})
        if (window := of(measure.window)) != measure.window
        else measure
        for measure in plan.measures
    )
    return plan if measures == plan.measures else plan.model_copy(update={"measures": measures})


def _declared(window: Window) -> Window:
    return window.declared if isinstance(window, Term) else window


def _judged(window: Window, plan: Plan, day: date) -> Window:
    declared = _declared(window)
    if not isinstance(declared, Recurring):
        return window
    spans = declared.spans(*plan.years)
    starts, ends = next((span for span in reversed(spans) if span[1] <= day), spans[0])
    return Term(
        kind="term",
        starts=starts,
        ends=ends,
        declared=declared,
        dues=tuple(due for _, due in spans),
    )


def _after(window: Window, days: Mapping[str, date]) -> Window:
    declared = _declared(window)
    if not isinstance(declared, AfterEvent):
        return window
    if declared.event not in days:
        return declared
    day = days[declared.event]
    due = working_days_after(day, declared.working_days)
    return Term(kind="term", starts=day, ends=due, declared=declared, dues=(due,))


class MonitoringRules(PlanPart):
    """What goes into the denominator of a monitoring of the roadmap (docs/domain.md §7.2).

    `exclude`: numbers that are not counted, the monitoring's own first of all; `include_ongoing`:
    whether a measure that lasts the whole period counts before its end, by its interim rule;
    `include_own_schedule`: whether a measure «по отдельному графику» counts once it is due.
    """

    exclude: tuple[Number, ...]
    include_ongoing: bool
    include_own_schedule: bool


def monitoring_rules(measure: Measure) -> MonitoringRules:
    """The rules of that name of a monitoring; pydantic.ValidationError where one is missing."""
    names = MonitoringRules.model_fields
    return MonitoringRules.model_validate(
        {name: value for name, value in measure.rules.items() if name in names}
    )


def monitoring_scope(plan: Plan, monitoring_measure: str, as_of: date) -> tuple[str, ...]:
    """The measures whose execution that monitoring counts on that day, in the plan's order.

    `plan` carries the dates of its own schedules (`with_own_schedule`). The monitoring never
    counts itself, whatever the rules say: its share would depend on itself. A measure without an
    indicator is never counted: nobody knows whether it is executed.
    """
    rules = monitoring_rules(plan.measure(monitoring_measure))
    left_out = {monitoring_measure, *rules.exclude}
    return tuple(
        measure.number
        for measure in plan.measures
        if measure.indicators
        and measure.number not in left_out
        and _is_counted(measure, rules, as_of)
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
