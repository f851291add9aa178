"""`make explain`: prints where a number of a run comes from. No addresses, persons as codes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from roadmap.russian import MONTHS, counted, day, integer, percent
from roadmap_cli.answers import asked_database
from roadmap_cli.arguments import ArgumentParser

if TYPE_CHECKING:
    from datetime import date
    from fractions import Fraction

    from roadmap.indicators.explain import Batch, Explanation, Monitoring, Query
    from roadmap.indicators.read import Gap
    from roadmap.plan.model import Indicator

MODES = {
    "live": "письма адресатам",
    "redirect": "письма на проверочный адрес",
    "dry": "без отправки",
}
KNOWN_BY = {"loaded": "по сведениям", "received": "по всему поступившему"}
_MONTH = re.compile(r"(\d{4})-(\d{2})")
_RISK = "risk/"  # before the code of the factor whose programme is missing


def main() -> None:
    parser = ArgumentParser(description="Where a number comes from")
    parser.add_argument("--run", required=True, help="id, its beginning, or latest:<phase>")
    parser.add_argument("--municipality", required=True, help="code, name or region")
    parser.add_argument("--indicator", required=True, help="6.2")
    parser.add_argument("--query", default="", help="anything: the query, too, and its parameters")
    arguments = parser.parse_args()
    missing = [
        name
        for name in ("run", "municipality", "indicator")
        if not getattr(arguments, name).strip()
    ]
    if missing:
        given = " ".join(f"{name.upper()}=…" for name in missing)
        raise SystemExit(
            f"Не указано: {given}. Например: make explain RUN=latest:march_analysis "
            "MUNICIPALITY=region INDICATOR=6.2"
        )
    run, indicator = arguments.run.strip(), arguments.indicator.strip()
    print(
        explained(run, arguments.municipality, indicator, with_query=bool(arguments.query.strip()))
    )


def explained(run: str, municipality: str, indicator: str, *, with_query: bool = False) -> str:
    """The text for the roadmap's database of this environment; SystemExit with what is wrong."""
    from roadmap.indicators.explain import ExplainRefused, explain
    from roadmap.plan.load import PlanError

    with asked_database(ExplainRefused, PlanError) as db:
        return in_russian(explain(db, run, municipality, indicator), with_query=with_query)


def in_russian(found: Explanation, *, with_query: bool = False) -> str:
    """The explanation in Russian, several lines: files and what is missing first.

    `with_query`: also how it is counted, for whoever reads SQL.
    """
    return "\n".join(_lines(found, with_query=with_query))


def _lines(found: Explanation, *, with_query: bool) -> Iterator[str]:
    indicator, measure = found.indicator, found.measure
    yield f"Показатель {indicator.code}. {indicator.title}"
    yield f"Мероприятие № {measure.number}: {measure.text}"
    for title, said in (
        ("Раздел", found.section),
        ("Ответственный", measure.responsible),
        ("Документ-результат", measure.result),
    ):
        if said is not None:
            yield f"{title}: {said}"
    yield f"Показатель по приказу: {measure.indicator_text}"
    yield f"Для кого: {found.municipality}"
    yield (
        f"Этап: {found.phase_title}, {MODES[found.mode]}, по состоянию на {day(found.as_of)}, "
        f"{KNOWN_BY[found.known_by]} на {_moment(found, found.known_at_ms)}"
    )
    if found.is_plan_changed:
        yield (
            "ВНИМАНИЕ: план с тех пор изменился. Цель, срок и запросы ниже — по нынешнему плану, "
            "число — прежнее."
        )
    for waiver in measure.waivers:
        if waiver.indicator == indicator.code:
            yield f"Оговорка: {waiver.sentence} («{waiver.words}»: {waiver.reason})"
    yield ""
    yield from _result(found)
    yield ""
    yield from _files(found)
    yield ""
    yield from _missing(found)
    yield ""
    if not with_query:
        yield "Как это считается (запросы к базе и их параметры): добавьте к команде QUERY=1."
        return
    yield f"Запуск {found.run_id}, версия программы {found.code_version}"
    for batch in found.batches:
        yield f"  «{batch.file_name}»: SHA-256 {batch.sha256}"
    for query in found.queries:
        yield ""
        yield from _query(query, is_part=bool(indicator.parts))


