"""№ 3: curators and schools answer the questionnaires of ИС МЭДК."""

from support.meaning import Mutant, each_moves_the_number
from support.whole_year import all_of, changed, without

PARENTS = {"school_id": "s3", "questionnaire": "родители"}
OF_CURATOR = {"respondent": "curator", "person_id": "c3"}
MUTANTS = (
    Mutant(
        "анкетирования", "3.2", "one of a school's questionnaires is open",
        changed("survey", PARENTS, state="open", closed_on=None), names="родители",
    ),
    Mutant(
        "кураторов школ", "3.1", "a curator stands in no export",
        without("survey", **OF_CURATOR), names="c3",
    ),
    Mutant(
        "кураторов школ", "3.1", "a curator's questionnaire was answered by the school",
        changed("survey", OF_CURATOR, respondent="school"), names="c3",
    ),
    Mutant(
        "образовательных организаций", "3.2", "a school stands in no export",
        without("survey", respondent="school", school_id="s3"), names="s3",
    ),
    Mutant(
        "По отдельному графику", "3.2", "the schedule asked for it earlier",
        changed("own_schedule_date", {"measure": "3"}, due_on="2021-03-31"), late_on="2021-04-01",
    ),
    Mutant(
        "100 %", "3.1", "all answered but one",
        changed("survey", OF_CURATOR, state="open", closed_on=None), names="c3",
    ),
    Mutant(
        "100 %", "3.2", "all schools answered but one",
        all_of(*(changed("survey", {"school_id": "s3", "questionnaire": of}, state="open")
                 for of in ("директор", "родители"))), names="s3",
    ),
    Mutant(
        "из числа включенных в проект", "3.2", "one more school is in the project",
        changed("run_school", {"school_id": "s9"}, is_participating=1), names="s9",
    ),
    Mutant(
        "из числа включенных в проект", "3.1", "one more school with its curator is",
        changed("run_school", {"school_id": "s9"}, is_participating=1), names="c9",
    ),
    Mutant(
        "приняли участие", "3.2", "a questionnaire was begun and not closed",
        changed("survey", PARENTS, state="open"), names="родители",
    ),
    Mutant(
        "приняли участие", "3.1", "a questionnaire was closed after the day that is judged",
        changed("survey", OF_CURATOR, closed_on="2022-01-11"), names="c3",
    ),
)  # fmt: skip
test_each_word_moves_the_number = each_moves_the_number(MUTANTS)
