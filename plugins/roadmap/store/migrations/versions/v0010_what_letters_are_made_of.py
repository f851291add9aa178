"""Runs keep the plan and the templates that they used, letters what they were made from.

Revision 0010. Of runs and letters before only hashes are known.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "kept",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_kept")),
    )
    sources = ("plan_sha256", "templates_sha256", "report_sha256")
    op.create_table(
        "letter_source",
        sa.Column("delivery_id", sa.Text(), nullable=False),
        *(sa.Column(name, sa.String(length=64), nullable=False) for name in sources),
        sa.Column("code_version", sa.Text(), nullable=False),
        sa.Column("envelope", sa.Text(), nullable=False),
        *(
            sa.ForeignKeyConstraint([name], ["kept.sha256"], name=op.f(f"fk_letter_source_{name}"))
            for name in sources
        ),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["delivery.delivery_id"], name=op.f("fk_letter_source_delivery_id")
        ),
        sa.PrimaryKeyConstraint("delivery_id", name=op.f("pk_letter_source")),
    )
