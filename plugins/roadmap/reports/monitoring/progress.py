"""What changed since the last monitoring of the year, and how the year went.

Compared is what both letters showed: an indicator that stood outside the earlier letter, or was
not reported by it, is told as new and not as changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from roadmap.indicators.read import IndicatorResult
from roadmap.indicators.status import Status
from roadmap.reports.facts.monitoring import Earlier
from roadmap.reports.facts.run import Facts
from roadmap.reports.model import Column, Table
from roadmap.reports.monitoring.lines import Line, line_status, state_of
from roadmap.reports.parts.measures import Shown, fact_and_status, status_chip, under_headings
from roadmap.reports.parts.sentences import sentence
from roadmap.reports.parts.tables import Rows, columns, number, table_of, text
from roadmap.reports.words.show import NOT_HELD
from roadmap.reports.words.wording import named, say


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
    changes = []
    for one in shown:
        before = (earlier.results if one.is_own else earlier.regional).get(one.code)
        if before is not None and fact_and_status(before) != fact_and_status(one.result):
            changes.append(Progress(before, one.result, one.is_own))
    return tuple(changes)


def progress_table(
    facts: Facts, earlier: Earlier, changes: Sequence[Progress], table_id: str
) -> Table:
    """№, показатель, было, стало."""
    heads = columns(
        "changes", before=_column_on(facts, earlier.as_of), now=_column_on(facts, facts.run.as_of)
    )
    rows = (
        {
            "code": change.now.indicator.code,
            "title": named(change.now.indicator.title),
            "before": fact_and_status(change.before),
            "now": fact_and_status(change.now),
        }
        for change in changes
    )
    return table_of(table_id, heads, rows, sentence(facts, "caption_changes", on=earlier.as_of))


def progress_sentence(facts: Facts, change: Progress) -> str:
    """«4.2 — новости … : было 3 из 4, стало 6 из 7.»"""
    return sentence(
        facts,
        "change",
        code=change.now.indicator.code,
        title=named(change.now.indicator.title),
        before=fact_and_status(change.before),
        now=fact_and_status(change.now),
    )


def year_table(facts: Facts, measures: Sequence[Line], table_id: str) -> Table:
    """How each measure stood at each monitoring of the year and stands now."""
    earlier = state_of(facts).earlier
    heads = (
        *columns("course"),
        *(text(one.phase.code, _column_on(facts, one.as_of), 30) for one in earlier),
        text("now", _column_on(facts, facts.run.as_of), 30),
    )
    rows = Rows("document", table_id, heads)
    for line in under_headings(rows, facts.run.plan, measures, lambda line: line.measure):
        rows.add(
            {
                "number": line.number,
                "text": named(line.measure.text),
                **{one.phase.code: _status_then(one, line) for one in earlier},
                "now": line_status(facts, line),
            },
            own=line.is_own,
        )
    return rows.laid(say("summary", "caption_course")).table


def _status_then(earlier: Earlier, line: Line) -> str:
    statuses = earlier.statuses if line.is_own else earlier.regional_statuses
    status: Status | None = statuses.get(line.number)
    return status_chip(status) if status is not None else NOT_HELD


def _column_on(facts: Facts, on: date) -> str:
    return sentence(facts, "column_on", on=on)


def earlier_columns(facts: Facts, width: float) -> tuple[Column, ...]:
    """What each earlier monitoring of the year counted as executed."""
    earlier = state_of(facts).earlier
    return tuple(number(e.phase.code, _column_on(facts, e.as_of), width) for e in earlier)


def executed_then(facts: Facts, unit: str) -> dict[str, str]:
    """«6 из 7» of each earlier monitoring, or «–» where nothing was counted for the unit."""
    counts = {one.phase.code: one.executed.get(unit) for one in state_of(facts).earlier}
    return {
        code: sentence(facts, "part_of", part=count[0], whole=count[1]) if count else NOT_HELD
        for code, count in counts.items()
    }
