"""A plan that writes to all municipalities: one without project schools is told only its own."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from sqlalchemy import Engine, select

from roadmap.analysis.analyse import analyse
from roadmap.delivery.letters.contacts import expected
from roadmap.evidence.freeze import freeze
from roadmap.evidence.request import RunRequest
from roadmap.indicators.evaluate import evaluate
from roadmap.indicators.explain import explain
from roadmap.plan.load import examine, plan_json
from roadmap.plan.model import Plan
from roadmap.reports.compose import compose, load_model
from roadmap.store.tables import indicator_result, measure_status, run_finding
from roadmap_cli.explain import in_russian
from support.model_text import text_of
from support.plans import small_plan, whole_plan
from support.run_rows import put, put_batch

NOW = 1_640_898_000_000  # 31.12.2021 00:00 in Moscow
FOREVER = {"valid_from": "2021-01-01"}
# One municipality with a school of the project, one without any.
REGISTRIES: dict[str, tuple[str, list[dict[str, Any]]]] = {
    "registry_municipalities": (
        "municipality_name",
        [
            {"municipality_id": key, "name": name, "genitive": name, "short_name": name, **FOREVER}
            for key, name in (("buyskiy", "Буйский район"), ("neyskiy", "Нейский район"))
        ],
    ),
    "registry_schools": (
        "school",
        [
            {
                "school_id": f"s-{key}", "municipality_id": key, "name": f"Школа {key}", **FOREVER,
                "vpr_login": login, "gia_code": login, "project_from": since,
            }
            for key, login, since in (
                ("buyskiy", "440001", "2021-02-01"), ("neyskiy", "440002", None),
            )
        ],
    ),
    "contacts": (
        "contact",
        [
            {"municipality_id": key, "address": f"{key}@example.org", **FOREVER}
            for key in ("buyskiy", "neyskiy", "region")
        ],
    ),
    "registry_people": (
        "person_role",
        [
            {"role": "coordinator", "person_id": "p1", "name": "Условный", **FOREVER}
            | {"municipality_id": "buyskiy", "school_id": None}
        ],
    ),
}  # fmt: skip


def plan_for(addressees: str, plan: Plan | None = None) -> Plan:
    said = json.loads(plan_json(plan or small_plan()))
    changed, problems = examine(json.dumps({**said, "addressees": addressees}).encode())
    assert changed is not None, problems
    return changed


def frozen(engine: Engine, plan: Plan, phase: str, *contacts: dict[str, Any]) -> str:
    with engine.begin() as connection:
        for dataset, (table, rows) in REGISTRIES.items():
            put_batch(connection, dataset, dataset, None)
            more = contacts if dataset == "contacts" else ()
            put(connection, {table: [{**row, "batch_id": dataset} for row in (*rows, *more)]})
    request = RunRequest("2021", phase, "dry", None, None, (), None, "tests")
    return freeze(engine, plan, request, NOW, "code", "templates")


def told(engine: Engine, phase: str, plan: Plan | None = None) -> dict[str, str]:
    """What each addressee's report says, a plain space for each no-break one."""
    plan = plan_for("all", plan)
    run_id = frozen(engine, plan, phase)
    analyse(engine, plan, run_id)
    evaluate(engine, plan, run_id)
    units = compose(engine, plan, run_id, "answers@example.org")
    with engine.connect() as connection:
        return {
            key: text_of(load_model(connection, run_id, key)).replace("~", " ") for key in units
        }


@pytest.mark.parametrize(
    ("addressees", "written_to"),
    [
        ("participants", {"buyskiy", "region"}),
        ("all", {"buyskiy", "neyskiy", "region"}),
    ],
)
def test_the_plan_says_whether_a_municipality_without_project_schools_is_written_to(
    any_engine: Engine, addressees: str, written_to: set[str]
) -> None:
    run_id = frozen(any_engine, plan_for(addressees), "march_analysis")
    with any_engine.connect() as connection:
        recipients = expected(connection, run_id)
    assert set(recipients) == written_to
    assert all(len(addresses) == 1 for addresses in recipients.values())


