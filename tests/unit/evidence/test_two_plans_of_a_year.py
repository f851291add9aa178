"""Two roadmaps of one year in one installation never see each other's evidence, runs or letters."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from roadmap.delivery.letters.contacts import activate
from roadmap.evidence.intake import batches_in_force, take_in
from roadmap.evidence.troubles import lying_files, standing_troubles
from roadmap.indicators.explain import find_run
from roadmap.plan.load import PlanError, load_plans
from roadmap.store.sql import sql
from roadmap.store.tables import recipient, run_outcome
from support.evidence_files import PLAN
from support.evidence_world import SOURCES, World, act, read_here
from support.ledger_world import NOW_MS, everybody, make_run
from support.plans import SMALL_PLANS

SECOND = PLAN.model_copy(update={"code": "schools-2021"})
FIRST_MARCH, SECOND_MARCH = "2021/march_analysis", "schools-2021/march_analysis"


@pytest.fixture
def any_world(any_engine: Engine, tmp_path: Path) -> World:
    return World(any_engine, tmp_path)


def test_each_plan_takes_in_its_own_folder_even_where_the_files_are_the_same(
    any_world: World,
) -> None:
    any_world.put("acts/a.csv", act())
    any_world.pull()
    own = any_world.inbox / "schools-2021" / "acts"
    own.mkdir(parents=True)
    for name, content in (("a.csv", act()), ("b.csv", b"nothing")):
        (own / name).write_bytes(content)
        (own / f"{name}.ready").touch()
    taken = take_in(
        any_world.engine, SOURCES["municipal_acts"], any_world.inbox, any_world.archive, SECOND,
        any_world.now_ms, parse=read_here,
    )  # fmt: skip
    assert (taken.accepted, taken.refused) == (1, 1)
    with any_world.engine.begin() as db:
        first, second = (
            {batch.batch_id for batch in batches_in_force(db, plan.code, any_world.now_ms)}
            for plan in (PLAN, SECOND)
        )
        assert (len(first), len(second)) == (1, 1)
        assert first != second
        assert standing_troubles(db, PLAN.code) == ()
        (trouble,) = standing_troubles(db, SECOND.code)
    assert trouble.whose_plan == "«schools-2021»"
    assert lying_files(any_world.engine, PLAN.code) == ()
    assert [one.place for one in lying_files(any_world.engine, SECOND.code)] == ["acts/b.csv"]


def test_runs_and_addressees_of_one_plan_are_none_of_the_others(any_engine: Engine) -> None:
    make_run(any_engine, "first", contacts={"buy": ("buy@example.org",)}, started_ms=2)
    make_run(
        any_engine, "second", contacts={"neya": ("neya@example.org",)}, occasion=SECOND_MARCH,
        started_ms=3,
    )  # fmt: skip
    assert list(everybody(any_engine, "first")) == ["buy"]
    assert list(everybody(any_engine, "second")) == ["neya"]
    with any_engine.begin() as db:
        for plan, key in ((PLAN, "buy"), (SECOND, "neya")):
            of_plan = {"plan_code": plan.code}
            known = db.execute(sql("delivery/known_addressees"), of_plan).all()
            assert [row.municipality_id for row in known] == [key]
            told = db.execute(sql("delivery/live_runs_that_told"), of_plan).all()
            assert len(told) == 1
            asked = of_plan | {"phase": "march_analysis", "municipality_id": key}
            (run,) = db.execute(sql("delivery/runs_for_addressee"), asked).all()
            assert run.run_id == ("first" if plan is PLAN else "second")
        assert find_run(db, "latest:march_analysis")["run_id"] == "second"
        assert find_run(db, f"latest:{FIRST_MARCH}")["run_id"] == "first"
        assert find_run(db, f"latest:{SECOND_MARCH}")["run_id"] == "second"


def test_an_address_that_one_plan_names_stays_valid_when_the_other_is_mailed(
    any_engine: Engine,
) -> None:
    """Else letters of the first plan would wait for ever for an address that nobody may use."""
    make_run(any_engine, "first", contacts={"buy": ("old@example.org", "both@example.org")})
    make_run(
        any_engine, "second", contacts={"buy": ("new@example.org", "both@example.org")},
        occasion=SECOND_MARCH,
    )  # fmt: skip
    make_run(any_engine, "again", contacts={"buy": ("both@example.org",)}, started_ms=NOW_MS + 1)

    def mailed(run_id: str, plan_code: str) -> set[str]:
        """The valid addresses once that run has decided about the addressee."""
        theirs = everybody(any_engine, run_id)["buy"]
        with any_engine.begin() as db:
            activate(db, plan_code, "buy", "2021-03-31", theirs)
            db.execute(
                run_outcome.insert(),
                [
                    {"run_id": run_id, "municipality_id": "buy", "recipient_id": one.recipient_id,
                     "outcome": "planned"}
                    for one in theirs
                ],
            )  # fmt: skip
            valid = select(recipient.c.addr).where(recipient.c.active == 1)
            return {addr.partition("@")[0] for addr in db.scalars(valid)}

    assert mailed("first", "2021") == {"old", "both"}
    assert mailed("second", "schools-2021") == {"old", "new", "both"}
    assert mailed("again", "2021") == {"new", "both"}


def test_two_plans_of_a_year_need_codes_of_their_own_for_phases_of_the_same_days(
    tmp_path: Path,
) -> None:
    """A DAG tells its runs apart by the moment at which their window begins."""
    text = (SMALL_PLANS / "2021.yaml").read_text("utf-8")
    second = text.replace("year: 2021", "year: 2021\ncode: schools-2021", 1)
    (tmp_path / "2021.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "schools-2021.yaml").write_text(second, encoding="utf-8")
    plans, (error,) = load_plans(tmp_path)
    assert [plan.code for plan in plans] == ["2021"]
    assert isinstance(error, PlanError)
    assert "дайте этапу этого плана свой код, например «march_analysis_2»" in str(error)
    for phase in plans[0].phases:
        second = second.replace(phase.code, f"{phase.code}_2")
    (tmp_path / "schools-2021.yaml").write_text(second, encoding="utf-8")
    plans, errors = load_plans(tmp_path)
    assert (errors, [plan.code for plan in plans]) == ((), ["2021", "schools-2021"])
    assert {plan.year for plan in plans} == {2021}
    assert all(plan.is_in_force(date(2021, 12, 31)) for plan in plans)
