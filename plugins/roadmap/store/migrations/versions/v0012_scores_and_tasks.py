"""Counts of primary scores and points of tasks.

Revision 0012.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "paper_task",
        sa.Column("batch_id", sa.String(length=32), nullable=False),
        sa.Column("sheet", sa.Text(), nullable=True),
        sa.Column("row", sa.Integer(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("wave", sa.Text(), nullable=False),
        sa.Column("grade", sa.Integer(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("maximum", sa.Integer(), nullable=True),
        sa.Column("requirement", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["load_batch.batch_id"], name=op.f("fk_paper_task_batch_id")
        ),
    )
    op.create_index(op.f("ix_paper_task_batch_id"), "paper_task", ["batch_id"])

    op.create_table(
        "score_count",
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
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("pupils", sa.Integer(), nullable=False),
        sa.Column("restored", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["load_batch.batch_id"], name=op.f("fk_score_count_batch_id")
        ),
    )
    op.create_index(op.f("ix_score_count_batch_id"), "score_count", ["batch_id"])

    op.create_table(
        "task_result",
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
        sa.Column("pupils", sa.Integer(), nullable=False),
        sa.Column("points", sa.Text(), nullable=False),
        sa.Column("left_out", sa.Text(), nullable=True),
        sa.Column("pupils_2", sa.Integer(), nullable=True),
        sa.Column("pupils_3", sa.Integer(), nullable=True),
        sa.Column("pupils_4", sa.Integer(), nullable=True),
        sa.Column("pupils_5", sa.Integer(), nullable=True),
        sa.Column("points_2", sa.Text(), nullable=True),
        sa.Column("points_3", sa.Text(), nullable=True),
        sa.Column("points_4", sa.Text(), nullable=True),
        sa.Column("points_5", sa.Text(), nullable=True),
        sa.Column("restored", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["load_batch.batch_id"], name=op.f("fk_task_result_batch_id")
        ),
    )
    op.create_index(op.f("ix_task_result_batch_id"), "task_result", ["batch_id"])

    for mark in (3, 4, 5):
        for at in (1, 2, 3, 4):
            around = sa.Column(f"around_{mark}_{at}", sa.Integer(), nullable=True)
            op.add_column("score_result", around)
