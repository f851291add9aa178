"""The units that an indicator requires, one query each, and what follows from them.

`include/sql/indicators/<stem>/units.sql` gives a row per thing that is required, of all
municipalities at once:

- `municipality_id`: 'region' where the region as a whole is counted;
- `unit_kind`: one that the query's about.yaml declares; `unit`: what is counted. Rows of one
  unit are the things that it needs (a school's documents): it is met when all of them are, on
  the last of their days. A row without `unit` says only whether something is known;
- `person_id`, `school_id`, `measure`, `detail`, where the query has them: by what it is named;
- `met_on`: ISO day on which it was met, or null;
- `compensated_on`, where the query has it: ISO day on which a unit that is not met was made good
  by a substitute, which moves no figure;
- `is_known`: 1, or 0 while the evidence that would show it has not come.

Numerator, denominator and gaps follow, so that they can't contradict each other.

A query of values (`values: true` in its about.yaml) gives numbers that somebody counted: its rows
are periods, `met_on` their last days, with `numerator`, `denominator` (of a share) and, of a
change, `baseline_numerator` and `baseline_denominator`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import accumulate
from math import ceil
from typing import Any

from sqlalchemy import Connection

from roadmap.indicators.about import about
from roadmap.indicators.status import Baseline, Reading
from roadmap.plan.model import Bound, IndicatorKind
from roadmap.russian import natural_key
from roadmap.store.sql import sql


@dataclass(frozen=True)
class Required:
    """One row of a query; the fields are its columns."""

    municipality_id: str
    unit_kind: str
    unit: str | None
    met_on: str | None
    is_known: bool
    person_id: str | None = None
    school_id: str | None = None
    measure: str | None = None
    detail: str | None = None
    compensated_on: str | None = None
    numerator: int | None = None
    denominator: int | None = None
    baseline_numerator: int | None = None
    baseline_denominator: int | None = None


@dataclass(frozen=True)
class Missing:
    """What one unit lacks, as `indicator_gap` keeps it; `indicators.read.Gap` explains it."""

    unit_kind: str
    municipality_id: str
    person_id: str | None
    school_id: str | None
    measure: str | None
    detail: str | None
    compensated_on: str | None


def required_units(
    connection: Connection, stem: str, bound: Mapping[str, Any]
) -> dict[str, list[Required]]:
    """The rows of that query by municipality, with 'region' where it is counted as a whole.

    Raises ValueError where a row is of a kind that about.yaml does not declare.
    """
    declared = about(stem).units.keys()
    by_place: dict[str, list[Required]] = {}
    for row in connection.execute(sql(f"indicators/{stem}/units"), bound).mappings():
        if row["unit_kind"] not in declared:
            raise ValueError(
                f"include/sql/indicators/{stem}/about.yaml does not declare units of the kind "
                f"{row['unit_kind']!r}"
            )
        one = Required(**{**row, "is_known": bool(row["is_known"])})
        by_place.setdefault(one.municipality_id, []).append(one)
    return by_place


def reading_of(rows: Iterable[Required], kind: IndicatorKind, target: float | None) -> Reading:
    """How many units are met, of how many; None for what is not known, and without any row.

    The day of a share is the last one of those that are met, of anything else the one on which
    `target` was reached (None: a part, which has none to reach). How many units are registered says
    nothing of how many a number to be reached (`kind` count) should have: no denominator.
    """
    by_unit: dict[tuple[str, str], list[str | None]] = {}
    is_known: dict[str, bool] = {}  # by municipality
    for row in rows:
        place = row.municipality_id
        is_known[place] = is_known.get(place, True) and row.is_known
        if row.unit is not None:
            by_unit.setdefault((place, row.unit), []).append(row.met_on)
    if not is_known:
        return Reading(None, None)
    met = {
        unit: max(day for day in days if day is not None)
        for unit, days in by_unit.items()
        if None not in days
    }
    days = sorted(met.values())
    if kind is IndicatorKind.SHARE or target is None:
        met_on = days[-1] if days else None
    else:
        needed = ceil(target)
        met_on = days[needed - 1] if len(days) >= needed else None
    return Reading(
        sum(is_known[place] for place, _ in met) if any(is_known.values()) else None,
        None if kind is IndicatorKind.COUNT else len(by_unit),
        date.fromisoformat(met_on) if met_on else None,
    )


def reading_of_values(
    rows: Sequence[Required], kind: IndicatorKind, target: float | None, bound: Bound
) -> Reading:
    """The sums of what was reported for the places and periods of the rows; None where not known.

    Of a number that is to reach a target, what some places reported already is that much. A
    share, a change and what may be at most so much are known when every place has reported. The
    day is the last day of the latest period, of a sum of the one in which it reached `target`.
    """
    known = sorted((row for row in rows if row.is_known), key=lambda row: row.met_on or "")
    is_whole = len(known) == len(rows)
    may_be_part = bound is Bound.AT_LEAST and kind in (IndicatorKind.COUNT, IndicatorKind.SUM)
    if not known or not (is_whole or may_be_part):
        return Reading(None, None)
    numbers = [row.numerator or 0 for row in known]
    days = [date.fromisoformat(row.met_on) for row in known if row.met_on]
    met_on = days[-1]
    if kind is IndicatorKind.SUM and bound is Bound.AT_LEAST and target is not None:
        reached = zip(days, accumulate(numbers), strict=True)
        met_on = next((day for day, so_far in reached if so_far >= target), met_on)
    before = [row.baseline_numerator for row in known if row.baseline_numerator is not None]
    return Reading(
        sum(numbers),
        _sum(row.denominator for row in known),
        met_on,
        Baseline(sum(before), _sum(row.baseline_denominator for row in known)) if before else None,
    )


def _sum(numbers: Iterable[int | None]) -> int | None:
    known = [number for number in numbers if number is not None]
    return sum(known) if known else None


def missing_of(rows: Iterable[Required]) -> list[Missing]:
    """What the units lack, each thing once, ordered by whom it concerns and what it is."""
    lacked = {
        Missing(
            row.unit_kind,
            row.municipality_id,
            row.person_id,
            row.school_id,
            row.measure,
            row.detail,
            row.compensated_on,
        )
        for row in rows
        if row.unit is not None and row.met_on is None
    }
    return sorted(
        lacked,
        key=lambda one: (
            one.municipality_id,
            one.person_id or "",
            one.school_id or "",
            natural_key(one.measure or ""),
            one.detail or "",
            one.unit_kind,
        ),
    )
