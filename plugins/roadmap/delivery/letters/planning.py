"""Deciding who is written to, and writing the letters into the ledger before any sending (T0).

For every recipient of an addressee one of: a letter is planned; one with the same content is
already on its way or was accepted, so nothing is sent; or no letter may be planned, and the
reason stands in `run_outcome` for the operator. What is rendered is rendered outside of any
transaction; then the state is read again, and if it is still the same, message, delivery,
event, files and outcomes are written in one.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, time, timedelta
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import IntegrityError

from roadmap import russian
from roadmap.decision import LETTER_DECISIONS
from roadmap.delivery.ledger import moves, refusals
from roadmap.delivery.letters import again, contacts, message
from roadmap.delivery.letters.contacts import Recipient
from roadmap.delivery.letters.operator_text import SETTLE_DAG, moment
from roadmap.delivery.settings import DeliverySettings
from roadmap.evidence.own_schedule import plan_of_run
from roadmap.evidence.request import refuse_live_rehearsal
from roadmap.evidence.sources import dataset_titles
from roadmap.mailbox import mailbox
from roadmap.plan.load import plan_json, plan_sha256
from roadmap.plan.model import Phase, Plan
from roadmap.plan.region import LocalTime
from roadmap.store.kept import keep
from roadmap.store.sql import sql
from roadmap.store.tables import report_file
from roadmap.versions import (
    code_version,
    program_archive,
    program_sha256,
    templates_archive,
    templates_sha256,
)

if TYPE_CHECKING:
    from roadmap.reports.formats.letter import Envelope
    from roadmap.reports.model import ReportModel
    from roadmap.reports.package import Package

log = logging.getLogger(__name__)

NO_RECIPIENT = "-"
_ACTOR = "planning"
# How the reasons of an outcome begin that are told apart (delivery.account.fate).
HELD_BACK = "Письмо задержано: "
GIVEN_UP = "Исход прежнего письма неизвестен; решено не отправлять повторно."
NOT_ALLOWED = (
    "Письмо не составлено: домен адреса не входит в список разрешённых."
    " Исправьте адрес или дополните ROADMAP_ALLOWED_DOMAINS."
)
SHARED = (
    "Письмо не составлено: этот адрес указан и у другого муниципалитета, он увидел бы чужие"
    " сведения. Исправьте «Контакты», лист «Получатели», и запустите этап снова."
)
_TRIES = 3

# Renders one addressee's package for one envelope; raises reports.package.PackageHeld.
Render = Callable[["ReportModel", "Envelope"], "Package"]


class UnknownAddressee(LookupError):
    """Asked to plan for somebody who is no addressee of the run."""


@dataclass(frozen=True)
class Outcome:
    """What was decided for one expected recipient; the row of `run_outcome`."""

    municipality_id: str
    recipient_id: str
    outcome: str  # planned | suppressed | blocked
    reason: str | None = None
    delivery_id: str | None = None


@dataclass(frozen=True)
class Past:
    """One letter of the occasion and mode that the ledger already has."""

    delivery_id: str
    recipient_id: str
    revision: int
    content_sha256: str
    state: str
    run_id: str
    accepted_ms: int | None = None
    cancelled_from: str | None = None
    last_code: int | None = None
    last_detail: str | None = None
    last_phase: str | None = None
    is_late: bool = False  # waits, past its deadline by the clock as it is now


@dataclass(frozen=True)
class Decision:
    """`plan` a new letter, `keep` or `resume` the one there is, or send nothing: `suppressed`,
    `blocked`. What `drops` was never sent and is cancelled, whatever comes of the new one; what
    is `late` only where the new one takes its place, for the clock may be wrong."""

    kind: str
    reason: str | None = None
    keeps: Past | None = None
    drops: Past | None = None
    late: Past | None = None


# -- Pure decisions ----------------------------------------------------------------------------


def decide(
    history: Sequence[Past],
    content_sha256: str,
    run_id: str,
    *,
    has_reason: bool,
    needs_reason: bool,
    local_time: LocalTime,
    mode: str = "live",
) -> Decision:
    """What to do for one recipient, whose letters `history` holds by revision (T0).

    `has_reason`: a person gave one for a correction; `needs_reason`: the plan asks for it;
    `local_time` is the plan's, `mode` that of the letters.
    """
    if not history:
        return Decision("plan")
    last = history[-1]
    is_same = last.content_sha256 == content_sha256
    if is_same and last.run_id == run_id and last.state in _UNSETTLED and not last.is_late:
        return Decision("keep", keeps=last)  # the same task once more
    if last.state in _BLOCKING:
        return Decision("blocked", _BLOCKING[last.state])
    drops = last if not is_same and last.state in _NEVER_SENT else None
    accepted = [past for past in history if past.state == "accepted"]
    # A letter that never left changes nothing for the recipient; of the others the newest counts.
    may_have_gone = [past for past in history if past in accepted or _is_given_up(past)]
    has_it = bool(accepted) and accepted[-1].content_sha256 == content_sha256
    if has_it and may_have_gone[-1] == accepted[-1]:
        return Decision("suppressed", f"{_already(accepted[-1], local_time, mode)}.", drops=drops)
    if is_same and last.state in ("held", "ready", "retry") and not last.is_late:
        return Decision("keep", keeps=last)
    if is_same and last.state == "exhausted":
        return Decision("resume", keeps=last)
    if is_same and last.state == "rejected" and not _is_refused_here(last):
        return Decision("blocked", _REJECTED[_refused_for(last)])
    if may_have_gone and may_have_gone[-1].content_sha256 == content_sha256:
        return Decision("blocked", GIVEN_UP, drops=drops)
    if has_it and not has_reason:
        return Decision(
            "blocked", _BACK_AGAIN.format(_already(accepted[-1], local_time, mode)), drops=drops
        )
    if accepted and needs_reason and not has_reason:
        return Decision("blocked", _NO_REASON, drops=drops)
    return Decision("plan", drops=drops, late=last if is_same and last.is_late else None)


def is_for_earlier_letters(reason: str) -> bool:
    """Whether a recipient is blocked because of what the ledger has, not because of this letter."""
    of_history = (*_BLOCKING.values(), _REJECTED, GIVEN_UP, _NO_REASON)
    return reason in of_history or reason.endswith(_BACK_AGAIN.removeprefix("{}"))


def _already(past: Past, local_time: LocalTime, mode: str) -> str:
    when = "ранее" if past.accepted_ms is None else moment(local_time.at(past.accepted_ms))
    return f"{_DONE[mode]} {when}"


def _is_refused_here(past: Past) -> bool:
    return refusals.ours(past.last_detail, past.last_code) is not None


def _refused_for(past: Past) -> refusals.About:
    return refusals.about(past.last_phase or "rcpt", past.last_code or 0, past.last_detail or "")


def _is_given_up(past: Past) -> bool:
    return past.state == "cancelled" and past.cancelled_from == "unknown"


_DONE = {
    "live": "Уже отправлено",
    "redirect": "Уже отправлено на проверочный адрес",
    "dry": "Уже проверено без отправки",
}
_UNSETTLED = ("held", "ready", "claimed", "in_doubt", "retry", "unknown")
_NEVER_SENT = ("held", "ready", "retry", "exhausted")
_SEND_AGAIN = f"запустите «{SETTLE_DAG}», «{LETTER_DECISIONS['send_again']}»."
_REJECTED: Mapping[refusals.About, str] = {
    refusals.About.RECIPIENT: (
        "Почтовый сервер отклонил это письмо из-за адреса. Неверный адрес замените в «Контактах»,"
        f" лист «Получатели»; если он верен, {_SEND_AGAIN}"
    ),
    refusals.About.MAILBOX_FULL: (
        "Почтовый сервер отклонил это письмо: ящик получателя переполнен. Когда место освободится,"
        f" {_SEND_AGAIN}"
    ),
    **dict.fromkeys(
        (refusals.About.CONTENT, refusals.About.SIZE, refusals.About.US),
        "Почтовый сервер отклонил это письмо, адрес ни при чём. Когда причина устранена,"
        f" {_SEND_AGAIN}",
    ),
}
_BACK_AGAIN = (
    "{}, но исход более нового письма неизвестен: могло дойти и оно. Если адресату нужно"
    " прежнее содержание, запустите этап снова и впишите, почему, в поле «Причина исправления»."
)
_NO_REASON = (
    "Содержание изменилось, а причина исправления не указана."
    " Запустите этап снова и впишите её в поле «Причина исправления»."
)
_BLOCKING = {
    "claimed": "Прежнее письмо сейчас отправляется. Повторите через 20 минут.",
    "in_doubt": "Прежнее письмо сейчас отправляется. Повторите через 20 минут.",
    "unknown": f"Исход прежнего письма неизвестен. Сначала запустите «{SETTLE_DAG}», затем этап"
    " снова.",
    "bounced": "Прежнее письмо вернулось. Замените адрес в «Контактах», лист «Получатели».",
}


def deadline_ms(plan: Plan, phase: Phase, expiry_ms: int, now_ms: int) -> int:
    """Until when a letter planned now may go; a reminder not after the day that it reminds of.

    Of a day that has passed already, as in a year that is run afterwards, it may go all the same.
    """
    if phase.report != "reminder":
        return now_ms + expiry_ms
    day_after = phase.reply_by.on + timedelta(days=1)
    midnight = datetime.combine(day_after, time.min, plan.local_time.zone)
    due_ms = int(midnight.timestamp() * 1000)
    return min(now_ms + expiry_ms, due_ms) if due_ms > now_ms else now_ms + expiry_ms


def next_revision(letters: Sequence[Past], recipient_id: str, content_sha256: str) -> int:
    """The revision's number: the same for all recipients of one content.

    `letters` are those of all recipients of the addressee. Who has none of the newest
    revision, though its content is this one, gets that revision.
    """
    if not letters:
        return 1
    newest = max(past.revision for past in letters)
    of_newest = [past for past in letters if past.revision == newest]
    is_its_content = all(past.content_sha256 == content_sha256 for past in of_newest)
    has_it = any(past.recipient_id == recipient_id for past in of_newest)
    return newest if is_its_content and not has_it else newest + 1


# -- Planning ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Run:
    """What is the same for all addressees of one call."""

    engine: Engine
    plan: Plan
    run_id: str
    occasion: str
    mode: str
    as_of: str
    reason: str | None
    phase: Phase
    settings: DeliverySettings
    reports_folder: Any
    now_ms: int
    render: Render
    recipients: Mapping[str, tuple[Recipient, ...]]
    shared: frozenset[str]  # mailboxes that several addressees name: nobody is written to there
    names: Mapping[str, str]
    blocked_reason: str | None  # why no letter of this run may be made at all
    unnamed: Mapping[str, str]  # addressees whose names are not known, and what to do


def plan_deliveries(
    engine: Engine,
    plan: Plan,
    run_id: str,
    addressees: Sequence[str],
    reports_folder: Any,
    settings: DeliverySettings,
    now_ms: int,
    render: Render | None = None,
) -> tuple[Outcome, ...]:
    """Plan the letters of these addressees; one outcome for each expected recipient.

    `reports_folder` is a pathlib-like folder. `render` defaults to `reports.package`. Running
    it again changes nothing that need not change. LiveRefused when the run may not write to
    its addressees; an ExceptionGroup, after all were tried, when some failed in a way that
    nobody foresaw: those are blocked, the others planned.
    """
    run = _open(engine, plan, run_id, reports_folder, settings, now_ms, render)
    moves.reap(engine, _ACTOR, max_attempts=settings.max_attempts)
    outcomes: list[Outcome] = []
    unforeseen: list[Exception] = []
    for addressee in addressees:
        if addressee not in run.recipients:
            raise UnknownAddressee(f"«{addressee}» — не адресат запуска {run_id}")
        try:
            outcomes += _plan_addressee(run, addressee)
        except Exception as error:  # noqa: BLE001 - raised below, once the others are planned
            unforeseen.append(error)
            outcomes += _block_all(run, addressee, _UNFORESEEN)
    if unforeseen:
        raise ExceptionGroup("Письма составлены не для всех", unforeseen)
    return tuple(outcomes)


_UNFORESEEN = (
    "Письмо не составлено: сбой программы. Очистите «Письма и документы»;"
    " не поможет — сообщите в поддержку."
)


def _open(
    engine: Engine,
    plan: Plan,
    run_id: str,
    reports_folder: Any,
    settings: DeliverySettings,
    now_ms: int,
    render: Render | None,
) -> _Run:
    today = plan.local_time.at(now_ms).date()
    with engine.begin() as db:
        if not plan.is_in_force(today):  # also one that was withdrawn since the run was frozen
            db.execute(sql("delivery/force_redirect"), {"run_id": run_id})
        row = db.execute(sql("delivery/run"), {"run_id": run_id}).one()
        phase = plan_of_run(db, plan, run_id).phase(row.phase)
        refuse_live_rehearsal(plan, phase, row.mode, row.as_of, row.known_at_ms, row.started_ms)
        recipients = contacts.recipients(db, run_id)
        shared = contacts.shared_mailboxes(db, run_id)
        named = db.execute(sql("delivery/addressee_names"), {"run_id": run_id}).all()
        absent = db.execute(sql("delivery/needed_but_absent"), {"run_id": run_id}).all()
        unnamed = db.execute(sql("delivery/unnamed_addressees"), {"run_id": run_id}).all()
    return _Run(
        engine=engine,
        plan=plan,
        run_id=run_id,
        occasion=row.occasion,
        mode=row.mode,
        as_of=row.as_of,
        reason=row.reason,
        phase=phase,
        settings=settings,
        reports_folder=reports_folder,
        now_ms=now_ms,
        render=render or _renderer(engine, run_id, reports_folder),
        recipients=recipients,
        shared=shared,
        names={one.municipality_id: one.name for one in named},
        blocked_reason=_blocked_reason({one.dataset: one.state for one in absent}),
        unnamed={one.municipality_id: one.message for one in unnamed},
    )


def _blocked_reason(absent: Mapping[str, str]) -> str | None:
    """What the operator must bring first; `absent` are needed datasets with their states."""
    if not absent:
        return None
    titles = dataset_titles()
    wanted = ", ".join(f"«{titles.get(dataset, dataset)}»" for dataset in absent)
    if "refused" in absent.values():
        to_do = "Исправьте файлы, как сказано в журнале «Приём данных», и положите их снова"
    else:
        to_do = "Положите файлы в папку приёма"
    return (
        f"Письмо не составлено: нет сведений, без которых отчёт не имеет смысла: {wanted}."
        f" {to_do}; затем очистите «Приём данных»."
    )


def _renderer(engine: Engine, run_id: str, folder: Any) -> Render:
    from roadmap.reports.checks.leak import read_registry
    from roadmap.reports.package import render_package

    with engine.connect() as db, db.begin():
        registry = read_registry(db, run_id)

    def render(model: ReportModel, envelope: Envelope) -> Package:
        return render_package(model, envelope, folder, run_id, registry)

    return render


class _MovedOn(Exception):
    """The ledger is no longer as it was seen."""


def _plan_addressee(run: _Run, addressee: str) -> tuple[Outcome, ...]:
    from roadmap.reports.compose import load_model

    theirs = run.recipients[addressee]
    reason = run.blocked_reason or run.unnamed.get(addressee)
    if reason is None and not theirs:
        reason = _no_contact(run, addressee)
    if reason is not None:
        return _block_all(run, addressee, reason)
    with run.engine.connect() as db, db.begin():
        model = load_model(db, run.run_id, addressee)
    for _ in range(_TRIES):
        with run.engine.connect() as db, db.begin():
            letters = _letters(db, run, addressee)
        judged = as_hashed_now(run.engine, letters, model)
        decisions = {one: _decide_for(run, one, judged, model) for one in theirs}
        prepared = _prepare(run, model, decisions, letters)
        try:
            return _write(run, addressee, letters, decisions, prepared)
        except (_MovedOn, IntegrityError):
            continue  # another planner was first
    return _block_all(
        run, addressee, "Письмо составляет сейчас другой запуск. Повторите через 5 минут."
    )


def as_hashed_now(engine: Engine, letters: Sequence[Past], model: ReportModel) -> tuple[Past, ...]:
    """The letters, those that told the same as `model` with its hash.

    A letter that was hashed by an earlier release is not another content for that alone.
    """
    from roadmap.reports.corrections import told_own_words

    content, earlier = model.content_sha256(), model.content_sha256_of_whole_cells()

    def is_the_same(past: Past) -> bool:
        if past.content_sha256 != earlier or earlier == content:
            return False
        told = _told(engine, model, past)
        return told is None or told_own_words(told, model)

    return tuple(
        replace(past, content_sha256=content) if is_the_same(past) else past for past in letters
    )


def _no_contact(run: _Run, addressee: str) -> str:
    day = russian.day(datetime.fromisoformat(run.as_of).date())
    return (
        f"Письмо не составлено: у адресата нет действующего адреса на {day}."
        " Впишите адрес в «Контакты», лист «Получатели», и запустите этап для"
        f" «{run.names[addressee]}»."
    )


def _decide_for(run: _Run, one: Recipient, letters: Sequence[Past], model: ReportModel) -> Decision:
    if mailbox(one.address) in run.shared:
        return Decision("blocked", SHARED)
    target = run.settings.redirect_to if run.mode == "redirect" else one.address
    if not run.settings.allows(target):
        return Decision("blocked", NOT_ALLOWED)
    return decide(
        [past for past in letters if past.recipient_id == one.recipient_id],
        model.content_sha256(),
        run.run_id,
        has_reason=bool(run.reason),
        needs_reason=run.phase.correction_needs_reason,
        local_time=run.plan.local_time,
        mode=run.mode,
    )


@dataclass(frozen=True)
class _Prepared:
    """Frozen letters by recipient, the manifest's rows, and who is held back by the checks.

    `model`: what the letters tell, as JSON.
    """

    letters: Mapping[Recipient, moves.Planned]
    files: tuple[dict[str, Any], ...]
    held: Mapping[Recipient, str]
    model: str
    sendings: Mapping[Recipient, str]


def _prepare(
    run: _Run,
    model: ReportModel,
    decisions: Mapping[Recipient, Decision],
    letters: Sequence[Past],
) -> _Prepared:
    """Render once per envelope and freeze a message per recipient; outside of transactions."""
    from roadmap.reports.package import PackageHeld

    packages: dict[Envelope, Package] = {}
    sendings: dict[Recipient, str] = {}
    frozen: dict[Recipient, moves.Planned] = {}
    held: dict[Recipient, str] = {}
    for one, decision in decisions.items():
        if decision.kind != "plan":
            continue
        mine = [past for past in letters if past.recipient_id == one.recipient_id]
        envelope = _envelope(run, model, mine)
        judged = as_hashed_now(run.engine, letters, model)
        revision = next_revision(judged, one.recipient_id, model.content_sha256())
        try:
            if envelope not in packages:
                packages[envelope] = run.render(model, envelope)
            sender = _sender(run.settings, model)
            package = packages[envelope]
            frozen[one] = _freeze(run, model, one, revision, envelope, package, sender)
            sendings[one] = again.written(envelope, sender)
        except PackageHeld as failed:
            held[one] = HELD_BACK + " ".join(failed.reasons)
        except message.UnsafeMessage as unsafe:
            held[one] = str(unsafe)
    manifest = next(iter(packages.values()), None)
    files = _manifest(run, model, manifest) if manifest is not None else ()
    return _Prepared(frozen, files, held, model.model_dump_json(), sendings)


def _envelope(run: _Run, model: ReportModel, mine: Sequence[Past]) -> Envelope:
    """«Взамен направленного» is said to who has an accepted letter; the number counts those."""
    from roadmap.reports.formats.letter import Envelope, Replaced

    received = [past for past in mine if past.state == "accepted"]
    first = Envelope(
        revision=1,
        replaces=None,
        corrections=(),
        test_addressee=None if run.mode == "live" else model.addressee.name,
        generated_at=run.plan.local_time.at(run.now_ms),
        local_time=run.plan.local_time,
        reason=None,
    )
    if not received:
        return first
    last = received[-1]
    on = run.plan.local_time.at(last.accepted_ms or 0).date()
    return replace(
        first,
        revision=len(received) + 1,
        replaces=Replaced(on, len(received)),
        corrections=_changes(run, model, last),
        reason=run.reason or _unstated_reason(run, last),
    )


def _unstated_reason(run: _Run, last: Past) -> str:
    """What came in since the last letter's run: the reason, where the operator gave none.

    Where nothing did, the plan's rules, the program or the templates are others.
    """
    earlier = {"run_id": run.run_id, "earlier_run_id": last.run_id}
    with run.engine.connect() as db, db.begin():
        datasets = db.execute(sql("delivery/datasets_since"), earlier).scalars().all()
    if not datasets:
        return "уточнены правила расчёта или слова отчёта, сведения прежние"
    titles = dataset_titles()
    named = ", ".join(f"«{titles.get(dataset, dataset)}»" for dataset in datasets)
    return f"после прежнего письма поступили новые сведения: {named}"


def _changes(run: _Run, model: ReportModel, last: Past) -> tuple[str, ...]:
    from roadmap.reports.corrections import corrections

    previous = _told(run.engine, model, last)
    return () if previous is None else corrections(previous, model)


def _told(engine: Engine, model: ReportModel, past: Past) -> ReportModel | None:
    """What that letter told the addressee of `model`; None where it was planned before reports
    were kept, and composed anew since."""
    from roadmap.reports.model import read_model

    key = {
        "municipality_id": model.addressee.municipality_id,
        "content_sha256": past.content_sha256,
    }
    with engine.connect() as db, db.begin():
        stored = db.execute(sql("delivery/told_report"), key).scalar_one_or_none()
    return None if stored is None else read_model(stored)


def _freeze(
    run: _Run,
    model: ReportModel,
    one: Recipient,
    revision: int,
    envelope: Envelope,
    package: Package,
    sender: message.Sender,
) -> moves.Planned:
    addressee = model.addressee.municipality_id
    key = moves.delivery_id(run.occasion, run.mode, addressee, one.recipient_id, revision)
    frozen = message.freeze(
        delivery_id=key,
        revision=revision,
        sender=sender,
        recipient=one.address,
        subject=package.letter.subject,
        html=package.letter.html,
        text=package.letter.text,
        files=[
            message.AttachedFile(
                file.file_name, file.media_type, _bytes_of(run, file.path, file.sha256)
            )
            for file in package.files
            if file.kind not in ("html", "text")
        ],
        moment=run.plan.local_time.at(run.now_ms),
    )
    return moves.Planned(
        occasion=run.occasion,
        mode=run.mode,
        municipality_id=addressee,
        recipient_id=one.recipient_id,
        revision=revision,
        content_sha256=model.content_sha256(),
        message_id=frozen.message_id,
        rfc822=frozen.rfc822,
        payload_sha256=frozen.sha256,
        run_id=run.run_id,
        reason=envelope.reason,
        is_held=run.phase.approval.required,
    )


def _sender(settings: DeliverySettings, model: ReportModel) -> message.Sender:
    return message.Sender(
        settings.from_address,
        settings.from_name or model.institution.short_name,
        settings.reply_to,
        settings.message_domain,
    )


def _bytes_of(run: _Run, path: str, sha256: str) -> bytes:
    """A rendered file's bytes, if they are still those of the manifest."""
    content: bytes = run.reports_folder.joinpath(*PurePosixPath(path).parts).read_bytes()
    if hashlib.sha256(content).hexdigest() != sha256:
        raise message.UnsafeMessage(
            "Письмо не составлено: файл отчёта изменился после проверки."
            " Очистите «Письма и документы»."
        )
    return content


