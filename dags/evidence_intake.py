"""
### Ежедневный приём данных

Каждый рабочий день в 07:00 ({time_zone_name}) принимает всё, что поступило в папку приёма и на
портал, для всех планов, у которых есть папка года. Отмечает обновлённые виды сведений в разделе
«Активы». Писем муниципалитетам не отправляет. Оператору пишет, только если файл не принят, строки
отклонены или файл лежит вне своей папки, и об одном и том же файле — один раз, кто бы ни взял его
первым.

Если Airflow не работал несколько дней, после включения будет один запуск.

**Если что-то не так**: откройте красную задачу и прочитайте её журнал: там названы файл или
соединение и что исправить. Очистите задачу (круглая стрелка) или дождитесь следующего дня:
принятое второй раз ничего не изменит. Подробно — руководство оператора (docs/operator.md), глава
«Ежедневный приём».
"""

from airflow.sdk import dag

from roadmap_airflow import intake
from roadmap_airflow.defaults import DEFAULT_ARGS, START, documentation
from roadmap_airflow.timetable import WorkingDayTimetable


@dag(
    dag_id="evidence_intake",
    dag_display_name="Ежедневный приём данных",
    schedule=WorkingDayTimetable(hour=7),
    start_date=START,
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    tags=["500+", "каждый день"],
    doc_md=documentation(__doc__),
)
def evidence_intake() -> None:
    taken = intake.take_in.expand(dataset=list(intake.all_datasets()))
    [taken, intake.find_unclaimed()] >> intake.tell_operator()


evidence_intake()
