"""What one run knows of one addressee: everything that its report is composed from.

Read from the stored results of the run and nothing else, so composing again gives the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import Connection, select

from roadmap.analysis.dynamics import Change, changes, previous_procedures
from roadmap.analysis.read import PaperResult, SchoolVerdict, papers, verdicts
from roadmap.evidence.own_schedule import plan_of_run
from roadmap.evidence.scales import scales_of_run
from roadmap.indicators.read import Gap, IndicatorResult, gaps, letter_results
from roadmap.indicators.topics import counted_off_topic
from roadmap.indicators.units import Required
from roadmap.plan.model import Phase, Plan, Procedure
from roadmap.plan.region import REGION
from roadmap.reports.facts.monitoring import MONITORING, SUMMARY, MonitoringState, read_state
from roadmap.reports.model import Addressee, Institution
from roadmap.russian import natural_key
from roadmap.store.tables import (
    load_batch,
    metadata,
    phase_run,
    run_batch,
    run_dataset,
    run_finding,
    run_municipality,
    run_school,
)

ANALYSIS = "analysis"  # the report's kind
CHECK_LIST = "municipal_mechanisms"
# Matters between the operator and the address book: no finding about a municipality's data.
_OF_THE_OPERATOR = ("NO_CONTACT", "CONTACT_WITHOUT_MUNICIPALITY")


@dataclass(frozen=True)
class School:
    school_id: str
    municipality_id: str
    name: str


@dataclass(frozen=True)
class FrozenBatch:
    """One load batch that the run froze."""

    dataset: str
    scope: str
    received_on: date


@dataclass(frozen=True)
class Dataset:
    """`need`: needed or told; `state`: received, missing or refused."""

    dataset: str
    need: str
    state: str


@dataclass(frozen=True)
class Finding:
    """What the frozen evidence does not say, or says in contradiction; `message` is Russian."""

    rule: str
    municipality_id: str | None
    message: str


@dataclass(frozen=True)
class Run:
    """What is the same for all addressees of the run."""

    run_id: str
    plan: Plan
    declared: Plan  # as its file says, without the dates of own schedules
    phase: Phase
    occasion: str
    as_of: date
    institution: Institution
    addressees: tuple[Addressee, ...]  # selected ones, by alphabet; the region, if any, last
    # Every participating municipality by alphabet, and the region last.
    municipalities: Mapping[str, Addressee]
    schools: tuple[School, ...]  # participating ones, by natural order of names
    sources: tuple[FrozenBatch, ...]
    datasets: tuple[Dataset, ...]

    @property
    def least(self) -> int:
        """Of fewer participants the reports show nothing."""
        return self.plan.analysis.least_participants

    def received_on(self, procedure: Procedure) -> date | None:
        """The day the procedure's latest file came; None when none did."""
        prefix = f"{procedure.kind}/{procedure.year}/{procedure.wave}/"
        days = [s.received_on for s in self.sources if s.scope.startswith(prefix)]
        return max(days, default=None)


@dataclass(frozen=True)
class Facts:
    """What is this addressee's: for 'region' that is everything.

    `indicators` are those of the addressee that the phase's own letter may show, and
    `regional` those that are counted for the region as a whole (empty for 'region' itself,
    whose `indicators` hold them). `gaps` are what is still to be asked for: of what a substitute
    made good the results tell (`IndicatorResult.compensated`).
    """

    run: Run
    addressee: Addressee
    schools: tuple[School, ...]
    results: tuple[PaperResult, ...]
    verdicts: tuple[SchoolVerdict, ...]
    indicators: tuple[IndicatorResult, ...]
    regional: tuple[IndicatorResult, ...]
    gaps: tuple[Gap, ...]
    findings: tuple[Finding, ...]
    # Only for 'region': what each municipality's letter shows, by municipality.
    by_municipality: Mapping[str, tuple[IndicatorResult, ...]]
    # What a lax rule counts although its topic answers no deficit, by indicator.
    off_topic: Mapping[str, tuple[Required, ...]] = field(default_factory=dict)
    # Only in a monitoring and a summary: what they tell beside the indicators.
    monitoring: MonitoringState | None = None
    # Beside the procedures before, for a phase that compares with some.
    changes: tuple[Change, ...] = ()
    # Scores of the management cycle by municipality and component, of the addressee or of all;
    # None where the phase does not read the check-list.
    mechanisms: Mapping[str, Mapping[str, int]] | None = None

    @property
    def is_region(self) -> bool:
        return self.addressee.is_region


def read_run(connection: Connection, plan: Plan, run_id: str, answers_to: str) -> Run:
    """The run and its addressees.

    `answers_to` is the e-mail address to which answers go. LookupError when there is no such
    run; KeyError when the plan does not know its phase.
    """
    row = (
        connection.execute(select(phase_run).where(phase_run.c.run_id == run_id))
        .mappings()
        .one_or_none()
    )
    if row is None:
        raise LookupError(f"Нет запуска этапа {run_id}")
    # The dates of its own schedules are evidence: a run's plan carries what the run froze.
    declared, plan = plan, plan_of_run(connection, plan, run_id)
    units = connection.execute(
        select(run_municipality).where(run_municipality.c.run_id == run_id)
    ).mappings()
    # The region is an addressee of every run; whoever takes no part gets nothing.
    taking_part = [u for u in units if u["is_participating"] or u["municipality_id"] == REGION]
    known = {
        Addressee(**{name: unit[name] for name in Addressee.model_fields}): bool(
            unit["is_selected"]
        )
        for unit in taking_part
    }
    by_alphabet = sorted(known, key=_by_alphabet)
    return Run(
        run_id=run_id,
        plan=plan,
        declared=declared,
        phase=plan.phase(row["phase"]),
        occasion=row["occasion"],
        as_of=date.fromisoformat(row["as_of"]),
        institution=Institution(
            full_name=plan.region.operator.full_name,
            short_name=plan.region.operator.short_name,
            place=plan.region.place,
            contact_name=plan.contact.name,
            contact_phone=plan.contact.phone,
            contact_address=answers_to,
        ),
        addressees=tuple(addressee for addressee in by_alphabet if known[addressee]),
        municipalities={addressee.municipality_id: addressee for addressee in by_alphabet},
        schools=_schools(connection, run_id),
        sources=_sources(connection, plan, run_id),
        datasets=_datasets(connection, run_id),
    )


