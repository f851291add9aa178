"""A small world for delivery tests: a run, addressees with contacts, and planned letters."""

from __future__ import annotations

import threading
from datetime import date

from sqlalchemy import Engine, select, update

from roadmap.delivery.ledger import moves
from roadmap.delivery.ledger.moves import ClaimScope, Planned
from roadmap.delivery.ledger.releases import release_run
from roadmap.delivery.letters import message
from roadmap.delivery.letters.contacts import Recipient, recipients
from roadmap.delivery.sending.sender import SendSummary, send_due
from roadmap.delivery.sending.smtp import MailServer, transports
from roadmap.delivery.settings import DeliverySettings
from roadmap.plan.zone import home_time
from roadmap.store.tables import (
    delivery,
    load_batch,
    metadata,
    phase_run,
    run_batch,
    run_municipality,
)
from support.mail_client import plain
from support.smtp_server import SmtpServer

OCCASION = "2021/march_analysis"
NOW_MS = 1_616_742_840_000  # 26.03.2021, 10:14 in Moscow
NAMES = {
    "buyskiy": "Буйский муниципальный район",
    "neya": "муниципальный район город Нея и Нейский район",
    "buy": "городской округ город Буй",
    "region": "Департамент образования и науки Костромской области",
}
SETTINGS = DeliverySettings(
    from_address="roadmap@example.org",
    from_name="ОГБОУ ДПО «КОИРО»",
    reply_to="answers@example.org",
    operator_address="operator@example.org",
    message_domain="example.org",
    allowed_domains=frozenset({"example.org"}),
    redirect_to="test@example.org",
    max_attempts=3,
    letters_per_minute=60_000,
)
SCOPE = ClaimScope(OCCASION, "live", None)


def make_run(
    engine: Engine,
    run_id: str = "run-1",
    *,
    mode: str = "live",
    contacts: dict[str, tuple[str, ...]] | None = None,
    as_of: date = date(2021, 3, 31),
    known_at_ms: int = NOW_MS,
    started_ms: int = NOW_MS,
    reason: str | None = None,
    occasion: str = OCCASION,
    phase: str = "march_analysis",
) -> None:
    """A frozen run; `contacts` are the valid addresses of each addressee."""
    if contacts is None:
        contacts = {key: (f"{key}@example.org",) for key in ("buyskiy", "neya", "buy")}
    batch = f"contacts-{run_id}"
    with engine.begin() as db:
        db.execute(
            phase_run.insert(),
            {
                "run_id": run_id,
                "plan_code": occasion.partition("/")[0],
                "phase": phase,
                "occasion": occasion,
                "mode": mode,
                "as_of": as_of.isoformat(),
                "known_at_ms": known_at_ms,
                "started_ms": started_ms,
                "plan_sha256": "0" * 64,
                "templates_sha256": "0" * 64,
                "code_version": "test",
                "reason": reason,
                "requested_by": "test",
            },
        )
        db.execute(
            load_batch.insert(),
            {
                "batch_id": batch,
                "plan_code": occasion.partition("/")[0],
                "dataset": "contacts",
                "scope": "all",
                "file_name": "contacts.xlsx",
                "sha256": "0" * 64,
                "size_bytes": 1,
                "received_ms": NOW_MS,
                "loaded_ms": NOW_MS,
                "state": "accepted",
                "rows_read": 1,
                "rows_accepted": 1,
                "rows_rejected": 0,
            },
        )
        db.execute(run_batch.insert(), {"run_id": run_id, "batch_id": batch})
        db.execute(
            run_municipality.insert(),
            [
                {
                    "run_id": run_id,
                    "municipality_id": key,
                    "name": NAMES[key],
                    "genitive": NAMES[key],
                    "short_name": key,
                    "is_participating": int(key != "region"),
                    "is_selected": 1,
                }
                for key in contacts
            ],
        )
        rows = [
            {
                "batch_id": batch,
                "sheet": "Получатели",
                "row": 2,
                "municipality_id": key,
                "address": address,
                "valid_from": "2021-01-01",
                "valid_to": None,
            }
            for key, addresses in contacts.items()
            for address in addresses
        ]
        if rows:
            db.execute(metadata.tables["contact"].insert(), rows)


def everybody(engine: Engine, run_id: str = "run-1") -> dict[str, tuple[Recipient, ...]]:
    with engine.begin() as db:
        return dict(recipients(db, run_id))


