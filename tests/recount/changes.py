"""What the tables of positive changes must hold: marks of МЭДК's monitoring, school by school."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from recount.analysis import NOT_HELD, Cell, Row, title
from recount.files import words
from recount.indicators import REGION
from recount.statuses import State

NO_DATA = ("no_data",)
ORDER = ("нет", "частично", "да")


@dataclass(frozen=True)
class Risk:
    """A risk that a school works on, with the mark, link and day of each stage."""

    school: str
    name: str
    marks: dict[int, tuple[str, str | None, date]]

    def mark(self, stage: int) -> str | None:
        return self.marks[stage][0] if stage in self.marks else None

    @property
    def moved(self) -> str | None:
        before, now = self.mark(1), self.mark(2)
        if before is None or now is None:
            return None
        step = ORDER.index(now) - ORDER.index(before)
        return "стало лучше" if step > 0 else "стало хуже" if step < 0 else "без изменений"

    def is_unproved(self, stage: int) -> bool:
        return self.mark(stage) in ORDER[1:] and not self.marks[stage][1]


class Changes:
    """`unit`: a municipality's code, or region."""

    def __init__(self, state: State, unit: str) -> None:
        self.registry, self.unit = state.registry, unit
        told = state.phase.get("positive_changes", {})
        self.stage: int = told.get("stage", 0)
        self.asks = "recommendations" in told
        taken, marks = state.registers.risks_taken(), state.registers.change_marks()
        places = {s: p for s, p in self.registry.project.items() if unit in (REGION, p)}
        self.unknown = [school for school in places if school not in taken]  # no profile came
        self.risks = [
            Risk(school, factor, marks.get((school, factor), {}))
            for school in places
            for factor, is_active in taken.get(school, {}).items()
            if is_active
        ]

    # -- Tables ----------------------------------------------------------------------------

    def by_school(self, sheet: bool) -> list[Row]:
        rows: list[Row] = []
        for school in dict.fromkeys(risk.school for risk in self.risks):
            name = self.registry.school[school]
            if not sheet:
                rows.append((name, (name,)))
            for risk in self.risks:
                if risk.school != school:
                    continue
                lead = self._lead(school) if sheet else ()
                rows.append(("" if sheet else name, (*lead, *self._cells(risk, sheet))))
        if sheet:
            cells = ("рисковый профиль не поступил", *(NO_DATA,) * (2 * self.stage + 2))
            rows += [("", (*self._lead(school), *cells)) for school in self.unknown]
        return rows

    def _lead(self, school: str) -> tuple[Cell, ...]:
        place = title(words(self.registry.name[self.registry.project[school]]))
        return (*((place,) if self.unit == REGION else ()), self.registry.school[school])

    def _cells(self, risk: Risk, sheet: bool) -> tuple[Cell, ...]:
        mark, link, on = risk.marks.get(self.stage, (None, None, None))
        proof: Cell = ("приложено" if link else "не приложено") if mark in ORDER[1:] else NOT_HELD
        shown = [risk.mark(stage) or NO_DATA for stage in range(1, self.stage + 1)]
        moved = [risk.moved or NOT_HELD] if self.stage > 1 else []
        links = [link or NOT_HELD] if sheet else []
        days = [("day", on.isoformat()) if on else NOT_HELD] if sheet or self.stage == 1 else []
        return (risk.name, *shown, *moved, proof, *links, *days)

    def by_unit(self) -> list[Row]:
        places = self.registry.participating
        of_place = self.registry.project
        names = {p: title(words(self.registry.name[p])) for p in places}
        known = {place for school, place in of_place.items() if school not in self.unknown}
        unknown = {names[of_place[s]] for s in self.unknown if of_place[s] not in known}
        return self._summed(
            (
                (name, [r for r in self.risks if of_place[r.school] == p])
                for p, name in names.items()
            ),
            unknown,
        )

    def by_risk(self) -> list[Row]:
        names = dict.fromkeys(risk.name for risk in self.risks)
        return self._summed((name, [r for r in self.risks if r.name == name]) for name in names)

    def _summed(
        self, groups: Iterable[tuple[str, list[Risk]]], unknown: Iterable[str] = ()
    ) -> list[Row]:
        """`unknown`: labels of which nothing is known."""
        rows: list[Row] = []
        for label, risks in groups:
            sums: tuple[Cell, ...] = self._sums(risks)
            rows.append(("", (label, *((NO_DATA,) * len(sums) if label in unknown else sums))))
        return [*rows, ("", ("Регион", *self._sums(self.risks)))]

    def _sums(self, risks: list[Risk]) -> tuple[int, ...]:
        marks = Counter(risk.mark(self.stage) for risk in risks)
        moved = Counter(risk.moved for risk in risks)
        sums = (
            len(risks), marks["да"], marks["частично"], marks["нет"], marks[None],
            sum(risk.is_unproved(self.stage) for risk in risks),
        )  # fmt: skip
        return sums if self.stage == 1 else (*sums, moved["стало лучше"], moved["стало хуже"])

    # -- Sentences ---------------------------------------------------------------------------

    def claims(self) -> list[str]:
        """What the section and the recommendations must say, as pieces of their sentences."""
        _, yes, partly, no, unmarked, unproved = self._sums(self.risks)[:6]
        told = [
            f"отмечены: «да» — {yes}, «частично» — {partly}, «нет» — {no}; без отметки — {unmarked}"
        ]
        if self.unknown:
            told.append(f"Рисковый профиль {len(self.unknown)} школ")
        if self.stage > 1:
            moved = Counter(risk.moved for risk in self.risks)
            told.append(
                f"С 1 этапа стало лучше — {moved['стало лучше']}, без изменений — "
                f"{moved['без изменений']}, стало хуже — {moved['стало хуже']}, "
                f"сравнить не с чем — {moved[None]}"
            )
        asked = {
            "Позитивные изменения не отмечены в ИС МЭДК": unmarked,
            "Позитивных изменений нет или они частичные": partly + no,
            "Позитивные изменения не подтверждены": unproved,
        }
        if not self.asks:
            return told
        return [*told, *(f"{matter}. {n} риск" for matter, n in asked.items() if n)]


def texts(model: dict[str, Any]) -> str:
    """The document's paragraphs and what it recommends."""
    found = []
    for block in model["document"]["blocks"]:
        found.append(words(block.get("text", "")))
        if block.get("id") == "recommendations":
            found += [words(row["cells"][1]["value"]["text"]) for row in block["rows"]]
    return "\n".join(found)
