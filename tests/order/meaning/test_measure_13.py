"""№ 13: the webinar of June, and the papers on the first stage of the monitoring of changes."""

from support.meaning import Mutant, each_moves_the_number
from support.whole_year import GALICH, OUTSIDE, all_of, changed, never_received, without

WEBINAR = {"event_id": "webinar-2021-06"}
RUN = {"run_id": "june_monitoring"}
FIRST = {"stage": 1}
NO_PAPER = "составлен без отметок 1 этапа мониторинга позитивных изменений"
NO_MARKS = "в письме нет отметок 1 этапа мониторинга позитивных изменений"
IN_JULY = "2021-07-05"


def of(who: str, code: str) -> dict[str, str]:
    return {**WEBINAR, who: code}


MUTANTS = (
    Mutant(
        "Региональный вебинар", "13.1", "it was cancelled",
        changed("event", WEBINAR, state="cancelled"), names="k1",
    ),
    Mutant(
        "участников проекта", "13.1", "one more school is in the project",
        changed("run_school", {"school_id": "s9"}, is_participating=1), names="s9",
    ),
    Mutant(
        "муниципальные координаторы", "13.1", "a coordinator was not there",
        changed("attendance", of("person_id", "k2"), person_id="k7"), names="k2",
    ),
    Mutant(
        "кураторы школ", "13.1", "a curator was not there",
        changed("attendance", of("person_id", "c3"), person_id="c7"), names="c3",
    ),
    Mutant(
        "ОО", "13.1", "of a school nobody was there but its curator",
        changed("attendance", of("school_id", "s3"), role="curator", person_id="c3"), names="s3",
    ),
    Mutant(
        "по итогам 1 этапа мониторинга", "13.1", "it was held before any mark was made",
        changed("event", {"event_id": "webinar-2021-06"}, held_on="2021-06-09"),
        names="вебинар прошёл до отметок 1 этапа",
    ),
    Mutant(
        "по итогам 1 этапа мониторинга", "13.1", "only the second stage is marked",
        changed("positive_change", FIRST, stage=2), names="вебинар прошёл до отметок 1 этапа",
    ),
    Mutant(
        "по итогам 1 этапа мониторинга", "13.1", "no export of marks came",
        never_received("medk_changes"), is_unknown=True,
    ),
    Mutant(
        "по итогам 1 этапа мониторинга", "13.2", "only the second stage is marked",
        changed("positive_change", FIRST, stage=2), names=NO_PAPER,
    ),
    Mutant(
        "по итогам 1 этапа мониторинга", "13.3", "schools are marked after the report",
        changed("positive_change", FIRST, marked_on=IN_JULY), names=NO_MARKS,
    ),
    Mutant(
        "по итогам 1 этапа мониторинга", "13.3", "one municipality's schools are not marked",
        without("positive_change", school_id="s3", stage=1), names="s3",
    ),
    Mutant(
        "наступления позитивных изменений", "13.2", "no school is marked",
        without("positive_change", stage=1), names=NO_PAPER,
    ),
    Mutant(
        "наступления позитивных изменений", "13.2", "marked are risks that no school works on",
        changed("positive_change", FIRST, factor="parents"), names=NO_PAPER,
    ),
    Mutant(
        "наступления позитивных изменений", "13.3", "the schools put the risks aside",
        changed("risk", {}, is_activated=0), names=NO_MARKS,
    ),
    Mutant(
        "ИС МЭДК", "13.2", "June's report did not have the export of that system",
        without("run_batch", **RUN, batch_id="medk_changes"), names=NO_PAPER,
    ),
    Mutant(
        "ИС МЭДК", "13.3", "the letters had no risk profiles of that system",
        without("run_batch", **RUN, batch_id="risk_profiles"), names=NO_MARKS,
    ),
    Mutant(
        "Июнь 2021 г.", "13.1", "it was held in July",
        changed("event", WEBINAR, held_on=IN_JULY), late_on=IN_JULY,
    ),
    Mutant(
        "Июнь 2021 г.", "13.2", "the papers were made in July",
        changed("phase_run", RUN, as_of=IN_JULY), late_on=IN_JULY,
    ),
    Mutant(
        "100 %", "13.1", "all came but one",
        changed("attendance", of("person_id", "c1"), is_present=0), names="c1",
    ),
    Mutant(
        "100 %", "13.3", "all schools but those of one municipality have it",
        changed("delivery", {**RUN, "municipality_id": GALICH}, mode="redirect"), names="s3",
    ),
    Mutant(
        "приняли участие", "13.1", "all were invited and nobody came",
        changed("attendance", WEBINAR, is_present=0), names="s1",
    ),
    Mutant(
        "Подготовлены аналитические документы", "13.2", "they wait for somebody to let them go",
        changed("delivery", RUN, released_ms=None), names="не составлен или не передан",
    ),
    Mutant(
        "представлены ОО", "13.3", "no mail server took the letters",
        changed("delivery", RUN, mode="redirect"), names="представление документа школе не",
    ),
    Mutant(
        "представлены ОО", "13.3", "what was sent is another paper",
        changed("phase_run", RUN, phase="august_analysis"), names="s1",
    ),
    Mutant(
        "из числа включенных в проект", "13.3", "one more municipality's school is in the project",
        all_of(
            changed("run_municipality", {"municipality_id": OUTSIDE}, is_participating=1),
            changed(
                "run_school", {"school_id": "s9"}, is_participating=1, municipality_id=OUTSIDE
            ),
        ),
        names="s9",
    ),
    Mutant(
        "из числа включенных в проект", "13.2", "the marked schools were not in the project",
        changed("run_school", RUN, is_participating=0), names=NO_PAPER,
    ),
)  # fmt: skip
test_each_word_moves_the_number = each_moves_the_number(MUTANTS)
