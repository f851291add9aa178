"""Sending what is due: the loop of docs/delivery.md §5.5 over the ledger and a transport.

Sending is draining, never «send this list»: whoever calls it, and how often at once, each
letter is claimed by one sender, and its final dot goes out only after `in_doubt` was
committed. What breaks before that is tried again; what breaks after it is unknown.
"""

from __future__ import annotations

import hashlib
import logging
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import reduce
from typing import NoReturn

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from roadmap.broken import what_broke
from roadmap.delivery.ledger import brakes, moments, moves, refusals
from roadmap.delivery.ledger.moves import (
    MODES,
    OPERATOR,
    Claim,
    ClaimScope,
    Clock,
    DailyCapReached,
)
from roadmap.delivery.proof import proofs
from roadmap.delivery.proof.receipts import Receipt, Receipts
from roadmap.delivery.sending.smtp import MailServer, transports
from roadmap.delivery.settings import DeliverySettings, UnsafeLive, refuse_unsafe
from roadmap.delivery.transport import (
    DotNotSent,
    LeaseLost,
    Lost,
    MailServerUnavailable,
    OpenTransport,
    Refused,
    Reply,
    ReplyLost,
    Transport,
    without_addresses,
)
from roadmap.russian import counted, lower_first
from roadmap.store.sql import sql

log = logging.getLogger(__name__)

# From the count of the lease to the dot; longer means that the process was frozen.
FROZEN_SECONDS = 1.0
# The only answer to the dot by which a server takes a letter over (RFC 5321 4.3.2).
ACCEPTED = 250
_MINUTE_MS = 60_000
_BACKOFF_MINUTES = (1, 5, 15, 30, 60, 120)
_SIGNALS = {signal.SIGTERM, signal.SIGINT, signal.SIGALRM}


@dataclass(frozen=True)
class SendSummary:
    """What one call did, by outcome of an attempt, and what the scope still waits for.

    `pending` counts letters of the scope that are ready, claimed, in doubt or waiting for
    their next try; the caller comes back for them. `leased` of them are in the hands of another
    sender, who may be dead: the caller can do nothing but leave them to the reaper.
    """

    mode: str | None = None  # of all its letters, where the scope has one
    accepted: int = 0
    checked: int = 0  # of those accepted: dry, which met no mail server
    postponed: int = 0
    rejected: int = 0
    exhausted: int = 0
    unknown: int = 0
    expired: int = 0
    pending: int = 0
    leased: int = 0
    is_switched_off: bool = False
    breaker_until_ms: int | None = None  # until then the mail server is given a rest
    breaker_reason: str | None = None
    paused_reason: str | None = None  # the scope's letters wait for a person to go on
    refused: tuple[str, ...] = ()  # why no letter of a mode was touched, where only some may go

    def __str__(self) -> str:
        taken = self.accepted if self.mode == "dry" else self.accepted - self.checked
        what_became = _DONE.get(self.mode or "live", _DONE["live"])
        parts = [f"{what_became}: {counted(taken, 'письмо', 'письма', 'писем')}"]
        parts += [
            f"{what}: {n}"
            for n, what in (
                (self.accepted - taken, "проверено без отправки"),
                (self.postponed, "отложено до повтора"),
                (self.rejected, "отклонено сервером"),
                (self.exhausted, "попытки исчерпаны"),
                (self.unknown, "исход неизвестен"),
                (self.expired, "срок отправки истёк"),
                (self.pending - self.leased, "ещё в очереди"),
                (self.leased, "у другого отправителя"),
            )
            if n
        ]
        if self.is_switched_off:
            parts.append("отправка остановлена оператором")
        if self.breaker_reason:
            parts.append(f"перерыв: {lower_first(self.breaker_reason).rstrip('.')}")
        if self.paused_reason:
            parts.append(f"рассылка приостановлена: {lower_first(self.paused_reason).rstrip('.')}")
        return "; ".join(parts) + "."


_DONE = {
    "live": "Принято почтовым сервером",
    "redirect": "Принято почтовым сервером для проверочного адреса",
    "dry": "Проверено без отправки",
}


