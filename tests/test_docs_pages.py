"""Pages of docs/ that stand beside the code: the states of a letter, citations, paths."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from roadmap.delivery.ledger.moves import MOVES
from roadmap.store.tables import TRANSITIONS

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
TEXTS = (".py", ".sql", ".j2", ".typ", ".yaml", ".yml", ".md", ".toml", ".in")
# «docs/domain.md §3.2, §3.4» or «docs/architecture.md, «Indicators»»; it may go on in the next
# line of a comment. A page of docs/ names the pages beside it without their folder.
_BREAK = r"(?:[ \n]|\n[ ]*(?:\#|--)?[ ]*)"
CITATION = re.compile(
    r"(?P<page>[\w./-]*\w\.md)\b"
    rf"(?:,?{_BREAK}?(?P<numbers>§\d[\d.]*(?:[-–]\d[\d.]*)?(?:,{_BREAK}§\d[\d.]*)*)"
    rf"|,?{_BREAK}«(?P<title>[^»\n]+)»)?"
)
LINK = re.compile(r"\[[\w./-]+\.md([^\]]*)\]\(([^)]+)\)")
# Sections of papers that are not ours.
OTHERS = re.compile(r"(?:RFC \d+|ECMA-376, part 1,) §§?[\d.]+")


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


# -- Citations -----------------------------------------------------------------------------------


def sections_of(page: Path) -> set[str]:
    """The numbers and the titles of a page's headings."""
    headings = re.findall(r"(?m)^#+ (?:(\d[\d.]*?)\.? )?(.*)$", page.read_text(encoding="utf-8"))
    return {word for number, title in headings for word in (number, title) if word}


def page_of(cited: str, where: Path) -> Path | None:
    """The page that a file means: by its path, or beside it, or in docs/; None where it is not."""
    places = (ROOT, where.parent, DOCS)
    return next((place / cited for place in places if (place / cited).is_file()), None)


def faults_of(text: str, where: Path) -> list[str]:
    """What is wrong with the citations of a text that stands in the file `where`."""
    faults = []

    def check(citation: re.Match[str]) -> str:
        page = page_of(citation["page"], where)
        named = re.findall(r"\d[\d.]*\d|\d", citation["numbers"] or "")
        named += [citation["title"]] if citation["title"] else []
        if page is None:
            faults.append(f"no page {citation['page']}")
        else:
            missing = [section for section in named if section not in sections_of(page)]
            faults.extend(f"{citation['page']} has no section {section}" for section in missing)
        return ""

    rest = LINK.sub(r"\2\1", text) if where.suffix == ".md" else text
    rest = CITATION.sub(check, OTHERS.sub("", rest))
    # What is left speaks of the page that it stands in.
    own = sections_of(where) if where.suffix == ".md" else set()
    bare = [number.rstrip(".") for number in re.findall(r"§([\d.]+)", rest)]
    return faults + [f"§{number} of which page?" for number in bare if number not in own]


def cited_texts() -> list[Path]:
    tops = ("plugins", "dags", "tests", "include", "docs", "bench", "tools")
    found = [path for top in tops for path in (ROOT / top).rglob("*") if path.suffix in TEXTS]
    found += [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "Makefile"]
    ours = Path(__file__)
    return sorted(path for path in found if path != ours and "golden" not in path.parts)


def test_every_cited_page_and_section_exists():
    faults = {
        str(path.relative_to(ROOT)): wrong
        for path in cited_texts()
        if (wrong := faults_of(path.read_text(encoding="utf-8"), path))
    }
    assert faults == {}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("see docs/delivery.md §5.3", None),
        ("see docs/delivery.md §5.2, §5.3 and RFC 5321 §6.1", None),
        ("# see docs/domain.md\n    # §7.2", None),
        ("docs/architecture.md, «Indicators»", None),
        ("see elsewhere.md §5.3", "no page elsewhere.md"),
        ("see docs/delivery.md §5.99", "docs/delivery.md has no section 5.99"),
        ("docs/domain.md §3.2–3.99", "docs/domain.md has no section 3.99"),
        ("docs/architecture.md, «Poetry»", "docs/architecture.md has no section Poetry"),
        ("as §5.3 says", "§5.3 of which page?"),
    ],
)
def test_a_citation_that_leads_nowhere_is_found(text: str, fault: str | None):
    found = faults_of(text, ROOT / "plugins" / "somewhere.py")
    assert found == ([] if fault is None else [fault])


# -- Paths ---------------------------------------------------------------------------------------

WITH_PATHS = ("CONTRIBUTING.md", "docs/domain.md", "docs/delivery.md", "docs/look.md")
PATH = re.compile(r"(?:plugins|dags|include|tests|docs|bench|tools)/(?:[\w./*-]|<[^>]+>)+")


def paths_that_are_named() -> list[tuple[str, str]]:
    texts = {page: (ROOT / page).read_text(encoding="utf-8") for page in WITH_PATHS}
    quoted = {page: re.findall(r"`([^`\n]+)`", text) for page, text in texts.items()}
    return sorted({(page, at) for page, said in quoted.items() for one in said
                   for at in PATH.findall(one)})  # fmt: skip


@pytest.mark.parametrize(("page", "path"), paths_that_are_named())
def test_a_page_names_paths_that_exist(page: str, path: str):
    pattern = re.sub(r"<[^>]+>", "*", path).rstrip("/")
    assert any(ROOT.glob(pattern))
