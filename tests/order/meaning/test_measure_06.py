"""№ 6: the webinar of 12 March."""

from support.meaning import Mutant, each_moves_the_number
from support.whole_year import OUTSIDE, changed

WEBINAR = {"event_id": "webinar-2021-03-12"}
MUTANTS = (
    Mutant(
        "Методический вебинар", "6.1", "it was cancelled",
        changed("event", WEBINAR, state="cancelled"), names="k1",
    ),
    Mutant(
        "Методический вебинар", "6.2", "the log is of another event",
        changed("attendance", WEBINAR, event_id="method-1"), is_unknown=True,
    ),
    Mutant(
        "муниципальных координаторов проекта", "6.1", "a curator came instead of a coordinator",
        changed("attendance", {**WEBINAR, "person_id": "k2"}, person_id="c1"), names="k2",
    ),
    Mutant(
        "муниципальных координаторов проекта", "6.1", "one more municipality is in the project",
        changed("run_municipality", {"municipality_id": OUTSIDE}, is_participating=1), names="k9",
    ),
    Mutant(
        "кураторов школ", "6.2", "a coordinator came instead of a curator",
        changed("attendance", {**WEBINAR, "person_id": "c3"}, person_id="k1"), names="c3",
    ),
    Mutant(
        "12 марта 2021 г.", "6.1", "it was held a day later",
        changed("event", WEBINAR, held_on="2021-03-13"), late_on="2021-03-13",
    ),
    Mutant(
        "100 %", "6.1", "all coordinators came but one",
        changed("attendance", {**WEBINAR, "person_id": "k2"}, is_present=0), names="k2",
    ),
    Mutant(
        "100 %", "6.2", "all curators came but one",
        changed("attendance", {**WEBINAR, "person_id": "c2"}, is_present=0), names="c2",
    ),
    Mutant(
        "приняли участие", "6.2", "all were invited and nobody came",
        changed("attendance", WEBINAR, is_present=0), names="c1",
    ),
    Mutant(
        "приняли участие", "6.1", "a coordinator studied the recording instead",
        changed(
            "attendance", {**WEBINAR, "person_id": "k2"}, is_present=0, studied_on="2021-04-06"
        ), names="k2",
    ),
    Mutant(
        "приняли участие", "6.2", "all curators studied the recording instead",
        changed("attendance", WEBINAR, is_present=0, studied_on="2021-04-06"), names="c3",
    ),
    Mutant(
        "Определены задачи кураторов школ", "6.3", "their tasks are a draft",
        changed("document", {"indicator": "6.3"}, state="draft", title="Задачи кураторов"),
        names="Задачи кураторов",
    ),
    Mutant(
        "Определены задачи кураторов школ", "6.3", "the tasks are the coordinators'",
        changed("document", {"indicator": "6.3"}, indicator="2.2"),
        names="определены задачи кураторов школ",
    ),
)  # fmt: skip
test_each_word_moves_the_number = each_moves_the_number(MUTANTS)
