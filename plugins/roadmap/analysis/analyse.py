"""The analysis of one phase run: results by paper, and which schools show low results.

Only the procedures that the phase declares are looked at, and those that it sets them beside:
a run that is made later than its as-of date may have newer procedures among its files, and
they are not its matter.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from sqlalchemy import Connection, Engine, delete, func, select

from roadmap.analysis.dynamics import previous_procedures
from roadmap.analysis.read import Level, Verdict
from roadmap.evidence.own_schedule import plan_of_run
from roadmap.plan.model import Plan, Procedure
from roadmap.store.sql import sql
from roadmap.store.statistics import refresh_statistics
from roadmap.store.tables import paper_result, phase_run, school_verdict

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Analysed:
    """Counts for the log; `str` of it is Russian.

    `papers`: the phase's own procedures in one grade and subject that have results.
    """

    papers: int
    school_results: int
    verdicts: dict[Verdict, int]

    def __str__(self) -> str:
        low, risk, not_low, no_verdict = (self.verdicts.get(verdict, 0) for verdict in Verdict)
        return (
            f"Работ: {self.papers}, результатов школ проекта: {self.school_results}. "
            f"Школы: низкие результаты — {low}, группа риска — {risk}, "
            f"порог не достигнут — {not_low}, вывод не делается — {no_verdict}"
        )


def analyse(engine: Engine, plan: Plan, run_id: str) -> Analysed:
    """Fill `paper_result` and `school_verdict` of the run from its frozen inputs.

    `paper_result` also has the procedures before (`Phase.comparisons`), by the registry that
    the run froze, so that a change compares the same schools; the verdicts do not see them.

    One transaction that first removes what an earlier try of the run left, so that the task
    may be cleared at any time. Raises sqlalchemy.exc.NoResultFound for an unknown run.
    """
    # The decimal text, not the binary value: 33.3 means 333/10, and reaching it exactly counts.
    threshold = Fraction(str(plan.analysis.low_share_percent))
    with engine.begin() as connection:
        code = connection.execute(
            select(phase_run.c.phase).where(phase_run.c.run_id == run_id)
        ).scalar_one()
        for table in (paper_result, school_verdict):
            connection.execute(delete(table).where(table.c.run_id == run_id))
        refresh_statistics(connection)
        phase = plan_of_run(connection, plan, run_id).phase(code)
        given = {
            "run_id": run_id,
            "least_participants": plan.analysis.least_participants,
            "threshold_numerator": threshold.numerator,
            "threshold_denominator": threshold.denominator,
        }
        _insert_papers(connection, phase.procedures, given)
        levels: Counter[str] = Counter(
            connection.scalars(select(paper_result.c.level).where(paper_result.c.run_id == run_id))
        )
        # Before the earlier procedures are put in: the verdict is of the phase's own.
        connection.execute(
            sql("analysis/school_verdicts"),
            {"run_id": run_id, "low_procedures": plan.analysis.low_procedures},
        )
        _insert_papers(connection, previous_procedures(phase), given)
        verdicts = {
            Verdict(verdict): count
            for verdict, count in connection.execute(
                select(school_verdict.c.verdict, func.count())
                .where(school_verdict.c.run_id == run_id)
                .group_by(school_verdict.c.verdict)
            )
        }
    analysed = Analysed(levels[Level.REGION], levels[Level.SCHOOL], verdicts)
    log.debug("run %s: %d papers, %d results", run_id, analysed.papers, analysed.school_results)
    return analysed


def _insert_papers(
    connection: Connection, procedures: Iterable[Procedure], given: Mapping[str, Any]
) -> None:
    for procedure in procedures:
        if procedure.not_held is not None:
            continue
        parameters = {
            **given,
            "kind": procedure.kind,
            "year": procedure.year,
            "wave": procedure.wave,
        }
        connection.execute(sql("analysis/mark_papers"), parameters)
        connection.execute(sql("analysis/exam_papers"), parameters)
