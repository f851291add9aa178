"""Taking in what arrived: read, check, decide, write; one transaction a pull.

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
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import (
    Connection,
    Dialect,
    Engine,
    Row,
    Select,
    Table,
    case,
    delete,
    func,
    insert,
    select,
)

from roadmap.evidence.files.inbox import (
    AnyPath,
    Content,
    Found,
    Receipts,
    archive,
    find,
    is_of_the_connection,
    is_settled,
    read,
    read_receipts,
)
from roadmap.evidence.files.sandbox import Parse, reading
from roadmap.evidence.held import HELD, Loaded, coverage_of, held_id, held_message, supplemented
from roadmap.evidence.messages import place, refused, sentence
from roadmap.evidence.parsed import FileRefused, Parsed, ReaderContext
from roadmap.evidence.recognise import belongs, how_to_read, recognised
from roadmap.evidence.scales import scale_now, scales_known
from roadmap.evidence.sources import Source
from roadmap.plan.zone import home_time
from roadmap.russian import counted, day, integer
from roadmap.store.sql import sql
from roadmap.store.tables import FACTS, load_batch, load_warning, lying_file, rejected_row

if TYPE_CHECKING:
    from roadmap.evidence.files.database import OpenDatabase

log = logging.getLogger(__name__)

_NO_SCOPE = "-"  # of a file that was refused before its scope was known
_OUTDATED = ""  # the hash of a batch in force whose marks were given by another scale
_MOST_MESSAGES = 20  # of one file, in the log; all of them are stored
_PERSONAL_DATA = "PERSONAL_DATA"
_NO_TABLE = {"HEADER", "TITLE", "SHEET", _PERSONAL_DATA}  # refusals of another dataset's file


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
    place: str = ""  # below the year's folder, cleaned


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
    conn: Connection, plan_year: int, known_at_ms: int, known_by: KnownBy = "loaded"
) -> tuple[InForce, ...]:
    """The batches of a plan's year as they were known at a moment (UTC epoch ms)."""
    rows = conn.execute(
        sql("evidence/batches_in_force"),
        {"plan_year": plan_year, "known_at_ms": known_at_ms, "known_by": known_by},
    )
    return tuple(InForce(**row._mapping) for row in rows)


def take_in(
    engine: Engine,
    source: Source,
    inbox: AnyPath,
    archive_folder: AnyPath,
    plan_year: int,
    now_ms: int,
    open_database: OpenDatabase | None = None,
    *,
    parse: Parse | None = None,
) -> Intake:
    """Take in what lies in `<inbox>/<plan_year>/` for one dataset, or what its query answers.

    Safe to repeat at any time and by several at once. A file that is refused, or still being
    written, stops no other. `open_database` opens the database of a connection by its id, for
    sources that are a query. `parse` is that of `evidence.files.sandbox.reading` unless given: one
    worker for all files of the pull that are new, none where nothing is.
    """
    with engine.begin() as conn:
        scales = scales_known(source, conn, plan_year)
    pull = _Pull(engine, source, plan_year, now_ms, parse, scales)
    return _take_in(pull, inbox, archive_folder, open_database)


@dataclass(frozen=True)
class _Pull:
    """What all steps of one pull share."""

    engine: Engine
    source: Source
    plan_year: int
    now_ms: int
    parse: Parse | None
    scales: dict[str, Any]  # the option of that name (`evidence.scales`)


def _take_in(
    pull: _Pull, inbox: AnyPath, archive_folder: AnyPath, open_database: OpenDatabase | None
) -> Intake:
    with pull.engine.begin() as conn:
        known = _accepted(conn, pull)
        refused_before = set(conn.scalars(_batches(pull, "refused", load_batch.c.batch_id)))
    receipts = Receipts()
    if pull.source.query is None:
        year_folder = inbox / str(pull.plan_year)
        receipts = read_receipts(year_folder, pull.source, pull.now_ms)
        arrived, taken = _files(pull, year_folder, receipts)
    else:
        arrived, taken = _answered(pull, known, open_database)

    candidates = _understood(pull, arrived, known, receipts)
    candidates = _with_facts(pull, known, candidates)
    candidates = [_recognised_elsewhere(pull, refused_before, one) for one in candidates]
    with pull.engine.begin() as conn:
        _lock(conn, pull)
        if candidates:
            taken.extend(_settle(conn, pull, candidates, archive_folder))
        note_lying(conn, pull.plan_year, pull.source.dataset, taken)

    taken.sort(key=lambda one: (one.state == "ignored", one.name))
    return Intake(pull.source.dataset, tuple(taken), receipts.messages)


