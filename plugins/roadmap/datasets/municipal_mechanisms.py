"""The check-list of the municipal management cycle: a row per municipality and component."""

from typing import Any

from roadmap.datasets.model import Column, Dataset, FactTable, Kind, Rule

SCORES = {"0": 0, "1": 1, "2": 2}


def _one_date_of_a_municipality(rows: Any) -> Any:
    """One monitoring recommends once: rows of a municipality may not name several days."""
    days = rows["recommended_on"].groupby(rows["municipality_id"])
    return days.transform("nunique") <= 1


DATASET = Dataset(
    FactTable(
        "mechanism_score",
        (
            Column("Код муниципалитета", "municipality_id", Kind.MUNICIPALITY),
            Column("Компонент", "component", Kind.CHOICE, words="mechanisms"),
            Column("Балл", "score", Kind.CHOICE, choices=SCORES),
            # Where the recommendations were handed over otherwise than by the letter.
            Column("Дата рекомендаций", "recommended_on", Kind.DAY_OF_YEAR, required=False),
        ),
        key=("municipality_id", "component"),
        rules=(
            Rule(
                "CONTRADICTION",
                "у одного муниципалитета названы разные даты рекомендаций",
                _one_date_of_a_municipality,
            ),
        ),
    ),
    sheet="Механизмы",
)
