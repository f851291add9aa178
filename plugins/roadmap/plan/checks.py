"""What a plan may not say: places that are valid one by one but contradict each other.

Each check yields `(path, sentence)`: the path inside the file (`phases[0].as_of`) and a Russian
sentence for the operator. Nothing here reads a file except the name list it is given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from itertools import combinations
from typing import NamedTuple, TypeVar

from roadmap.plan.model import Indicator, IndicatorKind, OnDay, OwnSchedule, Phase, Plan
from roadmap.russian import day

T = TypeVar("T", int, str)


class Problem(NamedTuple):
    path: str  # inside the file; empty for the file as a whole
    text: str  # Russian


def contradictions(plan: Plan, sql_names: Callable[[str], bool]) -> tuple[Problem, ...]:
    """Everything that contradicts itself; `sql_names(stem)` says whether that query exists."""
    return (
        *_measures(plan),
        *_windows(plan),
        *_indicators(plan, sql_names),
        *_phases(plan),
        *_phase_windows(plan),
        *_ownership(plan),
        *_municipalities(plan),
    )


def _measures(plan: Plan) -> Iterator[Problem]:
    for index, number in _repeated(measure.number for measure in plan.measures):
        yield Problem(f"measures[{index}].number", f"мероприятие № {number} указано дважды")


def _windows(plan: Plan) -> Iterator[Problem]:
    for index, measure in enumerate(plan.measures):
        path = f"measures[{index}].window"
        match measure.window:
            case OnDay(on=on) | OwnSchedule(on=date() as on):
                yield from _in_year(plan, f"{path}.on", on)
            case OwnSchedule():
                pass
            case window:
                yield from _in_year(plan, f"{path}.starts", window.starts)
                yield from _in_year(plan, f"{path}.ends", window.ends)
                if window.ends < window.starts:
                    yield Problem(
                        f"{path}.ends",
                        f"конец {day(window.ends)} раньше начала {day(window.starts)}",
                    )


def _indicators(plan: Plan, sql_names: Callable[[str], bool]) -> Iterator[Problem]:
    phases = {phase.code for phase in plan.phases}
    places = [
        (f"measures[{m}].indicators[{i}]", measure.number, indicator)
        for m, measure in enumerate(plan.measures)
        for i, indicator in enumerate(measure.indicators)
    ]
    for index, code in _repeated(indicator.code for _, _, indicator in places):
        yield Problem(f"{places[index][0]}.code", f"показатель {code} указан дважды")
    for path, number, indicator in places:
        if indicator.code.partition(".")[0] != str(number):
            yield Problem(
                f"{path}.code", f"показатель {indicator.code} стоит в мероприятии № {number}"
            )
        yield from _target(path, indicator)
        if indicator.sql is not None and not sql_names(indicator.sql):
            yield Problem(f"{path}.sql", f"нет запроса include/sql/indicators/{indicator.sql}.sql")
        for index, code in enumerate(indicator.outside_letter_of):
            if code not in phases:
                yield Problem(f"{path}.outside_letter_of[{index}]", f"нет этапа «{code}»")
        if indicator.measured_from == "ledger" and not indicator.outside_letter_of:
            yield Problem(
                f"{path}.outside_letter_of",
                "показатель измеряется по журналу рассылки: назовите этап, о письме которого речь",
            )


def _target(path: str, indicator: Indicator) -> Iterator[Problem]:
    match indicator.kind:
        case IndicatorKind.SHARE if not 0 < indicator.target <= 100:
            yield Problem(f"{path}.target", "доля задаётся числом больше 0 и не больше 100")
        case IndicatorKind.COUNT if indicator.target < 1 or indicator.target % 1:
            yield Problem(f"{path}.target", "количество задаётся целым числом не меньше 1")
        case IndicatorKind.FACT if indicator.target != 1:
            yield Problem(f"{path}.target", "у факта цель одна: 1")


def _phases(plan: Plan) -> Iterator[Problem]:
    numbers = {measure.number for measure in plan.measures}
    for index, code in _repeated(phase.code for phase in plan.phases):
        yield Problem(f"phases[{index}].code", f"этап «{code}» указан дважды")
    for index, phase in enumerate(plan.phases):
        path = f"phases[{index}]"
        for name in ("owns", "reports"):
            listed = getattr(phase, name)
            for place, number in _repeated(listed):
                yield Problem(f"{path}.{name}[{place}]", f"№ {number} указан дважды")
            for place, number in enumerate(listed):
                if number not in numbers:
                    yield Problem(f"{path}.{name}[{place}]", f"нет мероприятия № {number}")
        for place, number in enumerate(phase.owns):
            if number not in phase.reports:
                yield Problem(
                    f"{path}.owns[{place}]",
                    f"этап отвечает за мероприятие № {number}, но не сообщает о нём (reports)",
                )
        for place, dataset in enumerate(phase.datasets.told):
            if dataset in phase.datasets.needed:
                yield Problem(
                    f"{path}.datasets.told[{place}]", f"набор «{dataset}» уже стоит в needed"
                )


def _phase_windows(plan: Plan) -> Iterator[Problem]:
    for index, phase in enumerate(plan.phases):
        path = f"phases[{index}]"
        yield from _in_year(plan, f"{path}.starts", phase.starts)
        yield from _in_year(plan, f"{path}.as_of", phase.as_of)
        yield from _in_year(plan, f"{path}.run_day", phase.run_day, years_after=1)
        yield from _in_year(plan, f"{path}.reply_by.on", phase.reply_by.on, years_after=1)
        if phase.as_of < phase.starts:
            yield Problem(
                f"{path}.as_of",
                f"отчётный день {day(phase.as_of)} раньше начала этапа {day(phase.starts)}",
            )
        if phase.run_day < phase.starts:
            yield Problem(
                f"{path}.run_day",
                f"день запуска {day(phase.run_day)} раньше начала этапа {day(phase.starts)}",
            )
        if phase.reply_by.on <= phase.run_day:
            yield Problem(
                f"{path}.reply_by.on",
                f"срок ответа {day(phase.reply_by.on)} не позже дня запуска {day(phase.run_day)}",
            )
    for (_, first), (index, second) in combinations(enumerate(plan.phases), 2):
        if _overlap(first, second):
            yield Problem(
                f"phases[{index}].starts",
                f"окно этапа «{second.code}» ({day(second.starts)}–{day(second.as_of)}) "
                f"пересекается с окном этапа «{first.code}» "
                f"({day(first.starts)}–{day(first.as_of)})",
            )


def _overlap(first: Phase, second: Phase) -> bool:
    # A calendar's day may belong to one phase only: it names the run's data interval.
    return first.starts <= second.as_of and second.starts <= first.as_of


def _ownership(plan: Plan) -> Iterator[Problem]:
    owners: dict[int, str] = {}
    for index, phase in enumerate(plan.phases):
        for place, number in enumerate(phase.owns):
            owner = owners.setdefault(number, phase.code)
            if owner != phase.code:
                yield Problem(
                    f"phases[{index}].owns[{place}]",
                    f"за мероприятие № {number} уже отвечает этап «{owner}»",
                )
    reported = {number for phase in plan.phases for number in phase.reports}
    for index, measure in enumerate(plan.measures):
        if measure.number not in reported:
            yield Problem(
                f"measures[{index}]",
                f"о мероприятии № {measure.number} не сообщает ни один этап (phases[].reports)",
            )


def _municipalities(plan: Plan) -> Iterator[Problem]:
    for index, id_ in _repeated(municipality.id for municipality in plan.municipalities):
        yield Problem(f"municipalities[{index}].id", f"код «{id_}» указан дважды")
    for index, name in _repeated(municipality.name for municipality in plan.municipalities):
        yield Problem(f"municipalities[{index}].name", f"наименование «{name}» указано дважды")
    for index, municipality in enumerate(plan.municipalities):
        if municipality.id == "region":
            yield Problem(f"municipalities[{index}].id", "код «region» занят: так зовётся область")


def _in_year(plan: Plan, path: str, value: date, years_after: int = 0) -> Iterator[Problem]:
    if not plan.year <= value.year <= plan.year + years_after:
        yield Problem(path, f"дата вне года плана: {day(value)}")


def _repeated(values: Iterable[T]) -> Iterator[tuple[int, T]]:
    """Places of values that stood before."""
    seen: set[T] = set()
    for index, value in enumerate(values):
        if value in seen:
            yield index, value
        seen.add(value)
