"""The institute's register of documents."""

from roadmap.datasets.model import APPROVED, Column, Dataset, FactTable, Kind

DATASET = Dataset(
    FactTable(
        "document",
        (
            Column("Код документа", "document_id", Kind.CODE),
            Column("Показатель", "indicator", Kind.CODE),  # which it confirms: «6.3»
            Column("Наименование", "title"),
            Column("Номер", "number"),
            Column("Дата", "signed_on", Kind.DAY_OF_YEAR),
            Column("Состояние", "state", Kind.CHOICE, choices=APPROVED),
        ),
        key=("document_id",),
    ),
    sheet="Документы",
)
