"""Indicators of the roadmap's measures as a table and as sentences; any phase uses them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from typing import Literal, TypeVar

from roadmap import russian
from roadmap.indicators.about import about, stem_of
from roadmap.indicators.read import IndicatorResult
from roadmap.indicators.status import WORDS, Status
from roadmap.plan.model import Bound, IndicatorKind, Measure, Plan, Unit
from roadmap.reports.facts.run import Facts
from roadmap.reports.model import Column, Count, Day, NoData, NotHeld, Share, Value, Words
from roadmap.reports.parts.draft import Laid
from roadmap.reports.parts.tables import Given, KeyFigure, Rows, View, columns
from roadmap.reports.words.show import show, show_number
from roadmap.reports.words.wording import named, say, say_declared, title
from roadmap.russian import NBSP

_WORDING = "shared"
Item = TypeVar("Item")


@dataclass(frozen=True)
class Shown:
    """One indicator as a report shows it. `is_own`: counted for the addressee, not the region."""

    result: IndicatorResult
    is_own: bool

    @property
    def code(self) -> str:
        return self.result.indicator.code

    @property
    def title(self) -> str:
        return self.result.indicator.title


def shown_indicators(facts: Facts) -> tuple[Shown, ...]:
    """Indicators of the addressee and those of the region, in the plan's order.

    What the region as a whole has done is told to a municipality and is not its own: else
    one event would correct every municipality's letter.
    """
    own = [Shown(result, is_own=True) for result in facts.indicators]
    regional = [Shown(result, is_own=False) for result in facts.regional]
    order = order_of_codes(facts.run.plan)
    return tuple(sorted(own + regional, key=lambda s: order[s.code]))


def indicators_table(facts: Facts, view: View, table_id: str, shown: Sequence[Shown]) -> Laid:
    """One row per indicator; the appendix has its numbers native, one fact per column."""
    plan, heads = facts.run.plan, columns(f"indicators/{view}")
    if view == "appendix":
        heads = (*heads, *said_of_rows(plan, "section"))
    rows = Rows(view, table_id, heads)
    for one in under_headings(rows, plan, shown, lambda one: one.result.measure):
        figures = {"fact": indicator_figure(one)} if view == "document" else {}
        cells = {**_cells(one, facts.is_region), "section": section_of(plan, one.result.measure)}
        rows.add(cells, own=one.is_own, figures=figures)
    caption = say(_WORDING, "caption_measures") if view == "document" else ""
    return rows.laid(caption, beside_figures(facts, shown))


def under_headings(
    rows: Rows, plan: Plan, items: Iterable[Item], measure_of: Callable[[Item], Measure]
) -> Iterator[Item]:
    """The items one by one; in a document the first of a section stands under its heading.

    A sheet has a column for it (`said_of_rows`): its rows are sorted and filtered.
    """
    last = ""
    for item in items:
        title = section_of(plan, measure_of(item))
        if title != last and rows.view == "document":
            rows.group(title)
            last = title
        yield item


def section_of(plan: Plan, measure: Measure) -> str:
    """The heading that the measure stands under; "" in a plan without sections."""
    return named(plan.section_title(measure) or "")


def said_of_rows(plan: Plan, *keys: str) -> tuple[Column, ...]:
    """Columns of a sheet for those fields of the plan's rows, of which some row has one."""
    said = {key for measure in plan.measures for key in keys if getattr(measure, key) is not None}
    return tuple(column for column in columns("sheet/rows") if column.key in said)


def beside_figures(facts: Facts, shown: Sequence[Shown]) -> list[str]:
    """«7.2: …»: what the figures are not to be taken to say, by the plan's waivers, and what they
    count although its topic answers no deficit."""
    return [text for one in shown for text in (*_waived(one), *_off_topic(facts, one))]


