"""The measures of a monitoring one by one: status, what is counted, what confirms it.

A line is the addressee's own where one of its indicators is counted for the addressee; what the
region does as a whole is told to a municipality and is not its own (`Row.own`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, TypeAlias

from roadmap.analysis.small_numbers import REGION
from roadmap.indicators.read import IndicatorResult, letter_statuses
from roadmap.indicators.status import Status
from roadmap.plan.due import due_date, is_ongoing
from roadmap.plan.model import IndicatorKind, Measure
from roadmap.reports.facts.monitoring import MonitoringState, monitoring_measure
from roadmap.reports.facts.run import Facts
from roadmap.reports.model import Cell, Column, Place, Row, Table, Value, Words
from roadmap.reports.monitoring.confirm import confirmation, is_confirmed_by_own
from roadmap.reports.parts.draft import Placed
from roadmap.reports.parts.measures import fact_value, missing, status_chip, target_text
from roadmap.reports.parts.results import words
from roadmap.reports.words.show import show
from roadmap.reports.words.wording import named, say
from roadmap.russian import NBSP

_WORDING = "monitoring"
_BEFORE_YEAR = re.compile(r"(?<=[а-яё]) (?=\d{4}\b)")
View: TypeAlias = Literal["document", "appendix"]
_FACT, _STATUS = 5, 6  # columns of the table


@dataclass(frozen=True)
class Line:
    """One measure. `results` are those that judge it, `regional` what the region adds to an own
    one; `is_counted`: it stands in the monitoring's denominator, `is_executed`: and is done."""

    measure: Measure
    results: tuple[IndicatorResult, ...]
    regional: tuple[IndicatorResult, ...]
    status: Status
    is_own: bool
    is_counted: bool
    is_executed: bool

    @property
    def number(self) -> int:
        return self.measure.number

    @property
    def due(self) -> date | None:
        return due_date(self.measure.window)


def state_of(facts: Facts) -> MonitoringState:
    """The state that was read with the facts; ValueError in a report of another kind."""
    if facts.monitoring is None:
        raise ValueError(f"phase {facts.run.phase.code} is no monitoring")
    return facts.monitoring


def lines(facts: Facts) -> tuple[Line, ...]:
    """A line for each measure that the phase reports, in the order's sequence."""
    run, state = facts.run, state_of(facts)
    unit = facts.addressee.municipality_id
    own = letter_statuses(facts.indicators, run.as_of)
    regional = letter_statuses(facts.regional, run.as_of)
    found = []
    for number in sorted(run.phase.reports):
        results = tuple(r for r in facts.indicators if r.measure.number == number)
        of_region = tuple(r for r in facts.regional if r.measure.number == number)
        is_own = bool(results) or facts.is_region
        stored = state.statuses.get(unit if is_own else REGION, {}).get(number)
        status = own.get(number) if is_own else regional.get(number)
        found.append(
            Line(
                measure=run.plan.measure(number),
                results=results if is_own else of_region,
                regional=of_region if is_own else (),
                status=Status.NO_DATA if status is None else status,
                is_own=is_own,
                is_counted=number in state.scope and stored is not None,
                is_executed=stored is not None and stored.is_executed,
            )
        )
    return tuple(found)


@dataclass(frozen=True)
class Executed:
    """How many of the addressee's own measures are executed: «6 из 7»."""

    numerator: int
    denominator: int

    @property
    def is_whole(self) -> bool:
        return self.numerator == self.denominator


def executed(facts: Facts, found: Sequence[Line]) -> Executed | None:
    """The monitoring's own share, or the year's final one; None where nothing is counted.

    A monitoring's is the stored indicator; in a summary each own measure with a due date counts.
    """
    number = monitoring_measure(facts.run.phase, facts.run.plan)
    if number is None:
        due = [line for line in found if is_final(line)]
        return Executed(sum(line.status.is_met for line in due), len(due)) if due else None
    for result in facts.indicators:
        if result.measure.number == number and result.indicator.parameters.get("monitoring"):
            if result.numerator is None or not result.denominator:
                return None
            return Executed(result.numerator, result.denominator)
    return None


def is_final(line: Line) -> bool:
    """Whether the year's final count holds the measure: the addressee's own, with a due date."""
    return line.is_own and line.due is not None and line.status is not Status.NOT_DUE


def is_met_or_executed(facts: Facts, line: Line) -> bool:
    """Whether the line counts as executed in this report."""
    is_summary = monitoring_measure(facts.run.phase, facts.run.plan) is None
    return line.status.is_met if is_summary else line.is_executed


def is_counted(facts: Facts, line: Line) -> bool:
    """Whether the line stands in this report's denominator."""
    is_summary = monitoring_measure(facts.run.phase, facts.run.plan) is None
    return is_final(line) if is_summary else line.is_counted and line.is_own


# -- The table of domain: §6.3 ---------------------------------------------------------------


@dataclass(frozen=True)
class Laid:
    table: Table
    placed: tuple[Placed, ...]


