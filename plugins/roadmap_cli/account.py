"""What a year's letters came to: per phase how many, and whom a correction reached."""

from __future__ import annotations

from sqlalchemy import Engine, select

from roadmap.plan.model import Plan
from roadmap.russian import counted
from roadmap.store.sql import sql
from roadmap.store.tables import delivery


def account_of_year(engine: Engine, plan: Plan) -> tuple[str, ...]:
    """Russian lines for the terminal, phases in the plan's order; ids and addresses in none."""
    with engine.connect() as db, db.begin():
        rows = db.execute(sql("delivery/letters_of_year"), {"plan_year": plan.year}).all()
        corrected = db.execute(
            select(delivery.c.occasion, delivery.c.revision, delivery.c.municipality_id)
            .where(
                delivery.c.revision > 1, delivery.c.mode == "live", delivery.c.state == "accepted"
            )
            .distinct()
        ).all()
    names = {municipality.id: municipality.name for municipality in plan.municipalities}
    lines = []
    for phase in plan.phases:
        occasion = f"{plan.year}/{phase.code}"
        of_phase = [row for row in rows if row.occasion == occasion]
        if not of_phase:
            lines.append(f"{phase.dag_title}: писем нет")
        for row in of_phase:
            letters = counted(row.letters, "письмо", "письма", "писем")
            if row.revision == 1:
                lines.append(f"{phase.dag_title}: {letters}")
                continue
            whom = sorted(
                names.get(one.municipality_id, plan.department.short_name)
                for one in corrected
                if (one.occasion, one.revision) == (occasion, row.revision)
            )
            lines.append(f"  исправление «Взамен направленного»: {letters} — {', '.join(whom)}")
    return tuple(lines)
