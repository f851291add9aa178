"""Values of indicators that no register of ours counts: a row per municipality and period."""

from typing import Any

from roadmap.datasets.model import Column, Dataset, FactTable, Kind, Rule, filled


def _is_share_or_value(row: Any) -> Any:
    is_share = filled(row["denominator"])
    return (filled(row["numerator"]) == is_share) & (filled(row["value"]) != is_share)


def _is_part(row: Any) -> Any:
    part, whole = row["numerator"], row["denominator"]
    if hasattr(part, "isna"):  # all rows as pandas' columns; one row as values
        return part.isna() | whole.isna() | (part <= whole)
    return part is None or whole is None or part <= whole


DATASET = Dataset(
    FactTable(
        "indicator_value",
        (
            Column("Код муниципалитета", "municipality_id", Kind.ADDRESSEE),
            Column("Показатель", "indicator", Kind.CHOICE, words="indicators"),
            Column("Период по", "period_ends", Kind.DAY, is_past=True),  # the period's last day
            Column("Числитель", "numerator", Kind.INTEGER, required=False),
            Column("Знаменатель", "denominator", Kind.INTEGER, required=False),
            Column("Значение", "value", Kind.INTEGER, required=False),
            Column("Документ", "document"),
            Column("Дата документа", "dated_on", Kind.DAY),
        ),
        key=("municipality_id", "indicator", "period_ends"),
        rules=(
            Rule(
                "CONTRADICTION",
                "нужны либо числитель и знаменатель (доля), либо значение",
                _is_share_or_value,
                "Впишите доле числитель и знаменатель, остальному — значение",
                "value",
            ),
            Rule(
                "RANGE",
                "числитель больше знаменателя",
                _is_part,
                "Проверьте числитель и знаменатель",
                "numerator",
            ),
            Rule(
                "PERIOD",
                "период кончился позже, чем подписан документ о нём",
                lambda row: row["period_ends"] <= row["dated_on"],
                "Значение представляют, когда период прошёл: проверьте обе даты",
                "period_ends",
            ),
        ),
    ),
    sheet="Значения",
)
