"""Stored rows of a made-up run of an analysis, as the stages before composing would leave them.

Schools, people and figures are invented; names of municipalities are real. The counts of
`buyskiy` are those of the pictures that show how a letter should look.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine

from roadmap.reports.compose import compose, load_model
from roadmap.reports.model import ReportModel
from roadmap.store.engine import open_engine
from roadmap.store.tables import (
    indicator_gap,
    indicator_result,
    load_batch,
    metadata,
    paper_result,
    phase_run,
    run_batch,
    run_dataset,
    run_finding,
    run_municipality,
    run_school,
    school_verdict,
)
from support.plans import whole_plan as plan
from support.run_rows import check_list, put

RUN = "0" * 32
AS_OF = "2021-03-31"
ANSWERS_TO = "roadmap@example.org"
REGION = "region"
TARGETS = {i.code: i.target for measure in plan().measures for i in measure.indicators}

# «2», «3», «4», «5»
Marks = tuple[int, int, int, int]
VPR_5_RU = ("vpr", 2020, "autumn", 5, "русский язык")
VPR_5_MA = ("vpr", 2020, "autumn", 5, "математика")
VPR_6_RU = ("vpr", 2020, "autumn", 6, "русский язык")
VPR_6_MA = ("vpr", 2020, "autumn", 6, "математика")
VPR_5_BI = ("vpr", 2020, "autumn", 5, "биология")
EGE_RU = ("ege", 2020, "main", 11, "русский язык")
EGE_MA = ("ege", 2020, "main", 11, "математика")
RDR_RU = ("rdr", 2020, "autumn", 10, "русский язык")
# In «физика» the made-up years differ.
MINIMA = {
    (2020, "русский язык"): 36,
    (2020, "математика"): 27,
    (2020, "физика"): 36,
    (2021, "русский язык"): 36,
    (2021, "математика"): 27,
    (2021, "физика"): 39,
}
OTHER_FACTS = ("vpr_marks", "vpr_journal", "ege_protocols", "diagnostic_works")
Paper = tuple[str, int, str, int, str]


@dataclass
class MadeSchool:
    school_id: str
    name: str
    marks: dict[Paper, Marks] = field(default_factory=dict)
    # Participants, below the minimum, sum of scores, 81-100.
    exams: dict[Paper, tuple[int, int, int, int]] = field(default_factory=dict)
    # Lowered, confirmed, raised.
    journal: dict[Paper, tuple[int, int, int]] = field(default_factory=dict)


@dataclass
class MadeMunicipality:
    municipality_id: str
    name: str
    genitive: str
    short_name: str
    schools: list[MadeSchool] = field(default_factory=list)
    # Numerator, denominator, shortfall, status by indicator.
    indicators: dict[str, tuple[int | None, int | None, int | None, str]] = field(
        default_factory=lambda: {
            "5.1": (1, 1, 0, "done"),
            "6.1": (1, 1, 0, "done"),
            "6.2": (2, 2, 0, "done"),
        }
    )
    # Indicator, kind of unit, person, school.
    gaps: list[tuple[str, str, str | None, str | None]] = field(default_factory=list)


@dataclass
class MadeRun:
    """A run with its frozen inputs and stored results; `insert` writes it."""

    municipalities: list[MadeMunicipality]
    run_id: str = RUN
    started_ms: int = 1_617_174_000_000
    phase: str = "march_analysis"
    as_of: str = AS_OF
    region: dict[Paper, Marks] = field(default_factory=dict)
    region_exams: dict[Paper, tuple[int, int, int, int]] = field(default_factory=dict)
    region_journal: dict[Paper, tuple[int, int, int]] = field(default_factory=dict)
    regional: dict[str, tuple[int | None, int | None, int | None, str]] = field(
        default_factory=lambda: {
            "6.3": (1, 1, 0, "done"),
            "8.1": (9, None, 5, "in_progress"),
            "8.2": (4, None, 1, "in_progress"),
        }
    )
    received: dict[str, tuple[str, str]] = field(
        default_factory=lambda: {
            "vpr_marks": ("vpr/2020/autumn/5/русский язык", "2021-02-18"),
            "ege_protocols": ("ege/2020/main/11/русский язык", "2020-08-25"),
            "diagnostic_works": ("rdr/2020/autumn/10/русский язык", "2020-11-12"),
        }
    )
    # Dataset, scope and day of files of the procedures before.
    received_before: list[tuple[str, str, str]] = field(default_factory=list)
    # Scores of the management cycle by municipality; None: the phase does not read them.
    check_lists: dict[str, dict[str, int]] | None = None
    missing: list[str] = field(default_factory=list)
    findings: list[tuple[str, str | None, str]] = field(default_factory=list)
    least_participants: int = 5
    threshold: float = 30.0

    def insert(self, engine: Engine) -> str:
        with engine.begin() as db:
            self._insert_run(db)
            self._insert_sources(db)
            for municipality in self.municipalities:
                self._insert_municipality(db, municipality)
            self._insert_totals(db)
            self._insert_indicators(db)
        return self.run_id

    # -- The run and its inputs --------------------------------------------------------------

    def _insert_run(self, db: Connection) -> None:
        db.execute(
            phase_run.insert(),
            {
                "run_id": self.run_id,
                "plan_code": "2021",
                "phase": self.phase,
                "occasion": f"2021/{self.phase}",
                "mode": "live",
                "as_of": self.as_of,
                "known_at_ms": 1_617_174_000_000,
                "started_ms": self.started_ms,
                "plan_sha256": "0" * 64,
                "templates_sha256": "0" * 64,
                "code_version": "test",
                "reason": None,
                "requested_by": "test",
            },
        )
        region = MadeMunicipality(REGION, "Костромская область", "Костромской области", "Регион")
        db.execute(
            run_municipality.insert(),
            [
                {
                    "run_id": self.run_id,
                    "municipality_id": m.municipality_id,
                    "name": m.name,
                    "genitive": m.genitive,
                    "short_name": m.short_name,
                    "is_participating": 1,
                    "is_selected": 1,
                }
                for m in (*self.municipalities, region)
            ],
        )

    def _insert_sources(self, db: Connection) -> None:
        files = [(dataset, scope, day) for dataset, (scope, day) in self.received.items()]
        for number, (dataset, scope, day) in enumerate([*files, *self.received_before]):
            moment = datetime.fromisoformat(f"{day}T12:00:00").replace(tzinfo=UTC)
            batch = f"{self.run_id[:8]}{number:024d}"
            db.execute(
                load_batch.insert(),
                {
                    "batch_id": batch,
                    "plan_code": "2021",
                    "dataset": dataset,
                    "scope": scope,
                    "file_name": f"{dataset}.xlsx",
                    "sha256": f"{number:064d}",
                    "size_bytes": 1,
                    "received_ms": int(moment.timestamp() * 1000),
                    "loaded_ms": int(moment.timestamp() * 1000),
                    "state": "accepted",
                    "rows_read": 1,
                    "rows_accepted": 1,
                    "rows_rejected": 0,
                },
            )
            db.execute(run_batch.insert(), {"run_id": self.run_id, "batch_id": batch})
        states = {
            **dict.fromkeys(self.received, "received"),
            **dict.fromkeys(self.missing, "missing"),
        }
        for dataset, state in states.items():
            db.execute(
                run_dataset.insert(),
                {
                    "run_id": self.run_id,
                    "dataset": dataset,
                    "need": "told",
                    "state": state,
                    "batches": int(state == "received"),
                },
            )
        for rule, municipality, message in self.findings:
            db.execute(
                run_finding.insert(),
                {
                    "run_id": self.run_id,
                    "rule": rule,
                    "municipality_id": municipality,
                    "message": message,
                },
            )

        if self.check_lists is not None:
            batch = f"{self.run_id[:8]}-mechanisms"
            rows = [
                {**row, "batch_id": batch}
                for unit, scores in self.check_lists.items()
                for row in check_list(unit, **scores)
            ]
            put(
                db,
                {
                    "mechanism_score": rows,
                    "run_batch": [{"batch_id": batch}],
                    "run_dataset": [
                        {"dataset": "municipal_mechanisms", "need": "told", "state": "received"}
                        | {"batches": 1}
                    ],
                },
                self.run_id,
            )

    # -- Results -----------------------------------------------------------------------------

    def _insert_municipality(self, db: Connection, municipality: MadeMunicipality) -> None:
        for school in municipality.schools:
            db.execute(
                run_school.insert(),
                {
                    "run_id": self.run_id,
                    "school_id": school.school_id,
                    "municipality_id": municipality.municipality_id,
                    "name": school.name,
                    "is_participating": 1,
                },
            )
            rows = [
                self._row(paper, "school", school.school_id, municipality, [school])
                for paper in (*school.marks, *school.exams)
            ]
            for row in rows:
                row["is_small"] = int(row["participants"] < self.least_participants)
                low = row["mark_2"] if row["mark_2"] is not None else row["below_minimum"]
                is_low = int(100 * low >= self.threshold * row["participants"])
                row["is_low"] = None if row["is_small"] else is_low
                compared = row["compared"]
                small = compared is not None and compared < self.least_participants
                row["is_journal_small"] = None if compared is None else int(small)
                db.execute(paper_result.insert(), row)
            # The verdict is of the phase's own procedures, not of those before.
            procedures = {p.key for p in plan().phase(self.phase).procedures}
            own = [r for r in rows if f"{r['kind']}/{r['year']}/{r['wave']}" in procedures]
            judged = [row for row in own if row["is_low"] is not None]
            low_papers = sum(row["is_low"] for row in judged)
            if not judged:
                verdict = "no_verdict"
            elif low_papers >= 2:
                verdict = "low"
            else:
                verdict = "risk" if low_papers else "not_low"
            db.execute(
                school_verdict.insert(),
                {
                    "run_id": self.run_id,
                    "school_id": school.school_id,
                    "municipality_id": municipality.municipality_id,
                    "papers": len(judged),
                    "small_papers": len(own) - len(judged),
                    "low_papers": low_papers,
                    "verdict": verdict,
                },
            )

    def _insert_totals(self, db: Connection) -> None:
        every = [school for m in self.municipalities for school in m.schools]
        region = MadeMunicipality(REGION, "", "", "")
        papers = dict.fromkeys(paper for s in every for paper in (*s.marks, *s.exams))
        for paper in papers:
            for m in self.municipalities:
                if any(paper in s.marks or paper in s.exams for s in m.schools):
                    row = self._row(paper, "municipality", m.municipality_id, m, m.schools)
                    whole = self._region_row(paper)
                    elsewhere = (whole["participants"] - row["participants"]) if whole else 0
                    row |= {"elsewhere_schools": 200, "elsewhere_participants": elsewhere}
                    db.execute(paper_result.insert(), row)
            db.execute(
                paper_result.insert(), self._row(paper, "participants", REGION, region, every)
            )
            whole = self._region_row(paper)
            if whole is not None:
                db.execute(paper_result.insert(), whole)

    def _region_row(self, paper: Paper) -> dict[str, Any] | None:
        if paper not in self.region and paper not in self.region_exams:
            return None
        region = MadeMunicipality(REGION, "", "", "")
        whole = MadeSchool("", "")
        if paper in self.region:
            whole.marks[paper] = self.region[paper]
        if paper in self.region_exams:
            whole.exams[paper] = self.region_exams[paper]
        if paper in self.region_journal:
            whole.journal[paper] = self.region_journal[paper]
        row = self._row(paper, "region", REGION, region, [whole])
        return row | {"schools": 210}

    def _row(
        self,
        paper: Paper,
        level: str,
        unit_id: str,
        municipality: MadeMunicipality,
        schools: list[MadeSchool],
    ) -> dict[str, Any]:
        """The sum over the schools; above the school, without those that are too small."""
        wrote = [s for s in schools if paper in s.marks or paper in s.exams]
        large = [
            s
            for s in wrote
            if level == "school" or _participants(s, paper) >= self.least_participants
        ]
        kind, year, wave, grade, subject = paper
        row: dict[str, Any] = {
            "run_id": self.run_id,
            "kind": kind,
            "year": year,
            "wave": wave,
            "grade": grade,
            "subject": subject,
            "level": level,
            "unit_id": unit_id,
            "municipality_id": municipality.municipality_id,
            "schools": len(large),
            "small_schools": len(wrote) - len(large),
            "participants": sum(_participants(s, paper) for s in large),
            "absent": 0,
            "minimum": None,
            "is_small": 0,
            "is_low": None,
            "is_journal_small": None,
            "elsewhere_schools": None,
            "elsewhere_participants": None,
        }
        marks = [s.marks[paper] for s in large if paper in s.marks]
        for number, name in enumerate(("mark_2", "mark_3", "mark_4", "mark_5")):
            row[name] = None if kind == "ege" else sum(m[number] for m in marks)
        exams = [s.exams[paper] for s in large if paper in s.exams]
        for number, name in enumerate(("below_minimum", "score_sum", "high_scores"), start=1):
            row[name] = sum(e[number] for e in exams) if kind == "ege" else None
        if kind == "ege":
            row["minimum"] = MINIMA[year, subject]
        journal = [s.journal[paper] for s in large if paper in s.journal]
        for number, name in enumerate(("lowered", "confirmed", "raised")):
            row[name] = sum(j[number] for j in journal) if journal else None
        row["compared"] = sum(sum(j) for j in journal) if journal else None
        return row

    # -- Indicators --------------------------------------------------------------------------

    def _insert_indicators(self, db: Connection) -> None:
        sliced: dict[str, list[tuple[int | None, int | None, int | None, str]]] = {}
        for m in self.municipalities:
            for code, values in m.indicators.items():
                sliced.setdefault(code, []).append(values)
                self._insert_indicator(db, code, m.municipality_id, values)
            for code, kind, person, school in m.gaps:
                db.execute(
                    indicator_gap.insert(),
                    {
                        "run_id": self.run_id,
                        "indicator": code,
                        "municipality_id": m.municipality_id,
                        "unit_kind": kind,
                        "person_id": person,
                        "school_id": school,
                    },
                )
        for code, found in sliced.items():
            numerator = sum(n or 0 for n, *_ in found)
            denominator = sum(d or 0 for _, d, *_ in found)
            missing = denominator - numerator
            status = "done" if not missing else "partly" if numerator else "not_done"
            self._insert_indicator(db, code, REGION, (numerator, denominator, missing, status))
        for code, values in self.regional.items():
            self._insert_indicator(db, code, REGION, values)

    def _insert_indicator(
        self,
        db: Connection,
        code: str,
        unit: str,
        values: tuple[int | None, int | None, int | None, str],
    ) -> None:
        numerator, denominator, shortfall, status = values
        db.execute(
            indicator_result.insert(),
            {
                "run_id": self.run_id,
                "indicator": code,
                "municipality_id": unit,
                "numerator": numerator,
                "denominator": denominator,
                "target": TARGETS[code.partition("/")[0]],
                "shortfall": shortfall,
                "met_on": None,
                "status": status,
            },
        )


def _participants(school: MadeSchool, paper: Paper) -> int:
    return sum(school.marks[paper]) if paper in school.marks else school.exams[paper][0]


# -- Ready-made ------------------------------------------------------------------------------

REGION_MARKS: dict[Paper, Marks] = {
    VPR_5_RU: (970, 2341, 1465, 438),
    VPR_5_MA: (1055, 2220, 1435, 488),
    VPR_6_RU: (1041, 2291, 1379, 402),
    VPR_6_MA: (1162, 2401, 1197, 330),
    VPR_5_BI: (760, 2300, 1500, 400),
    RDR_RU: (310, 640, 420, 130),
}
REGION_EXAMS = {EGE_RU: (2100, 40, 142_000, 320), EGE_MA: (1500, 120, 81_000, 90)}
REGION_JOURNAL = {VPR_5_RU: (1700, 3200, 300), VPR_5_MA: (1800, 3100, 280)}


def buyskiy() -> MadeMunicipality:
    """Something of everything: a low school, a small one, a curator and an act missing."""
    return MadeMunicipality(
        "buyskiy",
        "Буйский муниципальный район",
        "Буйского муниципального района",
        "Буйский МР",
        schools=[
            MadeSchool(
                "s101",
                "Школа № 101 (условная)",
                marks={
                    VPR_5_RU: (13, 16, 7, 2),
                    VPR_5_MA: (12, 15, 8, 2),
                    VPR_6_RU: (10, 17, 8, 2),
                    VPR_6_MA: (11, 18, 6, 1),
                    VPR_5_BI: (7, 20, 8, 2),
                    RDR_RU: (1, 2, 1, 0),
                },
                exams={EGE_RU: (18, 2, 1_044, 1), EGE_MA: (10, 2, 480, 0)},
                journal={VPR_5_RU: (14, 22, 2), VPR_5_MA: (15, 20, 1)},
            ),
            MadeSchool(
                "s102",
                "Школа № 102 (условная)",
                marks={
                    VPR_5_RU: (4, 11, 7, 2),
                    VPR_5_MA: (6, 11, 6, 2),
                    VPR_6_RU: (5, 12, 6, 2),
                    VPR_6_MA: (6, 11, 5, 1),
                },
                exams={EGE_RU: (11, 0, 671, 1), EGE_MA: (4, 1, 180, 0)},
                journal={VPR_5_RU: (6, 17, 1), VPR_5_MA: (9, 15, 1)},
            ),
            MadeSchool(
                "s103",
                "Школа № 103 (условная)",
                marks={
                    VPR_5_RU: (1, 2, 0, 0),
                    VPR_5_MA: (1, 1, 1, 0),
                    VPR_6_RU: (0, 2, 1, 0),
                    VPR_6_MA: (2, 1, 1, 0),
                },
                journal={VPR_5_RU: (1, 2, 0)},
            ),
        ],
        indicators={
            "5.1": (0, 1, 1, "not_done"),
            "6.1": (1, 1, 0, "done"),
            "6.2": (1, 2, 1, "partly"),
        },
        gaps=[("5.1", "legal_acts", None, None), ("6.2", "curator", "p2", "s102")],
    )


def neyskiy() -> MadeMunicipality:
    """Nothing to heed, and the longest name."""
    return MadeMunicipality(
        "neyskiy",
        "муниципальный район город Нея и Нейский район",
        "муниципального района город Нея и Нейский район",
        "Нейский МР",
        schools=[
            MadeSchool(
                "s201",
                "Школа № 2 (условная)",
                marks={VPR_5_RU: (2, 10, 9, 3), VPR_5_MA: (3, 10, 8, 4)},
                journal={VPR_5_RU: (3, 19, 2)},
            ),
            MadeSchool(
                "s210",
                "Школа № 10 (условная)",
                marks={VPR_5_RU: (1, 9, 8, 2), VPR_5_MA: (2, 9, 7, 3)},
            ),
        ],
    )


def made_run(*municipalities: MadeMunicipality, **changes: Any) -> MadeRun:
    """Of the check-lists Нейский's is not filled in."""
    if not municipalities and changes.get("phase", "march_analysis") == "march_analysis":
        changes.setdefault("check_lists", {"buyskiy": {"goals": 0, "analysis": 1}})
    return MadeRun(
        list(municipalities) or [buyskiy(), neyskiy()],
        region=dict(REGION_MARKS),
        region_exams=dict(REGION_EXAMS),
        region_journal=dict(REGION_JOURNAL),
        **changes,
    )


@cache
def march_model(unit: str = "buyskiy") -> ReportModel:
    """The report of `made_run` for one of its addressees, composed in a database of its own."""
    with tempfile.TemporaryDirectory(prefix="roadmap-march-") as folder:
        engine = open_engine(f"sqlite:///{Path(folder) / 'march.db'}")
        metadata.create_all(engine)
        run_id = made_run().insert(engine)
        compose(engine, plan(), run_id, ANSWERS_TO)
        with engine.connect() as db:
            model = load_model(db, run_id, unit)
        engine.dispose()
    return model
