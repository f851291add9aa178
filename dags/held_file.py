"""
### Файл меньше прежнего: решить

В новом файле заметно меньше, чем в принятом до него: например, протокол одной школы вместо
протокола всего региона. Такой файл придержан, действуют прежние сведения. В письме о приёме
названы файл, сколько в нём строк, школ и муниципалитетов вместо скольких, и код. Запустите этот
DAG:

- «заменить» — действовать будет только новый файл;
- «дополнить» — о школах и записях нового файла действует он, об остальных — прежние сведения;
- «оставить прежний» — файл не принимается, и о нём больше не спрашивают.

Решение записывается с вашим именем и причиной, файл принимается сразу. Повторить то же решение
безопасно; до приёма файла его можно изменить.

**Если что-то не так**: откройте журнал красной задачи: «Решение» говорит, почему оно не принято.
Подробно — руководство оператора (docs/operator.md), глава «Файл меньше прежнего».
"""

from typing import Any

from airflow.sdk import dag

from roadmap_airflow import held_file as held
from roadmap_airflow.defaults import DEFAULT_ARGS, START
from roadmap_airflow.timetable import ByHandTimetable


@dag(
    dag_id="held_file",
    dag_display_name="Файл меньше прежнего: решить",
    schedule=ByHandTimetable(),
    start_date=START,
    max_active_runs=1,
    is_paused_upon_creation=False,  # whoever starts it by hand wants it to run
    params=held.form(),
    default_args=DEFAULT_ARGS,
    tags=["500+", "вручную"],
    doc_md=__doc__,
)
def held_file() -> None:
    decided: Any = held.decide()
    held.take_in(decided["dataset"], decided["plan"], decided["is_awaited"])


held_file()
