"""Freezing: which batches, names, schools and references a run keeps, and what is in doubt."""

from __future__ import annotations

import io
import re
import zipfile
from collections import Counter
from dataclasses import replace
from datetime import date, datetime, time
from itertools import count, permutations
from typing import Any

import pytest
from sqlalchemy import Engine, func, insert, select, update

from roadmap.evidence.freeze import REGION, freeze, plan_code_of, run_summary
from roadmap.evidence.names import municipality_ref
from roadmap.evidence.own_schedule import plan_known_at, plan_of_run
from roadmap.evidence.request import FreezeRefused, LiveRefused, RunRequest
from roadmap.paths import SQL, TEMPLATES
from roadmap.plan.due import due_date
from roadmap.plan.model import Plan
from roadmap.plan.strict_yaml import read_yaml
from roadmap.store.kept import kept_content
from roadmap.store.sql import sql
from roadmap.store.tables import (
    kept,
    load_batch,
    metadata,
    phase_run,
    run_batch,
    run_dataset,
    run_finding,
    run_foreign_ref,
    run_municipality,
    run_municipality_ref,
    run_rule,
    run_school,
    run_school_ref,
)
from roadmap.versions import templates_sha256
from support.plans import small_plan

PLAN = small_plan()
NOW = 1_617_174_000_000  # 31.03.2021 10:00 in Moscow
DAY_MS = 86_400_000
# Dry: most cases judge another day or moment than the plan's.
REQUEST = RunRequest("2021", "march_analysis", "dry", None, None, (), None, "tests")
FOREVER = {"valid_from": "2010-01-01", "valid_to": None}
PAPER = {"kind": "vpr", "year": 2020, "wave": "autumn", "grade": 5, "subject": "математика"}

_number = count(1)


def load(
    engine: Engine,
    dataset: str,
    facts: dict[str, list[dict[str, Any]]],
    scope: str = "all",
    received_ms: int = NOW - DAY_MS,
    **batch: Any,
) -> str:
    """A batch with facts, as intake leaves it."""
    batch_id = f"{dataset}-{next(_number)}"
    with engine.begin() as conn:
        conn.execute(
            insert(load_batch).values(
                {
                    "batch_id": batch_id,
                    "plan_code": "2021",
                    "dataset": dataset,
                    "scope": scope,
                    "file_name": f"{dataset}.xlsx",
                    "sha256": f"{next(_number):064}",
                    "size_bytes": 1,
                    "received_ms": received_ms,
                    "loaded_ms": received_ms,
                    "state": "accepted",
                    "rows_read": 1,
                    "rows_accepted": 1,
                    "rows_rejected": 0,
                    **batch,
                }
            )
        )
        for name, rows in facts.items():
            for row in rows:
                conn.execute(
                    insert(metadata.tables[name]).values(
                        {"batch_id": batch_id, "sheet": "Лист", "row": 2, **row}
                    )
                )
    return batch_id


def named(key: str, name: str, **more: Any) -> dict[str, Any]:
    return {
        "municipality_id": key, "name": name, "genitive": name, "short_name": name,
        **FOREVER, **more,
    }  # fmt: skip


def school(number: int, owner: str, **more: Any) -> dict[str, Any]:
    return {
        "school_id": f"SH-{number}",
        "municipality_id": owner,
        "name": f"Школа № {number} (условная)",
        "vpr_login": f"440{number}",
        "gia_code": f"111{number}",
        "project_from": "2021-02-15",
        **FOREVER,
        **more,
    }


def marks(ref: str | None, owner: str | None, level: str = "school", **more: Any) -> dict[str, Any]:
    return {
        **PAPER, "level": level, "school_scheme": "vpr_login" if ref else None,
        "school_ref": ref, "municipality_ref": municipality_ref(owner) if owner else None,
        "participants": 10, "mark_2": 1, "mark_3": 4, "mark_4": 3, "mark_5": 2, "restored": 0,
        **more,
    }  # fmt: skip


EGE = {"kind": "ege", "year": 2021, "wave": "main", "grade": 11, "subject": "физика"}
OGE = {"kind": "oge", "year": 2021, "wave": "main", "grade": 9, "subject": "математика"}


def exam(**more: Any) -> dict[str, Any]:
    return {
        **EGE, "school_scheme": "gia_code", "school_ref": "111101", "municipality_ref": None,
        "participants": 10, "below_minimum": 1, "minimum": 36, "score_sum": 500,
        "high_scores": 0, **more,
    }  # fmt: skip


def appeal(paper: dict[str, Any], **changes: Any) -> dict[str, Any]:
    counted = ("mark_2", "mark_3", "mark_4", "mark_5", "below_minimum", "score_sum", "high_scores")
    return {
        **paper, "school_scheme": "gia_code", "school_ref": "111101", "municipality_ref": None,
        "appeals": 1, **dict.fromkeys(counted, 0), **changes,
    }  # fmt: skip


MUNICIPALITIES = [
    named("buyskiy", "Буйский муниципальный район"),
    named("galich", "город Галич"),
    named("neyskiy", "Нейский район", valid_to="2021-03-31"),
    named("neyskiy", "Нейский округ", valid_from="2021-04-01"),
]


def registries(
    engine: Engine,
    schools: list[dict[str, Any]] | None = None,
    names: list[dict[str, Any]] = MUNICIPALITIES,
) -> None:
    facts = {
        "municipality_name": names,
        "municipality_alias": [
            {
                "alias": municipality_ref(row["name"]),
                **{key: row[key] for key in ("municipality_id", "valid_from", "valid_to")},
            }
            for row in names
        ],
    }
    load(engine, "registry_municipalities", facts)
    load(engine, "registry_schools", {"school": schools or [school(101, "buyskiy")]})


def frozen(engine: Engine, **request: Any) -> str:
    return freeze(engine, PLAN, replace(REQUEST, **request), NOW, "dev", "0" * 64)


def rows(engine: Engine, table: Any, run_id: str) -> list[Any]:
    with engine.connect() as conn:
        return list(conn.execute(select(table).where(table.c.run_id == run_id)))


def findings(engine: Engine, run_id: str) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for row in rows(engine, run_finding, run_id):
        found.setdefault(row.rule, []).append(row)
    return found


def units(engine: Engine, run_id: str) -> dict[str, Any]:
    return {row.municipality_id: row for row in rows(engine, run_municipality, run_id)}


# -- The run itself --------------------------------------------------------------------------


def test_a_run_says_what_it_was_made_of(any_engine: Engine) -> None:
    registries(any_engine)
    run_id = frozen(any_engine, reason="исправлен протокол")
    ((run),) = rows(any_engine, phase_run, run_id)
    assert (run.occasion, run.as_of, run.mode) == ("2021/march_analysis", "2021-03-31", "dry")
    assert (run.known_at_ms, run.started_ms, run.reason) == (NOW, NOW, "исправлен протокол")
    assert len(run.plan_sha256) == 64
    assert plan_code_of(any_engine, run_id) == "2021"


def test_a_run_keeps_the_plan_and_the_templates_that_it_used_once(any_engine: Engine) -> None:
    registries(any_engine)
    other = PLAN.model_copy(update={"working_day": "next"})
    runs = [
        freeze(any_engine, plan, REQUEST, NOW, "dev", templates_sha256())
        for plan in (PLAN, other, PLAN)
    ]
    with any_engine.connect() as conn:
        found = {run.run_id: run for run in conn.execute(select(phase_run))}
        plans = [
            Plan.model_validate_json(kept_content(conn, found[run_id].plan_sha256))
            for run_id in runs
        ]
        archive = kept_content(conn, found[runs[0]].templates_sha256)
        assert conn.scalar(select(func.count()).select_from(kept)) == 3  # two plans, one archive
    assert plans == [PLAN, other, PLAN]
    with zipfile.ZipFile(io.BytesIO(archive)) as templates:
        names = {path.relative_to(TEMPLATES).as_posix() for path in TEMPLATES.rglob("*.*")}
        assert set(templates.namelist()) == names
        letter = TEMPLATES / "email" / "letter.html.j2"
        assert templates.read("email/letter.html.j2") == letter.read_bytes()


def test_rules_of_several_values_are_frozen_in_the_words_that_facts_have(
    any_engine: Engine,
) -> None:
    registries(any_engine)
    found = rows(any_engine, run_rule, frozen(any_engine))
    of = {(row.measure, row.rule, row.value) for row in found}
    assert ("1", "required_documents", "положение о проекте") in of
    assert ("11", "counted_states", "подтверждён региональным координатором") in of
    assert ("12", "exclude", "13") in of
    assert not [row for row in found if row.rule == "include_ongoing"]  # one value: a parameter


