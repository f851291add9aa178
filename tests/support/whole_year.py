"""A small year in which every indicator of the plan of 2021 is met, as rows written by hand.

Two municipalities, three project schools; the run is December's and judges 31.12.2021. A test
takes something away, moves a day, or lets a register go missing, and looks what becomes of it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, delete, select, update

from conftest import create_all
from roadmap.indicators.evaluate import evaluate
from roadmap.indicators.read import Gap, IndicatorResult, gaps, indicator_results
from roadmap.plan.model import Plan
from roadmap.store.engine import open_engine
from roadmap.store.tables import load_batch, metadata, run_batch
from support.run_rows import (
    DATASETS,
    FACT_TABLES,
    RUN_ID,
    amended,
    check_list,
    put,
    put_risks,
    put_rules,
    put_run,
)

BUYSKIY, GALICH, REGION = "buyskiy", "galich", "region"
# Not in the project, as the school s9 and its curator c9: nothing is asked of them.
OUTSIDE = "sharya"
SCHOOLS = {"s1": BUYSKIY, "s2": BUYSKIY, "s3": GALICH}
CURATORS = {"c1": "s1", "c2": "s2", "c3": "s3"}
COORDINATORS = {"k1": BUYSKIY, "k2": GALICH}
KNOWN_AT_MS = 1_640_900_000_000  # 30.12.2021
# The day each earlier phase was run and knew of: long before.
EARLIER_MS = 1_600_000_000_000
EARLIER = {
    "march_analysis": "2021-03-31",
    "june_monitoring": "2021-06-30",
    "august_analysis": "2021-08-31",
    "september_monitoring": "2021-09-30",
}
# The runs that told of a stage of МЭДК's monitoring of positive changes, and when it was marked.
STAGES = {"june_monitoring": (1, "2021-06-10"), "september_monitoring": (2, "2021-09-15")}
# The events that people are counted at: of which measure, and when.
MEETINGS = {
    "kickoff-2021": ("2", "2021-02-20"),
    "webinar-2021-03-12": ("6", "2021-03-12"),
    "webinar-2021-06": ("13", "2021-06-29"),
    "webinar-2021-12": ("17", "2021-12-15"),
}
Rows = dict[str, list[dict[str, Any]]]
Change = Callable[[Connection], None]


def whole_year() -> Rows:
    """Rows by table: `put_year` puts them, with the plan's rules and a frozen batch each."""
    return {
        "runs": [
            {"run_id": phase, "phase": phase, "as_of": as_of, "known_at_ms": EARLIER_MS}
            for phase, as_of in EARLIER.items()
        ],
        "run_municipality": [
            *({"municipality_id": unit} for unit in (BUYSKIY, GALICH)),
            {"municipality_id": OUTSIDE, "is_participating": 0},
        ],
        "run_school": [
            *({"school_id": school, "municipality_id": unit} for school, unit in SCHOOLS.items()),
            {"school_id": "s9", "municipality_id": GALICH, "is_participating": 0},
            *(
                {"school_id": school, "municipality_id": unit, "run_id": run}
                for run in STAGES
                for school, unit in SCHOOLS.items()
            ),
        ],
        "person_role": [
            *(
                {"person_id": person, "role": "coordinator", "municipality_id": unit}
                for person, unit in COORDINATORS.items()
            ),
            *(
                {"person_id": person, "role": "curator", "municipality_id": SCHOOLS[school]}
                | {"school_id": school}
                for person, school in CURATORS.items()
            ),
            {"person_id": "k9", "role": "coordinator", "municipality_id": OUTSIDE},
            {"person_id": "c9", "role": "curator", "municipality_id": GALICH, "school_id": "s9"},
        ],
        "own_schedule_date": [{"measure": n, "due_on": "2021-04-15"} for n in ("1", "2", "3")],
        "regional_act": [
            {"act_id": f"a{n}", "document": document, "signed_on": "2021-03-19"}
            for n, document in enumerate(
                (
                    "приказ об участии в проекте (№ 161)",
                    "приказ об утверждении плана-графика (№ 376)",
                    "положение о проекте",
                    "список кураторов школ",
                )
            )
        ],
        "municipal_act": [
            *amended(BUYSKIY, "2021-03-26"), *amended(GALICH, "2021-03-26"),
        ],
        # The recommendations were handed over before March's letter.
        "mechanism_score": [
            *check_list(BUYSKIY, "2021-03-24", goals=0, analysis=1),
            *check_list(GALICH, "2021-03-24", measures=1),
        ],
        "document": [
            {"document_id": code, "indicator": code, "signed_on": day}
            for code, day in {
                "2.2": "2021-02-20", "6.3": "2021-03-12",
            }.items()
        ],
        "survey": [
            *(
                {"respondent": "curator", "person_id": person, "school_id": school}
                | {"questionnaire": "куратор", "closed_on": "2021-04-01"}
                for person, school in CURATORS.items()
            ),
            *(
                {"respondent": "school", "school_id": school, "questionnaire": of}
                | {"closed_on": "2021-04-01"}
                for school in SCHOOLS
                for of in ("директор", "родители")
            ),
        ],
        "publication": [
            {"publication_id": "page", "kind": "page", "channel": "eduportal44"}
            | {"published_on": "2021-03-19"},
            *(
                {"publication_id": f"news-{month}", "published_on": f"2021-{month:02}-25"}
                for month in range(3, 13)
            ),
        ],
        "risk": [{"school_id": school, "factor": "staff"} for school in SCHOOLS],
        "positive_change": [
            {"school_id": school, "factor": "staff", "stage": stage, "marked_on": marked_on}
            for stage, marked_on in STAGES.values()
            for school in SCHOOLS
        ],
        # What the run that recommended and the runs that told of the stages knew.
        "run_batch": [
            {"run_id": "march_analysis", "batch_id": "municipal_mechanisms"},
            *(
                {"run_id": run, "batch_id": dataset}
                for run in STAGES
                for dataset in ("risk_profiles", "medk_changes")
            ),
        ],
        "medk_document": [
            *(
                {"school_id": school, "kind": kind, "state_on": "2021-05-20"}
                for school in SCHOOLS
                for kind in ("концепция развития", "среднесрочная программа развития")
            ),
            *(
                {"school_id": school, "kind": "антирисковая программа", "factor": "staff"}
                | {"state_on": "2021-05-25"}
                for school in SCHOOLS
            ),
        ],
        "programme": [
            {"programme_id": f"p{n}", "title": f"Программа {n}", "approved_on": "2021-04-01"}
            | {"host_kind": "leader_school"}
            for n in (1, 2)
        ],
        "direction": [{"direction_id": "d1", "approved_on": "2021-12-20"}],
        "event": [
            *(
                {"event_id": event, "measure": measure, "kind": "вебинар", "held_on": day}
                for event, (measure, day) in MEETINGS.items()
            ),
            *(
                {"event_id": f"method-{n}", "seminar_id": f"seminar-{n % 5}", "title": f"Тема {n}"}
                | {"held_on": f"2021-03-{n + 15}", "factor": "staff"}
                for n in range(14)
            ),
            *(
                {"event_id": f"tutor-{n}", "measure": "9", "kind": "стажировка"}
                | {"programme_id": f"p{n}", "held_on": "2021-05-10"}
                | {"host_kind": "leader_school", "host": "Лицей"}
                for n in (1, 2)
            ),
            *(
                {"event_id": f"train-{n}", "measure": "10", "kind": "поезд мастеров"}
                | {"title": f"Семинар {n}", "held_on": f"2021-10-{n + 10}", "factor": "staff"}
                for n in range(5)
            ),
            *(
                {"event_id": f"intern-{n}", "measure": "16", "kind": "стажировка"}
                | {"title": f"Стажировка {n}", "held_on": f"2021-11-{n + 1:02}"}
                | {"host_kind": "leader_school", "host": "Лицей"}
                for n in range(20)
            ),
        ],
        "attendance": [
            *(
                {"event_id": event, "role": "coordinator", "person_id": person}
                for event in MEETINGS
                for person in COORDINATORS
            ),
            *(
                {"event_id": event, "role": "curator", "person_id": person}
                for event in MEETINGS
                if event != "kickoff-2021"
                for person in CURATORS
            ),
            *(
                {"event_id": event, "role": "school", "school_id": school}
                for event in ("webinar-2021-06", "webinar-2021-12")
                for school in SCHOOLS
            ),
            *(
                {"event_id": f"train-{n}", "role": "school", "school_id": "s3"}
                for n in range(5)
            ),
            *(
                {"event_id": f"tutor-{n}", "role": "school", "school_id": "s3"}
                for n in (1, 2)
            ),
        ],
        "letters": [
            {"municipality_id": unit, "run_id": phase, "accepted_ms": EARLIER_MS}
            for phase in EARLIER
            for unit in (BUYSKIY, GALICH)
        ],
        # What June and September found, each of its own denominator.
        "monitoring_scope": [
            {"run_id": run, "monitoring": monitoring, "measure": measure}
            for run, monitoring in (("june_monitoring", "12"), ("september_monitoring", "15"))
            for measure in ("5", "6", "8")
        ],
        "measure_status": [
            {"run_id": run, "measure": measure, "municipality_id": unit}
            | {"status": "done", "is_executed": 1}
            for run in ("june_monitoring", "september_monitoring")
            for measure in ("5", "6", "8")
            for unit in (BUYSKIY, GALICH, REGION)
            if measure != "8" or unit == REGION
        ],
    }  # fmt: skip


