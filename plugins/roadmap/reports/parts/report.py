"""A report model put together of its parts, and the check that key figures stand in them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from roadmap.reports.facts.run import Facts
from roadmap.reports.model import (
    Document,
    KeyFigure,
    Letter,
    LetterFigures,
    ReportModel,
    SchoolPage,
    Sheet,
    Table,
    Value,
)
from roadmap.reports.parts.draft import Placed
from roadmap.reports.words.show import show


class ModelDisagrees(ValueError):
    """A key figure is said to stand where another value stands: a fault of the composer."""


def report_of(
    facts: Facts,
    letter: Letter,
    document: Document | None = None,
    appendix: Sequence[Sheet] = (),
    schools: Sequence[SchoolPage] = (),
    placed: Iterable[Placed] = (),
) -> ReportModel:
    """The model of one addressee; ModelDisagrees as in `check_places`."""
    run = facts.run
    model = ReportModel(
        plan_code=run.plan.code,
        phase=run.phase.code,
        occasion=run.occasion,
        as_of=run.as_of,
        addressee=facts.addressee,
        institution=run.institution,
        letter=letter,
        document=document,
        appendix=tuple(appendix),
        schools=tuple(schools),
        key_figures=_key_figures(placed),
    )
    check_places(model)
    return model


def _key_figures(placed: Iterable[Placed]) -> tuple[KeyFigure, ...]:
    """Key figures with all their places, in order of first appearance.

    ModelDisagrees when one figure is placed with two values.
    """
    figures: dict[tuple[str, ...], list[Placed]] = {}
    for one in placed:
        figures.setdefault(one.key, []).append(one)
    for places in figures.values():
        if any(one.value != places[0].value for one in places):
            raise ModelDisagrees(f"two values of one key figure: {places[0].key}")
    return tuple(
        KeyFigure(
            name=places[0].name, value=places[0].value, places=tuple(one.place for one in places)
        )
        for places in figures.values()
    )


def check_places(model: ReportModel) -> None:
    """Every place of every key figure holds its value; ModelDisagrees otherwise.

    ModelDisagrees also when two tables of one view share an id: a place would be ambiguous.
    """
    tables: dict[tuple[str, str], list[dict[str, Value]]] = {}

    def put(view: str, table: Table | LetterFigures) -> None:
        if (view, table.id) in tables:
            raise ModelDisagrees(f"two tables {table.id} in the {view}")
        tables[view, table.id] = [
            {key: cell.value for key, cell in cells.items()} for cells in table.cells()
        ]

    if model.letter.figures is not None:
        put("letter", model.letter.figures)
    for block in model.document.blocks if model.document is not None else ():
        if isinstance(block, Table):
            put("document", block)
    for sheet in model.appendix:
        put("appendix", sheet.table)
    for figure in model.key_figures:
        for place in figure.places:
            rows = tables.get((place.view, place.table_id), [])
            if place.row >= len(rows) or place.column not in rows[place.row]:
                raise ModelDisagrees(f"no such place: {place}")
            there = rows[place.row][place.column]
            if there != figure.value:
                raise ModelDisagrees(f"{place} holds {show(there)}, not {show(figure.value)}")
