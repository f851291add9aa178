"""Which login of ВПР and which codes of ГИА are one school's.

Revision 0013.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "school_code",
        sa.Column("batch_id", sa.String(length=32), nullable=False),
        sa.Column("sheet", sa.Text(), nullable=True),
        sa.Column("row", sa.Integer(), nullable=True),
        sa.Column("vpr_login", sa.Text(), nullable=False),
        sa.Column("oge_code", sa.Text(), nullable=True),
        sa.Column("ege_code", sa.Text(), nullable=True),
        sa.Column("municipality_ref", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["load_batch.batch_id"], name=op.f("fk_school_code_batch_id")
        ),
    )
    op.create_index(op.f("ix_school_code_batch_id"), "school_code", ["batch_id"])
