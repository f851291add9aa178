"""The note of a phase's run: how it sends and to whom, so that the grid tells tests from mailings.

Airflow gives tasks no way to write a note, and a run gets its id before its form is looked at. A
listener of the scheduler has the run at hand as it begins, with what the form said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.listeners import hookimpl

if TYPE_CHECKING:
    from roadmap.plan.model import Plan

NAMED = 10
LONGEST = 1000  # as Airflow's table has it
HOW = {
    "live": "Отправка адресатам",
    "redirect": "ПРОВЕРКА, письма на проверочный адрес",
    "dry": "ПРОВЕРКА, ничего не отправляется",
}


@hookimpl
def on_dag_run_running(dag_run: Any) -> None:
    """Write our sentence before what a person noted, once; not where it would not fit."""
    from roadmap_airflow.plans import plans_with, valid_plans
    from roadmap_airflow.timetable import phase_timetable

    valid_plans.cache_clear()  # the scheduler lives long: since its start a plan may have changed
    plans = plans_with(dag_run.dag_id)
    if not plans:
        return  # not a phase
    noted = dag_run.note or ""
    begins = dag_run.data_interval_start or dag_run.run_after
    code = phase_timetable(dag_run.dag_id).plan_of(begins) if begins else None
    ours = sentence(dag_run.conf or {}, plans, code)
    if ours not in noted and len(ours) + 1 + len(noted) <= LONGEST:
        dag_run.note = f"{ours}\n{noted}".strip()


def sentence(conf: Mapping[str, Any], plans: Sequence[Plan], code: str | None) -> str:
    """What the run's form says of sending, in Russian.

    `conf` has only what was filled in; `plans` are those of the phase, `code` is that of the one
    whose interval the run has, which the form may change.
    """
    from roadmap.russian import of_plan
    from roadmap_airflow import clock
    from roadmap_airflow.runs import chosen_plan, names_of

    mode, known = conf.get("mode") or "live", names_of(plans)
    code = chosen_plan(conf) or code
    is_draft = any(plan.code == code and not plan.is_in_force(clock.now().date()) for plan in plans)
    if mode == "live" and is_draft:
        mode = "redirect"  # as the freeze has it
    chosen = conf.get("municipalities") or ()
    whom = "все адресаты"
    if chosen:
        more = len(chosen) - NAMED
        whom = "только " + ", ".join(known.get(one, str(one)) for one in chosen[:NAMED])
        whom += f" и ещё {more}" if more > 0 else ""
    parts = [whom]
    if conf.get("sample"):
        parts.append(f"случайная выборка: {conf['sample']}")
    if conf.get("as_of"):
        parts.append("по состоянию на " + ".".join(reversed(str(conf["as_of"]).split("-"))))
    if is_draft:
        parts.append(f"план {of_plan(str(code))} не введён в действие")
    return f"{HOW.get(mode, mode)}: {'; '.join(parts)}."
