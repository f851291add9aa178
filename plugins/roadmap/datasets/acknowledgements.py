"""A school says that it has received a phase's report; one municipality a file."""

from roadmap.datasets.model import Column, Dataset, FactTable, Kind, Scope

DATASET = Dataset(
    FactTable(
        "acknowledgement",
        (
            # The scope; whose the school is, the registry says.
            Column("Код муниципалитета", "municipality_id", Kind.MUNICIPALITY, is_stored=False),
            Column("Код школы", "school_id", Kind.CODE),
            Column("Этап", "phase", Kind.CHOICE, words="phases"),
            # The letter of December is answered in January.
            Column("Дата", "received_on", Kind.DAY),
        ),
        key=("school_id", "phase", "received_on"),
    ),
    scope=Scope("municipality_id", "подтверждения школ из разных мест"),
)
