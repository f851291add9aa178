"""Programmes of internships."""

from roadmap.datasets.model import (
    APPROVED_HAS_DATE,
    DRAFT_HAS_NO_DATE,
    HOSTS,
    Column,
    Dataset,
    FactTable,
    Kind,
)

_STATES = {"утверждена": "approved", "проект": "draft"}

DATASET = Dataset(
    FactTable(
        "programme",
        (
            Column("Код программы", "programme_id", Kind.CODE),
            Column("№ мероприятия", "measure", Kind.MEASURE),
            Column("Наименование", "title"),
            Column("Площадка", "host"),
            Column("Состояние", "state", Kind.CHOICE, choices=_STATES),
            Column("Дата утверждения", "approved_on", Kind.DAY, required=False),
            Column("Вид площадки", "host_kind", Kind.CHOICE, False, HOSTS, may_be_absent=True),
        ),
        key=("programme_id",),
        rules=(APPROVED_HAS_DATE,),
    ),
    sheet="Программы",
    blanks=(DRAFT_HAS_NO_DATE,),
)