def lines_table(facts: Facts, found: Sequence[Line], table_id: str) -> Laid:
    """№ … Примечание, texts verbatim from the plan; wide, so its section is turned."""
    return _table(
        facts,
        found,
        table_id,
        "document",
        say(_WORDING, "caption_measures"),
        (
            Column(title="№", width=8),
            Column(title="Описание действий", width=50),
            Column(title="Дата реализации", width=22),
            Column(title="Региональный показатель реализации", width=48),
            Column(title="План", width=18),
            Column(title="Факт", width=25),
            Column(title="Статус", width=27),
            Column(title="Подтверждение", width=32),
            Column(title="Примечание", width=28),
        ),
    )


def lines_sheet_table(facts: Facts, found: Sequence[Line], table_id: str) -> Laid:
    """The same for the appendix."""
    return _table(
        facts,
        found,
        table_id,
        "appendix",
        "",
        (
            Column(title="№", width=5),
            Column(title="Описание действий", width=44),
            Column(title="Дата реализации", width=16),
            Column(title="Региональный показатель реализации", width=44),
            Column(title="План", width=12),
            Column(title="Факт", width=17),
            Column(title="Статус", width=20),
            Column(title="Подтверждение", width=32),
            Column(title="Примечание", width=30),
        ),
    )


def _table(
    facts: Facts,
    found: Sequence[Line],
    table_id: str,
    view: View,
    caption: str,
    columns: tuple[Column, ...],
) -> Laid:
    rows: list[Row] = []
    placed: list[Placed] = []
    for line in found:
        row = _row(facts, line, is_sheet=view == "appendix")
        for column, key, name in (
            (_FACT, "name_fact", say(_WORDING, "name_fact", number=line.number)),
            (_STATUS, "name_status", say(_WORDING, "name_status", number=line.number)),
        ):
            placed.append(
                Placed(
                    key=("measure", str(line.number), key),
                    name=name,
                    value=row.cells[column].value,
                    place=Place(view=view, table_id=table_id, row=len(rows), column=column),
                )
            )
        rows.append(row)
    has_regional = any(not line.is_own for line in found)
    notes = [say(_WORDING, "note_signs")]
    if has_regional:
        notes.append(say(_WORDING, "note_regional"))
    return Laid(
        Table(id=table_id, caption=caption, columns=columns, rows=tuple(rows), notes=tuple(notes)),
        tuple(placed),
    )


def _row(facts: Facts, line: Line, *, is_sheet: bool) -> Row:
    unit = facts.addressee.municipality_id
    shown = confirmation(facts, line.results, unit if line.is_own else REGION)
    when = line.measure.date_text
    if is_sheet:
        shown = shown.replace("\u200b", "")
    else:
        # «Март-апрель 2021 г.» in a narrow column: the year may stand on a line of its own.
        when = _BEFORE_YEAR.sub(" \u200b", when)
    note, is_own_note = _note(facts, line)
    cells = (
        words(str(line.number)),
        words(named(line.measure.text)),
        words(when),
        words(named(line.measure.indicator_text)),
        Cell(value=_joined(line.results, target_text)),
        Cell(value=_joined(line.results, _fact)),
        words(status_chip(line.status)),
        Cell(
            value=Words(text=shown or "–"),
            own=facts.is_region or is_confirmed_by_own(line.results),
        ),
        Cell(value=Words(text=note or "–"), own=is_own_note),
    )
    return Row(cells=cells, own=line.is_own)


def _fact(result: IndicatorResult) -> str:
    return show(fact_value(result))


def _joined(results: Sequence[IndicatorResult], of: Callable[[IndicatorResult], str]) -> Value:
    """«1 из 1», or «6.1: 1 из 1; 6.2: 1 из 2», each piece on a line of its own."""
    if not results:
        return Words(text="–")
    if len(results) == 1:
        return Words(text=of(results[0]))
    pieces = (f"{r.indicator.code}:{NBSP}{of(r).replace(' ', NBSP)}" for r in results)
    return Words(text="; ".join(pieces))


def _note(facts: Facts, line: Line) -> tuple[str, bool]:
    """What is missing, how an ongoing measure stands, what the region adds; and whether all of
    it is the addressee's own."""
    told = []
    gaps = [_gap(result, len(line.results) > 1) for result in line.results]
    if line.status in _TELLING:
        told += [gap for gap in gaps if gap]
    if line.status is Status.NO_DUE_DATE:
        told.append(say(_WORDING, "no_schedule"))
    if line.status is Status.IN_PROGRESS and is_ongoing(line.measure) and line.is_counted:
        told.append(say(_WORDING, "interim_met" if line.is_executed else "interim_missed"))
    if line.regional:
        pieces = [f"{r.indicator.code} — {_fact(r)}" for r in line.regional]
        told.append(say(_WORDING, "of_region", facts=pieces))
    if not line.is_own:
        told.append(say(_WORDING, "regional_measure"))
    return "; ".join(told), not line.regional


_TELLING = (
    Status.NOT_DONE,
    Status.PARTLY,
    Status.IN_PROGRESS,
    Status.NO_DUE_DATE,
    Status.NO_DATA,
)


def _gap(result: IndicatorResult, is_one_of_many: bool) -> str:
    if result.indicator.kind is IndicatorKind.FACT and result.shortfall is None:
        text = say(_WORDING, "missing_unknown")
    else:
        text = missing(result)
    if not text:
        return ""
    return f"{result.indicator.code}: {text}" if is_one_of_many else text
