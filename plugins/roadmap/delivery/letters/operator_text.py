"""Plain text for the operator, from the templates of include/templates."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import date, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from roadmap import russian
from roadmap.broken import words_of_class
from roadmap.decision import LETTER_DECISIONS
from roadmap.delivery.transport import without_addresses
from roadmap.paths import TEMPLATES
from roadmap.plan.model import (
    Plan,
    is_occasion,
    is_reminder,
    occasion_as_of,
    occasion_title,
)
from roadmap.plan.region import LocalTime

if TYPE_CHECKING:
    from jinja2.sandbox import ImmutableSandboxedEnvironment

# The DAGs that sentences send the operator to, by the names under which Airflow shows them.
SETTLE_DAG = "Решить судьбу письма"
CONTROL_DAG = "Отправка: остановить или продолжить"
_TESTS = {"redirect": " (проверочная отправка)", "dry": " (проверка без отправки)"}
_BEGUN = {
    "manual": "запуск вручную",
    "scheduled": "запуск по расписанию",
    "backfill": "запуск за прошедшее время",
}
_MOMENT_OF_RUN = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?[+-]\d\d:\d\d")


def filled_in(template: str, local_time: LocalTime, **values: Any) -> str:
    """The text of include/templates/<template>, its moments in that time; ends with one line end.

    jinja2.UndefinedError where the template asks for what is not there.
    """
    return _environment(local_time).get_template(template).render(values).rstrip() + "\n"


def say(template: str, macro: str, local_time: LocalTime, *values: Any) -> str:
    """What one macro of include/templates/<template> says of the values, in one line."""
    module = _environment(local_time).get_template(template).module
    return str(getattr(module, macro)(*values)).strip()


def title(occasion: str, mode: str, plans: Iterable[Plan]) -> str:
    """«Март: комплексный анализ» 2021 года; of a rehearsal, of which kind it is.

    «Напоминание о сроке 30.04.2021» от 16.04.2021, of a reminder.
    """
    plan_code, _, code = occasion.partition("/")
    of_plan = russian.of_plan(plan_code).replace(" ", russian.NBSP)
    name = f"этап {of_plan}, которого в плане нет"
    if is_occasion(code):  # its date may be evidence, which the plan alone does not know
        name = f"«{occasion_title(code)}»"
        if is_reminder(code):
            name += f" от {occasion_as_of(code):%d.%m.%Y}"
        plans = ()
    for plan in plans:
        if plan.code == plan_code:
            try:
                phase = plan.phase(code)
            except KeyError:  # a phase that the plan of today has no more
                break
            name = f"«{phase.dag_title}» {of_plan}"
    return name + _TESTS.get(mode, "")


def by_calendar(plans: Iterable[Plan]) -> Callable[[tuple[str, str]], tuple[str, str, str]]:
    """The key by which occasions stand as their days do, and not by the alphabet of their codes.

    Of what is no longer planned, first in its year. To sort (occasion, mode).
    """
    days = {
        f"{plan.code}/{phase.code}": phase.as_of.isoformat()
        for plan in plans
        for phase in plan.phases
    }

    def key(campaign: tuple[str, str]) -> tuple[str, str, str]:
        occasion, mode = campaign
        year, _, code = occasion.partition("/")
        day = str(occasion_as_of(code)) if is_occasion(code) else days.get(occasion, year)
        return day, occasion, mode

    return key


def run_title(run_id: str, mode: str, local_time: LocalTime) -> str:
    """«запуск вручную от 05.07.2021 в 10:00», of a scheduler's run; a test says that it is one.

    The scheduler's id begins with what began the run and with its moment, under which its page
    lists the run. An id that a person gave is said as it is.
    """
    kind, _, at = run_id.partition("__")
    found = _MOMENT_OF_RUN.match(at)
    name = f"запуск «{run_id}»"
    if kind in _BEGUN and found:
        when = datetime.fromisoformat(found[0]).astimezone(local_time.zone)
        name = f"{_BEGUN[kind]} от {moment(when)}"
    return name + _TESTS.get(mode, "")


def moment(at: datetime) -> str:
    """«26.03.2021 в 09:14»."""
    return at.strftime("%d.%m.%Y в %H:%M")


def without_stop(text: str) -> str:
    """The text in one line, without its last full stop: another one follows."""
    return " ".join(text.split()).rstrip(".")


@cache
def _environment(local_time: LocalTime) -> ImmutableSandboxedEnvironment:
    # Imported here: tasks that say nothing to the operator need no Jinja.
    from jinja2 import FileSystemLoader, StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # plain text
    )

    environment.globals |= {
        "CONTROL_DAG": CONTROL_DAG,
        "SETTLE_DAG": SETTLE_DAG,
        "SEND_AGAIN": LETTER_DECISIONS["send_again"],
        "time_zone_name": local_time.name,
    }

    def day(value: date) -> str:
        return russian.day(value)

    environment.filters |= {
        "of_plan": russian.of_plan,
        "moment": lambda moment_ms: moment(local_time.at(moment_ms)),
        # For lists in which the order matters.
        "second": lambda moment_ms: local_time.at(moment_ms).strftime("%d.%m.%Y %H:%M:%S"),
        "day": day,
        "counted": russian.counted,
        "lower_first": russian.lower_first,
        "without_stop": without_stop,
        "without_addresses": without_addresses,
        # The ledger keeps what broke by the name of its class.
        "broken_words": lambda kept: words_of_class(kept.partition(" ")[0]) or kept,
    }
    return environment
