"""The tasks that phase DAGs put together, in the order of events.

A task opens the seam, calls one function of the library and logs counts. Between tasks travel
ids only: the phase run's (Airflow keeps the name run_id for itself) and the addressees'.
Everything is keyed by municipality and run, so clearing any of them is safe.
"""

from __future__ import annotations

import logging
import time
from datetime import date, datetime
from typing import Any

from airflow.sdk import get_current_context, task

from roadmap.russian import counted, integer
from roadmap_airflow.defaults import MOSCOW, SMTP_POOL
from roadmap_airflow.send_operator import SendOperator

log = logging.getLogger("roadmap")

LABEL = "{{ roadmap_label }}"  # a constant template; its value is set while the task runs
ONE_EACH_UP_TO = 48  # addressees: beyond that they share tasks, so that the grid stays readable


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _label(text: str) -> None:
    get_current_context()["roadmap_label"] = text  # type: ignore[typeddict-unknown-key]


def _requested_plan() -> Any:
    from roadmap.plan.load import load_plan

    return load_plan(requested_year(get_current_context()))


def requested_year(context: Any) -> int:
    """The form's year, else the year of the phase whose interval the run has.

    A run by hand without a logical date has no interval: it belongs to the latest phase that
    had begun when it was asked for.
    """
    if context["params"].get("year") is not None:
        return int(context["params"]["year"])
    begins = context.get("data_interval_start")
    if begins is None:
        asked = context["dag_run"].run_after
        begins = context["dag"].timetable.infer_manual_data_interval(run_after=asked).start
    return int(begins.astimezone(MOSCOW).year)


def plan_of(engine: Any, phase_run: str) -> Any:
    """The plan of a frozen run."""
    from roadmap.evidence.freeze import plan_year_of
    from roadmap.plan.load import load_plan

    return load_plan(plan_year_of(engine, phase_run))


@task(task_display_name="Приём данных", map_index_template=LABEL)
def pull(dataset: str) -> None:
    """Take in what arrived for one dataset; a refused file is told and stops nothing else."""
    from roadmap.evidence.intake import take_in
    from roadmap.evidence.sources import load_sources
    from roadmap_airflow.connections import folder, roadmap_db

    source = load_sources()[dataset]
    _label(source.title)
    with roadmap_db() as engine:
        intake = take_in(
            engine,
            source,
            folder("roadmap_inbox"),
            folder("roadmap_archive"),
            _requested_plan().year,
            _now_ms(),
        )
    for message in intake.messages:
        log.warning(message)
    counts = (
        f"файлов {intake.files}, строк прочитано {intake.rows_read}, принято "
        f"{intake.rows_accepted}, отклонено {intake.rows_rejected}, файлов без изменений "
        f"{intake.unchanged}, не принято файлов {intake.refused}"
    )
    log.info("%s: %s", source.title, counts)
    _label(f"{source.title}: {brief(intake)}")


def brief(intake: Any) -> str:
    """What a grid's row has room for: files and rows, and only those doubts that there are."""
    said = [counted(intake.files, "файл", "файла", "файлов")]
    if intake.rows_read:
        rows = counted(intake.rows_accepted, "строка", "строки", "строк")
        said.append(f"принято {rows} из {integer(intake.rows_read)}")
    for number, what in (
        (intake.unchanged, "без изменений"),
        (intake.rows_rejected, "отклонено строк"),
        (intake.refused, "не принято файлов"),
    ):
        if number:
            said.append(f"{what}: {integer(number)}")
    return ", ".join(said)


@task(task_display_name="Фиксация сведений")
def freeze() -> str:
    """Freeze the inputs of this run; return its id. Said here, at once, if it may not send."""
    from roadmap.delivery.sender import refuse_unsafe_run
    from roadmap.evidence.freeze import RunRequest, run_summary
    from roadmap.evidence.freeze import freeze as freeze_inputs
    from roadmap.versions import code_version, templates_sha256
    from roadmap_airflow.connections import delivery_settings, roadmap_db, smtp_settings

    context = get_current_context()
    params = context["params"]
    with roadmap_db() as engine:
        plan = _requested_plan()
        request = RunRequest(
            plan_year=plan.year,
            phase=context["dag"].dag_id,
            mode=params["mode"],
            as_of=date.fromisoformat(params["as_of"]) if params.get("as_of") else None,
            known_at_ms=moment_ms(params.get("known_at")),
            municipalities=tuple(params.get("municipalities") or ()),
            reason=params.get("reason") or None,
            requested_by=str(context["dag_run"].run_id),
        )
        run_id = freeze_inputs(engine, plan, request, _now_ms(), code_version(), templates_sha256())
        for line in run_summary(engine, run_id):
            log.info(line)
        refuse_unsafe_run(engine, run_id, smtp_settings(), delivery_settings())
    return run_id


def moment_ms(text: str | None) -> int | None:
    """UTC milliseconds of the form's moment; without an offset it is Moscow's."""
    if not text:
        return None
    moment = datetime.fromisoformat(text)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=MOSCOW)).timestamp() * 1000)