def _waived(one: Shown) -> list[str]:
    return [
        say(_WORDING, "waived", code=one.code, sentence=waiver.sentence)
        for waiver in one.result.measure.waivers
        if waiver.indicator == one.code
    ]


def _off_topic(facts: Facts, one: Shown) -> list[str]:
    counted = facts.off_topic.get(one.code, ())
    if not counted:
        return []
    units = about(stem_of(one.result.indicator)).units
    told = [
        say_declared(units[unit.unit_kind].missing or "", detail=unit.detail or "", title=one.title)
        for unit in counted
    ]
    return [say(_WORDING, "counted_all_the_same", code=one.code, told=told)]


def indicator_figure(one: Shown) -> KeyFigure:
    """An indicator's key figure: «11 из 12» in the letter and the document."""
    return ("indicator", one.code), say(_WORDING, "name_indicator", code=one.code)


def status_word(status: Status) -> str:
    return WORDS[status]


# Of the signs that every Windows font has (docs/look.md §2); the word says it without them.
_SIGNS = {
    Status.DONE: "●",
    Status.DONE_LATE: "●",
    Status.PARTLY: "▲",
    Status.NOT_DONE: "▲",
    Status.IN_PROGRESS: "○",
    Status.NOT_DUE: "○",
    Status.NO_DUE_DATE: "○",
}


def fact_and_status(result: IndicatorResult) -> str:
    """«1 из 2, ▲ исполнено частично»; the status alone where nothing is known."""
    chip = status_chip(result.status)
    if result.numerator is None or result.status is Status.NO_SCHOOLS:
        return chip
    return f"{show(fact_value(result)).replace(' ', NBSP)}, {chip}"


def status_chip(status: Status) -> str:
    """«▲ не исполнено»: the status word with its sign, for tables of many statuses."""
    sign, word = _SIGNS.get(status), russian.typographic(WORDS[status])
    return f"{sign}{NBSP}{word}" if sign else word


def missing(result: IndicatorResult) -> str:
    """What is missing to the target, in units: «не хватает 3 мероприятий до 14»; "" when met.

    Beside it what a substitute made good of that, which moves no figure.
    """
    made_good = compensated(result)
    return f"{_missing(result)}; {made_good}" if made_good else _missing(result)


def compensated(result: IndicatorResult) -> str:
    """«компенсировано: 1 (изучили запись 05.04.2021)»; "" where nothing was."""
    if not result.compensated:
        return ""
    days = sorted(set(result.compensated))
    return say(_WORDING, "compensated", n=len(result.compensated), days=days)


def _missing(result: IndicatorResult) -> str:
    indicator = result.indicator
    if result.status is Status.NO_SCHOOLS:
        return ""
    if result.shortfall is None:
        return say(_WORDING, "missing_unknown")
    if result.shortfall == 0:
        return ""
    if indicator.kind is IndicatorKind.FACT:
        return say(_WORDING, "missing_fact")
    if indicator.kind is IndicatorKind.CHANGE:
        return _missing_change(result)
    if indicator.bound is Bound.AT_MOST:
        return say(_WORDING, "above", units=counted(result.shortfall, indicator.unit))
    if indicator.kind in (IndicatorKind.COUNT, IndicatorKind.SUM):
        units = counted_genitive(result.shortfall, indicator.unit)
        target = russian.decimal(result.target, 0)
        return say(_WORDING, "missing_count", units=units, target=target)
    units = counted(result.shortfall, indicator.unit)
    # One whose parts are counted by queries of their own has no words of its own.
    declared = about(indicator.sql) if indicator.sql is not None else None
    if declared and declared.shortfall_of_one and not is_of_many(result):
        return say_declared(declared.shortfall_of_one)
    if declared and declared.shortfall:
        return say_declared(declared.shortfall, units=units)
    return say(_WORDING, "missing_share", units=units)


