"""The tasks that phase DAGs put together, in the order of events.

A task opens the seam, calls one function of the library and logs counts. Between tasks travel
ids only: the phase run's (Airflow keeps the name run_id for itself) and the addressees'.
Everything is keyed by municipality and run, so clearing any of them is safe.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from airflow.sdk import get_current_context, task

from roadmap.russian import counted, integer
from roadmap_airflow import clock
from roadmap_airflow.alerts import say_nothing_more, tell_of_run, tell_unless_told
from roadmap_airflow.assets import EVIDENCE, note_change
from roadmap_airflow.defaults import SMTP_POOL
from roadmap_airflow.failures import failed, level
from roadmap_airflow.runs import LABEL, chosen_plan, label, label_occasion, names, plan_of
from roadmap_airflow.send_operator import SendOperator

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from roadmap.delivery.account.reconcile import Reconciliation
    from roadmap.evidence.intake import Intake
    from roadmap.evidence.request import RunRequest
    from roadmap.plan.model import Plan

log = logging.getLogger("roadmap")

MOST_AGAIN = 20  # sentences about one file that was read before; all of them: `rejected_rows`
ONE_EACH_UP_TO = 48  # addressees: beyond that they share tasks, so that the grid stays readable


def _requested_plan() -> Any:
    from roadmap.plan.load import load_plan

    return load_plan(requested_plan(get_current_context()))


def requested_plan(context: Any) -> str:
    """The code of the form's plan, else of the plan whose phase has the run's interval.

    A run by hand without a logical date has no interval: it belongs to the latest phase that
    had begun when it was asked for.
    """
    if chosen := chosen_plan(context["params"]):
        return chosen
    # An interval that Airflow gave begins with an event; a moment belongs to the one before it.
    begins = context.get("data_interval_start") or context["dag_run"].run_after
    code = context["dag"].timetable.plan_of(begins)
    if not code:
        raise failed(
            "Запуск не начат: этого этапа нет ни в одном годном плане. Проверьте планы: «Проверить "
            "план»"
        )
    return str(code)


@task(task_display_name="Проверка формы")
def check_form() -> None:
    """Refuse at once what can't be done as the form asks, before anything is taken in."""
    from roadmap.evidence.request import refuse_request
    from roadmap_airflow.connections import failing_at_once

    with failing_at_once():
        plan = _requested_plan()
        request = _request(plan)
        refuse_request(plan, plan.phase(request.phase), request, clock.now_ms())


@task(task_display_name="Приём данных", map_index_template=LABEL, outlets=[EVIDENCE])
def pull(dataset: str) -> None:
    """Take in what arrived for one dataset; a refused file is told and stops nothing else."""
    take_in(dataset, [_requested_plan()])


def take_in(dataset: str, plans: Iterable[Plan]) -> list[Intake]:
    """Take in one dataset for each plan: logged, in the grid, and noted in its asset."""
    from roadmap.evidence import intake as evidence_intake
    from roadmap.evidence.sources import load_sources
    from roadmap.evidence.troubles import standing_troubles, told_again
    from roadmap_airflow.connections import folder, open_database, roadmap_db

    source = load_sources()[dataset]
    label(source.title)
    plans = list(plans)
    with roadmap_db() as engine:
        intakes = [
            evidence_intake.take_in(
                engine,
                source,
                folder("roadmap_inbox"),
                folder("roadmap_archive"),
                plan,
                clock.now_ms(),
                open_database,
            )
            for plan in plans
        ]
        new = {file.batch_id for intake in intakes for file in intake.taken if file.batch_id}
        with engine.connect() as db, db.begin():
            before = [
                trouble
                for plan in plans
                for trouble in standing_troubles(
                    db, plan.code, dataset, beside=new, most=MOST_AGAIN
                )
            ]
    for intake in intakes:
        for message in intake.messages:
            log.warning(message)
    for trouble in before:
        for line in told_again(trouble):
            log.warning(line)
    total = Counts.of(intakes)
    log.log(level(total.rows_rejected or total.refused), "%s: %s", source.title, total)
    earlier = f", с прежними замечаниями файлов: {len(before)}" if before else ""
    label(f"{source.title}: {brief(total)}{earlier}")
    if any(intake.is_changed for intake in intakes):
        note_change(get_current_context(), dataset)
    return intakes


@dataclass(frozen=True)
class Counts:
    """What was taken in of one dataset, over all its years."""

    files: int = 0
    rows_read: int = 0
    rows_accepted: int = 0
    rows_rejected: int = 0
    unchanged: int = 0
    refused: int = 0

    @classmethod
    def of(cls, intakes: Iterable[Intake]) -> Counts:
        """The sums over several intakes."""
        intakes = list(intakes)
        return cls(*(sum(getattr(one, field.name) for one in intakes) for field in fields(cls)))

    def __str__(self) -> str:
        return (
            f"файлов {self.files}, строк прочитано {self.rows_read}, принято "
            f"{self.rows_accepted}, отклонено {self.rows_rejected}, файлов без изменений "
            f"{self.unchanged}, не принято файлов {self.refused}"
        )


