"""The factors of a school's risk profile (РПШ), as `include/risk_factors.yaml` lists them.

The list changes from year to year, so it is data; facts keep a factor's code.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from roadmap.evidence.names import comparable
from roadmap.paths import RISK_FACTORS
from roadmap.plan.faults import first_fault, not_yaml
from roadmap.plan.strict_yaml import YamlRefused, read_yaml

Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Name = Annotated[str, Field(min_length=3, max_length=200)]


class RiskFactorsError(ValueError):
    """The list of factors is not valid; the Russian message names the path inside the file."""


class RiskFactor(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name  # as reports and forms say it
    aliases: tuple[Name, ...] = ()  # how exports write it, too


class _Listed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    factors: dict[Code, RiskFactor]
    years: Annotated[dict[int, tuple[Code, ...]], Field(min_length=1)]

    @model_validator(mode="after")
    def _known_and_told_apart(self) -> Self:
        for year, codes in self.years.items():
            if unknown := sorted(set(codes) - set(self.factors)):
                raise ValueError(f"в перечне {year} года нет в factors: {', '.join(unknown)}")
        owners: dict[str, str] = {}
        for code, factor in self.factors.items():
            for name in (factor.name, *factor.aliases):
                if owners.setdefault(comparable(name), code) != code:
                    raise ValueError(f"название «{name}» указано у двух факторов")
        return self


def risk_factors(year: int, path: Path = RISK_FACTORS) -> Mapping[str, RiskFactor]:
    """The factors of a plan's year by code, in their order; RiskFactorsError for a bad file.

    The list of a year holds until the next one that the file names.
    """
    listed = _listed(path.name, path.read_text(encoding="utf-8"))
    begun = [first for first in listed.years if first <= year]
    codes = listed.years[max(begun) if begun else min(listed.years)]
    return {code: listed.factors[code] for code in codes}


def factor_names(path: Path = RISK_FACTORS) -> dict[str, str]:
    """The name of every factor of any year by its code."""
    listed = _listed(path.name, path.read_text(encoding="utf-8"))
    return {code: factor.name for code, factor in listed.factors.items()}


@lru_cache(maxsize=8)
def _listed(name: str, text: str) -> _Listed:
    try:
        return _Listed.model_validate(read_yaml(text))
    except YamlRefused as error:
        raise RiskFactorsError(not_yaml(name, error)) from error
    except ValidationError as error:
        raise RiskFactorsError(first_fault(name, error)) from error
