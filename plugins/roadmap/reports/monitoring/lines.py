"""The measures of a monitoring one by one: status, what is counted, what confirms it.

A line is the addressee's own where one of its indicators is counted for the addressee; what the
region does as a whole is told to a municipality and is not its own (`Row.own`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from roadmap.indicators.read import IndicatorResult, letter_statuses
from roadmap.indicators.status import Status
from roadmap.plan.due import due_date, is_ongoing
from roadmap.plan.model import IndicatorKind, Measure
from roadmap.plan.region import REGION
from roadmap.reports.facts.monitoring import MonitoringState, monitoring_measure
from roadmap.reports.facts.run import Facts
from roadmap.reports.model import OWN_JOIN, Cell, Share, Words
from roadmap.reports.monitoring.confirm import confirmation
from roadmap.reports.parts.draft import Laid
from roadmap.reports.parts.measures import (
    fact_value,
    missing,
    said_of_rows,
    section_of,
    status_chip,
    target_text,
    under_headings,
)
from roadmap.reports.parts.sentences import sentence
from roadmap.reports.parts.tables import Cells, Rows, View, columns
from roadmap.reports.parts.term import term
from roadmap.reports.words.show import show
from roadmap.reports.words.wording import named
from roadmap.russian import NBSP

_NARROW = 16
_BEFORE_YEAR = re.compile(r"(?<=[а-яё]) (?=\d{4}\b)")


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
    def number(self) -> str:
        return self.measure.number

    @property
    def has_indicator(self) -> bool:
        """Whether the plan says what judges the measure; else it is neither done nor undone."""
        return bool(self.measure.indicators)

    @property
    def due(self) -> date | None:
        return due_date(self.measure.window)


def state_of(facts: Facts) -> MonitoringState:
    """The state that was read with the facts; ValueError in a report of another kind."""
    if facts.monitoring is None:
        raise ValueError(f"phase {facts.run.phase.code} is no monitoring")
    return facts.monitoring


def lines(facts: Facts) -> tuple[Line, ...]:
    """A line for each measure that the phase reports, in the plan's order."""
    run, state = facts.run, state_of(facts)
    unit = facts.addressee.municipality_id
    own = letter_statuses(facts.indicators, run.as_of)
    regional = letter_statuses(facts.regional, run.as_of)
    measures = []
    for measure in run.plan.in_order(run.phase.reports):
        number = measure.number
        results = tuple(r for r in facts.indicators if r.measure.number == number)
        of_region = tuple(r for r in facts.regional if r.measure.number == number)
        is_own = bool(results) or facts.is_region
        stored = state.statuses.get(unit if is_own else REGION, {}).get(number)
        status = own.get(number) if is_own else regional.get(number)
        measures.append(
            Line(
                measure=measure,
                results=results if is_own else of_region,
                regional=of_region if is_own else (),
                status=Status.NO_DATA if status is None else status,
                is_own=is_own,
                is_counted=number in state.scope and stored is not None,
                is_executed=stored is not None and stored.is_executed,
            )
        )
    return tuple(measures)


def executed(facts: Facts, measures: Sequence[Line]) -> Share | None:
    """How many of the addressee's own measures are executed; None where nothing is counted.

    A monitoring's is the stored indicator; in a summary each own measure with a due date counts.
    """
    number = monitoring_measure(facts.run.phase, facts.run.plan)
    if number is None:
        due = [line for line in measures if is_final(line)]
        done = sum(line.status.is_met for line in due)
        return Share(numerator=done, denominator=len(due)) if due else None
    for result in facts.indicators:
        if result.measure.number == number and result.indicator.parameters.get("monitoring"):
            if result.numerator is None or not result.denominator:
                return None
            return Share(numerator=result.numerator, denominator=result.denominator)
    return None


def is_final(line: Line) -> bool:
    """Whether the year's final count holds the measure: the addressee's own, with a due date."""
    is_asked = line.status not in (Status.NOT_DUE, Status.NO_SCHOOLS)
    return line.is_own and line.has_indicator and line.due is not None and is_asked


def is_met_or_executed(facts: Facts, line: Line) -> bool:
    """Whether the line counts as executed in this report."""
    is_summary = monitoring_measure(facts.run.phase, facts.run.plan) is None
    return line.status.is_met if is_summary else line.is_executed


def is_counted(facts: Facts, line: Line) -> bool:
    """Whether the line stands in this report's denominator."""
    is_summary = monitoring_measure(facts.run.phase, facts.run.plan) is None
    return is_final(line) if is_summary else line.is_counted and line.is_own


# -- The table of docs/domain.md §6.3 ----------------------------------------------------------


def lines_table(facts: Facts, view: View, measures: Sequence[Line], table_id: str) -> Laid:
    """№ … Примечание, texts verbatim from the plan; wide, so its section is turned."""
    is_sheet = view == "appendix"
    plan = facts.run.plan
    heads = columns(f"measures/{view}")
    # After what the roadmap says of every row: № … показатель.
    said = said_of_rows(plan, "section", "responsible", "result")
    heads = (*heads[:4], *said, *heads[4:]) if is_sheet else heads
    rows = Rows(view, table_id, heads)
    for line in under_headings(rows, plan, measures, lambda line: line.measure):
        key = ("measure", line.number)
        figures = {
            "fact": ((*key, "name_fact"), sentence(facts, "name_fact", number=line.number)),
            "status": ((*key, "name_status"), sentence(facts, "name_status", number=line.number)),
        }
        cells = _cells(facts, line, is_sheet=is_sheet)
        rows.add(cells, own=line.is_own, figures=figures if line.has_indicator else {})
    notes = [sentence(facts, "note_signs")]
    if any(not line.is_own and line.has_indicator for line in measures):
        notes.append(
            sentence(facts, "note_regional", department=facts.run.plan.region.department.short_name)
        )
    return rows.laid("" if is_sheet else sentence(facts, "caption_measures"), notes)


