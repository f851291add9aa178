"""Which program and which templates a run used: hashes of the files, and the files as archives."""

from __future__ import annotations

import hashlib
import io
import zipfile
from functools import cache
from pathlib import Path

from roadmap.paths import INCLUDE, PROCEDURES, ROOT, TEMPLATES


@cache
def program_sha256() -> str:
    """64 hex digits over all that turns evidence into letters, but for plans and templates."""
    return _sha256_of(_program())


def code_version() -> str:
    """The first twelve hex digits of the program's hash."""
    return program_sha256()[:12]


@cache
def templates_sha256() -> str:
    """64 hex digits over every file in include/templates."""
    return _sha256_of(_templates())


def program_archive() -> bytes:
    """The program's files as a ZIP, by their paths in the repository."""
    return _archive(_program(), ROOT)


def templates_archive() -> bytes:
    """Every file in include/templates as a ZIP, by their paths in there."""
    return _archive(_templates(), TEMPLATES)


def _program() -> list[Path]:
    """The library, its queries, its kinds of procedures, and the fonts that letters are set in."""
    include = [*(INCLUDE / "sql").rglob("*"), *(INCLUDE / "fonts").rglob("*"), PROCEDURES]
    return [*(ROOT / "plugins" / "roadmap").rglob("*.py"), *filter(Path.is_file, include)]


def _templates() -> list[Path]:
    return [path for path in TEMPLATES.rglob("*") if path.is_file()]


def _archive(files: list[Path], folder: Path) -> bytes:
    """The same files give the same bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for path in sorted(files):
            name = zipfile.ZipInfo(path.relative_to(folder).as_posix())
            archive.writestr(name, path.read_bytes())  # `store.kept` compresses
    return out.getvalue()


def _sha256_of(files: list[Path]) -> str:
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(path.relative_to(ROOT).as_posix().encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