@task(task_display_name="Проверка показателей")
def check(phase_run: str) -> None:
    """Evaluate the indicators that evidence speaks of."""
    from roadmap.indicators.evaluate import evaluate
    from roadmap_airflow.connections import roadmap_db

    with roadmap_db() as engine:
        evaluation = evaluate(engine, plan_of(engine, phase_run), phase_run)
    _log_lines(str(evaluation))


@task(task_display_name="Анализ результатов")
def analyse(phase_run: str) -> None:
    """Compute the results of the procedures of this phase."""
    from roadmap.analysis.analyse import analyse as analyse_results
    from roadmap_airflow.connections import roadmap_db

    with roadmap_db() as engine:
        analysed = analyse_results(engine, plan_of(engine, phase_run), phase_run)
    log.info("%s", analysed)


@task(task_display_name="Составление")
def compose(phase_run: str) -> list[list[str]]:
    """Compose the reports; return the addressees in batches."""
    from roadmap.reports.compose import compose as compose_reports
    from roadmap_airflow.connections import delivery_settings, roadmap_db

    with roadmap_db() as engine:
        plan = plan_of(engine, phase_run)
        addressees = compose_reports(engine, plan, phase_run, delivery_settings().reply_to)
    log.info("Составлено отчётов: %s", len(addressees))
    return batches(addressees)


def batches(addressees: tuple[str, ...]) -> list[list[str]]:
    """One addressee a batch up to 48 of them; above that, 48 batches of near-equal size."""
    size = -(-len(addressees) // ONE_EACH_UP_TO) or 1
    return [list(addressees[start : start + size]) for start in range(0, len(addressees), size)]


@task(task_display_name="Письма и документы", map_index_template=LABEL)
def render(phase_run: str, batch: list[str]) -> None:
    """Render, check and plan the deliveries of a batch; a blocked one stops no other."""
    from roadmap.delivery.planning import plan_deliveries
    from roadmap_airflow.connections import delivery_settings, folder, roadmap_db

    with roadmap_db() as engine:
        plan = plan_of(engine, phase_run)
        _label(names(plan, batch))
        outcomes = plan_deliveries(
            engine,
            plan,
            phase_run,
            batch,
            folder("roadmap_reports"),
            delivery_settings(),
            _now_ms(),
        )
    for outcome in outcomes:
        name = _names_of(plan).get(outcome.municipality_id, outcome.municipality_id)
        said = f"{name}: {OUTCOMES[outcome.outcome]}"
        log.info(f"{said}. {outcome.reason}" if outcome.reason else said)


OUTCOMES = {
    "planned": "письмо готово к отправке",
    "suppressed": "то же содержание, письмо не нужно",
    "blocked": "письма нет",
}


def _names_of(plan: Any) -> dict[str, str]:
    known = {municipality.id: municipality.name for municipality in plan.municipalities}
    return known | {"region": "Департамент (региональный отчёт)"}


def _log_lines(text: str) -> None:
    """A line of the log for each: the operator's page shows an event of several as one."""
    for line in text.splitlines():
        if line.strip():
            log.info(line)


def names(plan: Any, batch: list[str]) -> str:
    """The names of a batch's addressees, for the grid."""
    known = _names_of(plan)
    first = known.get(batch[0], batch[0])
    return first if len(batch) == 1 else f"{first} и ещё {len(batch) - 1}"


# Waits for a person where a plan asks for one: no time limit answers for them.
@task(task_display_name="Согласование", trigger_rule="all_done", retries=0, execution_timeout=None)
def approve() -> None:
    """Pass by itself: the plan of this phase asks for no approval."""
    log.info("Согласование планом не требуется")


def send(phase_run: Any, batch: Any) -> Any:
    """Send the letters of each batch of addressees, over the pool of the mail server."""
    return SendOperator.partial(
        task_id="send",
        task_display_name="Отправка",
        map_index_template=LABEL,
        pool=SMTP_POOL,
        phase_run=phase_run,
        **SendOperator.waiting,
    ).expand(batch=batch)


@task(task_display_name="Сверка", trigger_rule="all_done")
def reconcile(phase_run: str | None) -> None:
    """Account for every expected letter; red when one is missing, blocked or unknown."""
    from airflow.sdk.exceptions import AirflowFailException

    from roadmap.delivery.reconcile import reconcile as reconcile_run
    from roadmap.indicators.evaluate import evaluate
    from roadmap_airflow.connections import roadmap_db

    if phase_run is None:
        raise AirflowFailException(
            "Сведения не зафиксированы: смотрите журналы задач «Приём данных» и «Фиксация сведений»"
        )
    with roadmap_db() as engine:
        evaluate(engine, plan_of(engine, phase_run), phase_run, measured_from="ledger")
        result = reconcile_run(engine, phase_run)
    _log_lines(result.text)
    if not result.is_settled:
        raise AirflowFailException(result.headline)
