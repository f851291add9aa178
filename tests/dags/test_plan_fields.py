"""Every field of a plan tells in something that people see: a field that nobody reads is a lie."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import partial
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

import pytest
from pydantic import BaseModel
from sqlalchemy import select

import roadmap_airflow.plans
from roadmap.delivery.account.watch import due_closings, due_reminders, missed_runs
from roadmap.delivery.letters.planning import plan_deliveries
from roadmap.evidence.freeze import freeze
from roadmap.evidence.request import RunRequest
from roadmap.indicators.evaluate import evaluate
from roadmap.indicators.explain import explain
from roadmap.plan.checks import contradictions
from roadmap.plan.load import load_plan
from roadmap.plan.model import Plan, occasions
from roadmap.reports.compose import compose
from roadmap.reports.formats.letter import LetterText
from roadmap.reports.package import Package
from roadmap.store.tables import (
    delivery,
    indicator_gap,
    indicator_result,
    measure_status,
    metadata,
    phase_run,
    report,
    run_dataset,
    run_municipality,
)
from roadmap_airflow.forms import phase_params
from roadmap_airflow.plans import phase_datasets
from roadmap_airflow.timetable import phase_timetable
from roadmap_cli.explain import in_russian
from support import analysis_rows, august_rows, monitoring_rows
from support.ledger_world import NOW_MS, SETTINGS, make_run, states
from support.report_models import make_model
from support.run_rows import RUN_ID, put_batch
from support.whole_year import memory_engine, put_year, whole_year

PLAN = load_plan("2021").model_copy(update={"closed": False})
FOLDER = None  # nothing is attached to these letters
PACKAGE = Package(LetterText("Тема", "<p>Текст</p>", "Текст"), ())
PHASES = [phase.code for phase in PLAN.phases]
Path = tuple[str | int, ...]


# -- What people see ---------------------------------------------------------------------------


def letters_of(world: Any) -> Callable[[Plan], str]:
    """The reports of one frozen run: letters, documents, workbooks."""
    engine = memory_engine()
    run_id = world.insert(engine)

    def told(plan: Plan) -> str:
        compose(engine, plan, run_id, "roadmap@example.org")
        with engine.connect() as db:
            return "".join(
                db.execute(select(report.c.model).order_by(report.c.municipality_id)).scalars()
            )

    return told


def figures(plan: Plan, phase: str = "december_summary") -> str:
    """What became of the indicators of a whole year: figures, what is missing, statuses."""
    engine = memory_engine()
    put_year(engine, plan, whole_year(), phase=phase)
    tables = (indicator_result, indicator_gap, measure_status)
    found: list[Any] = []
    for when in ("evidence", "ledger"):
        evaluate(engine, plan, RUN_ID, measured_from=when)
        with engine.connect() as db:
            found += [sorted(str(tuple(row)) for row in db.execute(select(one))) for one in tables]
    return str(found)


def explained(plan: Plan) -> str:
    """Where the numbers of December come from, of each indicator of the region."""
    engine = memory_engine()
    rows = whole_year()
    rows["run_municipality"].append({"municipality_id": "region"})
    put_year(engine, plan, rows)
    latest = "latest:december_summary"
    codes = [indicator.code for measure in plan.measures for indicator in measure.indicators]
    with engine.connect() as db:
        found = (explain(db, latest, "region", code, lambda _: plan) for code in codes)
        return "\n".join(map(in_russian, found))


def forms(plan: Plan) -> str:
    """The trigger forms, what each phase takes in, and when it runs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(roadmap_airflow.plans, "valid_plans", lambda: (plan,))
        return str(
            [
                ({name: one.dump() for name, one in phase_params(phase).items()},
                 phase_datasets(phase),
                 phase_timetable(phase).serialize())
                for phase in PHASES
            ]
        )  # fmt: skip


def check(plan: Plan) -> str:
    """What is said of a plan that contradicts itself."""
    return str(contradictions(plan, lambda _: True, None))


def watch(plan: Plan) -> str:
    """What the operator is told of phases that did not run, and when is reminded of what."""
    engine = memory_engine()
    missed = missed_runs(engine, [plan], datetime(2022, 2, 1, tzinfo=UTC))
    days = [date(2021, 1, 1) + timedelta(days=n) for n in range(365)]
    of_due_dates = [phase.model_dump_json() for phase in occasions(plan)]
    return str(
        (
            [run.sentence(None) for run in missed],
            [due_reminders(engine, [plan], day) for day in days],
            [due_closings(engine, [plan], day) for day in days],
            of_due_dates,
        )
    )


