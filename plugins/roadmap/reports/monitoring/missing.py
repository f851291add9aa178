"""What is missing, by name: which school misses which document, who was not at which event.

One item per missing unit and thing, in the order of municipalities, indicators and names.
Persons have no names here: a curator is named by the schools that he or she leads.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from roadmap.evidence.registers.risk_factors import factor_names
from roadmap.indicators.about import about, stem_of
from roadmap.indicators.read import Gap, IndicatorResult
from roadmap.indicators.status import Status
from roadmap.plan.model import IndicatorKind, Slice
from roadmap.plan.region import REGION
from roadmap.reports.facts.run import Facts
from roadmap.reports.model import Day, Table
from roadmap.reports.parts.draft import Laid
from roadmap.reports.parts.measures import is_by_number, missing, order_of_codes
from roadmap.reports.parts.sentences import sentence
from roadmap.reports.parts.tables import Given, Rows, columns
from roadmap.reports.words.wording import named, say, say_declared, title
from roadmap.russian import month, natural_key

_RISK = "risk"


@dataclass(frozen=True)
class MissingItem:
    """One thing that one unit lacks. `who`: a school, a role, the municipality, the region."""

    municipality_id: str
    result: IndicatorResult
    who: str
    what: str
    is_own: bool
    unit_kind: str  # of the gap: coordinator, curator, school, municipality, document, ...

    @property
    def is_school(self) -> bool:
        """Whether `who` is a school's name."""
        return self.unit_kind == "school"

    @property
    def code(self) -> str:
        return self.result.indicator.code

    @property
    def due(self) -> date | None:
        return self.result.due


def missing_items(facts: Facts) -> tuple[MissingItem, ...]:
    """Everything that is missing in the indicators that this report shows.

    Gaps of indicators that stand outside the letter are left out with them: else sending a
    letter would change it.
    """
    shown = {r.indicator.code: r for r in (*facts.indicators, *facts.regional)}
    # Of what is counted in units an event may fail although enough others were held.
    open_codes = {c for c, r in shown.items() if r.shortfall and r.status is not Status.NOT_DUE}
    units, order = list(facts.run.municipalities), order_of_codes(facts.run.plan)
    items: list[MissingItem] = []
    by_indicator: dict[tuple[int, int, str], list[Gap]] = defaultdict(list)
    for gap in facts.gaps:
        code = gap.indicator_code.partition("/")[0]
        if code not in open_codes or _words_of(shown[code], gap) is None:
            continue
        place = units.index(gap.municipality_id) if gap.municipality_id in units else len(units)
        by_indicator[place, order[code], gap.municipality_id].append(gap)
    by_number = {}
    for result in _by_number(facts):
        unit = result.municipality_id
        place = units.index(unit) if unit in units else len(units)
        by_number[place, order[result.indicator.code], unit] = result
    for key in sorted({*by_indicator, *by_number}):
        if key in by_number:
            items.append(_of_number(facts, by_number[key]))
        else:
            gaps = by_indicator[key]
            items.extend(_of_indicator(facts, shown[gaps[0].whole_code], key[2], gaps))
    return tuple(items)


def _by_number(facts: Facts) -> Iterable[IndicatorResult]:
    """Where a number misses its target: of what municipalities report, each one's own number."""
    of_region = facts.indicators if facts.is_region else facts.regional
    own = [r for of_unit in facts.by_municipality.values() for r in of_unit]
    sliced = own if facts.is_region else facts.indicators
    for result in (*sliced, *(r for r in of_region if r.indicator.slice is Slice.REGION)):
        if is_by_number(result) and result.shortfall and result.status is not Status.NOT_DUE:
            yield result


def _of_number(facts: Facts, result: IndicatorResult) -> MissingItem:
    unit = result.municipality_id
    is_own = facts.is_region or unit != REGION
    who = _of_place(facts, unit)
    return MissingItem(unit, result, who, missing(result), is_own, "count")


def _of_indicator(
    facts: Facts, result: IndicatorResult, unit: str, gaps: Sequence[Gap]
) -> Iterable[MissingItem]:
    lacking: list[tuple[str, str, str]] = []
    if result.indicator.kind is IndicatorKind.COUNT:
        lacking.append((sentence(facts, "region"), missing(result), "count"))
    persons = [gap for gap in gaps if gap.unit_kind in ("coordinator", "curator")]
    persons.sort(key=lambda g: (g.unit_kind, g.indicator_code, g.person_id or ""))
    for (kind, _, _), group in groupby(
        persons, key=lambda g: (g.unit_kind, g.indicator_code, g.person_id)
    ):
        of_person = list(group)
        lacking.append((_person(facts, kind, of_person), _thing(result, of_person[0]), kind))
    # What every school has to have stands before what its own risks ask for.
    for gap in sorted(gaps, key=lambda g: (g.detail or "").startswith(f"{_RISK}/")):
        if gap.unit_kind not in ("coordinator", "curator"):
            lacking.append((_unit(facts, gap), _thing(result, gap), gap.unit_kind))
    is_own = facts.is_region or unit != REGION
    for who, what, unit_kind in sorted(dict.fromkeys(lacking), key=lambda one: natural_key(one[0])):
        yield MissingItem(unit, result, who, what, is_own, unit_kind)


