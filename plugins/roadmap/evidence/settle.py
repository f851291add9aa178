"""Deciding about the files of a pull, scope by scope, and writing what is new."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Dialect, Row, Table, insert

from roadmap.evidence.files.inbox import AnyPath, archive
from roadmap.evidence.held import HELD, Loaded, coverage_of, held_id, held_message, supplemented
from roadmap.evidence.messages import NOTHING_TO_DO, place, sentence
from roadmap.evidence.parsed import ByColumns, FileRefused, Parsed
from roadmap.evidence.pull import (
    NO_SCOPE,
    OUTDATED,
    Candidate,
    Pull,
    TakenFile,
    accepted_batches,
    batches_of,
    id_of,
    parts_of,
    refused_id,
    waiting_file,
)
from roadmap.evidence.sources import Source, about
from roadmap.plan.zone import home_time
from roadmap.russian import counted, day
from roadmap.store.tables import FACTS, load_batch, load_warning, rejected_row

_MOST_MESSAGES = 20  # of one file, in the log; all of them are stored


def returning(known: list[Row[Any]], candidates: list[Candidate], now_ms: int) -> list[Candidate]:
    """The files that are known by name and content, and are about to come back into force."""
    batches, came = _by_scope(known), _came(known)
    return [
        one
        for scope, group in _by_scope(_not_refused(candidates)).items()
        for _, one in _fresh(batches[scope], came, group, now_ms)[0]
        if not one.parsed
    ]


def settle(
    conn: Connection, pull: Pull, candidates: list[Candidate], archive_folder: AnyPath
) -> list[TakenFile]:
    """Decide about all files, scope by scope, and write what is new.

    Archived is what was accepted, before the database says so, and never a file of pupils: a
    refused one may be a protocol with names in the wrong folder.
    """
    known = accepted_batches(conn, pull)
    batches, came = _by_scope(known), _came(known)
    refused_before = set(conn.scalars(batches_of(pull, "refused", load_batch.c.batch_id)))
    rows = _Rows(pull, known, refused_before)
    candidates, renamed = _one_name_each(known, candidates)
    taken = [rows.refuse(one, one.refusal) for one in candidates if one.refusal]
    for scope, arrived in sorted(_by_scope(_not_refused(candidates)).items()):
        group, parts = _added_again(conn, pull, batches[scope], arrived)
        taken += [TakenFile(one.file.name, "unchanged", scope=scope) for one in parts]
        fresh, left = _fresh(batches[scope], came, group, pull.now_ms)
        taken += [TakenFile(one.file.name, "unchanged", scope=scope) for one in left]
        loaded = [Loaded.of(batch) for batch in batches[scope]]
        for received_ms, together in _by_moment(fresh):
            before = max(
                (one for one in loaded if one.received_ms <= received_ms),
                key=lambda one: one.received_ms,
                default=None,
            )
            if before is not None:
                together, aside = _held_or_not(conn, pull, before, together)
                taken += [TakenFile(one.file.name, "unchanged", scope=scope) for one in aside]
            if sum(one.refusal is None for one in together) > 1:
                together = _conflicting(pull.source, scope, together)
            for one in together:
                if one.refusal:
                    taken.append(rows.refuse(one, one.refusal))
                elif one.parsed:
                    accepted = rows.accept(one, one.parsed, received_ms)
                    loaded.append(Loaded.now(accepted.batch_id or "", received_ms, one.parsed))
                    taken.append(accepted)
                else:
                    # Another pull moved the scope in between; the next one sees both.
                    taken.append(waiting_file(one.file))
    # While the new name's paper waits for a person, the old one is all that there is.
    taken += [rows.withdraw(batch) for batch in renamed if batch.sha256 in rows.accepted]
    if not pull.source.holds_pupils:
        contents = {batch.sha256 for batch in known} | rows.accepted
        for one in candidates:
            if one.content.sha256 in contents:
                archive(archive_folder, one.content)
    rows.write(conn)
    return taken


def _one_name_each(
    known: list[Row[Any]], candidates: list[Candidate]
) -> tuple[list[Candidate], list[Row[Any]]]:
    """Of files with the same bytes that their names make different things, those refused whose
    name nobody had accepted; and the batches whose file has only been renamed since.

    The name of a protocol's file says its grade and subject: one pupil's table is one paper.
    """
    in_force: dict[str, dict[str, Row[Any]]] = defaultdict(dict)  # content → scope → batch
    for batch in {batch.scope: batch for batch in known}.values():
        if batch.rows_read:
            in_force[batch.sha256][batch.scope] = batch
    named: dict[str, dict[str, Candidate]] = defaultdict(dict)
    for one in _not_refused(candidates):
        named[one.content.sha256].setdefault(one.scope, one)
    refused_scopes: dict[tuple[str, str], FileRefused] = {}
    renamed: list[Row[Any]] = []
    for sha256, by_scope in named.items():
        accepted = in_force.get(sha256, {})
        if len(by_scope) > 1:
            for scope in by_scope.keys() - accepted.keys():
                refused_scopes[sha256, scope] = _same_bytes(by_scope)
        elif not accepted.keys() & by_scope.keys():
            renamed += accepted.values()
    return [
        replace(one, refusal=one.refusal or refused_scopes.get((one.content.sha256, one.scope)))
        for one in candidates
    ], renamed


def _same_bytes(by_scope: Mapping[str, Candidate]) -> FileRefused:
    names = " и ".join(
        f"«{one.file.name}» ({about(scope)})" for scope, one in sorted(by_scope.items())
    )
    return FileRefused(
        "SAME_FILE",
        f"Один и тот же файл назван как разные работы: {names}. "
        "Оставьте в папке тот, что назван верно.",
    )


def _added_again(
    conn: Connection, pull: Pull, known: list[Row[Any]], arrived: list[Candidate]
) -> tuple[list[Candidate], list[Candidate]]:
    """The files, of which one that a person added to others is together with them again where all
    were read anew, by another scale; and those others."""
    if not known or known[-1].sha256 != OUTDATED:
        return arrived, []
    parts = [batch.content_sha256 for batch in parts_of(conn, pull, known[-1], known)]
    lying = {one.content.sha256: one for one in arrived if one.parsed is not None}
    if len(parts) == 1 or not lying.keys() >= set(parts):
        return arrived, []
    first, *added = (lying[sha256] for sha256 in parts)
    whole = first.parsed
    for one in added:
        if whole is None or one.parsed is None:
            return arrived, []
        before = Loaded.now("", known[-1].received_ms, whole)
        whole = supplemented(conn, pull.source, before, one.parsed)
    others = [lying[sha256] for sha256 in parts[:-1]]
    again = replace(added[-1], parsed=whole)
    rest = [one for one in arrived if one.content.sha256 not in parts]
    return [*rest, again], others


def _held_or_not(
    conn: Connection, pull: Pull, before: Loaded, arrived: list[Candidate]
) -> tuple[list[Candidate], list[Candidate]]:
    """The files, those held that cover clearly less than the batch `before` them, as long as
    nobody decided about them; and those that a person left aside."""
    source = pull.source
    group: list[Candidate] = []
    aside: list[Candidate] = []
    for one in arrived:
        if one.parsed is None:
            group.append(one)
            continue
        covered, there = coverage_of(one.parsed), before.coverage(conn, source.dataset)
        if not covered.is_clearly_less(there, source.threshold):
            group.append(one)
            continue
        sha256 = one.content.sha256
        decision = before.decision_about(conn, pull.plan.code, source.dataset, one.scope, sha256)
        if decision == "keep":
            aside.append(one)
        elif decision == "add":
            group.append(replace(one, parsed=supplemented(conn, source, before, one.parsed)))
        elif decision == "replace":
            group.append(one)
        else:
            key = held_id(pull.plan.code, source.dataset, sha256, before.batch_id)
            refusal = FileRefused(HELD, held_message(one.file.name, key, covered, there))
            group.append(replace(one, refusal=refusal, refused_id=key))
    return group, aside


def _not_refused(candidates: list[Candidate]) -> list[Candidate]:
    return [one for one in candidates if one.refusal is None]


def _by_scope(of_scopes: Iterable[Any]) -> dict[str, list[Any]]:
    """Batches or files by what they are about, in their order."""
    groups: dict[str, list[Any]] = defaultdict(list)
    for one in of_scopes:
        groups[one.scope].append(one)
    return groups


def _came(known: list[Row[Any]]) -> dict[tuple[str, int], str]:
    """Which content came under which name at which moment, whatever it was about."""
    return {(batch.file_name, batch.received_ms): batch.sha256 for batch in known}


def _fresh(
    known: list[Row[Any]],
    came: Mapping[tuple[str, int], str],
    candidates: list[Candidate],
    now_ms: int,
) -> tuple[list[tuple[int, Candidate]], list[Candidate]]:
    """The files that become batches, each with the moment it became known; and the others.

    Times of receipt come from the source's list; a file without one became known now. A file
    lying beside the one in force, and taken in before, is its predecessor and is left alone;
    else two files in one folder would supersede each other at every pull. Where the file in
    force is gone, its predecessor comes back now, listed or not: somebody put the good file
    back in the place of a spoilt one.
    """
    # Clocks of several machines differ; what comes in last must not seem to be older.
    now_ms = max([now_ms, *(batch.received_ms + 1 for batch in known[-1:])])
    in_force = known[-1].sha256 if known else None
    seen = {batch.sha256 for batch in known}
    moments = {batch.received_ms: batch.sha256 for batch in known}
    is_in_force_here = any(one.content.sha256 == in_force for one in candidates)

    fresh: list[tuple[int, Candidate]] = []
    before: list[Candidate] = []
    left: list[Candidate] = []
    hashes: set[str] = set()
    # Of two copies the one received first is meant.
    for one in sorted(candidates, key=lambda one: (one.receipt_ms or now_ms, one.file.key)):
        sha256 = one.content.sha256
        # A moment at which other content came, about the same or in the same file, does not
        # speak of this content.
        moment = one.receipt_ms
        if moment is not None:
            earlier = {moments.get(moment), came.get((one.file.name, moment))}
            moment = moment if earlier <= {sha256, None} else None
        is_taken = moment is not None and moments.get(moment) == sha256
        if sha256 == in_force or sha256 in hashes:
            left.append(one)
        elif moment is not None and not is_taken:
            fresh.append((moment, one))
        elif not is_taken and sha256 not in seen:
            fresh.append((now_ms, one))
        elif is_in_force_here:
            left.append(one)
        else:
            before.append(one)
        hashes.add(sha256)
    if before and not fresh:
        # The file in force was taken away: what was in force before it comes back.
        order = [batch.sha256 for batch in known]
        newest = max(before, key=lambda one: _last_index(order, one.content.sha256))
        fresh.append((now_ms, newest))
        before.remove(newest)
    return fresh, left + before


def _last_index(hashes: list[str], sha256: str) -> int:
    return len(hashes) - 1 - hashes[::-1].index(sha256)


def _by_moment(
    fresh: list[tuple[int, Candidate]],
) -> Iterable[tuple[int, list[Candidate]]]:
    groups: dict[int, list[Candidate]] = defaultdict(list)
    for moment, one in fresh:
        groups[moment].append(one)
    return sorted(groups.items())


def _conflicting(source: Source, scope: str, group: list[Candidate]) -> list[Candidate]:
    names = " и ".join(f"«{one.file.name}»" for one in group if one.refusal is None)
    which = f"«{source.title}»" if scope == "all" else f"«{source.title}», «{about(scope)}»"
    message = (
        f"Разные файлы об одном и том же: {names}. Сведения: {which}. "
        "Не принят ни один. Оставьте в папке верный."
    )
    conflict = FileRefused("CONFLICT", message)
    return [replace(one, refusal=one.refusal or conflict) for one in group]


_NOTHING_READ = {
    "rows_read": 0,
    "rows_accepted": 0,
    "rows_rejected": 0,
    "refusal_code": None,
    "refusal_message": None,
    "scale": None,
}


class _Rows:
    """What one pull adds to the tables: batches, their facts, rejected rows and warnings.

    Collected first, so that each table is written once, however many files came.
    """

    def __init__(self, pull: Pull, known: list[Row[Any]], refused_before: set[str]) -> None:
        self._pull = pull
        self._refused = refused_before
        self._by_scope = {batch.scope: batch for batch in known}  # the last of each
        self._by_name = {batch.file_name: batch for batch in known}
        self._batches: list[dict[str, Any]] = []
        self._facts: dict[str, list[tuple[str, ByColumns]]] = defaultdict(list)
        self._rejected: list[dict[str, Any]] = []
        self._warnings: list[dict[str, Any]] = []
        self.accepted: set[str] = set()  # contents

    def accept(self, one: Candidate, parsed: Parsed, received_ms: int) -> TakenFile:
        """A new batch of the scope, known since `received_ms`."""
        batch_id = id_of(self._pull, parsed.scope, one.content.sha256, received_ms)
        told: dict[str, str | None] = {}  # with the code of what the operator has to mend
        if parsed.without_marks:
            told[_of_file(parsed.without_marks, one.file.name)] = "without_marks"
        told |= dict.fromkeys(_of_file(warning, one.file.name) for warning in parsed.warnings)
        if self._is_outdated(parsed.scope):
            again = sentence(
                "Отметки поставлены заново: шкала этой работы изменилась",
                place(one.file.name),
                NOTHING_TO_DO,
            )
            told[again] = None
        elif one.receipt_ms is not None and one.receipt_ms != received_ms:
            received = sentence(
                "Время получения относится к прежнему содержанию файла, учтено время приёма",
                place(one.file.name),
                "Дополните список времён получения",
            )
            told[received] = None
        before = self._by_name.get(one.file.name)
        if before is not None and before.scope != parsed.scope:
            another = sentence(
                f"Файл прежде был о другом: теперь «{about(parsed.scope)}», "
                f"было «{about(before.scope)}»",
                place(one.file.name),
                "Прежние сведения остались в силе. Если файл перепутан, верните прежний",
            )
            told[another] = "about_another"
        self.accepted.add(one.content.sha256)
        self._add_batch(one, batch_id, received_ms, state="accepted")
        for name, rows in parsed.facts.items():
            self._facts[name].append((batch_id, ByColumns.of(rows)))
        self._warnings += [
            {"batch_id": batch_id, "message": message, "code": code}
            for message, code in told.items()
        ]
        return _taken(one, "accepted", batch_id, after=tuple(told))

    def _is_outdated(self, scope: str) -> bool:
        return scope in self._by_scope and self._by_scope[scope].sha256 == OUTDATED

    def withdraw(self, batch: Row[Any]) -> TakenFile:
        """An empty batch in the place of one whose file was renamed: it was about another thing."""
        received_ms = max(self._pull.now_ms, batch.received_ms + 1)
        batch_id = id_of(self._pull, batch.scope, batch.sha256, received_ms, of="renamed|")
        self._batches.append(
            {
                **_NOTHING_READ,
                "batch_id": batch_id,
                "plan_code": self._pull.plan.code,
                "dataset": self._pull.source.dataset,
                "scope": batch.scope,
                "file_name": batch.file_name,
                "sha256": hashlib.sha256(b"").hexdigest(),
                "size_bytes": 0,
                "received_ms": received_ms,
                "loaded_ms": self._pull.now_ms,
                "state": "accepted",
            }
        )
        told = sentence(
            f"Сведения «{about(batch.scope)}» больше не действуют",
            place(batch.file_name),
            "Тот же файл лежит под другим именем; если и прежнее верно, положите верный файл",
        )
        self._warnings.append({"batch_id": batch_id, "message": told, "code": "withdrawn"})
        return TakenFile(batch.file_name, "withdrawn", scope=batch.scope, messages=(told,))

    def refuse(self, one: Candidate, refusal: FileRefused) -> TakenFile:
        """The refused file is remembered once per content and reason, however often it is met."""
        has_scope = one.scope != NO_SCOPE
        before = self._by_scope.get(one.scope) if has_scope else self._by_name.get(one.file.name)
        message = refusal.message + still_in_force(before)
        batch_id = one.refused_id or refused_id(self._pull, one.content.sha256, refusal.code)
        if batch_id not in self._refused:
            self._refused.add(batch_id)
            received_ms = self._pull.now_ms if one.receipt_ms is None else one.receipt_ms
            told = {"refusal_code": refusal.code, "refusal_message": message}
            self._add_batch(one, batch_id, received_ms, state="refused", **told)
        return _taken(one, "refused", batch_id, refusal.code, before=[message])

    def _add_batch(
        self, one: Candidate, batch_id: str, received_ms: int, **state: str | None
    ) -> None:
        parsed = one.parsed
        is_accepted = state["state"] == "accepted"
        self._batches.append(
            {
                **_NOTHING_READ,
                "batch_id": batch_id,
                "plan_code": self._pull.plan.code,
                "dataset": self._pull.source.dataset,
                "scope": one.scope,
                "file_name": one.file.name,
                "sha256": one.content.sha256,
                "size_bytes": one.content.size_bytes,
                "received_ms": received_ms,
                "loaded_ms": self._pull.now_ms,
                "rows_read": parsed.rows_read if parsed else 0,
                "rows_accepted": parsed.rows_accepted if parsed and is_accepted else 0,
                "rows_rejected": _rows_rejected(parsed),
                "scale": parsed.scale if parsed else None,
                **state,
            }
        )
        for item in parsed.rejected if parsed else ():
            row = {**vars(item), "batch_id": batch_id, "column_name": item.column}
            del row["column"]
            self._rejected.append(row)

    def write(self, conn: Connection) -> None:
        """Insert everything, each table once."""
        if self._batches:
            conn.execute(insert(load_batch), self._batches)
        for table in FACTS:
            if any(rows for _, rows in self._facts[table.name]):
                _write_facts(conn, table, self._facts[table.name])
        if self._rejected:
            conn.execute(insert(rejected_row), self._rejected)
        if self._warnings:
            conn.execute(insert(load_warning), self._warnings)


def _rows_rejected(parsed: Parsed | None) -> int:
    return sum(item.rows for item in parsed.rejected) if parsed else 0


def _taken(
    one: Candidate,
    state: str,
    batch_id: str,
    code: str | None = None,
    before: Sequence[str] = (),
    after: Sequence[str] = (),
) -> TakenFile:
    """What became of a file that is remembered; its rejected rows between other messages."""
    parsed = one.parsed
    rows = [item.message for item in parsed.rejected] if parsed else []
    return TakenFile(
        one.file.name,
        state,
        code,
        None if one.scope == NO_SCOPE else one.scope,
        batch_id,
        rows_read=parsed.rows_read if parsed else 0,
        rows_accepted=parsed.rows_accepted if parsed and state == "accepted" else 0,
        rows_rejected=_rows_rejected(parsed),
        messages=_first([*before, *rows, *after]),
        place="/".join([*one.file.key.split("/")[:-1], one.file.name]),
    )


def _write_facts(conn: Connection, table: Table, loads: list[tuple[str, ByColumns]]) -> None:
    """The facts of each batch. Straight to the driver: SQLAlchemy's look at each of 300 rows
    costs more than they do."""
    statement, is_positional = _insert_statement(table, conn.dialect)
    names = [column.name for column in table.columns if column.name != "batch_id"]
    values: list[Any] = [
        row
        for batch_id, rows in loads
        for row in zip((batch_id,) * len(rows), *map(rows.values, names), strict=True)
    ]
    if not is_positional:
        values = [dict(zip(("batch_id", *names), row, strict=True)) for row in values]
    conn.exec_driver_sql(statement, values)


@lru_cache(maxsize=64)
def _insert_statement(table: Table, dialect: Dialect) -> tuple[str, bool]:
    """The text of an insert, and whether its parameters go by position, `batch_id` first."""
    statement = insert(table).compile(dialect=dialect)
    return str(statement), statement.positional


def _of_file(warning: str, file_name: str) -> str:
    """What a reader counted in a file («Без отметки по журналу: 22 участника. …») with its name.

    It stands before the last sentence, which says what to do.
    """
    what, _, to_do = warning.rpartition(". ")
    if f"«{file_name}»" in warning or not what:
        return warning
    return sentence(what, place(file_name), to_do.removesuffix("."))


def still_in_force(batch: Row[Any] | None) -> str:
    """« Действуют прежние сведения от 28.05.2021.», where there are any."""
    if batch is None:
        return ""
    received = home_time().at(batch.received_ms)
    return f" Действуют прежние сведения от {day(received.date())}."


def _first(messages: list[str]) -> tuple[str, ...]:
    if len(messages) <= _MOST_MESSAGES:
        return tuple(messages)
    left = len(messages) - _MOST_MESSAGES
    more = f"… и ещё {counted(left, 'сообщение', 'сообщения', 'сообщений')} об этом файле."
    return (*messages[:_MOST_MESSAGES], more)
