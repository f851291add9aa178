"""Stored rows of made-up monitorings, as the stages before composing would leave them.

Schools, people, acts and figures are invented; names of municipalities are real. `buyskiy`
misses something of every kind, `neyskiy` nothing at all.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Connection, Engine

from roadmap.indicators.evaluate import find_recommendations, run_of
from roadmap.indicators.status import Status, measure_status
from roadmap.plan.due import due_date, with_own_schedule
from roadmap.reports.facts.monitoring import monitoring_measure
from roadmap.store.tables import (
    indicator_gap,
    indicator_result,
    load_batch,
    metadata,
    monitoring_scope,
    phase_run,
    run_batch,
    run_dataset,
    run_finding,
    run_municipality,
    run_rule,
    run_school,
)
from roadmap.store.tables import measure_status as measure_status_table
from support.plans import whole_plan as plan
from support.run_rows import check_list, put_risks

ANSWERS_TO = "roadmap@example.org"
REGION = "region"
TARGETS = {i.code: i.target for measure in plan().measures for i in measure.indicators}
JUNE, SEPTEMBER, DECEMBER = "june_monitoring", "september_monitoring", "december_summary"
RUNS = {JUNE: "6" * 32, SEPTEMBER: "9" * 32, DECEMBER: "d" * 32}

# Numerator, denominator, shortfall, status.
Found = tuple[int | None, int | None, int | None, str]
# Indicator (or its part), kind of unit, person, school, detail.
Gap = tuple[str, str, str | None, str | None, str | None]

DONE = (1, 1, 0, "done")


@dataclass
class MadeUnit:
    """A municipality: its schools by id, its results by indicator, what is missing."""

    municipality_id: str
    name: str
    genitive: str
    short_name: str
    schools: dict[str, str]
    results: dict[str, Found]
    gaps: list[Gap] = field(default_factory=list)
    executed: set[str] = field(default_factory=set)


@dataclass
class MadeMonitoring:
    """One run of a monitoring or of the summary; `insert` writes it.

    `own_schedule` are the dates that its frozen schedule gives; `registers` rows by table.
    """

    phase: str
    units: list[MadeUnit]
    regional: dict[str, Found]
    parts: dict[str, Found] = field(default_factory=dict)  # of the region: «16.1/any»
    region_executed: set[str] = field(default_factory=set)
    scope: tuple[str, ...] = ()
    own_schedule: dict[str, str] = field(default_factory=dict)
    registers: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    received: tuple[str, ...] = (
        "events", "attendance", "municipal_acts", "medk_documents", "medk_changes", "risk_profiles",
    )  # fmt: skip
    missing: tuple[str, ...] = ()
    findings: list[tuple[str, str | None, str]] = field(default_factory=list)
    mode: str = "live"
    run_id: str = ""

    @property
    def run(self) -> str:
        return self.run_id or RUNS[self.phase]

    @property
    def as_of(self) -> date:
        return plan().phase(self.phase).as_of

    def insert(self, engine: Engine) -> str:
        with engine.begin() as db:
            self._insert_run(db)
            self._insert_evidence(db)
            put_risks(db)
            find_recommendations(db, plan(), run_of(db, self.run))
            for unit in self.units:
                self._insert_unit(db, unit)
            self._insert_region(db)
        return self.run

    def _moment(self, hour: int = 12) -> int:
        moment = datetime.combine(self.as_of, datetime.min.time(), UTC).replace(hour=hour)
        return int(moment.timestamp() * 1000)

    def _insert_run(self, db: Connection) -> None:
        db.execute(
            phase_run.insert(),
            {
                "run_id": self.run,
                "plan_code": "2021",
                "phase": self.phase,
                "occasion": f"2021/{self.phase}",
                "mode": self.mode,
                "as_of": self.as_of.isoformat(),
                "known_at_ms": self._moment(),
                "started_ms": self._moment(),
                "plan_sha256": "0" * 64,
                "templates_sha256": "0" * 64,
                "code_version": "test",
                "reason": None,
                "requested_by": "test",
            },
        )
        named = [(u.municipality_id, u.name, u.genitive, u.short_name) for u in self.units]
        named.append((REGION, "Костромская область", "Костромской области", "Регион"))
        db.execute(
            run_municipality.insert(),
            [
                {
                    "run_id": self.run,
                    "municipality_id": key,
                    "name": name,
                    "genitive": genitive,
                    "short_name": short,
                    "is_participating": 1,
                    "is_selected": 1,
                }
                for key, name, genitive, short in named
            ],
        )
        number = monitoring_measure(plan().phase(self.phase), plan())
        for measure in self.scope:
            db.execute(
                monitoring_scope.insert(),
                {"run_id": self.run, "monitoring": number, "measure": measure},
            )
        for measure in plan().measures:
            for rule, values in measure.rules.items():
                for value in dict.fromkeys(values) if isinstance(values, tuple) else ():
                    db.execute(
                        run_rule.insert(),
                        {
                            "run_id": self.run,
                            "measure": measure.number,
                            "rule": rule,
                            "value": str(value),
                        },
                    )

    def _batch(self, db: Connection, dataset: str) -> str:
        batch = f"{dataset[:20]}-{self.run[0]}"
        db.execute(
            load_batch.insert(),
            {
                "batch_id": batch,
                "plan_code": "2021",
                "dataset": dataset,
                "scope": "all",
                "file_name": f"{dataset}.xlsx",
                "sha256": "0" * 64,
                "size_bytes": 1,
                "received_ms": self._moment(6),
                "loaded_ms": self._moment(7),
                "state": "accepted",
                "rows_read": 1,
                "rows_accepted": 1,
                "rows_rejected": 0,
            },
        )
        db.execute(run_batch.insert(), {"run_id": self.run, "batch_id": batch})
        return batch

    def _insert_evidence(self, db: Connection) -> None:
        for dataset in self.received:
            self._batch(db, dataset)
        for name, rows in self.registers.items():
            batch = self._batch(db, f"register {name}"[:28])
            db.execute(metadata.tables[name].insert(), [{"batch_id": batch, **r} for r in rows])
        if self.own_schedule:
            batch = self._batch(db, "own_schedule")
            db.execute(
                metadata.tables["own_schedule_date"].insert(),
                [
                    {"batch_id": batch, "measure": number, "due_on": on, "basis": "письмо"}
                    for number, on in self.own_schedule.items()
                ],
            )
        states = {
            **dict.fromkeys(self.received, "received"),
            **dict.fromkeys(self.missing, "missing"),
        }
        for dataset, state in states.items():
            db.execute(
                run_dataset.insert(),
                {
                    "run_id": self.run,
                    "dataset": dataset,
                    "need": "told",
                    "state": state,
                    "batches": int(state == "received"),
                },
            )
        for rule, unit, message in self.findings:
            db.execute(
                run_finding.insert(),
                {"run_id": self.run, "rule": rule, "municipality_id": unit, "message": message},
            )

    # -- Results -----------------------------------------------------------------------------

    def _insert_unit(self, db: Connection, unit: MadeUnit) -> None:
        for school, name in unit.schools.items():
            db.execute(
                run_school.insert(),
                {
                    "run_id": self.run,
                    "school_id": school,
                    "municipality_id": unit.municipality_id,
                    "name": name,
                    "is_participating": 1,
                },
            )
        for code, found in unit.results.items():
            self._insert_result(db, code, unit.municipality_id, found)
        for gap in unit.gaps:
            self._insert_gap(db, unit.municipality_id, gap)
        counted = self._measures(unit.results)
        self._insert_statuses(db, unit.municipality_id, unit.results, unit.executed)
        self._insert_share(db, unit.municipality_id, counted, unit.executed)

    def _insert_region(self, db: Connection) -> None:
        results = {**self._sums(), **self.regional}
        for code, found in {**results, **self.parts}.items():
            self._insert_result(db, code, REGION, found)
        self._insert_statuses(db, REGION, results, self.region_executed)
        self._insert_share(db, REGION, set(self.scope), self.region_executed)

    def _sums(self) -> dict[str, Found]:
        sums: dict[str, Found] = {}
        for code in dict.fromkeys(code for unit in self.units for code in unit.results):
            found = [unit.results[code] for unit in self.units if code in unit.results]
            if all(n is None for n, *_ in found):
                sums[code] = found[0]
                continue
            numerator = sum(n or 0 for n, *_ in found)
            denominator = sum(d or 0 for _, d, *_ in found)
            statuses = [status for *_, status in found]
            same = statuses[0] if len(set(statuses)) == 1 else "partly"
            sums[code] = (numerator, denominator, denominator - numerator, same)
        return sums

    def _measures(self, results: Iterable[str]) -> set[str]:
        return {code.split(".")[0] for code in results} & set(self.scope)

    def _insert_statuses(
        self, db: Connection, unit: str, results: dict[str, Found], executed: set[str]
    ) -> None:
        dated = with_own_schedule(
            plan(), {n: date.fromisoformat(on) for n, on in self.own_schedule.items()}
        )
        by_measure: dict[str, list[Status]] = {}
        for code, (_, _, _, status) in results.items():
            if "/" not in code:
                by_measure.setdefault(code.split(".")[0], []).append(Status(status))
        for number, statuses in by_measure.items():
            window = dated.measure(number).window
            due = due_date(window)
            db.execute(
                measure_status_table.insert(),
                {
                    "run_id": self.run,
                    "measure": number,
                    "municipality_id": unit,
                    "due": due.isoformat() if due else None,
                    "status": measure_status(statuses, window, self.as_of).value,
                    "is_executed": int(number in executed),
                },
            )

    def _insert_share(
        self, db: Connection, unit: str, counted: set[str], executed: set[str]
    ) -> None:
        """The monitoring's own share, over what it counts."""
        number = monitoring_measure(plan().phase(self.phase), plan())
        if number is None or not counted:
            return
        done = len(counted & executed)
        missing = len(counted) - done
        status = "done" if not missing else "partly" if done else "not_done"
        self._insert_result(db, f"{number}.1", unit, (done, len(counted), missing, status))

    def _insert_result(self, db: Connection, code: str, unit: str, found: Found) -> None:
        numerator, denominator, shortfall, status = found
        db.execute(
            indicator_result.insert(),
            {
                "run_id": self.run,
                "indicator": code,
                "municipality_id": unit,
                "numerator": numerator,
                "denominator": denominator,
                "target": TARGETS[code.partition("/")[0]],
                "shortfall": shortfall,
                "met_on": MET_ON.get(code),
                "status": status,
            },
        )

    def _insert_gap(self, db: Connection, unit: str, gap: Gap) -> None:
        code, kind, person, school, detail = gap
        db.execute(
            indicator_gap.insert(),
            {
                "run_id": self.run,
                "indicator": code,
                "municipality_id": unit,
                "unit_kind": kind,
                "person_id": person,
                "school_id": school,
                "measure": None,
                "detail": detail,
            },
        )


