"""№ 5: the monitoring of municipal mechanisms, its recommendations, and acts that rest on them."""

from support.meaning import Mutant, each_moves_the_number
from support.whole_year import GALICH, OUTSIDE, all_of, changed, never_received, without

MARCH = {"run_id": "march_analysis"}
OF_GALICH = {"municipality_id": GALICH}
LEGAL = {**OF_GALICH, "kind": "приказ"}
PROGRAMME = {**OF_GALICH, "kind": "программа"}
MUTANTS = (
    Mutant(
        "Региональный мониторинг эффективности муниципальных механизмов", "5.0",
        "one component of the cycle was not looked at",
        without("mechanism_score", **OF_GALICH, component="effectiveness"),
        names="чек-лист муниципальных механизмов заполнен не полностью",
    ),
    Mutant(
        "Региональный мониторинг эффективности муниципальных механизмов", "5.0",
        "nobody monitored", never_received("municipal_mechanisms"), is_unknown=True,
    ),
    Mutant(
        "Март 2021 г.", "5.0", "the recommendations left in April",
        changed("phase_run", MARCH, as_of="2021-04-01"), late_on="2021-04-01",
    ),
    Mutant(
        "Март 2021 г.", "5.1", "the documents are of April",
        changed("municipal_act", PROGRAMME, adopted_on="2021-04-01"), late_on="2021-04-01",
    ),
    Mutant(
        "В 100 %", "5.1", "one municipality adopted nothing",
        without("municipal_act", **OF_GALICH), names="нет изменений в программных документах",
    ),
    Mutant(
        "муниципальных образований из числа участников проекта", "5.0",
        "one more municipality takes part",
        all_of(
            changed("run_municipality", {"municipality_id": OUTSIDE}, is_participating=1),
            changed(
                "mechanism_score",
                {**OF_GALICH, "component": "goals"},
                municipality_id=OUTSIDE,
            ),
        ),
        names=OUTSIDE,
    ),
    Mutant(
        "внесены изменения", "5.1", "they will be made next year",
        changed("municipal_act", LEGAL, adopted_on="2022-01-11"),
        names="нет изменений в нормативно-правовых документах",
    ),
    Mutant(
        "муниципальные нормативно-правовые", "5.1", "there is none",
        without("municipal_act", **LEGAL), names="нет изменений в нормативно-правовых документах",
    ),
    Mutant(
        "муниципальные нормативно-правовые", "5.1", "its kind is no legal act's",
        changed("municipal_act", LEGAL, kind="служебная записка"),
        names="служебная записка № 1 от 26.03.2021",
    ),
    Mutant(
        "программные документы", "5.1", "there is none",
        without("municipal_act", **PROGRAMME), names="нет изменений в программных документах",
    ),
    Mutant(
        "на основе адресных рекомендаций", "5.1", "it rests on something else",
        changed("municipal_act", LEGAL, basis="other"),
        names="приказ № 1 от 26.03.2021 не засчитывается: документ принят не по адресным",
    ),
    Mutant(
        "на основе адресных рекомендаций", "5.1", "it is older than the recommendations",
        changed("municipal_act", PROGRAMME, adopted_on="2021-03-23"),
        names="программа № 2 от 23.03.2021 не засчитывается: документ принят до адресных",
    ),
    Mutant(
        "на основе адресных рекомендаций", "5.1",
        "the check-list names no day, so the recommendations are of March's letter",
        changed("mechanism_score", OF_GALICH, recommended_on=None),
        names="документ принят до адресных рекомендаций",
    ),
    Mutant(
        "на основе адресных рекомендаций", "5.1", "half of a check-list gives no recommendations",
        without("mechanism_score", **OF_GALICH, component="effectiveness"),
        names="чек-лист муниципальных механизмов заполнен не полностью: адресных рекомендаций нет",
    ),
    Mutant(
        "по итогам мониторинга", "5.0", "the letter was made before the check-list came",
        changed(
            "run_batch", {**MARCH, "batch_id": "municipal_mechanisms"}, run_id="june_monitoring"
        ),
        names=GALICH,
    ),
    Mutant(
        "по итогам мониторинга", "5.0", "no mail server took the letter",
        changed("delivery", {**MARCH, "municipality_id": GALICH}, mode="redirect"),
        names="адресные рекомендации не приняты почтовым сервером",
    ),
)  # fmt: skip
test_each_word_moves_the_number = each_moves_the_number(MUTANTS)
