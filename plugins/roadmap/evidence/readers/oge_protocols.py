"""«Протокол проверки результатов» of the РЦОИ, ОГЭ → marks by school (docs/domain.md §3.4).

The region turns primary scores into marks, so the column «Оценка» is taken as it stands.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from roadmap.evidence.parsed import Parsed, ReaderContext
from roadmap.evidence.readers.gia_forms import MARKS, OGE
from roadmap.evidence.readers.gia_protocol import read_protocol
from roadmap.evidence.readers.paper import Paper


def read(content: bytes, context: ReaderContext) -> Parsed:
    """Facts `mark_result` of schools by their ГИА code, one subject a file.

    Options: `wave`, `file_name` (see `read_protocol`, whose FileRefused are raised).
    """
    return read_protocol(content, context, OGE, "mark_result", _columns)


def _columns(paper: Paper, scores: Counter[int]) -> dict[str, Any]:
    return {
        "level": "school",
        "schools": None,
        "participants": scores.total(),
        "absent": None,
        **{f"mark_{mark}": scores[mark] for mark in MARKS},
        "restored": 0,
    }
