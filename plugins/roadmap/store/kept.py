"""What letters were made with, kept once under its hash: plans, templates, programs, reports.

A hash alone says that something changed; what it was before is here.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Literal

from sqlalchemy import Connection, select

from roadmap.store.sql import sql
from roadmap.store.tables import kept

_MOST_BYTES = 200_000_000

What = Literal["plan", "templates", "program", "report"]


def keep(db: Connection, what: What, sha256: str, content: Callable[[], bytes]) -> str:
    """Keep what `content` gives under that hash, unless it is there already; the hash."""
    if not db.scalar(select(kept.c.sha256).where(kept.c.sha256 == sha256)):
        given = {"sha256": sha256, "what": what, "content": zlib.compress(content())}
        db.execute(sql("store/keep"), given)
    return sha256


def kept_content(db: Connection, sha256: str) -> bytes:
    """What is kept under that hash; LookupError where nothing is, or more than anybody keeps."""
    found = db.scalar(select(kept.c.content).where(kept.c.sha256 == sha256))
    if found is None:
        raise LookupError(f"nothing is kept under {sha256}")
    unpacking = zlib.decompressobj()
    broken = f"what is kept under {sha256} is broken or too large"
    try:
        content = unpacking.decompress(found, _MOST_BYTES + 1)
    except zlib.error:
        raise LookupError(broken) from None
    if not unpacking.eof or len(content) > _MOST_BYTES:
        raise LookupError(broken)
    return content