def test_a_rule_s_words_lose_case_and_spaces_but_not_their_letters(engine: Engine) -> None:
    registries(engine)
    first, *others = PLAN.measures
    written = ("Приказ  «О Проекте» ", "приказ «о проекте»", "Списки партне\u0308ров")
    changed = first.model_copy(update={"rules": {"required_documents": written}})
    plan = PLAN.model_copy(update={"measures": (changed, *others)})
    run_id = freeze(engine, plan, REQUEST, NOW, "dev", "0" * 64)
    found = [row.value for row in rows(engine, run_rule, run_id) if row.measure == "1"]
    assert sorted(found) == ["приказ «о проекте»", "списки партн\u0451ров"]


def own_schedule(engine: Engine, dates: dict[str, str], **moments: int) -> None:
    facts = [{"measure": n, "due_on": due, "basis": "приказ"} for n, due in dates.items()]
    moments = {"received_ms": NOW - DAY_MS} | moments
    load(engine, "own_schedule", {"own_schedule_date": facts}, **moments)


def test_a_run_keeps_the_dates_of_own_schedules_as_they_were_known(any_engine: Engine) -> None:
    registries(any_engine)
    own_schedule(any_engine, {"1": "2021-04-09", "3": "2021-06-30"})
    run_id = frozen(any_engine)
    own_schedule(any_engine, {"1": "2021-05-14"}, received_ms=NOW + DAY_MS)
    with any_engine.connect() as conn:
        of_run = plan_of_run(conn, PLAN, run_id)
        before = plan_known_at(conn, PLAN, NOW)
        after = plan_known_at(conn, PLAN, NOW + DAY_MS)
    assert before == of_run
    due = {number: due_date(of_run.measure(number).window) for number in ("1", "2", "3")}
    assert due == {"1": date(2021, 4, 9), "2": None, "3": date(2021, 6, 30)}
    assert due_date(after.measure("1").window) == date(2021, 5, 14)
    assert due_date(after.measure("3").window) is None  # the newer file no longer has it


@pytest.mark.parametrize(
    ("on_the_day", "learned_since", "told"),
    [
        ({}, {"3": "2021-09-15"}, None),
        ({"3": "2021-09-15"}, {"3": "2021-10-01"}, date(2021, 9, 15)),
        ({"3": "2021-09-15"}, {"1": "2021-03-01"}, date(2021, 9, 15)),
        ({}, {"3": "2021-03-01"}, date(2021, 3, 1)),
        ({"3": "2021-09-15"}, {"3": "2021-03-01"}, date(2021, 3, 1)),
        ({"3": "2021-03-01"}, {"3": "2021-09-15"}, date(2021, 9, 15)),
        ({"3": "2021-03-01"}, {"1": "2021-03-01"}, None),
    ],
    ids=[
        "a date that came later is not told",
        "a date that was moved later stands as it was known",
        "a date that was withdrawn later stands as it was known",
        "a date that was due is told whenever it came",
        "a date that was moved to a due day is told",
        "a date that was due and is not any more is told",
        "a date that was due and was withdrawn is gone",
    ],
)
def test_what_is_not_due_reads_as_it_did_on_the_as_of_day(
    any_engine: Engine, on_the_day: dict[str, str], learned_since: dict[str, str], told: date | None
) -> None:
    registries(any_engine)
    own_schedule(any_engine, on_the_day)
    own_schedule(any_engine, learned_since, received_ms=NOW + DAY_MS)
    later = NOW + 200 * DAY_MS
    run_id = freeze(any_engine, PLAN, REQUEST, later, "dev", "0" * 64)
    # What was loaded after the freeze changes nothing, even if it is said to have come before.
    own_schedule(any_engine, {"3": "2021-12-01"}, received_ms=NOW - 1, loaded_ms=later + 1)
    with any_engine.connect() as conn:
        assert due_date(plan_of_run(conn, PLAN, run_id).measure("3").window) == told


def test_a_reminder_of_a_measure_of_own_schedule_can_be_frozen(engine: Engine) -> None:
    registries(engine)
    own_schedule(engine, {"3": "2021-05-14"})
    run_id = frozen(engine, phase="reminder/2021-05-14/3")
    ((run),) = rows(engine, phase_run, run_id)
    assert run.as_of == "2021-05-11"
    assert {row.dataset for row in rows(engine, run_dataset, run_id)} >= {"own_schedule"}


def test_the_plan_s_hash_is_the_file_s_whatever_the_schedules_say(engine: Engine) -> None:
    registries(engine)
    first = frozen(engine)
    own_schedule(engine, {"3": "2021-05-14"})
    second = frozen(engine)
    ((one),), ((other),) = rows(engine, phase_run, first), rows(engine, phase_run, second)
    assert one.plan_sha256 == other.plan_sha256


def test_freezing_anew_is_a_new_run_and_the_old_one_stays(engine: Engine) -> None:
    registries(engine)
    first, second = frozen(engine), frozen(engine)
    assert first != second
    assert rows(engine, run_school, first)
    assert len(rows(engine, run_batch, first)) == len(rows(engine, run_batch, second)) == 2


def test_a_run_keeps_the_batches_known_at_its_moment(any_engine: Engine) -> None:
    registries(any_engine)
    old = load(any_engine, "vpr_marks", {}, "vpr/2020/autumn/5/математика", NOW - 5 * DAY_MS)
    new = load(any_engine, "vpr_marks", {}, "vpr/2020/autumn/5/математика", NOW - 2 * DAY_MS)
    other_year = load(any_engine, "events", {}, plan_code="2022")
    now = {row.batch_id for row in rows(any_engine, run_batch, frozen(any_engine))}
    assert new in now and old not in now and other_year not in now
    registries_known = NOW - DAY_MS
    load(any_engine, "vpr_marks", {}, "vpr/2020/autumn/5/математика", NOW - DAY_MS + 1)
    then = rows(any_engine, run_batch, frozen(any_engine, known_at_ms=registries_known))
    assert new in {row.batch_id for row in then}


def test_of_two_batches_received_at_one_moment_the_last_loaded_counts(engine: Engine) -> None:
    registries(engine)
    load(engine, "events", {}, loaded_ms=NOW - 10)
    later = load(engine, "events", {}, loaded_ms=NOW - 5)
    assert later in {row.batch_id for row in rows(engine, run_batch, frozen(engine))}


def test_what_was_received_and_not_yet_loaded_is_known_only_if_so_asked(any_engine: Engine) -> None:
    registries(any_engine)
    known_at_ms = NOW - DAY_MS
    late = load(any_engine, "events", {}, received_ms=NOW - 5 * DAY_MS, loaded_ms=NOW)
    refuse(any_engine, "documents", received_ms=NOW - 5 * DAY_MS, loaded_ms=NOW)
    for known_by, has_it in (("loaded", False), ("received", True)):
        run_id = frozen(any_engine, known_at_ms=known_at_ms, known_by=known_by)
        assert (late in {row.batch_id for row in rows(any_engine, run_batch, run_id)}) is has_it
        state = {row.dataset: row.state for row in rows(any_engine, run_dataset, run_id)}
        assert state["documents"] == ("refused" if has_it else "missing")
        assert ("FILE_REFUSED" in findings(any_engine, run_id)) is has_it
        (run,) = rows(any_engine, phase_run, run_id)
        assert run.known_by == known_by


def test_what_a_machine_with_a_faster_clock_has_just_loaded_is_known_now(engine: Engine) -> None:
    registries(engine)
    ahead = load(engine, "events", {}, loaded_ms=NOW + 2_000)
    assert ahead in {row.batch_id for row in rows(engine, run_batch, frozen(engine))}


def test_a_moment_before_the_first_load_names_the_other_choice(engine: Engine) -> None:
    registries(engine)
    with engine.begin() as db:
        db.execute(update(load_batch).values(loaded_ms=NOW))
    with pytest.raises(FreezeRefused, match=r"ещё не были загружены .*всё поступившее"):
        frozen(engine, known_at_ms=NOW - 1)
    assert frozen(engine, known_at_ms=NOW - 1, known_by="received")


@pytest.mark.parametrize(
    ("request_change", "says"),
    [
        ({"known_at_ms": NOW + 1}, "ещё не наступил"),
        ({"municipalities": ("atlantis",)}, "«atlantis»"),
        (
            {"known_at_ms": NOW - 30 * DAY_MS},
            "по плану 2021 года нет сведений: «Реестр муниципалитетов», «Реестр школ»",
        ),
    ],
)
def test_a_run_that_cannot_begin_says_why_and_leaves_nothing(
    engine: Engine, request_change: dict[str, Any], says: str
) -> None:
    registries(engine)
    with pytest.raises(FreezeRefused, match=says):
        frozen(engine, **request_change)
    with engine.connect() as conn:
        assert conn.execute(select(phase_run)).all() == []


