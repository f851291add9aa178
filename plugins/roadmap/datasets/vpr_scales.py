"""Scales of marks of ВПР that a region has and include/scales has not."""

from roadmap.datasets.model import Column, Dataset, FactTable, Kind, Rule

DATASET = Dataset(
    FactTable(
        "vpr_scale",
        (
            Column("Год", "year", Kind.INTEGER),  # of the procedure
            Column("Предмет", "subject", Kind.PHRASE),  # kept in its one spelling
            Column("Класс", "grade", Kind.INTEGER),  # the programme's
            Column("Максимум", "maximum", Kind.INTEGER),
            # The least primary score for the mark.
            Column("с «3»", "three", Kind.INTEGER),
            Column("с «4»", "four", Kind.INTEGER),
            Column("с «5»", "five", Kind.INTEGER),
        ),
        key=("year", "subject", "grade"),
        rules=(
            Rule(
                "SCALE",
                "границы отметок должны возрастать и не превышать максимум",
                lambda row: (
                    (row["three"] > 0)
                    & (row["three"] < row["four"])
                    & (row["four"] < row["five"])
                    & (row["five"] <= row["maximum"])
                ),
                "Исправьте баллы по официальному описанию работы",
                "three",
            ),
            Rule(
                "RANGE",
                "в ВПР нет такого наибольшего балла",
                lambda row: row["maximum"] <= 100,
                "Впишите наибольший первичный балл работы",
                "maximum",
            ),
            Rule(
                "RANGE",
                "в ВПР нет такого класса",
                lambda row: (row["grade"] >= 4) & (row["grade"] <= 11),
                "Впишите класс программы, от 4 до 11",
                "grade",
            ),
        ),
    ),
    sheet="Шкалы",
)
