"""Freezing a phase run: which batches, which municipalities and schools, what is in doubt.

Everything a run computes afterwards joins what is written here, so its inputs stay as they
were whatever arrives later. Freezing anew is a new run with an id of its own. References in
results are resolved here (`evidence.references`), so the order in which files came changes
nothing. What does not resolve becomes a finding with a Russian sentence.
"""

from __future__ import annotations

import hashlib
import logging
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Row,
    and_,
    insert,
    or_,
    select,
    update,
)

from roadmap.evidence.findings import write_findings
from roadmap.evidence.intake import InForce, KnownBy, batches_in_force
from roadmap.evidence.names import plan_words
from roadmap.evidence.own_schedule import plan_known_at
from roadmap.evidence.references import write_references
from roadmap.evidence.request import FreezeRefused, RunRequest, one_line, refuse_request
from roadmap.evidence.sources import load_sources
from roadmap.plan.load import plan_json, plan_sha256
from roadmap.plan.model import Phase, Plan
from roadmap.plan.region import REGION
from roadmap.russian import counted, integer, of_plan
from roadmap.store.kept import keep
from roadmap.store.sql import sql
from roadmap.store.statistics import refresh_statistics
from roadmap.store.tables import (
    load_batch,
    phase_run,
    run_batch,
    run_dataset,
    run_finding,
    run_municipality,
    run_rule,
    run_school,
)
from roadmap.versions import templates_archive

log = logging.getLogger(__name__)


REGION_SHORT_NAME = "Регион"

_MOST_OF_A_RULE = 5  # findings of one rule in the task's log; all of them are stored

# Without them nobody is an addressee, and a run of nobody would look as if all went well.
_REGISTRIES = {
    "registry_municipalities": "Реестр муниципалитетов",
    "registry_schools": "Реестр школ",
}


def freeze(
    engine: Engine,
    plan: Plan,
    request: RunRequest,
    now_ms: int,
    code_version: str,
    templates_sha256: str,
) -> str:
    """Write the run with its frozen inputs in one transaction; its id.

    FreezeRefused where `request.refuse_request` refuses what is asked for, a municipality is in no
    registry of that day, or a registry has not come by then. KeyError where the plan has no such
    phase.
    """
    if plan.code != request.plan_code:
        raise ValueError(f"plan of {plan.code}, request for {request.plan_code}")
    known_at_ms = now_ms if request.known_at_ms is None else request.known_at_ms
    mode = request.mode_under(plan, now_ms)
    run_id = uuid.uuid4().hex
    with engine.begin() as conn:
        # A reminder of a measure «по отдельному графику» is a phase only by its schedule's date.
        # Whatever is in the database was loaded by now; clocks of two machines may differ.
        known_by: KnownBy = "received" if request.known_at_ms is None else request.known_by
        known = (known_at_ms, known_by)
        phase = plan_known_at(conn, plan, *known).phase(request.phase)
        refuse_request(plan, phase, request, now_ms)
        as_of = (request.as_of or phase.as_of).isoformat()
        at = {"run_id": run_id, "as_of": as_of}
        whom = {**at, "addressees": plan.addressees}
        batches = batches_in_force(conn, plan.code, *known)
        _require_registries(
            plan, batches, batches_in_force(conn, plan.code, known_at_ms, "received")
        )
        conn.execute(
            insert(phase_run).values(
                run_id=run_id,
                plan_code=plan.code,
                phase=phase.code,
                occasion=f"{plan.code}/{phase.code}",
                mode=mode,
                as_of=as_of,
                known_at_ms=known_at_ms,
                known_by=request.known_by,
                started_ms=now_ms,
                plan_sha256=keep(conn, "plan", plan_sha256(plan), lambda: plan_json(plan)),
                templates_sha256=keep(conn, "templates", templates_sha256, templates_archive),
                code_version=code_version,
                reason=one_line(request.reason),
                requested_by=request.requested_by,
                sample=request.sample,
            )
        )
        conn.execute(
            insert(run_batch),
            [{"run_id": run_id, "batch_id": batch.batch_id} for batch in batches],
        )
        conn.execute(sql("evidence/frozen_municipalities"), whom)
        unnamed = _add_unnamed(conn, plan, whom)
        conn.execute(sql("evidence/frozen_schools"), at)
        # The department is an addressee of every run and takes part in no measure.
        department = plan.region.department
        _add(
            conn, run_id, REGION, department.name,
            genitive=department.genitive, short_name=REGION_SHORT_NAME, is_participating=0,
        )  # fmt: skip
        _select(conn, run_id, request.municipalities)
        if request.sample is not None:
            _draw(conn, run_id, request.sample, request.requested_by)
        refresh_statistics(conn)  # what follows joins what was just loaded and written
        write_references(conn, run_id, as_of)
        _write_datasets(conn, plan.code, phase, run_id, batches, known)
        _write_rules(conn, plan, run_id)
        conn.execute(sql("evidence/risks_of_run"), at)
        write_findings(conn, plan, phase, run_id, as_of, *known, unnamed)
    log.debug("run %s frozen: %s batches", run_id, len(batches))
    return run_id


