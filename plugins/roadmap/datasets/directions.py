"""Directions of work for the next year."""

from roadmap.datasets.model import (
    APPROVED_HAS_DATE,
    DRAFT_HAS_NO_DATE,
    Column,
    Dataset,
    FactTable,
    Kind,
    Rule,
)

_STATES = {"утверждено": "approved", "проект": "draft"}

DATASET = Dataset(
    FactTable(
        "direction",
        (
            Column("Код", "direction_id", Kind.CODE),
            Column("Год", "for_year", Kind.INTEGER),
            Column("Направление", "title"),
            Column("Основание", "basis"),  # what it follows from
            Column("Состояние", "state", Kind.CHOICE, choices=_STATES),
            Column("Дата", "approved_on", Kind.DAY, required=False),
        ),
        key=("direction_id",),
        rules=(
            APPROVED_HAS_DATE,
            Rule(
                "RANGE",
                "год вне разумных границ",
                lambda rows: rows["for_year"].between(1990, 2100),
            ),
        ),
    ),
    sheet="Направления",
    blanks=(DRAFT_HAS_NO_DATE,),
)
