"""The repository as it may be years later: plan, templates, SQL and program were all edited."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

ROOT = Path(__file__).resolve().parents[2]

_EDITS = (
    ("include/plans/2021.yaml", "least_participants: 5", "least_participants: 50"),
    ("include/regions/kostroma.yaml", "Костромская область", "Иная область"),
    ("include/regions/kostroma.yaml", "time_zone_name: МСК", "time_zone_name: МСК+1"),
    ("include/plans/2021.yaml", "run_day: 2021-03-31", "run_day: 2021-04-30"),
    ("include/templates/wording/shared.j2", "Письмо сформировано", "Письмо собрано"),
    ("include/templates/pdf/spravka.typ", "#", "#panic()\n#"),
    (
        "plugins/roadmap/reports/formats/letter.py",
        "subject = model.",
        "subject = 'Иное. ' + model.",
    ),
    ("plugins/roadmap/reports/compose.py", "\ndef ", "\nraise RuntimeError\n\n\ndef "),
    ("plugins/roadmap/indicators/units.py", "\ndef ", "\nraise RuntimeError\n\n\ndef "),
)
_LETTERS_AGAIN = """
import json, sys
from pathlib import Path
from roadmap.delivery.letters.again import letters_again
from roadmap.store.engine import open_engine
for run_id in sys.argv[2:]:
    for letter in letters_again(open_engine(sys.argv[1]), run_id):
        name = None if letter.rfc822 is None else f"{letter.delivery_id}.made"
        if name:
            Path(name).write_bytes(letter.rfc822)
        print(json.dumps([letter.delivery_id, letter.is_same, name]))
"""


@dataclass(frozen=True)
class Made:
    delivery_id: str
    is_same: bool
    rfc822: bytes | None


def moved_on(folder: Path) -> Path:
    """A copy of library and `include` in which everything that letters come of was edited."""
    for name in ("plugins/roadmap", "include"):
        shutil.copytree(
            ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "demo")
        )
    for name, old, new in _EDITS:
        path = folder / name
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{name} has no {old!r} to edit"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
    (folder / "include/templates/docx/spravka.docx").unlink()
    for path in (folder / "include/sql/indicators").rglob("units.sql"):
        path.write_text("select 1 as nothing", encoding="utf-8")
    return folder


def letters_again_by(repository: Path, engine: Engine, run_ids: list[str]) -> list[Made]:
    """What `letters_again` of that repository makes, in a process that knows no other."""
    done = subprocess.run(
        [sys.executable, "-c", _LETTERS_AGAIN,
         engine.url.render_as_string(hide_password=False), *run_ids],
        capture_output=True, text=True, check=False, cwd=repository,
        env={"PYTHONPATH": str(repository / "plugins"), "LC_ALL": "C.UTF-8"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    return [
        Made(delivery_id, is_same, (repository / name).read_bytes() if name else None)
        for delivery_id, is_same, name in answers
    ]
