"""Which templates reports are written with: those of the program, or those that a run kept."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from roadmap.paths import TEMPLATES

_FOLDER: ContextVar[Path] = ContextVar("templates", default=TEMPLATES)


def templates() -> Path:
    """The folder of templates, include/templates unless `written_with` says another."""
    return _FOLDER.get()


@contextmanager
def written_with(folder: Path) -> Iterator[None]:
    """Inside, everything is written with the templates in `folder`, laid out as ours."""
    before = _FOLDER.set(folder)
    try:
        yield
    finally:
        _FOLDER.reset(before)
