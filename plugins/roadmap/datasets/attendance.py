"""Who took part in an event; one event a file."""

from roadmap.datasets.model import (
    ROLES,
    YES_NO,
    Blank,
    Column,
    Dataset,
    FactTable,
    Kind,
    Rule,
    Scope,
    filled,
    when,
)

DATASET = Dataset(
    FactTable(
        "attendance",
        (
            Column("Код события", "event_id", Kind.CODE),
            Column("Роль", "role", Kind.CHOICE, choices={**ROLES, "школа": "school"}),
            Column("Код лица", "person_id", Kind.CODE, required=False),
            Column("Код школы", "school_id", Kind.CODE, required=False),
            Column("Присутствовал", "is_present", Kind.CHOICE, choices=YES_NO),
            # By who was not there: it is told beside the figure, which stays.
            Column("Запись изучена", "studied_on", Kind.DAY, required=False, may_be_absent=True),
        ),
        key=("event_id", "role", "person_id", "school_id"),
        rules=(
            Rule(
                "MISSING",
                "пусто",
                lambda row: when(row["role"] == "school", filled(row["school_id"])),
                "Впишите код школы",
                "school_id",
            ),
            Rule(
                "MISSING",
                "пусто",
                lambda row: when(row["role"] != "school", filled(row["person_id"])),
                "Впишите код лица",
                "person_id",
            ),
        ),
    ),
    scope=Scope("event_id", "несколько событий"),
    # The row is kept without it: a presence must not get lost over it.
    blanks=(
        Blank(
            "studied_on",
            lambda row: row["is_present"] == 0,
            "Дата изучения записи указана у того, кто присутствовал, и пропущена",
            "Удалите дату или исправьте отметку о присутствии",
        ),
    ),
)
