"""ИС МЭДК: one state of one school's document, dated; the latest counts.

What the documents and their states are called, the source says (include/sources.yaml):
МЭДК's own captions are not published. These two words rules speak of.
"""

from roadmap.datasets.model import Blank, Column, Dataset, FactTable, Kind, Rule, filled

ANTI_RISK_PROGRAMME = "антирисковая программа"
NOT_UPLOADED = "не загружен"

DATASET = Dataset(
    FactTable(
        "medk_document",
        (
            Column("Код школы", "school_id", Kind.CODE),
            Column("Документ", "kind", Kind.CHOICE),  # in the plan's words: «концепция развития»
            # Code of the risk factor; of an anti-risk programme only.
            Column("Фактор риска", "factor", Kind.CHOICE, required=False, words="risk_factors"),
            Column("Состояние", "state", Kind.CHOICE),  # the caption, in the plan's words
            Column("Дата состояния", "state_on", Kind.DAY_OF_YEAR, False, is_never_null=True),
        ),
        key=("school_id", "kind", "factor", "state_on"),
        rules=(
            Rule(
                "MISSING",
                "у антирисковой программы не указан фактор риска",
                lambda row: (row["kind"] == ANTI_RISK_PROGRAMME) == filled(row["factor"]),
                "Впишите фактор риска, по строке на каждую программу",
                "factor",
            ),
            Rule(
                "MISSING",
                "нет даты состояния",
                lambda row: (row["state"] == NOT_UPLOADED) | filled(row["state_on"]),
                "Впишите дату, с которой документ в этом состоянии",
                "state_on",
            ),
        ),
    ),
    sheet="Документы",
    blanks=(
        Blank(
            "factor",
            lambda row: row["kind"] == ANTI_RISK_PROGRAMME,
            "Фактор риска указан не у антирисковой программы и пропущен",
            "Удалите его или исправьте вид документа",
        ),
    ),
    # A document that was never uploaded has no date: its absence says the same.
    is_fact=lambda row: row["state_on"] is not None,
)
