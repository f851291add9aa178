"""What became of a letter whose outcome is unknown: proof from outside the database.

A letter is `unknown` when the reply to its final dot was lost. It is then `accepted` by
proof (T12) or by a person, and by nothing else: that nothing was found proves nothing,
because a source may be late, incomplete or about another server (docs/delivery.md §5.6).
The sources are receipts on a local disk (receipts.py), the relay's log (relay_log.py) and the
mailbox of copies (journal.py).

Here too is noticed that the database was put back from an old copy (D4), or that the receipts
that would tell so are gone: what it calls waiting may have gone out long ago, so everything
stops until a person has looked.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.utils import parsedate_to_datetime
from typing import Protocol

from sqlalchemy import Engine

from roadmap.decision import LETTER_DECISIONS
from roadmap.delivery.ledger import brakes, moves
from roadmap.delivery.ledger.moves import Claim, Clock, db_now_ms
from roadmap.delivery.letters.operator_text import SETTLE_DAG
from roadmap.delivery.proof.receipts import Mark, Receipt, Receipts
from roadmap.delivery.transport import without_addresses
from roadmap.russian import counted
from roadmap.store.sql import sql

log = logging.getLogger(__name__)

_LETTERS = ("письмо", "письма", "писем")
_STOPPED = "Отправка остановлена."
_COMPARE = (
    "Сверьте письма с журналом почтового сервера; какие ушли, о тех запустите"
    f" «{SETTLE_DAG}», «{LETTER_DECISIONS['arrived']}»."
)
_NEW_MACHINE = (
    "а из этой базы письма уже уходили. Если база восстановлена из копии, ушедшее после копии"
    " отправилось бы второй раз. Верните папку квитанций с прежней машины; её больше нет —"
    f" {_COMPARE[0].lower()}{_COMPARE[1:]}"
)
_NO_MARK = f"Папка квитанций пуста или не та, {_NEW_MACHINE}"
_NO_FOLDER = f"Не задана папка квитанций (ROADMAP_RECEIPTS_FOLDER), {_NEW_MACHINE}"
UNREADABLE = (
    "Папка квитанций не читается, а без неё принятое письмо ушло бы второй раз. Проверьте права"
    " на папку ROADMAP_RECEIPTS_FOLDER."
)
_UNWRITABLE = (
    "В папку квитанций нельзя записать. Проверьте место на диске и права на папку"
    " ROADMAP_RECEIPTS_FOLDER."
)


@dataclass(frozen=True)
class Doubtful:
    """A letter that a source is asked about. `written_at`: its own frozen Date, aware."""

    delivery_id: str
    message_id: str
    send_epoch: int
    payload_sha256: str
    written_at: datetime


class ProofUnavailable(RuntimeError):
    """A source can't be asked now; the message is for the operator, in Russian, no address."""


class ProofSource(Protocol):
    """Somewhere outside the database where a letter that was taken leaves a trace."""

    @property
    def kind(self) -> str:
        """One word for the ledger: receipt, relay_log, journal."""

    def find(self, letters: Sequence[Doubtful]) -> Mapping[str, str]:
        """By delivery_id, where the proof lies; only letters that surely were taken.

        References carry no addresses. ProofUnavailable.
        """


@dataclass(frozen=True)
class ReceiptSource:
    """What the mail server answered, as this machine kept it."""

    receipts: Receipts

    @property
    def kind(self) -> str:
        return "receipt"

    def find(self, letters: Sequence[Doubtful]) -> Mapping[str, str]:
        try:
            kept = self.receipts.kept()
        except OSError:
            raise ProofUnavailable(
                "Квитанции почтового сервера не читаются: проверьте папку ROADMAP_RECEIPTS_FOLDER."
            ) from None
        asked = {letter.delivery_id: letter for letter in letters}
        references = {}
        # A receipt of any epoch proves as much: the bytes are the same in all of them.
        for delivery_id, epoch in sorted(kept):
            letter = asked.get(delivery_id)
            receipt = self.receipts.find(delivery_id, epoch) if letter is not None else None
            if letter is not None and receipt is not None and _is_of(receipt, letter):
                references[delivery_id] = f"{receipt.code} {receipt.detail}".rstrip()
        return references


def already_taken(receipts: Receipts, held: Claim) -> Receipt | None:
    """The receipt of an earlier try of the letter in hand, of any epoch, where there is one.

    So it is when the mail server's word came after a person had decided to send it again.
    OSError where the receipts can't be read.
    """
    return next((one for one in receipts.of(held.delivery_id) if _is_of(one, held)), None)