def test_an_unknown_phase_is_an_error(engine: Engine) -> None:
    registries(engine)
    with pytest.raises(KeyError):
        frozen(engine, phase="may_analysis")


def test_an_unknown_run_has_no_plan(engine: Engine) -> None:
    with pytest.raises(LookupError):
        plan_code_of(engine, "nothing")


# -- Municipalities and schools --------------------------------------------------------------


def test_a_municipality_is_named_as_on_the_as_of_date(any_engine: Engine) -> None:
    registries(any_engine)
    march = units(any_engine, frozen(any_engine))
    june = units(any_engine, frozen(any_engine, as_of=date(2021, 6, 30)))
    assert march["neyskiy"].name == "Нейский район"
    assert june["neyskiy"].name == "Нейский округ"


def test_the_region_is_an_addressee_that_takes_no_part(engine: Engine) -> None:
    registries(engine)
    region = units(engine, frozen(engine))[REGION]
    assert region.name == PLAN.region.department.name
    assert (region.short_name, region.is_participating, region.is_selected) == ("Регион", 0, 1)


@pytest.mark.parametrize(
    ("project", "takes_part"),
    [
        ({"project_from": "2021-03-31"}, 1),
        ({"project_from": "2021-04-01"}, 0),
        ({"project_to": "2021-03-31"}, 1),
        ({"project_to": "2021-03-30"}, 0),
        ({"project_from": None}, 0),
    ],
)
def test_a_municipality_takes_part_when_one_of_its_schools_does_that_day(
    any_engine: Engine, project: dict[str, Any], takes_part: int
) -> None:
    registries(any_engine, [school(101, "buyskiy", **project)])
    run_id = frozen(any_engine)
    assert units(any_engine, run_id)["buyskiy"].is_participating == takes_part
    assert [row.is_participating for row in rows(any_engine, run_school, run_id)] == [takes_part]
    assert units(any_engine, run_id)["galich"].is_participating == 0


def test_only_the_municipalities_asked_for_are_selected(engine: Engine) -> None:
    registries(engine)
    chosen = units(engine, frozen(engine, municipalities=("galich", "region")))
    assert {key for key, unit in chosen.items() if unit.is_selected} == {"galich", REGION}


# -- A test of a few drawn at random ---------------------------------------------------------


MANY = [school(100 + number, f"m{number:02}") for number in range(12)]


def many(engine: Engine) -> None:
    """Twelve that take part and one that does not."""
    keys = [*(row["municipality_id"] for row in MANY), "galich"]
    registries(engine, MANY, [named(key, f"Муниципалитет {key}") for key in keys])


def drawn(engine: Engine, **request: Any) -> set[str]:
    chosen = units(engine, frozen(engine, **request))
    return {key for key, unit in chosen.items() if unit.is_selected}


@pytest.mark.parametrize("mode", ["redirect", "dry"])
def test_a_test_writes_to_so_many_as_were_asked_for(any_engine: Engine, mode: str) -> None:
    many(any_engine)
    run_id = frozen(any_engine, mode=mode, sample=3)
    chosen = [unit for unit in units(any_engine, run_id).values() if unit.is_selected]
    assert len(chosen) == 3
    assert all(unit.is_participating or unit.municipality_id == REGION for unit in chosen)
    ((run),) = rows(any_engine, phase_run, run_id)
    assert run.sample == 3
    assert "Проверочная выборка: 3 из 13" in run_summary(any_engine, run_id).frozen


def test_an_address_in_the_reason_of_a_correction_is_refused(engine: Engine) -> None:
    with pytest.raises(FreezeRefused, match="уберите из причины исправления адрес") as refused:
        frozen(engine, reason="звонил head@example.org")
    assert "example.org" not in str(refused.value)


def test_a_reason_of_blanks_is_none(engine: Engine) -> None:
    many(engine)
    run_id = frozen(engine, reason="  ")
    ((run),) = rows(engine, phase_run, run_id)
    assert run.reason is None


def test_a_run_without_a_sample_says_nothing_of_one(engine: Engine) -> None:
    many(engine)
    run_id = frozen(engine)
    assert sum(unit.is_selected for unit in units(engine, run_id).values()) == 14
    assert not [line for line in run_summary(engine, run_id).frozen if "выборка" in line]
    ((run),) = rows(engine, phase_run, run_id)
    assert run.sample is None


def test_the_sample_is_drawn_among_those_asked_for(engine: Engine) -> None:
    many(engine)
    asked = ("m01", "m02", "m03", "galich", REGION)
    for turn in range(10):
        found = drawn(engine, municipalities=asked, sample=2, requested_by=f"run {turn}")
        assert len(found) == 2
        assert found < {"m01", "m02", "m03", REGION}  # galich takes no part


def test_a_sample_of_more_than_there_are_is_all_of_them(engine: Engine) -> None:
    many(engine)
    run_id = frozen(engine, sample=100)
    assert sum(unit.is_selected for unit in units(engine, run_id).values()) == 13
    assert "Проверочная выборка: 13 из 13" in run_summary(engine, run_id).frozen


def test_the_same_request_frozen_once_more_draws_the_same(engine: Engine) -> None:
    many(engine)
    assert drawn(engine, sample=3) == drawn(engine, sample=3)
    assert drawn(engine, sample=3) < drawn(engine, sample=5)


def test_every_addressee_is_drawn_in_its_turn_the_department_among_them(engine: Engine) -> None:
    many(engine)
    turns = 60
    found = Counter(
        key
        for turn in range(turns)
        for key in drawn(engine, sample=4, requested_by=f"manual__{turn}")
    )
    assert len(found) == 13
    assert REGION in found
    # 60 draws of 4 of 13: 18,5 each on the average, with a deviation of 3,6.
    assert min(found.values()) >= 6
    assert max(found.values()) <= 32


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        pytest.param({"mode": "live", "sample": 3}, "письма адресатам уходят всем", id="live"),
        pytest.param({"mode": "dry", "sample": 0}, "меньше одного", id="nobody"),
        pytest.param({"mode": "redirect", "sample": -1}, "меньше одного", id="less than nobody"),
    ],
)
def test_a_sample_is_refused_where_it_makes_no_test(
    engine: Engine, asked: dict[str, Any], says: str
) -> None:
    many(engine)
    with pytest.raises(FreezeRefused, match=says):
        frozen(engine, **asked)
    with engine.connect() as conn:
        assert conn.execute(select(phase_run)).all() == []


def test_a_closed_school_is_not_among_the_schools(engine: Engine) -> None:
    registries(engine, [school(101, "buyskiy"), school(102, "buyskiy", valid_to="2021-01-31")])
    assert [row.school_id for row in rows(engine, run_school, frozen(engine))] == ["SH-101"]


# -- References ------------------------------------------------------------------------------


SPRING = {"year": 2021, "wave": "spring"}


def refs(engine: Engine, run_id: str, wave: str = "autumn") -> dict[tuple[str, str], str]:
    return {
        (row.scheme, row.ref): row.school_id
        for row in rows(engine, run_school_ref, run_id)
        if row.wave == wave
    }


def results(engine: Engine, *said: tuple[str, str, str | None], **paper: Any) -> None:
    """A file of results whose rows name a school by a scheme and reference, and whose it is."""
    facts = [
        marks(ref, owner, school_scheme=scheme, row=row, **paper)
        for row, (scheme, ref, owner) in enumerate(said, 5)
    ]
    load(engine, "vpr_marks", {"mark_result": facts}, scope=f"vpr/{next(_number)}")


def test_a_school_is_found_by_login_code_and_name(any_engine: Engine) -> None:
    registries(any_engine)
    names = {
        ("vpr_login", "440101"): "SH-101",
        ("gia_code", "111101"): "SH-101",
        ("name", "школа no 101 (условная)"): "SH-101",
    }
    results(any_engine, *((scheme, ref, None) for scheme, ref in names))
    assert refs(any_engine, frozen(any_engine)) == names


def test_a_name_that_two_schools_share_means_neither(engine: Engine) -> None:
    registries(
        engine,
        [school(101, "buyskiy", name="Школа № 1"), school(102, "galich", name="школа №1")],
    )
    results(engine, ("name", "школа no 1", None), ("vpr_login", "440101", None))
    assert list(refs(engine, frozen(engine))) == [("vpr_login", "440101")]


