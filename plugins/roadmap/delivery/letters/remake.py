"""Making planned letters again, by the program of their day with its templates.

`letters.again` unpacks a kept program and calls its `main` as a process of its own, so what `main`
reads and writes may only grow: later programs call it, too.
"""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from roadmap.delivery.letters import message
from roadmap.plan.region import LocalTime
from roadmap.reports.formats.letter import Envelope, Replaced
from roadmap.reports.model import read_model
from roadmap.reports.package import MEDIA_TYPES, rendered


def main(asked: str) -> None:
    """Write each letter that the file `asked` asks for as `<delivery_id>.eml` beside it.

    It is a list in JSON of `delivery_id`, `revision`, `recipient`, `time_zone`, `time_zone_name`,
    and as texts in JSON of their own `envelope` (`again.written`) and `report`.
    """
    for letter in json.loads(Path(asked).read_text(encoding="utf-8")):
        rfc822 = _made(letter, LocalTime(ZoneInfo(letter["time_zone"]), letter["time_zone_name"]))
        Path(asked).with_name(f"{letter['delivery_id']}.eml").write_bytes(rfc822)


def _made(letter: dict[str, Any], local_time: LocalTime) -> bytes:
    said = json.loads(letter["envelope"])
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
    text, files = rendered(read_model(letter["report"]), envelope)
    return message.freeze(
        delivery_id=letter["delivery_id"],
        revision=letter["revision"],
        sender=sender,
        recipient=letter["recipient"],
        subject=text.subject,
        html=text.html,
        text=text.text,
        files=[
            message.AttachedFile(file.file_name, MEDIA_TYPES[file.kind], file.content)
            for file in files
        ],
        moment=envelope.generated_at.astimezone(local_time.zone),
    ).rfc822
