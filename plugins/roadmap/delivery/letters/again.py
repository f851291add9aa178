"""Making a planned letter again from what its run kept, whatever has moved on since.

A letter is made by a program from a report, templates, the plan's time and what only its sending
knew. All of that is kept when the letter is planned (`letter_source`, `store.kept`), so it is
rendered anew: not read from the ledger, whose bytes it is compared with. What was measured is in
the report; another plan, other templates, newer figures and a newer program change nothing of it.
Only the libraries are those of today.
"""

from __future__ import annotations

import io
import json
import logging
import re
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, Row

from roadmap import confined
from roadmap.plan.load import of_kept
from roadmap.store.kept import kept_content
from roadmap.store.sql import sql
from roadmap.versions import program_archive

if TYPE_CHECKING:
    from roadmap.delivery.letters import message
    from roadmap.reports.formats.letter import Envelope

log = logging.getLogger(__name__)

_ASKED = "letters.json"
# Confined by today's program, which leaves no module behind; what is imported then is the kept one.
# A program has some hundreds of files and 1.3 MB; an archive far beyond is none of ours.
_MOST_FILES, _MOST_BYTES = 5_000, 100_000_000
_START = (
    "import resource, runpy, sys; confined = runpy.run_path(sys.argv[1]);"
    f"confined['isolate']({100_000_000}, open_files=256);"
    f"confined['limit'](resource.RLIMIT_AS, {4_000_000_000});"
    f"confined['limit'](resource.RLIMIT_CPU, {20 * 60});"
    "sys.path.insert(0, sys.argv[2]);"
    "from roadmap.delivery.letters.remake import main; main(sys.argv[3])"
)


# What reading a damaged archive raises: of its list, of a member, of a method or a lock unknown.
_NO_ARCHIVE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)
_BROKEN = (
    "План, шаблоны, программа или отчёт, которые сохранены с письмом, испорчены: повторить его"
    " нельзя. Само письмо лежит в базе."
)
_NO_PROGRAM = (
    "Программа или шаблоны, которые сохранены с письмом, испорчены: повторить его нельзя. Само"
    " письмо лежит в базе."
)


class NotKept(LookupError):
    """The letter can't be made again; the message says why, in Russian."""


@dataclass(frozen=True)
class LetterAgain:
    """A letter made again by the program of its day.

    `rfc822` is None where that program does not run with today's libraries; `is_program_kept` is
    False of letters from before programs were kept: today's made it.
    """

    delivery_id: str
    municipality_id: str
    revision: int
    rfc822: bytes | None
    planned: bytes  # the ledger's
    is_program_kept: bool

    @property
    def is_same(self) -> bool:
        """Byte for byte the one in the ledger."""
        return self.rfc822 == self.planned


def written(envelope: Envelope, sender: message.Sender) -> str:
    """What only one sending of a letter knew, as JSON that `remake.main` reads."""
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
    """The letters that a run planned for an addressee, or for all, made again.

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
            for sha256 in (*_made_by(letter), letter.plan_sha256, letter.report_sha256)
            if sha256
        }
        try:
            kept = {sha256: kept_content(db, sha256) for sha256 in sources}
        except LookupError:
            raise NotKept(_BROKEN) from None
    for (program, templates), asked in groupby(sorted(letters, key=_made_by), _made_by):
        archive = kept[program] if program else program_archive()
        yield from _made_again(list(asked), archive, kept[templates], kept)


def _made_by(letter: Row[Any]) -> tuple[str, str]:
    """The hashes of the program ('' where it was not kept) and of the templates."""
    return letter.program_sha256 or "", letter.templates_sha256


def _made_again(
    letters: Sequence[Row[Any]], program: bytes, templates: bytes, kept: Mapping[str, bytes]
) -> Iterator[LetterAgain]:
    """The letters made by one program with its templates, laid out as in the repository."""
    with TemporaryDirectory(prefix="roadmap-again-") as place:
        root, folder = Path(place) / "program", Path(place) / "letters"
        _unpack(program, root)
        _unpack(templates, root / "include" / "templates")
        folder.mkdir()
        asked = json.dumps([_asked(letter, kept) for letter in letters], ensure_ascii=False)
        (folder / _ASKED).write_text(asked, encoding="utf-8")
        said = Path(place) / "said"
        with said.open("wb") as output:
            # -I and no environment: it needs no secret of ours, and imports nothing else of ours.
            done = subprocess.run(  # noqa: S603 - constants and our own paths
                [sys.executable, "-I", "-c", _START, confined.__file__,
                 str(root / "plugins"), str(folder / _ASKED)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                check=False,
                cwd=folder,
                env={"TMPDIR": place, "MPLCONFIGDIR": place, "LC_ALL": "C.UTF-8", "TZ": "UTC"},
            )  # fmt: skip
        if done.returncode:
            why = _what_broke(said) or f"состояние {done.returncode}"
            log.warning("Сохранённая программа не выполнилась: %s", why)
        for letter in letters:
            made = folder / f"{letter.delivery_id}.eml"
            yield LetterAgain(
                letter.delivery_id,
                letter.municipality_id,
                letter.revision,
                made.read_bytes() if made.exists() else None,
                bytes(letter.rfc822),
                letter.program_sha256 is not None,
            )


def _what_broke(said: Path) -> str | None:
    """The error's name in a traceback's last line, without its words: they may quote a letter."""
    with said.open("rb") as file:
        file.seek(max(0, said.stat().st_size - 10_000))
        last = file.read().decode(errors="replace").rstrip().rpartition("\n")[2]
    found = re.match(r"[A-Za-z_][\w.]{0,99}(?=:|$)", last)
    return found and found[0]


def _unpack(archive: bytes, folder: Path) -> None:
    """Lay the files out in the folder; NotKept where they are too many, too large or elsewhere.

    No more of a file is unpacked than its entry says.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as files:
            entries = files.infolist()
            paths = [PurePosixPath(entry.filename) for entry in entries]
            if (
                len(entries) > _MOST_FILES
                or sum(entry.file_size for entry in entries) > _MOST_BYTES
                or any(path.is_absolute() or ".." in path.parts for path in paths)
            ):
                raise NotKept(_NO_PROGRAM)
            files.extractall(folder)
    except _NO_ARCHIVE:
        raise NotKept(_NO_PROGRAM) from None


def _asked(letter: Row[Any], kept: Mapping[str, bytes]) -> dict[str, Any]:
    """What `remake.main` makes the letter from."""
    # The time alone: a plan of an older form need not be one of today's.
    region = of_kept(kept[letter.plan_sha256])["region"]
    return {
        "delivery_id": letter.delivery_id,
        "revision": letter.revision,
        "recipient": letter.addr,
        "time_zone": region["time_zone"],
        "time_zone_name": region["time_zone_name"],
        "envelope": letter.envelope,
        "report": kept[letter.report_sha256].decode(),
    }
