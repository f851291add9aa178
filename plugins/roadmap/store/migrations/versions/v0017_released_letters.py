"""When a letter's run let it go: before that nobody may claim it.

Revision 0017. The letters that there are were claimable, and stay so.
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("delivery", sa.Column("released_ms", sa.BigInteger(), nullable=True))
    op.execute("update delivery set released_ms = updated_ms")
