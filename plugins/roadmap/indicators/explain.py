"""Where a stored number comes from: its question, query, parameters, files and what is missing.

Nothing is computed anew: what a run stored is shown beside what the run had frozen. Persons
appear as codes only, addresses not at all; values are for `roadmap_cli.explain` to print.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection, RowMapping, func, or_, select

from roadmap.datasets.catalogue import DATASETS
from roadmap.evidence.names import near
from roadmap.evidence.own_schedule import plan_of_run
from roadmap.evidence.sources import load_sources
from roadmap.indicators.about import about, stem_of
from roadmap.indicators.evaluate import Run, bound_parameters, run_of
from roadmap.indicators.read import (
    Gap,
    IndicatorResult,
    MeasureStatus,
    gaps,
    indicator_results,
    measure_statuses,
    part_code,
)
from roadmap.indicators.status import Status
from roadmap.paths import SQL
from roadmap.plan.load import load_plan, of_kept, plan_sha256
from roadmap.plan.model import Indicator, IndicatorPart, Measure, Plan, Slice
from roadmap.plan.region import REGION, LocalTime
from roadmap.russian import day, of_plan
from roadmap.store.kept import kept_content
from roadmap.store.tables import (
    load_batch,
    monitoring_scope,
    phase_run,
    run_batch,
    run_municipality,
    run_rule,
)

LATEST = "latest:"
# What may stand behind the phase, and which modes are meant by it.
_LATEST_OF = {
    "": ("live",),
    "live": ("live",),
    "redirect": ("redirect",),
    "dry": ("dry",),
    "any": ("live", "redirect", "dry"),
}
_OF_MODE = {
    "": "с отправкой адресатам",
    "live": "с отправкой адресатам",
    "redirect": "на проверочный адрес",
    "dry": "без отправки",
}
LEAST_PREFIX = 4
_MOST_LISTED = 10

# Which dataset fills a table that queries read. What is not here is computed by the run.
DATASET_OF_TABLE = {
    table: name
    for name, dataset in DATASETS.items()
    for table in (dataset.table.name, dataset.frozen_as)
    if table is not None
}

_COMMENT = re.compile(r"--[^\n]*")
_TABLE = re.compile(r"\b(?:from|join)\s+([a-z_]+)")
_LEDGER = {"delivery", "delivery_event"}


class ExplainRefused(LookupError):
    """What was asked for is not there; the message is Russian and says what there is."""


@dataclass(frozen=True)
class Batch:
    """One load batch that the query could read. Moments are UTC epoch milliseconds."""

    dataset: str
    title: str  # the dataset's, Russian
    scope: str
    file_name: str
    sha256: str
    received_ms: int
    rows_accepted: int
    rows_rejected: int


@dataclass(frozen=True)
class Query:
    """One query: the indicator's own, or that of one of its parts.

    `question` is what about.yaml says, `text` the whole query. `bound` holds the parameters that
    the text really names, `rules` the lists that it joins, `units` the kinds of units that may be
    missing, with their names.
    """

    code: str
    title: str
    stem: str
    question: str
    text: str
    bound: tuple[tuple[str, Any], ...]
    rules: tuple[tuple[str, tuple[str, ...]], ...]
    units: Mapping[str, str]
    reads_ledger: bool


@dataclass(frozen=True)
class Monitoring:
    """What a monitoring of the roadmap counted for the unit: measures, in their order.

    `run_id` is the run that monitored, this one or an earlier; None where none did. `phase_title`
    and `as_of` are that run's.
    """

    run_id: str | None
    phase_title: str
    as_of: date | None
    measures: tuple[MeasureStatus, ...]
    late_counts: bool

    def counts(self, one: MeasureStatus) -> bool:
        """Whether that measure stands in the numerator (measures_executed/units.sql)."""
        return one.is_executed and (self.late_counts or one.status is not Status.DONE_LATE)


@dataclass(frozen=True)
class Explanation:
    """Everything about one indicator of one unit in one run.

    `result` is None where no pass of the run has measured it yet. `absent` are titles of
    datasets that the queries read and of which the run had no file. `monitoring`: of an
    indicator that counts measures; None of any other. `is_plan_changed`: the run kept no
    plan, and the plan's file says something else than when the run was frozen. `names` are those
    of the run's municipalities by their codes.
    """

    run_id: str
    phase_title: str
    mode: str
    as_of: date
    known_at_ms: int
    known_by: str  # loaded | received: what that moment knows
    local_time: LocalTime  # the plan's, of moments
    started_ms: int
    code_version: str
    municipality_id: str
    municipality: str
    measure: Measure
    section: str | None  # the heading of the roadmap that the measure stands under
    indicator: Indicator
    result: IndicatorResult | None
    queries: tuple[Query, ...]
    batches: tuple[Batch, ...]
    absent: tuple[str, ...]
    monitoring: Monitoring | None
    missing: tuple[Gap, ...]
    names: Mapping[str, str]
    is_plan_changed: bool


def explain(
    connection: Connection,
    run: str,
    municipality: str,
    indicator_code: str,
    find_plan: Callable[[str], Plan] = load_plan,
) -> Explanation:
    """Where the number of that indicator comes from.

    `run` is an id, the beginning of one, or «latest:march_analysis»; `municipality` a code or a
    name of the run, or 'region'; `indicator_code` «6.2». ExplainRefused where one of them is
    not there, PlanError where the plan's file is broken.
    """
    row = find_run(connection, run)
    run_id = str(row["run_id"])
    kept = _kept_plan(connection, row["plan_sha256"])
    declared = kept or find_plan(row["plan_code"])
    plan = plan_of_run(connection, declared, run_id)
    phase_title = _title_of_phase(plan, row["phase"])
    of_code = {one.code: (measure, one) for measure in plan.measures for one in measure.indicators}
    # Of a part («13.1/curator») it is the whole that is explained, parts and all.
    wanted = indicator_code.partition("/")[0].strip()
    if wanted not in of_code:
        raise ExplainRefused(
            f"В плане {of_plan(plan.code)} нет показателя «{wanted}». Есть: {', '.join(of_code)}."
        )
    measure, indicator = of_code[wanted]
    municipality_id, name = _municipality(connection, run_id, municipality, indicator)
    frozen = run_of(connection, run_id)
    queries = tuple(
        _query(connection, plan, frozen, measure, indicator, part)
        for part in indicator.parts or (None,)
    )
    tables = {table for query in queries for table in _tables(_COMMENT.sub("", query.text))}
    if not any(dict(query.bound).get("changes_stage") for query in queries):
        tables -= {"positive_change"}  # the query then asks for no marks
    datasets = sorted({DATASET_OF_TABLE[table] for table in tables & DATASET_OF_TABLE.keys()})
    titles = {name: source.title for name, source in load_sources().items()}
    batches = tuple(_batches(connection, run_id, datasets, titles, queries, municipality_id))
    received = {batch.dataset for batch in batches}
    codes = {indicator.code, *(query.code for query in queries)}
    results = {
        result.indicator.code: result
        for result in indicator_results(connection, plan, run_id, municipality_id)
    }
    monitoring = _monitoring(connection, plan, queries, municipality_id)
    # The region is the sum of what its municipalities miss, but for a monitoring.
    is_sum = municipality_id == REGION and monitoring is None
    of_unit = None if is_sum else municipality_id
    return Explanation(
        run_id=run_id,
        phase_title=phase_title,
        mode=row["mode"],
        as_of=date.fromisoformat(row["as_of"]),
        known_at_ms=row["known_at_ms"],
        known_by=row["known_by"],
        local_time=plan.local_time,
        started_ms=row["started_ms"],
        code_version=row["code_version"],
        municipality_id=municipality_id,
        municipality=name,
        measure=measure,
        section=plan.section_title(measure),
        indicator=indicator,
        result=results.get(indicator.code),
        queries=queries,
        batches=batches,
        absent=tuple(titles.get(name, name) for name in datasets if name not in received),
        monitoring=monitoring,
        missing=tuple(
            gap for gap in gaps(connection, run_id, of_unit) if gap.indicator_code in codes
        ),
        names=_names(connection, run_id),
        is_plan_changed=kept is None and plan_sha256(declared) != row["plan_sha256"],
    )


def _kept_plan(connection: Connection, sha256: str) -> Plan | None:
    """The plan that the run kept; None of a run of before, or of a plan unlike today's."""
    try:
        return Plan.model_validate(of_kept(kept_content(connection, sha256)))
    except (LookupError, ValidationError):
        return None