def _person(facts: Facts, kind: str, gaps: Sequence[Gap]) -> str:
    if kind == "coordinator":
        return sentence(facts, "coordinator_role")
    schools = sorted({named(g.school_name) for g in gaps if g.school_name}, key=natural_key)
    return sentence(facts, "curator", schools=schools)


def _unit(facts: Facts, gap: Gap) -> str:
    if gap.school_name:
        return named(gap.school_name)
    return _of_place(facts, gap.municipality_id)


def _of_place(facts: Facts, unit: str) -> str:
    if unit == REGION:
        return sentence(facts, "region")
    if facts.is_region:
        return title(named(facts.run.municipalities[unit].name))
    return sentence(facts, "municipality")


def _words_of(result: IndicatorResult, gap: Gap) -> str | None:
    """The sentence that is declared beside the query which named the gap; None: it is not told."""
    return about(stem_of(result.indicator, gap.indicator_code)).units[gap.unit_kind].missing


def _thing(result: IndicatorResult, gap: Gap) -> str:
    """What a person, a school, a municipality or the region lacks, or did not do."""
    template = _words_of(result, gap)
    if template is None:
        raise ValueError(f"{gap.indicator_code}: units of the kind {gap.unit_kind!r} are not told")
    detail = gap.detail or ""
    return say_declared(
        template,
        title=result.indicator.title,
        detail=_month(detail) or document_name(detail),
    )


def document_name(detail: str) -> str:
    """A document of МЭДК as people name it: «антирисковая программа «Дефицит кадров»».

    Of an anti-risk programme the gap keeps «risk/» and the factor's code.
    """
    kind, _, factor = detail.partition("/")
    if kind != _RISK:
        return named(detail)
    return say("monitoring", "programme_of_risk", factor=factor_names().get(factor, factor))


def _month(text: str) -> str:
    """«май 2021 г.» of «2021-05»; "" where the text is no month."""
    try:
        return month(date.fromisoformat(f"{text}-01"))
    except ValueError:
        return ""


# -- As tables -------------------------------------------------------------------------------


def missing_table(facts: Facts, items: Sequence[MissingItem], table_id: str) -> Laid:
    """№, кто, чего не хватает, срок; the region's has a heading per municipality.

    Of one unit in one indicator everything stands in one row: «концепция; программа».
    """
    rows = Rows("document", table_id, columns("missing"))
    last = None
    for _, group in groupby(items, key=lambda item: (item.municipality_id, item.code, item.who)):
        of_unit = list(group)
        item = of_unit[0]
        if facts.is_region and item.municipality_id != last:
            last = item.municipality_id
            rows.group(_municipality(facts, last))
        cells = _cells(facts, item) | {"what": "; ".join(one.what for one in of_unit)}
        rows.add(cells, own=item.is_own)
    return rows.laid(sentence(facts, "s_missing"))


def missing_sheet_table(facts: Facts, items: Sequence[MissingItem], table_id: str) -> Table:
    """One fact per row, with empty columns to fill in."""
    heads = columns("sheet/missing")
    rows = Rows("appendix", table_id, heads if facts.is_region else heads[1:])
    for item in items:
        rows.add(_cells(facts, item), own=item.is_own)
    if not items:
        first = "municipality" if facts.is_region else "code"
        empty = dict.fromkeys((column.key for column in heads), "")
        rows.add({**empty, first: sentence(facts, "nothing")})
    return rows.laid().table


def _cells(facts: Facts, item: MissingItem) -> dict[str, Given]:
    due = item.due
    return {
        "municipality": _municipality(facts, item.municipality_id),
        "code": item.code,
        "title": item.result.indicator.title,
        "who": item.who,
        "what": item.what,
        "due": sentence(facts, "no_due_date") if due is None else Day(on=due),
        "done": "",
        "day": "",
    }


def _municipality(facts: Facts, unit: str) -> str:
    if unit == REGION:
        return sentence(facts, "region_whole")
    return title(named(facts.run.municipalities[unit].name))
