"""The roadmap's database of this environment, for commands that answer a question from it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import Connection

NOTHING_YET = (
    "База данных дорожной карты не открывается или ещё пуста. Сначала: make phase или make run."
)
_SQLITE = "sqlite:///"


class NothingYet(SystemExit):
    """There is no database yet, or nothing in it."""

    def __init__(self) -> None:
        super().__init__(NOTHING_YET)


@contextmanager
def asked_database(*refusals: type[Exception]) -> Iterator[Connection]:
    """A connection to read from; NothingYet where there is none, or SystemExit on `refusals`."""
    from roadmap_cli.environment import VAR, Ports, demo_environment

    os.environ.update(demo_environment(VAR / "airflow-phase", Ports(8080)))

    from sqlalchemy.exc import OperationalError, ProgrammingError

    from roadmap.store.engine import open_engine
    from roadmap_airflow.connections import database_url

    url = database_url()
    # SQLite would make an empty database of a file that is not there.
    if url.startswith(_SQLITE) and not Path(url.removeprefix(_SQLITE)).exists():
        raise NothingYet
    engine = open_engine(url)
    try:
        with engine.connect() as db, db.begin():
            yield db
    except refusals as refusal:
        raise SystemExit(str(refusal)) from None
    except (OperationalError, ProgrammingError):
        raise NothingYet from None
    finally:
        engine.dispose()
