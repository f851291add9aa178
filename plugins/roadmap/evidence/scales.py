"""Scales as data: primary score → mark in ВПР, least test score in ЕГЭ (include/scales).

Readers run in a child process that opens no files: intake hands them the scales with the
source's options, `{**source.options_of(year), **options_for(source.scales)}`.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from roadmap.evidence.parsed import scale_in, scale_of, scale_text
from roadmap.evidence.sources import Source
from roadmap.paths import SCALES
from roadmap.plan.faults import first_fault, not_yaml
from roadmap.plan.strict_yaml import YamlRefused, read_yaml
from roadmap.store.sql import sql

if TYPE_CHECKING:
    from sqlalchemy import Connection


class ScalesError(ValueError):
    """A file of scales is not valid; the Russian message names the file and the path inside."""


class Scale(BaseModel):
    """The least primary score for «3», «4», «5» and the paper's maximum."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max: Annotated[int, Field(gt=0, le=100)]
    three: Annotated[int, Field(gt=0, alias="3")]
    four: Annotated[int, Field(gt=0, alias="4")]
    five: Annotated[int, Field(gt=0, alias="5")]

    @model_validator(mode="after")
    def _rises(self) -> Self:
        if not self.three < self.four < self.five <= self.max:
            raise ValueError("границы отметок должны возрастать и не превышать максимум")
        return self


_WORKBOOK = "vpr_scales"  # the dataset of the region's own scales
_VPR = TypeAdapter(dict[str, dict[int, Scale]])
_EGE = TypeAdapter(dict[str, Annotated[int, Field(gt=0, le=100)]])


def options_for(kind: Literal["vpr", "ege"] | None, folder: Path = SCALES) -> dict[str, Any]:
    """What a reader needs of `include/scales/<kind>_<year>.yaml`, all years, keys as text.

    vpr: `{"scales": {"2020": {"математика": {"5": {"max": 20, "3": 7, "4": 11, "5": 15}}}}}`;
    ege: `{"scales": {"2020": {"русский язык": 36}}}`; None: nothing. Raises ScalesError.
    """
    if kind is None:
        return {}
    found = {path.stem.removeprefix(f"{kind}_"): path for path in folder.glob(f"{kind}_*.yaml")}
    return {"scales": {year: _read(kind, path) for year, path in sorted(found.items())}}


def scales_known(source: Source, conn: Connection, plan_code: str) -> dict[str, Any]:
    """`options_for` the source, of ВПР completed by the region's workbook that is in force.

    A shipped scale is never replaced: the workbook's own reader, which is given the shipped ones
    only, refuses such a row, but it may have come before the shipped one. Raises ScalesError.
    """
    options = options_for(source.scales)
    if source.scales == "vpr" and source.dataset != _WORKBOOK:
        scales = options["scales"] = _copied(options["scales"])
        found = conn.execute(sql("evidence/scales_in_force"), {"plan_code": plan_code})
        for row in found.mappings():
            of_subject = scales.setdefault(str(row["year"]), {}).setdefault(row["subject"], {})
            of_subject.setdefault(str(row["grade"]), scale_of(dict(row)))
    return options


def scales_of_run(conn: Connection, run_id: str) -> dict[str, Any]:
    """The scales of ВПР by which a run's marks were given, over the shipped ones; ScalesError."""
    scales = _copied(options_for("vpr")["scales"])
    for row in conn.execute(sql("evidence/scales_of_run"), {"run_id": run_id}):
        _, year, _, grade, subject = row.scope.split("/", 4)
        scales.setdefault(year, {}).setdefault(subject, {})[grade] = scale_in(row.scale)
    return scales


def _copied(scales: dict[str, Any]) -> dict[str, Any]:
    return {
        year: {subject: dict(grades) for subject, grades in subjects.items()}
        for year, subjects in scales.items()
    }


def scale_now(scales: dict[str, Any], scope: str) -> str:
    """The scale of the paper that a batch of that scope is about, as `scale_text` has it."""
    _, year, _, grade, subject = scope.split("/", 4)
    return scale_text(scales.get(year, {}).get(subject, {}).get(grade))


def _read(kind: Literal["vpr", "ege"], path: Path) -> dict[str, Any]:
    return _scales(kind, path.name, path.read_text(encoding="utf-8"))


@lru_cache(maxsize=32)
def _scales(kind: Literal["vpr", "ege"], name: str, text: str) -> dict[str, Any]:
    """Taken apart once per content: YAML takes as long as a small file of evidence."""
    try:
        raw = read_yaml(text)
        if kind == "ege":
            return dict(_EGE.validate_python(raw))
        papers = _VPR.validate_python(raw)
    except YamlRefused as error:
        raise ScalesError(not_yaml(name, error)) from error
    except ValidationError as error:
        raise ScalesError(first_fault(name, error)) from error
    return {
        subject: {str(grade): scale.model_dump(by_alias=True) for grade, scale in grades.items()}
        for subject, grades in papers.items()
    }