def _is_of(receipt: Receipt, letter: Doubtful | Claim) -> bool:
    # A letter that was planned anew after a restore has the same Message-ID and other bytes.
    return receipt.message_id == letter.message_id and receipt.payload_sha256 in (
        None,
        letter.payload_sha256,
    )


@dataclass(frozen=True)
class Settled:
    """How many unknown letters were proven, how many stay; which sources could not be asked."""

    accepted: int
    still_unknown: int
    unavailable: tuple[str, ...] = ()


def settle_unknown(
    engine: Engine, sources: Sequence[ProofSource], actor: str, clock: Clock = db_now_ms
) -> Settled:
    """T12 for every unknown letter that a source proves, and nothing for the others.

    The sources are asked in their order, each only about what those before it did not prove.
    One that can't be asked stops nothing: its sentence is given back. While sending is stopped
    because the database was put back from a copy, letters that wait are looked for too: one
    that is proven becomes unknown (T19), then accepted.
    """
    with engine.connect() as db, db.begin():
        is_any_in_doubt = brakes.standing(db, clock(db)).is_restored
    waiting = _letters(engine, "delivery/waiting_bytes") if is_any_in_doubt else {}
    asked = _letters(engine, "delivery/unknown_bytes") | waiting
    proven: dict[str, str] = {}
    unavailable = []
    for source in sources:
        left = [letter for key, letter in asked.items() if key not in proven]
        if not left:
            break
        try:
            references = source.find(left)
        except ProofUnavailable as missing:
            unavailable.append(str(missing))
            continue
        proven |= {
            key: f"{source.kind}: {reference}"
            for key, reference in references.items()
            if key in asked
        }
    accepted = 0
    for key, reference in proven.items():
        if key in waiting:
            _doubt_restored(engine, key, reference, actor, clock)
        accepted += _accept(engine, key, reference, actor, clock)
    if unavailable:
        log.warning("Не отвечают источники доказательств: %d", len(unavailable))
    with engine.connect() as db, db.begin():
        left_unknown = len(db.execute(sql("delivery/unknown_bytes")).all())
    return Settled(accepted, left_unknown, tuple(unavailable))


def _letters(engine: Engine, name: str) -> dict[str, Doubtful]:
    with engine.connect() as db, db.begin():
        rows = db.execute(sql(name)).all()
    letters = {}
    for row in rows:
        key, written_at = row.delivery_id, _date_of(bytes(row.head or b""))
        if written_at is None:  # its bytes were changed in the database: nothing can prove them
            log.error("Письмо с Message-ID %s в базе изменено", key[:32])
            continue
        letters[key] = Doubtful(key, row.message_id, row.send_epoch, row.payload_sha256, written_at)
    return letters


def _date_of(head: bytes) -> datetime | None:
    try:
        return parsedate_to_datetime(message_from_bytes(head)["Date"])
    except (TypeError, ValueError):
        return None


def _accept(engine: Engine, delivery_id: str, reference: str, actor: str, clock: Clock) -> bool:
    with engine.begin() as db:
        return moves.move(
            db, "accept_by_proof", delivery_id, "unknown",
            now_ms=clock(db), actor=actor, phase="evidence", detail=without_addresses(reference),
        )  # fmt: skip


def _doubt_restored(engine: Engine, delivery_id: str, why: str, actor: str, clock: Clock) -> bool:
    with engine.begin() as db:
        now_ms = clock(db)
        return any(
            moves.move(
                db, "doubt_restored", delivery_id, state,
                now_ms=now_ms, actor=actor, phase="evidence",
                detail=without_addresses(f"restored, {why}"),
            )
            for state in ("ready", "retry")
        )  # fmt: skip


# -- A database put back from a copy (D4) --------------------------------------------------------


def notice_restore(
    engine: Engine, receipts: Receipts | None, actor: str, clock: Clock = db_now_ms
) -> str | None:
    """Stop all sending when this database is not the one, or not as far, as the receipts say.

    It is so when it is another database (`control.incarnation`), when it has fewer events than
    were seen, or when it never marked in doubt a letter for which there is a receipt: that is
    kept only after `in_doubt` was committed. Letters that wait there although there is a receipt
    become unknown (T19), and accepted (T12) where the receipt is of the very same bytes.

    Nobody can tell where the folder can't be read or written, or where it has no mark (`receipts`
    None: where there is none any more) though letters have gone out of this database: that
    stops all sending, too. The sentence for the operator; None when nothing is wrong. Who starts
    sending again has looked: what was noticed once is not noticed again, unless it can't be
    written into the folder.
    """
    if receipts is None:
        return _notice_no_folder(engine, actor, clock)
    try:
        # In this order: what the files say was committed before, so the database must know it.
        mark, kept = receipts.mark(), receipts.kept()
    except OSError:
        return stop_without_receipts(engine, actor, clock)
    now = _look(engine, kept)
    fault = _fault(mark, now)
    if fault == _NO_MARK and receipts.mark() is not None:
        fault = None  # the first letter of all: its sender wrote the mark since we looked for it
    if fault is not None:
        sent = {delivery_id for delivery_id, _ in now.waiting}
        waiting = _letters(engine, "delivery/waiting_bytes")
        proven = ReceiptSource(receipts).find([one for key, one in waiting.items() if key in sent])
        fault = _stop(engine, _reason(fault, len(sent), len(proven)), actor, clock)
        for key in sorted(sent):
            _doubt_restored(engine, key, "receipt", actor, clock)
        for key, reference in proven.items():
            _accept(engine, key, f"receipt: {reference}", actor, clock)
        now = _look(engine, kept)
    try:
        receipts.write_mark(Mark(now.incarnation, now.events, now.unplaced))
    except OSError:
        return fault or _stop(engine, _UNWRITABLE, actor, clock)
    return fault


