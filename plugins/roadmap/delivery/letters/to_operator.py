"""Letters to the operator: frozen and planned like any other, in a key space of their own.

The key of such a letter is what it tells and the day: the same event in the same words is told
once in a day, whoever tells it and how often. Each has an occasion of its own, so no letter waits
for another, and is of no phase run, so that no account or statistics of letters counts it
(docs/decisions/0028).
"""

from __future__ import annotations

import hashlib
import html
from typing import Any

from sqlalchemy import Engine

from roadmap.delivery.ledger import moves
from roadmap.delivery.ledger.moves import OPERATOR, Clock, db_now_ms
from roadmap.delivery.letters import message
from roadmap.delivery.letters.contacts import recipient_id
from roadmap.delivery.letters.operator_text import filled_in
from roadmap.delivery.settings import DeliverySettings
from roadmap.plan.zone import home_time
from roadmap.store.sql import sql

FROM_NAME = "Рассылка «500+»"  # where the settings name nobody


def written(template: str, **values: Any) -> tuple[str, str]:
    """Subject and HTML of include/templates/email/<template>.html.j2; its title is the subject."""
    page = filled_in(f"email/{template}.html.j2", home_time(), **values)
    title = page.partition("<title>")[2].partition("</title>")[0]
    return html.unescape(title), page


def plan_operator_letter(
    engine: Engine,
    settings: DeliverySettings,
    template: str,
    about: str,
    *,
    actor: str,
    clock: Clock = db_now_ms,
    **values: Any,
) -> bool:
    """T0 of a letter to the operator; False: that was told today already.

    `about`: the event, in ids; two events told in the same words are two letters.
    """
    subject, page = written(template, **values)
    content_sha256 = hashlib.sha256(f"{about}\n{subject}\n{page}".encode()).hexdigest()
    recipient = recipient_id(OPERATOR, settings.operator_address)
    with engine.begin() as db:
        now_ms = clock(db)
        at = home_time().at(now_ms)
        occasion = f"{OPERATOR}/{template}/{at.date().isoformat()}/{content_sha256[:32]}"
        # It goes to the address in force when it leaves, whichever it was planned for.
        if db.execute(sql("delivery/operator_letter_under_way"), {"occasion": occasion}).first():
            return False
        key = moves.delivery_id(occasion, OPERATOR, OPERATOR, recipient, 1)
        frozen = message.freeze(
            delivery_id=key,
            revision=1,
            sender=message.Sender(
                settings.from_address,
                settings.from_name or FROM_NAME,
                settings.reply_to,
                settings.message_domain,
            ),
            recipient=settings.operator_address,
            subject=subject,
            html=page,
            text=None,
            files=(),
            moment=at,
        )
        db.execute(
            sql("delivery/upsert_municipality"), {"municipality_id": OPERATOR, "name": "оператор"}
        )
        db.execute(
            sql("delivery/upsert_recipient"),
            {
                "recipient_id": recipient,
                "municipality_id": OPERATOR,
                "address": settings.operator_address,
            },
        )
        letter = moves.Planned(
            occasion=occasion,
            mode=OPERATOR,
            municipality_id=OPERATOR,
            recipient_id=recipient,
            revision=1,
            content_sha256=content_sha256,
            message_id=frozen.message_id,
            rfc822=frozen.rfc822,
            payload_sha256=frozen.sha256,
            run_id=None,
        )
        return moves.plan(
            db, letter, now_ms=now_ms, expires_ms=now_ms + settings.expiry_ms, actor=actor
        )
