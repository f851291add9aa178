"""Counts the indicators of the seventeen measures (docs/domain.md §7) from an inbox's registers.

An indicator is given by its units: who or what is expected, and on which day it was done
(None: not yet). Whether it is met, and when, follows from that.
"""

from __future__ import annotations

import calendar
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from recount.files import Registry, Row, data, day, letters, publications, table, words

COORDINATOR, CURATOR, SCHOOL = "муниципальный координатор", "куратор", "школа"
REGION = "region"
# The codes of papers in include/demo/facts.yaml: subject and grade.
SUBJECTS = {"ru": "русский язык", "ma": "математика"}
PAPERS = {"ege_obshchestvo": ("обществознание", 11), "rdr_ma": ("математика", 10)}
LEADER = "школа-лидер"
Lacks = dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class Unit:
    """What one indicator expects of one person, school, municipality or document."""

    municipality: str
    who: str  # as a report names it
    done: date | None
    lacks: tuple[str, ...] = ()  # words that a report must say of what is missing
    made_good: date | None = None  # by a substitute; it is missing all the same


@dataclass(frozen=True)
class Indicator:
    """`units` of a share or a fact; `days` of the things counted."""

    units: tuple[Unit, ...] = ()
    days: tuple[date, ...] | None = None
    parts: dict[str, Indicator] = field(default_factory=dict)

    def of(self, municipality: str) -> Indicator:
        own = tuple(unit for unit in self.units if unit.municipality == municipality)
        return Indicator(
            own, None, {code: part.of(municipality) for code, part in self.parts.items()}
        )

    @property
    def numerator(self) -> int:
        if self.days is not None:
            return len(self.days)
        return sum(unit.done is not None for unit in self.units)

    @property
    def denominator(self) -> int | None:
        return None if self.days is not None else len(self.units)

    def shortfall(self, target: int) -> int:
        if self.days is not None:
            return max(0, target - len(self.days))
        return len(self.units) - self.numerator

    def met_on(self, target: int) -> date | None:
        """The day of the last thing that was needed; None while it is not met."""
        if self.shortfall(target):
            return None
        if self.days is not None:
            return sorted(self.days)[target - 1] if target else None
        return max((unit.done for unit in self.units if unit.done), default=None)

    def missing(self) -> tuple[Unit, ...]:
        """What is still asked for."""
        return tuple(u for u in self.units if u.done is None and u.made_good is None)

    def made_good(self) -> tuple[date, ...]:
        return tuple(sorted(u.made_good for u in self.units if u.done is None and u.made_good))


def _lacking(reason: str, event: Row) -> Unit:
    """An event that does not count, and why."""
    return Unit(REGION, "", None, (f"{reason}: {words(event['Тема'])}",))


