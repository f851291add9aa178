"""The status of an indicator, of a measure, and what a monitoring counts (docs/domain.md §7)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from recount.indicators import REGION, Indicator, Registers, day_of

DONE, LATE = "исполнено", "исполнено с нарушением срока"
PARTLY, NOT_DONE = "исполнено частично", "не исполнено"
IN_PROGRESS, NOT_DUE, NO_DATE = "в работе", "срок не наступил", "срок не определён"
SIGN = {DONE: "●", LATE: "●", PARTLY: "▲", NOT_DONE: "▲"}


@dataclass(frozen=True)
class Window:
    """docs/domain.md §7.1: `begins`, `due`; the whole period is not done before its end."""

    begins: date | None
    due: date | None
    lasts: bool


def window(measure: dict[str, Any], schedule: dict[int, date]) -> Window:
    found = measure["window"]
    match found["kind"]:
        case "on":
            on = day_of(found["on"])
            return Window(on, on, False)
        case "own_schedule":
            on = schedule.get(measure["number"])
            return Window(on, on, False)
        case kind:
            return Window(day_of(found["starts"]), day_of(found["ends"]), kind == "whole_period")


def of_indicator(missing: int, met_on: date | None, some: bool, frame: Window, on: date) -> str:
    """`some`: something of what is counted is there."""
    if frame.due is None or frame.begins is None:
        return NO_DATE
    if frame.begins > on:
        return NOT_DUE
    if frame.lasts and on < frame.due:
        return IN_PROGRESS
    if not missing:
        return LATE if met_on is not None and met_on > frame.due else DONE
    if on < frame.due:
        return IN_PROGRESS
    return PARTLY if some else NOT_DONE


def of_measure(statuses: list[str], frame: Window, on: date) -> str:
    """Done is a measure with all its indicators; with some of them it is done in part."""
    if frame.due is None or frame.begins is None:
        return NO_DATE
    if frame.begins > on:
        return NOT_DUE
    if set(statuses) <= {DONE, LATE}:
        return LATE if LATE in statuses else DONE
    if on < frame.due:
        return IN_PROGRESS
    return PARTLY if {DONE, LATE, PARTLY} & set(statuses) else NOT_DONE


@dataclass(frozen=True)
class Fact:
    """An indicator of one municipality, or of the region, on the day."""

    code: str
    kind: str  # share, count, fact
    target: int
    numerator: int
    denominator: int | None
    shortfall: int
    status: str
    made_good: tuple[date, ...] = ()  # of what is short, by a substitute

    @property
    def text(self) -> str:
        """«11 из 12», «есть», «нет», «14»."""
        if self.kind == "fact":
            return "есть" if self.numerator else "нет"
        if self.denominator is None:
            return str(self.numerator)
        return f"{self.numerator} из {self.denominator}"

    @property
    def signed(self) -> str:
        return f"{self.text}, {signed(self.status)}"


def signed(status: str) -> str:
    return f"{SIGN.get(status, '○')} {status}"


class State:
    """All that one phase reports: facts and statuses of each municipality and the region.

    `earlier`: the states of the phases before, for 12.1 and 15.1 in later reports.
    """

    def __init__(
        self, plan: dict[str, Any], phase: dict[str, Any], registers: Registers,
        earlier: dict[str, State],
    ) -> None:  # fmt: skip
        self.plan, self.phase, self.registers = plan, phase, registers
        self.on = day_of(phase["as_of"])
        self.registry = registers.registry
        self.earlier = earlier
        self.measures = {
            m["number"]: m for m in plan["measures"] if m["number"] in phase["reports"]
        }
        self.windows = {n: window(m, registers.own_schedule()) for n, m in self.measures.items()}
        self.specs = {
            spec["code"]: (number, spec)
            for number, measure in self.measures.items()
            for spec in measure["indicators"]
            if phase["code"] not in spec.get("outside_letter_of", ())
        }
        self.counted = registers.count(self.specs)
        self.units = [*self.registry.participating, REGION]
        self.facts: dict[tuple[str, str], Fact] = {}
        self.monitored: dict[str, list[int]] = {}  # the measures of the denominator
        for code in sorted(self.specs, key=lambda c: "measures_executed" in str(self.specs[c])):
            for unit in self.units:
                self._judge(code, unit)

    def is_own(self, code: str) -> bool:
        """Whether the indicator is that of a municipality, not of the region only."""
        return bool(self.specs[code][1]["slice"] == "municipality")

    def fact(self, code: str, unit: str) -> Fact:
        """The unit's, or the region's where a municipality has none of its own."""
        return self.facts.get((code, unit)) or self.facts[code, REGION]

    def parts(self, code: str, unit: str) -> list[str]:
        """«15 из 16» of each part of an indicator: coordinators, curators, schools."""
        whole = self.counted.get(code)
        if whole is None or not whole.parts or whole.days is not None:
            return []
        found = whole if unit == REGION else whole.of(unit)
        return [f"{p.numerator} из {p.denominator}" for p in found.parts.values()]

    def _judge(self, code: str, unit: str) -> None:
        number, spec = self.specs[code]
        if unit != REGION and not self.is_own(code):
            return
        if spec.get("sql") == "measures_executed":
            self._judge_monitoring(code, unit)
            return
        whole = self.counted[code]
        found = whole if unit == REGION else whole.of(unit)
        self._keep(number, spec, unit, found)

    def _keep(self, number: int, spec: dict[str, Any], unit: str, found: Indicator) -> None:
        missing = found.shortfall(spec["target"])
        status = of_indicator(
            missing, found.met_on(spec["target"]),
            bool(found.numerator) and spec["kind"] != "fact", self.windows[number], self.on,
        )  # fmt: skip
        self.facts[spec["code"], unit] = Fact(
            spec["code"], spec["kind"], spec["target"], found.numerator, found.denominator,
            missing, status, found.made_good(),
        )  # fmt: skip

    def _judge_monitoring(self, code: str, unit: str) -> None:
        """The share of executed measures; of an earlier monitoring as it was then."""
        number, _ = self.specs[code]
        if number not in self.phase["owns"]:
            owner = next(p for p in self.plan["phases"] if number in p["owns"])
            then = self.earlier[owner["code"]].facts.get((code, unit))
            assert then is not None, (code, unit)
            self.facts[code, unit] = then
            return
        scope = self.scope(self.measures[number]["rules"])
        executed, all_of_them = self.executed(unit, scope)
        missing = all_of_them - executed
        status = of_indicator(missing, None, executed > 0, self.windows[number], self.on)
        self.facts[code, unit] = Fact(code, "share", 100, executed, all_of_them, missing, status)

    # -- Measures --------------------------------------------------------------------------

    def scope(self, rules: dict[str, Any], with_ongoing: bool = True) -> list[int]:
        """docs/domain.md §7.2: what is due that day, what lasts, what has its own date by then."""
        found = []
        for measure in self.plan["measures"]:
            number = measure["number"]
            frame = window(measure, self.registers.own_schedule())
            if number in rules["exclude"] or frame.begins is None or frame.begins > self.on:
                continue
            if frame.lasts:
                counts = with_ongoing and rules["include_ongoing"]
            elif measure["window"]["kind"] == "own_schedule":
                counts = rules["include_own_schedule"] and frame.due <= self.on
            else:
                counts = frame.due is not None and frame.due <= self.on
            if counts:
                found.append(number)
        return found

    def codes(self, number: int, unit: str) -> list[str]:
        """The indicators by which the unit's measure is judged."""
        return [
            code
            for code, (owner, _) in self.specs.items()
            if owner == number and (unit == REGION or self.is_own(code))
        ]

    def measure(self, number: int, unit: str) -> str | None:
        """The status; None where the measure is not the municipality's."""
        statuses = [self.facts[code, unit].status for code in self.codes(number, unit)]
        return of_measure(statuses, self.windows[number], self.on) if statuses else None

    def is_executed(self, number: int, unit: str) -> bool:
        status = self.measure(number, unit)
        if status in (DONE, LATE):
            return True
        frame = self.windows[number]
        if not frame.lasts or frame.due is None or self.on >= frame.due:
            return False
        interim = self.measures[number]["rules"]["interim_indicators"]
        return all(self.facts[code, unit].shortfall == 0 for code in interim)

    def executed(self, unit: str, scope: list[int]) -> tuple[int, int]:
        own = [number for number in scope if self.codes(number, unit)]
        return sum(self.is_executed(number, unit) for number in own), len(own)
