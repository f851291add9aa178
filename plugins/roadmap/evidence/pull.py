"""What the steps of a pull share: the pull, its files, and what is known of its dataset."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Row, Select, case, delete, func, insert, select

from roadmap.evidence.files.inbox import Content, Found
from roadmap.evidence.files.sandbox import Parse
from roadmap.evidence.held import held_id
from roadmap.evidence.messages import place, sentence
from roadmap.evidence.parsed import FileRefused, Parsed
from roadmap.evidence.scales import scale_now
from roadmap.evidence.sources import Source
from roadmap.plan.model import Plan
from roadmap.store.sql import sql
from roadmap.store.tables import load_batch, lying_file

NO_SCOPE = "-"  # of a file that was refused before its scope was known
OUTDATED = ""  # the hash of a batch in force whose marks were given by another scale


@dataclass(frozen=True)
class TakenFile:
    """What became of one file. `state`: accepted, unchanged, refused, waiting, ignored, or
    withdrawn (it lies under another name now)."""

    name: str
    state: str
    code: str | None = None
    scope: str | None = None
    batch_id: str | None = None
    rows_read: int = 0
    rows_accepted: int = 0
    rows_rejected: int = 0
    messages: tuple[str, ...] = ()  # Russian; no personal data, no addresses
    place: str = ""  # below the plan's folder, cleaned


@dataclass(frozen=True)
class Pull:
    """What all steps of one pull share."""

    engine: Engine
    source: Source
    plan: Plan
    now_ms: int
    parse: Parse | None
    scales: dict[str, Any]  # the option of that name (`evidence.scales`)


@dataclass(frozen=True)
class Candidate:
    """A file whose bytes are known, and what they say: nothing yet (`parsed` is None, the
    content is known under this name), facts, or a refusal."""

    file: Found
    content: Content
    receipt_ms: int | None
    scope: str
    parsed: Parsed | None = None
    refusal: FileRefused | None = None
    refused_id: str | None = None  # of the refusal, where content and reason do not name it


def accepted_batches(conn: Connection, pull: Pull) -> list[Row[Any]]:
    """All accepted batches of the dataset, oldest knowledge first: the last one is in force.

    `content_sha256` is what was read; `sha256` is that or, where it is to be read again, OUTDATED.
    """
    order = (load_batch.c.received_ms, load_batch.c.loaded_ms, load_batch.c.batch_id)
    content = load_batch.c.sha256.label("content_sha256")
    known = list(conn.execute(batches_of(pull, "accepted", load_batch, content).order_by(*order)))
    in_force = {batch.scope: batch for batch in known if batch.scale is not None}
    outdated = [
        part.batch_id
        for scope, batch in in_force.items()
        if batch.scale != scale_now(pull.scales["scales"], scope)
        for part in parts_of(conn, pull, batch, known)
    ]
    if not outdated:
        return known
    # What was read by another scale is no longer what the file says: no content is equal to it.
    others = [column for column in load_batch.c if column.name != "sha256"]
    is_outdated = load_batch.c.batch_id.in_(outdated)
    sha256 = case((is_outdated, OUTDATED), else_=load_batch.c.sha256).label("sha256")
    read = batches_of(pull, "accepted", *others, sha256, content).order_by(*order)
    return list(conn.execute(read))


def parts_of(
    conn: Connection, pull: Pull, batch: Row[Any], known: Iterable[Row[Any]]
) -> list[Row[Any]]:
    """The batches that a batch consists of, oldest first: those that it was added to by a person's
    decision, and itself."""
    added = conn.execute(sql("evidence/files_added"), {"plan_code": pull.plan.code}).scalars()
    decided, parts = set(added), [batch]
    for earlier in reversed([one for one in known if one.scope == batch.scope]):
        content = parts[0].content_sha256
        key = held_id(pull.plan.code, pull.source.dataset, content, earlier.batch_id)
        if key in decided:
            parts.insert(0, earlier)
    return parts


def batches_of(pull: Pull, state: str, *what: Any) -> Select[Any]:
    """The query for the dataset's batches of that state."""
    return select(*what).where(
        load_batch.c.plan_code == pull.plan.code,
        load_batch.c.dataset == pull.source.dataset,
        load_batch.c.state == state,
    )


def note_lying(conn: Connection, plan_code: str, dataset: str, taken: Iterable[TakenFile]) -> None:
    """Keep which files of the dataset lie in the inbox and are not accepted; others no more."""
    of_dataset = (lying_file.c.plan_code == plan_code, lying_file.c.dataset == dataset)
    found = select(lying_file.c.place, lying_file.c.batch_id).where(*of_dataset)
    before = {row.place: row.batch_id for row in conn.execute(found)}
    now = {
        one.place: one.batch_id
        for one in taken
        if one.state == "refused" and one.batch_id is not None
    }
    if now == before:
        return
    conn.execute(delete(lying_file).where(*of_dataset))
    if now:
        lie = {"plan_code": plan_code, "dataset": dataset}
        conn.execute(
            insert(lying_file),
            [{**lie, "place": place_, "batch_id": batch_id} for place_, batch_id in now.items()],
        )


def lock(conn: Connection, plan_code: str, dataset: str) -> None:
    """One writer a dataset. SQLite's transactions have one writer as they are."""
    if conn.dialect.name == "postgresql":
        digest = hashlib.sha256(f"intake|{plan_code}|{dataset}".encode()).digest()
        key = int.from_bytes(digest[:8], "big", signed=True)
        conn.execute(select(func.pg_advisory_xact_lock(key)))


def refused_id(pull: Pull, sha256: str, code: str) -> str:
    """The id under which a content is remembered as refused for that reason."""
    return id_of(pull, sha256, code, of="refused|")


def id_of(pull: Pull, *parts: object, of: str = "") -> str:
    """The id of a batch of the dataset that these parts tell from all others."""
    named = "|".join(map(str, (pull.plan.code, pull.source.dataset, *parts)))
    return hashlib.sha256((of + named).encode()).hexdigest()[:32]


def waiting_file(file: Found) -> TakenFile:
    """What is told of a file that somebody is still writing."""
    message = sentence(
        "Файл ещё записывается",
        place(file.name),
        "Он будет принят при следующем приёме, когда минуту не будет меняться",
    )
    return TakenFile(file.name, "waiting", "UNSETTLED", messages=(message,))