# -- Ready-made ------------------------------------------------------------------------------

SCHEDULE = {"1": "2021-04-15", "2": "2021-02-26"}
# The day of a deed, where a report tells it.
MET_ON = {"7.1": "2021-03-31", "14.1": "2021-08-31", "17.2": "2021-09-30"}
REGISTERS: dict[str, list[dict[str, Any]]] = {
    "regional_act": [
        {"act_id": "a1", "document": "положение о проекте", "number": "161", "link": None,
         "signed_on": "2021-02-15", "state": "approved"},
        {"act_id": "a2", "document": "список кураторов школ", "number": "-", "link": None,
         "signed_on": "2021-06-01", "state": "draft"},
    ],
    "event": [
        {"event_id": "kickoff-2021", "measure": "2", "kind": "семинар", "title": "Установочный",
         "held_on": "2021-02-26", "state": "held"},
        {"event_id": "webinar-2021-03-12", "measure": "6", "kind": "вебинар", "title": "МЭДК",
         "held_on": "2021-03-12", "state": "held"},
        {"event_id": "webinar-2021-06", "measure": "13", "kind": "вебинар", "title": "Итоги",
         "held_on": "2021-06-29", "state": "held"},
        *(
            {"event_id": f"e{n}", "measure": "8", "kind": "семинар", "title": f"Семинар {n}",
             "held_on": f"2021-04-{n:02d}", "state": "held"}
            for n in range(1, 15)
        ),
    ],
    "document": [
        {"document_id": "d1", "indicator": "6.3", "title": "Задачи кураторов", "number": "6/1",
         "signed_on": "2021-03-12", "state": "approved"},
        {"document_id": "d2", "indicator": "14.1", "title": "Справка", "number": "41",
         "signed_on": "2021-09-02", "state": "approved"},
    ],
    "publication": [
        {"publication_id": "p1", "channel": "eduportal44", "kind": "page", "title": "Проект",
         "link": "https://portal.example.org/projects/500plus/index.html",
         "published_on": "2021-03-22"},
        {"publication_id": "p2", "channel": "vk", "kind": "news", "title": "Новость",
         "link": "https://portal.example.org/news/1", "published_on": "2021-06-03"},
    ],
    "programme": [
        {"programme_id": "g1", "measure": "9", "title": "Стажировка «Чтение на уроках физики»",
         "host": "Гимназия № 99 (условная)", "state": "approved", "approved_on": "2021-04-20"},
    ],
    "municipal_act": [
        {"municipality_id": "neyskiy", "kind": "постановление", "number": "55-а",
         "adopted_on": "2021-04-12", "basis": "recommendations",
         "link": "https://npa.example.org/neya/2021/55-a"},
        {"municipality_id": "neyskiy", "kind": "программа", "number": "56-а",
         "adopted_on": "2021-04-12", "basis": "recommendations", "link": None},
        {"municipality_id": "buyskiy", "kind": "приказ", "number": "12",
         "adopted_on": "2021-03-24", "basis": "recommendations", "link": None},
    ],
    "mechanism_score": [
        *check_list("buyskiy", "2021-03-31"), *check_list("neyskiy", "2021-03-31"),
    ],
    "medk_document": [
        {"school_id": "s201", "kind": "концепция развития", "factor": None,
         "state": "согласован куратором", "state_on": "2021-05-12"},
        {"school_id": "s101", "kind": "концепция развития", "factor": None,
         "state": "загружен", "state_on": "2021-05-14"},
    ],
    "risk": [
        {"school_id": school, "factor": factor, "level": "high", "is_activated": is_activated,
         "assessed_on": "2021-04-20"}
        for school, factor, is_activated in (
            ("s101", "motivation", 1), ("s101", "parents", 1), ("s101", "staff", 0),
            ("s102", "staff", 1), ("s103", "staff", 0), ("s201", "motivation", 1),
            ("s210", "staff", 1),
        )
    ],
    # s101: a change without evidence, worse in September, and a risk that nobody marked in June;
    # s102 became better. s103 has no risk.
    "positive_change": [
        {"school_id": school, "factor": factor, "stage": stage, "mark": mark,
         "evidence": f"https://medk.example.org/{school}/{factor}" if is_proved else None,
         "marked_on": "2021-06-10" if stage == 1 else "2021-09-20"}
        for school, factor, stage, mark, is_proved in (
            ("s101", "motivation", 1, "yes", False), ("s102", "staff", 1, "partly", True),
            ("s201", "motivation", 1, "yes", True), ("s210", "staff", 1, "yes", True),
            ("s101", "motivation", 2, "partly", True), ("s101", "parents", 2, "no", False),
            ("s102", "staff", 2, "yes", True),
            ("s201", "motivation", 2, "yes", True), ("s210", "staff", 2, "yes", True),
        )
    ],
    "survey": [
        {"respondent": "school", "person_id": None, "school_id": "s201",
         "questionnaire": "директор", "state": "closed", "closed_on": "2021-03-20"},
    ],
}  # fmt: skip