def test_a_renamed_school_is_found_by_both_names(engine: Engine) -> None:
    registries(
        engine,
        [
            school(101, "buyskiy", name="Старая", valid_to="2021-01-31"),
            school(101, "buyskiy", name="Новая", valid_from="2021-02-01"),
        ],
    )
    results(engine, ("name", "старая", None), ("name", "новая", None))
    assert refs(engine, frozen(engine)) == {
        ("name", "старая"): "SH-101",
        ("name", "новая"): "SH-101",
    }


def test_a_login_is_the_school_s_that_had_it_on_the_day_of_the_procedure(engine: Engine) -> None:
    registries(
        engine,
        [
            school(101, "buyskiy", vpr_login="440900", valid_to="2021-01-31"),
            school(101, "buyskiy", valid_from="2021-02-01"),
            school(102, "galich", valid_to="2021-01-31"),
            school(102, "galich", vpr_login="440900", valid_from="2021-02-01"),
        ],
    )
    for paper in ({}, SPRING):
        results(engine, ("vpr_login", "440900", None), **paper)
    run_id = frozen(engine, as_of=date(2021, 4, 30))
    assert refs(engine, run_id, "autumn")["vpr_login", "440900"] == "SH-101"
    assert refs(engine, run_id, "spring")["vpr_login", "440900"] == "SH-102"


def test_results_before_a_school_moved_stand_rightly_under_its_former_municipality(
    any_engine: Engine,
) -> None:
    registries(
        any_engine,
        [
            school(101, "galich", valid_to="2020-12-31"),
            school(101, "buyskiy", valid_from="2021-01-01"),
            school(102, "galich"),
        ],
    )
    results(any_engine, ("vpr_login", "440101", "город Галич"))
    results(any_engine, ("vpr_login", "440101", "город Галич"), **SPRING)
    run_id = frozen(any_engine, as_of=date(2021, 4, 30))
    (foreign,) = rows(any_engine, run_foreign_ref, run_id)
    assert (foreign.wave, foreign.ref) == ("spring", "440101"), "only after it had moved"
    assert {row.school_id: row.municipality_id for row in rows(any_engine, run_school, run_id)} == {
        "SH-101": "buyskiy",
        "SH-102": "galich",
    }


def test_a_later_export_may_name_the_municipality_that_the_school_belongs_to_now(
    engine: Engine,
) -> None:
    registries(
        engine,
        [
            school(101, "galich", valid_to="2020-12-31"),
            school(101, "buyskiy", valid_from="2021-01-01"),
            school(102, "galich"),
        ],
    )
    results(engine, ("vpr_login", "440101", "Буйский муниципальный район"))
    assert rows(engine, run_foreign_ref, frozen(engine)) == []


def test_a_name_that_an_okrug_took_over_means_the_town_until_that_day(any_engine: Engine) -> None:
    town = {"name": "город Галич", "genitive": "города Галича", "short_name": "Галич"}
    registries(
        any_engine,
        [
            school(101, "galich", valid_to="2021-02-28"),
            school(101, "buyskiy", valid_from="2021-03-01"),
            school(102, "buyskiy"),
        ],
        [
            named("galich", **town, valid_to="2021-02-28"),
            named("buyskiy", "Буйский район", valid_to="2021-02-28"),
            named("buyskiy", "город Галич", valid_from="2021-03-01"),
        ],
    )
    for paper in ({}, SPRING):
        results(
            any_engine,
            ("vpr_login", "440101", "город Галич"),
            ("vpr_login", "440102", "город Галич"),
            **paper,
        )
    run_id = frozen(any_engine, as_of=date(2021, 4, 30))
    assert {
        (row.wave, row.ref): row.municipality_id
        for row in rows(any_engine, run_municipality_ref, run_id)
    } == {("autumn", "город галич"): "galich", ("spring", "город галич"): "buyskiy"}
    assert rows(any_engine, run_foreign_ref, run_id) == []
    assert "UNKNOWN_MUNICIPALITY" not in findings(any_engine, run_id)


def test_a_row_under_a_foreign_municipality_is_nobodys(any_engine: Engine) -> None:
    registries(any_engine, [school(101, "buyskiy"), school(102, "galich")])
    load(
        any_engine,
        "vpr_marks",
        {
            "mark_result": [
                marks("440101", "Буйский муниципальный район", row=5),
                marks("440102", "Буйский муниципальный район", row=6),
            ]
        },
    )
    run_id = frozen(any_engine)
    (foreign,) = rows(any_engine, run_foreign_ref, run_id)
    assert (foreign.ref, foreign.municipality_ref) == ("440102", "буйский муниципальный район")
    (finding,) = findings(any_engine, run_id)["FOREIGN_SCHOOL"]
    assert finding.municipality_id == "galich"
    assert "sch44•••2" in finding.message and "440102" not in finding.message
    assert "строка 6" in finding.message


def test_the_order_in_which_files_come_changes_nothing(
    engine: Engine, tmp_path_factory: pytest.TempPathFactory
) -> None:
    from roadmap.store.engine import open_engine

    steps = [
        lambda db: registries(db, [school(101, "buyskiy"), school(102, "galich")]),
        lambda db: load(
            db,
            "vpr_marks",
            {"mark_result": [marks("440102", "Буйский муниципальный район")]},
            "paper",
            NOW - 3 * DAY_MS,
        ),
        lambda db: load(
            db, "contacts", {"contact": [contact("buyskiy")]}, received_ms=NOW - 2 * DAY_MS
        ),
    ]
    seen = []
    for order in permutations(steps):
        db = open_engine(f"sqlite:///{tmp_path_factory.mktemp('order') / 'roadmap.db'}")
        metadata.create_all(db)
        for step in order:
            step(db)
        run_id = frozen(db)
        seen.append(
            [
                sorted(
                    str({k: v for k, v in row._asdict().items() if k not in ("run_id", "batch_id")})
                    for row in rows(db, table, run_id)
                )
                for table in (
                    run_municipality,
                    run_school,
                    run_school_ref,
                    run_foreign_ref,
                    run_dataset,
                    run_finding,
                )
            ]
        )
        db.dispose()
    assert len(seen) == 6
    assert all(one == seen[0] for one in seen)


# -- Datasets --------------------------------------------------------------------------------


def test_each_dataset_of_the_phase_is_received_missing_or_refused(any_engine: Engine) -> None:
    registries(any_engine)
    refuse(any_engine, "events")
    load(any_engine, "vpr_marks", {}, "a", NOW - 3 * DAY_MS)
    load(any_engine, "vpr_marks", {}, "b", NOW - 2 * DAY_MS)
    state = {row.dataset: row for row in rows(any_engine, run_dataset, frozen(any_engine))}
    phase = PLAN.phase("march_analysis").datasets
    assert set(state) == {*phase.needed, *phase.told}
    assert {name for name, row in state.items() if row.need == "needed"} == set(phase.needed)
    assert (state["vpr_marks"].state, state["vpr_marks"].batches) == ("received", 2)
    assert state["vpr_marks"].latest_received_ms == NOW - 2 * DAY_MS
    assert (state["events"].state, state["documents"].state) == ("refused", "missing")


def test_a_region_that_holds_protocols_only_has_what_the_phase_needs(any_engine: Engine) -> None:
    registries(any_engine)
    load(any_engine, "vpr_protocols", {"mark_result": [marks("440101", None)]}, "a")
    run_id = frozen(any_engine)
    state = {row.dataset: (row.need, row.state) for row in rows(any_engine, run_dataset, run_id)}
    assert state["vpr_marks"] == ("needed", "received")
    assert state["vpr_journal"] == state["vpr_protocols"] == ("told", "received")
    with any_engine.connect() as conn:
        absent = conn.execute(sql("delivery/needed_but_absent"), {"run_id": run_id}).all()
    assert "vpr_marks" not in {row.dataset for row in absent}


# -- Findings: one case for every question ---------------------------------------------------


def contact(owner: str, **more: Any) -> dict[str, Any]:
    return {"municipality_id": owner, "address": f"{owner}@example.org", **FOREVER, **more}


def person(role: str, owner: str = "buyskiy", **more: Any) -> dict[str, Any]:
    school_id = "SH-101" if role == "curator" else None
    return {
        "person_id": "P-1", "role": role, "municipality_id": owner, "school_id": school_id,
        **FOREVER, **more,
    }  # fmt: skip


def event(event_id: str = "e1", measure: int = 6) -> dict[str, Any]:
    return {
        "event_id": event_id, "measure": measure, "kind": "вебинар", "title": "Тема",
        "held_on": "2021-03-12", "state": "held",
    }  # fmt: skip


