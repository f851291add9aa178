"""The registry of schools: whose each is, its codes, and when it takes part in the project."""

from roadmap.datasets.model import (
    PERIOD,
    PERIOD_ENDS_LATER,
    Column,
    Dataset,
    Exclusive,
    FactTable,
    Kind,
    Rule,
)

_FIX_CODE = "Исправьте код; пока не принята ни одна из строк"

DATASET = Dataset(
    FactTable(
        "school",
        (
            Column("Код школы", "school_id", Kind.CODE),
            Column("Код муниципалитета", "municipality_id", Kind.MUNICIPALITY),
            Column("Наименование", "name"),
            # The six digits common to sch440123 and edu440123.
            Column("Логин ВПР", "vpr_login", Kind.LOGIN, required=False),
            Column("Код ГИА", "gia_code", Kind.DIGITS, required=False),
            Column("В проекте с", "project_from", Kind.DAY, required=False),  # empty: not in it
            Column("В проекте по", "project_to", Kind.DAY, required=False),
            *PERIOD,
        ),
        key=("school_id", "valid_from"),
        rules=(
            PERIOD_ENDS_LATER,
            Rule(
                "PERIOD",
                "школа вышла из проекта раньше, чем вошла в него",
                lambda rows: (
                    rows["project_to"].isna()
                    | (rows["project_from"].notna() & (rows["project_to"] >= rows["project_from"]))
                ),
            ),
        ),
    ),
    sheet="Школы",
    exclusive=(
        Exclusive(("school_id",)),
        Exclusive(("vpr_login",), "Логин ВПР указан у двух школ", _FIX_CODE, owner="school_id"),
        Exclusive(("gia_code",), "Код ГИА указан у двух школ", _FIX_CODE, owner="school_id"),
    ),
    frozen_as="run_school",
)
