"""Which of the 14 markers of non-objective results the data can support, and why not.

The list is data (`include/objectivity.yaml`), by ФИОКО's «Уровень объективности оценки
образовательных результатов в субъекте РФ». What can be said without a marker is the
agreement with the journal: the shares of works marked lower, as, or higher
(`analysis.read.PaperResult.journal`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from pydantic import BaseModel, ConfigDict

from roadmap.paths import INCLUDE
from roadmap.plan.model import Procedure
from roadmap.plan.strict_yaml import read_yaml

FILE = INCLUDE / "objectivity.yaml"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Need(_Part):
    kept: bool  # whether the data that this system takes in and keeps have it
    reason: str  # Russian, why not
    # The same for an analysis that has the results of the year before.
    reason_beside_previous: str | None = None


class _Paper(_Part):
    kind: Literal["vpr", "oge"]
    grade: int
    subject: str
    title: str


class _Group(_Part):
    code: str
    title: str
    need: str
    papers: tuple[_Paper, ...]


class _Catalogue(_Part):
    needs: dict[str, _Need]
    groups: tuple[_Group, ...]


@dataclass(frozen=True)
class Marker:
    """One marker of one paper. `reason`: why it can't be computed (Russian, a clause that
    begins with a small letter, without a full stop); None when the data can support it."""

    group: str  # code of the rule
    group_title: str  # «завышенный средний балл»
    paper_title: str  # «ОГЭ, математика»
    reason: str | None

    @property
    def can_be_computed(self) -> bool:
        return self.reason is None


@dataclass(frozen=True)
class Unsupported:
    """Markers of one rule that can't be computed for one reason, to be said in one sentence."""

    group_title: str
    paper_titles: tuple[str, ...]
    reason: str


def markers(
    procedures: Sequence[Procedure] = (), *, has_previous: bool = False
) -> tuple[Marker, ...]:
    """The 14 markers in the order of the method.

    `procedures`: those of the phase; where one was not held, its reason comes first.
    `has_previous`: the phase has results of the year before to compare with.
    """
    catalogue = _catalogue()
    not_held = {
        procedure.kind: f"{procedure.short_title} не проводился: {procedure.not_held}"
        for procedure in procedures
        if procedure.not_held is not None
    }
    every = []
    for group in catalogue.groups:
        need = catalogue.needs[group.need]
        why = (need.reason_beside_previous if has_previous else None) or need.reason
        for paper in group.papers:
            reason = not_held.get(paper.kind) or (None if need.kept else why)
            every.append(Marker(group.code, group.title, paper.title, reason))
    return tuple(every)


def unsupported(
    procedures: Sequence[Procedure] = (), *, has_previous: bool = False
) -> tuple[Unsupported, ...]:
    """The markers that can't be computed, by rule and reason, in the order of the method."""
    found: dict[tuple[str, str], list[str]] = {}
    for marker in markers(procedures, has_previous=has_previous):
        if marker.reason is not None:
            found.setdefault((marker.group_title, marker.reason), []).append(marker.paper_title)
    return tuple(
        Unsupported(title, tuple(papers), reason) for (title, reason), papers in found.items()
    )


@cache
def _catalogue() -> _Catalogue:
    return _Catalogue.model_validate(read_yaml(FILE.read_text(encoding="utf-8")))
