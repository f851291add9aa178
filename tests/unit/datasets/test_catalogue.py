"""Declarations agree with themselves and with docs/formats.md."""

from __future__ import annotations

import re

import pytest

from roadmap.datasets.catalogue import DATASETS, TABLES
from roadmap.datasets.model import Column, Dataset, FactTable, Kind
from roadmap.paths import ROOT

FORMATS = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_a_table_names_each_column_once_and_its_key_and_rules_name_its_columns(
    table: FactTable,
) -> None:
    keys = [column.key for column in table.columns]
    assert len(set(keys)) == len(keys)
    assert set(table.key) <= {column.key for column in table.stored}
    assert {rule.column for rule in table.rules} - {None} <= set(keys)


def test_no_two_declarations_share_a_table() -> None:
    declared = [table.name for dataset in DATASETS.values() for table in dataset.tables]
    assert len(set(declared)) == len(declared) < len(TABLES)


@pytest.mark.parametrize(("name", "dataset"), DATASETS.items())
def test_formats_says_the_columns_of_each_register_and_what_they_may_hold(
    name: str, dataset: Dataset
) -> None:
    (row,) = re.findall(rf"^\| `{name}` \|(.*)\|$", FORMATS, re.MULTILINE)
    _, sheet, columns, scope = (cell.strip() for cell in re.split(r"(?<!\\)\|", row))
    assert sheet == (dataset.sheet or "")
    told = re.split(r" · |; может не быть: ", columns)
    assert [re.sub(r" \(.*\)$", "", one) for one in told] == [
        column.title for column in dataset.table.columns
    ]
    for one, column in zip(told, dataset.table.columns, strict=True):
        if words := _words(column):
            assert re.findall(r"`(.*?)`", one) == words
    assert (scope == "`all`") == (dataset.scope is None)
    absent = [column.title for column in dataset.table.columns if column.may_be_absent]
    assert columns.partition("; может не быть: ")[2].count(" · ") == max(len(absent) - 1, 0)


def _words(column: Column) -> list[str]:
    """The first of the words that mean one thing."""
    first: dict[object, str] = {}
    for written, kept in column.choices.items():
        first.setdefault(kept, written)
    return list(first.values()) if column.kind is Kind.CHOICE else []
