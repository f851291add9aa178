"""
### Решить судьбу письма

**Исход неизвестен.** Связь с почтовым сервером прервалась, когда письмо было уже передано: оно
могло уйти, могло не уйти. Сама система его больше не отправит. Найдите Message-ID письма в журнале
почтового сервера или спросите получателя и запустите этот DAG:

- «дошло» — письмо считается принятым почтовым сервером;
- «не дошло, отправить» — то же письмо с тем же Message-ID уйдёт ещё раз, не раньше чем через 15
  минут после сбоя;
- «не знаем, не отправлять» — письмо не уйдёт и принятым не считается.

**Сервер отклонил письмо, или попытки исчерпаны.** Когда причина устранена (ящик освобождён, письмо
больше не считают спамом):

- «отказ устранён, отправить снова» — то же письмо с тем же Message-ID уйдёт тому же адресату.

Решение записывается с вашим именем и причиной; второе решение о том же письме не принимается.

**Если что-то не так**: откройте журнал красной задачи. «Решение» говорит, почему оно не принято,
и запуск можно повторить. «Сверка» красная, пока в том же запуске этапа есть другие нерешённые
письма. Подробно — руководство оператора (docs/operator.md), глава «Исход неизвестен».
"""

from typing import Any

from airflow.sdk import dag

from roadmap_airflow import settle_delivery as settle
from roadmap_airflow.defaults import DEFAULT_ARGS, START
from roadmap_airflow.timetable import ByHandTimetable


@dag(
    dag_id="settle_delivery",
    dag_display_name="Решить судьбу письма",
    schedule=ByHandTimetable(),
    start_date=START,
    max_active_runs=1,
    is_paused_upon_creation=False,  # whoever starts it by hand wants it to run
    params=settle.form(),
    default_args=DEFAULT_ARGS,
    tags=["500+", "вручную"],
    doc_md=__doc__,
)
def settle_delivery() -> None:
    decided: Any = settle.decide()
    sent = settle.send_again(decided["phase_run"], decided["batch"])
    sent >> settle.reconcile(decided["phase_run"])


settle_delivery()
