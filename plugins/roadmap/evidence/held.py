"""A file that covers clearly less than what is in force is held, until a person decides.

A protocol of one school in the place of a region's looks like any correction. So what a new
file covers (rows, schools, municipalities) is compared with what the batch in force does; below
the dataset's `least_coverage` the batch in force stays, and a person says whether the file
replaces it, adds to it, or is left aside.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Engine, Row, Table, func, insert, select

from roadmap.datasets import results
from roadmap.datasets.catalogue import DATASETS, TABLES
from roadmap.datasets.model import FactTable
from roadmap.decision import (
    FILE_CODE_SHOWN,
    FILE_DECISIONS,
    DecisionRefused,
    FileDecision,
    checked_reason,
)
from roadmap.evidence.messages import place, sentence
from roadmap.evidence.parsed import ByColumns, Parsed
from roadmap.evidence.sources import Source
from roadmap.plan.zone import home_time
from roadmap.russian import day, integer
from roadmap.store.sql import sql
from roadmap.store.tables import held_file_decision, load_batch, metadata

HELD = "COVERS_LESS"  # the refusal code of a file that waits for a person
DAG_TITLE = "Файл меньше прежнего: решить"  # as Airflow shows it

# A correction that leaves out one or two entries is an ordinary one, however short the list.
_SLIGHT = 2
_COVERED = {
    "schools": ("school_ref", "school_id"),
    "municipalities": ("municipality_ref", "municipality_id"),
}


@dataclass(frozen=True)
class Coverage:
    """What a file speaks of, in numbers: accepted rows, and schools and municipalities in them."""

    rows: int
    schools: int
    municipalities: int

    def is_clearly_less(self, before: Coverage, least: float) -> bool:
        """Whether in any respect less than the share `least` of `before` is left."""
        return any(
            now < least * then and then - now > _SLIGHT for _, now, then in self._beside(before)
        )

    def beside(self, before: Coverage) -> str:
        """«строк 12 вместо 5 468, школ 1 вместо 171», of what there was."""
        return ", ".join(
            f"{what} {integer(now)} вместо {integer(then)}"
            for what, now, then in self._beside(before)
            if then
        )

    def _beside(self, before: Coverage) -> Iterator[tuple[str, int, int]]:
        yield "строк", self.rows, before.rows
        yield "школ", self.schools, before.schools
        yield "муниципалитетов", self.municipalities, before.municipalities


def coverage_of(parsed: Parsed) -> Coverage:
    """What a file that was read covers."""
    tables = [ByColumns.of(rows) for rows in parsed.facts.values()]
    found = {
        what: len(set().union(*(rows.values(key) for rows in tables for key in keys)) - {None})
        for what, keys in _COVERED.items()
    }
    return Coverage(parsed.rows_accepted, **found)


@dataclass(frozen=True)
class Loaded:
    """A batch that a new file would supersede: one of the database, or of the same pull."""

    batch_id: str
    received_ms: int
    rows_accepted: int
    parsed: Parsed | None = None  # of the same pull: not written yet

    @staticmethod
    def of(batch: Row[Any]) -> Loaded:
        """A batch of the database."""
        return Loaded(batch.batch_id, batch.received_ms, batch.rows_accepted)

    @staticmethod
    def now(batch_id: str, received_ms: int, parsed: Parsed) -> Loaded:
        """A batch that this pull accepted."""
        return Loaded(batch_id, received_ms, parsed.rows_accepted, parsed)

    def coverage(self, conn: Connection, dataset: str) -> Coverage:
        """What the batch covers."""
        if self.parsed is not None:
            return coverage_of(self.parsed)
        found: dict[str, set[str]] = {what: set() for what in _COVERED}
        for table in _tables(dataset):
            for what, keys in _COVERED.items():
                for key in keys:
                    if key in table.c:
                        named = select(table.c[key]).where(table.c.batch_id == self.batch_id)
                        found[what].update(conn.scalars(named.distinct()))
        return Coverage(
            self.rows_accepted, **{what: len(names - {None}) for what, names in found.items()}
        )

    def facts(self, conn: Connection, table: Table) -> list[dict[str, Any]]:
        """The batch's facts of one table."""
        if self.parsed is not None:
            return list(self.parsed.facts.get(table.name, ()))
        rows = conn.execute(select(table).where(table.c.batch_id == self.batch_id))
        return [
            {key: value for key, value in row._mapping.items() if key != "batch_id"} for row in rows
        ]

    def decision_about(
        self, conn: Connection, plan_code: str, dataset: str, scope: str, sha256: str
    ) -> FileDecision | None:
        """What a person decided about a content against this batch; None: nothing yet.

        «Оставить прежний» holds for the content whatever comes into force later.
        """
        rows = conn.execute(
            select(held_file_decision.c.batch_id, held_file_decision.c.decision)
            .join(load_batch, load_batch.c.batch_id == held_file_decision.c.batch_id)
            .where(
                load_batch.c.plan_code == plan_code,
                load_batch.c.dataset == dataset,
                load_batch.c.scope == scope,
                load_batch.c.sha256 == sha256,
            )
            .order_by(held_file_decision.c.decided_ms)
        )
        last: dict[str, FileDecision] = {row.batch_id: row.decision for row in rows}
        own = last.get(held_id(plan_code, dataset, sha256, self.batch_id))
        return own or ("keep" if "keep" in last.values() else None)


