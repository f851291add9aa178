"""A run says what its moment knows: what had been loaded by then, or all that was received.

Revision 0008. Runs before knew all that was received.
"""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Not by making the table anew, as SQLite needs it for a constraint: others refer to it.
    op.execute(
        "alter table phase_run add column known_by text default 'loaded' not null"
        " constraint ck_phase_run_known_by check (known_by in ('loaded', 'received'))"
    )
    op.execute("update phase_run set known_by = 'received'")
