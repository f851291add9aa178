"""Taking in what arrived: found and read here, decided and written by `evidence.settle`.

What arrived are files of the inbox, or the answer of a query, which is treated as a file.
A file equal to the batch in force changes nothing. Any other becomes a new batch that
supersedes the old one, which stays: time travel is a choice of batches. One that covers clearly
less than the batch in force is held until a person decides (`evidence.held`). Two files never seen
before for one scope at one moment are a conflict, and both are refused: nobody here can know
which is right. A refused file leaves the batch in force as it is.
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import Connection, Engine, Row

from roadmap.evidence.files.inbox import (
    AnyPath,
    Content,
    Found,
    Receipts,
    find,
    is_of_the_connection,
    is_settled,
    read,
    read_receipts,
)
from roadmap.evidence.files.sandbox import Parse, ReadAll, reading, reading_side_by_side
from roadmap.evidence.messages import place, refused, sentence
from roadmap.evidence.names import cleaned_file_name
from roadmap.evidence.parsed import FileRefused, Parsed, ReaderContext
from roadmap.evidence.pull import (
    NO_SCOPE,
    Candidate,
    Pull,
    TakenFile,
    accepted_batches,
    batches_of,
    lock,
    note_lying,
    refused_id,
    waiting_file,
)
from roadmap.evidence.recognise import belongs, how_to_read, recognised
from roadmap.evidence.scales import scales_known
from roadmap.evidence.settle import returning, settle, still_in_force
from roadmap.evidence.sources import Source
from roadmap.plan.model import Plan
from roadmap.russian import counted, integer, plural
from roadmap.store.sql import sql
from roadmap.store.tables import load_batch

if TYPE_CHECKING:
    from roadmap.evidence.files.database import OpenDatabase

log = logging.getLogger(__name__)

_WORTH_TWO_WORKERS = 400_000  # bytes of files, which take longer than a worker's start
_PERSONAL_DATA = "PERSONAL_DATA"
_NO_TABLE = {"HEADER", "TITLE", "SHEET", _PERSONAL_DATA}  # refusals of another dataset's file


@dataclass(frozen=True)
class Intake:
    """One pull of one dataset; the figures that the task shows."""

    dataset: str
    taken: tuple[TakenFile, ...]
    notes: tuple[str, ...] = ()  # of the list of receipt times

    def _count(self, state: str) -> int:
        return sum(file.state == state for file in self.taken)

    @property
    def files(self) -> int:
        return len(self.taken)

    @property
    def accepted(self) -> int:
        return self._count("accepted")

    @property
    def unchanged(self) -> int:
        return self._count("unchanged")

    @property
    def refused(self) -> int:
        return self._count("refused")

    @property
    def waiting(self) -> int:
        return self._count("waiting")

    @property
    def rows_read(self) -> int:
        return sum(file.rows_read for file in self.taken)

    @property
    def rows_accepted(self) -> int:
        return sum(file.rows_accepted for file in self.taken)

    @property
    def rows_rejected(self) -> int:
        return sum(file.rows_rejected for file in self.taken)

    @property
    def is_changed(self) -> bool:
        """Whether a new batch came in (so the dataset's asset changed)."""
        return self.accepted > 0

    @property
    def messages(self) -> tuple[str, ...]:
        """Everything that the operator should read, in the order of the files."""
        return (*self.notes, *(message for file in self.taken for message in file.messages))


@dataclass(frozen=True)
class InForce:
    """A batch in force at some moment."""

    batch_id: str
    dataset: str
    scope: str
    file_name: str
    sha256: str
    received_ms: int
    rows_accepted: int
    rows_rejected: int


# What a moment of the past knows: what had been loaded by then, or all that had been received.
KnownBy = Literal["loaded", "received"]


def batches_in_force(
    conn: Connection, plan_code: str, known_at_ms: int, known_by: KnownBy = "loaded"
) -> tuple[InForce, ...]:
    """The batches of a plan as they were known at a moment (UTC epoch ms)."""
    rows = conn.execute(
        sql("evidence/batches_in_force"),
        {"plan_code": plan_code, "known_at_ms": known_at_ms, "known_by": known_by},
    )
    return tuple(InForce(**row._mapping) for row in rows)


def take_in(
    engine: Engine,
    source: Source,
    inbox: AnyPath,
    archive_folder: AnyPath,
    plan: Plan,
    now_ms: int,
    open_database: OpenDatabase | None = None,
    *,
    parse: Parse | None = None,
) -> Intake:
    """Take in what lies in the plan's folder of the inbox for one dataset, or its query's answer.

    Safe to repeat at any time and by several at once. A file that is refused, or still being
    written, stops no other. `open_database` opens the database of a connection by its id, for
    sources that are a query. `parse` is that of `evidence.files.sandbox.reading` unless given: one
    worker for all files of the pull that are new, none where nothing is.
    """
    with engine.begin() as conn:
        scales = scales_known(source, conn, plan.code)
    pull = Pull(engine, source, plan, now_ms, parse, scales)
    return _take_in(pull, inbox, archive_folder, open_database)


def _take_in(
    pull: Pull, inbox: AnyPath, archive_folder: AnyPath, open_database: OpenDatabase | None
) -> Intake:
    with pull.engine.begin() as conn:
        known = accepted_batches(conn, pull)
        refused_before = set(conn.scalars(batches_of(pull, "refused", load_batch.c.batch_id)))
        not_taken = conn.scalars(batches_of(pull, "refused", load_batch.c.file_name)).all()
    receipts = Receipts()
    if pull.source.query is None:
        folder_of_plan = inbox / pull.plan.code
        receipts = read_receipts(folder_of_plan, pull.source, pull.now_ms)
        arrived, taken = _files(pull, folder_of_plan, receipts)
    else:
        arrived, taken = _answered(pull, known, open_database)

    candidates = _understood(pull, arrived, known, not_taken, receipts)
    candidates = _with_facts(pull, known, candidates)
    candidates = [_recognised_elsewhere(pull, refused_before, one) for one in candidates]
    with pull.engine.begin() as conn:
        lock(conn, pull.plan.code, pull.source.dataset)
        if candidates:
            taken.extend(settle(conn, pull, candidates, archive_folder))
        note_lying(conn, pull.plan.code, pull.source.dataset, taken)

    taken.sort(key=lambda one: (one.state == "ignored", one.name))
    return Intake(pull.source.dataset, tuple(taken), receipts.messages)


def _files(
    pull: Pull, folder_of_plan: AnyPath, receipts: Receipts
) -> tuple[list[tuple[Found, Content]], list[TakenFile]]:
    """The files that are whole, with their bytes; and what is told of the others."""
    found, passed = find(folder_of_plan, pull.source)
    taken = [
        TakenFile(file.name, file.state, file.code, messages=(file.message,)) for file in passed
    ]
    arrived: list[tuple[Found, Content]] = []
    for file in found:
        try:
            content = (
                read(file, round(pull.source.limits.megabytes * 1_000_000))
                if is_settled(file, receipts, pull.now_ms)
                else None
            )
        except OSError as fault:
            # A lost connection fails the pull, which is then repeated.
            if is_of_the_connection(file.path, fault):
                raise
            taken.append(_unreadable(file))
            continue
        if content is None:
            taken.append(waiting_file(file))
            continue
        arrived.append((file, content))
    return arrived, taken


def _answered(
    pull: Pull, known: list[Row[Any]], open_database: OpenDatabase | None
) -> tuple[list[tuple[Found, Content]], list[TakenFile]]:
    """What the source's query answers, as a file would come; it was received now.

    Without an answer there is nothing to keep: that is told, and what is in force stays.
    """
    from roadmap.evidence.files.database import snapshot, snapshot_name

    name = snapshot_name(pull.source)
    try:
        data = snapshot(pull.source, pull.plan, open_database)
        if data is None and known:
            raise refused(
                "EMPTY",
                "Сведения не получены: запрос не вернул ни одной строки, хотя раньше они были",
                "Проверьте таблицу в базе источника",
                name,
            )
    except FileRefused as refusal:
        message = refusal.message + still_in_force(known[-1] if known else None)
        return [], [TakenFile(name, "refused", refusal.code, messages=(message,))]
    if data is None:
        return [], []  # nothing yet: no fault, and no data
    kept = data if len(data) <= pull.source.limits.megabytes * 1_000_000 else None
    content = Content(hashlib.sha256(data).hexdigest(), len(data), kept)
    return [(Found(None, name, name), content)], []


def _understood(
    pull: Pull,
    arrived: list[tuple[Found, Content]],
    known: list[Row[Any]],
    not_taken: Sequence[str],
    receipts: Receipts,
) -> list[Candidate]:
    """The files in their order; those that are not known by name and content are read.

    A file is read again, too, while one of its papers was refused or waits for a person
    (`not_taken`: names): it has to be told that it lies there.
    """
    # Name and content: the name of a protocol's file says its grade and subject.
    scopes = {(batch.file_name, batch.sha256): batch.scope for batch in known}
    candidates = []
    unread = []
    for file, content in arrived:
        candidate = Candidate(file, content, receipts.received_ms.get(file.key), NO_SCOPE)
        scope = scopes.get((file.name, content.sha256))
        if content.content is None:
            candidate = replace(candidate, refusal=_too_large(file, content, pull.source))
        elif scope is not None and not any(
            name.startswith(_start_of_papers(file.name)) for name in not_taken
        ):
            candidate = replace(candidate, scope=scope)
        else:
            unread.append(candidate)
        candidates.append(candidate)
    return _with_read(pull, candidates, unread)


def _with_read(pull: Pull, candidates: list[Candidate], unread: list[Candidate]) -> list[Candidate]:
    """The candidates, those that were not read yet with what they say: one for each paper."""
    have_read = _read(pull, unread)
    return [read for one in candidates for read in have_read.get(id(one), [one])]


def _parser(pull: Pull, *, at_once: bool = False) -> AbstractContextManager[Parse]:
    return reading(at_once=at_once) if pull.parse is None else nullcontext(pull.parse)


def _read(pull: Pull, candidates: list[Candidate]) -> dict[int, list[Candidate]]:
    """By id, the papers of each file with their facts, or refused; read one by one, checked
    together."""
    if not candidates:
        return {}
    workers = _workers(candidates) if pull.parse is None else 1
    if workers == 1:
        with _parser(pull, at_once=True) as parse:
            return _read_by(
                lambda work, files: [work(parse, one) for one in files], pull, candidates
            )
    with reading_side_by_side(workers) as read_all:
        return _read_by(read_all, pull, candidates)


def _workers(candidates: Sequence[Candidate]) -> int:
    """How many read: two where there is enough to read for a second start, and processors."""
    size = sum(one.content.size_bytes for one in candidates)
    is_much = len(candidates) > 1 and size > _WORTH_TWO_WORKERS
    processors = getattr(os, "process_cpu_count", os.cpu_count)  # the first from Python 3.13 on
    return min(2, processors() or 1) if is_much else 1


def _read_by(
    read_all: ReadAll, pull: Pull, candidates: list[Candidate]
) -> dict[int, list[Candidate]]:
    # Only new content is checked, so only then pandas is worth its loading time. Meanwhile the
    # sandbox worker starts.
    from roadmap.evidence.schemas import check_all

    source = pull.source
    options, limits = how_to_read(source, pull.plan, pull.scales)
    options["today"] = pull.plan.local_time.at(pull.now_ms).date().isoformat()

    def papers_of(parse: Parse, one: Candidate) -> list[tuple[Candidate, Parsed | None]]:
        """The file's papers, each with what it says; None: refused unread."""
        papers: list[tuple[Candidate, Parsed | None]] = []
        of_file = [(one, options)]
        for paper, own in of_file:  # the first one names the others
            context = ReaderContext(one.file.name, pull.plan.year, own, pull.plan.last_year)
            try:
                parsed = parse(one.content.content or b"", source.reader, context, limits)
            except FileRefused as refusal:
                papers.append((replace(paper, refusal=refusal), None))
                continue
            papers.append((paper, parsed))
            if paper is one:
                of_file += [
                    (_paper_of(one, other), {**options, "paper": other}) for other in parsed.others
                ]
        return papers

    by_file = read_all(papers_of, candidates)
    facts = [
        (paper.file.name, parsed)
        for papers in by_file
        for paper, parsed in papers
        if parsed is not None
    ]
    checked = iter(check_all(facts))
    return {
        id(one): [
            paper if parsed is None else _judged(paper, next(checked), source)
            for paper, parsed in papers
        ]
        for one, papers in zip(candidates, by_file, strict=True)
    }


def _judged(one: Candidate, found: Parsed | FileRefused, source: Source) -> Candidate:
    """The paper with what the checks of its facts left, or refused."""
    if isinstance(found, FileRefused):
        return replace(one, refusal=found)
    refusal = _too_many_rejected(one.file, found, source)
    return replace(one, scope=found.scope, parsed=found, refusal=refusal)


def _start_of_papers(file_name: str) -> str:
    """How the names begin under which further papers of a file are known."""
    return f"{file_name} ("


def _paper_of(one: Candidate, paper: str) -> Candidate:
    """A further paper of a file: as a file of its own, named after both."""
    subject = paper.rpartition("/")[2]
    name = cleaned_file_name(f"{_start_of_papers(one.file.name)}{subject})")
    sha256 = hashlib.sha256(f"{one.content.sha256}|{paper}".encode()).hexdigest()
    file, content = replace(one.file, name=name), replace(one.content, sha256=sha256)
    return replace(one, file=file, content=content, scope=NO_SCOPE)


def _recognised_elsewhere(pull: Pull, refused_before: set[str], one: Candidate) -> Candidate:
    """The file with a word in its refusal of where it belongs, if it is another dataset's.

    Once: what was refused before is kept with its words.
    """
    if (
        one.refusal is None
        or one.refusal.code not in _NO_TABLE
        or one.content.content is None
        or refused_id(pull, one.content.sha256, one.refusal.code) in refused_before
    ):
        return one
    own, content = pull.source.dataset, one.content.content
    with _parser(pull) as parse:
        source = recognised(parse, content, one.file.name, pull.plan, but=own)
    if source is None:
        return one
    message = f"{one.refusal.message} {belongs(source)}."
    return replace(one, refusal=FileRefused(one.refusal.code, message))


def _too_large(file: Found, content: Content, source: Source) -> FileRefused:
    return FileRefused(
        "SIZE",
        sentence(
            f"Файл не принят: он больше допустимого "
            f"({integer(content.size_bytes // 1_000_000)} МБ при пределе "
            f"{integer(round(source.limits.megabytes))} МБ)",
            place(file.name),
            "Удалите из него лишние листы и рисунки или разделите его",
        ),
    )


def _too_many_rejected(file: Found, parsed: Parsed, source: Source) -> FileRefused | None:
    rejected = sum(item.rows for item in parsed.rejected)
    if not parsed.rows_read or rejected <= source.tolerance * parsed.rows_read:
        return None
    to_do = "Исправьте названные строки и положите файл снова"
    if all(row.row is None for row in parsed.rejected):  # pupils' rows are only counted
        to_do = "Запросите исправленный файл: почему строки отклонены, сказано далее"
    return FileRefused(
        "TOLERANCE",
        sentence(
            f"Файл не принят: {plural(rejected, 'отклонена', 'отклонены', 'отклонено')} "
            f"{counted(rejected, 'строка', 'строки', 'строк')} из {integer(parsed.rows_read)}",
            place(file.name),
            to_do,
        ),
    )


def _unreadable(file: Found) -> TakenFile:
    message = sentence(
        "Файл не открывается: нет прав или его уже убрали",
        place(file.name),
        "Дайте права на чтение или положите файл снова",
    )
    return TakenFile(file.name, "waiting", "UNREADABLE", messages=(message,))


def _with_facts(pull: Pull, known: list[Row[Any]], candidates: list[Candidate]) -> list[Candidate]:
    """Read the files that are known by name and content where they are about to come back.

    Reading takes seconds, so it happens before the transaction that writes.
    """
    return _with_read(pull, candidates, returning(known, candidates, pull.now_ms))
