"""Who is written to: the contacts that were valid on the run's as-of date.

A recipient row never changes but for its validity: another address is another recipient,
and so another delivery. Addresses stay in the tables; logs and messages carry ids.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from types import MappingProxyType

from sqlalchemy import Connection, Text, bindparam

from roadmap.mailbox import mailbox
from roadmap.store.sql import sql


@dataclass(frozen=True)
class Recipient:
    recipient_id: str
    address: str = field(repr=False)


def recipient_id(municipality_id: str, address: str) -> str:
    """The id of one address of one addressee, the same for ever: 32 hex digits."""
    return hashlib.sha256(f"{municipality_id}|{address}".encode()).hexdigest()[:32]


def expected(db: Connection, run_id: str) -> MappingProxyType[str, tuple[Recipient, ...]]:
    """Every addressee of the run with its recipients, in order; empty where no contact is valid.

    Addressees are the selected participating municipalities and `region`. Spellings of an
    address that differ by capitals only are one mailbox and one recipient (docs/delivery.md §8,
    66), under the spelling that came first: who has a letter must not get it again because
    somebody typed the address otherwise.
    """
    first = {
        (row.municipality_id, mailbox(row.addr)): Recipient(row.recipient_id, row.addr)
        for row in db.execute(sql("delivery/known_recipients"), {"run_id": run_id})
    }
    by_addressee: dict[str, dict[str, Recipient]] = {}
    for row in db.execute(sql("delivery/frozen_contacts"), {"run_id": run_id}):
        known = by_addressee.setdefault(row.municipality_id, {})
        if row.address is not None:
            plain = mailbox(row.address)
            new = Recipient(recipient_id(row.municipality_id, row.address), row.address)
            known.setdefault(plain, first.get((row.municipality_id, plain), new))
    return MappingProxyType(
        {addressee: tuple(known.values()) for addressee, known in by_addressee.items()}
    )


def recipients(db: Connection, run_id: str) -> MappingProxyType[str, tuple[Recipient, ...]]:
    """As `expected`, and written to `municipality` and `recipient`; who is valid stays."""
    everybody = expected(db, run_id)
    names = db.execute(sql("delivery/addressee_names"), {"run_id": run_id}).all()
    for row in names:
        if row.municipality_id not in everybody:
            continue
        db.execute(
            sql("delivery/upsert_municipality"),
            {"municipality_id": row.municipality_id, "name": row.name},
        )
        for one in everybody[row.municipality_id]:
            db.execute(
                sql("delivery/upsert_recipient"),
                {
                    "recipient_id": one.recipient_id,
                    "municipality_id": row.municipality_id,
                    "address": one.address,
                },
            )
    return everybody


def shared_mailboxes(db: Connection, run_id: str) -> frozenset[str]:
    """Mailboxes (`mailbox.mailbox`) that several addressees name on the run's as-of date.

    Intake sets such rows aside; what was taken in before it did may still hold them.
    """
    return frozenset(db.execute(sql("delivery/shared_mailboxes"), {"run_id": run_id}).scalars())


def activate(
    db: Connection, plan_code: str, municipality_id: str, as_of: str, valid: Iterable[Recipient]
) -> None:
    """From now on the plan writes to these recipients of the addressee, and to no others.

    `as_of` (ISO) is the day on which they are valid. Where a live run about a later day has
    spoken, they are written to beside those whom it named: a past phase that runs again must
    not stop the letters of a newer one. In the transaction that cancels what waits for the
    others: a planner that dies between the two would leave letters that nobody may claim.
    """
    key = {"municipality_id": municipality_id}
    of_plan = {**key, "plan_code": plan_code}
    is_past = db.execute(sql("delivery/later_live_runs"), {**of_plan, "as_of": as_of}).scalar_one()
    statement = sql("delivery/activate_also" if is_past else "delivery/activate_recipients")
    db.execute(
        statement.bindparams(bindparam("recipients", type_=Text, expanding=True)),
        {**(key if is_past else of_plan), "recipients": [one.recipient_id for one in valid]},
    )
