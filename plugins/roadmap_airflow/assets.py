"""Evidence as Airflow's assets: one for each dataset, updated only when the dataset changed.

A mapped task shares its outlets among its instances, so a dataset's own asset cannot be an
outlet of the instance that takes it in; the instance names it through an alias.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from airflow.sdk import Asset, AssetAlias

GROUP = "Сведения"

# The outlet of every task that takes evidence in.
EVIDENCE = AssetAlias("Сведения", group=GROUP)


def evidence_of(dataset: str) -> Asset:
    """The asset of a dataset of include/sources.yaml, under its title."""
    return Asset(name=_titles()[dataset], uri=f"roadmap://evidence/{dataset}", group=GROUP)


@cache
def _titles() -> dict[str, str]:
    from roadmap.evidence.sources import dataset_titles

    return dataset_titles()


def note_change(context: Any, dataset: str) -> None:
    """Update the dataset's asset when the task that runs now has succeeded."""
    context["outlet_events"][EVIDENCE].add(evidence_of(dataset))