def _tables(dataset: str) -> list[Table]:
    """The tables that the dataset's facts stand in."""
    declared = DATASETS[dataset].tables if dataset in DATASETS else results.TABLES
    return [metadata.tables[table.name] for table in declared]


def held_id(plan_code: str, dataset: str, sha256: str, in_force_id: str) -> str:
    """The id of a content held against a batch: against another one it is another question."""
    parts = ("held", plan_code, dataset, sha256, in_force_id)
    return hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()[:32]


def held_message(file_name: str, batch_id: str, now: Coverage, before: Coverage) -> str:
    """What the operator is told; what stays in force is said after it."""
    return sentence(
        "Файл не заменил прежние сведения: в нём заметно меньше",
        f"{place(file_name)}: {now.beside(before)}",
        f"Решите, что с ним делать: запустите «{DAG_TITLE}», код {batch_id[:FILE_CODE_SHOWN]}",
    )


# -- Adding to what is in force ------------------------------------------------------------


def supplemented(conn: Connection, source: Source, before: Loaded, parsed: Parsed) -> Parsed:
    """The file's facts, and those of the batch that speak of nothing the file speaks of.

    Totals of municipalities and of the region stay those of the batch: the file's are of a
    part. What is kept loses its place (sheet and row), which was another file's.
    """
    facts: dict[str, Sequence[dict[str, Any]]] = {}
    old_rows = kept_rows = 0
    for table in _tables(source.dataset):
        keys = _identities_of(TABLES[table.name], source.dataset)
        old = [{**row, "sheet": None, "row": None} for row in before.facts(conn, table)]
        totals = {one for row in old if _is_total(row) for one in keys(row)}
        new = [
            row
            for row in parsed.facts.get(table.name, ())
            if not (_is_total(row) and totals.intersection(keys(row)))
        ]
        taken = {one for row in new for one in keys(row)}
        kept = [row for row in old if not taken.intersection(keys(row))]
        if table.name not in results.SUMS:
            old_rows += len(old)
            kept_rows += len(kept)
        facts[table.name] = [*new, *kept]
    # A protocol's rows are pupils, of whom only counts by school are left: their schools' share.
    rows_left = round(before.rows_accepted * kept_rows / old_rows) if old_rows else 0
    told = (
        f"Дополнены прежние сведения от {day(home_time().at(before.received_ms).date())}: "
        f"из них осталось строк: {integer(rows_left)} из {integer(before.rows_accepted)}."
    )
    return replace(
        parsed,
        facts=facts,
        rows_read=parsed.rows_read + rows_left,
        rows_accepted=parsed.rows_accepted + rows_left,
        warnings=(*parsed.warnings, told),
    )


def _is_total(row: Mapping[str, Any]) -> bool:
    return bool(row.get("level", "school") != "school")


