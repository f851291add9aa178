"""ИС МЭДК: one questionnaire of one respondent a row."""

from roadmap.datasets.model import Column, Dataset, FactTable, Kind, Rule, filled, when

_WHO = {"куратор": "curator", "школа": "school"}
_STATES = {"закрыта": "closed", "открыта": "open"}
_FIX_STATE = "Исправьте состояние или дату"

DATASET = Dataset(
    FactTable(
        "survey",
        (
            Column("Респондент", "respondent", Kind.CHOICE, choices=_WHO, is_constrained=True),
            Column("Код лица", "person_id", Kind.CODE, required=False),
            Column("Код школы", "school_id", Kind.CODE, required=False),
            Column("Анкета", "questionnaire", Kind.PHRASE),
            Column("Состояние", "state", Kind.CHOICE, choices=_STATES),
            Column("Дата закрытия", "closed_on", Kind.DAY_OF_YEAR, required=False),
        ),
        key=("respondent", "person_id", "school_id", "questionnaire"),
        rules=(
            Rule(
                "MISSING",
                "пусто",
                lambda row: when(row["respondent"] == "school", filled(row["school_id"])),
                "Впишите код школы",
                "school_id",
            ),
            Rule(
                "MISSING",
                "пусто",
                lambda row: when(row["respondent"] != "school", filled(row["person_id"])),
                "Впишите код куратора",
                "person_id",
            ),
            Rule(
                "CONTRADICTION",
                "у закрытой анкеты нет даты закрытия",
                lambda row: when(row["state"] == "closed", filled(row["closed_on"])),
                _FIX_STATE,
                "closed_on",
            ),
            Rule(
                "CONTRADICTION",
                "у открытой анкеты есть дата закрытия",
                lambda row: when(filled(row["closed_on"]), row["state"] == "closed"),
                _FIX_STATE,
                "closed_on",
            ),
        ),
    ),
    sheet="Анкеты",
)