def _manifest(run: _Run, model: ReportModel, package: Package) -> tuple[dict[str, Any], ...]:
    return tuple(
        {
            "run_id": run.run_id,
            "municipality_id": model.addressee.municipality_id,
            "file_kind": file.kind,
            "part": file.part,
            "file_name": file.file_name,
            "sha256": file.sha256,
            "size_bytes": file.size_bytes,
            "pages": file.pages,
            "path": file.path,
        }
        for file in package.files
    )


# -- Writing -----------------------------------------------------------------------------------


def _write(
    run: _Run,
    addressee: str,
    seen: Sequence[Past],
    decisions: Mapping[Recipient, Decision],
    prepared: _Prepared,
) -> tuple[Outcome, ...]:
    """All rows of one addressee in one transaction; _MovedOn when the ledger has moved on."""
    with run.engine.begin() as db:
        if _letters(db, run, addressee) != tuple(seen):
            raise _MovedOn
        now_ms = moves.db_now_ms(db)
        _drop_strangers(db, run, addressee, seen, now_ms)
        outcomes = [
            _write_one(db, run, addressee, one, decision, prepared, now_ms)
            for one, decision in decisions.items()
        ]
        if prepared.files:
            key = {"run_id": run.run_id, "municipality_id": addressee}
            db.execute(sql("delivery/forget_files"), key)
            db.execute(report_file.insert(), list(prepared.files))
        _write_outcomes(db, run, addressee, outcomes)
    return tuple(outcomes)


