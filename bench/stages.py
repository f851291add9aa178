"""The stages of a phase run called one after another, without Airflow: for figures and tests.

The same library calls as the tasks make, in the same order, in one process.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from roadmap.delivery.account.reconcile import Reconciliation
from roadmap.delivery.sending.smtp import MailServer
from roadmap.delivery.settings import DeliverySettings
from roadmap.evidence.request import RunRequest
from roadmap.plan.model import Plan


@dataclass(frozen=True)
class Place:
    """Where a run reads and writes."""

    engine: Engine
    var: Path
    mail_server: MailServer
    settings: DeliverySettings


def run_stages(place: Place, request: RunRequest, now_ms: int | None = None) -> Reconciliation:
    """Pull, freeze, analyse, check, compose, render, send, reconcile; no Airflow anywhere."""
    pull(place.engine, place.var, request, now_ms)
    return run_frozen(place, request, now_ms)


def pull(engine: Engine, var: Path, request: RunRequest, now_ms: int | None = None) -> None:
    """Take in every dataset that the phase reads; the portal's database lies beside the inbox."""
    from roadmap.evidence.files.database import open_read_only
    from roadmap.evidence.intake import take_in
    from roadmap.evidence.sources import load_sources
    from roadmap.plan.load import load_plan

    plan = load_plan(request.plan_code)
    datasets = plan.phase(request.phase).datasets
    sources = load_sources()

    @contextmanager
    def open_portal(connection: str) -> Iterator[Engine]:
        yield open_read_only(f"sqlite:///{var / 'portal.db'}")

    for dataset in datasets.needed + datasets.told:
        take_in(
            engine,
            sources[dataset],
            var / "inbox",
            var / "archive",
            plan,
            now_ms or _now_ms(),
            open_portal,
        )


def run_frozen(place: Place, request: RunRequest, now_ms: int | None = None) -> Reconciliation:
    """Everything after the pull, on what was in force at the request's known-at moment."""
    from roadmap.delivery.account.reconcile import reconcile
    from roadmap.delivery.ledger.releases import release_run
    from roadmap.delivery.letters.planning import plan_deliveries
    from roadmap.delivery.sending.sender import send_run
    from roadmap.indicators.evaluate import evaluate
    from roadmap.plan.load import load_plan

    engine, plan = place.engine, load_plan(request.plan_code)
    moment = now_ms or _now_ms()
    run_id, addressees = composed(engine, plan, request, place.settings.reply_to, moment)
    reports = place.var / "reports"
    plan_deliveries(engine, plan, run_id, addressees, reports, place.settings, moment)
    release_run(engine, run_id)
    send_run(
        engine,
        run_id,
        addressees,
        place.mail_server,
        place.settings,
        stop=threading.Event(),
        soft_deadline_seconds=600,
        actor="stages",
    )
    evaluate(engine, plan, run_id, measured_from="ledger")
    return reconcile(engine, run_id)


def composed(
    engine: Engine, plan: Plan, request: RunRequest, reply_to: str, moment: int
) -> tuple[str, tuple[str, ...]]:
    """Freeze, analyse, check and compose; the run's id and who has a report in it."""
    from roadmap.analysis.analyse import analyse
    from roadmap.evidence.freeze import freeze
    from roadmap.indicators.evaluate import evaluate
    from roadmap.reports.compose import compose
    from roadmap.versions import code_version, templates_sha256

    run_id = freeze(engine, plan, request, moment, code_version(), templates_sha256())
    analyse(engine, plan, run_id)  # before the check: a topic answers what an analysis found
    evaluate(engine, plan, run_id)
    return run_id, compose(engine, plan, run_id, reply_to)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
