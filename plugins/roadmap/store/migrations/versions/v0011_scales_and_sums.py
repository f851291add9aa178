"""Scales of a region, sums of primary scores, and by which scale a batch was marked.

Revision 0011.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "score_result",
        sa.Column("batch_id", sa.String(length=32), nullable=False),
        sa.Column("sheet", sa.Text(), nullable=True),
        sa.Column("row", sa.Integer(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("wave", sa.Text(), nullable=False),
        sa.Column("grade", sa.Integer(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("school_scheme", sa.Text(), nullable=True),
        sa.Column("school_ref", sa.Text(), nullable=True),
        sa.Column("municipality_ref", sa.Text(), nullable=True),
        sa.Column("participants", sa.Integer(), nullable=False),
        sa.Column("absent", sa.Integer(), nullable=True),
        sa.Column("score_sum", sa.Integer(), nullable=True),
        sa.Column("score_squares", sa.Integer(), nullable=True),
        sa.Column("journal_2", sa.Integer(), nullable=True),
        sa.Column("journal_3", sa.Integer(), nullable=True),
        sa.Column("journal_4", sa.Integer(), nullable=True),
        sa.Column("journal_5", sa.Integer(), nullable=True),
        sa.Column("pair_scores", sa.Integer(), nullable=True),
        sa.Column("pair_squares", sa.Integer(), nullable=True),
        sa.Column("pair_products", sa.Integer(), nullable=True),
        sa.Column("gap_2", sa.Integer(), nullable=True),
        sa.Column("rank_gaps", sa.Integer(), nullable=True),
        sa.Column("score_ties", sa.Integer(), nullable=True),
        sa.Column("restored", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["load_batch.batch_id"], name=op.f("fk_score_result_batch_id")
        ),
    )
    op.create_index(op.f("ix_score_result_batch_id"), "score_result", ["batch_id"])

    op.create_table(
        "vpr_scale",
        sa.Column("batch_id", sa.String(length=32), nullable=False),
        sa.Column("sheet", sa.Text(), nullable=True),
        sa.Column("row", sa.Integer(), nullable=True),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("grade", sa.Integer(), nullable=False),
        sa.Column("maximum", sa.Integer(), nullable=False),
        sa.Column("three", sa.Integer(), nullable=False),
        sa.Column("four", sa.Integer(), nullable=False),
        sa.Column("five", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["load_batch.batch_id"], name=op.f("fk_vpr_scale_batch_id")
        ),
    )
    op.create_index(op.f("ix_vpr_scale_batch_id"), "vpr_scale", ["batch_id"])

    op.add_column("load_batch", sa.Column("scale", sa.Text(), nullable=True))
