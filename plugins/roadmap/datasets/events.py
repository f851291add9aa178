"""Seminars, webinars, internships and other events of the project."""

from roadmap.datasets.model import HOSTS, Column, Dataset, FactTable, Kind, Rule, filled, when
from roadmap.datasets.results import MOST_PEOPLE

_STATES = {"проведено": "held", "запланировано": "planned", "отменено": "cancelled"}

DATASET = Dataset(
    FactTable(
        "event",
        (
            Column("Код события", "event_id", Kind.CODE),
            Column("№ мероприятия", "measure", Kind.MEASURE),
            Column("Вид", "kind", Kind.PHRASE),
            Column("Код семинара", "seminar_id", Kind.CODE, required=False),
            Column("Тема", "title"),
            Column("Дата", "held_on", Kind.DAY_OF_YEAR),
            Column("Состояние", "state", Kind.CHOICE, choices=_STATES),
            Column("Участников", "participants", Kind.INTEGER, required=False),
            # Of an internship.
            Column("Код программы", "programme_id", Kind.CODE, required=False, may_be_absent=True),
            # Whose base it took place on; empty: not said.
            Column("Вид площадки", "host_kind", Kind.CHOICE, False, HOSTS, may_be_absent=True),
            Column("Площадка", "host", required=False, may_be_absent=True),
            # The deficit that a seminar answers: low results in a subject and grade, or a risk.
            Column("Предмет", "subject", Kind.PHRASE, required=False, may_be_absent=True),
            Column("Класс", "grade", Kind.INTEGER, required=False, may_be_absent=True),
            Column(
                "Фактор риска",
                "factor",
                Kind.CHOICE,
                required=False,
                words="risk_factors",
                may_be_absent=True,
            ),
            # The part of the subject; shown, and compared with nothing until tasks are analysed.
            Column(
                "Блок", "block", Kind.CHOICE, required=False, words="blocks", may_be_absent=True
            ),
        ),
        key=("event_id",),
        rules=(
            Rule(
                "RANGE",
                "число участников вне разумных границ",
                lambda rows: rows["participants"].fillna(0) <= MOST_PEOPLE,
            ),
            # Half a deficit is found by no analysis.
            Rule(
                "MISSING",
                "«Предмет» и «Класс» называют вместе",
                lambda row: filled(row["subject"]) == filled(row["grade"]),
                "Впишите оба или ни одного",
                column="grade",
            ),
            Rule(
                "MISSING",
                "у блока не назван предмет",
                lambda row: when(filled(row["block"]), filled(row["subject"])),
                "Впишите «Предмет» и «Класс»",
                column="subject",
            ),
        ),
    ),
    sheet="Мероприятия",
)
