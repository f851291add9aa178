"""YAML without its traps, for files that people write by hand.

Plain YAML 1.1 reads `10:00` as 600, `no` as false and `2021-02-30` as a crash without a place,
and of a key written twice it silently keeps the second. Here only true, false, null and
decimal numbers are more than text; days and times stay text for whoever checks them.
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from typing import Any

import yaml

# Files of ours are some hundred lines; more is a mistake, or somebody's joke with aliases.
LARGEST_CHARACTERS = 1_000_000


class YamlRefused(ValueError):
    """The text is not the YAML we read; the message says where, in Russian."""


class _StrictLoader(yaml.CSafeLoader):
    """A safe loader that resolves fewer words and refuses a key written twice."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                raise YamlRefused(f"строка {line}: ключ — не слово")
            if key.value in seen:
                raise YamlRefused(f"строка {line}: ключ «{key.value}» повторён")
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def _resolve(tag: str, pattern: str, first: list[str]) -> None:
    _StrictLoader.add_implicit_resolver(
        f"tag:yaml.org,2002:{tag}", re.compile(rf"^(?:{pattern})$"), first
    )


_resolve("bool", "true|false", ["t", "f"])
_resolve("null", "null|~|", ["n", "~", ""])
_resolve("int", "0|-?[1-9][0-9]*", list("-0123456789"))
_resolve("float", r"-?(?:0|[1-9][0-9]*)\.[0-9]+", list("-0123456789"))


def read_yaml(text: str) -> Any:
    """The value that `text` holds; YamlRefused with the line where it is not readable."""
    if len(text) > LARGEST_CHARACTERS:
        raise YamlRefused(f"файл длиннее {LARGEST_CHARACTERS} знаков")
    try:
        return yaml.load(text, Loader=_StrictLoader)  # noqa: S506 (a SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = f"строка {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise YamlRefused(f"{line}это не YAML ({error.problem})") from error
    except yaml.YAMLError as error:
        raise YamlRefused(f"это не YAML ({type(error).__name__})") from error
