"""By which due date a measure is judged, where it has several or waits for an event."""

from __future__ import annotations

from datetime import date

from roadmap.plan.due import next_due
from roadmap.plan.windows import AfterEvent, Term, Window
from roadmap.reports.words.wording import say


def term(window: Window, as_of: date) -> str:
    """«состояние на срок 31.03.2021, следующий срок — 30.06.2021»; "" where it has one date.

    `window` as the run judges it. Before its event has taken place, after what it will be due.
    """
    match window:
        case Term(ends=due):
            following = next_due(window, as_of)
            return say("shared", "term", due=due, is_due=due <= as_of, following=following)
        case AfterEvent(working_days=days, title=event):
            return say("shared", "before_event", days=days, event=event)
    return ""