def present(**more: Any) -> dict[str, Any]:
    return {"event_id": "e1", "role": "school", "school_id": "SH-101", "is_present": 1, **more}


def refuse(engine: Engine, dataset: str, **batch: Any) -> str:
    return load(
        engine,
        dataset,
        {},
        batch.pop("scope", "-"),
        state="refused",
        refusal_code="HEADER",
        refusal_message="Файл не принят: нет столбца «Дата».",
        **batch,
    )


def sound(engine: Engine) -> None:
    """Evidence without anything to remark."""
    registries(engine)
    load(engine, "contacts", {"contact": [contact("buyskiy"), contact(REGION)]})
    load(engine, "registry_people", {"person_role": [person("coordinator"), person("curator")]})
    load(engine, "events", {"event": [event()]})
    load(engine, "attendance", {"attendance": [present()]}, "e1")
    load(
        engine,
        "vpr_marks",
        {
            "mark_result": [
                marks(None, "Буйский муниципальный район", "municipality"),
                marks("440101", "Буйский муниципальный район"),
            ]
        },
        "vpr/2020/autumn/5/математика",
    )


def medk(kind: str = "концепция развития", **more: Any) -> dict[str, Any]:
    return {
        "school_id": "SH-101", "kind": kind, "state": "согласован куратором",
        "state_on": "2021-05-20", **more,
    }  # fmt: skip


def school_code(vpr_login: str, **more: Any) -> dict[str, Any]:
    return {"vpr_login": vpr_login, "oge_code": None, "ege_code": None, **more}


def risk(factor: str = "motivation", **more: Any) -> dict[str, Any]:
    return {
        "school_id": "SH-101", "factor": factor, "level": "high", "is_activated": 1,
        "assessed_on": "2021-04-20", **more,
    }  # fmt: skip


def change(factor: str = "motivation", **more: Any) -> dict[str, Any]:
    return {
        "school_id": "SH-101", "factor": factor, "stage": 1, "mark": "yes",
        "marked_on": "2021-06-10", **more,
    }  # fmt: skip


def _replaced(engine: Engine, dataset: str, facts: dict[str, Any], scope: str = "all") -> None:
    load(engine, dataset, facts, scope, NOW - 1000)


