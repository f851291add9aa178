"""Who was told of which file, and what lies in the inbox and is not accepted.

Revision 0007. What was refused or set aside before was told by the rules of its time.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("load_batch", sa.Column("told_ms", sa.BigInteger(), nullable=True))
    op.execute(
        "update load_batch set told_ms = loaded_ms where state = 'refused' or rows_rejected > 0"
    )
    op.create_table(
        "lying_file",
        sa.Column("plan_year", sa.Integer(), nullable=False),
        sa.Column("dataset", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("batch_id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["load_batch.batch_id"], name=op.f("fk_lying_file_batch_id_load_batch")
        ),
        sa.PrimaryKeyConstraint("plan_year", "dataset", "place", name=op.f("pk_lying_file")),
    )