def _missing_change(result: IndicatorResult) -> str:
    """«снижение на 3,0 п. п. при плане не менее 5 п. п.»; with the whole of the plan where the
    value moved another way, or further than it may."""
    planned = _way(result.target)
    is_short = planned == _way(result.change) and not _is_limit(result)
    return say(
        _WORDING,
        "missing_change",
        fact=_changed_by(result),
        least=_amount(result, abs(result.target)) if is_short else "",
        planned=_planned_change(result),
    )


def _planned_change(result: IndicatorResult) -> str:
    amount = _amount(result, abs(result.target))
    way, is_limit = _way(result.target), _is_limit(result)
    return say(_WORDING, "planned_change", way=way, is_limit=is_limit, amount=amount)


def _is_limit(result: IndicatorResult) -> bool:
    """Whether the value may move no further than that, rather than has to."""
    is_at_most = result.indicator.bound is Bound.AT_MOST
    return is_at_most if result.target >= 0 else not is_at_most


def _way(number: Fraction | float | None) -> Literal["up", "down", "none"]:
    return "none" if not number else "up" if number > 0 else "down"


def _amount(result: IndicatorResult, number: float) -> str:
    """«5 п. п.», «2»."""
    is_points = result.indicator.is_of_shares
    return say(_WORDING, "amount", number=show_number(number), is_points=is_points)


def _changed_by(result: IndicatorResult) -> str:
    """«снижение на 3,4 п. п.», in tenths; what misses the target is never shown as reaching it."""
    exact = 10 * (result.change or Fraction(0))
    is_at_most = result.indicator.bound is Bound.AT_MOST
    tenths = floor(abs(exact) + Fraction(1, 2)) * (1 if exact > 0 else -1)
    goal = 10 * Fraction(str(result.target))
    if result.shortfall and (tenths <= goal if is_at_most else tenths >= goal):
        tenths = ceil(exact) if is_at_most else floor(exact)
    amount = _amount(result, abs(tenths) / 10)
    return say(_WORDING, "changed_by", way=_way(tenths), amount=amount)


def _changed_from(result: IndicatorResult) -> str:
    """«снижение на 3,4 п. п. (с 23,4 % до 20,0 %)», «рост на 2 (с 5 до 7)»."""
    before, numerator, whole = result.baseline, result.numerator, result.denominator
    if before is None or numerator is None:
        raise ValueError(f"{result.indicator.code}: nothing is known of the change")
    if before.denominator and whole:
        shares = ((before.numerator, before.denominator), (numerator, whole))
        of = [f"{russian.percent(*share)}{NBSP}%" for share in shares]
    else:
        of = [russian.integer(before.numerator), russian.integer(numerator)]
    return say(_WORDING, "changed_from", fact=_changed_by(result), before=of[0], now=of[1])


def is_by_number(result: IndicatorResult) -> bool:
    """Whether a number misses the target rather than units that could be named: it was reported as
    one, or is above what is allowed."""
    indicator = result.indicator
    is_reported = indicator.sql is not None and about(indicator.sql).values
    return is_reported or indicator.bound is Bound.AT_MOST


def reached_number(result: IndicatorResult) -> str:
    """«Фактически 5 из 35, сверх допустимого: 2 школы»; of a change what it lacks says it all."""
    lacks = missing(result)
    if result.indicator.kind in (IndicatorKind.CHANGE, IndicatorKind.FACT):
        return title(lacks)
    return say(_WORDING, "reached_number", fact=show(fact_value(result)), missing=lacks)


def is_of_many(result: IndicatorResult) -> bool:
    """Whether the indicator counts several units, as it does for the region."""
    return result.denominator is not None and result.denominator > 1


def counted(n: int, unit: Unit) -> str:
    """«2 куратора»."""
    return russian.counted(n, unit.one, unit.few, unit.many)


def counted_genitive(n: int, unit: Unit) -> str:
    """«3 мероприятий», «1 мероприятия»: after «не хватает»."""
    # The genitive singular of every unit in use is the form after 2, 3, 4.
    return russian.counted(n, unit.few, unit.many, unit.many)


