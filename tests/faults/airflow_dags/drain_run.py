"""
### Отправка одного запуска

Только задача «Отправка» этапов, для проверок на сбои.

**Если что-то не так**: прочитайте журнал проверки.
"""

from airflow.sdk import Param, dag, task

from roadmap_airflow import tasks
from roadmap_airflow.defaults import DEFAULT_ARGS, START


@task(task_display_name="Адресаты")
def addressees(phase_run: str) -> list[list[str]]:
    """Everybody who has a letter of the run's occasion, in the batches of a phase."""
    from sqlalchemy import select

    from roadmap.store.tables import delivery
    from roadmap.store.tables import phase_run as runs
    from roadmap_airflow.connections import roadmap_db

    occasion = select(runs.c.occasion).where(runs.c.run_id == phase_run).scalar_subquery()
    theirs = select(delivery.c.municipality_id).where(delivery.c.occasion == occasion)
    with roadmap_db() as engine, engine.connect() as db:
        found = db.execute(theirs.distinct().order_by(delivery.c.municipality_id)).scalars().all()
    return tasks.batches(tuple(found))


@dag(
    dag_display_name="Отправка одного запуска",
    schedule=None,
    start_date=START,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    params={"phase_run": Param("", type="string")},
    tags=["проверка"],
    doc_md=__doc__,
    render_template_as_native_obj=False,
)
def drain_run():
    run = "{{ params.phase_run }}"
    tasks.send(run, addressees(run))


drain_run()
