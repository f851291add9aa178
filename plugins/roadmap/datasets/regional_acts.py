"""The department's register of acts."""

from roadmap.datasets.model import APPROVED, Column, Dataset, FactTable, Kind

DATASET = Dataset(
    FactTable(
        "regional_act",
        (
            Column("Код акта", "act_id", Kind.CODE),
            # Which of the acts that the plan requires it is, in the plan's words.
            Column("Документ", "document", Kind.PHRASE),
            Column("Номер", "number"),
            # The project may have been joined by an act of the year before.
            Column("Дата", "signed_on", Kind.DAY),
            Column("Ссылка", "link", Kind.LINK, required=False),
            Column("Состояние", "state", Kind.CHOICE, choices=APPROVED),
        ),
        key=("act_id",),
    ),
    sheet="Акты",
)