def put_year(
    engine: Engine,
    plan: Plan,
    rows: Rows,
    as_of: str = "2021-12-31",
    phase: str = "december_summary",
    batches: Mapping[str, str] | None = None,
) -> None:
    """The run that judges `as_of`, with every dataset received, also one without any row.

    `batches`: the dataset of each batch that rows name beside their table's own.
    """
    datasets = {DATASETS.get(name, name) for name in FACT_TABLES & rows.keys()}
    frozen = {dataset: dataset for dataset in datasets} | dict(batches or {})
    with engine.begin() as connection:
        put_run(connection, as_of=as_of, known_at_ms=KNOWN_AT_MS, phase=phase)
        put(connection, rows, frozen_batches=frozen)
        put_rules(connection, plan)


def memory_engine() -> Engine:
    """An empty roadmap database in memory, settings as in production."""
    engine = open_engine("sqlite://")
    create_all(engine)
    return engine


def copied(source: Engine, target: Engine) -> None:
    """All of the target is as the source is; both in memory."""
    raw_source, raw_target = source.raw_connection(), target.raw_connection()
    driver, other = raw_source.driver_connection, raw_target.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    assert isinstance(other, sqlite3.Connection)
    driver.backup(other)
    raw_source.close()
    raw_target.close()


@dataclass
class JudgedYear:
    """The year as a test changes it and December judges it."""

    plan: Plan
    complete: Engine
    engine: Engine

    def judged(
        self, code: str, change: Change | None = None
    ) -> tuple[IndicatorResult, tuple[Gap, ...]]:
        """The indicator of the region after the change, and what is missing in it."""
        copied(self.complete, self.engine)
        if change is not None:
            with self.engine.begin() as connection:
                change(connection)
                put_risks(connection)
        # Its measure alone: what other measures say is no business of the indicator.
        of_code = (m for m in self.plan.measures if code in {i.code for i in m.indicators})
        plan = self.plan.model_copy(update={"measures": (next(of_code),)})
        evaluate(self.engine, plan, RUN_ID)
        with self.engine.connect() as connection:
            found = {
                r.indicator.code: r for r in indicator_results(connection, plan, RUN_ID, REGION)
            }
            missing = gaps(connection, RUN_ID)
        return found[code], tuple(g for g in missing if g.whole_code == code)


