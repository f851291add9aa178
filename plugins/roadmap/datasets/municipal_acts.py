"""Legal acts of one municipality a file."""

from roadmap.datasets.model import Column, Dataset, FactTable, Kind, Scope

_BASES = {"адресные рекомендации": "recommendations", "иное": "other"}

DATASET = Dataset(
    FactTable(
        "municipal_act",
        (
            Column("Код муниципалитета", "municipality_id", Kind.MUNICIPALITY),
            Column("Вид акта", "kind", Kind.PHRASE),  # in the words of the plan
            Column("Номер", "number"),
            Column("Дата", "adopted_on", Kind.DAY_OF_YEAR),
            Column("Ссылка", "link", Kind.LINK, required=False),
            Column("Основание", "basis", Kind.CHOICE, choices=_BASES),
        ),
        key=("municipality_id", "kind", "number", "adopted_on"),
    ),
    sheet="Акты",
    scope=Scope("municipality_id", "акты нескольких муниципалитетов"),
)
