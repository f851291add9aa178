"""The order's words (docs/order.md), and changes of the year that break one of them each.

A change is killed when the indicator falls and what it says names what broke: the figure of a
letter then means what the order says.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from roadmap.indicators.about import about, stem_of
from roadmap.indicators.read import Gap, IndicatorResult
from roadmap.indicators.status import Status
from roadmap.plan.model import Measure, Plan
from roadmap.reports.words.wording import say_declared
from roadmap.russian import NBSP
from roadmap.store.tables import metadata
from support.whole_year import Change, JudgedYear

PAGE = Path(__file__).parents[2] / "docs" / "order.md"


@dataclass(frozen=True)
class Word:
    """A row of the table: the order's words, as they stand there, and what they are bound to."""

    measure: str
    quotes: tuple[str, ...]  # the same words in the measure's text and in its indicator's
    bound_to: tuple[str, ...]  # empty: waived
    waived_because: str
    is_told: bool = False  # waived, and the reports say so beside the figure

    @property
    def name(self) -> str:
        """What a mutant calls it by."""
        return self.quotes[0]


def words_of_the_page() -> tuple[Word, ...]:
    """The rows of docs/order.md, in its order."""
    words: list[Word] = []
    measure = ""
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if heading := re.fullmatch(r"## № (\d+)", line):
            measure = heading[1]
        if not measure or not line.startswith("| ") or line.startswith("| words"):
            continue
        quotes, meaning = (cell.strip() for cell in line.strip("|").split("|"))
        waived = meaning.startswith("waived")
        words.append(
            Word(
                measure,
                tuple(quotes.split(" / ")),
                () if waived else tuple(re.findall(r"`([^`]+)`", meaning)),
                meaning.partition(": ")[2] if waived else "",
                meaning.startswith("waived, told: "),
            )
        )
    return tuple(words)


def resolves(plan: Plan, measure: Measure, path: str) -> bool:
    """Whether the plan, or a table of evidence, letters or runs, has what a word is bound to.

    `8.1.target` and `8.1.basis`: a field or a parameter of an indicator or of its parts;
    `rules.…`, `window.…`: of the measure; `phases.march_analysis.procedures`: of the plan;
    `event.host_kind`: a column.
    """
    if found := re.fullmatch(r"(\d+\.\d+)\.(\w+)", path):
        code, name = found[1], found[2]
        for indicator in measure.indicators:
            if indicator.code == code:
                of_parts = [n for part in indicator.parts for n in part.parameters]
                is_field = name in type(indicator).model_fields and bool(getattr(indicator, name))
                return is_field or name in indicator.parameters or name in of_parts
        return False
    first, *rest = path.split(".")
    if first == "rules":
        return len(rest) == 1 and rest[0] in measure.rules
    if first == "window":
        return len(rest) == 1 and hasattr(measure.window, rest[0])
    if first == "phases":
        phases = {phase.code: phase for phase in plan.phases}
        return len(rest) == 2 and rest[0] in phases and bool(getattr(phases[rest[0]], rest[1]))
    return len(rest) == 1 and first in metadata.tables and rest[0] in metadata.tables[first].c


@dataclass(frozen=True)
class Mutant:
    """A change of the year against some words, of which the indicator must tell.

    `names` stands in what a letter says is missing, or is the code of the person, school,
    municipality or measure that it names; where the deed was done, but too late, `late_on` is
    its day; where nothing is known without the change, `is_unknown`.
    """

    words: str
    indicator: str
    breaks: str
    change: Change
    names: str = ""
    late_on: str = ""
    is_unknown: bool = False

    @property
    def measure(self) -> str:
        return self.indicator.rpartition(".")[0]


def survives(year: JudgedYear, mutant: Mutant) -> str:
    """Why the mutant survives; empty where it is killed."""
    found, missing = year.judged(mutant.indicator, mutant.change)
    if found.status is Status.DONE:
        return f"{mutant.indicator} is done"
    if mutant.late_on:
        is_told = (found.status, str(found.met_on)) == (Status.DONE_LATE, mutant.late_on)
        return "" if is_told else f"{found.status}, {found.met_on}"
    if mutant.is_unknown:
        return "" if found.status is Status.NO_DATA else f"{found.status}"
    if any(_names(found, gap, mutant.names) for gap in missing):
        return ""
    return f"nothing names {mutant.names!r}: {missing}"


def _names(result: IndicatorResult, gap: Gap, what: str) -> bool:
    """Whether the gap is of whom the code means, or the letter's sentence of it says so."""
    if what in (gap.person_id, gap.school_id, gap.municipality_id, gap.measure):
        return True
    template = about(stem_of(result.indicator, gap.indicator_code)).units[gap.unit_kind].missing
    if template is None:
        return False
    told = say_declared(template, title=result.indicator.title, detail=gap.detail or "")
    return what in told.replace(NBSP, " ")


def each_moves_the_number(mutants: tuple[Mutant, ...]) -> Callable[[JudgedYear, Mutant], None]:
    """The test of a measure's mutants."""

    @pytest.mark.parametrize("mutant", mutants, ids=lambda m: f"{m.indicator} {m.breaks}")
    def test(meaning: JudgedYear, mutant: Mutant) -> None:
        assert survives(meaning, mutant) == ""

    return test