def changed_since_freeze(
    engine: Engine, plan: Plan, run_id: str, templates_sha256: str, code_version: str
) -> tuple[str, ...]:
    """What is not as it was when the run was frozen, in Russian; empty when nothing changed.

    A frozen run composed again then gives the same content hash. What changed may give other
    figures or words, and whoever repeats a run has to know why. `plan` is that of the file.
    LookupError when there is no such run.
    """
    run = _run(engine, run_id)
    compared = (
        (f"план {of_plan(plan.code)}", run.plan_sha256, plan_sha256(plan)),
        ("шаблоны документов и писем", run.templates_sha256, templates_sha256),
        ("программа", run.code_version, code_version),
    )
    changed = [what for what, frozen, now in compared if frozen != now]
    if not changed:
        return ()
    return (
        f"После фиксации сведений изменилось: {', '.join(changed)}. Показатели и тексты этого "
        "запуска, рассчитанные заново, могут отличаться от прежних. Чтобы рассчитать их на новом "
        "основании, очистите «Фиксация сведений»: будет новый запуск.",
    )


def plan_code_of(engine: Engine, run_id: str) -> str:
    """The plan's code of a frozen run; LookupError when there is no such run."""
    return str(_run(engine, run_id).plan_code)


def _run(engine: Engine, run_id: str) -> Row[Any]:
    with engine.connect() as conn:
        run = conn.execute(select(phase_run).where(phase_run.c.run_id == run_id)).one_or_none()
    if run is None:
        raise LookupError(f"Нет запуска этапа {run_id}")
    return run


@dataclass(frozen=True)
class RunSummary:
    """For the task's log: Russian lines, no addresses; somebody has to look at the `doubts`."""

    frozen: tuple[str, ...]
    doubts: tuple[str, ...]


def run_summary(engine: Engine, run_id: str) -> RunSummary:
    """What was frozen and what of it is in doubt. LookupError when there is no such run."""
    run = _run(engine, run_id)
    units = select(run_municipality.c.is_participating).where(
        run_municipality.c.run_id == run_id, run_municipality.c.municipality_id != REGION
    )
    schools = select(run_school.c.is_participating).where(run_school.c.run_id == run_id)
    batches = select(run_batch.c.batch_id).where(run_batch.c.run_id == run_id)
    of_run = select(run_dataset).where(run_dataset.c.run_id == run_id)
    doubts = (
        select(run_finding.c.rule, run_finding.c.message)
        .where(run_finding.c.run_id == run_id)
        .order_by(run_finding.c.rule, run_finding.c.message)
    )
    with engine.connect() as conn:
        sampled = sample_sentence(conn, run_id)
        taking_part = conn.scalars(units).all()
        schools_taking_part = conn.scalars(schools).all()
        files = len(conn.scalars(batches).all())
        datasets = conn.execute(of_run.order_by(run_dataset.c.dataset)).all()
        findings = conn.execute(doubts).all()
    absent = [row for row in datasets if row.state != "received"]
    frozen = (
        f"План {of_plan(run.plan_code)}, по состоянию на {date.fromisoformat(run.as_of):%d.%m.%Y}",
        f"Номер запуска для команд «make why», «make explain», «make letter»: RUN={run_id[:12]}",
        f"Файлов в основе: {integer(files)}",
        f"Муниципалитетов: {len(taking_part)}, участвуют {sum(taking_part)}; "
        f"школ: {integer(len(schools_taking_part))}, участвуют {sum(schools_taking_part)}",
        f"Виды сведений: поступило {len(datasets) - len(absent)} из {len(datasets)}",
        *([sampled] if sampled else []),
        *([] if findings else ["Замечания: нет"]),
    )
    told = (f"Замечания: {integer(len(findings))}", *_first_of_each_rule(findings))
    return RunSummary(frozen, (*_absence(absent), *(told if findings else ())))