def planned(plan: Plan) -> str:
    """What becomes of the letters of a phase, and of a correction that nobody gave a reason for."""
    engine = memory_engine()
    told = []
    for run_id in ("run-1", "run-2"):
        make_run(engine, run_id, contacts={"buy": ("buy@example.org",)})
        model = make_model()
        letter = model.letter.model_copy(update={"headline": run_id})
        whose = model.addressee.model_copy(update={"municipality_id": "buy"})
        model = model.model_copy(update={"letter": letter, "addressee": whose})
        with engine.begin() as db:
            kept = {"content_sha256": model.content_sha256(), "model": model.model_dump_json()}
            db.execute(report.insert(), {"run_id": run_id, "municipality_id": "buy", **kept})
        told += plan_deliveries(
            engine, plan, run_id, ["buy"], FOLDER, SETTINGS, NOW_MS, lambda *_: PACKAGE
        )
        told += states(engine).items()
        with engine.begin() as db:
            accepted = {"state": "accepted", "accepted_via": "reply", "last_code": 250}
            db.execute(delivery.update().where(delivery.c.state == "ready").values(accepted))
    return str(told)


def frozen(plan: Plan) -> str:
    """Under which names a run freezes its addressees: they stand on every regional report."""
    engine = memory_engine()
    forever = {"sheet": "Лист", "row": 2, "valid_from": "2010-01-01"}
    of_school = {"school_id": "SH-1", "name": "Школа № 1", "project_from": "2021-02-15"}
    with engine.begin() as db:
        put_batch(db, "towns", "registry_municipalities", None)
        put_batch(db, "schools", "registry_schools", None)
        names = dict.fromkeys(("name", "genitive", "short_name"), "городской округ город Буй")
        key = {"municipality_id": "buy", **forever}
        towns, schools = metadata.tables["municipality_name"], metadata.tables["school"]
        db.execute(towns.insert(), {"batch_id": "towns", **names, **key})
        without_schools = {**key, "municipality_id": "galich", "row": 3}
        db.execute(towns.insert(), {"batch_id": "towns", **names, **without_schools})
        db.execute(schools.insert(), {"batch_id": "schools", **of_school, **key})
    request = RunRequest("2021", "march_analysis", "dry", None, None, (), None, "test")
    run_id = freeze(engine, plan, request, NOW_MS, "test", "0" * 64)
    with engine.connect() as db:
        rows = db.execute(select(run_municipality).where(run_municipality.c.run_id == run_id))
        needs = db.execute(select(run_dataset.c.dataset, run_dataset.c.need)).all()
        judged = db.execute(select(phase_run.c.as_of)).all()
        return str((sorted(str(tuple(row)[1:]) for row in rows), sorted(map(tuple, needs)), judged))


REPORTS = {
    "march": letters_of(analysis_rows.made_run(analysis_rows.buyskiy())),
    "august": letters_of(august_rows.august_run(august_rows.buyskiy())),
    "june": letters_of(monitoring_rows.june(monitoring_rows.buyskiy())),
    "december": letters_of(monitoring_rows.december(monitoring_rows.buyskiy())),
}
SEEN: dict[str, Callable[[Plan], str]] = {
    **REPORTS, "check": check, "figures": figures, "forms": forms, "watch": watch,
    "planned": planned, "frozen": frozen,
    "explained": explained,
    "figures of june": partial(figures, phase="june_monitoring"),
}  # fmt: skip
# Where to look for each kind of thing in a plan, and for the fields that are seen elsewhere.
LOOK: dict[str, tuple[str, ...]] = {
    "Plan.last_year": ("check",),
    "Plan.addressees": ("frozen",),
    "Plan": ("forms", "watch", "march"),
    "Order": ("march",),
    "Region.phone_forms": ("check",),
    "Region": ("march", "watch", "forms"),
    "Operator": ("march",),
    "Department": ("june", "forms", "frozen"),
    "Contact": ("march",),
    "Analysis.low_procedures": ("march",),
    "Analysis": ("march", "august"),
    "Municipality": ("forms",),
    "Measure.number": ("watch",),
    "Measure.section": ("check",),
    "Phase.code": ("forms",),
    "Phase.as_of": ("frozen",),
    "IndicatorPart.sql": ("figures",),
    "IndicatorPart.parameters": ("figures",),
    "Indicator.measured_from": ("figures of june",),
    "Measure": ("june", "figures"),
    "OnDay": ("figures", "watch"),
    "Period": ("figures", "watch"),
    "WholePeriod": ("figures", "watch"),
    "OwnSchedule": ("watch",),
    # Of an indicator whose target stands elsewhere, or that is no change: a contradiction.
    "Indicator.targets": ("check",),
    "Indicator.quarter_targets": ("check",),
    "Indicator.baseline": ("check",),
    "Indicator.baseline_on": ("check",),
    "Indicator": ("june", "figures", "december", "march"),
    "IndicatorPart": ("june", "figures", "december"),
    "Unit": ("june", "december"),
    "Recommendation": ("june", "december"),
    "Phase": ("march", "june", "forms", "watch", "planned"),
    "Datasets": ("forms", "watch", "frozen"),
    "Approval": ("planned",),
    "ReplyBy": ("march", "june"),
    "Procedure": ("march", "august"),
    "PositiveChanges": ("june",),
    "Comparison": ("august",),
    "Reminders": ("watch",),
    "Closings": ("watch",),
    "Waiver": ("check", "june", "explained"),
}