def stop_without_receipts(engine: Engine, actor: str, clock: Clock = db_now_ms) -> str:
    """Stop all sending, because what was accepted can't be looked up; the operator's sentence."""
    return _stop(engine, UNREADABLE, actor, clock)


def _notice_no_folder(engine: Engine, actor: str, clock: Clock) -> str | None:
    """Only a database that once had a folder beside it has an incarnation: it is forgotten."""
    with engine.begin() as db:
        had_one = db.execute(sql("delivery/incarnation")).scalar_one_or_none() is not None
    if not (had_one and _look(engine, frozenset()).has_armed):
        return None
    said = _stop(engine, _NO_FOLDER, actor, clock)
    with engine.begin() as db:
        db.execute(sql("delivery/forget_incarnation"))
    return said


def _stop(engine: Engine, reason: str, actor: str, clock: Clock) -> str:
    brakes.stop_restored(engine, actor, reason, clock)
    return f"{_STOPPED} {reason} Затем продолжите отправку."


@dataclass(frozen=True)
class _Seen:
    """A look at the database beside the receipts."""

    incarnation: str
    events: int
    has_armed: bool  # a letter has gone out of it, or may have
    waiting: frozenset[tuple[str, int]]  # receipts of letters that wait and were never in doubt so
    unplaced: int  # receipts of letters that are not there, or in no state that fits


def _look(engine: Engine, kept: frozenset[tuple[str, int]]) -> _Seen:
    with engine.begin() as db:
        db.execute(sql("delivery/know_incarnation"), {"incarnation": secrets.token_hex(16)})
        incarnation = str(db.execute(sql("delivery/incarnation")).scalar_one())
        events = int(db.execute(sql("delivery/count_events")).scalar_one())
        rows = db.execute(sql("delivery/epochs_in_doubt")).all()
    states = {row.delivery_id: row.state for row in rows}
    marked = {(row.delivery_id, row.epoch_in_doubt) for row in rows}
    not_marked = {
        pair
        for pair in kept - marked
        if states.get(pair[0]) not in ("in_doubt", "unknown", "accepted", "bounced")
    }
    waiting = frozenset(pair for pair in not_marked if states.get(pair[0]) in ("ready", "retry"))
    return _Seen(
        incarnation,
        events,
        # A dry letter meets no mail server.
        any(row.epoch_in_doubt is not None and row.mode != "dry" for row in rows),
        waiting,
        len(not_marked) - len(waiting),
    )


def _fault(mark: Mark | None, now: _Seen) -> str | None:
    """What gives it away, in Russian; None when the database fits the receipts."""
    if mark is not None and mark.incarnation != now.incarnation:
        return "База данных восстановлена из копии. Это другая база или очень старая копия."
    if mark is not None and now.events < mark.events:
        missing = mark.events - now.events
        return f"База данных восстановлена из копии. В журнале писем не хватает записей: {missing}."
    if now.waiting or now.unplaced > (mark.unplaced if mark is not None else 0):
        return (
            "База данных восстановлена из копии. В базе нет отправок, на которые почтовый сервер"
            " ответил."
        )
    return _NO_MARK if mark is None and now.has_armed else None


def _reason(fault: str, waiting: int, proven: int) -> str:
    sentences = [fault]
    if proven:
        sentences.append(
            "Уже принято почтовым сервером и не будет отправлено повторно:"
            f" {counted(proven, *_LETTERS)}."
        )
    if waiting > proven:
        sentences.append(f"Исход неизвестен: {counted(waiting - proven, *_LETTERS)}.")
    if fault != _NO_MARK:  # which says so itself
        sentences.append(_COMPARE)
    return " ".join(sentences)
