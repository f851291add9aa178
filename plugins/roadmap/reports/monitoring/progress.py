"""What changed since the last monitoring of the year, and how the year went.

Compared is what both letters showed: an indicator that stood outside the earlier letter, or was
not reported by it, is told as new and not as changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from roadmap.indicators.read import IndicatorResult
from roadmap.indicators.status import Status
from roadmap.reports.facts.monitoring import Earlier
from roadmap.reports.facts.run import Facts
from roadmap.reports.model import Table
from roadmap.reports.monitoring.lines import Line, state_of
from roadmap.reports.parts.measures import Shown, fact_value, status_chip
from roadmap.reports.parts.tables import Rows, table_of, text
from roadmap.reports.words.show import show
from roadmap.reports.words.wording import named, say
from roadmap.russian import NBSP, day

_WORDING = "monitoring"


@dataclass(frozen=True)
class Progress:
    before: IndicatorResult
    now: IndicatorResult
    is_own: bool


def last_earlier(facts: Facts) -> Earlier | None:
    """The last monitoring of the year before this phase; None where none took place."""
    earlier = state_of(facts).earlier
    return earlier[-1] if earlier else None


def progress(earlier: Earlier, shown: Sequence[Shown]) -> tuple[Progress, ...]:
    """Indicators whose status or number is another than in that monitoring."""
    found = []
    for one in shown:
        before = (earlier.results if one.is_own else earlier.regional).get(one.code)
        if before is not None and _told(before) != _told(one.result):
            found.append(Progress(before, one.result, one.is_own))
    return tuple(found)


def first_told(earlier: Earlier, found: Sequence[Line]) -> tuple[int, ...]:
    """Measures that the earlier monitoring did not report."""
    return tuple(line.number for line in found if line.number not in earlier.phase.reports)


def progress_table(
    facts: Facts, earlier: Earlier, found: Sequence[Progress], table_id: str
) -> Table:
    """№, показатель, было, стало."""
    columns = (
        text("code", "№", 12),
        text("title", "Показатель", 70),
        text("before", f"На{NBSP}{day(earlier.as_of)}", 44),
        text("now", f"На{NBSP}{day(facts.run.as_of)}", 44),
    )
    rows = (
        {
            "code": change.now.indicator.code,
            "title": named(change.now.indicator.title),
            "before": _told(change.before),
            "now": _told(change.now),
        }
        for change in found
    )
    return table_of(table_id, columns, rows, say(_WORDING, "caption_changes", on=earlier.as_of))


def progress_sentence(change: Progress) -> str:
    """«4.2 — новости … : было 3 из 4, стало 6 из 7.»"""
    return say(
        _WORDING,
        "change",
        code=change.now.indicator.code,
        title=named(change.now.indicator.title),
        before=_told(change.before),
        now=_told(change.now),
    )


def _told(result: IndicatorResult) -> str:
    """«1 из 2, исполнено частично»: what is compared is what is read."""
    fact = show(fact_value(result))
    chip = status_chip(result.status)
    return chip if result.numerator is None else f"{fact.replace(' ', NBSP)}, {chip}"


def year_table(facts: Facts, found: Sequence[Line], table_id: str) -> Table:
    """How each measure stood at each monitoring of the year and stands now."""
    earlier = state_of(facts).earlier
    columns = (
        text("number", "№", 10),
        text("text", "Мероприятие", 70),
        *(text(one.phase.code, f"На{NBSP}{day(one.as_of)}", 30) for one in earlier),
        text("now", f"На{NBSP}{day(facts.run.as_of)}", 30),
    )
    rows = Rows("document", table_id, columns)
    for line in found:
        rows.add(
            {
                "number": str(line.number),
                "text": named(line.measure.text),
                **{one.phase.code: _status_then(one, line) for one in earlier},
                "now": status_chip(line.status),
            },
            own=line.is_own,
        )
    return rows.laid(say("summary", "caption_course")).table


def _status_then(earlier: Earlier, line: Line) -> str:
    statuses = earlier.statuses if line.is_own else earlier.regional_statuses
    status: Status | None = statuses.get(line.number)
    return status_chip(status) if status is not None else "–"


def executed_then(earlier: Earlier, unit: str) -> str:
    """«6 из 7» of that monitoring, or «–» where nothing was counted for the unit."""
    found = earlier.executed.get(unit)
    return say(_WORDING, "part_of", part=found[0], whole=found[1]) if found else "–"
