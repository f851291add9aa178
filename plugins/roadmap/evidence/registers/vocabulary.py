"""Words that files may hold and that stand elsewhere: factors, components of the management
cycle, phases, indicators, municipalities.

Readers run in a child process that opens no files: intake hands them the words with the
source's options, as `choices` (column key → as written → as kept). Which columns take them, the
declarations of `roadmap.datasets` say.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from roadmap.datasets.catalogue import DATASETS
from roadmap.evidence.registers.blocks import block_words
from roadmap.evidence.registers.mechanisms import component_words
from roadmap.evidence.registers.risk_factors import risk_factors
from roadmap.plan.load import counts_values
from roadmap.plan.model import Plan
from roadmap.plan.procedures import kinds
from roadmap.russian import MONTHS


def with_words(options: Mapping[str, Any], plan: Plan) -> dict[str, Any]:
    """The options of a source, with the words of its register's columns among the `choices`.

    `municipalities: plan` becomes the names of the plan's municipalities; of a `kind` of
    procedure the reader is told its `subjects`, too, and its wave where it has one only.
    """
    if code := options.get("kind"):
        kind = kinds()[code]
        only_wave = {"wave": kind.waves[0]} if len(kind.waves) == 1 else {}
        options = {**only_wave, **options, "subjects": kind.subjects}
    if options.get("municipalities") == "plan":
        names = [municipality.name for municipality in plan.municipalities]
        return {**options, "municipalities": names}
    dataset = DATASETS.get(options.get("register", ""))
    words = {
        column.key: _WORDS[column.words](plan)
        for column in (dataset.table.columns if dataset else ())
        if column.words
    }
    return {**options, "choices": {**options.get("choices", {}), **words}} if words else {**options}


def _factors(plan: Plan) -> dict[str, str]:
    factors = risk_factors(plan.year)
    # Names first: of several ways to write one factor messages tell the first.
    named = {factor.name: code for code, factor in factors.items()}
    for code, factor in factors.items():
        named |= dict.fromkeys((*factor.aliases, code), code)
    return named


def _phases(plan: Plan) -> dict[str, str]:
    """A phase by the month it judges («март»), its code or its title.

    The month means a phase only where no other phase of the year has the same.
    """
    phases = plan.phases
    months = Counter(phase.as_of.month for phase in phases)
    named = {
        MONTHS[phase.as_of.month - 1]: phase.code
        for phase in phases
        if months[phase.as_of.month] == 1
    }
    for phase in phases:
        named |= dict.fromkeys((phase.title, phase.code), phase.code)
    return named


def _indicators(plan: Plan) -> dict[str, str]:
    """Codes of the plan's indicators that are counted by what is reported of them."""
    return {
        indicator.code: indicator.code
        for measure in plan.measures
        for indicator in measure.indicators
        if indicator.sql is not None and counts_values(indicator.sql)
    }


_WORDS: Mapping[str, Callable[[Plan], Mapping[str, str]]] = {
    "risk_factors": _factors,
    "phases": _phases,
    "indicators": _indicators,
    "mechanisms": lambda _plan: component_words(),
    "blocks": lambda _plan: block_words(),
}