def _title_of_phase(plan: Plan, code: str) -> str:
    try:
        return plan.phase(code).title
    except KeyError:
        raise ExplainRefused(
            f"План этого запуска не сохранён или нынешней программе не подходит, а в плане"
            f" {of_plan(plan.code)} этапа «{code}» теперь нет: объяснить число нечем."
        ) from None


def find_run(connection: Connection, text: str) -> RowMapping:
    """The row of `phase_run` that is meant; ExplainRefused, in Russian, where it is not one.

    «latest:march_analysis» is the newest run that wrote to addressees: a rehearsal after it hides
    nothing; «latest:schools-2021/march_analysis» is that of one plan. With «:dry», «:redirect» or
    «:any» behind it is the newest of that mode, or of all.
    """
    newest_first = select(phase_run).order_by(phase_run.c.started_ms.desc(), phase_run.c.run_id)
    if text.startswith(LATEST):
        phase, _, mode = text.removeprefix(LATEST).partition(":")
        if mode not in _LATEST_OF:
            raise ExplainRefused(
                f"Нет вида отправки «{mode}». После этапа можно написать: :live (адресатам), "
                ":redirect (на проверочный адрес), :dry (без отправки), :any (любой)."
            )
        of_phase = newest_first.where(
            or_(phase_run.c.phase == phase, phase_run.c.occasion == phase)
        )
        latest = (
            connection.execute(of_phase.where(phase_run.c.mode.in_(_LATEST_OF[mode])).limit(1))
            .mappings()
            .first()
        )
        if latest is None:
            raise ExplainRefused(_no_latest(connection, phase, mode))
        return latest
    if len(text) < LEAST_PREFIX:
        raise ExplainRefused(
            f"Назовите запуск: не меньше {LEAST_PREFIX} первых знаков его номера или "
            f"«{LATEST}этап», например «{LATEST}march_analysis». {_recent(connection)}"
        )
    begins_so = newest_first.where(phase_run.c.run_id.startswith(text, autoescape=True))
    rows = connection.execute(begins_so).mappings().all()
    if not rows:
        raise ExplainRefused(
            f"Нет запуска, номер которого начинается с «{text}». {_recent(connection)}"
        )
    if len(rows) > 1:
        raise ExplainRefused(
            f"С «{text}» начинаются номера нескольких запусков: {_listed_runs(rows)}. "
            "Добавьте знаков."
        )
    return rows[0]


