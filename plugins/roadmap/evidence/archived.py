"""What may lie in the archive of taken-in files: what was accepted, and no file of pupils."""

from __future__ import annotations

from sqlalchemy import Engine, select

from roadmap.evidence.files.inbox import AnyPath, archived_path
from roadmap.evidence.sources import load_sources
from roadmap.store.tables import load_batch


def clear_archive(engine: Engine, folder: AnyPath) -> int:
    """Remove the copies of files that were refused; how many there were.

    Earlier versions kept them, and a refused file may be a protocol with pupils' names and
    documents that lay in a wrong folder. What was accepted as well is kept, unless its dataset
    holds pupils. Safe to repeat.
    """
    held = [source.dataset for source in load_sources().values() if source.holds_pupils]
    accepted = select(load_batch.c.sha256).where(
        load_batch.c.state == "accepted", load_batch.c.dataset.not_in(held)
    )
    refused = (
        select(load_batch.c.sha256)
        .distinct()
        .where(load_batch.c.state == "refused", load_batch.c.sha256.not_in(accepted))
    )
    with engine.connect() as conn, conn.begin():
        hashes = list(conn.scalars(refused))
    removed = 0
    for sha256 in hashes:
        kept = archived_path(folder, sha256)
        if kept.exists():
            kept.unlink()
            removed += 1
    return removed
