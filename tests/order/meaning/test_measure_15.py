"""№ 15: the second stage of monitoring the roadmap."""

from support.meaning import Mutant, each_moves_the_number
from support.whole_year import GALICH, REGION, added, all_of, changed

RUN = {"run_id": "september_monitoring"}
MUTANTS = (
    Mutant(
        "Второй этап мониторинга", "15.1", "that stage did not take place",
        changed("monitoring_scope", RUN, monitoring="12"), is_unknown=True,
    ),
    Mutant(
        "реализации планов-графиков (дорожных карт) региональных мероприятий по проекту",
        "15.1", "one more measure of the roadmap was due, and not executed",
        all_of(
            added("monitoring_scope", **RUN, monitoring="15", measure="7"),
            *(
                added(
                    "measure_status", **RUN, measure="7", municipality_id=place,
                    status="not_done", is_executed=0,
                )
                for place in (GALICH, REGION)
            ),
        ),
        names="7",
    ),
    Mutant(
        "Сентябрь 2021 г.", "15.1", "it was judged in another month",
        changed("phase_run", RUN, as_of="2021-10-04"), is_unknown=True,
    ),
    Mutant(
        "100 %", "15.1", "all measures but one",
        changed(
            "measure_status", {**RUN, "measure": "8", "municipality_id": REGION}, is_executed=0
        ),
        names="8",
    ),
    Mutant(
        "исполненных", "15.1", "what was due was not done",
        changed("measure_status", {**RUN, "measure": "5"}, is_executed=0, status="not_done"),
        names="5",
    ),
    Mutant(
        "на дату мониторинга", "15.1", "nobody looked that day",
        changed("phase_run", RUN, mode="dry"), is_unknown=True,
    ),
)  # fmt: skip
test_each_word_moves_the_number = each_moves_the_number(MUTANTS)
