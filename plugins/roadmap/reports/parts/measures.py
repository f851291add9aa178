"""Indicators of the roadmap's measures as a table and as sentences; any phase uses them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from roadmap import russian
from roadmap.indicators.about import about, stem_of
from roadmap.indicators.read import IndicatorResult
from roadmap.indicators.status import WORDS, Status
from roadmap.plan.due import due_date
from roadmap.plan.model import IndicatorKind, Plan, Unit
from roadmap.reports.facts.run import Facts
from roadmap.reports.model import Count, Day, NoData, NotHeld, Share, Value, Words
from roadmap.reports.parts.draft import Laid
from roadmap.reports.parts.tables import Given, KeyFigure, Rows, View, columns
from roadmap.reports.words.show import show, show_number
from roadmap.reports.words.wording import say, say_declared
from roadmap.russian import NBSP

_WORDING = "shared"


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
    rows = Rows(view, table_id, columns(f"indicators/{view}"))
    for one in shown:
        figures = {"fact": indicator_figure(one)} if view == "document" else {}
        rows.add(_cells(one, facts.is_region), own=one.is_own, figures=figures)
    caption = say(_WORDING, "caption_measures") if view == "document" else ""
    return rows.laid(caption, beside_figures(facts, shown))


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
    if indicator.kind is IndicatorKind.COUNT:
        units = counted_genitive(result.shortfall, indicator.unit)
        target = russian.decimal(indicator.target, 0)
        return say(_WORDING, "missing_count", units=units, target=target)
    units = counted(result.shortfall, indicator.unit)
    # One whose parts are counted by queries of their own has no words of its own.
    declared = about(indicator.sql) if indicator.sql is not None else None
    if declared and declared.shortfall_of_one and not is_of_many(result):
        return say_declared(declared.shortfall_of_one)
    if declared and declared.shortfall:
        return say_declared(declared.shortfall, units=units)
    return say(_WORDING, "missing_share", units=units)


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
    if result.indicator.kind is not IndicatorKind.SHARE or result.status is Status.NO_SCHOOLS:
        return NotHeld()
    return NoData() if result.denominator is None else Count(n=result.denominator)


def _share(result: IndicatorResult) -> Value:
    if result.indicator.kind is not IndicatorKind.SHARE or result.status is Status.NO_SCHOOLS:
        return NotHeld()
    if result.numerator is None or not result.denominator:
        return NoData()
    return Share(numerator=result.numerator, denominator=result.denominator)


def _due(result: IndicatorResult) -> Value:
    due = due_date(result.measure.window)
    return Day(on=due) if due is not None else NotHeld()


def target_text(result: IndicatorResult) -> str:
    """«100 %», «14», «есть»."""
    match result.indicator.kind:
        case IndicatorKind.SHARE:
            return f"{show_number(result.indicator.target)}{NBSP}%"
        case IndicatorKind.COUNT:
            return russian.decimal(result.indicator.target, 0)
        case IndicatorKind.FACT:
            return say(_WORDING, "is_there", is_there=True)


def fact_value(result: IndicatorResult) -> Value:
    """What was reached: «11 из 12», a number, «есть» or «нет»; «–» where it is not asked."""
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
        case IndicatorKind.COUNT:
            return Count(n=result.numerator)
        case IndicatorKind.FACT:
            return Words(text=say(_WORDING, "is_there", is_there=bool(result.numerator)))
