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
class Unsupported:
    """Markers of one rule that can't be computed for one reason, to be said in one sentence.

    `reason` is Russian: a clause that begins with a small letter, without a full stop.
    """

    group_title: str  # «завышенный средний балл»
    paper_titles: tuple[str, ...]  # «ОГЭ, математика»
    reason: str


def unsupported(
    procedures: Sequence[Procedure] = (), *, has_previous: bool = False
) -> tuple[Unsupported, ...]:
    """Of the 14 markers those that can't be computed, by rule and reason, in the method's order.

    `procedures`: those of the phase; where one was not held, its reason comes first.
    `has_previous`: the phase has results of the year before to compare with.
    """
    catalogue = _catalogue()
    not_held = {
        procedure.kind: f"процедура «{procedure.short_title}» не проводилась: {procedure.not_held}"
        for procedure in procedures
        if procedure.not_held is not None
    }
    papers: dict[tuple[str, str], list[str]] = {}
    for group in catalogue.groups:
        need = catalogue.needs[group.need]
        why = (need.reason_beside_previous if has_previous else None) or need.reason
        for paper in group.papers:
            reason = not_held.get(paper.kind) or (None if need.kept else why)
            if reason is not None:
                papers.setdefault((group.title, reason), []).append(paper.title)
    return tuple(
        Unsupported(title, tuple(titles), reason) for (title, reason), titles in papers.items()
    )


@cache
def _catalogue() -> _Catalogue:
    return _Catalogue.model_validate(read_yaml(FILE.read_text(encoding="utf-8")))