CASES: dict[str, tuple[str, Any, str | None, str]] = {
    "unknown_school": (
        "UNKNOWN_SCHOOL",
        lambda db: load(
            db,
            "vpr_marks",
            {"mark_result": [marks("440127", "Буйский муниципальный район", row=52)]},
            "other",
            file_name="vpr_2020_ru5.xlsx",
        ),
        "buyskiy",
        "Школа не найдена в реестре. Файл «vpr_2020_ru5.xlsx», лист «Лист», строка 52: "
        "логин sch44•••7. Исправьте запись или добавьте школу в файл «Реестр школ».",
    ),
    "foreign_school": (
        "FOREIGN_SCHOOL",
        lambda db: load(
            db, "vpr_marks", {"mark_result": [marks("440101", "город Галич")]}, "other"
        ),
        "buyskiy",
        "Школа указана под чужим муниципалитетом. Файл «vpr_marks.xlsx», лист «Лист», строка 2: "
        "логин sch44•••1, в файле это «город Галич». Проверьте файл и реестр; "
        "строка не учтена ни у кого.",
    ),
    "school_twice": (
        "SCHOOL_TWICE",
        lambda db: load(
            db,
            "diagnostic_works",
            {
                "mark_result": [
                    marks("440101", None),
                    marks("111101", None, school_scheme="gia_code", row=9),
                ]
            },
            "other",
        ),
        "buyskiy",
        "Школа «Школа № 101 (условная)» стоит в одном файле дважды, под разными кодами: строки "
        "сложены. Файл «diagnostic_works.xlsx», лист «Лист», строка 9. Если это повтор, удалите "
        "лишнюю строку и положите файл снова.",
    ),
    "school_code_differs": (
        "SCHOOL_CODE_DIFFERS",
        lambda db: load(
            db,
            "school_codes",
            {
                "school_code": [
                    school_code("440101", oge_code="999999", row=7),
                    school_code("440999", oge_code="999998"),  # of no school of the registry
                ]
            },
            file_name="context.xlsx",
        ),
        None,
        "Код ГИА школы «Школа № 101 (условная)» в реестре не тот, что в её форме контекстных "
        "данных. Файл «context.xlsx», лист «Лист», строка 7. Сверьте код в файле «Реестр школ»: "
        "по нему находят результаты ГИА.",
    ),
    "unknown_municipality": (
        "UNKNOWN_MUNICIPALITY",
        lambda db: load(
            db,
            "vpr_marks",
            {"mark_result": [marks(None, "Буйскй муниципальный район", "municipality")]},
            "other",
        ),
        None,
        "Муниципалитет «буйскй муниципальный район» не найден в реестре (похоже на «Буйский "
        "муниципальный район»). Файл «vpr_marks.xlsx», лист «Лист», строка 2, всего 1\u00a0строка."
        " Исправьте название или добавьте вариант написания в реестр муниципалитетов.",
    ),
    "no_contact": (
        "NO_CONTACT",
        lambda db: _replaced(
            db,
            "contacts",
            {"contact": [contact("buyskiy", valid_to="2021-03-30"), contact(REGION)]},
        ),
        "buyskiy",
        "Нет действующего адреса: «Буйский муниципальный район». Впишите адрес в файл контактов, "
        "лист «Получатели», и повторите запуск с приёма данных.",
    ),
    "contact_without_municipality": (
        "CONTACT_WITHOUT_MUNICIPALITY",
        lambda db: _replaced(
            db,
            "contacts",
            {"contact": [contact("buyskiy"), contact(REGION), contact("atlantis", row=9)]},
        ),
        None,
        "Контакт неизвестного получателя «atlantis». Файл «contacts.xlsx», лист «Лист», строка 9. "
        "Исправьте код муниципалитета; по этому адресу ничего не отправляется.",
    ),
    "no_coordinator": (
        "NO_COORDINATOR",
        lambda db: _replaced(db, "registry_people", {"person_role": [person("curator")]}),
        "buyskiy",
        "Нет муниципального координатора: «Буйский муниципальный район». "
        "Впишите его код в файл «Координаторы и кураторы».",
    ),
    "no_curator": (
        "NO_CURATOR",
        lambda db: _replaced(
            db,
            "registry_people",
            {
                "person_role": [
                    person("coordinator"),
                    person("curator", valid_from="2021-04-01"),
                    person("curator", valid_to="2021-03-30"),
                ]
            },
        ),
        "buyskiy",
        "Нет куратора у школы «Школа № 101 (условная)». "
        "Впишите его код в файл «Координаторы и кураторы».",
    ),
    "unknown_curated_school": (
        "UNKNOWN_SCHOOL",
        lambda db: _replaced(
            db,
            "registry_people",
            {
                "person_role": [
                    person("coordinator"),
                    person("curator"),
                    person("curator", school_id="SH-999", row=8),
                ]
            },
        ),
        None,
        "Школа куратора не найдена в реестре: код SH•••9. Файл «registry_people.xlsx», "
        "лист «Лист», строка 8. Исправьте код или добавьте школу в файл «Реестр школ».",
    ),
    "not_participant": (
        "NOT_PARTICIPANT",
        lambda db: _replaced(
            db,
            "attendance",
            {"attendance": [present(), present(role="curator", person_id="P-9", row=7)]},
            "e1",
        ),
        None,
        "Среди присутствовавших — лицо, которое не куратор. Файл «attendance.xlsx», лист «Лист», "
        "строка 7. Проверьте код и роль; отметка не учтена.",
    ),
    "recording_before_event": (
        "RECORDING_BEFORE_EVENT",
        lambda db: (
            load(db, "events", {"event": [event()]}),
            load(
                db,
                "attendance",
                {"attendance": [present(is_present=0, studied_on="2021-03-11", row=7)]},
                "e1",
            ),
        ),
        None,
        "Запись события «e1» изучена раньше, чем оно прошло. Файл «attendance.xlsx», лист «Лист», "
        "строка 7. Исправьте дату; она не учтена.",
    ),
    "unknown_event": (
        "UNKNOWN_EVENT",
        lambda db: load(db, "attendance", {"attendance": [present(event_id="e9")]}, "e9"),
        None,
        "События «e9» нет в файле мероприятий. Файл «attendance.xlsx». Добавьте событие или "
        "исправьте его код; список не учтён.",
    ),
    "paper_twice": (
        "PAPER_TWICE",
        lambda db: load(
            db,
            "vpr_protocols",
            {"mark_result": [marks("440101", None, row=None)]},
            "vpr/2020/autumn/5/математика",
        ),
        None,
        "Одна работа дважды: математика, программа 5 класса — в статистике и в протоколах. "
        "Файлы «vpr_marks.xlsx» и «vpr_protocols.xlsx»: 1\u00a0школа — из протоколов, "
        "ни одной — из статистики. Делать ничего не нужно.",
    ),
    "total_disagrees": (
        "TOTAL_DISAGREES",
        lambda db: _replaced(
            db,
            "vpr_marks",
            {
                "mark_result": [
                    marks(
                        None,
                        "Буйский муниципальный район",
                        "municipality",
                        participants=11,
                        mark_5=3,
                        row=5,
                    ),
                    marks("440101", "Буйский муниципальный район", row=6),
                ]
            },
            "vpr/2020/autumn/5/математика",
        ),
        "buyskiy",
        "Итог муниципалитета не равен сумме его школ: 11 и 10\u00a0участников. Файл "
        "«vpr_marks.xlsx», лист «Лист», строка 5: «Буйский муниципальный район». Запросите файл "
        "заново; показатели рассчитаны по строкам школ.",
    ),
    "unknown_register_school": (
        "UNKNOWN_SCHOOL",
        lambda db: load(
            db,
            "medk_documents",
            {"medk_document": [medk(school_id="SH-999", row=7), medk(school_id="SH-999", row=9)]},
        ),
        None,
        "Школа не найдена в реестре: код SH•••9. Файл «medk_documents.xlsx», лист «Лист», "
        "строка 7, всего 2\u00a0строки. Исправьте код или добавьте школу в файл «Реестр школ».",
    ),
    "foreign_acknowledgement": (
        "FOREIGN_SCHOOL",
        lambda db: load(
            db,
            "acknowledgements",
            {
                "acknowledgement": [
                    {"school_id": "SH-101", "phase": "march_analysis", "received_on": "2021-04-07"}
                ]
            },
            "galich",
        ),
        None,
        "Получение подтверждено за школу чужого муниципалитета: код SH•••1. Файл "
        "«acknowledgements.xlsx», лист «Лист», строка 2, файл муниципалитета «город Галич». "
        "Удалите строку: за школу отвечает её муниципалитет.",
    ),
    "unknown_respondent": (
        "NOT_PARTICIPANT",
        lambda db: load(
            db,
            "medk_surveys",
            {
                "survey": [
                    {
                        "respondent": "curator",
                        "person_id": person_id,
                        "questionnaire": "анкета куратора",
                        "state": "closed",
                        "closed_on": "2021-04-01",
                        "row": row,
                    }
                    for row, person_id in ((2, "P-1"), (3, "P-77"))
                ]
            },
        ),
        None,
        "Анкета куратора — лица, которое не куратор. Файл «medk_surveys.xlsx», лист «Лист», "
        "строка 3. Проверьте код лица в выгрузке и в файле «Координаторы и кураторы»; анкета не "
        "учтена.",
    ),
    "unknown_programme": (
        "UNKNOWN_PROGRAMME",
        lambda db: _replaced(
            db,
            "events",
            {"event": [event(), {**event("e2", 16), "programme_id": "prog-7", "row": 3}]},
        ),
        None,
        "Программы «prog-7» нет в файле программ стажировок. Файл «events.xlsx», лист «Лист», "
        "строка 3. Добавьте программу или исправьте её код; событие ни к какой программе не "
        "отнесено.",
    ),
    "programme_without_risk": (
        "RISK_NOT_ACTIVATED",
        lambda db: (
            load(
                db,
                "risk_profiles",
                {
                    "risk": [
                        risk(),
                        risk("parents"),
                        # Put aside again: the last assessment counts.
                        risk("parents", is_activated=0, assessed_on="2021-05-11"),
                        risk("staff", is_activated=0),
                        risk("staff", assessed_on="2021-07-01"),
                    ]
                },
            ),
            load(
                db,
                "medk_documents",
                {
                    "medk_document": [
                        medk("антирисковая программа", factor="motivation"),
                        medk("антирисковая программа", factor="parents", row=6),
                        medk("антирисковая программа", factor="staff", state_on="2021-07-02"),
                    ]
                },
            ),
        ),
        None,
        "Антирисковая программа по риску, который школа не активировала: «Низкий уровень "
        "вовлечённости родителей», код школы SH•••1. Файл «medk_documents.xlsx», лист «Лист», "
        "строка 6. Проверьте рисковый профиль школы; программа показана, но не требуется.",
    ),
    "change_without_risk": (
        "CHANGE_OF_OTHER_RISK",
        lambda db: (
            load(
                db,
                "risk_profiles",
                {"risk": [risk(), risk("staff", is_activated=0)]},
            ),
            load(
                db,
                "medk_changes",
                {
                    "positive_change": [
                        change(),
                        change("staff", row=6),
                        # After the as-of date: nobody knows of it yet.
                        change("parents", marked_on="2021-07-02"),
                    ]
                },
            ),
        ),
        None,
        "Позитивные изменения отмечены по риску, который школа не активировала: «Дефицит "
        "педагогических кадров», код школы SH•••1. Файл «medk_changes.xlsx», лист «Лист», строка "
        "6. Проверьте рисковый профиль школы или исправьте фактор; отметка не учтена.",
    ),
    "appeal_does_not_fit": (
        "APPEAL_DOES_NOT_FIT",
        lambda db: (
            load(db, "ege_protocols", {"exam_result": [exam()]}),
            load(
                db,
                "oge_protocols",
                {"mark_result": [marks("111101", None, school_scheme="gia_code", **OGE)]},
            ),
            # One of ten has a «2» and one is below the minimum: the second exam fits.
            load(db, "gia_appeals", {"appeal_change": [appeal(OGE, mark_2=-2, mark_3=2)]}),
            load(db, "gia_appeals", {"appeal_change": [appeal(EGE, below_minimum=-1)]}, "ege"),
        ),
        "buyskiy",
        "Апелляции школы не сходятся с её результатами: после изменений число учеников стало бы "
        "невозможным. Файл «gia_appeals.xlsx», лист «Лист»: математика, «Школа № 101 "
        "(условная)». Проверьте протокол и файл апелляций; результаты школы показаны без "
        "апелляций.",
    ),
    "rows_rejected": (
        "ROWS_REJECTED",
        lambda db: load(db, "documents", {}, rows_read=42, rows_accepted=41, rows_rejected=1),
        None,
        "Отклонены строки: 1, принято 41. Файл «documents.xlsx» («Документы института»). "
        "Исправьте названные при приёме строки и положите файл снова.",
    ),
    "marks_without_scale": (
        "MARKS_WITHOUT_SCALE",
        lambda db: load(db, "vpr_protocols", {}, "vpr/2021/spring/9/математика", scale=""),
        None,
        "Отметок за работу нет: её шкала не известна, результаты не показаны. Файл "
        "«vpr_protocols.xlsx» («ВПР: протоколы»). Впишите шкалу в vpr/scales/scales.xlsx, лист "
        "«Шкалы».",
    ),
    "file_refused": (
        "FILE_REFUSED",
        lambda db: refuse(db, "documents"),
        None,
        "Файл не принят: нет столбца «Дата».",
    ),
}


# Questions about registers that the March analysis does not read.
OF_THE_MONITORING = {
    "unknown_register_school",
    "foreign_acknowledgement",
    "unknown_respondent",
    "unknown_programme",
    "programme_without_risk",
    "change_without_risk",
}


OF_AUGUST = {"appeal_does_not_fit"}


def test_every_question_has_a_case() -> None:
    questions = {path.stem for path in (SQL / "evidence" / "findings").glob("*.sql")}
    assert len(questions) >= 14
    assert questions == set(CASES)


def test_sound_evidence_leaves_nothing_to_remark(any_engine: Engine) -> None:
    sound(any_engine)
    found = findings(any_engine, frozen(any_engine))
    assert set(found) <= {"MUNICIPALITY_NOT_IN_REGISTRY"}


@pytest.mark.parametrize("codes", [("111101", None), ("111101", "999999"), ("999999", "111101")])
def test_a_school_with_another_code_for_one_of_the_exams_is_not_in_doubt(
    any_engine: Engine, codes: tuple[str, str | None]
) -> None:
    sound(any_engine)
    of_school = school_code("440101", oge_code=codes[0], ege_code=codes[1])
    load(any_engine, "school_codes", {"school_code": [of_school]})
    assert "SCHOOL_CODE_DIFFERS" not in findings(any_engine, frozen(any_engine))


