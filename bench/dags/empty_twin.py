"""
### Двойник мартовского этапа без работы

Столько же задач, в том же порядке, и ни одна ничего не делает: с ним сравнивается настоящий.

**Если что-то не так**: этот DAG нужен только для `make bench`.
"""

import os
from datetime import timedelta

from airflow.sdk import dag, task

from roadmap_airflow.defaults import START

DATASETS = int(os.environ.get("ROADMAP_BENCH_DATASETS", "13"))
ADDRESSEES = int(os.environ.get("ROADMAP_BENCH_ADDRESSEES", "13"))


@dag(
    dag_id="empty_twin",
    dag_display_name="Двойник этапа",
    schedule=None,
    start_date=START,
    max_active_runs=1,
    default_args={"retries": 1, "execution_timeout": timedelta(minutes=1)},
    tags=["bench"],
    doc_md=__doc__,
)
def empty_twin() -> None:
    @task(task_display_name="Ничего")
    def nothing() -> list[int]:
        return list(range(ADDRESSEES))

    @task(task_display_name="Ничего для каждого")
    def nothing_each(number: int) -> None: ...

    pulled = nothing_each.override(task_id="pull").expand(number=list(range(DATASETS)))
    frozen = nothing.override(task_id="freeze")()
    checked = nothing.override(task_id="check")()
    analysed = nothing.override(task_id="analyse")()
    batches = nothing.override(task_id="compose")()
    rendered = nothing_each.override(task_id="render").expand(number=batches)
    approved = nothing.override(task_id="approve")()
    sent = nothing_each.override(task_id="post").expand(number=batches)
    reconciled = nothing.override(task_id="reconcile")()

    pulled >> frozen >> analysed >> checked >> batches >> rendered >> approved >> sent >> reconciled


empty_twin()