def buyskiy() -> MadeUnit:
    """6 of 7 at most: documents of one school, a curator, the act and a questionnaire miss."""
    return MadeUnit(
        "buyskiy",
        "Буйский муниципальный район",
        "Буйского муниципального района",
        "Буйский МР",
        {
            "s101": "Школа № 101 (условная)",
            "s102": "Школа № 102 (условная)",
            "s103": "Школа № 103 (условная)",
        },
        {
            "2.1": DONE,
            "3.1": (1, 2, 1, "no_due_date"),
            "3.2": (3, 3, 0, "no_due_date"),
            "5.0": DONE,
            "5.1": (0, 1, 1, "not_done"),
            "6.1": DONE,
            "6.2": (1, 2, 1, "partly"),
            "7.2": (3, 3, 0, "done"),
            "11.1": (2, 3, 1, "in_progress"),
            "13.1": (5, 6, 1, "partly"),
            "13.1/coordinator": DONE,
            "13.1/curator": (1, 2, 1, "partly"),
            "13.1/school": (3, 3, 0, "done"),
        },
        [
            ("3.1", "curator", "p2", "s102", "верификация"),
            ("5.1", "early_act", None, None, "приказ № 12 от 24.03.2021"),
            ("5.1", "programme_documents", None, None, None),
            ("6.2", "curator", "p2", "s102", None),
            ("6.2", "curator", "p2", "s103", None),
            ("11.1", "school", None, "s101", "концепция развития"),
            ("11.1", "school", None, "s101", "risk/motivation"),
            ("13.1/curator", "curator", "p2", "s102", None),
            # Of the very letter: it may never show.
            ("13.3", "school", None, "s101", None),
        ],
        executed={"2", "7"},
    )