def _identities_of(
    table: FactTable, dataset: str
) -> Callable[[Mapping[str, Any]], list[tuple[Any, ...]]]:
    """A function from a row to what only one row may speak of."""
    declared = DATASETS.get(dataset)
    groups = [table.key]
    if declared is not None and declared.table is table:
        groups += [one.keys for one in declared.exclusive]

    def identities(row: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        # A school is one by its own reference, under whatever municipality a file has it.
        without = "municipality_ref" if row.get("school_ref") is not None else None
        found: list[tuple[Any, ...]] = []
        for group in groups:
            values = [row.get(key) for key in group if key != without]
            if group is table.key or None not in values:
                found.append((group, *values))
        return found

    return identities


# -- A person decides ----------------------------------------------------------------------


@dataclass(frozen=True)
class Decided:
    """What was decided about which file."""

    batch_id: str
    plan_code: str
    dataset: str
    file_name: str
    decision: FileDecision
    is_new: bool  # False: the same was decided before
    is_taken: bool  # the file was accepted by that earlier decision


def decide(
    engine: Engine, code: str, decision: FileDecision, *, actor: str, reason: str, now_ms: int
) -> Decided:
    """Keep what a person decided about the held file that begins with this code.

    Deciding the same again changes nothing; another decision counts from now, as long as the
    file has not come into force. DecisionRefused where there is no such file, what is in force
    is no longer what it was held against, or the reason says nothing.
    """
    said = checked_reason(reason)
    with engine.begin() as conn:
        held = _find(conn, code)
        before = conn.execute(
            select(held_file_decision.c.decision)
            .where(held_file_decision.c.batch_id == held.batch_id)
            .order_by(held_file_decision.c.decided_ms.desc())
        ).first()
        is_new = before is None or before.decision != decision
        if is_new:
            if before is not None and _is_taken(conn, held):
                _refuse_another_decision(before.decision)
            _refuse_what_is_past(conn, held, now_ms)
            last = conn.scalar(select(func.max(held_file_decision.c.decided_ms))) or 0
            conn.execute(
                insert(held_file_decision).values(
                    batch_id=held.batch_id,
                    decision=decision,
                    actor=actor,
                    reason=said,
                    decided_ms=max(now_ms, last + 1),
                )
            )
        is_taken = not is_new and _is_taken(conn, held)
    return Decided(
        held.batch_id, held.plan_code, held.dataset, held.file_name, decision, is_new, is_taken
    )


def _is_taken(conn: Connection, held: Row[Any]) -> bool:
    accepted = select(load_batch.c.batch_id).where(
        load_batch.c.plan_code == held.plan_code,
        load_batch.c.dataset == held.dataset,
        load_batch.c.scope == held.scope,
        load_batch.c.sha256 == held.sha256,
        load_batch.c.state == "accepted",
        load_batch.c.loaded_ms >= held.loaded_ms,
    )
    return conn.execute(accepted).first() is not None


def _find(conn: Connection, code: str) -> Row[Any]:
    code = code.strip().lower()
    if not re.fullmatch(rf"[0-9a-f]{{{FILE_CODE_SHOWN},}}", code):
        raise DecisionRefused(
            f"Решение не принято: код файла — {FILE_CODE_SHOWN} знаков, цифры и буквы от a до f. "
            "Скопируйте его из письма о приёме или журнала «Приём данных»."
        )
    found = conn.execute(
        select(load_batch).where(
            load_batch.c.refusal_code == HELD, load_batch.c.batch_id.startswith(code)
        )
    ).all()
    if len(found) != 1:
        raise DecisionRefused(
            "Решение не принято: файла с таким кодом нет. Скопируйте код из письма о приёме или "
            "журнала «Приём данных»."
            if not found
            else "Решение не принято: таких файлов несколько. Скопируйте код целиком."
        )
    return found[0]


def _refuse_another_decision(taken: FileDecision) -> None:
    """The file was accepted by a decision: its bytes are nothing new to the intake any more."""
    raise DecisionRefused(
        f"Решение не принято: файл уже принят, решение было «{FILE_DECISIONS[taken]}». Чтобы "
        "действовало другое, сохраните файл с любым изменением, например с пустой строкой в "
        "конце, положите снова и очистите «Приём данных»: если в нём заметно меньше, чем принято, "
        "он будет придержан с новым кодом. Чтобы вернуть прежние сведения, положите так же "
        "прежний файл."
    )


def _refuse_what_is_past(conn: Connection, held: Row[Any], now_ms: int) -> None:
    # A file that was received before what is in force is held against what was there before it:
    # its question stands until something is loaded after it.
    loaded_since = select(load_batch.c.batch_id).where(
        load_batch.c.plan_code == held.plan_code,
        load_batch.c.dataset == held.dataset,
        load_batch.c.scope == held.scope,
        load_batch.c.state == "accepted",
        load_batch.c.loaded_ms > held.loaded_ms,
    )
    if conn.execute(loaded_since).first() is None:
        return
    in_force: Iterable[Row[Any]] = conn.execute(
        sql("evidence/batches_in_force"),
        {"plan_code": held.plan_code, "known_at_ms": now_ms, "known_by": "loaded"},
    )
    for batch in in_force:
        if (batch.dataset, batch.scope) == (held.dataset, held.scope):
            against = held_id(held.plan_code, held.dataset, held.sha256, batch.batch_id)
            if against == held.batch_id:
                return
    raise DecisionRefused(
        "Решать нечего: с тех пор действуют другие сведения. Если файл всё ещё мешает, код — в "
        "последнем письме о приёме."
    )
