"""One phase run on the files beside it: freeze, evaluate, compose for one municipality.

`test_adding_an_indicator` runs it inside a copy of the repository that has one indicator more.
Prints the composed report of each phase that is named.
"""

from __future__ import annotations

import sys

from roadmap.analysis.analyse import analyse
from roadmap.evidence.freeze import freeze
from roadmap.evidence.request import RunRequest
from roadmap.indicators.evaluate import evaluate
from roadmap.plan.load import load_plan
from roadmap.reports.compose import compose, load_model
from roadmap.store.engine import open_engine
from roadmap.store.migrate import upgrade
from support.run_rows import put

JULY = 1_625_126_400_000  # 01.07.2021, when the files came that the phases look back on
SINCE = "2021-02-15"
EVIDENCE = {
    "municipality_name": [
        {"municipality_id": "buyskiy", "name": "Буйский муниципальный район",
         "genitive": "Буйского муниципального района", "short_name": "Буйский", "valid_from": SINCE,
         "batch_id": "registry_municipalities"},
    ],
    "school": [
        {"school_id": "s1", "municipality_id": "buyskiy", "name": "Школа № 1 (условная)",
         "project_from": SINCE, "valid_from": SINCE, "batch_id": "registry_schools"},
    ],
    "person_role": [
        {"person_id": "k1", "role": "coordinator", "municipality_id": "buyskiy",
         "batch_id": "registry_people"},
    ],
    "municipal_act": [
        {"municipality_id": "buyskiy", "number": "17", "adopted_on": "2021-04-12",
         "link": "https://buyskiy.example/17", "batch_id": "municipal_acts"},
        {"municipality_id": "buyskiy", "number": "18", "adopted_on": "2021-04-13",
         "link": None, "batch_id": "municipal_acts"},
    ],
}  # fmt: skip


def main(database: str, phases: list[str]) -> None:
    engine, plan = open_engine(f"sqlite:///{database}"), load_plan("2021")
    upgrade(engine)
    with engine.begin() as connection:
        put(connection, EVIDENCE)
    for phase in phases:
        request = RunRequest("2021", phase, "dry", None, None, ("buyskiy",), None, "tests")
        run_id = freeze(engine, plan, request, JULY, "test", "0" * 64)
        analyse(engine, plan, run_id)
        evaluate(engine, plan, run_id)
        compose(engine, plan, run_id, "answers@example.org")
        with engine.connect() as connection:
            print(load_model(connection, run_id, "buyskiy").model_dump_json())
    engine.dispose()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