def note_lying(conn: Connection, plan_year: int, dataset: str, taken: Iterable[TakenFile]) -> None:
    """Keep which files of the dataset lie in the inbox and are not accepted; others no more."""
    of_dataset = (lying_file.c.plan_year == plan_year, lying_file.c.dataset == dataset)
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
        lie = {"plan_year": plan_year, "dataset": dataset}
        conn.execute(
            insert(lying_file),
            [{**lie, "place": place_, "batch_id": batch_id} for place_, batch_id in now.items()],
        )


def _files(
    pull: _Pull, year_folder: AnyPath, receipts: Receipts
) -> tuple[list[tuple[Found, Content]], list[TakenFile]]:
    """The files that are whole, with their bytes; and what is told of the others."""
    found, passed = find(year_folder, pull.source)
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
            taken.append(_waiting(file))
            continue
        arrived.append((file, content))
    return arrived, taken


def _answered(
    pull: _Pull, known: list[Row[Any]], open_database: OpenDatabase | None
) -> tuple[list[tuple[Found, Content]], list[TakenFile]]:
    """What the source's query answers, as a file would come; it was received now.

    Without an answer there is nothing to keep: that is told, and what is in force stays.
    """
    from roadmap.evidence.files.database import snapshot, snapshot_name

    name = snapshot_name(pull.source)
    try:
        data = snapshot(pull.source, pull.plan_year, open_database)
        if data is None and known:
            raise refused(
                "EMPTY",
                "Сведения не получены: запрос не вернул ни одной строки, хотя раньше они были",
                "Проверьте таблицу в базе источника",
                name,
            )
    except FileRefused as refusal:
        message = refusal.message + _still_in_force(known[-1] if known else None)
        return [], [TakenFile(name, "refused", refusal.code, messages=(message,))]
    if data is None:
        return [], []  # nothing yet: no fault, and no data
    kept = data if len(data) <= pull.source.limits.megabytes * 1_000_000 else None
    content = Content(hashlib.sha256(data).hexdigest(), len(data), kept)
    return [(Found(None, name, name), content)], []


@dataclass(frozen=True)
class _Candidate:
    """A file whose bytes are known, and what they say: nothing yet (`parsed` is None, the
    content is known under this name), facts, or a refusal."""

    file: Found
    content: Content
    receipt_ms: int | None
    scope: str
    parsed: Parsed | None = None
    refusal: FileRefused | None = None
    refused_id: str | None = None  # of the refusal, where content and reason do not name it


def _accepted(conn: Connection, pull: _Pull) -> list[Row[Any]]:
    """All accepted batches of the dataset, oldest knowledge first: the last one is in force."""
    order = (load_batch.c.received_ms, load_batch.c.loaded_ms, load_batch.c.batch_id)
    known = list(conn.execute(_batches(pull, "accepted", load_batch).order_by(*order)))
    in_force = {batch.scope: batch for batch in known if batch.scale is not None}
    outdated = [
        batch.batch_id
        for scope, batch in in_force.items()
        if batch.scale != scale_now(pull.scales["scales"], scope)
    ]
    if not outdated:
        return known
    # What was read by another scale is no longer what the file says: no content is equal to it.
    others = [column for column in load_batch.c if column.name != "sha256"]
    is_outdated = load_batch.c.batch_id.in_(outdated)
    sha256 = case((is_outdated, _OUTDATED), else_=load_batch.c.sha256).label("sha256")
    return list(conn.execute(_batches(pull, "accepted", *others, sha256).order_by(*order)))


def _batches(pull: _Pull, state: str, *what: Any) -> Select[Any]:
    return select(*what).where(
        load_batch.c.plan_year == pull.plan_year,
        load_batch.c.dataset == pull.source.dataset,
        load_batch.c.state == state,
    )


