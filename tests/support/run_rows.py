"""Rows of a phase run written by hand: what a case leaves out is filled in here.

A case names only the columns its rule is about. Facts get the batch of their table, which
the run has frozen; a fact with a batch of its own (`batch_id`) stands in a batch that the
run has not frozen unless `frozen_batches` lists it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from roadmap.datasets import catalogue
from roadmap.plan.model import Plan
from roadmap.store import tables
from roadmap.store.sql import sql
from roadmap.store.tables import FACTS, metadata

RUN_ID = "run"
AS_OF = "2021-03-31"
KNOWN_AT_MS = 1_617_174_000_000  # 31.03.2021 10:00 in Moscow
FACT_TABLES = {table.name for table in FACTS}
# The dataset that a table's batch belongs to.
DATASETS = {
    **{
        table.name: name for name, dataset in catalogue.DATASETS.items() for table in dataset.tables
    },
    "mark_result": "vpr_marks",
    "journal_result": "vpr_journal",
    "exam_result": "ege_protocols",
    "appeal_change": "gia_appeals",
}
PAPER = {"kind": "vpr", "year": 2020, "wave": "autumn", "grade": 5, "subject": "математика"}
PROCEDURES = tuple(
    {"kind": kind, "year": year, "wave": wave}
    for year in (2020, 2021)
    for kind, wave in (
        ("vpr", "autumn"), ("vpr", "spring"), ("ege", "main"), ("oge", "main"),
        ("rdr", "autumn"), ("rdr", "spring"),
    )
)  # fmt: skip
DEFAULTS: dict[str, dict[str, Any]] = {
    "run_municipality": {"is_participating": 1, "is_selected": 1},
    "run_school": {"is_participating": 1},
    "run_school_ref": {"scheme": "vpr_login"},
    "run_foreign_ref": {"scheme": "vpr_login"},
    "person_role": {"valid_from": "2021-02-15"},
    "event": {"measure": "8", "kind": "семинар", "title": "Тема", "state": "held"},
    "attendance": {"is_present": 1},
    "municipal_act": {"kind": "приказ", "number": "1", "basis": "recommendations"},
    "mechanism_score": {"component": "goals", "score": 2},
    "document": {"document_id": "d", "title": "Протокол", "number": "1", "state": "approved"},
    "regional_act": {"act_id": "a", "number": "1", "state": "approved"},
    "own_schedule_date": {"basis": "график"},
    "survey": {"questionnaire": "анкета", "state": "closed"},
    "publication": {
        "publication_id": "n", "channel": "vk", "kind": "news", "title": "Новость", "link": "link",
    },
    "medk_document": {"state": "согласован куратором", "state_on": "2021-03-01"},
    "risk": {"level": "high", "is_activated": 1, "assessed_on": "2021-03-01"},
    "positive_change": {"stage": 1, "mark": "yes", "marked_on": "2021-06-10"},
    "programme": {"measure": "9", "title": "Программа", "host": "Школа", "state": "approved"},
    "direction": {
        "direction_id": "d", "for_year": 2022, "title": "Направление", "basis": "итоги",
        "state": "approved",
    },
    "acknowledgement": {"phase": "march_analysis"},
    "mark_result": PAPER | {"level": "school", "school_scheme": "vpr_login", "restored": 0},
    "journal_result": PAPER | {"level": "school", "school_scheme": "vpr_login", "restored": 0},
    "exam_result": {
        "kind": "ege", "year": 2020, "wave": "main", "grade": 11, "subject": "русский язык",
        "school_scheme": "gia_code", "minimum": 36, "score_sum": 0, "high_scores": 0,
        "below_minimum": 0,
    },
}  # fmt: skip


CYCLE = (
    "goals", "indicators", "collection", "monitoring", "analysis", "recommendations", "measures",
    "decisions", "effectiveness",
)  # fmt: skip
Row = dict[str, Any]


def check_list(unit: str, recommended_on: str | None = None, **scores: int) -> list[Row]:
    """A municipality's check-list: 2 for every component but those given."""
    return [
        {"municipality_id": unit, "component": component, "score": scores.get(component, 2)}
        | {"recommended_on": recommended_on}
        for component in CYCLE
    ]


