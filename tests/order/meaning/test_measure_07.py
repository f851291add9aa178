"""№ 7: the analysis of March, and its paper in the schools."""

from support.meaning import Mutant, each_moves_the_number
from support.whole_year import GALICH, OUTSIDE, all_of, changed

RUN = {"run_id": "march_analysis"}
MUTANTS = (
    Mutant(
        "Работа с данными комплексного анализа образовательных результатов", "7.2",
        "what was sent is no analysis",
        changed("phase_run", RUN, phase="august_analysis"), names="s1",
    ),
    Mutant(
        "школ-участников проекта", "7.2", "one more municipality's school is in the project",
        all_of(
            changed("run_municipality", {"municipality_id": OUTSIDE}, is_participating=1),
            changed(
                "run_school", {"school_id": "s9"}, is_participating=1, municipality_id=OUTSIDE
            ),
        ),
        names="s9",
    ),
    Mutant(
        "Март 2021 г.", "7.2", "it was sent in another month",
        changed("phase_run", RUN, as_of="2021-04-02"), late_on="2021-04-02",
    ),
    Mutant(
        "Подготовлена аналитическая справка", "7.1", "it waits for somebody to let it go",
        changed("delivery", RUN, released_ms=None), names="не составлен или не передан",
    ),
    Mutant(
        "Подготовлена аналитическая справка", "7.1", "it was composed in a rehearsal alone",
        changed("delivery", RUN, mode="redirect"), names="не составлен или не передан",
    ),
    Mutant(
        "Подготовлена аналитическая справка", "7.1", "it was composed for some municipalities",
        changed("run_municipality", {"municipality_id": GALICH}, **RUN, is_selected=0),
        names="не составлен или не передан",
    ),
    Mutant(
        "по результатам комплексного анализа", "7.1", "what was composed is no analysis",
        changed("phase_run", RUN, phase="june_monitoring"), names="не составлен или не передан",
    ),
    Mutant(
        "представлена ОО", "7.2", "no mail server took the letter",
        changed("delivery", {**RUN, "municipality_id": GALICH}, mode="redirect"), names="s3",
    ),
)  # fmt: skip
test_each_word_moves_the_number = each_moves_the_number(MUTANTS)
