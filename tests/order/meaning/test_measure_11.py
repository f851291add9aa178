"""№ 11: each school's documents, agreed and placed in ИС МЭДК."""

from support.meaning import Mutant, each_moves_the_number
from support.whole_year import all_of, as_of, changed, without

CONCEPT = {"school_id": "s3", "kind": "концепция развития"}
MUTANTS = (
    Mutant(
        "разработки", "11.1", "a school has no concept",
        without("medk_document", **CONCEPT), names="концепция развития",
    ),
    Mutant(
        "концептуальных документов проекта", "11.1", "a medium-term programme is missing",
        without("medk_document", school_id="s3", kind="среднесрочная программа развития"),
        names="среднесрочная программа развития",
    ),
    Mutant(
        "концептуальных документов проекта", "11.1", "a risk has no programme against it",
        changed("risk", {"school_id": "s3"}, factor="motivation"), names="s3",
    ),
    Mutant(
        "ОО", "11.1", "the concept is another school's",
        changed("medk_document", CONCEPT, school_id="s9"), names="s3",
    ),
    Mutant(
        "размещения", "11.1", "a document was not uploaded",
        changed("medk_document", CONCEPT, state="не загружен"), names="концепция развития",
    ),
    Mutant(
        "Весь период реализации", "11.1", "a document was placed when the period was over",
        all_of(as_of("2022-01-31"), changed("medk_document", CONCEPT, state_on="2022-01-15")),
        late_on="2022-01-15",
    ),
    Mutant(
        "100 %", "11.1", "all schools but one",
        changed("medk_document", {"school_id": "s2"}, state="загружен"), names="s2",
    ),
    Mutant(
        "из числа включенных в проект", "11.1", "one more school is in the project",
        changed("run_school", {"school_id": "s9"}, is_participating=1), names="s9",
    ),
    Mutant(
        "согласовали", "11.1", "a document is uploaded and not agreed",
        changed("medk_document", CONCEPT, state="загружен"), names="концепция развития",
    ),
)  # fmt: skip
test_each_word_moves_the_number = each_moves_the_number(MUTANTS)