def _understood(
    pull: _Pull, arrived: list[tuple[Found, Content]], known: list[Row[Any]], receipts: Receipts
) -> list[_Candidate]:
    """The files in their order; those that are not known by name and content are read."""
    # Name and content: the name of a protocol's file says its grade and subject.
    scopes = {(batch.file_name, batch.sha256): batch.scope for batch in known}
    candidates = []
    unread = []
    for file, content in arrived:
        candidate = _Candidate(file, content, receipts.received_ms.get(file.key), _NO_SCOPE)
        scope = scopes.get((file.name, content.sha256))
        if content.content is None:
            candidate = replace(candidate, refusal=_too_large(file, content, pull.source))
        elif scope is not None:
            candidate = replace(candidate, scope=scope)
        else:
            unread.append(candidate)
        candidates.append(candidate)
    have_read = _read(pull, unread)
    return [have_read.get(id(candidate), candidate) for candidate in candidates]


def _parser(pull: _Pull, *, at_once: bool = False) -> AbstractContextManager[Parse]:
    return reading(at_once=at_once) if pull.parse is None else nullcontext(pull.parse)


def _read(pull: _Pull, candidates: list[_Candidate]) -> dict[int, _Candidate]:
    """By id, the files with their facts, or refused; read one by one, checked together."""
    if not candidates:
        return {}
    with _parser(pull, at_once=True) as parse:
        return _read_by(parse, pull, candidates)


def _read_by(parse: Parse, pull: _Pull, candidates: list[_Candidate]) -> dict[int, _Candidate]:
    # Only new content is checked, so only then pandas is worth its loading time. Meanwhile the
    # sandbox worker starts.
    from roadmap.evidence.schemas import check_all

    source = pull.source
    options, limits = how_to_read(source, pull.plan_year, pull.scales)
    have_read: dict[int, _Candidate] = {}
    unchecked: list[tuple[_Candidate, Parsed]] = []
    for one in candidates:
        context = ReaderContext(one.file.name, pull.plan_year, options)
        try:
            parsed = parse(one.content.content or b"", source.reader, context, limits)
        except FileRefused as refusal:
            have_read[id(one)] = replace(one, refusal=refusal)
        else:
            unchecked.append((one, parsed))
    checked = check_all([(one.file.name, parsed) for one, parsed in unchecked])
    for (one, _), found in zip(unchecked, checked, strict=True):
        if isinstance(found, FileRefused):
            have_read[id(one)] = replace(one, refusal=found)
        else:
            have_read[id(one)] = replace(
                one,
                scope=found.scope,
                parsed=found,
                refusal=_too_many_rejected(one.file, found, source),
            )
    return have_read


def _recognised_elsewhere(pull: _Pull, refused_before: set[str], one: _Candidate) -> _Candidate:
    """The file with a word in its refusal of where it belongs, if it is another dataset's.

    Once: what was refused before is kept with its words.
    """
    if (
        one.refusal is None
        or one.refusal.code not in _NO_TABLE
        or one.content.content is None
        or _refused_id(pull, one.content.sha256, one.refusal.code) in refused_before
    ):
        return one
    own, content = pull.source.dataset, one.content.content
    with _parser(pull) as parse:
        source = recognised(parse, content, one.file.name, pull.plan_year, but=own)
    if source is None:
        return one
    message = f"{one.refusal.message} {belongs(source)}."
    return replace(one, refusal=FileRefused(one.refusal.code, message))


def _refused_id(pull: _Pull, sha256: str, code: str) -> str:
    return _id(pull, sha256, code, of="refused|")


def _id(pull: _Pull, *parts: object, of: str = "") -> str:
    named = "|".join(map(str, (pull.plan_year, pull.source.dataset, *parts)))
    return hashlib.sha256((of + named).encode()).hexdigest()[:32]


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
    rejected = _rows_rejected(parsed)
    if not parsed.rows_read or rejected <= source.tolerance * parsed.rows_read:
        return None
    to_do = "Исправьте названные строки и положите файл снова"
    if all(row.row is None for row in parsed.rejected):  # pupils' rows are only counted
        to_do = "Запросите исправленный файл: почему строки отклонены, сказано далее"
    return FileRefused(
        "TOLERANCE",
        sentence(
            f"Файл не принят: отклонены {integer(rejected)} из "
            f"{counted(parsed.rows_read, 'строки', 'строк', 'строк')}",
            place(file.name),
            to_do,
        ),
    )


