"""The check-list of municipal mechanisms; kinds of municipal acts as the plan writes its words.

Revision 0019. The plan's rules name kinds of acts, so they are kept in lower case with single
spaces, as the plan's words are.
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "mechanism_score",
        sa.Column("batch_id", sa.String(length=32), nullable=False),
        sa.Column("sheet", sa.Text(), nullable=True),
        sa.Column("row", sa.Integer(), nullable=True),
        sa.Column("municipality_id", sa.Text(), nullable=False),
        sa.Column("component", sa.Text(), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("recommended_on", sa.String(length=10), nullable=True),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["load_batch.batch_id"], name=op.f("fk_mechanism_score_batch_id")
        ),
    )
    op.create_index(op.f("ix_mechanism_score_batch_id"), "mechanism_score", ["batch_id"])

    act = sa.table("municipal_act", sa.column("kind"))
    connection = op.get_bind()
    for kind in connection.scalars(sa.select(act.c.kind).distinct()).all():
        word = " ".join(kind.split()).lower()
        if word != kind:
            connection.execute(sa.update(act).where(act.c.kind == kind).values(kind=word))
