"""«Протокол проверки результатов» of the РЦОИ, ЕГЭ → results by school (docs/domain.md §3.4)."""

from __future__ import annotations

from collections import Counter
from typing import Any

from roadmap.evidence.parsed import Parsed, ReaderContext
from roadmap.evidence.readers.gia_forms import EGE, HIGH_SCORES_FROM, minimum_score
from roadmap.evidence.readers.gia_protocol import read_protocol
from roadmap.evidence.readers.paper import Paper


def read(content: bytes, context: ReaderContext) -> Parsed:
    """Facts `exam_result` of schools by their ГИА code, one subject a file.

    Options: `scales` (minima by year and subject), `wave`. The minimum of the scale decides;
    another one in the trailer row is told. Base mathematics has marks for scores and no high
    ones. Raises FileRefused: SCALE and those of `read_protocol`.
    """

    def columns(paper: Paper, scores: Counter[int]) -> dict[str, Any]:
        minimum = minimum_score(paper, context)
        return {
            "participants": scores.total(),
            "below_minimum": sum(n for score, n in scores.items() if score < minimum),
            "minimum": minimum,
            "score_sum": sum(score * n for score, n in scores.items()),
            "high_scores": sum(n for score, n in scores.items() if score >= HIGH_SCORES_FROM),
        }

    return read_protocol(content, context, EGE, "exam_result", columns)
