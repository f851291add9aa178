"""Files of a plan's inbox that no dataset claims: told once, with what they look like.

A corrected file under a name that nobody awaits («contacts (1).xlsx») would never come in, and
nothing would say so. Whatever lies below `<inbox>/<plan>/` where no location of sources.yaml
matches is remembered once, as a refused file of no dataset.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase

from sqlalchemy import Engine, insert, select

from roadmap.evidence.files.inbox import (
    AnyPath,
    Found,
    Receipts,
    is_of_the_connection,
    is_settled,
    read,
)
from roadmap.evidence.files.sandbox import reading
from roadmap.evidence.messages import place, sentence
from roadmap.evidence.names import cleaned, cleaned_file_name
from roadmap.evidence.pull import TakenFile, lock, note_lying
from roadmap.evidence.recognise import belongs, recognised
from roadmap.evidence.sources import Source, load_sources
from roadmap.plan.model import Plan
from roadmap.store.tables import load_batch

UNCLAIMED = "unclaimed"  # the dataset of what no dataset claims
TITLE = "Файлы вне своих папок"
_CODE = "UNCLAIMED"
_DEPTH = 10  # of folders below the plan's
_MOST_BYTES = 60_000_000
_LEFT_ALONE = (".tmp", ".part", ".partial", ".filepart", ".crdownload", ".ready")


def take_note(engine: Engine, inbox: AnyPath, plan: Plan, now_ms: int) -> tuple[str, ...]:
    """Remember the files that nobody claims and forget those that are gone; what is to be told
    of all that lie there, in Russian. A file that is still being written waits; what another
    call noted meanwhile is not noted twice."""
    sources = load_sources()
    found = list(_unclaimed(inbox / plan.code, "", sources.values()))
    taken = []
    with engine.connect() as conn, conn.begin():
        known = {
            row.batch_id: row.refusal_message
            for row in conn.execute(
                select(load_batch.c.batch_id, load_batch.c.refusal_message).where(
                    load_batch.c.plan_code == plan.code, load_batch.c.dataset == UNCLAIMED
                )
            )
        }
    new = []
    with reading() as parse:
        for file in found:
            try:
                if not is_settled(file, Receipts(), now_ms):
                    continue
                content = read(file, _MOST_BYTES)
            except OSError as fault:
                if is_of_the_connection(file.path, fault):
                    raise
                content = None  # locked, or no plain file: told by its name alone
            sha256 = content.sha256 if content else hashlib.sha256(b"").hexdigest()
            parts = f"{UNCLAIMED}|{plan.code}|{file.key}|{sha256}"
            batch_id = hashlib.sha256(parts.encode(errors="surrogateescape")).hexdigest()[:32]
            message = known.get(batch_id)
            if message is None:
                whose = (
                    recognised(parse, content.content, file.name, plan)
                    if content and content.content
                    else None
                )
                message = _message(file, whose, sources.values())
                new.append(
                    {
                        "batch_id": batch_id,
                        "plan_code": plan.code,
                        "dataset": UNCLAIMED,
                        "scope": "-",
                        "file_name": file.name,
                        "sha256": sha256,
                        "size_bytes": content.size_bytes if content else 0,
                        "received_ms": now_ms,
                        "loaded_ms": now_ms,
                        "state": "refused",
                        "rows_read": 0,
                        "rows_accepted": 0,
                        "rows_rejected": 0,
                        "refusal_code": _CODE,
                        "refusal_message": message,
                    }
                )
            taken.append(
                TakenFile(
                    file.name, "refused", _CODE, batch_id=batch_id, messages=(message,),
                    place=_shown(file),
                )
            )  # fmt: skip
    with engine.begin() as conn:
        lock(conn, plan.code, UNCLAIMED)
        ids = [row["batch_id"] for row in new]
        noted = set(
            conn.scalars(select(load_batch.c.batch_id).where(load_batch.c.batch_id.in_(ids)))
        )
        if rows := [row for row in new if row["batch_id"] not in noted]:
            conn.execute(insert(load_batch), rows)
        note_lying(conn, plan.code, UNCLAIMED, taken)
    return tuple(message for one in taken for message in one.messages)


def _unclaimed(
    folder: AnyPath, key: str, sources: Iterable[Source], depth: int = 0
) -> Iterator[Found]:
    """Files in the folder and below it, by path, without those that some location matches."""
    if depth > _DEPTH or not folder.exists():
        return
    paths = sorted(folder.iterdir(), key=lambda path: str(path.name))
    names = {path.name for path in paths}
    for path in paths:
        plain = path.name.casefold()
        inside = f"{key}/{path.name}" if key else path.name
        if plain.startswith((".", "~$")) or plain.endswith(_LEFT_ALONE):
            continue
        # A link may lead out of the inbox: it is told like a file and not followed.
        if path.is_dir() and not path.is_symlink():
            yield from _unclaimed(path, inside, sources, depth + 1)
        elif not any(_claims(source, key, path.name) for source in sources):
            name = cleaned_file_name(path.name)
            yield Found(path, inside, name, f"{path.name}.ready" in names)


def _claims(source: Source, folder: str, name: str) -> bool:
    if not folder and source.receipts == name:
        return True
    for location in source.locations:
        its_folder, _, pattern = location.rpartition("/")
        if its_folder == folder and fnmatchcase(name.casefold(), pattern.casefold()):
            return True
    return False


def _shown(file: Found) -> str:
    return "/".join([*map(cleaned, file.key.split("/")[:-1]), file.name])


def _message(file: Found, whose: Source | None, sources: Iterable[Source]) -> str:
    folder = "/".join(map(cleaned, file.key.split("/")[:-1]))
    where = f"{place(file.name)}, {f'папка «{folder}»' if folder else 'папка плана'}"
    if whose is not None:
        to_do = f"{belongs(whose)}. Переложите или переименуйте его"
    elif awaited := _awaited(folder, sources):
        to_do = f"Здесь ждут {', '.join(awaited)}; переименуйте его, сохраните как xlsx или уберите"
    else:
        to_do = "Переложите его в папку его вида сведений или уберите из папки приёма"
    return sentence("Файл никому не принадлежит и не принят", where, to_do)


def _awaited(folder: str, sources: Iterable[Source]) -> list[str]:
    """What is awaited in the folder, whatever the case of its name."""
    return [
        location.rpartition("/")[2]
        for source in sources
        for location in source.locations
        if location.rpartition("/")[0] == folder.casefold()
    ]
