"""«Протокол проверки результатов» of the РЦОИ, ОГЭ → marks by school (docs/domain.md §3.4).

The region turns primary scores into marks, so the column «Оценка» is taken as it stands.
"""

from __future__ import annotations

from roadmap.evidence.parsed import Parsed, ReaderContext
from roadmap.evidence.readers.gia_protocol import Form, read_protocol

MARKS = (2, 3, 4, 5)
FORM = Form(
    kind="oge",
    grade=9,
    # The second is that of the csv with English names.
    scores=("Оценка", "Mark5"),
    lowest=MARKS[0],
    highest=MARKS[-1],
    rules={
        "SCORE_MISSING": "Нет оценки",
        "SCORE_TYPE": "Оценка — не целое число",
        "SCORE_RANGE": "Оценка меньше 2 или больше 5",
        "SCHOOL_CODE": "Код ОО пуст или не похож на код",
    },
)


def read(content: bytes, context: ReaderContext) -> Parsed:
    """Facts `mark_result` of schools by their ГИА code, one subject a file.

    Options: `wave`, `file_name` (see `read_protocol`, whose FileRefused are raised).
    """
    found = read_protocol(content, context, FORM)
    facts = [
        {
            "sheet": found.sheet or None,
            "row": None,
            **found.paper.columns(),
            "level": "school",
            "school_scheme": "gia_code",
            "school_ref": code,
            "municipality_ref": school.municipality,
            "schools": None,
            "participants": school.participants,
            "absent": None,
            **{f"mark_{mark}": school.scores[mark] for mark in MARKS},
            "restored": 0,
        }
        for code, school in found.schools.items()
    ]
    return Parsed(
        scope=found.paper.scope,
        facts={"mark_result": facts},
        rows_read=found.rows_read,
        rows_accepted=found.rows_accepted,
        rejected=found.rejected,
        warnings=found.warnings,
    )
