"""
### Март: комплексный анализ

Собирает результаты ВПР, ЕГЭ и диагностических работ, проверяет показатели мероприятий
№ 5–8, составляет каждому муниципалитету — участнику проекта письмо, аналитическую справку
(DOCX и PDF) и приложение (XLSX), департаменту — региональную справку, и отправляет их.

Запускается по плану-графику 31 марта в 10:00 (МСК). Запуск вручную безопасен: письмо с тем же
содержанием второй раз не уйдёт, изменившееся уйдёт как исправление.

**Если что-то не так**: откройте красную задачу и прочитайте её журнал; красная «Сверка» под
строкой «ТРЕБУЕТ ВНИМАНИЯ» называет, кому письмо не ушло и почему. Устраните причину и очистите
задачу (круглая стрелка). «Приём данных» заново возьмёт файлы; более поздние задачи работают с
уже зафиксированными сведениями. Подробно — руководство оператора (docs/operator.md), глава
«Если запуск красный».
"""

from airflow.sdk import dag

from roadmap_airflow import tasks
from roadmap_airflow.defaults import DEFAULT_ARGS, START
from roadmap_airflow.forms import phase_params
from roadmap_airflow.plans import phase_datasets
from roadmap_airflow.timetable import phase_timetable

PHASE = "march_analysis"


@dag(
    dag_id=PHASE,
    dag_display_name="Март: комплексный анализ",
    schedule=phase_timetable(PHASE),
    start_date=START,
    catchup=True,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    params=phase_params(PHASE),
    tags=["500+", "этап"],
    doc_md=__doc__,
)
def march_analysis():
    pulled = tasks.pull.expand(dataset=phase_datasets(PHASE))
    run = tasks.freeze()
    checked = tasks.check(run)
    analysed = tasks.analyse(run)
    batches = tasks.compose(run)
    rendered = tasks.render.partial(phase_run=run).expand(batch=batches)
    approved = tasks.approve()
    sent = tasks.send(run, batches)
    reconciled = tasks.reconcile(run)

    pulled >> run >> checked >> analysed >> batches >> rendered >> approved >> sent >> reconciled


march_analysis()