class Registers:
    """The registers of one inbox, judged on one day."""

    def __init__(self, registry: Registry, seen: Path, plan: Row, root: Path) -> None:
        self.registry, self.on = registry, registry.on
        self.year, self.seen = registry.year, seen
        self.root = root
        self.measures = {measure["number"]: measure for measure in plan["measures"]}
        self.phases = {phase["code"]: phase for phase in plan["phases"]}
        self.plan_year = plan["year"]
        factors = data(root / "include/risk_factors.yaml")
        self.factors = _factor_names(factors, self.plan_year)
        # «500+ | Первый этап мониторинга (июнь 2021 г.) | Нейский муниципальный округ»
        subjects = [words(subject).lower() for _, subject in letters(seen / "mailbox")]
        self.sent = {tuple(subject.split(" | ")[-2:]) for subject in subjects}
        events = self._rows("events/events.xlsx", "Код события")
        self.events = {row["Код события"]: row for row in events}

    def _rows(self, path: str, title: str) -> list[Row]:
        place = self.year / path
        return table(place, title) if place.exists() else []

    def _until_now(self, cell: Any) -> date | None:
        """The day of the cell when it is not ahead."""
        found = day(cell)
        return found if found is not None and found <= self.on else None

    # -- Who took part -------------------------------------------------------------------

    def _attendance(self, event: str, role: str) -> Indicator:
        """Expected is everybody who has the role on the day; of a school one employee is enough."""
        column = "Код школы" if role == SCHOOL else "Код лица"
        rows = [
            r for r in self._rows(f"attendance/{event}.csv", "Код события") if r["Роль"] == role
        ]
        came = {row[column] for row in rows if row["Присутствовал"] == "да"}
        held = self._until_now(self.events[event]["Дата"])
        of_event = self.measures.get(self.events[event]["№ мероприятия"], {})
        if stage := of_event.get("rules", {}).get("event_on_stage"):
            days = [m[stage][2] for m in self.change_marks().values() if stage in m]
            if not held or not days or held < min(days):
                held = None
        studied = {
            row[column]: on
            for row in rows
            if row["Присутствовал"] == "нет"
            and (on := self._until_now(row.get("Запись изучена")))
            and held
            and on >= held
        }
        return self._everybody(role, dict.fromkeys(came, held), made_good=studied)

    def _everybody(
        self,
        role: str,
        done: dict[str, date | None],
        lacks: dict[str, tuple[str, ...]] | None = None,
        made_good: dict[str, date] | None = None,
    ) -> Indicator:
        """One unit for each who has the role, or each school of the project."""
        registry = self.registry
        expected = registry.project if role == SCHOOL else registry.people(role)
        curated = registry.curated()

        def name(unit: str) -> str:
            if role == SCHOOL:
                return registry.school[unit]
            if role == COORDINATOR:
                return "Муниципальный координатор"
            return "Куратор: " + ", ".join(curated.get(unit, []))

        return Indicator(
            tuple(
                Unit(
                    place,
                    name(unit),
                    done.get(unit),
                    (lacks or {}).get(unit, ()),
                    (made_good or {}).get(unit),
                )
                for unit, place in sorted(expected.items())
            )
        )

    def _participants(self, event: str) -> Indicator:
        parts = {
            code: self._attendance(event, role)
            for code, role in (
                ("coordinator", COORDINATOR),
                ("curator", CURATOR),
                ("school", SCHOOL),
            )
        }
        return Indicator(tuple(u for part in parts.values() for u in part.units), None, parts)

    # -- Documents -----------------------------------------------------------------------

    def _regional_acts(self) -> Indicator:
        approved: dict[str, date] = {}
        for row in self._rows("acts_region/regional_acts.xlsx", "Код акта"):
            on = self._until_now(row["Дата"])
            if row["Состояние"] == "утверждён" and on:
                name = words(row["Документ"]).lower()
                approved[name] = min(on, approved.get(name, on))
        needed = self.measures[1]["rules"]["required_documents"]
        return Indicator(
            tuple(Unit(REGION, "", approved.get(words(name).lower()), (name,)) for name in needed)
        )

    def _document(self, code: str) -> Indicator:
        rows = self._rows("documents/documents.xlsx", "Код документа")
        own = [row for row in rows if str(row["Показатель"]) == code]
        return self._first(own, "утверждён")

    def _directions(self) -> Indicator:
        rows = self._rows("documents/directions.xlsx", "Код")
        own = [row for row in rows if int(row["Год"]) == self.plan_year + 1]
        return self._first(own, "утверждено")

    def _first(self, rows: list[Row], approved: str) -> Indicator:
        """A fact of the region: the first day of an approved row."""
        days = [self._until_now(row["Дата"]) for row in rows if row["Состояние"] == approved]
        return Indicator((Unit(REGION, "", min(filter(None, days), default=None)),))

    def _recommended(self) -> dict[str, date]:
        """Who has a whole check-list, and since when its recommendations are there."""
        scored: dict[str, set[str]] = defaultdict(set)
        stated: dict[str, date] = {}
        for row in self._rows("mechanisms/mechanisms.xlsx", "Код муниципалитета"):
            scored[row["Код муниципалитета"]].add(row["Компонент"])
            if on := day(row["Дата рекомендаций"]):
                stated[row["Код муниципалитета"]] = on
        cycle = len(self.measures[5]["rules"]["components"])
        sent = self._sent("march_analysis")
        return {
            place: stated.get(place) or sent[place]
            for place, components in scored.items()
            if len(components) == cycle and (place in stated or place in sent)
        }

    def _recommendations_sent(self) -> Indicator:
        recommended, sent = self._recommended(), self._sent("march_analysis")
        return self._municipalities({place: sent[place] for place in recommended if place in sent})

    def _municipal_acts(self) -> Indicator:
        """A legal act and a programme document, each on the recommendations and not older."""
        rules, recommended = self.measures[5]["rules"], self._recommended()
        acts: dict[str, list[tuple[date, str, bool, str]]] = defaultdict(list)
        folder = self.year / "acts"
        for path in sorted(folder.iterdir()) if folder.is_dir() else []:
            for row in table(path, "Код муниципалитета"):
                if on := self._until_now(row["Дата"]):
                    kind = words(row["Вид акта"]).lower()
                    title = f"{kind} № {words(row['Номер'])} от {on:%d.%m.%Y}"
                    rests = row["Основание"] == "адресные рекомендации"
                    acts[row["Код муниципалитета"]].append((on, kind, rests, title))
        units = []
        for place in self.registry.participating:
            days: list[date] = []
            none: list[str] = []
            named: list[str] = []
            since = recommended.get(place, date.max)
            for kinds, words_of_none in (
                (rules["legal_acts"], "нет изменений в нормативно-правовых документах"),
                (rules["programme_documents"], "нет изменений в программных документах"),
            ):
                own = [act for act in acts[place] if act[1] in kinds]
                counted = [on for on, _, rests, _ in own if rests and on >= since]
                if counted:
                    days.append(min(counted))
                elif own:
                    named.append(max(own)[3])
                else:
                    none.append(words_of_none)
            done = None if none or named else max(days)
            units.append(Unit(place, self.registry.name[place], done, (*none, *sorted(named))))
        return Indicator(tuple(units))

    def _municipalities(self, done: dict[str, date]) -> Indicator:
        registry = self.registry
        return Indicator(
            tuple(Unit(m, registry.name[m], done.get(m)) for m in registry.participating)
        )

    # -- ИС МЭДК -------------------------------------------------------------------------

    def _surveys(self, role: str) -> Indicator:
        """Through is who has closed every questionnaire that he has."""
        column = "Код школы" if role == SCHOOL else "Код лица"
        open_ones: dict[str, list[str]] = defaultdict(list)
        closed: dict[str, list[date]] = defaultdict(list)
        for row in self._rows("medk/surveys.xlsx", "Респондент"):
            on = day(row["Дата закрытия"])
            if row["Респондент"] != role or (row["Состояние"] == "закрыта" and on is None):
                continue  # another's; closed on no day is a contradiction
            if on is None or on > self.on:
                open_ones[row[column]].append(words(row["Анкета"]))
            else:
                closed[row[column]].append(on)
        done = {unit: max(days) for unit, days in closed.items() if unit not in open_ones}
        lacks = {unit: tuple(names) for unit, names in open_ones.items()}
        return self._everybody(role, dict(done), lacks if role == SCHOOL else None)

    def risks_taken(self) -> dict[str, dict[str, bool]]:
        """School → risk → whether it is in work by its last assessment."""
        taken: dict[str, dict[str, bool]] = defaultdict(dict)
        profiles = self._rows("medk/risk_profiles.xlsx", "Код школы")
        for row in sorted(profiles, key=lambda row: day(row["Дата"]) or date.min):
            factor = self.factors.get(words(row["Фактор риска"]).lower())
            if factor and self._until_now(row["Дата"]):
                taken[row["Код школы"]][factor] = row["Активирован"] == "да"
        return taken

    def change_marks(self) -> dict[tuple[str, str], dict[int, tuple[str, str | None, date]]]:
        """School and risk → stage → mark, link and day, of what was marked by the day."""
        marks: dict[tuple[str, str], dict[int, tuple[str, str | None, date]]] = defaultdict(dict)
        for row in self._rows("medk/changes.xlsx", "Код школы"):
            on = self._until_now(row["Дата отметки"])
            if on is not None and row["Позитивные изменения"]:
                factor = self.factors[words(row["Фактор риска"]).lower()]
                link = row["Подтверждение"] or None
                mark = (row["Позитивные изменения"], link, on)
                marks[row["Код школы"], factor][int(row["Этап"])] = mark
        return marks

    def _concepts(self) -> Indicator:
        """Two documents of each school and a programme for each risk that it took into work."""
        rules = self.measures[11]["rules"]
        taken = self.risks_taken()
        state: dict[tuple[str, str], tuple[date, str]] = {}
        for row in self._rows("medk/documents.xlsx", "Код школы"):
            on = self._until_now(row["Дата состояния"])
            if on is None or row["Состояние"] not in MEDK_STATES:
                continue
            factor = words(row["Фактор риска"] or "")
            thing = self.factors.get(factor.lower(), factor) if factor else words(row["Документ"])
            key = row["Код школы"], thing.lower()
            state[key] = max(state.get(key, (date.min, "")), (on, row["Состояние"]))
        done: dict[str, date | None] = {}
        lacks: dict[str, tuple[str, ...]] = {}
        for school in self.registry.project:
            documents = list(rules["documents_of_each_school"])
            risks = [factor for factor, active in taken[school].items() if active]
            days, left = [], []
            for name, label in [(d, d) for d in documents] + [
                (risk, f"антирисковая программа «{risk}»") for risk in risks
            ]:
                on, last = state.get((school, name.lower()), (None, ""))
                if last in rules["counted_states"] and on:
                    days.append(on)
                else:
                    left.append(label)
            done[school] = max(days) if not left else None
            lacks[school] = tuple(left)
        return self._everybody(SCHOOL, done, lacks)

    # -- Events --------------------------------------------------------------------------

    def _held(self, measure: int) -> list[Row]:
        """What took place by the day; a row whose participants are no number is refused."""
        return [
            row
            for row in self.events.values()
            if row["№ мероприятия"] == measure
            and row["Состояние"] == "проведено"
            and (row["Участников"] == "" or isinstance(row["Участников"], float | int))
            and self._until_now(row["Дата"])
        ]

    def _answers_a_deficit(self, event: Row) -> bool:
        """Whether the analyses of the year so far found low results in its subject and grade.

        The low papers are those that were planted, which are counted from the files by themselves.
        """
        facts = data(self.root / "include/demo/facts.yaml")
        verdicts = list(facts["verdicts"])
        if self.on >= day_of(self.phases["august_analysis"]["as_of"]):
            verdicts += facts["august"]["verdicts"]
        low = {paper for verdict in verdicts for paper in verdict["low"]}
        found = {PAPERS.get(code) or (SUBJECTS[code[:2]], int(code[2:])) for code in low}
        return (words(event["Предмет"] or "").lower(), event["Класс"]) in found

    def _within_seminars(self) -> tuple[Indicator, Indicator]:
        """Events within a seminar, and the seminars with as many as make them standing ones."""
        needed = self.measures[8]["rules"]["least_events_of_seminar"]
        of_seminar: dict[str, list[date]] = defaultdict(list)
        for row in self._held(8):
            if row["Код семинара"] and self._answers_a_deficit(row):
                of_seminar[row["Код семинара"]].append(day_of(row["Дата"]))
        days = tuple(on for held in of_seminar.values() for on in held)
        standing = [sorted(held)[needed - 1] for held in of_seminar.values() if len(held) >= needed]
        return Indicator(days=days), Indicator(days=tuple(standing))

    def _programmes(self) -> tuple[Indicator, Indicator]:
        """Approved programmes of leader schools; of all approved ones those that were carried out.

        That is an internship of measure 9 on the base of a leader school, to which somebody of a
        school of the project came; the programme's own base is a leader school as well.
        """
        internships: dict[str, date] = {}
        for row in self._held(9):
            is_leader = row.get("Вид площадки") == LEADER and row.get("Площадка")
            is_counted = row["Вид"] == "стажировка" and is_leader
            if is_counted and row.get("Код программы") and self._project_came(row):
                on = day_of(row["Дата"])
                internships[row["Код программы"]] = min(
                    on, internships.get(row["Код программы"], on)
                )
        approved: dict[str, tuple[str, date, bool]] = {}
        for row in self._rows("events/programmes.xlsx", "Код программы"):
            on = self._until_now(row["Дата утверждения"])
            if row["№ мероприятия"] == 9 and row["Состояние"] == "утверждена" and on:
                is_leader = row["Вид площадки"] == LEADER
                approved[row["Код программы"]] = words(row["Наименование"]), on, is_leader
        units = tuple(
            Unit(REGION, "", internships.get(code) if is_leader else None, (name,))
            for code, (name, _, is_leader) in sorted(approved.items())
        )
        days = tuple(on for _, on, is_leader in approved.values() if is_leader)
        return Indicator(days=days), Indicator(units)

    def _project_came(self, event: Row) -> bool:
        """Whether the log has somebody of a school in the project."""
        came = self._rows(f"attendance/{event['Код события']}.csv", "Код события")
        return any(
            one["Код школы"] in self.registry.project and one["Присутствовал"] == "да"
            for one in came
        )

    def _in_window(self, measure: int, kind: str) -> list[Row]:
        window = self.measures[measure]["window"]
        first, last = day_of(window["starts"]), day_of(window["ends"])
        return [
            row
            for row in self._held(measure)
            if words(row["Вид"]).lower() == kind and first <= day_of(row["Дата"]) <= last
        ]

    def _train(self) -> Indicator:
        """A seminar with somebody of a project school counts, on a topic that was found."""
        held = self._in_window(10, "поезд мастеров")
        counted = [r for r in held if self._project_came(r) and self._answers_a_deficit(r)]
        failed = self._failed(10, "поезд мастеров", held)
        for row in held:
            if not self._project_came(row):
                failed.append(_lacking("педагогов школ проекта меньше, чем нужно", row))
            elif row not in counted:
                named = row["Предмет"] or row.get("Фактор риска")
                failed.append(_lacking("не нашёл" if named else "дефицит не назван", row))
        return Indicator(tuple(failed), tuple(day_of(row["Дата"]) for row in counted))

    def _internships(self) -> Indicator:
        """On the bases of leader schools, as the indicator says; beside it the other readings."""
        held = self._in_window(16, "стажировка")
        bases = [row["Вид площадки"] if row["Площадка"] else None for row in held]

        def on(*counted: str) -> tuple[date, ...]:
            pairs = zip(held, bases, strict=True)
            return tuple(day_of(row["Дата"]) for row, base in pairs if base in counted)

        readings = {
            "leader_school": on(LEADER),
            "project_school": on(LEADER, "школа проекта"),
            "any": tuple(day_of(row["Дата"]) for row in held),
        }
        parts = {code: Indicator(days=days) for code, days in readings.items()}
        failed = self._failed(16, "стажировка", held)
        for row, base in zip(held, bases, strict=True):
            if base is None:
                failed.append(_lacking("нет сведений о базе", row))
            elif base != LEADER:
                failed.append(_lacking("база — не школа-лидер", row))
        return Indicator(tuple(failed), readings["leader_school"], parts)

    def _failed(self, measure: int, kind: str, held: list[Row]) -> list[Unit]:
        """Events of the measure that are in the register and were not held in its months."""
        window = self.measures[measure]["window"]

        def why(row: Row) -> str:
            on = day_of(row["Дата"])
            if row["Состояние"] != "проведено" or on > self.on:
                return "не состоялось"
            is_early = on < day_of(window["starts"])
            return "прошло до срока" if is_early else "прошло после срока"

        return [
            _lacking(why(row), row)
            for row in self.events.values()
            if row["№ мероприятия"] == measure
            and words(row["Вид"]).lower() == kind
            and row not in held
        ]

    # -- Publications and letters ----------------------------------------------------------

    def _page(self) -> Indicator:
        days = [
            date.fromisoformat(str(row["published_on"])[:10])
            for row in publications(self.seen / "portal.db")
            if row["kind"] == "страница" and row["channel"] == "eduportal44"
        ]
        return Indicator((Unit(REGION, "", min((d for d in days if d <= self.on), default=None)),))

    def _news(self) -> Indicator:
        """One unit a month that has passed, from the month in which the measure began.

        «В социальных сетях»: what stands on the portal only is no such news.
        """
        networks = self.measures[4]["rules"]["social_networks"]
        news: dict[tuple[int, int], date] = {}
        for row in publications(self.seen / "portal.db"):
            on = date.fromisoformat(str(row["published_on"])[:10])
            if row["kind"] == "новость" and row["channel"] in networks and on <= self.on:
                news[on.year, on.month] = on
        begun = day_of(self.measures[4]["window"]["starts"])
        passed = [
            (begun.year, month)
            for month in range(begun.month, 13)
            if date(begun.year, month, calendar.monthrange(begun.year, month)[1]) <= self.on
        ]
        return Indicator(
            tuple(
                Unit(REGION, "", news.get(key), (f"{MONTHS[key[1] - 1]} {key[0]}",))
                for key in passed
            )
        )

    def _sent(self, phase_code: str) -> dict[str, date]:
        """Municipalities to which a letter of the phase left, and the day it speaks of."""
        phase = self.phases[phase_code]
        on = day_of(phase["as_of"])
        then = Registry(self.year, on)
        return {
            code: on
            for code in self.registry.participating
            if (phase["title"].lower(), then.name[code].lower()) in self.sent
        }

    def _papers(self, phase_code: str) -> dict[str, date]:
        """As `_sent`; of a phase that tells of a stage of changes those that had marks to tell."""
        sent, phase = self._sent(phase_code), self.phases[phase_code]
        if "positive_changes" not in phase:
            return sent
        stage, on = phase["positive_changes"]["stage"], day_of(phase["as_of"])
        taken, owner = self.risks_taken(), self.registry.project
        marked = {
            owner.get(school)
            for (school, factor), marks in self.change_marks().items()
            if taken[school].get(factor) and stage in marks and marks[stage][2] <= on
        }
        return {code: on for code, on in sent.items() if code in marked}

    def _prepared(self, phase_code: str) -> Indicator:
        """The paper of a phase is prepared when its letters have been let go."""
        return Indicator((Unit(REGION, "", min(self._papers(phase_code).values(), default=None)),))

    def _presented(self, phase_code: str) -> Indicator:
        sent = self._papers(phase_code)
        done = {school: sent.get(place) for school, place in self.registry.project.items()}
        return self._everybody(SCHOOL, done)

    # -- All -----------------------------------------------------------------------------

    def own_schedule(self) -> dict[int, date]:
        rows = self._rows("documents/own_schedule.xlsx", "№ мероприятия")
        return {int(row["№ мероприятия"]): day_of(row["Срок"]) for row in rows}

    def count(self, codes: Iterable[str]) -> dict[str, Indicator]:
        """The indicators of these codes; 12.1 and 15.1 follow from the measures' statuses."""
        rules: dict[str, Callable[[], Indicator]] = {
            "1.1": self._regional_acts,
            "2.1": lambda: self._attendance("kickoff-2021", COORDINATOR),
            "2.2": lambda: self._document("2.2"),
            "6.3": lambda: self._document("6.3"),
            "3.1": lambda: self._surveys(CURATOR),
            "3.2": lambda: self._surveys(SCHOOL),
            "4.1": self._page,
            "4.2": self._news,
            "5.0": self._recommendations_sent,
            "5.1": self._municipal_acts,
            "6.1": lambda: self._attendance("webinar-2021-03-12", COORDINATOR),
            "6.2": lambda: self._attendance("webinar-2021-03-12", CURATOR),
            "7.1": lambda: self._prepared("march_analysis"),
            "7.2": lambda: self._presented("march_analysis"),
            "8.1": lambda: self._within_seminars()[0],
            "8.2": lambda: self._within_seminars()[1],
            "9.1": lambda: self._programmes()[0],
            "9.2": lambda: self._programmes()[1],
            "10.1": self._train,
            "11.1": self._concepts,
            "13.1": lambda: self._participants("webinar-2021-06"),
            "13.2": lambda: self._prepared("june_monitoring"),
            "13.3": lambda: self._presented("june_monitoring"),
            "14.1": lambda: self._prepared("august_analysis"),
            "14.2": lambda: self._presented("august_analysis"),
            "16.1": self._internships,
            "17.1": lambda: self._participants("webinar-2021-12"),
            "17.2": lambda: self._prepared("september_monitoring"),
            "17.3": self._directions,
        }
        return {code: rules[code]() for code in codes if code not in ("12.1", "15.1")}


def day_of(cell: Any) -> date:
    if isinstance(cell, str) and "-" in cell:
        return date.fromisoformat(cell)
    found = day(cell)
    assert found is not None
    return found


def _factor_names(catalogue: Any, year: int) -> dict[str, str]:
    """Names, codes and other names of the year's risk factors, lower case → the name."""
    since = max(int(first) for first in catalogue["years"] if int(first) <= year)
    valid = {str(first): codes for first, codes in catalogue["years"].items()}[str(since)]
    found = {}
    for code in valid:
        factor = catalogue["factors"][code]
        for written in (code, factor["name"], *factor.get("aliases", ())):
            found[words(written).lower()] = words(factor["name"])
    return found


MEDK_STATES = {
    "загружен",
    "на согласовании у куратора",
    "возвращён на доработку",
    "согласован куратором",
    "подтверждён региональным координатором",
}
MONTHS = (
    "январь", "февраль", "март", "апрель", "май", "июнь", "июль", "август", "сентябрь",
    "октябрь", "ноябрь", "декабрь",
)  # fmt: skip
