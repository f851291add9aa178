"""What plain YAML would misread stays as it was written, or is refused with its line."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadmap.plan.strict_yaml import LARGEST_CHARACTERS, YamlRefused, read_yaml


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


@given(st.text())
def test_no_text_does_more_than_be_refused(text: str) -> None:
    with suppress(YamlRefused):
        read_yaml(text)
