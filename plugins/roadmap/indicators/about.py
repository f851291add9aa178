"""What stands beside an indicator's query: include/sql/indicators/<stem>/about.yaml.

Everything that the code has to know of an indicator and that neither the plan nor its query
says. Nobody asks for a query by its name: who needs to know something of it asks here.
"""

from __future__ import annotations

from functools import cache
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from roadmap.paths import SQL
from roadmap.plan.faults import first_fault, not_yaml
from roadmap.plan.model import Indicator
from roadmap.plan.strict_yaml import YamlRefused, read_yaml

# What a report shows beside the figure as its confirmation (reports.monitoring.confirm).
Register = Literal[
    "directions",
    "documents",
    "event",  # the one that the plan names
    "events",  # all of the measure
    "letters",  # the delivery ledger
    "medk_documents",
    "monitoring",  # the report that gave the share
    "municipal_acts",
    "news",
    "page",
    "prepared",  # the run that composed the report; beside it, who approved it
    "programmes",
    "questionnaires",
    "reported",  # the papers in which values were reported
    "regional_acts",
]
_OF_SCHOOLS = {"school", "curator", "coordinator"}
Kind = Annotated[str, Field(pattern=r"^[a-z_]+$")]
Sentence = Annotated[str, Field(min_length=1)]


class AboutError(ValueError):
    """An about.yaml that is not there or says something else; Russian, with the file and place."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class UnitWords(_Part):
    """How a unit of one kind is named, and what is said of one that is missing.

    `missing` is a template of `title` (the indicator's) and `detail` (what the unit lacks, ""
    where there is but one thing to lack); None where the report does not name such units.
    `is_told_if_counted`: the same is said of one that a lax rule counts all the same.
    """

    name: Sentence
    missing: Sentence | None
    is_told_if_counted: bool = False


class About(_Part):
    """`is_own_deed`: the register is filled by the addressee's own deeds, so that what changes in
    it corrects its report. `shortfall` is said of a share instead of «не хватает: …», with
    `units`, `shortfall_of_one` where there is but one unit to be missing. `values`: the query
    gives reported numbers and no units (indicators.units).
    """

    question: Annotated[str, Field(pattern=r"^[^\n]+\?$")]
    confirmed_by: Register
    is_own_deed: bool
    values: bool = False
    units: Annotated[dict[Kind, UnitWords], Field(min_length=1)]
    shortfall: Sentence | None = None
    shortfall_of_one: Sentence | None = None

    @property
    def is_of_schools(self) -> bool:
        """Whether it counts only schools of the project and those who lead them."""
        return self.units.keys() <= _OF_SCHOOLS


@cache
def about(stem: str) -> About:
    """What is declared of that query; AboutError where it is not, or not as it must be."""
    place = f"include/sql/indicators/{stem}/about.yaml"
    try:
        text = (SQL / "indicators" / stem / "about.yaml").read_text(encoding="utf-8")
        return About.model_validate(read_yaml(text))
    except FileNotFoundError:
        raise AboutError(f"Нет файла {place}") from None
    except YamlRefused as error:
        raise AboutError(not_yaml(place, error)) from error
    except ValidationError as error:
        raise AboutError(first_fault(place, error)) from error


def stem_of(indicator: Indicator, code: str = "") -> str:
    """Which query counts the indicator, or that part of it («13.1/curator»).

    ValueError where it has none of its own: its parts name theirs.
    """
    _, _, part_code = code.partition("/")
    named = [part.sql for part in indicator.parts if part.code == part_code]
    stem = (named[0] if named else None) or indicator.sql
    if stem is None:
        raise ValueError(f"indicator {code or indicator.code} names no query")
    return stem


def about_each(indicator: Indicator) -> tuple[About, ...]:
    """What is declared of the queries that count the indicator, each once, in its parts' order."""
    stems = [part.sql or indicator.sql for part in indicator.parts] or [indicator.sql]
    return tuple(about(stem) for stem in dict.fromkeys(stems) if stem is not None)
