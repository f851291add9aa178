"""Run by Alembic: migrates over the connection, and in the transaction, that it is given."""

from alembic import context

from roadmap.store.migrate import VERSION_TABLE
from roadmap.store.tables import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    # SQLite changes a table by copying it; Alembic's batch mode writes that for both engines.
    render_as_batch=True,
)
context.run_migrations()