def neyskiy() -> MadeUnit:
    """Everything done, and the longest name."""
    return MadeUnit(
        "neyskiy",
        "муниципальный район город Нея и Нейский район",
        "муниципального района город Нея и Нейский район",
        "Нейский МР",
        {"s201": "Школа № 2 (условная)", "s210": "Школа № 10 (условная)"},
        {
            "2.1": DONE,
            "3.1": (1, 1, 0, "no_due_date"),
            "3.2": (2, 2, 0, "no_due_date"),
            "5.0": DONE,
            "5.1": (1, 1, 0, "done_late"),
            "6.1": DONE,
            "6.2": DONE,
            "7.2": (2, 2, 0, "done"),
            "11.1": (2, 2, 0, "in_progress"),
            "13.1": (4, 4, 0, "done"),
            "13.1/coordinator": DONE,
            "13.1/curator": DONE,
            "13.1/school": (2, 2, 0, "done"),
        },
        executed={"2", "5", "6", "7", "11"},
    )


REGIONAL: dict[str, Found] = {
    "1.1": (1, 4, 3, "partly"),
    "2.2": (1, 1, 0, "done"),
    "4.1": (1, 1, 0, "in_progress"),
    "4.2": (3, 3, 0, "in_progress"),
    "6.3": (1, 1, 0, "done"),
    "7.1": (1, 1, 0, "done"),
    "8.1": (14, None, 0, "done"),
    "8.2": (4, None, 1, "partly"),
    "9.1": (1, None, 0, "in_progress"),
    "9.2": (0, 1, 1, "in_progress"),
}