def amended(unit: str, adopted_on: str, **columns: Any) -> list[Row]:
    """A municipality's documents of both kinds, on the recommendations."""
    return [
        {"municipality_id": unit, "kind": kind, "number": number, "adopted_on": adopted_on}
        | columns
        for number, kind in (("1", "приказ"), ("2", "программа"))
    ]


def put_run(
    connection: Connection,
    run_id: str = RUN_ID,
    as_of: str = AS_OF,
    known_at_ms: int = KNOWN_AT_MS,
    phase: str = "march_analysis",
) -> None:
    connection.execute(
        insert(tables.phase_run),
        {
            "run_id": run_id,
            "plan_code": "2021",
            "phase": phase,
            "occasion": f"2021/{phase}",
            "mode": "live",
            "as_of": as_of,
            "known_at_ms": known_at_ms,
            "started_ms": known_at_ms,
            "plan_sha256": "0" * 64,
            "templates_sha256": "0" * 64,
            "code_version": "test",
            "requested_by": "test",
        },
    )


def put_rules(connection: Connection, plan: Plan, run_id: str = RUN_ID) -> None:
    """The plan's rules whose value is a list, as freezing writes them."""
    connection.execute(
        insert(tables.run_rule),
        [
            {"run_id": run_id, "measure": measure.number, "rule": rule, "value": str(value)}
            for measure in plan.measures
            for rule, values in measure.rules.items()
            if isinstance(values, tuple)
            for value in values
        ],
    )


def put_batch(connection: Connection, batch_id: str, dataset: str, run_id: str | None) -> None:
    """A load batch, frozen by the run where one is given; nothing where it is there already."""
    batches = tables.load_batch
    if connection.execute(select(batches).where(batches.c.batch_id == batch_id)).first():
        return
    connection.execute(
        insert(batches),
        {
            "batch_id": batch_id,
            "plan_code": "2021",
            "dataset": dataset,
            "scope": batch_id,
            "file_name": "made by hand",
            "sha256": hashlib.sha256(batch_id.encode()).hexdigest(),
            "size_bytes": 1,
            "received_ms": 0,
            "loaded_ms": 0,
            "state": "accepted",
            "rows_read": 0,
            "rows_accepted": 0,
            "rows_rejected": 0,
        },
    )
    if run_id is not None:
        connection.execute(insert(tables.run_batch), {"run_id": run_id, "batch_id": batch_id})


def put(
    connection: Connection,
    given: Mapping[str, Iterable[Mapping[str, Any]]],
    run_id: str = RUN_ID,
    frozen_batches: Mapping[str, str] | None = None,
) -> None:
    """Insert the rows; a missing municipality or school of a run is named after its id.

    `frozen_batches`: batch id -> dataset, for batches without rows or with a dataset of
    their own.
    """
    for batch_id, dataset in (frozen_batches or {}).items():
        put_batch(connection, batch_id, dataset, run_id)
    for name, rows in given.items():
        for row in rows:
            if name == "letters":
                put_letter(connection, **row)
            elif name == "runs":
                put_run(connection, **_plain(row))
            elif name in ("run_school_ref", "run_foreign_ref") and "kind" not in row:
                for procedure in PROCEDURES:  # it means the same in all of them
                    _put_row(connection, name, procedure | row, run_id)
            else:
                _put_row(connection, name, row, run_id)
    if "risk" in given:
        put_risks(connection)


def put_risks(connection: Connection) -> None:
    """What freezing each run finds of its risk profiles."""
    runs = connection.execute(select(tables.phase_run.c.run_id, tables.phase_run.c.as_of)).all()
    for run_id, as_of in runs:
        connection.execute(delete(tables.run_risk).where(tables.run_risk.c.run_id == run_id))
        connection.execute(sql("evidence/risks_of_run"), {"run_id": run_id, "as_of": as_of})


