"""Who studied the recording of an event, which gaps that made good, which block an event answers.

Revision 0025. Of what there is nothing is known.
"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("attendance", sa.Column("studied_on", sa.String(length=10), nullable=True))
    op.add_column("indicator_gap", sa.Column("compensated_on", sa.String(length=10), nullable=True))
    op.add_column("event", sa.Column("block", sa.Text(), nullable=True))
