"""The municipal management cycle as `include/mechanisms.yaml` lists it: its components, what a
score of each means, and the recommendation that follows from a weak one.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from roadmap.datasets.municipal_mechanisms import SCORES
from roadmap.paths import MECHANISMS
from roadmap.plan.faults import first_fault, not_yaml
from roadmap.plan.strict_yaml import YamlRefused, read_yaml
from roadmap.plan.working_days import nearest_working_day

Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Words = Annotated[str, Field(min_length=3)]


class MechanismsError(ValueError):
    """The list of components is not valid; the Russian message names the path inside the file."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Advice(_Part):
    """What is recommended, to whom, how many days after the as-of date, confirmed by what."""

    text: Words
    addressee: Words
    due_days: Annotated[int, Field(ge=1, le=365)]
    confirmation: Words

    def due(self, as_of: date) -> date:
        """The working day by which it is due."""
        return nearest_working_day(as_of + timedelta(days=self.due_days), "previous")


class Component(_Part):
    name: Words
    short_name: Words | None = None  # where a column is narrow
    scores: dict[int, Words]  # what each score means
    recommendation: Advice

    @property
    def heading(self) -> str:
        return self.short_name or self.name

    @model_validator(mode="after")
    def _every_score_means_something(self) -> Self:
        if set(self.scores) != set(SCORES.values()):
            raise ValueError("у компонента описаны не все баллы")
        return self


class Mechanisms(_Part):
    """`components` by code in the order of the cycle; `weak`: the scores of a weak one."""

    weak: tuple[int, ...] = Field(strict=False)
    components: Annotated[dict[Code, Component], Field(min_length=1)]
    none_weak: Advice  # where no component is weak


def mechanisms(path: Path = MECHANISMS) -> Mechanisms:
    """The cycle and its advice; MechanismsError for a file that is not as it must be."""
    return _read(path.name, path.read_text(encoding="utf-8"))


def component_words() -> Mapping[str, str]:
    """How files may write a component → its code: by name, by short name, by code."""
    written: dict[str, str] = {}
    for code, component in mechanisms().components.items():
        written |= dict.fromkeys((component.name, component.heading, code), code)
    return written


@lru_cache(maxsize=8)
def _read(name: str, text: str) -> Mechanisms:
    try:
        return Mechanisms.model_validate(read_yaml(text))
    except YamlRefused as error:
        raise MechanismsError(not_yaml(name, error)) from error
    except ValidationError as error:
        raise MechanismsError(first_fault(name, error)) from error