def june(*units: MadeUnit, **changes: Any) -> MadeMonitoring:
    given: dict[str, Any] = {
        "units": list(units) or [buyskiy(), neyskiy()],
        "regional": dict(REGIONAL),
        "region_executed": {"2", "4", "7", "9"},
        "scope": ("1", "2", "4", "5", "6", "7", "8", "9", "11"),
        "own_schedule": dict(SCHEDULE),
        "registers": REGISTERS,
    }
    return MadeMonitoring(JUNE, **(given | changes))


def _later(unit: MadeUnit, **more: Found) -> MadeUnit:
    """The unit when a report of its own was sent since June."""
    told = {"12.1": (2, 5, 3, "partly"), "13.3": (3, 3, 0, "done"), "14.2": (3, 3, 0, "done")}
    unit.results = {**unit.results, **told, **more}
    unit.gaps = [gap for gap in unit.gaps if gap[0] != "13.3"]
    return unit


def september(*units: MadeUnit, **changes: Any) -> MadeMonitoring:
    """Since June the act of buyskiy came, late; its other matters stay."""
    later = _later(buyskiy())
    later.results["5.1"] = (1, 1, 0, "done_late")
    later.gaps = [gap for gap in later.gaps if gap[0] != "5.1"]
    later.executed = {"2", "5", "7", "14"}
    done = _later(neyskiy(), **{"12.1": (5, 5, 0, "done"), "13.3": (2, 2, 0, "done")})
    done.executed = {"2", "5", "6", "7", "11", "12", "13", "14"}
    given: dict[str, Any] = {
        "units": list(units) or [later, done],
        "regional": {**REGIONAL, "13.2": (1, 1, 0, "done"), "14.1": (1, 1, 0, "done")},
        "region_executed": {"2", "4", "7", "9", "14"},
        "scope": ("1", "2", "4", "5", "6", "7", "8", "9", "11", "12", "13", "14"),
        "own_schedule": dict(SCHEDULE),
        "registers": REGISTERS,
    }
    return MadeMonitoring(SEPTEMBER, **(given | changes))


