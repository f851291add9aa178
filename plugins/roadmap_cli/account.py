"""What a year's letters came to: per phase how many, whom a correction reached, and in all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import Engine, Row

from roadmap.plan.model import Plan
from roadmap.russian import counted
from roadmap.store.sql import sql


def account_of_year(engine: Engine, plan: Plan) -> tuple[str, ...]:
    """Russian lines for the terminal, phases in the plan's order; ids and addresses in none."""
    with engine.connect() as db, db.begin():
        rows = db.execute(sql("delivery/letters_of_year"), {"plan_code": plan.code}).all()
    names = {municipality.id: municipality.name for municipality in plan.municipalities}
    lines = []
    for phase in plan.phases:
        of_phase = [row for row in rows if row.occasion == f"{plan.code}/{phase.code}"]
        if not of_phase:
            lines.append(f"{phase.dag_title}: писем нет")
        for revision, group in groupby(of_phase, key=lambda row: row.revision):
            sent = list(group)
            letters = counted(len(sent), "письмо", "письма", "писем")
            if revision == 1:
                lines.append(f"{phase.dag_title}: {letters}")
                continue
            reached = {row.municipality_id for row in sent}
            whom = sorted(names.get(one, plan.region.department.short_name) for one in reached)
            lines.append(f"  исправление «Взамен направленного»: {letters} — {', '.join(whom)}")
    return (*lines, *_in_all(rows))


def _in_all(rows: Sequence[Row[Any]]) -> Iterator[str]:
    """How many letters to how many addressees, and why there are more letters than addressees."""
    addressees = Counter(
        one for one, _ in {(row.municipality_id, row.recipient_id) for row in rows}
    )
    letters = counted(len(rows), "письмо", "письма", "писем")
    yield f"Всего {letters} {counted(len(addressees), 'адресату', 'адресатам', 'адресатам')}."
    if len(rows) > len(addressees):
        phases = len({row.occasion for row in rows})
        several = sum(recipients > 1 for recipients in addressees.values())
        corrections = sum(row.revision > 1 for row in rows)
        why = (
            (phases > 1, f"этапов {phases}"),
            (
                several,
                f"несколько получателей у {counted(several, 'адресата', *2 * ['адресатов'])}",
            ),
            (corrections, f"исправлений {corrections}"),
        )
        yield f"Писем больше, чем адресатов: {', '.join(text for is_so, text in why if is_so)}."
