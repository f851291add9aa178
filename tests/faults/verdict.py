"""The verdicts of all scenarios as one table, printed at the end of a run of the tests.

They travel as properties of the tests' reports, which pytest-xdist brings to the one process
that prints.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass

import pytest

from faults.checker import Verdict

PROPERTY = "faults_verdict"
_COLUMNS = (
    "kills",
    "stops",
    "other blows",
    "planned",
    "on server",
    "lost",
    "doubled",
    "falsely accepted",
    "otherwise wrong",
    "unknown (on server + not)",
)


@dataclass(frozen=True)
class Row:
    """One scenario on one engine."""

    scenario: str
    engine: str
    verdict: Verdict

    def to_property(self) -> str:
        return json.dumps(asdict(self))


def rows_of(reports: Iterable[pytest.TestReport]) -> list[Row]:
    """What the tests told, one row for each scenario and engine."""
    summed: dict[tuple[str, str], Verdict] = {}
    for report in reports:
        for name, value in getattr(report, "user_properties", ()):
            if name == PROPERTY and report.when == "call":
                told = json.loads(value)
                key = (told["scenario"], told["engine"])
                summed[key] = summed.get(key, Verdict()) + _verdict(told["verdict"])
    return [
        Row(scenario, engine, verdict)
        for (scenario, engine), verdict in sorted(summed.items(), key=lambda item: _order(*item[0]))
    ]


def _order(scenario: str, engine: str) -> tuple[str, int, str, str]:
    """F2 before F10, and scenarios without a number by their names."""
    first = scenario.split(" ")[0]
    digits = first[1:]
    number = int(digits) if digits.isdecimal() else 0
    return (first[:1], number, scenario, engine)


def _verdict(fields: dict) -> Verdict:
    return Verdict(
        **{
            name: tuple(tuple(one) if isinstance(one, list) else one for one in value)
            if isinstance(value, list)
            else value
            for name, value in fields.items()
        }
    )


def table(rows: Iterable[Row]) -> list[str]:
    """Lines for people: a row for each scenario and engine, and the total."""
    rows = list(rows)
    total = sum((row.verdict for row in rows), Verdict())
    lines = [("scenario", "engine", *_COLUMNS)]
    lines += [(row.scenario, row.engine, *_figures(row.verdict)) for row in rows]
    lines.append(("total", "", *_figures(total)))
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    return [
        "  ".join(
            cell.ljust(width) if i < 2 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]


def truths(rows: Iterable[Row]) -> list[str]:
    """Lines for people: each letter that was unknown, with the truth beside it."""
    lines = []
    for row in rows:
        said = [f"{key[:8]} {'+' if is_there else '-'}" for key, is_there in row.verdict.unknown]
        if said:
            lines.append(f"{row.scenario}, {row.engine}: {', '.join(said)}")
    return lines


def _figures(verdict: Verdict) -> tuple[str, ...]:
    there = sum(is_there for _, is_there in verdict.unknown)
    return (
        str(verdict.kills),
        str(verdict.stops),
        str(verdict.blows),
        str(verdict.planned),
        str(verdict.accepted_by_server),
        str(len(verdict.lost)),
        str(len(verdict.duplicated)),
        str(len(verdict.falsely_accepted)),
        str(len(verdict.falsely_open) + len(verdict.strange) + len(verdict.broken_chains)),
        f"{len(verdict.unknown)} ({there} + {len(verdict.unknown) - there})",
    )