def _waiting(file: Found) -> TakenFile:
    message = sentence(
        "Файл ещё записывается",
        place(file.name),
        "Он будет принят при следующем приёме, когда минуту не будет меняться",
    )
    return TakenFile(file.name, "waiting", "UNSETTLED", messages=(message,))


def _unreadable(file: Found) -> TakenFile:
    message = sentence(
        "Файл не открывается: нет прав или его уже убрали",
        place(file.name),
        "Дайте права на чтение или положите файл снова",
    )
    return TakenFile(file.name, "waiting", "UNREADABLE", messages=(message,))


# -- Deciding and writing ------------------------------------------------------------------


def _with_facts(
    pull: _Pull, known: list[Row[Any]], candidates: list[_Candidate]
) -> list[_Candidate]:
    """Read the files that are known by name and content where they are about to come back.

    Reading takes seconds, so it happens before the transaction that writes.
    """
    batches, came = _by_scope(known), _came(known)
    returning = [
        one
        for scope, group in _by_scope(_not_refused(candidates)).items()
        for _, one in _fresh(batches[scope], came, group, pull.now_ms)[0]
        if not one.parsed
    ]
    have_read = _read(pull, returning)
    return [have_read.get(id(one), one) for one in candidates]


def _settle(
    conn: Connection, pull: _Pull, candidates: list[_Candidate], archive_folder: AnyPath
) -> list[TakenFile]:
    """Decide about all files, scope by scope, and write what is new.

    Archived is what was accepted, before the database says so, and never a file of pupils: a
    refused one may be a protocol with names in the wrong folder.
    """
    known = _accepted(conn, pull)
    batches, came = _by_scope(known), _came(known)
    refused_before = set(conn.scalars(_batches(pull, "refused", load_batch.c.batch_id)))
    rows = _Rows(pull, known, refused_before)
    candidates, renamed = _one_name_each(known, candidates)
    taken = [rows.withdraw(batch) for batch in renamed]
    taken += [rows.refuse(one, one.refusal) for one in candidates if one.refusal]
    for scope, group in sorted(_by_scope(_not_refused(candidates)).items()):
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
                    taken.append(_waiting(one.file))
    if not pull.source.holds_pupils:
        contents = {batch.sha256 for batch in known} | rows.accepted
        for one in candidates:
            if one.content.sha256 in contents:
                archive(archive_folder, one.content)
    rows.write(conn)
    return taken


def _one_name_each(
    known: list[Row[Any]], candidates: list[_Candidate]
) -> tuple[list[_Candidate], list[Row[Any]]]:
    """Of files with the same bytes that their names make different things, those refused whose
    name nobody had accepted; and the batches whose file has only been renamed since.

    The name of a protocol's file says its grade and subject: one pupil's table is one paper.
    """
    in_force: dict[str, dict[str, Row[Any]]] = defaultdict(dict)  # content → scope → batch
    for batch in {batch.scope: batch for batch in known}.values():
        if batch.rows_read:
            in_force[batch.sha256][batch.scope] = batch
    named: dict[str, dict[str, _Candidate]] = defaultdict(dict)
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


def _same_bytes(by_scope: Mapping[str, _Candidate]) -> FileRefused:
    names = " и ".join(f"«{one.file.name}» ({scope})" for scope, one in sorted(by_scope.items()))
    return FileRefused(
        "SAME_FILE",
        f"Один и тот же файл назван как разные работы: {names}. "
        "Оставьте в папке тот, что назван верно.",
    )


def _held_or_not(
    conn: Connection, pull: _Pull, before: Loaded, arrived: list[_Candidate]
) -> tuple[list[_Candidate], list[_Candidate]]:
    """The files, those held that cover clearly less than the batch `before` them, as long as
    nobody decided about them; and those that a person left aside."""
    source = pull.source
    group: list[_Candidate] = []
    aside: list[_Candidate] = []
    for one in arrived:
        if one.parsed is None:
            group.append(one)
            continue
        covered, there = coverage_of(one.parsed), before.coverage(conn, source.dataset)
        if not covered.is_clearly_less(there, source.threshold):
            group.append(one)
            continue
        sha256 = one.content.sha256
        decision = before.decision_about(conn, pull.plan_year, source.dataset, one.scope, sha256)
        if decision == "keep":
            aside.append(one)
        elif decision == "add":
            group.append(replace(one, parsed=supplemented(conn, source, before, one.parsed)))
        elif decision == "replace":
            group.append(one)
        else:
            key = held_id(pull.plan_year, source.dataset, sha256, before.batch_id)
            refusal = FileRefused(HELD, held_message(one.file.name, key, covered, there))
            group.append(replace(one, refusal=refusal, refused_id=key))
    return group, aside