def run_scope(engine: Engine, run_id: str, municipalities: Sequence[str] | None) -> ClaimScope:
    """The scope of one phase run: its occasion, its mode, some or all of its addressees."""
    with engine.connect() as db, db.begin():
        run = db.execute(sql("delivery/run"), {"run_id": run_id}).one()
    chosen = None if municipalities is None else tuple(municipalities)
    return ClaimScope(run.occasion, run.mode, chosen)


def refuse_unsafe_run(
    engine: Engine, run_id: str, server: MailServer, settings: DeliverySettings
) -> None:
    """UnsafeLive where this run would write to its addressees and nothing is fit for that."""
    _refuse_unsafe(engine, run_scope(engine, run_id, None).mode or "live", server, settings)


def _refuse_unsafe(
    engine: Engine, mode: str, server: MailServer, settings: DeliverySettings
) -> None:
    refuse_unsafe(
        mode=mode,
        database_dialect=engine.dialect.name,
        mail_host=server.host,
        mail_is_verified_tls=server.is_verified_tls,
        allowed_domains=settings.allowed_domains,
        journal_is_allowed=settings.journal_address is None
        or settings.allows(settings.journal_address),
        # The demo runs with known secrets, whichever mail server it uses.
        has_demo_secrets=settings.is_demo,
        has_demo_login=settings.has_demo_login,
        is_demo=settings.is_demo,
    )


def send_run(
    engine: Engine,
    run_id: str,
    batch: Sequence[str],
    server: MailServer,
    settings: DeliverySettings,
    *,
    stop: threading.Event,
    soft_deadline_seconds: float,
    actor: str,
    receipts: Receipts | None = None,
) -> SendSummary:
    """Send the letters of a batch of addressees of one phase run; UnsafeLive where it may not."""
    scope = run_scope(engine, run_id, batch)
    refuse_unsafe_run(engine, run_id, server, settings)
    return _drain(engine, scope, server, settings, stop, actor, soft_deadline_seconds, receipts)


def send_left(
    engine: Engine,
    server: MailServer,
    settings: DeliverySettings,
    *,
    stop: threading.Event,
    soft_deadline_seconds: float,
    actor: str,
    receipts: Receipts | None = None,
) -> SendSummary:
    """Send whatever is due of any run: what a lost or cleared run left behind.

    Where the letters of a mode may not be sent from here, the others go, and `refused` says why
    these do not.
    """
    refused: dict[str, str] = {}
    for mode in MODES:
        try:
            _refuse_unsafe(engine, mode, server, settings)
        except UnsafeLive as unsafe:
            refused[mode] = str(unsafe)
    scopes = (
        [ClaimScope(mode=mode) for mode in MODES if mode not in refused]
        if refused
        else [ClaimScope()]
    )
    parts = [
        _drain(
            engine, scope, server, settings, stop, actor,
            soft_deadline_seconds / len(scopes), receipts,
        )
        for scope in scopes
    ]  # fmt: skip
    return replace(reduce(_together, parts), refused=tuple(refused.values()))


def send_operator_letters(
    engine: Engine,
    server: MailServer,
    settings: DeliverySettings,
    *,
    soft_deadline_seconds: float,
    actor: str,
    receipts: Receipts | None = None,
) -> SendSummary:
    """Send the letters to the operator that are due; UnsafeLive where others could read them.

    MailServerUnavailable as of any letter; what could not go waits for the delivery watch.
    """
    _refuse_unsafe(engine, OPERATOR, server, settings)
    return _drain(
        engine, ClaimScope(mode=OPERATOR), server, settings, threading.Event(), actor,
        soft_deadline_seconds, receipts,
    )  # fmt: skip


def _drain(
    engine: Engine,
    scope: ClaimScope,
    server: MailServer,
    settings: DeliverySettings,
    stop: threading.Event,
    actor: str,
    soft_deadline_seconds: float,
    receipts: Receipts | None,
) -> SendSummary:
    # A database restored from a copy may not know of letters that left since the copy.
    restored = proofs.notice_restore(engine, receipts, actor)
    if restored:
        log.error(restored)
    return send_due(
        engine,
        scope,
        transports(replace(server, ehlo_name=settings.message_domain)),
        settings,
        stop,
        actor,
        soft_deadline_seconds=soft_deadline_seconds,
        receipts=receipts,
    )