def brief(intake: Counts) -> str:
    """What a grid's row has room for: files and rows, and only those doubts that there are."""
    parts = [counted(intake.files, "файл", "файла", "файлов")]
    if intake.rows_read:
        rows = counted(intake.rows_accepted, "строка", "строки", "строк")
        parts.append(f"принято {rows} из {integer(intake.rows_read)}")
    for number, what in (
        (intake.unchanged, "без изменений"),
        (intake.rows_rejected, "отклонено строк"),
        (intake.refused, "не принято файлов"),
    ):
        if number:
            parts.append(f"{what}: {integer(number)}")
    return ", ".join(parts)


@task(task_display_name="Фиксация сведений")
def freeze() -> str:
    """Freeze the inputs of this run; return its id. Said here, at once, if it may not send."""
    return freeze_run(_requested_plan, _request)


def _request(plan: Plan) -> RunRequest:
    """What the form of this run asks for."""
    from roadmap.evidence.request import read_request

    context = get_current_context()
    dag_run = context["dag_run"]
    return read_request(plan, context["dag"].dag_id, context["params"], str(dag_run.run_id))


def freeze_run(find_plan: Callable[[], Plan], ask: Callable[[Plan], RunRequest]) -> str:
    """Freeze what is asked for of a plan, log what it rests on; the phase run's id.

    The plan is looked for inside, where a faulty one fails the task at once.
    """
    from roadmap.delivery.sending.sender import refuse_unsafe_run
    from roadmap.evidence.freeze import freeze as freeze_inputs
    from roadmap.evidence.freeze import run_summary
    from roadmap.versions import code_version, templates_sha256
    from roadmap_airflow.connections import delivery_settings, roadmap_db
    from roadmap_airflow.mail import mail_server

    with roadmap_db() as engine:
        plan = find_plan()
        run_id = freeze_inputs(
            engine, plan, ask(plan), clock.now_ms(), code_version(), templates_sha256()
        )
        summary = run_summary(engine, run_id)
        for line in summary.frozen:
            log.info(line)
        for doubt in summary.doubts:
            log.warning(doubt)
        refuse_unsafe_run(engine, run_id, mail_server(), delivery_settings())
    return run_id


@task(task_display_name="Проверка показателей")
def check(phase_run: str) -> None:
    """Evaluate the indicators that evidence speaks of."""
    from roadmap.indicators.evaluate import evaluate
    from roadmap_airflow.connections import roadmap_db

    with roadmap_db() as engine:
        label_occasion(engine, phase_run)
        evaluation = evaluate(engine, plan_of(engine, phase_run), phase_run)
    for line in str(evaluation).splitlines():
        if line.strip():
            log.info(line)


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
    return batches(compose_reports(phase_run))


def compose_reports(phase_run: str) -> tuple[str, ...]:
    """Compose the reports of a frozen run; ids of those who get one."""
    from roadmap.reports.compose import compose as compose_in_library
    from roadmap_airflow.connections import delivery_settings, roadmap_db

    with roadmap_db() as engine:
        plan = plan_of(engine, phase_run)
        label_occasion(engine, phase_run)
        _warn_of_changes(engine, plan, phase_run)
        addressees = compose_in_library(engine, plan, phase_run, delivery_settings().reply_to)
    log.info("Составлено отчётов: %s", len(addressees))
    return addressees


def _warn_of_changes(engine: Any, plan: Plan, phase_run: str) -> None:
    """Log what changed since the freeze; here alone, where figures and texts become reports."""
    from roadmap.evidence.freeze import changed_since_freeze
    from roadmap.versions import code_version, templates_sha256

    now = (templates_sha256(), code_version())
    for sentence in changed_since_freeze(engine, plan, phase_run, *now):
        log.warning(sentence)


