"""№ 8: 14 events of 5 standing seminars in March and April."""

from support.meaning import Mutant, each_moves_the_number
from support.whole_year import all_of, changed, never_received

FOUR = {"seminar_id": "seminar-4"}  # method-4 and method-9
ONE = {"event_id": "method-4"}
TOPICS = (
    "по проблемным темам, выявленным в ходе предметно-содержательного анализа результатов ВПР и "
    "ГИА, внешних социальных условий работы школ из числа включенных в проект"
)
MUTANTS = (
    Mutant(
        "проведение", "8.1", "one was planned and not held",
        changed("event", ONE, state="planned"), names="не засчитано, не состоялось: Тема 4",
    ),
    Mutant(
        "методических семинаров для педагогов ОО", "8.2", "a seminar never took place",
        changed("event", FOUR, state="cancelled"), names="не проведён семинар seminar-4",
    ),
    Mutant(
        TOPICS, "8.1", "a concert, which answers no deficit",
        changed("event", ONE, factor=None, title="Новогодний концерт"),
        names="дефицит не назван: Новогодний концерт",
    ),
    Mutant(
        TOPICS, "8.1", "a subject in which no analysis found low results",
        changed("event", ONE, factor=None, subject="физика", grade=8),
        names="дефицита анализ не нашёл: Тема 4",
    ),
    Mutant(
        TOPICS, "8.1", "a risk that no school has taken into work",
        changed("event", ONE, factor="motivation"), names="дефицита анализ не нашёл: Тема 4",
    ),
    Mutant(
        TOPICS, "8.2", "the schools gave the risk up",
        changed("risk", {}, is_activated=0),
        names="тема не связана с выявленным дефицитом: семинар seminar-4",
    ),
    Mutant(
        "Март-апрель 2021 г.", "8.1", "one was held late",
        changed("event", ONE, held_on="2021-05-18"), late_on="2021-05-18",
    ),
    Mutant(
        "Март-апрель 2021 г.", "8.1", "one was held before",
        changed("event", ONE, held_on="2021-02-18"),
        names="прошло до срока: Тема 4",
    ),
    Mutant(
        "14 методических мероприятий по повышению квалификации", "8.1", "thirteen were held",
        changed("event", ONE, state="cancelled"), names="не состоялось: Тема 4",
    ),
    Mutant(
        "в рамках", "8.1", "one was outside a seminar",
        changed("event", ONE, seminar_id=None),
        names="не относится ни к одному семинару: Тема 4",
    ),
    Mutant(
        "5", "8.2", "no register of events came", never_received("events"), is_unknown=True,
    ),
    Mutant(
        "постоянно действующих практико-ориентированных", "8.2", "a seminar met once",
        changed("event", ONE, seminar_id="seminar-0"),
        names="семинар не постоянно действующий, событий меньше, чем нужно: seminar-4",
    ),
    Mutant(
        "постоянно действующих практико-ориентированных", "8.2", "10, 1, 1, 1 and 1 events",
        all_of(
            *(changed("event", {"event_id": f"method-{n}"}, seminar_id="seminar-0")
              for n in range(5, 14)),
        ),
        names="событий меньше, чем нужно: seminar-3",
    ),
)  # fmt: skip
test_each_word_moves_the_number = each_moves_the_number(MUTANTS)
