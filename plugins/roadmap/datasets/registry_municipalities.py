"""The registry of municipalities: official names with their dates, and how files write them."""

from roadmap.datasets.model import (
    PERIOD,
    PERIOD_ENDS_LATER,
    Column,
    Dataset,
    Exclusive,
    FactTable,
    Kind,
    Spellings,
)

DATASET = Dataset(
    FactTable(
        "municipality_name",
        (
            Column("Код", "municipality_id", Kind.MUNICIPALITY),
            Column("Наименование", "name", Kind.NAME),
            Column("Родительный падеж", "genitive", Kind.NAME),
            # For names of files: «Буйский МР».
            Column("Краткое наименование", "short_name", Kind.NAME),
            *PERIOD,
            Column("Варианты написания", "variants", Kind.VARIANTS, False, is_stored=False),
        ),
        key=("municipality_id", "valid_from"),
        rules=(PERIOD_ENDS_LATER,),
    ),
    exclusive=(Exclusive(("municipality_id",)),),
    spellings=Spellings(
        FactTable(
            "municipality_alias",  # normalised by evidence.names
            (Column("", "municipality_id"), Column("", "alias"), *PERIOD),
            key=("alias", "valid_from"),
        ),
        owner="municipality_id",
        columns=("municipality_id", "name", "short_name", "variants"),
        whose="у нескольких муниципалитетов на одни и те же дни",
        to_do="Оставьте его на эти дни у одного муниципалитета",
    ),
    frozen_as="run_municipality",
)
