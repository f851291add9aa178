"""Addresses that letters go to."""

from roadmap.datasets.model import (
    PERIOD,
    PERIOD_ENDS_LATER,
    Column,
    Dataset,
    Exclusive,
    FactTable,
    Kind,
    Repeats,
)

DATASET = Dataset(
    FactTable(
        "contact",
        (
            Column("Код муниципалитета", "municipality_id", Kind.ADDRESSEE),
            Column("Адрес", "address", Kind.ADDRESS),
            *PERIOD,
        ),
        key=("municipality_id", "address", "valid_from"),
        rules=(PERIOD_ENDS_LATER,),
    ),
    sheet="Получатели",
    exclusive=(
        # A shared address would receive another municipality's figures.
        Exclusive(
            ("address",),
            "Один и тот же адрес указан у разных муниципалитетов",
            "Оставьте его у одного; пока письма по этому адресу не уходят никому",
            code="SHARED_ADDRESS",
            owner="municipality_id",
        ),
    ),
    repeats=Repeats(("municipality_id", "address"), "Адрес повторяется, учтён один раз"),
)
