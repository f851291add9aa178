"""What is missing, by name: which school lacks which document, who was not at which event.

One lack per missing unit and thing, in the order of municipalities, indicators and names.
Persons have no names here: a curator is named by the schools that he or she leads.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from roadmap.analysis.small_numbers import REGION
from roadmap.evidence.registers.risk_factors import factor_names
from roadmap.indicators.read import Gap, IndicatorResult
from roadmap.indicators.status import Status
from roadmap.plan.due import due_date
from roadmap.plan.model import Indicator, IndicatorKind, IndicatorPart
from roadmap.reports.facts.run import Facts
from roadmap.reports.model import Cell, Column, Day, Row, Table, Value, Words
from roadmap.reports.parts.measures import missing
from roadmap.reports.parts.results import words
from roadmap.reports.words.wording import named, say, title
from roadmap.russian import MONTHS, NBSP, natural_key

_WORDING = "monitoring"
_EMPTY = Words(text="")
_RISK = "risk"


@dataclass(frozen=True)
class Lack:
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
        return due_date(self.result.measure.window)


def lacks(facts: Facts) -> tuple[Lack, ...]:
    """Everything that is missing in the indicators that this report shows.

    Gaps of indicators that stand outside the letter are left out with them: else sending a
    letter would change it.
    """
    shown = {r.indicator.code: r for r in (*facts.indicators, *facts.regional)}
    # Of what is counted in units an event may fail although enough others were held.
    open_codes = {c for c, r in shown.items() if r.shortfall and r.status is not Status.NOT_DUE}
    units = list(facts.run.municipalities)
    found: list[Lack] = []
    by_indicator: dict[tuple[int, tuple[int, ...], str], list[Gap]] = defaultdict(list)
    for gap in facts.gaps:
        code = gap.indicator_code.partition("/")[0]
        if code not in open_codes or gap.unit_kind == "measure":
            continue
        place = units.index(gap.municipality_id) if gap.municipality_id in units else len(units)
        by_indicator[place, _order(code), gap.municipality_id].append(gap)
    for place, order, unit in sorted(by_indicator):
        gaps = by_indicator[place, order, unit]
        result = shown[".".join(map(str, order))]
        found.extend(_of_indicator(facts, result, unit, gaps))
    return tuple(found)


def _order(code: str) -> tuple[int, ...]:
    return tuple(int(part) for part in code.split("."))


def _of_indicator(
    facts: Facts, result: IndicatorResult, unit: str, gaps: Sequence[Gap]
) -> Iterable[Lack]:
    told: list[tuple[str, str, str]] = []
    if result.indicator.kind is IndicatorKind.COUNT:
        told.append((say(_WORDING, "region"), missing(result), "count"))
    persons = [gap for gap in gaps if gap.unit_kind in ("coordinator", "curator")]
    persons.sort(key=lambda g: (g.unit_kind, g.indicator_code, g.person_id or ""))
    for (kind, code, _), group in groupby(
        persons, key=lambda g: (g.unit_kind, g.indicator_code, g.person_id)
    ):
        of_person = list(group)
        told.append((_person(kind, of_person), _absence(result, code, kind, of_person), kind))
    # What every school has to have stands before what its own risks ask for.
    for gap in sorted(gaps, key=lambda g: (g.detail or "").startswith(f"{_RISK}/")):
        if gap.unit_kind not in ("coordinator", "curator"):
            told.append((_unit(facts, gap), _thing(result, gap), gap.unit_kind))
    is_own = facts.is_region or unit != REGION
    for who, what, unit_kind in sorted(dict.fromkeys(told), key=lambda one: natural_key(one[0])):
        yield Lack(unit, result, who, what, is_own, unit_kind)


def _person(kind: str, gaps: Sequence[Gap]) -> str:
    if kind == "coordinator":
        return say(_WORDING, "coordinator_role")
    schools = sorted({named(g.school_name) for g in gaps if g.school_name}, key=natural_key)
    return say(_WORDING, "curator", schools=schools)


def _unit(facts: Facts, gap: Gap) -> str:
    if gap.school_name:
        return named(gap.school_name)
    if gap.municipality_id == REGION:
        return say(_WORDING, "region")
    if facts.is_region:
        return title(named(facts.run.municipalities[gap.municipality_id].name))
    return say(_WORDING, "municipality")


def _absence(result: IndicatorResult, code: str, kind: str, gaps: Sequence[Gap]) -> str:
    """What a person did not do: a questionnaire, or taking part."""
    if _stem(result.indicator, code) == "survey_share":
        return _questionnaires([gap.detail for gap in gaps])
    return say(_WORDING, "absent", kind=kind)


def _questionnaires(details: Sequence[str | None]) -> str:
    names = sorted({named(detail) for detail in details if detail}, key=natural_key)
    return say(_WORDING, "questionnaire", names=names)


def _thing(result: IndicatorResult, gap: Gap) -> str:
    """What a school, a municipality or the region lacks."""
    stem = _stem(result.indicator, gap.indicator_code)
    match gap.unit_kind:
        case "month":
            return say(_WORDING, "month", month=_month(gap.detail or ""))
        case "programme":
            return say(_WORDING, "programme", title=named(gap.detail or ""))
        case "document":
            if not gap.detail:
                return say(_WORDING, "document_of", title=result.indicator.title)
            return say(_WORDING, "document", title=named(gap.detail))
        case "event":
            return say(_WORDING, "not_held", title=named(gap.detail or ""))
        case "seminar":
            return say(_WORDING, "seminar", title=named(gap.detail or ""))
        case "municipality":
            return say(_WORDING, "not_sent" if stem == "recommendations_sent" else "act")
    match stem:
        case "survey_share":
            return _questionnaires([gap.detail])
        case "medk_documents_placed":
            return document_name(gap.detail or "")
        case "schools_present":
            return say(_WORDING, "absent", kind="school")
        case "report_presented":
            return say(_WORDING, "not_presented")
    return say(_WORDING, "other", title=result.indicator.title)


def _stem(indicator: Indicator, code: str) -> str | None:
    """Which query named the gap: the part's own where it has one."""
    _, _, part_code = code.partition("/")
    part: IndicatorPart | None = next((p for p in indicator.parts if p.code == part_code), None)
    return part.sql if part is not None and part.sql is not None else indicator.sql


