"""№ 17: the webinar of December, the documents, the directions for 2022."""

from support.meaning import Mutant, each_moves_the_number
from support.whole_year import all_of, as_of, changed

WEBINAR = {"event_id": "webinar-2021-12"}
SECOND_STAGE = {"run_id": "september_monitoring"}
IN_JANUARY = "2022-01-15"


def of(who: str, code: str) -> dict[str, str]:
    return {**WEBINAR, who: code}


MUTANTS = (
    Mutant(
        "Региональный вебинар", "17.1", "it was cancelled",
        changed("event", WEBINAR, state="cancelled"), names="k1",
    ),
    Mutant(
        "участников проекта", "17.1", "one more school is in the project",
        changed("run_school", {"school_id": "s9"}, is_participating=1), names="s9",
    ),
    Mutant(
        "муниципальные координаторы", "17.1", "a coordinator was not there",
        changed("attendance", of("person_id", "k2"), person_id="k7"), names="k2",
    ),
    Mutant(
        "кураторы школ", "17.1", "a curator was not there",
        changed("attendance", of("person_id", "c3"), person_id="c7"), names="c3",
    ),
    Mutant(
        "ОО", "17.1", "of a school nobody was there but its curator",
        changed("attendance", of("school_id", "s3"), role="curator", person_id="c3"), names="s3",
    ),
    Mutant(
        "Декабрь 2021 г.", "17.1", "it was held in January",
        all_of(as_of("2022-01-31"), changed("event", WEBINAR, held_on=IN_JANUARY)),
        late_on=IN_JANUARY,
    ),
    Mutant(
        "100 %", "17.1", "all came but one",
        changed("attendance", of("person_id", "c1"), is_present=0), names="c1",
    ),
    Mutant(
        "приняли участие", "17.1", "all were invited and nobody came",
        changed("attendance", WEBINAR, is_present=0), names="s1",
    ),
    Mutant(
        "Подготовлены аналитические документы", "17.2", "they wait for somebody to let them go",
        changed("delivery", SECOND_STAGE, released_ms=None), names="не составлен или не передан",
    ),
    Mutant(
        "по итогам второго этапа мониторинга", "17.2", "they are of the first stage",
        changed("phase_run", SECOND_STAGE, phase="june_monitoring"),
        names="не составлен или не передан",
    ),
    Mutant(
        "по итогам второго этапа мониторинга", "17.2", "only the first stage was marked",
        changed("positive_change", {"stage": 2}, stage=1),
        names="составлен без отметок 2 этапа мониторинга позитивных изменений",
    ),
    Mutant(
        "Определены направления работы", "17.3", "they are a draft",
        changed("direction", {}, state="draft"), names="определены направления",
    ),
    Mutant(
        "в 2022 г.", "17.3", "they are for another year",
        changed("direction", {}, for_year=2023), names="определены направления работы в 2022 году",
    ),
)  # fmt: skip
test_each_word_moves_the_number = each_moves_the_number(MUTANTS)
