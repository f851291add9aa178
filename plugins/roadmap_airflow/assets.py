"""Evidence as Airflow's assets: one for each dataset, updated only when the dataset changed.

A mapped task shares its outlets among its instances, so a dataset's own asset cannot be an
outlet of the instance that takes it in; the instance names it through an alias.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import Asset, AssetAlias

GROUP = "evidence"

# The outlet of every task that takes evidence in.
EVIDENCE = AssetAlias("evidence", group=GROUP)


def evidence_of(dataset: str) -> Asset:
    """The asset of a dataset of include/sources.yaml."""
    return Asset(name=dataset, uri=f"roadmap://evidence/{dataset}", group=GROUP)


def note_change(context: Any, dataset: str) -> None:
    """Update the dataset's asset when the task that runs now has succeeded."""
    context["outlet_events"][EVIDENCE].add(evidence_of(dataset))