def letter(
    municipality_id: str,
    one: Recipient,
    *,
    run_id: str = "run-1",
    mode: str = "live",
    revision: int = 1,
    content: str = "a",
    filler: int = 0,
) -> Planned:
    """A frozen letter of its own bytes."""
    key = moves.delivery_id(OCCASION, mode, municipality_id, one.recipient_id, revision)
    frozen = message.freeze(
        delivery_id=key,
        revision=revision,
        sender=message.Sender(
            SETTINGS.from_address, SETTINGS.from_name, SETTINGS.reply_to, SETTINGS.message_domain
        ),
        recipient=one.address,
        subject=f"500+ | Комплексный анализ | {NAMES[municipality_id]}",
        html=f"<p>Письмо {content}</p>",
        text=f"Письмо {content}\n.\n..точки\n",
        files=[message.AttachedFile("Справка.pdf", "application/pdf", b"%PDF" + b"x" * filler)],
        moment=home_time().at(NOW_MS),
    )
    return Planned(
        occasion=OCCASION,
        mode=mode,
        municipality_id=municipality_id,
        recipient_id=one.recipient_id,
        revision=revision,
        content_sha256=content * 64,
        message_id=frozen.message_id,
        rfc822=frozen.rfc822,
        payload_sha256=frozen.sha256,
        run_id=run_id,
    )


def plan_all(
    engine: Engine, run_id: str = "run-1", mode: str = "live", filler: int = 0
) -> list[str]:
    """A first letter for every recipient of the run; their ids."""
    planned = []
    for key, theirs in everybody(engine, run_id).items():
        for one in theirs:
            made = letter(key, one, run_id=run_id, mode=mode, filler=filler)
            with engine.begin() as db:
                now = moves.db_now_ms(db)
                assert moves.plan(db, made, now_ms=now, expires_ms=now + 10**9, actor="test")
            planned.append(made.delivery_id)
    release_run(engine, run_id)
    return planned


def send(
    engine: Engine,
    server: SmtpServer,
    *,
    scope: ClaimScope = SCOPE,
    settings: DeliverySettings = SETTINGS,
    stop: threading.Event | None = None,
    actor: str = "sender-1",
    over: MailServer | None = None,
) -> SendSummary:
    return send_due(
        engine,
        scope,
        transports(over or plain(server.port)),
        settings,
        stop or threading.Event(),
        actor,
    )


def states(engine: Engine) -> dict[str, str]:
    """State of each addressee's newest letter."""
    with engine.begin() as db:
        rows = db.execute(
            select(delivery.c.municipality_id, delivery.c.state).order_by(delivery.c.revision)
        )
        return {row.municipality_id: row.state for row in rows}


def make_due(engine: Engine) -> None:
    """Let the time pass that waiting letters wait for."""
    with engine.begin() as db:
        db.execute(update(delivery).where(delivery.c.state == "retry").values(not_before_ms=0))


def end_leases(engine: Engine) -> None:
    """Let the time pass after which the reaper may come."""
    with engine.begin() as db:
        db.execute(
            update(delivery)
            .where(delivery.c.state.in_(("claimed", "in_doubt")))
            .values(lease_until_ms=1)
        )


def look(engine: Engine, ago_ms: int = 240_000) -> None:
    """Somebody looked what is late, four minutes ago or so long."""
    with engine.begin() as db:
        moves.look(db, moves.db_now_ms(db) - ago_ms)


def lose_reply(engine: Engine, municipality_id: str, ago_ms: int = 900_000) -> str:
    """Let the reply to the dot of its planned letter be lost so long ago; the letter's id."""
    with engine.begin() as db:
        delivery_id = db.execute(
            select(delivery.c.delivery_id)
            .where(delivery.c.municipality_id == municipality_id)
            .where(delivery.c.state == "ready")
        ).scalar_one()
        now_ms = moves.db_now_ms(db) - ago_ms
        db.execute(
            update(delivery)
            .where(delivery.c.delivery_id == delivery_id)
            .values(not_before_ms=now_ms)
        )
        held = {"claim_token": "t", "lease_until_ms": now_ms + 1}
        for name, state in (
            ("claim", "ready"),
            ("mark_in_doubt", "claimed"),
            ("doubt", "in_doubt"),
        ):
            assert moves.move(
                db, name, delivery_id, state, now_ms=now_ms, actor="lost", phase="dot", **held
            )
    return delivery_id