def _write_one(
    db: Connection,
    run: _Run,
    addressee: str,
    one: Recipient,
    decision: Decision,
    prepared: _Prepared,
    now_ms: int,
) -> Outcome:
    if decision.drops is not None:
        _move(db, "cancel", decision.drops, now_ms, "superseded")
    if one in prepared.held:
        return Outcome(addressee, one.recipient_id, "blocked", prepared.held[one])
    if decision.kind in ("suppressed", "blocked"):
        return Outcome(addressee, one.recipient_id, decision.kind, decision.reason)
    # By the later of two clocks: a letter planned while one is behind would be late at once.
    latest_ms = max(now_ms, run.now_ms)
    expires_ms = deadline_ms(run.plan, run.phase, run.settings.expiry_ms, latest_ms)
    if decision.keeps is not None:
        if decision.kind == "resume":
            _move(db, "resume", decision.keeps, now_ms, "rerun", expires_ms=expires_ms)
        key = decision.keeps.delivery_id
        return Outcome(addressee, one.recipient_id, "planned", None, key)
    if decision.late is not None:
        _move(db, "cancel", decision.late, now_ms, moves.EXPIRED)
    letter = prepared.letters[one]
    if not moves.plan(db, letter, now_ms=now_ms, expires_ms=expires_ms, actor=_ACTOR):
        raise _MovedOn
    report = {
        "municipality_id": addressee,
        "content_sha256": letter.content_sha256,
        "model": prepared.model,
    }
    db.execute(sql("delivery/keep_told_report"), report)
    _keep_source(db, run, letter.delivery_id, prepared.sendings[one], prepared.model)
    return Outcome(addressee, one.recipient_id, "planned", None, letter.delivery_id)