def december(*units: MadeUnit, **changes: Any) -> MadeMonitoring:
    """The year's end: one school of buyskiy still misses a programme."""
    last = _later(buyskiy(), **{"15.1": (4, 8, 4, "partly"), "17.1": (6, 6, 0, "done")})
    last.results["11.1"] = (2, 3, 1, "partly")
    last.results["6.2"] = (2, 2, 0, "done")
    last.gaps = [("11.1", "school", None, "s101", "risk/motivation")]
    done = _later(neyskiy(), **{"15.1": (8, 8, 0, "done"), "17.1": (4, 4, 0, "done")})
    done.results["12.1"] = (5, 5, 0, "done")
    done.results["11.1"] = (2, 2, 0, "done")
    regional = {
        **REGIONAL,
        "4.1": DONE,
        "4.2": (9, 9, 0, "done"),
        "9.1": (1, None, 0, "done"),
        "9.2": (1, 1, 0, "done"),
        "10.1": (5, None, 0, "done"),
        "13.2": DONE,
        "14.1": DONE,
        "16.1": (21, None, 0, "done"),
        "17.2": DONE,
        "17.3": DONE,
    }
    directions = [
        {"direction_id": "n1", "for_year": 2022, "title": "Сопровождение школ второй год подряд",
         "basis": "Итоги второго этапа мониторинга", "state": "approved",
         "approved_on": "2021-12-20"},
        {"direction_id": "n2", "for_year": 2022, "title": "Черновик направления",
         "basis": "Предложения", "state": "draft", "approved_on": None},
    ]  # fmt: skip
    given: dict[str, Any] = {
        "units": list(units) or [last, done],
        "regional": regional,
        "parts": {
            "16.1/leader_school": (21, None, None, "done"),
            "16.1/project_school": (25, None, None, "done"),
            "16.1/any": (27, None, None, "done"),
        },
        "own_schedule": dict(SCHEDULE),
        "registers": {**REGISTERS, "direction": directions},
    }
    return MadeMonitoring(DECEMBER, **(given | changes))
