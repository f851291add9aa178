"""Which code and which templates a phase run used: hashes of the files themselves."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from roadmap.paths import INCLUDE, ROOT


@cache
def code_version() -> str:
    """Twelve hex digits over the library's Python and SQL files."""
    library = ROOT / "plugins" / "roadmap"
    return _sha256_of([*library.rglob("*.py"), *(INCLUDE / "sql").rglob("*.sql")])[:12]


@cache
def templates_sha256() -> str:
    """64 hex digits over every file in include/templates."""
    return _sha256_of([path for path in (INCLUDE / "templates").rglob("*") if path.is_file()])


def _sha256_of(files: list[Path]) -> str:
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(path.relative_to(ROOT).as_posix().encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
