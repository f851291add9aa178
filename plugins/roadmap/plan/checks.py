"""What a plan may not say: places that are valid one by one but contradict each other.

Each check yields `(path, sentence)`: the path inside the file (`phases[0].as_of`) and a Russian
sentence for the operator. Nothing here reads a file except the name list it is given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from itertools import combinations
from typing import NamedTuple, TypeVar

from pydantic import ValidationError

from roadmap.plan.due import is_ongoing, monitoring_rules
from roadmap.plan.model import (
    REGION,
    Comparison,
    Datasets,
    Indicator,
    IndicatorKind,
    Measure,
    OnDay,
    OwnSchedule,
    Phase,
    Plan,
    Setting,
)
from roadmap.russian import day

T = TypeVar("T", int, str)

# What every query is given by the run itself; no rule and no parameter may bear these names.
RUN_PARAMETERS = frozenset(
    {
        "run_id", "plan_year", "as_of", "known_at_ms", "measure", "indicator", "target",
        "window_starts", "window_ends", "monitoring_run_id",
    }
)  # fmt: skip


class Problem(NamedTuple):
    path: str  # inside the file; empty for the file as a whole
    text: str  # Russian


def contradictions(
    plan: Plan, sql_names: Callable[[str], bool], datasets: frozenset[str] | None = None
) -> tuple[Problem, ...]:
    """Everything that contradicts itself.

    `sql_names(stem)` says whether that query exists; `datasets` are the names that
    include/sources.yaml knows (None: not asked).
    """
    return (
        *_order(plan),
        *_measures(plan),
        *_windows(plan),
        *_indicators(plan, sql_names),
        *_readings(plan, sql_names),
        *_rules(plan),
        *_monitorings(plan),
        *_phases(plan),
        *_phase_windows(plan),
        *_procedures(plan),
        *_ownership(plan),
        *_reminders(plan),
        *_known_datasets(plan, datasets),
        *_municipalities(plan),
    )


def _order(plan: Plan) -> Iterator[Problem]:
    if (plan.order.number is None) != (plan.order.date is None):
        missing = "number" if plan.order.number is None else "date"
        yield Problem(f"order.{missing}", "у изданного приказа есть и номер, и дата")
    for index, order in enumerate(plan.based_on):
        if not order.is_issued:
            yield Problem(f"based_on[{index}]", "приказ, на котором основан план, издан: укажите")
    if plan.in_force is not None and not plan.order.is_issued:
        yield Problem("in_force", "план в силе, а номера и даты приказа нет (order)")


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
        if indicator.sql is None and not _is_counted_by_parts(indicator):
            yield Problem(
                f"{path}.sql", "показатель не считается: назовите запрос у него или у каждой части"
            )
        if indicator.sql is not None and not sql_names(indicator.sql):
            yield Problem(f"{path}.sql", _no_query(indicator.sql))
        for index, code in enumerate(indicator.outside_letter_of):
            if code not in phases:
                yield Problem(f"{path}.outside_letter_of[{index}]", f"нет этапа «{code}»")
        if indicator.measured_from == "ledger" and not indicator.outside_letter_of:
            yield Problem(
                f"{path}.outside_letter_of",
                "показатель измеряется по журналу рассылки: назовите этап, о письме которого речь",
            )


def _no_query(stem: str) -> str:
    return f"нет units.sql и about.yaml в include/sql/indicators/{stem}"


def _is_counted_by_parts(indicator: Indicator) -> bool:
    return bool(indicator.parts) and all(part.sql is not None for part in indicator.parts)


def _target(path: str, indicator: Indicator) -> Iterator[Problem]:
    match indicator.kind:
        case IndicatorKind.SHARE if not 0 < indicator.target <= 100:
            yield Problem(f"{path}.target", "доля задаётся числом больше 0 и не больше 100")
        case IndicatorKind.COUNT if indicator.target < 1 or indicator.target % 1:
            yield Problem(f"{path}.target", "количество задаётся целым числом не меньше 1")
        case IndicatorKind.FACT if indicator.target != 1:
            yield Problem(f"{path}.target", "у факта цель одна: 1")


def _readings(plan: Plan, sql_names: Callable[[str], bool]) -> Iterator[Problem]:
    """How indicators are counted: their parts, and what their queries are given."""
    phases = {phase.code for phase in plan.phases}
    for m, measure in enumerate(plan.measures):
        rules = {name: value for name, value in measure.rules.items() if _is_scalar(value)}
        for i, indicator in enumerate(measure.indicators):
            path = f"measures[{m}].indicators[{i}]"
            if indicator.parts and indicator.kind is IndicatorKind.FACT:
                yield Problem(f"{path}.parts", "факт не складывается из частей")
            if indicator.parts and indicator.measured_from == "ledger":
                yield Problem(f"{path}.parts", "измеренное по журналу рассылки частей не имеет")
            yield from _given(f"{path}.parameters", measure, indicator.parameters, phases)
            yield from _clashes(f"{path}.parameters", indicator.parameters, rules, "rules")
            for place, code in _repeated(part.code for part in indicator.parts):
                yield Problem(f"{path}.parts[{place}].code", f"часть «{code}» указана дважды")
            for place, part in enumerate(indicator.parts):
                of_part = f"{path}.parts[{place}]"
                if part.sql is not None and not sql_names(part.sql):
                    yield Problem(f"{of_part}.sql", _no_query(part.sql))
                yield from _given(f"{of_part}.parameters", measure, part.parameters, phases)
                above = {*indicator.parameters, *rules}
                yield from _clashes(
                    f"{of_part}.parameters", part.parameters, above, "показателя или rules"
                )


def _is_scalar(value: object) -> bool:
    return not isinstance(value, tuple)


def _given(
    path: str, measure: Measure, parameters: Mapping[str, Setting], phases: set[str]
) -> Iterator[Problem]:
    """Parameters that point to something of the plan point to what is there."""
    for name, value in parameters.items():
        match name:
            case _ if name in RUN_PARAMETERS:
                yield Problem(f"{path}.{name}", "это имя занято: его задаёт сам запуск")
            case "phase" if value not in phases:
                yield Problem(f"{path}.{name}", f"нет этапа «{value}»")
            case "monitoring" if value != measure.number:
                yield Problem(
                    f"{path}.{name}", f"«{value}», а показатель стоит в № {measure.number}"
                )


def _clashes(
    path: str, parameters: Iterable[str], others: Iterable[str], where: str
) -> Iterator[Problem]:
    for name in sorted(set(parameters) & set(others)):
        yield Problem(f"{path}.{name}", f"«{name}» уже стоит среди {where}")


def _rules(plan: Plan) -> Iterator[Problem]:
    for index, measure in enumerate(plan.measures):
        path = f"measures[{index}].rules"
        codes = {indicator.code for indicator in measure.indicators}
        for name, value in measure.rules.items():
            if name in RUN_PARAMETERS:
                yield Problem(f"{path}.{name}", "это имя занято: его задаёт сам запуск")
            if isinstance(value, tuple):
                if not value:
                    yield Problem(f"{path}.{name}", "список пуст")
                for place, item in _repeated(map(str, value)):
                    yield Problem(f"{path}.{name}[{place}]", f"«{item}» указано дважды")
        interim = measure.rules.get("interim_indicators")
        if isinstance(interim, tuple):
            for place, code in enumerate(interim):
                if code not in codes:
                    yield Problem(
                        f"{path}.interim_indicators[{place}]",
                        f"в мероприятии нет показателя «{code}»",
                    )
        elif interim is not None or is_ongoing(measure):
            yield Problem(
                f"{path}.interim_indicators",
                "мероприятие идёт весь период: перечислите показатели, по которым о нём судят "
                "до его конца",
            )


def _monitorings(plan: Plan) -> Iterator[Problem]:
    """A measure with an indicator that counts executed measures has the rules of counting."""
    numbers = {measure.number for measure in plan.measures}
    owned = {number for phase in plan.phases for number in phase.owns}
    for index, measure in enumerate(plan.measures):
        if not any("monitoring" in indicator.parameters for indicator in measure.indicators):
            continue
        path = f"measures[{index}].rules"
        try:
            rules = monitoring_rules(measure)
        except ValidationError as error:
            for details in error.errors(include_url=False):
                name = ".".join(map(str, details["loc"]))
                yield Problem(
                    f"{path}.{name}",
                    "мониторинг: нужны exclude (список номеров), include_ongoing и "
                    "include_own_schedule (true или false)",
                )
            continue
        if measure.number not in rules.exclude:
            yield Problem(
                f"{path}.exclude", f"мониторинг не считает сам себя: добавьте {measure.number}"
            )
        for place, number in enumerate(rules.exclude):
            if number not in numbers:
                yield Problem(f"{path}.exclude[{place}]", f"нет мероприятия № {number}")
        if measure.number not in owned:
            yield Problem(
                f"measures[{index}]",
                f"за мониторинг № {measure.number} не отвечает ни один этап (phases[].owns)",
            )
        for phase in plan.phases:
            # What the phase itself does is known after its letter: counted, it would make a
            # later phase tell another share than this letter told.
            beside = sorted(set(phase.owns) - set(rules.exclude) - {measure.number})
            if measure.number in phase.owns and beside:
                yield Problem(
                    f"{path}.exclude",
                    f"этап мониторинга исполняет и № {', '.join(map(str, beside))}: добавьте их",
                )


def _phases(plan: Plan) -> Iterator[Problem]:
    numbers = {measure.number for measure in plan.measures}
    for index, code in _repeated(phase.code for phase in plan.phases):
        yield Problem(f"phases[{index}].code", f"этап «{code}» указан дважды")
    for index, phase in enumerate(plan.phases):
        path = f"phases[{index}]"
        if phase.report == "reminder" or "/" in phase.code:
            yield Problem(f"{path}.code", "напоминания задаются полем reminders, а не этапом")
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
        yield from _datasets(f"{path}.datasets", phase.datasets)


def _datasets(path: str, datasets: Datasets) -> Iterator[Problem]:
    for place, dataset in enumerate(datasets.told):
        if dataset in datasets.needed:
            yield Problem(f"{path}.told[{place}]", f"набор «{dataset}» уже стоит в needed")
    for name in ("needed", "told"):
        for place, dataset in _repeated(getattr(datasets, name)):
            yield Problem(f"{path}.{name}[{place}]", f"набор «{dataset}» указан дважды")


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


def _procedures(plan: Plan) -> Iterator[Problem]:
    for index, phase in enumerate(plan.phases):
        path = f"phases[{index}]"
        keys = [procedure.key for procedure in phase.procedures]
        if phase.report == "analysis" and not keys:
            yield Problem(f"{path}.procedures", "анализу нечего анализировать: нет процедур")
        if phase.report != "analysis" and keys:
            yield Problem(f"{path}.procedures", "процедуры разбирает только этап анализа")
        for place, key in _repeated(keys):
            yield Problem(f"{path}.procedures[{place}]", f"процедура «{key}» указана дважды")
        for place, key in _repeated(comparison.current for comparison in phase.comparisons):
            yield Problem(
                f"{path}.comparisons[{place}].current", f"процедура «{key}» уже сравнивается"
            )
        for place, comparison in enumerate(phase.comparisons):
            yield from _comparison(f"{path}.comparisons[{place}]", comparison, phase)


def _comparison(path: str, comparison: Comparison, phase: Phase) -> Iterator[Problem]:
    current = {procedure.key: procedure for procedure in phase.procedures}.get(comparison.current)
    previous = comparison.previous
    if current is None:
        yield Problem(f"{path}.current", f"такой процедуры у этапа нет: «{comparison.current}»")
        return
    if previous.key == current.key:
        yield Problem(f"{path}.previous", "процедура сравнивается сама с собой")
    elif previous.kind != current.kind:
        yield Problem(
            f"{path}.previous.kind",
            f"«{previous.kind}» и «{current.kind}» — разные процедуры, их не сравнивают",
        )
    elif previous.year > current.year:
        yield Problem(
            f"{path}.previous.year",
            f"{previous.year} год — позже {current.year}, с которым сравнивают",
        )
    is_unheld = current.not_held is not None or previous.not_held is not None
    if is_unheld and comparison.not_comparable is None:
        yield Problem(
            f"{path}.not_comparable", "процедура не проводилась: назовите, почему не сравнить"
        )


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


def _reminders(plan: Plan) -> Iterator[Problem]:
    if plan.reminders is None:
        return
    numbers = {measure.number for measure in plan.measures}
    for place, number in enumerate(plan.reminders.measures):
        if number not in numbers:
            yield Problem(f"reminders.measures[{place}]", f"нет мероприятия № {number}")
    for place, number in _repeated(plan.reminders.measures):
        yield Problem(f"reminders.measures[{place}]", f"№ {number} указан дважды")
    for place, days in _repeated(plan.reminders.days_before):
        yield Problem(f"reminders.days_before[{place}]", f"{days} указано дважды")
    yield from _datasets("reminders.datasets", plan.reminders.datasets)


def _known_datasets(plan: Plan, known: frozenset[str] | None) -> Iterator[Problem]:
    if known is None:
        return
    places = [(f"phases[{i}].datasets", phase.datasets) for i, phase in enumerate(plan.phases)]
    if plan.reminders is not None:
        places.append(("reminders.datasets", plan.reminders.datasets))
    for path, datasets in places:
        for name in ("needed", "told"):
            for place, dataset in enumerate(getattr(datasets, name)):
                if dataset not in known:
                    yield Problem(
                        f"{path}.{name}[{place}]", f"набора «{dataset}» нет в include/sources.yaml"
                    )


def _municipalities(plan: Plan) -> Iterator[Problem]:
    for index, id_ in _repeated(municipality.id for municipality in plan.municipalities):
        yield Problem(f"municipalities[{index}].id", f"код «{id_}» указан дважды")
    for index, name in _repeated(municipality.name for municipality in plan.municipalities):
        yield Problem(f"municipalities[{index}].name", f"наименование «{name}» указано дважды")
    for index, municipality in enumerate(plan.municipalities):
        if municipality.id == REGION:
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
