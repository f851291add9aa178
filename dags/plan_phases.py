"""
### Этап плана-графика

{own}

Запускается по плану-графику: {runs} ({zone}).
"""

from pathlib import Path

from roadmap.russian import day, of_plan
from roadmap_airflow.phases import phase_dag
from roadmap_airflow.plans import valid_plans

WITH_A_FILE = {path.stem for path in Path(__file__).parent.glob("*.py")}


def _documentation(code: str) -> str:
    """What the plans say of the phase: its title, the rows that it tells of, when it runs."""
    from roadmap.plan.schedule import phase_events

    plans = {plan.code: plan for plan in valid_plans()}
    events = phase_events(code, plans.values())
    own = [
        f"{phase.title}, план {of_plan(event.plan_code)}. "
        f"Мероприятия № {', '.join(map(str, phase.reports))}."
        for event in events
        for phase in [plans[event.plan_code].phase(code)]
    ]
    runs = ", ".join(f"{day(event.run_at.date())} в {event.run_at:%H:%M}" for event in events)
    zone = plans[events[-1].plan_code].region.time_zone_name
    # What a plan says is text: its braces are no fields of the documentation.
    said = (__doc__ or "").format(own="\n\n".join(own), runs=runs, zone=zone)
    return said.replace("{", "{{").replace("}", "}}")


# Of a phase that several plans have the latest one names the DAG.
_TITLES = {phase.code: phase.listed_title for plan in valid_plans() for phase in plan.phases}
for _code in sorted(_TITLES.keys() - WITH_A_FILE):
    globals()[_code] = phase_dag(_code, display_name=_TITLES[_code], doc_md=_documentation(_code))