def _not_refused(candidates: list[_Candidate]) -> list[_Candidate]:
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
    candidates: list[_Candidate],
    now_ms: int,
) -> tuple[list[tuple[int, _Candidate]], list[_Candidate]]:
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

    fresh: list[tuple[int, _Candidate]] = []
    returning: list[_Candidate] = []
    left: list[_Candidate] = []
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
            returning.append(one)
        hashes.add(sha256)
    if returning and not fresh:
        # The file in force was taken away: what was in force before it comes back.
        order = [batch.sha256 for batch in known]
        newest = max(returning, key=lambda one: _last_index(order, one.content.sha256))
        fresh.append((now_ms, newest))
        returning.remove(newest)
    return fresh, left + returning


def _last_index(hashes: list[str], sha256: str) -> int:
    return len(hashes) - 1 - hashes[::-1].index(sha256)


def _by_moment(
    fresh: list[tuple[int, _Candidate]],
) -> Iterable[tuple[int, list[_Candidate]]]:
    groups: dict[int, list[_Candidate]] = defaultdict(list)
    for moment, one in fresh:
        groups[moment].append(one)
    return sorted(groups.items())


def _conflicting(source: Source, scope: str, group: list[_Candidate]) -> list[_Candidate]:
    names = " и ".join(f"«{one.file.name}»" for one in group if one.refusal is None)
    about = f"«{source.title}»" if scope == "all" else f"«{source.title}», «{scope}»"
    message = (
        f"Разные файлы об одном и том же: {names}. Сведения: {about}. "
        "Не принят ни один. Оставьте в папке верный."
    )
    conflict = FileRefused("CONFLICT", message)
    return [replace(one, refusal=one.refusal or conflict) for one in group]


