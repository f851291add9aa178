"""What persons decide about files that cover less than what is in force.

Revision 0006.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "held_file_decision",
        sa.Column("batch_id", sa.String(length=32), nullable=False),
        sa.Column("decided_ms", sa.BigInteger(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "decision in ('replace', 'add', 'keep')", name=op.f("ck_held_file_decision_decision")
        ),
        sa.ForeignKeyConstraint(
            ["batch_id"],
            ["load_batch.batch_id"],
            name=op.f("fk_held_file_decision_batch_id_load_batch"),
        ),
        sa.PrimaryKeyConstraint("batch_id", "decided_ms", name=op.f("pk_held_file_decision")),
    )
