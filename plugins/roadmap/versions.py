"""Which code and which templates a phase run used: hashes of the files, and what is kept."""

from __future__ import annotations

import hashlib
import io
import zipfile
from functools import cache
from pathlib import Path

from roadmap.paths import INCLUDE, ROOT, TEMPLATES


@cache
def code_version() -> str:
    """Twelve hex digits over the library's Python and SQL files."""
    library = ROOT / "plugins" / "roadmap"
    return _sha256_of([*library.rglob("*.py"), *(INCLUDE / "sql").rglob("*.sql")])[:12]


@cache
def templates_sha256() -> str:
    """64 hex digits over every file in include/templates."""
    return _sha256_of(_templates())


def templates_archive() -> bytes:
    """Every file in include/templates as a ZIP; the same files give the same bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for path in sorted(_templates()):
            name = zipfile.ZipInfo(path.relative_to(TEMPLATES).as_posix())
            archive.writestr(name, path.read_bytes(), zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _templates() -> list[Path]:
    return [path for path in TEMPLATES.rglob("*") if path.is_file()]


def _sha256_of(files: list[Path]) -> str:
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(path.relative_to(ROOT).as_posix().encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
