"""Sources: which datasets there are, where they come from and how they are read.

The list is data (`include/sources.yaml`), so a new region moves a folder without touching
code. This module says which lists are valid and reads no evidence.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from roadmap.datasets.catalogue import DATASETS
from roadmap.paths import SOURCES, SQL
from roadmap.plan.faults import first_fault, not_yaml
from roadmap.plan.procedures import kinds
from roadmap.plan.strict_yaml import YamlRefused, read_yaml

# What becomes of who wrote one part only of a paper of two days (readers.vpr_protocols).
_ONE_PART = ("participant", "absent", "set_aside")
_REGISTER = "register"  # the reader of what roadmap.datasets declares

Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
# Relative, below <inbox>/<plan>/, wildcards in the last part only: no way out of the folder.
Location = Annotated[
    str, Field(pattern=r"^(?:[a-z0-9_]+/)*[^/\\:]+$", max_length=200, examples=["vpr/marks/*.xlsx"])
]


class SourcesError(ValueError):
    """`include/sources.yaml` is not valid; the Russian message names the path inside."""


class Limits(BaseModel):
    """What a file of the dataset may cost; above it the file is refused unread."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    megabytes: Annotated[float, Field(gt=0)] = 5
    rows: Annotated[int, Field(gt=0)] = 10_000
    columns: Annotated[int, Field(gt=0)] = 64


class Source(BaseModel):
    """One kind of evidence."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dataset: Code
    title: Annotated[str, Field(min_length=1)]  # Russian, as pages and messages say it
    # Where it comes from: files in these places, or a query over a connection.
    locations: tuple[Location, ...] = ()
    query: Code | None = None  # a file of include/sql/sources
    connection: Code | None = None  # of Airflow; who calls the library opens it
    reader: Code  # a module of roadmap.evidence.readers with `read(content, context)`
    options: dict[str, Any] = {}  # what the reader is told besides the bytes
    # Options of one plan year, laid over `options`.
    options_by_year: dict[int, dict[str, Any]] = {}
    scales: Literal["vpr", "ege"] | None = None  # which scales of include/scales the reader needs
    # Datasets whose facts these files hold as well: where a phase needs one, either will do.
    stands_for: tuple[Code, ...] = ()
    example: str | None = None  # the name of such a file, where its name says what it is
    # Pupils' rows (names and documents in ГИА) or other persons' data stand in the files: they
    # are aggregated while reading, and no copy of the file is kept, only its hash.
    holds_pupils: bool = False
    limits: Limits = Limits()
    # Share of rejected rows above which the whole file is refused and the old one stays.
    tolerance: Annotated[float, Field(ge=0, le=1)] = 0.2
    # Share of the rows, schools and municipalities in force below which a new file is held,
    # and a person decides; None: what tolerance leaves.
    least_coverage: Annotated[float | None, Field(ge=0, le=1)] = None
    # The source's list of receipt times, relative to <inbox>/<plan>/; None: our clock counts.
    receipts: str | None = "receipts.csv"

    @model_validator(mode="after")
    def _comes_from_one_place(self) -> Source:
        if bool(self.locations) == (self.query is not None):
            raise ValueError("нужно либо поле locations, либо поля query и connection")
        if (self.query is None) != (self.connection is None):
            raise ValueError("поля query и connection указывают вместе")
        if self.query is not None and not (SQL / "sources" / f"{self.query}.sql").is_file():
            raise ValueError(f"нет запроса include/sql/sources/{self.query}.sql")
        if self.reader == _REGISTER and self.dataset not in DATASETS:
            raise ValueError(f"нет описания plugins/roadmap/datasets/{self.dataset}.py")
        if self.threshold > 1 - self.tolerance + 1e-9:
            raise ValueError(
                "least_coverage больше 1 − tolerance: отклонённые строки задержат файл"
            )
        for options in (self.options, *self.options_by_year.values()):
            if options.get("one_part", _ONE_PART[0]) not in _ONE_PART:
                raise ValueError(f"в поле one_part возможны: {', '.join(_ONE_PART)}")
            _check_procedure(options)
        if self.query is not None and self.holds_pupils:
            raise ValueError(
                "сведения об учениках запросом не берут: их снимок хранился бы целиком"
            )
        return self

    @property
    def threshold(self) -> float:
        """`least_coverage`, or what is left where as many rows are rejected as may be."""
        return 1 - self.tolerance if self.least_coverage is None else self.least_coverage

    def options_of(self, plan_year: int) -> dict[str, Any]:
        """The reader's options in that plan year; of a register, which one it is among them."""
        own = {"register": self.dataset} if self.dataset in DATASETS else {}
        return {**own, **self.options, **self.options_by_year.get(plan_year, {})}


def _check_procedure(options: dict[str, Any]) -> None:
    """ValueError where the options of a table of results name what no kind of procedure has."""
    if "kind" not in options:
        return
    kind = kinds().get(options["kind"])
    if kind is None:
        raise ValueError(f"в поле kind возможны (include/procedures.yaml): {', '.join(kinds())}")
    if options.get("wave", kind.waves[0]) not in kind.waves:
        raise ValueError(f"в поле wave возможны: {', '.join(kind.waves)}")
    bands = options.get("bands", ["2", "3", "4", "5"])
    texts = isinstance(bands, list) and all(isinstance(band, str) for band in bands)
    if not texts or len(set(bands)) != 4:
        raise ValueError("в поле bands — четыре разных названия столбцов, с низшего уровня")


class _Sources(BaseModel):
    model_config = ConfigDict(extra="forbid")

    sources: tuple[Source, ...]

    @model_validator(mode="after")
    def _once_each(self) -> _Sources:
        names = [source.dataset for source in self.sources]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"вид сведений описан дважды: {', '.join(twice)}")
        unknown = {name for one in self.sources for name in one.stands_for} - set(names)
        if unknown:
            raise ValueError(
                f"в поле stands_for названы неизвестные виды сведений: {', '.join(sorted(unknown))}"
            )
        return self


def load_sources(path: Path = SOURCES) -> dict[str, Source]:
    """The sources by dataset; SourcesError where the list is not valid."""
    try:
        raw = read_yaml(path.read_text(encoding="utf-8"))
        listed = _Sources.model_validate(raw)
    except YamlRefused as error:
        raise SourcesError(not_yaml(path.name, error)) from error
    except ValidationError as error:
        raise SourcesError(first_fault(path.name, error)) from error
    return {source.dataset: source for source in listed.sources}


def dataset_titles() -> dict[str, str]:
    """What people call each dataset of include/sources.yaml."""
    return {name: source.title for name, source in load_sources().items()}


_WAVES = {"autumn": ", осень", "spring": ", весна"}
_WHOLE_EXAM = 5  # parts of a paper's scope; more of them name a part of its results


def about(scope: str) -> str:
    """What a load batch is about: «ВПР, весна 2021, 5 класс, математика».

    A scope that is no paper («buyskiy», «webinar-2021-03-12») stands in the file as it is.
    """
    kind, *rest = scope.split("/")
    if kind not in kinds() or len(rest) + 1 < _WHOLE_EXAM:
        return scope
    year, wave, grade, subject, *part = rest
    said = f"{kinds()[kind].name}{_WAVES.get(wave, '')} {year}, {grade} класс, {subject}"
    return f"{said}, апелляции" if part else said
