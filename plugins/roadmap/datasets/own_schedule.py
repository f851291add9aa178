"""«По отдельному графику»: the date of a measure, once there is one."""

from roadmap.datasets.model import Column, Dataset, FactTable, Kind

DATASET = Dataset(
    FactTable(
        "own_schedule_date",
        (
            Column("№ мероприятия", "measure", Kind.MEASURE),
            Column("Срок", "due_on", Kind.DAY_OF_YEAR),
            Column("Основание", "basis"),  # the document that sets it
        ),
        key=("measure",),
    ),
    sheet="График",
)