def _put_row(connection: Connection, name: str, row: Mapping[str, Any], run_id: str) -> None:
    filled = DEFAULTS.get(name, {}) | _plain(row)
    if name in FACT_TABLES:
        dataset = DATASETS[name]
        own = filled.get("batch_id")
        put_batch(connection, own or dataset, dataset, None if own else run_id)
        filled.setdefault("batch_id", dataset)
    else:
        filled.setdefault("run_id", run_id)
    if name == "run_municipality":
        for column in ("name", "genitive", "short_name"):
            filled.setdefault(column, filled["municipality_id"])
    if name == "run_school":
        filled.setdefault("name", filled["school_id"])
    if name == "mark_result":
        for mark in ("mark_2", "mark_3", "mark_4", "mark_5"):
            filled.setdefault(mark, 0)
        filled.setdefault("participants", sum(filled[f"mark_{mark}"] for mark in range(2, 6)))
    if name == "journal_result":
        for count in ("lowered", "confirmed", "raised"):
            filled.setdefault(count, 0)
        filled.setdefault("compared", filled["lowered"] + filled["confirmed"] + filled["raised"])
    connection.execute(insert(metadata.tables[name]), filled)


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """YAML reads days as dates; the tables keep ISO text."""
    return {
        key: value.isoformat() if isinstance(value, date) else value for key, value in row.items()
    }


def put_letter(
    connection: Connection,
    municipality_id: str,
    run_id: str = RUN_ID,
    mode: str = "live",
    accepted_ms: int | None = None,
    bounced_ms: int | None = None,
    revision: int = 1,
    released_ms: int | None = None,
) -> None:
    """One letter of the ledger: accepted, then returned, or still waiting; who accepted it got it
    when its run had let it go."""
    recipient_id = f"recipient-{municipality_id}"
    if not connection.execute(
        select(tables.municipality).where(tables.municipality.c.municipality_id == municipality_id)
    ).first():
        connection.execute(
            insert(tables.municipality),
            {"municipality_id": municipality_id, "name": municipality_id},
        )
        connection.execute(
            insert(tables.recipient),
            {
                "recipient_id": recipient_id,
                "municipality_id": municipality_id,
                "addr": f"{municipality_id}@example.org",
            },
        )
    occasion = connection.execute(
        select(tables.phase_run.c.occasion).where(tables.phase_run.c.run_id == run_id)
    ).scalar_one()
    key = f"{occasion}|{mode}|{municipality_id}|{recipient_id}|{revision}"
    delivery_id = hashlib.sha256(key.encode()).hexdigest()
    message_id = f"<{delivery_id[:32]}@example.org>"
    connection.execute(
        insert(tables.message),
        {
            "message_id": message_id,
            "municipality_id": municipality_id,
            "sha256": delivery_id,
            "rfc822": b"letter",
            "created_ms": 0,
        },
    )
    moves = [("new", "ready", 0)]
    if accepted_ms is not None:
        moves += [("ready", "claimed", 0), ("claimed", "in_doubt", 0)]
        moves += [("in_doubt", "accepted", accepted_ms)]
    if bounced_ms is not None:
        moves += [("accepted", "bounced", bounced_ms)]
    is_accepted = accepted_ms is not None
    connection.execute(
        insert(tables.delivery),
        {
            "delivery_id": delivery_id,
            "occasion": occasion,
            "mode": mode,
            "municipality_id": municipality_id,
            "recipient_id": recipient_id,
            "revision": revision,
            "content_sha256": "0" * 64,
            "message_id": message_id,
            "payload_sha256": delivery_id,
            "state": moves[-1][1],
            "not_before_ms": 0,
            "expires_ms": 0,
            "accepted_via": "reply" if is_accepted else None,
            "last_code": 250 if is_accepted else None,
            "updated_ms": 0,
            "released_ms": accepted_ms if released_ms is None else released_ms,
            "run_id": run_id,
        },
    )
    connection.execute(
        insert(tables.delivery_event),
        [
            {
                "delivery_id": delivery_id,
                "seq": seq,
                "from_state": before,
                "to_state": after,
                "send_epoch": 1,
                "at_ms": at_ms,
                "actor": "test",
            }
            for seq, (before, after, at_ms) in enumerate(moves, start=1)
        ],
    )