def _lock(conn: Connection, pull: _Pull) -> None:
    """One writer a dataset. SQLite's transactions have one writer as they are."""
    if conn.dialect.name == "postgresql":
        digest = hashlib.sha256(f"intake|{pull.plan_year}|{pull.source.dataset}".encode()).digest()
        key = int.from_bytes(digest[:8], "big", signed=True)
        conn.execute(select(func.pg_advisory_xact_lock(key)))


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

    def __init__(self, pull: _Pull, known: list[Row[Any]], refused_before: set[str]) -> None:
        self._pull = pull
        self._refused = refused_before
        self._by_scope = {batch.scope: batch for batch in known}  # the last of each
        self._by_name = {batch.file_name: batch for batch in known}
        self._batches: list[dict[str, Any]] = []
        self._facts: dict[str, list[tuple[str, list[dict[str, Any]]]]] = defaultdict(list)
        self._rejected: list[dict[str, Any]] = []
        self._warnings: list[dict[str, Any]] = []
        self.accepted: set[str] = set()  # contents

    def accept(self, one: _Candidate, parsed: Parsed, received_ms: int) -> TakenFile:
        """A new batch of the scope, known since `received_ms`."""
        batch_id = _id(self._pull, parsed.scope, one.content.sha256, received_ms)
        warnings = [_of_file(warning, one.file.name) for warning in parsed.warnings]
        if self._is_outdated(parsed.scope):
            told = "Отметки поставлены заново: шкала этой работы изменилась."
            warnings.append(_of_file(told, one.file.name))
        elif one.receipt_ms is not None and one.receipt_ms != received_ms:
            warnings.append(
                sentence(
                    "Время получения относится к прежнему содержанию файла, учтено время приёма",
                    place(one.file.name),
                    "Дополните список времён получения",
                )
            )
        before = self._by_name.get(one.file.name)
        if before is not None and before.scope != parsed.scope:
            warnings.append(
                sentence(
                    f"Файл прежде был о другом: теперь «{parsed.scope}», было «{before.scope}»",
                    place(one.file.name),
                    "Прежние сведения остались в силе. Если файл перепутан, верните прежний",
                )
            )
        self.accepted.add(one.content.sha256)
        self._add_batch(one, batch_id, received_ms, state="accepted")
        for name, rows in parsed.facts.items():
            self._facts[name].append((batch_id, rows))
        self._warnings += [{"batch_id": batch_id, "message": message} for message in warnings]
        return _taken(one, "accepted", batch_id, after=warnings)

    def _is_outdated(self, scope: str) -> bool:
        return scope in self._by_scope and self._by_scope[scope].sha256 == _OUTDATED

    def withdraw(self, batch: Row[Any]) -> TakenFile:
        """An empty batch in the place of one whose file was renamed: it was about another thing."""
        received_ms = max(self._pull.now_ms, batch.received_ms + 1)
        batch_id = _id(self._pull, batch.scope, batch.sha256, received_ms, of="renamed|")
        self._batches.append(
            {
                **_NOTHING_READ,
                "batch_id": batch_id,
                "plan_year": self._pull.plan_year,
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
            f"Сведения «{batch.scope}» больше не действуют",
            place(batch.file_name),
            "Тот же файл лежит под другим именем; если и прежнее верно, положите верный файл",
        )
        self._warnings.append({"batch_id": batch_id, "message": told})
        return TakenFile(batch.file_name, "withdrawn", scope=batch.scope, messages=(told,))

    def refuse(self, one: _Candidate, refusal: FileRefused) -> TakenFile:
        """The refused file is remembered once per content and reason, however often it is met."""
        has_scope = one.scope != _NO_SCOPE
        before = self._by_scope.get(one.scope) if has_scope else self._by_name.get(one.file.name)
        message = refusal.message + _still_in_force(before)
        batch_id = one.refused_id or _refused_id(self._pull, one.content.sha256, refusal.code)
        if batch_id not in self._refused:
            self._refused.add(batch_id)
            received_ms = self._pull.now_ms if one.receipt_ms is None else one.receipt_ms
            told = {"refusal_code": refusal.code, "refusal_message": message}
            self._add_batch(one, batch_id, received_ms, state="refused", **told)
        return _taken(one, "refused", batch_id, refusal.code, before=[message])

    def _add_batch(
        self, one: _Candidate, batch_id: str, received_ms: int, **state: str | None
    ) -> None:
        parsed = one.parsed
        is_accepted = state["state"] == "accepted"
        self._batches.append(
            {
                **_NOTHING_READ,
                "batch_id": batch_id,
                "plan_year": self._pull.plan_year,
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
    one: _Candidate,
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
        None if one.scope == _NO_SCOPE else one.scope,
        batch_id,
        rows_read=parsed.rows_read if parsed else 0,
        rows_accepted=parsed.rows_accepted if parsed and state == "accepted" else 0,
        rows_rejected=_rows_rejected(parsed),
        messages=_first([*before, *rows, *after]),
        place="/".join([*one.file.key.split("/")[:-1], one.file.name]),
    )


def _write_facts(
    conn: Connection, table: Table, loads: list[tuple[str, list[dict[str, Any]]]]
) -> None:
    """The facts of each batch. Straight to the driver: SQLAlchemy's look at each of 300 rows
    costs more than they do."""
    statement, is_positional = _insert_statement(table, conn.dialect)
    names = [column.name for column in table.columns if column.name != "batch_id"]
    if is_positional:
        conn.exec_driver_sql(
            statement,
            [(batch_id, *map(row.get, names)) for batch_id, rows in loads for row in rows],
        )
    else:
        empty = dict.fromkeys(names)
        conn.exec_driver_sql(
            statement,
            [{**empty, **row, "batch_id": batch_id} for batch_id, rows in loads for row in rows],
        )


@lru_cache(maxsize=64)
def _insert_statement(table: Table, dialect: Dialect) -> tuple[str, bool]:
    """The text of an insert, and whether its parameters go by position, `batch_id` first."""
    statement = insert(table).compile(dialect=dialect)
    return str(statement), statement.positional


def _of_file(warning: str, file_name: str) -> str:
    """What a reader counted in a file («Без отметки по журналу: 22 участника.») with its name."""
    return warning if f"«{file_name}»" in warning else f"{warning} {place(file_name)}."


def _still_in_force(batch: Row[Any] | None) -> str:
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
