"""Which kinds of assessment procedures there are, as `include/procedures.yaml` lists them.

A plan's procedure names its kind by the code; readers, tables and sentences take what they need
of a kind from here, so a region's own procedure is a few lines of that file and no code.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationError, model_validator

from roadmap.paths import PROCEDURES
from roadmap.plan.faults import first_fault, not_yaml
from roadmap.plan.part import Code, PlanPart, Text
from roadmap.plan.strict_yaml import YamlRefused, read_yaml

WaveCode = Literal["autumn", "spring", "main"]
MAIN_SUBJECTS = ("русский язык", "математика")


class ProceduresError(ValueError):
    """The list of kinds is not valid; the Russian message names the path inside the file."""


class Scale(PlanPart):
    """What results are measured in: what a low one is called, what their tables are called."""

    low: Text  # after «доля»: «отметок «2»»
    low_result: Text  # «отметка «2»»
    short_low: Text
    tab: Text  # the appendix's sheet
    heading: Text
    caption: Text
    in_points: bool = False  # scores against a minimum, not one of four bands


class Kind(PlanPart):
    """One kind of procedure; texts with `{grade}` are for a paper of that grade."""

    name: Text
    listed: Text
    paper: Text
    paper_of_grade: dict[int, Text] = Field(default_factory=dict)
    beside: Text | None = None  # beside the procedure's title, where it has several grades
    waves: Annotated[tuple[WaveCode, ...], Field(min_length=1)]
    scale: Code
    drawn: bool = False  # whether bars show the results of schools
    subjects: dict[Text, Text] = Field(default_factory=dict)  # its own, with their dative
    main_subjects: tuple[Text, ...] = MAIN_SUBJECTS

    def paper_name(self, grade: int) -> str:
        """«ВПР, программа 5 класса», «КР-9»."""
        return self.paper_of_grade.get(grade, self.paper).format(grade=grade)

    def beside_title(self, grade: int) -> str | None:
        return None if self.beside is None else self.beside.format(grade=grade)

    @model_validator(mode="after")
    def _says_only_the_grade(self) -> Self:
        for text in (self.paper, *self.paper_of_grade.values(), self.beside or ""):
            if set("{}") & set(text.replace("{grade}", "")):
                raise ValueError(f"«{text}»: в фигурных скобках бывает только {{grade}}")
        known = {*MAIN_SUBJECTS, *self.subjects}
        unknown = [subject for subject in self.main_subjects if subject not in known]
        if unknown:
            raise ValueError(f"main_subjects: нет среди subjects: {', '.join(unknown)}")
        return self


class _Procedures(PlanPart):
    mixed_low: Text
    scales: dict[Code, Scale]
    kinds: Annotated[dict[Code, Kind], Field(min_length=1)]

    @model_validator(mode="after")
    def _known_scales(self) -> Self:
        for code, kind in self.kinds.items():
            if kind.scale not in self.scales:
                raise ValueError(f"у вида {code} шкалы «{kind.scale}» нет среди scales")
        return self


def kinds() -> dict[str, Kind]:
    """The kinds by code, in the order in which a document lists them; ProceduresError."""
    return _of(PROCEDURES).kinds


def scales() -> dict[str, Scale]:
    """The scales by code, in the order of the appendix's sheets; ProceduresError."""
    return _of(PROCEDURES).scales


def low_of(codes: Iterable[str]) -> str:
    """What a share of low results on these scales is of: «отметок «2»», of several the general
    words."""
    words = {scales()[code].low for code in codes}
    return words.pop() if len(words) == 1 else _of(PROCEDURES).mixed_low


@cache
def _of(path: Path) -> _Procedures:
    return read_procedures(path)


def read_procedures(path: Path) -> _Procedures:
    """What a file says; ProceduresError where it is not as it must be."""
    try:
        return _Procedures.model_validate(read_yaml(path.read_text(encoding="utf-8")))
    except YamlRefused as error:
        raise ProceduresError(not_yaml(path.name, error)) from error
    except ValidationError as error:
        raise ProceduresError(first_fault(path.name, error)) from error