def read_facts(connection: Connection, run: Run, addressee: Addressee) -> Facts:
    """Everything of the run that this addressee's report may say."""
    unit = addressee.municipality_id
    is_region = addressee.is_region
    least = run.plan.analysis.least_participants
    before = previous_procedures(run.phase)
    compared = [*run.phase.procedures, *before]
    every = papers(connection, run.run_id, unit, least, compared)
    earlier = {procedure.key for procedure in before}
    results = tuple(result for result in every if result.paper.procedure not in earlier)
    return Facts(
        run=run,
        addressee=addressee,
        schools=tuple(s for s in run.schools if is_region or s.municipality_id == unit),
        results=results,
        verdicts=verdicts(connection, run.run_id, unit),
        indicators=letter_results(connection, run.plan, run.run_id, unit),
        regional=() if is_region else _counted_for_the_region(connection, run),
        gaps=tuple(
            gap
            for gap in gaps(connection, run.run_id, None if is_region else unit)
            if gap.compensated_on is None
        ),
        findings=_findings(connection, run.run_id, None if is_region else unit),
        by_municipality={
            key: letter_results(connection, run.plan, run.run_id, key)
            for key in (run.municipalities if is_region else ())
            if key != REGION
        },
        off_topic=counted_off_topic(connection, run.declared, run.run_id),
        monitoring=read_state(connection, run.declared, run.phase, run.run_id, unit)
        if run.phase.report in (MONITORING, SUMMARY)
        else None,
        changes=changes(
            run.plan,
            run.phase,
            results,
            (result for result in every if result.paper.procedure in earlier),
            scales_of_run(connection, run.run_id),
        ),
        mechanisms=_mechanisms(connection, run, unit),
    )


def _mechanisms(
    connection: Connection, run: Run, unit: str
) -> Mapping[str, Mapping[str, int]] | None:
    if run.phase.report != ANALYSIS or not any(d.dataset == CHECK_LIST for d in run.datasets):
        return None
    score = metadata.tables["mechanism_score"].c
    rows = connection.execute(
        select(score.municipality_id, score.component, score.score)
        .join_from(score.municipality_id.table, run_batch, run_batch.c.batch_id == score.batch_id)
        .where(run_batch.c.run_id == run.run_id)
    )
    scores: dict[str, dict[str, int]] = {}
    for municipality, component, value in rows:
        if unit in (REGION, municipality):
            scores.setdefault(municipality, {})[component] = value
    return scores


def _counted_for_the_region(connection: Connection, run: Run) -> tuple[IndicatorResult, ...]:
    return tuple(
        result
        for result in letter_results(connection, run.plan, run.run_id, REGION)
        if result.indicator.slice == "region"
    )


def _by_alphabet(addressee: Addressee) -> tuple[bool, object, str]:
    return (addressee.is_region, natural_key(addressee.name), addressee.municipality_id)


def _schools(connection: Connection, run_id: str) -> tuple[School, ...]:
    rows = connection.execute(
        select(run_school.c.school_id, run_school.c.municipality_id, run_school.c.name).where(
            run_school.c.run_id == run_id, run_school.c.is_participating == 1
        )
    )
    schools = (School(*row) for row in rows)
    return tuple(sorted(schools, key=lambda school: (natural_key(school.name), school.school_id)))


def _sources(connection: Connection, plan: Plan, run_id: str) -> tuple[FrozenBatch, ...]:
    rows = connection.execute(
        select(load_batch.c.dataset, load_batch.c.scope, load_batch.c.received_ms)
        .join_from(run_batch, load_batch)
        .where(run_batch.c.run_id == run_id)
        .order_by(load_batch.c.dataset, load_batch.c.scope)
    )
    here = plan.local_time
    return tuple(FrozenBatch(dataset, scope, here.at(ms).date()) for dataset, scope, ms in rows)


def _datasets(connection: Connection, run_id: str) -> tuple[Dataset, ...]:
    rows = connection.execute(
        select(run_dataset.c.dataset, run_dataset.c.need, run_dataset.c.state)
        .where(run_dataset.c.run_id == run_id)
        .order_by(run_dataset.c.dataset)
    )
    return tuple(Dataset(*row) for row in rows)


def _findings(
    connection: Connection, run_id: str, municipality_id: str | None
) -> tuple[Finding, ...]:
    query = select(run_finding.c.rule, run_finding.c.municipality_id, run_finding.c.message).where(
        run_finding.c.run_id == run_id
    )
    if municipality_id is not None:
        query = query.where(
            run_finding.c.municipality_id == municipality_id,
            run_finding.c.rule.not_in(_OF_THE_OPERATOR),
        )
    findings = (Finding(*row) for row in connection.execute(query))
    return tuple(sorted(findings, key=lambda f: (f.municipality_id or "", f.rule, f.message)))