@pytest.mark.parametrize("question", list(CASES))
def test_what_is_in_doubt_is_told_exactly_and_once(any_engine: Engine, question: str) -> None:
    rule, spoil, owner, message = CASES[question]
    sound(any_engine)
    spoil(any_engine)
    phase = "june_monitoring" if question in OF_THE_MONITORING else "march_analysis"
    phase = "august_analysis" if question in OF_AUGUST else phase
    found = findings(any_engine, frozen(any_engine, phase=phase))
    found.pop("MUNICIPALITY_NOT_IN_REGISTRY", None)
    assert {name: len(told) for name, told in found.items()} == {rule: 1}
    (finding,) = found[rule]
    assert finding.municipality_id == owner
    assert finding.message == message


def test_a_protocol_with_clearly_fewer_pupils_of_a_school_than_its_export_is_told(
    any_engine: Engine,
) -> None:
    sound(any_engine)
    part = marks("440101", None, participants=7, mark_2=1, mark_3=3, mark_4=2, mark_5=1)
    load(any_engine, "vpr_protocols", {"mark_result": [part]}, "vpr/2020/autumn/5/математика")
    (finding,) = findings(any_engine, frozen(any_engine))["PAPER_TWICE"]
    assert finding.message.endswith(
        "У 1\u00a0школы участников в протоколах заметно меньше: проверьте, целы ли протоколы."
    )


def test_rows_of_pupils_are_only_counted_so_nobody_is_told_to_mend_them(any_engine: Engine) -> None:
    sound(any_engine)
    kept = {"row": None, "rule": "TOTAL_ZERO", "rows": 3, "message": "Первичный балл — 0"}
    load(any_engine, "vpr_protocols", {"rejected_row": [kept]}, rows_rejected=3)
    (finding,) = findings(any_engine, frozen(any_engine))["ROWS_REJECTED"]
    assert finding.message.endswith(
        "Запросите исправленный файл: почему строки отклонены, сказал приём."
    )


def test_a_phase_is_told_nothing_of_what_it_does_not_read(engine: Engine) -> None:
    sound(engine)
    load(engine, "medk_documents", {"medk_document": [medk(school_id="SH-999")]}, rows_rejected=3)
    refuse(engine, "risk_profiles")
    march = set(findings(engine, frozen(engine)))
    june = set(findings(engine, frozen(engine, phase="june_monitoring")))
    assert june - march == {"UNKNOWN_SCHOOL", "ROWS_REJECTED", "FILE_REFUSED"}


def test_a_register_may_tell_of_a_school_that_left_the_project(any_engine: Engine) -> None:
    schools = [
        school(101, "buyskiy"),
        school(102, "buyskiy", project_to="2021-04-30"),
        school(103, "buyskiy", project_from=None),
    ]
    registries(any_engine, schools)
    profiles = [risk(school_id=f"SH-{number}", row=number) for number in (101, 102, 103)]
    load(any_engine, "risk_profiles", {"risk": profiles})
    found = findings(any_engine, frozen(any_engine, phase="june_monitoring"))
    (told,) = found["NOT_PARTICIPANT"]
    assert told.message == (
        "Школа не участвует в проекте: код SH•••3. Файл «risk_profiles.xlsx», лист «Лист», "
        "строка 103, всего 1\u00a0строка. Исправьте код или впишите участие в файл «Реестр "
        "школ»; пока не учтена."
    )


def test_programmes_of_a_school_without_a_risk_profile_are_in_no_doubt(engine: Engine) -> None:
    sound(engine)
    programme = medk("антирисковая программа", factor="parents")
    load(engine, "medk_documents", {"medk_document": [programme]})
    assert "RISK_NOT_ACTIVATED" not in findings(engine, frozen(engine, phase="june_monitoring"))


def test_a_schedule_of_its_own_is_for_measures_that_have_no_date_in_the_order(
    engine: Engine,
) -> None:
    sound(engine)
    dates = [
        {"measure": number, "due_on": "2021-04-30", "basis": "график"}
        for number in ("1", "5", "99")
    ]
    load(engine, "own_schedule", {"own_schedule_date": dates})
    found = findings(engine, frozen(engine, phase="june_monitoring"))
    assert [row.message for row in found["DATE_OF_THE_ORDER"]] == [
        "Срок мероприятия № 5 назван в приказе, дата отдельного графика не действует. Удалите "
        "строку из файла «Отдельный график»."
    ]
    assert "№ 99" in found["UNKNOWN_MEASURE"][0].message


def test_an_act_that_looks_like_a_required_one_is_told_and_any_other_is_not(
    engine: Engine,
) -> None:
    sound(engine)
    acts = [
        {
            "act_id": f"a{number}", "document": title, "number": "1", "signed_on": "2021-03-19",
            "state": "approved",
        }
        for number, title in enumerate(
            (
                "список кураторов школ",
                "список кураторов школы",
                "положение о проекте 500+",
                "письмо о порядке анкетирования",
            )
        )
    ]  # fmt: skip
    load(engine, "regional_acts", {"regional_act": acts})
    found = findings(engine, frozen(engine, phase="june_monitoring"))
    assert [row.message for row in found["ACT_NOT_IN_PLAN"]] == [
        "Акт «положение о проекте 500+» назван не так, как в плане («положение о проекте»), и не "
        "засчитан. Исправьте столбец «Документ» в файле региональных актов."
    ]


def test_a_school_that_left_is_told_from_an_unknown_one(engine: Engine) -> None:
    sound(engine)
    schools = [school(101, "buyskiy"), school(102, "buyskiy", valid_to="2021-01-31")]
    _replaced(engine, "registry_schools", {"school": schools})
    results = {"mark_result": [marks("440102", "Буйский муниципальный район")]}
    load(engine, "vpr_marks", results, "other")
    found = findings(engine, frozen(engine))
    assert "UNKNOWN_SCHOOL" not in found
    assert found["SCHOOL_LEFT"][0].municipality_id == "buyskiy"


def test_a_school_of_an_unknown_municipality_is_told_and_left_out(engine: Engine) -> None:
    registries(engine, [school(101, "buyskiy"), school(102, "atlantis")])
    run_id = frozen(engine)
    assert [row.school_id for row in rows(engine, run_school, run_id)] == ["SH-101"]
    (finding,) = findings(engine, run_id)["UNKNOWN_MUNICIPALITY"]
    assert "«atlantis»" in finding.message


def test_a_refused_file_that_was_put_right_is_forgotten(engine: Engine) -> None:
    sound(engine)
    refuse(engine, "documents", received_ms=NOW - 3 * DAY_MS)
    load(engine, "documents", {}, received_ms=NOW - 2 * DAY_MS)
    assert "FILE_REFUSED" not in findings(engine, frozen(engine))


def test_a_base_that_an_old_file_does_not_name_is_told_once(engine: Engine) -> None:
    sound(engine)
    internships = [event(f"i{n}", 16) | {"kind": "стажировка"} for n in range(3)]
    of_leader = event("i4", 16) | {"kind": "стажировка", "host_kind": "leader_school"}
    rest = [of_leader, of_leader | {"event_id": "i5", "host": "Лицей"}, event("w", 16)]
    _replaced(engine, "events", {"event": [event(), *internships, *rest]})
    found = findings(engine, frozen(engine))
    assert [row.message for row in found["BASE_NOT_SAID"]] == [
        "Вид площадки или сама площадка не указаны у стажировок мероприятия № 16, проведено "
        "таких: 4. Они не засчитаны как проведённые на базе школ-лидеров: нет сведений о базе. "
        "Заполните столбцы «Вид площадки» и «Площадка» в файле мероприятий."
    ]


def test_an_event_that_names_no_deficit_is_told_with_others_of_its_measure(engine: Engine) -> None:
    sound(engine)
    named = event("e2", 8) | {"subject": "математика", "grade": 5}
    _replaced(engine, "events", {"event": [event("e1", 8), named, event("e3", 8)]})
    found = findings(engine, frozen(engine))
    assert ["№ 8, проведено таких: 2." in row.message for row in found["TOPIC_NOT_SAID"]] == [True]


