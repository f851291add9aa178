"""
### План-график: проверить файл

Читает файл плана выбранного года (`include/plans/<год>.yaml`) и сразу называет всё, что в нём не
так: строку, поле, что написано и как надо. Если план записан верно, печатает дни запуска этапов и
что в нём осталось заполнить. Ничего не меняет и не отправляет; запускать можно сколько угодно раз.

**Если что-то не так**: красная «Проверка плана» — в плане ошибки, они перечислены в её журнале.
Исправьте файл и запустите ещё раз. Пока ошибки есть, этапы этого плана не запускаются, остальные
планы работают. Подробно — руководство оператора (docs/operator.md), глава «Новый год».
"""

from airflow.sdk import dag

from roadmap_airflow import plan_check as checking
from roadmap_airflow.defaults import DEFAULT_ARGS, START
from roadmap_airflow.timetable import ByHandTimetable


@dag(
    dag_id="plan_check",
    dag_display_name="План-график: проверить файл",
    schedule=ByHandTimetable(),
    start_date=START,
    max_active_runs=1,
    is_paused_upon_creation=False,  # whoever starts it by hand wants it to run
    params=checking.form(),
    default_args=DEFAULT_ARGS,
    tags=["500+", "вручную"],
    doc_md=__doc__,
)
def plan_check() -> None:
    checking.check_plan()


plan_check()
