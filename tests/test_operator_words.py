"""What a person reads is plain Russian: no names of exceptions, none of the program's own words.

Every Russian sentence in the code of plugins and dags and in the templates for the operator is
looked through, so a new one is held by the same rules. Names that a person has to type or to find
stand in guillemets, in a path, or in a command.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from roadmap.paths import ROOT, TEMPLATES

CYRILLIC = re.compile("[А-Яа-яЁё]")
SNAKE_CASE = re.compile(r"(?<![\w/.])[a-z]+(?:_[a-z0-9]+)+(?![\w/])")
# «smtp_default», include/sources.yaml, RUN=latest:march_analysis, `ssl_context=none`
NAMED = re.compile(r"«[^»]*»|`[^`]*`|\{\w+\}|[\w.{}-]*/[\w./{}-]*|[A-Z]+=\S*|[\w]+=\w+")
JARGON = re.compile(
    r"аренд|цепочк|леджер|юнит|инстанс|\bтаск|воркер|\bхэш|\bхеш|дедлайн|\bлог[аиуе]?\b|\bлогах",
    re.IGNORECASE,
)
# Their sentences are about fields of a YAML file, by the names under which they stand there.
ABOUT_FIELDS = ("plan/", "evidence/sources.py", "plan/draft_header.txt")
NOT_FOR_PEOPLE = ("roadmap_demo/", "store/migrations/")


def sentences() -> Iterator[tuple[str, str, ast.JoinedStr | None]]:
    """Place, text with {} for what is filled in, and the f-string, of every Russian literal."""
    for path in sorted([*(ROOT / "plugins").rglob("*.py"), *(ROOT / "dags").glob("*.py")]):
        place = path.relative_to(ROOT).as_posix()
        if any(part in place for part in NOT_FOR_PEOPLE):
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        inside: set[int] = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.JoinedStr):
                inside |= {id(part) for part in ast.walk(node) if part is not node}
        for node in ast.walk(tree):
            if id(node) in inside:
                continue
            text = ""
            if isinstance(node, ast.JoinedStr):
                text = "".join(
                    str(part.value) if isinstance(part, ast.Constant) else "{}"
                    for part in node.values
                )
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                text = node.value
            if CYRILLIC.search(text) and not _is_english(text):
                yield (
                    f"{place}:{node.lineno}",
                    text,
                    (  # type: ignore[attr-defined]
                        node if isinstance(node, ast.JoinedStr) else None
                    ),
                )


def _is_english(text: str) -> bool:
    """A docstring that quotes a Russian word or two."""
    return len(re.findall("[A-Za-z]{2,}", text)) > len(re.findall("[А-Яа-яЁё]{2,}", text))


def in_templates() -> Iterator[tuple[str, str, None]]:
    for path in sorted([*TEMPLATES.rglob("*.j2"), *(TEMPLATES / "evidence").glob("*.yaml")]):
        text = re.sub(
            r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}",
            "",
            path.read_text(encoding="utf-8"),
            flags=re.DOTALL,
        )
        for number, line in enumerate(text.splitlines(), 1):
            if CYRILLIC.search(line) and not line.lstrip().startswith("#"):
                # The key of a text is ours alone.
                said = re.sub(r"^\s*[\w.]+: ", "", line) if path.suffix == ".yaml" else line
                yield f"{path.relative_to(ROOT)}:{number}", said, None


ALL = [*sentences(), *in_templates()]


def test_there_is_something_to_look_through():
    assert len(ALL) > 1500


def test_no_sentence_names_the_class_of_an_error():
    named = [
        place
        for place, text, literal in ALL
        if (literal is not None and "__name__" in ast.unparse(literal))
        or re.search(r"\b[A-Z][A-Za-z]*(?:Error|Exception)\b", text)
    ]
    assert named == []


def test_a_name_of_the_program_s_stands_only_where_it_is_to_be_typed_or_found():
    loose = [
        f"{place}: {text}"
        for place, text, _ in ALL
        if not any(part in place for part in ABOUT_FIELDS)
        and SNAKE_CASE.search(NAMED.sub("", text))
    ]
    assert loose == []


def test_no_sentence_speaks_the_language_of_programmers():
    assert [f"{place}: {text}" for place, text, _ in ALL if JARGON.search(text)] == []


@pytest.mark.parametrize(
    "text",
    [
        "Этап march_analysis не запускался",
        "Проверьте smtp_default.",
    ],
)
def test_the_rule_of_names_can_fail(text: str):
    assert SNAKE_CASE.search(NAMED.sub("", text))


def test_every_finding_says_what_to_do():
    """Three short sentences, the last with a verb that asks for something (docs/look.md §6)."""
    findings = (TEMPLATES / "evidence" / "findings.yaml").read_text(encoding="utf-8")
    texts = re.findall(r"^  ([A-Z_]+): (?:>-\n)?((?:    .*\n)+)", findings, re.MULTILINE)
    assert len(texts) > 25
    asks = re.compile(r"(?:[аеиоуыяй]йте|ите|ьте)\b|\{to_do\}")
    assert [code for code, text in texts if not asks.search(" ".join(text.split()))] == []


def _tables() -> list[Path]:
    return sorted((ROOT / "plugins" / "roadmap" / "evidence" / "readers").glob("*.py"))


def test_every_remark_of_a_reader_says_what_to_do():
    """A warning without a second sentence would tell what is seen and leave the person with it."""
    bare = []
    for path in _tables():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            is_added = node.func.attr == "append" and "warnings" in ast.unparse(node.func.value)
            (first, *_) = node.args or [None]
            if is_added and isinstance(first, ast.JoinedStr | ast.Constant):
                text = ast.unparse(first)
                if ". " not in text:
                    bare.append(f"{path.name}: {text}")
            if node.func.attr == "warn" and len(node.args) < 2:
                bare.append(f"{path.name}: {ast.unparse(node)}")
    assert bare == []
