"""№ 2: the kick-off seminar of the municipal coordinators."""

from support.meaning import Mutant, each_moves_the_number
from support.whole_year import OUTSIDE, changed

SEMINAR = {"event_id": "kickoff-2021"}
MUTANTS = (
    Mutant(
        "Установочный семинар", "2.1", "it was cancelled",
        changed("event", SEMINAR, state="cancelled"), names="k1",
    ),
    Mutant(
        "Установочный семинар", "2.1", "the log is of another seminar",
        changed("attendance", SEMINAR, event_id="method-1"), is_unknown=True,
    ),
    Mutant(
        "муниципальных координаторов", "2.1", "a curator came instead of a coordinator",
        changed("attendance", {**SEMINAR, "person_id": "k2"}, person_id="c3"), names="k2",
    ),
    Mutant(
        "в рамках реализации проекта", "2.1", "one more municipality is in the project",
        changed("run_municipality", {"municipality_id": OUTSIDE}, is_participating=1), names="k9",
    ),
    Mutant(
        "По отдельному графику", "2.1", "the schedule asked for it earlier",
        changed("own_schedule_date", {"measure": "2"}, due_on="2021-02-19"), late_on="2021-02-20",
    ),
    Mutant(
        "100 %", "2.1", "all came but one",
        changed("attendance", {**SEMINAR, "person_id": "k2"}, is_present=0), names="k2",
    ),
    Mutant(
        "приняли участие", "2.1", "all were invited and nobody came",
        changed("attendance", SEMINAR, is_present=0), names="k1",
    ),
    Mutant(
        "Определены задачи муниципальных координаторов", "2.2", "their tasks are a draft",
        changed("document", {"indicator": "2.2"}, state="draft", title="Задачи координаторов"),
        names="Задачи координаторов",
    ),
    Mutant(
        "Определены задачи муниципальных координаторов", "2.2", "the tasks are the curators'",
        changed("document", {"indicator": "2.2"}, indicator="6.3"),
        names="определены задачи муниципальных координаторов",
    ),
)  # fmt: skip
test_each_word_moves_the_number = each_moves_the_number(MUTANTS)
