"""The order of events that every phase's DAG has; a DAG file says only what is its own."""

from __future__ import annotations

from typing import Any

from airflow.sdk import DAG, dag

from roadmap_airflow import tasks
from roadmap_airflow.assets import evidence_of
from roadmap_airflow.defaults import DEFAULT_ARGS, START, documentation
from roadmap_airflow.forms import phase_params
from roadmap_airflow.plans import phase_datasets
from roadmap_airflow.timetable import phase_timetable

_OF_EVERY_PHASE = """
Запуск вручную безопасен: письмо с тем же содержанием второй раз не уйдёт, изменившееся
уйдёт как исправление. Новый запуск прошедшего этапа может изменить письма всех: без нужды его не
запускайте, а сначала проверьте с «Ничего не отправлять».

Заметка запуска говорит, как и кому он отправлял. Зелёная проверка или запуск для нескольких
красного запуска не отменяют: как стоит этап в целом, сказано в их письме о рассылке.

**Если что-то не так**: откройте красную задачу и прочитайте её журнал; красная «Сверка» под
строкой «ТРЕБУЕТ ВНИМАНИЯ» называет, кому письмо не ушло и почему. Устраните причину и очистите
задачу (круглая стрелка). «Приём данных» заново возьмёт файлы; более поздние задачи работают с
уже зафиксированными сведениями. Красная «Проверка формы» — запустите этап заново: очищенная, она
возьмёт ту же форму. Подробно — руководство оператора (docs/operator.md), глава «Если запуск
красный».
"""


def phase_dag(phase: str, *, display_name: str, doc_md: str | None) -> DAG:
    """The DAG of the phase with this code, over all plans that have it.

    `doc_md` says what is its own; what holds of every phase is added.
    """

    @dag(
        dag_id=phase,
        dag_display_name=display_name,
        schedule=phase_timetable(phase),
        start_date=START,
        catchup=True,
        max_active_runs=1,
        default_args=DEFAULT_ARGS,
        params=phase_params(phase),
        tags=["500+", "этап"],
        doc_md=documentation(doc_md) + _OF_EVERY_PHASE,
    )
    def order_of_events() -> None:
        datasets = phase_datasets(phase)
        # The inlets are for people: Airflow shows which phase reads which evidence.
        pull = tasks.pull.override(inlets=[evidence_of(name) for name in datasets])

        form = tasks.check_form()
        pulled = pull.expand(dataset=datasets)
        run: Any = tasks.freeze()  # its value, once it has run: the id of the phase run
        analysed = tasks.analyse(run)
        checked = tasks.check(run)  # of seminars by what the analysis found
        batches = tasks.compose(run)
        rendered = tasks.render.partial(phase_run=run).expand(batch=batches)
        approved = tasks.approve(run)
        sent = tasks.send(run, batches)
        reconciled = tasks.reconcile(run)

        form >> pulled >> run >> analysed >> checked >> batches >> rendered >> approved >> sent
        sent >> reconciled

    return order_of_events()
