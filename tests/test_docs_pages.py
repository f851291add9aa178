"""Pages of docs/ that stand beside the code: the states of a letter, citations, paths."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from roadmap.delivery.ledger.moves import MOVES
from roadmap.store.tables import TRANSITIONS

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"


def state_diagram() -> str:
    """The states of a letter and the moves between them, as Mermaid."""
    arrows = [("[*]", target, "T0 plan") for source, target in TRANSITIONS if source == "new"]
    arrows += [
        (source, move.target, f"{move.number} {name}")
        for name, move in MOVES.items()
        for source in move.sources
    ]
    labels: dict[tuple[str, str], list[str]] = {}
    for source, target, label in arrows:
        labels.setdefault((source, target), []).append(label)
    ends = {target for _, target in labels} - {source for source, _ in labels}
    lines = [f"    {source} --> {target}: {'<br>'.join(said)}" for (source, target), said in
             labels.items()]  # fmt: skip
    lines += [f"    {state} --> [*]" for state in sorted(ends)]
    return "\n".join(["```mermaid", "stateDiagram-v2", *lines, "```"])


def test_the_drawn_states_are_those_of_the_code(pytestconfig: pytest.Config):
    page = DOCS / "delivery.md"
    text = page.read_text(encoding="utf-8")
    drawn = re.compile(r"(?s)(?<=<!-- states: drawn -->\n).*?(?=<!-- states: end -->)")
    if pytestconfig.getoption("--accept"):
        text = drawn.sub(lambda _: state_diagram() + "\n", text)
        page.write_text(text, encoding="utf-8")
    found = drawn.search(text)
    assert found is not None
    assert found[0] == state_diagram() + "\n"
