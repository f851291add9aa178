"""What all parts of a plan are made of."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

# Russian strings of a plan may not carry a control character: they end in subjects and headings.
Text = Annotated[str, Field(min_length=1, pattern=r"^[^\x00-\x09\x0b-\x1f\x7f\x85\u2028\u2029]+$")]
Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class PlanPart(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
