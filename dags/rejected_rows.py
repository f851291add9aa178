"""
### Непринятые строки: показать

Печатает в журнал все замечания к файлам, которые ещё стоят: какой файл не принят и почему, какая
строка отклонена, на каком листе и что в ней исправить, когда файл прочитан впервые. Так замечания
можно найти и тогда, когда файл лежит без изменений, а журнал того приёма уже далеко. Файлы заново
не читаются, ничего не меняется и не отправляется; запускать можно сколько угодно раз.

**Если что-то не так**: красная задача — не открылась база данных дорожной карты, сообщите в
поддержку. Подробно — руководство оператора (docs/operator.md), глава «Ежедневный приём».
"""

from airflow.sdk import dag

from roadmap_airflow import rejected_rows as rejected
from roadmap_airflow.defaults import DEFAULT_ARGS, START
from roadmap_airflow.timetable import ByHandTimetable


@dag(
    dag_id="rejected_rows",
    dag_display_name="Непринятые строки: показать",
    schedule=ByHandTimetable(),
    start_date=START,
    max_active_runs=1,
    is_paused_upon_creation=False,  # whoever starts it by hand wants it to run
    params=rejected.form(),
    default_args=DEFAULT_ARGS,
    tags=["500+", "вручную"],
    doc_md=__doc__,
)
def rejected_rows() -> None:
    rejected.tell()


rejected_rows()
