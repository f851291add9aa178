"""Plans are known by a code, not by their year: «2021», «schools-2021».

Revision 0028. The plans of a ledger in use had no code of their own: theirs is the year as text.
"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # A rename keeps indexes, keys, references and triggers.
    tables = ("load_batch", "phase_run", "lying_file")
    for name in tables:
        op.execute(f"alter table {name} rename column plan_year to plan_code")
    if op.get_bind().dialect.name == "postgresql":
        for name in tables:
            op.execute(f"alter table {name} alter column plan_code type text")
        return
    # SQLite changes no type of a column but by the text of the table's declaration
    # (https://www.sqlite.org/lang_altertable.html#otheralter); other tables refer to these, so a
    # copy in their place would break the references. What the index and the key hold of the old
    # type goes with them.
    op.drop_index("ix_load_batch_in_force", table_name="load_batch")
    lying = sa.table("lying_file", *map(sa.column, ("plan_code", "dataset", "place", "batch_id")))
    rows = op.get_bind().execute(sa.select(lying)).mappings().all()
    op.execute(sa.delete(lying))
    op.execute("pragma writable_schema = on")
    op.execute(
        "update sqlite_master set sql = replace(sql, 'plan_code INTEGER', 'plan_code TEXT') "
        "where type = 'table' and name in ('load_batch', 'phase_run', 'lying_file')"
    )
    op.execute("pragma writable_schema = reset")
    for name in ("load_batch", "phase_run"):
        table = sa.table(name, sa.column("plan_code"))
        op.execute(sa.update(table).values(plan_code=sa.cast(table.c.plan_code, sa.Text)))
    if rows:
        op.bulk_insert(lying, [{**row, "plan_code": str(row["plan_code"])} for row in rows])
    op.create_index(
        "ix_load_batch_in_force", "load_batch", ["plan_code", "dataset", "scope", "received_ms"]
    )
