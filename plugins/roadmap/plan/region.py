"""What a region is: who issues its orders, who runs its plans, its municipalities, its time.

A region is data (`include/regions/<code>.yaml`), the same for all its plans; a plan names it by its
code, or holds it in place. Nothing here reads a file or the clock.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field

from roadmap.plan.part import PlanPart, Text

# The addressee that is no municipality: the department, with what the whole region did.
REGION = "region"

MUNICIPALITY_CODE = r"[a-z](?:-?[a-z0-9])*"
LONGEST_CODE = 40
_EXTENSION = r"(?:, доб\. \d{1,6})?"


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, ZoneInfoNotFoundError):  # OSError of a folder, as «Europe»
        raise ValueError(f"часового пояса «{name}» нет") from None
    return name


@dataclass(frozen=True)
class LocalTime:
    """The time that people live by, and what they call it."""

    zone: ZoneInfo
    name: str  # «МСК»

    def at(self, moment_ms: int) -> datetime:
        """The aware moment of that many UTC milliseconds since 1970."""
        return datetime.fromtimestamp(moment_ms / 1000, self.zone)


class Department(PlanPart):
    """Who issues the orders and gets the regional report; the forms that sentences need."""

    name: Text
    genitive: Text
    short_name: Text  # «департамент», in forms and notes
    short_dative: Text

    @property
    def within_a_sentence(self) -> str:
        """The genitive after «приказом»: «департамента образования …»."""
        return self.genitive[0].lower() + self.genitive[1:]


class Operator(PlanPart):
    """Who runs the plans and signs their reports."""

    full_name: Text
    short_name: Text


class Municipality(PlanPart):
    id: Annotated[str, Field(pattern=f"^{MUNICIPALITY_CODE}$", max_length=LONGEST_CODE)]
    name: Text


class Region(PlanPart):
    name: Text
    time_zone: Annotated[str, AfterValidator(_known_zone)]
    time_zone_name: Text  # «МСК», beside hours in letters
    place: Text  # «г. Город», on title pages
    department: Department
    operator: Operator
    phone_forms: Annotated[tuple[Text, ...], Field(min_length=1)]  # a 0 stands for any digit
    municipalities: Annotated[tuple[Municipality, ...], Field(min_length=1)]

    @property
    def local_time(self) -> LocalTime:
        return LocalTime(ZoneInfo(self.time_zone), self.time_zone_name)

    def is_phone(self, text: str) -> bool:
        """Whether the text is a number of one of the forms, or that with an extension."""
        forms = "|".join(re.escape(form).replace("0", r"\d") for form in self.phone_forms)
        return re.fullmatch(f"(?:{forms}){_EXTENSION}", text) is not None
