"""Reported values of indicators; the quarter and the baseline that a result is judged by.

Revision 0027. Results that there are have neither: their plans knew no such targets.
"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "indicator_value",
        sa.Column("batch_id", sa.String(length=32), nullable=False),
        sa.Column("sheet", sa.Text(), nullable=True),
        sa.Column("row", sa.Integer(), nullable=True),
        sa.Column("municipality_id", sa.Text(), nullable=False),
        sa.Column("indicator", sa.Text(), nullable=False),
        sa.Column("period_ends", sa.String(length=10), nullable=False),
        sa.Column("numerator", sa.Integer(), nullable=True),
        sa.Column("denominator", sa.Integer(), nullable=True),
        sa.Column("value", sa.Integer(), nullable=True),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("dated_on", sa.String(length=10), nullable=False),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["load_batch.batch_id"], name=op.f("fk_indicator_value_batch_id")
        ),
    )
    op.create_index(op.f("ix_indicator_value_batch_id"), "indicator_value", ["batch_id"])
    with op.batch_alter_table("indicator_result") as results:
        results.add_column(sa.Column("target_on", sa.String(length=10), nullable=True))
        results.add_column(sa.Column("baseline_numerator", sa.Integer(), nullable=True))
        results.add_column(sa.Column("baseline_denominator", sa.Integer(), nullable=True))