def test_what_the_plan_does_not_know_is_told(engine: Engine) -> None:
    sound(engine)
    _replaced(engine, "events", {"event": [event(), event("e2", 99)]})
    paper = {
        "document_id": "d", "indicator": "99.9", "title": "Т", "number": "1",
        "signed_on": "2021-03-12", "state": "approved",
    }  # fmt: skip
    load(engine, "documents", {"document": [paper]})
    found = findings(engine, frozen(engine))
    assert "№ 99" in found["UNKNOWN_MEASURE"][0].message
    assert "«99.9»" in found["UNKNOWN_INDICATOR"][0].message
    named = {"buyskiy", "galich", "neyskiy"}  # in this registry
    missing = [one.name for one in PLAN.municipalities if one.id not in named]
    told = found["MUNICIPALITY_NOT_IN_REGISTRY"]
    assert len(told) == len(missing)
    assert all(f"«{name}» нет" in row.message for name, row in zip(missing, told, strict=True))


@pytest.mark.parametrize(
    "names",
    [
        pytest.param([], id="its row was not accepted"),
        pytest.param([named("kostroma", "Кострома", valid_to="2021-03-30")], id="its name ended"),
    ],
)
def test_a_participant_without_a_name_in_the_registry_is_still_expected_and_told(
    any_engine: Engine, names: list[dict[str, Any]]
) -> None:
    schools = [school(101, "buyskiy"), school(102, "kostroma")]
    registries(any_engine, schools, [*MUNICIPALITIES, *names])
    run_id = frozen(any_engine)
    found = units(any_engine, run_id)
    assert (found["kostroma"].is_participating, found["kostroma"].is_selected) == (1, 1)
    assert found["kostroma"].name == "городской округ город Кострома"
    assert {row.school_id for row in rows(any_engine, run_school, run_id)} == {"SH-101", "SH-102"}
    told = findings(any_engine, run_id)["MUNICIPALITY_NOT_IN_REGISTRY"]
    (own,) = [row.message for row in told if row.municipality_id == "kostroma"]
    assert own == (
        "Муниципалитета «городской округ город Кострома» нет в реестре на 31.03.2021, а письма "
        "по плану ему положены: письмо ему не составляется. Исправьте его строку в файле «Реестр "
        "муниципалитетов» и очистите «Приём данных»."
    )


def test_the_summary_tells_what_is_in_doubt_without_an_address_or_a_whole_login(
    engine: Engine,
) -> None:
    sound(engine)
    for _, spoil, _, _ in CASES.values():
        spoil(engine)
    run_id = frozen(engine)
    summary = run_summary(engine, run_id)
    text = "\n".join((*summary.frozen, *summary.doubts))
    found = rows(engine, run_finding, run_id)
    assert f"Замечания: {len(found)}\n" in text
    rules = Counter(row.rule for row in found)
    few = [row.message for row in found if rules[row.rule] <= 5]
    assert few
    assert all(message in text for message in few)
    assert "Муниципалитетов: 3, участвуют 1" in text
    assert not re.search(r"@|sch\d{6}", text)


def test_of_many_findings_of_one_kind_the_summary_tells_the_first_and_how_many_more(
    engine: Engine,
) -> None:
    registries(engine)
    strangers = [
        marks(f"44{number:04}", "Буйский муниципальный район") for number in range(900, 912)
    ]
    load(engine, "vpr_marks", {"mark_result": strangers})
    lines = run_summary(engine, frozen(engine)).doubts
    assert sum("Школа не найдена в реестре" in line for line in lines) == 5
    assert "  и ещё 7\u00a0таких же" in lines


def test_the_summary_says_what_follows_from_a_dataset_that_did_not_come(engine: Engine) -> None:
    registries(engine)
    load(engine, "ege_protocols", {}, state="refused", refusal_code="HEADER", refusal_message="Т.")
    lines = run_summary(engine, frozen(engine)).doubts
    assert "— «ВПР: статистика по отметкам»: не поступили, писем не будет" in lines
    assert (
        "— «ЕГЭ: протоколы РЦОИ»: файлы не приняты, в отчётах будет сказано «нет данных»" in lines
    )


def test_no_finding_holds_an_address(engine: Engine) -> None:
    sound(engine)
    for _, spoil, _, _ in CASES.values():
        spoil(engine)
    found = findings(engine, frozen(engine))
    assert len(found) >= 8
    assert not any("@" in row.message for told in found.values() for row in told)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        pytest.param({"as_of": date(2021, 3, 20)}, "Отчётная дата", id="another day"),
        pytest.param({"known_at_ms": NOW - DAY_MS}, "Задан момент", id="another moment"),
    ],
)
def test_a_run_of_another_day_or_moment_may_not_write_to_addressees(engine, change, says):
    registries(engine)
    with pytest.raises(LiveRefused, match=says):
        frozen(engine, mode="live", **change)
    assert frozen(engine, mode="redirect", **change)


def test_nobody_is_written_to_before_the_phase_begins(engine: Engine) -> None:
    registries(engine)
    begins = datetime.combine(PLAN.phase(REQUEST.phase).starts, time.min, PLAN.local_time.zone)
    soon = round(begins.timestamp() * 1000)
    with engine.begin() as db:
        db.execute(update(load_batch).values(received_ms=0, loaded_ms=0))
    for mode, now_ms, is_refused in (
        ("live", soon - 1, True),
        ("live", soon, False),
        ("redirect", soon - 1, False),
    ):
        request = replace(REQUEST, mode=mode)
        plan = PLAN.model_copy(update={"in_force": date(2021, 1, 1)})
        if is_refused:
            with pytest.raises(LiveRefused, match=r"не раньше 01\.03\.2021"):
                freeze(engine, plan, request, now_ms, "dev", "0" * 64)
        else:
            assert freeze(engine, plan, request, now_ms, "dev", "0" * 64)


@pytest.mark.parametrize(("asked", "mode"), [("live", "redirect"), ("dry", "dry")])
def test_a_run_of_a_plan_that_is_not_in_force_writes_to_the_test_address_only(
    engine: Engine, asked: str, mode: str
):
    registries(engine)
    draft = PLAN.model_copy(update={"in_force": None})
    request = replace(REQUEST, mode=asked, as_of=date(2021, 3, 20))
    run_id = freeze(engine, draft, request, NOW, "dev", "0" * 64)
    assert [run.mode for run in rows(engine, phase_run, run_id)] == [mode]


@pytest.mark.parametrize(
    ("in_force", "mode"), [(date(2021, 3, 31), "live"), (date(2021, 4, 1), "redirect")]
)
def test_a_plan_writes_to_addressees_from_the_day_on_which_it_is_in_force(
    engine: Engine, in_force: date, mode: str
):
    """The run is made on 31.03.2021, whatever day it judges."""
    registries(engine)
    plan = PLAN.model_copy(update={"in_force": in_force})
    run_id = freeze(engine, plan, replace(REQUEST, mode="live"), NOW, "dev", "0" * 64)
    assert [run.mode for run in rows(engine, phase_run, run_id)] == [mode]


def test_appeals_of_a_school_without_a_result_are_told(any_engine: Engine) -> None:
    sound(any_engine)
    load(any_engine, "gia_appeals", {"appeal_change": [appeal(OGE)]})
    found = findings(any_engine, frozen(any_engine, phase="august_analysis"))
    (finding,) = found["APPEAL_WITHOUT_RESULT"]
    assert finding.municipality_id == "buyskiy"
    assert finding.message.startswith(
        "Апелляции школы, о результатах которой на этом экзамене сведений нет. "
        "Файл «gia_appeals.xlsx», лист «Лист»: математика, «Школа № 101 (условная)»."
    )


def test_appeals_of_an_unknown_and_of_a_foreign_school_are_told(any_engine: Engine) -> None:
    sound(any_engine)
    changes = [
        appeal(OGE, school_ref="999999"),
        appeal(OGE, municipality_ref=municipality_ref("город Галич")),
    ]
    load(any_engine, "gia_appeals", {"appeal_change": changes})
    found = findings(any_engine, frozen(any_engine, phase="august_analysis"))
    assert found["UNKNOWN_SCHOOL"]
    assert found["FOREIGN_SCHOOL"][0].municipality_id == "buyskiy"
    assert "APPEAL_WITHOUT_RESULT" not in found, "a foreign school's appeal is nobody's"


def test_every_question_of_what_is_in_doubt_has_its_sentences() -> None:
    sentences = read_yaml((TEMPLATES / "evidence/findings.yaml").read_text("utf-8"))
    asked = {path.stem: path.read_text("utf-8") for path in (SQL / "evidence/findings").iterdir()}
    assert asked.keys() == sentences.keys() - {"plan", "unnamed", "unsaid"}
    for query, text in asked.items():
        named = set(re.findall(r"(?:then|else) '([A-Z_]{5,})'", text))
        assert named == (set(sentences[query]) if "as rule" in text else set()), query
        assert named or len(sentences[query]) == 1, query