def test_a_municipality_that_only_the_contacts_name_is_told_as_lost_and_gets_no_letter_unseen(
    any_engine: Engine,
) -> None:
    lost = {"municipality_id": "galich", "address": "galich@example.org", **FOREVER}
    run_id = frozen(any_engine, plan_for("all"), "march_analysis", lost)
    with any_engine.connect() as connection:
        found = connection.execute(
            select(run_finding.c.municipality_id).where(
                run_finding.c.run_id == run_id,
                run_finding.c.rule == "MUNICIPALITY_NOT_IN_REGISTRY",
            )
        ).scalars()
        assert "galich" in set(found)
        assert "galich" in expected(connection, run_id)


def test_no_coordinator_is_asked_for_where_there_are_no_project_schools(
    any_engine: Engine,
) -> None:
    run_id = frozen(any_engine, plan_for("all"), "march_analysis")
    with any_engine.connect() as connection:
        rules = connection.execute(
            select(run_finding.c.rule).where(
                run_finding.c.run_id == run_id, run_finding.c.municipality_id == "neyskiy"
            )
        ).scalars()
        assert "NO_COORDINATOR" not in set(rules)


def test_an_analysis_tells_a_municipality_without_project_schools_that_it_has_none(
    engine: Engine,
) -> None:
    said = told(engine, "march_analysis")["neyskiy"]
    assert 'headline "Школ проекта в муниципальном образовании нет"' in said
    assert "Письмо направлено для сведения." in said
    assert "до руководителей школ" not in said
    assert "0 школ" not in said
    # 6.1 and 6.2 ask for coordinators and curators of project schools.
    assert re.search(r'"6\.1" \|.*"школ проекта нет"', said)
    assert re.search(r'"6\.2" \|.*"школ проекта нет"', said)
    assert "Показатели мероприятий, срок которых наступил, исполнены." not in said
    assert "Школа buyskiy" not in said


def test_a_monitoring_counts_only_measures_that_are_asked_of_the_municipality(
    engine: Engine,
) -> None:
    said = told(engine, "june_monitoring")
    # Of the measures that are due № 5 alone, its own acts, is asked of one without schools.
    assert "В счёт входит мероприятие № 5." in said["neyskiy"]
    assert "В счёт входят мероприятия № 5, 6, 7" in said["buyskiy"]
    assert "Школ проекта в муниципальном образовании нет." in said["neyskiy"]
    assert "В проекте участвует 1 школа 1 муниципального образования." in said["region"]


@pytest.mark.parametrize("phase", ["august_analysis", "september_monitoring", "december_summary"])
def test_no_report_of_the_year_counts_schools_where_there_are_none(
    engine: Engine, phase: str
) -> None:
    said = told(engine, phase, whole_plan())["neyskiy"]
    assert "Школ проекта в муниципальном образовании нет" in said
    assert not re.search(r"\b0 школ|до руководителей школ", said)


def test_another_word_for_addressees_is_refused_with_those_that_there_are() -> None:
    said = json.loads(plan_json(small_plan())) | {"addressees": "schools"}
    plan, problems = examine(json.dumps(said).encode())
    assert plan is None
    assert problems == (
        ("addressees", "«schools» — такого значения нет; возможны: participants, all"),
    )


def test_a_measure_about_schools_is_neither_done_nor_missed_without_them(engine: Engine) -> None:
    plan = plan_for("all")
    run_id = frozen(engine, plan, "june_monitoring")
    evaluate(engine, plan, run_id)
    with engine.connect() as connection:
        statuses = {
            (row.municipality_id, row.indicator): row.status
            for row in connection.execute(
                select(indicator_result).where(indicator_result.c.run_id == run_id)
            )
        }
        of_neyskiy = select(measure_status.c.measure).where(
            measure_status.c.run_id == run_id, measure_status.c.municipality_id == "neyskiy"
        )
        counted = set(connection.scalars(of_neyskiy))
        why = in_russian(explain(connection, run_id, "neyskiy", "11.1", lambda _: plan))
    assert "Результат: школ проекта нет — показатель только о них, ничего не требуется." in why
    assert {"5", "12"} <= counted
    assert not {"6", "7", "11"} & counted
    assert statuses["neyskiy", "11.1"] == "no_schools"
    assert statuses["neyskiy", "5.1"] == "no_data"
    assert statuses["buyskiy", "11.1"] == "no_data"
