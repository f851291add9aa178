"""Stored rows of a made-up August: results of 2021 beside those of the year before.

The run is that of `analysis_rows`; what was written in autumn 2020 is what March had.
"""

from __future__ import annotations

from typing import Any

import support.analysis_rows as march
from support.analysis_rows import (
    REGION_EXAMS,
    REGION_MARKS,
    MadeMunicipality,
    MadeRun,
    Marks,
    Paper,
)

NOW_5_RU: Paper = ("vpr", 2021, "spring", 5, "русский язык")
NOW_5_MA: Paper = ("vpr", 2021, "spring", 5, "математика")
NOW_6_RU: Paper = ("vpr", 2021, "spring", 6, "русский язык")
NOW_6_MA: Paper = ("vpr", 2021, "spring", 6, "математика")
NOW_5_BI: Paper = ("vpr", 2021, "spring", 5, "биология")
NOW_5_HI: Paper = ("vpr", 2021, "spring", 5, "история")  # not written the year before
OGE_RU: Paper = ("oge", 2021, "main", 9, "русский язык")
OGE_MA: Paper = ("oge", 2021, "main", 9, "математика")
KR_BI: Paper = ("rdr", 2021, "spring", 9, "биология")
NOW_EGE_RU: Paper = ("ege", 2021, "main", 11, "русский язык")
NOW_EGE_MA: Paper = ("ege", 2021, "main", 11, "математика")
NOW_EGE_PH: Paper = ("ege", 2021, "main", 11, "физика")
THEN_EGE_PH: Paper = ("ege", 2020, "main", 11, "физика")

REGION_NOW: dict[Paper, Marks] = {
    NOW_5_RU: (820, 2390, 1560, 470),
    NOW_5_MA: (900, 2260, 1530, 520),
    NOW_6_RU: (990, 2310, 1400, 410),
    NOW_6_MA: (1100, 2420, 1230, 350),
    NOW_5_BI: (700, 2310, 1540, 420),
    NOW_5_HI: (600, 2300, 1600, 450),
    OGE_RU: (210, 2600, 2300, 900),
    OGE_MA: (480, 3100, 1900, 520),
    KR_BI: (60, 400, 350, 90),
}
REGION_EXAMS_NOW = {
    NOW_EGE_RU: (2150, 38, 146_000, 340),
    NOW_EGE_MA: (1530, 130, 82_000, 95),
    NOW_EGE_PH: (640, 70, 34_000, 41),
    THEN_EGE_PH: (620, 55, 33_000, 40),
}

# Of the year 2021, by school: «2», «3», «4», «5».
_MARKS: dict[str, dict[Paper, Marks]] = {
    "s101": {
        NOW_5_RU: (18, 13, 5, 1),
        NOW_5_MA: (11, 16, 8, 2),
        NOW_6_RU: (9, 17, 9, 2),
        NOW_6_MA: (10, 18, 7, 1),
        NOW_5_BI: (6, 21, 8, 2),
        NOW_5_HI: (5, 20, 9, 3),
        OGE_RU: (1, 14, 12, 3),
        OGE_MA: (6, 16, 7, 1),
        KR_BI: (2, 8, 4, 1),
    },
    "s102": {
        NOW_5_RU: (3, 11, 8, 3),
        NOW_5_MA: (9, 10, 4, 1),
        NOW_6_RU: (4, 12, 7, 2),
        NOW_6_MA: (5, 11, 6, 1),
        OGE_RU: (0, 9, 8, 3),
        OGE_MA: (3, 10, 6, 1),
    },
    "s103": {
        NOW_5_RU: (1, 3, 2, 0),
        NOW_5_MA: (1, 1, 1, 0),
        NOW_6_RU: (0, 2, 1, 0),
        OGE_RU: (0, 2, 1, 0),
    },
    "s201": {NOW_5_RU: (2, 10, 9, 4), NOW_5_MA: (2, 10, 9, 4), OGE_RU: (0, 9, 9, 4)},
    "s210": {NOW_5_RU: (1, 9, 8, 3), NOW_5_MA: (1, 9, 8, 3)},
}
_EXAMS: dict[str, dict[Paper, tuple[int, int, int, int]]] = {
    "s101": {
        NOW_EGE_RU: (19, 1, 1_130, 2),
        NOW_EGE_MA: (11, 1, 560, 0),
        NOW_EGE_PH: (6, 2, 260, 0),
        THEN_EGE_PH: (7, 1, 330, 0),
    },
    "s102": {NOW_EGE_RU: (12, 0, 720, 1), NOW_EGE_MA: (6, 1, 270, 0)},
}


def with_2021(municipality: MadeMunicipality) -> MadeMunicipality:
    """The municipality of March with the results of 2021 added; the indicators of March are
    none of August's."""
    municipality.indicators = {}
    municipality.gaps = []
    for school in municipality.schools:
        school.marks |= _MARKS.get(school.school_id, {})
        school.exams |= _EXAMS.get(school.school_id, {})
    return municipality


def buyskiy() -> MadeMunicipality:
    """A school whose marks fell, one with low results in both years, a small one."""
    return with_2021(march.buyskiy())


def neyskiy() -> MadeMunicipality:
    """Nothing to heed, and the longest name."""
    return with_2021(march.neyskiy())


def august_run(*municipalities: MadeMunicipality, **changes: Any) -> MadeRun:
    settings: dict[str, Any] = {
        "phase": "august_analysis",
        "as_of": "2021-08-31",
        "regional": {},
        "received": {
            "vpr_marks": ("vpr/2021/spring/5/русский язык", "2021-06-10"),
            "oge_protocols": ("oge/2021/main/9/русский язык", "2021-06-22"),
            "ege_protocols": ("ege/2021/main/11/русский язык", "2021-07-20"),
            "diagnostic_works": ("rdr/2021/spring/9/биология", "2021-06-02"),
        },
        "received_before": [
            ("vpr_marks", "vpr/2020/autumn/5/русский язык", "2021-02-18"),
            ("ege_protocols", "ege/2020/main/11/русский язык", "2020-08-25"),
        ],
    }
    return MadeRun(
        list(municipalities) or [buyskiy(), neyskiy()],
        region={**REGION_MARKS, **REGION_NOW},
        region_exams={**REGION_EXAMS, **REGION_EXAMS_NOW},
        **(settings | changes),
    )
