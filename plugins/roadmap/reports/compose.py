"""Composing the reports of a run: one model per addressee, stored as canonical JSON.

Composing again replaces what was composed before: the same stored results give the same
bytes, so clearing the task in the UI is safe.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy import Connection, Engine, and_, insert, select, update

from roadmap.plan.model import Plan
from roadmap.reports.march_analysis import compose_march_analysis
from roadmap.reports.model import ReportModel, canonical_json
from roadmap.reports.run_facts import Facts, read_facts, read_run
from roadmap.store.tables import report

COMPOSERS: Mapping[str, Callable[[Facts], ReportModel]] = {
    "march_analysis": compose_march_analysis,
}


def compose(engine: Engine, plan: Plan, run_id: str, answers_to: str) -> tuple[str, ...]:
    """Compose and store the report of every selected addressee; return their ids.

    Addressees stand by alphabet, 'region' last. `answers_to` is the address to which
    municipalities answer. LookupError when there is no such run, KeyError when its phase has
    no composer, draft.ModelDisagrees when a model contradicts itself: then nothing is stored.
    """
    with engine.begin() as connection:
        run = read_run(connection, plan, run_id, answers_to)
        composer = COMPOSERS[run.phase.code]
        for addressee in run.addressees:
            _store(connection, run_id, composer(read_facts(connection, run, addressee)))
    return tuple(addressee.municipality_id for addressee in run.addressees)


def load_model(connection: Connection, run_id: str, municipality_id: str) -> ReportModel:
    """The stored model; LookupError when the addressee has none in this run."""
    stored = connection.execute(
        select(report.c.model).where(
            report.c.run_id == run_id, report.c.municipality_id == municipality_id
        )
    ).scalar_one_or_none()
    if stored is None:
        raise LookupError(f"Нет отчёта: запуск {run_id}, адресат {municipality_id}")
    return ReportModel.model_validate_json(stored)


def _store(connection: Connection, run_id: str, model: ReportModel) -> None:
    key = {"run_id": run_id, "municipality_id": model.addressee.municipality_id}
    content = {
        "content_sha256": model.content_sha256(),
        "model": canonical_json(model.model_dump(mode="json")),
    }
    # In place: the manifest of files that already left hangs on this row and must stay.
    matches = and_(*(report.c[name] == value for name, value in key.items()))
    if connection.execute(update(report).where(matches).values(content)).rowcount == 0:
        connection.execute(insert(report).values({**key, **content}))