def _move(db: Connection, name: str, past: Past, now_ms: int, detail: str, **values: Any) -> None:
    is_done = moves.move(
        db, name, past.delivery_id, past.state,
        now_ms=now_ms, actor=_ACTOR, phase="plan", detail=detail, **values,
    )  # fmt: skip
    if not is_done:
        raise _MovedOn


def _keep_source(db: Connection, run: _Run, delivery_id: str, sending: str, model: str) -> None:
    """Keep what the letter was made from (`letters.again`), the large parts once for all."""
    report = model.encode()
    keep(db, "program", program_sha256(), program_archive)  # found by its first digits
    db.execute(
        sql("delivery/keep_letter_source"),
        {
            "delivery_id": delivery_id,
            "plan_sha256": keep(db, "plan", plan_sha256(run.plan), lambda: plan_json(run.plan)),
            "templates_sha256": keep(db, "templates", templates_sha256(), templates_archive),
            "report_sha256": keep(db, "report", hashlib.sha256(report).hexdigest(), lambda: report),
            "code_version": code_version(),
            "envelope": sending,
        },
    )


def _drop_strangers(
    db: Connection, run: _Run, addressee: str, seen: Sequence[Past], now_ms: int
) -> None:
    """T15: a waiting live letter to an address that is no longer valid is not sent.

    Only a live run says whose contact is valid: a rehearsal for another day must not stop
    letters that are on their way.
    """
    if run.mode != "live":
        return
    contacts.activate(db, run.plan.code, addressee, run.as_of, run.recipients[addressee])
    valid = {one.recipient_id for one in run.recipients[addressee]}
    for past in seen:
        if past.recipient_id not in valid and past.state in ("held", "ready", "retry"):
            moves.move(
                db, "cancel", past.delivery_id, past.state,
                now_ms=now_ms, actor=_ACTOR, phase="plan", detail="recipient_inactive",
            )  # fmt: skip


