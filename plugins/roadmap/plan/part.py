"""What all parts of a plan are made of."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

# Russian strings of a plan may not carry a control character: they end in subjects and headings.
Text = Annotated[str, Field(min_length=1, pattern=r"^[^\x00-\x09\x0b-\x1f\x7f\x85\u2028\u2029]+$")]
# A plan's key: in names of files and folders, in occasions («2021/march_analysis»), in Message-IDs.
PLAN_CODE = r"[a-z0-9][a-z0-9-]{0,39}"
PlanCode = Annotated[str, Field(pattern=rf"^{PLAN_CODE}$")]
Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
NUMBER = r"[1-9]\d{0,2}(\.[1-9]\d{0,2}){0,2}"


def number_text(written: Any) -> Any:
    """The number of a row as its text, also where YAML read a whole number; what is neither is
    left as it is. ValueError, in Russian, of a decimal: YAML makes 1.1 of 1.10."""
    if isinstance(written, float):
        raise ValueError(
            f'номер с точкой пишут в кавычках, как "1.10": без них это дробь {written}'
        )
    return str(written) if isinstance(written, int) and not isinstance(written, bool) else written


# The number of a row of the roadmap, «8» or «1.2»: a name and no quantity. Rows stand in the order
# of the plan, which nothing may sort by number.
Number = Annotated[str, BeforeValidator(number_text), Field(pattern=f"^{NUMBER}$")]


class PlanPart(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
