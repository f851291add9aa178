"""Which deficit an event answers, and what deficits a run knows of.

Revision 0022. Of the events that there are nothing is known.
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("event", sa.Column("subject", sa.Text(), nullable=True))
    op.add_column("event", sa.Column("grade", sa.Integer(), nullable=True))
    op.add_column("event", sa.Column("factor", sa.Text(), nullable=True))
    op.create_table(
        "run_deficit",
        sa.Column("run_id", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("grade", sa.Integer(), nullable=True),
        sa.Column("factor", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["run_id"], ["phase_run.run_id"], name=op.f("fk_run_deficit_run_id")
        ),
    )
    op.create_index(op.f("ix_run_deficit_run_id"), "run_deficit", ["run_id"])