def _result(found: Explanation) -> Iterator[str]:
    from roadmap.indicators.evaluate import reached
    from roadmap.indicators.status import WORDS
    from roadmap.plan.due import due_date, next_due

    indicator, result = found.indicator, found.result
    target = indicator.target if result is None else result.target
    if target is not None:
        yield f"Цель: {_target(indicator, target, result.target_on if result else None)}"
    due = due_date(found.measure.window) if result is None else result.due
    following = next_due(found.measure.window, found.as_of)
    after = f", следующий — {day(following)}" if following else ""
    yield f"Срок: {day(due) if due else 'не определён'} ({found.measure.date_text}){after}"
    if result is None:
        yield (
            "Результат: в этом запуске ещё не измерен."
            if not indicator.outside_letter_of
            else "Результат: в этом запуске ещё не измерен — измеряется после отправки писем."
        )
        return
    if result.status == "no_schools":
        yield f"Результат: {WORDS[result.status]} — показатель только о них, ничего не требуется."
        return
    is_count = indicator.kind not in ("share", "fact") and not indicator.is_of_shares
    whole = None if is_count else result.denominator
    yield f"Сделано: {reached(result.numerator, whole, indicator.unit)}"
    if indicator.is_of_shares and result.numerator is not None and result.denominator:
        yield f"Доля: {percent(result.numerator, result.denominator, 2)} %"
    if result.baseline is not None and result.change is not None:
        before = result.baseline
        of = f" из {integer(before.denominator)}" if before.denominator else ""
        points = " п. п." if indicator.is_of_shares else ""
        yield f"Было: {integer(before.numerator)}{of}, изменение: {_signed(result.change)}{points}"
    yield f"Статус: {WORDS[result.status]} — {_why(found)}"
    for part in result.parts:
        of_part = None if is_count else part.denominator
        number = reached(part.numerator, of_part, indicator.unit)
        # Parts that split a number have no target of their own.
        yield f"  {part.part.title}: {number}{'' if is_count else f' ({WORDS[part.status]})'}"
    if found.monitoring is not None:
        yield from _counted(found.monitoring)


def _target(indicator: Indicator, target: float, on: date | None) -> str:
    """«не более 10 %», «20 на 30.06.2021»; of a change with its sign."""
    number = _signed(target) if indicator.kind == "change" else _plain(target)
    per_cent = " %" if indicator.kind == "share" else " п. п." if indicator.is_of_shares else ""
    at_most = "не более " if indicator.bound == "at_most" else ""
    quarter = f" на {day(on)}" if on else ""
    return f"{at_most}{number}{per_cent}{quarter}"


def _plain(number: float) -> str:
    return integer(int(number)) if number % 1 == 0 else str(number)


def _signed(number: float | Fraction) -> str:
    return f"{'+' if number > 0 else ''}{_plain(round(float(number), 2))}"


def _counted(monitoring: Monitoring) -> Iterator[str]:
    from roadmap.indicators.status import WORDS

    if monitoring.as_of is None:
        yield "Мониторинг к этому дню не проводился: считать нечего."
        return
    yield (
        f"Считаются состояния мероприятий на {day(monitoring.as_of)}, этап "
        f"«{monitoring.phase_title}» (мероприятий: {integer(len(monitoring.measures))}); "
        "откуда каждое, скажет make explain по его показателям:"
    )
    for one in monitoring.measures:
        is_counted = monitoring.counts(one)
        interim = ", промежуточные показатели выполнены" if one.status == "in_progress" else ""
        counts = f"засчитано{interim}" if is_counted else "не засчитано"
        yield f"  № {one.measure.number}: {WORDS[one.status]} — {counts}"


def _number(value: int | None) -> str:
    return "нет данных" if value is None else integer(value)


