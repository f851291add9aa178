"""Coordinators and curators, known by codes: their names are not kept."""

from roadmap.datasets.model import (
    PERIOD,
    PERIOD_ENDS_LATER,
    ROLES,
    Column,
    Dataset,
    Exclusive,
    FactTable,
    Kind,
    Rule,
    filled,
    when,
)

DATASET = Dataset(
    FactTable(
        "person_role",
        (
            Column("Код лица", "person_id", Kind.CODE),
            Column("Роль", "role", Kind.CHOICE, choices=ROLES, is_constrained=True),
            Column("Код муниципалитета", "municipality_id", Kind.MUNICIPALITY),
            # Of a curator, one row per school.
            Column("Код школы", "school_id", Kind.CODE, required=False),
            *PERIOD,
        ),
        key=("person_id", "role", "municipality_id", "school_id", "valid_from"),
        rules=(
            Rule(
                "MISSING",
                "у куратора не указана школа",
                lambda row: when(row["role"] == "curator", filled(row["school_id"])),
                "Впишите код школы, по строке на каждую школу куратора",
                "school_id",
            ),
            PERIOD_ENDS_LATER,
        ),
    ),
    sheet="Роли",
    exclusive=(Exclusive(("person_id", "role", "municipality_id", "school_id")),),
)
