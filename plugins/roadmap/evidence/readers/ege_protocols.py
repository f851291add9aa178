"""«Протокол проверки результатов» of the РЦОИ, ЕГЭ → results by school (docs/domain.md §3.4)."""

from __future__ import annotations

from roadmap.evidence.parsed import Parsed, ReaderContext
from roadmap.evidence.readers.gia_protocol import Form, minimum_score, read_protocol

HIGH_SCORES_FROM = 81
FORM = Form(
    kind="ege",
    grade=11,
    # One column, named differently by regions and years.
    scores=("Балл", "Тестовый балл"),
    lowest=0,
    highest=100,
    rules={
        "SCORE_MISSING": "Нет тестового балла",
        "SCORE_TYPE": "Тестовый балл — не целое число",
        "SCORE_RANGE": "Тестовый балл меньше 0 или больше 100",
        "SCHOOL_CODE": "Код ОО пуст или не похож на код",
    },
    minimum=minimum_score,
    of_base=Form(
        kind="ege",
        grade=11,
        scores=("Оценка",),
        lowest=2,
        highest=5,
        rules={
            "SCORE_MISSING": "Нет оценки",
            "SCORE_TYPE": "Оценка — не целое число",
            "SCORE_RANGE": "Оценка меньше 2 или больше 5",
            "SCHOOL_CODE": "Код ОО пуст или не похож на код",
        },
        minimum=minimum_score,
    ),
)


def read(content: bytes, context: ReaderContext) -> Parsed:
    """Facts `exam_result` of schools by their ГИА code, one subject a file.

    Options: `scales` (minima by year and subject), `wave`. The minimum of the scale decides;
    another one in the trailer row is told. Base mathematics has marks for
    scores and no high ones. Raises FileRefused: SCALE and those of
    `read_protocol`.
    """
    found = read_protocol(content, context, FORM)
    minimum = minimum_score(found.paper, context)
    facts = [
        {
            "sheet": found.sheet or None,
            "row": None,
            **found.paper.columns(),
            "school_scheme": "gia_code",
            "school_ref": code,
            "municipality_ref": school.municipality,
            "participants": school.participants,
            "below_minimum": sum(n for score, n in school.scores.items() if score < minimum),
            "minimum": minimum,
            "score_sum": sum(score * n for score, n in school.scores.items()),
            "high_scores": sum(
                n for score, n in school.scores.items() if score >= HIGH_SCORES_FROM
            ),
        }
        for code, school in found.schools.items()
    ]
    return Parsed(
        scope=found.paper.scope,
        facts={"exam_result": facts},
        rows_read=found.rows_read,
        rows_accepted=found.rows_accepted,
        rejected=found.rejected,
        warnings=found.warnings,
    )