def sample_sentence(conn: Connection, run_id: str) -> str | None:
    """«Проверочная выборка: 3 из 13», in addressees; None where the run is not of a sample."""
    if conn.scalar(select(phase_run.c.sample).where(phase_run.c.run_id == run_id)) is None:
        return None
    addressees = select(run_municipality.c.is_selected).where(_is_addressee_of(run_id))
    chosen = conn.scalars(addressees).all()
    return f"Проверочная выборка: {sum(chosen)} из {len(chosen)}"


def _absence(absent: Iterable[Any]) -> list[str]:
    titles = {dataset: source.title for dataset, source in load_sources().items()}
    why = {"missing": "не поступили", "refused": "файлы не приняты"}
    then = {"needed": "писем не будет", "told": "в отчётах будет сказано «нет данных»"}
    return [
        f"— «{titles.get(row.dataset, row.dataset)}»: {why[row.state]}, {then[row.need]}"
        for row in absent
    ]


def _first_of_each_rule(findings: Iterable[Any]) -> list[str]:
    """One forgotten register must not bury all the rest."""
    lines = []
    for _, group in groupby(findings, key=lambda finding: finding.rule):
        messages = [finding.message for finding in group]
        lines += [f"— {message}" for message in messages[:_MOST_OF_A_RULE]]
        more = len(messages) - _MOST_OF_A_RULE
        if more > 0:
            lines.append(f"  и ещё {counted(more, 'такое', 'таких', 'таких')} же")
    return lines


def _require_registries(
    plan: Plan, batches: Iterable[InForce], received: Iterable[InForce]
) -> None:
    """FreezeRefused where a registry is not among the `batches`; `received`: had all been known."""
    there = {batch.dataset for batch in batches}
    missing = {dataset: title for dataset, title in _REGISTRIES.items() if dataset not in there}
    titles = ", ".join(f"«{title}»" for title in missing.values())
    if missing and missing.keys() <= {batch.dataset for batch in received}:
        raise FreezeRefused(
            f"Запуск не начат: к этому моменту ещё не были загружены сведения: {titles}. Укажите "
            "более поздний момент или, в поле «Что считать известным на этот момент», всё "
            "поступившее."
        )
    if missing:
        raise FreezeRefused(
            f"Запуск не начат, по плану {of_plan(plan.code)} нет сведений: {titles}. Без них "
            "неизвестно, кому и о каких школах писать. Положите файлы в папку этого плана и "
            "очистите «Приём данных». Нужен другой план — запустите этап заново с полем «План»."
        )


def _add_unnamed(conn: Connection, plan: Plan, at: dict[str, str]) -> tuple[str, ...]:
    """Keep an addressee whose row in the registry was lost: a municipality with schools in the
    project, and where the plan writes to all, one that has an address.

    Left out it would be missed by nobody: it counts as a participant, under the plan's name,
    and gets no letter before its row is mended. A code that the plan does not know is a slip.
    """
    known = {municipality.id: municipality.name for municipality in plan.municipalities}
    unnamed = [
        key for key in conn.scalars(sql("evidence/unnamed_municipalities"), at) if key in known
    ]
    for key in unnamed:
        name = known[key]
        _add(conn, at["run_id"], key, name, genitive=name, short_name=name, is_participating=1)
    return tuple(unnamed)