def _block_all(run: _Run, addressee: str, reason: str) -> tuple[Outcome, ...]:
    """Every expected recipient of the addressee is blocked; without a contact that is one."""
    ids = [one.recipient_id for one in run.recipients[addressee]] or [NO_RECIPIENT]
    outcomes = [Outcome(addressee, one, "blocked", reason) for one in ids]
    with run.engine.begin() as db:
        seen = _letters(db, run, addressee)
        _drop_strangers(db, run, addressee, seen, moves.db_now_ms(db))
        _write_outcomes(db, run, addressee, outcomes)
    return tuple(outcomes)


def _write_outcomes(db: Connection, run: _Run, addressee: str, outcomes: Sequence[Outcome]) -> None:
    key = {"run_id": run.run_id, "municipality_id": addressee}
    db.execute(sql("delivery/forget_outcomes"), key)
    for one in outcomes:
        db.execute(sql("delivery/write_outcome"), {"run_id": run.run_id, **asdict(one)})


def _letters(db: Connection, run: _Run, addressee: str) -> tuple[Past, ...]:
    return letters_to(db, run.occasion, run.mode, addressee)


def letters_to(db: Connection, occasion: str, mode: str, addressee: str) -> tuple[Past, ...]:
    """The letters of that occasion and mode to all recipients of the addressee, by revision."""
    key = {"occasion": occasion, "mode": mode, "municipality_id": addressee}
    now_ms = moves.db_now_ms(db)
    rows = db.execute(sql("delivery/deliveries_of_addressee"), key | {"now_ms": now_ms})
    return tuple(Past(**row._mapping) for row in rows)
