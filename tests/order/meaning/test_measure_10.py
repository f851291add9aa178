"""№ 10: 5 seminars of «Поезд мастеров» for teachers of the project, on topics that were found."""

from support.meaning import Mutant, each_moves_the_number
from support.whole_year import all_of, changed, never_received, without

ONE = {"event_id": "train-4"}
TOPIC = (
    "по проблемным темам, выявленным в ходе предметно-содержательного анализа результатов ВПР и ГИА"
)
NOBODY = "педагогов школ проекта меньше, чем нужно: Семинар 4"
PROJECT = "из числа школ включенных в проект"
MUTANTS = (
    Mutant(
        "Проведение", "10.1", "one was planned and not held",
        changed("event", ONE, state="planned"),
        names="не состоялось: Семинар 4",
    ),
    Mutant(
        "методических семинаров", "10.1", "no register of events came",
        never_received("events"), is_unknown=True,
    ),
    Mutant(
        "в рамках регионального проекта «Поезд мастеров»", "10.1", "one was of another project",
        all_of(
            changed("event", ONE, kind="семинар"),
            changed("event", {"event_id": "train-3"}, state="cancelled"),
        ),
        names="Семинар 3",
    ),
    Mutant(
        "Октябрь-ноябрь 2021 г.", "10.1", "one was held in December",
        changed("event", ONE, held_on="2021-12-01"),
        names="прошло после срока: Семинар 4",
    ),
    Mutant(
        "не менее 5", "10.1", "four took place",
        changed("event", ONE, state="cancelled"), names="Семинар 4",
    ),
    Mutant(PROJECT, "10.1", "no log of one", without("attendance", **ONE), names=NOBODY),
    Mutant(
        PROJECT, "10.1", "the school that came is not in the project",
        changed("attendance", ONE, school_id="s9"), names=NOBODY,
    ),
    Mutant(
        TOPIC, "10.1", "a topic that no analysis found",
        changed("event", ONE, factor=None, subject="физика", grade=8),
        names="дефицита анализ не нашёл: Семинар 4",
    ),
    Mutant(
        TOPIC, "10.1", "a concert, which answers no deficit",
        changed("event", ONE, factor=None, title="Новогодний концерт"),
        names="дефицит не назван: Новогодний концерт",
    ),
)  # fmt: skip
test_each_word_moves_the_number = each_moves_the_number(MUTANTS)
