"""
### Доставка: проверка и досылка

Каждые пять минут доводит до конца то, что осталось от прерванных, очищенных и неудачных запусков:

- «Прерванные отправки и журнал» возвращает в очередь письма, чей отправитель не дожил до
  передачи, отпускает письма запусков, которые завершились, не дойдя до «Согласования» (письма
  идущих не трогает), и проверяет журнал рассылки;
- «Доказательства» ищет письма с неизвестным исходом в квитанциях, журнале почтового сервера и
  ящике копий, если они настроены;
- «Отправка оставшегося» отправляет всё, чему пора: одно письмо уходит один раз, кто бы его ни
  отправлял;
- «Застрявшие запуски» ищет запуски, которые не закончены и стоят;
- «Тревоги» красная, пока что-то требует человека: исход письма неизвестен, письмо ждёт слишком
  долго, отклонено, отправка остановлена, запуск стоит. О новой тревоге оператору приходит одно
  письмо, о той, что стоит, — ещё одно через сутки.

**Если что-то не так**: откройте журнал задачи «Тревоги»: там сказано, о ком речь и что сделать.
Когда причина устранена, следующий запуск зелёный; очищать ничего не нужно. Подробно —
руководство оператора (docs/operator.md), глава «Проверка и досылка».
"""

from typing import Any

from airflow.sdk import dag

from roadmap_airflow import delivery_watch as watch
from roadmap_airflow.defaults import DEFAULT_ARGS, START
from roadmap_airflow.stuck import find_stuck_runs
from roadmap_airflow.timetable import FewMinutesTimetable


@dag(
    dag_id="delivery_watch",
    dag_display_name="Доставка: проверка и досылка",
    schedule=FewMinutesTimetable.every(5),
    start_date=START,
    catchup=False,
    max_active_runs=1,
    # A red task every five minutes, but a letter of its own only for what is new.
    default_args={**DEFAULT_ARGS, "on_failure_callback": None},
    tags=["500+", "каждые пять минут"],
    doc_md=__doc__,
)
def delivery_watch() -> None:
    stuck: Any = find_stuck_runs()
    alarms = watch.alarms(stuck)
    watch.look_after() >> watch.find_evidence() >> watch.send_left() >> alarms


delivery_watch()
