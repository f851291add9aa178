"""Composing the reports of a run: one model per addressee, stored as canonical JSON.

Composing again replaces what was composed before: the same stored results give the same
bytes, so clearing the task in the UI is safe.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy import Connection, Engine, and_, insert, select, update

from roadmap.plan.model import Plan
from roadmap.printable import printable_texts
from roadmap.reports.analysis.report import compose_analysis
from roadmap.reports.closing import compose_closing
from roadmap.reports.facts.run import Facts, read_facts, read_run
from roadmap.reports.model import ReportModel, canonical_json, read_model
from roadmap.reports.monitoring.report import compose_monitoring
from roadmap.reports.reminder import compose_reminder
from roadmap.store.tables import report, run_municipality

# By the kind of report that a phase sends (plan: Phase.report). None: there is nothing to tell
# this addressee, as a reminder has nothing to tell where nothing is missing.
COMPOSERS: Mapping[str, Callable[[Facts], ReportModel | None]] = {
    "analysis": compose_analysis,
    "monitoring": compose_monitoring,
    "summary": compose_monitoring,
    "reminder": compose_reminder,
    "closing": compose_closing,
}


def compose(engine: Engine, plan: Plan, run_id: str, answers_to: str) -> tuple[str, ...]:
    """Compose and store the report of every selected addressee; return their ids.

    Whom the composer has nothing to tell is no longer selected: the run expects no letter.
    Addressees stand by alphabet, 'region' last. `answers_to` is the address to which
    municipalities answer. LookupError when there is no such run, KeyError when its phase has
    no composer, ModelDisagrees when a model contradicts itself: then nothing is stored.
    """
    with engine.begin() as connection:
        run = read_run(connection, plan, run_id, answers_to)
        composer = COMPOSERS[run.phase.report]
        composed = []
        for addressee in run.addressees:
            unit = addressee.municipality_id
            model = composer(read_facts(connection, run, addressee))
            if model is None:
                _unselect(connection, run_id, unit)
            else:
                _store(connection, run_id, _printable(model))
                composed.append(unit)
    return tuple(composed)


def load_model(connection: Connection, run_id: str, municipality_id: str) -> ReportModel:
    """The stored model; LookupError when the addressee has none in this run."""
    stored = connection.execute(
        select(report.c.model).where(
            report.c.run_id == run_id, report.c.municipality_id == municipality_id
        )
    ).scalar_one_or_none()
    if stored is None:
        raise LookupError(f"Нет отчёта: запуск {run_id}, адресат {municipality_id}")
    return read_model(stored)


def _printable(model: ReportModel) -> ReportModel:
    """The model with signs of the fonts only, so that every format shows the same text."""
    tree = model.model_dump(mode="json")
    texts = printable_texts(tree)
    return model if texts == tree else ReportModel.model_validate(texts)


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


def _unselect(connection: Connection, run_id: str, municipality_id: str) -> None:
    connection.execute(
        update(run_municipality)
        .where(
            run_municipality.c.run_id == run_id,
            run_municipality.c.municipality_id == municipality_id,
        )
        .values(is_selected=0)
    )
