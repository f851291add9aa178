"""
### Отправка: остановить или продолжить

Останавливает всю отправку сразу: после этого не уйдёт ни одно письмо ни одного этапа, даже если
этап уже идёт. Письма ждут в очереди, ничего не теряется. «Продолжить всю отправку» отпускает их;
«продолжить приостановленную рассылку» — письма рассылки, которую система приостановила сама из-за
отказов почтового сервера или неизвестных исходов.

После продолжения письма отправит «Доставка: проверка и досылка» в ближайшие пять минут. Кто, когда
и почему остановил и продолжил, записывается в базу.

**Если что-то не так**: в журнале задачи сказано, что сделано, что ещё удерживает письма и сколько
их ждёт. Красная задача — причина не написана или выбранная рассылка не приостановлена:
запустите снова. Подробно — руководство оператора (docs/operator.md), глава «Остановить отправку».
"""

from airflow.sdk import dag

from roadmap_airflow import sending_control as control
from roadmap_airflow.defaults import DEFAULT_ARGS, START
from roadmap_airflow.timetable import ByHandTimetable


@dag(
    dag_id="sending_control",
    dag_display_name="Отправка: остановить или продолжить",
    schedule=ByHandTimetable(),
    start_date=START,
    max_active_runs=1,
    is_paused_upon_creation=False,  # whoever starts it by hand wants it to run
    params=control.form(),
    default_args=DEFAULT_ARGS,
    tags=["500+", "вручную"],
    doc_md=__doc__,
)
def sending_control() -> None:
    control.control_sending()


sending_control()