def _add(conn: Connection, run_id: str, municipality_id: str, name: str, **columns: Any) -> None:
    conn.execute(
        insert(run_municipality).values(
            run_id=run_id, municipality_id=municipality_id, name=name, is_selected=0, **columns
        )
    )


def _select(conn: Connection, run_id: str, municipalities: tuple[str, ...]) -> None:
    of_run = run_municipality.c.run_id == run_id
    if municipalities:
        known = conn.scalars(select(run_municipality.c.municipality_id).where(of_run))
        unknown = sorted(set(municipalities) - set(known))
        if unknown:
            raise FreezeRefused(
                "Запуск не начат: в реестре на эту дату нет муниципалитетов с кодами "
                f"{', '.join(f'«{code}»' for code in unknown)}. Исправьте список."
            )
        of_run &= run_municipality.c.municipality_id.in_(municipalities)
    conn.execute(update(run_municipality).where(of_run).values(is_selected=1))


def _draw(conn: Connection, run_id: str, sample: int, lot: str) -> None:
    """Leave `sample` of the chosen addressees, the region as one, all equally likely.

    The lot is who asked: the same request frozen once more (a cleared task) writes to the same
    ones, and an addressee that has come or gone since changes one place at the most.
    """
    chosen = conn.scalars(
        select(run_municipality.c.municipality_id).where(
            _is_addressee_of(run_id), run_municipality.c.is_selected == 1
        )
    )
    drawn = sorted(chosen, key=lambda key: hashlib.sha256(f"{lot}/{key}".encode()).digest())
    conn.execute(
        update(run_municipality)
        .where(
            run_municipality.c.run_id == run_id,
            run_municipality.c.municipality_id.not_in(drawn[:sample]),
        )
        .values(is_selected=0)
    )


def _is_addressee_of(run_id: str) -> ColumnElement[bool]:
    """Those whom a run can write to: who takes part, and the department."""
    return and_(
        run_municipality.c.run_id == run_id,
        or_(
            run_municipality.c.is_participating == 1,
            run_municipality.c.municipality_id == REGION,
        ),
    )


def _write_datasets(
    conn: Connection,
    plan_code: str,
    phase: Phase,
    run_id: str,
    batches: tuple[InForce, ...],
    known: tuple[int, KnownBy],
) -> None:
    at_ms, known_by = known
    seen_ms = load_batch.c.received_ms if known_by == "received" else load_batch.c.loaded_ms
    refused = set(
        conn.scalars(
            select(load_batch.c.dataset).where(
                load_batch.c.plan_code == plan_code,
                load_batch.c.state == "refused",
                load_batch.c.received_ms <= at_ms,
                seen_ms <= at_ms,
            )
        )
    )
    sources = load_sources().values()
    rows = []
    for need, names in (("needed", phase.datasets.needed), ("told", phase.datasets.told)):
        for name in names:
            in_its_place = [one.dataset for one in sources if name in one.stands_for]
            received = [one.received_ms for one in batches if one.dataset == name] or [
                one.received_ms for one in batches if one.dataset in in_its_place
            ]
            state = "received" if received else "refused" if name in refused else "missing"
            rows.append(
                {
                    "run_id": run_id,
                    "dataset": name,
                    "need": need,
                    "state": state,
                    "batches": len(received),
                    "latest_received_ms": max(received, default=None),
                }
            )
    if rows:
        conn.execute(insert(run_dataset), rows)


def _write_rules(conn: Connection, plan: Plan, run_id: str) -> None:
    """The rules whose value is a list, in the words that facts are compared in."""
    rows = [
        {"run_id": run_id, "measure": measure.number, "rule": rule, "value": value}
        for measure in plan.measures
        for rule, values in measure.rules.items()
        if isinstance(values, tuple)
        for value in dict.fromkeys(plan_words(str(value)) for value in values)
    ]
    if rows:
        conn.execute(insert(run_rule), rows)