def _no_latest(connection: Connection, phase: str, mode: str) -> str:
    others = connection.scalar(
        select(func.count())
        .select_from(phase_run)
        .where(or_(phase_run.c.phase == phase, phase_run.c.occasion == phase))
    )
    if not others:
        return f"Запусков этапа «{phase}» не было. {_recent(connection)}"
    which = _OF_MODE[mode]
    return (
        f"Запусков этапа «{phase}» {which} не было, других: {others}. Последний из всех: "
        f"{LATEST}{phase}:any."
    )


def _recent(connection: Connection) -> str:
    newest = select(phase_run).order_by(phase_run.c.started_ms.desc()).limit(_MOST_LISTED)
    rows = connection.execute(newest).mappings().all()
    return f"Последние запуски: {_listed_runs(rows)}." if rows else "Запусков ещё не было."


def _listed_runs(rows: Sequence[RowMapping]) -> str:
    return ", ".join(
        f"{row['run_id'][:12]} ({row['phase']}, на {day(date.fromisoformat(row['as_of']))}"
        f"{'' if row['mode'] == 'live' else ', проверочный'})"
        for row in rows[:_MOST_LISTED]
    )


def _municipality(
    connection: Connection, run_id: str, text: str, indicator: Indicator
) -> tuple[str, str]:
    rows = connection.execute(
        select(run_municipality).where(run_municipality.c.run_id == run_id)
    ).mappings()
    known = {row["municipality_id"]: row for row in rows}
    by_name = {
        row[column].casefold(): row
        for row in known.values()
        for column in ("municipality_id", "name", "short_name")
    }
    meant = by_name.get(" ".join(text.split()).casefold())
    if meant is None:
        alike = near(text, (row["name"] for row in known.values()))
        hint = f" Похожи: {', '.join(f'«{name}»' for name in alike)}." if alike else ""
        raise ExplainRefused(
            f"В этом запуске нет муниципалитета «{text}».{hint} Коды: {', '.join(sorted(known))}."
        )
    if meant["municipality_id"] != REGION:
        if indicator.slice is Slice.REGION:
            raise ExplainRefused(
                f"Показатель {indicator.code} считается по региону целиком. "
                f"Укажите MUNICIPALITY={REGION}."
            )
        if not meant["is_participating"]:
            raise ExplainRefused(
                f"«{meant['name']}» в этом запуске не участник проекта: показатели по нему "
                "не считаются."
            )
    return meant["municipality_id"], meant["name"]


