"""№ 1: the region's acts are drawn up and approved."""

from support.meaning import Mutant, each_moves_the_number
from support.whole_year import changed, without

STATUTE = "положение о проекте"
MUTANTS = (
    Mutant(
        "Разработка", "1.1", "one act was never drawn up",
        without("regional_act", document=STATUTE), names=STATUTE,
    ),
    Mutant(
        "утверждение", "1.1", "one act is a draft",
        changed("regional_act", {"document": STATUTE}, state="draft"), names=STATUTE,
    ),
    Mutant(
        "утверждение", "1.1", "one act will be signed next year",
        changed("regional_act", {"document": STATUTE}, signed_on="2022-01-11"), names=STATUTE,
    ),
    Mutant(
        "региональных нормативных правовых документов, регламентирующих реализацию проекта",
        "1.1", "an act about something else stands in one's place",
        changed("regional_act", {"document": STATUTE}, document="положение о конкурсе"),
        names=STATUTE,
    ),
    Mutant(
        "По отдельному графику", "1.1", "the schedule asked for them earlier",
        changed("own_schedule_date", {"measure": "1"}, due_on="2021-03-18"), late_on="2021-03-19",
    ),
)  # fmt: skip
test_each_word_moves_the_number = each_moves_the_number(MUTANTS)
