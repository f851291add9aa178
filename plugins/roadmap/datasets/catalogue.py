"""All registers, by the names of the modules that declare them, and all tables of facts."""

from __future__ import annotations

import pkgutil
from importlib import import_module

import roadmap.datasets
from roadmap.datasets import results
from roadmap.datasets.model import Dataset, FactTable

DATASETS: dict[str, Dataset] = {
    one.name: module.DATASET
    for one in pkgutil.iter_modules(roadmap.datasets.__path__)
    if one.name != "catalogue"
    and hasattr(module := import_module(f"roadmap.datasets.{one.name}"), "DATASET")
}
TABLES: dict[str, FactTable] = {
    table.name: table
    for table in (
        *(table for dataset in DATASETS.values() for table in dataset.tables),
        *results.TABLES,
    )
}