@contextmanager
def judged_year(plan: Plan) -> Iterator[JudgedYear]:
    """The whole year in one database in memory, and another for its changed copies."""
    complete, scratch = memory_engine(), memory_engine()
    put_year(complete, plan, whole_year())
    yield JudgedYear(plan, complete, scratch)
    complete.dispose()
    scratch.dispose()


# -- Changes of the year ---------------------------------------------------------------------


def without(table: str, **where: Any) -> Change:
    """The rows of the table with these values are gone; LookupError when there is none."""

    def change(connection: Connection) -> None:
        chosen = metadata.tables[table]
        if not connection.execute(delete(chosen).where(*_where(table, where))).rowcount:
            raise LookupError(f"no row of {table} with {where}")

    return change


def changed(table: str, where: dict[str, Any], **values: Any) -> Change:
    """The rows of the table that match say something else; LookupError when there is none."""

    def change(connection: Connection) -> None:
        chosen = metadata.tables[table]
        done = connection.execute(update(chosen).where(*_where(table, where)).values(**values))
        if not done.rowcount:
            raise LookupError(f"no row of {table} with {where}")

    return change


def _where(table: str, where: dict[str, Any]) -> list[Any]:
    return [metadata.tables[table].c[name] == value for name, value in where.items()]


def never_received(dataset: str) -> Change:
    """No file of the dataset has come: neither its rows nor its batch are the run's."""

    def change(connection: Connection) -> None:
        batches = select(load_batch.c.batch_id).where(load_batch.c.dataset == dataset)
        done = connection.execute(delete(run_batch).where(run_batch.c.batch_id.in_(batches)))
        if not done.rowcount:
            raise LookupError(f"no batch of {dataset}")

    return change


def added(table: str, **row: Any) -> Change:
    """One more row in the table's batch."""

    def change(connection: Connection) -> None:
        put(connection, {table: [row]})

    return change


def all_of(*changes: Change) -> Change:
    def change(connection: Connection) -> None:
        for one in changes:
            one(connection)

    return change


def as_of(day: str) -> Change:
    """The run judges another day."""
    return changed("phase_run", {"run_id": RUN_ID}, as_of=day)