def _together(one: SendSummary, other: SendSummary) -> SendSummary:
    """Both summaries in one; the brakes are the same for both."""
    counts = (
        "accepted", "checked", "postponed", "rejected", "exhausted", "unknown", "expired",
        "pending", "leased",
    )  # fmt: skip
    return replace(
        other,
        **{name: getattr(one, name) + getattr(other, name) for name in counts},
        mode=None,
        paused_reason=one.paused_reason or other.paused_reason,
    )


def send_due(
    engine: Engine,
    scope: ClaimScope,
    open_transport: OpenTransport,
    settings: DeliverySettings,
    stop: threading.Event,
    actor: str,
    *,
    soft_deadline_seconds: float = 1800.0,
    clock: Clock = moves.db_now_ms,
    receipts: Receipts | None = None,
) -> SendSummary:
    """Send every letter of the scope that is due now, one after another.

    One letter's failure never raises. MailServerUnavailable (nothing can be sent; the letter
    in hand was given back, and the mail server gets a rest) and errors of the database do:
    they stop all. It does not wait for letters whose next try is later: `pending` says that
    there are such. What the mail server answers is kept in `receipts` before it is written
    into the ledger, so that a process which dies between the two leaves proof.
    """
    moments.reset_far(engine, clock)
    reaped = moves.reap(engine, actor, clock, settings.max_attempts)
    if reaped.to_unknown:
        _pause_troubled(engine, settings, clock)
    done: Counter[str] = Counter()
    before: str | None = None
    deadline = time.monotonic() + soft_deadline_seconds
    with ExitStack() as connections:
        opened: dict[str, Transport] = {}
        while _keep_pace(engine, scope, settings, stop, deadline, clock):
            held = moves.claim(engine, scope, actor, clock)
            if held is None:
                break
            if held.mode not in opened:
                opened[held.mode] = open_transport(held.mode)
                connections.callback(opened[held.mode].quit)
            transport = opened[held.mode]
            try:
                outcome = _Letter(engine, held, transport, settings, stop, clock, receipts).send()
            except BaseException:
                # It is not known how far the dialogue came: this connection is not used again.
                transport.abandon()
                raise
            done[outcome] += 1
            done["checked"] += outcome == "accepted" and held.mode == "dry"
            log.debug("delivery %s, attempt %s: %s", held.delivery_id, held.attempts, outcome)
            if outcome == "switched_off":
                break
            if held.mode != "dry":  # which met no mail server, and says nothing of it
                if outcome == "accepted" and before != outcome:
                    brakes.mended(engine, clock)
                before = outcome
            if outcome in ("rejected", "unknown"):
                _pause_troubled(engine, settings, clock)
            stop.wait(settings.seconds_between_letters)
    return _summary(engine, scope, done, reaped, clock)