# -- One field, another value ------------------------------------------------------------------


def fields_of(node: BaseModel, path: Path = ()) -> Iterator[tuple[str, Path]]:
    """Every field that holds no further fields: «Phase.title», and where it stands."""
    for name in type(node).model_fields:
        value = getattr(node, name)
        within = value if isinstance(value, tuple) else (value,)
        if any(isinstance(one, BaseModel) for one in within):
            for place, one in enumerate(within):
                deeper = (*path, name, place) if isinstance(value, tuple) else (*path, name)
                yield from fields_of(one, deeper)
        elif not (_holds_parts(type(node).model_fields[name].annotation) or _is_tag(node, name)):
            yield f"{type(node).__name__}.{name}", (*path, name)


def _holds_parts(annotation: Any) -> bool:
    """Whether further fields would stand there: an empty list of them is no value to change."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return True
    return any(_holds_parts(one) for one in get_args(annotation))


def _is_tag(node: BaseModel, name: str) -> bool:
    """Whether the field only tells windows apart: each kind of them has one value."""
    return name == "kind" and len(get_args(type(node).model_fields[name].annotation)) == 1


def changed(node: Any, path: Path) -> Any:
    """The plan with another value of the same kind at the path."""
    step, *rest = path
    if isinstance(node, tuple):
        return (*node[:step], changed(node[step], tuple(rest)), *node[step + 1 :])
    old = getattr(node, str(step))
    new = changed(old, tuple(rest)) if rest else another(old, node, str(step))
    return node.model_copy(update={str(step): new})


def another(value: Any, node: BaseModel, name: str) -> Any:
    kind = type(node).model_fields[name].annotation
    choices = [c for one in _kinds(kind) if get_origin(one) is Literal for c in get_args(one)]
    match value:
        case _ if others := OTHER.get(f"{type(node).__name__}.{name}", OTHER.get(name, ())):
            return next(one for one in others if one != value)
        case _ if choices:
            return next(choice for choice in choices if choice != value)
        case None:
            wanted = next(one for one in _kinds(kind) if one is not NoneType)
            return date(2021, 5, 31) if wanted is date else "иное"
        case bool():
            return not value
        case StrEnum():
            return next(one for one in type(value) if one is not value)
        case int() | float():
            return value + 1
        case str():
            return f"{value} (иначе)"
        case date():
            return value + timedelta(days=40)
        case time():
            return value.replace(hour=value.hour + 1)
        case dict():
            return {key: another_scalar(one) for key, one in value.items()} or {"added": 1}
        case tuple():
            return value[:-1] if value else ("june_monitoring",)
    raise TypeError(f"{name}: {value!r}")


def another_scalar(value: Any) -> Any:
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 1
        case tuple():
            return value[:-1]
    return "curator" if value == "coordinator" else f"{value} (иначе)"


def _kinds(annotation: Any) -> tuple[Any, ...]:
    origin = get_origin(annotation)
    if origin in (Union, UnionType):
        return tuple(one for part in get_args(annotation) for one in _kinds(part))
    return (annotation,)


# Where any other text would be refused: a query, a procedure of the phase.
OTHER = {
    "sql": ("attendance_share", "schools_present"),
    "time_zone": ("Asia/Yekaterinburg",),
    "last_year": (2020,),
    "current": ("oge/2021/main", "vpr/2021/spring"),
    "Procedure.kind": ("oge", "vpr"),
    "quarter_targets": ({1: 1},),
}
PLACES: dict[str, list[Path]] = {}
for _name, _path in fields_of(PLAN):
    PLACES.setdefault(_name, []).append(_path)
BEFORE: dict[str, str] = {}


def is_seen(plan: Plan, where: str) -> bool:
    if where not in BEFORE:
        BEFORE[where] = SEEN[where](PLAN)
    return SEEN[where](plan) != BEFORE[where]


@pytest.mark.parametrize("field", PLACES)
def test_another_value_of_a_field_is_seen(field: str):
    where = LOOK[field] if field in LOOK else LOOK[field.partition(".")[0]]
    assert any(is_seen(changed(PLAN, path), one) for one in where for path in PLACES[field])
