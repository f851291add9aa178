"""What each table about measures and indicators must hold, in every phase."""

from __future__ import annotations

import re
from typing import Any

from recount.analysis import EMPTY, NOT_HELD, Cell, Row, share, title
from recount.files import words
from recount.indicators import REGION, Unit
from recount.statuses import Fact, State, signed


class Prose:
    """A sentence: its numbers are held elsewhere."""

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0

    def __repr__(self) -> str:
        return "…"


PROSE = Prose()


class Holds:
    """A text with exactly these numbers, and these words in it."""

    def __init__(self, numbers: tuple[int, ...], *parts: str) -> None:
        self.numbers, self.parts = numbers, parts

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, str):
            return False
        found = tuple(int(one) for one in re.findall(r"\d+", other))
        return found == self.numbers and all(part in other for part in self.parts)

    def __hash__(self) -> int:
        return 0

    def __repr__(self) -> str:
        return f"<numbers {self.numbers}, words {self.parts}>"


class Says(Holds):
    """A text with these words in it, whatever numbers names may hold."""

    def __init__(self, *parts: str) -> None:
        super().__init__((), *parts)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and all(part in other for part in self.parts)

    __hash__ = Holds.__hash__


class Monitoring:
    """`unit`: a municipality's code, or region; `state` and the states of the phases before."""

    def __init__(self, state: State, unit: str) -> None:
        self.state, self.unit = state, unit
        self.is_region = unit == REGION
        self.registry = state.registry
        self.number = next(iter(state.phase["owns"]))

    def name(self, unit: str) -> str:
        return "Регион" if unit == REGION else title(words(self.registry.name[unit]))

    def facts(self) -> list[tuple[str, Fact, bool]]:
        """(title, fact, is the unit's own) of each indicator in its order."""
        found = []
        for code in sorted(self.state.specs, key=_order):
            own = self.is_region or self.state.is_own(code)
            spec = self.state.specs[code][1]
            found.append((words(spec["title"]), self.state.fact(code, self.unit), own))
        return found

    def plan_text(self, fact: Fact) -> str:
        return {"share": f"{fact.target} %", "fact": "есть"}.get(fact.kind, str(fact.target))

    def due(self, code: str) -> Cell:
        due = self.state.windows[int(code.split(".")[0])].due
        return ("day", due.isoformat()) if due else NOT_HELD

    def lack(self, fact: Fact) -> Cell:
        """«не хватает: 2 школы», «не хватает 6 мероприятий до 14», an act that did not come."""
        if not fact.shortfall:
            return NOT_HELD
        if fact.kind == "count":
            return Holds((fact.shortfall, fact.target))
        if fact.kind == "fact" or (fact.code == "5.1" and fact.denominator == 1):
            return Holds(())
        if fact.made_good:
            days = [part for on in fact.made_good for part in (on.day, on.month, on.year)]
            return Holds((fact.shortfall, len(fact.made_good), *days), "компенсировано", "запись")
        return Holds((fact.shortfall,))

    # -- Indicators ------------------------------------------------------------------------

    def indicators(self) -> list[Row]:
        rows: list[Row] = []
        for name, fact, own in self.facts():
            value: Cell = fact.numerator if fact.kind == "count" else fact.text
            label = name if own else f"{name} (регион)"
            cells = (fact.code, label, self.due(fact.code), self.plan_text(fact), value)
            rows.append(("", (*cells, fact.status, self.lack(fact))))
        return rows

    def indicators_sheet(self) -> list[Row]:
        rows: list[Row] = []
        for name, fact, own in self.facts():
            by = "муниципалитет" if own and not self.is_region else "регион"
            whole: tuple[Cell, Cell] = (NOT_HELD, NOT_HELD)
            if fact.kind == "share" and fact.denominator:
                whole = fact.denominator, share(fact.numerator, fact.denominator)
            lead = (fact.code, name, by, self.due(fact.code), self.plan_text(fact))
            rows.append(("", (*lead, fact.numerator, *whole, fact.status, self.lack(fact))))
        return rows

    def by_municipality(self, codes: list[str]) -> list[Row]:
        """March: fact and status of the municipalities' own indicators."""
        return [
            ("", (self.name(unit), *(
                cell for code in codes
                for cell in (self.state.facts[code, unit].text, self.state.facts[code, unit].status)
            )))
            for unit in self.registry.participating
        ]  # fmt: skip

    def matrix(self, codes: list[str]) -> list[Row]:
        own = [code for code in codes if self.state.is_own(code)]
        assert own == codes
        return [
            ("", (self.name(unit), *(self.state.facts[code, unit].signed for code in codes)))
            for unit in self.state.units
        ]

    def own_codes(self) -> list[str]:
        """What the matrix shows: own indicators but the monitorings themselves."""
        return [
            code
            for code in sorted(self.state.specs, key=_order)
            if self.state.is_own(code) and code not in ("12.1", "15.1")
        ]

    def letter(self) -> list[Row]:
        if self.is_region:
            scope = self.scope()
            return [
                ("", (self.name(unit), _of(self.state.executed(unit, scope))))
                for unit in self.state.units
            ]
        rows: list[Row] = []
        for code in self.own_codes():
            fact = self.state.facts[code, self.unit]
            name = words(self.state.specs[code][1]["title"])
            rows.append(("", (name, fact.text, signed(fact.status))))
        return rows

    # -- Measures --------------------------------------------------------------------------

    def scope(self, with_ongoing: bool = True) -> list[int]:
        """What the headline counts: a monitoring's measures, at the end of the year all."""
        rules = (
            self.state.measures[self.number]["rules"] if self.number in self.state.measures else {}
        )
        if "exclude" not in rules:
            return list(self.state.measures)
        return self.state.scope(rules, with_ongoing)

    def done(self) -> tuple[int, int]:
        """Executed measures, and all that are counted."""
        return self.state.executed(self.unit, self.scope())

    def executed(self) -> list[Row]:
        rows: list[Row] = []
        is_summary = "exclude" not in self.state.measures[self.number]["rules"]
        for unit in self.state.units:
            done, whole = self.state.executed(unit, self.scope())
            cells: list[Cell] = [self.name(unit), done, whole, share(done, whole)]
            if not is_summary:
                done, whole = self.state.executed(unit, self.scope(with_ongoing=False))
                cells += [done, whole, share(done, whole)]
            for code in ("12.1", "15.1"):
                if code in self.state.specs and int(code[:2]) not in self.state.phase["owns"]:
                    cells.append(self.state.facts[code, unit].text)
            rows.append(("", tuple(cells)))
        return rows

    def measures(self) -> list[Row]:
        rows: list[Row] = []
        for number, measure in self.state.measures.items():
            own = self.state.codes(number, self.unit)
            unit = self.unit if own else REGION
            codes = own or self.state.codes(number, REGION)
            facts = [self.state.facts[code, unit] for code in sorted(codes, key=_order)]
            if len(facts) == 1:
                plan, fact = self.plan_text(facts[0]), facts[0].text
            else:
                plan = "; ".join(f"{one.code}: {self.plan_text(one)}" for one in facts)
                fact = "; ".join(f"{one.code}: {one.text}" for one in facts)
            status = self.state.measure(number, unit)
            assert status is not None
            rows.append(
                ("", (str(number), words(measure["text"]), words(measure["date_text"]),
                      words(measure["indicator_text"]), plan, fact, signed(status), PROSE, PROSE))
            )  # fmt: skip
        return rows

    def course(self) -> list[Row]:
        rows: list[Row] = []
        states = [
            self.state.earlier["june_monitoring"],
            self.state.earlier["september_monitoring"],
            self.state,
        ]
        for number, measure in self.state.measures.items():
            cells = []
            for state in states:
                if number not in state.measures:
                    cells.append("–")
                    continue
                status = state.measure(number, self.unit) or state.measure(number, REGION)
                cells.append(signed(str(status)))
            rows.append(("", (str(number), words(measure["text"]), *cells)))
        return rows

    def changes(self, own: bool = True) -> list[Row]:
        """Indicators whose fact or status is another than in June: the unit's, or the region's."""
        rows: list[Row] = []
        before = self.state.earlier["june_monitoring"]
        for name, fact, is_own in self.facts():
            if fact.code in before.specs and is_own == own:
                then = before.fact(fact.code, self.unit)
                if then.signed != fact.signed:
                    rows.append(("", (fact.code, name, then.signed, fact.signed)))
        return rows

    def regional_changes(self) -> list[str]:
        """A municipality reads the region's changes in sentences."""
        return [
            f"{name} ({code}): было {then}, стало {now}."
            for _, (code, name, then, now) in self.changes(own=False)
        ]

    def year(self) -> list[Row]:
        """The year in figures; facts of documents are not among them."""
        registry = self.registry
        rows: list[Row] = [
            ("", ("", "Школ в проекте на конец года", len(self._schools()))),
        ]
        if self.is_region:
            rows.append(
                ("", ("", "Муниципальных образований в проекте", len(registry.participating)))
            )
        for name, fact, own in self.facts():
            if fact.kind == "fact":
                continue
            label = name if own else f"{name} (регион)"
            value: Cell = fact.numerator if fact.kind == "count" else fact.text
            rows.append(("", (fact.code, label, value)))
            if fact.kind == "count":
                spec = self.state.specs[fact.code][1]
                for part in spec.get("parts", ()):
                    counted = self.state.counted[fact.code].parts[part["code"]]
                    rows.append(("", ("", f"— {part['title']}", counted.numerator)))
        return rows

    def _schools(self) -> list[str]:
        if self.is_region:
            return list(self.registry.project)
        return self.registry.schools_of(self.unit)

    # -- What is missing -------------------------------------------------------------------

    def missing(self, sheet: bool) -> list[Row]:
        """One row per unit and indicator in the document, one per thing in the sheet."""
        rows: list[Row] = []
        for unit in self.state.units if self.is_region else [self.unit]:
            group = "Регион в целом" if unit == REGION else self.name(unit)
            found = []
            for code in sorted(self.state.counted, key=_order):
                is_unit = unit != REGION if self.state.is_own(code) else unit == REGION
                fact = self.state.facts.get((code, unit))
                if is_unit and fact and fact.shortfall and fact.status != "срок не наступил":
                    found += self._missing_of(code, unit, sheet)
            if not found:
                continue
            if self.is_region and not sheet:
                rows.append((group, (group,)))
            for cells in found:
                lead = (group,) if self.is_region and sheet else ()
                rows.append(("" if sheet or not self.is_region else group, (*lead, *cells)))
        if sheet and not rows:
            return [("", ("Всё есть, действий не требуется", *[EMPTY] * 6))]
        return rows

    def _missing_of(self, code: str, unit: str, sheet: bool) -> list[tuple[Cell, ...]]:
        found: list[tuple[Cell, ...]] = []
        due = self.due(code)
        due = "не определён" if due == NOT_HELD else due
        name = words(self.state.specs[code][1]["title"])
        fact = self.state.facts[code, unit]
        missing = self.state.counted[code].missing()
        if fact.kind == "count":
            short = Unit(REGION, "", None, (f"не хватает {fact.shortfall} ",))
            missing = (short, *missing)
        if unit == REGION and missing and not sheet:  # of the region, all in one row
            lacks = tuple(part for one in missing for part in one.lacks)
            missing = (Unit(REGION, "", None, lacks),)
        for one in dict.fromkeys(missing):
            if unit not in (one.municipality, REGION):
                continue
            who: Cell = one.who
            if unit == REGION:
                who = "Оператор плана-графика"
            elif code in ("5.0", "5.1"):
                who = self.name(unit) if self.is_region else PROSE
            whats: list[Cell] = [Says(part) for part in one.lacks] if sheet else [Says(*one.lacks)]
            for what in whats or [PROSE]:
                if sheet:
                    found.append((code, name, who, what, due, EMPTY, EMPTY))
                else:
                    found.append((code, who, what, due))
        return found


def _of(pair: tuple[int, int]) -> str:
    return f"{pair[0]} из {pair[1]}"


def _order(code: Any) -> tuple[int, ...]:
    return tuple(int(part) for part in str(code).split("."))
