"""YAML without its traps, for files that people write by hand.

Plain YAML 1.1 reads `10:00` as 600, `no` as false and `2021-02-30` as a crash without a place,
and of a key written twice it silently keeps the second. Here only true, false, null and
decimal numbers are more than text; days and times stay text for whoever checks them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

# Files of ours are some hundred lines; more is a mistake, or somebody's joke with aliases.
LARGEST_CHARACTERS = 1_000_000


class YamlRefused(ValueError):
    """The text is not the YAML we read; the message says where, in Russian, as do all `faults`."""

    def __init__(self, *faults: str) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


class _StrictLoader(yaml.CSafeLoader):
    """A safe loader that resolves fewer words."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012


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
    return _read(text)[0]


def lines_of(text: str) -> dict[str, int]:
    """The line, from 1, of each value of a text that `read_yaml` reads: «phases[0].run_day» → 210.

    YamlRefused as there.
    """
    return _read(text)[1]


def _read(text: str) -> tuple[Any, dict[str, int]]:
    if len(text) > LARGEST_CHARACTERS:
        raise YamlRefused(f"файл длиннее {LARGEST_CHARACTERS} знаков")
    try:
        loader = _StrictLoader(text)
        try:
            root = loader.get_single_node()
            if root is None:
                return None, {}
            lines: dict[str, int] = {}
            doubtful = list(_doubtful_keys(root, "", lines, set()))
            if doubtful:
                raise YamlRefused(*doubtful)
            return loader.construct_document(root), lines
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        raise YamlRefused(_not_yaml(error)) from error
    except yaml.YAMLError as error:
        found = yaml.reader.Reader.NON_PRINTABLE.search(text)
        line = f"строка {text.count(chr(10), 0, found.start()) + 1}: " if found else ""
        raise YamlRefused(f"{line}это не YAML: недопустимый невидимый знак") from error


def _doubtful_keys(
    node: yaml.Node, path: str, lines: dict[str, int], seen: set[int]
) -> Iterator[str]:
    """What is wrong with keys at and below a node; `lines` learns where each value stands."""
    lines[path] = node.start_mark.line + 1
    if id(node) in seen:  # an alias
        return
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _doubtful_keys(item, f"{path}[{index}]", lines, seen)
    if isinstance(node, yaml.MappingNode):
        names: set[str] = set()
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                yield f"строка {line}: ключ — не слово"
                continue
            if key.value in names:
                yield f"строка {line}: ключ «{key.value}» повторён"
            names.add(key.value)
            below = f"{path}.{key.value}" if path else key.value
            yield from _doubtful_keys(value, below, lines, seen)
            lines[below] = line


# What libyaml says, by its beginning, and what a person can do about it.
_SENTENCES = {
    "did not find expected ','": "не закрыта скобка, открытая в строке {start}, или между "
    "значениями нет запятой",
    "did not find expected node content": "лишняя скобка или запятая",
    "found unexpected end of stream": "не закрыта кавычка, открытая в строке {start}",
    "mapping values are not allowed": "лишнее двоеточие или отступ: текст с двоеточием берут в "
    "кавычки, поле пишут с отступом соседних полей",
    "could not find expected ':'": "после названия поля в строке {start} нет двоеточия",
    "did not find expected key": "отступ не такой, как у соседних полей, или лишнее после значения",
    "did not find expected '-'": "отступ не такой, как у соседних строк списка, или нет дефиса",
    "found character that cannot start": "табуляция вместо пробелов или особый знак (@, %, `) в "
    "начале значения: такое значение берут в кавычки",
    "found undefined alias": "значение начинается со звёздочки: возьмите его в кавычки",
    "could not determine a constructor": "значение начинается с восклицательного знака: возьмите "
    "его в кавычки",
    "found unknown escape": "обратная косая черта в двойных кавычках: поставьте одинарные",
    "but found another document": "лишняя строка «---»",
    "did not find expected <document start>": "лишнее после конца: скобка или строка «...»",
}


def _not_yaml(error: yaml.MarkedYAMLError) -> str:
    here, opened = error.problem_mark, error.context_mark or error.problem_mark
    said = next(
        (text for start, text in _SENTENCES.items() if str(error.problem).startswith(start)),
        "проверьте отступы, двоеточия, скобки и кавычки здесь и строкой выше",
    )
    line = f"строка {here.line + 1}: " if here else ""
    return f"{line}это не YAML: {said.format(start=opened.line + 1 if opened else '')}"
