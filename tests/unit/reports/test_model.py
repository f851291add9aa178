"""Cells are asked for by the keys of their columns, in models of today and in stored ones."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from pydantic import ValidationError

import support.report_models as factory
from roadmap.reports.corrections import corrections
from roadmap.reports.model import (
    Column,
    Count,
    NotHeld,
    ReportModel,
    Row,
    Table,
    Words,
    _own,
    canonical_json,
    read_model,
)
from roadmap.reports.parts.tables import Rows, foreign, number, text
from support.analysis_rows import march_model

COLUMNS = (text("unit", "ОО", 40), number("low", "«2», %", 10))


def before_keys(node: Any) -> Any:
    """The model's JSON as it was stored before columns had keys, hidden figures a limit and
    mixed cells own words."""
    if isinstance(node, list):
        return [before_keys(item) for item in node]
    if not isinstance(node, dict):
        return node
    if node.keys() == {"key", "title"}:
        return node["title"]
    later = ("key", "fewer_than", "own_words")
    return {key: before_keys(value) for key, value in node.items() if key not in later}


def stored_before_keys(model: ReportModel) -> str:
    told = json.loads(canonical_json(model.model_dump(mode="json")))
    told["plan_year"] = int(told.pop("plan_code"))  # nor had plans codes
    tables = {("document", b.id): b for b in model.document.blocks if isinstance(b, Table)}
    tables |= {("appendix", sheet.table.id): sheet.table for sheet in model.appendix}
    tables |= {("letter", model.letter.figures.id): model.letter.figures}
    for figure in told["key_figures"]:
        for place in figure["places"]:
            table = tables[place["view"], place["table_id"]]
            place["column"] = table.place_of(place["column"])
    return canonical_json(before_keys(told))


def with_status(model: ReportModel, code: str, status: str) -> ReportModel:
    """The model with another status of an indicator in its appendix."""
    sheets = []
    for sheet in model.appendix:
        rows = list(sheet.table.rows)
        if sheet.table.id == "indicators":
            for at, cells in enumerate(sheet.table.cells()):
                if cells["code"].value == Words(text=code):
                    cells["status"] = factory.words(status)
                    rows[at] = rows[at].model_copy(update={"cells": tuple(cells.values())})
        table = sheet.table.model_copy(update={"rows": tuple(rows)})
        sheets.append(sheet.model_copy(update={"table": table}))
    return model.model_copy(update={"appendix": tuple(sheets)})


def test_a_cell_is_found_by_the_key_of_its_column() -> None:
    rows = Rows("document", "t", COLUMNS)
    rows.group("Русский язык")
    rows.add({"low": foreign(NotHeld()), "unit": "Школа № 1", "not shown": Count(n=7)})
    group, school = rows.laid().table.cells()
    assert {key: cell.value for key, cell in school.items()} == {
        "unit": Words(text="Школа № 1"),
        "low": NotHeld(),
    }
    assert list(group) == ["unit"]


def test_a_row_without_a_cell_for_a_column_is_a_fault() -> None:
    with pytest.raises(KeyError):
        Rows("document", "t", COLUMNS).add({"unit": "Школа № 1"})


@pytest.mark.parametrize(
    ("columns", "cells"),
    [
        ((COLUMNS[0], COLUMNS[0]), 2),  # two columns of one key
        (COLUMNS, 1),
        (COLUMNS, 3),
    ],
)
def test_a_table_whose_cells_have_no_column_of_their_own_is_refused(
    columns: tuple[Column, ...], cells: int
) -> None:
    row = Row(cells=tuple(factory.words("1") for _ in range(cells)))
    with pytest.raises(ValidationError):
        Table(id="t", caption="", columns=columns, rows=(row,))


def test_keys_are_not_hashed_and_what_a_reader_sees_is() -> None:
    stored = march_model().model_dump_json()
    renamed = ReportModel.model_validate_json(stored.replace('"low"', '"share_of_2"'))
    assert renamed != march_model()
    assert renamed.content_sha256() == march_model().content_sha256()
    titled = ReportModel.model_validate_json(stored.replace('"Понизили, %"', '"Ниже, %"'))
    assert titled.content_sha256() != march_model().content_sha256()
    limit = ReportModel.model_validate_json(stored.replace('"fewer_than":5', '"fewer_than":7'))
    assert limit.content_sha256() != march_model().content_sha256()


def test_a_column_that_moves_changes_nothing_that_is_told() -> None:
    model = march_model()
    sheet = next(s for s in model.appendix if s.table.id == "indicators")
    order = [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]
    table = Table(
        id="indicators",
        caption="",
        columns=tuple(sheet.table.columns[at] for at in order),
        rows=tuple(
            row.model_copy(update={"cells": tuple(row.cells[at] for at in order)})
            for row in sheet.table.rows
        ),
    )
    moved = tuple(
        s.model_copy(update={"table": table}) if s is sheet else s for s in model.appendix
    )
    after = with_status(model.model_copy(update={"appendix": moved}), "6.2", "исполнено")
    (told,) = corrections(model, after)
    assert told.startswith("показатель 6.2 «")
    assert told.endswith("стало «исполнено»")


def test_what_was_hashed_before_columns_had_keys_has_the_same_hash() -> None:
    """Else whoever got a letter before would get a correction that says nothing new."""
    told = json.loads(stored_before_keys(march_model("neyskiy")))
    del told["key_figures"]
    hashed = canonical_json(_own(told)).encode()
    assert march_model("neyskiy").content_sha256() == hashlib.sha256(hashed).hexdigest()


@pytest.mark.parametrize("unit", ["buyskiy", "region"])
def test_a_report_stored_before_columns_had_keys_is_still_read(unit: str) -> None:
    model = march_model(unit)
    read = read_model(stored_before_keys(model))
    assert read.content_sha256() == model.content_sha256()
    assert corrections(read, model) == ()
    assert len(read.key_figures) == len(model.key_figures)
    for old, new in zip(read.key_figures, model.key_figures, strict=True):
        for was, place in zip(old.places, new.places, strict=True):
            assert (was.view, was.table_id, was.row) == (place.view, place.table_id, place.row)


def test_a_correction_of_such_a_report_tells_which_indicator_changed() -> None:
    model = march_model()
    read = read_model(stored_before_keys(model))
    (told,) = corrections(read, with_status(model, "6.2", "исполнено"))
    assert told.startswith("показатель 6.2 «")


def test_a_correction_of_such_a_report_tells_which_cell_changed() -> None:
    model = march_model("neyskiy")
    document = model.document
    assert document is not None
    table = next(b for b in document.blocks if isinstance(b, Table) and len(b.rows[0].cells) > 3)
    at = next(at for at, row in enumerate(table.rows) if row.own and row.kind != "group")
    key = table.columns[-1].key
    cells = table.cells()[at]
    cells[key] = cells[key].model_copy(update={"value": Words(text="иначе")})
    rows = list(table.rows)
    rows[at] = rows[at].model_copy(update={"cells": tuple(cells.values())})
    changed = table.model_copy(update={"rows": tuple(rows)})
    blocks = tuple(changed if block is table else block for block in document.blocks)
    after = model.model_copy(update={"document": document.model_copy(update={"blocks": blocks})})
    told = corrections(read_model(stored_before_keys(model)), after)
    assert told == corrections(model, after)
    assert "иначе" in " ".join(told)