def _why(found: Explanation) -> str:
    from roadmap.indicators.evaluate import lacking

    result = found.result
    if result is None or result.numerator is None:
        return "сведения не поступили"
    if result.shortfall is None:
        return "считать не от чего"
    if result.shortfall:
        return lacking(found.indicator, result.shortfall)
    if result.met_on is None:
        return "цель достигнута"
    due = result.due
    late = " — позже срока" if due is not None and result.met_on > due else ""
    return f"цель достигнута {day(result.met_on)}{late}"


def _query(query: Query, *, is_part: bool) -> Iterator[str]:
    if is_part:
        yield f"Часть {query.code}: {query.title}"
    yield f"Запрос include/sql/indicators/{query.stem}/units.sql"
    yield f"Вопрос: {query.question}"
    yield "Параметры:"
    for name, value in query.bound:
        yield f"  :{name} = {'нет' if value is None else value}"
    for rule, values in query.rules:
        yield f"  правило {rule}: {'; '.join(values)}"
    if query.reads_ledger:
        yield "  источник — журнал рассылки: письма, принятые почтовым сервером"
    yield "Текст:"
    for line in query.text.rstrip().splitlines():
        yield f"  {line}".rstrip()


def _files(found: Explanation) -> Iterator[str]:
    if found.monitoring is not None:
        yield "Файлов этот показатель сам не читает."
        return
    yield "Файлы, действовавшие на этот момент:" if found.batches else "Файлов нет."
    for batch in found.batches:
        yield f"  {_file(found, batch)}"
    for title in found.absent:
        yield f"  {title}: не поступал"


def _file(found: Explanation, batch: Batch) -> str:
    rejected = f", отклонено {integer(batch.rows_rejected)}" if batch.rows_rejected else ""
    rows = counted(batch.rows_accepted, "строка", "строки", "строк")
    return (
        f"{batch.title}: «{batch.file_name}», поступил {_moment(found, batch.received_ms)}, "
        f"{rows}{rejected}"
    )


def _missing(found: Explanation) -> Iterator[str]:
    if not found.missing:
        yield "Недостающих нет."
        return
    yield f"Не хватает ({integer(len(found.missing))}):"
    units = {kind: name for query in found.queries for kind, name in query.units.items()}
    parts = {query.code: query.title for query in found.queries if found.indicator.parts}
    for gap in found.missing:
        of_part = parts.get(gap.indicator_code)
        where = found.names.get(gap.municipality_id, found.municipality)
        yield f"  {where}: {_gap(gap, units[gap.unit_kind])}{f' — {of_part}' if of_part else ''}"


def _gap(gap: Gap, unit: str) -> str:
    """«куратор P-12, Школа № 2»: of a person there is only the register's code."""
    pieces = [" ".join([unit, *([gap.person_id] if gap.person_id else [])])]
    if gap.measure is not None:
        pieces[0] += f" № {gap.measure}"
    if gap.school_id is not None:
        school = gap.school_name or f"школа {gap.school_id}, которой нет в реестре"
        pieces = [school] if pieces == ["школа"] else [*pieces, school]
    if gap.detail is not None:
        pieces.append(_detail(gap.detail))
    if gap.compensated_on is not None:
        pieces.append(f"компенсировано {day(gap.compensated_on)} (изучена запись)")
    return ", ".join(pieces)


def _detail(detail: str) -> str:
    """What is lacked: a month «2021-05», the programme of a risk factor, marks of a stage of
    positive changes («1»), or words of a plan."""
    from roadmap.evidence.registers.risk_factors import factor_names

    kind, slash, factor = detail.partition(_RISK)
    if month := _MONTH.fullmatch(detail):
        return f"{MONTHS[int(month[2]) - 1]} {month[1]}"
    if detail.isdigit():
        return f"отметки {detail} этапа мониторинга позитивных изменений"
    if kind or not slash:
        return detail
    return f"антирисковая программа «{factor_names().get(factor, factor)}»"


def _moment(found: Explanation, ms: int) -> str:
    return found.local_time.at(ms).strftime("%d.%m.%Y %H:%M")


if __name__ == "__main__":
    main()
