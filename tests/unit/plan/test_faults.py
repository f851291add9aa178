"""What is wrong with a file of settings is said in Russian, whatever pydantic says of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from roadmap.plan.faults import _PATTERNS, first_fault
from roadmap.plan.model import Code, Plan


class File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    share: Annotated[float, Field(ge=0, le=1)] = 0
    day: date = date(2021, 1, 1)
    kind: Literal["a", "b"] = "a"
    code: Code = "code"
    unknown_pattern: Annotated[str, Field(pattern="^z+$")] = "z"
    names: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _agrees(self) -> File:
        if self.kind == "b" and not self.names:
            raise ValueError("у вида «b» нет имён")
        return self


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"share": 2}, "поле share: «2» больше 1. Исправьте файл."),
        ({"share": -1}, "поле share: «-1» меньше 0. Исправьте файл."),
        ({"share": "x"}, "поле share: «x» — нужно число. Исправьте файл."),
        ({"day": "2021-02-30"}, "поле day: «2021-02-30» — такого дня нет. Исправьте файл."),
        ({"kind": "c"}, "поле kind: «c» — такого значения нет; возможны: a, b. Исправьте файл."),
        ({"kind": "b"}, "Файл «f.yaml» не принят: у вида «b» нет имён. Исправьте файл."),
        ({"code": "Код"}, "«Код» — нужно слово из латинских строчных букв, цифр и «_»"),
        ({"unknown_pattern": "a"}, "«a» — записано не так, как нужно. Исправьте файл."),
        ({"names": "a"}, "поле names: «a» — нужен список в квадратных скобках. Исправьте файл."),
        ({"other": 1}, "лишнее поле, такого здесь не бывает"),
    ],
)
def test_a_fault_names_the_field_what_is_wrong_and_what_to_do(given: dict[str, object], says: str):
    with pytest.raises(ValidationError) as refused:
        TypeAdapter(File).validate_python(given)
    told = first_fault("f.yaml", refused.value)
    assert says in told
    assert not re.search(r"[A-Za-z]{3,} [a-z]{2,}|\^|\$", told.replace("Файл", ""))


def test_every_pattern_of_a_plan_has_words():
    """A regular expression is no answer to a methodologist."""
    patterns = set(_patterns_in(Plan.model_json_schema()))
    assert len(patterns) > 4
    assert patterns <= _PATTERNS.keys()


def _patterns_in(schema: object) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(schema.get("pattern"), str):
            yield schema["pattern"]
        for part in schema.values():
            yield from _patterns_in(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from _patterns_in(part)
