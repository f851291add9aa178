"""
### Календарь: напоминания и пропущенные запуски

Каждый рабочий день в 09:00 ({time_zone_name}):

- за 14 и за 3 дня до срока мероприятия напоминает муниципалитетам, у которых не всё сделано, чего
  не хватает. Какие мероприятия напоминают, сказано в плане. О каждом сроке — по одному письму на
  дату; у кого всё сделано, тому письма нет. Напоминать не о чем — задачи пропущены;
- на следующий рабочий день после окончания срока мероприятия, о котором ещё не скоро скажет этап (в
  плане — `closings`), пишет департаменту, что достигнуто и чего нет; то же самое читает оператор в
  сверке. О каждом сроке — один раз;
- сверяет план-график с запусками этапов. Запуска не было, или он никому ничего не составил, —
  задача «Пропущенные запуски» красная.

Закрытые планы и планы, которые ещё не введены в действие, не проверяются.

**Если что-то не так**: откройте красную задачу и прочитайте её журнал. «Пропущенные запуски»
называет этап и что сделать; когда этап выполнен, следующая проверка зелёная. «Сверка» называет,
кому напоминание не ушло и почему. Подробно — руководство оператора (docs/operator.md), глава
«Напоминания и пропущенные запуски».
"""

from airflow.sdk import dag

from roadmap.plan.model import OCCASIONS_AT
from roadmap_airflow import watch
from roadmap_airflow.defaults import DEFAULT_ARGS, START, documentation
from roadmap_airflow.timetable import WorkingDayTimetable


@dag(
    dag_id="calendar_watch",
    dag_display_name="Календарь: напоминания и пропущенные запуски",
    schedule=WorkingDayTimetable(hour=OCCASIONS_AT.hour),
    start_date=START,
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    tags=["500+", "каждый день"],
    doc_md=documentation(__doc__),
)
def calendar_watch() -> None:
    watch.watch_runs()
    watch.remind.expand(occasion=watch.find_reminders())


calendar_watch()
