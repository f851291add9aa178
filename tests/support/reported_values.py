"""Runs of `targets_plan` on reported values: of two invented municipalities, «Лесной» misses
something of every kind of target, «Речной» nothing."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine

from roadmap.analysis.analyse import analyse
from roadmap.evidence.freeze import freeze
from roadmap.evidence.request import RunRequest
from roadmap.indicators.evaluate import evaluate
from roadmap.plan.model import Plan
from support.plans import targets_plan
from support.run_rows import put

JULY = 1_625_126_400_000  # 01.07.2021
LESNOY, RECHNOY, REGION = "lesnoy", "rechnoy", "region"
SINCE = "2021-01-20"
# Municipality, indicator, the period's last day; a value, or numerator and denominator.
Value = tuple[str, str, str, int] | tuple[str, str, str, int, int]
VALUES: tuple[Value, ...] = (
    (LESNOY, "1.1", "2021-03-31", 1, 15),  # an earlier period says nothing any more
    (LESNOY, "1.1", "2021-06-30", 3, 15),  # 10 % of 15 allow 1
    (RECHNOY, "1.1", "2021-06-30", 2, 20),
    (LESNOY, "1.2", "2021-06-30", 1),
    (RECHNOY, "1.2", "2021-06-30", 0),
    (LESNOY, "2.1", "2020-12-31", 50),  # of the year before: not of this plan
    (LESNOY, "2.1", "2021-03-31", 12),
    (LESNOY, "2.1", "2021-06-30", 9),
    (RECHNOY, "2.1", "2021-03-31", 10),
    (RECHNOY, "2.1", "2021-06-30", 17),
    (LESNOY, "3.1", "2021-06-30", 28),
    (RECHNOY, "3.1", "2021-06-30", 121),
    (LESNOY, "4.1", "2020-12-31", 30, 150),
    (LESNOY, "4.1", "2021-06-30", 24, 140),
    (RECHNOY, "4.1", "2020-12-31", 80, 400),
    (RECHNOY, "4.1", "2021-06-30", 51, 410),
    (LESNOY, "4.2", "2021-06-30", 11),
    (RECHNOY, "4.2", "2021-06-30", 45),
)


def fact(value: Value) -> dict[str, Any]:
    place, indicator, ends, *numbers = value
    names = ("value",) if len(numbers) == 1 else ("numerator", "denominator")
    return {
        "municipality_id": place,
        "indicator": indicator,
        "period_ends": ends,
        **dict(zip(names, numbers, strict=True)),
        "document": f"Отчёт муниципалитета № {ends[5:7]}",
        "dated_on": ends,
        "batch_id": "indicator_values",
    }


def run_of_values(
    engine: Engine, values: tuple[Value, ...] = VALUES, plan: Plan | None = None
) -> str:
    """The id of June's run of the plan, frozen and evaluated on these values."""
    plan = plan or targets_plan()
    names = {LESNOY: "Лесной", RECHNOY: "Речной"}
    rows = {
        "municipality_name": [
            {"municipality_id": key, "name": f"{name} муниципальный район",
             "genitive": f"{name[:-2]}ого муниципального района", "short_name": name,
             "valid_from": SINCE, "batch_id": "registry_municipalities"}
            for key, name in names.items()
        ],
        "school": [
            {"school_id": f"school-{key}", "municipality_id": key, "name": f"Школа № {place}",
             "project_from": SINCE, "valid_from": SINCE, "batch_id": "registry_schools"}
            for place, key in enumerate(names, 1)
        ],
        "person_role": [
            {"person_id": "k1", "role": "coordinator", "municipality_id": LESNOY,
             "batch_id": "registry_people"}
        ],
        "indicator_value": [fact(value) for value in values],
    }  # fmt: skip
    with engine.begin() as connection:
        put(connection, rows)
    request = RunRequest("2021", "june_monitoring", "dry", None, None, (), None, "tests")
    run_id = freeze(engine, plan, request, JULY, "test", "0" * 64)
    analyse(engine, plan, run_id)
    evaluate(engine, plan, run_id)
    return run_id
