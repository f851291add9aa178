"""Planning in a process of its own: the real `plan_deliveries`, with a package of one file."""

from __future__ import annotations

import hashlib
from pathlib import Path

from sqlalchemy import Engine

from faults.failpoints import Failpoint, install
from faults.world import FILLER_BYTES, MUNICIPALITIES
from roadmap.delivery.ledger.releases import release_run
from roadmap.delivery.letters.planning import Outcome, plan_deliveries
from roadmap.reports.compose import load_model as _load_model  # noqa: F401
from roadmap.reports.formats.letter import Envelope, LetterText
from roadmap.reports.model import ReportModel
from roadmap.reports.package import Package, PackageFile
from roadmap.store.engine import open_engine
from roadmap.store.tables import report
from support import ledger_world
from support.plans import small_plan
from support.report_models import make_model

# All that planning imports and reads first is here before a process is forked.
PLAN = small_plan()


def store_models(engine: Engine, run_id: str) -> None:
    """A report for every municipality of a frozen run."""
    made = make_model()
    with engine.begin() as db:
        for municipality in MUNICIPALITIES:
            addressee = made.addressee.model_copy(
                update={
                    "municipality_id": municipality,
                    "name": ledger_world.NAMES[municipality],
                }
            )
            model = made.model_copy(update={"addressee": addressee})
            db.execute(
                report.insert(),
                {
                    "run_id": run_id,
                    "municipality_id": municipality,
                    "content_sha256": model.content_sha256(),
                    "model": model.model_dump_json(),
                },
            )


def plan_run(
    url: str, run_id: str, folder: Path, failpoint: Failpoint | None = None
) -> tuple[Outcome, ...]:
    """Plan the letters of a run, as its task does; a failpoint strikes where it is ordered."""
    engine = open_engine(url)
    if failpoint is not None:
        install(failpoint, engine)

    def render(model: ReportModel, envelope: Envelope) -> Package:
        content = b"%PDF" + b"x" * FILLER_BYTES
        path = f"{model.addressee.municipality_id}.pdf"
        (folder / path).write_bytes(content)
        return Package(
            LetterText(model.letter.subject, "<p>Анализ</p>", f"Анализ {envelope.revision}"),
            (
                PackageFile(
                    "pdf",
                    "",
                    "Справка.pdf",
                    "application/pdf",
                    hashlib.sha256(content).hexdigest(),
                    len(content),
                    1,
                    path,
                ),
            ),
        )

    outcomes = plan_deliveries(
        engine,
        PLAN,
        run_id,
        MUNICIPALITIES,
        folder,
        ledger_world.SETTINGS,
        ledger_world.NOW_MS,
        render,
    )
    release_run(engine, run_id)
    return outcomes
