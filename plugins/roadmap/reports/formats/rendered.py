"""A file of one addressee's package while it is still in memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

FileKind = Literal["html", "text", "docx", "pdf", "xlsx", "school_pdf"]


@dataclass(frozen=True)
class RenderedFile:
    kind: FileKind
    part: str  # school_id of a school's page, else ''
    file_name: str  # for people
    content: bytes
    pages: int | None = None
