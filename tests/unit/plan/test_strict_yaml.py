"""What plain YAML would misread stays as it was written, or is refused with its line."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadmap.plan.strict_yaml import LARGEST_CHARACTERS, YamlRefused, lines_of, read_yaml


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("10:00", "10:00"),  # 600 in YAML 1.1
        ("2021-02-30", "2021-02-30"),  # a crash without a place
        ("2021-03-31", "2021-03-31"),
        ("no", "no"),
        ("да", "да"),
        ("010", "010"),  # 8
        ("1_000", "1_000"),
        ("1e3", "1e3"),
        (".inf", ".inf"),
        ("<<", "<<"),
        ("true", True),
        ("null", None),
        ("~", None),
        ("", None),
        ("0", 0),
        ("-5", -5),
        ("30", 30),
        ("34.25", 34.25),
        ('"30"', "30"),
    ],
)
def test_a_word_is_text_unless_it_is_plainly_more(text: str, value: Any) -> None:
    found = read_yaml(f"key: {text}")["key"]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3", "строка 3: ключ «a» повторён"),
        ("a:\n  - {b: 1, b: 2}", "строка 2: ключ «b» повторён"),
        ("? [a]\n: 1", "строка 1: ключ — не слово"),
        ("a: *nowhere", "строка 1: это не YAML"),
        ("a: !!python/object/apply:os.system [ls]", "строка 1: это не YAML"),
        ("a: \x07", "это не YAML"),
        ("a: 1\n---\nb: 2", "строка 2: это не YAML"),
        ("#" * (LARGEST_CHARACTERS + 1), "файл длиннее"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_line(text: str, message: str) -> None:
    with pytest.raises(YamlRefused, match=message):
        read_yaml(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [1, 2\nb: 3", "строка 2: это не YAML: не закрыта скобка, открытая в строке 1"),
        ("a: 1\nb: {c: 1\n", "строка 3: это не YAML: не закрыта скобка, открытая в строке 2"),
        ("a: [1]\nb: ]", "строка 2: это не YAML: лишняя скобка или запятая"),
        ("a: 'x\nb: 2", "строка 2: это не YAML: не закрыта кавычка, открытая в строке 1"),
        ("a: b: c", "строка 1: это не YAML: лишнее двоеточие или отступ"),
        ("a: 1\nb\nc: 1", "строка 3: это не YAML: после названия поля в строке 2 нет двоеточия"),
        ("a:\n  b: 1\n c: 2", "строка 3: это не YAML: отступ не такой, как у соседних полей"),
        ("- a\nb: 1", "строка 2: это не YAML: отступ не такой, как у соседних строк списка"),
        ("a:\n\tb: 1", "строка 2: это не YAML: табуляция вместо пробелов"),
        ("a: *x", "строка 1: это не YAML: значение начинается со звёздочки"),
        ("a: !x y", "строка 1: это не YAML: значение начинается с восклицательного знака"),
        (r'a: "\q"', "строка 1: это не YAML: обратная косая черта в двойных кавычках"),
        ("a: 1\n---\nb: 2", "строка 2: это не YAML: лишняя строка «---»"),
        ("{a: 1}}", "строка 1: это не YAML: лишнее после конца"),
        ("a: 1\nb: \x07", "строка 2: это не YAML: недопустимый невидимый знак"),
        ("%YAML 3.0\n---\na: 1", "строка 1: это не YAML: проверьте отступы"),
    ],
)
def test_a_fault_of_yaml_is_told_in_russian_with_its_line_and_what_to_do(
    text: str, message: str
) -> None:
    with pytest.raises(YamlRefused) as refused:
        read_yaml(text)
    assert str(refused.value).startswith(message)
    assert not re.search(r"[a-z]{3}", str(refused.value))  # no word of the library's


def test_every_key_written_twice_is_told_at_once() -> None:
    with pytest.raises(YamlRefused) as refused:
        read_yaml("a: 1\nb: {c: 1, c: 2}\na: 2")
    assert refused.value.faults == (
        "строка 2: ключ «c» повторён", "строка 3: ключ «a» повторён",
    )  # fmt: skip


def test_each_value_has_its_line() -> None:
    assert lines_of("a: 1\nb:\n  - c: 1\n    d: {e: 2}\n  - 3\n") == {
        "": 1, "a": 1, "b": 2, "b[0]": 3, "b[0].c": 3, "b[0].d": 4, "b[0].d.e": 4, "b[1]": 5,
    }  # fmt: skip
    assert lines_of("a: &x [1]\nb: *x\nc: &y [*y]")["b"] == 2


@given(st.text())
def test_no_text_does_more_than_be_refused(text: str) -> None:
    with suppress(YamlRefused):
        read_yaml(text)