def _names(connection: Connection, run_id: str) -> dict[str, str]:
    of_run = run_municipality.c.run_id == run_id
    rows = connection.execute(
        select(run_municipality.c.municipality_id, run_municipality.c.name).where(of_run)
    )
    return {row.municipality_id: row.name for row in rows}


def _query(
    connection: Connection,
    plan: Plan,
    run: Run,
    measure: Measure,
    indicator: Indicator,
    part: IndicatorPart | None,
) -> Query:
    code = part_code(indicator, part) if part else indicator.code
    stem = stem_of(indicator, code)
    folder = SQL / "indicators" / stem
    if not folder.is_dir():
        raise ExplainRefused(
            f"Запроса «{stem}», которым считался показатель {code}, в программе больше нет:"
            " объяснить число нечем."
        )
    declared = about(stem)
    text = (folder / "units.sql").read_text(encoding="utf-8")
    body = _COMMENT.sub("", text)
    named = set(re.findall(r"(?<!:):([a-z_]+)", body))
    bound = bound_parameters(connection, plan, run, measure, indicator, part)
    return Query(
        code=code,
        title=part.title if part else indicator.title,
        stem=stem,
        question=declared.question,
        text=text,
        bound=tuple((name, bound[name]) for name in sorted(named & bound.keys())),
        rules=tuple(_rules(connection, run.run_id, measure, body)),
        units={kind: words.name for kind, words in declared.units.items()},
        reads_ledger=bool(_tables(body) & _LEDGER),
    )


def _rules(
    connection: Connection, run_id: str, measure: Measure, body: str
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The lists of the measure's rules that the text joins, as the run froze them."""
    if "run_rule" not in _tables(body):
        return
    rows = connection.execute(
        select(run_rule.c.rule, run_rule.c.value)
        .where(run_rule.c.run_id == run_id, run_rule.c.measure == measure.number)
        .order_by(run_rule.c.rule, run_rule.c.value)
    )
    lists: dict[str, list[str]] = {}
    for rule, value in rows:
        lists.setdefault(rule, []).append(value)
    for rule, values in lists.items():
        if f"'{rule}'" in body:
            yield rule, tuple(values)


def _monitoring(
    connection: Connection, plan: Plan, queries: Sequence[Query], municipality_id: str
) -> Monitoring | None:
    bound = {name: value for query in queries for name, value in query.bound}
    if "monitoring_run_id" not in bound:
        return None
    run_id = bound["monitoring_run_id"]
    late_counts = bool(bound["late_counts_as_done"])
    if run_id is None:
        return Monitoring(None, "", None, (), late_counts)
    row = connection.execute(select(phase_run).where(phase_run.c.run_id == run_id)).mappings().one()
    scope = set(
        connection.scalars(
            select(monitoring_scope.c.measure).where(
                monitoring_scope.c.run_id == run_id,
                monitoring_scope.c.monitoring == bound["monitoring"],
            )
        )
    )
    statuses = measure_statuses(connection, plan, run_id, municipality_id)
    measures = tuple(one for one in statuses if one.measure.number in scope)
    title, as_of = _title_of_phase(plan, row["phase"]), date.fromisoformat(row["as_of"])
    return Monitoring(run_id, title, as_of, measures, late_counts)


def _tables(body: str) -> set[str]:
    return set(_TABLE.findall(body))


def _batches(
    connection: Connection,
    run_id: str,
    datasets: Sequence[str],
    titles: Mapping[str, str],
    queries: Sequence[Query],
    municipality_id: str,
) -> Iterator[Batch]:
    events = {value for query in queries for name, value in query.bound if name == "event"}
    rows = connection.execute(
        select(load_batch)
        .join_from(run_batch, load_batch, load_batch.c.batch_id == run_batch.c.batch_id)
        .where(run_batch.c.run_id == run_id, load_batch.c.dataset.in_(datasets))
        .order_by(load_batch.c.dataset, load_batch.c.scope)
    ).mappings()
    for row in rows:
        dataset = row["dataset"]
        scope = DATASETS[dataset].scope
        # Of datasets with a file per event or municipality only the file in question is shown.
        if scope and scope.column == "event_id" and events and row["scope"] not in events:
            continue
        is_of_one = scope and scope.column == "municipality_id" and municipality_id != REGION
        if is_of_one and row["scope"] != municipality_id:
            continue
        yield Batch(
            dataset=dataset,
            title=titles.get(dataset, dataset),
            scope=row["scope"],
            file_name=row["file_name"],
            sha256=row["sha256"],
            received_ms=row["received_ms"],
            rows_accepted=row["rows_accepted"],
            rows_rejected=row["rows_rejected"],
        )
