"""What the tasks share that speak of one phase run: its plan, its addressees' names, the label."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import get_current_context

from roadmap.plan.region import REGION

if TYPE_CHECKING:
    from roadmap.plan.model import Plan

LABEL = "{{ roadmap_label }}"  # a constant template; its value is set while the task runs


def label(text: str) -> None:
    """Name the running instance of a mapped task in the grid."""
    get_current_context()["roadmap_label"] = text  # type: ignore[typeddict-unknown-key]


def label_occasion(engine: Any, phase_run: str) -> None:
    """Name it by the due date of which the run tells; of a phase's run, leave its name as it is."""
    from roadmap.plan.model import is_occasion, occasion_title
    from roadmap.store.sql import sql

    with engine.connect() as db:
        phase = db.execute(sql("delivery/run"), {"run_id": phase_run}).one().phase
    if is_occasion(phase):
        label(occasion_title(phase))


def chosen_plan(form: Mapping[str, Any]) -> str | None:
    """The code of the plan that a run's form names; None where it names none.

    A run of before plans had codes, cleared now, or a script that was written then names the
    year: as the ledger has it (migration 0028), the plan's code is that year.
    """
    chosen = form.get("plan") or form.get("year")
    return str(chosen) if chosen else None


def plan_of(engine: Any, phase_run: str) -> Plan:
    """The plan of a frozen run, as its file stands now."""
    from roadmap.evidence.freeze import plan_code_of
    from roadmap.plan.load import load_plan

    return load_plan(plan_code_of(engine, phase_run))


def names_of(plans: Iterable[Plan]) -> dict[str, str]:
    """How forms and the grid name each addressee, by id; a later plan's name wins."""
    known: dict[str, str] = {}
    for plan in plans:
        known |= {unit.id: unit.name for unit in plan.municipalities}
        known[REGION] = f"{plan.region.department.short_name.capitalize()} (региональный отчёт)"
    return known


def by_name(names: dict[str, str]) -> list[str]:
    """The ids in the order in which a form offers them: by alphabet, the region last."""
    return sorted(names, key=lambda unit: (unit == REGION, names[unit].casefold()))


def names(plan: Plan, batch: Sequence[str]) -> str:
    """The names of a batch's addressees, for the grid."""
    if not batch:
        return "адресатов нет"
    first = names_of([plan]).get(batch[0], batch[0])
    return first if len(batch) == 1 else f"{first} и ещё {len(batch) - 1}"
