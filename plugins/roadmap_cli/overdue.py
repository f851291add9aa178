"""`make overdue`: do letters wait while nobody sends them? For cron or monitoring, beside Airflow.

Who watches the watch: the scheduler is gone, a DAG is paused, and no task is left that could
raise an alarm. Reads the roadmap's database and nothing else; no part of Airflow is imported.
Exit 0 and one line where all is well; 1 and what is wrong, in Russian, else.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from roadmap_cli.arguments import ArgumentParser

if TYPE_CHECKING:
    from sqlalchemy import URL

ASK = "Задайте адрес базы: AIRFLOW_CONN_ROADMAP_DB, как у Airflow, или --database."
_SQLITE = "sqlite:///"


class NoDatabase(ValueError):
    """The database cannot be asked; the message is for the operator, in Russian."""


def main() -> None:
    parser = ArgumentParser(description="Letters that wait while nobody sends them")
    parser.add_argument("--database", help="SQLAlchemy's URL; else that of AIRFLOW_CONN_ROADMAP_DB")
    arguments = parser.parse_args()
    try:
        sentences = overdue_letters(arguments.database or database_url(environment()))
    except NoDatabase as missing:
        sentences = (str(missing),)
    if sentences:
        print("\n".join(sentences))
        sys.exit(1)
    print("Просроченных писем нет.")


def environment() -> Mapping[str, str]:
    """The caller's environment; where it names no database, that of the demo."""
    from roadmap_cli.environment import VAR

    demo = json.dumps({"conn_type": "sqlite", "host": str(VAR / "roadmap.db")})
    return {"AIRFLOW_CONN_ROADMAP_DB": demo, **os.environ}


def database_url(values: Mapping[str, str]) -> str:
    """SQLAlchemy's URL of the connection `roadmap_db`, as its variable has it; NoDatabase.

    The variable is JSON, or Airflow's own form of a URL (`postgresql://user:…@host/roadmap`).
    """
    from sqlalchemy.exc import ArgumentError

    try:
        url = _parsed(values.get("AIRFLOW_CONN_ROADMAP_DB", "").strip())
    except (ValueError, ArgumentError):
        raise NoDatabase(f"Соединение «roadmap_db» не читается. {ASK}") from None
    if url.drivername == "sqlite":
        return f"{_SQLITE}{url.database}"
    if url.drivername in {"postgres", "postgresql"}:
        return url.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
    raise NoDatabase(f"Соединение «roadmap_db»: нужен тип sqlite или postgres. {ASK}")


def _parsed(text: str) -> URL:
    from sqlalchemy import URL, make_url

    if not text.startswith("{"):
        return make_url(text)
    given = json.loads(text)
    kind, host = str(given.get("conn_type")), given.get("host")
    if kind == "sqlite":
        return URL.create(kind, database=host)
    return URL.create(
        kind,
        username=given.get("login"),
        password=given.get("password"),
        host=host,
        port=given.get("port"),
        database=given.get("schema"),
    )


def overdue_letters(url: str) -> tuple[str, ...]:
    """A sentence for each occasion whose letters nobody sends, and what may hold them; NoDatabase.

    After how many hours is `ROADMAP_OVERDUE_HOURS`, as for the alarms.
    """
    from sqlalchemy.exc import DBAPIError

    from roadmap.delivery.account.alarms import named, overdue
    from roadmap.delivery.ledger import brakes
    from roadmap.delivery.ledger.moves import db_now_ms
    from roadmap.delivery.letters.operator_text import CONTROL_DAG, title
    from roadmap.plan.load import load_plans
    from roadmap.store.engine import open_engine

    # SQLite would make an empty database of a file that is not there.
    if url.startswith(_SQLITE) and not Path(url.removeprefix(_SQLITE)).exists():
        raise NoDatabase(f"Файла базы данных дорожной карты нет. {ASK}")
    hours = _hours(os.environ.get("ROADMAP_OVERDUE_HOURS", ""))
    engine = open_engine(url)
    try:
        with engine.connect() as db, db.begin():
            now_ms = db_now_ms(db)
            late = overdue(db, hours, now_ms, only_idle=True)
            held_by = brakes.standing(db, now_ms)
    except DBAPIError:
        raise NoDatabase(f"База данных дорожной карты не отвечает или ещё пуста. {ASK}") from None
    finally:
        engine.dispose()
    if not late:
        return ()
    plans, _ = load_plans()
    sentences = [
        f"Письма ждут дольше {hours} ч, и никто их не отправляет: "
        f"{title(one.occasion, one.mode, plans)} — {named(one.names)}."
        for one in late
    ]
    if held_by.is_off:
        sentences.append(f"Вся отправка остановлена: «{CONTROL_DAG}» в Airflow.")
    elif any((one.occasion, one.mode) in held_by.paused for one in late):
        sentences.append(f"Рассылка приостановлена: «{CONTROL_DAG}» в Airflow.")
    else:
        sentences.append(
            "Проверьте, что Airflow работает и DAG «Доставка: проверка и досылка» включён; если "
            "так, откройте журнал его задачи «Тревоги»."
        )
    return tuple(sentences)


def _hours(text: str) -> int:
    from roadmap.delivery.settings import DeliverySettings

    return int(text) if text.strip().isdecimal() else DeliverySettings.overdue_hours


if __name__ == "__main__":
    main()
