"""№ 16: not fewer than 20 internships on the bases of leader schools in October and November."""

from support.meaning import Mutant, each_moves_the_number
from support.whole_year import changed, never_received

ONE = {"event_id": "intern-7"}
MUTANTS = (
    Mutant(
        "Проведение", "16.1", "one was planned and not held",
        changed("event", ONE, state="planned"),
        names="не состоялось: Стажировка 7",
    ),
    Mutant(
        "Октябрь-ноябрь 2021 г.", "16.1", "one was held in December",
        changed("event", ONE, held_on="2021-12-01"),
        names="прошло после срока: Стажировка 7",
    ),
    Mutant(
        "Октябрь-ноябрь 2021 г.", "16.1", "one was held in September",
        changed("event", ONE, held_on="2021-09-30"),
        names="прошло до срока: Стажировка 7",
    ),
    Mutant(
        "не менее 20", "16.1", "nineteen were registered in time",
        changed("event", ONE, state="cancelled"), names="Стажировка 7",
    ),
    Mutant(
        "стажировок", "16.1", "no register of events came",
        never_received("events"), is_unknown=True,
    ),
    Mutant(
        "на базе школ-лидеров", "16.1", "one was at a school of the project",
        changed("event", ONE, host_kind="project_school"),
        names="база — не школа-лидер: Стажировка 7",
    ),
    Mutant(
        "на базе школ-лидеров", "16.1", "one was at another place",
        changed("event", ONE, host_kind="other"), names="база — не школа-лидер: Стажировка 7",
    ),
    Mutant(
        "на базе школ-лидеров", "16.1", "the register has no kind of a base",
        changed("event", {}, host_kind=None), names="нет сведений о базе: Стажировка 7",
    ),
    Mutant(
        "на базе школ-лидеров", "16.1", "a base that is not named",
        changed("event", ONE, host=None), names="нет сведений о базе: Стажировка 7",
    ),
)  # fmt: skip
test_each_word_moves_the_number = each_moves_the_number(MUTANTS)
