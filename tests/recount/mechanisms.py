"""Recounts the check-list of the management cycle (№ 5) from its workbook and its criteria."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

from recount.analysis import Cell, Row
from recount.changes import NO_DATA
from recount.files import data, table, words

_CRITERIA = Path(__file__).parents[2] / "include/mechanisms.yaml"


class CheckLists:
    """The scores that lay in an inbox, by municipality and component's name."""

    def __init__(self, year: Path) -> None:
        self.components: list[dict[str, Any]] = list(data(_CRITERIA)["components"].values())
        self.scores: dict[str, dict[str, int]] = defaultdict(dict)
        path = year / "mechanisms/mechanisms.xlsx"
        for row in table(path, "Код муниципалитета") if path.exists() else []:
            self.scores[row["Код муниципалитета"]][words(row["Компонент"])] = int(row["Балл"])

    def of_municipality(self, unit: str) -> list[Row]:
        rows: list[Row] = []
        for component in self.components:
            name = words(component["name"])
            score = self.scores[unit].get(name)
            meaning = NO_DATA if score is None else words(_by_score(component)[score])
            rows.append(("", (name, NO_DATA if score is None else score, meaning)))
        return rows

    def of_region(self, names: dict[str, str]) -> list[Row]:
        def scored(unit: str) -> tuple[Cell, ...]:
            return tuple(
                self.scores[unit].get(words(one["name"]), NO_DATA) for one in self.components
            )

        return [("", (name, *scored(unit))) for unit, name in names.items()]


def _by_score(component: dict[str, Any]) -> dict[int, str]:
    return {int(score): meaning for score, meaning in component["scores"].items()}
