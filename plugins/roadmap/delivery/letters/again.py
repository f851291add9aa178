"""Making a planned letter again from what its run kept, whatever has moved on since.

A letter is made from a report, templates, the plan's time and what only its sending knew. All of
that is kept when the letter is planned (`letter_source`, `store.kept`), so it is rendered anew
here: not read from the ledger, whose bytes it is compared with. What was measured is in the report;
an edited plan, edited templates or newer figures change nothing of it.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, Row

from roadmap.delivery.letters import message
from roadmap.plan.model import LocalTime
from roadmap.store.kept import kept_content
from roadmap.store.sql import sql

if TYPE_CHECKING:
    from roadmap.reports.formats.letter import Envelope


class NotKept(LookupError):
    """The letter can't be made again; the message says why, in Russian."""


@dataclass(frozen=True)
class LetterAgain:
    """A letter made again. `is_same`: byte for byte the one in the ledger."""

    delivery_id: str
    municipality_id: str
    revision: int
    rfc822: bytes
    is_same: bool


def written(envelope: Envelope, sender: message.Sender) -> str:
    """What only one sending of a letter knew, as JSON that `letters_again` reads."""
    replaces = envelope.replaces
    return json.dumps(
        {
            "revision": envelope.revision,
            "replaces": [replaces.on.isoformat(), replaces.revision] if replaces else None,
            "corrections": envelope.corrections,
            "test_addressee": envelope.test_addressee,
            "generated_at": envelope.generated_at.isoformat(),
            "reason": envelope.reason,
            "sender": asdict(sender),
        },
        ensure_ascii=False,
    )


def letters_again(engine: Engine, run_id: str, municipality_id: str = "") -> Iterator[LetterAgain]:
    """The letters that a run planned for an addressee, or for all, made again one by one.

    NotKept where there is none, or where one was planned before its sources were kept.
    """
    given = {"run_id": run_id, "municipality_id": municipality_id}
    with engine.connect() as db, db.begin():
        letters = db.execute(sql("delivery/letters_of_run"), given).all()
        if not letters:
            raise NotKept("Писем этому адресату запуск не составлял: повторять нечего.")
        if any(letter.envelope is None for letter in letters):
            raise NotKept(
                "Письмо составлено прежней версией программы: план и шаблоны, по которым оно "
                "составлено, не сохранены. Само письмо лежит в базе."
            )
        sources = {
            sha256
            for letter in letters
            for sha256 in (letter.plan_sha256, letter.templates_sha256, letter.report_sha256)
        }
        kept = {sha256: kept_content(db, sha256) for sha256 in sources}
    with TemporaryDirectory() as folder:
        for letter in letters:
            templates = Path(folder) / letter.templates_sha256
            if not templates.exists():
                zipfile.ZipFile(io.BytesIO(kept[letter.templates_sha256])).extractall(templates)
            plan, report = kept[letter.plan_sha256], kept[letter.report_sha256]
            rfc822 = _made(letter, report.decode(), _local_time(plan), templates)
            yield LetterAgain(
                letter.delivery_id,
                letter.municipality_id,
                letter.revision,
                rfc822,
                rfc822 == bytes(letter.rfc822),
            )


def _local_time(plan: bytes) -> LocalTime:
    """Of the plan's own fields alone: a plan of an older form can't be read as one of today's."""
    said = json.loads(plan)
    return LocalTime(ZoneInfo(said["time_zone"]), said["time_zone_name"])


def _made(letter: Row[Any], report: str, local_time: LocalTime, templates: Path) -> bytes:
    from roadmap.reports.formats.letter import Envelope, Replaced
    from roadmap.reports.model import read_model
    from roadmap.reports.package import MEDIA_TYPES, rendered
    from roadmap.reports.words.templates import written_with

    said = json.loads(letter.envelope)
    sender, replaces = message.Sender(**said.pop("sender")), said.pop("replaces")
    envelope = Envelope(
        **said
        | {
            "replaces": replaces and Replaced(date.fromisoformat(replaces[0]), replaces[1]),
            "corrections": tuple(said["corrections"]),
            "generated_at": datetime.fromisoformat(said["generated_at"]),
        },
        local_time=local_time,
    )
    with written_with(templates):
        text, files = rendered(read_model(report), envelope)
    return message.freeze(
        delivery_id=letter.delivery_id,
        revision=letter.revision,
        sender=sender,
        recipient=letter.addr,
        subject=text.subject,
        html=text.html,
        text=text.text,
        files=[
            message.AttachedFile(file.file_name, MEDIA_TYPES[file.kind], file.content)
            for file in files
        ],
        moment=envelope.generated_at.astimezone(local_time.zone),
    ).rfc822