def _keep_pace(
    engine: Engine,
    scope: ClaimScope,
    settings: DeliverySettings,
    stop: threading.Event,
    deadline: float,
    clock: Clock,
) -> bool:
    """Wait for this sender's turn; False when it is to stop, or nothing is due, or time is up."""
    if stop.is_set() or time.monotonic() >= deadline:
        return False
    if scope.mode == "dry":
        return True
    if not moves.is_any_due(engine, scope, clock):
        return False  # a slot that nobody uses would hold up the other senders
    wait_ms = brakes.next_slot(engine, 60_000 // settings.letters_per_minute, clock)
    if time.monotonic() + wait_ms / 1000 >= deadline:
        return False
    return not stop.wait(wait_ms / 1000)


def _pause_troubled(engine: Engine, settings: DeliverySettings, clock: Clock) -> None:
    paused = brakes.pause_troubled(
        engine, settings.pause_after_rejected, settings.pause_after_unknown, clock
    )
    if not paused:
        return
    # Imported here: sending needs no plan but to say this.
    from roadmap.delivery.letters.operator_text import title
    from roadmap.plan.load import load_plans

    for occasion, mode in paused:
        log.error("Рассылка приостановлена: %s", title(occasion, mode, load_plans()[0]))


def _summary(
    engine: Engine,
    scope: ClaimScope,
    done: Mapping[str, int],
    reaped: moves.Reaped,
    clock: Clock,
) -> SendSummary:
    with engine.connect() as db, db.begin():
        pending, leased = moves.pending(db, scope)
        held_by = brakes.standing(db, clock(db))
    reasons = [
        reason
        for (occasion, mode), reason in held_by.paused.items()
        if scope.occasion in (None, occasion) and scope.mode in (None, mode)
    ]
    return SendSummary(
        mode=scope.mode,
        accepted=done["accepted"],
        checked=done["checked"],
        postponed=done["postponed"],
        rejected=done["rejected"],
        exhausted=done["exhausted"] + reaped.exhausted,
        unknown=done["unknown"] + reaped.to_unknown,
        expired=reaped.expired,
        pending=pending,
        leased=leased,
        is_switched_off=held_by.is_off,
        breaker_until_ms=held_by.breaker_until_ms,
        breaker_reason=held_by.breaker_reason,
        paused_reason=reasons[0] if reasons else None,
    )


@dataclass(frozen=True)
class _Letter:
    """One claimed letter on its way out. Methods give the outcome's name."""

    engine: Engine
    held: Claim
    transport: Transport
    settings: DeliverySettings
    stop: threading.Event
    clock: Clock
    receipts: Receipts | None

    def send(self) -> str:
        held = self.held
        if hashlib.sha256(held.rfc822).hexdigest() != held.payload_sha256:
            log.error(
                "Письмо с Message-ID %s в базе изменено, не отправлено", held.delivery_id[:32]
            )
            return self._settle("reject", phase="check", detail=refusals.SPOILT)
        # The operator's own address is a setting, like the list of domains: that in force counts.
        of_settings = {
            "redirect": self.settings.redirect_to,
            OPERATOR: self.settings.operator_address,
        }
        recipient = of_settings.get(held.mode, held.address)
        if held.mode != OPERATOR and not self.settings.allows(recipient):
            return self._settle("reject", phase="check", detail=refusals.NOT_ALLOWED)
        if held.is_shared:
            return self._settle("reject", phase="check", detail=refusals.SHARED)
        # A copy of a test letter would look like proof that the real one had gone.
        journal = self.settings.journal_address if held.mode == "live" else None
        lease, size = _Lease(self.engine, held, self.clock), len(held.rfc822)
        if size > self.settings.largest_letter:
            detail = f"{refusals.TOO_LARGE}: {size} > {self.settings.largest_letter}"
            return self._settle("reject", phase="check", detail=detail)
        try:
            self.transport.open()
            lease.keep()
            self.transport.begin(self.settings.from_address, recipient, size, journal, lease.keep)
            if self.stop.is_set():
                self.transport.abandon()
                return self._settle("release", phase="data", detail="stopped")
            self.transport.send_body(held.rfc822, self.settings.body_seconds(size), lease.keep)
        except LeaseLost:
            self.transport.abandon()
            return "fenced"
        except MailServerUnavailable as unavailable:
            reason = without_addresses(str(unavailable))
            self._settle("release", phase="connect", detail=reason)
            brakes.trip(self.engine, reason, at_once=True, clock=self.clock)
            raise
        except Refused as refused:
            return self._refused(refused.phase, refused.reply, "claimed")
        except Lost as lost:
            return self._postpone(("claimed",), lost.phase, None, lost.detail)
        if self.transport.has_spoken():
            self.transport.abandon()
            return self._postpone(("claimed",), "body", None, "server spoke before the dot")
        with _no_signals():
            return self._finish()

    def _finish(self) -> str:
        """Mark, dot, reply: from the first to the last line the letter's fate may be open."""
        transport, held = self.transport, self.held
        settled = self._settle_by_receipt()
        if settled is not None:
            transport.abandon()
            return settled
        try:
            counted_from = moves.mark_in_doubt(
                self.engine, held, self.settings.daily_cap(held.mode), self.clock
            )
        except DailyCapReached:
            transport.abandon()
            return self._wait_for_tomorrow()
        except DBAPIError as broken:
            # Whether the commit was done is unknown, but the dot is not sent: T6, else T8. It may
            # even be done just now: then T8 waits for it, changes nothing, and it is T6 again.
            transport.abandon()
            states = ("in_doubt", "claimed", "in_doubt")
            return self._postpone(states, "arm", None, type(broken).__name__)
        if counted_from is None:
            transport.abandon()
            return self._not_marked()
        if time.monotonic() - counted_from > FROZEN_SECONDS:
            transport.abandon()
            return self._settle("doubt", phase="arm", detail="frozen before the dot")
        try:
            transport.send_dot()
            reply = transport.read_reply()
        except DotNotSent as failed:
            return self._postpone(("in_doubt",), "dot", None, str(failed))
        except ReplyLost as lost:
            return self._settle("doubt", phase="dot", detail=str(lost))
        except BaseException as broken:
            # A signal or a time limit of the task: the dot may be out, so the letter is in doubt.
            transport.abandon()
            self._settle("doubt", phase="dot", detail=type(broken).__name__)
            raise
        if reply.code == ACCEPTED:
            self._keep_receipt(reply)
            is_written = moves.accept(self.engine, held, reply.code, reply.text, self.clock)
            return "accepted" if is_written else "fenced"
        if reply.code < 400:
            # A good word, but not the one that takes the letter over: it may have, or not.
            transport.abandon()
            return self._settle(
                "doubt", phase="dot", code=reply.code, detail=f"not an acceptance: {reply.text}"
            )
        return self._refused("dot", reply, "in_doubt")

    def _settle_by_receipt(self) -> str | None:
        """The outcome where an earlier try reached the mail server; None: it may be sent."""
        if self.receipts is None:
            return None
        try:
            receipt = proofs.already_taken(self.receipts, self.held)
        except OSError:
            log.error(proofs.stop_without_receipts(self.engine, self.held.actor, self.clock))
            if self.held.mode == OPERATOR and self.held.send_epoch == 1:
                return None  # never tried before: that sending has stopped can still be told
            return self._give_back_switched_off()
        if receipt is None:
            return None
        detail = without_addresses(f"receipt: {receipt.code} {receipt.detail}")
        is_written = moves.accept_by_receipt(self.engine, self.held, detail, self.clock)
        return "accepted" if is_written else "fenced"

    def _keep_receipt(self, reply: Reply) -> None:
        if self.receipts is None:
            return
        held = self.held
        receipt = Receipt(
            held.delivery_id,
            held.send_epoch,
            held.message_id,
            reply.code,
            reply.text,
            time.time_ns() // 1_000_000,
            held.payload_sha256,
        )
        try:
            self.receipts.keep(receipt)
        except OSError as broken:
            # The receipt is a second proof; without it the ledger is still written.
            log.warning(
                "Квитанция о письме с Message-ID %s не записана: %s. Проверьте место на диске и "
                "права на папку ROADMAP_RECEIPTS_FOLDER", held.delivery_id[:32], what_broke(broken),
            )  # fmt: skip

    def _refused(self, phase: str, reply: Reply, state: str) -> str:
        if phase == "size":
            # Too large by the announced limit: the server was not asked, so there is no code.
            return self._settle("reject", phase=phase, detail=reply.text)
        if 500 <= reply.code <= 599:
            if refusals.about(phase, reply.code, reply.text) is refusals.About.US:
                self._refused_us(phase, reply, state)
            return self._settle("reject", phase=phase, code=reply.code, detail=reply.text)
        outcome = self._postpone((state,), phase, reply.code, reply.text)
        if reply.code == 421:  # the server wants no more of us for now; once may be chance
            reason = "Почтовый сервер просит подождать (код 421)."
            brakes.trip(self.engine, reason, at_once=False, clock=self.clock)
        return outcome

    def _refused_us(self, phase: str, reply: Reply, state: str) -> NoReturn:
        """The letter waits untouched, behind the others; nothing is sent until the rest is over.

        So one recipient's server that is taken for ours holds up nobody's letter for good.
        """
        give_back = "release" if state == "claimed" else "take_back"
        self._settle(give_back, (state,), phase=phase, code=reply.code, detail=reply.text)
        reason = refusals.why_not_sent(phase, reply.code, reply.text)
        brakes.trip(self.engine, reason, at_once=True, clock=self.clock)
        raise MailServerUnavailable(reason)

    def _not_marked(self) -> str:
        """Sending is switched off, and the letter is given back; or our time with it was over,
        and it waits for its next try; or it is not ours any more."""
        with self.engine.connect() as db, db.begin():
            is_off = brakes.standing(db, self.clock(db)).is_off
        if not is_off:
            return self._postpone(("claimed",), "arm", None, moves.LEASE_OVER)
        return self._give_back_switched_off()

    def _give_back_switched_off(self) -> str:
        outcome = self._settle("release", phase="arm", detail="switched_off")
        return "switched_off" if outcome == "released" else outcome

    def _wait_for_tomorrow(self) -> str:
        with self.engine.connect() as db, db.begin():
            wait_ms = moves.until_tomorrow_ms(self.clock(db))
        log.warning(
            "Письмо с Message-ID %s ждёт завтра: его получателю сегодня их уже много",
            self.held.delivery_id[:32],
        )
        return self._postpone(("claimed",), "arm", None, "daily_cap", wait_ms)

    def _postpone(
        self,
        states: tuple[str, ...],
        phase: str,
        code: int | None,
        detail: str,
        wait_ms: int | None = None,
    ) -> str:
        if self.held.attempts >= self.settings.max_attempts:
            return self._settle("exhaust", states, phase=phase, code=code, detail=detail)
        if wait_ms is None:
            wait_ms = backoff_ms(self.held.attempts)
        return self._settle(
            "postpone", states, phase=phase, code=code, detail=detail, wait_ms=wait_ms
        )

    def _settle(
        self,
        name: str,
        states: tuple[str, ...] | None = None,
        *,
        phase: str,
        code: int | None = None,
        detail: str | None = None,
        wait_ms: int = 0,
    ) -> str:
        is_done = moves.settle(
            self.engine,
            self.held,
            name,
            states or _states_of(name, phase),
            phase=phase,
            code=code,
            detail=detail,
            wait_ms=wait_ms,
            clock=self.clock,
        )
        return _OUTCOMES[name] if is_done else "fenced"


class _Lease:
    """The lease of a letter in hand, made longer as long as its sender lives.

    A claim outlives the longest step by a sixth (`settings.Patience`), so that it is enough to
    look before each step, and fast servers cost no statement.
    """

    def __init__(self, engine: Engine, held: Claim, clock: Clock) -> None:
        self._engine, self._held, self._clock = engine, held, clock
        self._since = time.monotonic()

    def keep(self) -> None:
        """LeaseLost where it was over."""
        now = time.monotonic()
        if 6000 * (now - self._since) < moves.LEASE_MS:
            return
        if not moves.extend_lease(self._engine, self._held, self._clock):
            raise LeaseLost
        self._since = now


_OUTCOMES = {
    "postpone": "postponed",
    "doubt": "unknown",
    "reject": "rejected",
    "exhaust": "exhausted",
    "release": "released",
    "take_back": "released",
}


def _states_of(name: str, phase: str) -> tuple[str, ...]:
    """In which state is the letter that failed in this phase of the dialogue?"""
    is_in_doubt = name == "doubt" or phase == "dot"
    return ("in_doubt",) if is_in_doubt else ("claimed",)


def backoff_ms(attempts: int, chance: Callable[[], float] = random.random) -> int:
    """How long to wait after that many attempts: 1, 5, 15, 30, 60, 120 … minutes, ±20 %.

    The chance keeps a hundred letters that failed together from coming back together.
    """
    minutes = _BACKOFF_MINUTES[min(attempts, len(_BACKOFF_MINUTES)) - 1]
    return int(minutes * _MINUTE_MS * (0.8 + 0.4 * chance()))


@contextmanager
def _no_signals() -> Iterator[None]:
    """SIGTERM, SIGINT and SIGALRM wait until the letter's fate is written.

    A mask belongs to a thread, and works off the main one too. A signal of the process may
    still reach Python by another thread: then the caller's `BaseException` writes the doubt.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
