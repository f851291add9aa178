"""ИС МЭДК: the monitoring of positive changes, a row per school, risk and stage.

The curator marks whether the change has come and the school adds the evidence (likely; the layout
of the export is not published, docs/domain.md §1). A risk that is not marked yet may stand there
without a mark: that says as little as no row, and is no «нет».
"""

from roadmap.datasets.model import Column, Dataset, FactTable, Kind, Rule, filled, when

_STAGES = {"1": 1, "2": 2, "1 этап": 1, "2 этап": 2, "первый": 1, "второй": 2}
_MARKS = {"да": "yes", "частично": "partly", "нет": "no"}

DATASET = Dataset(
    FactTable(
        "positive_change",
        (
            Column("Код школы", "school_id", Kind.CODE),
            Column("Фактор риска", "factor", Kind.CHOICE, words="risk_factors"),
            Column("Этап", "stage", Kind.CHOICE, choices=_STAGES),
            Column(
                "Позитивные изменения",
                "mark",
                Kind.CHOICE,
                required=False,
                choices=_MARKS,
                is_never_null=True,
            ),
            Column("Подтверждение", "evidence", Kind.LINK, required=False),
            Column("Дата отметки", "marked_on", Kind.DAY_OF_YEAR, False, is_never_null=True),
        ),
        key=("school_id", "factor", "stage"),
        rules=(
            Rule(
                "MISSING",
                "нет даты отметки",
                lambda row: when(filled(row["mark"]), filled(row["marked_on"])),
                "Впишите день, когда куратор отметил изменения",
                "marked_on",
            ),
        ),
    ),
    sheet="Изменения",
    # Not marked yet.
    is_fact=lambda row: row["mark"] is not None,
)
