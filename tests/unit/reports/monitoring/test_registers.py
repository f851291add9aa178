"""What the registers confirm, on both databases: only what had happened, and only once."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Engine

from roadmap.reports.compose import compose, load_model
from roadmap.reports.facts.monitoring import Placed, Registers, read_state
from support.monitoring_rows import ANSWERS_TO, JUNE, REGION, REGISTERS, RUNS, june, plan


def _registers(engine: Engine) -> Registers:
    with engine.connect() as db:
        return read_state(db, plan(), plan().phase(JUNE), RUNS[JUNE], REGION).registers


def test_a_document_counts_by_its_latest_state(any_engine: Engine) -> None:
    """Agreed and then returned is not agreed; told twice on one day it is one document."""
    kind = "концепция развития"
    states = [
        ("s201", "согласован куратором", "2021-05-12"),
        ("s201", "согласован куратором", "2021-05-12"),
        ("s210", "согласован куратором", "2021-05-01"),
        ("s210", "возвращён на доработку", "2021-05-20"),
        ("s101", "подтверждён региональным координатором", "2021-06-30"),
        ("s102", "согласован куратором", "2021-07-01"),
    ]
    rows = [
        {"school_id": school, "kind": kind, "factor": None, "state": state, "state_on": on}
        for school, state, on in states
    ]
    june(registers={**REGISTERS, "medk_document": rows}).insert(any_engine)
    assert _registers(any_engine).placed_documents == {
        "buyskiy": Placed(1, date(2021, 6, 30)),
        "neyskiy": Placed(1, date(2021, 5, 12)),
    }


def test_questionnaires_count_where_the_respondents_schools_are(any_engine: Engine) -> None:
    """A curator of two schools of one municipality closed one questionnaire."""
    common = {"questionnaire": "верификация", "state": "closed", "closed_on": "2021-03-10"}
    curator = common | {"respondent": "curator", "school_id": None}
    school = common | {"respondent": "school", "person_id": None}
    surveys = [
        curator | {"person_id": "p1"},
        school | {"school_id": "s201"},
        school | {"school_id": "s210", "closed_on": "2021-07-02"},
        school | {"school_id": "s101", "state": "open", "closed_on": None},
    ]
    role = {
        "person_id": "p1",
        "role": "curator",
        "municipality_id": "buyskiy",
        "valid_from": "2021-01-01",
    }
    people = [role | {"school_id": "s101"}, role | {"school_id": "s102"}]
    june(registers={**REGISTERS, "survey": surveys, "person_role": people}).insert(any_engine)
    assert _registers(any_engine).questionnaires == {
        ("buyskiy", "curator"): Placed(1, date(2021, 3, 10)),
        ("neyskiy", "school"): Placed(1, date(2021, 3, 10)),
    }


def test_nothing_of_the_future_and_no_draft_confirms(any_engine: Engine) -> None:
    run = june()
    run.registers = {
        **REGISTERS,
        "event": [
            *REGISTERS["event"],
            {"event_id": "later", "measure": "8", "kind": "семинар", "title": "Осенний",
             "held_on": "2021-09-01", "state": "held"},
            {"event_id": "planned", "measure": "8", "kind": "семинар", "title": "Ещё не было",
             "held_on": "2021-06-01", "state": "planned"},
        ],
    }  # fmt: skip
    run.insert(any_engine)
    found = _registers(any_engine)
    assert {event.event_id for event in found.events}.isdisjoint({"later", "planned"})
    assert len([event for event in found.events if event.measure == "8"]) == 14
    assert [act.title for act in found.regional_acts] == ["положение о проекте"]


def test_an_act_on_another_ground_or_too_early_confirms_nothing(any_engine: Engine) -> None:
    act = {**REGISTERS["municipal_act"][0], "municipality_id": "buyskiy"}
    acts = [
        *REGISTERS["municipal_act"],
        {**act, "basis": "other", "number": "7-п"},
        {**act, "adopted_on": "2021-02-20", "number": "8-п"},
    ]
    june(registers={**REGISTERS, "municipal_act": acts}).insert(any_engine)
    compose(any_engine, plan(), RUNS[JUNE], ANSWERS_TO)
    with any_engine.connect() as db:
        told = {unit: str(load_model(db, RUNS[JUNE], unit)) for unit in ("buyskiy", REGION)}
    assert "7-п" not in told["buyskiy"]
    assert "8-п" not in told["buyskiy"]
    assert "акты 1\\xa0муниципального образования" in told[REGION]


def test_the_region_confirms_as_many_municipalities_as_the_figure_counts(
    any_engine: Engine,
) -> None:
    """Буйский has one of the two documents that the order asks for."""
    one = {**REGISTERS["municipal_act"][0], "municipality_id": "buyskiy", "number": "9-п"}
    acts = [*REGISTERS["municipal_act"], one]
    june(registers={**REGISTERS, "municipal_act": acts}).insert(any_engine)
    compose(any_engine, plan(), RUNS[JUNE], ANSWERS_TO)
    with any_engine.connect() as db:
        told = {unit: str(load_model(db, RUNS[JUNE], unit)) for unit in ("buyskiy", REGION)}
    assert "9-п" in told["buyskiy"]
    assert "акты 1\\xa0муниципального образования" in told[REGION]


def test_by_half_a_check_list_nothing_is_recommended(any_engine: Engine) -> None:
    scores = [
        row
        for row in REGISTERS["mechanism_score"]
        if (row["municipality_id"], row["component"]) != ("buyskiy", "goals")
    ]
    june(registers={**REGISTERS, "mechanism_score": scores}).insert(any_engine)
    assert set(_registers(any_engine).recommended_on) == {"neyskiy"}
