"""What a plan may not say: places that are valid one by one but contradict each other.

Each check yields `(path, sentence)`: the path inside the file (`phases[0].as_of`) and a Russian
sentence for the operator. Nothing here reads a file except the name list it is given.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import date
from itertools import combinations, pairwise
from typing import NamedTuple

from pydantic import ValidationError

from roadmap.plan.due import is_ongoing, monitoring_rules
from roadmap.plan.model import (
    Bound,
    Comparison,
    Datasets,
    Indicator,
    IndicatorKind,
    Measure,
    Phase,
    Plan,
    Procedure,
    Setting,
    Slice,
    is_occasion,
)
from roadmap.plan.procedures import kinds
from roadmap.plan.region import REGION
from roadmap.plan.windows import AfterEvent, Dates, Days, OnDay, OwnSchedule, Recurring, Yearly
from roadmap.russian import day

# What every query is given by the run itself; no rule and no parameter may bear these names.
RUN_PARAMETERS = frozenset(
    {
        "run_id", "plan_code", "plan_year", "as_of", "known_at_ms", "measure", "indicator",
        "target", "window_starts", "window_ends", "monitoring_run_id", "changes_stage",
        "is_regional", "is_share", "is_sum", "plan_starts", "known_from", "baseline_on",
    }
)  # fmt: skip


# DAGs (dags/<code>.py) that are no phases: a phase of such a code would have no DAG and never run.
TAKEN = frozenset(
    {
        "calendar_watch", "delivery_watch", "evidence_intake", "held_file", "plan_check",
        "plan_phases", "rejected_rows", "sending_control", "settle_delivery",
    }
)  # fmt: skip


class Problem(NamedTuple):
    path: str  # inside the file; empty for the file as a whole
    text: str  # Russian


def contradictions(
    plan: Plan,
    sql_names: Callable[[str], bool],
    datasets: frozenset[str] | None = None,
    counts_values: Callable[[str], bool] = lambda stem: False,
) -> tuple[Problem, ...]:
    """Everything that contradicts itself.

    `sql_names(stem)` says whether that query exists, `counts_values(stem)` whether it gives
    reported values; `datasets` are the names that include/sources.yaml knows (None: not asked).
    """
    return (
        *_order(plan),
        *_sections(plan),
        *_without_indicators(plan),
        *_windows(plan),
        *_indicators(plan, sql_names),
        *_readings(plan, sql_names),
        *_targets(plan, counts_values),
        *_rules(plan),
        *_waivers(plan),
        *_monitorings(plan),
        *_phases(plan, datasets),
        *_phase_windows(plan),
        *_procedures(plan),
        *_positive_changes(plan),
        *_topics(plan),
        *_ownership(plan),
        *_reminders(plan, datasets),
        *_closings(plan, datasets),
        *_municipalities(plan),
        *_phone(plan),
    )


def _order(plan: Plan) -> Iterator[Problem]:
    first, last = plan.years
    if last < first:
        yield Problem("last_year", f"последний год плана {last} раньше первого, {first}")
    if (plan.order.number is None) != (plan.order.date is None):
        missing = "number" if plan.order.number is None else "date"
        yield Problem(f"order.{missing}", "у изданного приказа есть и номер, и дата")
    for index, order in enumerate(plan.based_on):
        if not order.is_issued:
            yield Problem(f"based_on[{index}]", "приказ, на котором основан план, издан: укажите")
    if plan.in_force is not None and not plan.order.is_issued:
        yield Problem("in_force", "план в силе, а номера и даты приказа нет (order)")


def _sections(plan: Plan) -> Iterator[Problem]:
    """Rows of a section stand together, in the order of the sections, and each row has its own."""
    codes = [section.code for section in plan.sections]
    yield from _twice("sections", codes, "раздел «{}» указан дважды", ".code")
    used = [measure.section for measure in plan.measures]
    yield from _unknown("sections", codes, set(used), "в разделе «{}» нет ни одного мероприятия")
    latest = 0
    for index, measure in enumerate(plan.measures):
        path = f"measures[{index}].section"
        if measure.section is None:
            if codes:
                yield Problem(path, "назовите раздел: в плане есть разделы (sections)")
        elif measure.section not in codes:
            yield Problem(path, f"раздела «{measure.section}» среди sections нет")
        elif codes.index(measure.section) < latest:
            yield Problem(
                path,
                f"мероприятие раздела «{measure.section}» стоит после раздела «{codes[latest]}»: "
                "мероприятия идут по разделам, в порядке sections",
            )
        else:
            latest = codes.index(measure.section)


def _without_indicators(plan: Plan) -> Iterator[Problem]:
    """Of a row without an indicator nothing is measured, so nobody is told what was reached."""
    unmeasured = {measure.number for measure in plan.measures if not measure.indicators}
    for index, measure in enumerate(plan.measures):
        if measure.indicators and measure.indicator_text is None:
            yield Problem(
                f"measures[{index}].indicator_text", "показатели перечислены, а текста их нет"
            )
        if not measure.indicators and measure.indicator_text is not None:
            yield Problem(
                f"measures[{index}].indicators",
                "показатель назван, а как он считается, не сказано: перечислите показатели, или "
                "уберите текст (indicator_text: null), если планом показатель не установлен",
            )
    told = (("reminders", plan.reminders), ("closings", plan.closings))
    for name, part in told:
        for place, number in enumerate(part.measures if part is not None else ()):
            if number in unmeasured:
                yield Problem(
                    f"{name}.measures[{place}]",
                    f"у мероприятия № {number} нет показателя: сообщить о его исполнении нечего",
                )


def _windows(plan: Plan) -> Iterator[Problem]:
    numbers = [measure.number for measure in plan.measures]
    yield from _twice("measures", numbers, "мероприятие № {} указано дважды", ".number")
    for index, measure in enumerate(plan.measures):
        path = f"measures[{index}].window"
        match measure.window:
            case OnDay(on=on) | OwnSchedule(on=date() as on):
                yield from _in_year(plan, f"{path}.on", on)
            case Days(starts=starts, ends=ends):
                yield from _in_year(plan, f"{path}.starts", starts)
                yield from _in_year(plan, f"{path}.ends", ends)
                if ends < starts:
                    yield Problem(f"{path}.ends", f"конец {day(ends)} раньше начала {day(starts)}")
            case Dates(on=days):
                for place, on in enumerate(days):
                    yield from _in_year(plan, f"{path}.on[{place}]", on)
                for place, (before, on) in enumerate(pairwise(days), 1):
                    if on <= before:
                        text = f"{day(on)} стоит после {day(before)}: дни идут по порядку"
                        yield Problem(f"{path}.on[{place}]", text)
            case Yearly() as yearly if not yearly.spans(*plan.years):
                text = (
                    f"время с {yearly.starts} по {yearly.ends} переходит через новый год и в годы "
                    "плана целиком не входит: укажите last_year или другое начало"
                )
                yield Problem(f"{path}.starts", text)
        yield from _recurring(plan, index, measure)


def _recurring(plan: Plan, index: int, measure: Measure) -> Iterator[Problem]:
    """What windows of several due dates, or after an event, need beside their own fields."""
    window, path = measure.window, f"measures[{index}]"
    if isinstance(window, Recurring) and measure.rules.get("late_counts_as_done"):
        text = (
            "у мероприятия несколько сроков: сделанное после срока относится уже к следующему, "
            "поставьте false"
        )
        yield Problem(f"{path}.rules.late_counts_as_done", text)
    for place, indicator in enumerate(measure.indicators):
        advice = indicator.recommendation
        if isinstance(window, Recurring) and advice is not None and advice.once:
            text = "у мероприятия несколько сроков, а once — об одном: уберите once"
            yield Problem(f"{path}.indicators[{place}].recommendation.once", text)
    if not isinstance(window, AfterEvent) or window.title is not None:
        return
    named = {
        parameters.get("event")
        for one in plan.measures
        for indicator in one.indicators
        for parameters in (indicator.parameters, *(part.parameters for part in indicator.parts))
    }
    if window.event not in named:
        text = (
            f"события «{window.event}» не называет ни один показатель плана (parameters.event): "
            "исправьте код или напишите в window.title, что это за событие («семинара для …»)"
        )
        yield Problem(f"{path}.window.event", text)


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
        if indicator.code.rpartition(".")[0] != number:
            yield Problem(
                f"{path}.code", f"показатель {indicator.code} стоит в мероприятии № {number}"
            )
        by_parts = bool(indicator.parts) and all(part.sql for part in indicator.parts)
        if indicator.sql is None and not by_parts:
            yield Problem(
                f"{path}.sql", "показатель не считается: назовите запрос у него или у каждой части"
            )
        if indicator.sql is not None and not sql_names(indicator.sql):
            yield Problem(f"{path}.sql", _no_query(indicator.sql))
        yield from _unknown(
            f"{path}.outside_letter_of", indicator.outside_letter_of, phases, "нет этапа «{}»"
        )
        if indicator.measured_from == "ledger" and not indicator.outside_letter_of:
            yield Problem(
                f"{path}.outside_letter_of",
                "показатель измеряется по журналу рассылки: назовите этап, о письме которого речь",
            )


def _no_query(stem: str) -> str:
    return f"нет units.sql и about.yaml в include/sql/indicators/{stem}"


def _targets(plan: Plan, counts_values: Callable[[str], bool]) -> Iterator[Problem]:
    """What indicators are to reach, and what changes are counted from."""
    for m, measure in enumerate(plan.measures):
        for i, indicator in enumerate(measure.indicators):
            path = f"measures[{m}].indicators[{i}]"
            yield from _target_fields(path, plan, indicator)
            for field, number in _target_numbers(indicator):
                yield from _target(f"{path}.{field}", indicator, number)
            yield from _baseline(path, plan, indicator)
            of_values = indicator.sql is not None and counts_values(indicator.sql)
            if indicator.kind in (IndicatorKind.SUM, IndicatorKind.CHANGE) and not of_values:
                yield Problem(
                    f"{path}.sql",
                    "сумма и изменение считаются по представленным значениям: назовите запрос, "
                    "который их берёт (в about.yaml values: true)",
                )
            if indicator.parts and of_values:
                yield Problem(
                    f"{path}.parts", "значения представляют по показателю целиком: частей нет"
                )
            if indicator.parts and indicator.bound is Bound.AT_MOST:
                yield Problem(f"{path}.bound", "«не более» (at_most) по частям не считается")


def _target_fields(path: str, plan: Plan, indicator: Indicator) -> Iterator[Problem]:
    """Which of the fields say the target, and of whom."""
    if indicator.quarter_targets and (indicator.target is not None or indicator.targets):
        yield Problem(
            f"{path}.quarter_targets", "цели по кварталам стоят одни, без target и targets"
        )
    last = 4 * (plan.years[1] - plan.years[0] + 1)
    if max(indicator.quarter_targets, default=0) > last:
        yield Problem(
            f"{path}.quarter_targets", f"кварталы считаются с начала плана: с 1 по {last}"
        )
    if indicator.targets:
        yield from _by_municipality(
            f"{path}.targets", plan, indicator, indicator.targets, has_common=indicator.target
        )
    elif indicator.target is None and not indicator.quarter_targets:
        yield Problem(f"{path}.target", "цели нет: назовите target, targets или quarter_targets")
    rising = [number for _, number in sorted(indicator.quarter_targets.items())]
    is_number = indicator.kind is not IndicatorKind.CHANGE and indicator.bound is Bound.AT_LEAST
    if is_number and rising != sorted(rising):
        yield Problem(
            f"{path}.quarter_targets",
            "цели кварталов — нарастающим итогом: следующая не меньше прежней",
        )


def _by_municipality(
    path: str,
    plan: Plan,
    indicator: Indicator,
    named: Mapping[str, float],
    has_common: float | None = None,
) -> Iterator[Problem]:
    """Numbers of municipalities are those of all of them, and of no others."""
    if indicator.slice is Slice.REGION:
        yield Problem(path, "показатель считается по региону целиком: нужно одно число")
        return
    ids = [municipality.id for municipality in plan.municipalities]
    for name in named:
        if name not in ids and name != REGION:
            yield Problem(f"{path}.{name}", f"муниципалитета «{name}» в области нет")
    if has_common is not None:
        return
    left_out = [one for one in ids if one not in named]
    if left_out:
        yield Problem(path, f"нет числа для муниципалитетов: {', '.join(left_out)}")
    if indicator.is_of_shares and REGION not in named:
        yield Problem(path, "доли не складываются: назовите число и для региона (region)")


def _target_numbers(indicator: Indicator) -> Iterator[tuple[str, float]]:
    if indicator.target is not None:
        yield "target", indicator.target
    for field, numbers in (
        ("targets", indicator.targets),
        ("quarter_targets", indicator.quarter_targets),
    ):
        for key, number in numbers.items():
            yield f"{field}.{key}", number


def _target(path: str, indicator: Indicator, target: float) -> Iterator[Problem]:
    is_limit = indicator.bound is Bound.AT_MOST
    match indicator.kind:
        case IndicatorKind.SHARE if is_limit and not 0 <= target < 100:
            yield Problem(path, "доля «не более» задаётся числом от 0 и меньше 100")
        case IndicatorKind.SHARE if not is_limit and not 0 < target <= 100:
            yield Problem(path, "доля задаётся числом больше 0 и не больше 100")
        case IndicatorKind.COUNT | IndicatorKind.SUM if target % 1 or target < (
            0 if is_limit else 1
        ):
            least = "не меньше 0" if is_limit else "не меньше 1"
            yield Problem(path, f"количество задаётся целым числом {least}")
        case IndicatorKind.FACT if target != 1 or is_limit or not path.endswith(".target"):
            yield Problem(path, "у факта цель одна: 1")
        case IndicatorKind.CHANGE if indicator.is_of_shares and not -100 <= target <= 100:
            yield Problem(path, "изменение доли — от -100 до 100 процентных пунктов")
        case IndicatorKind.CHANGE if not indicator.is_of_shares and target % 1:
            yield Problem(path, "изменение числа задаётся целым числом")


def _baseline(path: str, plan: Plan, indicator: Indicator) -> Iterator[Problem]:
    of_change = {
        "change_of": indicator.change_of,
        "baseline": indicator.baseline,
        "baseline_on": indicator.baseline_on,
    }
    if indicator.kind is not IndicatorKind.CHANGE:
        for name, value in of_change.items():
            if value is not None:
                yield Problem(f"{path}.{name}", "это поле есть только у изменения (kind: change)")
        return
    if indicator.change_of is None:
        yield Problem(
            f"{path}.change_of", "назовите, что изменяется: доля (share) или число (value)"
        )
    if (indicator.baseline is None) == (indicator.baseline_on is None):
        yield Problem(
            f"{path}.baseline",
            "изменение считают от числа (baseline) или от представленного на день (baseline_on): "
            "нужно одно из двух",
        )
    if indicator.baseline_on is not None and indicator.baseline_on.year > plan.year:
        yield Problem(f"{path}.baseline_on", "день, с которым сравнивают, позже года плана")
    if indicator.baseline is None:
        return
    numbers: Mapping[str, float] = (
        {"": indicator.baseline} if isinstance(indicator.baseline, float) else indicator.baseline
    )
    if "" not in numbers:
        yield from _by_municipality(f"{path}.baseline", plan, indicator, numbers)
    for name, number in numbers.items():
        where = f"{path}.baseline{'.' * bool(name)}{name}"
        if indicator.is_of_shares and not 0 <= number <= 100:
            yield Problem(where, "доля задаётся числом от 0 до 100")
        if not indicator.is_of_shares and (number < 0 or number % 1):
            yield Problem(where, "число задаётся целым, не меньше 0")


def _readings(plan: Plan, sql_names: Callable[[str], bool]) -> Iterator[Problem]:
    """How indicators are counted: their parts, and what their queries are given."""
    phases = {phase.code for phase in plan.phases}
    for m, measure in enumerate(plan.measures):
        rules = {name for name, value in measure.rules.items() if not isinstance(value, tuple)}
        for i, indicator in enumerate(measure.indicators):
            path = f"measures[{m}].indicators[{i}]"
            if indicator.parts and indicator.kind is IndicatorKind.FACT:
                yield Problem(f"{path}.parts", "факт не складывается из частей")
            if indicator.parts and indicator.measured_from == "ledger":
                yield Problem(f"{path}.parts", "измеренное по журналу рассылки частей не имеет")
            yield from _given(f"{path}.parameters", measure, indicator.parameters, phases)
            yield from _clashes(f"{path}.parameters", indicator.parameters, rules, "rules")
            if indicator.parts and all(part.beside for part in indicator.parts):
                yield Problem(f"{path}.parts", "все части стоят рядом (beside): считать нечего")
            codes = [part.code for part in indicator.parts]
            yield from _twice(f"{path}.parts", codes, "часть «{}» указана дважды", ".code")
            for place, part in enumerate(indicator.parts):
                of_part = f"{path}.parts[{place}]"
                if part.sql is not None and not sql_names(part.sql):
                    yield Problem(f"{of_part}.sql", _no_query(part.sql))
                yield from _given(f"{of_part}.parameters", measure, part.parameters, phases)
                above = {*indicator.parameters, *rules}
                yield from _clashes(
                    f"{of_part}.parameters", part.parameters, above, "показателя или rules"
                )


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
                yield from _twice(f"{path}.{name}", map(str, value), "«{}» указано дважды")
        interim = measure.rules.get("interim_indicators")
        if isinstance(interim, tuple):
            where = f"{path}.interim_indicators"
            yield from _unknown(where, interim, codes, "в мероприятии нет показателя «{}»")
        elif interim is not None or (is_ongoing(measure) and measure.indicators):
            yield Problem(
                f"{path}.interim_indicators",
                "мероприятие идёт весь период: перечислите показатели, по которым о нём судят "
                "до его конца",
            )


def _waivers(plan: Plan) -> Iterator[Problem]:
    for index, measure in enumerate(plan.measures):
        codes = {indicator.code for indicator in measure.indicators}
        text = f"{measure.text} {measure.date_text} {measure.indicator_text or ''}"
        for place, waiver in enumerate(measure.waivers):
            path = f"measures[{index}].waivers[{place}]"
            if waiver.words not in text:
                yield Problem(f"{path}.words", f"слов «{waiver.words}» в мероприятии нет")
            if waiver.indicator not in codes:
                yield Problem(
                    f"{path}.indicator", f"в мероприятии нет показателя «{waiver.indicator}»"
                )
            # Of what letters are to bring: only they are acknowledged.
            if (waiver.indicator, measure.rules.get("acknowledgement")) in {
                (one.code, "required")
                for one in measure.indicators
                if one.measured_from == "ledger" and one.kind is IndicatorKind.SHARE
            }:
                yield Problem(
                    path, "получение проверяется (acknowledgement: required): оговорка не нужна"
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
        yield from _unknown(f"{path}.exclude", rules.exclude, numbers, _NO_MEASURE)
        if measure.number not in owned:
            yield Problem(
                f"measures[{index}]",
                f"за мониторинг № {measure.number} не отвечает ни один этап (phases[].owns)",
            )
        for phase in plan.phases:
            # What the phase itself does is known after its letter: counted, it would make a
            # later phase give another share than this letter gave.
            beside = [n for n in phase.owns if n not in (*rules.exclude, measure.number)]
            if measure.number in phase.owns and beside:
                yield Problem(
                    f"{path}.exclude",
                    f"этап мониторинга исполняет и № {', '.join(beside)}: добавьте их",
                )


_NO_MEASURE = "нет мероприятия № {}"


def _phases(plan: Plan, known: frozenset[str] | None) -> Iterator[Problem]:
    numbers = {measure.number for measure in plan.measures}
    codes = [phase.code for phase in plan.phases]
    yield from _twice("phases", codes, "этап «{}» указан дважды", ".code")
    for index, phase in enumerate(plan.phases):
        path = f"phases[{index}]"
        if phase.report == "reminder" or phase.code.startswith("reminder/"):
            yield Problem(f"{path}.code", "напоминания задаются полем reminders, а не этапом")
        elif phase.report == "closing" or is_occasion(phase.code):
            yield Problem(f"{path}.code", "об окончании сроков сообщает поле closings, а не этап")
        elif phase.code in TAKEN:
            yield Problem(f"{path}.code", f"код «{phase.code}» занят: так называется другой DAG")
        for name, listed in (("owns", phase.owns), ("reports", phase.reports)):
            yield from _twice(f"{path}.{name}", listed, "№ {} указан дважды")
            yield from _unknown(f"{path}.{name}", listed, numbers, _NO_MEASURE)
        yield from _unknown(
            f"{path}.owns",
            phase.owns,
            phase.reports,
            "этап отвечает за мероприятие № {}, но не сообщает о нём (reports)",
        )
        yield from _datasets(f"{path}.datasets", phase.datasets, known)


def _datasets(path: str, datasets: Datasets, known: frozenset[str] | None) -> Iterator[Problem]:
    for place, dataset in enumerate(datasets.told):
        if dataset in datasets.needed:
            yield Problem(f"{path}.told[{place}]", f"вид сведений «{dataset}» уже стоит в needed")
    for name, listed in (("needed", datasets.needed), ("told", datasets.told)):
        yield from _twice(f"{path}.{name}", listed, "вид сведений «{}» указан дважды")
        if known is not None:
            text = "вида сведений «{}» нет в include/sources.yaml"
            yield from _unknown(f"{path}.{name}", listed, known, text)


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
        # A calendar's day may belong to one phase only: it names the run's data interval.
        if first.starts <= second.as_of and second.starts <= first.as_of:
            yield Problem(
                f"phases[{index}].starts",
                f"окно этапа «{second.code}» ({day(second.starts)}–{day(second.as_of)}) "
                f"пересекается с окном этапа «{first.code}» "
                f"({day(first.starts)}–{day(first.as_of)})",
            )


def _procedures(plan: Plan) -> Iterator[Problem]:
    for index, phase in enumerate(plan.phases):
        path = f"phases[{index}]"
        keys = [procedure.key for procedure in phase.procedures]
        if phase.report == "analysis" and not keys:
            yield Problem(f"{path}.procedures", "анализу нечего анализировать: нет процедур")
        if phase.report != "analysis" and keys:
            yield Problem(f"{path}.procedures", "процедуры разбирает только этап анализа")
        yield from _twice(f"{path}.procedures", keys, "процедура «{}» указана дважды")
        compared = [comparison.current for comparison in phase.comparisons]
        text = "процедура «{}» уже сравнивается"
        yield from _twice(f"{path}.comparisons", compared, text, ".current")
        for place, procedure in enumerate(phase.procedures):
            yield from _kind(f"{path}.procedures[{place}]", procedure)
        for place, comparison in enumerate(phase.comparisons):
            yield from _comparison(f"{path}.comparisons[{place}]", comparison, phase)
            yield from _kind(f"{path}.comparisons[{place}].previous", comparison.previous)


def _kind(path: str, procedure: Procedure) -> Iterator[Problem]:
    """A procedure is of a kind of include/procedures.yaml, and held when that kind is."""
    kind = kinds().get(procedure.kind)
    if kind is None:
        yield Problem(
            f"{path}.kind",
            f"«{procedure.kind}» — такого вида процедур нет; возможны "
            f"(include/procedures.yaml): {', '.join(kinds())}",
        )
    elif procedure.wave not in kind.waves:
        yield Problem(
            f"{path}.wave", f"у вида {procedure.kind} такого нет; возможны: {', '.join(kind.waves)}"
        )


def _positive_changes(plan: Plan) -> Iterator[Problem]:
    for index, phase in enumerate(plan.phases):
        if phase.positive_changes is None:
            continue
        if phase.report not in ("monitoring", "summary"):
            text = "о позитивных изменениях говорят отчёты о мониторинге и об итогах года"
            yield Problem(f"phases[{index}].positive_changes", text)
        unread = {"medk_changes", "risk_profiles"}.difference(
            phase.datasets.needed, phase.datasets.told
        )
        if unread:
            names = ", ".join(sorted(unread))
            text = f"о позитивных изменениях нужны и виды сведений: {names}"
            yield Problem(f"phases[{index}].datasets", text)


def _topics(plan: Plan) -> Iterator[Problem]:
    """Whose topics have to answer a deficit needs the risks that schools have taken into work.

    A phase that analyses results finds deficits itself: profiles that came after it would
    correct its letters by one line, that they have come.
    """
    strict = {m.number for m in plan.measures if m.rules.get("topics") == "strict"}
    told = [
        (f"phases[{index}].datasets", phase.reports, phase.datasets)
        for index, phase in enumerate(plan.phases)
        if phase.report != "analysis"
    ]
    told += [
        (f"{name}.datasets", part.measures, part.datasets)
        for name, part in (("reminders", plan.reminders), ("closings", plan.closings))
        if part is not None
    ]
    for path, numbers, datasets in told:
        if strict & set(numbers) and "risk_profiles" not in (*datasets.needed, *datasets.told):
            yield Problem(path, "о темах мероприятий нужен и вид сведений: risk_profiles")


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
    owners: dict[str, str] = {}
    for index, phase in enumerate(plan.phases):
        for place, number in enumerate(phase.owns):
            owner = owners.setdefault(number, phase.code)
            if owner != phase.code:
                yield Problem(
                    f"phases[{index}].owns[{place}]",
                    f"за мероприятие № {number} уже отвечает этап «{owner}»",
                )
    reported = {number for phase in plan.phases for number in phase.reports}
    yield from _unknown(
        "measures",
        [measure.number for measure in plan.measures],
        reported,
        "о мероприятии № {} не сообщает ни один этап (phases[].reports)",
    )


def _reminders(plan: Plan, known: frozenset[str] | None) -> Iterator[Problem]:
    if plan.reminders is None:
        return
    numbers = {measure.number for measure in plan.measures}
    reminding, days_before = plan.reminders.measures, plan.reminders.days_before
    yield from _unknown("reminders.measures", reminding, numbers, _NO_MEASURE)
    yield from _twice("reminders.measures", reminding, "№ {} указан дважды")
    yield from _twice("reminders.days_before", days_before, "{} указано дважды")
    yield from _datasets("reminders.datasets", plan.reminders.datasets, known)


def _closings(plan: Plan, known: frozenset[str] | None) -> Iterator[Problem]:
    if plan.closings is None:
        return
    numbers = {measure.number for measure in plan.measures}
    yield from _unknown("closings.measures", plan.closings.measures, numbers, _NO_MEASURE)
    yield from _twice("closings.measures", plan.closings.measures, "№ {} указан дважды")
    yield from _datasets("closings.datasets", plan.closings.datasets, known)


def _municipalities(plan: Plan) -> Iterator[Problem]:
    ids = [municipality.id for municipality in plan.municipalities]
    names = [municipality.name for municipality in plan.municipalities]
    yield from _twice("region.municipalities", ids, "код «{}» указан дважды", ".id")
    yield from _twice("region.municipalities", names, "наименование «{}» указано дважды", ".name")
    if REGION in ids:
        path = f"region.municipalities[{ids.index(REGION)}].id"
        yield Problem(path, "код «region» занят: так зовётся область")


def _phone(plan: Plan) -> Iterator[Problem]:
    phone, region = plan.contact.phone, plan.region
    if not region.is_phone(phone):
        forms = " или ".join(f"«{form}»" for form in region.phone_forms)
        yield Problem("contact.phone", f"«{phone}» — телефоны пишут так: {forms} (0 — любая цифра)")


def _in_year(plan: Plan, path: str, value: date, years_after: int = 0) -> Iterator[Problem]:
    first, last = plan.years
    if not first <= value.year <= last + years_after:
        of_plan = "года" if first == last else f"лет {first}–{last}"
        yield Problem(path, f"дата вне {of_plan} плана: {day(value)}")


def _twice(path: str, values: Iterable[object], text: str, field: str = "") -> Iterator[Problem]:
    """Of values of that list that stood before; `text` has a place for the value."""
    for index, value in _repeated(values):
        yield Problem(f"{path}[{index}]{field}", text.format(value))


def _unknown(
    path: str, values: Iterable[object], known: Collection[object], text: str
) -> Iterator[Problem]:
    """Of values of that list that are not among those known."""
    for index, value in enumerate(values):
        if value not in known:
            yield Problem(f"{path}[{index}]", text.format(value))


def _repeated(values: Iterable[object]) -> Iterator[tuple[int, object]]:
    """Places of values that stood before."""
    seen: set[object] = set()
    for index, value in enumerate(values):
        if value in seen:
            yield index, value
        seen.add(value)