def batches(addressees: tuple[str, ...]) -> list[list[str]]:
    """One addressee a batch up to 48 of them; above that, 48 batches of near-equal size."""
    size = -(-len(addressees) // ONE_EACH_UP_TO) or 1
    return [list(addressees[start : start + size]) for start in range(0, len(addressees), size)]


@task(task_display_name="Письма и документы", map_index_template=LABEL)
def render(phase_run: str, batch: list[str]) -> None:
    """Render, check and plan the deliveries of a batch; a blocked one stops no other."""
    from roadmap.delivery.letters.planning import plan_deliveries
    from roadmap_airflow.connections import delivery_settings, folder, roadmap_db

    with roadmap_db() as engine:
        plan = plan_of(engine, phase_run)
        label(names(plan, batch))
        outcomes = plan_deliveries(
            engine,
            plan,
            phase_run,
            batch,
            folder("roadmap_reports"),
            delivery_settings(),
            clock.now_ms(),
        )
    is_dry = get_current_context()["params"].get("mode") == "dry"
    said = OUTCOMES | {"planned": "письмо составлено, отправлено не будет"} if is_dry else OUTCOMES
    for outcome in outcomes:
        line = f"{names(plan, [outcome.municipality_id])}: {said[outcome.outcome]}"
        line = f"{line}. {outcome.reason}" if outcome.reason else line
        log.log(level(outcome.outcome == "blocked"), line)


OUTCOMES = {
    "planned": "письмо готово к отправке",
    "suppressed": "то же содержание, письмо не нужно",
    "blocked": "письма нет",
}


def _what_ended(engine: Engine, phase_run: str) -> tuple[str, ...]:
    """What the letter about the end of a window says: the operator reads it in the account."""
    from roadmap.plan.region import REGION
    from roadmap.reports.compose import load_model

    with engine.connect() as connection:
        letter = load_model(connection, phase_run, REGION).letter
    return (f"{letter.headline}.", *letter.lead)


def _log_account(account: Reconciliation) -> None:
    """A line of the log for each, for the page shows an event of several as one: warnings are the
    headline of what is not settled, what holds letters back, and who needs attention."""
    is_attention = False
    for line in account.text.splitlines():
        if line in (ATTENTION, OTHERS):
            is_attention = line == ATTENTION
        is_open = line == account.headline and not account.is_settled
        if line.strip():
            log.log(level(is_attention or is_open or line in account.holds), line)


# The headings of include/templates/email/operator_summary.txt.j2.
ATTENTION, OTHERS = "ТРЕБУЕТ ВНИМАНИЯ", "ОСТАЛЬНЫЕ"


@task(task_display_name="Согласование", trigger_rule="all_done")
def approve(phase_run: str | None) -> None:
    """Let the run's letters go; red where some wait for a person's approval as the plan asks.

    Skipped, with the reason, where the run has no letter that could be approved.
    """
    from airflow.sdk.exceptions import AirflowSkipException

    from roadmap.delivery.account.reconcile import nothing_to_approve
    from roadmap.delivery.ledger.moves import held_batch
    from roadmap.delivery.ledger.releases import release_run
    from roadmap.delivery.sending.sender import run_scope
    from roadmap_airflow.connections import roadmap_db

    if phase_run is None:  # why, and what to do, is said by the account
        raise AirflowSkipException("Согласовывать нечего: сведения не зафиксированы")
    with roadmap_db() as engine:
        label_occasion(engine, phase_run)
        release_run(engine, phase_run)
        scope = run_scope(engine, phase_run, None)
        with engine.connect() as db, db.begin():
            held = held_batch(db, scope.occasion or "", scope.mode or "")
        why_nothing = nothing_to_approve(engine, phase_run)
    if held.letters:
        raise failed(
            f"Ждут согласования: {counted(held.letters, 'письмо', 'письма', 'писем')}. Согласовать "
            "их в Airflow пока нельзя, и сами они не уйдут. Сообщите в поддержку."
        )
    if why_nothing:
        log.info(why_nothing)
        raise AirflowSkipException(why_nothing)
    log.info("Согласование планом не требуется")


SENDING: dict[str, Any] = {
    "task_id": "send",
    "task_display_name": "Отправка",
    "map_index_template": LABEL,
    "pool": SMTP_POOL,
    # The account that follows mails the operator once about all letters.
    "on_failure_callback": None,
    **SendOperator.waiting,
}


def send(phase_run: Any, batches_of_run: Any) -> Any:
    """Send the letters of each batch of addressees, over the pool of the mail server."""
    return SendOperator.partial(phase_run=phase_run, **SENDING).expand(batch=batches_of_run)


def send_all(phase_run: Any, addressees: Any) -> Any:
    """Send the letters of all addressees of a run in one task."""
    return SendOperator(phase_run=phase_run, batch=addressees, **SENDING)


# Its own letter says why it is red, so that of the failed task is not sent as well.
@task(task_display_name="Сверка", trigger_rule="all_done", on_failure_callback=tell_unless_told)
def reconcile(phase_run: str | None) -> None:
    """Account for every expected letter and mail it; red when one is missing or open."""
    from airflow.sdk.exceptions import AirflowFailException

    from roadmap.delivery.account.reconcile import reconcile as reconcile_run
    from roadmap.evidence.own_schedule import plan_of_run
    from roadmap.evidence.troubles import lying_files
    from roadmap.indicators.evaluate import evaluate
    from roadmap_airflow.connections import roadmap_db

    if phase_run is None:
        say_nothing_more(get_current_context())  # whatever failed before has told of itself
        raise failed(
            "Сведения не зафиксированы, сверять нечего: причина — в журнале первой красной задачи "
            "этого запуска и в письме о ней"
        )
    with roadmap_db() as engine:
        plan = plan_of(engine, phase_run)
        evaluate(engine, plan, phase_run, measured_from="ledger")
        account = reconcile_run(engine, phase_run)
        lying = lying_files(engine, plan.code)
        with engine.connect() as db, db.begin():
            known = plan_of_run(db, plan, phase_run)
        phase = known.phase(account.occasion.partition("/")[2])
        title = phase.title
        label(title)
        if phase.report == "closing":
            account = replace(account, details=(*_what_ended(engine, phase_run), *account.details))
        _log_account(account)
        tell_of_run(get_current_context(), engine, account, title, lying)
    if not account.is_settled:
        raise AirflowFailException(account.headline)
