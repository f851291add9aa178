"""The risk profile (РПШ) of a school, one row per factor and assessment."""

from roadmap.datasets.model import YES_NO, Column, Dataset, FactTable, Kind

_LEVELS = {"высокая": "high", "средняя": "medium", "низкая": "low"}

DATASET = Dataset(
    FactTable(
        "risk",
        (
            Column("Код школы", "school_id", Kind.CODE),
            Column("Фактор риска", "factor", Kind.CHOICE, words="risk_factors"),
            Column("Значимость", "level", Kind.CHOICE, choices=_LEVELS),
            # The school takes it into work.
            Column("Активирован", "is_activated", Kind.CHOICE, choices=YES_NO),
            Column("Дата", "assessed_on", Kind.DAY_OF_YEAR),
        ),
        key=("school_id", "factor", "assessed_on"),
    ),
    sheet="Риски",
)
