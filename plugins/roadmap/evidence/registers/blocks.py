"""The blocks of the tasks of ВПР by subject, as `include/blocks.yaml` lists them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from roadmap.paths import BLOCKS
from roadmap.plan.faults import first_fault, not_yaml
from roadmap.plan.strict_yaml import YamlRefused, read_yaml

Name = Annotated[str, Field(min_length=3)]


class BlocksError(ValueError):
    """The list of blocks is not valid; the Russian message names the path inside the file."""


class _Listed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    blocks: Annotated[dict[Name, tuple[Name, ...]], Field(min_length=1)]


def block_words() -> Mapping[str, str]:
    """How files may write a block, of whatever subject → as it is kept; BlocksError for a bad
    file."""
    try:
        listed = _Listed.model_validate(read_yaml(BLOCKS.read_text(encoding="utf-8")))
    except YamlRefused as error:
        raise BlocksError(not_yaml(BLOCKS.name, error)) from error
    except ValidationError as error:
        raise BlocksError(first_fault(BLOCKS.name, error)) from error
    return {block: block for blocks in listed.blocks.values() for block in blocks}
