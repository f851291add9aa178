"""All registers, by the names of the modules that declare them, and all tables of facts."""

from __future__ import annotations

import pkgutil
from importlib import import_module

import roadmap.datasets
from roadmap.datasets import results
from roadmap.datasets.model import Dataset, FactTable

DATASETS: dict[str, Dataset] = {
    found.name: module.DATASET
    for found in pkgutil.iter_modules(roadmap.datasets.__path__)
    if found.name != "catalogue"
    and hasattr(module := import_module(f"roadmap.datasets.{found.name}"), "DATASET")
}
TABLES: dict[str, FactTable] = {
    table.name: table
    for table in (
        *(table for dataset in DATASETS.values() for table in dataset.tables),
        *results.TABLES,
    )
}