def is_open(shown: Shown) -> bool:
    """Whether the indicator is due and not met: what a conclusion names."""
    return shown.result.status in (Status.NOT_DONE, Status.PARTLY, Status.NO_DATA)


def order_of_codes(plan: Plan) -> dict[str, int]:
    """The place of each indicator in the plan, by its code."""
    codes = (indicator.code for measure in plan.measures for indicator in measure.indicators)
    return {code: place for place, code in enumerate(codes)}


def _cells(shown: Shown, is_region: bool) -> dict[str, Given]:
    result, name = shown.result, shown.title
    fact = fact_value(result)
    regional, own = (say(_WORDING, "scope", is_region=scope) for scope in (True, False))
    return {
        "code": shown.code,
        "name": name if shown.is_own or is_region else f"{name} ({regional})",
        "title": name,
        "scope": own if shown.is_own and not is_region else regional,
        "due": _due(result),
        "target": target_text(result),
        "fact": fact,
        "reached": fact if isinstance(fact, NotHeld | NoData) else Count(n=result.numerator or 0),
        "whole": _whole(result),
        "share": _share(result),
        "status": status_word(result.status),
        "missing": missing(result) or NotHeld(),
    }


def _whole(result: IndicatorResult) -> Value:
    if not result.indicator.is_of_shares or result.status is Status.NO_SCHOOLS:
        return NotHeld()
    return NoData() if result.denominator is None else Count(n=result.denominator)


def _share(result: IndicatorResult) -> Value:
    if not result.indicator.is_of_shares or result.status is Status.NO_SCHOOLS:
        return NotHeld()
    if result.numerator is None or not result.denominator:
        return NoData()
    return Share(numerator=result.numerator, denominator=result.denominator)


def _due(result: IndicatorResult) -> Value:
    return Day(on=result.due) if result.due is not None else NotHeld()


def target_text(result: IndicatorResult) -> str:
    """«100 %», «14», «есть», «не более 3», «снижение не менее чем на 5 п. п.»; of a target by
    quarter with the quarter's last day: «20 на 30.06.2021»."""
    text = _target(result)
    is_change = result.indicator.kind is IndicatorKind.CHANGE
    if result.indicator.bound is Bound.AT_MOST and not is_change:
        text = say(_WORDING, "at_most", number=text)
    if result.target_on is not None:
        text = say(_WORDING, "by_quarter", target=text, on=result.target_on)
    return text


def _target(result: IndicatorResult) -> str:
    match result.indicator.kind:
        case IndicatorKind.SHARE:
            return f"{show_number(result.target)}{NBSP}%"
        case IndicatorKind.COUNT | IndicatorKind.SUM:
            return russian.decimal(result.target, 0)
        case IndicatorKind.CHANGE:
            return _planned_change(result)
        case IndicatorKind.FACT:
            return say(_WORDING, "is_there", is_there=True)


def fact_value(result: IndicatorResult) -> Value:
    """What was reached: «11 из 12», a number, «есть» or «нет», by how much it changed; «–» where
    it is not asked."""
    if result.status is Status.NO_SCHOOLS:
        return NotHeld()
    if result.numerator is None:
        return NoData()
    match result.indicator.kind:
        case IndicatorKind.SHARE if result.denominator:
            part, whole = russian.integer(result.numerator), russian.integer(result.denominator)
            return Words(text=say(_WORDING, "part_of", part=part, whole=whole))
        case IndicatorKind.SHARE:
            return NoData()
        case IndicatorKind.COUNT | IndicatorKind.SUM:
            return Count(n=result.numerator)
        case IndicatorKind.CHANGE:
            return NoData() if result.change is None else Words(text=_changed_from(result))
        case IndicatorKind.FACT:
            return Words(text=say(_WORDING, "is_there", is_there=bool(result.numerator)))