def _cells(facts: Facts, line: Line, *, is_sheet: bool) -> Cells:
    unit = facts.addressee.municipality_id
    shown = confirmation(facts, line.results, unit if line.is_own else REGION)
    when = line.measure.date_text
    if is_sheet:
        shown = shown.in_wide_cell()
    else:
        # «Март-апрель 2021 г.» in a narrow column: the year may stand on a line of its own.
        when = _BEFORE_YEAR.sub(" \u200b", when)
    return {
        "number": line.number,
        "text": named(line.measure.text) if is_sheet else _text(facts, line.measure),
        "section": section_of(facts.run.plan, line.measure),
        "responsible": named(line.measure.responsible or "–"),
        "result": named(line.measure.result or "–"),
        "when": when,
        "indicator": named(line.measure.indicator_text)
        if line.measure.indicator_text is not None
        else sentence(facts, "no_indicator"),
        "target": _joined(line.results, target_text),
        "fact": _joined(line.results, _fact),
        "status": line_status(facts, line),
        "confirmation": _mixed(shown.text, shown.own_words, shown.is_own),
        "note": _mixed(*_note(facts, line)),
    }


def _text(facts: Facts, measure: Measure) -> str:
    """The row's text, and where the roadmap says it who is responsible and the document that it
    ends with."""
    details = (
        sentence(facts, "responsible", who=named(measure.responsible))
        if measure.responsible
        else "",
        sentence(facts, "result", document=named(measure.result)) if measure.result else "",
    )
    if not any(details):
        return named(measure.text)
    return " ".join((f"{named(measure.text).rstrip('.')}.", *filter(None, details)))


def line_status(facts: Facts, line: Line) -> str:
    """The status with its sign; of a measure without an indicator its date alone."""
    if line.has_indicator:
        return status_chip(line.status)
    if line.due is None:
        return status_chip(Status.NO_DUE_DATE)
    if line.due > facts.run.as_of:
        return status_chip(Status.NOT_DUE)
    return sentence(facts, "due_passed", on=line.due)


def _mixed(text: str, own_words: str, is_own: bool) -> Cell:
    """A cell of words that may be the addressee's own only in part."""
    value = Words(text=text or "–")
    return Cell(value=value) if is_own else Cell(value=value, own=False, own_words=own_words)


def _fact(result: IndicatorResult) -> str:
    return show(fact_value(result))


def _joined(results: Sequence[IndicatorResult], of: Callable[[IndicatorResult], str]) -> str:
    """«1 из 1», or «6.1: 1 из 1; 6.2: 1 из 2», each piece on a line of its own."""
    if not results:
        return "–"
    if len(results) == 1:
        return of(results[0])
    pieces = [(r.indicator.code, of(r)) for r in results]
    return "; ".join(f"{code}:{NBSP}{_on_one_line(piece)}" for code, piece in pieces)


def _on_one_line(piece: str) -> str:
    """What a narrow column has room for; «снижение не менее чем на 5 п. п.» it breaks."""
    return piece if len(piece) > _NARROW else piece.replace(" ", NBSP)


def _note(facts: Facts, line: Line) -> tuple[str, str, bool]:
    """What is missing, how an ongoing measure stands, what the region adds; what of it is the
    addressee's own, and whether all of it is."""
    texts = []
    gaps = [_gap(facts, result, len(line.results) > 1) for result in line.results]
    if line.status in _WITH_GAPS:
        texts += [gap for gap in gaps if gap]
    if not line.has_indicator and line.due is not None:
        pass  # its status says the due date
    elif judged_by := term(line.measure.window, facts.run.as_of):
        texts.append(judged_by)
    elif line.status is Status.NO_DUE_DATE:
        texts.append(sentence(facts, "no_schedule"))
    if line.status is Status.IN_PROGRESS and is_ongoing(line.measure) and line.is_counted:
        texts.append(sentence(facts, "interim", is_met=line.is_executed))
    own_words = OWN_JOIN.join(texts)
    if line.regional:
        pieces = [f"{r.indicator.code} — {_fact(r)}" for r in line.regional]
        texts.append(sentence(facts, "of_region", facts=pieces))
    if not line.is_own and line.has_indicator:
        texts.append(sentence(facts, "regional_measure"))
    return OWN_JOIN.join(texts), own_words, not line.regional


_WITH_GAPS = (
    Status.NOT_DONE,
    Status.PARTLY,
    Status.IN_PROGRESS,
    Status.NO_DUE_DATE,
    Status.NO_DATA,
)


def _gap(facts: Facts, result: IndicatorResult, is_one_of_many: bool) -> str:
    if result.indicator.kind is IndicatorKind.FACT and result.shortfall is None:
        text = sentence(facts, "missing_unknown")
    else:
        text = missing(result)
    if not text:
        return ""
    return f"{result.indicator.code}: {text}" if is_one_of_many else text
