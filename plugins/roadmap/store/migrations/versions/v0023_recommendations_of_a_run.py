"""From which day the recommendations of a run's municipalities hold.

Revision 0023. Runs that there are have none: their check, run again, finds them.
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "run_recommendation",
        sa.Column("run_id", sa.String(length=32), nullable=False),
        sa.Column("measure", sa.Integer(), nullable=False),
        sa.Column("municipality_id", sa.Text(), nullable=False),
        sa.Column("is_whole", sa.Integer(), nullable=False),
        sa.Column("sent_on", sa.String(length=10), nullable=True),
        sa.Column("recommended_on", sa.String(length=10), nullable=True),
        sa.ForeignKeyConstraint(
            ["run_id"], ["phase_run.run_id"], name=op.f("fk_run_recommendation_run_id")
        ),
        sa.PrimaryKeyConstraint(
            "run_id", "measure", "municipality_id", name=op.f("pk_run_recommendation")
        ),
    )
