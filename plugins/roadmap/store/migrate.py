"""Bringing a database to the tables this code expects (Alembic, migrations/versions).

A migration is a record of what was done once: it names every table and row itself and imports
nothing of ours, so a later change of tables.py never changes it.

To write the next one, change tables.py (of a fact table, its declaration in roadmap.datasets) and
run `python -m roadmap.store.migrate URL`: it prints the difference between that database and the
code as the body of a migration.
"""

from __future__ import annotations

import sys
from pathlib import Path

from alembic import command
from alembic.autogenerate import api as autogenerate
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, func, select

from roadmap.store.engine import open_engine
from roadmap.store.tables import metadata

MIGRATIONS = Path(__file__).parent / "migrations"

# A name of its own: Airflow's tables, should they ever share a database, are Alembic's too.
VERSION_TABLE = "roadmap_version"

# Any number, as long as nobody else takes this advisory lock.
_LOCK = 376_2021


class UnknownVersion(RuntimeError):
    """The database was brought further by a newer version of this program."""


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Bring the database to the newest version, all or nothing; the second of two waits.

    `revision` is an earlier one where a test needs the tables of that day.

    UnknownVersion when the database is ahead of this code.
    """
    # SQLite: our transactions begin with BEGIN IMMEDIATE, which is the lock.
    with engine.begin() as db:
        if db.dialect.name == "postgresql":
            db.execute(select(func.set_config("statement_timeout", "10min", True)))
            db.execute(select(func.pg_advisory_xact_lock(_LOCK)))
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        config.attributes["connection"] = db
        try:
            command.upgrade(config, revision)
        except CommandError as error:
            raise UnknownVersion(
                f"База данных обновлена более новой версией программы ({version(db)}). "
                "Установите эту версию или восстановите базу из копии."
            ) from error


def version(db: Connection) -> str | None:
    """The database's version; None where nothing was migrated yet."""
    return _context(db).get_current_revision()


def difference(db: Connection) -> str:
    """What tables.py has and the database has not, as the body of a migration."""
    changes = autogenerate.produce_migrations(_context(db), metadata).upgrade_ops
    if changes is None or changes.is_empty():
        return ""
    return autogenerate.render_python_code(changes, render_as_batch=True)


def _context(db: Connection) -> MigrationContext:
    return MigrationContext.configure(
        db,
        opts={
            "version_table": VERSION_TABLE,
            "target_metadata": metadata,
            "compare_server_default": True,
        },
    )


def main() -> None:
    engine = open_engine(sys.argv[1])
    with engine.connect() as db:
        sys.stdout.write(difference(db) + "\n")


if __name__ == "__main__":
    main()
