"""The indicators of a run: what is stored, for whom, and that it can be done again."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete, func, select

from roadmap.indicators.evaluate import bound_parameters, evaluate, run_of
from roadmap.indicators.read import (
    gaps,
    indicator_results,
    letter_results,
    letter_statuses,
    measure_statuses,
)
from roadmap.indicators.status import Status
from roadmap.indicators.units import Required, missing_of, reading_of
from roadmap.plan.model import IndicatorKind, Plan
from roadmap.russian import NBSP
from roadmap.store.tables import indicator_gap, indicator_result, metadata
from roadmap.store.tables import measure_status as measure_status_table
from support.plans import small_plan
from support.run_rows import (
    KNOWN_AT_MS,
    RUN_ID,
    amended,
    check_list,
    put,
    put_rules,
    put_run,
)

WEBINAR = "webinar-2021-03-12"
BUYSKIY, GALICH, REGION = "buyskiy", "galich", "region"


@pytest.fixture(scope="module")
def plan() -> Plan:
    return small_plan()


def roadmap(
    absent: tuple[str, ...] = (), acts: tuple[str, ...] = (BUYSKIY, GALICH), events: int = 8
) -> dict[str, list[dict[str, Any]]]:
    """Two municipalities with a coordinator each, curators c1, c2 (Буйский) and c3 (Галич)."""
    people = ["k1", "k2", "c1", "c2", "c3"]
    return {
        "run_municipality": [
            {"municipality_id": BUYSKIY},
            {"municipality_id": GALICH},
            {"municipality_id": "sharya", "is_participating": 0},
            {"municipality_id": REGION, "is_participating": 0},
        ],
        "run_school": [
            {"school_id": "s1", "municipality_id": BUYSKIY, "name": "Школа № 1"},
            {"school_id": "s2", "municipality_id": BUYSKIY, "name": "Школа № 2"},
            {"school_id": "s3", "municipality_id": GALICH, "name": "Школа № 3"},
        ],
        "person_role": [
            {"person_id": "k1", "role": "coordinator", "municipality_id": BUYSKIY},
            {"person_id": "k2", "role": "coordinator", "municipality_id": GALICH},
            {
                "person_id": "c1",
                "role": "curator",
                "municipality_id": BUYSKIY,
                "school_id": "s1",
            },
            {
                "person_id": "c2",
                "role": "curator",
                "municipality_id": BUYSKIY,
                "school_id": "s2",
            },
            {"person_id": "c3", "role": "curator", "municipality_id": GALICH, "school_id": "s3"},
        ],
        "event": [
            {"event_id": WEBINAR, "measure": "6", "held_on": "2021-03-12"},
            *(
                {"event_id": f"e{n}", "seminar_id": f"sem-{n % 3}", "held_on": f"2021-03-{n + 14}"}
                for n in range(events)
            ),
        ],
        "attendance": [
            {"event_id": WEBINAR, "role": "curator", "person_id": person}
            | {"is_present": int(person not in absent)}
            for person in people
        ],
        "municipal_act": [one for unit in acts for one in amended(unit, "2021-03-24")],
        "mechanism_score": [
            *check_list(BUYSKIY, "2021-03-20"),
            *check_list(GALICH, "2021-03-20"),
        ],
        "document": [
            {"document_id": "d22", "indicator": "2.2", "signed_on": "2021-02-20"},
            {"document_id": "d63", "indicator": "6.3", "signed_on": "2021-03-12"},
        ],
    }


def given_run(engine: Engine, rows: dict[str, list[dict[str, Any]]], **run: Any) -> None:
    with engine.begin() as connection:
        put_run(connection, **run)
        put(connection, rows)
        put_rules(connection, small_plan())


def results(engine: Engine, plan: Plan, unit: str) -> dict[str, Any]:
    with engine.connect() as connection:
        return {r.indicator.code: r for r in indicator_results(connection, plan, RUN_ID, unit)}


def measures(engine: Engine, plan: Plan, unit: str) -> dict[str, Status]:
    with engine.connect() as connection:
        found = measure_statuses(connection, plan, RUN_ID, unit)
        return {status.measure.number: status.status for status in found}


def stored(engine: Engine) -> list[Any]:
    """Every row of the three tables, in an order of its own."""
    with engine.connect() as connection:
        return [
            sorted(map(str, connection.execute(select(table)).all()))
            for table in (indicator_result, indicator_gap, measure_status_table)
        ]


def test_what_was_planted_is_what_is_found(any_engine: Engine, plan: Plan) -> None:
    given_run(any_engine, roadmap(absent=("c1", "k2"), acts=(GALICH,)))
    evaluation = evaluate(any_engine, plan, RUN_ID)

    own, region = results(any_engine, plan, BUYSKIY), results(any_engine, plan, REGION)
    assert [(own[code].numerator, own[code].denominator) for code in ("5.1", "6.1", "6.2")] == [
        (0, 1),
        (1, 1),
        (1, 2),
    ]
    assert own["6.1"].met_on == date(2021, 3, 12)
    assert own["6.2"].met_on is None, "what is not met has no day on which it was"
    assert own["6.2"].shortfall == 1
    assert [
        (region[code].numerator, region[code].denominator, region[code].status)
        for code in ("5.1", "6.1", "6.2", "6.3", "8.1", "8.2")
    ] == [
        (1, 2, Status.PARTLY),
        (1, 2, Status.PARTLY),
        (2, 3, Status.PARTLY),
        (1, 1, Status.DONE),
        (8, None, Status.IN_PROGRESS),
        (3, None, Status.IN_PROGRESS),
    ]
    assert region["8.1"].shortfall == 6
    assert region["8.2"].shortfall == 2
    assert evaluation.gaps == 4
    lines = str(evaluation).replace(NBSP, " ").splitlines()
    assert lines[0] == "Показателей рассчитано: 19, показателей, где не всё сделано: 9"
    told = {line.partition(" ")[0]: line.partition(": ") for line in lines[1:]}
    assert told["6.2"][0] == "6.2 Кураторы участвовали в вебинаре"
    assert {code: told[code][2] for code in ("5.1", "6.2", "6.3", "8.1")} == {
        "5.1": "1 из 2 муниципальных образований, не хватает: 1 муниципальное образование"
        " (исполнено частично)",
        "6.2": "2 из 3 кураторов, не хватает: 1 куратор (исполнено частично)",
        "6.3": "1 из 1 документа (исполнено)",
        "8.1": "8 мероприятий, не хватает: 6 мероприятий (в работе)",
    }
    assert len(lines) == 1 + len(evaluation.region)


def test_a_gap_names_the_person_and_the_school(engine: Engine, plan: Plan) -> None:
    given_run(engine, roadmap(absent=("c1", "k2"), acts=(GALICH,)))
    evaluate(engine, plan, RUN_ID)
    with engine.connect() as connection:
        own = gaps(connection, RUN_ID, BUYSKIY)
        everybody = gaps(connection, RUN_ID)
    assert [(g.indicator_code, g.unit_kind, g.person_id, g.school_name) for g in own] == [
        ("5.1", "legal_acts", None, None),
        ("5.1", "programme_documents", None, None),
        ("6.2", "curator", "c1", "Школа № 1"),
    ]
    assert [(g.indicator_code, g.person_id) for g in everybody if g not in own] == [("6.1", "k2")]


def test_only_participating_municipalities_and_the_region_have_results(
    engine: Engine, plan: Plan
) -> None:
    given_run(engine, roadmap())
    evaluate(engine, plan, RUN_ID)
    with engine.connect() as connection:
        units = connection.scalars(select(indicator_result.c.municipality_id).distinct())
        assert set(units) == {BUYSKIY, GALICH, REGION}


def test_nothing_is_known_and_nobody_is_named_while_no_file_came(
    any_engine: Engine, plan: Plan
) -> None:
    rows = roadmap()
    for table in ("event", "attendance", "municipal_act", "document"):
        del rows[table]
    given_run(any_engine, rows)
    evaluation = evaluate(any_engine, plan, RUN_ID)
    for unit, codes in {
        BUYSKIY: ("5.1", "6.1", "6.2"),
        REGION: ("5.1", "6.1", "6.3", "8.1"),
    }.items():
        found = results(any_engine, plan, unit)
        assert {found[code].status for code in codes} == {Status.NO_DATA}
    assert evaluation.gaps == 0


@pytest.mark.parametrize(
    ("as_of", "codes"),
    [
        ("2021-02-26", {"2.2", "6.1", "6.2", "6.3"}),  # a single day has no period that could begin
        ("2021-03-01", {"2.2", "5.1", "6.1", "6.2", "6.3"}),
    ],
)
def test_before_a_period_begins_nothing_of_it_is_missing(
    engine: Engine, plan: Plan, as_of: str, codes: set[str]
) -> None:
    rows = roadmap(acts=())
    rows["municipal_act"] = [
        {"municipality_id": GALICH, "adopted_on": "2021-02-01", "basis": "other"}
    ]
    rows["event"][0]["state"] = "planned"
    rows["event"] = rows["event"][:1]
    rows["document"][0]["state"] = "draft"
    given_run(engine, rows, as_of=as_of)
    evaluate(engine, plan, RUN_ID)
    with engine.connect() as connection:
        named = {gap.indicator_code for gap in gaps(connection, RUN_ID)}
    started = {code for code in named if int(code.split(".")[0]) < 8}
    assert started == codes


def test_a_second_evaluation_replaces_the_first(any_engine: Engine, plan: Plan) -> None:
    given_run(any_engine, roadmap(absent=("c1",)))
    evaluate(any_engine, plan, RUN_ID)
    first = stored(any_engine)
    evaluate(any_engine, plan, RUN_ID)
    assert stored(any_engine) == first

    with any_engine.begin() as connection:
        attendance = metadata.tables["attendance"]
        connection.execute(attendance.update().values(is_present=1))
    evaluate(any_engine, plan, RUN_ID)
    assert results(any_engine, plan, BUYSKIY)["6.2"].status is Status.DONE
    with any_engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(indicator_gap)) == 0


def test_another_run_is_left_alone(engine: Engine, plan: Plan) -> None:
    given_run(engine, roadmap(absent=("c1",)))
    evaluate(engine, plan, RUN_ID)
    before = stored(engine)
    with engine.begin() as connection:
        put_run(connection, run_id="other")
        put(connection, {"run_municipality": [{"municipality_id": BUYSKIY}]}, run_id="other")
    evaluate(engine, plan, "other")
    with engine.begin() as connection:
        for table in (indicator_result, indicator_gap, measure_status_table):
            connection.execute(delete(table).where(table.c.run_id == "other"))
    assert stored(engine) == before


def test_what_the_ledger_says_stands_outside_the_letter_of_this_very_run(
    any_engine: Engine, plan: Plan
) -> None:
    given_run(any_engine, roadmap())
    evaluate(any_engine, plan, RUN_ID)

    def letter() -> tuple[Any, ...]:
        with any_engine.connect() as connection:
            found = letter_results(connection, plan, RUN_ID, BUYSKIY)
            return found, letter_statuses(found, date(2021, 3, 31))

    before = letter()
    assert [r.indicator.code for r in before[0]] == ["6.1", "6.2"]
    assert before[1] == {"6": Status.DONE}
    assert measures(any_engine, plan, REGION)["7"] is Status.NO_DATA, "nothing is measured yet"

    with any_engine.begin() as connection:
        put(connection, {"letters": [{"municipality_id": BUYSKIY, "accepted_ms": 1}]})
    evaluate(any_engine, plan, RUN_ID, measured_from="ledger")

    found = results(any_engine, plan, REGION)
    assert (found["5.0"].numerator, found["5.0"].denominator) == (1, 2)
    assert (found["7.2"].numerator, found["7.2"].denominator) == (2, 3)
    assert results(any_engine, plan, BUYSKIY)["7.2"].met_on == date(2021, 3, 31)
    assert measures(any_engine, plan, BUYSKIY)["7"] is Status.DONE
    assert measures(any_engine, plan, GALICH)["7"] is Status.NOT_DONE
    assert measures(any_engine, plan, REGION)["7"] is Status.PARTLY
    assert letter() == before

    evaluate(any_engine, plan, RUN_ID)
    assert "7.2" in results(any_engine, plan, REGION), "the other pass's results stay"
    assert letter() == before


def test_a_measure_counted_for_the_region_alone_has_no_status_in_a_municipality(
    engine: Engine, plan: Plan
) -> None:
    given_run(engine, roadmap())
    evaluate(engine, plan, RUN_ID)
    assert "8" in measures(engine, plan, REGION)
    assert "8" not in measures(engine, plan, BUYSKIY)


def test_a_year_judged_later_tells_who_was_late(engine: Engine, plan: Plan) -> None:
    rows = roadmap()
    rows["municipal_act"] = [
        *amended(BUYSKIY, "2021-04-15"),
        *amended(GALICH, "2021-03-31"),
    ]
    given_run(engine, rows, as_of="2021-06-30")
    evaluate(engine, plan, RUN_ID)
    status = {unit: results(engine, plan, unit)["5.1"].status for unit in (BUYSKIY, GALICH, REGION)}
    assert status == {
        BUYSKIY: Status.DONE_LATE,
        GALICH: Status.DONE,
        REGION: Status.DONE_LATE,
    }


def test_a_query_is_given_the_run_the_rules_and_the_parameters_of_indicator_and_part(
    engine: Engine, plan: Plan
) -> None:
    given_run(engine, roadmap(), as_of="2021-06-30")
    measure = plan.measure("13")
    indicator = measure.indicators[0]
    with engine.connect() as connection:
        bound = bound_parameters(
            connection, plan, run_of(connection, RUN_ID), measure, indicator, indicator.parts[1]
        )
    assert bound == {
        "run_id": RUN_ID, "plan_code": "2021", "plan_year": 2021, "as_of": "2021-06-30",
        "known_at_ms": KNOWN_AT_MS, "changes_stage": 0,
        "measure": "13", "indicator": "13.1",
        "window_starts": "2021-06-01", "window_ends": "2021-06-30",
        "least_employees_of_school": 1, "acknowledgement": "optional",
        "event": "webinar-2021-06", "role": "curator",
    }  # fmt: skip


def test_yes_and_no_are_bound_as_numbers_and_lists_not_at_all(engine: Engine, plan: Plan) -> None:
    given_run(engine, roadmap())
    measure = plan.measure("11")
    with engine.connect() as connection:
        bound = bound_parameters(
            connection, plan, run_of(connection, RUN_ID), measure, measure.indicators[0]
        )
    assert bound["programme_per_activated_risk"] == 1
    assert type(bound["programme_per_activated_risk"]) is int
    assert not bound.keys() & {"documents_of_each_school", "counted_states"}


@pytest.mark.parametrize("name", ["as_of", "measure", "late_counts_as_done"])
def test_what_the_run_or_a_rule_says_may_not_be_said_again(
    engine: Engine, plan: Plan, name: str
) -> None:
    given_run(engine, roadmap())
    measure = plan.measure("8")
    stolen = measure.indicators[0].model_copy(update={"parameters": {name: 1}})
    with engine.connect() as connection, pytest.raises(ValueError, match=name):
        bound_parameters(connection, plan, run_of(connection, RUN_ID), measure, stolen)


units = st.builds(
    lambda place, n, day, is_known: Required(
        place, "school", f"s{n}" if n else None, day and day.isoformat(), is_known
    ),
    st.sampled_from([BUYSKIY, GALICH]),
    st.integers(0, 9),
    st.none() | st.dates(date(2021, 1, 1), date(2021, 12, 31)),
    st.booleans(),
)


@given(st.lists(units, max_size=29))
def test_what_is_missing_of_a_share_is_named_and_the_region_is_the_sum(
    rows: list[Required],
) -> None:
    found = {
        place: [row for row in rows if row.municipality_id == place] for place in (BUYSKIY, GALICH)
    }
    each = {place: reading_of(of, IndicatorKind.SHARE, 100) for place, of in found.items()}
    for place, of in found.items():
        lacking = {row.unit for row in of if row.unit and row.met_on is None}
        reading = each[place]
        if reading.numerator is not None:
            assert reading.numerator + len(lacking) == reading.denominator
        assert bool(missing_of(of)) == bool(lacking)
    region = reading_of(rows, IndicatorKind.SHARE, 100)
    known = [r.numerator for r in each.values() if r.numerator is not None]
    assert region.numerator == (sum(known) if known else None)
    assert (region.denominator or 0) == sum(r.denominator or 0 for r in each.values())
    assert region.met_on == max(
        (r.met_on for r in each.values() if r.met_on is not None), default=None
    )


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    absent=st.sets(st.sampled_from(["k1", "k2", "c1", "c2", "c3"])),
    came=st.sampled_from(["k1", "k2", "c1", "c2", "c3"]),
    acts=st.sets(st.sampled_from([BUYSKIY, GALICH])),
)
def test_more_evidence_never_lowers_a_count(
    engine: Engine, plan: Plan, absent: set[str], came: str, acts: set[str]
) -> None:
    def counts(missing: set[str], amended: set[str]) -> dict[tuple[str, str], int | None]:
        with engine.begin() as connection:
            for table in reversed(metadata.sorted_tables):
                if table.name not in ("transition", "control"):
                    connection.execute(delete(table))
        # An act on another basis: some file has come, whoever amended or not.
        rows = roadmap(absent=tuple(missing), acts=tuple(sorted(amended)))
        rows["municipal_act"].append(
            {"municipality_id": GALICH, "adopted_on": "2021-03-24", "basis": "other"}
        )
        given_run(engine, rows)
        evaluate(engine, plan, RUN_ID)
        found = {
            (unit, code): result
            for unit in (BUYSKIY, GALICH, REGION)
            for code, result in results(engine, plan, unit).items()
        }
        for code in ("5.1", "6.1", "6.2"):
            assert found[REGION, code].numerator == sum(
                found[unit, code].numerator for unit in (BUYSKIY, GALICH)
            )
            assert found[REGION, code].numerator <= found[REGION, code].denominator
        return {key: result.numerator for key, result in found.items()}

    before, after = counts(absent, acts), counts(absent - {came}, acts | {BUYSKIY})
    assert before.keys() == after.keys()
    for key, count in before.items():
        assert count is None or count <= after[key]
