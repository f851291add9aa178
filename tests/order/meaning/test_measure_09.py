"""№ 9: internships at leader schools: programmes approved, and carried out for the project."""

from support.meaning import Mutant, each_moves_the_number
from support.whole_year import all_of, changed, never_received, without

ONE = {"programme_id": "p2"}
INTERNSHIP = {"event_id": "tutor-2"}
PROJECT = "образовательных организаций - участников проекта"
NOBODY = "не отмечена ни одна школа проекта: Программа 2"
MUTANTS = (
    Mutant(
        PROJECT, "9.2", "no school of the project was there",
        without("attendance", **INTERNSHIP), names=NOBODY,
    ),
    Mutant(
        PROJECT, "9.2", "a school of the project was expected and did not come",
        changed("attendance", INTERNSHIP, is_present=0), names=NOBODY,
    ),
    Mutant(
        PROJECT, "9.2", "the school that came is not in the project",
        changed("attendance", INTERNSHIP, school_id="s9"), names=NOBODY,
    ),
    Mutant(
        "Весь период реализации", "9.2", "carried out after the year",
        changed("event", INTERNSHIP, held_on="2022-01-11"), names="не реализована: Программа 2",
    ),
    Mutant(
        "Разработаны", "9.1", "all programmes are drafts",
        changed("programme", {}, state="draft"), names="не утверждена: Программа 2",
    ),
    Mutant(
        "Разработаны", "9.1", "approved after the year",
        changed("programme", {}, approved_on="2022-01-11"), names="не утверждена: Программа 2",
    ),
    Mutant(
        "реализованы", "9.2", "its internship was cancelled",
        changed("event", INTERNSHIP, state="cancelled"), names="не реализована: Программа 2",
    ),
    Mutant(
        "реализованы", "9.2", "no internship follows the programme",
        changed("event", INTERNSHIP, programme_id=None), names="не реализована: Программа 2",
    ),
    Mutant(
        "программы стажировок", "9.2", "what was held is a seminar",
        changed("event", INTERNSHIP, kind="семинар"), names="не реализована: Программа 2",
    ),
    Mutant(
        "программы стажировок", "9.1", "no register of programmes came",
        never_received("programmes"), is_unknown=True,
    ),
    Mutant(
        "на базе школ-лидеров", "9.1", "the programmes are of another base",
        changed("programme", {}, host_kind="other"), names="не школа-лидер: Программа 2",
    ),
    Mutant(
        "на базе школ-лидеров", "9.1", "the register has no kind of a base",
        changed("programme", {}, host_kind=None),
        names="нет сведений о базе программы: Программа 2",
    ),
    Mutant(
        "на базе школ-лидеров", "9.2", "the programme is of another base",
        changed("programme", ONE, host_kind="project_school"),
        names="не школа-лидер: Программа 2",
    ),
    Mutant(
        "на базе школ-лидеров", "9.2", "the internship was held elsewhere",
        changed("event", INTERNSHIP, host_kind="other"),
        names="прошли не на базе школ-лидеров: Программа 2",
    ),
    Mutant(
        "на базе школ-лидеров", "9.2", "the internship's leader school is not named",
        changed("event", INTERNSHIP, host=None),
        names="нет сведений о базе стажировок по программе: Программа 2",
    ),
    Mutant(
        "на базе школ-лидеров", "9.2", "no base and no participant of any internship is named",
        all_of(
            changed("event", {"measure": "9"}, host_kind=None, host=None),
            changed("programme", {}, host_kind=None),
        ),
        names="нет сведений о базе программы: Программа 2",
    ),
)  # fmt: skip
test_each_word_moves_the_number = each_moves_the_number(MUTANTS)