def document_name(detail: str) -> str:
    """A document of МЭДК as people name it: «антирисковая программа «Дефицит кадров»».

    Of an anti-risk programme the gap keeps «risk/» and the factor's code.
    """
    kind, _, factor = detail.partition("/")
    if kind != _RISK:
        return named(detail)
    return say(_WORDING, "programme_of_risk", factor=factor_names().get(factor, factor))


def _month(text: str) -> str:
    """«май 2021» of «2021-05»."""
    year, _, month = text.partition("-")
    if not (year.isdigit() and month.isdigit() and 1 <= int(month) <= len(MONTHS)):
        return text
    return f"{MONTHS[int(month) - 1]}{NBSP}{year}{NBSP}г."


# -- As tables -------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Grouped:
    lack: Lack
    what: str


def _by_unit(found: Sequence[Lack]) -> list[_Grouped]:
    """Of one unit in one indicator everything in one row: «концепция; программа»."""
    return [
        _Grouped(of_unit[0], "; ".join(lack.what for lack in of_unit))
        for _, group in groupby(found, key=lambda lack: (lack.municipality_id, lack.code, lack.who))
        for of_unit in (list(group),)
    ]


def lacks_table(facts: Facts, found: Sequence[Lack], table_id: str) -> Table:
    """№, кто, чего не хватает, срок; the region's has a heading per municipality."""
    rows: list[Row] = []
    last = None
    for grouped in _by_unit(found):
        lack = grouped.lack
        if facts.is_region and lack.municipality_id != last:
            last = lack.municipality_id
            rows.append(Row(kind="group", cells=(words(_municipality(facts, last)),)))
        rows.append(
            Row(
                cells=(
                    words(lack.code),
                    words(lack.who),
                    words(grouped.what),
                    Cell(value=_due(lack)),
                ),
                own=lack.is_own,
            )
        )
    return Table(
        id=table_id,
        caption=say(_WORDING, "s_missing"),
        columns=(
            Column(title="Показатель", width=28),
            Column(title="Кто", width=48),
            Column(title="Чего не хватает", width=68),
            Column(title="Срок", width=26),
        ),
        rows=tuple(rows),
    )


def lacks_sheet_table(facts: Facts, found: Sequence[Lack], table_id: str) -> Table:
    """One fact per row, with empty columns to fill in."""
    columns = (
        *((Column(title="Муниципалитет", width=32),) if facts.is_region else ()),
        Column(title="Показатель", width=12),
        Column(title="Что оценивается", width=34),
        Column(title="Кто", width=30),
        Column(title="Чего не хватает", width=40),
        Column(title="Срок", width=15),
        Column(title="Что сделано", width=26),
        Column(title="Дата", width=12),
    )
    rows = []
    for lack in found:
        unit = (words(_municipality(facts, lack.municipality_id)),) if facts.is_region else ()
        cells = (
            *unit,
            words(lack.code),
            words(lack.result.indicator.title),
            words(lack.who),
            words(lack.what),
            Cell(value=_due(lack)),
            Cell(value=_EMPTY),
            Cell(value=_EMPTY),
        )
        rows.append(Row(cells=cells, own=lack.is_own))
    if not rows:
        empty = Cell(value=_EMPTY)
        nothing = words(say(_WORDING, "nothing"))
        rows = [Row(cells=(nothing, *(empty for _ in columns[1:])))]
    return Table(id=table_id, caption="", columns=columns, rows=tuple(rows))


def _municipality(facts: Facts, unit: str) -> str:
    if unit == REGION:
        return say(_WORDING, "region_whole")
    return title(named(facts.run.municipalities[unit].name))


def _due(lack: Lack) -> Value:
    due = lack.due
    return Day(on=due) if due is not None else Words(text=say(_WORDING, "no_due_date"))
